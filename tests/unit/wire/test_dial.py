"""Dial: look-ups within the deadline, races with an injected clock, and errors that name every address."""

from __future__ import annotations

import errno
import os
import socket
import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest

from nettools.errors import ConnectError, DeadlineError, ResolveError, UsageError
from nettools.wire.deadline import Deadline
from nettools.wire.dial import UNIX_LIMIT, Address, Dialer, Network, check_path, interleave, race, source_address

V4, V6 = socket.AF_INET, socket.AF_INET6


def v4(last: int) -> Address:
    return Address(V4, (f"192.0.2.{last}", 80))


def v6(last: int) -> Address:
    return Address(V6, (f"2001:db8::{last}", 80, 0, 0))


class FakeNetwork(Network):
    """Connections that answer at a time of their own, on a clock that moves when somebody waits.

    `answers` is {address: (seconds, errno)}; an address that is missing never answers.
    """

    def __init__(self, answers: dict[Address, tuple[float, int]]) -> None:
        self.answers = answers
        self.now = 0.0
        self.begun: list[tuple[float, Address]] = []
        self.closed: list[Address] = []

    def clock(self) -> float:
        return self.now

    def begin(self, address: Address, source: Any) -> Any:
        self.begun.append((round(self.now, 3), address))
        return FakeSocket(self, address, self.now)

    def wait(self, sockets: Sequence[Any], seconds: float | None) -> list[Any]:
        times = [sock.answers_at for sock in sockets if sock.answers_at is not None]
        limit = None if seconds is None else self.now + max(seconds, 0)
        first = min(times, default=None)
        if first is None or (limit is not None and first > limit):
            assert limit is not None, "would wait for ever"
            self.now = limit
            return []
        self.now = max(self.now, first)
        return [sock for sock in sockets if sock.answers_at is not None and sock.answers_at <= self.now]

    def outcome(self, sock: Any) -> int:
        return self.answers[sock.address][1]


class FakeSocket:
    def __init__(self, network: FakeNetwork, address: Address, begun: float) -> None:
        self.network, self.address = network, address
        answer = network.answers.get(address)
        self.answers_at = None if answer is None else begun + answer[0]

    def close(self) -> None:
        self.network.closed.append(self.address)


def run_race(network: FakeNetwork, *addresses: Address, total: float | None = None) -> Address:
    deadline = Deadline(total, clock=network.clock)
    return race(addresses, deadline, network=network)[1]


def test_families_take_turns_and_the_resolvers_order_is_kept_within_each() -> None:
    assert interleave([v6(1), v6(2), v6(3), v4(1), v4(2)]) == [v6(1), v4(1), v6(2), v4(2), v6(3)]


def test_the_second_address_begins_after_a_quarter_of_a_second_and_the_first_to_answer_wins() -> None:
    network = FakeNetwork({v6(1): (9.0, 0), v4(1): (0.1, 0)})
    assert run_race(network, v6(1), v6(2), v4(1)) == v4(1)  # of another family, so it is the second
    assert network.begun == [(0.0, v6(1)), (0.25, v4(1))]
    assert network.now == pytest.approx(0.35)
    assert network.closed == [v6(1)]


def test_a_refusal_begins_the_next_one_at_once() -> None:
    network = FakeNetwork({v6(1): (0.01, errno.ECONNREFUSED), v4(1): (0.01, 0)})
    assert run_race(network, v6(1), v4(1)) == v4(1)
    assert network.begun[1] == (0.01, v4(1))


def test_when_all_refuse_each_is_named() -> None:
    network = FakeNetwork({v6(1): (0.01, errno.ECONNREFUSED), v4(1): (0.01, errno.ENETUNREACH)})
    with pytest.raises(ConnectError, match=r"\[2001:db8::1\]:80: connection refused; 192.0.2.1:80: network is unreach"):
        run_race(network, v6(1), v4(1))


def test_black_holes_end_at_the_deadline_and_leave_no_socket() -> None:
    network = FakeNetwork({})
    with pytest.raises(DeadlineError):
        run_race(network, v6(1), v4(1), v6(2), total=2)
    assert network.now == pytest.approx(2)
    assert sorted(map(str, network.closed)) == sorted(map(str, (v6(1), v4(1), v6(2))))


def test_a_look_up_that_hangs_ends_at_the_deadline(
    monkeypatch: pytest.MonkeyPatch, dialer: Callable[..., Dialer]
) -> None:
    release = threading.Event()
    monkeypatch.setattr(socket, "getaddrinfo", lambda *args: release.wait(30))
    with pytest.raises(DeadlineError):
        dialer(total=0.05)("hangs.example", 80)
    release.set()


def test_a_name_without_an_address_is_a_resolve_error(
    monkeypatch: pytest.MonkeyPatch, dialer: Callable[..., Dialer]
) -> None:
    def fail(*args: Any) -> Any:
        raise socket.gaierror(socket.EAI_NONAME, "unknown")

    monkeypatch.setattr(socket, "getaddrinfo", fail)
    with pytest.raises(ResolveError, match=r"nosuch\.example has no address") as caught:
        dialer()("nosuch.example", 80)
    assert caught.value.exit_code == 6


