"""ENVELOPE and BODYSTRUCTURE: what a server tells of a message so that a client need not fetch it.

Built from the octets of the header (RFC 3501 section 7.4.2): values are unfolded, never decoded, and go out as literals
where they hold eight-bit octets. Address lists are read by a small parser of RFC 5322 section 3.4 with groups, comments
and the obsolete routes, since the email package decodes and drops what an ENVELOPE has to show. Pure.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import NamedTuple

from nettools.testing.imap.grammar import format_nstring, format_string
from nettools.testing.imap.mime import Part, fields, parse_value

_TOKEN = re.compile(rb'[ \t\r\n]+|"(?:[^"\\]|\\.)*"?|\[[^\]]*\]?|[<>,;:@.]|[^ \t\r\n"\[<>,;:@.()]+', re.DOTALL)
_SPECIAL = (b"<", b">", b",", b";", b":", b"@", b".")


class Address(NamedTuple):
    """The four fields of an address structure; a group begins with host None and ends with all four None."""

    name: bytes | None
    route: bytes | None
    mailbox: bytes | None
    host: bytes | None


class _Token(NamedTuple):
    text: bytes
    spaced: bool
    special: bool
    comment: bool = False


def _tokens(value: bytes) -> Iterable[_Token]:
    at, spaced = 0, False
    while at < len(value):
        if value[at : at + 1] in (b"(", b")"):
            end = _comment_end(value, at)
            yield _Token(re.sub(rb"\\(.)", rb"\1", value[at + 1 : end - 1]), spaced, False, comment=True)
            at, spaced = end, True
            continue
        match = _TOKEN.match(value, at)
        assert match is not None  # the alternatives cover every octet but parentheses
        at, text = match.end(), match[0]
        if text[:1].isspace():
            spaced = True
            continue
        if text[:1] == b'"':
            text = re.sub(rb"\\(.)", rb"\1", text[1:].removesuffix(b'"'))
            yield _Token(text, spaced, False)
        else:
            yield _Token(text, spaced, text in _SPECIAL)
        spaced = False


def _comment_end(value: bytes, at: int) -> int:
    depth = 0
    while at < len(value):
        octet = value[at : at + 1]
        at += 2 if octet == b"\\" else 1
        depth += {b"(": 1, b")": -1}.get(octet, 0)
        if depth <= 0:
            break
    return at


def parse_addresses(value: bytes) -> list[Address]:
    """Return the addresses of an unfolded header value, groups as ENVELOPE marks them."""
    found: list[Address] = []
    words: list[_Token] = []
    comment: bytes | None = None
    angle: list[_Token] | None = None
    in_group = False

    def close() -> None:
        nonlocal words, comment, angle
        spec = words if angle is None else angle
        if spec:
            found.append(_address(spec, _phrase(words) if angle is not None else comment))
        words, comment, angle = [], None, None

    for token in _tokens(value):
        text = token.text if token.special else b""
        if token.comment:
            comment = token.text
        elif text == b"<":
            angle = []
        elif text == b">":
            continue
        elif text == b":" and angle is None and not in_group:
            found.append(Address(None, None, _phrase(words) or b"", None))
            words, in_group = [], True
        elif text in (b",", b";") and not (angle and angle[0].text == b"@" and b":" not in [t.text for t in angle]):
            close()
            if text == b";" and in_group:
                found.append(Address(None, None, None, None))
                in_group = False
        else:
            (words if angle is None else angle).append(token)
    close()
    if in_group:
        found.append(Address(None, None, None, None))
    return found


def _phrase(words: list[_Token]) -> bytes | None:
    return b"".join((b" " if word.spaced and i else b"") + word.text for i, word in enumerate(words)) or None


def _address(spec: list[_Token], name: bytes | None) -> Address:
    route = None
    colon = next((i for i, t in enumerate(spec) if t.special and t.text == b":"), None)
    if colon is not None and spec[0].text == b"@":  # obs-route: <@relay,@other:mailbox@host>
        route, spec = b"".join(t.text for t in spec[:colon]), spec[colon + 1 :]
    at = next((i for i in reversed(range(len(spec))) if spec[i].special and spec[i].text == b"@"), len(spec))
    mailbox = b"".join(t.text for t in spec[:at])
    # A host of NIL would mean a group: an address without a domain gets an empty one.
    return Address(name, route, mailbox, b"".join(t.text for t in spec[at + 1 :]))


def _address_list(part: Part, *names: str) -> bytes:
    """Render the first of the named fields that has addresses: Sender and Reply-To fall back to From."""
    for name in names:
        values = [value for key, value in fields(part.header) if key.lower() == name.encode()]
        found = parse_addresses(b", ".join(values))
        if found:
            return b"(" + b"".join(b"(" + b" ".join(map(format_nstring, address)) + b")" for address in found) + b")"
    return b"NIL"


def envelope(part: Part) -> bytes:
    """Return the ENVELOPE structure of a message."""
    return (
        b"("
        + b" ".join(
            (
                format_nstring(part.field("date")),
                format_nstring(part.field("subject")),
                _address_list(part, "from"),
                _address_list(part, "sender", "from"),
                _address_list(part, "reply-to", "from"),
                _address_list(part, "to"),
                _address_list(part, "cc"),
                _address_list(part, "bcc"),
                format_nstring(part.field("in-reply-to")),
                format_nstring(part.field("message-id")),
            )
        )
        + b")"
    )


def _octets(text: str) -> bytes:
    return text.encode("latin-1", "replace")


def _parameters(pairs: Iterable[tuple[str, str]]) -> bytes:
    flat = [format_string(_octets(text)) for pair in pairs for text in pair]
    return b"(" + b" ".join(flat) + b")" if flat else b"NIL"


def _disposition(part: Part) -> bytes:
    value = part.field("content-disposition")
    if not value:
        return b"NIL"
    word, parameters = parse_value(value.decode("latin-1"))
    return b"(" + format_string(_octets(word)) + b" " + _parameters(parameters) + b")"


def _language(part: Part) -> bytes:
    tags = [tag.strip() for tag in (part.field("content-language") or b"").split(b",") if tag.strip()]
    if len(tags) > 1:
        return b"(" + b" ".join(map(format_string, tags)) + b")"
    return format_nstring(tags[0] if tags else None)


def body_structure(part: Part, *, extended: bool) -> bytes:
    """Return BODYSTRUCTURE, or BODY when not `extended`."""
    tail = (_disposition(part), _language(part), format_nstring(part.field("content-location"))) if extended else ()
    if part.children:
        inside = b"".join(body_structure(child, extended=extended) for child in part.children)
        items = [inside, format_string(part.subtype.upper().encode())]
        if extended:
            items += [_parameters(part.parameters), *tail]
        return b"(" + b" ".join(items) + b")"
    parameters = part.parameters
    if part.kind == "text" and "charset" not in {name.lower() for name, _ in parameters}:
        parameters = (("CHARSET", "us-ascii"), *parameters)
    items = [
        format_string(part.kind.upper().encode()),
        format_string(part.subtype.upper().encode()),
        _parameters(parameters),
        format_nstring(part.field("content-id")),
        format_nstring(part.field("content-description")),
        format_string((part.field("content-transfer-encoding") or b"7BIT").upper()),
        b"%d" % len(part.body),
    ]
    if part.message is not None:
        items += [envelope(part.message), body_structure(part.message, extended=extended)]
    if part.kind == "text" or part.message is not None:
        items.append(b"%d" % part.body.count(b"\n"))
    if extended:
        items += [format_nstring(part.field("content-md5")), *tail]
    return b"(" + b" ".join(items) + b")"
