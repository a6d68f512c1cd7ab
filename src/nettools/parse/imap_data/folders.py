"""Folder names and LIST: modified UTF-7 (RFC 3501 5.1.3), UTF-8 (RFC 6855), attributes and special uses (RFC 6154)."""

from __future__ import annotations

import base64
import binascii
import re
from typing import Any

from nettools.errors import ProtocolError, UsageError
from nettools.parse.imap_data.tokens import Scanner, text_of
from nettools.results import Folder

__all__ = ["decode_folder", "encode_folder", "folder_of", "parse_list"]

SPECIAL_USES = frozenset({"\\all", "\\archive", "\\drafts", "\\flagged", "\\important", "\\junk", "\\sent", "\\trash"})
_SHIFTED = re.compile(rb"&([A-Za-z0-9+,]*)-")


def decode_folder(name: bytes) -> str:
    """A folder's name from the wire. A name that is no valid modified UTF-7 is kept as it stands.

    >>> decode_folder(b"~peter/&U,BTFw-"), decode_folder(b"Fish &- Chips"), decode_folder(b"broken &x")
    ('~peter/台北', 'Fish & Chips', 'broken &x')
    """
    if not name.isascii():
        return name.decode("utf-8", "surrogateescape")
    if b"&" not in name:
        return name.decode("ascii")
    result, place = [], 0
    for match in _SHIFTED.finditer(name):
        between = name[place : match.start()]
        if b"&" in between:
            return name.decode("ascii")
        result.append(between.decode("ascii"))
        if match[1]:
            piece = _unshift(match[1])
            if piece is None:
                return name.decode("ascii")
            result.append(piece)
        else:
            result.append("&")
        place = match.end()
    if b"&" in name[place:]:
        return name.decode("ascii")
    return "".join(result) + name[place:].decode("ascii")


def _unshift(text: bytes) -> str | None:
    if len(text) % 4 == 1:
        return None
    try:
        octets = base64.b64decode(text.replace(b",", b"/") + b"=" * (-len(text) % 4), validate=True)
        piece = octets.decode("utf-16-be")
    except (binascii.Error, ValueError):
        return None
    return piece


def encode_folder(name: str) -> bytes:
    """A folder's name for the wire, in modified UTF-7.

    >>> encode_folder("~peter/台北 & Co")
    b'~peter/&U,BTFw- &- Co'

    Raises:
        UsageError: it has a CR, LF or NUL.
    """
    if any(char in name for char in "\r\n\0"):
        raise UsageError("a folder's name has a CR, LF or NUL in it")

    def shift(match: re.Match[str]) -> str:
        octets = match[0].encode("utf-16-be", "surrogatepass")
        return "&" + base64.b64encode(octets).decode("ascii").rstrip("=").replace("/", ",") + "-"

    return re.sub(r"[^\x20-\x7e]+", shift, name.replace("&", "&-")).encode("ascii")


def folder_of(scanner: Scanner) -> Folder:
    """What stands behind LIST or LSUB: `(flags) delimiter name`, and perhaps more (RFC 5258)."""
    flags = scanner.value()
    delimiter = scanner.value()
    start = scanner.place
    name = _name(scanner, start)
    if not isinstance(flags, tuple):
        raise scanner.error("no flags")
    words = tuple(text_of(flag) for flag in flags)
    use = next((word for word in words if word.lower() in SPECIAL_USES), None)
    decoded = decode_folder(name)
    return Folder(decoded, text_of(delimiter) if delimiter is not None else None, words, use)


def _name(scanner: Scanner, start: int) -> bytes:
    """An astring, or whatever some servers send in place of one: the rest of the line must not be lost."""
    rest = scanner.data[start:].lstrip(b" ")
    if rest[:1] in (b'"', b"{", b"~"):
        value = scanner.value()
        if isinstance(value, bytes):
            return value
    line = re.match(rb"[^\r\n]*", rest)
    assert line is not None
    scanner.place = len(scanner.data)
    name = line[0]
    extended = re.match(rb"(\S+) \(", name)  # RFC 5258: (CHILDINFO ("SUBSCRIBED"))
    return extended[1] if extended else name


def parse_list(data: bytes) -> Folder:
    """A LIST, LSUB or XLIST response.

    Raises:
        ProtocolError: it is none.
    """
    match = re.match(rb"(?:\* )?(?:LIST|LSUB|XLIST)\b *", data, re.IGNORECASE)
    if match is None:
        raise ProtocolError("this is no LIST response")
    return folder_of(Scanner(data, match.end()))


def names_of(value: Any) -> Any:
    """The name in a namespace's entry."""
    return decode_folder(value) if isinstance(value, bytes) else ""
