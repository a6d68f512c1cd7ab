"""The guard: what every socket of nettools has in common, plain or TLS.

The total deadline, the idle timeout, the counters, the rate limit and the tap of the trace live on the socket itself,
so that the standard library's protocol modules, urllib3 and http.client get them by reading and writing as they always
do. Only Python's own socket hooks are used: `recv`, `recv_into`, `send` and `sendall` are overridden, everything else
is inherited. `SSLContext.sslsocket_class` (see `tls`) makes the TLS twin, also when the standard library upgrades.

The guard's errors are nettools' own (`DeadlineError` is a TimeoutError, `DisconnectedError` a ConnectionError); a
protocol module that wraps them in its own exception leaves them in the chain, where the conductor finds them.
"""

from __future__ import annotations

import contextlib
import io
import select
import socket
import ssl
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Literal

from nettools.errors import DeadlineError, NettoolsError, ReplyTooLongError
from nettools.wire.deadline import NEVER, Deadline

if TYPE_CHECKING:
    from nettools.wire.trace import Trace

    Base = socket.socket  # what the guard is mixed into, plain or TLS
else:
    Base = object

__all__ = ["BLOCK", "Guard", "WireSocket", "hand_over"]

BLOCK = 256 * 1024  # octets per system call on bulk data; 64 KiB and more cost no more than a bare socket
_SLACK = 0.02  # seconds: setting a socket's timeout is a system call, so an armed one is kept while it is about right


LINE_LIMIT = 1024 * 1024  # octets that `readline()` without a limit of its own may give

_readline = io.BufferedReader.readline  # by its own name: `super` costs as much as the line, and every reply is one


class Reader(io.BufferedReader):
    """What `makefile("rb")` gives: a buffered reader whose lines cannot grow without bound."""

    def readline(self, size: int | None = -1, /) -> bytes:
        """As io.BufferedReader.readline."""
        if size is not None and size >= 0:
            return _readline(self, size)
        line = _readline(self, LINE_LIMIT + 1)
        if len(line) > LINE_LIMIT:
            raise ReplyTooLongError(f"a line of the server's has more than {LINE_LIMIT} octets")
        return line


