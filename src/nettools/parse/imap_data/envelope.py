"""ENVELOPE and its addresses (RFC 3501 7.4.2, RFC 9051 7.5.2), undecoded; and the addresses as people read them.

An ENVELOPE without literals but for its subject, as most are, is taken apart by three expressions: a list of ten
thousand messages is felt.
Any other goes through the lexer, and may lack fields or have nonsense in them: what is no string is None there, what
is no list of addresses is empty.

Encoded words are `parse.message`'s to decode; it must not know IMAP, and this module no headers.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from functools import cache, lru_cache
from typing import TYPE_CHECKING, Any, NamedTuple

from nettools.errors import UsageError
from nettools.frozen import Frozen
from nettools.parse import message
from nettools.parse.given import takes
from nettools.parse.imap_data.tokens import Scanner, text_of, unescaped
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
    """An ENVELOPE whose fields are read when they are looked at, and not kept: who looks makes something else of them.
    Nobody can tell it from another.
    """

    __slots__ = ("_unread",)
    _unread: bytes

    if not TYPE_CHECKING:

        def __getattr__(self, name: str) -> Any:  # asked only where the slot is still empty
            place = _PLACES.get(name)
            if place is None:
                raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}")
            if name in _CHEAP:
                return _CHEAP[name](self._unread)
            text = _end(self._unread)[place - 1]
            return _people(text) if place < 8 else _string_of(text)


class Envelope(_Unread, Frozen):
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


_PLACES = {name: place for place, name in enumerate(Envelope._fields)}


class AddressGroup(NamedTuple):
    """A named group of addresses (RFC 5322 3.4)."""

    name: str
    addresses: tuple[Address, ...]


# --- from the wire

_TEXT = rb'[^"\\\r\n]*+(?:\\.[^"\\\r\n]*+)*+'
_FLAT = rb'[^()"{\r\n]*+(?:"%s"[^()"{\r\n]*+)*+' % _TEXT  # no parentheses, no literals


def _expression(form: bytes, *, kept: bool = True) -> re.Pattern[bytes]:
    """An expression whose `s` are strings and `p` lists of addresses, or NIL; each a group where it is `kept`."""
    begin = b"(" if kept else b"(?:"
    string = rb'(?:NIL|%b"%b"))' % (begin, _TEXT)
    people = rb"(?:NIL|%b\((?:\(%b\) ?)++\)))" % (begin, _FLAT)
    return re.compile(form.replace(b"s", string).replace(b"p", people))


# date and subject, which servers send as a literal where it was folded; then addresses and the last two strings
_START = _expression(rb" *+\(s (?:s|(\{(\d{1,7})\+?\}\r?\n))")
_REST = rb" p p p p p p s s\)"
_WHOLE = _expression(_REST, kept=False)
_all = cache(lambda: _expression(_REST))  # most are never asked for more than their sender
_STRINGS = rb'\((?:NIL|"(T)") (?:NIL|"(T)") (?:NIL|"(T)") (?:NIL|"(T)")\)'.replace(b"T", _TEXT)
_PERSON = re.compile(_STRINGS)
_ALONE = re.compile(rb" \(" + _STRINGS + rb"\)")  # a list of one


def scan_envelope(scanner: Scanner) -> Envelope | None:
    """The ENVELOPE that comes next; None for NIL, or for what is no list."""
    data = scanner.data
    start = _START.match(data, scanner.place)
    rest = None if start is None else _WHOLE.match(data, _behind(start))
    if rest is None:
        return envelope_of(scanner.value())
    envelope = Envelope.__new__(Envelope)
    object.__setattr__(envelope, "_unread", data[scanner.place : rest.end()])
    scanner.place = rest.end()
    return envelope


def _behind(start: re.Match[bytes]) -> int:
    """Where the addresses begin."""
    return start.end() if start[3] is None else start.end() + int(start[4])


def _start(octets: bytes) -> re.Match[bytes]:
    """The beginning of an ENVELOPE that was seen to be one: its date and subject."""
    start = _START.match(octets)
    assert start is not None
    return start


def _subject(octets: bytes) -> bytes | None:
    start = _start(octets)
    return _string_of(start[2]) if start[3] is None else octets[start.end() : _behind(start)]


def _from(octets: bytes) -> RawAddresses:
    alone = _ALONE.match(octets, _behind(_start(octets)))
    if alone is None or b"\\" in alone[0]:
        return _people(_end(octets)[1])
    return (RawAddress(*alone.groups()),)


# what lists show; it is read without the rest
_CHEAP: dict[str, Callable[[bytes], Any]] = {
    "date": lambda octets: _string_of(_start(octets)[1]),
    "subject": _subject,
    "from_": _from,
}


def _end(octets: bytes) -> re.Match[bytes]:
    """The fields of such an ENVELOPE behind its subject, as they stand there."""
    found = _all().match(octets, _behind(_start(octets)))
    assert found is not None
    return found


def _string_of(text: bytes | None) -> bytes | None:
    """A string without its quotes."""
    return None if text is None else unescaped(text[1:-1])


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


@takes(tuple, list)
def decode_addresses(addresses: Iterable[RawAddress]) -> tuple[Address | AddressGroup, ...]:
    """The addresses of an ENVELOPE with their encoded words decoded (RFC 2047); groups as groups (RFC 3501 7.4.2).

    >>> decode_addresses([RawAddress(b"=?utf-8?q?J=C3=B6rg?=", None, b"joerg", b"mail.example")])
    (Address(name='Jörg', mailbox='joerg', host='mail.example'),)
    """
    result: list[Address | AddressGroup] = []
    group: tuple[str, list[Address]] | None = None

    for each in addresses:
        if not isinstance(each, tuple) or len(each) != 4:
            raise UsageError(f"addresses are tuples of four, as an ENVELOPE has them, not {type(each).__name__}")
        name, route, mailbox, host = each
        if host is not None:
            address = Address(_read(name), text_of(mailbox), text_of(host))
            (result if group is None else group[1]).append(address)
            continue
        begins = mailbox is not None and name is None and route is None
        ends = mailbox is None
        if (begins or ends) and group is not None:
            result.append(AddressGroup(group[0], tuple(group[1])))
            group = None
        if begins:
            group = (_read(mailbox), [])
        elif not ends or name is not None:
            address = Address(_read(name), text_of(mailbox), "")
            (result if group is None else group[1]).append(address)
    if group is not None:  # it was never closed
        result.append(AddressGroup(group[0], tuple(group[1])))
    return tuple(result)


def _read(text: bytes | None) -> str:
    if text is None:
        return ""
    if text.isascii() and b"=?" not in text and b"\n" not in text:
        return text.decode("ascii")
    return _decoded(text) if len(text) <= MOST_REMEMBERED else message.decode_header(text)


@lru_cache(maxsize=2048)  # the same people write again and again
def _decoded(text: bytes) -> str:
    return message.decode_header(text)
