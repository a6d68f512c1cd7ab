"""Lines, dots and pipelines."""

from __future__ import annotations

import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nettools.errors import DisconnectedError, ReplyTooLongError, UsageError
from nettools.wire.pipeline import pipelined
from nettools.wire.text import check, dot_stuff, read_line, undot


@pytest.mark.parametrize("text", ["a\rb", "a\nb", "a\0b"])
def test_what_would_be_a_command_of_its_own_is_refused(text: str) -> None:
    with pytest.raises(UsageError):
        check(text, "a name")


def test_lines_end_with_cr_lf_or_lf_and_are_bounded() -> None:
    reader = io.BytesIO(b"one\r\ntwo\n" + b"x" * 20 + b"\r\n")
    assert read_line(reader, 10) == b"one"
    assert read_line(reader, 10) == b"two"
    with pytest.raises(ReplyTooLongError):
        read_line(reader, 10)


@pytest.mark.parametrize("octets", [b"", b"half a line"])
def test_a_line_that_does_not_end_is_a_disconnection(octets: bytes) -> None:
    with pytest.raises(DisconnectedError):
        read_line(io.BytesIO(octets))


@pytest.mark.parametrize(
    ("body", "wire"),
    [
        (b"a\nb", b"a\r\nb\r\n"),
        (b".\r\n", b"..\r\n"),
        (b"a\r\n.b\n.\r", b"a\r\n..b\r\n..\r\n"),
        (b"a\rb\n", b"a\r\nb\r\n"),
        (b"", b""),
    ],
)
def test_a_body_gets_its_line_ends_and_dots(body: bytes, wire: bytes) -> None:
    assert b"".join(dot_stuff([body])) == wire
    assert b"".join(dot_stuff(body[place : place + 1] for place in range(len(body)))) == wire


@given(st.binary(), st.integers(1, 7))
def test_no_body_can_end_its_own_transmission_however_it_is_cut(body: bytes, size: int) -> None:
    wire = b"".join(dot_stuff(body[place : place + size] for place in range(0, len(body), size)))
    assert not wire or wire.endswith(b"\r\n")
    assert not wire.startswith(b".\r\n")
    assert b"\n.\r\n" not in wire
    assert wire.replace(b"\r\n", b"").count(b"\r") == wire.replace(b"\r\n", b"").count(b"\n") == 0
    lines = wire.split(b"\r\n")[:-1]
    assert b"\n".join(undot([*lines, b"."])) == b"\n".join(
        body.replace(b"\r\n", b"\n").replace(b"\r", b"\n").removesuffix(b"\n").split(b"\n") if body else []
    )


def test_undot_ends_at_the_lone_dot() -> None:
    assert list(undot([b"..a", b"b", b".", b"c"])) == [b".a", b"b"]


def test_commands_are_written_ahead_in_few_writes_and_answered_in_order() -> None:
    writes: list[bytes] = []
    answers = iter(range(1000))
    commands = [b"RETR %d\r\n" % n for n in range(250)]
    assert list(pipelined(commands, writes.append, lambda: next(answers))) == list(range(250))
    assert b"".join(writes) == b"".join(commands)
    assert len(writes) < 10


def test_a_window_of_one_is_one_at_a_time() -> None:
    order: list[str] = []

    def receive() -> None:
        order.append("receive")

    list(pipelined([b"a", b"b"], lambda data: order.append(data.decode()), receive, window=1))
    assert order == ["a", "receive", "b", "receive"]
