"""Listings of FTP servers: MLSD (RFC 3659 7), and what LIST gives, which no RFC says.

`unix` reads the common line of Unix, for nearly every server has it; what it leaves is for `families`: its own variants
and NetPresenz (`odd`), DOS, OS/2, NetWare (`pc`), VMS, MVS, VM/CMS, OS/400, Tandem, Unisys (`host`), and the `rare`.
`machine` reads what was made to be read: the facts of MLSD, and EPLF. Each is imported when there is something for it.
A line that is no entry is left out; a name that is no UTF-8 is read as Latin-1, and its octets can be had from `raw`.
Times without a zone are UTC; a time without a year lies in the last twelve months. Linear in the length, whatever is
given.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterator

from nettools.parse.ftp_listing.unix import Unix
from nettools.parse.given import OCTETS, PIECE, Check, takes
from nettools.results import FileEntry

__all__ = ["parse_listing"]

_TOTAL = re.compile(r"total [0-9]{1,20}")  # the headline of `ls -l`


def _text(line: bytes, encoding: str) -> str:
    try:
        return line.decode(encoding)
    except (ValueError, LookupError):
        return line.decode("latin-1")


def _lines(data: bytes, encoding: str) -> list[str]:
    """The lines as text; those that do not fit the encoding are Latin-1, each on its own."""
    try:
        text = data.decode(encoding)
    except (ValueError, LookupError):
        text = "\n".join(_text(line, encoding) for line in data.split(b"\n"))
    lines = text.split("\r\n")
    if text.count("\n") >= len(lines):  # not all have a CR
        lines = [line.removesuffix("\r") for line in text.split("\n")]
    if not lines[-1]:
        lines.pop()
    return lines


def _pieces(lines: list[str], check: Check) -> Iterator[list[str]]:
    for place in range(0, len(lines), PIECE):
        check()
        yield lines[place : place + PIECE]


@takes(*OCTETS)
def parse_listing(
    data: bytes,
    *,
    mlsd: bool = False,
    encoding: str = "utf-8",
    today: dt.date | None = None,
    check: Check = bool,
) -> tuple[FileEntry, ...]:
    """The entries of a listing, in order.

    Args:
        mlsd: it is the answer to MLSD (or a line of MLST), not to LIST.
        encoding: of names; those that do not fit it are read as Latin-1.
        today: what dates without a year are counted from; None is today, UTC.
        check: called every now and then; what it raises ends the work.
    """
    lines = _lines(data, encoding)
    if mlsd:
        from nettools.parse.ftp_listing.machine import parse_facts

        return tuple(filter(None, (parse_facts(line) for piece in _pieces(lines, check) for line in piece)))
    if lines and _TOTAL.fullmatch(lines[0]):
        del lines[0]
    unix = Unix(today or dt.datetime.now(dt.UTC).date())
    entries = [entry for piece in _pieces(lines, check) for entry in unix.read(piece)]
    if not all(entries):
        from nettools.parse.ftp_listing.families import read_others

        read_others(lines, entries, unix, check)
    return tuple(filter(None, entries))
