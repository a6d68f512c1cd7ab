"""How the FTP fake writes a folder down: lines of LIST as Unix or DOS has them, the facts of MLSD (RFC 3659 7)."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable, Collection

from nettools.testing.world import File

__all__ = ["FACTS", "LINES", "facts_of", "moment_of", "stamp"]

FACTS = ("type", "size", "modify", "perm", "unique")
YEAR_FROM = dt.timedelta(days=180)  # older files are listed with their year in place of the time


def stamp(moment: dt.datetime) -> str:
    """A time as MDTM, MFMT and MLSD have it."""
    return moment.astimezone(dt.UTC).strftime("%Y%m%d%H%M%S")


def moment_of(text: str) -> dt.datetime | None:
    """The time that MFMT gives, None where it is none."""
    try:
        moment = dt.datetime.strptime(text, "%Y%m%d%H%M%S").replace(tzinfo=dt.UTC)
    except ValueError:
        return None
    return moment if re.fullmatch("[0-9]{14}", text) else None


def _unix_line(name: str, file: File | None, modified: dt.datetime) -> str:
    mode, size = ("drwxr-xr-x", 4096) if file is None else ("-rw-r--r--", len(file.data))
    old = dt.datetime.now(dt.UTC) - modified > YEAR_FROM
    when = modified.strftime("%b %d  %Y" if old else "%b %d %H:%M")
    return f"{mode} 1 ftp ftp {size:>12} {when} {name}"


def _dos_line(name: str, file: File | None, modified: dt.datetime) -> str:
    size = "<DIR>         " if file is None else f"{len(file.data):>14}"
    return f"{modified:%m-%d-%y  %I:%M%p} {size:>20} {name}"


LINES: dict[str, Callable[[str, File | None, dt.datetime], str]] = {"unix": _unix_line, "dos": _dos_line}


def facts_of(
    path: str, file: File | None, modified: dt.datetime, kind: str, *, writable: bool, wanted: Collection[str]
) -> str:
    """`type=file;size=3;...;`, those that are wanted, in the order of FACTS; `kind` is the type of a folder."""
    values = {
        "type": kind if file is None else "file",
        "size": None if file is None else str(len(file.data)),
        "modify": stamp(modified),
        "perm": ("cdeflmp" if writable else "el") if file is None else ("adfrw" if writable else "r"),
        "unique": f"{abs(hash(path)):x}",
    }
    return "".join(f"{name}={values[name]};" for name in FACTS if name in wanted and values[name] is not None)
