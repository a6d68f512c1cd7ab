"""Files, fetched and stored (RFC 959, 3659): whole, in part, continued; no final name before everything is there."""

from __future__ import annotations

import contextlib
import datetime as dt
import posixpath
from typing import Any

from nettools.errors import (
    DeniedError,
    FileError,
    IncompleteError,
    NotFoundError,
    ReplyError,
    UnsupportedError,
    UsageError,
)
from nettools.files import Destination, Source, modified_of, open_source
from nettools.parse.ftp_reply import parse_size
from nettools.protocols.ftp.channel import Data
from nettools.protocols.ftp.errors import reply_error
from nettools.protocols.ftp.listing import Folders, told_size, told_time
from nettools.results import FileEntry, Reply, Transfer
from nettools.session import operation
from nettools.wire.bulk import Splice, send_file
from nettools.wire.guard import BLOCK

__all__ = ["Transfers"]

Range = tuple[int, int | None]


class Transfers(Folders):
    """`get` and `put` of `FTPSession`."""

    # -- getting

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
        name = self._file_at(path)
        if range is not None:
            _check_range(range)
            if resume or checksum:
                raise UsageError("range= does not go with resume= or checksum=")
        since = None if newer_than is None else modified_of(newer_than)
        text = self.kind == "a" and path is None
        destination = Destination(
            dest,
            name=posixpath.basename(name),
            url=self.url if path is None else f"{self.target.origin}/{name}",
            resume=None if text or range is not None else resume,
            checksum=checksum,
            max_size=self.options.max_size if dest is None else self.options.file_limit,
        )
        size, modified = self._ask_about(name, "A" if text else "I")
        if size is None and resume and not text:
            size = self._listed_size(name)
        if since is not None and modified is not None and modified <= since:
            return Transfer(destination.path, None, size or 0, None, modified, skipped=True)
        with destination:
            if range is not None:
                return self._get_range(name, size, modified, range, destination, keep_time)
            return self._get_whole(name, None if text else size, modified, destination, keep_time=keep_time)

    def get_listed(self, entry: FileEntry, dest: Any, *, settled: bool = True) -> Transfer:
        """A whole file of a listing that told its size and time to the second: neither is asked for again.

        Unsettled, its name lasts once its folder has been flushed, for all the files in it.
        """
        return self._get_listed(entry, dest, settled)

    @operation("get")
    def _get_listed(self, entry: FileEntry, dest: Any, settled: bool) -> Transfer:
        if entry.precision != "second" or entry.size is None or self.kind == "a":
            return self.get(entry.path, dest)
        url = f"{self.target.origin}/{entry.path}"
        destination = Destination(dest, name=entry.name, url=url, max_size=self.options.file_limit)
        self._type_is("I", self._ask_for_data(*self._typed("I")))
        with destination:
            return self._get_whole(entry.path, entry.size, entry.modified, destination, settled=settled)

    def _ask_about(self, path: str, letter: str) -> tuple[int | None, dt.datetime | None]:
        """Size and time of a file, and the port for its transfer, in one turn."""
        lines = self._line("SIZE", path), self._line("MDTM", path)
        *typed, size, time = self._ask_for_data(*self._typed(letter), *lines)
        self._type_is(letter, typed)
        return told_size(size), told_time(time)

    def _listed_size(self, path: str) -> int | None:
        """What a listing says, for servers without SIZE."""
        with contextlib.suppress(NotFoundError):
            entry = self.info(path)
            self._type_is("I", self._ask_all(*self._typed("I")))
            return entry.size
        return None

    def _get_whole(
        self,
        name: str,
        size: int | None,
        modified: dt.datetime | None,
        destination: Destination,
        *,
        keep_time: bool = True,
        settled: bool = True,
    ) -> Transfer:
        destination.expect(size)
        destination.validator = {"size": size, "mdtm": modified.isoformat() if modified else None}
        offset = _resume_at(destination, size, modified)
        if offset and offset == size:
            return destination.whole(modified)
        try:
            self._receive(name, offset, destination, size)
        except UnsupportedError:
            if not offset:
                raise
            self._trace.warn("the server cannot continue a transfer: the file was fetched anew")
            self._receive(name, 0, destination, size)
        if size is not None and destination.written != size:
            raise IncompleteError(
                f"{name} has {size} octets, and {destination.written} came", received=destination.written, expected=size
            )
        self.progress(destination.written, destination.written, final=True)
        return destination.commit(modified=modified, keep_time=keep_time, settled=settled)

    def _receive(self, name: str, offset: int, destination: Destination, size: int | None) -> None:
        try:
            with self._transfer(self._line("RETR", name), offset) as data:
                destination.open(offset)
                self._drain(data, destination, size)
                data.finish(told=size is not None)
        except IncompleteError as error:
            error.received, error.expected = destination.written, size
            raise

    def _drain(self, data: Data, destination: Destination, size: int | None) -> None:
        """Everything that the data connection brings."""
        descriptor = destination.descriptor
        if descriptor is not None:
            with Splice(data.sock, descriptor, destination.path) as splice:
                while count := splice.move():
                    destination.wrote(count)
                    self.progress(destination.written, size)
                if count is not None:
                    return
        view = memoryview(bytearray(BLOCK))
        while count := data.sock.recv_into(view):
            destination.write(view[:count])
            self.progress(destination.written, size)

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
                raise UnsupportedError("the server does not tell the size, so its end cannot be found")
            first, last = max(0, size + first), None
        elif size is not None and first >= size:
            raise UsageError(f"range= begins at {first}, and {name} has {size} octets")
        end = size if last is None else last + 1 if size is None else min(last + 1, size)
        left = None if end is None else end - first
        destination.expect(left)
        destination.open()
        if left == 0:
            return destination.commit(modified=modified, keep_time=keep_time)
        with self._transfer(self._line("RETR", name), first) as data:
            view = memoryview(bytearray(BLOCK))
            while (left is None or left > 0) and (count := data.sock.recv_into(view[: min(BLOCK, left or BLOCK)])):
                destination.write(view[:count])
                left = None if left is None else left - count
                self.progress(destination.written, destination.size)
            if end is not None and (size is None or end < size):
                data.stop()
            else:
                data.finish(told=size is not None)
        if left and (size is not None or not destination.written):
            raise IncompleteError(f"{name}: {left} octets are missing", received=destination.written)
        return destination.commit(modified=modified, keep_time=keep_time)

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
        name = self._file_at(path)
        if resume and append:
            raise UsageError("resume= and append= contradict each other")
        letter = "A" if self.kind == "a" and path is None else "I"
        if resume and letter == "A":
            raise UsageError("resume= does not go with ;type=a: sizes differ on both sides")
        with open_source(source) as opened:
            if parents and "/" in name.strip("/"):
                self._make_folders(posixpath.dirname(name))
            if resume:
                return self._continue(opened, name)
            self._type_is(letter, self._ask_for_data(*self._typed(letter)))
            if append:
                return self._store(opened, "APPE", name)
            if atomic:
                done = self._put_beside(opened, name)
                if done is not None:
                    return done
            return self._store(opened, "STOR", name)

    def _make_folders(self, name: str) -> None:
        """A folder and those above it; those that are there already are no error."""
        if self._try(self._line("MKD", name)).code == 257:
            return
        parts = name.strip("/").split("/")
        root = "/" if name.startswith("/") else ""
        for end in range(1, len(parts) + 1):
            folder = root + "/".join(parts[:end])
            reply = self._try(self._line("MKD", folder))
            if end == len(parts) and reply.code != 257 and not self._is_folder(folder):
                raise reply_error(reply, f"MKD {folder}")

    def _continue(self, source: Source, name: str) -> Transfer:
        """SIZE, then the rest: by APPE, or where that is refused by REST and STOR (RFC 959 4.1.3, RFC 3659 5)."""
        *typed, reply = self._ask_for_data(*self._typed("I"), self._line("SIZE", name))
        self._type_is("I", typed)
        offset = told_size(reply)
        if offset is None:
            offset = self._listed_size(name) or 0
        if source.size is not None and offset > source.size:
            raise UsageError(f"{name} has {offset} octets already, more than the source", hint="put it without resume")
        if offset and offset == source.size:
            return Transfer(size=offset, resumed_from=offset)
        if not offset:
            return self._store(source, "STOR", name)
        source.seek(offset)
        try:
            return self._store(source, "APPE", name, offset)
        except ReplyError as error:
            if error.code not in (500, 502, 504, 550, 553) or self._committed:
                raise
            self._trace.warn(f"APPE was refused ({error.text}): continued by REST and STOR")
            return self._store(source, "STOR", name, offset, rest=offset)

    def _put_beside(self, source: Source, name: str) -> Transfer | None:
        """STOR under another name, then rename; None where the server refuses and the plain way is open."""
        beside = f"{name}.part"
        try:
            done = self._store(source, "STOR", beside, check=False)
        except (DeniedError, NotFoundError) as error:
            if not source.seekable or self._committed:
                raise
            self._trace.warn(f"{beside} was refused ({error.text}): stored under its final name at once")
            return None
        try:
            self._publish(beside, name, done.size)
        except ReplyError as error:
            self._try(self._line("DELE", beside))
            if not source.seekable:
                raise
            self._trace.warn(f"renaming {beside} was refused ({error.text}): stored under its final name at once")
            source.seek(0)
            return None
        return done

    def _publish(self, beside: str, name: str, size: int) -> None:
        """Compare the sizes, and rename."""
        there, reply = self._ask_all(self._line("SIZE", beside), self._line("RNFR", beside))
        self._check_size(beside, there, size)
        if reply.code != 350:
            raise reply_error(reply, f"RNFR {beside}")
        with self.committed():
            self._ask(self._line("RNTO", name))

    def _check_size(self, name: str, reply: Reply, sent: int) -> None:
        """What is there has to be as much as was sent; a server without SIZE is believed."""
        if self._type == "I" and reply.code == 213 and parse_size(reply.text) != sent:
            there = parse_size(reply.text)
            raise IncompleteError(f"{name} has {there} octets there, {sent} were sent", received=there, expected=sent)

    def _store(
        self, source: Source, verb: str, name: str, offset: int = 0, *, rest: int = 0, check: bool = True
    ) -> Transfer:
        total = source.size
        with self._transfer(self._line(verb, name), rest, writes=True) as data, self.committed():
            sent = self._send(source, data, offset)
            data.finish()
        if total is not None and offset + sent != total:
            raise FileError(f"{source.name} changed while it was sent", filename=source.name, exit_code=26)
        if check and verb == "STOR":
            self._check_size(name, self._try(self._line("SIZE", name)), offset + sent)
        self.progress(offset + sent, offset + sent, final=True)
        digest = source.digest() if not offset and verb == "STOR" else None
        return Transfer.moved(digest, size=offset + sent, resumed_from=offset or None)

    def _send(self, source: Source, data: Data, offset: int) -> int:
        """The source, to its end; how much it was."""
        sent = 0
        descriptor = source.descriptor
        if descriptor is not None and source.size is not None:
            place = source.place
            while count := send_file(data.sock, descriptor, place + sent, source.size - offset - sent):
                sent += count
                self.progress(offset + sent, source.size)
            if count is not None:
                return sent
        for block in source:
            data.sock.sendall(block)
            sent += len(block)
            self.progress(offset + sent, source.size)
        return sent


def _resume_at(destination: Destination, size: int | None, modified: dt.datetime | None) -> int:
    """Where to go on: nowhere but at 0 unless what is here is a part of this very file."""
    rest = destination.rest()
    if not rest.may_be_of(size, modified):
        return 0
    if rest.note is not None and any(rest.note.get(key) != destination.validator.get(key) for key in ("size", "mdtm")):
        return 0
    return rest.size


def _check_range(value: object) -> None:
    match value:
        case (int(first), None) if not isinstance(first, bool):
            return
        case (int(first), int(last)) if 0 <= first <= last:
            return
    raise UsageError(f"range= is (first, last or None), or (-n, None) for the last n octets, not {value!r}")
