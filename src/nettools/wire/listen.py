"""Listening: bind, listen, accept, for TCP, UDP and Unix sockets; the server's half of TLS; a close that lingers.

A `Listener` waits for clients until it is told to stop, from any thread. What it accepts are guarded sockets, each with
a deadline and a trace of its own. A Unix socket's path is removed by who made it, and only if it is still the same. No
threads here, and no protocol.
"""

from __future__ import annotations

import contextlib
import errno
import os
import select
import socket
import ssl
import stat
from collections.abc import Callable
from typing import Any

from nettools.errors import ConnectError, NettoolsError, ResolveError
from nettools.frozen import Frozen
from nettools.results import Event
from nettools.wire.datagram import DatagramSocket
from nettools.wire.deadline import Deadline
from nettools.wire.dial import Address, check_path
from nettools.wire.guard import BLOCK, WireSocket, hand_over
from nettools.wire.tls import describe, tls_error
from nettools.wire.trace import Trace

__all__ = ["Limits", "Listener", "finish", "secure_client"]

LINGER = 2.0  # seconds that a client has to read the end of what it was sent
LINGER_OCTETS = 1024 * 1024  # of what it still sends meanwhile


class Limits(Frozen):
    """What each accepted connection gets: seconds in all and without an octet, octets a second, a watcher."""

    total: float | None = None
    idle: float | None = None
    rate: float | None = None
    on_event: Callable[[Event], object] | None = None

    def put_on(self, sock: WireSocket, peer: str) -> None:
        """A deadline and a trace of its own for this socket."""
        sock.deadline, sock.idle, sock.rate = Deadline(self.total), self.idle, self.rate
        sock.trace = Trace(sock.deadline, self.on_event)
        sock.peer = sock.trace.peer = peer
        sock.settimeout(self.idle)


class Listener:
    """A bound socket: `accept` gives streams, `receive` datagrams, each None after `wake`."""

    def __init__(self, sock: WireSocket, limits: Limits, path: str | None = None) -> None:
        self.sock = sock
        self.limits = limits
        self._path = path
        self._made = os.stat(path).st_ino if path is not None else None
        self._alarm, self._waker = socket.socketpair()
        self._waker.setblocking(False)
        self._poll = select.poll()
        for each in (sock, self._alarm):
            self._poll.register(each, select.POLLIN)
        sock.setblocking(False)

    @property
    def address(self) -> tuple[str, int] | str:
        """Host and port, or the path."""
        name: Any = self.sock.getsockname()
        return self._path if self._path is not None else (str(name[0]), int(name[1]))

    def wait(self) -> bool:
        """Wait for a client; False when it is time to stop."""
        stop = self._alarm.fileno()
        return stop not in [number for number, _ in self._poll.poll()]

    def wake(self) -> None:
        """End the waiting; from any thread, and from a signal's handler."""
        with contextlib.suppress(OSError):
            self._waker.send(b"x")

    def accept(self) -> WireSocket | None:
        """The next connection; None when there is none after all, or it is time to stop."""
        if not self.wait():
            return None
        try:
            plain, address = self.sock.accept()
        except OSError as error:
            if error.errno in (errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM):
                select.poll().poll(50)  # no room for one more at the moment: others will end
            return None
        sock = WireSocket(plain.family, plain.type, plain.proto, fileno=plain.detach())
        self.limits.put_on(sock, str(Address(sock.family, address)) or (self._path or ""))
        if sock.family != socket.AF_UNIX:
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return sock

    def receive(self) -> tuple[bytes, Address] | None:
        """The next datagram and its sender; None as `accept`."""
        if not self.wait():
            return None
        try:
            data, address = socket.socket.recvfrom(self.sock, BLOCK)
        except OSError:  # an ICMP error about an earlier answer
            return None
        return data, Address(self.sock.family, address or "")

    def answer(self, data: bytes, address: Address) -> None:
        """One datagram to a sender; a sender without a name of its own cannot be answered."""
        if address.sockaddr:
            socket.socket.sendto(self.sock, data, address.sockaddr)

    def close(self) -> None:
        """Stop listening; the path of a Unix socket is removed if it is still this one."""
        if self.sock.fileno() == -1:
            return
        for each in (self.sock, self._alarm, self._waker):
            each.close()
        if self._path is not None:
            with contextlib.suppress(OSError):
                if os.stat(self._path).st_ino == self._made:
                    os.unlink(self._path)

    @classmethod
    def on_host(cls, host: str, port: int, limits: Limits, *, datagram: bool = False, family: int | None) -> Listener:
        """At host and port; `""` is any address, port 0 any free one.

        Raises:
            ResolveError, ConnectError: the address is not this machine's, or not free.
        """
        kind = socket.SOCK_DGRAM if datagram else socket.SOCK_STREAM
        wanted = {None: socket.AF_INET if not host else socket.AF_UNSPEC, 4: socket.AF_INET, 6: socket.AF_INET6}[family]
        try:
            rows = socket.getaddrinfo(host or None, port, wanted, kind, 0, socket.AI_PASSIVE)
        except (socket.gaierror, UnicodeError) as error:
            raise ResolveError(f"{host} has no address", retryable=False) from error
        address = Address(rows[0][0], rows[0][4])
        sock: WireSocket = DatagramSocket(address.family, kind) if datagram else WireSocket(address.family, kind)
        return cls._listening(sock, address, limits, datagram)

    @classmethod
    def on_path(cls, path: str, limits: Limits, *, datagram: bool = False) -> Listener:
        """At a path. What an earlier server left there is replaced, if it is a socket that nobody listens on."""
        kind = socket.SOCK_DGRAM if datagram else socket.SOCK_STREAM
        check_path(path)
        _remove_stale(path, kind)
        sock: WireSocket = DatagramSocket(socket.AF_UNIX, kind) if datagram else WireSocket(socket.AF_UNIX, kind)
        return cls._listening(sock, Address(socket.AF_UNIX, path), limits, datagram, path)

    @classmethod
    def _listening(
        cls, sock: WireSocket, address: Address, limits: Limits, datagram: bool, path: str | None = None
    ) -> Listener:
        try:
            if path is None and not datagram:
                sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            sock.bind(address.sockaddr)
            if not datagram:
                sock.listen(128)
            return cls(sock, limits, path)
        except OSError as error:
            sock.close()
            raise _cannot_listen(address, error) from error


