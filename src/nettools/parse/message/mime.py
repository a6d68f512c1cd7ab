"""The tree of parts, and a whole message as a `Mail` (RFC 2045, 2046, 2183).

Works on octets, without recursion that a message could deepen, in time linear in its size. What is wrong is said in
`defects`, and what could be read is kept: no message is refused.
"""

from __future__ import annotations

import binascii
import quopri
import re
from collections.abc import Iterable

from nettools.errors import ProtocolError
from nettools.frozen import Frozen, field, replace
from nettools.parse.given import OCTETS_OR_TEXT, takes
from nettools.parse.message.addresses import parse_addresses
from nettools.parse.message.dates import parse_date
from nettools.parse.message.headers import (
    base64_run,
    charset_decode,
    decode_header,
    find_body,
    octets_of,
    raw_fields,
    split_message,
)
from nettools.parse.message.parameters import parse_parameters
from nettools.results import Address, Attachment, Headers, Mail, MailInfo

__all__ = ["mail_info", "parse_mail"]

MOST_PARTS = 10_000
MOST_LEVELS = 100
_BASE64 = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/="
_NOT_BASE64 = bytes(set(range(256)) - set(_BASE64))


class Part(Frozen):
    """One leaf of the tree."""

    fields: dict[str, bytes]
    raw: bytes  # the whole message; the body stands between `start` and `end`
    start: int
    end: int
    kind: str
    parameters: dict[str, str]
    within: str = ""  # the kind of multipart it stands in
    disposition: str = ""
    disposition_parameters: dict[str, str] = field(default_factory=dict)

    @property
    def body(self) -> bytes:
        """Its octets, as they came."""
        return self.raw[self.start : self.end]

    @property
    def name(self) -> str | None:
        """What the file is called."""
        return self.disposition_parameters.get("filename") or self.parameters.get("name") or None


