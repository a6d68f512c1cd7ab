"""The inverse side: text as an argument of a command, quoted or as a literal (RFC 3501 4.3, 9).

Whether a literal has to wait for the server (RFC 7888) depends on the connection, which this must not know: a
`Literal` is handed on as what it is.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from nettools.errors import UsageError

__all__ = ["Literal", "encode_astring", "quote"]

MOST_QUOTED = 1000  # octets; servers bound their command lines (RFC 7162 4 asks for 8192), literals not
_UNQUOTABLE = re.compile(rb"[\x00\r\n\x80-\xff]")


class Literal(NamedTuple):
    """An argument that is sent as a literal; `head` (such as the `~` of a literal8) and `tail` stand beside it."""

    data: bytes
    tail: bytes = b""
    head: bytes = b""


def quote(text: str | bytes) -> bytes:
    """A quoted string.

    >>> quote('say "hi"')
    b'"say \\\\"hi\\\\""'

    Raises:
        UsageError: it has what cannot be quoted: CR, LF, NUL, or what is not ASCII.
    """
    octets = _octets(text)
    if _UNQUOTABLE.search(octets):
        raise UsageError("what stands in quotes can have neither CR, LF and NUL nor anything beyond ASCII")
    return b'"' + octets.replace(b"\\", b"\\\\").replace(b'"', b'\\"') + b'"'


def encode_astring(value: str | bytes) -> bytes | Literal:
    """Text as an argument: quoted, or a literal where it has what cannot be quoted, or is long.

    >>> encode_astring("INBOX"), encode_astring("Grüße")
    (b'"INBOX"', Literal(data=b'Gr\\xc3\\xbc\\xc3\\x9fe', tail=b'', head=b''))

    Raises:
        UsageError: it has a NUL, which no string can have, or half a surrogate pair.
    """
    octets = _octets(value)
    if b"\0" in octets:
        raise UsageError("an argument has a NUL in it")
    if len(octets) > MOST_QUOTED or _UNQUOTABLE.search(octets):
        return Literal(octets)
    return quote(octets)


def _octets(value: str | bytes) -> bytes:
    if isinstance(value, bytes):
        return value
    try:
        return value.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError as error:
        raise UsageError("an argument has half a surrogate pair in it") from error
