"""lynx on Gopher and the web."""

from __future__ import annotations

from collections.abc import Callable
from urllib.parse import SplitResult

import pytest

from nettools.testing import Sandbox

Program = Callable[..., bytes]
DUMP = ("-dump", "-nopause")


def test_lynx_shows_menus_and_texts(program: Program, running: Sandbox) -> None:
    url = running.gopher.url
    assert b"hello.txt" in program("lynx", *DUMP, "-nolist", f"{url}/1/pub")
    assert b"Hello, world." in program("lynx", *DUMP, "-nolist", f"{url}/0/pub/hello.txt")


@pytest.mark.parametrize("way", ["clear", "tls"])
def test_lynx_lists_the_links_of_a_page(
    program: Program, running: Sandbox, address: Callable[..., SplitResult], way: str
) -> None:
    url = f"{address(running.http, way).geturl()}/pub/"
    assert f"{url}hello.txt".encode() in program("lynx", *DUMP, url, SSL_CERT_FILE=str(running.ca))
