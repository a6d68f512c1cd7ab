"""Datagrams: sent within the limits, from a connected socket or an open one, to the first address that takes them."""

from __future__ import annotations

import collections
import errno
import itertools
import os
import socket
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from nettools.errors import ConnectError, DeadlineError, TooLargeError
from nettools.wire.datagram import Datagrams, DatagramSocket
from nettools.wire.dial import Address, Dialer
from nettools.wire.trace import Event

V4 = socket.AF_INET


@pytest.fixture
def peer() -> Iterator[socket.socket]:
    with socket.socket(V4, socket.SOCK_DGRAM) as sock:
        sock.bind(("127.0.0.1", 0))
        sock.settimeout(5)
        yield sock


def open_socket(dialer: Dialer, peer: socket.socket) -> Datagrams:
    """One that anybody may answer, as for a broadcast."""
    sock = dialer.guard(DatagramSocket(V4, socket.SOCK_DGRAM))
    sock.bind(("127.0.0.1", 0))
    return Datagrams(sock, Address(V4, peer.getsockname()))


def test_an_open_socket_tells_who_answered_and_the_trace_sees_both_ways(
    dialer: Callable[..., Dialer], peer: socket.socket
) -> None:
    events: list[Event] = []
    datagrams = open_socket(dialer(on_event=events.append), peer)
    datagrams.send(b"who?\n")
    asked, client = peer.recvfrom(100)
    with socket.socket(V4, socket.SOCK_DGRAM) as other:
        other.bind(("127.0.0.1", 0))
        other.sendto(b"me\n", client)
        assert datagrams.receive() == (b"me\n", f"127.0.0.1:{other.getsockname()[1]}")
    datagrams.sock.close()
    assert asked == b"who?\n"
    assert [(event.kind, event.bytes) for event in events] == [("send", b"who?\n"), ("receive", b"me\n")]


def test_an_open_socket_waits_no_longer_than_it_may(dialer: Callable[..., Dialer], peer: socket.socket) -> None:
    datagrams = open_socket(dialer(idle=0.02), peer)
    with pytest.raises(DeadlineError, match="nothing came"):
        datagrams.receive()
    datagrams.sock.close()


def test_a_peer_that_takes_nothing_ends_an_open_socket_in_time(dialer: Callable[..., Dialer], tmp_path: Path) -> None:
    path = str(tmp_path / "full")
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listener:
        listener.bind(path)
        sock = dialer(idle=0.02).guard(DatagramSocket(socket.AF_UNIX, socket.SOCK_DGRAM))
        datagrams = Datagrams(sock, Address(socket.AF_UNIX, path))
        with pytest.raises(DeadlineError, match="nothing was taken"):
            collections.deque(map(datagrams.send, itertools.repeat(b"x" * 1000, 100_000)), maxlen=0)
        sock.close()


def test_what_the_system_does_not_take_is_too_large(dialer: Callable[..., Dialer], tmp_path: Path) -> None:
    path = str(tmp_path / "small")
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listener:
        listener.bind(path)
        sock = dialer().connect_unix(path, datagram=True)
        with pytest.raises(TooLargeError, match="the system takes no datagram"):
            Datagrams(sock).send(b"x" * (64 << 20))
        sock.close()


def test_an_address_that_cannot_be_used_is_passed_over(
    dialer: Callable[..., Dialer], peer: socket.socket, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = DatagramSocket.connect

    def connect(self: Any, address: Any) -> None:
        if address[0] != "127.0.0.1":
            raise OSError(errno.ENETUNREACH, os.strerror(errno.ENETUNREACH))
        real(self, address)

    monkeypatch.setattr(DatagramSocket, "connect", connect)
    port = peer.getsockname()[1]
    dial = dialer(resolve={("far.example", port): ["192.0.2.1", "127.0.0.1"], ("no.example", port): ["192.0.2.1"]})
    datagrams = Datagrams.open_udp(dial, "far.example", port)
    assert (datagrams.sock.peer, datagrams.next(dial)) == (f"127.0.0.1:{port}", False)
    datagrams.sock.close()
    with pytest.raises(ConnectError, match=r"192\.0\.2\.1:\d+: network is unreachable"):
        Datagrams.open_udp(dial, "no.example", port)


def test_a_multicast_is_sent_from_an_open_socket(dialer: Callable[..., Dialer]) -> None:
    datagrams = Datagrams.open_udp(dialer(source=("127.0.0.1", 0)), "239.255.77.1", 5000)
    assert datagrams.address == Address(V4, ("239.255.77.1", 5000))
    datagrams.sock.close()
