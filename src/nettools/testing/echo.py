"""Echo servers: what comes goes back, over TCP, UDP and a Unix socket.

A stream is drained after the client's half-close: it gets back all it sent, then the end. Rules see each piece that
comes as the verb DATA, and a datagram as DATAGRAM: `tcp_echo.on("DATA", arg="PING").reply("PONG")`.
"""

from __future__ import annotations

from nettools.testing.connection import Connection
from nettools.testing.endpoints import Datagram, DatagramServer, UnixServer
from nettools.testing.server import Server

__all__ = ["TCPEchoServer", "UDPEchoServer", "UnixEchoServer"]


class _Echo(Server):
    """What the two kinds of streams have in common."""

    has_starttls = False

    async def session(self, conn: Connection) -> None:
        while data := await conn.read():
            if not await self.intercept(conn, "DATA", data.decode("latin-1")):
                await conn.write(data)


class TCPEchoServer(_Echo):
    """Echo over TCP, and under TLS on `tls_port`."""

    protocol = "tcp"
    tls_scheme = "tls"


class UnixEchoServer(_Echo, UnixServer):
    """Echo over a Unix stream socket at `path`; it has no TLS."""

    protocol = "unix"


class UDPEchoServer(DatagramServer):
    """Echo of datagrams."""

    protocol = "udp"
    has_starttls = False

    async def session(self, conn: Connection) -> None:
        assert isinstance(conn, Datagram)
        await conn.write(conn.data)
