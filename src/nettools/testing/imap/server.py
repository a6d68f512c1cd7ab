"""The IMAP4rev1 fake's connection: reads commands with their literals, runs them, and does what needs the wire.

Commands are in `commands`; here are STARTTLS, AUTHENTICATE, IDLE (RFC 2177) and LOGOUT, and the reading of literals
(RFC 3501 section 7.5, LITERAL+ of RFC 7888). Everything that a command answers is one write. Malformed commands get BAD
and the connection goes on; a line that is too long, too. IDLE wakes at changes of the World, without polling.

Capabilities are left out by name, `without={"MOVE", "AUTH=PLAIN"}`; `extra={"LOGINDISABLED"}` makes it refuse LOGIN.
Rules see the verb without UID (`on("FETCH")` is both) and the rest of the command; `on("UID FETCH")` is the UID kind.
"""

from __future__ import annotations

import asyncio
import re
from typing import Any
from weakref import WeakKeyDictionary

from nettools.testing import sasl
from nettools.testing.imap.commands import check_state, execute
from nettools.testing.imap.deflate import compress
from nettools.testing.imap.grammar import Cursor, Malformed
from nettools.testing.imap.session import Session
from nettools.testing.rules import Rule
from nettools.testing.server import Connection, Hangup, LineTooLongError, Server
from nettools.testing.world import Folder, World

_CAPABILITIES = (
    "IMAP4rev1",
    "LITERAL+",
    "SASL-IR",
    "ENABLE",
    "IDLE",
    "ID",
    "NAMESPACE",
    "CHILDREN",
    "UIDPLUS",
    "UNSELECT",
    "MOVE",
    "ESEARCH",
    "LIST-EXTENDED",
    "LIST-STATUS",
    "SPECIAL-USE",
    "STATUS=SIZE",
    "UTF8=ACCEPT",
    "SORT",
    "THREAD=ORDEREDSUBJECT",
    "THREAD=REFERENCES",
    "CONDSTORE",
    "QUOTA",
    "QUOTA=RES-STORAGE",
    "BINARY",
    "COMPRESS=DEFLATE",
)
_LITERAL = re.compile(rb"\{(\d{1,10})(\+?)\}\r\n\Z")
_LOGIN = re.compile(rb"\S+ LOGIN ", re.IGNORECASE)
LITERAL_LIMIT = 64 * 1024 * 1024
LITERAL_MINUS = 4096  # RFC 7888 section 5


