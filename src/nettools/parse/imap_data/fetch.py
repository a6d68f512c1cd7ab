"""FETCH: flags, sizes, dates, ENVELOPE, BODYSTRUCTURE and the sections of a body (RFC 3501 7.4.2, 7162, 3516)."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, fields, replace
from typing import Any, NamedTuple

from nettools.errors import ProtocolError
from nettools.parse.imap_data.tokens import Scanner, text_of
from nettools.results import Address

__all__ = [
    "AddressGroup",
    "Envelope",
    "FetchData",
    "Part",
    "RawAddress",
    "decode_addresses",
    "fetch_data",
    "parse_fetch",
    "parse_internaldate",
]


class RawAddress(NamedTuple):
    """An address of an ENVELOPE, undecoded; a group begins with a host of None and ends with a mailbox of None."""

    name: bytes | None
    route: bytes | None
    mailbox: bytes | None
    host: bytes | None


RawAddresses = tuple[RawAddress, ...]


@dataclass(frozen=True, slots=True)
class Envelope:
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


@dataclass(frozen=True, slots=True)
class Part:
    """One part of a BODYSTRUCTURE; `section` is its number, "" for a multipart at the top."""

    section: str
    type: str | None
    params: Mapping[str, str] = field(default_factory=dict)
    id: str | None = None
    description: str | None = None
    encoding: str | None = None
    size: int | None = None
    lines: int | None = None
    disposition: str | None = None
    filename: str | None = None
    envelope: Envelope | None = None


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


@dataclass(frozen=True, slots=True)
class AddressGroup:
    """A named group of addresses (RFC 5322 3.4)."""

    name: str
    addresses: tuple[Address, ...]


def decode_addresses(addresses: Iterable[RawAddress]) -> tuple[Address | AddressGroup, ...]:
    """The addresses of an ENVELOPE as people read them; groups as groups."""
    from nettools.parse.message.headers import decode_header

    result: list[Address | AddressGroup] = []
    group: tuple[str, list[Address]] | None = None
    for each in addresses:
        if each.host is None and each.mailbox is not None and each.name is None and each.route is None:
            group = (decode_header(each.mailbox), [])
        elif each.host is None and each.mailbox is None and group is not None:
            result.append(AddressGroup(group[0], tuple(group[1])))
            group = None
        elif each.mailbox is not None or each.name is not None or each.host is not None:
            name = each.name
            decoded = (
                "" if name is None else name.decode() if name.isascii() and b"=?" not in name else decode_header(name)
            )
            address = Address(decoded, text_of(each.mailbox), text_of(each.host))
            (result if group is None else group[1]).append(address)
    if group is not None:
        result.append(AddressGroup(group[0], tuple(group[1])))
    return tuple(result)


# --- values

_DATE = re.compile(rb" ?(\d{1,2})-([A-Za-z]{3})-(\d{4}) (\d{2}):(\d{2}):(\d{2}) ([+-])(\d{2})(\d{2})")
_MONTHS = {
    name: n
    for n, name in enumerate(
        (b"jan", b"feb", b"mar", b"apr", b"may", b"jun", b"jul", b"aug", b"sep", b"oct", b"nov", b"dec"), 1
    )
}


def parse_internaldate(value: bytes) -> dt.datetime | None:
    """An INTERNALDATE (RFC 3501 9, date-time); None for what is no date."""
    match = _DATE.fullmatch(value.strip(b'"'))
    if match is None or match[2].lower() not in _MONTHS:
        return None
    minutes = int(match[8]) * 60 + int(match[9])
    if match[7] == b"-":
        minutes = -minutes
    zone = dt.UTC if not minutes else dt.timezone(dt.timedelta(minutes=max(-1439, min(1439, minutes))))
    day, year, hour, minute, second = (int(match[n]) for n in (1, 3, 4, 5, 6))
    try:
        return dt.datetime(year, _MONTHS[match[2].lower()], day, hour, minute, second, tzinfo=zone)
    except ValueError:
        return None


def _number(value: Any) -> int | None:
    return int(value) if isinstance(value, bytes) and value.isdigit() else None


def _people(value: Any) -> RawAddresses:
    if not isinstance(value, tuple):
        return ()
    return tuple(
        RawAddress(*each[:4]) if len(each) >= 4 else RawAddress(*each, *(None,) * (4 - len(each)))
        for each in value
        if isinstance(each, tuple)
    )


def envelope_of(value: Any) -> Envelope | None:
    """A parenthesised ENVELOPE; fields that are missing are None."""
    if not isinstance(value, tuple):
        return None
    items = value if len(value) >= 10 else (*value, *(None,) * (10 - len(value)))
    texts = [each if isinstance(each, bytes) else None for each in (items[0], items[1], items[8], items[9])]
    date, subject, in_reply_to, message_id = texts
    from_, sender, reply_to, to, cc, bcc = (_people(each) for each in items[2:8])
    return Envelope(date, subject, from_, sender, reply_to, to, cc, bcc, in_reply_to, message_id)


def _parameters(value: Any) -> dict[str, str]:
    if not isinstance(value, tuple):
        return {}
    pairs = zip(value[::2], value[1::2], strict=False)
    found = [(text_of(name).lower(), text_of(word)) for name, word in pairs if isinstance(name, bytes)]
    if not any("*" in name or "=?" in word for name, word in found):
        return dict(found)
    from nettools.parse.message.headers import parse_parameters

    quoted = "".join(
        f'; {name}="{word.replace(chr(92), chr(92) * 2).replace(chr(34), chr(92) + chr(34))}"' for name, word in found
    )
    return parse_parameters("x" + quoted)[1]


def parts_of(value: Any) -> tuple[Part, ...]:
    """A BODY or BODYSTRUCTURE as a flat tuple of parts, each multipart before what is in it."""
    result: list[Part] = []
    todo: list[tuple[Any, str, bool]] = [(value, "", True)]
    while todo:
        body, section, top = todo.pop()
        if not isinstance(body, tuple) or not body:
            continue
        if isinstance(body[0], tuple):
            count = next((n for n, each in enumerate(body) if not isinstance(each, tuple)), len(body))
            subtype = text_of(body[count]).lower() if count < len(body) else ""
            rest = body[count + 1 :]
            parameters = _parameters(rest[0]) if rest else {}
            disposition, filename = _disposition(rest[1]) if len(rest) > 1 else (None, None)
            result.append(Part(section, f"multipart/{subtype}", parameters, disposition=disposition, filename=filename))
            prefix = f"{section}." if section else ""
            todo += [(each, f"{prefix}{n}", False) for n, each in reversed(list(enumerate(body[:count], 1)))]
            continue
        part, inner = _single(body, section or "1")
        result.append(part)
        if inner is not None:
            multipart = isinstance(inner, tuple) and inner and isinstance(inner[0], tuple)
            todo.append((inner, part.section if multipart else f"{part.section}.1", top))
    return tuple(result)


def _single(body: tuple[Any, ...], section: str) -> tuple[Part, Any]:
    """A part that is no multipart, and the body of the message that it holds, if it does."""
    items = (*body, *(None,) * (7 - len(body)))
    kind, subtype = items[:2]
    name = None if not isinstance(kind, bytes) else f"{text_of(kind)}/{text_of(subtype)}".lower()
    parameters = _parameters(items[2])
    extra = list(body[7:])
    envelope: Envelope | None = None
    inner: Any = None
    lines: int | None = None
    if name == "message/rfc822" and extra and (extra[0] is None or isinstance(extra[0], tuple)) and len(extra) >= 2:
        envelope, inner = envelope_of(extra[0]), extra[1]
        extra = extra[2:]
        lines = _number(extra.pop(0)) if extra else None
    elif isinstance(kind, bytes) and kind.lower() == b"text" and extra:
        lines = _number(extra.pop(0))
    disposition, filename = _disposition(extra[1]) if len(extra) > 1 else (None, None)
    encoding = text_of(items[5]).lower() if isinstance(items[5], bytes) else None
    texts = [text_of(each) if isinstance(each, bytes) else None for each in items[3:5]]
    part = Part(
        section,
        name,
        parameters,
        texts[0],
        texts[1],
        encoding,
        _number(items[6]),
        lines,
        disposition,
        filename or parameters.get("name"),
        envelope,
    )
    return part, inner


def _disposition(value: Any) -> tuple[str | None, str | None]:
    if isinstance(value, bytes):
        return text_of(value).lower(), None
    if not isinstance(value, tuple) or not value:
        return None, None
    parameters = _parameters(value[1]) if len(value) > 1 else {}
    return text_of(value[0]).lower() or None, parameters.get("filename")


# --- the response

_ITEM = re.compile(rb"[ \t]*([A-Za-z][A-Za-z0-9.-]*(?:\[(?:[^\]\"]|\"(?:[^\"\\]|\\.)*\")*\])?(?:<\d+>)?)")
_FETCH = re.compile(rb"(?:\* )?(\d+) FETCH *\(", re.IGNORECASE)


def fetch_data(scanner: Scanner, seq: int) -> FetchData:
    """The items of a FETCH, after its opening parenthesis."""
    known: dict[str, Any] = {}
    sections: dict[str, bytes | None] = {}
    data = scanner.data
    while True:
        found = _ITEM.match(data, scanner.place)
        if found is None:
            rest = scanner.match()
            if rest.lastgroup == "close":
                break
            raise scanner.error("no item of FETCH")
        scanner.place = found.end()
        name = found[1].upper()
        value = scanner.value()
        if name == b"UID":
            known["uid"] = _number(value)
            if not known["uid"]:
                raise scanner.error("no UID")
        elif name == b"FLAGS":
            known["flags"] = tuple(text_of(each) for each in value) if isinstance(value, tuple) else ()
        elif name == b"RFC822.SIZE":
            known["size"] = _number(value)
        elif name == b"INTERNALDATE":
            known["internaldate"] = parse_internaldate(value) if isinstance(value, bytes) else None
        elif name == b"ENVELOPE":
            known["envelope"] = envelope_of(value)
        elif name == b"MODSEQ":
            known["modseq"] = _number(value[0]) if isinstance(value, tuple) and value else _number(value)
        elif name in (b"BODY", b"BODYSTRUCTURE"):
            known["parts"] = parts_of(value)
        else:
            sections[text_of(name)] = value
    return FetchData(seq, sections=sections, **known)


def parse_fetch(data: bytes) -> tuple[FetchData, ...]:
    """The FETCH responses in some octets, others passed over.

    Raises:
        ProtocolError: there is none, or one makes no sense.
    """
    result = []
    place = 0
    while place < len(data):
        match = _FETCH.match(data, place)
        if match is None:
            end = data.find(b"\n", place)
            place = len(data) if end < 0 else end + 1
            continue
        scanner = Scanner(data, match.end())
        result.append(fetch_data(scanner, int(match[1])))
        end = data.find(b"\n", scanner.place)
        place = len(data) if end < 0 else end + 1
    if not result:
        raise ProtocolError("this is no FETCH response")
    return tuple(merged(result))


def merged(rows: Iterable[FetchData]) -> Iterable[FetchData]:
    """Rows about the same message as one: a server may tell in pieces (RFC 3501 7.4.2)."""
    found: dict[int, FetchData] = {}
    for row in rows:
        before = found.get(row.seq)
        if before is not None:
            told = {each.name: getattr(row, each.name) for each in fields(row) if getattr(row, each.name) is not None}
            row = replace(before, **{**told, "sections": {**before.sections, **row.sections}})
        found[row.seq] = row
    return found.values()
