"""One reader for each kind of LIST line; `read_line` asks them in turn.

Each is an expression and what its groups mean. A line belongs to a family as a whole or not at all, so that the name,
which may hold anything, is what is left when everything before it is understood.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable
from typing import Literal

from nettools.results import FileEntry

__all__ = ["read_line"]

Kind = Literal["file", "dir", "link", "other"]
Precision = Literal["day", "minute", "second"]

_MONTHS: dict[str, int] = {}
for _names in (
    "jan feb mar apr may jun jul aug sep oct nov dec",
    "jan feb mär apr mai jun jul aug sep okt nov dez",
    "janv févr mars avr mai juin juil août sept oct nov déc",
    "ene feb mar abr may jun jul ago sep oct nov dic",
    "gen feb mar apr mag giu lug ago set ott nov dic",
    "jan feb mrt apr mei jun jul aug sep okt nov dec",
    "jan fev mar abr mai jun jul ago set out nov dez",
    "sty lut mar kwi maj cze lip sie wrz paź lis gru",
    "янв фев мар апр май июн июл авг сен окт ноя дек",
):
    for _number, _name in enumerate(_names.split(), 1):
        _MONTHS.setdefault(_name, _number)


def _month(text: str) -> int | None:
    word = text.lower().rstrip(".,")
    return _MONTHS.get(word) or _MONTHS.get(word[:3]) or _MONTHS.get(word[:4])


def _moment(year: int, month: int, day: int, hour: int = 0, minute: int = 0, second: int = 0) -> dt.datetime | None:
    try:
        return dt.datetime(year, month, day, hour, minute, second, tzinfo=dt.UTC)
    except ValueError:
        return None


def _recent(today: dt.date, month: int, day: int, hour: int = 0, minute: int = 0) -> dt.datetime | None:
    """A date without a year: the last such day, a day of time zones ahead allowed."""
    for year in (today.year + 1, today.year, today.year - 1, today.year - 2, today.year - 3):
        moment = _moment(year, month, day, hour, minute)
        if moment is not None and moment.date() <= today + dt.timedelta(days=1):
            return moment
    return None


def _century(year: str) -> int:
    return int(year) if len(year) > 2 else int(year) + (1900 if int(year) >= 70 else 2000)


def _entry(
    line: str,
    name: str,
    kind: Kind,
    size: int | None,
    modified: dt.datetime | None,
    precision: Precision | None,
    *,
    permissions: str | None = None,
    target: str | None = None,
) -> FileEntry | None:
    if not name or name in (".", ".."):
        return None
    return FileEntry(
        name=name,
        path=name,
        kind=kind,
        size=size if kind != "dir" else None,
        modified=modified,
        permissions=permissions,
        raw=line,
        target=target,
        precision=precision if modified is not None else None,
    )


# --- Unix

_MONTH = "(?i:" + "|".join(sorted(map(re.escape, _MONTHS), key=len, reverse=True)) + r")[^\W\d]{0,7}\.?"
_UNIX = re.compile(
    rf"""\s*([bcdlpsDSm-][-rwxsStTlLdDhHmM?]{{9,10}})([-+@.*]?)\s*   # mode
    (.*?)                                                      # links, owner, group: some leave one out
    (?<!\d)(\d+)(?:,\s*(\d+))?\s+                              # size, or major and minor number
    (?:
      (\d{{4}})-(\d\d)-(\d\d)(?:\s+(\d{{1,2}}):(\d\d)(?::(\d\d)(?:\.\d+)?)?(?:\s+[-+]\d{{4}})?)?   # ISO
    | ({_MONTH}),?\s+(\d{{1,2}}),?\s+(?:(\d{{1,2}}):(\d\d)(?::\d\d)?(?:\s+(\d{{4}}))?|(\d{{4}}))   # Mon dd hh:mm
    | (\d{{1,2}})\.?\s+({_MONTH})\s+(?:(\d{{1,2}}):(\d\d)(?::\d\d)?|(\d{{4}}))                # dd Mon hh:mm | yyyy
    | (\d{{1,2}})[月월]\s*(\d{{1,2}})[日일]?\s+(?:(\d{{1,2}}):(\d\d)|(\d{{4}})年?)              # CJK
    )\s(.*)""",
    re.VERBOSE | re.DOTALL,
)


def _unix_date(match: re.Match[str], today: dt.date) -> tuple[dt.datetime | None, Precision]:
    g = match.groups()
    if g[5]:
        hour, minute, second = (int(each or 0) for each in g[8:11])
        precision: Precision = "day" if g[8] is None else "minute" if g[10] is None else "second"
        return _moment(int(g[5]), int(g[6]), int(g[7]), hour, minute, second), precision
    if g[11]:
        month, day, clock, year = _month(g[11]), int(g[12]), (g[13], g[14]), g[15] or g[16]
    elif g[17]:
        month, day, clock, year = _month(g[18]), int(g[17]), (g[19], g[20]), g[21]
    else:
        month, day, clock, year = int(g[22]), int(g[23]), (g[24], g[25]), g[26]
    if month is None:
        return None, "day"
    hour, minute = (int(each or 0) for each in clock)
    if year:
        return _moment(int(year), month, day, hour, minute), "minute" if clock[0] else "day"
    return _recent(today, month, day, hour, minute), "minute"


def _unix(line: str, today: dt.date) -> FileEntry | None:
    match = _UNIX.fullmatch(line)
    if match is None:
        return None
    modified, precision = _unix_date(match, today)
    if modified is None:
        return None
    mode, name = match[1], match[len(match.groups())]
    kind: Kind = {"d": "dir", "D": "dir", "l": "link", "-": "file"}.get(mode[0], "other")  # type: ignore[assignment]
    target = None
    if kind == "link" and " -> " in name:
        name, _, target = name.partition(" -> ")
    size = None if match[5] is not None else int(match[4])
    return _entry(line, name, kind, size, modified, precision, permissions=mode, target=target)


_NETPRESENZ_FOLDER = re.compile(
    r"(d[rwx-]{9})\s+folder\s+\d+\s+([A-Za-z]{3})\s+(\d{1,2})\s+(?:(\d{1,2}):(\d\d)|(\d{4}))\s(.+)"
)


def _netpresenz(line: str, today: dt.date) -> FileEntry | None:
    match = _NETPRESENZ_FOLDER.fullmatch(line)
    month = _month(match[2]) if match is not None else None
    if match is None or month is None:
        return None
    if match[6]:
        return _entry(
            line, match[7], "dir", None, _moment(int(match[6]), month, int(match[3])), "day", permissions=match[1]
        )
    modified = _recent(today, month, int(match[3]), int(match[4]), int(match[5]))
    return _entry(line, match[7], "dir", None, modified, "minute", permissions=match[1])


_NETWARE = re.compile(
    r"([d-])\s*\[([A-Z -]{8})\]\s+(\S+)\s+(\d+)\s+([A-Za-z]{3})\s+(\d{1,2})\s+(?:(\d{1,2}):(\d\d)|(\d{4}))\s(.+)"
)
_UNISYS = re.compile(
    r"(-C--E-----FTP|[-D]-+\S*)\s+([A-Z])\s+(\S+)\s+(\d+)\s+(\d+)\s+([A-Za-z]{3})\s+(\d{1,2})\s+(?:(\d{1,2}):(\d\d)|(\d{4}))\s(.+)"
)


def _netware(line: str, today: dt.date) -> FileEntry | None:
    match = _NETWARE.fullmatch(line)
    month = _month(match[5]) if match is not None else None
    if match is None or month is None:
        return None
    day = int(match[6])
    modified = (
        _moment(int(match[9]), month, day) if match[9] else _recent(today, month, day, int(match[7]), int(match[8]))
    )
    kind: Kind = "dir" if match[1] == "d" else "file"
    return _entry(line, match[10], kind, int(match[4]), modified, "day" if match[9] else "minute", permissions=match[2])


def _unisys(line: str, today: dt.date) -> FileEntry | None:
    match = _UNISYS.fullmatch(line)
    month = _month(match[6]) if match is not None else None
    if match is None or month is None:
        return None
    day = int(match[7])
    modified = (
        _moment(int(match[10]), month, day) if match[10] else _recent(today, month, day, int(match[8]), int(match[9]))
    )
    return _entry(line, match[11], "file", int(match[5]), modified, "day" if match[10] else "minute")


# --- DOS, OS/2, OS/400

_DOS = re.compile(
    r"(\d{1,2})[-/.](\d{1,2})[-/.](\d{2}|\d{4})\s+(\d{1,2}):(\d\d)(?::\d\d)?\s*([AaPp][Mm]?)?\s+(<(?:DIR|JUNCTION|SYMLINKD?)>|[\d,.]+)(?:\s{10}|\s)\s*?(\S.*)"
)
_DOS_ISO = re.compile(r"(\d{4})-(\d\d)-(\d\d)\s+(\d{1,2}):(\d\d)(?::\d\d)?\s+(<DIR>|[\d,]+)\s+(.+)")


def _dos(line: str, today: dt.date) -> FileEntry | None:
    del today
    iso = _DOS_ISO.fullmatch(line.strip())
    if iso is not None:
        year, month, day, hour, minute = (int(iso[n]) for n in range(1, 6))
        what, name = iso[6], iso[7]
    else:
        match = _DOS.fullmatch(line.strip())
        if match is None:
            return None
        year, month, day = _century(match[3]), int(match[1]), int(match[2])
        hour, minute = int(match[4]), int(match[5])
        if match[6]:
            hour = hour % 12 + (12 if match[6][0].lower() == "p" else 0)
        what, name = match[7], match[8]
    modified = _moment(year, month, day, hour, minute)
    if modified is None:
        return None
    if what.startswith("<"):
        kind: Kind = "link" if "SYM" in what or "JUNC" in what else "dir"
        target = None
        found = re.fullmatch(r"(.+) \[(.+)\]", name)
        if kind == "link" and found is not None:
            name, target = found[1], found[2]
        return _entry(line, name, kind, None, modified, "minute", target=target)
    return _entry(line, name, "file", int(re.sub("[,.]", "", what)), modified, "minute")


_OS2 = re.compile(r"\s*(\d+)\s+((?:DIR|[A-Z]+)\s+)?(\d\d)-(\d\d)-(\d\d|\d{4})\s+(\d\d):(\d\d)\s+(\S.*)")


def _os2(line: str, today: dt.date) -> FileEntry | None:
    del today
    match = _OS2.fullmatch(line)
    if match is None:
        return None
    modified = _moment(_century(match[5]), int(match[3]), int(match[4]), int(match[6]), int(match[7]))
    kind: Kind = "dir" if (match[2] or "").strip() == "DIR" else "file"
    return None if modified is None else _entry(line, match[8], kind, int(match[1]), modified, "minute")


_OS400 = re.compile(r"(\S+)\s+(?:(\d+)\s+(\d\d)[/.](\d\d)[/.](\d\d)\s+(\d\d):(\d\d):(\d\d)\s+)?(\*[A-Z0-9]+)\s+(\S.*)")


def _os400(line: str, today: dt.date) -> FileEntry | None:
    del today
    match = _OS400.fullmatch(line)
    if match is None:
        return None
    modified = None
    if match[2]:
        parts = [int(match[n]) for n in range(3, 9)]
        modified = _moment(_century(match[3]), *parts[1:])
    kind: Kind = "dir" if match[9] in ("*DIR", "*LIB", "*FLR", "*DDIR") else "file"
    size = int(match[2]) if match[2] else None
    return _entry(line, match[10].rstrip("/"), kind, size, modified, "second")


# --- VMS, MVS, EPLF

_VMS = re.compile(
    r"(\S+?);(\d+)\s+(?:(\d+)(?:/\d+)?\s+)?(\d{1,2})-([A-Za-z]{3})-(\d{4})\s+(\d{1,2}):(\d\d)(?::(\d\d)(?:\.\d+)?)?(?:\s+\[.*)?(?:\s.*)?"
)


def _vms(line: str, today: dt.date) -> FileEntry | None:
    del today
    match = _VMS.fullmatch(line.strip())
    month = _month(match[5]) if match is not None else None
    if match is None or month is None:
        return None
    modified = _moment(int(match[6]), month, int(match[4]), int(match[7]), int(match[8]), int(match[9] or 0))
    name = match[1].rpartition("]")[2]
    folder = name.upper().endswith(".DIR")
    size = int(match[3]) * 512 if match[3] else None  # blocks of 512 octets
    precision: Precision = "second" if match[9] else "minute"
    return _entry(line, name[:-4] if folder else name, "dir" if folder else "file", size, modified, precision)


_MVS = re.compile(
    r"(\S+)\s+(\S+)\s+(\d{4})/(\d\d)/(\d\d)\s+(\d+)\s+(\d+|\?+|\++)\s+([A-Z]{1,4})\s+(\d+)\s+(\d+)\s+(P[OS]\S*|VS|DA|GDG)\s+(.+)"
)
_MEMBER = re.compile(
    r"(\S+)\s+(\d\d\.\d\d)\s+(\d{4})/(\d\d)/(\d\d)\s+(\d{4})/(\d\d)/(\d\d)\s+(\d\d):(\d\d)\s+(\d+)\s+(\d+)\s+(\d+)\s+(\S+)"
)
_MIGRATED = re.compile(r"(Migrated|ARCIVE|Not Mounted|VSAM).*?\s+(\S+)")


def _mvs(line: str, today: dt.date) -> FileEntry | None:
    del today
    match = _MVS.fullmatch(line.rstrip())
    if match is not None:
        modified = _moment(int(match[3]), int(match[4]), int(match[5]))
        kind: Kind = "dir" if match[11].startswith("PO") else "file"
        return _entry(line, match[12].strip("'"), kind, None, modified, "day")
    match = _MEMBER.fullmatch(line.rstrip())
    if match is not None:
        modified = _moment(*(int(match[n]) for n in range(6, 11)))
        return _entry(line, match[1], "file", None, modified, "minute")
    match = _MIGRATED.fullmatch(line.rstrip())
    return None if match is None else _entry(line, match[2].strip("'"), "file", None, None, None)


def _eplf(line: str, today: dt.date) -> FileEntry | None:
    """Easily Parsed LIST Format: `+facts,TABname`."""
    del today
    if not line.startswith("+") or "\t" not in line:
        return None
    facts_text, _, name = line[1:].partition("\t")
    facts = facts_text.split(",")
    size = next((int(fact[1:]) for fact in facts if fact.startswith("s") and fact[1:].isdigit()), None)
    stamp = next((int(fact[1:]) for fact in facts if fact.startswith("m") and fact[1:].isdigit()), None)
    modified = None
    if stamp is not None and stamp < 2**40:
        modified = dt.datetime(1970, 1, 1, tzinfo=dt.UTC) + dt.timedelta(seconds=stamp)
    mode = next((fact[2:] for fact in facts if fact.startswith("up")), None)
    return _entry(line, name, "dir" if "/" in facts else "file", size, modified, "second", permissions=mode)


_FAMILIES: tuple[Callable[[str, dt.date], FileEntry | None], ...] = (
    _eplf, _unix, _dos, _netpresenz, _netware, _unisys, _vms, _os2, _os400, _mvs,
)  # fmt: skip
_LONGEST = 8192  # characters of a line; a name has 255


def read_line(line: str, today: dt.date) -> FileEntry | None:
    """One line of LIST as an entry; None for what is none, such as `total 12`."""
    if not line.strip() or len(line) > _LONGEST:
        return None
    for read in _FAMILIES:
        entry = read(line, today)
        if entry is not None:
            return entry
    return None
