"""Dial: look-ups within the deadline, races with an injected clock, and errors that name every address."""

from __future__ import annotations

import errno
import socket
import threading
from collections.abc import Callable, Sequence
from typing import Any

import pytest

from nettools.errors import ConnectError, DeadlineError, ResolveError
from nettools.wire.deadline import Deadline
from nettools.wire.dial import Address, Dialer, Network, interleave, race

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
    asked: list[str] = []
    real = socket.getaddrinfo

    def look_up(host: str, *args: Any) -> Any:
        asked.append(host)
        return real(host, *args)

    monkeypatch.setattr(socket, "getaddrinfo", look_up)
    dial = dialer(resolve={("mail.example", 25): ["127.0.0.1"]})
    assert [each.sockaddr for each in dial.addresses("mail.example", 25)] == [("127.0.0.1", 25)]
    assert asked == ["127.0.0.1"]


def test_nothing_listening_is_said_with_what_to_do(dialer: Callable[..., Dialer]) -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        port = unused.getsockname()[1]
    with pytest.raises(ConnectError, match="connection refused") as caught:
        dialer()("127.0.0.1", port)
    assert "nothing listens" in (caught.value.hint or "")
    assert caught.value.exit_code == 7
