"""Editing of lines for servers that do not echo."""

from __future__ import annotations

import pytest

from nettools.protocols.telnet.interactive import LineEditor


@pytest.mark.parametrize(
    ("keys", "data", "shown"),
    [
        (b"ab\r", b"ab\n", b"ab\r\n"),
        (b"ab\x7f\x08\x08c\n", b"c\n", b"ab\b \b\b \bc\r\n"),
        ("ä\x7fb\r".encode(), b"b\n", "ä\b \bb\r\n".encode()),
        ("aä\x15b\r".encode(), b"b\n", "aä\b \b\b \bb\r\n".encode()),
        (b"x\x04", b"x\x04", b"x"),
        (b"\x01\x1ba\tb\r", b"a\tb\n", b"a\tb\r\n"),
    ],
)
def test_a_line_is_edited_before_it_goes(keys: bytes, data: bytes, shown: bytes) -> None:
    assert LineEditor().feed(keys) == (data, shown)


def test_a_line_that_is_dropped_is_gone() -> None:
    editor = LineEditor()
    editor.feed(b"abc")
    assert editor.drop() == b"\b \b" * 3
    assert editor.feed(b"d\r") == (b"d\n", b"d\r\n")
