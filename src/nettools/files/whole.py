"""Files that are here whole: written atomically, or beside what there is."""

from __future__ import annotations

import fnmatch
import os
from collections.abc import Iterable
from pathlib import Path

from nettools.errors import UsageError
from nettools.files.destination import Destination

__all__ = ["save_all", "write_new", "write_whole"]


def write_whole(path: str | os.PathLike[str], data: bytes) -> Path:
    """Write a file atomically."""
    return _write(Destination(path), data)


def write_new(folder: str | os.PathLike[str], name: str, data: bytes) -> Path:
    """Write a new file into a folder; its name is made harmless, and numbered where it is taken."""
    return _write(Destination(os.fspath(folder) + "/", name=name), data)


def _write(destination: Destination, data: bytes) -> Path:
    with destination:
        destination.open()
        destination.write(data)
        done = destination.commit()
    assert done.path is not None
    return done.path


def save_all(
    files: Iterable[tuple[str, bytes]], folder: str | os.PathLike[str], *, pattern: str | None = None
) -> tuple[Path, ...]:
    """Write several files into a folder, those whose names match (case does not matter); never overwriting."""
    if not isinstance(pattern, str | None):
        raise UsageError(f"pattern= is a str or None, not {pattern!r}")
    wanted = None if pattern is None else pattern.lower()
    return tuple(
        write_new(folder, name, data)
        for name, data in files
        if wanted is None or fnmatch.fnmatchcase(name.lower(), wanted)
    )
