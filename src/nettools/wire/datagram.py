"""Datagrams: one socket that sends them and takes answers from the peer it was told, and from nobody else.

The kernel does the choosing: the socket is connected to its peer. Only broadcasts and multicasts, which any machine may
answer, are sent from an open one. A host with several addresses is tried in their order: a refusal (an ICMP error, RFC
1122 4.1.3.3) means that nobody took the datagram, so it may go to the next. Deadline, idle timeout, counters and trace
are the guard's.
"""

from __future__ import annotations

import errno
import ipaddress
import os
import socket

from nettools.errors import ConnectError, TooLargeError, UnsupportedError
from nettools.wire.dial import Address, Dialer, closing_on_error
from nettools.wire.guard import BLOCK, WireSocket

__all__ = ["Datagrams"]

UDP_LIMIT = 65507  # octets: what IPv4's length field leaves (RFC 768); IPv6 without jumbograms takes 20 more


class DatagramSocket(WireSocket):
    """A guarded socket that also sends to and receives from anybody within the limits."""

    def recvfrom(self, bufsize: int, flags: int = 0) -> tuple[bytes, object]:
        """As socket.recvfrom, within the limits."""
        self._arm()
        try:
            data, address = socket.socket.recvfrom(self, bufsize, flags)
        except TimeoutError as error:
            raise self._timed_out("receive") from error
        if self.trace is not None and self.trace.watched:
            self.trace.show("<", data, self.source)
        self._received(len(data))
        return data, address

    def sendto(self, data: bytes, address: object) -> int:  # type: ignore[override]  # the form without flags
        """As socket.sendto, within the limits."""
        self._arm()
        try:
            count = socket.socket.sendto(self, data, address)  # type: ignore[call-overload]
        except TimeoutError as error:
            raise self._timed_out("send") from error
        if self.trace is not None:
            self.trace.count_out(count)
            if self.trace.watched:
                self.trace.show(">", data, self.source)
        return int(count)


class Datagrams:
    """A datagram socket and its peer; made by `open_udp`, or of a Unix socket that is connected already."""

    def __init__(self, sock: WireSocket, address: Address | None = None, others: tuple[Address, ...] = ()) -> None:
        self.sock = sock
        self.address = address  # where an open socket sends to; None: it is connected
        self.others = others  # further addresses of the host

    @classmethod
    def open_udp(cls, dialer: Dialer, host: str, port: int) -> Datagrams:
        """To host and port: looked up, connected unless it is a broadcast or multicast.

        Raises:
            UnsupportedError: the options say that a proxy is to be used. ConnectError: no address can be used.
        """
        route = dialer.route
        if route is not None and not route.bypasses(host, port):
            raise UnsupportedError(
                "UDP does not go through a proxy", side="nettools", hint="proxy=None, -x '' goes directly"
            )
        with dialer.trace.span("resolve"):
            addresses = dialer.addresses("255.255.255.255" if host == "<broadcast>" else host, port)
        return cls._first(dialer, tuple(addresses))

    @classmethod
    def _first(cls, dialer: Dialer, addresses: tuple[Address, ...]) -> Datagrams:
        failure = ""
        with closing_on_error() as owned, dialer.trace.span("connect"):
            for place, address in enumerate(addresses):
                sock = DatagramSocket(address.family, socket.SOCK_DGRAM)
                owned.append(sock)
                try:
                    if dialer.source is not None:
                        sock.bind(dialer.source)
                    many = _reach(sock, address)
                except OSError as error:
                    sock.close()
                    failure = f"{address}: {os.strerror(error.errno or 0).lower()}"
                    continue
                sock.peer = dialer.trace.peer = str(address)
                return cls(dialer.guard(sock), address if many else None, addresses[place + 1 :])
            raise ConnectError(f"cannot send to {failure}")

    def next(self, dialer: Dialer) -> bool:
        """Go on to the host's next address; False when there is none."""
        if not self.others:
            return False
        self.sock.close()
        other = self._first(dialer, self.others)
        self.sock, self.address, self.others = other.sock, other.address, other.others
        return True

    def send(self, data: bytes) -> None:
        """One datagram.

        Raises:
            TooLargeError: it is longer than a datagram can be; nothing was sent.
        """
        limit = UDP_LIMIT if self.sock.family != socket.AF_UNIX else None
        if limit is not None and len(data) > limit:
            raise _too_long(len(data), f"a UDP datagram holds at most {limit} octets")
        try:
            if self.address is None:
                self.sock.send(data)
            else:
                assert isinstance(self.sock, DatagramSocket)
                self.sock.sendto(data, self.address.sockaddr)
        except OSError as error:
            if error.errno == errno.EMSGSIZE:
                raise _too_long(len(data), "the system takes no datagram as long as this") from error
            raise

    def receive(self) -> tuple[bytes, str | None]:
        """One datagram, and where it came from."""
        if self.address is None:
            return self.sock.recv(BLOCK), self.sock.peer
        assert isinstance(self.sock, DatagramSocket)
        data, address = self.sock.recvfrom(BLOCK)
        return data, str(Address(self.sock.family, address))


def _too_long(octets: int, limit: str) -> TooLargeError:
    return TooLargeError(f"{limit}, and not {octets}", hint="send less, or use a stream")


def _reach(sock: WireSocket, address: Address) -> bool:
    """Connect, or make ready to broadcast; whether more than one machine may answer."""
    if ipaddress.ip_address(str(address.sockaddr[0]).partition("%")[0]).is_multicast:
        return True
    try:
        sock.connect(address.sockaddr)
    except PermissionError:  # what Linux says of a broadcast address that nobody asked to broadcast to
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)
        return True
    return False
