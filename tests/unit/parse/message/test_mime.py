"""Whole messages: broken ones are read as far as they can be, hostile ones in linear time."""

from __future__ import annotations

import base64
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nettools.parse.message import parse_mail
from nettools.results import Mail

MIXED = b"Content-Type: multipart/mixed; boundary=b\r\n\r\n"


def attached(mail: Mail) -> list[tuple[str | None, bytes]]:
    return [(each.name, each.data) for each in mail.attachments]


@pytest.mark.parametrize("end", [b"\r\n", b"\n"])
def test_parts_stand_between_their_boundaries(end: bytes) -> None:
    lines = [
        b"Content-Type: multipart/mixed; boundary=\"x y\"", b"", b"preamble", b"--x y", b"", b"one", b"--x y \t",
        b"Content-Type: text/plain; name=two.txt", b"", b"two", b"", b"--x y--x", b"--x y--", b"epilogue",
    ]  # fmt: skip
    mail = parse_mail(end.join(lines))
    assert mail.text == "one"
    assert attached(mail) == [("two.txt", b"two" + end + end + b"--x y--x")]
    assert mail.defects == ()


@pytest.mark.parametrize(
    ("body", "text", "defect"),
    [
        (b"--b\r\n\r\none\r\n--b\r\n\r\ntwo", "one\ntwo", "the last boundary is missing"),
        (b"--b\r\nno header\r\n--b--", "no header", "a part that begins without a header and an empty line"),
        (b"nothing", "nothing", "a multipart without parts is taken for text"),
        (b"--b\r\n\r\n\xff\r\n--b--", "ÿ", "octets above 127 without a charset"),
        (b"--b\r\nContent-Type: nonsense\r\n\r\nx\r\n--b--", "x", "a Content-Type that makes no sense"),
        (b"--b\r\nContent-Type: multipart/mixed\r\n\r\nx\r\n--b--", "x", "a multipart without a boundary"),
        (b"--b\r\nContent-Type: text/plain; charset=none\r\n\r\nx\r\n--b--", "x", "unknown charset none"),
        (b"--b\r\nContent-Type: text/plain; charset=punycode\r\n\r\nx\r\n--b--", "x", "unknown charset punycode"),
        (b"--b\r\nContent-Type: text/plain; charset=ascii\r\n\r\n\xc3\xbc\r\n--b--", "ü", "octets above 127"),
        (b"--b\r\nContent-Type: text/plain; charset=koi8-r\r\n\r\n\xc1\r\n--b--", "а", None),
        (b"--b\r\nContent-Transfer-Encoding: odd\r\n\r\nx\r\n--b--", "x", "unknown Content-Transfer-Encoding odd"),
        (b"--b\r\nContent-Transfer-Encoding: base64\r\n\r\neA==\r\n--b--", "x", None),
        (b"--b\r\nContent-Transfer-Encoding: base64\r\n\r\neA==eQ==\r\n--b--", "xy", None),
        (b"--b\r\nContent-Transfer-Encoding: base64\r\n\r\neHh4e\r\n--b--", "xxx", "base64 that was cut"),
        (b"--b\r\nContent-Transfer-Encoding: base64\r\n\r\ne!A==\r\n--b--", "x", "base64 with other characters in it"),
        (b"--b\r\nContent-Transfer-Encoding: QUOTED-PRINTABLE\r\n\r\n=C3=BC=\r\nx=\r\n--b--", "üx", "above 127"),
    ],
)  # fmt: skip
def test_what_is_broken_is_read_as_far_as_it_can_be(body: bytes, text: str, defect: str | None) -> None:
    mail = parse_mail(MIXED + body)
    assert mail.text == text
    assert any(defect in each for each in mail.defects) if defect else mail.defects == ()


def test_what_is_wrong_in_a_header_is_told() -> None:
    raw = b"From bob Mon Jan  1 10:00:00 2026\r\nSubject: =?none?q?x?=\r\nno field here\r\nDate: never\r\n\r\ntext\r\n"
    mail = parse_mail(raw)
    assert (mail.info.subject, mail.info.date, mail.text) == ("x", None, "text\n")
    assert set(mail.defects) == {"unknown charset none", "a line in a header that is no field", "'never' is no date"}


def test_names_come_from_the_better_of_the_two_places() -> None:
    part = (
        b"--b\r\nContent-Type: application/x; name=second.bin\r\n"
        b'Content-Disposition: attachment; filename="=?utf-8?q?f=C3=BCr.bin?=";'
        b" filename*=utf-8''f%C3%BCr%20uns.bin\r\n"
        b"Content-ID: <id@x>\r\n\r\ndata\r\n--b\r\nContent-Type: image/png\r\nContent-ID: <i@x>\r\n\r\npng\r\n--b--"
    )
    first, second = parse_mail(MIXED + part).attachments
    assert (first.name, first.inline, first.content_id, first.data) == ("für uns.bin", False, "id@x", b"data")
    assert (second.name, second.inline, second.content_id) == (None, True, "i@x")


def test_html_alone_is_no_text_and_a_winmail_is_an_attachment() -> None:
    html = parse_mail(b"Content-Type: text/html\r\n\r\n<meta charset=iso-8859-1><p>\xfc")
    assert (html.text, html.html) == (None, "<meta charset=iso-8859-1><p>ü")
    winmail = parse_mail(b"Content-Type: application/ms-tnef; name=winmail.dat\r\n\r\n\x78\x9f")
    assert attached(winmail) == [("winmail.dat", b"\x78\x9f")]


