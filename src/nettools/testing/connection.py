"""One connection of a fake: lines and octets in, replies out, all of it in the log, through the rules that hold.

A fake reads with `readline` and its kin and answers with `write`: one call is one reply, one segment, one record, if no
rule shapes it (see `shaping`). `start_tls` upgrades, or does what the rules of `server.tls` say instead. FTP's data
connections are connections too, with a `channel` of their own in the log. Whoever vanishes ends the fake's coroutine
by `Hangup`. Knows no protocol.
"""

from __future__ import annotations

import asyncio
import contextlib
import fcntl
import os
import socket
import ssl
import struct
import termios
import time
from typing import Any, Protocol

from nettools.testing.log import Direction, Log
from nettools.testing.rules import Rule
from nettools.testing.shaping import Budget, Cut, Step, passing, step

__all__ = ["LINE_LIMIT", "Connection", "Hangup", "LineTooLongError", "over_tls", "reading"]

LINE_LIMIT = 64 * 1024
READ_SIZE = 65536
LINGER = 1.0  # seconds that a client may take to see the end: closing over unread octets would be a reset


class Hangup(Exception):  # noqa: N818  # not an error: a client that is gone, or is to be
    """The connection is over."""


class LineTooLongError(ValueError):
    """A client's line has more octets than the fake takes."""


class Handshakes(Protocol):
    """What is done when a connection is to be under TLS: `server.tls`."""

    async def secure(self, conn: Connection, context: ssl.SSLContext | None = None) -> None:
        """The handshake, or what rules say instead."""


class Host(Protocol):
    """What a connection asks of its server."""

    log: Log

    @property
    def protocol(self) -> str:
        """The channel of its conversations in the log."""

    @property
    def starttls(self) -> bool:
        """Whether the clear port offers an upgrade."""

    @property
    def tls(self) -> Handshakes:
        """Who secures it."""


