"""The proxy fake, by clients that nobody here wrote: curl, and the bytes of the RFCs."""

from __future__ import annotations

import shutil
import socket
import struct
import subprocess
from typing import Any

import pytest


def curl(*args: str) -> bytes:
    if shutil.which("curl") is None:
        pytest.skip("curl is not installed")
    return subprocess.run(["curl", "-sS", "--max-time", "10", *args], check=True, capture_output=True).stdout


@pytest.mark.parametrize("kind", ["http", "socks4", "socks4a", "socks5", "socks5h"])
def test_curl_goes_through_it(net_servers: Any, kind: str) -> None:
    web = net_servers("http")
    proxy = net_servers("proxy", users={"me": "word"}, hosts={"web.test": "127.0.0.1"})
    remote = kind in ("socks4a", "socks5h", "http")
    host = "web.test" if remote else "127.0.0.1"
    found = curl("-x", proxy.url_for(kind, "me", "word"), "-p", f"http://{host}:{web.port}/pub/hello.txt")
    assert found == b"Hello, world.\n"
    (request,) = proxy.requests
    assert (request.kind, request.host, request.port, request.user) == (kind, host, web.port, "me")


def test_plain_requests_are_forwarded_without_the_proxys_credentials(net_servers: Any) -> None:
    web, proxy = net_servers("http"), net_servers("proxy", users={"me": "word"})
    assert (
        b'"proxy-authorization"' not in curl("-x", proxy.url_for("http", "me", "word"), f"{web.url}/_headers").lower()
    )
    assert proxy.requests[0].kind == "forward"


@pytest.mark.parametrize("kind", ["http", "socks4", "socks5"])
def test_who_is_not_known_is_refused(net_servers: Any, kind: str) -> None:
    proxy = net_servers("proxy", users={"me": "word"})
    with pytest.raises(subprocess.CalledProcessError):
        curl("-x", proxy.url_for(kind, "you", "x"), "-p", "http://127.0.0.1:1/")
    assert not proxy.requests


@pytest.mark.parametrize(
    ("sent", "answer"),
    [
        (b"\4\1" + struct.pack("!H", 1) + b"\x7f\0\0\1\0", b"\0\x5b"),  # nobody listens on port 1
        (b"\4\2" + struct.pack("!H", 1) + b"\x7f\0\0\1\0", b"\0\x5d"),  # BIND
        (b"\5\1\0\5\1\0\1\x7f\0\0\1\0\1", b"\5\0\5\5"),
        (b"\5\1\0\5\2\0\1\x7f\0\0\1\0\1", b"\5\0\5\7"),
        (b"\5\1\2", b"\5\xff"),
        (b"CONNECT 127.0.0.1:1 HTTP/1.1\r\n\r\n", b"HTTP/1.1 502 "),
    ],
)
def test_what_fails_is_answered_with_its_code(proxy_server: Any, sent: bytes, answer: bytes) -> None:
    with socket.create_connection((proxy_server.host, proxy_server.port)) as client:
        client.sendall(sent)
        client.shutdown(socket.SHUT_WR)
        data = b""
        while block := client.recv(100):
            data += block
    assert data.startswith(answer)


def test_rules_answer_in_the_clients_own_way(proxy_server: Any) -> None:
    proxy_server.on("CONNECT", arg=":7$").reply("403 Forbidden")
    proxy_server.on("CONNECT", arg=":9$").reply("2")
    for sent, answer in (
        (b"CONNECT h:7 HTTP/1.1\r\n\r\n", b"HTTP/1.1 403 Forbidden\r\n\r\n"),
        (b"\5\1\0\5\1\0\3\1h\0\x09", b"\5\0\5\2"),
    ):
        with socket.create_connection((proxy_server.host, proxy_server.port)) as client, client.makefile("rb") as file:
            client.sendall(sent)
            assert file.read().startswith(answer)