def test_uuencoded_parts_are_decoded() -> None:
    head = b"Content-Type: application/x; name=a\r\nContent-Transfer-Encoding: x-uuencode\r\n\r\n"
    raw = head + b"begin 644 a\r\n#86)C\r\n`\r\nend\r\n"
    assert attached(parse_mail(raw)) == [("a", b"abc")]


def test_thousands_of_parts_and_hundreds_of_levels_have_an_end() -> None:
    assert "more than 10000 parts: the rest is left out" in parse_mail(MIXED + b"--b\r\n\r\nx\r\n" * 20_000).defects
    body = b"\r\nleaf\r\n"
    for level in range(300):
        body = b"Content-Type: multipart/mixed; boundary=b%d\r\n\r\n--b%d\r\n%b\r\n--b%d--\r\n" % (
            level,
            level,
            body,
            level,
        )
    mail = parse_mail(body)
    assert mail.defects == ("more than 100 levels",)
    assert mail.text is not None
    assert "leaf" in mail.text


HOSTILE = [
    "=?utf-8?q?a?= ", "=?", '"', "(", "()", "<", "a@", ",", "a,", "g:", " ", ";a=b", ";", "a;=", ";a*0=b", "\r\n ",
    "1 ", "=", "a/",
]  # fmt: skip


@pytest.mark.parametrize("piece", HOSTILE)
@pytest.mark.parametrize("where", ["Subject: ", "To: ", "To: <", "Date: Mon, ", "Content-Type: x; a", "\r\n"])
def test_time_grows_with_the_length_and_not_with_its_square(piece: str, where: str) -> None:
    def seconds(size: int) -> float:
        raw = (where + "a" + piece * (size // len(piece)) + "b\r\n\r\n").encode()
        began = time.process_time()
        parse_mail(raw)
        return time.process_time() - began

    small = max(seconds(10_000), 0.005)
    assert any(seconds(80_000) < 40 * small for _ in range(2))  # the square would be 64 times as long


PIECES = st.sampled_from(
    [
        b"\r\n",
        b"\n",
        b"--b",
        b"--b--",
        b"Content-Type: ",
        b"multipart/mixed; boundary=b",
        b"text/html",
        b"; charset=",
        b"utf-7",
        b"Content-Transfer-Encoding: ",
        b"base64",
        b"quoted-printable",
        b"x-uuencode",
        b"Subject: ",
        b"=?utf-8?b?",
        b"?=",
        b"From: ",
        b"Date: ",
        b"Content-Disposition: attachment; filename*0*=",
        b"filename*=",
        b"''",
        b"%",
        b"(",
        b'"',
        b"<",
        b"@",
        b"=",
    ]
)


@given(st.lists(st.one_of(PIECES, st.binary(max_size=6))).map(b"".join))
def test_any_octets_are_a_message(raw: bytes) -> None:
    mail = parse_mail(raw)
    assert mail.raw == raw
    for text in (mail.info.subject, mail.text or "", mail.html or "", *mail.headers.values()):
        text.encode("utf-8")  # no lone surrogate: it can be printed, and written into JSON


@given(st.binary(max_size=400))
def test_base64_is_undone(data: bytes) -> None:
    raw = b"Content-Type: x/y\r\nContent-Transfer-Encoding: base64\r\n\r\n" + base64.encodebytes(data)
    (attachment,) = parse_mail(raw).attachments
    assert attachment.data == data


@pytest.mark.parametrize(
    ("encoded", "data", "defect"),
    [
        (b"YWI=\r\nYWJj\r\n", b"ababc", None),
        (b"YWI=\r\n-- \r\nA list: http://x/\r\n", b"ab", "something that is no base64 behind the end of it"),
        (b"YWI= ignored", b"ab", "something that is no base64 behind the end of it"),
        (b"YWJjZ", b"abc", "base64 that was cut"),
        (b"YW!Jj", b"abc", "base64 with other characters in it"),
    ],
)
def test_of_base64_what_follows_its_padding_counts_where_it_is_base64(
    encoded: bytes, data: bytes, defect: str | None
) -> None:
    mail = parse_mail(b"Content-Type: x/y\r\nContent-Transfer-Encoding: base64\r\n\r\n" + encoded)
    assert [each.data for each in mail.attachments] == [data]
    assert mail.defects == (() if defect is None else (defect,))


def test_of_uuencode_only_what_stands_between_begin_and_end_counts() -> None:
    lines = b"begin 644 a\r\n%:&5L;&\\  \r\n`\r\nend\r\n"
    for body in (lines, b"Hello,\r\n\r\n" + lines + b"Bye\r\n", b"%:&5L;&\\\r\n"):
        mail = parse_mail(b"Content-Type: x/y\r\nContent-Transfer-Encoding: x-uuencode\r\n\r\n" + body)
        assert ([each.data for each in mail.attachments], mail.defects) == ([b"hello"], ())


@pytest.mark.parametrize(
    ("disposition", "text"),
    [("", "hi"), ("Content-Disposition: inline\r\n", "hi"), ("Content-Disposition: attachment\r\n", None)],
)
def test_a_message_that_is_one_text_with_a_name_says_it_unless_it_is_attached(
    disposition: str, text: str | None
) -> None:
    mail = parse_mail(f'Content-Type: text/plain; name="a.txt"\r\n{disposition}\r\nhi'.encode())
    assert (mail.text, [each.name for each in mail.attachments]) == (text, [] if text else ["a.txt"])


def test_octets_of_an_unknown_charset_are_utf_8_where_they_can_be() -> None:
    for octets in ("é".encode(), b"\xe9"):
        assert parse_mail(b"Content-Type: text/plain; charset=x-unknown\r\n\r\n" + octets).text == "é"
