"""Where a fake listens, and the streams that come of it: one mechanism for TCP, Unix sockets and FTP's data.

A `Port` is bound and listens as soon as it is made, by whoever starts the server and in its own thread: from then on
the system lets clients in, and the loop need only be told to take them (`open`). `Streams` makes asyncio's streams of
sockets and knows when the last of them is gone, so that a server that stops leaves none behind and waits no longer than
it must. asyncio's own servers need a turn of the loop to begin, and several to end without losing a client that was
accepted a moment before. Knows no protocol and no rules.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import socket
from collections.abc import Callable
from typing import Any

__all__ = ["Port", "Streams", "bound", "bound_all", "bound_unix"]

BACKLOG = 128
BUFFER = 256 * 1024  # octets that a stream reads ahead; a line may be half as long
BREATH = 0.1  # seconds without accepting when the process has no descriptor left


def _closing(sock: socket.socket, prepare: Callable[[socket.socket], object]) -> socket.socket:
    """The socket, prepared; closed when that fails."""
    try:
        sock.setblocking(False)
        prepare(sock)
    except BaseException:
        sock.close()
        raise
    return sock


def bound(host: str, port: int, kind: socket.SocketKind = socket.SOCK_STREAM) -> socket.socket:
    """A socket with this address, at which nothing listens yet; port 0 is any free one."""

    def prepare(sock: socket.socket) -> None:
        if kind is socket.SOCK_STREAM:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # a port whose connections linger is free
        if ":" in host:
            sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        try:
            sock.bind((host, port))
        except OSError as error:
            raise OSError(error.errno, f"{error.strerror}: {host}, port {port}") from None

    # asyncio sends without delay (TCP_NODELAY) only on a socket that is said to be TCP's
    protocol = socket.IPPROTO_TCP if kind is socket.SOCK_STREAM else 0
    return _closing(socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET, kind, protocol), prepare)


def bound_all(host: str, port: int) -> list[socket.socket]:
    """A socket for each address of a host, all with one number; `localhost` may be 127.0.0.1 and ::1.

    The first has to be had; the others are left out where they are not (a system without IPv6).
    """
    try:
        socket.inet_pton(socket.AF_INET6 if ":" in host else socket.AF_INET, host)
        addresses = [host]
    except OSError:
        found = socket.getaddrinfo(host or None, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
        addresses = list(dict.fromkeys(str(each[4][0]) for each in found))
    first, *others = addresses
    sockets = [bound(first, port)]
    number = sockets[0].getsockname()[1]
    for other in others:
        with contextlib.suppress(OSError):
            sockets.append(bound(other, number))
    return sockets


def bound_unix(path: str | os.PathLike[str]) -> socket.socket:
    """A Unix socket at this path, at which nothing listens yet."""
    return _closing(socket.socket(socket.AF_UNIX), lambda sock: sock.bind(os.fspath(path)))


class Port:
    """A listening socket whose clients are handed to `taken`; or any other, with `readable` called when it can be read.

    `open` and `close` are the loop's: before `open` clients wait in the system's queue.
    """

    def __init__(
        self,
        sock: socket.socket,
        taken: Callable[[socket.socket], object] | None = None,
        *,
        readable: Callable[[], object] | None = None,
    ) -> None:
        self.socket = sock
        self._taken = taken
        self._readable = readable or self._accept
        self._opened = False
        if taken is not None:
            sock.listen(BACKLOG)

    @property
    def number(self) -> int:
        """The port's number, 0 of a Unix socket."""
        name = self.socket.getsockname()
        return int(name[1]) if isinstance(name, tuple) else 0

    def open(self) -> None:
        """Take whoever knocks."""
        if self.socket.fileno() >= 0:
            self._opened = True
            asyncio.get_running_loop().add_reader(self.socket, self._readable)

    def close(self) -> None:
        """Take nobody more; who waits in the queue is reset."""
        if self._opened:
            self._opened = False
            asyncio.get_running_loop().remove_reader(self.socket)
        self.socket.close()

    def _accept(self) -> None:
        assert self._taken is not None
        try:
            client, _ = self.socket.accept()
        except (BlockingIOError, InterruptedError, ConnectionAbortedError):
            return
        except OSError:  # no descriptor left
            running = asyncio.get_running_loop()
            running.remove_reader(self.socket)
            running.call_later(BREATH, self.open)
            return
        client.setblocking(False)
        self._taken(client)


class _Stream(asyncio.StreamReaderProtocol):
    """asyncio's, which keeps its socket in sight: TLS in between does not always tell that it was closed."""

    writer: asyncio.StreamWriter
    transport: asyncio.BaseTransport  # the socket's own, under whatever is put between

    def __init__(self, streams: Streams) -> None:
        # with a callback, asyncio takes the stream for an accepted one: the server in TLS's handshake
        self._reader_of = asyncio.StreamReader(BUFFER, asyncio.get_running_loop())
        super().__init__(self._reader_of, self._made)
        self._streams = streams

    def _made(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.writer = writer
        self.transport = writer.transport
        self._streams.here.add(self)

    def connection_lost(self, exc: Exception | None) -> None:
        super().connection_lost(exc)
        if exc is not None:  # else asyncio complains where this and its future are garbage in the other order
            closed: asyncio.Future[None] = self._closed  # type: ignore[attr-defined]  # no public name
            closed.exception()
        self._streams.here.discard(self)

    def eof_received(self) -> bool:
        super().eof_received()
        raw: Any = self.transport
        return raw.get_protocol() is self  # under TLS there is no half-closed connection to keep

    def both(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        """The reader, which is the caller's to keep from now on, and the writer."""
        reader = self._reader_of
        del self._reader_of
        return reader, self.writer


class Streams:
    """The streams of one server, whoever began them; all of it happens on the loop."""

    def __init__(self) -> None:
        self.here: set[Any] = set()

    async def of(self, sock: socket.socket) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        """The streams of a connected socket."""
        stream = _Stream(self)
        await asyncio.get_running_loop().connect_accepted_socket(lambda: stream, sock)
        return stream.both()

    async def connect(self, host: str, port: int) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        """Connect from here, and be what accepted would be all the same: the server in TLS's handshake."""
        stream = _Stream(self)
        await asyncio.get_running_loop().create_connection(lambda: stream, host, port)
        return stream.both()

    def abort(self) -> None:
        """Cut all of them, whatever was not sent yet."""
        for stream in self.here:
            stream.transport.abort()

    async def end(self) -> None:
        """Cut all of them, and go on when every socket is closed, which is a few turns of the loop later."""
        self.abort()
        while any(stream.transport.get_extra_info("socket").fileno() >= 0 for stream in self.here):
            await asyncio.sleep(0)
        self.here.clear()
