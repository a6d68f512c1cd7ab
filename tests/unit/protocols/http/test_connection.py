"""A kept connection, and what a server may put on it between two requests."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from typing import Any

import pytest

from nettools.protocols.http.connection import REST, Connection
from nettools.protocols.http.form import Body
from nettools.wire.guard import WireSocket

ANSWER = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
BUFFER = memoryview(bytearray(1024))


class Late(WireSocket):
    """A socket whose other end sends something more as soon as this one waits for it."""

    late = b""
    other: socket.socket

    def ready(self, seconds: float | None) -> bool:
        if seconds and self.late:
            self.other.sendall(self.late)
        return super().ready(seconds)


@pytest.fixture
def kept() -> Iterator[Connection]:
    """A connection on which one answer was read."""
    ours, theirs = socket.socketpair()
    sock: Any = Late(ours.family, ours.type, fileno=ours.detach())
    sock.idle, sock.other = 10, theirs
    connection = Connection(sock)
    theirs.sendall(ANSWER)
    response = connection.exchange("GET", b"GET / HTTP/1.1\r\n\r\n", Body())
    assert b"".join(bytes(block) for block in response.blocks(BUFFER)) == b"ok"
    yield connection
    connection.close()
    theirs.close()


def test_an_answer_that_follows_unasked_is_not_taken_for_the_next(kept: Connection) -> None:
    kept.sock.late = ANSWER
    assert not kept.usable()


def test_a_connection_rests_once(kept: Connection, monkeypatch: pytest.MonkeyPatch) -> None:
    waited: list[float | None] = []
    monkeypatch.setattr(Late, "ready", lambda self, seconds: bool(waited.append(seconds)))
    assert [kept.usable(), kept.usable(), kept.usable()] == [True, True, True]
    assert waited == [REST, 0, 0]
