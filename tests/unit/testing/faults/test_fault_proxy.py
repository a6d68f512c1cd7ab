"""The fault proxy, in front of fakes: what passes, and what is done to it."""

from __future__ import annotations

import contextlib
import http.client
import smtplib
import socket
import ssl
import time
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from nettools.testing.fault_proxy import FaultProxy
from nettools.testing.server import Server

Proxy = Callable[..., FaultProxy]


@pytest.fixture
def http_behind(http_server: Server, fault_proxy: Proxy) -> FaultProxy:
    http_server.world.files["x"] = bytes(1000)
    return fault_proxy(http_server)


def fetch(proxy: FaultProxy) -> bytes:
    with urllib.request.urlopen(proxy.url + "/x", timeout=5) as response:
        return bytes(response.read())


def test_octets_pass_both_ways_and_are_recorded(http_behind: FaultProxy, http_server: Server) -> None:
    assert fetch(http_behind) == bytes(1000)
    assert http_behind.log.client_bytes() == http_server.log.client_bytes()
    assert http_behind.log.server_bytes() == http_server.log.server_bytes()


@pytest.mark.parametrize("upstream", ["{host}:{port}", "smtp://{host}:{port}", "pair"])
def test_the_server_behind_may_be_any(smtp_server: Server, fault_proxy: Proxy, upstream: str) -> None:
    where: Any = upstream.format(host=smtp_server.host, port=smtp_server.port)
    proxy = fault_proxy((smtp_server.host, smtp_server.port) if upstream == "pair" else where)
    assert proxy.url.startswith("smtp:" if "smtp" in upstream else "tcp:")
    with smtplib.SMTP(proxy.host, proxy.port, local_hostname="me", timeout=5) as client:
        assert client.noop()[0] == 250


def test_tls_passes_through(https_server: Server, fault_proxy: Proxy, tls_ca: Path) -> None:
    proxy = fault_proxy((https_server.host, https_server.tls_port))
    context = ssl.create_default_context(cafile=str(tls_ca))
    with urllib.request.urlopen(f"https://localhost:{proxy.port}/pub/hello.txt", context=context, timeout=5) as page:
        assert page.read() == b"Hello, world.\n"


def test_what_the_server_says_is_cut(http_behind: FaultProxy) -> None:
    http_behind.down.truncate(500, times=1)
    with pytest.raises(http.client.IncompleteRead):
        fetch(http_behind)
    assert fetch(http_behind) == bytes(1000)


@pytest.mark.parametrize("way", ["up", "down"])
def test_either_way_can_be_reset(http_behind: FaultProxy, way: str) -> None:
    getattr(http_behind, way).reset(after=5)
    with pytest.raises((ConnectionResetError, http.client.BadStatusLine)):
        fetch(http_behind)


def test_what_the_client_says_is_changed(http_behind: FaultProxy, http_server: Server) -> None:
    http_behind.up.corrupt(3, seed=1)
    with contextlib.suppress(OSError, http.client.HTTPException):
        fetch(http_behind)
    assert http_server.log.client_bytes() != http_behind.log.client_bytes()
    assert len(http_server.log.client_bytes()) == len(http_behind.log.client_bytes())


def test_either_way_can_be_late_slow_or_silent(http_behind: FaultProxy) -> None:
    http_behind.up.delay(0.1, times=1)
    http_behind.down.bandwidth(10_000, times=1)
    began = time.monotonic()
    assert fetch(http_behind) == bytes(1000)
    assert time.monotonic() - began > 0.2
    http_behind.down.hang(after=100)
    with pytest.raises(TimeoutError), urllib.request.urlopen(http_behind.url + "/x", timeout=0.2) as page:
        page.read()


def test_latency_keeps_what_was_written_ahead_ahead(smtp_server: Server, fault_proxy: Proxy) -> None:
    proxy = fault_proxy(smtp_server, latency=0.05)
    began = time.monotonic()
    with socket.create_connection((proxy.host, proxy.port), timeout=5) as client, client.makefile("rb") as file:
        file.readline()
        client.sendall(b"NOOP\r\n" * 20 + b"QUIT\r\n")
        assert file.read().count(b"250") == 20
    assert time.monotonic() - began >= 0.15
    assert smtp_server.log.round_trips() == 2


def test_connections_can_be_refused(http_behind: FaultProxy) -> None:
    http_behind.on_connect().refuse()
    with pytest.raises(OSError, match="refused"):
        fetch(http_behind)


def test_a_server_that_is_not_there_is_a_reset(fault_proxy: Proxy, smtp_server: Server) -> None:
    smtp_server.on_connect().refuse()
    proxy = fault_proxy(smtp_server)
    with pytest.raises((ConnectionResetError, smtplib.SMTPServerDisconnected)):
        smtplib.SMTP(proxy.host, proxy.port, timeout=5)
    assert any("cannot connect" in line for line in proxy.log.lines())


def test_faults_as_text_know_the_two_ways(http_behind: FaultProxy) -> None:
    rule = http_behind.fault("proxy down truncate=10 times=1")
    with pytest.raises((http.client.BadStatusLine, http.client.HTTPException)):
        fetch(http_behind)
    assert rule.hits == 1


@pytest.mark.parametrize("upstream", ["localhost", "smtp://localhost", "localhost:many", ":1", ""])
def test_an_upstream_is_an_address(upstream: str) -> None:
    with pytest.raises(ValueError, match="HOST:PORT"):
        FaultProxy(upstream=upstream)
