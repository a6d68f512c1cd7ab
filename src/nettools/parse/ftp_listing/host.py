"""The families of hosts: VMS, MVS (data sets, members, jobs), VM/CMS, OS/400, Tandem, Unisys."""

from __future__ import annotations

import re

from nettools.parse.ftp_listing.dates import century, moment, month
from nettools.parse.ftp_listing.entry import Kind, Precision, entry
from nettools.parse.ftp_listing.unix import Unix
from nettools.results import FileEntry

__all__ = ["read_member", "read_mvs", "read_os400", "read_tandem", "read_unisys", "read_vm", "read_vms"]

_VMS = re.compile(
    r"(?P<name>\S.*?);\d{1,6}\s+(?:\[[^\]]*\]\s+)?"
    r"(?:(?P<blocks>\d{1,10})(?:/\d+)?\s+|(?P<size>\d{1,10})(?P<unit>[KMG])?B\s+|\*+\s+)?"
    r"(?P<day>\d{1,2})-(?P<month>\w{3,9})-(?P<year>\d{4}|\d\d)"
    r"(?:\s+(?P<hour>\d{1,2}):(?P<minute>\d\d)(?::(?P<second>\d\d)(?:\.\d+)?)?)?"
    r"(?:\s+(?P<behind>\d{1,10})/\d+)?(?:\s+[\[(].*|\s+\S+\s+\([^()]*\))?"
)
BLOCK = 512  # octets of a block of VMS
_UNITS = {None: 1, "K": 1 << 10, "M": 1 << 20, "G": 1 << 30}


def read_vms(line: str, unix: Unix) -> FileEntry | None:
    """`NAME.TYPE;3  12/15  2-JUN-1998 07:32:04  [GROUP,OWNER]  (RWED,RWED,RE,)`; sizes are in blocks.

    Some servers have the owner in front of the size, or the size behind the date, or the size in kilobytes.
    """
    del unix
    if ";" not in line:
        return None
    match = _VMS.fullmatch(line.strip())
    number = month(match["month"]) if match is not None else None
    if match is None or number is None:
        return None
    clock = [int(match[name] or 0) for name in ("hour", "minute", "second")]
    modified = moment(century(match["year"]), number, int(match["day"]), *clock)
    if modified is None:
        return None
    name = match["name"].rpartition("]")[2]
    folder = name.upper().endswith(".DIR")
    blocks = match["blocks"] or match["behind"]
    size = int(blocks) * BLOCK if blocks else int(match["size"]) * _UNITS[match["unit"]] if match["size"] else None
    precision: Precision = "second" if match["second"] else "minute" if match["hour"] else "day"
    kind: Kind = "dir" if folder else "file"
    return entry(line, name[:-4] if folder else name, kind, size, modified, precision)


_DATA_SET = re.compile(
    r"(\S+)\s+(\S+)\s+(?:(\d{4})/(\d\d)/(\d\d)|\*+NONE\*+)\s+(\d+)(?:\s+(\d+|\?+)|\s*\++)?\s+([A-Z]{1,4}|\?)\s+(\d+|\?+)\s+(\d+|\?+)\s+"
    r"(P[OS]\S*|VS|VSAM|DA|GDG|HFS|\?)\s+(\S+)"
)
_MEMBER = re.compile(
    r"\s*(\S+)\s+\d\d\.\d\d\s+\d{4}/\d\d/\d\d\s+(\d{4})/(\d\d)/(\d\d)\s+(\d\d):(\d\d)(?::(\d\d))?\s+\d+\s+\d+\s+\d+\s+\S+"
)
_NO_DETAILS = re.compile(
    r"(?:Migrated|VSAM|Error determining attributes|User catalog connector"
    r"|\S+ +(?:\S+ +)?(?:Tape|VSAM|Not Mounted|Not Direct Access Device|Error determining attributes))\s+(\S+)"
)
_PSEUDO = re.compile(r"Pseudo Directory\s+(\S+)")
_JOB = re.compile(r"(\S+)\s+(J(?:OB)?\d{4,8}|[ST](?:TC|SU)?\d{4,8})\s+(?:\S+\s+)?(INPUT|HELD|ACTIVE|OUTPUT)\b.*")


def read_mvs(line: str, unix: Unix) -> FileEntry | None:
    """A data set, a member with its statistics, a job of the JES queue; the sizes they tell are no octets."""
    del unix
    text = line.rstrip()
    match = _DATA_SET.fullmatch(text)
    if match is not None:
        modified = moment(int(match[3]), int(match[4]), int(match[5])) if match[3] else None
        kind: Kind = "dir" if match[11].startswith(("PO", "HFS")) else "file"
        return entry(line, match[12].strip("'"), kind, None, modified, "day")
    match = _MEMBER.fullmatch(text)
    if match is not None:
        modified = moment(*(int(match[n] or 0) for n in range(2, 8)))
        return entry(line, match[1], "file", None, modified, "second" if match[7] else "minute")
    match = _PSEUDO.fullmatch(text)
    if match is not None:
        return entry(line, match[1].strip("'"), "dir", None, None, None)
    match = _NO_DETAILS.fullmatch(text)
    if match is not None:
        return entry(line, match[1].strip("'"), "file", None, None, None)
    match = _JOB.fullmatch(text)
    return None if match is None else entry(line, match[2], "file", None, None, None)


