"""A file being written beside its final name: `NAME.part`, locked, with a note of what it is a part of.

`NAME.part.json` holds the URL and what tells one version of the remote file from another, so that `resume` never joins
two versions. Neither is ever reached through a symbolic link. `publish` flushes to the disk and renames; into a folder
it never overwrites, but for a file that is being continued.
"""

from __future__ import annotations

import contextlib
import datetime as dt
import json
import os
import stat
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from nettools.errors import FileError
from nettools.files.names import numbered, safe_name

try:
    import fcntl
except ImportError:  # a system without it has no lock, and no other way to tell of a second writer
    fcntl = None  # type: ignore[assignment]

__all__ = ["Part", "Rest", "set_modified", "settle"]

_ASIDE = 0  # no link is followed, and no pipe that somebody put there is waited for
for _flag in ("O_NOFOLLOW", "O_NONBLOCK", "O_CLOEXEC", "O_BINARY"):
    _ASIDE |= getattr(os, _flag, 0)
_LONGEST_NOTE = 64 * 1024  # octets


def _open_aside(path: str, flags: int) -> int:
    return os.open(path, flags | _ASIDE)


def set_modified(path: Path, moment: dt.datetime) -> None:
    """Give a file this time of change."""
    with contextlib.suppress(OSError, OverflowError, ValueError):  # some file systems keep none
        seconds = moment.timestamp()
        os.utime(path, (seconds, seconds))


def settle(folder: Path) -> None:
    """Make renames into a folder last: on POSIX the folder has to be flushed too."""
    with contextlib.suppress(OSError):
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


class Rest:
    """What is here of a file: so many octets, since when, and the note that they came with (None: there is none)."""

    def __init__(self, size: int = 0, modified: float = 0.0, note: dict[str, Any] | None = None) -> None:
        self.size, self.modified, self.note = size, modified, note

    def may_be_of(self, size: int | None, modified: dt.datetime | None) -> bool:
        """Whether a file of this size and time may be what it is a part of.

        Without a note, what was changed there after it was written here is another version.
        """
        if not self.size or size is None or self.size > size:
            return False
        return self.note is not None or modified is None or modified.timestamp() <= self.modified + 2


