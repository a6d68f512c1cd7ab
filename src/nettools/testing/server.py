"""The base of every fake: it listens, hands connections to a coroutine, asks the rules, keeps the log, stops at once.

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
from collections.abc import Callable, Coroutine, Iterable, Iterator, Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, ClassVar, Self

from nettools.testing.connection import Connection, Hangup, LineTooLongError, over_tls, reading
from nettools.testing.faults import parse_fault
from nettools.testing.log import Log
from nettools.testing.loop import STOP_TIMEOUT, call, hold, let_go, loop
from nettools.testing.personalities import ALL, Capabilities, personality_of, words
from nettools.testing.ports import Port, Streams, bound, bound_all
from nettools.testing.rules import CONNECT, Rule, Rules
from nettools.testing.shaping import SHAPES
from nettools.testing.tls import CERTIFICATES, Certificate, ca_path
from nettools.testing.tls_rules import TLSRules
from nettools.testing.world import World

__all__ = ["Connection", "Hangup", "LineTooLongError", "Server", "loop", "over_tls"]


EARLY = frozenset({"delay", "drop", "reset", "hang", "refuse"})  # done to a new connection before TLS


def _misspelt(name: str, meant: str) -> bool:
    """Whether letters are out of order, or one is missing: SCRAM-SHA-512, ESORT, IMAP4rev2 are others' names."""
    return sorted(name) == sorted(meant) or name in {meant[:at] + meant[at + 1 :] for at in range(len(meant))}


