"""`ls -l` in any of its less common shapes: no group, an owner with blanks, device numbers, grouped or human sizes, a
size that touches the group, ISO dates, day before month, CJK dates, an inode in front; and NetPresenz, which has a word
in place of links and owner.
"""

from __future__ import annotations

import datetime as dt
import re

from nettools.parse.ftp_listing.dates import MONTH, century, moment, month, recent
from nettools.parse.ftp_listing.entry import LONGEST, Precision, entry
from nettools.parse.ftp_listing.unix import KINDS, MODE, Date, Unix, link
from nettools.results import FileEntry

__all__ = ["read_netpresenz", "read_odd"]

# the shapes that a date has, besides the common one
_CLOCK = r"(?P<hour>\d{1,2}):(?P<minute>\d{1,2})(?::(?P<second>\d\d)(?:\.\d+)?)?"
_SIGN = r"[^\x00-\x7f]{1,3}"  # a CJK character, perhaps in an encoding that was not understood
_YEAR = r"(?P<year_>\d{4})"
_YEAR2 = rf"(?P<year>\d{{4}})(?:{_SIGN}N?)?"  # the year's sign ends with an N in Shift JIS
_DATES = (
    rf"(?P<year>\d{{4}})[-/.](?P<month>\d\d)[-/.](?P<day>\d\d)(?:[\sT]+{_CLOCK}(?:\s+(?P<zone>[-+]\d{{4}}))?)?",
    rf"(?P<name>{MONTH})\s+(?P<day>\d{{1,2}}),\s+{_YEAR}\s+{_CLOCK}",  # VShell
    rf"(?P<name>{MONTH}),?[\s-]+(?P<day>\d{{1,2}}),?\s+(?:{_CLOCK}(?:\s+(?P<year>\d{{4}})\b)?|{_YEAR})",
    rf"(?P<day>\d{{1,2}})\.?[\s-]+(?P<name>{MONTH}),?[\s-]+(?:{_YEAR}(?:\s+{_CLOCK})?|{_CLOCK.replace('>', '_>')})",
    rf"(?:{_YEAR}{_SIGN}\s*)?(?P<month>\d{{1,2}}){_SIGN}\s*(?P<day>\d{{1,2}})(?:{_SIGN})?\s+(?:{_CLOCK}|{_YEAR2})",
    rf"{_YEAR}(?:{_SIGN}\s*|\s+)(?P<month>\d{{1,2}}){_SIGN}\s*(?P<day>\d{{1,2}})(?:{_SIGN})?",
    rf"(?P<day>\d{{1,2}})-(?P<name>{MONTH})-(?P<year>\d\d)",
    rf"(?P<first>\d\d)(?P<mark>[-/.])(?P<middle>\d\d)(?P=mark)(?P<year>\d{{4}})(?:\s+{_CLOCK})?",
    rf"(?P<month>\d{{1,2}})[\s-]\s*(?P<day>\d{{1,2}})\s+(?:{_CLOCK}|{_YEAR})",
)
_DATE_FORMS = tuple(re.compile(each) for each in _DATES)
_ANY_DATE = "|".join(re.sub(r"\?P<\w+>", "?:", each.replace("(?P=mark)", "[-/.]")) for each in _DATES)
_LINE = re.compile(
    rf"""\s*+(?:\d{{1,20}}\s++){{0,2}}                     # inode and blocks, of ls -lis
    ({MODE}|[-d](?:-{{8}}|[r-][w-][x-][r-][w-][x-])(?=\s))[-+@.*]?\s*+  # HylaFAX leaves others out
    (?:.*?(?<!\S))                                        # links, owner, group: some leave one out
    (\d{{1,3}}(?:[,.']\d{{3}}){{1,6}}|\d{{1,5}}(?:[.,]\d{{1,3}})?[kKMGTPE](?:i?B)?|-?\d{{1,20}})   # size
    (?:(,)\s*+\d{{1,10}})?\s++                            # ... or major and minor number
    (?:(?i:mon|tue|wed|thu|fri|sat|sun),?\s+)?
    ({_ANY_DATE})(\s.*)""",
    re.VERBOSE | re.DOTALL,
)
_TOUCHING = re.compile(rf"(\s[A-Za-z]+)(?=\d{{1,20}}\s+{MONTH}\s)")  # a group without a blank behind it
_NO_CLOCK = re.compile(r"\d{4}[-/.]\d\d[-/.]\d\d")  # its column, where there is one, is empty
_LEFT = re.compile(r"\S\s\d{4}\Z")  # a year that stands to the left in its column of five
_UNITS = {"K": 1, "M": 2, "G": 3, "T": 4, "P": 5, "E": 6}


