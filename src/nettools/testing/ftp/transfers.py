"""FTP's transfers: how a data connection is agreed on, what it carries, and how it is broken off (RFC 959 3, 4.1.2).

TYPE A, which holds until a client says otherwise, has lines end with CR LF on the wire and with LF in the World; sizes
and offsets are those of what is transferred (RFC 3659 4). While a transfer is under way the control connection is
looked at, never read: ABOR ends the transfer with 426 and is then answered, everything else waits its turn. What is
transferred, and who may, is the server's business.
"""

from __future__ import annotations

import asyncio
import contextlib
import ipaddress
import re
from collections.abc import AsyncIterator, Coroutine
from typing import Any

from nettools.testing.ftp.data import DataChannel, DataRules
from nettools.testing.ftp.listing import FACTS
from nettools.testing.lines import LineServer, Refusal
from nettools.testing.server import Connection, Server

__all__ = ["Client", "Transfers"]

BLOCK = 65536
_PORT = re.compile(r"[0-9]{1,3}(?:,[0-9]{1,3}){5}")
_EPRT = re.compile(r"([!-~])([0-9]{1,3})\1([^\s]+?)\1([0-9]{1,5})\1")  # RFC 2428 2: the first character delimits
_TELNET = re.compile(rb"\xff[\xf0-\xfe]")  # RFC 959 4.1.3: IAC IP and IAC DM come before ABOR


class Client:
    """One control connection's state."""

    def __init__(self, server: Server, conn: Connection) -> None:
        self.conn = conn
        self.user: str | None = None
        self.claimed = ""
        self.command = ""
        self.cwd = ""
        self.ascii = True
        self.rest = 0
        self.renaming: str | None = None
        self.buffered = False  # PBSZ was said
        self.protected = False
        self.epsv_only = False
        self.facts: tuple[str, ...] = FACTS
        self.data = DataChannel(server, conn)


