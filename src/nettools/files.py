"""Local files: names made harmless, sources to read, and one way to write a file so that nothing is lost.

A download goes to `NAME.part` with a note of what it is a part of (`NAME.part.json`); when it is whole and its checksum
right it is flushed to the disk and renamed. Until then the old file is untouched; interrupted, the part stays for
`resume`. Knows no protocol and no socket; its errors are `FileError`s (exit code 26 to read, 23 to write).
"""

from __future__ import annotations

import contextlib
import datetime as dt
import errno
import fnmatch
import hashlib
import io
import json
import os
import re
import stat
import unicodedata
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, BinaryIO, cast

from nettools.errors import (
    ChecksumError,
    FileError,
    NettoolsError,
    TooLargeError,
    UnsupportedError,
    UsageError,
)
from nettools.results import Transfer

try:
    import fcntl
except ImportError:  # a system without it has no lock, and no other way to tell of a second writer
    fcntl = None  # type: ignore[assignment]

__all__ = [
    "Destination",
    "Source",
    "modified_of",
    "open_source",
    "parse_checksum",
    "safe_name",
    "safe_path",
    "save_all",
    "set_modified",
    "write_new",
    "write_whole",
]

Dest = str | os.PathLike[str] | BinaryIO | None

_DEVICES = re.compile(r"(?i)(?:con|prn|aux|nul|com[0-9¹²³]|lpt[0-9¹²³]|conin\$|conout\$)(?:\..*)?")
_HARMFUL = re.compile('[\x00-\x1f\x7f-\x9f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff\ud800-\udfff<>:"|?*]')
_LONGEST = 240  # octets of a name: most file systems take 255, and `.part.json` comes behind it


def file_error(error: OSError, what: str, path: object, *, reading: bool = False) -> FileError:
    """An OSError on a local file in nettools' terms."""
    reason = (error.strerror or str(error)).lower()
    hint = (
        "make room, and go on with resume=True or -C"
        if error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
        else None
    )
    return FileError(
        f"cannot {what} {path}: {reason}",
        errno=error.errno,
        filename=os.fspath(cast("Any", path)) if isinstance(path, (str, os.PathLike)) else None,
        exit_code=26 if reading else 23,
        hint=hint,
        stage="local",
    )


# --- names


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
    """Where a file of a mirrored tree belongs: below `folder`, whatever the name says and whatever links are in the
    way.

    Raises:
        FileError: a component is no plain name, or a symbolic link on the way leads out of the folder.
    """
    path = folder
    for part in relative.split("/"):
        if (
            part in ("", ".", "..")
            or "\\" in part
            or "\0" in part
            or _HARMFUL.sub("", part) != part
            or _DEVICES.fullmatch(part)
        ):
            raise FileError(f"{relative!r} is no name for a file in {folder}", filename=relative, stage="local")
        path = path / part
    root = folder.resolve()
    inside = path.parent
    with contextlib.suppress(OSError):
        resolved = inside.resolve()
        if resolved != root and root not in resolved.parents:
            raise FileError(f"{relative!r} leads out of {folder} by a symbolic link", filename=relative, stage="local")
    if path.is_symlink():
        raise FileError(
            f"{relative!r} is a symbolic link in {folder}; it is left alone", filename=relative, stage="local"
        )
    return path


def _numbered(folder: Path, name: str) -> Iterator[Path]:
    """The name itself, then `x (1).ext`, `x (2).ext`, ..."""
    yield folder / name
    stem, dot, ending = name.rpartition(".")
    if not stem:
        stem, dot, ending = name, "", ""
    for number in range(1, 100_000):
        yield folder / f"{stem} ({number}){dot}{ending}"


# --- reading


