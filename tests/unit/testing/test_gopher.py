"""The Gopher fake asked by curl and lynx, clients that nobody here wrote, and octet by octet."""

from __future__ import annotations

import re
import shutil
import socket
import subprocess
from collections.abc import Callable

import pytest

from nettools.testing import servers
from nettools.testing.server import Server

Servers = Callable[..., Server]


def ask(server: Server, request: bytes) -> bytes:
    with socket.create_connection((server.host, server.port), timeout=10) as sock:
        sock.sendall(request)
        return b"".join(iter(lambda: sock.recv(65536), b""))


def run(*command: str) -> bytes:
    done = subprocess.run(command, capture_output=True, check=False, timeout=30, stdin=subprocess.DEVNULL)
    assert done.returncode == 0, (done.returncode, done.stderr)
    return done.stdout


@pytest.mark.skipif(shutil.which("curl") is None, reason="curl is not installed")
@pytest.mark.parametrize("tls", [False, True])
def test_curl_reads_texts_binaries_menus_and_searches(tls: bool) -> None:
    if tls:
        pytest.importorskip("trustme", reason="TLS in the fakes needs trustme")
    with servers("gopher", tls=tls) as running:
        server = running.gopher
        trust = ("--cacert", str(running.ca)) if tls else ()
        curl = ("curl", "-q", "-sS", "-m", "20", *trust)
        port = server.tls_port if tls else server.port
        url = f"{'gophers' if tls else 'gopher'}://localhost:{port}"
        assert run(*curl, f"{url}/0/pub/hello.txt") == running.world.files["pub/hello.txt"]
        assert run(*curl, f"{url}/9/pub/bytes.bin") == running.world.files["pub/bytes.bin"]
        assert f"0deep.txt\t/pub/sub/deep.txt\t127.0.0.1\t{port}\r\n".encode() in run(*curl, f"{url}/1/pub/sub")
        assert b"/pub/hello.txt" in run(*curl, f"{url}/7/_search%09hello")


@pytest.mark.skipif(shutil.which("lynx") is None, reason="lynx is not installed")
def test_lynx_shows_a_menu_and_a_text(gopher_server: Server) -> None:
    menu = run("lynx", "-dump", f"{gopher_server.url}/1/pub").decode()
    assert re.search(r"\(FILE\) \[\d+\]hello.txt", menu)
    assert f"{gopher_server.url}/0/pub/hello.txt" in menu
    assert re.search(r"\(DIR\) \[\d+\]sub", menu)
    assert "Hello, world." in run("lynx", "-dump", f"{gopher_server.url}/0/pub/hello.txt").decode()


def test_the_main_menu_octet_by_octet(net_servers: Servers) -> None:
    server = net_servers("gopher", bare_lf=True, plus=True)
    here = f"127.0.0.1\t{server.port}\t+\n"
    lines = ask(server, b"\r\n").decode().splitlines(keepends=True)
    assert lines[0] == "iA World of files\t\terror.host\t1\t+\n"
    assert f"1pub\t/pub\t{here}" in lines
    assert lines[-3:] == [
        f"7Search\t/_search\t{here}",
        f"hThe protocol\tURL:https://www.rfc-editor.org/rfc/rfc1436\t{here}",
        ".\n",
    ]


def test_a_text_has_its_dots_doubled_when_asked_for(net_servers: Servers) -> None:
    server = net_servers("gopher", dots=True)
    server.world.files["d.txt"] = ".a\nb"
    server.world.files["d.bin"] = ".a\nb"
    assert ask(server, b"/d.txt\r\n") == b"..a\r\nb\r\n.\r\n"
    assert ask(server, b"/d.bin\r\n") == b".a\nb"


def test_a_folder_is_searched_below(gopher_server: Server) -> None:
    found = ask(gopher_server, b"/pub/sub\tname SPACE\r\n")
    assert found.startswith(b"0with space.txt\t/pub/sub/with space.txt\t")
    assert found.count(b"\r\n") == 2
    assert ask(gopher_server, b"/_search\r\n").startswith(b"iSearch for words")
    assert ask(gopher_server, b"/pub/hello.txt\t+\r\n") == b"Hello, world.\n"


def test_what_is_wrong_is_an_error_item(gopher_server: Server) -> None:
    assert ask(gopher_server, b"/x\r\n") == b"3'/x' was not found\t\terror.host\t1\r\n.\r\n"
    assert ask(gopher_server, b"/../../etc/passwd\r\n").startswith(b"3")
    assert ask(gopher_server, b"x" * 70_000 + b"\r\n").startswith(b"3a selector of this length")
    assert b"url=http://h/&quot;" in ask(gopher_server, b'URL:http://h/"\r\n')


def test_names_that_no_menu_can_carry_are_left_out(gopher_server: Server) -> None:
    gopher_server.world.files["odd/a\tb"] = b"x"
    gopher_server.world.files["odd/c.pdf"] = b"x"
    menu = ask(gopher_server, b"/odd\r\n")
    assert menu == f"dc.pdf\t/odd/c.pdf\t127.0.0.1\t{gopher_server.port}\r\n.\r\n".encode()


def test_a_client_that_says_nothing_gets_nothing(gopher_server: Server) -> None:
    with socket.create_connection((gopher_server.host, gopher_server.port), timeout=10) as sock:
        sock.shutdown(socket.SHUT_WR)
        assert sock.recv(10) == b""


def test_gopher_plus_has_a_length_in_front_and_attributes(net_servers: Servers) -> None:
    server = net_servers("gopher", plus=True)
    assert ask(server, b"/pub/hello.txt\t+\r\n") == b"+14\r\nHello, world.\n"
    assert ask(server, b"/x\t+\r\n") == b"--1\r\n1 Nobody <nobody@localhost>\r\n'/x' was not found\r\n.\r\n"
    assert ask(server, b"/pub/hello.txt\t!\r\n").decode().split("\r\n") == [
        "+-1",
        f"+INFO: 0hello.txt\t/pub/hello.txt\t127.0.0.1\t{server.port}\t+",
        "+ADMIN:",
        " Admin: Nobody <nobody@localhost>",
        " Mod-Date: Thu Jan 01 12:00:00 2026 <20260101120000>",
        "+VIEWS:",
        " text/plain: <1k>",
        ".",
        "",
    ]
    assert ask(server, b"/pub\t$\r\n").count(b"+INFO: ") == len(server.world.files.children("pub"))
    assert ask(server, b"/_search\thello\t+\r\n").startswith(b"+")
