"""FETCH: flags, sizes, dates, ENVELOPE, BODYSTRUCTURE and the sections of a body (RFC 3501 7.4.2, 7162, 3516).

One expression takes all the items with short values that stand together; the values of others are the lexer's. An item
that this module does not know is kept among the sections, by its name. A server may tell of one message in several
responses: `parse_fetch` puts them together.

It must not know which items were asked for: that a UID is missing, or that another message is told of, is the
session's to judge.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import Any, NamedTuple

from nettools.errors import ProtocolError
from nettools.parse import imap_data
from nettools.parse.given import OCTETS, takes
from nettools.parse.imap_data.tokens import Scanner, number_of, text_of

__all__ = ["FetchData", "fetch_data", "parse_fetch"]


class FetchData(NamedTuple):
    """What one FETCH response tells of a message; None is what it did not tell.

    `sections` are the other items by name in upper case: bytes, None, or a tuple.
    """

    seq: int
    uid: int | None = None
    flags: tuple[str, ...] | None = None
    size: int | None = None
    internaldate: dt.datetime | None = None
    modseq: int | None = None
    envelope: imap_data.Envelope | None = None
    parts: tuple[imap_data.Part, ...] | None = None
    sections: Mapping[str, Any] = {}


# --- INTERNALDATE

_DATE = re.compile(r" ?(\d{1,2})-([A-Za-z]{3})-(\d{4}) (\d{2}:\d{2}:\d{2}) ([+-]\d{2})(\d{2})", re.ASCII)
_MONTHS = {
    name: f"{number:02}"
    for number, name in enumerate(
        ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"), 1
    )
}


def _internaldate(value: Any) -> dt.datetime | None:
    """A date-time (RFC 3501 9); None for what is no date."""
    match = _DATE.fullmatch(value.decode("ascii", "replace")) if isinstance(value, bytes) else None
    if match is None:
        return None
    day, month, year, time, hours, minutes = match.groups()
    try:
        return dt.datetime.fromisoformat(f"{year}-{_MONTHS[month.lower()]}-{day:>02}T{time}{hours}:{minutes}")
    except (KeyError, ValueError):
        return None


# --- the response

# the items that have a short value, as many as stand together: most responses are these, and one of another kind
_SHORT = re.compile(
    rb"""(?:[ \t]*+(?:
      UID[ ](\d{1,20}) | FLAGS[ ]\(([^()"{]*+)\) | RFC822\.SIZE[ ](\d{1,20})
      | INTERNALDATE[ ]"([^"\\\r\n]*+)" | MODSEQ[ ]\((\d{1,20})\)
    )(?=[ )]))*+""",
    re.VERBOSE | re.IGNORECASE,
)
_ITEM = re.compile(
    rb"""[ \t]*+([A-Za-z][A-Za-z0-9._/-]*+(?:\[(?:[^\]"]|"(?:[^"\\]|\\.)*+")*+\])?+(?:<\d+>)?)""", re.DOTALL
)
_READ = frozenset({b"UID", b"FLAGS", b"RFC822.SIZE", b"INTERNALDATE", b"MODSEQ", b"BODY", b"BODYSTRUCTURE"})
MOST_REMEMBERED = 200  # octets of a list of flags


def _words(text: bytes) -> tuple[str, ...]:
    return tuple([text_of(each) for each in text.split()])


_flags = lru_cache(maxsize=512)(_words)  # few combinations are in use
_FETCH = re.compile(rb"(?:\* )?(\d{1,20}) FETCH[ \t]*+\(", re.IGNORECASE)


def fetch_data(scanner: Scanner, seq: int) -> FetchData:
    """The items of a FETCH, after its opening parenthesis, and up to the closing one.

    Raises:
        ProtocolError: there is something else, or a UID that is none.
    """
    data = scanner.data
    sections: dict[str, Any] = {}
    uid = flags = size = date = modseq = envelope = parts = None
    while True:
        short = _SHORT.match(data, scanner.place)
        if short is not None and short.lastindex is not None:
            scanner.place = short.end()
            number, words, octets, moment, counter = short.groups()
            if number is not None:
                uid = _uid(scanner, number)
            if words is not None:
                flags = _flags(words) if len(words) < MOST_REMEMBERED else _words(words)
            if octets is not None:
                size = int(octets)
            if moment is not None:
                date = _internaldate(moment)
            if counter is not None:
                modseq = int(counter)
        if data.startswith(b")", scanner.place):
            scanner.place += 1
            return FetchData(seq, uid, flags, size, date, modseq, envelope, parts, sections)
        found = _ITEM.match(data, scanner.place)
        if found is None:
            break
        scanner.place = found.end()
        if data.startswith(b"[", scanner.place):
            raise scanner.error("a section without its end")
        name = found[1].upper()
        if name == b"ENVELOPE":
            envelope = imap_data.scan_envelope(scanner)
            continue
        value = scanner.value()
        if name not in _READ:
            sections[text_of(name)] = value
        elif name == b"UID":
            uid = _uid(scanner, value)
        elif name == b"FLAGS":
            flags = tuple([text_of(each) for each in value]) if isinstance(value, tuple) else ()
        elif name == b"RFC822.SIZE":
            size = number_of(value)
        elif name == b"INTERNALDATE":
            date = _internaldate(value)
        elif name == b"MODSEQ":
            modseq = number_of(value[0] if isinstance(value, tuple) and value else value)
        else:
            parts = imap_data.parts_of(value)
    if not scanner.skip(b")"):
        raise scanner.error("no item of FETCH")
    return FetchData(seq, uid, flags, size, date, modseq, envelope, parts, sections)


def _uid(scanner: Scanner, value: Any) -> int:
    uid = number_of(value)
    if not uid:
        raise scanner.error("a UID that is none")
    return uid


@takes(*OCTETS)
def parse_fetch(data: bytes) -> tuple[FetchData, ...]:
    """The FETCH responses in some octets, one for each message; other responses are passed over.

    Raises:
        ProtocolError: there is none, or one makes no sense.
    """
    rows: list[FetchData] = []
    place = 0
    while place < len(data):
        match = _FETCH.match(data, place)
        if match is not None:
            scanner = Scanner(data, match.end())
            rows.append(fetch_data(scanner, int(match[1])))
            place = scanner.place
        end = data.find(b"\n", place)
        place = len(data) if end < 0 else end + 1
    if not rows:
        raise ProtocolError("this is no FETCH response")
    return tuple(_merged(rows))


def _merged(rows: Iterable[FetchData]) -> Iterable[FetchData]:
    """Rows about the same message as one: a server may tell in pieces (RFC 3501 7.4.2)."""
    found: dict[int, FetchData] = {}
    for row in rows:
        before = found.get(row.seq)
        if before is not None:
            told = {name: value for name, value in row._asdict().items() if value is not None}
            row = before._replace(**{**told, "sections": {**before.sections, **row.sections}})
        found[row.seq] = row
    return found.values()
