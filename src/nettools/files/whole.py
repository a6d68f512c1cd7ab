"""Files that are here whole: written atomically, or beside what there is."""

from __future__ import annotations

import contextlib
import fnmatch
import os
from collections.abc import Callable, Iterable
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

from nettools.errors import UsageError
from nettools.files.destination import Destination
from nettools.results import Transfer

if TYPE_CHECKING:
    from nettools.results import Attachment

__all__ = ["attachment_name", "matcher", "save_attachments", "write_new", "write_whole"]

_TOGETHER = 32  # files that are open at a time


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
        return _path(destination.commit())


def _path(done: Transfer) -> Path:
    assert done.path is not None
    return done.path


def matcher(pattern: str | None) -> Callable[[str], bool]:
    """Whether a name is wanted: one that matches the pattern, whatever its case; without a pattern, any."""
    if not isinstance(pattern, str | None):
        raise UsageError(f"pattern= is a str or None, not {pattern!r}")
    wanted = "*" if pattern is None else pattern.lower()
    return lambda name: fnmatch.fnmatchcase(name.lower(), wanted)


def attachment_name(name: str | None, place: int) -> str:
    """What an attachment is called here, the first of a message at place 1."""
    return name or f"part-{place}"


def save_attachments(
    attachments: Iterable[Attachment], folder: str | os.PathLike[str], wanted: Callable[[str], bool]
) -> tuple[Path, ...]:
    """Write the attachments of a message that are wanted into a folder; never overwriting."""
    named = ((attachment_name(each.name, place), each.data) for place, each in enumerate(attachments, 1))
    chosen = ((name, data) for name, data in named if wanted(name))
    saved: list[Path] = []
    while batch := tuple(islice(chosen, _TOGETHER)):
        saved += _write_together(batch, folder)
    return tuple(saved)


def _write_together(files: Iterable[tuple[str, bytes]], folder: str | os.PathLike[str]) -> list[Path]:
    """All are written before the first is flushed, and the folder is flushed once: together that costs about as one."""
    whole: list[Destination] = []
    with contextlib.ExitStack() as stack:
        try:
            for name, data in files:
                destination = stack.enter_context(Destination(os.fspath(folder) + "/", name=name))
                destination.open()
                destination.write(data)
                whole.append(destination)
        finally:  # what is whole is kept, though there may be no room for the next
            paths = [_path(destination.commit(settled=False)) for destination in whole]
            if whole:
                whole[-1].settle()
    return paths
