"""What news servers say, with and without their status lines and dots, and what is no such thing."""

from __future__ import annotations

import contextlib
import datetime as dt
import time
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nettools.errors import NettoolsError, ProtocolError
from nettools.parse import nntp
from nettools.parse.yenc import decode_yenc, take_out
from nettools.results import Group

FORMAT = b"Subject:\r\nFrom:\r\nDate:\r\nMessage-ID:\r\nReferences:\r\nBytes:\r\nLines:\r\nXref:full\r\n:x-own\r\n"
FIELDS = (*nntp.DEFAULT_FIELDS, "xref", ":x-own")


@pytest.mark.parametrize("data", [FORMAT, b"215 order\r\n" + FORMAT + b".\r\n", FORMAT.replace(b"\r\n", b"\n")])
def test_the_order_of_an_overview(data: bytes) -> None:
    assert nntp.parse_overview_fmt(data) == FIELDS


@pytest.mark.parametrize("data", [b"", b"Subject:\r\nFrom:\r\n", FORMAT.replace(b"From:", b"X:"), b"503 no\r\n"])
def test_an_overview_that_begins_otherwise_is_none(data: bytes) -> None:
    with pytest.raises(ProtocolError):
        nntp.parse_overview_fmt(data)


def test_the_rows_of_an_overview() -> None:
    rows = nntp.parse_overview(
        b"224 it follows\r\n"
        b"1\tone\ta@x\t\t<1@x>\t\t10\t1\tXref: x a:1\t7\tmore\r\n"
        b"2\ttwo\r\n"
        b"nonsense\r\n"
        b"x\tthree\r\n"
        b"..4\tfour\r\n"
        b"5\tfive\tb@x\t\t<5@x>\t\t\t\tbare\t\r\n"
        b".\r\n6\tafter the end\r\n",
        FIELDS,
    )
    assert [row["number"] for row in rows] == [1, 2, 5]
    assert (rows[0]["xref"], rows[0][":x-own"], rows[0][":bytes"]) == (b"x a:1", b"7", b"10")
    assert (rows[1]["subject"], rows[1]["from"], rows[1]["xref"]) == (b"two", None, None)
    assert (rows[2]["xref"], rows[2][":x-own"], rows[2]["references"]) == (b"bare", b"", b"")


def test_a_row_is_decoded_and_what_makes_no_sense_is_none() -> None:
    (row,) = nntp.parse_overview(
        b"3\t=?utf-8?q?Gr=C3=BC=C3=9Fe?= caf\xe9\tJ\xf6rg <j@x.org>\tyesterday\t <m@x> \t<a@x> <b@x> c\tx\t17\r\n"
    )
    info = nntp.article_info(row)
    assert (info.subject, info.date, info.size, info.lines) == ("Grüße café", None, None, 17)
    assert info.sender is not None
    assert (info.sender.name, info.message_id, info.references) == ("Jörg", "<m@x>", ("<a@x>", "<b@x>"))


def test_groups_and_their_descriptions() -> None:
    active = b"215 list\r\nlocal.a 0000000010 0000000008 y\r\nlocal.b 3 4 =local.a\r\nbad x y z\r\nbad 1 2\r\n.\r\n"
    assert nntp.parse_active(active) == (Group("local.a", 3, 8, 10, "y"), Group("local.b", 0, 4, 3, "=local.a"))
    names = "215 list\r\nlocal.a\tGrüße  an alle\r\nlocal.b   \r\nlocal.c\r\n\r\n.\r\n".encode()
    assert nntp.parse_newsgroups(names) == {"local.a": "Grüße  an alle", "local.b": "", "local.c": ""}
    assert nntp.parse_newsgroups(b"local.l\tcaf\xe9\r\n") == {"local.l": "café"}


def test_many_capabilities_of_one_name_cost_no_more_than_their_number() -> None:
    def seconds(lines: int) -> float:
        began = time.process_time()
        assert len(nntp.parse_capabilities(b"LIST a b\r\n" * lines)["LIST"]) == 2 * lines
        return time.process_time() - began

    few = max(seconds(1_000), 0.002)
    assert any(seconds(16_000) < 64 * few for _ in range(2))  # the square would be 256 times as long


def test_the_answer_to_group() -> None:
    assert nntp.parse_group(b"211 3 1 9 local.a\r\n") == Group("local.a", 3, 1, 9)
    assert nntp.parse_group(b"211 0 0 0") == Group("", 0, 0, 0)
    assert nntp.parse_group(b"211 2 1 2 local.a list follows\r\n1\r\n2\r\n.\r\n").name == "local.a"


def test_an_article_with_its_dots_undone() -> None:
    octets = b"Subject: x\r\n\r\n.\r\n..a\r\n"
    wire = b"220 7 <m@x> article\r\nSubject: x\r\n\r\n..\r\n...a\r\n.\r\n"
    assert nntp.parse_article(wire) == (7, "<m@x>", octets)
    assert nntp.parse_article(b"222 0 <m@x>\r\n.\r\n") == (None, "<m@x>", b"")
    assert nntp.parse_article(b"223 9\r\n") == (9, None, b"")


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        (b"111 19990623135624\r\n", dt.datetime(1999, 6, 23, 13, 56, 24, tzinfo=dt.UTC)),
        (b"20261125000060", dt.datetime(2026, 11, 25, 0, 0, 59, tzinfo=dt.UTC)),
        (b"111 990623135624", dt.datetime(1999, 6, 23, 13, 56, 24, tzinfo=dt.UTC)),
        (b"111 260623135624", dt.datetime(2026, 6, 23, 13, 56, 24, tzinfo=dt.UTC)),
    ],
)
def test_the_servers_clock(text: bytes, moment: dt.datetime) -> None:
    assert nntp.parse_date(text) == moment


