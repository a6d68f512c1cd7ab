"""Listings of FTP servers: MLSD (RFC 3659 7), and what LIST gives, which no RFC says.

`families` has one reader for each kind of LIST line (Unix and its variants, DOS, EPLF, VMS, MVS, OS/400, NetWare, OS/2,
Unisys), `machine` the facts of MLSD. A line that is no entry is left out; a name that is no UTF-8 is read as Latin-1,
and its octets can be had from `raw`. Times without a zone are UTC; a time without a year lies in the last twelve
months.
"""

from __future__ import annotations

import datetime as dt

from nettools.parse.ftp_listing.families import read_line
from nettools.parse.ftp_listing.machine import parse_facts
from nettools.results import FileEntry

__all__ = ["parse_facts", "parse_listing"]


def _text(line: bytes, encoding: str) -> str:
    try:
        return line.decode(encoding)
    except (UnicodeDecodeError, LookupError):
        return line.decode("latin-1")


def parse_listing(
    data: bytes, *, mlsd: bool = False, encoding: str = "utf-8", today: dt.date | None = None
) -> tuple[FileEntry, ...]:
    """The entries of a listing, in order.

    Args:
        mlsd: it is the answer to MLSD (or a line of MLST), not to LIST.
        encoding: of names; those that do not fit it are read as Latin-1.
        today: what dates without a year are counted from; None is today, UTC.
    """
    day = today or dt.datetime.now(dt.UTC).date()
    entries = []
    pending = ""  # VMS breaks a line behind a long name
    for octets in data.split(b"\n"):
        line = _text(octets.rstrip(b"\r"), encoding)
        entry = parse_facts(line) if mlsd else read_line(pending + line, day)
        if entry is None and pending:
            entry = read_line(line, day)
        pending = line + " " if not mlsd and entry is None and line.rstrip().partition(";")[2].isdigit() else ""
        if entry is not None:
            entries.append(entry)
    return tuple(entries)
