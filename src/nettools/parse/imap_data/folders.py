"""Folders: their names, LIST, STATUS and NAMESPACE (RFC 3501 7.2, RFC 2342, 5258, 5819, 6154).

Names are modified UTF-7 (RFC 3501 5.1.3) or UTF-8 (RFC 6855); one that is neither is kept, so that it does not take the
rest of a list with it: octets that are no UTF-8 become surrogates, from which `encode_folder` makes the same octets
again. Servers also send names with spaces or parentheses as if they were atoms.

It must not know what a name is good for; that INBOX has no case is the session's to know.
"""

from __future__ import annotations

import base64
import binascii
import re
from typing import Any

from nettools import results
from nettools.errors import ProtocolError, UsageError
from nettools.parse.given import OCTETS, takes
from nettools.parse.imap_data.tokens import Scanner, number_of, text_of

__all__ = ["Space", "decode_folder", "encode_folder", "folder_of", "namespace_of", "parse_list", "status_of"]

_USES = ("\\All", "\\Archive", "\\Drafts", "\\Flagged", "\\Important", "\\Junk", "\\Sent", "\\Trash")
SPECIAL_USES = {use.lower(): use for use in _USES}
SPECIAL_USES |= {"\\allmail": "\\All", "\\starred": "\\Flagged", "\\spam": "\\Junk"}  # XLIST, which came before

_SHIFTED = rb"&([A-Za-z0-9+,]*)-"
_ESCAPED_OCTET = "[\udc80-\udcff]"  # what surrogateescape makes of octets that are no UTF-8

_STRING_NEXT = re.compile(rb' *+(?:"|~?\{\d+\+?\}\r?\n)')
# a name without quotes goes up to the extended data of LIST (RFC 5258), or to the counts of STATUS, which may have
# parentheses inside (RFC 8474); else to the end of the line, for some servers leave the quotes of names with spaces out
_BARE = re.compile(rb" *+(?:(\S++)(?= \()|([^\r\n]*))")
_COUNTED = re.compile(rb" *+([^\r\n]*?) ?(?=\((?:[^()\r\n]|\([^()\r\n]*\))*+\)[ \t]*+(?:\r?\n|\Z))")
_WORD = re.compile(rb" *+([^\s()]++) ?(?=\()")


@takes(*OCTETS)
def decode_folder(name: bytes) -> str:
    """A folder's name from the wire. A name that is no valid modified UTF-7 is kept as it stands.

    >>> decode_folder(b"~peter/&U,BTFw-"), decode_folder(b"Fish &- Chips"), decode_folder(b"broken &x")
    ('~peter/台北', 'Fish & Chips', 'broken &x')
    """
    if not name.isascii():
        return name.decode("utf-8", "surrogateescape")
    if b"&" not in name:
        return name.decode("ascii")
    result: list[str] = []
    place = 0
    for match in re.finditer(_SHIFTED, name):
        piece = _unshift(match[1])
        between = name[place : match.start()]
        if piece is None or b"&" in between:
            return name.decode("ascii")
        result += (between.decode("ascii"), piece)
        place = match.end()
    if b"&" in name[place:]:
        return name.decode("ascii")
    return "".join(result) + name[place:].decode("ascii")


def _unshift(text: bytes) -> str | None:
    if not text:
        return "&"
    if len(text) % 4 == 1:
        return None
    try:
        octets = base64.b64decode(text.replace(b",", b"/") + b"=" * (-len(text) % 4), validate=True)
        return octets.decode("utf-16-be")
    except (binascii.Error, ValueError):
        return None


