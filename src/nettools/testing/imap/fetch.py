"""The items of FETCH: read from the command, rendered from a message (RFC 3501 sections 6.4.5 and 7.4.2).

One `Item` per data item asked for; `render` gives the octets that stand between the parentheses of the untagged FETCH
response. Sections are cut from the message's own octets, so that `BODY[]` is what was appended, and partials count
octets of that. Pure: setting \\Seen is the caller's business, told by `sets_seen`.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from nettools.testing.imap.grammar import Cursor, Malformed, format_date_time, format_string
from nettools.testing.imap.mime import Part, find, parse, raw_fields, transfer_decoded
from nettools.testing.imap.structure import body_structure, envelope

_NAME = re.compile(rb"[A-Z0-9.]+", re.IGNORECASE)
_PARTIAL = re.compile(rb"<(\d{1,10})\.([1-9]\d{0,9})>")
_PATH = re.compile(rb"[1-9]\d{0,8}(?:\.[1-9]\d{0,8})*")
_MACROS = {
    "FAST": ("FLAGS", "INTERNALDATE", "RFC822.SIZE"),
    "ALL": ("FLAGS", "INTERNALDATE", "RFC822.SIZE", "ENVELOPE"),
    "FULL": ("FLAGS", "INTERNALDATE", "RFC822.SIZE", "ENVELOPE", "BODY"),
}
_PLAIN = frozenset({"ENVELOPE", "FLAGS", "INTERNALDATE", "BODY", "BODYSTRUCTURE", "UID", "MODSEQ"}) | {
    "RFC822",
    "RFC822.HEADER",
    "RFC822.SIZE",
    "RFC822.TEXT",
}


_ENCODINGS = (b"7bit", b"8bit", b"binary", b"base64", b"quoted-printable")


class UnknownEncoding(Exception):  # noqa: N818  # it becomes a NO reply
    """BINARY was asked for of a part whose transfer encoding nobody knows (RFC 3516 section 4.3)."""


class Stored(Protocol):
    """A message as the World keeps it."""

    @property
    def uid(self) -> int: ...
    @property
    def raw(self) -> bytes: ...
    @property
    def flags(self) -> Collection[str]: ...
    @property
    def internaldate(self) -> datetime: ...
    @property
    def modseq(self) -> int: ...


@dataclass(frozen=True)
class Section:
    """What stands in the brackets of BODY[...]: a path of part numbers, a text specifier, header names."""

    path: tuple[int, ...] = ()
    text: str = ""
    names: tuple[bytes, ...] = ()

    def label(self) -> bytes:
        """Return the section as the response repeats it."""
        words = [str(number) for number in self.path] + ([self.text] if self.text else [])
        label = ".".join(words).encode()
        if self.names:
            label += b" (" + b" ".join(_header_name(name) for name in self.names) + b")"
        return label

    def octets(self, root: Part) -> bytes | None:
        """Return the section's octets, or None when the message has no such part."""
        part = find(root, self.path)
        if part is None:
            return None
        if self.text == "MIME":
            return part.header
        if not self.text:
            return part.body if self.path else part.octets
        # The other specifiers speak of a message: the whole one, or one enclosed as message/rfc822.
        message = root if not self.path else part.message
        if message is None:
            return None
        if self.text == "HEADER":
            return message.header
        if self.text == "TEXT":
            return message.body
        names = frozenset(name.lower() for name in self.names)
        return raw_fields(message.header, names, leave_out=self.text.endswith("NOT"))


@dataclass(frozen=True)
class Item:
    """One data item: its name, and for BODY[...] and BINARY[...] the section and the partial."""

    name: str
    section: Section | None = None
    peek: bool = True
    partial: tuple[int, int] | None = None

    @property
    def sets_seen(self) -> bool:
        """Whether fetching it marks the message as read."""
        return not self.peek

    @property
    def extension(self) -> str:
        """The capability that it belongs to, "" for none."""
        return "CONDSTORE" if self.name == "MODSEQ" else "BINARY" if self.name.startswith("BINARY") else ""


def _header_name(name: bytes) -> bytes:
    return name if re.fullmatch(rb'[^\x00-\x20\x7f-\xff(){%*"\\\]]+', name) else format_string(name)


def parse_items(cursor: Cursor) -> tuple[Item, ...]:
    """Read the items argument: a macro, one item, or a parenthesized list."""
    if not cursor.accept(b"("):
        start = cursor.at
        name = _word(cursor)
        if name in _MACROS:
            return tuple(Item(word) for word in _MACROS[name])
        cursor.at = start
        return (_item(cursor),)
    items = [_item(cursor)]
    while not cursor.accept(b")"):
        cursor.space()
        items.append(_item(cursor))
    return tuple(dict.fromkeys(items))


