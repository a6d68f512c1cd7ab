"""Fakes that do not listen on TCP: bases for those on Unix sockets and those of datagrams.

A `UnixServer` has a `path`, in a folder of its own that goes when it stops. A `DatagramServer` is given datagrams: each
is a `Datagram`, a connection of one message, whose `write` sends one back; rules meet it as the verb DATAGRAM. Neither
has TLS. The rules and the log are the same.
"""

from __future__ import annotations

import contextlib
import shutil
import socket
import tempfile
from pathlib import Path
from typing import Any, ClassVar

from nettools.testing.connection import Connection, Hangup
from nettools.testing.ports import Port, bound, bound_unix
from nettools.testing.server import Server

__all__ = ["Datagram", "DatagramServer", "UnixServer"]

MOST = 65536  # octets of a datagram


class UnixServer(Server):
    """A server on a Unix socket at `path`."""

    has_tls: ClassVar[bool] = False
    path: Path

    @property
    def url(self) -> str:
        """The address of the socket."""
        return f"{self.protocol}://{self.path}"

    def start(self) -> UnixServer:
        """Listen; when it returns, clients can connect."""
        if not self._pid:
            self.path = Path(tempfile.mkdtemp(prefix="nettools-")) / "socket"
        super().start()
        return self

    def stop(self) -> None:
        """Close everything, remove the socket, and raise what went wrong in the fake's own code."""
        try:
            super().stop()
        finally:
            if hasattr(self, "path"):
                shutil.rmtree(self.path.parent, ignore_errors=True)

    def _listen(self) -> None:
        self._ports.append(Port(bound_unix(self.path), self._taker(tls=False)))

    def _refuse(self) -> None:
        self._close_ports()
        self.path.unlink(missing_ok=True)
        self._kept = [bound_unix(self.path)]

    def _accept_again(self) -> None:
        self._close_ports()
        self.path.unlink(missing_ok=True)
        super()._accept_again()


class Datagram(Connection):
    """One message, and the way back to who sent it."""

    def __init__(self, server: Server, number: int, sock: socket.socket, data: bytes, sender: tuple[str, int]) -> None:
        nothing: Any = None
        super().__init__(server, number, nothing, nothing, tls=False)
        self.data = data
        self.sock = sock
        self.sender = sender
        self._log("C", data)

    @property
    def peer(self) -> tuple[str, int]:
        """Who sent it."""
        return self.sender

    @property
    def local(self) -> tuple[str, int]:
        """Where it came in."""
        host, port = self.sock.getsockname()[:2]
        return host, port

    async def write(self, data: bytes) -> None:
        """One datagram, which may be empty."""
        await (super().write(data) if data else self._send(data))

    async def _send(self, data: bytes) -> None:
        self._log("S", data)
        with contextlib.suppress(OSError):  # not by the transport: asyncio sends no empty datagrams
            self.sock.sendto(data, self.sender)

    async def cut(self, how: str) -> None:
        """Send nothing more.

        Raises:
            Hangup: always.
        """
        raise Hangup

    def close(self) -> None:
        """There is nothing to close."""

    def discard(self) -> None:
        """Nor to discard."""


class DatagramServer(Server):
    """A server of datagrams; its `session` is called for each, and is given a `Datagram`."""

    has_tls: ClassVar[bool] = False

    def _listen(self) -> None:
        self._sock = bound(self.host, self.port, socket.SOCK_DGRAM)
        self._ports.append(Port(self._sock, readable=self._receive))
        self.port = self._ports[-1].number

    def _refuse(self) -> None:
        self._close_ports()  # the system answers that the port is unreachable

    def _receive(self) -> None:
        try:
            data, sender = self._sock.recvfrom(MOST)
        except OSError:  # somebody was told that nobody listens: no datagram
            return
        self._numbers += 1
        self._spawn(self._serve(Datagram(self, self._numbers, self._sock, data, sender), tls=False))

    async def _converse(self, conn: Connection, tls: bool) -> None:
        assert isinstance(conn, Datagram)
        if not await self.intercept(conn, "DATAGRAM", conn.data.decode("utf-8", "replace")):
            await self.session(conn)
