"""Mail on the disk: a folder of .eml files, a Maildir, an mbox; what is there already is not brought again.

A store tells by UIDVALIDITY and UID what it holds, from the files alone: a Maildir by their names, an mbox by its
`From ` lines, a folder of .eml files (named UID.eml) by size and time of arrival or header, and where those leave a
doubt by the octets. Nothing else is kept, so a backup can be moved, and one that was interrupted goes on where it
stopped.

.eml files are the message's octets as they are; Maildir and mbox have the line ends that mail programs expect there,
and mbox lines that look like the beginning of a message are quoted (mboxrd). Knows no connection.
"""

from __future__ import annotations

import contextlib
import datetime as dt
import hashlib
import os
import re
import stat
import time
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import BinaryIO, NamedTuple, Protocol

from nettools.errors import UsageError
from nettools.files import Destination, file_error, safe_name
from nettools.files.names import occupied
from nettools.frozen import Frozen

__all__ = ["FORMATS", "Key", "MailStore", "Saved", "open_store"]

_BLOCK = 256 * 1024
_SEPARATOR = re.compile(rb"From nettools-(V\d+U\S+?)-S(\d+)@([0-9a-f]{12}) ")
_LETTERS = {"\\Draft": "D", "\\Flagged": "F", "\\Answered": "R", "\\Seen": "S", "\\Deleted": "T"}


class Key(Frozen):
    """What tells a message: its UID under a UIDVALIDITY (0 where there is none), and what is known of it besides."""

    uid: str
    uid_validity: int = 0
    size: int | None = None
    date: dt.datetime | None = None
    flags: tuple[str, ...] = ()
    head: bytes = b""  # what its octets begin with

    @property
    def name(self) -> str:
        """The identity, fit for a file's name."""
        return f"V{self.uid_validity}U{re.sub(r'[^A-Za-z0-9]', lambda found: f'%{ord(found[0]):02x}', self.uid)}"


class Saved(NamedTuple):
    """What became of a message: where it is, its octets, and whether it was there already."""

    uid: str
    path: Path
    size: int
    skipped: bool


class MailStore(Protocol):
    """Where messages are kept; `put` is whole or not at all."""

    def find(self, key: Key) -> Path | None:
        """Where a message is, None where it is not here, or more has to be known of it to tell."""

    def resembles(self, key: Key) -> bool:
        """Whether there is a message that only a date or a head could tell from this one."""

    def put(self, key: Key, octets: BinaryIO) -> Path:
        """Keep a message; `octets` is read from where it stands."""


def open_store(kind: str, path: str | os.PathLike[str], mailbox: str) -> MailStore:
    """A store of a format in `FORMATS`; `mailbox` is whose messages they are, for stores that hold several.

    Raises:
        UsageError: there is no such format. FileError: it cannot be written.
    """
    if kind not in FORMATS:
        raise UsageError(f"{kind!r} is no format of a mailbox", hint=", ".join(FORMATS))
    place, owner = Path(path), hashlib.sha256(mailbox.encode()).hexdigest()[:12]
    try:
        store: MailStore = FORMATS[kind](place, owner)
    except OSError as error:
        raise file_error(error, "write", place) from error
    return store


class EmlFolder:
    """A folder with a file for each message, UID.eml."""

    def __init__(self, path: Path, owner: str) -> None:
        del owner  # a file's name is the UID alone
        self._path = path
        path.mkdir(parents=True, exist_ok=True)

    def _name(self, key: Key) -> str:
        return safe_name(f"{key.uid}.eml")

    def _alike(self, key: Key) -> Iterator[tuple[Path, os.stat_result]]:
        """The files that have its name, or that name and a number."""
        for path in occupied(self._path, self._name(key)):
            with contextlib.suppress(OSError):
                status = path.stat()
                if stat.S_ISREG(status.st_mode):
                    yield path, status

    def find(self, key: Key) -> Path | None:
        for path, status in self._alike(key):
            if status.st_size != key.size:
                continue
            if key.date is not None and int(status.st_mtime) == int(key.date.timestamp()):
                return path
            if key.head and _begins(path, key.head):
                return path
        return None

    def resembles(self, key: Key) -> bool:
        return any(status.st_size == key.size for _, status in self._alike(key))

    def put(self, key: Key, octets: BinaryIO) -> Path:
        begin = octets.tell()
        for path, _ in self._alike(key):
            if _same(path, octets):
                return path
            octets.seek(begin)
        with Destination(f"{self._path}{os.sep}", name=self._name(key)) as destination:
            destination.open()
            while block := octets.read(_BLOCK):
                destination.write(block)
            done = destination.commit(modified=key.date)
        assert done.path is not None
        return done.path


