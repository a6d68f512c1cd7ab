"""The base of every fake: one asyncio loop in one daemon thread for all servers of the process.

A fake is a subclass of `Server` with `protocol`, and one coroutine:

    class EchoServer(Server):
        protocol = "tcp"

        async def session(self, conn: Connection) -> None:
            while line := await conn.readline():
                if not await self.intercept(conn, "LINE", line.decode()):
                    await conn.write(line)

`conn.write` is one segment a call and one record of the log: build a reply whole, then write it once. `intercept` is
where rules are asked: every command goes through it before it is carried out. `conn.start_tls()` upgrades. When a
client vanishes the coroutine is ended by an exception that the base takes care of; any other exception is a bug of the
fake, kept in `errors` and raised by `stop()`. Nothing sleeps to stop, no port is fixed, nothing is kept on classes.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import socket
import ssl
import struct
import threading
from collections.abc import Awaitable, Callable, Coroutine, Iterable
from pathlib import Path
from types import TracebackType
from typing import Any, ClassVar, Self, TypeVar

from nettools.testing.log import Log
from nettools.testing.rules import Rule, Rules
from nettools.testing.tls import Certificate, ca_path, server_context
from nettools.testing.world import World

__all__ = ["Connection", "Hangup", "LineTooLongError", "Server"]

T = TypeVar("T")

LINE_LIMIT = 64 * 1024
STOP_TIMEOUT = 5.0  # seconds; a fake that needs more has a bug


class Hangup(Exception):  # noqa: N818  # not an error: a client that is gone, or is to be
    """The connection is over."""


class LineTooLongError(ValueError):
    """A client's line has more octets than the fake takes."""


# --- the loop


class _Loop:
    """The process's loop and its thread; made anew after a fork."""

    def __init__(self) -> None:
        self.pid = os.getpid()
        self.loop = asyncio.new_event_loop()
        threading.Thread(target=self.loop.run_forever, name="nettools-testing", daemon=True).start()


_lock = threading.Lock()
_current: _Loop | None = None


def loop() -> asyncio.AbstractEventLoop:
    """The loop that all fakes of this process run on."""
    global _current
    with _lock:
        if _current is None or _current.pid != os.getpid():
            _current = _Loop()
        return _current.loop


def run(coroutine: Coroutine[Any, Any, T]) -> T:
    """Run a coroutine on the loop, and wait for it."""
    return asyncio.run_coroutine_threadsafe(coroutine, loop()).result(STOP_TIMEOUT)


# --- a connection


class Connection:
    """One client: its lines and octets in, replies out, all of it in the log."""

    def __init__(
        self, server: Server, number: int, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, tls: bool
    ) -> None:
        self.server = server
        self.number = number
        self.reader = reader
        self.writer = writer
        self.tls = tls
        self.user: str | None = None

    @property
    def peer(self) -> tuple[str, int]:
        """The client's address and port."""
        name = self.writer.get_extra_info("peername")
        return name[:2] if isinstance(name, tuple) else (str(name), 0)

    @property
    def local(self) -> tuple[str, int]:
        """The server's address and port on this connection."""
        name = self.writer.get_extra_info("sockname")
        return name[:2] if isinstance(name, tuple) else (str(name), 0)

    @property
    def ssl_object(self) -> Any:
        """The TLS of the connection, None in clear."""
        return self.writer.get_extra_info("ssl_object")

    def _log(self, direction: Any, data: bytes, note: str = "") -> None:
        self.server.log.add(self.number, direction, self.tls, data, note)

    def _note(self, secret: bool = False) -> str:
        """What the log says of octets about to be read: sent ahead of the last reply, not to be shown."""
        return " ".join((["ahead"] if getattr(self.reader, "_buffer", b"") else []) + (["secret"] if secret else []))

    async def readline(self, limit: int = LINE_LIMIT, *, secret: bool = False) -> bytes:
        """A line with its end; b"" when the client has closed; what it left unfinished is dropped.

        A `secret` one is masked where the log is shown.

        Raises:
            LineTooLongError: what was read so far is lost.
        """
        note = self._note(secret)
        try:
            line = await self.reader.readuntil(b"\n")
        except asyncio.IncompleteReadError as error:
            if error.partial:
                self._log("C", error.partial, "unfinished")
            return b""
        except asyncio.LimitOverrunError as error:
            await self.reader.readexactly(error.consumed)
            raise LineTooLongError(f"more than {limit} octets") from None
        self._log("C", line, note)
        if len(line) > limit:
            raise LineTooLongError(f"more than {limit} octets")
        return line

    async def read(self, size: int = 65536) -> bytes:
        """What is there, at most so many octets; b"" when the client has closed."""
        note = self._note()
        data = await self.reader.read(size)
        if data:
            self._log("C", data, note)
        return data

    async def readexactly(self, size: int, *, secret: bool = False) -> bytes:
        """Exactly so many octets; Hangup when the client closes before."""
        note = self._note(secret)
        try:
            data = await self.reader.readexactly(size)
        except asyncio.IncompleteReadError as error:
            raise Hangup from error
        self._log("C", data, note)
        return data

    async def read_until(self, end: bytes) -> bytes:
        """Everything up to and with `end`, however long; Hangup when the client closes before."""
        note, chunks = self._note(), list[bytes]()
        while not chunks or not chunks[-1].endswith(end):
            try:
                chunks.append(await self.reader.readuntil(end))
            except asyncio.IncompleteReadError as error:
                raise Hangup from error
            except asyncio.LimitOverrunError as error:
                chunks.append(await self.reader.readexactly(error.consumed))
        data = b"".join(chunks)
        self._log("C", data, note)
        return data

    async def write(self, data: bytes) -> None:
        """One reply, whole."""
        if not data:
            return
        self._log("S", data)
        self.writer.write(data)
        await self.writer.drain()

    async def start_tls(self, context: ssl.SSLContext | None = None) -> None:
        """The handshake after STARTTLS and its kin; what the client sent in clear behind it is dropped."""
        buffer: Any = getattr(self.reader, "_buffer", bytearray())
        if buffer:
            self._log("-", b"", f"dropped {len(buffer)} octets sent in clear behind the upgrade")
            buffer.clear()
        await self.writer.start_tls(context or self.server.tls_context)
        over_tls(self.writer)
        self.tls = True
        self._log("-", b"", "TLS")

    def close(self) -> None:
        """Close, after what was written."""
        self.writer.close()

    def abort(self) -> None:
        """Cut: the client sees a reset."""
        sock = self.writer.get_extra_info("socket")
        if sock is not None:
            with contextlib.suppress(OSError):
                sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.writer.transport.abort()


