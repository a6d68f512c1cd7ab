"""IMAP's grammar as the fake reads and writes it."""

from __future__ import annotations

from datetime import date, datetime, timedelta, timezone

import pytest

from nettools.testing.imap import grammar
from nettools.testing.imap.grammar import Cursor, Malformed


@pytest.mark.parametrize(
    ("octets", "value"),
    [
        (b"plain]", b"plain]"),
        (b'"a \\"quoted\\" \\\\ one"', b'a "quoted" \\ one'),
        (b"{5}\r\na\r\nb\xff", b"a\r\nb\xff"),
        (b"{3+}\r\nx y", b"x y"),
        (b'""', b""),
    ],
)
def test_an_astring_is_an_atom_a_quoted_string_or_a_literal(octets: bytes, value: bytes) -> None:
    cursor = Cursor(octets)
    assert cursor.astring() == value
    cursor.end()


@pytest.mark.parametrize(
    "octets", [b"", b"a b", b'"open', b'"\\n"', b'"\xc3\xbc"', b"{4}\r\nabc", b"{2}\r\na\0", b"a(", b"%"]
)
def test_what_is_no_astring_is_malformed(octets: bytes) -> None:
    cursor = Cursor(octets)
    with pytest.raises(Malformed):
        _ = cursor.astring(), cursor.end()


def test_eight_bit_octets_may_be_quoted_once_utf8_is_on() -> None:
    assert Cursor('"ü"'.encode(), utf8=True).string() == "ü".encode()
    with pytest.raises(Malformed):
        Cursor(b'"\xff"', utf8=True).string()


@pytest.mark.parametrize(
    ("text", "known", "selected"),
    [
        (b"1:3,7", (1, 2, 3, 4, 7), (1, 2, 3, 7)),
        (b"*", (4, 9), (9,)),
        (b"20:*", (4, 9), (9,)),
        (b"3:1", (1, 2, 3), (1, 2, 3)),
        (b"*:2", (1, 2, 3), (2, 3)),
        (b"5", (), ()),
    ],
)
def test_a_sequence_set_names_numbers(text: bytes, known: tuple[int, ...], selected: tuple[int, ...]) -> None:
    assert Cursor(text).number_set().select(known) == selected


@pytest.mark.parametrize("text", [b"0", b"01", b",1", b"a", b":3"])
def test_what_is_no_sequence_set_is_malformed(text: bytes) -> None:
    with pytest.raises(Malformed):
        Cursor(text).number_set()


def test_numbers_are_written_as_runs_in_their_order() -> None:
    assert grammar.format_set([1, 2, 3, 7, 5, 6]) == "1:3,7,5:6"


@pytest.mark.parametrize(
    ("name", "coded"),
    [
        ("Entwürfe", b"Entw&APw-rfe"),
        ("R&D", b"R&-D"),
        ("日本/語", b"&ZeVnLA-/&ip4-"),
        ("😀", b"&2D3eAA-"),
        ("a b", b"a b"),
    ],
)
def test_mailbox_names_travel_in_modified_utf7(name: str, coded: bytes) -> None:
    assert grammar.encode_utf7(name) == coded
    assert grammar.decode_utf7(coded) == name


@pytest.mark.parametrize("coded", [b"R&D", b"&AGE-", b"Entw\xc3\xbcrfe", b"&APw", b"&!!!!-", b"&APw-&APw-"])
def test_names_that_no_encoder_makes_are_malformed(coded: bytes) -> None:
    with pytest.raises(Malformed):
        grammar.decode_utf7(coded)


def test_inbox_is_the_same_in_any_case() -> None:
    assert Cursor(b"iNbOx").mailbox() == "INBOX"


def test_dates_are_read_with_and_without_quotes() -> None:
    assert Cursor(b"1-feb-2024").date() == Cursor(b'"01-Feb-2024"').date() == date(2024, 2, 1)
    with pytest.raises(Malformed):
        Cursor(b"31-Feb-2024").date()


def test_a_date_time_comes_back_as_it_was() -> None:
    moment = datetime(2024, 2, 7, 21, 52, 25, tzinfo=timezone(-timedelta(hours=8)))
    assert grammar.format_date_time(moment) == b'" 7-Feb-2024 21:52:25 -0800"'
    assert Cursor(grammar.format_date_time(moment)).date_time() == moment


@pytest.mark.parametrize(
    ("value", "written"),
    [
        (None, b"NIL"),
        (b"", b'""'),
        (b'say "hi" \\', b'"say \\"hi\\" \\\\"'),
        (b"\xc3\xbc", b"{2}\r\n\xc3\xbc"),
        (b"a\r\nb", b"{4}\r\na\r\nb"),
    ],
)
def test_strings_are_quoted_or_literal(value: bytes | None, written: bytes) -> None:
    assert grammar.format_nstring(value) == written


def test_mailbox_names_are_quoted_only_when_they_must_be() -> None:
    assert grammar.format_mailbox("INBOX") == b"INBOX"
    assert grammar.format_mailbox("Sent Mail") == b'"Sent Mail"'
    assert grammar.format_mailbox("nil") == b'"nil"'
    assert grammar.format_mailbox("Entwürfe", utf8=True) == '"Entwürfe"'.encode()