class Reader:
    """Takes a message apart, and notes what is wrong."""

    def __init__(self) -> None:
        self.defects: dict[str, None] = {}
        self.parts: list[Part] = []

    def defect(self, text: str) -> None:
        self.defects[text] = None

    def read(self, raw: bytes) -> None:
        """The leaves, in order: a stack instead of recursion, and places in the octets instead of copies of them."""
        stack: list[tuple[int, int, str, int]] = [(0, len(raw), "", 0)]
        while stack:
            start, end, within, level = stack.pop()
            if len(self.parts) >= MOST_PARTS:
                self.defect(f"more than {MOST_PARTS} parts: the rest is left out")
                return
            part = self._part(raw, start, end, within)
            boundary = part.parameters.get("boundary", "").rstrip()  # RFC 2046 5.1.1: it ends with no blank
            if part.kind.startswith("multipart/") and boundary and level < MOST_LEVELS:
                inner = self._split(raw, part.start, end, boundary)
                if inner:
                    stack += [(*each, part.kind, level + 1) for each in reversed(inner)]
                    continue
                self.defect("a multipart without parts is taken for text")
                part = replace(part, kind="text/plain")
            elif part.kind.startswith("multipart/"):
                self.defect("a multipart without a boundary" if not boundary else f"more than {MOST_LEVELS} levels")
                part = replace(part, kind="text/plain")
            self.parts.append(part)

    def _part(self, raw: bytes, start: int, end: int, within: str) -> Part:
        head_end, body = find_body(raw, start, end)
        if within and head_end > start and not _FIELD.match(raw, start, end):
            head_end = body = start
            self.defect("a part that begins without a header and an empty line")
        fields: dict[str, bytes] = {}
        for name, value in raw_fields(raw[start:head_end], self.defect):
            fields.setdefault(name.lower(), value)
        default = "message/rfc822" if within == "multipart/digest" else "text/plain"
        kind, parameters = _parameters(fields.get("content-type", b""))
        if not re.fullmatch(r"[^\s/]+/[^\s/]+", kind):
            if kind and kind != "text":
                self.defect("a Content-Type that makes no sense")
            kind = default
        disposition, more = _parameters(fields.get("content-disposition", b""))
        return Part(fields, raw, body, end, kind, parameters, within, disposition, more)

    def _split(self, raw: bytes, start: int, end: int, boundary: str) -> list[tuple[int, int]]:
        """Where the parts between the boundaries begin and end (RFC 2046 5.1.1)."""
        mark = b"--" + octets_of(boundary)
        result: list[tuple[int, int]] = []
        begun: int | None = None
        place = raw.find(mark, start, end)
        while place >= 0:
            after = _LINE_REST.match(raw, place + len(mark), end)
            if after is not None and (place == start or raw[place - 1] == 0x0A):
                if begun is not None:
                    result.append((begun, max(begun, _before_line_end(raw, start, place))))
                if after[1]:
                    return result
                begun = after.end()
                if len(result) > MOST_PARTS:
                    return result
            place = raw.find(mark, place + 1, end)
        if begun is not None:
            self.defect("the last boundary is missing")
            result.append((begun, end))
        return result

    # -- contents

    def octets(self, part: Part) -> bytes:
        """A part's body, its Content-Transfer-Encoding undone."""
        encoding, _ = _parameters(part.fields.get("content-transfer-encoding", b""))
        match re.sub(r"[\s_-]", "", encoding):  # mailers write `7-bit` and `Quoted Printable`
            case "base64":
                return self._base64(part.body)
            case "quotedprintable":
                return quopri.decodestring(part.body)
            case "xuuencode" | "uuencode" | "xuue" | "uue":
                return self._uu(part.body)
            case "" | "7bit" | "8bit" | "7bits" | "8bits" | "binary":
                return part.body
        self.defect(f"unknown Content-Transfer-Encoding {encoding[:40]}")
        return part.body

    def _base64(self, body: bytes) -> bytes:
        compact = body.translate(None, b" \t\r\n")
        run, behind = compact, b""
        if b"=" in compact.rstrip(b"="):  # something follows the padding
            run = compact[: compact.index(b"=")]
            behind = compact[len(run) :].lstrip(b"=")
        if run.translate(None, _BASE64):
            self.defect("base64 with other characters in it")
            run = run.translate(None, _NOT_BASE64)
        run = run.rstrip(b"=")
        if len(run) % 4 == 1:
            self.defect("base64 that was cut")
        return base64_run(run) + self._more_base64(behind)

    def _more_base64(self, octets: bytes) -> bytes:
        """What stands behind the padding of base64: whole runs of it, or the footer that a mailing list adds."""
        result = bytearray()
        place = 0
        for _ in range(MOST_PARTS):
            match = _RUN.match(octets, place)
            if match is None or match.end() == place:
                break
            result += base64_run(match[1])
            place = match.end()
        if place < len(octets):
            self.defect("something that is no base64 behind the end of it")
        return bytes(result)

    def _uu(self, body: bytes) -> bytes:
        result = bytearray()
        inside = _UU_BEGIN.search(body) is None
        for line in body.splitlines():
            if line.startswith(b"begin ") or line.rstrip() == b"end":
                inside = line.startswith(b"begin ")
            elif inside and line:
                length = (((line[0] - 32) & 63) * 4 + 5) // 3  # some encoders put more behind it
                try:
                    result += binascii.a2b_uu(line[:length])
                except binascii.Error:
                    self.defect("uuencode that makes no sense")
        return bytes(result)

    def text(self, part: Part) -> str:
        """A text part, decoded, with LF line ends."""
        charset = part.parameters.get("charset")
        octets = self.octets(part)
        if charset is None and part.kind == "text/html":
            match = re.search(rb"<meta[^>]+charset=[\"']?([A-Za-z0-9_-]+)", octets[:2048], re.IGNORECASE)
            charset = match[1].decode("ascii") if match else None
        text, defect = charset_decode(octets, charset)
        if defect is not None:
            self.defect(defect)
        return text.replace("\r\n", "\n")


