"""Fakes on Unix sockets and of datagrams: the same rules, the same log."""

from __future__ import annotations

import socket
from collections.abc import Iterator

import pytest

from nettools.testing.connection import Connection
from nettools.testing.endpoints import Datagram, DatagramServer, UnixServer


class Shout(DatagramServer):
    protocol = "udp"

    async def session(self, conn: Connection) -> None:
        assert isinstance(conn, Datagram)
        await conn.write(conn.data.upper())


class Lines(UnixServer):
    protocol = "unix"

    async def session(self, conn: Connection) -> None:
        while line := await conn.readline():
            if not await self.intercept(conn, "LINE", line.decode()):
                await conn.write(line)


@pytest.fixture
def shout() -> Iterator[Shout]:
    with Shout() as running:
        yield running


@pytest.fixture
def lines() -> Iterator[Lines]:
    with Lines() as running:
        yield running


def ask(server: Shout, data: bytes = b"hello", timeout: float = 5) -> bytes:
    with socket.socket(type=socket.SOCK_DGRAM) as client:
        client.settimeout(timeout)
        client.connect((server.host, server.port))
        client.send(data)
        return client.recv(65536)


def talk(server: Lines, data: bytes = b"hello\n") -> bytes:
    with socket.socket(socket.AF_UNIX) as client:
        client.settimeout(5)
        client.connect(str(server.path))
        client.sendall(data)
        return client.recv(65536)


def test_a_datagram_is_answered_and_recorded(shout: Shout) -> None:
    assert ask(shout) == b"HELLO"
    assert (shout.log.client_bytes(), shout.log.server_bytes(), shout.log.connections) == (b"hello", b"HELLO", 1)


def test_datagrams_meet_rules(shout: Shout) -> None:
    shout.on("DATAGRAM", "first").garbage(b"instead")
    shout.on("*", "second").truncate(3)
    shout.on("*", "third").drop()
    assert ask(shout, b"first") == b"instead"
    assert ask(shout, b"second") == b"SEC"
    with pytest.raises(TimeoutError):
        ask(shout, b"third", timeout=0.1)


def test_a_port_of_datagrams_can_be_closed_and_opened_again(shout: Shout) -> None:
    rule = shout.on_connect().refuse()
    with pytest.raises(ConnectionRefusedError):
        ask(shout)
    shout.rules.remove(rule)
    assert ask(shout) == b"HELLO"


def test_a_unix_socket_is_there_while_its_server_runs() -> None:
    server = Lines()
    with server:
        assert talk(server) == b"hello\n"
        assert server.url == f"unix://{server.path}"
    assert not server.path.parent.exists()


def test_unix_sockets_meet_rules(lines: Lines) -> None:
    lines.on("LINE", "x").truncate(2)
    assert talk(lines, b"xyz\n") == b"xy"
    rule = lines.on_connect().refuse()
    with pytest.raises(ConnectionRefusedError):
        talk(lines)
    lines.rules.remove(rule)
    assert talk(lines) == b"hello\n"