def _word(cursor: Cursor) -> str:
    match = _NAME.match(cursor.data, cursor.at)
    if match is None:
        raise Malformed("fetch item expected")
    cursor.at = match.end()
    return match[0].decode().upper()


def _item(cursor: Cursor) -> Item:
    name = _word(cursor)
    if name in ("BODY", "BODY.PEEK", "BINARY", "BINARY.PEEK", "BINARY.SIZE") and cursor.accept(b"["):
        section = _section(cursor)
        cursor.expect(b"]")
        if name == "BINARY.SIZE":
            return Item(name, section)
        partial = _PARTIAL.match(cursor.data, cursor.at)
        if partial is not None:
            cursor.at = partial.end()
        piece = (int(partial[1]), int(partial[2])) if partial is not None else None
        return Item(name.removesuffix(".PEEK"), section, name.endswith(".PEEK"), piece)
    if name not in _PLAIN:
        raise Malformed(f"unknown fetch item {name}")
    return Item(name, peek=name not in ("RFC822", "RFC822.TEXT"))


def _section(cursor: Cursor) -> Section:
    path: tuple[int, ...] = ()
    match = _PATH.match(cursor.data, cursor.at)
    if match is not None:
        cursor.at = match.end()
        path = tuple(int(number) for number in match[0].split(b"."))
        if cursor.peek(b"]"):
            return Section(path)
        cursor.expect(b".")
    elif cursor.peek(b"]"):
        return Section()
    text = _word(cursor)
    if text in ("HEADER", "TEXT") or (text == "MIME" and path):
        return Section(path, text)
    if text not in ("HEADER.FIELDS", "HEADER.FIELDS.NOT"):
        raise Malformed("unknown section")
    cursor.space()
    cursor.expect(b"(")
    names = [cursor.astring()]
    while not cursor.accept(b")"):
        cursor.space()
        names.append(cursor.astring())
    return Section(path, text, tuple(name.upper() for name in names))


def render(items: Collection[Item], message: Stored, flags: Collection[str]) -> bytes:
    """Return the items of one message as they stand between the parentheses; `flags` are those of this session."""
    return b" ".join(_render(item, message, flags) for item in items)


def render_flags(flags: Collection[str]) -> bytes:
    """Return the FLAGS data item: system flags first, the order is always the same."""
    return b"FLAGS (" + " ".join(sorted(flags, key=lambda f: (not f.startswith("\\"), f))).encode() + b")"


def _render(item: Item, message: Stored, flags: Collection[str]) -> bytes:
    if item.section is not None:
        label = item.name.encode() + b"[" + item.section.label() + b"]"
        octets = _binary(item.section, message.raw) if item.extension else _cut(item.section, message.raw)
        if item.name == "BINARY.SIZE":
            return label + b" %d" % len(octets or b"")
        if item.partial is not None:
            offset, count = item.partial
            label += b"<%d>" % offset
            octets = None if octets is None else octets[offset : offset + count]
        eight = b"~" if octets is not None and b"\0" in octets else b""
        return label + b" " + (b"NIL" if octets is None else eight + _literal(octets))
    match item.name:
        case "FLAGS":
            return render_flags(flags)
        case "UID":
            return b"UID %d" % message.uid
        case "MODSEQ":
            return b"MODSEQ (%d)" % message.modseq
        case "INTERNALDATE":
            return b"INTERNALDATE " + format_date_time(message.internaldate)
        case "RFC822.SIZE":
            return b"RFC822.SIZE %d" % len(message.raw)
        case "ENVELOPE":
            return b"ENVELOPE " + envelope(parse(message.raw))
        case "BODY" | "BODYSTRUCTURE":
            structure = body_structure(parse(message.raw), extended=item.name == "BODYSTRUCTURE")
            return item.name.encode() + b" " + structure
        case "RFC822.HEADER":
            return b"RFC822.HEADER " + _literal(parse(message.raw).header)
        case "RFC822.TEXT":
            return b"RFC822.TEXT " + _literal(parse(message.raw).body)
        case _:
            return b"RFC822 " + _literal(message.raw)


def _cut(section: Section, raw: bytes) -> bytes | None:
    return raw if section == Section() else section.octets(parse(raw))


def _binary(section: Section, raw: bytes) -> bytes | None:
    """A part without its transfer encoding (RFC 3516); the whole message is what it is."""
    part = find(parse(raw), section.path) if section.path else None
    if section.text:
        raise Malformed("BINARY is of parts")
    if part is None:
        return None if section.path else raw
    if part.encoding not in _ENCODINGS:
        raise UnknownEncoding
    return transfer_decoded(part)


def _literal(octets: bytes) -> bytes:
    return b"{%d}\r\n" % len(octets) + octets
