"""Folders, read: MLSD where the server has it (RFC 3659 7), else LIST in whatever dialect; what one path is."""

from __future__ import annotations

import contextlib
import datetime as dt
import fnmatch
import posixpath
from collections.abc import Callable, Iterator

from nettools.errors import NotFoundError, ProtocolError, ReplyError, TooLargeError, UsageError
from nettools.files import is_plain
from nettools.parse.ftp_reply import parse_mdtm, parse_size
from nettools.protocols.ftp.paths import Paths
from nettools.results import FileEntry, Reply
from nettools.session import operation
from nettools.wire.guard import BLOCK
from nettools.wire.text import check

__all__ = ["Folders"]

MOST_ENTRIES = 1_000_000
MOST_LEVELS = 100
METHODS = ("auto", "mlsd", "list", "nlst")
OTHER_SYNTAX = (500, 501, 502, 504)  # the command, or its argument, is unknown


class Folders(Paths):
    """`listing`, `list` and `info` of `FTPSession`."""

    @operation("listing")
    def listing(self, path: str = "", *, names_only: bool = False) -> bytes:
        """What LIST (or NLST) gives, as it came."""
        return self._lines("NLST" if names_only else "LIST", self._at(path))

    def _lines(self, verb: str, path: str) -> bytes:
        """The octets of a listing, in whatever type is set; ASCII where none is."""
        letter = self._type or "A"
        self._type_is(letter, self._ask_for_data(*self._typed(letter)))
        most = self.options.max_size
        result = bytearray()
        with self._transfer(self._line(verb, path)) as data:
            while block := data.sock.recv(BLOCK):
                result += block
                if most is not None and len(result) > most:
                    raise TooLargeError(
                        f"the listing has more than max_size={most} octets", hint="allow more with max_size="
                    )
            data.finish()
        if result.count(b"\n") > MOST_ENTRIES:
            raise TooLargeError(f"the listing has more than {MOST_ENTRIES} lines")
        return bytes(result)

    @operation("list")
    def list(
        self, path: str | None = None, *, recursive: bool = False, pattern: str | None = None, method: str = "auto"
    ) -> tuple[FileEntry, ...]:
        """The entries of a folder; see `ftp_list`."""
        if method not in METHODS:
            raise UsageError(f"method= is auto, mlsd, list or nlst, not {method!r}")
        if pattern is not None:
            check(pattern, "pattern=")
        start = self._at(path)
        start = start.rstrip("/") or start[:1]
        found: list[FileEntry] = []
        for entry, relative in self._walk(start, method, recursive):
            if pattern is None or fnmatch.fnmatchcase(relative if "/" in pattern else entry.name, pattern):
                found.append(entry)
        return tuple(found)

    def _walk(
        self, start: str, method: str, recursive: bool, left_out: Callable[[str], bool] = lambda path: False
    ) -> Iterator[tuple[FileEntry, str]]:
        """Entries with their paths relative to the start, a folder before what is in it; links are not followed, and
        what is `left_out` is not entered.
        """
        todo: list[tuple[str, str, int]] = [(start, "", 0)]
        count = 0
        while todo:
            folder, prefix, level = todo.pop(0)
            for entry in self._read_folder(folder, method):
                count += 1
                if count > MOST_ENTRIES:
                    raise TooLargeError(f"more than {MOST_ENTRIES} entries", hint="list folder by folder")
                relative = prefix + entry.name
                if left_out(relative):
                    continue
                yield entry, relative
                if recursive and entry.kind == "dir" and is_plain(entry.name):
                    if level >= MOST_LEVELS:
                        raise ProtocolError(f"{folder} goes down more than {MOST_LEVELS} levels")
                    todo.append((entry.path, f"{relative}/", level + 1))

    def _read_folder(self, folder: str, method: str) -> tuple[FileEntry, ...]:
        if method == "nlst":
            entries = self._read_names(folder)
        elif method == "mlsd" or (method == "auto" and "MLST" in self._features):
            entries = self._read_facts(folder, fall_back=method == "auto")
        else:
            entries = self._read_list(folder)
        base = f"{folder.rstrip('/')}/" if folder else ""
        return tuple(_placed(each, base) for each in entries if each.name not in (".", ".."))

    def _read_facts(self, folder: str, *, fall_back: bool) -> tuple[FileEntry, ...]:
        try:
            data = self._lines("MLSD", folder)
        except ReplyError as error:
            if not fall_back or error.code not in OTHER_SYNTAX or isinstance(error, NotFoundError):
                raise
            self._trace.warn(f"the server announces MLST and refuses MLSD ({error.text}): LIST was used")
            self._features.pop("MLST", None)
            return self._read_list(folder)
        entries = _parse(data, self.encoding, mlsd=True, check=self._deadline.check)
        self._remember_octets(data, entries)
        if not entries and folder:
            self._check_folder(folder)
        return tuple(each for each in entries if each.facts.get("type", "").lower() not in ("cdir", "pdir"))

    def _read_list(self, folder: str) -> tuple[FileEntry, ...]:
        data = self._lines("LIST", folder)
        entries = _parse(data, self.encoding, mlsd=False, check=self._deadline.check)
        self._remember_octets(data, entries)
        if folder and len(entries) <= 1:  # nothing, or the line of a file
            self._check_folder(folder)
        return entries

    def _read_names(self, folder: str) -> tuple[FileEntry, ...]:
        data = self._lines("NLST", folder)
        names = [_decoded(line.rstrip(b"\r"), self.encoding) for line in data.split(b"\n") if line.strip()]
        # some servers give paths, some names
        entries = tuple(FileEntry(posixpath.basename(n.rstrip("/")) or n, n, "other", raw=n) for n in names)
        self._remember_octets(data, entries)
        if folder and len(entries) <= 1:
            self._check_folder(folder)
        return entries

    def _check_folder(self, folder: str) -> None:
        """Some servers list what is not there as empty, and a file as a folder of one."""
        if not self._is_folder(folder):
            raise NotFoundError(f"there is no folder {folder}", stage="list")

    @operation("info")
    def info(self, path: str | None = None) -> FileEntry:
        """What a file or folder is: by MLST, or by what LIST, SIZE, MDTM and CWD tell.

        Raises:
            NotFoundError: there is no such thing.
        """
        name = self._at(path)
        bare = name.rstrip("/") or name[:1]
        if "MLST" in self._features:
            entry = self._facts_of(bare)
            if entry is not None:
                return entry
        if not bare.strip("/"):
            return FileEntry(bare or ".", bare, "dir")
        parent, last = self._split(bare)
        for entry in self._read_folder(parent, "list"):
            if entry.name == last:
                return entry
        size, modified = self._size_and_time(bare)
        if size is None and modified is None:
            self._check_folder(bare)
            return FileEntry(last, bare, "dir")
        return FileEntry(last, bare, "file", size, modified, precision="second" if modified else None)

    def _facts_of(self, path: str) -> FileEntry | None:
        reply = self._ask(self._line("MLST", path))
        for octets in reply.lines[1:-1]:
            for entry in _parse(octets.removeprefix(b" "), self.encoding, mlsd=True):
                name = posixpath.basename(path) or path or "."
                return _renamed(entry, name, path)
        return None

    def _size_and_time(self, path: str, *ahead: str) -> tuple[int | None, dt.datetime | None]:
        """Size and time of a file, as far as the server tells them."""
        letter = "I"
        *typed, size, time = self._ask_all(*self._typed(letter), self._line("SIZE", path), self._line("MDTM", path))
        self._type_is(letter, typed)
        return told_size(size), told_time(time)