def read_odd(line: str, unix: Unix) -> FileEntry | None:
    """An entry, None where the line is none of this family."""
    match = _LINE.fullmatch(line) if len(line) <= LONGEST else None
    if match is None and line[:1] in KINDS and len(line) <= LONGEST:
        match = _LINE.fullmatch(_TOUCHING.sub(r"\1 ", line, count=1))
    if match is None:
        return None
    mode, number, device, date, rest = match.groups()
    modified, precision = _odd_date(date, unix.today)
    if modified is None:
        return None
    name = rest[1:] if rest[1:2] != " " else _behind(date, rest)
    kind = KINDS.get(mode[0], "other")
    size = None if device or number[0] == "-" or (mode[0] in "bc" and "," in number) else _size(number)
    target = None
    if kind == "link":
        name, target = link(name, size)
    return entry(line, name, kind, size, modified, precision, mode, target)


def _behind(date: str, rest: str) -> str:
    """The name behind a date and two blanks: whether both belong to the column of the date, or one to the name."""
    if _NO_CLOCK.fullmatch(date):
        return rest.lstrip()
    return rest[2:] if _LEFT.search(date) else rest[1:]


def _size(text: str) -> int:
    """Octets: plain, with the thousands apart, or with a unit (`1.5K`)."""
    if text.isdecimal():
        return int(text)
    number, unit = re.fullmatch(r"([\d,.']+) ?([A-Za-z]?)[iB]*", text).groups()  # type: ignore[union-attr]
    if not unit:
        return int(re.sub("[,.']", "", number))
    return int(float(number.replace(",", ".")) * 1024 ** _UNITS[unit.upper()])


def _odd_date(text: str, today: dt.date) -> Date:
    """A date in any of the forms."""
    modified: dt.datetime | None
    precision: Precision
    match = next(filter(None, (form.fullmatch(text) for form in _DATE_FORMS)))
    found = {name.rstrip("_"): value for name, value in match.groupdict().items() if value is not None}
    if "first" in found:  # month first; day first with full stops, and where it can be nothing else
        order = ("day", "month") if found["mark"] == "." or int(found["first"]) > 12 else ("month", "day")
        found.update(zip(order, (found["first"], found["middle"]), strict=True))
    number = month(found["name"]) if "name" in found else int(found["month"])
    if number is None:
        return None, "day"
    clock = [int(found.get(each, 0)) for each in ("hour", "minute", "second")]
    if clock[:2] == [24, 0]:  # the end of that day
        modified, precision = _odd_date(re.sub("24:00?", "00:00", text), today)
        return modified and modified + dt.timedelta(days=1), precision
    precision = "second" if "second" in found else "minute" if "hour" in found else "day"
    if "year" in found:
        modified = moment(century(found["year"]), number, int(found["day"]), *clock)
        if modified is not None and "zone" in found:
            modified = modified.replace(tzinfo=dt.datetime.strptime(found["zone"], "%z").tzinfo)
        return modified, precision
    return recent(today, number, int(found["day"]), *clock[:2]), "minute"


_FOLDER = re.compile(r"(d[rwx-]{9})\s+folder\s+\d+\s+(\w{3,9})\s+(\d{1,2})\s+(\d{1,2}:\d\d|\d{4})\s(.+)")


def read_netpresenz(line: str, unix: Unix) -> FileEntry | None:
    """A folder of NetPresenz or MacOS Peter's: the word in place of links and owner."""
    match = _FOLDER.fullmatch(line)
    if match is None:
        return None
    modified, precision = unix.date(match[2], match[3], match[4])
    return None if modified is None else entry(line, match[5], "dir", None, modified, precision, match[1])
