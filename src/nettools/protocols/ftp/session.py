"""Files and folders over FTP: get, put, list, info, remove, rename, mkdir (RFC 959, 3659).

Paths: relative ones begin in the login folder, or in the folder that `connect("ftp://host/folder/")` has entered; a
leading / is absolute. Nothing is written under a final name before it is whole, on this side or on the other.
"""

from __future__ import annotations

import datetime as dt
import fnmatch
import posixpath
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, cast

from nettools.errors import (
    DeniedError,
    FileError,
    IncompleteError,
    NotFoundError,
    ProtocolError,
    ReplyError,
    TooLargeError,
    UnsupportedError,
    UsageError,
)
from nettools.files import Destination, Source, modified_of, open_source
from nettools.parse.ftp_listing import parse_facts, parse_listing
from nettools.parse.ftp_reply import parse_mdtm, parse_pwd, parse_size
from nettools.protocols.ftp.channel import Channel, Data
from nettools.protocols.ftp.errors import refusal
from nettools.results import FileEntry, MirrorReport, Transfer
from nettools.session import operation
from nettools.target import decode
from nettools.wire.guard import BLOCK

__all__ = ["FTPSession", "url_path"]

MOST_ENTRIES = 1_000_000
MOST_LEVELS = 100

Range = tuple[int, int | None]


def url_path(path: str, encoding: str = "utf-8") -> tuple[str, str]:
    """The path of an FTP URL, and its type (a, i, d or ""): relative to the login folder, with `%2F` absolute."""
    match = re.search(r";type=([aid])$", path, re.IGNORECASE)
    kind = match[1].lower() if match is not None else ""
    if match is not None:
        path = path[: match.start()]
    path = path.removeprefix("/")
    absolute = path[:3].upper() == "%2F"
    decoded = decode(path, encoding, what="path")
    return ("/" + decoded.lstrip("/") if absolute else decoded), kind


