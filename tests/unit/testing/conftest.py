"""A client that says exactly what it is told, and TLS that trusts the fakes' authority."""

from __future__ import annotations

import contextlib
import socket
import ssl
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from nettools.testing.server import Server
from nettools.testing.tls import ca_path


class Wire:
    """A connection in octets: what is sent is sent as it is, what comes is read by the line."""

    def __init__(self, server: Server) -> None:
        self.socket = socket.create_connection((server.host, server.port), timeout=10)
        self.file = self.socket.makefile("rb")

    def send(self, data: bytes) -> None:
        self.socket.sendall(data)

    def line(self) -> bytes:
        """Return the next line without its end, b"" at the end of the connection."""
        return self.file.readline().rstrip(b"\r\n")

    def ask(self, data: bytes) -> bytes:
        """Send a line and return the next one."""
        self.send(data + b"\r\n")
        return self.line()

    def until(self, start: bytes) -> list[bytes]:
        """Return the lines up to and with the first one that begins so."""
        lines: list[bytes] = []
        for line in self.file:
            lines.append(line.rstrip(b"\r\n"))
            if line.startswith(start):
                return lines
        raise AssertionError(f"the connection ended after {lines}")

    def close(self) -> None:
        self.file.close()
        self.socket.close()


@pytest.fixture
def wire() -> Iterator[Callable[[Server], Wire]]:
    """Connects to a server, and has read its greeting."""
    with contextlib.ExitStack() as stack:

        def connect(server: Server) -> Wire:
            client = Wire(server)
            stack.callback(client.close)
            assert client.line()
            return client

        yield connect


@pytest.fixture
def ca() -> Path:
    pytest.importorskip("trustme", reason="TLS in the fakes needs trustme")
    return ca_path()


@pytest.fixture
def trusting(ca: Path) -> ssl.SSLContext:
    """A client's context that verifies certificate and name."""
    return ssl.create_default_context(cafile=str(ca))


@pytest.fixture
def apart(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> None:
    """Keeps the neighbours of our plugin, installed for a test of their own, out of runs of pytest in pytest."""
    neighbours = ("asyncio", "pytest_httpserver", "localftpserver", "smtpd")
    monkeypatch.setenv("PYTEST_ADDOPTS", " ".join(f"-p no:{name}" for name in neighbours))
