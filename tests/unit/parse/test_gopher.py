"""The Gopher parser where the corpus has no case: addresses of every type, dots in blocks, what is no menu."""

from __future__ import annotations

import pytest

from nettools.errors import ProtocolError, TooLargeError, UsageError
from nettools.parse import gopher
from nettools.parse.gopher import GopherURL, Text, decode_body, item_url, parse_menu, parse_refusal, parse_url, undouble


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("gopher://h/", GopherURL("h", 70)),
        ("gophers://h:7070/0/a%20b", GopherURL("h", 7070, "0", "/a b")),
        ("gopher://[::1]/1", GopherURL("::1", 70)),
        ("gopher://h/9/x?y=1", GopherURL("h", 70, "9", "/x?y=1")),
        ("gopher://h/7/s?two+words", GopherURL("h", 70, "7", "/s", "two+words")),
        ("gopher://h/7/s?db=1%09words", GopherURL("h", 70, "7", "/s?db=1", "words")),
        ("gopher://h/7/s%09", GopherURL("h", 70, "7", "/s", "")),
        ("gopher://h/0/%FF", GopherURL("h", 70, "0", "/\udcff")),
    ],
)
def test_a_url_is_taken_apart(url: str, expected: GopherURL) -> None:
    assert parse_url(url) == expected


@pytest.mark.parametrize(
    "url", ["gopher://h/0a%09b", "gopher://h/7a%09b%09+", "gopher://h/%09", "gopher://h/0%0d%0aQUIT"]
)
def test_a_url_smuggles_no_field_and_no_line(url: str) -> None:
    with pytest.raises(UsageError) as caught:
        parse_url(url)
    assert caught.value.exit_code == 3


@pytest.mark.parametrize(
    ("item", "url"),
    [
        (("0", "/a b?c#d%", "h", 70), "gopher://h/0/a%20b%3Fc%23d%25"),
        (("1", "", "h", 7070), "gopher://h:7070/1"),
        (("1", "/x", "::1", 70), "gopher://[::1]/1/x"),
        (("1", "/x", "fe80::1%eth0", 70), "gopher://[fe80::1%25eth0]/1/x"),
        (("h", "URL:https://example.org/", "h", 70), "https://example.org/"),
        (("h", "url:", "h", 70), None),
        (("h", "/page.html", "h", 70), "gopher://h/h/page.html"),
        (("8", "", "h", 23), "telnet://h/"),
        (("8", "me@there", "h", 2323), "telnet://me%40there@h:2323/"),
        (("T", "", "h", 23), "tn3270://h/"),
        (("i", "", "h", 70), None),
        (("3", "", "h", 70), None),
        (("0", "/x", "h", 0), None),
        (("0", "/x", "h", None), None),
        (("0", "/x", "", 70), None),
        (("0", "/x", "evil/@host", 70), None),
        (("0", "/x\0", "h", 70), None),
        (("0", "/\udcfc", "h", 70), "gopher://h/0/%FC"),
    ],
)
def test_an_item_leads_somewhere_or_nowhere(item: tuple[str, str, str, int | None], url: str | None) -> None:
    assert item_url(*item) == url


def test_lines_that_are_no_items_lose_no_others() -> None:
    menu = (
        b"Welcome\n\n0One\t/1\th\t70\n0Two\t/2\th\t70000\n3Oops\n0No host\t/3\n"
        b"\xe4\xf6\t\t\n0Three\t/\xfc\th\t70\t+\textra\n"
    )
    items = parse_menu(menu)
    assert [(item.kind, item.title, item.port) for item in items] == [
        ("0", "One", 70),
        ("0", "Two", None),
        ("3", "Oops", None),
        ("ä", "ö", None),
        ("0", "Three", 70),
    ]
    assert items[-1].selector.encode("utf-8", "surrogateescape") == b"/\xfc"


def test_what_is_no_menu_at_all_is_a_protocol_error() -> None:
    with pytest.raises(ProtocolError):
        parse_menu(b"<html>\n<body>\n")
    assert parse_menu(b".\r\n") == parse_menu(b"\r\n") == ()


def test_a_menu_has_an_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gopher, "MOST_ITEMS", 3)
    with pytest.raises(TooLargeError):
        parse_menu(b"ia\n" * 4)


@pytest.mark.parametrize(
    ("data", "refusal"),
    [
        (b"3'/x' does not exist\t\terror.host\t1\r\n.\r\n", ("not found", "'/x' does not exist")),
        (b"3Permission denied\t\th\t1\n", ("denied", "Permission denied")),
        (b"3Busy\t\th\t1\r\niTry later\t\th\t1\r\n.\r\n", ("", "Busy")),
        (b"Error: No such file!\r\n__\r\n Gophered by Gophernicus/3.1\r\n", ("not found", "No such file!")),
        (b"Error: it says\r\n", None),
        (b"3 apples\r\n", None),
        (b"3a\t\th\t1\r\n0b\t\th\t1\r\n", None),
        (b"3a\t\th\t1\r\n" + b"i\r\n" * 2000, None),
        (b"", None),
    ],
)  # fmt: skip
def test_an_answer_that_is_nothing_but_an_error_is_told_from_a_text(data: bytes, refusal: object) -> None:
    assert parse_refusal(data) == refusal


DOTS = [
    (b"a\r\n..b\r\n.\r\n", b"a\r\n.b\r\n"),
    (b"..a\n...\n.\n", b".a\n..\n"),
    (b"..a\r\nb", b"..a\r\nb"),  # no final dot: nobody doubled
    (b".a\r\n..b\r\n.\r\n", b".a\r\n..b\r\n"),  # a single one: nobody doubled
    (b"a\r\n.\r\nb\r\n", b"a\r\n.\r\nb\r\n"),  # a line of the text, not its end
    (b"a\r\n.", b"a\r\n"),
    (b".\r\n", b""),
    (b"", b""),
    (b"a.\r\n", b"a.\r\n"),
]


@pytest.mark.parametrize(("data", "text"), DOTS)
@pytest.mark.parametrize("size", [1, 2, 3, 100])
def test_dots_are_understood_however_the_text_is_cut_into_blocks(data: bytes, text: bytes, size: int) -> None:
    assert decode_body(data) == text
    assert decode_body(data, "9") == data
    blocks = [data[place : place + size] for place in range(0, len(data), size)]
    seen = Text()
    for block in blocks:
        seen.feed(block)
    assert seen.received - seen.dot - seen.doubled == len(text) >= seen.least
    if seen.doubled:
        whole = [*blocks, b""]
        assert b"".join(undouble(whole)).removesuffix(data[len(data) - seen.dot :]) == text
