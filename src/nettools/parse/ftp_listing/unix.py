"""`ls -l` and what imitates it: Unix servers, IIS in its Unix mode, NetPresenz, hosted services, in many languages.

The common line (mode, links, owner, group, size, Mon dd time or year, name) is split at its blanks, its date looked up
among those already read; every other shape is `odd`'s.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Mapping
from typing import Any

from nettools.parse.ftp_listing.dates import moment, month, recent
from nettools.parse.ftp_listing.entry import DOTS, Blank, Kind, Precision, no_facts
from nettools.results import NO_META, FileEntry

__all__ = ["KINDS", "MODE", "Date", "Unix", "link"]

MODE = r"[abcdflpsDSm-](?:[r?-][w?-][-xsStTlLhHmM?]){3}"
KINDS: Mapping[str, Kind] = {"d": "dir", "l": "link", "-": "file", "f": "file", "a": "file"}  # a: Plan 9, D: a door
_MODE = re.compile(MODE)
_TIME_OR_YEAR = re.compile(r"([0-9]{1,2}):([0-9]{2})|([0-9]{4})")

Date = tuple[dt.datetime | None, Precision]


class Unix:
    """A reader of lines; keeps the modes, days and times that it has seen, for most lines share theirs with others."""

    def __init__(self, today: dt.date) -> None:
        self.today = today
        self._modes: dict[str, tuple[str, Kind | None]] = {}  # with the mode itself: all entries share one
        self._days: dict[tuple[str, str], dt.datetime] = {}  # of the last twelve months, at midnight
        self._clocks: dict[str, dt.timedelta | None] = {}  # None: it is a year
        self._dates: dict[tuple[str, str, str], dt.datetime] = {}

    def read(self, lines: list[str]) -> list[FileEntry | None]:
        """An entry a line, None where it is not the common line.

        A listing may have a million lines: what is asked for on every one has a name of this function's own.
        """
        modes, clocks, days, dates = self._modes, self._clocks, self._days, self._dates
        new = object.__new__
        entries: list[FileEntry | None] = []
        add = entries.append
        for line in lines:
            blank: Any = new(Blank)
            try:
                mode, _, _, _, size, mon, day, clock, name = line.split(None, 8)
                mode, kind = modes[mode]
                since = clocks[clock]
                blank.modified = dates[mon, day, clock] if since is None else days[mon, day] + since
                octets = int(size)
            except ValueError:  # not as many words, or no size
                add(None)
                continue
            except KeyError:  # the first of its kind
                add(self.read([line])[0] if self._learn(mode, mon, day, clock) else None)
                continue
            length = len(name)
            if kind is None or not size.isdecimal() or line[-length - 2] == " " or (length < 3 and name in DOTS):
                add(None)
                continue
            target = None
            if kind == "link":
                name, target = link(name, octets)
            blank.meta = NO_META
            blank.name = blank.path = name
            blank.kind = kind
            blank.size = None if kind == "dir" else octets
            blank.precision = "day" if since is None else "minute"
            blank.permissions = mode
            blank.raw = line
            blank.target = target
            blank._work_out = no_facts
            blank.__class__ = FileEntry
            add(blank)
        return entries

    def _learn(self, mode: str, mon: str, day: str, clock: str) -> bool:
        """Remember what these words mean; False where they are no date."""
        modified, precision = self.date(mon, day, clock)
        if modified is None:
            return False
        if mode not in self._modes:
            self._modes[mode] = mode, _kind(mode)
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
        return recent(self.today, number, int(day), int(found[1]), int(found[2])), "minute"


def _kind(mode: str) -> Kind | None:
    """What a mode is of; None where it is no mode, one with a mark of access lists behind it, or of a device."""
    match = _MODE.fullmatch(mode)
    return None if match is None else KINDS.get(mode[0])


def link(text: str, size: int | None) -> tuple[str, str | None]:
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
