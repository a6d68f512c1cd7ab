"""The Telnet codec where the corpus has no case: agreement, subnegotiation, line ends, and what cannot loop."""

from __future__ import annotations

import pytest

from nettools.parse.telnet import Codec, Option
from nettools.parse.telnet.options import DO, DONT, IAC, MOST_TURNS, WILL, WONT, Negotiation

SB, SE = 250, 240


def say(*octets: int) -> bytes:
    return bytes((IAC, *octets))


def ask(option: int, content: bytes) -> bytes:
    return bytes((IAC, SB, option)) + content + bytes((IAC, SE))


def test_what_is_enabled_is_agreed_to_once() -> None:
    codec = Codec(local=[Option.SGA], remote=[Option.ECHO])
    assert codec.receive(say(DO, 3) + say(WILL, 1)) == (b"", say(WILL, 3) + say(DO, 1))
    assert codec.receive(say(DO, 3) + say(WILL, 1)) == (b"", b"")
    assert codec.options == {"SGA", "ECHO"}
    assert codec.echo
    assert codec.receive(say(WONT, 1) + say(WONT, 1)) == (b"", say(DONT, 1))
    assert not codec.echo


def test_what_we_ask_for_is_not_asked_twice_and_not_answered_again() -> None:
    codec = Codec()
    assert codec.enable(local=[Option.NAWS], remote=[Option.ECHO]) == say(WILL, 31) + say(DO, 1)
    assert codec.enable(local=[Option.NAWS], remote=[Option.ECHO]) == b""
    assert codec.receive(say(DO, 31) + say(WONT, 1)) == (b"", b"")
    assert codec.options == {"NAWS"}
    assert codec.disable(local=[Option.NAWS]) == say(WONT, 31)
    assert codec.receive(say(DONT, 31)) == (b"", b"")
    assert codec.options == set()


def test_a_change_of_mind_waits_for_the_answer() -> None:
    negotiation = Negotiation()
    side = negotiation.local
    assert side.ask(1, True) == say(WILL, 1)
    assert side.ask(1, False) == b""
    assert side.ask(1, True) == b""
    assert side.ask(1, False) == b""
    assert negotiation.receive(DO, 1) == say(WONT, 1)
    assert side.ask(1, True) == b""
    assert negotiation.receive(DONT, 1) == say(WILL, 1)
    assert negotiation.receive(DO, 1) == b""
    assert side.is_on(1)


@pytest.mark.parametrize(("again", "on"), [(False, False), (True, True)])
def test_a_peer_that_answers_a_refusal_by_an_offer_is_not_argued_with(again: bool, on: bool) -> None:
    negotiation = Negotiation()
    side = negotiation.remote
    side.ask(1, True)
    negotiation.receive(WILL, 1)
    assert side.ask(1, False) == say(DONT, 1)
    if again:
        side.ask(1, True)
    assert negotiation.receive(WILL, 1) == b""
    assert side.is_on(1) is on


def test_an_offer_that_is_withdrawn_while_we_change_our_mind_ends_off() -> None:
    negotiation = Negotiation()
    negotiation.local.ask(1, True)
    negotiation.local.ask(1, False)
    assert negotiation.receive(DONT, 1) == b""
    assert negotiation.local.on == frozenset()


def test_a_refusal_is_said_once_and_switching_has_an_end() -> None:
    codec = Codec(remote=[Option.ECHO])
    _, answer = codec.receive(say(DO, 39) * 1000 + (say(DO, 39) + say(DONT, 39)) * 1000)
    assert answer == say(WONT, 39)
    _, answer = codec.receive((say(WILL, 1) + say(WONT, 1)) * 1000)
    assert answer == (say(DO, 1) + say(DONT, 1)) * MOST_TURNS + say(DONT, 1)


def test_the_terminal_type_is_told_when_it_was_agreed_and_not_for_ever() -> None:
    codec = Codec(local=[Option.TTYPE], terminal="xterm")
    question = ask(24, b"\1")
    assert codec.receive(question) == (b"", b"")
    codec.receive(say(DO, 24))
    assert codec.receive(question) == (b"", ask(24, b"\0xterm"))
    assert len(codec.receive(question * 1000)[1]) < 1000


