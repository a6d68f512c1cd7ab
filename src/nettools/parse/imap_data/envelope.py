"""ENVELOPE and its addresses (RFC 3501 7.4.2, RFC 9051 7.5.2), undecoded; and the addresses as people read them.

An ENVELOPE without literals but for its subject, as most are, is taken apart by three expressions: a list of ten
thousand messages is felt.
Any other goes through the lexer, and may lack fields or have nonsense in them: what is no string is None there, what
is no list of addresses is empty.

Encoded words are `parse.message`'s to decode; it must not know IMAP, and this module no headers.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, fields
from functools import lru_cache
from typing import TYPE_CHECKING, Any, NamedTuple

from nettools.parse.imap_data.tokens import Scanner, text_of, unescaped
from nettools.parse.message import decode_header
from nettools.results import Address

__all__ = ["AddressGroup", "Envelope", "RawAddress", "decode_addresses", "envelope_of", "scan_envelope"]


class RawAddress(NamedTuple):
    """An address of an ENVELOPE, undecoded; a group begins with a host of None and ends with a mailbox of None."""

    name: bytes | None
    route: bytes | None
    mailbox: bytes | None
    host: bytes | None


RawAddresses = tuple[RawAddress, ...]

MOST_REMEMBERED = 200  # octets of a name


class _Unread:
    """An ENVELOPE that is taken apart when it is looked at; nobody can tell it from another."""

    __slots__ = ("_unread",)
    _unread: bytes

    if not TYPE_CHECKING:

        def __getattr__(self, name: str) -> Any:  # asked only where the slot is still empty
            if name not in _FIELDS:
                raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}")
            for each, value in zip(_FIELDS, _taken_apart(self._unread), strict=True):
                object.__setattr__(self, each, value)
            return object.__getattribute__(self, name)


@dataclass(frozen=True, slots=True)
class Envelope(_Unread):
    """An ENVELOPE, undecoded."""

    date: bytes | None
    subject: bytes | None
    from_: RawAddresses
    sender: RawAddresses
    reply_to: RawAddresses
    to: RawAddresses
    cc: RawAddresses
    bcc: RawAddresses
    in_reply_to: bytes | None
    message_id: bytes | None


_FIELDS = tuple(each.name for each in fields(Envelope))


@dataclass(frozen=True, slots=True)
class AddressGroup:
    """A named group of addresses (RFC 5322 3.4)."""

    name: str
    addresses: tuple[Address, ...]


# --- from the wire

_TEXT = rb'[^"\\\r\n]*+(?:\\.[^"\\\r\n]*+)*+'
_STRING = rb'(?:NIL|"(%s)")' % _TEXT  # its group is None for NIL
_FLAT = rb'[^()"{\r\n]*+(?:"%s"[^()"{\r\n]*+)*+' % _TEXT  # no parentheses, no literals
_LIST = rb"\((?:\(%s\) ?)++\)" % _FLAT
# date and subject, which servers send as a literal where it was folded; then eight items up to the end
_START = re.compile(rb" *+\(%(s)s (?:%(s)s|\{(\d{1,7})\+?\}\r?\n)" % {b"s": _STRING})
_REST = re.compile(rb'(?: (?:NIL|"%s"|%s)){8}\)' % (_TEXT, _LIST))
_ITEM = re.compile(rb'NIL|"(%s)"|(%s)' % (_TEXT, _LIST))
_PERSON = re.compile(rb"\(%(s)s %(s)s %(s)s %(s)s\)" % {b"s": _STRING})


def scan_envelope(scanner: Scanner) -> Envelope | None:
    """The ENVELOPE that comes next; None for NIL, or for what is no list."""
    data, begin = scanner.data, scanner.place
    start = _START.match(data, begin)
    if start is not None:
        rest = _REST.match(data, start.end() + int(start[3] or 0))
        if rest is not None:
            scanner.place = rest.end()
            envelope = Envelope.__new__(Envelope)
            object.__setattr__(envelope, "_unread", data[begin : scanner.place])
            return envelope
    return envelope_of(scanner.value())


def _taken_apart(data: bytes) -> tuple[Any, ...]:
    """The fields of an ENVELOPE that both expressions have matched."""
    start = _START.match(data)
    assert start is not None
    date, subject, size = start.groups()
    if size is None:
        place, subject = start.end(), subject and unescaped(subject)
    else:
        place = start.end() + int(size)
        subject = data[start.end() : place]
    items = list(_ITEM.finditer(data, place))
    from_ = items[0][2]
    author = _people(from_)
    people = (author if item[2] == from_ else _people(item[2]) for item in items[:6])
    in_reply_to, message_id = (item[1] and unescaped(item[1]) for item in items[6:])
    return date and unescaped(date), subject, *people, in_reply_to, message_id


def _people(text: bytes | None) -> RawAddresses:
    if text is None:
        return ()
    people = [RawAddress(*each.groups()) for each in _PERSON.finditer(text)]
    if b"\\" in text:
        people = [RawAddress(*(item and unescaped(item) for item in each)) for each in people]
    if len(people) != text.count(b"(") - 1:  # parentheses in names, or addresses that are none
        return _addresses(Scanner(text).value())
    return tuple(people)


def envelope_of(value: Any) -> Envelope | None:
    """A parenthesised ENVELOPE as the lexer gave it; None for what is none."""
    if not isinstance(value, tuple):
        return None
    items = (*value, *(None,) * (10 - len(value)))
    date, subject, in_reply_to, message_id = (_string(items[place]) for place in (0, 1, 8, 9))
    from_, sender, reply_to, to, cc, bcc = (_addresses(each) for each in items[2:8])
    return Envelope(date, subject, from_, sender, reply_to, to, cc, bcc, in_reply_to, message_id)


def _string(value: Any) -> bytes | None:
    return value if isinstance(value, bytes) else None


def _addresses(value: Any) -> RawAddresses:
    if not isinstance(value, tuple):
        return ()
    people = (each for each in value if isinstance(each, tuple))
    return tuple(RawAddress(*map(_string, (*each[:4], *(None,) * (4 - len(each))))) for each in people)


# --- as people read them


def decode_addresses(addresses: Iterable[RawAddress]) -> tuple[Address | AddressGroup, ...]:
    """The addresses of an ENVELOPE with their encoded words decoded (RFC 2047); groups as groups (RFC 3501 7.4.2).

    >>> decode_addresses([RawAddress(b"=?utf-8?q?J=C3=B6rg?=", None, b"joerg", b"mail.example")])
    (Address(name='Jörg', mailbox='joerg', host='mail.example'),)
    """
    result: list[Address | AddressGroup] = []
    group: tuple[str, list[Address]] | None = None

    for each in addresses:
        name, route, mailbox, host = each
        begins = host is None and mailbox is not None and name is None and route is None
        ends = host is None and mailbox is None
        if (begins or ends) and group is not None:
            result.append(AddressGroup(group[0], tuple(group[1])))
            group = None
        if begins:
            group = (_read(mailbox), [])
        elif not ends or name is not None:
            address = Address(_read(name), text_of(mailbox), text_of(host))
            (result if group is None else group[1]).append(address)
    if group is not None:  # it was never closed
        result.append(AddressGroup(group[0], tuple(group[1])))
    return tuple(result)


def _read(text: bytes | None) -> str:
    if text is None:
        return ""
    if text.isascii() and b"=?" not in text and b"\n" not in text:
        return text.decode("ascii")
    return _decoded(text) if len(text) <= MOST_REMEMBERED else decode_header(text)


@lru_cache(maxsize=2048)  # the same people write again and again
def _decoded(text: bytes) -> str:
    return decode_header(text)
