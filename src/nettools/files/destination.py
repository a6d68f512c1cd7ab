"""Where a transfer goes: a file that gets its name when it is whole, a binary file of the caller's, or memory."""

from __future__ import annotations

import datetime as dt
import hashlib
import os
import re
import stat
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, BinaryIO

from nettools.errors import (
    ChecksumError,
    DisconnectedError,
    FileError,
    IncompleteError,
    NettoolsError,
    TooLargeError,
    UnsupportedError,
    UsageError,
)
from nettools.files.failure import file_error
from nettools.files.part import Part, Rest
from nettools.results import Digest, Transfer, digest_of

__all__ = ["Destination", "check_octets", "parse_checksum"]

Dest = str | os.PathLike[str] | BinaryIO | None

CHEAP = 1024 * 1024  # octets that are digested on their way, which costs less than reading them again
_ALGORITHMS = {"md5": 32, "sha1": 40, "sha224": 56, "sha256": 64, "sha384": 96, "sha512": 128}


def parse_checksum(text: str) -> tuple[str, str]:
    """`"sha256:hex"` as (algorithm, hex)."""
    name, colon, digest = str(text).partition(":")
    name, digest = name.strip().lower().replace("-", ""), digest.strip().lower()
    if not colon or _ALGORITHMS.get(name) != len(digest) or not re.fullmatch("[0-9a-f]*", digest):
        raise UsageError(
            f"checksum= {text!r} is no checksum",
            hint="such as sha256: and 64 hex digits; also " + ", ".join(_ALGORITHMS),
        )
    return name, digest


def _compare(wanted: tuple[str, str], found: str) -> None:
    name, digest = wanted
    if found != digest:
        raise ChecksumError(
            f"the file has {name}:{found}, not {digest}", hint="it was damaged on the way, or is another version"
        )


def check_octets(wanted: tuple[str, str], octets: bytes) -> None:
    """See that octets in memory have a checksum.

    Raises:
        ChecksumError: they have another.
    """
    _compare(wanted, hashlib.new(wanted[0], octets, usedforsecurity=False).hexdigest())