class Part:
    """A file under way to `path`; `folder` is set where a folder was named, and `path` then may get a number."""

    def __init__(self, dest: str, name: str) -> None:
        path = Path(dest)
        self.folder: Path | None = None
        self.file: Any = None
        self._continues = False  # the final file, and not a part, is what is continued
        if os.path.isdir(dest) or dest.endswith(("/", os.sep)):
            self.folder = path
            self.path = path / safe_name(name)
        else:
            # a symbolic link is written through: what it points to is replaced, the link stays
            self.path = Path(os.path.realpath(path)) if os.path.islink(dest) else path
        self._rename(self.path)

    def _rename(self, path: Path) -> None:
        self.part = path.with_name(path.name + ".part")
        self.note = path.with_name(path.name + ".part.json")

    # -- what is here already

    def rest(self, url: str) -> Rest:
        """What there is to continue: the part, else the file itself."""
        with contextlib.suppress(OSError):
            status = os.lstat(self.part)
            if stat.S_ISREG(status.st_mode) and status.st_size:
                return Rest(status.st_size, status.st_mtime, self._read_note(url))
        with contextlib.suppress(OSError):
            status = os.stat(self.path)
            if stat.S_ISREG(status.st_mode):
                return Rest(status.st_size, status.st_mtime)
        return Rest()

    def _read_note(self, url: str) -> dict[str, Any] | None:
        try:
            with open(self.note, "rb", opener=_open_aside) as file:
                data = json.loads(file.read(_LONGEST_NOTE) or b"")
        except (OSError, ValueError, RecursionError):
            return None
        return data if isinstance(data, dict) and data.get("url", url) == url else {"url": "another"}

    def write_note(self, url: str, validator: Mapping[str, Any]) -> None:
        """Say what this is a part of."""
        text = json.dumps({"url": url, **validator}, default=str)
        with contextlib.suppress(OSError):
            flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | _ASIDE
            with os.fdopen(os.open(self.note, flags, 0o666), "w", encoding="utf-8") as file:
                file.write(text)

    # -- writing

    def open(self, offset: int) -> None:
        """Open, lock and cut to `offset`; octets of the final file that are to be continued are copied."""
        if self.folder is not None:
            self.folder.mkdir(parents=True, exist_ok=True)
        self._open(alone=bool(offset) and self.folder is None)
        if os.fstat(self.file.fileno()).st_size < offset:
            self._continues = True
            self._copy_final(offset)
        self.file.truncate(offset)
        self.file.seek(offset)

    def _open(self, *, alone: bool) -> None:
        """A part that another transfer is writing is left to it: this one gets the next number, unless it is `alone`
        what is to be continued.
        """
        for path in [self.path] if alone else numbered(self.path.parent, self.path.name):
            self._rename(path)
            self.file = os.fdopen(os.open(self.part, os.O_RDWR | os.O_CREAT | _ASIDE, 0o666), "r+b", buffering=0)
            if self._locked():
                return
            self.close()
        raise FileError(f"{self.part} is being written by another transfer", filename=str(self.part), stage="local")

    def _locked(self) -> bool:
        """Whether the part is ours alone now."""
        if fcntl is None:
            return True
        try:
            fcntl.flock(self.file.fileno(), fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            return False
        try:  # somebody may have finished with it, and renamed it, between our opening and locking it
            return os.path.samestat(os.fstat(self.file.fileno()), os.stat(self.part))
        except OSError:
            return False

    def _copy_final(self, offset: int) -> None:
        """The old file stays whole until the new one is."""
        self.file.truncate(0)
        self.file.seek(0)
        with self.path.open("rb") as old:
            left = offset
            while left and (block := old.read(min(left, 1 << 20))):
                self.write(block)
                left -= len(block)

    def read(self, size: int) -> Any:
        """From the beginning, block by block, so many octets."""
        self.file.seek(0)
        while size:
            block = self.file.read(min(size, 1 << 20))
            if not block:
                raise FileError(f"{self.part} is shorter than it was", filename=str(self.part), stage="local")
            yield block
            size -= len(block)

    def write(self, block: bytes | bytearray | memoryview) -> None:
        """All of it: unbuffered, a disk that is nearly full may take less at a time."""
        view = memoryview(block)
        while view:
            view = view[self.file.write(view) :]

    def close(self) -> None:
        """Let go of it; it stays where it is."""
        file, self.file = self.file, None
        if file is not None:
            with contextlib.suppress(OSError):
                file.close()

    def discard(self) -> None:
        """It is good for nothing, not even to be continued."""
        for path in (self.part, self.note):
            with contextlib.suppress(OSError):
                path.unlink(missing_ok=True)

    # -- the end

    def publish(self, modified: dt.datetime | None, *, settled: bool = True) -> None:
        """Flush it to the disk, and give it its name; `path` is what it is then.

        The name lasts once the folder is flushed too: several files into one folder do that together, with `settle`.
        """
        os.fsync(self.file.fileno())
        if modified is not None:
            set_modified(self.part, modified)
        if self.folder is None or self._continues:
            with contextlib.suppress(OSError):  # the new file keeps the permissions of the one it replaces
                os.chmod(self.part, stat.S_IMODE(os.stat(self.path).st_mode))
            os.replace(self.part, self.path)
        else:
            self.path = self._publish_beside(self.folder)
        self.note.unlink(missing_ok=True)
        if settled:
            self.settle()

    def settle(self) -> None:
        """Make the rename last."""
        settle(self.path.parent)

    def _publish_beside(self, folder: Path) -> Path:
        """The first free name of the folder; a link cannot overwrite, unlike a rename."""
        for path in numbered(folder, self.path.name):
            try:
                os.link(self.part, path)
            except FileExistsError:
                continue
            except OSError:  # a file system without links: take the name, then rename over it
                try:
                    os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o666))
                except FileExistsError:
                    continue
                os.replace(self.part, path)
                return path
            os.unlink(self.part)
            return path
        raise FileError(f"there is no free name for {self.path.name} in {folder}", filename=str(folder), stage="local")
