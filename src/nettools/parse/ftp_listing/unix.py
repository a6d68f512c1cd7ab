"""`ls -l` and what imitates it: Unix servers, IIS in its Unix mode, NetPresenz, hosted services, in many languages.

The common line (mode, links, owner, group, size, Mon dd time or year, name) is split at its blanks, its date looked up
among those already read; every other shape (no group, an owner with blanks, device numbers, grouped or human sizes, ISO
dates, day before month, CJK dates, an inode in front) is the regular expression's.
"""

from __future__ import annotations

import datetime as dt
import re

from nettools.parse.ftp_listing.dates import MONTH, moment, month, recent
from nettools.parse.ftp_listing.entry import DOTS, LONGEST, Kind, Precision, entry, seal
from nettools.results import FileEntry

__all__ = ["Unix", "read_netpresenz"]

_MODE = re.compile(r"([bcdlpsDSm-])(?:[r?-][w?-][-xsStTlLhHmM?]){3}")
_KINDS: dict[str, Kind] = {"d": "dir", "D": "dir", "l": "link", "-": "file"}
# the shapes that a date has, besides the common one
_CLOCK = r"(?P<hour>\d{1,2}):(?P<minute>\d\d)(?::(?P<second>\d\d)(?:\.\d+)?)?"
_SIGN = r"[^\x00-\x7f]{1,3}"  # a CJK character, perhaps in an encoding that was not understood
_YEAR = r"(?P<year_>\d{4})"
_YEAR2 = rf"(?P<year>\d{{4}})(?:{_SIGN})?"
_DATES = (
    rf"(?P<year>\d{{4}})[-/.](?P<month>\d\d)[-/.](?P<day>\d\d)(?:[\sT]+{_CLOCK}(?:\s+[-+]\d{{4}})?)?",
    rf"(?P<name>{MONTH}),?[\s-]+(?P<day>\d{{1,2}}),?\s+(?:{_CLOCK}(?:\s+(?P<year>\d{{4}})\b)?|{_YEAR})",
    rf"(?P<day>\d{{1,2}})\.?[\s-]+(?P<name>{MONTH}),?[\s-]+(?:{_YEAR}(?:\s+{_CLOCK})?|{_CLOCK.replace('>', '_>')})",
    rf"(?:{_YEAR}{_SIGN}\s*)?(?P<month>\d{{1,2}}){_SIGN}\s*(?P<day>\d{{1,2}})(?:{_SIGN})?\s+(?:{_CLOCK}|{_YEAR2})",
)
_DATE_FORMS = tuple(re.compile(each) for each in _DATES)
_ANY_DATE = "|".join(re.sub(r"\?P<\w+>", "?:", each) for each in _DATES)
_LINE = re.compile(
    rf"""\s*(?:\d{{1,20}}\s+){{0,2}}                       # inode and blocks, of ls -lis
    ([bcdlpsDSm-](?:[r?-][w?-][-xsStTlLhHmM?]){{3}})[-+@.*]?\s*
    (?:.*?(?<!\d))                                        # links, owner, group: some leave one out
    (\d{{1,3}}(?:[,.']\d{{3}}){{1,6}}|\d{{1,5}}(?:[.,]\d{{1,3}})?[kKMGTPE](?:i?B)?|\d{{1,20}})   # size
    (?:(,)\s*\d{{1,10}})?\s+                              # ... or major and minor number
    (?:(?i:mon|tue|wed|thu|fri|sat|sun),?\s+)?
    ({_ANY_DATE})\s(.*)""",
    re.VERBOSE | re.DOTALL,
)
_TIME_OR_YEAR = re.compile(r"([0-9]{1,2}):([0-9]{2})|([0-9]{4})")
_UNITS = {"K": 1, "M": 2, "G": 3, "T": 4, "P": 5, "E": 6}

Date = tuple[dt.datetime | None, Precision]


