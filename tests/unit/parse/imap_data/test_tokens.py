"""The lexer: strings, literals, nesting, and time that grows with the octets only."""

from __future__ import annotations

import pytest

from nettools.errors import NettoolsError, ProtocolError
from nettools.parse import imap_data
from nettools.parse.imap_data import parse_tokens


def test_a_literal_is_taken_by_its_size_whatever_is_in_it() -> None:
    assert parse_tokens(b'(a {9}\r\n(")\r\n {3} "b")') == [(b"a", b'(")\r\n {3}', b"b")]


def test_a_literal_of_octets_may_have_nul() -> None:
    assert parse_tokens(b"BINARY[1] ~{3}\r\n\0\xff\n") == [b"BINARY[1]", b"\0\xff\n"]


def test_only_quotes_and_backslashes_are_escaped_in_quoted_strings() -> None:
    assert parse_tokens(rb'"\"a\" \\ C:\temp"') == [rb'"a" \ C:\temp']


def test_nil_is_none_in_any_case_but_not_in_quotes() -> None:
    assert parse_tokens(b'NIL nil "NIL" NILE') == [None, None, b"NIL", b"NILE"]


def test_a_section_is_one_token_with_the_spaces_in_its_brackets() -> None:
    assert parse_tokens(b"BODY[HEADER.FIELDS (DATE FROM)]<0> x") == [b"BODY[HEADER.FIELDS (DATE FROM)]<0>", b"x"]


def test_brackets_alone_hold_their_words_together() -> None:
    assert parse_tokens(b"[foo bar]def (x [y z])") == [b"[foo bar]def", (b"x", b"[y z]")]


def test_a_bracket_that_is_never_closed_is_part_of_an_atom() -> None:
    assert parse_tokens(b"(a[b c) [Gmail]/Sent ~peter") == [(b"a[b", b"c"), b"[Gmail]/Sent", b"~peter"]


@pytest.mark.parametrize(
    "data", [b"(a", b"a)", b'"a', b"{3}\r\nab", b"{x}", b"{99999999999999999999}\r\n", b"a\r\nb", b"a \x0b"]
)
def test_what_does_not_fit_together_is_an_error(data: bytes) -> None:
    with pytest.raises(ProtocolError):
        parse_tokens(data)


def test_parentheses_nest_up_to_a_bound() -> None:
    (value,) = parse_tokens(b"(" * 200 + b")" * 200)
    for _ in range(199):
        (value,) = value
    assert value == ()
    with pytest.raises(ProtocolError, match="200 levels"):
        parse_tokens(b"(" * 201 + b")" * 201)


@pytest.mark.timeout(20)
@pytest.mark.parametrize("function", [parse_tokens, imap_data.parse_response, imap_data.parse_status])
@pytest.mark.parametrize("piece", [b"a[ ", b"BODY[x ", b" ", b'"\\', b"{0}\r\n", b"\\", b"(a "])
@pytest.mark.parametrize("start", [b"* 1 FETCH (", b"* STATUS ", b"* LIST () NIL ", b"* OK [X "])
def test_time_grows_with_the_octets_and_no_faster(start: bytes, piece: bytes, function: object) -> None:
    data = start + piece * (400_000 // len(piece)) + b"x"  # whatever backtracks here takes minutes
    assert callable(function)
    try:
        value = function(data)
    except NettoolsError as error:
        value = error
    assert value
