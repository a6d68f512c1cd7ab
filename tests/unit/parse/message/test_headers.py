"""Header fields as mailers really write them."""

from __future__ import annotations

import contextlib
import datetime as dt
import time
import tracemalloc

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nettools.errors import ProtocolError
from nettools.parse.message import decode_header, parse_addresses, parse_date, parse_headers, parse_parameters

TEN = dt.datetime(2026, 11, 24, 10, tzinfo=dt.UTC)


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("Tue, 24 Nov 2026 11:00:00 +0100", TEN), ("24 Nov 26 10:00 GMT", TEN), ("Tuesday, 24-Nov-26 10:00:00 UT", TEN),
        ("Tue Nov 24 10:00:00 2026", TEN), ("Tue Nov 24 05:00:00 EST 2026", TEN), ("Mon, 24 Nov 2026 10:00 -0000", TEN),
        ("2026-11-24T10:00:00Z", TEN), ("2026-11-24 11:00:00 +0100", TEN), ("2026/11/24 10:00", TEN),
        ("Tue, 24 Nov 2026 11:00:00 +0100 (Central (European) Time)", TEN), ("Tue,24 Nov 126 10.00.00", TEN),
        ("Tue, 24 Nov 2026 12:00:00 GMT+0200", TEN), ("Nov 24, 2026 10:00:00", TEN), ("24 Nov 2026 10:00:00 am", TEN),
        ("Tue, 24 Nov 2026 10:00:00 NONSENSE", TEN), ("24 Nov 2026 10:00:00 +9999", TEN),
        ("(c) Tue, (c) 24 (c) Nov (c(d)) 2026 (e) 10:00:00 (f) +0000", TEN), ("=) wat 24 Nov 2026 10:00!", TEN),
        ("Tue, 24 Nov 2026 12:00:00 UTC+2", TEN), ("24 Nov 2026 15:30 +530", TEN), ("24 Nov 2026 10:00 -060", TEN),
        ("Mon, 23 Nov 2026 24:00:00 GMT", TEN.replace(hour=0)),
        ("31 Dec 1998 23:59:60 GMT", dt.datetime(1998, 12, 31, 23, 59, 59, tzinfo=dt.UTC)),
    ],
)  # fmt: skip
def test_a_date_of_any_age_is_a_moment(text: str, moment: dt.datetime) -> None:
    assert parse_date(text) == moment
    assert parse_date(text.encode()) == moment