class Destination:
    """Where a transfer goes, as a context manager: write, then `commit`; left without it, the old file is untouched.

    Args:
        dest: a path (replaced atomically; a device or pipe is written to), a folder (`name` made harmless, never
            overwriting), a binary file, or None to keep the octets in memory.
        name: what the server, or the URL, calls it. url: where it comes from.
        size: of the whole file, if it is known.
        resume: go on with `dest.part`, or with `dest` if that is shorter than the remote file, where the note beside
            the part, or nothing, says otherwise. None: this transfer cannot be gone on with.
        validator: what tells one version of the remote file from another (etag, last_modified, size, mdtm).
        checksum: "sha256:..."; max_size: octets (for None in memory 64 MiB unless given).
    """

    def __init__(
        self,
        dest: Dest,
        *,
        name: str = "",
        url: str = "",
        size: int | None = None,
        resume: bool | None = None,
        validator: Mapping[str, Any] | None = None,
        checksum: str | None = None,
        max_size: int | None = None,
    ) -> None:
        self._checksum = None if checksum is None else parse_checksum(checksum)
        self._max_size = max_size
        self.url = url
        self.size = size
        self.validator = dict(validator or {})
        self.offset = 0
        self.written = 0
        self._part: Part | None = None
        self._stream: Any = None  # a binary file of the caller's, or a device that was opened here
        self._opened: Any = None
        self._memory: list[bytes] | None = None
        self._committed = False
        self._poisoned = False
        self._path: Path | None = None
        if dest is None:
            self._memory = []
        elif hasattr(dest, "write"):
            self._stream = dest
        else:
            self._place(dest, name)
        self._resume = bool(resume) and self._part is not None
        self._resumable = resume is not None
        self._begin_digests()

    def _place(self, dest: Any, name: str) -> None:
        try:
            text = os.fspath(dest)
            text = os.fsdecode(text) if isinstance(text, bytes) else text
            mode = os.stat(text).st_mode if text else 0
        except TypeError:
            raise UsageError(
                f"dest= is a path, a binary file or None, not {type(dest).__name__}", hint="open the file with 'wb'"
            ) from None
        except ValueError as error:
            raise UsageError(f"dest= {text!r} is no path: {error}") from None
        except OSError:
            mode = 0  # it is not there yet
        if not text:
            raise UsageError("dest= is empty", hint='name a file, or "." for this folder')
        if mode and not (stat.S_ISREG(mode) or stat.S_ISDIR(mode)):
            self._path = Path(text)  # a device or a pipe has no name to be kept for later
        else:
            self._part = Part(text, name)

    def _begin_digests(self) -> None:
        """What is checked, what cannot be read again, and a small file is digested on its way; the rest when somebody
        asks.
        """
        algorithms = {self._checksum[0]} if self._checksum is not None else set()
        small = self._part is not None and self.size is not None and self.size <= CHEAP
        if small or (self._part is None and self._memory is None):
            algorithms.add("sha256")
        self._digests = {name: hashlib.new(name, usedforsecurity=False) for name in sorted(algorithms)}

    @property
    def path(self) -> Path | None:
        """The final name, None where there is none."""
        return self._part.path if self._part is not None else self._path

    # -- what is here already

    def rest(self) -> Rest:
        """With `resume`: what is here already."""
        return self._part.rest(self.url) if self._resume and self._part is not None else Rest()

    def found(self) -> tuple[int, dict[str, Any]]:
        """With `resume`: how many octets are here already, and the validator they came with."""
        rest = self.rest()
        return rest.size, rest.note or {}

    # -- opening

    def open(self, offset: int = 0) -> None:
        """Open for writing at an offset; 0 begins anew."""
        self._begin_digests()
        if self._part is not None:
            try:
                self._part.open(offset)
                for block in self._part.read(offset) if self._digests else ():
                    self._update(block)
                self._part.write_note(self.url, self.validator)
            except (OSError, ValueError) as error:
                raise self._failure(error, self._part.part) from error
        elif self._path is not None:
            try:
                self._stream = self._opened = self._path.open("wb", buffering=0)
            except OSError as error:
                raise file_error(error, "write", self._path) from error
        self.offset = self.written = offset

    @staticmethod
    def _failure(error: Exception, path: object) -> NettoolsError:
        if isinstance(error, NettoolsError):
            return error
        if isinstance(error, OSError):
            return file_error(error, "write", path)
        return FileError(f"cannot write {path}: {error}", stage="local")

    def restart(self) -> None:
        """Begin anew: the server has another version, or cannot continue."""
        self._begin_digests()
        if self._memory is not None:
            self._memory.clear()
        elif self._part is not None and self._part.file is not None:
            self._part.file.seek(0)
            self._part.file.truncate(0)
            self._part.write_note(self.url, self.validator)
        elif self._part is None and self.written:
            try:
                self._stream.seek(-self.written, os.SEEK_CUR)
                self._stream.truncate()
            except (OSError, AttributeError, ValueError) as error:
                raise UnsupportedError("what was written cannot be taken back", side="nettools") from error
        self.offset = self.written = 0

    # -- writing

    def expect(self, size: int | None) -> None:
        """The size of the whole, as soon as it is known: too much is refused before the first octet."""
        self.size = size
        if size is not None and self._max_size is not None and size > self._max_size:
            raise self._too_large(f"has {size} octets")

    def _too_large(self, what: str) -> TooLargeError:
        self._poisoned = True
        return TooLargeError.over(self._max_size, f"the file {what},")

    @property
    def descriptor(self) -> int | None:
        """Of the open file, where the system itself may write to it; then `wrote` is to be told how much."""
        if self._part is None or self._part.file is None or self._digests:
            return None
        return int(self._part.file.fileno())

    def wrote(self, count: int) -> None:
        """So many octets more have arrived."""
        self.written += count
        if self._max_size is not None and self.written > self._max_size:
            raise self._too_large(f"has {self.written} octets so far")

    def write(self, block: bytes | bytearray | memoryview) -> None:
        """The next octets."""
        self.wrote(len(block))
        self._update(block)
        try:
            if self._memory is not None:
                self._memory.append(bytes(block))
            elif self._part is not None:
                self._part.write(block)
            else:
                self._write_stream(block)
        except Exception as error:  # a file of the caller's may raise anything
            raise self._failure(
                error, self._part.part if self._part is not None else self._path or "the file"
            ) from error

    def _write_stream(self, block: bytes | bytearray | memoryview) -> None:
        view = memoryview(block)
        while view:  # a raw file may take less at a time; others tell nothing, or all
            count = self._stream.write(view)
            if not isinstance(count, int) or count >= len(view):
                return
            view = view[count:]

    def _update(self, block: Any) -> None:
        for digest in self._digests.values():
            digest.update(block)

    # -- the end

    def commit(self, *, modified: dt.datetime | None = None, keep_time: bool = True, settled: bool = True) -> Transfer:
        """Everything is here: check it, flush it to the disk, give it its name; unsettled, that lasts after `settle`.

        Raises:
            ChecksumError: it is not what was asked for; nothing is left.
        """
        self._check()
        try:
            if self._part is not None:
                self._part.publish(modified if keep_time else None, settled=settled)
            elif self._stream is not None and hasattr(self._stream, "flush"):
                self._stream.flush()
        except Exception as error:
            raise self._failure(error, self.path or "the file") from error
        self._committed = True
        data = b"".join(self._memory) if self._memory is not None else None
        return Transfer.moved(
            self._sha256(data),
            path=self.path,
            data=data,
            size=self.written,
            modified=modified,
            resumed_from=self.offset or None,
        )

    def settle(self) -> None:
        """Flush the folder, for all the files that were committed into it unsettled."""
        if self._part is not None:
            self._part.settle()

    def _check(self) -> None:
        if self._checksum is not None:
            try:
                _compare(self._checksum, self._digests[self._checksum[0]].hexdigest())
            except ChecksumError:
                self._poisoned = True
                raise

    def _sha256(self, data: bytes | None) -> Digest:
        if "sha256" in self._digests:
            return self._digests["sha256"].hexdigest()
        return digest_of(data if data is not None else self.path)

    def whole(self, modified: dt.datetime | None = None) -> Transfer:
        """With `resume`: nothing had to be transferred; a whole `.part` gets its name, a whole file stays as it is."""
        assert self._part is not None
        if self._part.part.exists():
            self.open(os.lstat(self._part.part).st_size)
            return self.commit(modified=modified)
        try:
            with self._part.path.open("rb") as file:
                while self._digests and (block := file.read(1 << 20)):
                    self._update(block)
                self.offset = self.written = os.fstat(file.fileno()).st_size
        except OSError as error:
            raise file_error(error, "read", self.path, reading=True) from error
        self._check()
        return Transfer.moved(
            self._sha256(None), path=self.path, size=self.written, modified=modified, resumed_from=self.written
        )

    def __enter__(self) -> Destination:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if self._opened is not None:
            self._opened.close()
        if self._part is None or self._part.file is None:
            return
        self._part.close()
        if self._committed:
            return
        if self._poisoned or not self.written:
            self._part.discard()
        elif self._resumable and isinstance(error, (IncompleteError, DisconnectedError)) and error.hint is None:
            error.hint = f"{self._part.part.name} is kept: resume=True, or -C, goes on with it"
