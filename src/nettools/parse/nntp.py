"""What a news server says, as values: overviews, groups, articles, dates, capabilities (RFC 3977, 2980, 6048).

Pure: octets in, frozen values out, in time linear in their length. A function takes a reply as it came off the wire,
with its status line and its dots, or the lines of its body alone. What is no such reply is a ProtocolError; a line
among good ones that makes no sense is left out. Knows no session: which command was sent is the caller's business.
"""

from __future__ import annotations

import datetime as dt
import fnmatch
import re
from collections.abc import Iterator, Mapping, Sequence

from nettools.errors import ProtocolError
from nettools.parse.given import OCTETS_OR_TEXT, Check, checked, takes
from nettools.parse.message import decode_header, parse_addresses, parse_mail
from nettools.parse.message import parse_date as parse_header_date
from nettools.parse.message.headers import octets_of, raw_fields, split_message, text_of
from nettools.parse.yenc import take_out
from nettools.results import Address, Article, ArticleInfo, Group

__all__ = [
    "DEFAULT_FIELDS",
    "article_info",
    "article_name",
    "matches_wildmat",
    "parse_active",
    "parse_article",
    "parse_capabilities",
    "parse_date",
    "parse_group",
    "parse_newsgroups",
    "parse_overview",
    "parse_overview_fmt",
    "read_article",
]

DEFAULT_FIELDS = ("subject", "from", "date", "message-id", "references", ":bytes", ":lines")  # RFC 3977 8.4.2
_OLD_NAMES = {"bytes": ":bytes", "lines": ":lines"}  # RFC 2980 2.1.7 has them as headers

_STATUS = re.compile(rb"([1-5]\d\d)(?: (.*))?", re.DOTALL)
_NUMBER = re.compile(rb"\d{1,19}")
_MESSAGE_ID = re.compile(rb"<[^<>\s]+>")


def _status(line: bytes, codes: Sequence[int], what: str) -> bytes:
    """The text of a status line with one of these codes."""
    match = _STATUS.fullmatch(line)
    if match is None or int(match[1]) not in codes:
        raise ProtocolError(f"this is no {what}: {line[:80].decode('ascii', 'backslashreplace')!r}")
    return match[2] or b""


def _undotted(lines: Iterator[bytes], what: str, *, whole: bool) -> Iterator[bytes]:
    """The lines of a body without their line ends and dots (RFC 3977 3.1.1)."""
    for line in lines:
        line = line.removesuffix(b"\r")
        if line == b".":
            return
        yield line[1:] if line.startswith(b"..") else line
    if whole:
        raise ProtocolError(f"the {what} ends before its dot")


def _body(data: bytes | str, codes: Sequence[int], what: str) -> Iterator[bytes]:
    """The lines of a reply's body; a status line in front of them has to be one of these."""
    octets = octets_of(data)
    lines = iter(octets.removesuffix(b"\n").split(b"\n")) if octets else iter(())
    first, end, _ = octets.partition(b"\n")
    has_status = _STATUS.fullmatch(first.removesuffix(b"\r")) is not None
    if has_status:
        _status(next(lines).removesuffix(b"\r"), codes, what)
    return _undotted(lines, what, whole=has_status and bool(end))


# --- overviews


@takes(*OCTETS_OR_TEXT)
def parse_overview_fmt(data: bytes | str) -> tuple[str, ...]:
    """LIST OVERVIEW.FMT (RFC 3977 8.4): names in lower case; metadata have a colon in front.

    Raises:
        ProtocolError: the seven that every overview begins with are missing or in another order.
    """
    names: list[str] = []
    for line in _body(data, (215,), "overview format"):
        metadata = line.startswith(b":")
        name = line.removeprefix(b":").partition(b":")[0].strip().decode("ascii", "replace").lower()
        if name:
            names.append(f":{name}" if metadata else _OLD_NAMES.get(name, name))
    if tuple(names[: len(DEFAULT_FIELDS)]) != DEFAULT_FIELDS:
        raise ProtocolError("an overview begins with subject, from, date, message-id, references, bytes, lines")
    return tuple(names)


Row = dict[str, "bytes | int | None"]


