"""A page's title and links, of sound pages and of others."""

from __future__ import annotations

import pytest

from nettools.parse.html import outline

BASE = "http://a.example/x/"


@pytest.mark.parametrize(
    ("html", "title", "links"),
    [
        ("<title>A\n  page</title><a href='b'>", "A page", (f"{BASE}b",)),
        ("<TITLE>&lt;&uuml;&gt;</TITLE><A HREF=' /c '>", "<ü>", ("http://a.example/c",)),
        ("<title>one</title><title>two</title>", "one", ()),
        ("<a>none</a><a href><a name=x>", None, ()),
        ("<base href='http://b.example/'><a href=c><area href=d><a href=c>", None, ("http://b.example/c", "http://b.example/d")),
        ("<a href='http://['><a href='mailto:x@y'>", None, ("mailto:x@y",)),
        ("<title>unfinished", "unfinished", ()),
        ("<![unknown<a href=b>", None, ()),
        ("", None, ()),
    ],
)  # fmt: skip
def test_title_and_links_are_read(html: str, title: str | None, links: tuple[str, ...]) -> None:
    found, targets = outline(html, BASE)
    assert found == title
    assert set(links) <= set(targets)
