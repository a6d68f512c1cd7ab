"""What is to be sent: a path, bytes, a binary file or an iterable of bytes, in blocks, from the middle if need be."""

from __future__ import annotations

import contextlib
import datetime as dt
import errno
import hashlib
import io
import os
import stat
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, BinaryIO, cast

from nettools.errors import FileError, NettoolsError, UnsupportedError, UsageError
from nettools.files.failure import file_error
from nettools.results import Digest, digest_of

__all__ = ["Source", "modified_of", "open_source"]


class Source:
    """What is to be sent: `read(n)`, `seek(offset)`, `size` (None: unknown until the end), `name`."""

    def __init__(self, file: BinaryIO, size: int | None, name: str, *, regular: bool = False) -> None:
        self._file, self.size, self.name = file, size, name
        self._regular = regular
        self._again: bytes | Path | None = None  # what can be digested later
        self._sha256 = hashlib.sha256()
        self._start = self._tell()

    def _tell(self) -> int | None:
        try:
            return self._file.tell() if self._file.seekable() else None
        except (OSError, AttributeError, ValueError):
            return None

    @property
    def seekable(self) -> bool:
        """Whether it can be read again."""
        return self._start is not None

    def read(self, size: int = 256 * 1024) -> bytes:
        """The next octets; b"" at the end."""
        try:
            data = self._file.read(size)
        except NettoolsError:
            raise
        except OSError as error:
            raise file_error(error, "read", self.name, reading=True) from error
        except Exception as error:
            raise FileError(f"cannot read {self.name}: {error}", exit_code=26, stage="local") from error
        if not isinstance(data, (bytes, bytearray, memoryview)):
            raise UsageError(f"a source gives bytes, not {type(data).__name__}", hint="open the file with 'rb'")
        return bytes(data)

    def __iter__(self) -> Iterator[bytes]:
        while block := self.read():
            if self._again is None:
                self._sha256.update(block)
            yield block

    def digest(self) -> Digest:
        """The SHA-256 of what was read from the beginning to the end, or what works it out."""
        return self._sha256.hexdigest() if self._again is None else digest_of(self._again)

    @property
    def descriptor(self) -> int | None:
        """Of a regular file that was opened here: what the system itself can send from; None for anything else."""
        return self._file.fileno() if self._regular else None

    @property
    def place(self) -> int:
        """Where in the file the next octet is."""
        return self._file.tell()

    def seek(self, offset: int) -> None:
        """Go on reading at this offset from where it began.

        Raises:
            UnsupportedError: it cannot be read again.
        """
        if self._start is None:
            raise UnsupportedError(f"{self.name} cannot be read from the middle", side="nettools")
        self._file.seek(self._start + offset)
        self._sha256 = hashlib.sha256()


class _Iterated(io.RawIOBase):
    """An iterable of bytes as a file."""

    def __init__(self, blocks: Iterable[bytes]) -> None:
        self._blocks, self._rest = iter(blocks), b""

    def readable(self) -> bool:
        return True

    def read(self, size: int = -1) -> bytes:
        while not self._rest:
            block = next(self._blocks, None)
            if block is None:
                return b""
            if not isinstance(block, (bytes, bytearray, memoryview)):
                raise UsageError(f"a source gives bytes, not {type(block).__name__}")
            self._rest = bytes(block)
        data, self._rest = (self._rest, b"") if size < 0 else (self._rest[:size], self._rest[size:])
        return data


@contextlib.contextmanager
def open_source(source: Any) -> Iterator[Source]:
    """A path, bytes, a binary file or an iterable of bytes, to be read.

    Raises:
        FileError: exit code 26; it is not there or cannot be read. UsageError: it is nothing of the kind.
    """
    if isinstance(source, (bytes, bytearray, memoryview)):
        opened = Source(io.BytesIO(source), len(source), "(bytes)")
        opened._again = bytes(source)
        yield opened
    elif isinstance(source, (str, os.PathLike)):
        path = Path(source)
        try:
            file = path.open("rb")
        except (OSError, ValueError) as error:  # ValueError: a NUL in its name
            failure = error if isinstance(error, OSError) else OSError(errno.EINVAL, str(error))
            raise file_error(failure, "read", path, reading=True) from error
        with file:
            status = os.fstat(file.fileno())
            size = status.st_size if stat.S_ISREG(status.st_mode) else None
            opened = Source(file, size, str(path), regular=size is not None)
            opened._again = None if size is None else path
            yield opened
    elif callable(getattr(source, "read", None)):
        yield Source(source, _size_left(source), str(getattr(source, "name", "(file)")))
    elif isinstance(source, Iterable):
        yield Source(cast("BinaryIO", _Iterated(source)), None, "(iterable)")
    else:
        raise UsageError(
            f"a source is a path, bytes, a binary file or an iterable of bytes, not {type(source).__name__}"
        )


def _size_left(file: Any) -> int | None:
    try:
        if not file.seekable():
            return None
        here = file.tell()
        end = file.seek(0, os.SEEK_END)
        file.seek(here)
        return int(end - here)
    except (OSError, AttributeError, ValueError):
        return None


def modified_of(newer_than: dt.datetime | str | os.PathLike[str]) -> dt.datetime | None:
    """The moment that `newer_than=` means: itself, or a file's time; None for a file that is not there."""
    if isinstance(newer_than, dt.datetime):
        return newer_than if newer_than.tzinfo else newer_than.astimezone()
    try:
        return dt.datetime.fromtimestamp(os.stat(os.fspath(newer_than)).st_mtime, dt.UTC)
    except FileNotFoundError:
        return None
    except (OSError, TypeError, ValueError) as error:
        raise UsageError("newer_than= is a datetime or the path of a file") from error