_RUN = re.compile(rb"((?:[A-Za-z0-9+/]{4})*+(?:[A-Za-z0-9+/]{2}(?===)|[A-Za-z0-9+/]{3}(?==))?+)(?:=++|\Z)")
_UU_BEGIN = re.compile(rb"^begin ", re.MULTILINE)
_NO_SEMICOLON = re.compile(rb"\s*+([^\s;=]++)\s++(?=[A-Za-z*-]+=)")
_FIELD = re.compile(rb"[!-9;-~]+[ \t]*:")
_LINE_REST = re.compile(rb"(--)?[ \t]*(?:\r?\n|\Z)")  # of a boundary's line


def _parameters(field: bytes) -> tuple[str, dict[str, str]]:
    """As `parse_parameters`; the semicolon in front of the first parameter may be missing."""
    if not field:  # most have no Content-Disposition
        return "", {}
    return parse_parameters(_NO_SEMICOLON.sub(rb"\1; ", field, count=1) if _NO_SEMICOLON.match(field) else field)


def _before_line_end(raw: bytes, start: int, place: int) -> int:
    """Where the line before `place` ends, its line end not counted: that is the boundary's."""
    if place > start and raw[place - 1] == 0x0A:
        place -= 1
        if place > start and raw[place - 1] == 0x0D:
            place -= 1
    return place


def _is_text(part: Part, *, alone: bool) -> bool:
    """Whether a part is what the message says; a text with a name is a file, but for one that is the whole message."""
    shown = part.kind in ("text/plain", "text/html") and part.disposition != "attachment"
    return shown and (alone or not part.name)


@takes(*OCTETS_OR_TEXT)
def parse_mail(raw: bytes | str) -> Mail:
    """A whole message: what it says, what is attached, and what is wrong with it.

    `text` is the first plain text (inline ones that follow are joined), `html` the HTML; `raw` are the octets given.
    """
    octets = octets_of(raw)
    reader = Reader()
    reader.read(octets)
    texts: dict[str, list[str]] = {"text/plain": [], "text/html": []}
    attachments: list[Attachment] = []
    for part in reader.parts:
        if _is_text(part, alone=len(reader.parts) == 1):
            texts[part.kind].append(reader.text(part))
        else:
            attachments.append(_attachment(reader, part))
    head, _ = split_message(octets)
    fields = [(name, decode_header(value, reader.defect)) for name, value in raw_fields(head)]
    info = mail_info(raw_fields(head), size=len(octets), defect=reader.defect)
    return Mail(
        info=info,
        text="\n".join(texts["text/plain"]) if texts["text/plain"] else None,
        html="\n".join(texts["text/html"]) if texts["text/html"] else None,
        attachments=tuple(attachments),
        headers=Headers(fields),
        raw=octets,
        defects=tuple(reader.defects),
    )


def _attachment(reader: Reader, part: Part) -> Attachment:
    data = reader.octets(part)
    identity = part.fields.get("content-id")
    content_id = None if identity is None else decode_header(identity).strip("<> ") or None
    inline = part.disposition == "inline" or (content_id is not None and part.disposition != "attachment")
    name = part.name
    return Attachment(name and decode_header(name, reader.defect), part.kind, data, len(data), inline, content_id)


def mail_info(
    fields: Iterable[tuple[str, bytes]],
    *,
    uid: str = "",
    number: int | None = None,
    folder: str | None = None,
    flags: tuple[str, ...] = (),
    size: int | None = None,
    defect: object = None,
) -> MailInfo:
    """The line of a mailbox for a message's header fields."""
    note = defect if callable(defect) else lambda text: None
    first: dict[str, bytes] = {}
    for name, value in fields:
        first.setdefault(name.lower(), value)
    date = None
    if "date" in first:
        try:
            date = parse_date(first["date"])
        except ProtocolError as error:
            note(error.message)
    senders = parse_addresses(first.get("from", b""))
    message_id = decode_header(first["message-id"]) if "message-id" in first else None
    return MailInfo(
        uid=uid,
        number=number,
        folder=folder,
        subject=decode_header(first.get("subject", b"")),
        sender=senders[0] if senders else None,
        to=_people(first.get("to")),
        cc=_people(first.get("cc")),
        date=date,
        message_id=message_id or None,
        flags=flags,
        size=size,
    )


def _people(value: bytes | None) -> tuple[Address, ...]:
    return () if value is None else parse_addresses(value)
