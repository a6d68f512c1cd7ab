"""Lines, dots and pipelines."""

from __future__ import annotations

import io
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nettools.errors import DisconnectedError, IncompleteError, ReplyTooLongError, TooLargeError, UsageError
from nettools.wire.pipeline import Pipeline
from nettools.wire.text import check, dot_stuff, gather, read_dotted, read_line


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
    assert b"".join(read_dotted(io.BufferedReader(io.BytesIO(wire + b".\r\nnext")))) == (  # type: ignore[arg-type]
        body.replace(b"\r\n", b"\n").replace(b"\r", b"\n").removesuffix(b"\n") + b"\n" if body else b""
    ).replace(b"\n", b"\r\n")


class Drip(io.RawIOBase):
    """A stream that gives a few octets at a time."""

    def __init__(self, octets: bytes, size: int) -> None:
        self.octets, self.size = octets, min(size, 4096)

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        piece, self.octets = self.octets[: self.size], self.octets[self.size :]
        buffer[: len(piece)] = piece
        return len(piece)


@pytest.mark.parametrize("size", [1, 2, 3, 5, 1000])
@pytest.mark.parametrize(
    ("wire", "body"),
    [
        (b".\r\n", b""),
        (b"\r\n.\r\n", b"\r\n"),
        (b"a\r\n..\r\n...b\r\n.\r\n", b"a\r\n.\r\n..b\r\n"),
        (b"..a\r\nb\r.\n.\r\n.\r\n", b".a\r\nb\r.\n.\r\n"),
    ],
)
def test_a_body_ends_at_its_lone_dot_and_not_an_octet_later(wire: bytes, body: bytes, size: int) -> None:
    reader = io.BufferedReader(Drip(wire + b"+OK next\r\n", size))
    assert b"".join(read_dotted(reader)) == body
    assert reader.read() == b"+OK next\r\n"


def test_a_server_of_bare_line_feeds_is_understood() -> None:
    reader = io.BufferedReader(Drip(b"a\n..b\n.\nrest", 100))
    assert b"".join(read_dotted(reader, line_end=b"\n")) == b"a\n.b\n"
    assert reader.read() == b"rest"


def test_a_body_without_its_dot_is_incomplete() -> None:
    with pytest.raises(IncompleteError) as caught:
        list(read_dotted(io.BufferedReader(Drip(b"a\r\nb\r\n.", 100))))
    assert caught.value.received == 7


def test_a_line_of_a_body_is_bounded_and_so_is_what_is_held_in_memory() -> None:
    with pytest.raises(ReplyTooLongError):
        list(read_dotted(io.BufferedReader(Drip(b"x" * (1 << 21), 1 << 16))))
    assert gather([b"abc", b"def"], 6, "it") == b"abcdef"
    with pytest.raises(TooLargeError, match="more than max_size=5 octets"):
        gather([b"abc", b"def"], 5, "it")


def test_commands_are_written_ahead_in_few_writes_and_answered_in_order() -> None:
    writes: list[bytes] = []
    answers = iter(range(1000))
    commands = [b"RETR %d\r\n" % n for n in range(250)]
    assert list(Pipeline(commands, writes.append, lambda: next(answers))) == list(range(250))
    assert b"".join(writes) == b"".join(commands)
    assert len(writes) < 10


def test_without_writing_ahead_it_is_one_at_a_time() -> None:
    order: list[str] = []

    def receive() -> None:
        order.append("receive")

    list(Pipeline([b"a", b"b"], lambda data: order.append(data.decode()), receive, ahead=False))
    assert order == ["a", "receive", "b", "receive"]


def test_what_is_under_way_is_kept_for_those_who_ask_later() -> None:
    read: list[int] = []

    def receive() -> int:
        read.append(len(read))
        return read[-1]

    writes: list[bytes] = []
    flight = Pipeline([b"x"] * 150, writes.append, receive)
    assert next(flight) == 0
    flight.catch_up()
    assert len(read) == 128
    assert list(flight) == list(range(1, 150))


def test_what_nobody_asks_for_any_more_is_read_and_forgotten_and_nothing_else_is_sent() -> None:
    answers = iter(range(1000))
    writes: list[bytes] = []
    flight = Pipeline([b"x"] * 150, writes.append, lambda: next(answers))
    next(flight)
    flight.abandon()
    flight.catch_up()
    assert list(flight) == []
    assert next(answers) == 128
    assert writes == [b"x" * 128]


def test_clean_blocks_are_stuffed_and_otherwise_left_as_they_are() -> None:
    blocks = [b".a\r\n", b".b\r\n.", b".c\r", b"\n..\r\n", b"end"]
    assert b"".join(dot_stuff(blocks, clean=True)) == b"..a\r\n..b\r\n...c\r\n...\r\nend\r\n"
