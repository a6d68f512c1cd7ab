"""The families of LIST lines besides the common Unix line, asked one after another for what nobody has read yet."""

from __future__ import annotations

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
from nettools.parse.ftp_listing.machine import read_eplf
from nettools.parse.ftp_listing.odd import read_netpresenz, read_odd
from nettools.parse.ftp_listing.pc import read_dos, read_netware, read_os2
from nettools.parse.ftp_listing.unix import Unix
from nettools.parse.given import Check, checked
from nettools.results import FileEntry

__all__ = ["read_others"]

FAMILIES: tuple[Callable[[str, Unix], FileEntry | None], ...] = (
    read_eplf, read_dos, read_netpresenz, read_netware, read_unisys, read_vms, read_os2, read_os400, read_vm,
    read_tandem, read_mvs,
)  # fmt: skip
BROKEN = re.compile(r".*\S;\d{1,6}(?:\s++\d{1,10}(?:/\d{1,10})?)?+\s*+")  # a line of VMS without its date
MEMBERS = re.compile(r"\s*Name\s+(?:VV\.MM\s+Created|Size\s+TTR)\s.*")  # the headline of an MVS folder


def read_others(lines: list[str], entries: list[FileEntry | None], unix: Unix, check: Check = bool) -> None:
    """Fill in the entries of the lines that have none: first those of Unix in other shapes, the most frequent."""
    for place, line in enumerate(checked(lines, check)):
        entries[place] = entries[place] or read_odd(line, unix)
    pending = ""  # VMS breaks a line behind a long name, or in front of the date where the owner is long
    members = False  # behind the headline of an MVS folder a word alone is a member
    for place, line in enumerate(checked(lines, check)):
        if entries[place] is not None or not line or line.isspace() or len(line) > LONGEST:
            pending = ""
            continue
        rest = pending and ";" not in line.split(None, 1)[0]
        entry = (_other(pending + line, unix) if rest else None) or _other(line, unix)
        if entry is None:
            members = members or MEMBERS.fullmatch(line) is not None
            entry = read_member(line) if members else None
        pending = f"{line} " if entry is None and BROKEN.fullmatch(line) else ""
        entries[place] = entry


def _other(line: str, unix: Unix) -> FileEntry | None:
    """One line of LIST that is not Unix's; None for what is no entry, such as `total 12`."""
    entry = next(filter(None, (read(line, unix) for read in FAMILIES)), None)
    if entry is None:
        from nettools.parse.ftp_listing.rare import read_rare

        entry = read_rare(line)
    return entry
