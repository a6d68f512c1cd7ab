"""The FTP fake's data connections, and what can be made to go wrong with them: `ftp.data`.

    ftp.data.reset(after=100_000)      ftp.data.truncate(1000)      ftp.data.dead_port()      ftp.data.no_226()

A data connection is a `Connection` on the log's channel `ftp-data`: every octet of it is recorded, and the rules that
shape answers shape it too. It is accepted (passive) or opened (active), protected where PROT P says so, and closed
before 226. RFC 959 3.2; RFC 4217 for TLS.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Unpack

from nettools.testing.connection import Connection, Hangup, reading
from nettools.testing.lines import Refusal
from nettools.testing.ports import Port, bound
from nettools.testing.rules import DATA, Chance, Rule, Rules
from nettools.testing.server import Server
from nettools.testing.shaping import SHAPES, StreamRules, budget
from nettools.testing.tls import WithoutTickets, server_context

__all__ = ["CHANNEL", "DataChannel", "DataRules"]

CHANNEL = "ftp-data"
DATA_TIMEOUT = 10.0  # seconds that a client may take to open its data connection
CLOSE_TIMEOUT = 1.0
AT_OPENING = SHAPES | {"delay", "refuse", "reset", "drop", "hang"}


class DataRules(StreamRules):
    """Rules for data connections. `arg` is found in the command, such as `RETR pub/x`; `after` counts octets.

    A connection that is reset ends the command with 426; one that is dropped ends it with 226, as if that were all.
    """

    def __init__(self, rules: Rules) -> None:
        super().__init__(rules, DATA)

    def refuse(self, *, arg: str | None = None, **counting: Unpack[Chance]) -> Rule:
        """Say 425 in place of the transfer."""
        return self._add("refuse", arg, counting)

    def dead_port(self, **counting: Unpack[Chance]) -> Rule:
        """Answer PASV and EPSV with a port at which nothing listens."""
        return self._add("dead_port", None, counting)

    def no_226(self, *, arg: str | None = None, **counting: Unpack[Chance]) -> Rule:
        """Transfer everything, and never say that it is done."""
        return self._add("no_226", arg, counting)


class DataChannel:
    """Where one control connection's data connections come from."""

    def __init__(self, server: Server, conn: Connection) -> None:
        self._server = server
        self._conn = conn
        self._port: Port | None = None
        self._dead: socket.socket | None = None
        self._active: tuple[str, int] | None = None
        self._came: asyncio.Queue[socket.socket] = asyncio.Queue()

    @property
    def ready(self) -> bool:
        """Whether PASV, PORT or their kin came first."""
        return self._port is not None or self._active is not None or self._dead is not None

    def forget(self) -> None:
        """Close what waits for a data connection, and what came to no use."""
        if self._port is not None:
            self._port.close()
        if self._dead is not None:
            self._dead.close()
        while not self._came.empty():
            self._came.get_nowait().close()
        self._port = self._dead = self._active = None

    async def listen(self) -> int:
        """Wait for a data connection; the port's number."""
        self.forget()
        sock = bound(self._conn.local[0], 0)
        number: int = sock.getsockname()[1]
        if self._find("", frozenset({"dead_port"})) is not None:
            self._dead = sock
            return number
        self._port = Port(sock, self._came.put_nowait)
        self._port.open()
        return number

    def will_connect(self, host: str, port: int) -> None:
        """Active mode: the client listens there."""
        self.forget()
        self._active = (host, port)

    def _find(self, command: str, actions: frozenset[str]) -> Rule | None:
        conn = self._conn
        return self._server.rules.find(DATA, command, user=conn.user, connection=conn.number, actions=actions)

    @contextlib.asynccontextmanager
    async def open(
        self, command: str, begin: Callable[[], Awaitable[None]], *, protected: bool
    ) -> AsyncIterator[Connection]:
        """The data connection, closed at the end; `begin` says 150.

        Raises:
            Refusal: there is none, or it broke.
        """
        if not self.ready:
            raise Refusal("425 PASV or PORT first")
        rule = self._find(command, AT_OPENING)
        if rule is not None and rule.action == "refuse":
            self.forget()
            raise Refusal("425 No data connection")
        await begin()
        if rule is not None and rule.action == "delay":
            await asyncio.sleep(rule.seconds)
        data = await self._take()
        if rule is not None and rule.action in SHAPES:
            data.shape(rule, lasting=True)
        elif rule is not None and rule.action != "delay":
            data.budget = budget(rule)
        try:
            if protected:
                tls = self._server.tls
                await tls.secure(data, WithoutTickets(server_context(tls.certificate)))
            else:
                reading(data.writer, on=True)
            yield data
        except Hangup:
            if rule is None or rule.action != "drop":
                raise Refusal("426 The data connection broke") from None
        except (ConnectionError, asyncio.IncompleteReadError, ssl.SSLError):
            raise Refusal("426 The data connection broke") from None
        except asyncio.CancelledError:  # ABOR: what was not sent yet is not sent any more
            data.discard()
            raise
        finally:
            await _close(data)
        if self._find(command, frozenset({"no_226"})) is not None:
            await asyncio.Event().wait()

    async def _take(self) -> Connection:
        try:
            reader, writer = await self._streams()
        except (TimeoutError, OSError):
            raise Refusal("425 No data connection") from None
        finally:
            self.forget()
        reading(writer, on=False)  # a ClientHello is for TLS, not for the stream
        number = self._server.log.next_number(CHANNEL)
        return Connection(self._server, number, reader, writer, tls=False, channel=CHANNEL)

    async def _streams(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        streams = self._server.streams
        if self._active is not None:
            return await streams.connect(*self._active)
        return await streams.of(await asyncio.wait_for(self._came.get(), DATA_TIMEOUT))


async def _close(data: Connection) -> None:
    with contextlib.suppress(Exception):
        if data.silent:
            await data.finish()
        data.writer.close()
        await asyncio.wait_for(data.writer.wait_closed(), CLOSE_TIMEOUT)
