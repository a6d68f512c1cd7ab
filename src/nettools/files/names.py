"""Names that came from elsewhere, made harmless: one component, no device, nothing hidden, never out of the folder."""

from __future__ import annotations

import contextlib
import itertools
import os
import re
import unicodedata
from collections.abc import Callable, Iterator
from pathlib import Path

from nettools.errors import FileError

__all__ = ["CaseClashes", "is_plain", "numbered", "occupied", "safe_name", "safe_path"]

_DEVICES = re.compile(r"(?i)(?:con|prn|aux|nul|com[0-9¹²³]|lpt[0-9¹²³]|conin\$|conout\$) *(?:\..*)?")
_HARMFUL = re.compile('[\x00-\x1f\x7f-\x9f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff\ud800-\udfff<>:"|?*]')
_OF_WINDOWS = re.compile('[<>:"|?*]')  # harmless elsewhere
_TRIES = 1000  # names that others take while we look
_LONGEST = 240  # octets of a name: most file systems take 255, and `.part.json` comes behind it


def is_plain(name: str) -> bool:
    """Whether it names something within a folder, and nothing else."""
    return name not in ("", ".", "..") and "/" not in name and "\0" not in name


def safe_name(name: str, default: str = "download") -> str:
    """A name that a server gave, made harmless: one component, no device, nothing hidden, at most 240 octets.

    >>> safe_name("../../etc/passwd"), safe_name("C:\\\\x\\\\con.txt"), safe_name(".bashrc")
    ('passwd', '_con.txt', '_bashrc')
    """
    name = unicodedata.normalize("NFC", name).replace("\\", "/").rstrip("/").rpartition("/")[2]
    name = _HARMFUL.sub("_", name).strip(" ").rstrip(". ")
    if name.startswith("."):
        name = "_" + name.lstrip(".")
    if not name.strip("_. "):
        name = default
    if _DEVICES.fullmatch(name):
        name = "_" + name
    octets = name.encode("utf-8")
    if len(octets) > _LONGEST:
        stem, dot, ending = name.rpartition(".")
        ending = dot + ending if stem and len(ending.encode()) <= 20 else ""
        name = octets[: _LONGEST - len(ending.encode())].decode("utf-8", "ignore") + ending
    return name


def safe_path(folder: Path, relative: str) -> Path:
    """Where a file of a mirrored tree belongs: below `folder`, whatever its name says and whatever links are there.

    Raises:
        FileError: a component is no plain name, or a long one; or a symbolic link on the way leads out of the folder.
    """
    for part in (relative if os.name == "nt" else _OF_WINDOWS.sub("_", relative)).split("/"):
        if part in ("", ".", "..") or "\\" in part or _HARMFUL.search(part) or _DEVICES.fullmatch(part):
            raise FileError(f"{relative!r} is no name for a file in {folder}", filename=relative, stage="local")
        if len(os.fsencode(part)) > _LONGEST:
            raise FileError(f"{relative!r} is too long for a name in {folder}", filename=relative, stage="local")
    path = folder
    for part in relative.split("/"):
        if path is not folder and os.path.islink(path) and not _is_within(path, folder):
            raise FileError(f"{relative!r} leads out of {folder} by a symbolic link", filename=relative, stage="local")
        path = path / part
    if os.path.islink(path):
        raise FileError(
            f"{relative!r} is a symbolic link in {folder}; it is left alone", filename=relative, stage="local"
        )
    return path


def _is_within(path: Path, folder: Path) -> bool:
    """Whether a path stays below a folder, wherever its links lead."""
    return Path(os.path.realpath(path)).is_relative_to(os.path.realpath(folder))


class CaseClashes:
    """Names of one tree that a file system which ignores case (or composes accents) would take for one another."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._seen: dict[str, str] = {}

    def check(self, relative: str) -> None:
        """Raise FileError where this name would overwrite another one of the tree."""
        key = unicodedata.normalize("NFC", relative).casefold()
        other = self._seen.setdefault(key, relative)
        if other != relative and self._one_and_the_same(other, relative):
            raise FileError(
                f"{relative!r} and {other!r} are one and the same in {self._folder}", filename=relative, stage="local"
            )

    def _one_and_the_same(self, one: str, other: str) -> bool:
        """Whether the file system says so; only what is there already can tell."""
        try:
            return (self._folder / one).samefile(self._folder / other)
        except OSError:
            return _ignores_case(self._folder)


def _ignores_case(folder: Path) -> bool:
    """Whether a folder can be reached by another spelling of its path."""
    path = next((each for each in (folder, *folder.parents) if each.exists()), folder)
    with contextlib.suppress(OSError):
        return path.samefile(Path(str(path.resolve()).swapcase()))
    return False


def occupied(folder: Path, name: str) -> Iterator[Path]:
    """What is there under the name itself, `x (1).ext`, `x (2).ext`, ..., up to the first that is free."""
    path = _numberer(folder, name)
    place = folder / name
    for number in itertools.count(1):
        if not os.path.lexists(place):
            return
        yield place
        place = path(number)


def _numberer(folder: Path, name: str) -> Callable[[int], Path]:
    stem, dot, ending = name.rpartition(".")
    if not stem:
        stem, dot, ending = name, "", ""
    return lambda number: folder / f"{stem} ({number}){dot}{ending}"


def numbered(folder: Path, name: str) -> Iterator[Path]:
    """The name itself, then `x (1).ext`, `x (2).ext`, ... from the first that is free, looked for by halves."""
    yield folder / name
    path = _numberer(folder, name)
    taken, free = 0, 1
    while os.path.lexists(path(free)):
        taken, free = free, free * 2
    while free - taken > 1:
        middle = (taken + free) // 2
        taken, free = (middle, free) if os.path.lexists(path(middle)) else (taken, middle)
    for number in range(free, free + _TRIES):
        yield path(number)