class Guard(Base):
    """What is added to a socket class. Attributes have class-level defaults: `ssl` makes sockets without `__init__`."""

    deadline: Deadline = NEVER
    idle: float | None = None
    trace: Trace | None = None
    rate: float | None = None
    peer: str | None = None  # address and port of the other end
    failure: NettoolsError | None = None  # what ended this connection; a protocol module may have hidden it
    eager: bool = False  # reading and writing do not wait: `wait` does
    at_eof: bool = False  # the peer closed
    heard: bool = False  # the peer has said something
    number: int = 0  # of the connection, in this process; a TLS twin keeps it
    side: bool = False  # beside the call's own connection, such as FTP's data channel
    ragged: bool = False  # the peer closed without TLS's close_notify: a body that the close ends may have been cut

    _armed: float | None = -1.0
    _readers: tuple[io.BufferedReader, ...] = ()
    _started: float = 0.0
    _moved: int = 0

    @property
    def source(self) -> tuple[int, bool, bool]:
        """What the trace says of where octets passed: the connection's number, inside TLS or not, beside or not."""
        return self.number, isinstance(self, ssl.SSLSocket), self.side

    # -- time

    def settimeout(self, value: float | None, /) -> None:
        """As socket.settimeout, until the next operation: then the guard's own limits hold again."""
        super().settimeout(value)
        self._armed = -1.0

    def unread(self) -> bool:
        """Whether octets are held here that nobody has taken yet; the system is not asked."""
        for reader in self._readers:
            if not reader.closed and _peek(reader):
                return True
        return bool(self._pending())

    def ready(self, seconds: float | None) -> bool:
        """Wait until there is something to read, at most so long; False, and no error, when nothing came."""
        if self.failure is not None:
            raise self.failure
        if self.unread():
            return True
        limit = self.deadline.shorter(seconds)
        poll = select.poll()
        poll.register(self, select.POLLIN)
        came = bool(poll.poll(None if limit is None else limit * 1000))
        if not came:
            self.deadline.check()
        return came

    def wait(self, *, read: bool, write: bool) -> None:
        """Wait until an eager socket can be read or written; DeadlineError when nothing moves for too long."""
        self._arm()
        if read and self._pending():
            return
        limit = self.deadline.shorter(self.idle)
        poll = select.poll()
        poll.register(self, (select.POLLIN if read else 0) | (select.POLLOUT if write else 0))
        if not poll.poll(None if limit is None else limit * 1000):
            raise self._timed_out("send" if write else "receive")

    def ready_among(self, others: Sequence[int], seconds: float | None) -> set[int]:
        """Wait until this socket or one of the other descriptors has something to read: those that have."""
        if self.failure is not None:
            raise self.failure
        own: int = self.fileno()
        if self._pending():
            return {own}
        limit = self.deadline.shorter(seconds)
        poll = select.poll()
        for each in (own, *others):
            poll.register(each, select.POLLIN)
        came = {each for each, _ in poll.poll(None if limit is None else limit * 1000)}
        if not came:
            self.deadline.check()
        return came

    def _pending(self) -> int:
        pending = getattr(self, "pending", None)  # octets that TLS has decrypted already
        return int(pending()) if pending is not None else 0

    def _arm(self) -> None:
        """Let the next system call wait no longer than the idle timeout and the deadline allow."""
        if self.failure is not None:
            raise self.failure
        want = self.idle
        end = self.deadline.end
        if end is not None:
            left = end - self.deadline.clock()
            if left <= 0:
                self.failure = self.deadline.error()
                raise self.failure
            if want is None or left < want:
                want = left
        if self.eager:
            want = 0.0
        armed = self._armed
        if armed == want:
            return
        if armed is None or want is None or armed > want + _SLACK or armed < want * 0.5:
            super().settimeout(want)
            self._armed = want

    def _timed_out(self, verb: Literal["receive", "send"]) -> NettoolsError:
        left = self.deadline.remaining()
        if left is not None and left <= _SLACK:
            self.failure = self.deadline.error()
        else:
            went = "came from" if verb == "receive" else "was taken by"
            self.failure = DeadlineError(
                f"nothing {went} the server for {self.idle or self._armed or 0:g} s",
                kind="idle",
                hint="allow more with Timeout(idle=...) or --idle-timeout",
            )
        return self.failure

    def _pace(self, count: int) -> None:
        """Hold the average rate down to `rate` octets a second."""
        now = self.deadline.clock()
        if not self._moved:
            self._started = now
        self._moved += count
        ahead = self._moved / (self.rate or 1.0) - (now - self._started)
        if ahead > 0.005:
            self.deadline.pause(ahead)

    # -- receiving

    def recv(self, bufsize: int = 65536, flags: int = 0) -> bytes:
        """As socket.recv, within the limits."""
        self._arm()
        try:
            data: bytes = super().recv(bufsize, flags)
        except TimeoutError as error:
            raise self._timed_out("receive") from error
        except ssl.SSLEOFError:
            self.ragged, data = True, b""
        if self.trace is not None and self.trace.watched:
            self.trace.show("<", data, self.source)
        self._received(len(data))
        return data

    def recv_into(self, buffer: Any, nbytes: int | None = 0, flags: int = 0) -> int:
        """As socket.recv_into, within the limits."""
        self._arm()
        try:
            if nbytes:
                count: int = super().recv_into(buffer, nbytes, flags)
            else:
                count = super().recv_into(buffer)
        except TimeoutError as error:
            raise self._timed_out("receive") from error
        except ssl.SSLEOFError:
            self.ragged, count = True, 0
        trace = self.trace
        if trace is not None and trace.watched:
            trace.show("<", bytes(memoryview(buffer)[:count]), self.source)
        self._received(count)
        return count

    def _received(self, count: int) -> None:
        if count:
            self.heard = True
        else:
            self.at_eof = True
        if self.trace is not None:
            self.trace.count_in(count)
        if self.rate is not None:
            self._pace(count)

    # -- sending

    def send(self, data: Any, flags: int = 0) -> int:
        """As socket.send, within the limits."""
        self._arm()
        try:
            count: int = super().send(data, flags)
        except TimeoutError as error:
            raise self._timed_out("send") from error
        trace = self.trace
        if trace is not None:
            trace.count_out(count)
            if trace.watched:
                trace.show(">", bytes(memoryview(data)[:count]), self.source)
        if self.rate is not None:
            self._pace(count)
        return count

    def sendall(self, data: Any, flags: int = 0) -> None:
        """As socket.sendall, but every block has the idle timeout of its own."""
        view = memoryview(data).cast("B")
        while view:
            view = view[self.send(view if len(view) <= BLOCK else view[:BLOCK], flags) :]

    # -- files over the socket

    def makefile(self, mode: str = "r", buffering: int | None = None, **more: Any) -> Any:
        """As socket.makefile; readers have 64 KiB of buffer, bounded lines, and are remembered for STARTTLS."""
        if mode == "rb" and buffering is None:
            raw = super().makefile("rb", 0)
            reader: Any = Reader(raw, 64 * 1024)
            self._readers = (*self._readers, reader)
            return reader
        file = super().makefile(mode, buffering, **more)  # type: ignore[call-overload]  # whatever else a socket makes
        buffered = getattr(file, "buffer", file)
        if isinstance(buffered, io.BufferedReader):
            self._readers = (*self._readers, buffered)
        return file

    def injected(self) -> bytes:
        """What the peer has sent that nobody has read: before a TLS handshake it must be nothing.

        The buffers of all readers, and what the kernel holds, are looked at without waiting.
        """
        found = b""
        self.settimeout(0)
        try:
            for reader in self._readers:
                if not reader.closed:
                    found += _peek(reader)
            if not found:
                with contextlib.suppress(BlockingIOError, ValueError):  # ValueError: a TLS socket takes no flags
                    found = super().recv(1024, socket.MSG_PEEK)
        finally:
            self._armed = -1.0
        return found

    def close_properly(self, patience: float) -> None:
        """Close; under TLS by a close_notify, so that the peer can tell it from a cut, and a wait for the peer's."""
        if isinstance(self, ssl.SSLSocket) and not self.ragged:
            with contextlib.suppress(OSError, ValueError, NettoolsError):  # what is over need not end well
                self.settimeout(self.deadline.shorter(patience))
                self.unwrap()
        self.close()

    def drop(self) -> None:
        """Close for good: files that were made over it do not keep it open, as they do after `close`."""
        for reader in self._readers:
            with contextlib.suppress(OSError, ValueError):
                reader.close()
        with contextlib.suppress(OSError):
            self.close()

    def interrupt(self) -> None:
        """End the connection from another thread: whoever waits for it is told."""
        with contextlib.suppress(OSError):
            socket.socket.shutdown(self, socket.SHUT_RDWR)

    def handshake(self) -> None:
        """The TLS handshake, each wait of it within the limits (only a TLS twin has one)."""
        self._arm()
        try:
            super().do_handshake()  # type: ignore[misc]  # of ssl.SSLSocket
        except TimeoutError as error:
            raise self._timed_out("receive") from error

    def hand_over(self, other: Guard) -> None:
        """Give everything that hangs on this socket to its TLS twin."""
        other.deadline, other.idle, other.trace, other.rate = self.deadline, self.idle, self.trace, self.rate
        other.peer, other.number, other.side = self.peer, self.number, self.side


def hand_over(old: object, new: object) -> None:
    """The guard of one socket to another, where both have one."""
    if isinstance(old, Guard) and isinstance(new, Guard):
        old.hand_over(new)


def _peek(reader: io.BufferedReader) -> bytes:
    """What a reader has buffered. Its raw side is not asked: `peek` would block, or take from the kernel."""
    raw = reader.raw
    if not isinstance(raw, socket.SocketIO):
        return b""
    raw.__dict__["readinto"] = _nothing
    try:
        return reader.peek(1)
    except (OSError, ValueError):
        return b""
    finally:
        del raw.__dict__["readinto"]


def _nothing(_: object) -> None:
    """What a raw stream's `readinto` gives when nothing has come."""


class WireSocket(Guard, socket.socket):
    """A plain socket with the guard; its TLS twin is made by `context.context_for`."""

    @property
    def is_datagram(self) -> bool:
        """Whether it carries datagrams and no stream."""
        return self.type == socket.SOCK_DGRAM
