"""curl on what it shares with us beside the web and mail: FTP, Gopher, Telnet."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from nettools.testing import Sandbox

Curl = Callable[..., bytes]

BIG = os.urandom(1_500_000)
LOGIN = ("-u", "alice:secret")
ACTIVE = ("-P", "127.0.0.1")  # in clear only: curl 7.88 begins no TLS on a connection that it accepted
MODES = [("clear", ()), ("clear", ACTIVE), ("starttls", ()), ("tls", ())]


@pytest.mark.parametrize(("way", "mode"), MODES)
def test_ftp_lists_fetches_stores_and_appends(
    curl: Curl, way: str, mode: tuple[str, ...], running: Sandbox, tmp_path: Path
) -> None:
    def ask(path: str, *options: object) -> bytes:
        return curl(running.ftp, way, path, *LOGIN, *mode, *options)

    assert b"hello.txt" in ask("/pub/", "-l").split()
    assert ask("/pub/hello.txt", "-r", "7-11") == b"world"
    assert b"Content-Length: 14" in ask("/pub/hello.txt", "-I")
    (tmp_path / "up").write_bytes(b"stored")
    ask("/pub/by-curl", "-T", tmp_path / "up")
    assert running.world.files["pub/by-curl"] == b"stored"
    ask("/pub/by-curl", "-a", "-T", tmp_path / "up")
    assert running.world.files["pub/by-curl"] == b"storedstored"


def test_ftp_goes_on_where_the_server_wants_the_session_of_tls_reused(
    curl: Curl, way: str, net_servers: Any, tmp_path: Path
) -> None:
    pytest.importorskip("trustme", reason="TLS in the fakes needs trustme")
    server = net_servers("ftp", tls=True, require_reuse=way != "clear")
    (tmp_path / "big").write_bytes(BIG)
    (tmp_path / "part").write_bytes(BIG[:5000])
    curl(server, way, "/new/up", *LOGIN, "-T", "big", "--ftp-create-dirs")
    assert server.world.files["new/up"] == BIG
    curl(server, way, "/new/up", *LOGIN, "-C", "-", "-o", "part")
    assert (tmp_path / "part").read_bytes() == BIG


@pytest.mark.parametrize("way", ["clear", "tls"])
def test_gopher_menus_and_texts(curl: Curl, running: Sandbox, way: str) -> None:
    assert curl(running.gopher, way, "/0/pub/hello.txt") == b"Hello, world.\n"
    assert b"\t/pub/hello.txt\t" in curl(running.gopher, way, "/1/pub")


def test_telnet_dialogue(curl: Curl, running: Sandbox) -> None:
    said = curl(running.telnet, "clear", "", stdin=b"alice\r\nsecret\r\necho from curl\r\nexit\r\n")
    assert b"from curl\r\n" in said