def _cannot_listen(address: Address, error: OSError) -> ConnectError:
    hint = {
        errno.EADDRINUSE: "another program listens there: stop it, or take another port or path",
        errno.EACCES: "it takes more rights than these: a port above 1023, or a folder of your own",
        errno.EADDRNOTAVAIL: "the address is not one of this machine's",
    }.get(error.errno or 0)
    what = os.strerror(error.errno or 0).lower()
    return ConnectError(f"cannot listen on {address}: {what}", hint=hint, retryable=False)


def _remove_stale(path: str, kind: int) -> None:
    try:
        if not stat.S_ISSOCK(os.stat(path).st_mode):
            return  # bind says that the name is taken
    except OSError:
        return
    with socket.socket(socket.AF_UNIX, kind) as probe:
        probe.settimeout(1)
        if probe.connect_ex(path) == errno.ECONNREFUSED:
            with contextlib.suppress(OSError):
                os.unlink(path)


# --- TLS, from the server's side


def secure_client(sock: WireSocket, context: ssl.SSLContext) -> WireSocket:
    """The TLS twin of an accepted connection, after its handshake; the plain one is closed when that fails."""
    try:
        wrapped: Any = context.wrap_socket(sock, server_side=True, do_handshake_on_connect=False)
    except BaseException:
        sock.close()
        raise
    hand_over(sock, wrapped)
    try:
        wrapped.handshake()
    except BaseException as error:
        wrapped.close()
        if isinstance(error, ssl.SSLError):
            raise tls_error(error, f"the client {sock.peer}") from error
        raise
    wrapped.trace.tls = describe(wrapped)
    return wrapped  # type: ignore[no-any-return]


def finish(sock: WireSocket) -> None:
    """Close so that the peer gets the end of what it was sent: say that it is the end, then wait for the peer's.

    A close with octets unread would be a reset, which may overtake the answer (RFC 1122 4.2.2.13).
    """
    try:
        sock.deadline, sock.failure = Deadline(LINGER), None
        if isinstance(sock, ssl.SSLSocket):
            sock.settimeout(0)
            with contextlib.suppress(OSError, ValueError):  # the close_notify goes out; the peer's is not waited for
                sock.unwrap()
        if sock.at_eof:
            return
        sock.shutdown(socket.SHUT_WR)
        drained = 0
        while drained < LINGER_OCTETS and (count := len(sock.recv(BLOCK))):
            drained += count
    except (OSError, NettoolsError):
        pass  # the peer is gone
    finally:
        sock.close()
