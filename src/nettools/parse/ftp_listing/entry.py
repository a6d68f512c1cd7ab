"""How a reader makes an entry: what all families have in common, and cheap, for a listing may have a million lines."""

from __future__ import annotations

import datetime as dt
from typing import Any, Literal

from nettools.results import FileEntry

__all__ = ["DOTS", "LONGEST", "Blank", "Kind", "Precision", "entry", "no_facts"]

LONGEST = 8192  # characters of a line that is looked at; a name has 255
DOTS = (".", "..")  # no entries of a folder, but itself and the one above

Kind = Literal["file", "dir", "link", "other"]
Precision = Literal["day", "minute", "second"]


class Blank(FileEntry):
    """A FileEntry that is still open: filled in by plain assignment, then sealed by becoming one.

    `__init__` of a frozen dataclass takes four times as long.
    """

    __slots__ = ()
    __setattr__ = object.__setattr__  # type: ignore[assignment]  # both of them, or neither is fast
    __delattr__ = object.__delattr__  # type: ignore[assignment]


def no_facts(field: str) -> dict[str, Any]:
    """What a LIST line leaves to be worked out: a mapping of its own, which hardly anybody asks for."""
    del field
    return {"facts": {}}


def entry(
    line: str,
    name: str,
    kind: Kind,
    size: int | None,
    modified: dt.datetime | None,
    precision: Precision | None,
    permissions: str | None = None,
    target: str | None = None,
) -> FileEntry | None:
    """An entry, None where the name is none (`.` and `..` are no entries of a folder)."""
    if not name or name in DOTS:
        return None
    return FileEntry(
        name=name,
        path=name,
        kind=kind,
        size=None if kind == "dir" else size,
        modified=modified,
        permissions=permissions,
        raw=line,
        target=target,
        precision=None if modified is None else precision,
    )
