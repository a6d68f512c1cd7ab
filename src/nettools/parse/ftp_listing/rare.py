"""Servers that are rarely met: a line of theirs is a name, a size and a date in an order of its own.

One pattern each, its groups named after what they hold; none of them fits a line of another family. SuperTCP and
WinQVT, NetManage's Newt, PC/TCP and Distinct of the PCs; the routers of Bay and Nortel (wfFtp, VxWorks); VShell;
OS-9; Unix servers that give mode and time as numbers, or no time at all.
"""

from __future__ import annotations

import datetime as dt
import re
import stat

from nettools.parse.ftp_listing.dates import MONTH, century, moment, month
from nettools.parse.ftp_listing.entry import Kind, Precision, entry
from nettools.parse.ftp_listing.unix import KINDS, MODE
from nettools.results import FileEntry

__all__ = ["read_rare"]

_SIZE = r"(?:(?P<size>\d{1,20})|(?P<folder><(?i:dir)>))"
_MINUTES = r"(?P<hour>\d\d?):(?P<minute>\d\d)"
_CLOCK = rf"{_MINUTES}(?::(?P<second>\d\d))?"
_DAY = r"(?P<month>\d\d)[-/](?P<day>\d\d)[-/](?P<year>\d{4}|\d\d)"
_NAMED = rf"(?P<named>{MONTH})"
_LONG_DAY = rf"{_NAMED}[\s-]+(?P<day>\d\d?)(?:,\s*|\s+|-)(?P<year>\d{{4}})"
_WEEKDAY = r"(?i:mon|tues?|wed|thur?s?|fri|sat|sun)\.?"
_SUPERTCP = rf"(?P<name>\S+)\s+{_SIZE}\s+{_DAY}\s+{_MINUTES}(?:\s(?P<long>\s*\S.*))?"  # WinQVT has no long names
_NEWT = rf"(?P<name>\S+)\s+{_SIZE}\s+{_LONG_DAY}\s+{_CLOCK}(?:\s+[RHSAD]{{1,5}})?"
_WFFTP = rf"(?P<name>\S(?:.*?\S)??)\s++{_SIZE}\s+{_DAY}\s+{_WEEKDAY}\s+{_CLOCK}"
_VXWORKS = rf"(?P<size>\d{{1,20}})\s+{_LONG_DAY}\s+{_CLOCK}\s+(?P<name>\S(?:.*?\S)??)(?P<folder>/|\s++<DIR>)?"  # VShell
_PCTCP = rf"{_SIZE}\s+(?P<name>\S+)\s+{_WEEKDAY}\s+{_NAMED}\s+(?P<day>\d\d?)\s+{_CLOCK}\s+(?P<year>\d{{4}})"
_DISTINCT = rf"(?:(?P<folder>d)|-)[-w][-a][-s][-h]\s+(?P<size>\d{{1,20}})\s+{_LONG_DAY}\s+{_CLOCK}\s+(?P<name>\S.*)"
_OS9 = (
    r"\d{1,5}\.\d{1,5}\s+(?P<year>\d\d)/(?P<month>\d\d)/(?P<day>\d\d)\s+(?P<hour>\d\d)(?P<minute>\d\d)\s+"
    r"(?:(?P<folder>d)|-)[-ewrs]{7}\s+[0-9A-Fa-f]+\s+(?P<size>\d{1,20})\s+(?P<name>\S.*)"
)
_FORMS = tuple(re.compile(rf"\s*+{form}\s*+") for form in (_SUPERTCP, _NEWT, _WFFTP, _VXWORKS, _PCTCP, _DISTINCT, _OS9))
_NUMBERS = re.compile(r"(0[0-7]{6})\s+\d+\s+\d+\s+(\d{1,20})\s+(\d{1,11})\s+(\S.*)")
_DATELESS = re.compile(rf"({MODE})[+@.]?\s+\d{{1,10}}\s+\S+\s+\S+\s+(\d{{1,20}})\s+(\S+)")
_TYPES: dict[int, Kind] = {stat.S_IFDIR: "dir", stat.S_IFLNK: "link", stat.S_IFREG: "file"}


def read_rare(line: str) -> FileEntry | None:
    """An entry, None where the line is none of these servers'."""
    match = next(filter(None, (form.fullmatch(line) for form in _FORMS)), None)
    if match is None:
        return _by_numbers(line) or _dateless(line)
    found = {name: value for name, value in match.groupdict().items() if value is not None}
    number = month(found["named"]) if "named" in found else int(found["month"])
    clock = [int(found.get(name, 0)) for name in ("hour", "minute", "second")]
    modified = None if number is None else moment(century(found["year"]), number, int(found["day"]), *clock)
    if modified is None:
        return None
    precision: Precision = "second" if "second" in found else "minute"
    kind: Kind = "dir" if "folder" in found else "file"
    return entry(line, found.get("long", found["name"]), kind, int(found.get("size", 0)), modified, precision)


def _by_numbers(line: str) -> FileEntry | None:
    """`0100644  500  101  12345  123456789  name`: a mode in octal digits, and seconds since 1970."""
    match = _NUMBERS.fullmatch(line)
    if match is None:
        return None
    modified = dt.datetime(1970, 1, 1, tzinfo=dt.UTC) + dt.timedelta(seconds=int(match[3]))
    mode = int(match[1], 8)
    kind = _TYPES.get(stat.S_IFMT(mode), "other")
    return entry(line, match[4], kind, int(match[2]), modified, "second", stat.filemode(mode))


def _dateless(line: str) -> FileEntry | None:
    """`drwxr-xr-x 3 owner group 512 name`; only a name of one word can be told from a date that is none."""
    match = _DATELESS.fullmatch(line)
    if match is None:
        return None
    return entry(line, match[3], KINDS.get(match[1][0], "other"), int(match[2]), None, None, match[1])