class Source:
    """What is to be sent: `read(n)`, `seek(offset)`, `size` (None: unknown until the end), `name`."""

    def __init__(self, file: BinaryIO, size: int | None, name: str, close: bool) -> None:
        self._file, self.size, self.name, self._close = file, size, name, close
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
        except OSError as error:
            raise file_error(error, "read", self.name, reading=True) from error
        if not isinstance(data, (bytes, bytearray, memoryview)):
            raise UsageError(f"a source gives bytes, not {type(data).__name__}", hint="open the file with 'rb'")
        return bytes(data)

    def __iter__(self) -> Iterator[bytes]:
        while block := self.read():
            yield block

    def seek(self, offset: int) -> None:
        """Go on reading at this offset from where it began.

        Raises:
            UnsupportedError: it cannot be read again.
        """
        if self._start is None:
            raise UnsupportedError(f"{self.name} cannot be read from the middle", side="nettools")
        self._file.seek(self._start + offset)


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
        yield Source(io.BytesIO(source), len(source), "(bytes)", close=False)
    elif isinstance(source, (str, os.PathLike)):
        path = Path(source)
        try:
            file = path.open("rb")
        except OSError as error:
            raise file_error(error, "read", path, reading=True) from error
        with file:
            status = os.fstat(file.fileno())
            size = status.st_size if stat.S_ISREG(status.st_mode) else None
            yield Source(file, size, str(path), close=True)
    elif callable(getattr(source, "read", None)):
        yield Source(source, _size_left(source), str(getattr(source, "name", "(file)")), close=False)
    elif isinstance(source, Iterable):
        yield Source(cast("BinaryIO", _Iterated(source)), None, "(iterable)", close=False)
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
        return dt.datetime.fromtimestamp(os.stat(newer_than).st_mtime, dt.UTC)
    except FileNotFoundError:
        return None
    except (OSError, TypeError) as error:
        raise UsageError("newer_than= is a datetime or the path of a file") from error


# --- checksums and times

_ALGORITHMS = {"md5": 32, "sha1": 40, "sha224": 56, "sha256": 64, "sha384": 96, "sha512": 128}


def parse_checksum(text: str | None) -> tuple[str, str] | None:
    """`"sha256:hex"` as (algorithm, hex)."""
    if text is None:
        return None
    name, colon, digest = str(text).partition(":")
    name, digest = name.strip().lower().replace("-", ""), digest.strip().lower()
    if not colon or _ALGORITHMS.get(name) != len(digest) or not re.fullmatch("[0-9a-f]*", digest):
        raise UsageError(
            f"checksum= {text!r} is no checksum",
            hint="such as sha256: and 64 hex digits; also " + ", ".join(_ALGORITHMS),
        )
    return name, digest


def set_modified(path: Path, moment: dt.datetime) -> None:
    """Give a file this time of change."""
    with contextlib.suppress(OSError, OverflowError, ValueError):  # some file systems keep none
        seconds = moment.timestamp()
        os.utime(path, (seconds, seconds))


# --- writing