class Server:
    """One fake server; a context manager. Stopping raises what went wrong in its own code.

    Args:
        world: what it serves; a new World if None.
        host: where it listens. port: 0 is any free port.
        tls: also offer STARTTLS (where the protocol has it), and TLS from the first octet on `tls_port`.
        certificate: good, expired, wrong_host, untrusted or old_version.
        personality: dovecot, gmail, exchange or minimal: announce what such a server does, and no more.
        capabilities: a change to that: `ALL - {"PIPELINING"}`.
        without, extra: names of capabilities to leave out, and to add to what is announced.
    """

    protocol: ClassVar[str] = ""
    tls_scheme: ClassVar[str] = ""  # "" is protocol + "s"
    has_starttls: ClassVar[bool] = True
    has_tls: ClassVar[bool] = True
    refusal: ClassVar[str] = ""  # how a rule's `refuse` says no to a command; "" resets the connection

    def __init__(
        self,
        world: World | None = None,
        *,
        host: str = "127.0.0.1",
        port: int = 0,
        tls: bool = False,
        certificate: Certificate = "good",
        personality: str | None = None,
        capabilities: Capabilities = ALL,
        without: Iterable[str] = (),
        extra: Iterable[str] = (),
    ) -> None:
        if certificate not in CERTIFICATES:
            raise ValueError(f"no certificate is {certificate!r}; it may be {', '.join(CERTIFICATES)}")
        self.world = world if world is not None else World()
        self.host = host
        self.port = port
        self.tls_port: int | None = None
        character = personality_of(personality, self.protocol)
        chosen = character.capabilities - capabilities.removed | capabilities.added
        left_out = capabilities.removed | {each.upper() for each in words(without)}
        self._check_capabilities(left_out - {each.upper() for each in (*character.capabilities.added, *words(extra))})
        self.without = chosen.removed | left_out
        self.extra = (*chosen.added, *words(extra))
        if character.folders:
            self.world.name_folders(character.folders)
        self.log = Log(self.protocol)
        self.rules = Rules(self._follow_rules)
        self.tls = TLSRules(self.rules, tls and self.has_tls, certificate)
        self.errors: list[BaseException] = []
        self._pid = 0  # of the process that runs it
        self.streams = Streams()
        self._ports: list[Port] = []
        self._kept: list[socket.socket] = []  # addresses that are ours, and at which nothing listens
        self._refusing = False
        self._tasks: set[asyncio.Task[None]] = set()
        self._numbers = 0
        self._stop_listening: Callable[[], None] | None = None
        self._wakers: set[asyncio.Event] = set()

    @classmethod
    def capabilities(cls) -> frozenset[str]:
        """What can be left out, by name; none where nothing has one."""
        return frozenset()

    def _check_capabilities(self, names: Iterable[str]) -> None:
        """One of ours that is misspelt is refused; any other names what no client will miss here."""
        known = {each.upper() for each in self.capabilities()}
        for name in sorted(set(names) - known):
            if meant := next((each for each in sorted(known) if _misspelt(name, each)), None):
                raise ValueError(f"{self.protocol} has no {name!r} to leave out; is {meant} meant?")

    # -- what is where

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.url if self._pid else 'not started'}>"

    @property
    def starttls(self) -> bool:
        """Whether the clear port offers an upgrade."""
        return bool(self.tls) and self.has_starttls and "STARTTLS" not in self.without

    @property
    def certificate(self) -> Certificate:
        """What its certificate is like."""
        return self.tls.certificate

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

    def on(self, verb: str, arg: str | None = None, *, user: str | None = None, connection: int | None = None) -> Rule:
        """A rule for a command: `server.on("RCPT", arg="bob@").reply("550 no")`; `*` is any.

        Args:
            arg: a regular expression that is found in the command's argument, whatever the case.
            user: who is logged in. connection: its number, the first is 1.
        """
        return self.rules.add(verb, arg, user=user, connection=connection)

    def on_connect(self, *, connection: int | None = None) -> Rule:
        """A rule for a new connection; what shapes an answer shapes all of the connection."""
        return self.rules.add(CONNECT, connection=connection)

    def fault(self, given: str | Mapping[str, Any]) -> Rule:
        """A rule from its text, `RCPT reply='451 4.3.0 later' times=2`, or from JSON's object (see `faults`)."""
        return parse_fault(given, (self.protocol,)).install(self)

    async def intercept(self, conn: Connection, verb: str, arg: str = "", *, tag: str = "") -> bool:
        """Ask the rules about a command; True when one has answered it."""
        conn.shape(None)
        self.tls.asked(conn, verb, arg)
        rule = self.rules.find(verb, arg, user=conn.user, connection=conn.number)
        return rule is not None and await self._obey(conn, rule, tag)

    async def _obey(self, conn: Connection, rule: Rule, tag: str = "") -> bool:
        match rule.action:
            case "drop" | "reset" | "hang":
                await conn.cut(rule.action)
            case "delay":
                await asyncio.sleep(rule.seconds)
                return False
            case "refuse":
                if not self.refusal or rule.verb == CONNECT:
                    await conn.cut("reset")
                await conn.write(self.render(self.refusal, tag))
            case "reply":
                await conn.write(self.render(rule.data.decode(), tag))
            case "garbage":
                await conn.write(rule.data)
            case _:
                conn.shape(rule)
                return False
        if rule.close:
            await conn.cut("drop")
        return True

    def render(self, text: str, tag: str = "") -> bytes:
        """A rule's reply as it goes over the wire: the command's tag in front, if it has one; lines end with CR LF."""
        lines = text.replace("\r\n", "\n")
        return f"{tag} {lines}\n".lstrip(" ").replace("\n", "\r\n").encode("utf-8", "surrogateescape")

    def check_rules(self) -> None:
        """Raise UnusedRuleError (an AssertionError) when a rule was never hit that is not optional."""
        self.rules.check(f"{self.protocol} server")

    # -- what a fake gives

    async def session(self, conn: Connection) -> None:
        """Talk to one client until it or the fake says goodbye."""
        raise NotImplementedError

    @contextlib.contextmanager
    def watch(self) -> Iterator[asyncio.Event]:
        """An event that is set, on the loop, at every change of the World: what IDLE waits for."""
        event = asyncio.Event()
        self._wakers.add(event)
        try:
            yield event
        finally:
            self._wakers.discard(event)

    def _wake(self) -> None:
        if not self._wakers:  # who watches began before it looked at the World
            return
        with contextlib.suppress(RuntimeError):  # the loop has just ended
            loop().call_soon_threadsafe(self._set_wakers)

    def _set_wakers(self) -> None:
        for event in tuple(self._wakers):
            event.set()

    # -- running

    def start(self) -> Self:
        """Listen; when it returns, clients can connect."""
        if self._pid:
            return self
        try:
            self._listen()
        except BaseException:
            self._close_ports()
            raise
        hold(self._open_ports)
        self._pid = os.getpid()
        self._stop_listening = self.world.listen(self._wake)
        self._follow_rules()
        return self

    def _listen(self) -> None:
        """Listen where it should; the loop takes nobody yet."""
        self.port = self._listen_at(self.port, tls=False)
        if self.tls:
            self.tls_port = self._listen_at(self.tls_port or 0, tls=True)

    def _listen_at(self, number: int, *, tls: bool) -> int:
        ports = [Port(sock, self._taker(tls)) for sock in bound_all(self.host, number)]
        self._ports += ports
        return ports[0].number

    def _open_ports(self) -> None:
        for port in self._ports:
            port.open()

    def _taker(self, tls: bool) -> Callable[[socket.socket], None]:
        def taken(client: socket.socket) -> None:
            self._numbers += 1
            self._spawn(self._meet(client, self._numbers, tls))

        return taken

    def _spawn(self, conversation: Coroutine[Any, Any, None]) -> None:
        task = asyncio.get_running_loop().create_task(conversation)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _meet(self, client: socket.socket, number: int, tls: bool) -> None:
        reader, writer = await self.streams.of(client)
        if tls:
            reading(writer, on=False)  # what comes first belongs to the handshake
        await self._serve(Connection(self, number, reader, writer, tls=False), tls)

    async def _serve(self, conn: Connection, tls: bool) -> None:
        try:
            await self._converse(conn, tls)
            if conn.silent:
                await conn.finish()
        except (Hangup, ConnectionError, asyncio.IncompleteReadError, ssl.SSLError, TimeoutError):
            pass  # the client is gone
        except Exception as error:  # a bug of the fake: told by stop()
            self.errors.append(error)
        finally:
            with contextlib.suppress(Exception):
                conn.close()

    async def _converse(self, conn: Connection, tls: bool) -> None:
        rule = self.rules.find(CONNECT, connection=conn.number)
        if rule is not None and rule.action in EARLY:
            await self._obey(conn, rule)
        if tls:
            await self.tls.secure(conn)
        else:
            self.tls.greet(conn)
        if rule is not None and rule.action in SHAPES:
            conn.shape(rule, lasting=True)
        elif rule is not None and rule.action not in EARLY and await self._obey(conn, rule):
            return
        await self.session(conn)

    def stop(self) -> None:
        """Close everything, and raise what went wrong in the fake's own code."""
        pid, self._pid = self._pid, 0
        if pid != os.getpid():
            return  # not started, or started by the process that this one was forked from
        if self._stop_listening is not None:
            self._stop_listening()
            self._stop_listening = None
        let_go(self._stop)
        if self.errors:
            error, self.errors = self.errors[0], []
            raise error

    async def _stop(self) -> None:
        self._close_ports()
        self._refusing = False
        if self._tasks:
            await asyncio.sleep(0)  # a task that never began could not close the socket that it was given
        tasks = tuple(self._tasks)
        for task in tasks:
            task.cancel()
        self.streams.abort()
        if tasks:
            await asyncio.wait(tasks, timeout=STOP_TIMEOUT)
        await self.streams.end()

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

    # -- ports that are closed by a rule

    def _follow_rules(self) -> None:
        """Close the ports while a rule refuses every connection, and open them again."""
        refusing = [rule for rule in self.rules if rule.verb == CONNECT and rule.action == "refuse" and rule.always]
        for rule in refusing:
            rule.optional = True  # the system refuses on its own, and tells nobody
        if self._pid and bool(refusing) != self._refusing:
            self._refusing = bool(refusing)
            call(self._refuse if refusing else self._accept_again)

    def _close_ports(self) -> None:
        for port in self._ports:
            port.close()
        for sock in self._kept:
            sock.close()
        self._ports.clear()
        self._kept.clear()

    def _refuse(self) -> None:
        """Keep the addresses, without listening: whoever connects is refused by the system."""
        self._close_ports()
        self._kept = [bound(self.host, port) for port in (self.port, self.tls_port) if port is not None]

    def _accept_again(self) -> None:
        self._close_ports()
        self._listen()
        self._open_ports()