@pytest.mark.parametrize(
    "text",
    [
        "",
        "never",
        "21 Nov 199\r\n7  09:55:06 -0600",
        "21 Nov 1997 ù 09:55:06",
        "31 Feb 2026 10:00:00",
        "24 Xyz 2026",
        "1795511400",
        "24:00:00",
        "0 Nov 2026",
    ],
)
def test_what_is_no_date_is_an_error(text: str) -> None:
    with pytest.raises(ProtocolError):
        parse_date(text)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Bob Smith <bob@x.org>, a@b.c", [("Bob Smith", "bob@x.org"), ("", "a@b.c")]),
        ('"B, C" <b@x>, "A \\"B\\"" <c@x>', [("B, C", "b@x"), ('A "B"', "c@x")]),
        ("G: a@x, B <b@y>; c@z, empty:;", [("", "a@x"), ("B", "b@y"), ("", "c@z")]),
        ("a@x (Alice), (c) b@x", [("Alice", "a@x"), ("c", "b@x")]),
        ("<@r1,@r2:a@x>, R <@r:b@x>", [("", "a@x"), ("R", "b@x")]),
        ("Bob <bob@x, c@y", [("Bob", "bob@x"), ("", "c@y")]),
        ("bob@x>, <>", [("", "bob@x")]),
        ("=?utf-8?q?J=C3=B6rg?= <j@x>, Jörg <k@x>", [("Jörg", "j@x"), ("Jörg", "k@x")]),
        ('"a b"@x, "ab"@x, a@[192.0.2.1]', [("", '"a b"@x'), ("", "ab@x"), ("", "a@[192.0.2.1]")]),
        ("Bob (the (nested) one) <b@x>,, ,", [("Bob", "b@x")]),
        ("<a@x> (c), B <b@x> (c)", [("", "a@x"), ("B", "b@x")]),
        ("a@x (A\tB (C))", [("A B (C)", "a@x")]),
        ("a@x;b@y", [("", "a@x"), ("", "b@y")]),
        ("a@x b@y\r\n c@z", [("", "a@x"), ("", "b@y"), ("", "c@z")]),
        ("a @ x . y , b . c@z", [("", "a@x.y"), ("", "b.c@z")]),
        ("John !@M@! Doe <j@x>", [("John !@M@! Doe", "j@x")]),
        ('A <<a@x>>, "B <b@y>', [("A", "a@x"), ("B", "b@y")]),
        ("用户@例え.jp", [("", "用户@例え.jp")]),
        ("", []),
    ],
)
def test_addresses_as_they_are_written(text: str, expected: list[tuple[str, str]]) -> None:
    assert [(each.name, each.address) for each in parse_addresses(text)] == expected
    assert [(each.name, each.address) for each in parse_addresses(text.encode())] == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (b"=?utf-8?q?Gr=C3?= =?utf-8?q?=BC=C3=9Fe?=", "Grüße"),
        (b"=?iso-8859-1?Q?a_=FC?= b", "a ü b"),
        (b"a =?utf-8?b?w7w=?=\r\n =?iso-8859-1?q?=FC?= b", "a üü b"),
        (b"=?utf-8?b?w7w?=", "ü"),
        (b"=?utf-8?b?w7w===?=", "ü"),
        (b"=?none?q?x?=", "x"),
        (b"=?ansi_x3.4-1968?q?x?=", "x"),
        (b"=?utf-8?q?x=C3=\r\n BC?=\r\n =?utf-8?q?=C3=BC?=", "xüü"),
        (b"=?utf-8?q?=FC?=", "\ufffd"),
        (b"=?us-ascii?q?=FC?=", "ü"),
        (b"=?utf-8?q?a", "=?utf-8?q?a"),
        (b"caf\xe9", "café"),
        ("café".encode(), "café"),
        (b"=?utf-8*en?q?x?=", "x"),
        (b"=?utf-8?x?y?=", "=?utf-8?x?y?="),
        (b"=?utf-8?q?a=0Db?=", "a b"),
        (b"=?idna?q?=E9?=", "é"),
        (b"  folded\r\n\ttext ", "folded\ttext"),
        (b"=?utf-8?q?a=4?=", "a=4"),
    ],
)
def test_words_that_are_encoded_and_octets_that_are_not(text: bytes, expected: str) -> None:
    assert decode_header(text) == expected
    assert decode_header(text.decode("utf-8", "surrogateescape")) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('attachment; filename="a;b.txt"', ("attachment", {"filename": "a;b.txt"})),
        ("attachment;;filename=a b.txt ; x", ("attachment", {"filename": "a b.txt"})),
        ('attachment; filename*1="b.txt"; filename*0="a"', ("attachment", {"filename": "ab.txt"})),
        ("a; f*0*=utf-8''%C3%BC; f*1=x; f*3=gap", ("a", {"f": "üx"})),
        ('a; f*0="x"; f*01="y"', ("a", {"f": "x"})),
        ('a (b (c) d); (e) f="(g)" (h(i)); j=(k', ("a", {"f": "(g)", "j": "(k"})),
        ("a; f*=iso-8859-1'en'%FC; f=u", ("a", {"f": "ü"})),
        ("a; f*=%FC", ("a", {"f": "ü"})),
        ('a; f="=?utf-8?b?w7w=?="', ("a", {"f": "ü"})),
        ('a; f="unterminated', ("a", {"f": "unterminated"})),
        ("TEXT / Plain ; A = b (c)", ("text/plain", {"a": "b"})),
        ("a; f=1; f=2", ("a", {"f": "1"})),
        ("a; f*²=x; g*" + "9" * 5000 + "=y; h=z", None),
        ("", ("", {})),
    ],
)
def test_parameters_as_they_are_written(text: str, expected: tuple[str, dict[str, str]] | None) -> None:
    kind, parameters = parse_parameters(text)
    assert (kind, parameters) == expected if expected else parameters["h"] == "z"


def test_fields_keep_their_order_and_what_is_no_field_is_passed_over() -> None:
    headers = parse_headers(b"From bob\r\nA: 1\r\nnonsense\r\nB : 2\r\na: 3\r\n 4\r\n\r\nC: 5\r\n")
    assert headers.pairs == (("A", "1"), ("B", "2"), ("a", "3 4"))
    assert parse_headers(b"\r\nA: 1\r\n").pairs == ()


@given(st.one_of(st.binary(), st.text(), st.text(alphabet="=?utf-8bq<>@,;:\"\\()[] \r\n\t%*'1aé\udcff\ud800")))
def test_anything_is_a_value_or_an_error_of_ours(value: bytes | str) -> None:
    texts = [decode_header(value), parse_parameters(value)[0], *parse_parameters(value)[1].values()]
    texts += [str(each) for each in parse_addresses(value)]
    texts += parse_headers(value).values()
    for text in texts:
        text.encode("utf-8")
    with contextlib.suppress(ProtocolError):
        assert parse_date(value).tzinfo is not None


def test_words_between_two_addresses_cost_no_more_than_their_number() -> None:
    def seconds(words: int) -> float:
        began = time.process_time()
        assert [each.address for each in parse_addresses("Al a@x " + "Sue " * words + "b@x")] == ["a@x", "b@x"]
        return time.process_time() - began

    few = max(seconds(1_000), 0.002)
    assert any(seconds(8_000) < 24 * few for _ in range(2))  # the square would be 64 times as long


def test_a_word_of_many_escaped_quotes_takes_little_memory() -> None:
    text = '\\"' * 100_000
    tracemalloc.start()
    try:
        assert parse_addresses(text)[0].mailbox == text
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < 20 * len(text)
