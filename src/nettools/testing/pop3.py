"""The POP3 fake: RFC 1939 over a user's INBOX in the World.

A session works on the messages as they were at login: numbers stay, deletions happen at QUIT and not when the client
just goes (section 6), the UIDL is the folder's UIDVALIDITY and the message's UID. Messages go out byte-stuffed and with
CR LF line ends, whatever they were stored with, and sizes are those of what goes out (section 11).

Extensions: CAPA and RESP-CODES (RFC 2449), AUTH-RESP-CODE (3206), STLS (2595), AUTH (5034), UTF8 (6856), APOP. Any is
left out by its CAPA tag, or by "APOP", "CAPA", or a mechanism's name: `without={"UIDL", "CRAM-MD5"}`.
"""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
from collections.abc import Callable
from typing import NamedTuple

from nettools.testing import sasl
from nettools.testing.server import Connection, Hangup, LineTooLongError, Server
from nettools.testing.world import Folder

LINE_LIMIT = 12288  # RFC 2449 allows 255 octets to a command; an answer in AUTH may be longer


class Err(Exception):  # noqa: N818  # a refusal on its way out
    """The text of a -ERR reply, its response code in brackets first."""


class Entry(NamedTuple):
    """A message as this session serves it."""

    uid: int
    data: bytes


class _Session:
    """One connection's state: what was said to log in, then the maildrop as it was at that moment."""

    def __init__(self, conn: Connection, banner: str) -> None:
        self.conn = conn
        self.banner = banner
        self.name: str | None = None
        self.folder: Folder | None = None
        self.entries: list[Entry] = []
        self.deleted: set[int] = set()

    def remaining(self) -> list[tuple[int, Entry]]:
        """Return (number, message) of those not marked as deleted."""
        return [(number, entry) for number, entry in enumerate(self.entries, 1) if number not in self.deleted]

    def entry(self, text: str) -> tuple[int, Entry]:
        """Return the message that an argument names."""
        number = _number(text)
        if not 0 < number <= len(self.entries) or number in self.deleted:
            raise Err("No such message")
        return number, self.entries[number - 1]


def _number(text: str) -> int:
    if not re.fullmatch(r"\d{1,9}", text, re.ASCII):
        raise Err("A number is expected")
    return int(text)


def _crlf(raw: bytes) -> bytes:
    """Return the message as it goes out: CR LF for every line end, one at the end."""
    data = re.sub(rb"\r\n|\r|\n", b"\r\n", raw)
    return data if data.endswith(b"\r\n") or not data else data + b"\r\n"


def _stuffed(data: bytes) -> bytes:
    """Return a multi-line body with its lines byte-stuffed and the final dot (RFC 1939 section 3)."""
    return re.sub(rb"(?m)^\.", b"..", data) + b".\r\n"


