"""Whatever a server says, the FTP parsers give a value or an error of nettools'."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nettools.errors import NettoolsError
from nettools.parse import ftp_reply
from nettools.parse.ftp_listing import parse_listing
from nettools.results import FileEntry

WORDS = st.sampled_from(
    b"-rw-r--r-- drwxr-xr-x lrwxrwxrwx 1 99999999999999999999999 Jan Feb 29 30 03:26 25:61 2003 -> \xe6\x9c\x88 1.5K "
    b"type=file; size=\xc2\xb2; modify=20230101000000; +i1,s5,m9999999999999999,\tname ;1 12/3 30-DEC-1996 <DIR> *STMF "
    b"04/03/24 14:06:29 05-22-97 12:08AM 1,234 \xff\xfe . .. (|||1|) 227 257 \"a\" 101 F 80".split(b" ")
)  # fmt: skip
LINES = st.lists(WORDS, max_size=14).map(b" ".join)
DATA = st.one_of(st.binary(max_size=300), st.lists(LINES, max_size=6).map(b"\r\n".join))


@given(data=DATA, mlsd=st.booleans(), encoding=st.sampled_from(["utf-8", "latin-1", "cp437", "nonsense"]))
def test_a_listing_of_any_octets_is_entries(data: bytes, mlsd: bool, encoding: str) -> None:
    entries = parse_listing(data, mlsd=mlsd, encoding=encoding)
    assert len(entries) <= data.count(b"\n") + 1
    for entry in entries:
        assert type(entry) is FileEntry
        assert entry.name
        assert entry.size is None or entry.size >= 0
        assert (entry.modified is None) == (entry.precision is None)


@given(data=DATA)
def test_lines_are_read_each_on_its_own(data: bytes) -> None:
    line = data.replace(b"\r", b"").replace(b"\n", b"").replace(b";", b"")
    once = parse_listing(line)
    assert parse_listing(b"\r\n".join([line, line])) == once + once


@pytest.mark.parametrize("parse", [getattr(ftp_reply, name) for name in ftp_reply.__all__])
@given(data=st.one_of(DATA, DATA.map(lambda text: b"213 " + text), DATA.map(lambda text: b"257-" + text)))
def test_a_reply_of_any_octets_is_a_value_or_an_error(parse: Callable[[bytes], Any], data: bytes) -> None:
    with contextlib.suppress(NettoolsError):
        parse(data)