def test_the_window_is_told_at_once_and_when_it_changes_with_255_doubled() -> None:
    codec = Codec(local=[Option.NAWS], size=(80, 24))
    assert codec.resize(100, 30) == b""
    assert codec.receive(say(DO, 31)) == (b"", say(WILL, 31) + ask(31, b"\0\x64\0\x1e"))
    assert codec.resize(255, 70000) == ask(31, b"\0\xff\xff\xff\xff\xff\xff")


@pytest.mark.parametrize(
    ("charset", "offered", "answer"),
    [
        ("utf-8", b";ASCII;UTF-8", b"\2UTF-8"),
        ("latin-1", b" ISO-8859-1", b"\2ISO-8859-1"),
        ("utf-8", b"[TTABLE]\1;utf8", b"\2utf8"),
        ("utf-8", b";KOI8-R", b"\3"),
        ("utf-8", b"", b"\3"),
    ],
)
def test_a_character_set_is_chosen_or_refused(charset: str, offered: bytes, answer: bytes) -> None:
    codec = Codec(local=[Option.CHARSET], charset=charset)
    codec.receive(say(DO, 42))
    assert codec.receive(ask(42, b"\1" + offered)) == (b"", ask(42, answer))


@pytest.mark.parametrize("content", [b"", b"\0\1", b"\x18", b"\x27\1", b"x" * 100_000])
def test_other_subnegotiations_say_nothing(content: bytes) -> None:
    codec = Codec(local=list(Option))
    for option in (24, 39, 42):
        codec.receive(say(DO, option))
    assert codec.receive(bytes((IAC, SB)) + content + bytes((IAC, SE)) + b"after") == (b"after", b"")


def test_an_endless_subnegotiation_takes_no_memory() -> None:
    codec = Codec()
    codec.receive(bytes((IAC, SB, 24)))
    for _ in range(100):
        assert codec.receive(b"x" * 65536) == (b"", b"")
    assert len(codec._sub) <= 4097


@pytest.mark.parametrize(
    ("wire", "data"),
    [
        (b"a\r\nb", b"a\r\nb"),
        (b"a\r\0b", b"a\rb"),
        (b"a\0b", b"a\0b"),
        (b"\r\xff\xff\0", b"\r\xff\0"),
        (b"\xffX\xff\xf0a", b"a"),
    ],
)
@pytest.mark.parametrize("size", [1, 2, 100])
def test_line_ends_are_read_however_they_are_cut(wire: bytes, data: bytes, size: int) -> None:
    codec = Codec()
    assert b"".join(codec.receive(wire[place : place + size])[0] for place in range(0, len(wire), size)) == data


@pytest.mark.parametrize(
    ("data", "wire"),
    [
        (b"a\nb", b"a\r\nb"),
        (b"a\r\nb", b"a\r\nb"),
        (b"a\rb", b"a\r\0b"),
        (b"\n\n\r\r\n\xff", b"\r\n\r\n\r\0\r\n\xff\xff"),
        (b"", b""),
    ],
)
@pytest.mark.parametrize("size", [1, 2, 100])
def test_line_ends_are_written_however_they_are_cut(data: bytes, wire: bytes, size: int) -> None:
    codec = Codec()
    assert b"".join(codec.send(data[place : place + size]) for place in range(0, len(data), size)) == wire


def test_binary_leaves_line_ends_alone_in_its_direction() -> None:
    codec = Codec(local=[Option.BINARY], remote=[Option.BINARY])
    codec.receive(say(DO, 0))
    assert codec.send(b"a\n\r\xff") == b"a\n\r\xff\xff"
    assert codec.receive(b"\r\0")[0] == b"\r"
    codec.receive(say(WILL, 0))
    assert codec.receive(b"\r\0")[0] == b"\r\0"