class POP3Server(Server):
    """A server of its World users' INBOXes."""

    protocol = "pop3"
    refusal = "-ERR [SYS/PERM] Refused"
    anonymous = ("CAPA", "USER", "PASS", "APOP", "AUTH", "STLS", "UTF8", "NOOP", "QUIT")
    optional = ("TOP", "UIDL", "APOP", "STLS", "CAPA", "UTF8")
    known = (*anonymous, "STAT", "LIST", "UIDL", "RETR", "TOP", "DELE", "RSET")

    async def session(self, conn: Connection) -> None:
        banner = f"<{secrets.token_hex(8)}@localhost>"
        session = _Session(conn, banner)
        await conn.write(f"+OK POP3 nettools.testing{f' {banner}' if self.offers('APOP') else ''}\r\n".encode())
        while True:
            verb = ""
            try:
                verb, _, arg = (await self._line(conn)).partition(" ")
                verb = verb.upper()
                if await self.intercept(conn, verb, arg):
                    continue
                reply = await self._command(session, verb, arg)
            except Err as refusal:
                code = refusal.args[0].startswith("[") and not self.offers("RESP-CODES")
                text = re.sub(r"^\[[^]]*\] ", "", refusal.args[0]) if code else refusal.args[0]
                reply = f"-ERR {text}\r\n".encode()
            await conn.write(reply)
            if verb == "QUIT":
                return

    async def _line(self, conn: Connection, *, secret: bool = False) -> str:
        try:
            line = await conn.readline(LINE_LIMIT, secret=secret)
        except LineTooLongError:
            raise Err("Line too long") from None
        if not line:
            raise Hangup
        if not line.endswith(b"\r\n"):
            raise Err("Lines end with CR LF")
        return line[:-2].decode("utf-8", "surrogateescape")

    async def _command(self, session: _Session, verb: str, arg: str) -> bytes:
        if verb not in self.known or (verb in self.optional and not self.offers(verb)):
            raise Err("Unknown command")
        if session.folder is None and verb not in self.anonymous:
            raise Err("Log in first")
        if session.folder is not None and verb in ("USER", "PASS", "APOP", "AUTH", "STLS", "UTF8"):
            raise Err("Already logged in")
        if arg and verb in ("CAPA", "STAT", "RSET", "NOOP", "QUIT", "STLS", "UTF8"):
            raise Err("No argument is taken")
        reply = await getattr(self, f"do_{verb.lower()}")(session, arg)
        return reply if isinstance(reply, bytes) else f"+OK {reply}\r\n".encode()

    # -- before login -------------------------------------------------------------------------------------------------

    def _mechanisms(self, session: _Session) -> tuple[str, ...]:
        if not self.offers("SASL"):
            return ()
        return sasl.offered(sasl.accounts(self.world, session.conn.ssl_object), self.without)

    async def do_capa(self, session: _Session, arg: str) -> bytes:
        known = {name: name for name in ("TOP", "UIDL", "USER", "PIPELINING", "RESP-CODES", "AUTH-RESP-CODE")}
        known["UTF8"] = "UTF8 USER"  # RFC 6856 section 2.1: names and passwords are UTF-8 in any case
        mechanisms = self._mechanisms(session)
        if mechanisms:
            known["SASL"] = " ".join(["SASL", *mechanisms])
        if session.conn.starttls:
            known["STLS"] = "STLS"
        lines = [text for name, text in known.items() if self.offers(name)] + list(self.extra)
        return "\r\n".join(["+OK Capabilities", *lines, ".\r\n"]).encode()

    async def do_stls(self, session: _Session, arg: str) -> bytes:
        if not session.conn.starttls:
            raise Err("TLS is not available here")
        await session.conn.write(b"+OK Begin TLS\r\n")
        await session.conn.start_tls()
        session.name = None
        return b""

    async def do_utf8(self, session: _Session, arg: str) -> str:
        return "Messages are sent as they are, UTF-8 in their headers too"

    async def do_user(self, session: _Session, arg: str) -> str:
        if not self.offers("USER"):
            raise Err("Unknown command")
        if not arg:
            raise Err("A name is expected")
        session.name = arg
        return "Now the password"  # RFC 1939 section 7: whether there is such a user is not told

    async def do_pass(self, session: _Session, arg: str) -> str:
        name, session.name = session.name, None
        if name is None:
            raise Err("USER first")
        try:
            return self._open(session, sasl.accounts(self.world).login(name, arg))
        except sasl.Refused:
            raise Err("[AUTH] Invalid credentials") from None

    async def do_apop(self, session: _Session, arg: str) -> str:
        name, _, digest = arg.rpartition(" ")
        accounts = sasl.accounts(self.world)
        user = accounts.find(name)
        secret = session.banner + (accounts.passwords[user] if user is not None else secrets.token_hex())
        expected = hashlib.md5(secret.encode(), usedforsecurity=False).hexdigest()
        if user is None or not hmac.compare_digest(expected.encode(), digest.encode("utf-8", "surrogateescape")):
            raise Err("[AUTH] Invalid credentials")
        return self._open(session, user)

    async def do_auth(self, session: _Session, arg: str) -> str | bytes:
        offered = self._mechanisms(session)
        if not arg:  # RFC 1734's successors keep it out, some clients ask
            return "\r\n".join(["+OK Mechanisms", *offered, ".\r\n"]).encode()
        mechanism, _, initial = arg.partition(" ")
        if mechanism.upper() not in offered:
            raise Err("Unrecognized authentication mechanism")

        async def ask(challenge: bytes) -> bytes:
            await session.conn.write(b"+ " + challenge + b"\r\n")
            return (await self._line(session.conn, secret=True)).encode("utf-8", "surrogateescape")

        accounts = sasl.accounts(self.world, session.conn.ssl_object)
        try:
            return self._open(session, await sasl.authenticate(mechanism, initial.encode() or None, accounts, ask))
        except sasl.Refused:
            raise Err("[AUTH] Invalid credentials") from None
        except sasl.Cancelled:
            raise Err("Authentication cancelled") from None
        except sasl.SASLError:
            raise Err("Malformed authentication exchange") from None

    def _open(self, session: _Session, user: str) -> str:
        session.folder = self.world.inbox(user)
        session.conn.user = user
        session.entries = [Entry(message.uid, _crlf(message.raw)) for message in session.folder.messages]
        return f"{len(session.entries)} messages"

    # -- with the maildrop --------------------------------------------------------------------------------------------

    async def do_stat(self, session: _Session, arg: str) -> str:
        left = session.remaining()
        return f"{len(left)} {sum(len(entry.data) for _, entry in left)}"

    async def do_list(self, session: _Session, arg: str) -> str | bytes:
        return self._scan(session, arg, lambda entry: str(len(entry.data)))

    async def do_uidl(self, session: _Session, arg: str) -> str | bytes:
        assert session.folder is not None
        validity = session.folder.uidvalidity
        return self._scan(session, arg, lambda entry: f"{validity}.{entry.uid}")

    @staticmethod
    def _scan(session: _Session, arg: str, tell: Callable[[Entry], str]) -> str | bytes:
        if arg:
            number, entry = session.entry(arg)
            return f"{number} {tell(entry)}"
        lines = [f"{number} {tell(entry)}" for number, entry in session.remaining()]
        return "\r\n".join([f"+OK {len(lines)} messages", *lines, ".\r\n"]).encode()

    async def do_retr(self, session: _Session, arg: str) -> bytes:
        _, entry = session.entry(arg)
        return f"+OK {len(entry.data)} octets\r\n".encode() + _stuffed(entry.data)

    async def do_top(self, session: _Session, arg: str) -> bytes:
        first, _, second = arg.partition(" ")
        _, entry = session.entry(first)
        count = _number(second)
        header, gap, body = entry.data.partition(b"\r\n\r\n")
        lines = body.splitlines(keepends=True)[:count]
        return b"+OK Top of it\r\n" + _stuffed(header + gap + b"".join(lines))

    async def do_dele(self, session: _Session, arg: str) -> str:
        number, _ = session.entry(arg)
        session.deleted.add(number)
        return f"Message {number} marked"

    async def do_rset(self, session: _Session, arg: str) -> str:
        session.deleted.clear()
        return f"{len(session.entries)} messages"

    async def do_noop(self, session: _Session, arg: str) -> str:
        return "Nothing done"

    async def do_quit(self, session: _Session, arg: str) -> str:
        if session.folder is not None and session.deleted:
            session.folder.remove([session.entries[number - 1].uid for number in session.deleted])
        return "Goodbye"
