"""`TelnetClient`: its base without a dialer, and telnetlib's reading over a dialed socket with our negotiation."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

import nettools
from nettools.protocols.telnet import TelnetClient
from nettools.testing.server import Server


def test_without_a_dialer_it_is_its_base(telnet_server: Server) -> None:
    with TelnetClient(telnet_server.host, telnet_server.port, 10) as client:
        assert client.read_until(b"login: ", 10) == b"login: "
        client.write(b"alice\r\n")
        assert client.expect([b"never", b"Pass.*: "], 10)[0] == 1
        assert client.sock_avail() is False


@pytest.fixture(params=["plain", "implicit"])
def raw(request: pytest.FixtureRequest, telnet_server: Server, tls_ca: Any) -> Any:
    url = telnet_server.url if request.param == "plain" else telnet_server.tls_url
    with nettools.connect(url, tls=nettools.TLS(ca=tls_ca), timeout=20) as session:
        yield session.raw


def test_telnetlibs_ways_of_reading_work_on_our_socket(raw: TelnetClient) -> None:
    assert raw.read_until(b"log") == b"log"
    assert raw.read_until(b"in: ", 10) == b"in: "
    raw.write(b"alice\r\n")
    number, match, data = raw.expect([b"never", b"(Pass)word: "], 10)
    assert (number, match[1], data) == (1, b"Pass", b"Password: ")
    raw.write(b"secret\r\n")
    assert b"Welcome" in raw.read_until(b"$ ", 10)
    assert raw.read_until(b"never", 0.05) == b""
    assert raw.expect([b"never"], 0.05) == (-1, None, b"")
    assert not raw.sock_avail()
    raw.write(b"exit\r\n")
    assert raw.read_all() == b"bye\r\n"
    with pytest.raises(EOFError):
        raw.read_until(b"x", 1)
    with pytest.raises(EOFError):
        raw.expect([b"x"], 1)


def test_a_callback_gets_telnetlibs_own_treatment(net_servers: Callable[..., Server]) -> None:
    server = net_servers("telnet", options=[("DO", 24)])
    seen: list[tuple[bytes, bytes]] = []
    with nettools.connect(server.url) as session:
        session.raw.set_option_negotiation_callback(lambda sock, command, option: seen.append((command, option)))
        assert session.raw.read_until(b"login: ", 10) == b"login: "
    assert seen == [(b"\xfd", b"\x18")]
    assert server.answers == []
