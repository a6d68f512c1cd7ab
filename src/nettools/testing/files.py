"""The World's files: one tree in memory, served by HTTP, FTP and Gopher.

`files["pub/x"]` are octets, as in any mapping; folders are those of the paths, and those that were made on their own.
Knows no protocol.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, MutableMapping
from dataclasses import dataclass
from typing import Any

from nettools.testing.change import Change

__all__ = ["EPOCH", "File", "Files", "now"]

EPOCH = dt.datetime(2026, 1, 1, 12, 0, tzinfo=dt.UTC)  # when the World's first files were made


def now() -> dt.datetime:
    """The time as protocols tell it, without fractions of a second."""
    return dt.datetime.now(dt.UTC).replace(microsecond=0)


@dataclass(frozen=True, slots=True)
class File:
    """A file: octets and time of change."""

    data: bytes
    modified: dt.datetime = EPOCH


class Files(MutableMapping[str, bytes]):
    """One tree of files: `files["pub/x"]` are octets; folders are those of the paths, and those made on their own."""

    def __init__(self, change: Change) -> None:
        self._change = change
        self._files: dict[str, File] = {}
        self._folders: dict[str, dt.datetime] = {"": EPOCH}

    @staticmethod
    def path(name: str) -> str:
        """A path without leading, trailing or double slashes, `.` and `..` resolved; never above the root."""
        parts: list[str] = []
        for part in name.split("/"):
            if part == "..":
                del parts[-1:]
            elif part not in ("", "."):
                parts.append(part)
        return "/".join(parts)

    def __getitem__(self, name: str) -> bytes:
        return self._files[self.path(name)].data

    def __setitem__(self, name: str, data: bytes | str) -> None:
        if not isinstance(data, str | bytes | bytearray | memoryview):
            raise TypeError(f"a file is bytes or text, not {type(data).__name__}")
        self.put(name, data.encode() if isinstance(data, str) else data)

    def __delitem__(self, name: str) -> None:
        with self._change:
            del self._files[self.path(name)]

    def __iter__(self) -> Iterator[str]:
        return iter(sorted(self._files))

    def __len__(self) -> int:
        return len(self._files)

    def put(self, name: str, data: bytes, modified: dt.datetime | None = None) -> None:
        """Write a file; the folders of its path are made."""
        name = self.path(name)
        with self._change:
            self.make_folder(name.rpartition("/")[0])
            self._files[name] = File(bytes(data), modified or now())

    def file(self, name: str) -> File | None:
        """A file with its time, None where there is none."""
        return self._files.get(self.path(name))

    def modified(self, name: str) -> dt.datetime:
        """When a file was changed, or a folder made."""
        file = self.file(name)
        return file.modified if file is not None else self._folders[self.path(name)]

    def touch(self, name: str, modified: dt.datetime) -> None:
        """Set a file's time."""
        self.put(name, self[name], modified)

    def is_folder(self, name: str) -> bool:
        """Whether there is such a folder."""
        return self.path(name) in self._folders

    def blocked(self, name: str) -> bool:
        """Whether a file stands where a folder of this path would have to be."""
        parts = self.path(name).split("/")
        return any("/".join(parts[:end]) in self._files for end in range(1, len(parts)))

    def make_folder(self, name: str) -> None:
        """Make a folder and those above it."""
        parts = self.path(name).split("/")
        with self._change:
            for end in range(1, len(parts) + 1):
                self._folders.setdefault("/".join(parts[:end]), now())

    def remove_folder(self, name: str) -> None:
        """Remove an empty folder."""
        with self._change:
            del self._folders[self.path(name)]

    def rename(self, source: str, target: str) -> None:
        """Rename a file, or a folder with everything in it."""
        source, target = self.path(source), self.path(target)
        with self._change:
            self.make_folder(target.rpartition("/")[0])
            for table in (self._files, self._folders):
                items: dict[str, Any] = table
                for name in [each for each in items if each == source or each.startswith(f"{source}/")]:
                    items[target + name[len(source) :]] = items.pop(name)

    def children(self, name: str) -> list[tuple[str, File | None, dt.datetime]]:
        """What is in a folder: (name, File, or None for a folder, time), sorted."""
        prefix = f"{path}/" if (path := self.path(name)) else ""
        found: dict[str, tuple[str, File | None, dt.datetime]] = {}
        for each, file in self._files.items():
            rest = each.removeprefix(prefix)
            if each.startswith(prefix) and "/" not in rest:
                found[rest] = (rest, file, file.modified)
        for each, modified in self._folders.items():
            rest = each.removeprefix(prefix)
            if each.startswith(prefix) and rest and "/" not in rest:
                found[rest] = (rest, None, modified)
        return [found[each] for each in sorted(found)]