def _parse(data: bytes, encoding: str, *, mlsd: bool, check: Callable[[], object] = bool) -> tuple[FileEntry, ...]:
    """Imported when the first folder is read: get and put need none of it, and compiling it takes a while."""
    from nettools.parse.ftp_listing import parse_listing

    return parse_listing(data, mlsd=mlsd, encoding=encoding, check=check)


def told_size(reply: Reply) -> int | None:
    """What the answer to SIZE tells; a refusal tells nothing, for RETR may be allowed where SIZE is not."""
    return parse_size(reply.text) if reply.code == 213 else None


def told_time(reply: Reply) -> dt.datetime | None:
    """What the answer to MDTM tells; some servers answer what is no time."""
    with contextlib.suppress(ProtocolError):
        return parse_mdtm(reply.text) if reply.code == 213 else None
    return None


def _decoded(octets: bytes, encoding: str) -> str:
    try:
        return octets.decode(encoding)
    except (UnicodeDecodeError, LookupError):
        return octets.decode("latin-1")


def _placed(entry: FileEntry, base: str) -> FileEntry:
    return _renamed(entry, entry.name, base + entry.name)


def _renamed(entry: FileEntry, name: str, path: str) -> FileEntry:
    return FileEntry(
        name, path, entry.kind, entry.size, entry.modified, entry.permissions, entry.raw, entry.target, entry.facts,
        entry.precision,
    )  # fmt: skip
