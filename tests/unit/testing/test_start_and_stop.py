"""Servers begin and end: who knocks at once is heard, who was met half-way is let go, and nothing is left."""

from __future__ import annotations

import gc
import os
import resource
import socket
import ssl
import struct
import threading
from pathlib import Path

import pytest

from nettools.testing import make_server
from nettools.testing.ports import Port, bound, bound_all
from nettools.testing.server import Connection, Server


def descriptors() -> int:
    return len(os.listdir("/dev/fd"))


def test_a_port_lets_clients_in_before_anybody_takes_them() -> None:
    port = Port(bound("127.0.0.1", 0), print)
    socket.create_connection(("127.0.0.1", port.number), timeout=10).close()
    port.close()


def test_replies_are_sent_without_delay() -> None:
    seen: list[int] = []

    class Asked(Server):
        protocol = "tcp"

        async def session(self, conn: Connection) -> None:
            sock = conn.writer.get_extra_info("socket")
            seen.append(sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY))

    with Asked() as server, socket.create_connection((server.host, server.port), timeout=10) as client:
        assert client.recv(1) == b""
    assert seen == [1]


def test_clients_that_were_accepted_a_moment_ago_leave_no_socket_behind() -> None:
    before = descriptors()
    for _ in range(20):
        with make_server("imap") as server:
            clients = [socket.create_connection((server.host, server.port)) for _ in range(5)]
        for client in clients:
            client.close()
    gc.collect()  # a socket that was forgotten would warn now
    assert descriptors() == before


def test_a_client_in_the_middle_of_its_handshake_does_not_keep_the_server(ca: Path) -> None:
    with make_server("http", tls=True) as server, socket.socket() as client:
        client.connect((server.host, server.tls_port))
        client.send(b"\x16\x03\x01\x02\x00")  # a record's head, and no more
    with make_server("http", tls=True) as server, socket.socket() as client:
        client.connect((server.host, server.tls_port))
        client.send(b"GET / HTTP/1.0\r\n\r\n")  # no handshake at all
        assert client.recv(10) is not None
    assert "nettools-testing" not in {each.name for each in threading.enumerate()}


def test_a_client_that_never_answers_close_notify_does_not_keep_the_server(trusting: ssl.SSLContext) -> None:
    with make_server("smtp", tls=True) as server:
        sock = socket.create_connection((server.host, server.tls_port), timeout=10)
        client = trusting.wrap_socket(sock, server_hostname="localhost")
        client.send(b"QUIT\r\n")
        assert client.recv(1000).startswith(b"220 ")
    client.close()


def test_a_server_starts_again_at_its_port() -> None:
    server = make_server("gopher")
    with server:
        port = server.port
    with server, socket.create_connection((server.host, port), timeout=10):
        assert server.port == port


def test_a_port_that_is_taken_is_told_by_start() -> None:
    before = descriptors()
    with make_server("tcp") as first, pytest.raises(OSError, match="in use"):
        make_server("tcp", port=first.port).start()
    assert descriptors() == before


def test_localhost_is_each_of_its_addresses_at_one_number(monkeypatch: pytest.MonkeyPatch) -> None:
    addresses = [(socket.AF_INET, 1, 6, "", ("127.0.0.1", 0)), (socket.AF_INET6, 1, 6, "", ("::1", 0, 0, 0))]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *given, **more: addresses)
    sockets = bound_all("localhost", 0)
    assert {sock.getsockname()[1] for sock in sockets} == {sockets[0].getsockname()[1]}
    for sock in sockets:
        sock.close()


def test_a_process_without_descriptors_takes_its_clients_when_it_has_some_again() -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    with make_server("tcp") as server, socket.socket() as client:
        client.settimeout(10)
        try:
            resource.setrlimit(resource.RLIMIT_NOFILE, (1, hard))  # those that are open stay
            client.connect((server.host, server.port))
            client.send(b"still here")
            assert server.log.connections == 0
        finally:
            resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
        assert client.recv(100) == b"still here"


def test_a_bug_of_a_fake_is_told_by_stop() -> None:
    class Broken(Server):
        protocol = "tcp"

        async def session(self, conn: Connection) -> None:
            raise LookupError("a bug")

    server = Broken().start()
    with socket.create_connection((server.host, server.port), timeout=10) as client:
        assert client.recv(1) == b""
    with pytest.raises(LookupError, match="a bug"):
        server.stop()
    server.stop()  # told once


def test_a_server_is_shown_by_its_address() -> None:
    server = make_server("smtp")
    assert repr(server) == "<SMTPServer not started>"
    with server:
        assert repr(server) == f"<SMTPServer smtp://127.0.0.1:{server.port}>"


def test_a_client_that_resets_is_no_complaint_of_asyncio(caplog: pytest.LogCaptureFixture) -> None:
    with make_server("imap") as server, socket.create_connection((server.host, server.port)) as client:
        client.recv(1000)
        (stream,) = server.streams.here
        client.sendall(b"a AUTHENTICATE PLAIN\r\n")
        client.recv(1000)
        client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        client.close()
    del stream._closed  # as the collector may do, before the stream
    assert caplog.messages == []
