"""Octets moved by the system: all of them, within the limits, and by hand where the system cannot."""

from __future__ import annotations

import errno
import os
import socket
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from nettools.errors import DeadlineError, FileError
from nettools.wire import bulk
from nettools.wire.bulk import Splice, can_bypass, send_file
from nettools.wire.deadline import Deadline
from nettools.wire.guard import WireSocket
from nettools.wire.trace import Trace

DATA = bytes(range(256)) * 3000


@pytest.fixture
def pair() -> Iterator[tuple[WireSocket, socket.socket]]:
    ours, theirs = socket.socketpair()
    sock = WireSocket(ours.family, ours.type, ours.proto, fileno=ours.detach())
    sock.idle, sock.deadline = 5.0, Deadline(None)
    sock.trace = Trace(sock.deadline)
    with sock, theirs:
        yield sock, theirs


def receive(sock: WireSocket, path: Path) -> int | None:
    total = 0
    with path.open("wb", buffering=0) as file, Splice(sock, file.fileno(), path) as splice:
        while count := splice.move():
            total += count
    return total if count is not None else None


@pytest.mark.skipif(not hasattr(os, "splice"), reason="splice is Linux's")
def test_everything_that_comes_is_in_the_file_and_counted(pair: Any, tmp_path: Path) -> None:
    sock, theirs = pair
    theirs.sendall(DATA[:100_000])
    theirs.shutdown(socket.SHUT_WR)
    assert receive(sock, tmp_path / "x") == 100_000
    assert (tmp_path / "x").read_bytes() == DATA[:100_000]
    assert sock.trace.bytes_received == 100_000
    assert sock.at_eof


@pytest.mark.skipif(not hasattr(os, "splice"), reason="splice is Linux's")
@pytest.mark.parametrize(("idle", "total", "kind"), [(0.02, None, "idle"), (5.0, 0.02, "total")])
def test_waiting_keeps_the_limits(pair: Any, tmp_path: Path, idle: float, total: float | None, kind: str) -> None:
    sock, _ = pair
    sock.idle, sock.deadline = idle, Deadline(total)
    with pytest.raises(DeadlineError) as caught:
        receive(sock, tmp_path / "x")
    assert caught.value.kind == kind


@pytest.mark.skipif(not hasattr(os, "splice"), reason="splice is Linux's")
def test_a_full_disk_is_the_files_fault(pair: Any) -> None:
    sock, theirs = pair
    theirs.sendall(b"data")
    with pytest.raises(FileError, match="no space left") as caught:
        receive(sock, Path("/dev/full"))
    assert caught.value.exit_code == 23


@pytest.mark.skipif(not hasattr(os, "splice"), reason="splice is Linux's")
def test_a_file_system_that_takes_no_pipe_is_written_by_hand(
    pair: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sock, theirs = pair
    theirs.sendall(DATA[:50_000])
    theirs.shutdown(socket.SHUT_WR)
    real = os.splice

    def refuse(source: int, sink: int, count: int, **more: Any) -> int:
        if not more:
            raise OSError(errno.EINVAL, "not to this file")
        return real(source, sink, count, **more)

    monkeypatch.setattr(os, "splice", refuse)
    assert receive(sock, tmp_path / "x") == 50_000
    assert (tmp_path / "x").read_bytes() == DATA[:50_000]


def refusing(number: int) -> Callable[..., int]:
    def refuse(*_: object, **__: object) -> int:
        raise OSError(number, "no")

    return refuse


@pytest.mark.skipif(not hasattr(os, "splice"), reason="splice is Linux's")
def test_a_system_that_cannot_says_so_before_anything_has_moved(
    pair: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sock, theirs = pair
    theirs.sendall(b"data")
    monkeypatch.setattr(os, "splice", refusing(errno.EINVAL))
    assert receive(sock, tmp_path / "x") is None
    monkeypatch.setattr(os, "splice", refusing(errno.ECONNRESET))
    with pytest.raises(ConnectionResetError):
        receive(sock, tmp_path / "x")
    assert sock.recv(10) == b"data"


def test_a_file_is_sent_from_the_middle_and_counted(pair: Any, tmp_path: Path) -> None:
    sock, theirs = pair
    (tmp_path / "x").write_bytes(DATA)
    sock.rate = 1e9
    with (tmp_path / "x").open("rb") as file:
        assert send_file(sock, file.fileno(), 10, 20) == 20
        assert send_file(sock, file.fileno(), len(DATA), 20) == 0
    assert theirs.recv(100) == DATA[10:30]
    assert sock.trace.bytes_sent == 20


def test_a_peer_that_takes_nothing_is_not_waited_for_for_ever(pair: Any, tmp_path: Path) -> None:
    sock, _ = pair
    sock.idle = 0.02
    (tmp_path / "x").write_bytes(DATA)
    with (tmp_path / "x").open("rb") as file:
        sent = (send_file(sock, file.fileno(), 0, len(DATA)) for _ in range(100))
        with pytest.raises(DeadlineError):
            list(sent)


def test_where_somebody_watches_nothing_passes_by(pair: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    sock, _ = pair
    (tmp_path / "x").write_bytes(DATA)
    with (tmp_path / "x").open("rb") as file:
        monkeypatch.setattr(os, "sendfile", refusing(errno.EINVAL))
        assert send_file(sock, file.fileno(), 0, 10) is None
        monkeypatch.setattr(os, "sendfile", refusing(errno.EPIPE))
        with pytest.raises(BrokenPipeError):
            send_file(sock, file.fileno(), 0, 10)
        sock.trace.watched = True
        assert not can_bypass(sock)
        assert send_file(sock, file.fileno(), 0, 10) is None
        assert receive(sock, tmp_path / "y") is None
    assert bulk.PIECE >= 65536