@takes(str)
def encode_folder(name: str) -> bytes:
    """A folder's name for the wire, in modified UTF-7.

    >>> encode_folder("~peter/台北 & Co")
    b'~peter/&U,BTFw- &- Co'

    Raises:
        UsageError: it has a CR, LF or NUL, or half a surrogate pair.
    """
    if any(char in name for char in "\r\n\0"):
        raise UsageError("a folder's name has a CR, LF or NUL in it")
    try:
        if re.search(_ESCAPED_OCTET, name):
            return name.encode("utf-8", "surrogateescape")
        return re.sub(r"[^\x20-\x7e]+", _shift, name.replace("&", "&-")).encode("ascii")
    except UnicodeEncodeError as error:
        raise UsageError("a folder's name has half a surrogate pair in it") from error


def _shift(match: re.Match[str]) -> str:
    octets = base64.b64encode(match[0].encode("utf-16-be"))
    return "&" + octets.decode("ascii").rstrip("=").replace("/", ",") + "-"


# --- LIST


def folder_of(scanner: Scanner) -> results.Folder:
    """What stands behind LIST or LSUB: `(flags) delimiter name`, and perhaps more (RFC 5258)."""
    flags = scanner.value()
    delimiter = scanner.value()
    if not isinstance(flags, tuple):
        raise scanner.error("no flags")
    words = tuple(text_of(flag) for flag in flags)
    use = next((SPECIAL_USES[word.lower()] for word in words if word.lower() in SPECIAL_USES), None)
    return results.Folder(decode_folder(_name(scanner)), text_of(delimiter) or None, words, use)


def _name(scanner: Scanner) -> bytes:
    """An astring, or the rest of the line in its place."""
    if _STRING_NEXT.match(scanner.data, scanner.place):
        return scanner.astring()
    found = _BARE.match(scanner.data, scanner.place)
    return found[1] or found[2].rstrip(b" \t") if found is not None else b""  # a name that ends so has to be quoted


@takes(*OCTETS)
def parse_list(data: bytes) -> results.Folder:
    """A LIST, LSUB or XLIST response.

    >>> parse_list(b'* LIST (\\\\HasNoChildren \\\\Sent) "/" "Gesendete Entw&APw-rfe"')
    Folder(name='Gesendete Entwürfe', delimiter='/', flags=('\\\\HasNoChildren', '\\\\Sent'), special_use='\\\\Sent')

    Raises:
        ProtocolError: it is none.
    """
    match = re.match(rb"(?:\* )?(?:LIST|LSUB|XLIST)\b *", data, re.IGNORECASE)
    if match is None:
        raise ProtocolError("this is no LIST response")
    return folder_of(Scanner(data, match.end()))


# --- STATUS and NAMESPACE


def status_of(scanner: Scanner) -> tuple[str, dict[str, int]]:
    """What stands behind STATUS: the name, and the counts with their names in lower case; others are left out."""
    if _STRING_NEXT.match(scanner.data, scanner.place):
        name = scanner.astring()
    else:
        found = _COUNTED.match(scanner.data, scanner.place) or _WORD.match(scanner.data, scanner.place)
        if found is None:
            raise scanner.error("no STATUS")
        name = found[1]
        scanner.place = found.end()
    counts = scanner.value()
    if not isinstance(counts, tuple):
        raise scanner.error("no counts")
    pairs = ((text_of(key).lower(), number_of(count)) for key, count in zip(counts[::2], counts[1::2], strict=False))
    return decode_folder(name), {key: count for key, count in pairs if count is not None}


Space = tuple[tuple[str, str | None], ...] | None


def namespace_of(scanner: Scanner) -> tuple[Space, Space, Space]:
    """What stands behind NAMESPACE: personal, other users', shared; None where there is none of a kind."""
    values = scanner.values()
    if len(values) < 3:
        raise scanner.error("no NAMESPACE")
    return _space(values[0]), _space(values[1]), _space(values[2])


def _space(value: Any) -> Space:
    if not isinstance(value, tuple):
        return None
    entries = (each for each in value if isinstance(each, tuple) and len(each) >= 2)
    return tuple((decode_folder(each[0]) if isinstance(each[0], bytes) else "", _text(each[1])) for each in entries)


def _text(value: Any) -> str | None:
    return text_of(value) if isinstance(value, bytes) else None
