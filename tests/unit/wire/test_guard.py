"""The guard: deadlines, idle timeouts, counters, and what was injected before TLS."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from nettools.errors import DeadlineError, ProtocolError, ReplyTooLongError
from nettools.policies import TLS
from nettools.testing.server import Connection
from nettools.wire.deadline import Deadline
from nettools.wire.dial import Dialer

Dial = Callable[..., Dialer]


async def silent(conn: Connection) -> None:
    await asyncio.Event().wait()


async def dripping(conn: Connection) -> None:
    while True:
        await conn.write(b".")
        await asyncio.sleep(0.02)


async def echo(conn: Connection) -> None:
    while line := await conn.readline():
        await conn.write(line)


class Clock:
    """A clock that a test moves."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.now += seconds


def test_silence_ends_at_the_idle_timeout_and_the_connection_is_not_used_again(serve: Any, dialer: Dial) -> None:
    server = serve(silent)
    sock = dialer(idle=0.1)(server.host, server.port)
    with pytest.raises(DeadlineError) as caught:
        sock.recv(1)
    assert caught.value.kind == "idle"
    with pytest.raises(DeadlineError):  # out of step: even what would work now is refused
        sock.sendall(b"x")
    sock.close()


def test_a_drip_of_octets_ends_at_the_total_deadline(serve: Any, dialer: Dial) -> None:
    server = serve(dripping)
    sock = dialer(total=0.2, idle=5)(server.host, server.port)
    with pytest.raises(DeadlineError) as caught:
        list(iter(lambda: sock.recv(1), b""))
    assert caught.value.kind == "total"
    sock.close()


def test_a_handshake_that_never_ends_ends_at_the_deadline(serve: Any, dialer: Dial) -> None:
    server = serve(silent)
    with pytest.raises(DeadlineError):
        dialer(total=0.1).open(server.host, server.port, tls=True)


def test_octets_and_round_trips_are_counted(serve: Any, dialer: Dial) -> None:
    server = serve(echo)
    dial = dialer()
    sock = dial(server.host, server.port)
    reader = sock.makefile("rb")
    for word in (b"one\n", b"two\n"):
        sock.sendall(word)
        assert reader.readline() == word
    meta = dial.trace.meta()
    assert (meta.bytes_sent, meta.bytes_received, meta.round_trips) == (8, 8, 2)
    reader.close()
    sock.close()


def test_ready_waits_without_failing_and_sees_what_is_buffered(serve: Any, dialer: Dial) -> None:
    server = serve(echo)
    sock = dialer()(server.host, server.port)
    reader = sock.makefile("rb")
    assert not sock.ready(0.01)
    sock.sendall(b"line\n")
    assert sock.ready(5)
    assert reader.read(2) == b"li"
    assert sock.ready(0)
    reader.close()
    sock.close()


def test_a_socket_that_is_dropped_is_closed_whatever_was_made_over_it(serve: Any, dialer: Dial) -> None:
    server = serve(echo)
    sock = dialer()(server.host, server.port)
    reader = sock.makefile("rb")
    sock.close()
    assert sock.fileno() != -1
    sock.drop()
    assert (sock.fileno(), reader.closed) == (-1, True)


def test_a_line_without_end_is_not_read_without_end(serve: Any, dialer: Dial) -> None:
    async def endless(conn: Connection) -> None:
        for _ in range(40):
            await conn.write(b"x" * 65536)

    server = serve(endless)
    sock = dialer()(server.host, server.port)
    with sock.makefile("rb") as reader, pytest.raises(ReplyTooLongError):
        reader.readline()
    sock.close()


@pytest.mark.parametrize("where", ["buffered", "in the kernel"])
def test_plain_text_behind_the_answer_to_starttls_is_refused(serve: Any, dialer: Dial, where: str) -> None:
    async def inject(conn: Connection) -> None:
        await conn.write(b"220 hello\r\n")
        await conn.readline()
        await conn.write(b"220 go\r\n250 evil\r\n" if where == "buffered" else b"220 go\r\n")
        if where != "buffered":
            await conn.write(b"250 evil\r\n")
        await conn.read()

    server = serve(inject)
    dial = dialer()
    sock = dial(server.host, server.port)
    reader = sock.makefile("rb")
    assert reader.readline() == b"220 hello\r\n"
    sock.sendall(b"STARTTLS\r\n")
    assert reader.readline() == b"220 go\r\n"
    assert sock.ready(5)
    with pytest.raises(ProtocolError, match="plain text behind"):
        dial.secure(sock, server.host)
    reader.close()


def test_the_guard_survives_the_upgrade(serve: Any, dialer: Dial, tls_ca: Any) -> None:
    async def upgrade(conn: Connection) -> None:
        await conn.readline()
        await conn.write(b"go\r\n")
        await conn.start_tls()
        await conn.write(b"inside\r\n")
        await silent(conn)

    server = serve(upgrade, tls=True)
    dial = dialer(idle=0.2, tls=TLS(ca=tls_ca))
    sock = dial(server.host, server.port)
    sock.sendall(b"STARTTLS\r\n")
    assert sock.recv(100) == b"go\r\n"
    secured: Any = dial.secure(sock, server.host)
    assert secured.recv(100) == b"inside\r\n"
    with pytest.raises(DeadlineError):
        secured.recv(1)
    assert dial.trace.bytes_received == len(b"go\r\ninside\r\n")
    secured.close()