class IMAPServer(Server):
    """A server of its World users' folders."""

    protocol = "imap"
    refusal = "NO [NOPERM] Refused"

    @classmethod
    def capabilities(cls) -> frozenset[str]:
        mechanisms = (*sasl.MECHANISMS, *(f"AUTH={each}" for each in sasl.MECHANISMS))
        return frozenset({*_CAPABILITIES, "LITERAL-", "STARTTLS", *mechanisms})

    def __init__(self, world: World | None = None, **options: Any) -> None:
        super().__init__(world, **options)
        self._reported: WeakKeyDictionary[Folder, int] = WeakKeyDictionary()

    def on(self, verb: str, arg: str | None = None, *, user: str | None = None, connection: int | None = None) -> Rule:
        """Add a rule; "UID FETCH" is FETCH with the argument `UID ...`."""
        if verb.upper().startswith("UID "):
            verb, arg = verb[4:], f"^UID .*{arg or ''}"
        return super().on(verb, arg, user=user, connection=connection)

    def _capabilities(self, conn: Connection) -> tuple[str, ...]:
        accounts = sasl.accounts(self.world, conn.ssl_object)
        hidden = frozenset(name.removeprefix("AUTH=") for name in self.without)
        names = [*_CAPABILITIES, *(f"AUTH={mechanism}" for mechanism in sasl.offered(accounts, hidden))]
        if conn.starttls:
            names.append("STARTTLS")
        return (*(name for name in names if self.offers(name)), *self.extra)

    async def session(self, conn: Connection) -> None:
        accounts = sasl.accounts(self.world, conn.ssl_object)
        session = Session(self.world, self._capabilities(conn), accounts, self._reported)
        listed = " ".join(session.capabilities)
        await conn.write(f"* OK [CAPABILITY {listed}] IMAP4rev1 nettools.testing\r\n".encode())
        while True:
            data, problem = await self._read_command(conn)
            session.tag, session.responses, name = "*", [], ""
            try:
                cursor = Cursor(data, utf8=session.utf8)
                session.tag = cursor.tag().decode()
                if problem:
                    raise Malformed(problem)
                cursor.space()
                name = cursor.keyword()
                if name == "UID":
                    cursor.space()
                    name = f"UID {cursor.keyword()}"
                verb = name.removeprefix("UID ")
                arg = ("UID " if name != verb else "") + cursor.data[cursor.at + 1 :].decode("utf-8", "replace")
                if await self.intercept(conn, verb, arg, tag=session.tag):
                    continue
                text = await self._run(session, conn, name, cursor)
            except Malformed as error:
                text = f"BAD {error}"
            await conn.write(b"".join(session.responses) + f"{session.tag} {text}\r\n".encode())
            if name == "COMPRESS" and text.startswith("OK"):
                compress(conn)
            if name == "STARTTLS" and text.startswith("OK"):
                await conn.start_tls()
                session.capabilities = self._capabilities(conn)
                session.accounts = sasl.accounts(self.world, conn.ssl_object)
            if name == "LOGOUT" and text.startswith("OK"):
                return

    async def _read_command(self, conn: Connection) -> tuple[bytes, str]:
        """Return one command without its last CR LF, literals in it as they came, and what is wrong with it if so."""
        data, problem = b"", ""
        while True:
            try:
                line = await conn.readline()
            except LineTooLongError:
                return data, "line too long"
            if not line:
                raise Hangup
            data += line
            match = _LITERAL.search(line)
            if match is None:
                break
            size, plus = int(match[1]), bool(match[2])
            if size > LITERAL_LIMIT:
                if plus:
                    raise Hangup  # RFC 7888 section 4: the other choice is to swallow all of it
                return data, "literal too large"
            if plus and not (self.offers("LITERAL+") or ("LITERAL-" in self.extra and size <= LITERAL_MINUS)):
                problem = "LITERAL+ is not offered"
            if not plus:
                await conn.write(b"+ Go ahead\r\n")
            data += await conn.readexactly(size, secret=_LOGIN.match(data) is not None)
        if not data.endswith(b"\r\n"):
            problem = problem or "lines end with CR LF"
        return data.removesuffix(b"\r\n"), problem

    async def _continued(self, conn: Connection, *, secret: bool = False) -> bytes:
        """A line that belongs to the command under way."""
        try:
            line = await conn.readline(secret=secret)
        except LineTooLongError:
            raise Malformed("line too long") from None
        if not line:
            raise Hangup
        return line.rstrip(b"\r\n")

    async def _run(self, session: Session, conn: Connection, name: str, cursor: Cursor) -> str:
        """Return the text of the tagged reply."""
        match name:
            case "LOGOUT":
                cursor.end()
                session.send(b"BYE Goodbye")
                return "OK LOGOUT completed"
            case "STARTTLS":
                cursor.end()
                check_state(session, "anonymous")
                session.require("STARTTLS")
                return "OK Begin TLS"
            case "AUTHENTICATE":
                check_state(session, "anonymous")
                return await self._authenticate(session, conn, cursor)
            case "IDLE":
                cursor.end()
                session.require("IDLE")
                check_state(session, "user")
                return await self._idle(session, conn)
        text = execute(session, name, cursor)
        conn.user = session.user
        return text

    async def _authenticate(self, session: Session, conn: Connection, cursor: Cursor) -> str:
        cursor.space()
        mechanism = cursor.keyword()
        initial = None
        if "SASL-IR" in session.capabilities and cursor.accept(b" "):
            initial = cursor.astring()
        cursor.end()
        if f"AUTH={mechanism}" not in session.capabilities:
            return "NO [CANNOT] Unknown mechanism"

        async def ask(challenge: bytes) -> bytes:
            await conn.write(b"+ " + challenge + b"\r\n")
            return await self._continued(conn, secret=True)

        try:
            conn.user = await sasl.authenticate(mechanism, initial, session.accounts, ask)
        except sasl.Refused:
            return "NO [AUTHENTICATIONFAILED] Invalid credentials"
        except sasl.Cancelled:
            return "BAD Authentication cancelled"
        except sasl.SASLError:
            return "BAD Malformed authentication exchange"
        return f"OK {session.logged_in(conn.user)}"

    async def _idle(self, session: Session, conn: Connection) -> str:
        """Tell changes as they happen until the client sends DONE."""
        with self.watch() as changed:
            await conn.write(b"+ Idling\r\n")
            line = asyncio.ensure_future(self._continued(conn))
            wake = asyncio.ensure_future(changed.wait())
            try:
                while not line.done():
                    if session.view is not None:
                        changes = session.view.update(expunge=True, with_modseq=session.condstore)
                        await conn.write(b"".join(changes))
                    await asyncio.wait({line, wake}, return_when=asyncio.FIRST_COMPLETED)
                    if wake.done():
                        changed.clear()
                        wake = asyncio.ensure_future(changed.wait())
                done = await line
            finally:  # a server that stops, or a client that goes, must leave no task behind
                line.cancel()
                wake.cancel()
                await asyncio.gather(line, wake, return_exceptions=True)
        return "OK IDLE completed" if done.upper() == b"DONE" else "BAD DONE expected"
