"""FETCH: flags, sizes, dates, ENVELOPE, BODYSTRUCTURE and the sections of a body (RFC 3501 7.4.2, 7162, 3516).

One expression takes an item with its name, and its value too where that is a number, a plain string or a list without
strings; other values are the lexer's. An item that this module does not know is kept among the sections, by its name.
A server may tell of one message in several responses: `parse_fetch` puts them together.

It must not know which items were asked for: that a UID is missing, or that another message is told of, is the
session's to judge.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, fields, replace
from functools import lru_cache
from typing import Any

from nettools.errors import ProtocolError
from nettools.parse.imap_data.bodystructure import Part, parts_of
from nettools.parse.imap_data.envelope import Envelope, scan_envelope
from nettools.parse.imap_data.tokens import Scanner, number_of, text_of

__all__ = ["FetchData", "fetch_data", "parse_fetch"]


@dataclass(frozen=True, slots=True)
class FetchData:
    """What one FETCH response tells of a message; None is what it did not tell.

    `sections` are the other items by name in upper case: bytes, None, or a tuple.
    """

    seq: int
    uid: int | None = None
    flags: tuple[str, ...] | None = None
    size: int | None = None
    internaldate: dt.datetime | None = None
    modseq: int | None = None
    envelope: Envelope | None = None
    parts: tuple[Part, ...] | None = None
    sections: Mapping[str, Any] = field(default_factory=dict)


# --- INTERNALDATE

_DATE = re.compile(rb" ?(\d{1,2})-([A-Za-z]{3})-(\d{4}) (\d{2}):(\d{2}):(\d{2}) ([+-]\d{2})(\d{2})")
_MONTHS = {
    name: number
    for number, name in enumerate(
        (b"jan", b"feb", b"mar", b"apr", b"may", b"jun", b"jul", b"aug", b"sep", b"oct", b"nov", b"dec"), 1
    )
}


@lru_cache(maxsize=256)
def _zone(hours: bytes, minutes: bytes) -> dt.timezone:
    offset = abs(int(hours)) * 60 + int(minutes)
    if offset == 0:
        return dt.UTC
    return dt.timezone(dt.timedelta(minutes=-offset if hours.startswith(b"-") else offset))


def _internaldate(value: Any) -> dt.datetime | None:
    """A date-time (RFC 3501 9); None for what is no date."""
    match = _DATE.fullmatch(value) if isinstance(value, bytes) else None
    if match is None:
        return None
    day, month, year, hour, minute, second, hours, minutes = match.groups()
    try:
        return dt.datetime(
            int(year),
            _MONTHS[month.lower()],
            int(day),
            int(hour),
            int(minute),
            int(second),
            tzinfo=_zone(hours, minutes),
        )
    except (KeyError, ValueError):
        return None


# --- the response

_ITEM = re.compile(
    rb"""[ \t]*+([A-Za-z][A-Za-z0-9._/-]*+(?:\[(?:[^\]"]|"(?:[^"\\]|\\.)*+")*+\])?+(?:<\d+>)?)
    (?:[ \t]*+(?: (\d{1,20})(?=[ )]) | \(([^()"{]*+)\) | "([^"\\\r\n]*+)" ))?""",
    re.VERBOSE | re.DOTALL,
)
_NUMBER, _WORDS, _STRING = 2, 3, 4
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
    known: dict[str, Any] = {}
    sections: dict[str, Any] = {}
    while (found := _ITEM.match(data, scanner.place)) is not None:
        name = found[1].upper()
        kind = found.lastindex
        value: Any
        if kind in (_NUMBER, _STRING):
            scanner.place = found.end()
            value = found[kind]
        elif kind == _WORDS and name == b"FLAGS":
            scanner.place = found.end()
            known["flags"] = (
                _flags(found[_WORDS]) if found.end() - found.start() < MOST_REMEMBERED else _words(found[_WORDS])
            )
            continue
        elif kind == _WORDS and name == b"MODSEQ":
            scanner.place = found.end()
            value = tuple(found[_WORDS].split())
        else:
            scanner.place = found.end(1)
            if data.startswith(b"[", scanner.place):
                raise scanner.error("a section without its end")
            value = scan_envelope(scanner) if name == b"ENVELOPE" else scanner.value()
        if name == b"UID":
            known["uid"] = number_of(value)
            if not known["uid"]:
                raise scanner.error("a UID that is none")
        elif name == b"FLAGS":
            known["flags"] = tuple([text_of(each) for each in value]) if isinstance(value, tuple) else ()
        elif name == b"RFC822.SIZE":
            known["size"] = number_of(value)
        elif name == b"INTERNALDATE":
            known["internaldate"] = _internaldate(value)
        elif name == b"ENVELOPE":
            known["envelope"] = value if isinstance(value, Envelope) else None
        elif name == b"MODSEQ":
            known["modseq"] = number_of(value[0] if isinstance(value, tuple) and value else value)
        elif name in (b"BODY", b"BODYSTRUCTURE"):
            known["parts"] = parts_of(value)
        else:
            sections[text_of(name)] = value
    if not scanner.skip(b")"):
        raise scanner.error("no item of FETCH")
    return FetchData(seq, sections=sections, **known)


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
            told = {each.name: getattr(row, each.name) for each in fields(row) if getattr(row, each.name) is not None}
            row = replace(before, **{**told, "sections": {**before.sections, **row.sections}})
        found[row.seq] = row
    return found.values()