@takes(*OCTETS_OR_TEXT)
def parse_overview(data: bytes | str, fields: Sequence[str] = DEFAULT_FIELDS, check: Check = bool) -> tuple[Row, ...]:
    """OVER or XOVER (RFC 3977 8.3): a dict for each article, keyed by `fields` and `number`, its values undecoded.

    The values of fields beyond the first seven come without the name that the server puts in front; None is a field
    that this article, or this line, does not have. `check` is called every now and then; what it
    raises ends the work.

    >>> parse_overview(b"7\\tHi\\tBob <b@x.org>\\t\\t<1@x.org>\\t\\t120\\t3\\r\\n")[0]["subject"]
    b'Hi'
    """
    return tuple(_rows(checked(_body(data, (224,), "overview"), check), tuple(fields)))


def _rows(lines: Iterator[bytes], fields: tuple[str, ...]) -> Iterator[Row]:
    own = [(place, name, f"{name}:".encode()) for place, name in enumerate(fields) if _is_header(place, name)]
    empty: Row = dict.fromkeys(fields)
    for line in lines:
        number, tab, rest = line.partition(b"\t")
        if not tab or not _NUMBER.fullmatch(number.strip()):
            continue
        values: list[bytes | None] = list(rest.split(b"\t"))
        for place, _, mark in own:
            if place < len(values):
                values[place] = _without_name(values[place] or b"", mark)
        yield {**empty, **dict(zip(fields, values, strict=False)), "number": int(number)}


def _is_header(place: int, name: str) -> bool:
    """Whether the field's name stands in front of its value (RFC 3977 8.3.2)."""
    return place >= len(DEFAULT_FIELDS) and not name.startswith(":")


def _without_name(value: bytes, mark: bytes) -> bytes | None:
    if value[: len(mark)].lower() == mark:
        value = value[len(mark) :].lstrip(b" ")
    return value or None


def article_info(row: Mapping[str, bytes | int | None]) -> ArticleInfo:
    """A row of an overview, decoded; what makes no sense is None."""

    def octets(name: str) -> bytes:
        value = row.get(name)
        return value if isinstance(value, bytes) else b""

    number, identity = row.get("number"), octets("message-id").strip()
    return ArticleInfo(
        number=number if isinstance(number, int) else None,
        message_id=text_of(identity) or None,
        subject=decode_header(octets("subject")),
        sender=_sender(octets("from")),
        date=_moment(octets("date")),
        references=_references(octets("references")),
        size=_count(octets(":bytes")),
        lines=_count(octets(":lines")),
    )


def _sender(value: bytes) -> Address | None:
    found = parse_addresses(value)
    return found[0] if found else None


def _moment(value: bytes) -> dt.datetime | None:
    try:
        return parse_header_date(value) if value.strip() else None
    except ProtocolError:
        return None


def _references(value: bytes) -> tuple[str, ...]:
    return tuple(text_of(each) for each in _MESSAGE_ID.findall(value))


def _count(value: bytes) -> int | None:
    value = value.strip()
    return int(value) if _NUMBER.fullmatch(value) else None


# --- groups


@takes(*OCTETS_OR_TEXT)
def parse_active(data: bytes | str, check: Check = bool) -> tuple[Group, ...]:
    """LIST ACTIVE, and NEWGROUPS (RFC 3977 7.6.3, 7.3); `count` is what first and last allow at most.

    `check` is called every now and then; what it raises ends the work.
    """
    result: list[Group] = []
    for line in checked(_body(data, (215, 231), "list of groups"), check):
        words = line.split()
        if len(words) < 4 or not (_NUMBER.fullmatch(words[1]) and _NUMBER.fullmatch(words[2])):
            continue
        last, first = int(words[1]), int(words[2])
        result.append(Group(text_of(words[0]), max(0, last - first + 1), first, last, text_of(words[3])))
    return tuple(result)


@takes(*OCTETS_OR_TEXT)
def parse_newsgroups(data: bytes | str) -> dict[str, str]:
    """LIST NEWSGROUPS (RFC 3977 7.6.6): {group: description}."""
    result: dict[str, str] = {}
    for line in _body(data, (215, 282), "list of descriptions"):
        name, *rest = line.strip().split(None, 1)[:2] or (b"",)
        if name:
            result[text_of(name)] = text_of(rest[0]).strip() if rest else ""
    return result


def matches_wildmat(name: str, pattern: str) -> bool:
    """Whether a wildmat holds for a name (RFC 3977 4.2): of its patterns the last that fits decides, `!` excludes."""
    for each in reversed(pattern.split(",")):
        if fnmatch.fnmatchcase(name, each.removeprefix("!")):
            return not each.startswith("!")
    return False