def over_tls(writer: asyncio.StreamWriter) -> None:
    """Tell the stream what Python 3.11 forgets to tell it after an upgrade: that TLS has no half-closed connections."""
    protocol: Any = writer.transport.get_protocol()
    protocol._over_ssl = True


# --- a server


class Server:
    """One fake server; a context manager. Stopping raises what went wrong in its own code.

    Args:
        world: what it serves; a new World if None.
        host: where it listens. port: 0 is any free port.
        tls: also offer STARTTLS (where the protocol has it), and TLS from the first octet on `tls_port`.
        certificate: good, expired, wrong_host or untrusted.
        without, extra: names of capabilities to leave out, and to add to what is announced.
    """

    protocol: ClassVar[str] = ""
    tls_scheme: ClassVar[str] = ""  # "" is protocol + "s"
    has_starttls: ClassVar[bool] = True

    def __init__(
        self,
        world: World | None = None,
        *,
        host: str = "127.0.0.1",
        port: int = 0,
        tls: bool = False,
        certificate: Certificate = "good",
        without: Iterable[str] = (),
        extra: Iterable[str] = (),
    ) -> None:
        self.world = world if world is not None else World()
        self.host = host
        self.tls = tls
        self.without = frozenset(each.upper() for each in without)
        self.extra = tuple(extra)
        self.certificate: Certificate = certificate
        self.log = Log(self.protocol)
        self.rules = Rules()
        self.errors: list[BaseException] = []
        self.port = port
        self.tls_port: int | None = None
        self._listeners: list[asyncio.Server] = []
        self._tasks: set[asyncio.Task[None]] = set()
        self._connections: set[Connection] = set()
        self._numbers = 0
        self._stop_listening: Callable[[], None] | None = None
        self._wakers: set[asyncio.Event] = set()

    # -- what is where

    @property
    def starttls(self) -> bool:
        """Whether the clear port offers an upgrade."""
        return self.tls and self.has_starttls and "STARTTLS" not in self.without

    @property
    def tls_context(self) -> ssl.SSLContext:
        """The context of its TLS."""
        return server_context(self.certificate)

    @property
    def ca(self) -> Path | None:
        """The authority's certificate, None without TLS."""
        return ca_path() if self.tls else None

    def _url(self, scheme: str, port: int) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{scheme}://{host}:{port}"

    @property
    def url(self) -> str:
        """The address of the clear port."""
        return self._url(self.protocol, self.port)

    @property
    def tls_url(self) -> str | None:
        """The address of the TLS port, None without TLS."""
        return None if self.tls_port is None else self._url(self.tls_scheme or f"{self.protocol}s", self.tls_port)

    def offers(self, capability: str) -> bool:
        """Whether a capability was left in."""
        return capability.upper() not in self.without

    # -- rules

    def on(self, verb: str, arg: str | None = None) -> Rule:
        """A rule for a command: `server.on("RCPT", arg="bob@").reply("550 no")`."""
        return self.rules.add(verb, arg)

    def on_connect(self) -> Rule:
        """A rule for a new connection."""
        return self.rules.add(Rules.CONNECT)

    async def intercept(self, conn: Connection, verb: str, arg: str = "", *, tag: str = "") -> bool:
        """Ask the rules about a command; True when one has answered it."""
        rule = self.rules.find(verb, arg)
        return rule is not None and await self._obey(conn, rule, tag)

    async def _obey(self, conn: Connection, rule: Rule, tag: str = "") -> bool:
        match rule.action:
            case "drop":
                conn.abort()
                raise Hangup
            case "hang":
                await asyncio.Event().wait()
            case "delay":
                await asyncio.sleep(rule.seconds)
                return False
            case "reply":
                await conn.write((f"{tag} " if tag else "").encode() + rule.data + b"\r\n")
            case "raw":
                await conn.write(rule.data)
        if rule.close:
            conn.close()
            raise Hangup
        return True

    # -- what a fake gives

    async def session(self, conn: Connection) -> None:
        """Talk to one client until it or the fake says goodbye."""
        raise NotImplementedError

    async def changed(self, event: asyncio.Event) -> None:
        """Wait until the World changes after `event` was made by `watch`."""
        await event.wait()
        event.clear()

    @contextlib.contextmanager
    def watch(self) -> Any:
        """An event that is set, on the loop, at every change of the World: what IDLE waits for."""
        event = asyncio.Event()
        self._wakers.add(event)
        try:
            yield event
        finally:
            self._wakers.discard(event)

    def _wake(self) -> None:
        running = loop()
        with contextlib.suppress(RuntimeError):
            running.call_soon_threadsafe(self._set_wakers)

    def _set_wakers(self) -> None:
        for event in tuple(self._wakers):
            event.set()

    # -- running

    def start(self) -> Self:
        """Listen; when it returns, clients can connect."""
        run(self._start())
        self._stop_listening = self.world.listen(self._wake)
        return self

    async def _start(self) -> None:
        await self._listen(self.port, None)
        self.port = self._listeners[0].sockets[0].getsockname()[1]
        if self.tls:
            await self._listen(0, self.tls_context)
            self.tls_port = self._listeners[1].sockets[0].getsockname()[1]

    async def _listen(self, port: int, context: ssl.SSLContext | None) -> None:
        listener = await asyncio.start_server(
            self._accepted(context is not None), self.host, port, ssl=context, limit=LINE_LIMIT * 4
        )
        self._listeners.append(listener)

    def _accepted(self, tls: bool) -> Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]:
        async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            self._numbers += 1
            conn = Connection(self, self._numbers, reader, writer, tls)
            task = asyncio.current_task()
            assert task is not None
            self._tasks.add(task)
            self._connections.add(conn)
            try:
                rule = self.rules.connecting()
                if rule is None or not await self._obey(conn, rule):
                    await self.session(conn)
            except (Hangup, ConnectionError, asyncio.IncompleteReadError, ssl.SSLError, TimeoutError):
                pass  # the client is gone
            except asyncio.CancelledError:
                pass  # the server stops; asyncio's own callback must not see this one
            except Exception as error:  # a bug of the fake: told by stop()
                self.errors.append(error)
            finally:
                self._tasks.discard(task)
                self._connections.discard(conn)
                with contextlib.suppress(Exception):
                    writer.close()

        return connected

    def stop(self) -> None:
        """Close everything, and raise what went wrong in the fake's own code."""
        if self._stop_listening is not None:
            self._stop_listening()
            self._stop_listening = None
        if self._listeners:
            run(self._stop())
        if self.errors:
            error, self.errors = self.errors[0], []
            raise error

    async def _stop(self) -> None:
        for listener in self._listeners:
            listener.close()
        self._listeners.clear()
        tasks = tuple(self._tasks)
        for task in tasks:
            task.cancel()
        for conn in tuple(self._connections):
            conn.writer.transport.abort()
        if tasks:
            await asyncio.wait(tasks, timeout=STOP_TIMEOUT)
        await asyncio.sleep(0)  # let the transports tell their protocols

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if error is not None:
            with contextlib.suppress(Exception):  # what the test says comes first
                self.stop()
            return
        self.stop()
