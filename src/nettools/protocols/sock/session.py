"""Conversations over raw sockets: `exchange`, `send`, `receive`, for streams and for datagrams.

There is no greeting, no login and no goodbye; what was sent may have been acted on, so that nothing is sent twice
(`committed`). What `until` means is `wire.stream`'s to say.
"""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Any

from nettools.errors import (
    ConnectError,
    DisconnectedError,
    NettoolsError,
    TooLargeError,
    UnsupportedError,
    UsageError,
)
from nettools.results import Exchange
from nettools.session import Session, operation
from nettools.target import decode
from nettools.wire.datagram import Datagrams
from nettools.wire.stream import End, Stream, Until
from nettools.wire.text import octets

if TYPE_CHECKING:
    from nettools.options import Options
    from nettools.target import Target

__all__ = ["DatagramSession", "SocketSession", "StreamSession", "UnixSession", "classify"]


def classify(error: Exception) -> NettoolsError | None:
    """A refusal that comes as an answer to a datagram is no disconnection."""
    if isinstance(error, ConnectionRefusedError):
        return ConnectError(
            "the datagram was refused: nothing listens there", hint="check the port, and that the server runs"
        )
    return None


class SocketSession(Session):
    """`connect("tcp://...")` and its kin: `exchange`, `send`, `receive`, `ping`; `raw` is the socket."""

    client: Stream | Datagrams | None

    def __init__(self, target: Target, options: Options) -> None:
        super().__init__(target, options)
        if target.protocol != "unix" and (not target.host or not target.port):
            raise UsageError(f"{target.url} has no host or port to connect to", exit_code=3)
        if self.auth is not None or (target.protocol != "tcp" and self.implicit_tls):
            what = "login" if self.auth is not None else "TLS"
            raise UsageError(f"a {target.scheme.name}:// socket has no {what}")

    @property
    def raw(self) -> Any:
        """The socket."""
        return None if self.client is None else self.client.sock

    def _discard(self) -> None:
        client, self.client = self.client, None
        if client is not None:
            with contextlib.suppress(OSError):
                client.sock.close()

    def _octets(self, data: bytes | str) -> bytes:
        return octets(data, self.options.encoding or "utf-8")

    def _until(self, until: End) -> Until:
        return Until(until, self.options.encoding or "utf-8")

    def exchange(self, data: bytes | str, *, until: End = None) -> Exchange:
        """Send, and receive an answer: see `nettools.exchange`."""
        return self._exchange(self._octets(data), self._until(until))  # checked before anything is opened

    def send(self, data: bytes | str) -> None:
        """Send all of it: octets on a stream, one datagram else."""
        self._send(self._octets(data))

    def receive(self, until: End = None) -> Exchange:
        """What comes next, up to `until`; None: one datagram, or all of a stream until the peer closes."""
        return self._receive(self._until(until))

    @operation("ping")
    def ping(self) -> None:
        """Whether the connection still stands, as far as this side knows; nothing is sent."""
        self._committed = True  # another connection would be another conversation
        sock = self.raw
        quiet = not isinstance(self.client, Stream) or self.client.ahead or self.tls is not None or not sock.ready(0)
        if not quiet and not sock.injected():  # readable without anything to read: the end
            raise DisconnectedError("the peer has closed the connection")

    @operation("exchange")
    def _exchange(self, data: bytes, until: Until) -> Exchange:
        with self.committed():
            return self._conversed(data, until)

    @operation("send")
    def _send(self, data: bytes) -> None:
        assert self.client is not None
        with self.committed():
            self.client.send(data)

    @operation("receive")
    def _receive(self, until: Until) -> Exchange:
        self._committed = True  # another connection would not have it
        return self._received(until)

    # -- the two kinds

    def _conversed(self, data: bytes, until: Until) -> Exchange:
        if isinstance(self.client, Stream):
            if self.client.ended:  # by the exchange before this one
                self._discard()
                self._open()
            answer = self.client.converse(data, until, half_close=until.by_peer and self.tls is None)
            if self.client.unsent:
                self._trace.warn(f"the peer answered without taking the last {self.client.unsent} octets")
            return Exchange(answer, self.peer)
        assert self.client is not None
        while True:
            try:
                self.client.send(data)
                return self._received(until)
            except ConnectionRefusedError:
                if not self.client.next(self.dialer):
                    raise
                self._socks = [self.client.sock]

    def _received(self, until: Until) -> Exchange:
        if isinstance(self.client, Stream):
            return Exchange(self.client.receive(until), self.peer)
        assert self.client is not None
        data, peer = self.client.receive()
        answer = bytearray(data)
        while not until.by_peer and until.find(answer, 0) is None:  # an answer of several datagrams
            self._within(len(answer))
            if until.silence is not None and not self.client.sock.ready(until.silence):
                break
            answer += self.client.receive()[0]
        self._within(len(answer))
        return Exchange(bytes(answer), peer)

    def _within(self, octets: int) -> None:
        limit = self.options.max_size
        if limit is not None and octets > limit:
            raise TooLargeError.over(limit, "the answer has")


class StreamSession(SocketSession):
    """A TCP connection, with TLS from its first octet where the scheme is tls."""

    def _establish(self) -> None:
        with self.connecting():
            self.client = Stream(self._connect(), limit=self.options.max_size)


class DatagramSession(SocketSession):
    """A UDP socket that is connected to its peer: others are not heard."""

    def _establish(self) -> None:
        with self.connecting():
            self.client = Datagrams.open_udp(self.dialer, self.target.host, self.target.port)
            self._socks = [self.client.sock]


class UnixSession(SocketSession):
    """A Unix socket: a stream, or datagrams where such a socket listens at the path (`datagram=` decides)."""

    def _establish(self) -> None:
        if self.dialer.route is not None and self.options.proxy != "env":
            raise UnsupportedError("a Unix socket is on this machine: no proxy reaches it", side="nettools")
        with self.connecting():
            sock = self.dialer.connect_unix(decode(self.target.path), datagram=self.options.datagram)
            self._socks = [sock]
            self.client = Datagrams(sock) if sock.is_datagram else Stream(sock, limit=self.options.max_size)