def test_resolve_replaces_the_look_up_of_that_host_and_port(
    monkeypatch: pytest.MonkeyPatch, dialer: Callable[..., Dialer]
) -> None:
    asked: list[bytes] = []
    real = socket.getaddrinfo

    def look_up(host: bytes, *args: Any) -> Any:
        asked.append(host)
        return real(host, *args)

    monkeypatch.setattr(socket, "getaddrinfo", look_up)
    dial = dialer(resolve={("mail.example", 25): ["127.0.0.1"]})
    assert [each.sockaddr for each in dial.addresses("mail.example", 25)] == [("127.0.0.1", 25)]
    assert asked == [b"127.0.0.1"]


def test_nothing_listening_is_said_with_what_to_do(dialer: Callable[..., Dialer]) -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        port = unused.getsockname()[1]
    with pytest.raises(ConnectError, match="connection refused") as caught:
        dialer()("127.0.0.1", port)
    assert "nothing listens" in (caught.value.hint or "")
    assert caught.value.exit_code == 7


@pytest.mark.parametrize(
    ("code", "hint"),
    [
        (errno.EHOSTUNREACH, "no route"),
        (errno.ENETUNREACH, "no route"),
        (errno.EADDRNOTAVAIL, "source_address="),
        (errno.EACCES, None),
    ],
)
def test_what_the_system_says_at_once_is_told_with_what_to_do(
    monkeypatch: pytest.MonkeyPatch, dialer: Callable[..., Dialer], code: int, hint: str | None
) -> None:
    monkeypatch.setattr(socket.socket, "connect_ex", lambda self, address: code)
    with pytest.raises(ConnectError, match=os.strerror(code).lower()) as caught:
        dialer()("127.0.0.1", 9)
    assert (hint is None) == (caught.value.hint is None)
    assert (hint or "") in (caught.value.hint or "")


def test_a_name_server_that_does_not_answer_may_be_asked_again(
    monkeypatch: pytest.MonkeyPatch, dialer: Callable[..., Dialer]
) -> None:
    def fail(*args: Any) -> Any:
        raise socket.gaierror(socket.EAI_AGAIN, "later")

    monkeypatch.setattr(socket, "getaddrinfo", fail)
    with pytest.raises(ResolveError, match="could not be looked up") as caught:
        dialer()("slow.example", 80)
    assert caught.value.retryable


def test_the_family_that_is_wanted_is_named_where_it_has_no_address(
    monkeypatch: pytest.MonkeyPatch, dialer: Callable[..., Dialer]
) -> None:
    with pytest.raises(ResolveError, match="no IPv6 address"):
        dialer(family=6)("127.0.0.1", 80)
    monkeypatch.setattr(socket, "getaddrinfo", lambda *args: [])
    with pytest.raises(ResolveError, match=r"empty\.example has no address"):
        dialer()("empty.example", 80)


def test_an_address_of_this_machine_is_an_ip_address() -> None:
    assert source_address("127.0.0.1") == ("127.0.0.1", 0)
    assert source_address(("::1", 7)) == ("::1", 7)
    with pytest.raises(UsageError, match="source_address="):
        source_address("localhost")


def test_a_path_too_long_for_the_system_is_told_before_anything_is_opened() -> None:
    with pytest.raises(UsageError, match=f"at most {UNIX_LIMIT} octets") as caught:
        check_path("/" + "ü" * 60)
    assert caught.value.exit_code == 3
    with pytest.raises(UsageError, match="is a str"):
        check_path(b"/x")  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("kind", "says"), [(None, "no such file"), (socket.SOCK_SEQPACKET, "datagram="), (socket.SOCK_STREAM, "any more")]
)
def test_a_path_that_nobody_answers_at_says_why(
    dialer: Callable[..., Dialer], tmp_path: Path, kind: Any, says: str
) -> None:
    path = str(tmp_path / "s")
    with socket.socket(socket.AF_UNIX, kind or socket.SOCK_STREAM) as listener:
        if kind is not None:
            listener.bind(path)
        with pytest.raises(ConnectError) as caught:
            dialer().connect_unix(path)
    assert says in f"{caught.value} {caught.value.hint}"


def test_an_abstract_name_is_shown_as_the_system_shows_it() -> None:
    assert str(Address(socket.AF_UNIX, b"\0name")) == "@name"
    assert str(Address(socket.AF_UNIX, "/run/x")) == "/run/x"


def test_a_connection_that_does_not_come_is_told(dialer: Callable[..., Dialer]) -> None:
    dial = dialer(idle=0.02)
    with dial.listen("127.0.0.1", V4) as listener, pytest.raises(ConnectError, match="did not open"):
        dial.accept(listener)
    with pytest.raises(ConnectError, match=r"cannot listen on 192\.0\.2\.1"):
        dial.listen("192.0.2.1", V4)
