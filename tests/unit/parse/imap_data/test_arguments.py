"""Text on its way to a server: quoted where it can be, else a literal."""

from __future__ import annotations

import pytest

from nettools.errors import UsageError
from nettools.parse.imap_data import Literal, encode_astring, parse_tokens, quote


@pytest.mark.parametrize("text", ["", "INBOX", 'a "b" \\ c', "NIL", "(x) {3}", "%*", "\t\x7f"])
def test_a_quoted_string_is_read_as_it_was(text: str) -> None:
    assert parse_tokens(quote(text)) == [text.encode()]
    assert encode_astring(text) == quote(text)


@pytest.mark.parametrize("value", ["Grüße", "a\r\nb", b"\xff", "x" * 1001])
def test_what_cannot_be_quoted_is_a_literal(value: str | bytes) -> None:
    assert encode_astring(value) == Literal(value.encode() if isinstance(value, str) else value)


@pytest.mark.parametrize("text", ["ä", "\r", "\n", "\0", "\ud800"])
def test_a_quoted_string_of_anything_else_is_an_error(text: str) -> None:
    with pytest.raises(UsageError):
        quote(text)


@pytest.mark.parametrize("value", ["a\0b", b"\0", "\ud800"])
def test_what_no_string_can_have_is_the_callers_error(value: str | bytes) -> None:
    with pytest.raises(UsageError):
        encode_astring(value)
