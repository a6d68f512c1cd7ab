"""The families of personal computers: DOS and Windows (IIS, Windows CE, WFTPD in its DOS mode), OS/2, NetWare."""

from __future__ import annotations

import re

from nettools.parse.ftp_listing.dates import century, moment
from nettools.parse.ftp_listing.entry import Kind, Precision, entry
from nettools.parse.ftp_listing.unix import Unix
from nettools.results import FileEntry

__all__ = ["read_dos", "read_netware", "read_os2"]

_WHAT = r"(?P<what><(?:DIR|JUNCTION|SYMLINKD?)>|\d{1,20}|\d{1,3}(?:[,.' ]\d{3}){1,6})"
_CLOCK = r"(?P<hour>\d{1,2})[:.](?P<minute>\d\d)(?::(?P<second>\d\d))?(?:\s*+(?P<half>[AaPp][Mm]?(?:\.[Mm]\.)?))?"
_DOS = re.compile(
    rf"(?P<first>\d{{1,2}})(?P<mark>[-/.])(?P<middle>\d{{1,2}})(?P=mark)(?P<year>\d{{4}}|\d\d)\s+{_CLOCK}\s+{_WHAT}"
    r"(?:\s{10}|\s)\s*?(?P<name>\S.*)"
)
_DOS_ISO = re.compile(
    rf"(?P<year>\d{{4}})[-/.](?P<first>\d\d)[-/.](?P<middle>\d\d)\s+{_CLOCK}\s+{_WHAT}\s+(?P<name>\S.*)"
)


def read_dos(line: str, unix: Unix) -> FileEntry | None:
    """`12-03-96  06:38AM  <DIR>  name`: month first; day first with full stops, and where it can be nothing else."""
    del unix
    text = line.strip()
    if not text[:1].isdecimal():
        return None
    match = _DOS.fullmatch(text) or _DOS_ISO.fullmatch(text)
    if match is None:
        return None
    month, day, mark = int(match["first"]), int(match["middle"]), match.groupdict().get("mark")
    if mark == "." or (mark == "/" and month > 12):
        month, day = day, month
    hour = int(match["hour"])
    if match["half"]:
        hour = hour % 12 + (12 if match["half"][0] in "pP" else 0)
    modified = moment(century(match["year"]), month, day, hour, int(match["minute"]), int(match["second"] or 0))
    if modified is None:
        return None
    precision: Precision = "minute" if match["second"] is None else "second"
    what, name = match["what"], match["name"]
    if not what.startswith("<"):
        return entry(line, name, "file", int(re.sub(r"\D", "", what)), modified, precision)
    if what == "<DIR>":
        return entry(line, name, "dir", None, modified, precision)
    found = re.fullmatch(r"(.+) \[(.*)\]", name)
    name, target = (found[1], found[2]) if found is not None else (name, None)
    return entry(line, name, "link", None, modified, precision, target=target)


_OS2 = re.compile(r"\s*(\d{1,20})\s+((?:[A-Z]+\s+)*)(\d\d)[-/.](\d\d)[-/.](\d{4}|1?\d\d)\s+(\d{1,2}):(\d\d)\s+(\S.*)")


def read_os2(line: str, unix: Unix) -> FileEntry | None:
    """`0  DIR  05-12-97  16:52  name`."""
    del unix
    match = _OS2.fullmatch(line)
    if match is None:
        return None
    modified = moment(century(match[5]), int(match[3]), int(match[4]), int(match[6]), int(match[7]))
    kind: Kind = "dir" if "DIR" in match[2].split() else "file"
    return None if modified is None else entry(line, match[8], kind, int(match[1]), modified, "minute")


_NETWARE = re.compile(
    r"([d-])\s*(\[[A-Z -]{6,10}\])\s+(?:(?:\d+\s+)?(\S+)\s+)?(\d{1,20})\s+"
    r"(?:(\w{3,9})\s+(\d{1,2})|(\d{1,2})\s+(\w{3,9}))\s+(\d{1,2}:\d\d|\d{4})\s+(\S.*)"
)


def read_netware(line: str, unix: Unix) -> FileEntry | None:
    """`d [R----F--] supervisor  512  Jan 16 18:53  login`."""
    match = _NETWARE.fullmatch(line)
    if match is None:
        return None
    modified, precision = unix.date(match[5] or match[8], match[6] or match[7], match[9])
    if modified is None:
        return None
    kind: Kind = "dir" if match[1] == "d" else "file"
    return entry(line, match[10], kind, int(match[4]), modified, precision, match[2][1:-1])
