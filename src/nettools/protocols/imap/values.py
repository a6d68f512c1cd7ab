"""What goes to the server and comes from it, as values: rows as MailInfo, flags, dates, queries and sets as arguments.

Pure. Text in a query is always a string of its own, never part of the command: quoted where that is possible, else a
literal behind CHARSET UTF-8 (RFC 3501 6.4.4).
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterable, Iterator
from typing import Any

from nettools.errors import ProtocolError, UnsupportedError, UsageError
from nettools.parse import imap_data, message
from nettools.protocols.imap.client import Argument, Literal, astring
from nettools.query import Query
from nettools.results import Address, MailInfo

__all__ = ["expand", "flag_list", "info_of", "moment", "search_arguments"]

_FLAG = r"\\?[^\s(){%*\"\\\x00-\x1f\x7f\]]+"
_QUOTED = r'"((?:[^"\\]|\\.)*)"'
_PIECE = r"[()]|[^\s()]+"
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_MOST_COPIED = 1_000_000


# --- rows


def _flat(addresses: Iterable[imap_data.RawAddress]) -> tuple[Address, ...]:
    result: list[Address] = []
    for each in imap_data.decode_addresses(addresses):
        result += each.addresses if isinstance(each, imap_data.AddressGroup) else (each,)
    return tuple(result)


def info_of(row: imap_data.FetchData, folder: str) -> MailInfo:
    """One line of a mailbox; what its ENVELOPE says is decoded when it is looked at."""
    return MailInfo.deferred(
        _Decoder(row.envelope, row.internaldate),
        uid=str(row.uid),
        number=row.seq,
        folder=folder,
        flags=row.flags or (),
        size=row.size,
    )


class _Decoder:
    """Gives a MailInfo its fields, one at a time."""

    __slots__ = ("envelope", "received")

    def __init__(self, envelope: imap_data.Envelope | None, received: dt.datetime | None) -> None:
        self.envelope, self.received = envelope, received

    def __call__(self, name: str) -> dict[str, Any]:
        envelope = self.envelope
        value: Any
        if envelope is None:
            value = {"date": self.received, "subject": "", "sender": None, "message_id": None}.get(name, ())
        elif name == "date":
            value = self._date(envelope.date)
        elif name == "subject":
            value = message.decode_header(envelope.subject or b"")
        elif name == "sender":
            value = next(iter(_flat(envelope.from_)), None)
        elif name == "message_id":
            value = message.decode_header(envelope.message_id or b"") or None
        else:
            value = _flat(getattr(envelope, name))
        return {name: value}

    def _date(self, date: bytes | None) -> dt.datetime | None:
        """The Date; where there is none, or one that makes no sense, that of arrival."""
        if date:
            try:
                return message.parse_date(date)
            except ProtocolError:
                pass
        return self.received


def expand(numbers: str) -> Iterator[int]:
    """The numbers of a set, in its order.

    Raises:
        ProtocolError: it is no set.
    """
    for piece in numbers.split(","):
        first, _, last = piece.partition(":")
        if not first.isdigit() or (last and not last.isdigit()):
            raise ProtocolError(f"COPYUID gave {numbers[:80]!r}")
        low, high = sorted((int(first[:20]), int((last or first)[:20])))
        if high - low > _MOST_COPIED:
            raise UnsupportedError("COPYUID of more than a million messages", side="nettools")
        yield from range(low, high + 1)


# --- arguments


def flag_list(flags: str | Iterable[str]) -> bytes:
    """Flags as an argument.

    Raises:
        UsageError: one has what no flag has.
    """
    names = (flags,) if isinstance(flags, str) else tuple(flags)
    for name in names:
        if not isinstance(name, str) or not name.isascii() or not re.fullmatch(_FLAG, name):
            raise UsageError(f"{name!r} is no flag", hint="such as \\Seen, or a keyword without spaces")
    return ("(" + " ".join(names) + ")").encode("ascii")


def moment(date: dt.datetime) -> bytes:
    """A date-time (RFC 3501 9); one without a zone is local time."""
    if not isinstance(date, dt.datetime):
        raise UsageError(f"date= is a datetime, not {type(date).__name__}")
    aware = date if date.tzinfo else date.astimezone()
    zone = aware.strftime("%z")[:5]  # seconds of an offset, which some zones of old have, are left out
    return f'"{aware.day:2d}-{_MONTHS[aware.month - 1]}-{aware.year:04d} {aware:%H:%M:%S} {zone}"'.encode("ascii")


def search_arguments(query: Query | str, *, charset: bool = True) -> tuple[Argument, ...]:
    """A query as the arguments of SEARCH; text beyond ASCII as UTF-8 literals, behind CHARSET unless told not to.

    Raises:
        UsageError: it is no query.
    """
    if isinstance(query, Query):
        tokens: list[Argument] = [token if isinstance(token, bytes) else astring(token) for token in query.to_imap()]
    elif isinstance(query, str):
        tokens = _raw_search(query)
    else:
        raise UsageError(f"a query is a Query or a str, not {type(query).__name__}")
    arguments = _joined(tokens)
    if charset and any(isinstance(token, Literal) for token in tokens):
        return (b"CHARSET", b"UTF-8", *arguments)
    return arguments


def _joined(tokens: Iterable[Argument]) -> tuple[Argument, ...]:
    """The tokens, those that stand without a space between them as one: a parenthesis and what is inside."""
    arguments: list[Argument] = []
    for token in tokens:
        before = arguments[-1] if arguments else b""
        if isinstance(before, Literal) and token == b")":
            arguments[-1] = Literal(before.data, before.tail + token)
        elif isinstance(token, bytes) and isinstance(before, bytes) and (before.endswith(b"(") or token == b")"):
            arguments[-1:] = [before + token]
        else:
            arguments.append(token)
    return tuple(arguments)


def _raw_search(text: str) -> list[Argument]:
    """SEARCH syntax as it stands; what is not ASCII becomes a string."""
    if any(char in text for char in "\r\n\0"):
        raise UsageError("the query has a CR, LF or NUL in it")
    if not text.strip():
        raise UsageError("the query is empty", hint="ALL finds every message")
    if re.search(r"\{\d+\+?\}\s*\Z", text):
        raise UsageError("the query ends like a literal, which it cannot have", hint="put the text in quotes")
    if text.isascii():
        return [text.strip().encode("ascii")]
    tokens: list[Argument] = []
    place = 0
    for match in re.finditer(_QUOTED, text):
        tokens += map(_word, re.findall(_PIECE, text[place : match.start()]))
        tokens.append(astring(re.sub(r"\\(.)", r"\1", match[1])))
        place = match.end()
    tokens += map(_word, re.findall(_PIECE, text[place:]))
    return tokens


def _word(word: str) -> Argument:
    """A word outside quotes: a keyword or a parenthesis as it stands, text beyond ASCII as a literal."""
    return word.encode("ascii") if word.isascii() else astring(word)
