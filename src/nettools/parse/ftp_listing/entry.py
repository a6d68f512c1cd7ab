"""How a reader makes an entry: what all families have in common, and cheap, for a listing may have a million lines."""

from __future__ import annotations

import datetime as dt
from typing import Any, Literal

from nettools.results import NO_META, FileEntry, Result

__all__ = ["DOTS", "LONGEST", "Kind", "Precision", "entry", "seal"]

LONGEST = 8192  # characters of a line that is looked at; a name has 255
DOTS = (".", "..")  # no entries of a folder, but itself and the one above

Kind = Literal["file", "dir", "link", "other"]
Precision = Literal["day", "minute", "second"]


class _Blank(Result):
    """A FileEntry that is still open: filled in by plain assignment, then sealed by becoming one.

    `__init__` of a frozen dataclass takes four times as long. The two classes have the same slots, or Python refuses.
    """

    __slots__ = tuple(FileEntry.__slots__)
    __setattr__ = object.__setattr__  # both of them, or neither is fast
    __delattr__ = object.__delattr__


_new = object.__new__


def seal(
    line: str,
    name: str,
    kind: Kind,
    size: int | None,
    modified: dt.datetime | None,
    precision: Precision | None,
    permissions: str | None,
    target: str | None,
) -> FileEntry:
    """An entry of what is known to be right."""
    blank: Any = _new(_Blank)
    blank.meta = NO_META
    blank.name = blank.path = name
    blank.kind = kind
    blank.size = size
    blank.modified = modified
    blank.permissions = permissions
    blank.raw = line
    blank.target = target
    blank.facts = {}
    blank.precision = precision
    blank.__class__ = FileEntry
    return blank  # type: ignore[no-any-return]


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
    size = None if kind == "dir" else size
    precision = None if modified is None else precision
    return seal(line, name, kind, size, modified, precision, permissions, target)