def test_a_tls_connection_that_is_cut_is_told_from_one_that_is_closed(serve: Any, dialer: Dial, tls_ca: Any) -> None:
    async def close(conn: Connection) -> None:
        await conn.write(b"all")

    async def cut(conn: Connection) -> None:
        await conn.write(b"some")
        conn.writer.transport.get_extra_info("socket").shutdown(1)

    seen = {}
    for name, talk in (("closed", close), ("cut", cut)):
        server = serve(talk, tls=True)
        sock: Any = dialer(tls=TLS(ca=tls_ca)).open(server.host, server.tls_port, tls=True)
        while sock.recv(100):
            pass
        seen[name] = sock.ragged
        sock.close()
    assert seen == {"closed": False, "cut": True}


def test_a_deadline_within_a_deadline_is_called_by_its_own_name() -> None:
    clock = Clock()
    deadline = Deadline(10, clock=clock, sleep=clock.sleep)
    with deadline.within(3):
        assert deadline.remaining() == 3
        clock.now += 4
        assert deadline.error().kind == "connect"
        with pytest.raises(DeadlineError):
            deadline.check()
    assert deadline.remaining() == 6
    assert deadline.error().kind == "total"


def test_a_deadline_that_is_begun_anew_within_another_stays() -> None:
    deadline = Deadline(10, clock=Clock())
    with deadline.within(3):
        deadline.restart(0)
    assert deadline.remaining() == 0


def test_a_deadline_follows_the_whole_of_another_whatever_that_is_within() -> None:
    clock = Clock()
    deadline, follower = Deadline(10, clock=clock), Deadline(None, clock=clock)
    with deadline.within(3):
        follower.follow(deadline)
    assert (follower.remaining(), follower.error().kind) == (10, "total")


def test_a_pause_that_would_pass_the_deadline_ends_at_once() -> None:
    clock = Clock()
    deadline = Deadline(10, clock=clock, sleep=clock.sleep)
    deadline.pause(4)
    assert clock.now == 104
    with pytest.raises(DeadlineError):
        deadline.pause(7)
    assert clock.now == 104


def test_the_rate_is_held_down_by_pausing() -> None:
    import socket

    from nettools.wire.guard import WireSocket

    clock = Clock()
    left, right = socket.socketpair()
    guarded = WireSocket(left.family, left.type, left.proto, fileno=left.detach())
    guarded.deadline, guarded.rate = Deadline(None, clock=clock, sleep=clock.sleep), 1000
    guarded.sendall(b"x" * 5000)
    assert clock.now == pytest.approx(105, abs=0.1)
    guarded.close()
    right.close()


def test_other_descriptors_are_waited_for_beside_the_socket(serve: Any, dialer: Dial, tls_ca: Path) -> None:
    async def talk(conn: Connection) -> None:
        await conn.write(b"two pieces")
        await asyncio.Event().wait()

    server = serve(talk, tls=True)
    reading, writing = os.pipe()
    try:
        sock = dialer(tls=TLS(ca=tls_ca)).open(server.host, server.tls_port, tls=True)
        with sock:
            assert sock.ready_among([reading], 30) == {sock.fileno()}
            assert sock.recv(3) == b"two"
            assert sock.ready_among([reading], 30) == {sock.fileno()}  # decrypted already
            assert sock.recv(100) == b" pieces"
            assert sock.ready_among([reading], 0.01) == set()
            os.write(writing, b"x")
            assert sock.ready_among([reading], 30) == {reading}
            sock.failure = DeadlineError("over")
            with pytest.raises(DeadlineError):
                sock.ready_among([reading], 30)
    finally:
        os.close(reading)
        os.close(writing)


def test_who_takes_nothing_is_not_written_to_for_ever(serve: Any, dialer: Dial) -> None:
    server = serve(silent)
    sock = dialer(idle=0.2)(server.host, server.port)
    with pytest.raises(DeadlineError, match=r"nothing was taken by the server for 0\.2 s"):
        sock.sendall(bytes(20_000_000))
    for wait in (lambda: sock.ready(0), lambda: sock.ready_among([], 0)):
        with pytest.raises(DeadlineError):  # what failed has failed
            wait()
    sock.close()


def test_a_moment_that_has_passed_ends_what_comes_next(serve: Any, dialer: Dial) -> None:
    server = serve(echo)
    sock = dialer(total=60)(server.host, server.port)
    sock.sendall(b"x")
    sock.deadline.restart(0)
    with pytest.raises(DeadlineError) as caught:
        sock.recv(1)
    assert caught.value.kind == "total"
    sock.close()


def test_a_piece_of_a_buffer_is_filled(serve: Any, dialer: Dial) -> None:
    server = serve(echo)
    sock = dialer()(server.host, server.port)
    sock.sendall(b"four\n")
    buffer = bytearray(8)
    assert sock.recv_into(buffer, 2) == 2
    assert bytes(buffer) == b"fo" + bytes(6)
    sock.close()