_LOAD = re.compile(r"\s*([A-Z@#$][A-Z0-9@#$]{0,7})(?:\s+([0-9A-F]{6,8})\s+[0-9A-F]{6}\b.*)?\s*")


def read_member(line: str) -> FileEntry | None:
    """A member without statistics, or of a load library: only behind the headline of such a folder is it one."""
    match = _LOAD.fullmatch(line)
    if match is None:
        return None
    return entry(line, match[1], "file", int(match[2], 16) if match[2] else None, None, None)


_VM = re.compile(
    r"(\S+)\s+(\S+)\s+(?:([FV])\s+(\d{1,9})\s+(\d{1,9})\s+\d+|-\s+-\s+-\s+-|-\s+-\s+-)\s+"
    r"(?:(\d{4})-(\d\d)-(\d\d)|(\d{1,2})/(\d\d)/(\d{4}|\d\d))\s+(\d{1,2}):(\d\d):(\d\d)(?:\s+\S+)?"
)


def read_vm(line: str, unix: Unix) -> FileEntry | None:
    """`NAME TYPE F 80 12 1 1999-07-28 12:24:01 TCM191`: the size of fixed records is known, else it is not."""
    del unix
    match = _VM.fullmatch(line.strip())
    if match is None:
        return None
    day = [int(match[n]) for n in (6, 7, 8)] if match[6] else [century(match[11]), int(match[9]), int(match[10])]
    modified = moment(*day, *(int(match[n]) for n in (12, 13, 14)))
    if modified is None:
        return None
    if match[2] == "DIR" and match[3] is None:
        return entry(line, match[1], "dir", None, modified, "second")
    size = int(match[4]) * int(match[5]) if match[3] == "F" else None
    return entry(line, f"{match[1]}.{match[2]}", "file", size, modified, "second")


_OS400 = re.compile(
    r"(\S+)\s+(?:(\d{1,20})\s+(\d\d)([/.-])(\d\d)[/.-](\d\d)\s+(\d\d):(\d\d):(\d\d)\s+)?(\*[A-Z0-9]+)\s+(\S.*)"
)
_OS400_FOLDERS = ("*DIR", "*LIB", "*FLR", "*DDIR")


def read_os400(line: str, unix: Unix) -> FileEntry | None:
    """`OWNER  4019 04/03/18 18:58:16 *STMF  name`: year first, but where that is no date, or has full stops."""
    del unix
    match = _OS400.fullmatch(line)
    if match is None:
        return None
    modified = None
    if match[2]:
        first, middle, last = match[3], match[5], match[6]
        day = (last, middle, first) if match[4] == "." else (first, middle, last)
        if int(day[1]) > 12 or not 0 < int(day[2]) < 32:
            day = (last, middle, first) if int(first) > 12 else (last, first, middle)  # the European or American way
        modified = moment(century(day[0]), *map(int, day[1:]), *(int(match[n]) for n in (7, 8, 9)))
        if modified is None:
            return None
    name = match[11].rstrip("/ ")
    folder = match[10] in _OS400_FOLDERS or (match[10] == "*FILE" and not name.upper().endswith(".SAVF"))
    return entry(line, name, "dir" if folder else "file", int(match[2]) if match[2] else None, modified, "second")


_TANDEM = re.compile(
    r"(\S{1,8})\s+(?:[A-Z?*]{1,2}\s+)?(\d{1,6})[A-Z+]{0,2}\s+(\d{1,20})\s+(\d{1,2})-(\w{3,9})-(\d{4}|\d\d)\s+"
    r"(\d{1,2}):(\d\d)(?::(\d\d))?\s+(\d+, *\d+)\s+\"?([A-Za-z*-]{4})\"?"
)


def read_tandem(line: str, unix: Unix) -> FileEntry | None:
    """`LOGFILE  101  16354  18-Mar-98 18:48:38  244, 10 "NUNU"`, of a Guardian file system."""
    del unix
    match = _TANDEM.fullmatch(line.strip())
    number = month(match[5]) if match is not None else None
    if match is None or number is None:
        return None
    clock = [int(match[n] or 0) for n in (7, 8, 9)]
    modified = moment(century(match[6]), number, int(match[4]), *clock)
    if modified is None:
        return None
    return entry(line, match[1], "file", int(match[3]), modified, "second" if match[9] else "minute", match[11])


_UNISYS = re.compile(
    r"([-D][-A-Z]{9,14})\s+([A-Z])\s+(\S+)\s+(\d+)\s+(\d{1,20})\s+(\w{3,9})\s+(\d{1,2})\s+(\d{1,2}:\d\d|\d{4})\s(.+)"
)


def read_unisys(line: str, unix: Unix) -> FileEntry | None:
    """`-C--E-----FTP B QUA1I1  18128  41 Aug 12 13:56 QUADTEST`."""
    match = _UNISYS.fullmatch(line)
    if match is None:
        return None
    modified, precision = unix.date(match[6], match[7], match[8])
    return None if modified is None else entry(line, match[9], "file", int(match[5]), modified, precision, match[1])
