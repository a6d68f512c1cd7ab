"""Listings of FTP servers: MLSD (RFC 3659 7), and what LIST gives, which no RFC says.

`unix`, `pc` and `host` have a reader for each kind of LIST line (Unix and its variants, NetPresenz; DOS, OS/2, NetWare;
VMS, MVS, VM/CMS, OS/400, Tandem, Unisys), `machine` reads what was made to be read: the facts of MLSD, and EPLF. A line
that is no entry is left out; a name that is no UTF-8 is read as Latin-1, and its octets can be had from `raw`. Times
without a zone are UTC; a time without a year lies in the last twelve months. Linear in the length, whatever is given.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable

from nettools.parse.ftp_listing.entry import LONGEST
from nettools.parse.ftp_listing.host import (
    read_member,
    read_mvs,
    read_os400,
    read_tandem,
    read_unisys,
    read_vm,
    read_vms,
)
from nettools.parse.ftp_listing.machine import parse_facts, read_eplf
from nettools.parse.ftp_listing.pc import read_dos, read_netware, read_os2
from nettools.parse.ftp_listing.unix import Unix, read_netpresenz
from nettools.results import FileEntry

__all__ = ["parse_facts", "parse_listing"]

FAMILIES: tuple[Callable[[str, Unix], FileEntry | None], ...] = (
    read_eplf, read_dos, read_netpresenz, read_netware, read_unisys, read_vms, read_os2, read_os400, read_vm,
    read_tandem, read_mvs,
)  # fmt: skip
MEMBERS = re.compile(r"\s*Name\s+(?:VV\.MM\s+Created|Size\s+TTR)\s.*")  # the headline of an MVS folder


def _text(line: bytes, encoding: str) -> str:
    try:
        return line.decode(encoding)
    except (UnicodeDecodeError, LookupError):
        return line.decode("latin-1")


def _lines(data: bytes, encoding: str) -> list[str]:
    """The lines as text; those that do not fit the encoding are Latin-1, each on its own."""
    try:
        text = data.decode(encoding)
    except (UnicodeDecodeError, LookupError):
        text = "\n".join(_text(line, encoding) for line in data.split(b"\n"))
    lines = text.split("\r\n")
    if text.count("\n") >= len(lines):  # not all have a CR
        lines = [line.removesuffix("\r") for line in text.split("\n")]
    if not lines[-1]:
        lines.pop()
    return lines


def parse_listing(
    data: bytes, *, mlsd: bool = False, encoding: str = "utf-8", today: dt.date | None = None
) -> tuple[FileEntry, ...]:
    """The entries of a listing, in order.

    Args:
        mlsd: it is the answer to MLSD (or a line of MLST), not to LIST.
        encoding: of names; those that do not fit it are read as Latin-1.
        today: what dates without a year are counted from; None is today, UTC.
    """
    lines = _lines(data, encoding)
    if mlsd:
        return tuple(filter(None, map(parse_facts, lines)))
    return tuple(_read(lines, Unix(today or dt.datetime.now(dt.UTC).date())))


def _read(lines: list[str], unix: Unix) -> list[FileEntry]:
    """Unix first, for nearly every server speaks it; the other families see what is none of it."""
    entries = list(map(unix.read, lines))
    if all(entries):
        return entries  # type: ignore[return-value]
    pending = ""  # VMS breaks a line behind a long name
    members = False  # behind the headline of an MVS folder a word alone is a member
    for place, line in enumerate(lines):
        if entries[place] is not None or not line or line.isspace() or len(line) > LONGEST:
            pending = ""
            continue
        entry = (_other(pending + line, unix) if pending else None) or _other(line, unix)
        if entry is None:
            members = members or MEMBERS.fullmatch(line) is not None
            entry = read_member(line) if members else None
        pending = f"{line} " if entry is None and line.rstrip().rpartition(";")[2].isdecimal() else ""
        entries[place] = entry
    return [entry for entry in entries if entry is not None]


def _other(line: str, unix: Unix) -> FileEntry | None:
    """One line of LIST that is not Unix's; None for what is no entry, such as `total 12`."""
    return next(filter(None, (read(line, unix) for read in FAMILIES)), None)