def _begins(path: Path, head: bytes) -> bool:
    with contextlib.suppress(OSError), path.open("rb") as file:
        return file.read(len(head)) == head
    return False


def _same(path: Path, octets: BinaryIO) -> bool:
    with path.open("rb") as file:
        while (block := octets.read(_BLOCK)) == file.read(_BLOCK):
            if not block:
                return True
    return False


class Maildir:
    """A Maildir: written in `tmp`, flushed, and moved to `cur` with its flags."""

    def __init__(self, path: Path, owner: str) -> None:
        self._path, self._owner = path, owner
        for folder in ("cur", "new", "tmp"):
            (path / folder).mkdir(parents=True, exist_ok=True)
        self._known = {
            each.name.partition(":")[0].partition(".")[2]: each
            for folder in ("cur", "new")
            for each in (path / folder).iterdir()
        }

    def _unique(self, key: Key) -> str:
        return f"{key.name}.{self._owner}"

    def find(self, key: Key) -> Path | None:
        return self._known.get(self._unique(key))

    def resembles(self, key: Key) -> bool:
        del key  # names tell
        return False

    def put(self, key: Key, octets: BinaryIO) -> Path:
        unique = self._unique(key)
        name = f"{int(key.date.timestamp()) if key.date else 0}.{unique}"
        letters = "".join(sorted(letter for flag, letter in _LETTERS.items() if flag in key.flags))
        draft, final = self._path / "tmp" / name, self._path / "cur" / f"{name}:2,{letters}"
        try:
            with draft.open("wb") as file:
                file.writelines(_lines(octets))
                file.flush()
                os.fsync(file.fileno())
            os.rename(draft, final)
        except OSError as error:
            draft.unlink(missing_ok=True)
            raise file_error(error, "write", final) from error
        self._known[unique] = final
        return final


class Mbox:
    """One file. The line before a message tells its identity and size: one that was cut off is taken out again."""

    def __init__(self, path: Path, owner: str) -> None:
        self._path, self._owner = path, owner
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("ab"):
            pass
        self._known: set[bytes] = set()
        self._end = self._scan()
        os.truncate(path, self._end)

    def _scan(self) -> int:
        """Read whose messages are here; where the last whole one ends."""
        end = 0
        with self._path.open("rb") as file:
            while line := file.readline(_BLOCK):
                found = _SEPARATOR.match(line)
                if found is None:
                    end = file.tell()
                    continue
                begin = file.tell()
                after = begin + int(found[2])
                if after > os.fstat(file.fileno()).st_size:
                    return begin - len(line)
                if found[3] == self._owner.encode():
                    self._known.add(found[1])
                end = file.seek(after)
        return end

    def find(self, key: Key) -> Path | None:
        return self._path if key.name.encode() in self._known else None

    def resembles(self, key: Key) -> bool:
        del key  # its `From ` lines tell
        return False

    def put(self, key: Key, octets: BinaryIO) -> Path:
        moment = time.asctime(time.gmtime(key.date.timestamp() if key.date else 0))
        try:
            with self._path.open("r+b") as file:
                file.truncate(self._end)
                file.seek(self._end)
                size = sum(map(len, _quoted(_lines(octets)))) + 1
                octets.seek(0)
                file.write(f"From nettools-{key.name}-S{size}@{self._owner} {moment}\n".encode())
                file.writelines(_quoted(_lines(octets)))
                file.write(b"\n")
                file.flush()
                os.fsync(file.fileno())
                self._end = file.tell()
        except OSError as error:
            raise file_error(error, "write", self._path) from error
        self._known.add(key.name.encode())
        return self._path


def _lines(octets: BinaryIO) -> Iterator[bytes]:
    """Lines that end with LF, the last one too; of a long one pieces."""
    ended = True
    while line := octets.readline(_BLOCK):
        if line.endswith(b"\r"):  # cut between the two
            line += octets.read(1)
        ended = line.endswith(b"\n")
        yield line[:-2] + b"\n" if line.endswith(b"\r\n") else line
    if not ended:
        yield b"\n"


def _quoted(lines: Iterable[bytes]) -> Iterator[bytes]:
    """As mboxrd has it: a line that could begin a message gets a mark."""
    whole = True
    for line in lines:
        if whole and line.lstrip(b">").startswith(b"From "):
            yield b">"
        yield line
        whole = line.endswith(b"\n")


FORMATS: dict[str, type[EmlFolder] | type[Maildir] | type[Mbox]] = {"eml": EmlFolder, "maildir": Maildir, "mbox": Mbox}