class Connection:
    """One client."""

    def __init__(
        self,
        server: Host,
        number: int,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        tls: bool,
        channel: str = "",
    ) -> None:
        self.server = server
        self.number = number
        self.reader = reader
        self.writer = writer
        self.tls = tls
        self.channel = channel or server.protocol
        self.user: str | None = None
        self.stripped = False  # a rule hides STARTTLS from this client
        self.budget: Budget | None = None  # octets that may pass before a rule ends it, both ways together
        self._lasting: list[Step] = []
        self._passing: Step | None = None
        self._behind = b""  # sent in one segment with the next reply
        self._silent = False  # closes without close_notify

    # -- what it is

    @property
    def peer(self) -> tuple[str, int]:
        """The client's address and port."""
        return self._address("peername")

    @property
    def local(self) -> tuple[str, int]:
        """The server's address and port on this connection."""
        return self._address("sockname")

    def _address(self, which: str) -> tuple[str, int]:
        name = self.writer.get_extra_info(which)
        return name[:2] if isinstance(name, tuple) else (str(name), 0)

    @property
    def ssl_object(self) -> Any:
        """The TLS of the connection, None in clear."""
        return self.writer.get_extra_info("ssl_object")

    @property
    def starttls(self) -> bool:
        """Whether an upgrade is offered to this client now."""
        return self.server.starttls and not self.tls and not self.stripped

    # -- the log

    def _log(self, direction: Direction, data: bytes, note: str = "") -> None:
        self.server.log.add(self.number, direction, self.tls, data, note, protocol=self.channel)

    def note(self, text: str) -> None:
        """A remark in the log."""
        self._log("-", b"", text)

    def _remark(self, secret: bool = False) -> str:
        """What the log says of octets about to be read: sent ahead of the last reply, not to be shown."""
        return " ".join((["ahead"] if getattr(self.reader, "_buffer", b"") else []) + (["secret"] if secret else []))

    # -- in

    async def readline(self, limit: int = LINE_LIMIT, *, secret: bool = False) -> bytes:
        """A line with its end; b"" when the client has closed; what it left unfinished is dropped.

        A `secret` one is masked where the log is shown.

        Raises:
            LineTooLongError: what was read so far is lost.
        """
        remark = self._remark(secret)
        try:
            line = await self.reader.readuntil(b"\n")
        except asyncio.IncompleteReadError as error:
            if error.partial:
                self._log("C", error.partial, "unfinished")
            return b""
        except asyncio.LimitOverrunError as error:
            await self.reader.readexactly(error.consumed)
            raise LineTooLongError(f"more than {limit} octets") from None
        self._log("C", line, remark)
        if len(line) > limit:
            raise LineTooLongError(f"more than {limit} octets")
        return line

    async def peek_line(self) -> bytes:
        """The next line, which is still to be read; it waits for ever where none comes."""
        buffer: Any = getattr(self.reader, "_buffer", bytearray())
        try:
            line = await self.reader.readuntil(b"\n")
        except (asyncio.IncompleteReadError, asyncio.LimitOverrunError) as error:
            buffer[:0] = getattr(error, "partial", b"")
            await asyncio.Event().wait()
            raise
        buffer[:0] = line
        return line

    def take_urgent(self) -> None:
        """Leave urgent data (RFC 9293 3.8.5) among the other octets, of which TCP would take the last one out."""
        self.writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_OOBINLINE, 1)

    def forget_ahead(self) -> None:
        """Drop what the client has sent behind the last line, as a server does that reads one command at a time."""
        getattr(self.reader, "_buffer", bytearray()).clear()

    async def read(self, size: int = READ_SIZE, *, secret: bool = False) -> bytes:
        """What is there, at most so many octets; b"" when the client has closed."""
        if self.budget is not None and not self.budget.left:
            await self.cut(self.budget.how)
        remark = self._remark(secret)
        data = await self.reader.read(size)
        if data:
            self._log("C", data, remark)
        if self.budget is not None:
            data, _ = self.budget.take(data)
        return data

    async def readexactly(self, size: int, *, secret: bool = False) -> bytes:
        """Exactly so many octets; Hangup when the client closes before."""
        remark = self._remark(secret)
        try:
            data = await self.reader.readexactly(size)
        except asyncio.IncompleteReadError as error:
            raise Hangup from error
        self._log("C", data, remark)
        return data

    async def read_until(self, end: bytes) -> bytes:
        """Everything up to and with `end`, however long; Hangup when the client closes before."""
        remark, chunks = self._remark(), list[bytes]()
        while not chunks or not chunks[-1].endswith(end):
            try:
                chunks.append(await self.reader.readuntil(end))
            except asyncio.IncompleteReadError as error:
                raise Hangup from error
            except asyncio.LimitOverrunError as error:
                chunks.append(await self.reader.readexactly(error.consumed))
        data = b"".join(chunks)
        self._log("C", data, remark)
        return data

    # -- out

    async def write(self, data: bytes) -> None:
        """One reply, whole."""
        if self._behind:
            data, self._behind = data + self._behind, b""
        if not data:
            return
        try:
            await passing((self._passing, *self._lasting, self.budget), self._send)(data)
        except Cut as cut:
            await self.cut(cut.how)

    async def _send(self, data: bytes) -> None:
        self._log("S", data)
        self.writer.write(data)
        await self.writer.drain()

    def shape(self, rule: Rule | None, *, lasting: bool = False) -> None:
        """Send the next answer, or everything from now on, as a rule has it; None: as it is."""
        if lasting and rule is not None:
            self._lasting.append(step(rule))
        elif not lasting:
            self._passing = None if rule is None else step(rule)

    def inject(self, data: bytes) -> None:
        """Send this in one segment with the next reply."""
        self._behind = data

    # -- TLS

    async def start_tls(self, context: ssl.SSLContext | None = None) -> None:
        """The handshake after STARTTLS and its kin; what the client sent in clear behind it is dropped."""
        buffer: Any = getattr(self.reader, "_buffer", bytearray())
        if buffer:
            self.note(f"dropped {len(buffer)} octets sent in clear behind the upgrade")
            buffer.clear()
        await self.server.tls.secure(self, context)

    async def handshake(self, context: ssl.SSLContext) -> None:
        """The handshake itself."""
        await self.writer.start_tls(context)
        over_tls(self.writer)
        self.tls = True
        self.note("TLS")

    async def peek(self) -> bytes:
        """What waits at the socket and has not been read; reading has to be off."""
        sock = self.writer.get_extra_info("socket")
        with socket.socket(fileno=os.dup(sock.fileno())) as twin:
            there, running = asyncio.Event(), asyncio.get_running_loop()
            running.add_reader(twin, there.set)
            try:
                await there.wait()
            finally:
                running.remove_reader(twin)
            return twin.recv(READ_SIZE, socket.MSG_PEEK)

    # -- the end

    async def cut(self, how: str) -> None:
        """End it as a rule says, and the fake's coroutine with it.

        Raises:
            Hangup: always.
        """
        if how == "hang":
            await asyncio.Event().wait()
        if how == "reset":
            await self._arrived()
            self.abort()
        else:
            await self.finish()
        raise Hangup

    async def finish(self) -> None:
        """Close from this side so that all that was written arrives, whatever is still on its way here."""
        if self.tls and not self._silent:
            self.writer.close()
            return
        self.writer.transport.set_write_buffer_limits(high=1, low=0)
        await self.writer.drain()
        sock = self.writer.get_extra_info("socket")
        with contextlib.suppress(OSError):
            sock.shutdown(socket.SHUT_WR)
        with contextlib.suppress(TimeoutError, ConnectionError, ssl.SSLError):
            await asyncio.wait_for(self._ignore(), LINGER)
        self.writer.transport.abort()

    async def _arrived(self) -> None:
        """Wait until the other side's system has what was written: a reset would take back what it has not."""
        self.writer.transport.set_write_buffer_limits(high=1, low=0)
        await self.writer.drain()
        sock = self.writer.get_extra_info("socket")
        end = time.monotonic() + LINGER
        with contextlib.suppress(OSError):
            while any(fcntl.ioctl(sock.fileno(), termios.TIOCOUTQ, bytes(4))) and time.monotonic() < end:
                await asyncio.sleep(0.001)

    async def _ignore(self) -> None:
        while await self.reader.read(READ_SIZE):
            pass

    def close(self) -> None:
        """Close, after what was written."""
        self.writer.close()

    def close_silently(self) -> None:
        """From now on, end without TLS's close_notify."""
        self._silent = True

    @property
    def silent(self) -> bool:
        """Whether it ends without close_notify."""
        return self._silent and self.tls

    def discard(self) -> None:
        """Close at once, whatever was not sent yet."""
        self.writer.transport.abort()

    def abort(self) -> None:
        """Cut: the client sees a reset."""
        sock = self.writer.get_extra_info("socket")
        if sock is not None:
            with contextlib.suppress(OSError):
                sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.discard()


def reading(writer: asyncio.StreamWriter, *, on: bool) -> None:
    """Let a stream read from its socket, or leave there what comes: TLS's first octets are not for the stream."""
    transport: Any = writer.transport
    if on:
        transport.resume_reading()
    else:
        transport.pause_reading()


def over_tls(writer: asyncio.StreamWriter) -> None:
    """Tell the stream what Python 3.11 forgets to tell it after an upgrade: that TLS has no half-closed connections."""
    protocol: Any = writer.transport.get_protocol()
    protocol._over_ssl = True