def test_capabilities_are_words_by_name() -> None:
    data = b"101 list\r\nversion 2 3\r\nOVER MSGID\r\nLIST ACTIVE\r\nLIST NEWSGROUPS\r\n\r\nREADER\r\n.\r\n"
    assert nntp.parse_capabilities(data) == {
        "VERSION": ("2", "3"), "OVER": ("MSGID",), "LIST": ("ACTIVE", "NEWSGROUPS"), "READER": (),
    }  # fmt: skip


@pytest.mark.parametrize(
    ("function", "data"),
    [
        (nntp.parse_overview, b"423 none\r\n"), (nntp.parse_overview, b"224 x\r\n1\tcut\r\n"),
        (nntp.parse_active, b"400 no"), (nntp.parse_newsgroups, b"503 no\r\n"), (nntp.parse_group, b"411 no"),
        (nntp.parse_group, b"211 a b c d"), (nntp.parse_group, b"211 1"), (nntp.parse_group, b""),
        (nntp.parse_article, b"430 no\r\n"), (nntp.parse_article, b"220 1 <a@b>\r\ncut\r\n"),
        (nntp.parse_article, b"220 x <a@b>\r\n.\r\n"), (nntp.parse_article, b""), (nntp.parse_date, b"111 x"),
        (nntp.parse_date, b"111 20260230000000"), (nntp.parse_date, b""), (nntp.parse_capabilities, b"500 what\r\n"),
    ],
)  # fmt: skip
def test_what_is_no_such_reply_is_a_protocol_error(function: Callable[..., Any], data: bytes) -> None:
    with pytest.raises(ProtocolError):
        function(data)


@pytest.mark.parametrize(
    ("pattern", "names"),
    [("*", "abc"), ("a*,b", "ab"), ("*,!b", "ac"), ("!*,c", "c"), ("x", ""), ("?", "abc")],
)
def test_in_a_wildmat_the_last_pattern_that_fits_decides(pattern: str, names: str) -> None:
    assert "".join(name for name in "abc" if nntp.matches_wildmat(name, pattern)) == names


def test_yenc_in_parts_says_so_and_damage_is_told() -> None:
    article = (
        b"Subject: x\r\n\r\n=ybegin part=2 total=3 line=128 size=9 name=a b.bin\r\n=ypart begin=4 end=6\r\n"
        b"\x8b\x8c\x8d\r\n=yend size=3 part=2 pcrc32=00000000\r\n=ybegin line=128 size=5 name=cut\r\n\x8b"
    )
    rest, files, defects = take_out(article)
    assert rest == b"Subject: x\r\n\r\n"
    assert [(each.name, each.data) for each in files] == [("a b.bin", b"abc"), ("cut", b"a")]
    assert defects == (
        "a b.bin is part 2 of 3",
        "a b.bin does not have its checksum",
        "cut has no =yend",
        "cut has 1 octets instead of 5",
    )


def test_yenc_that_escapes_what_it_need_not_is_read_all_the_same() -> None:
    assert decode_yenc(b"==\x8b=") == bytes([(ord("=") - 64 - 42) % 256]) + b"a"
    assert decode_yenc(b"=") == b""


@given(st.binary())
def test_yenc_is_undone_octet_by_octet(data: bytes) -> None:
    encoded = bytearray()
    for octet in data:
        shifted = (octet + 42) % 256
        encoded += bytes([0x3D, (shifted + 64) % 256]) if shifted in (0, 10, 13, 0x3D) else bytes([shifted])
    lines = b"\r\n".join(bytes(encoded[place : place + 7]) for place in range(0, len(encoded), 7))
    assert decode_yenc(lines) == data


PARSERS = (
    nntp.parse_overview_fmt, nntp.parse_overview, nntp.parse_active, nntp.parse_newsgroups, nntp.parse_group,
    nntp.parse_article, nntp.parse_date, nntp.parse_capabilities,
)  # fmt: skip
PIECES = st.sampled_from(
    [b"\r\n", b"\n", b".", b"..", b"\t", b" ", b"215 x\r\n", b"224 x\r\n", b"220 1 <a@b>\r\n", b"111 ", b"211 1 2 3 g"]
)


@given(st.lists(st.one_of(PIECES, st.binary(max_size=8))).map(b"".join))
def test_any_octets_are_a_value_or_an_error_of_ours(data: bytes) -> None:
    for parse in PARSERS:
        with contextlib.suppress(NettoolsError):
            parse(data)
    nntp.read_article(data, 1, None, yenc=True)
    for row in [] if b"224" in data[:4] else nntp.parse_overview(b"1\t" + data.replace(b"\n", b"\t")):
        nntp.article_info(row)
