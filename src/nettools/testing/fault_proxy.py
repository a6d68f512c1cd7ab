"""A proxy in front of any server, real or fake, that makes the wire worse: faults both ways, and a delay.

    with FaultProxy("127.0.0.1:2525", latency=0.05) as proxy:
        proxy.down.truncate(1000)        # what the server says      proxy.up.corrupt()       # what the client says
        proxy.on_connect().refuse(times=1)
        send_my_mail(proxy.url)

It passes octets on, TLS and all, and knows no protocol; what passes is in its log. `latency` is added to each way, so
that what was written ahead stays ahead. Rules on a direction are asked once a connection.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable
from typing import Any, ClassVar
from urllib.parse import urlsplit

from nettools.testing.connection import READ_SIZE, Connection
from nettools.testing.rules import DOWN, UP, Rule
from nettools.testing.server import Server
from nettools.testing.shaping import SHAPES, Cut, Send, Step, StreamRules, budget, passing, step
from nettools.testing.world import World

__all__ = ["FaultProxy"]

Read = Callable[[], Awaitable[bytes]]
CONNECT_TIMEOUT = 10.0  # seconds
WINDOW = 64  # pieces under way; more wait at their source


class FaultProxy(Server):
    """A proxy for one server.

    Args:
        upstream: HOST:PORT, a URL, a (host, port), or a fake. latency: seconds that every octet takes, each way.
        world: not used; all fakes take one.
    """

    protocol = "proxy"
    has_starttls: ClassVar[bool] = False
    has_tls: ClassVar[bool] = False

    def __init__(
        self,
        world: World | None = None,
        *,
        upstream: str | tuple[str, int] | Server,
        latency: float = 0.0,
        **options: Any,
    ) -> None:
        super().__init__(world, **options)
        self.scheme, self.upstream = _address(upstream)
        self.latency = latency
        self.up = StreamRules(self.rules, UP)
        self.down = StreamRules(self.rules, DOWN)

    @property
    def url(self) -> str:
        """The address of the proxy, with the scheme of the server behind it."""
        return self._url(self.scheme, self.port)

    async def session(self, conn: Connection) -> None:
        """Pass on what comes, both ways, until both ends have finished."""
        try:
            reader, writer = await asyncio.wait_for(self.streams.connect(*self.upstream), CONNECT_TIMEOUT)
        except OSError as error:
            conn.note(f"cannot connect to the server: {error}")
            await conn.cut("reset")
            return
        try:
            await self._pass(conn, reader, writer)
        finally:
            writer.transport.abort()

    async def _pass(self, conn: Connection, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        async def upstream(data: bytes) -> None:
            writer.write(data)
            await writer.drain()

        async def ended_up() -> None:
            writer.write_eof()

        async def ended_down() -> None:
            conn.writer.write_eof()

        async def received() -> bytes:
            return await reader.read(READ_SIZE)

        up = passing([_step(self._rule(UP, conn))], upstream)
        down = passing([_step(self._rule(DOWN, conn))], conn.write)
        ways = [
            asyncio.ensure_future(self._flow(conn.read, up, ended_up)),
            asyncio.ensure_future(self._flow(received, down, ended_down)),
        ]
        how = ""
        try:
            await asyncio.gather(*ways)
        except Cut as cut:
            how = cut.how
        except ConnectionError:
            how = "reset"
        finally:
            for way in ways:
                way.cancel()
            await asyncio.gather(*ways, return_exceptions=True)
        if how:
            await conn.cut(how)

    def _rule(self, point: str, conn: Connection) -> Rule | None:
        return self.rules.find(point, connection=conn.number)

    async def _flow(self, read: Read, send: Send, ended: Callable[[], Awaitable[None]]) -> None:
        """One way: what is read now is sent when its time has come; b"" is the end."""
        under_way: asyncio.Queue[tuple[float, bytes]] = asyncio.Queue(WINDOW)
        running = asyncio.get_running_loop()

        async def take() -> None:
            data = b"-"
            while data:
                data = await read()
                await under_way.put((running.time() + self.latency, data))

        taking = asyncio.ensure_future(take())
        waiting: asyncio.Future[tuple[float, bytes]] | None = None
        try:
            while True:
                waiting = asyncio.ensure_future(under_way.get())
                await asyncio.wait({waiting, taking}, return_when=asyncio.FIRST_COMPLETED)
                if not waiting.done() and taking.done() and under_way.empty():
                    waiting.cancel()
                    taking.result()  # raises what ended it
                due, data = await waiting
                await asyncio.sleep(max(0.0, due - running.time()))
                if not data:
                    break
                await send(data)
        finally:
            ours = [each for each in (taking, waiting) if each is not None]
            for each in ours:
                each.cancel()
            await asyncio.gather(*ours, return_exceptions=True)
        with contextlib.suppress(OSError):
            await ended()


def _step(rule: Rule | None) -> Step | None:
    if rule is None:
        return None
    if rule.action in SHAPES:
        return step(rule)
    if rule.action != "delay":
        return budget(rule)
    late = False

    async def delay(data: bytes, send: Send) -> None:
        nonlocal late
        if not late:
            late = True
            await asyncio.sleep(rule.seconds)
        await send(data)

    return delay


def _address(upstream: str | tuple[str, int] | Server) -> tuple[str, tuple[str, int]]:
    """The scheme and the address of the server behind."""
    if isinstance(upstream, Server):
        return upstream.protocol, (upstream.host, upstream.port)
    if isinstance(upstream, tuple):
        return "tcp", upstream
    parts = urlsplit(upstream if "://" in upstream else f"tcp://{upstream}")
    try:
        port = parts.port
    except ValueError:
        port = None
    if not parts.hostname or port is None:
        raise ValueError(f"upstream is HOST:PORT or a URL with a port, not {upstream!r}")
    return parts.scheme, (parts.hostname, port)
