"""Echo servers: what comes goes back, over TCP, UDP and a Unix socket.

A stream is drained after the client's half-close: it gets back all it sent, then the end. Rules see each piece that
comes as the verb DATA: `tcp_echo.on("DATA", arg="PING").reply("PONG")`.
"""

from __future__ import annotations

import asyncio
import contextlib
import shutil
import tempfile
from pathlib import Path
from typing import Any
from urllib.parse import quote

from nettools.testing.server import Connection, Server

__all__ = ["TCPEchoServer", "UDPEchoServer", "UnixEchoServer"]


class TCPEchoServer(Server):
    """Echo over TCP, and under TLS on `tls_port`."""

    protocol = "tcp"
    tls_scheme = "tls"
    has_starttls = False

    async def session(self, conn: Connection) -> None:
        while data := await conn.read():
            if not await self.intercept(conn, "DATA", data.decode("latin-1")):
                await conn.write(data)


class UnixEchoServer(TCPEchoServer):
    """Echo over a Unix stream socket at `path`; it has no TLS."""

    protocol = "unix"

    def __init__(self, *args: Any, path: str | None = None, **options: Any) -> None:
        super().__init__(*args, **{**options, "tls": False})
        self._folder = None if path is not None else tempfile.mkdtemp(prefix="nettools-")
        self.path = path if path is not None else str(Path(self._folder or "") / "echo.sock")

    @property
    def url(self) -> str:
        """The address of the socket."""
        return f"unix://{quote(self.path)}"

    async def _start(self) -> None:
        self._listeners.append(await asyncio.start_unix_server(self._accepted(False), self.path))

    async def _stop(self) -> None:
        await super()._stop()
        with contextlib.suppress(OSError):
            Path(self.path).unlink()
        if self._folder is not None:
            shutil.rmtree(self._folder, ignore_errors=True)


class _Echo(asyncio.DatagramProtocol):
    """The datagrams of one server."""

    def __init__(self, server: UDPEchoServer) -> None:
        self.server = server
        self.transport: Any = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = transport

    def datagram_received(self, data: bytes, addr: Any) -> None:
        self.server.came(data, addr, self.transport)


class UDPEchoServer(Server):
    """Echo of datagrams. Of the rules, `reply` and `garbage` answer something else, `drop` and `hang` nothing."""

    protocol = "udp"
    has_starttls = False

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **{**options, "tls": False})
        self._peers: dict[Any, int] = {}

    async def _start(self) -> None:
        running = asyncio.get_running_loop()
        address = (self.host, self.port)
        transport, _ = await running.create_datagram_endpoint(lambda: _Echo(self), local_addr=address)
        self.port = transport.get_extra_info("sockname")[1]
        self._listeners.append(transport)  # type: ignore[arg-type]  # it is closed like one

    def came(self, data: bytes, peer: Any, transport: Any) -> None:
        """Answer one datagram."""
        number = self._peers.setdefault(peer, len(self._peers) + 1)
        self.log.add(number, "C", False, data)
        rule = self.rules.find("DATA", data.decode("latin-1"))
        match rule.action if rule is not None else "none":
            case "drop" | "hang":
                return
            case "reply" | "raw":
                assert rule is not None
                data = rule.data
        self.log.add(number, "S", False, data)
        transport.sendto(data, peer)