class Transfers(LineServer[Client]):
    """The part of the FTP fake that has to do with data connections."""

    require_reuse: bool
    pasv_host: str | None

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.data = DataRules(self.rules)

    def begin(self, conn: Connection) -> Client:
        conn.take_urgent()  # ABOR may come as urgent data (RFC 959 4.1.3)
        return Client(self, conn)

    def end(self, client: Client) -> None:
        client.data.forget()

    def decoded(self, line: bytes) -> str:
        return super().decoded(_TELNET.sub(b"", line))

    # -- how

    async def do_TYPE(self, client: Client, arg: str) -> str:
        kind = arg.upper()
        if kind not in ("A", "A N", "I", "L 8"):
            return "504 A, I or L 8"
        client.ascii = kind[0] == "A"
        return f"200 Type {kind}"

    async def do_MODE(self, client: Client, arg: str) -> str:
        return "200 Stream" if arg.upper() == "S" else "504 S only"

    async def do_STRU(self, client: Client, arg: str) -> str:
        return "200 File" if arg.upper() == "F" else "504 F only"

    async def do_REST(self, client: Client, arg: str) -> str:
        if not re.fullmatch("[0-9]{1,18}", arg):
            return "501 A number"
        client.rest = int(arg)
        return f"350 From {client.rest} on"

    # -- where

    def _old_ways(self, client: Client) -> None:
        if client.epsv_only:
            raise Refusal("503 EPSV ALL was said: EPSV only")

    async def do_PASV(self, client: Client, arg: str) -> str:
        self._old_ways(client)
        host = self.pasv_host or client.conn.local[0]
        if ":" in host:
            return "425 PASV cannot say an IPv6 address"
        port = await client.data.listen()
        return f"227 Entering Passive Mode ({host.replace('.', ',')},{port >> 8},{port & 255})"

    async def do_EPSV(self, client: Client, arg: str) -> str:
        family = "2" if ":" in client.conn.local[0] else "1"
        if arg.upper() == "ALL":
            client.epsv_only = True
            return "200 EPSV only, from now on"
        if arg not in ("", family):
            return f"522 Network protocol not supported, use ({family})"
        return f"229 Entering Extended Passive Mode (|||{await client.data.listen()}|)"

    async def do_PORT(self, client: Client, arg: str) -> str:
        self._old_ways(client)
        numbers = [int(each) for each in arg.split(",")] if _PORT.fullmatch(arg) else [256]
        if max(numbers) > 255:
            return "501 h1,h2,h3,h4,p1,p2"
        return self._set_active(client, ".".join(map(str, numbers[:4])), numbers[4] * 256 + numbers[5])

    async def do_EPRT(self, client: Client, arg: str) -> str:
        self._old_ways(client)
        match = _EPRT.fullmatch(arg)
        if match is None:
            return "501 |protocol|address|port|"
        family = "2" if ":" in client.conn.local[0] else "1"
        if match[2] != family:
            return f"522 Network protocol not supported, use ({family})"
        return self._set_active(client, match[3], int(match[4]))

    def _set_active(self, client: Client, host: str, port: int) -> str:
        try:
            own = ipaddress.ip_address(host) == ipaddress.ip_address(client.conn.peer[0])
        except ValueError:
            own = False
        if not own or not 0 < port < 65536:  # RFC 2577 3: no bouncing
            return "501 That is not an address of yours"
        client.data.will_connect(host, port)
        return "200 Will connect"

    # -- what

    def as_sent(self, client: Client, octets: bytes) -> bytes:
        """A file as it is transferred."""
        return re.sub(rb"(?<!\r)\n", b"\r\n", octets) if client.ascii else octets

    async def send(self, client: Client, octets: bytes, what: str) -> str:
        """Send octets as they are, and give the reply."""

        async def sending() -> str:
            async with self.data_connection(client, f"150 Here come {what}") as data:
                client.conn.note(f"data: {len(octets)} octets sent")
                for place in range(0, len(octets), BLOCK):
                    await data.write(octets[place : place + BLOCK])
            return "226 Done"

        return await self._unless_aborted(client, sending())

    async def receive(
        self, client: Client, path: str, before: bytes, *, begin: str = "150 Here come your octets, I hope"
    ) -> str:
        """Write what comes into a file, behind what is there of it, and give the reply."""
        files = self.world.files

        async def receiving() -> str:
            received = bytearray()
            try:
                async with self.data_connection(client, begin) as data:
                    while block := await data.read(BLOCK):
                        received += block
            finally:
                if received or path not in files:
                    files[path] = before + (received.replace(b"\r\n", b"\n") if client.ascii else received)
                client.conn.note(f"data: {len(received)} octets came")
            return "226 Done"

        return await self._unless_aborted(client, receiving())

    @contextlib.asynccontextmanager
    async def data_connection(self, client: Client, reply: str) -> AsyncIterator[Connection]:
        """The data connection, after a reply of 150; closed before 226."""

        async def begin() -> None:
            await client.conn.write(self.encoded(reply))

        async with client.data.open(client.command, begin, protected=client.protected) as data:
            if client.protected and self.require_reuse and not data.ssl_object.session_reused:
                raise Refusal("522 The TLS session has to be that of the control connection")
            yield data

    async def _unless_aborted(self, client: Client, transfer: Coroutine[Any, Any, str]) -> str:
        """The reply of a transfer; 426 when ABOR comes before its end, and is then the next command."""
        moving = asyncio.ensure_future(transfer)
        aborted = asyncio.ensure_future(self._abort(client))
        try:
            await asyncio.wait({moving, aborted}, return_when=asyncio.FIRST_COMPLETED)
            if not moving.done():
                raise Refusal("426 Transfer aborted")
            return moving.result()
        finally:
            moving.cancel()
            aborted.cancel()
            await asyncio.gather(moving, aborted, return_exceptions=True)

    async def _abort(self, client: Client) -> None:
        """Wait until ABOR is what the client says next."""
        line = await client.conn.peek_line()
        if self.decoded(line).strip().upper() != "ABOR":
            await asyncio.Event().wait()

    async def do_ABOR(self, client: Client, arg: str) -> str:
        client.data.forget()
        return "226 Nothing is under way"
