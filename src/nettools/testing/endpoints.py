"""Fakes that do not listen on TCP: bases for those on Unix sockets and those of datagrams.

A `UnixServer` has a `path`, in a folder of its own that goes when it stops. A `DatagramServer` is given datagrams: each
is a `Datagram`, a connection of one message, whose `write` sends one back; rules meet it as the verb DATAGRAM. Neither
has TLS. The rules and the log are the same.
"""

from __future__ import annotations

import asyncio
import contextlib
import shutil
import socket
import tempfile
from pathlib import Path
from typing import Any, ClassVar

from nettools.testing.connection import LINE_LIMIT, Connection, Hangup
from nettools.testing.server import Server

__all__ = ["Datagram", "DatagramServer", "UnixServer"]


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

    async def _listen(self, port: int, *, tls: bool) -> int:
        listener = await asyncio.start_unix_server(self._accepted(tls), self.path, limit=LINE_LIMIT * 4)
        self._listeners.append(listener)
        return 0

    async def _refuse(self) -> None:
        self._close_ports()
        self.path.unlink(missing_ok=True)
        sock = socket.socket(socket.AF_UNIX)
        sock.bind(str(self.path))
        self._kept = [sock]

    async def _accept_again(self) -> None:
        self._close_ports()
        self.path.unlink(missing_ok=True)
        await self._start()


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


class _Receiver(asyncio.DatagramProtocol):
    def __init__(self, server: DatagramServer) -> None:
        self.server = server

    def datagram_received(self, data: bytes, addr: Any) -> None:
        self.server.received(data, addr)


class DatagramServer(Server):
    """A server of datagrams; its `session` is called for each, and is given a `Datagram`."""

    has_tls: ClassVar[bool] = False

    async def _listen(self, port: int, *, tls: bool) -> int:
        self._sock = socket.socket(socket.AF_INET6 if ":" in self.host else socket.AF_INET, socket.SOCK_DGRAM)
        self._sock.setblocking(False)
        self._sock.bind((self.host, port))
        running = asyncio.get_running_loop()
        transport, _ = await running.create_datagram_endpoint(lambda: _Receiver(self), sock=self._sock)
        self._listeners.append(transport)
        number: int = self._sock.getsockname()[1]
        return number

    async def _refuse(self) -> None:
        self._close_ports()  # the system answers that the port is unreachable

    def received(self, data: bytes, sender: tuple[str, int]) -> None:
        """A datagram has come."""
        self._numbers += 1
        datagram = Datagram(self, self._numbers, self._sock, data, sender)
        task = asyncio.get_running_loop().create_task(self._serve(datagram, tls=False))
        self._tasks.add(task)

    async def _converse(self, conn: Connection, tls: bool) -> None:
        assert isinstance(conn, Datagram)
        if not await self.intercept(conn, "DATAGRAM", conn.data.decode("utf-8", "replace")):
            await self.session(conn)
