"""What FETCH tells of a message: sections, ENVELOPE, BODYSTRUCTURE; and what SEARCH finds in it."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime

import pytest

from nettools.testing.imap import fetch, mime, search, structure
from nettools.testing.imap.grammar import Cursor, Malformed

RAW = (
    b'From: "Bob, Jr" <bob@example.org>\r\n'
    b"To: Team: a@x.org, B C <b@y.org>;, c@z.org (Cee)\r\n"
    b"Subject: =?utf-8?q?Gr=C3=BC=C3=9Fe?=\r\n =?utf-8?q?_und_mehr?=\r\n"
    b"Date: Mon, 1 Jan 2024 23:30:00 -0500\r\n"
    b"Message-ID: <1@example.org>\r\n"
    b"MIME-Version: 1.0\r\n"
    b'Content-Type: multipart/mixed; boundary="cut here"\r\n'
    b"\r\n"
    b"preamble\r\n"
    b"--cut here\r\n"
    b"Content-Type: text/plain; charset=iso-8859-1\r\n"
    b"Content-Transfer-Encoding: quoted-printable\r\n"
    b"\r\n"
    b"Caf=E9 au la=\r\nit\r\n"
    b"--cut here  \r\n"
    b"Content-Type: application/pdf; name=x.pdf\r\n"
    b'Content-Disposition: attachment; filename="x \\"1\\".pdf"\r\n'
    b"Content-Transfer-Encoding: base64\r\n"
    b"\r\n"
    b"AAEC\r\n"
    b"--cut here\r\n"
    b"Content-Type: message/rfc822\r\n"
    b"\r\n"
    b"Subject: inner\r\n"
    b"Content-Type: multipart/alternative; boundary=b\r\n"
    b"\r\n"
    b"--b\r\n"
    b"\r\n"
    b"deep text\r\n"
    b"--b\r\n"
    b"Content-Type: text/html\r\n"
    b"\r\n"
    b"<p>deep</p>\r\n"
    b"--b--\r\n"
    b"--cut here--\r\n"
    b"epilogue\r\n"
)
SIMPLE = b"Subject: simple\r\nX-Empty:\r\n\r\nline one\r\nline two\r\n"


@dataclass(frozen=True)
class Message:
    raw: bytes = RAW
    uid: int = 7
    flags: frozenset[str] = frozenset({"\\Seen", "work"})
    internaldate: datetime = field(default_factory=lambda: datetime(2024, 1, 2, 3, 4, 5, tzinfo=UTC))


def fetched(items: bytes, raw: bytes = RAW) -> bytes:
    cursor = Cursor(items)
    parsed = fetch.parse_items(cursor)
    cursor.end()
    return fetch.render(parsed, Message(raw), Message.flags)


def found(query: str, raw: bytes = RAW) -> bool:
    cursor = Cursor(query.encode())
    return search.parse_query(cursor, (7,)).matches(search.Candidate(1, Message(raw), Message.flags))


@pytest.mark.parametrize(
    ("section", "octets"),
    [
        (b"", RAW),
        (b"1", b"Caf=E9 au la=\r\nit"),
        (b"2", b"AAEC"),
        (
            b"1.MIME",
            b"Content-Type: text/plain; charset=iso-8859-1\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n",
        ),
        (b"3.HEADER", b"Subject: inner\r\nContent-Type: multipart/alternative; boundary=b\r\n\r\n"),
        (b"3.1", b"deep text"),
        (b"3.2", b"<p>deep</p>"),
        (b"3.1.MIME", b"\r\n"),
        (b"HEADER.FIELDS (MESSAGE-ID)", b"Message-ID: <1@example.org>\r\n\r\n"),
        (b"3.HEADER.FIELDS.NOT (SUBJECT)", b"Content-Type: multipart/alternative; boundary=b\r\n\r\n"),
    ],
)
def test_a_section_is_a_slice_of_the_message(section: bytes, octets: bytes) -> None:
    assert fetched(b"BODY.PEEK[" + section + b"]") == b"BODY[" + section + b"] {%d}\r\n" % len(octets) + octets


@pytest.mark.parametrize("section", [b"4", b"1.1", b"1.HEADER", b"2.TEXT", b"3.3"])
def test_a_part_that_is_not_there_is_nil(section: bytes) -> None:
    assert fetched(b"BODY[" + section + b"]") == b"BODY[" + section + b"] NIL"


def test_the_body_of_a_simple_message_is_its_part_one() -> None:
    assert fetched(b"BODY[1]", SIMPLE) == b"BODY[1] {20}\r\nline one\r\nline two\r\n"
    assert fetched(b"BODY[TEXT]", SIMPLE) == b"BODY[TEXT] {20}\r\nline one\r\nline two\r\n"
    assert fetched(b"BODY[2]", SIMPLE) == b"BODY[2] NIL"


def test_a_partial_is_counted_in_octets_and_may_begin_past_the_end() -> None:
    assert fetched(b"BODY[]<2.5>", SIMPLE) == b"BODY[]<2> {5}\r\nbject"
    assert fetched(b"BODY[]<900.5>", SIMPLE) == b"BODY[]<900> {0}\r\n"


@pytest.mark.parametrize(
    "items",
    [
        b"BODY[MIME]",
        b"BODY[0]",
        b"BODY[1.]",
        b"BODY[HEADER.FIELDS ()]",
        b"(FLAGS",
        b"()",
        b"FOO",
        b"BODY[]<0.0>",
        b"FLAGS UID",
    ],
)
def test_items_outside_the_grammar_are_malformed(items: bytes) -> None:
    with pytest.raises(Malformed):
        fetched(items)


def test_only_reading_a_body_marks_as_seen() -> None:
    items = fetch.parse_items(Cursor(b"(FLAGS RFC822.HEADER BODY.PEEK[] BODYSTRUCTURE BODY)"))
    assert not any(item.sets_seen for item in items)
    for item in (b"BODY[]", b"RFC822", b"RFC822.TEXT", b"BODY[HEADER]"):
        assert fetch.parse_items(Cursor(item))[0].sets_seen


def test_the_macros_stand_for_their_items() -> None:
    fast = b'FLAGS (\\Seen work) INTERNALDATE " 2-Jan-2024 03:04:05 +0000" RFC822.SIZE 49'
    assert fetched(b"FAST", SIMPLE) == fast
    assert fetched(b"ALL", SIMPLE) == fast + b' ENVELOPE (NIL "simple" NIL NIL NIL NIL NIL NIL NIL NIL)'


def test_the_envelope_shows_values_undecoded_and_groups_marked() -> None:
    bob = b'(("Bob, Jr" NIL "bob" "example.org"))'
    assert fetched(b"ENVELOPE") == (
        b'ENVELOPE ("Mon, 1 Jan 2024 23:30:00 -0500" "=?utf-8?q?Gr=C3=BC=C3=9Fe?= =?utf-8?q?_und_mehr?=" '
        + b" ".join([bob, bob, bob])
        + b' ((NIL NIL "Team" NIL)(NIL NIL "a" "x.org")("B C" NIL "b" "y.org")(NIL NIL NIL NIL)("Cee" NIL "c" "z.org"))'
        + b' NIL NIL NIL "<1@example.org>")'
    )


def test_the_body_structure_shows_every_part() -> None:
    assert fetched(b"BODYSTRUCTURE") == (
        b'BODYSTRUCTURE (("TEXT" "PLAIN" ("charset" "iso-8859-1") NIL NIL "QUOTED-PRINTABLE" 17 1 NIL NIL NIL NIL)'
        b'("APPLICATION" "PDF" ("name" "x.pdf") NIL NIL "BASE64" 4 NIL '
        b'("attachment" ("filename" "x \\"1\\".pdf")) NIL NIL)'
        b'("MESSAGE" "RFC822" NIL NIL NIL "7BIT" 135 (NIL "inner" NIL NIL NIL NIL NIL NIL NIL NIL) '
        b'(("TEXT" "PLAIN" ("CHARSET" "us-ascii") NIL NIL "7BIT" 9 0 NIL NIL NIL NIL)'
        b'("TEXT" "HTML" ("CHARSET" "us-ascii") NIL NIL "7BIT" 11 0 NIL NIL NIL NIL) '
        b'"ALTERNATIVE" ("boundary" "b") NIL NIL NIL)'
        b' 10 NIL NIL NIL NIL) "MIXED" ("boundary" "cut here") NIL NIL NIL)'
    )


@pytest.mark.parametrize(
    ("value", "addresses"),
    [
        (b"<@r1,@r2:u@h>", [(None, b"@r1,@r2", b"u", b"h")]),
        (b'"a \\" b"@h', [(None, None, b'a " b', b"h")]),
        (b"John Q. Public <j@x>", [(b"John Q. Public", None, b"j", b"x")]),
        (b"plain", [(None, None, b"plain", b"")]),
        (b"u@[127.0.0.1]", [(None, None, b"u", b"[127.0.0.1]")]),
        (b"a@b (x (nested\\) y) z)", [(b"x (nested) y) z", None, b"a", b"b")]),
        (b"none:;", [(None, None, b"none", None), (None, None, None, None)]),
        (b", ,", []),
        (b')("<', []),
    ],
)
def test_addresses_are_taken_apart(value: bytes, addresses: list[tuple[bytes | None, ...]]) -> None:
    assert structure.parse_addresses(value) == addresses


def test_a_multipart_without_parts_is_shown_as_text() -> None:
    tree = mime.parse(b"Content-Type: multipart/mixed\r\n\r\nno boundary\r\n")
    assert structure.body_structure(tree, extended=False).startswith(b'("TEXT" "PLAIN"')


def test_nesting_without_end_does_not_exhaust_the_stack() -> None:
    assert fetched(b"BODYSTRUCTURE", b"Content-Type: message/rfc822\r\n\r\n" * 5000).count(b'"RFC822"') == 50


def test_adjacent_boundaries_hold_an_empty_part() -> None:
    tree = mime.parse(b"Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n--b\r\n\r\nx\r\n--b--")
    assert [child.octets for child in tree.children] == [b"", b"\r\nx"]


@pytest.mark.parametrize(
    "query",
    [
        "ALL",
        "1",
        "UID 5:*",
        "SEEN",
        "KEYWORD Work",
        "UNFLAGGED UNKEYWORD play",
        "NOT DELETED",
        "OR DELETED SEEN",
        "(SEEN UNDELETED)",
        "FROM BOB",
        "TO b@y",
        "SUBJECT {4}\r\nmehr",
        "CHARSET UTF-8 SUBJECT {11}\r\nGRÜSSE UND",
        "HEADER Message-ID 1@",
        'HEADER Subject ""',
        "CHARSET utf-8 BODY {11}\r\ncafé au la",
        'BODY "deep text"',
        "TEXT bob",
        "BODY inner",
        "ON 2-Jan-2024",
        "SINCE 2-Jan-2024 BEFORE 3-Jan-2024",
        "SENTON 1-Jan-2024",
        "SENTSINCE 1-Jan-2024 SENTBEFORE 2-Jan-2024",
        "LARGER 100 SMALLER 5000",
        "OLD",
        "RETURN (MIN COUNT) ALL",
    ],
)
def test_search_finds(query: str) -> None:
    assert found(query)


@pytest.mark.parametrize(
    "query",
    [
        "UNSEEN",
        "2",
        "UID 1:6",
        "KEYWORD play",
        "FROM carol",
        "SUBJECT inner",
        "BODY bob",
        "HEADER X-None x",
        "NEW",
        "SENTON 2-Jan-2024",
        "NOT ALL",
        'HEADER X-None ""',
    ],
)
def test_search_does_not_find(query: str) -> None:
    assert not found(query)


@pytest.mark.parametrize(
    "query",
    ["", "FOO", "SUBJECT", "ON yesterday", "(SEEN", "OR SEEN", "NOT", "SEEN ", "RETURN (X) ALL", "SUBJECT {2}\r\nü"],
)
def test_a_query_outside_the_grammar_is_malformed(query: str) -> None:
    with pytest.raises(Malformed):
        found(query)


def test_a_query_nested_without_end_is_malformed() -> None:
    with pytest.raises(Malformed):
        found("NOT " * 5000 + "ALL")


def test_an_unknown_charset_is_told_from_bad_syntax() -> None:
    with pytest.raises(search.BadCharset):
        found("CHARSET KOI8-R ALL")