@takes(*OCTETS_OR_TEXT)
def parse_group(data: bytes | str) -> Group:
    """The answer to GROUP or LISTGROUP (RFC 3977 6.1.1): an estimate of the count, first and last number, name."""
    line = octets_of(data).partition(b"\n")[0].removesuffix(b"\r")
    words = _status(line, (211,), "answer to GROUP").split()
    if len(words) < 3 or not all(_NUMBER.fullmatch(word) for word in words[:3]):
        raise ProtocolError(f"this is no answer to GROUP: {line[:80].decode('ascii', 'backslashreplace')!r}")
    count, first, last = (int(word) for word in words[:3])
    return Group(text_of(words[3]) if len(words) > 3 else "", count, first, last)


# --- articles


@takes(*OCTETS_OR_TEXT)
def parse_article(data: bytes | str) -> tuple[int | None, str | None, bytes]:
    """ARTICLE, HEAD, BODY or STAT (RFC 3977 6.2): number (None where the server says 0), Message-ID, octets.

    Raises:
        ProtocolError: it is no such reply, or it ends before its dot.
    """
    octets = octets_of(data)
    first, end, rest = octets.partition(b"\n")
    first = first.removesuffix(b"\r")
    number, identity = article_name(_status(first, (220, 221, 222, 223), "article"))
    if first.startswith(b"223"):
        return number, identity, b""
    lines = _undotted(iter(rest.split(b"\n")) if end else iter(()), "article", whole=True)
    return number, identity, b"".join(line + b"\r\n" for line in lines)


def article_name(text: bytes) -> tuple[int | None, str | None]:
    """Number and Message-ID out of the text of a status line."""
    words = text.split(None, 2)
    if not words or not _NUMBER.fullmatch(words[0]):
        raise ProtocolError(f"the server names no article: {text[:80].decode('ascii', 'backslashreplace')!r}")
    match = _MESSAGE_ID.match(words[1]) if len(words) > 1 else None
    return int(words[0]) or None, None if match is None else text_of(match[0])


def read_article(raw: bytes, number: int | None, message_id: str | None, *, yenc: bool = False) -> Article:
    """An article, read like a mail; with `yenc`, the files that are encoded so in its body are attachments."""
    rest, files, broken = take_out(raw) if yenc else (raw, (), ())
    mail = parse_mail(rest)
    head, body = split_message(raw)
    fields: dict[str, bytes] = {}
    for name, value in raw_fields(head):
        fields.setdefault(name.lower(), value)
    info = ArticleInfo(
        number=number,
        message_id=message_id or mail.info.message_id,
        subject=mail.info.subject,
        sender=mail.info.sender,
        date=mail.info.date,
        references=_references(fields.get("references", b"")),
        size=len(raw),
        lines=_count(fields.get("lines", b"")) if "lines" in fields else body.count(b"\n"),
    )
    text = mail.text if mail.text is not None else mail.html
    return Article(info, text, (*mail.attachments, *files), mail.headers, raw, (*mail.defects, *broken))


# --- the rest


@takes(*OCTETS_OR_TEXT)
def parse_date(data: bytes | str) -> dt.datetime:
    """The answer to DATE (RFC 3977 7.1): an aware datetime, UTC."""
    line = octets_of(data).partition(b"\n")[0].strip()
    text = _status(line, (111,), "date").strip() if line.startswith(b"111 ") else line
    match = re.fullmatch(rb"(\d\d|\d{4})(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)", text)
    if match is None:
        raise ProtocolError(f"this is no date: {text[:80].decode('ascii', 'backslashreplace')!r}")
    year, month, day, hour, minute, second = (int(part) for part in match.groups())
    if len(match[1]) == 2:
        year += 2000 if year < 70 else 1900  # there was no news before 1970
    try:
        return dt.datetime(year, month, day, hour, minute, min(second, 59), tzinfo=dt.UTC)
    except ValueError as error:
        raise ProtocolError(f"this is no date: {error}") from None


@takes(*OCTETS_OR_TEXT)
def parse_capabilities(data: bytes | str) -> dict[str, tuple[str, ...]]:
    """CAPABILITIES (RFC 3977 5.2): names in upper case, with the words behind them.

    >>> parse_capabilities(b"101 list\\r\\nVERSION 2\\r\\nLIST ACTIVE NEWSGROUPS\\r\\n.\\r\\n")["LIST"]
    ('ACTIVE', 'NEWSGROUPS')
    """
    found: dict[str, list[str]] = {}
    for line in _body(data, (101,), "list of capabilities"):
        name, *words = text_of(line).split() or ("",)
        if name:
            found.setdefault(name.upper(), []).extend(words)
    return {name: tuple(words) for name, words in found.items()}