class Unix:
    """A reader of lines; keeps the modes, days and times that it has seen, for most lines share theirs with others."""

    def __init__(self, today: dt.date) -> None:
        self._today = today
        self._modes: dict[str, Kind | None] = {}
        self._days: dict[tuple[str, str], dt.datetime] = {}  # of the last twelve months, at midnight
        self._clocks: dict[str, dt.timedelta | None] = {}  # None: it is a year
        self._dates: dict[tuple[str, str, str], dt.datetime] = {}

    def read(self, line: str) -> FileEntry | None:
        """An entry, None where the line is none of this family."""
        try:
            mode, _, _, _, size, mon, day, clock, name = line.split(None, 8)
            kind = self._modes[mode]
            since = self._clocks[clock]
            modified = self._dates[mon, day, clock] if since is None else self._days[mon, day] + since
            octets: int | None = int(size)
        except ValueError:  # not as many words, or no size
            return self._read_odd(line)
        except KeyError:  # the first of its kind
            return self.read(line) if self._learn(mode, mon, day, clock) else self._read_odd(line)
        if kind is None or not size.isdecimal() or line[-len(name) - 2] == " " or name in DOTS:
            return self._read_odd(line)
        target = None
        if kind == "link":
            name, target = _link(name, octets)
        if kind == "dir":
            octets = None
        return seal(line, name, kind, octets, modified, "day" if since is None else "minute", mode, target)

    def _learn(self, mode: str, mon: str, day: str, clock: str) -> bool:
        """Remember what these words mean; False where they are no date."""
        modified, precision = self.date(mon, day, clock)
        if modified is None:
            return False
        if mode not in self._modes:
            self._modes[mode] = _kind(mode)
        if precision == "day":
            self._clocks[clock] = None
            self._dates[mon, day, clock] = modified
        else:
            midnight = modified.replace(hour=0, minute=0)
            self._clocks[clock] = modified - midnight
            self._days[mon, day] = midnight
        return True

    def date(self, mon: str, day: str, clock: str) -> Date:
        """`Jan 29 03:26` or `Jan 29 2003`, and nothing else."""
        number = month(mon) if mon.isalpha() and 3 <= len(mon) <= 10 else None
        found = _TIME_OR_YEAR.fullmatch(clock)
        if number is None or found is None or not (day.isdecimal() and len(day) <= 2):
            return None, "day"
        if found[3]:
            return moment(int(found[3]), number, int(day)), "day"
        return recent(self._today, number, int(day), int(found[1]), int(found[2])), "minute"

    def _read_odd(self, line: str) -> FileEntry | None:
        match = _LINE.fullmatch(line) if len(line) <= LONGEST else None
        if match is None:
            return None
        mode, number, device, date, name = match.groups()
        modified, precision = _odd_date(date, self._today)
        if modified is None:
            return None
        kind = _KINDS.get(mode[0], "other")
        size = None if device or (mode[0] in "bc" and "," in number) else _size(number)
        target = None
        if kind == "link":
            name, target = _link(name, size)
        return entry(line, name, kind, size, modified, precision, mode, target)


def _kind(mode: str) -> Kind | None:
    """What a mode is of; None where it is no mode, one with a mark of access lists behind it, or of a device."""
    match = _MODE.fullmatch(mode)
    return None if match is None else _KINDS.get(match[1])


def _size(text: str) -> int:
    """Octets: plain, with the thousands apart, or with a unit (`1.5K`)."""
    if text.isdecimal():
        return int(text)
    number, unit = re.fullmatch(r"([\d,.']+) ?([A-Za-z]?)[iB]*", text).groups()  # type: ignore[union-attr]
    if not unit:
        return int(re.sub("[,.']", "", number))
    return int(float(number.replace(",", ".")) * 1024 ** _UNITS[unit.upper()])


def _link(text: str, size: int | None) -> tuple[str, str | None]:
    """Name and target. Where the arrow is there more than once, the size tells: it is the target's length."""
    name, arrow, target = text.partition(" -> ")
    if not arrow:
        return text, None
    while len(target.encode("utf-8", "surrogateescape")) != size and " -> " in target:
        more, _, rest = target.partition(" -> ")
        if len(rest.encode("utf-8", "surrogateescape")) < (size or 0):
            break
        name, target = f"{name} -> {more}", rest
    if size is None or len(target.encode("utf-8", "surrogateescape")) != size:
        name, _, target = text.partition(" -> ")
    return name, target


def _odd_date(text: str, today: dt.date) -> Date:
    """A date in any of the forms."""
    match = next(filter(None, (form.fullmatch(text) for form in _DATE_FORMS)))
    found = {name.rstrip("_"): value for name, value in match.groupdict().items() if value is not None}
    number = month(found["name"]) if "name" in found else int(found["month"])
    if number is None:
        return None, "day"
    clock = [int(found.get(each, 0)) for each in ("hour", "minute", "second")]
    precision: Precision = "second" if "second" in found else "minute" if "hour" in found else "day"
    if "year" in found:
        return moment(int(found["year"]), number, int(found["day"]), *clock), precision
    return recent(today, number, int(found["day"]), *clock[:2]), "minute"


_FOLDER = re.compile(r"(d[rwx-]{9})\s+folder\s+\d+\s+(\w{3,9})\s+(\d{1,2})\s+(\d{1,2}:\d\d|\d{4})\s(.+)")


def read_netpresenz(line: str, unix: Unix) -> FileEntry | None:
    """A folder of NetPresenz or MacOS Peter's: the word in place of links and owner."""
    match = _FOLDER.fullmatch(line)
    if match is None:
        return None
    modified, precision = unix.date(match[2], match[3], match[4])
    return None if modified is None else entry(line, match[5], "dir", None, modified, precision, match[1])