class Destination:
    """Where a transfer goes, as a context manager: write, then `commit`; left without it, the old file is untouched.

    Args:
        dest: a path (replaced atomically), a folder (`name` made harmless, never overwriting), a binary file, or None
            to keep the octets in memory.
        name: what the server, or the URL, calls it. size: of the whole file, if it is known.
        resume: go on with `dest.part`, or with `dest` if that is shorter than the remote file, where the note beside
            the part, or nothing, says otherwise.
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
        resume: bool = False,
        validator: Mapping[str, Any] | None = None,
        checksum: str | None = None,
        max_size: int | None = None,
    ) -> None:
        self._checksum = parse_checksum(checksum)
        self._sha256 = hashlib.sha256()
        self._digest = None if self._checksum is None else hashlib.new(self._checksum[0], usedforsecurity=False)
        self._max_size = max_size
        self.url = url
        self.size = size
        self.validator = dict(validator or {})
        self.offset = 0
        self.written = 0
        self.path: Path | None = None
        self.complete = False  # `resume` found that everything is here already
        self._folder: Path | None = None
        self._part: Path | None = None
        self._file: Any = None
        self._memory: list[bytes] | None = None
        self._committed = False
        self._poisoned = False
        if dest is None:
            self._memory = []
        elif hasattr(dest, "write"):
            self._file = dest
        else:
            self._place(dest, name)
        self._resume = resume and self._part is not None

    def _place(self, dest: Any, name: str) -> None:
        text = os.fspath(dest)
        path = Path(text)
        if path.is_dir() or text.endswith(("/", os.sep)):
            self._folder = path
            self.path = path / safe_name(name)
        else:
            # a symbolic link is written through: what it points to is replaced, the link stays
            self.path = Path(os.path.realpath(path)) if path.is_symlink() else path
        self._part = self.path.with_name(self.path.name + ".part")

    # -- what is here already

    def found(self) -> tuple[int, dict[str, Any]]:
        """With `resume`: how many octets are here already, and the validator they came with."""
        if not self._resume or self._part is None or self.path is None:
            return 0, {}
        try:
            status = os.lstat(self._part)
            if stat.S_ISREG(status.st_mode) and status.st_size:
                return status.st_size, self._read_note()
        except OSError:
            pass
        try:
            status = os.stat(self.path)
        except OSError:
            return 0, {}
        return (status.st_size, {}) if stat.S_ISREG(status.st_mode) else (0, {})

    def _note(self) -> Path:
        assert self._part is not None
        return self._part.with_name(self._part.name + ".json")

    def _read_note(self) -> dict[str, Any]:
        try:
            data = json.loads(self._note().read_text("utf-8"))
        except (OSError, ValueError):
            return {}
        return data if isinstance(data, dict) and data.get("url", self.url) == self.url else {"url": "another"}

    # -- opening

    def open(self, offset: int = 0) -> None:
        """Open for writing at an offset; 0 begins anew. What is before it is read for the digests."""
        if self._part is None or self.path is None:
            self.offset = self.written = offset
            return
        try:
            if self._folder is not None:
                self._folder.mkdir(parents=True, exist_ok=True)
            self._take_over(offset)
            self._open_part()
            if offset:
                self._digest_part(offset)
            self._file.truncate(offset)
            self._file.seek(offset)
            self._write_note()
        except OSError as error:
            if isinstance(error, NettoolsError):
                raise
            raise file_error(error, "write", self._part) from error
        self.offset = self.written = offset

    def _open_part(self) -> None:
        """Open and lock the part; in a folder, a part that another transfer is writing gets the next number."""
        flags = os.O_RDWR | os.O_CREAT | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_CLOEXEC", 0)
        assert self.path is not None
        places = [self.path] if self._folder is None else _numbered(self._folder, self.path.name)
        for path in places:
            self._part = path.with_name(path.name + ".part")
            self._file = os.fdopen(os.open(self._part, flags, 0o666), "r+b", buffering=0)
            if self._locked():
                return
            self._file.close()
            self._file = None
        raise FileError(f"{self._part} is being written by another transfer", filename=str(self._part), stage="local")

    def _take_over(self, offset: int) -> None:
        """Where a shorter final file is to be continued, copy its octets to the part: the old file stays whole."""
        assert self._part is not None
        assert self.path is not None
        if not offset or (self._part.exists() and os.lstat(self._part).st_size >= offset):
            return
        with self.path.open("rb") as old, self._part.open("wb") as part:
            left = offset
            while left and (block := old.read(min(left, 1 << 20))):
                part.write(block)
                left -= len(block)

    def _locked(self) -> bool:
        """Whether the part is ours alone now."""
        if fcntl is None:
            return True
        try:
            fcntl.flock(self._file.fileno(), fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            return False
        try:  # somebody may have finished with it, and renamed it, between our opening and locking it
            return self._part is not None and os.path.samestat(os.fstat(self._file.fileno()), os.stat(self._part))
        except OSError:
            return False

    def _digest_part(self, offset: int) -> None:
        left = offset
        self._file.seek(0)
        while left:
            block = self._file.read(min(left, 1 << 20))
            if not block:
                raise FileError(f"{self._part} is shorter than it was", filename=str(self._part), stage="local")
            self._update(block)
            left -= len(block)

    def _update(self, block: Any) -> None:
        self._sha256.update(block)
        if self._digest is not None:
            self._digest.update(block)

    def _write_note(self) -> None:
        with contextlib.suppress(OSError):
            self._note().write_text(json.dumps({"url": self.url, **self.validator}, default=str), "utf-8")

    def restart(self) -> None:
        """Begin anew: the server has another version, or cannot continue."""
        self._sha256 = hashlib.sha256()
        if self._checksum is not None:
            self._digest = hashlib.new(self._checksum[0], usedforsecurity=False)
        if self._memory is not None:
            self._memory.clear()
        elif self._part is not None and self._file is not None:
            self._file.seek(0)
            self._file.truncate(0)
            self._write_note()
        elif self._part is None and self.written:
            try:
                self._file.seek(-self.written, os.SEEK_CUR)
                self._file.truncate()
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
        return TooLargeError(
            f"the file {what}, more than max_size={self._max_size}", hint="allow more with max_size= or --max-size"
        )

    def write(self, block: bytes | bytearray | memoryview) -> None:
        """The next octets."""
        self.written += len(block)
        if self._max_size is not None and self.written > self._max_size:
            raise self._too_large("has more octets")
        self._update(block)
        if self._memory is not None:
            self._memory.append(bytes(block))
            return
        try:
            if self._part is None:
                self._file.write(block)
                return
            view = memoryview(block)
            while view:  # unbuffered: a full disk may take a part of it
                view = view[self._file.write(view) :]
        except OSError as error:
            if isinstance(error, NettoolsError):
                raise
            raise file_error(error, "write", self._part or "the file") from error

    # -- the end

    def commit(self, *, modified: dt.datetime | None = None, keep_time: bool = True) -> Transfer:
        """Everything is here: check it, flush it to the disk, give it its name.

        Raises:
            ChecksumError: it is not what was asked for; nothing is left.
        """
        if self._checksum is not None and self._digest is not None and self._digest.hexdigest() != self._checksum[1]:
            self._poisoned = True
            raise ChecksumError(
                f"the file has {self._checksum[0]}:{self._digest.hexdigest()}, not {self._checksum[1]}",
                hint="it was damaged on the way, or is another version",
            )
        if self._part is not None:
            try:
                os.fsync(self._file.fileno())
                self._publish(modified if keep_time else None)
            except OSError as error:
                if isinstance(error, NettoolsError):
                    raise
                raise file_error(error, "write", self.path) from error
        elif self._file is not None and hasattr(self._file, "flush"):
            self._file.flush()
        self._committed = True
        return Transfer(
            path=self.path,
            data=b"".join(self._memory) if self._memory is not None else None,
            size=self.written,
            sha256=self._sha256.hexdigest(),
            modified=modified,
            resumed_from=self.offset or None,
        )

    def _publish(self, modified: dt.datetime | None) -> None:
        assert self._part is not None
        assert self.path is not None
        if modified is not None:
            set_modified(self._part, modified)
        if self._folder is None:
            with contextlib.suppress(OSError):  # the new file keeps the permissions of the one it replaces
                os.chmod(self._part, stat.S_IMODE(os.stat(self.path).st_mode))
            os.replace(self._part, self.path)
        else:
            self.path = self._publish_beside(self._folder, self.path.name)
        self._note().unlink(missing_ok=True)
        _sync_folder(self.path.parent)

    def _publish_beside(self, folder: Path, name: str) -> Path:
        """Give the part the first free name of its folder; a link cannot overwrite, unlike a rename."""
        assert self._part is not None
        for path in _numbered(folder, name):
            try:
                os.link(self._part, path)
            except FileExistsError:
                continue
            except OSError:  # a file system without links: take the name, then rename over it
                try:
                    os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o666))
                except FileExistsError:
                    continue
                os.replace(self._part, path)
                return path
            os.unlink(self._part)
            return path
        raise FileError(f"there is no free name for {name} in {folder}", filename=name, stage="local")

    def whole(self, modified: dt.datetime | None = None) -> Transfer:
        """With `resume`: nothing had to be transferred; a whole `.part` gets its name, a whole file stays as it is."""
        assert self.path is not None
        assert self._part is not None
        if self._part.exists():
            self.open(os.lstat(self._part).st_size)
            return self.commit(modified=modified)
        data = self.path.open("rb")
        with data:
            while block := data.read(1 << 20):
                self.written += len(block)
                self._update(block)
        self.offset = self.written
        return Transfer(self.path, None, self.written, self._sha256.hexdigest(), modified, self.written)

    def __enter__(self) -> Destination:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if self._part is None or self._file is None:
            return
        with contextlib.suppress(OSError):
            self._file.close()
        if not self._committed and (self._poisoned or not self.written):
            for path in (self._part, self._note()):
                with contextlib.suppress(OSError):
                    path.unlink(missing_ok=True)


def _sync_folder(folder: Path) -> None:
    """Make a rename last: on POSIX the folder has to be flushed too."""
    with contextlib.suppress(OSError):
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


# --- whole files at once


def write_whole(path: str | os.PathLike[str], data: bytes) -> Path:
    """Write a file atomically."""
    with Destination(path) as destination:
        destination.open()
        destination.write(data)
        done = destination.commit()
    assert done.path is not None
    return done.path


def write_new(folder: str | os.PathLike[str], name: str, data: bytes) -> Path:
    """Write a new file into a folder; its name is made harmless, and numbered where it is taken."""
    with Destination(os.fspath(folder) + "/", name=name) as destination:
        destination.open()
        destination.write(data)
        done = destination.commit()
    assert done.path is not None
    return done.path


def save_all(
    files: Iterable[tuple[str, bytes]], folder: str | os.PathLike[str], *, pattern: str | None = None
) -> tuple[Path, ...]:
    """Write several files into a folder, those whose names match (case does not matter); never overwriting."""
    match: Callable[[str], bool] = lambda name: pattern is None or fnmatch.fnmatch(name.lower(), pattern.lower())  # noqa: E731
    return tuple(write_new(folder, name, data) for name, data in files if match(name))