class FTPSession(Channel):
    """`connect("ftp://...")`: `list get put info remove rename mkdir listing command ping`; `mirror` is in `mirror`."""

    def __init__(self, target: Any, options: Any) -> None:
        super().__init__(target, options)
        self.path, self.kind = url_path(target.path, options.encoding or "utf-8")
        self._entered = False
        self._octets: dict[str, bytes] = {}  # names that are no UTF-8, as the server has them

    # -- paths

    def _establish(self) -> None:
        super()._establish()
        if self._entered:
            self._arrive()

    def _arrive(self) -> None:
        self._entered = True
        if self.path.endswith("/") and self.path.strip("/"):
            self._ask(self._line("CWD", self.path.rstrip("/")))

    def _at(self, path: str | None) -> str:
        """A path as the server is asked for it."""
        if path is None:
            return "" if self._entered and self.path.endswith("/") else self.path
        return path

    def _line(self, verb: str, path: str) -> str | bytes:
        """A command with a path; names that came as other octets than UTF-8 go back as they came."""
        if not path:
            return verb
        if path.startswith("-"):
            path = f"./{path}"  # some servers take it for an option of ls
        if any(part in self._octets for part in path.split("/")):
            octets = b"/".join(
                self._octets.get(part, part.encode("utf-8", "surrogateescape")) for part in path.split("/")
            )
            return verb.encode() + b" " + octets
        return f"{verb} {path}"

    # -- getting

    def _facts(self, path: str) -> tuple[int | None, dt.datetime | None]:
        """Size and time of a file, as far as the server tells them."""
        size = modified = None
        reply = self.client.ask(self._line("SIZE", path))
        if reply.code == 213:
            size = parse_size(reply.text)
        elif reply.code == 550 and isinstance(refusal(reply, f"SIZE {path}"), NotFoundError):
            pass  # RETR will tell: some servers refuse SIZE for what they serve
        reply = self.client.ask(self._line("MDTM", path))
        if reply.code == 213:
            modified = parse_mdtm(reply.text)
        return size, modified

    @operation("get")
    def get(
        self,
        path: str | None = None,
        dest: Any = None,
        *,
        resume: bool = False,
        checksum: str | None = None,
        keep_time: bool = True,
        range: Range | None = None,  # noqa: A002  # the contract's name
        newer_than: Any = None,
    ) -> Transfer:
        """Fetch a file; see `ftp_get`."""
        name = self._at(path)
        if not name.strip("/") or name.endswith("/"):
            raise UsageError(f"{name or '/'} is a folder, not a file", hint="ftp_list lists it, ftp_mirror fetches it")
        if range is not None and (resume or checksum):
            raise UsageError("range= does not go with resume= or checksum=")
        since = None if newer_than is None else modified_of(newer_than)
        self._set_type("A" if self.kind == "a" else "I")
        size, modified = self._facts(name)
        destination = Destination(
            dest,
            name=posixpath.basename(name),
            url=self.url if path is None else f"{self.target.origin}/{name}",
            resume=resume and self.kind != "a",
            validator={"size": size, "mdtm": modified.isoformat() if modified else None},
            checksum=checksum,
            max_size=self.options.max_size if dest is None else self.options.file_limit,
        )
        if since is not None and modified is not None and modified <= since:
            return Transfer(destination.path, None, size or 0, None, modified, skipped=True)
        with destination:
            if range is not None:
                return self._get_range(name, size, modified, range, destination, keep_time)
            return self._get_whole(name, size, modified, destination, keep_time)

    def _get_whole(
        self, name: str, size: int | None, modified: dt.datetime | None, destination: Destination, keep_time: bool
    ) -> Transfer:
        if self.kind != "a":
            destination.expect(size)
        offset = self._resume_at(destination, size)
        if offset and offset == size:
            return destination.whole(modified)
        try:
            self._receive(name, offset, destination, size)
        except UnsupportedError:
            if not offset:
                raise
            self._trace.warn("the server cannot continue a transfer: the file was fetched anew")
            self._receive(name, 0, destination, size)
        if size is not None and self.kind != "a" and destination.written != size:
            raise IncompleteError(
                f"{name} has {size} octets, and {destination.written} came", received=destination.written, expected=size
            )
        self.progress(destination.written, destination.written, final=True)
        return destination.commit(modified=modified, keep_time=keep_time)

    def _resume_at(self, destination: Destination, size: int | None) -> int:
        """Where to go on: nowhere but at 0 unless what is here is a part of this very file."""
        offset, note = destination.found()
        if not offset or size is None or offset > size:
            return 0
        if note and any(note.get(key) != destination.validator.get(key) for key in ("size", "mdtm")):
            return 0
        return offset

    def _receive(self, name: str, offset: int, destination: Destination, size: int | None) -> None:
        with self._transfer(self._line("RETR", name), offset) as data:
            destination.open(offset)
            buffer = bytearray(BLOCK)
            view = memoryview(buffer)
            while count := data.sock.recv_into(view):
                destination.write(view[:count])
                self.progress(destination.written, size)
            data.finish()
            if data.ragged and size is None:
                raise IncompleteError(
                    f"{name}: the data connection was cut without TLS's close_notify", received=destination.written
                )

    def _get_range(
        self,
        name: str,
        size: int | None,
        modified: dt.datetime | None,
        wanted: Range,
        destination: Destination,
        keep_time: bool,
    ) -> Transfer:
        first, last = wanted
        if first < 0:
            if size is None:
                raise UnsupportedError("the server does not tell the size, which a range from the end needs")
            first, last = max(0, size + first), None
        if last is not None and last < first:
            raise UsageError("range= is (first, last), last not before first")
        left = None if last is None else last - first + 1
        with self._transfer(self._line("RETR", name), first) as data:
            destination.open()
            while left is None or left > 0:
                block = data.sock.recv(BLOCK if left is None else min(left, BLOCK))
                if not block:
                    break
                destination.write(block)
                left = None if left is None else left - len(block)
            if left is None or left > 0:
                data.finish()
            else:
                self._abandon(data)
        expected = None if size is None else min(size, last + 1 if last is not None else size) - first
        if expected is not None and destination.written != max(0, expected):
            raise IncompleteError("the range is not whole", received=destination.written, expected=expected)
        return destination.commit(modified=modified, keep_time=keep_time)

    def _abandon(self, data: Data) -> None:
        """The rest of the file is not wanted: close, and read whatever the server says of it."""
        data.sock.close()
        data.sock = None
        reply = self.client.read_reply()
        if cast("int", reply.code) not in (226, 225, 250, 426, 451, 425):
            raise refusal(reply, data.what)

    # -- putting

    @operation("put")
    def put(
        self,
        source: Any,
        path: str | None = None,
        *,
        resume: bool = False,
        atomic: bool = True,
        append: bool = False,
        parents: bool = False,
    ) -> Transfer:
        """Store a file; see `ftp_put`."""
        name = self._at(path)
        if not name.strip("/") or name.endswith("/"):
            raise UsageError(f"{name or '/'} is a folder: name the file to be written")
        with open_source(source) as opened:
            self._set_type("A" if self.kind == "a" else "I")
            if parents and "/" in name.strip("/"):
                self._make_folders(posixpath.dirname(name))
            if resume or append:
                return self._continue(opened, name, append)
            if atomic:
                done = self._put_beside(opened, name)
                if done is not None:
                    return done
            return self._store(opened, "STOR", name)

    def _continue(self, source: Source, name: str, append: bool) -> Transfer:
        """APPE at the end of what is there (RFC 959 4.1.3)."""
        offset = 0
        if not append:
            reply = self.client.ask(self._line("SIZE", name))
            offset = parse_size(reply.text) if reply.code == 213 else 0
            if source.size is not None and offset > source.size:
                raise UsageError(
                    f"{name} has {offset} octets already, more than the source", hint="put it without resume"
                )
            if offset and offset == source.size:
                return Transfer(size=offset, resumed_from=offset)
            if offset:
                source.seek(offset)
        return self._store(source, "APPE" if offset or append else "STOR", name, offset)

    def _put_beside(self, source: Source, name: str) -> Transfer | None:
        """STOR under another name, then rename; None where the server refuses and the plain way is open."""
        beside = f"{name}.part"
        try:
            done = self._store(source, "STOR", beside)
        except (DeniedError, NotFoundError) as error:
            if not source.seekable or self._committed:
                raise
            self._trace.warn(f"{beside} was refused ({error.text}): stored under its final name at once")
            source.seek(0)
            return None
        try:
            self._rename(beside, name)
        except ReplyError as error:
            self.client.ask(self._line("DELE", beside))
            if not source.seekable:
                raise
            self._trace.warn(f"renaming {beside} was refused ({error.text}): stored under its final name at once")
            source.seek(0)
            return None
        return done

    def _store(self, source: Source, verb: str, name: str, offset: int = 0) -> Transfer:
        sent = 0
        total = source.size
        with self._transfer(self._line(verb, name)) as data:
            for block in source:
                with self.committed():
                    data.sock.sendall(block)
                sent += len(block)
                self.progress(offset + sent, total)
            with self.committed():
                data.finish()
        if total is not None and offset + sent != total:
            raise FileError(f"{source.name} changed while it was sent", filename=source.name, exit_code=26)
        if self.kind != "a" and verb == "STOR":
            reply = self.client.ask(self._line("SIZE", name))
            if reply.code == 213 and parse_size(reply.text) != sent:
                there = parse_size(reply.text)
                raise IncompleteError(
                    f"{name} has {there} octets there, {sent} were sent", received=there, expected=sent
                )
        self.progress(offset + sent, offset + sent, final=True)
        return Transfer(size=offset + sent, resumed_from=offset or None)

    # -- listing

    @operation("listing")
    def listing(self, path: str = "", *, names_only: bool = False) -> bytes:
        """What LIST (or NLST) gives, as it came."""
        return self._lines("NLST" if names_only else "LIST", path)

    def _lines(self, verb: str, path: str) -> bytes:
        self._set_type("A" if verb == "NLST" else self._type or "A")
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
        return bytes(result)

    @operation("list")
    def list(
        self, path: str | None = None, *, recursive: bool = False, pattern: str | None = None, method: str = "auto"
    ) -> tuple[FileEntry, ...]:
        """The entries of a folder; see `ftp_list`."""
        if method not in ("auto", "mlsd", "list", "nlst"):
            raise UsageError(f"method= is auto, mlsd, list or nlst, not {method!r}")
        start = self._at(path)
        start = start.rstrip("/") or start[:1]
        found: list[FileEntry] = []
        for entry, relative in self._walk(start, method, recursive):
            if pattern is None or fnmatch.fnmatchcase(relative if "/" in pattern else entry.name, pattern):
                found.append(entry)
            if len(found) > MOST_ENTRIES:
                raise TooLargeError(f"more than {MOST_ENTRIES} entries")
        return tuple(found)

    def _walk(self, start: str, method: str, recursive: bool) -> Iterator[tuple[FileEntry, str]]:
        """Entries with their paths relative to the start; links are not followed."""
        todo: list[tuple[str, str, int]] = [(start, "", 0)]
        while todo:
            folder, prefix, level = todo.pop(0)
            for entry in self._read_folder(folder, method):
                relative = prefix + entry.name
                yield entry, relative
                plain = entry.name not in ("", ".", "..") and "/" not in entry.name
                if recursive and entry.kind == "dir" and plain:
                    if level >= MOST_LEVELS:
                        raise ProtocolError(f"{folder} goes down more than {MOST_LEVELS} levels")
                    todo.append((entry.path, relative + "/", level + 1))

    def _read_folder(self, folder: str, method: str) -> tuple[FileEntry, ...]:
        encoding = self.options.encoding or "utf-8"
        if method == "mlsd" or (method == "auto" and "MLST" in self._features):
            data = self._lines("MLSD", folder)
            entries = parse_listing(data, mlsd=True, encoding=encoding)
            entries = tuple(each for each in entries if each.facts.get("type", "").lower() not in ("cdir", "pdir"))
        elif method == "nlst":
            data = self._lines("NLST", folder)
            names = [line.rstrip(b"\r") for line in data.split(b"\n") if line.strip()]
            texts = [self._decoded(name, encoding) for name in names]
            entries = tuple(FileEntry(posixpath.basename(t.rstrip("/")), t, "other", raw=t) for t in texts)
        else:
            data = self._lines("LIST", folder)
            entries = parse_listing(data, encoding=encoding)
        self._remember_octets(data, entries)
        if not entries and folder:
            self._check_folder(folder)
        base = f"{folder.rstrip('/')}/" if folder else ""
        return tuple(self._placed(each, base) for each in entries if each.name not in (".", ".."))

    @staticmethod
    def _decoded(octets: bytes, encoding: str) -> str:
        try:
            return octets.decode(encoding)
        except (UnicodeDecodeError, LookupError):
            return octets.decode("latin-1")

    def _remember_octets(self, data: bytes, entries: tuple[FileEntry, ...]) -> None:
        """Names that were read as Latin-1 go back to the server as the octets they came as."""
        if data.isascii():
            return
        for entry in entries:
            if not entry.name.isascii() and entry.name.encode("utf-8", "surrogateescape") not in data:
                octets = entry.name.encode("latin-1", "replace")
                if octets in data:
                    self._octets[entry.name] = octets

    @staticmethod
    def _placed(entry: FileEntry, base: str) -> FileEntry:
        name = entry.name
        return FileEntry(
            name, base + name, entry.kind, entry.size, entry.modified, entry.permissions, entry.raw, entry.target,
            entry.facts, entry.precision,
        )  # fmt: skip

    def _check_folder(self, folder: str) -> None:
        """Some servers list what is not there as empty: is it a folder?"""
        here = self._ask("PWD")
        reply = self.client.ask(self._line("CWD", folder))
        if reply.code not in (200, 250):
            raise NotFoundError(f"there is no folder {folder}: {reply}", code=reply.code, text=reply.text, reply=reply)
        self._ask(self._line("CWD", parse_pwd(str(here))))

    @operation("info")
    def info(self, path: str | None = None) -> FileEntry:
        """What a file or folder is: by MLST, or by what SIZE, MDTM, CWD and LIST tell.

        Raises:
            NotFoundError: there is no such thing.
        """
        name = self._at(path)
        bare = name.rstrip("/") or name[:1]
        if "MLST" in self._features:
            reply = self._ask(self._line("MLST", bare))
            for octets in reply.lines[1:-1]:
                entry = parse_facts(octets.decode("utf-8", "replace").lstrip(" "))
                if entry is not None:
                    return FileEntry(
                        posixpath.basename(bare) or bare or "/", bare or "/", entry.kind, entry.size, entry.modified,
                        entry.permissions, entry.raw, entry.target, entry.facts, entry.precision,
                    )  # fmt: skip
        if not bare.strip("/"):
            return FileEntry("/", "/", "dir")
        parent = posixpath.dirname(bare)
        for entry in self._read_folder(parent, "list"):
            if entry.name == posixpath.basename(bare):
                return entry
        self._set_type()
        size, modified = self._facts(bare)
        if size is None and modified is None:
            self._check_folder(bare)
            return FileEntry(posixpath.basename(bare), bare, "dir")
        return FileEntry(
            posixpath.basename(bare), bare, "file", size, modified, precision="second" if modified else None
        )

    # -- changing

    @operation("remove")
    def remove(self, path: str | None = None, *, recursive: bool = False, missing_ok: bool = False) -> None:
        """Remove a file, an empty folder (a path that ends in /), or everything below (`recursive`)."""
        name = self._at(path)
        bare = name.rstrip("/")
        if not bare:
            raise UsageError("the root folder is not removed")
        try:
            if recursive:
                self._remove_tree(bare)
            else:
                self._ask(self._line("RMD" if name.endswith("/") else "DELE", bare))
        except NotFoundError:
            if not missing_ok:
                raise

    def _remove_tree(self, name: str) -> None:
        entry = self.info(name)
        if entry.kind != "dir":
            self._ask(self._line("DELE", name))
            return
        folders = [name]
        for each, _ in self._walk(name, "auto", recursive=True):
            if "/" in each.name or each.name in ("", ".", ".."):
                raise ProtocolError(f"the server lists {each.name!r}, which is no name")
            if each.kind == "dir":
                folders.append(each.path)
            else:
                self._ask(self._line("DELE", each.path))
        for folder in sorted(folders, key=lambda each: each.count("/"), reverse=True):
            self._ask(self._line("RMD", folder))

    @operation("rename")
    def rename(self, path: str | None, new_path: str) -> FileEntry:
        """Rename a file or folder, within a folder or to another one; what it is now."""
        if not new_path:
            raise UsageError("name the new path")
        self._rename(self._at(path).rstrip("/"), new_path)
        return self.info(new_path)

    def _rename(self, old: str, new: str) -> None:
        reply = self.client.ask(self._line("RNFR", old))
        if reply.code != 350:
            raise refusal(reply, f"RNFR {old}")
        self._ask(self._line("RNTO", new))

    @operation("mkdir")
    def mkdir(self, path: str | None = None, *, parents: bool = True) -> None:
        """Make a folder; with `parents` those above it too, and none of them need be new."""
        name = self._at(path).rstrip("/")
        if not name:
            raise UsageError("name the folder to be made")
        if parents:
            self._make_folders(name)
        else:
            self._ask(self._line("MKD", name))

    def _make_folders(self, name: str) -> None:
        if self.client.ask(self._line("MKD", name)).code == 257:
            return
        parts = name.strip("/").split("/")
        root = "/" if name.startswith("/") else ""
        for end in range(1, len(parts) + 1):
            folder = root + "/".join(parts[:end])
            reply = self.client.ask(self._line("MKD", folder))
            if reply.code != 257 and end == len(parts):
                try:
                    self._check_folder(folder)
                except NotFoundError:
                    raise refusal(reply, f"MKD {folder}") from None

    def set_modified(self, path: str, moment: dt.datetime) -> bool:
        """MFMT, where the server has it; whether it has."""
        if "MFMT" not in self._features:
            return False
        reply = self.client.ask(self._line(f"MFMT {moment.astimezone(dt.UTC):%Y%m%d%H%M%S}", path))
        return reply.code == 213

    def sibling(self) -> FTPSession:
        """Another session like this one, not connected yet."""
        other = type(self)(self.target, self.options)
        other._entered = self._entered
        return other

    def mirror(self, source: Any, dest: Any, **keywords: Any) -> MirrorReport:
        """Make `dest` like `source`; see `ftp_mirror`. The local side is a `pathlib.Path`, the remote one a str."""
        from nettools.protocols.ftp.mirror import mirror_session

        if isinstance(source, Path) == isinstance(dest, Path):
            raise UsageError("one side of a mirror is a pathlib.Path, the other a path on the server")
        return mirror_session(self, source, dest, down=isinstance(dest, Path), **keywords)
