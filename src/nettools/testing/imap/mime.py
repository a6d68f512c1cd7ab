"""A message as IMAP sees it: a tree of parts, each a slice of the message's own octets.

IMAP hands out octets (`BODY[2.MIME]`, `BODY[]<0.100>`), so nothing is decoded, refolded or repaired here: header and
body of every part are exact slices, as RFC 2046 section 5.1 cuts them (the CR LF before a boundary belongs to the
boundary). The email package is not used, because it does not keep octets. Pure: bytes in, frozen values out.
"""

from __future__ import annotations

import base64
import binascii
import quopri
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

_FIELD = re.compile(rb"(?m)^([\x21-\x39\x3b-\x7e]+)[ \t]*:[ \t]*((?:[^\n]|\n[ \t])*)\n?")
_HEADER_END = re.compile(rb"(?:\A|\n)\r?\n")
_MEDIA_TYPE = re.compile(r"\s*([^\s/;()<>@,\\\"\[\]?=]+)\s*/\s*([^\s/;()<>@,\\\"\[\]?=]+)")
_PARAMETER = re.compile(r";\s*([^\s=;]+)\s*=\s*(?:\"((?:[^\"\\]|\\.)*)\"|([^\s;]*))", re.DOTALL)
_DEPTH = 50  # nesting beyond this is shown as a leaf: a hostile message must not exhaust the stack


@dataclass(frozen=True)
class Part:
    """One entity: its header up to and with the empty line, its body, and what is inside."""

    header: bytes
    body: bytes
    kind: str
    subtype: str
    parameters: tuple[tuple[str, str], ...]
    children: tuple[Part, ...] = ()
    message: Part | None = None

    @property
    def octets(self) -> bytes:
        """The entity as it stands: header and body."""
        return self.header + self.body

    @property
    def encoding(self) -> bytes:
        """The transfer encoding in lower case, 7bit where none is named."""
        return (self.field("content-transfer-encoding") or b"7bit").strip().lower()

    def field(self, name: str) -> bytes | None:
        """Return the first value of a header field, unfolded, or None."""
        return next((value for key, value in fields(self.header) if key.lower() == name.lower().encode()), None)


def find(root: Part, path: tuple[int, ...]) -> Part | None:
    """Return the part that `path` names in the message `root`, in the numbering of RFC 3501 section 6.4.5.

    The body of a message that is not multipart is its part 1, and the parts of an enclosed message are numbered as if
    it stood alone.
    """
    part, is_message = root, True
    for number in path:
        if not is_message and part.message is not None:
            part, is_message = part.message, True
        if part.children and 0 < number <= len(part.children):
            part = part.children[number - 1]
        elif part.children or not is_message or number != 1:
            return None
        is_message = False
    return part


def fields(header: bytes) -> Iterator[tuple[bytes, bytes]]:
    """Yield (name, value) of each header field, values unfolded (RFC 5322 section 2.2.3) and stripped."""
    for match in _FIELD.finditer(header):
        yield match[1], re.sub(rb"\r?\n(?=[ \t])", b"", match[2]).strip(b" \t\r\n")


def raw_fields(header: bytes, names: frozenset[bytes], *, leave_out: bool = False) -> bytes:
    """Return the header with only the named fields (lower case), or without them; the empty line stays."""
    picked = [m[0] for m in _FIELD.finditer(header) if (m[1].lower() in names) is not leave_out]
    return b"".join(picked) + b"\r\n"


def parse_value(value: str) -> tuple[str, tuple[tuple[str, str], ...]]:
    """Split a structured value into its first word and its parameters, quotes taken off."""
    word, _, _ = value.partition(";")
    return word.strip(), tuple(
        (m[1], re.sub(r"\\(.)", r"\1", m[2]) if m[2] is not None else m[3]) for m in _PARAMETER.finditer(value)
    )


def transfer_decoded(part: Part) -> bytes:
    """Return a part's body without its transfer encoding; what is none stays as it is (RFC 2045 section 6)."""
    if part.encoding == b"base64":
        try:
            return base64.b64decode(part.body)
        except binascii.Error:
            return part.body
    return quopri.decodestring(part.body) if part.encoding == b"quoted-printable" else part.body


@lru_cache(maxsize=256)
def parse(raw: bytes) -> Part:
    """Return the tree of a whole message."""
    return _entity(raw, "text/plain", 0)


def _entity(raw: bytes, default_type: str, depth: int) -> Part:
    end = _HEADER_END.search(raw)
    cut = end.end() if end else len(raw)
    header, body = raw[:cut], raw[cut:]
    declared = next((value for name, value in fields(header) if name.lower() == b"content-type"), b"")
    text = declared.decode("latin-1")
    match = _MEDIA_TYPE.match(text)
    if match is None:  # RFC 2045 section 5.2: missing or broken means plain text
        text = default_type
        match = _MEDIA_TYPE.match(default_type)
        assert match is not None
    kind, subtype = match[1].lower(), match[2].lower()
    parameters = parse_value(text)[1]
    boundary = next((value for name, value in parameters if name.lower() == "boundary"), "")
    if kind == "multipart" and depth < _DEPTH and boundary:
        inner = "message/rfc822" if subtype == "digest" else "text/plain"
        pieces = _split(body, boundary.encode("latin-1"))
        if pieces:
            children = tuple(_entity(piece, inner, depth + 1) for piece in pieces)
            return Part(header, body, kind, subtype, parameters, children)
    if kind == "multipart":
        return Part(header, body, "text", "plain", ())
    if (kind, subtype) == ("message", "rfc822"):
        if depth >= _DEPTH:
            return Part(header, body, "application", "octet-stream", ())
        return Part(header, body, kind, subtype, parameters, message=_entity(body, "text/plain", depth + 1))
    return Part(header, body, kind, subtype, parameters)


def _split(body: bytes, boundary: bytes) -> list[bytes]:
    """Return the octets between the boundaries; a missing last one ends with the body."""
    line = re.compile(rb"(?:\A|\r?\n)--" + re.escape(boundary) + rb"(--)?[ \t]*(?:\r?(?=\n)|\Z)")
    pieces: list[bytes] = []
    start: int | None = None
    at = 0
    while (match := line.search(body, at)) is not None:
        if start is not None:
            pieces.append(body[start : max(start, match.start())])
        if match[1]:
            return pieces
        start = min(match.end() + 1, len(body))
        # The line end of this boundary may begin the next one: a part of no octets at all.
        at = match.end()
    if start is not None:
        pieces.append(body[start:])
    return pieces
