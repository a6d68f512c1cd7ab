"""Gopher's parsers: any octets give a value or an error of ours, and what was written is read back."""

from __future__ import annotations

import contextlib
import re
from urllib.parse import quote

from hypothesis import example, given
from hypothesis import strategies as st

from nettools.errors import NettoolsError
from nettools.parse.gopher import decode_body, parse_menu, parse_refusal, parse_url

PIECES = st.sampled_from(
    [b"0", b"1", b"i", b"3", b"\t", b"\r\n", b"\n", b".", b"..", b"70", b"host", b"/x", b"\xff", b"\0"]
)
OCTETS = st.binary(max_size=200) | st.lists(PIECES, max_size=60).map(b"".join)


@given(OCTETS, st.sampled_from("0179ihg"))
@example(b"0\t\t-\t1", "0")
@example(b"0\t\ta..b\t1", "0")
def test_any_octets_are_a_menu_a_text_or_our_error(data: bytes, kind: str) -> None:
    try:
        items = parse_menu(data)
    except NettoolsError:
        items = ()
    for item in items:
        assert len(item.kind) == 1
        assert "\n" not in item.title + item.selector
        if item.url is not None and item.url.startswith("gopher:"):
            url = parse_url(item.url)
            assert (url.type, url.selector, url.port) == (item.kind, item.selector, item.port)
    assert len(decode_body(data, kind)) <= len(data)
    parse_refusal(data)


@given(st.lists(st.from_regex(rb"[.a]{0,4}", fullmatch=True), max_size=12))
def test_a_text_with_its_dots_doubled_comes_back(lines: list[bytes]) -> None:
    text = b"".join(line + b"\r\n" for line in lines)
    sent = re.sub(rb"(?m)^\.", b"..", text) + b".\r\n"
    assert decode_body(sent, "0") == text


@given(st.text(max_size=30), st.sampled_from("0179gI"))
def test_any_url_is_an_address_or_our_error(text: str, kind: str) -> None:
    try:
        url = parse_url(f"gopher://h/{kind}{quote(text, safe='/', errors='replace')}")
    except NettoolsError:
        assert re.search(r"[\t\r\n\0]", text)
        return
    assert (url.type, url.search) == (kind, None) or url.search is not None
    with contextlib.suppress(NettoolsError):
        parse_url(text)
