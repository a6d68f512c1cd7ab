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

from nettools.testing.lines import LineServer, Refusal, crlf, stuffed
from nettools.testing.sasl import MECHANISMS
from nettools.testing.server import Connection
from nettools.testing.world import Folder

_TAGS = ("TOP", "UIDL", "USER", "PIPELINING", "RESP-CODES", "AUTH-RESP-CODE")


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
            raise Refusal("No such message")
        return number, self.entries[number - 1]


def _number(text: str) -> int:
    if not re.fullmatch(r"\d{1,9}", text, re.ASCII):
        raise Refusal("A number is expected")
    return int(text)


class POP3Server(LineServer[_Session]):
    """A server of its World users' INBOXes."""

    protocol = "pop3"
    refusal = "-ERR [SYS/PERM] Refused"
    too_long, bare = "Line too long", "Lines end with CR LF"
    unproved = ("[AUTH] Invalid credentials", "Authentication cancelled", "Malformed authentication exchange")
    anonymous = ("CAPA", "USER", "PASS", "APOP", "AUTH", "STLS", "UTF8", "QUIT")
    optional = ("TOP", "UIDL", "APOP", "STLS", "CAPA", "UTF8")
    known = (*anonymous, "STAT", "LIST", "UIDL", "RETR", "TOP", "DELE", "NOOP", "RSET")

    @classmethod
    def capabilities(cls) -> frozenset[str]:
        return frozenset({*_TAGS, *cls.optional, "SASL", "STARTTLS", *MECHANISMS})

    def begin(self, conn: Connection) -> _Session:
        return _Session(conn, f"<{secrets.token_hex(8)}@localhost>")

    def greeting(self, session: _Session) -> str:
        return f"+OK POP3 nettools.testing{f' {session.banner}' if self.offers('APOP') else ''}"

    def refused(self, refusal: Refusal) -> str:
        text = str(refusal)
        return "-ERR " + (text if self.offers("RESP-CODES") else re.sub(r"^\[[^]]*\] ", "", text))

    async def command(self, session: _Session, verb: str, arg: str) -> bytes:
        if verb not in self.known or (verb in self.optional and not self.offers(verb)):
            raise Refusal("Unknown command")
        if session.folder is None and verb not in self.anonymous:
            raise Refusal("Log in first")
        if session.folder is not None and verb in ("USER", "PASS", "APOP", "AUTH", "STLS", "UTF8"):
            raise Refusal("Already logged in")
        if arg and verb in ("CAPA", "STAT", "RSET", "NOOP", "QUIT", "STLS", "UTF8"):
            raise Refusal("No argument is taken")
        reply = await getattr(self, f"do_{verb.lower()}")(session, arg)
        return reply if isinstance(reply, bytes) else f"+OK {reply}\r\n".encode()

    # -- before login -------------------------------------------------------------------------------------------------

    async def do_capa(self, session: _Session, arg: str) -> bytes:
        known = {name: name for name in _TAGS}
        known["UTF8"] = "UTF8 USER"  # RFC 6856 section 2.1: names and passwords are UTF-8 in any case
        mechanisms = self.mechanisms(session.conn)
        if mechanisms:
            known["SASL"] = " ".join(["SASL", *mechanisms])
        if session.conn.starttls:
            known["STLS"] = "STLS"
        lines = [text for name, text in known.items() if self.offers(name)] + list(self.extra)
        return "\r\n".join(["+OK Capabilities", *lines, ".\r\n"]).encode()

    async def do_stls(self, session: _Session, arg: str) -> bytes:
        if not session.conn.starttls:
            raise Refusal("TLS is not available here")
        await session.conn.write(b"+OK Begin TLS\r\n")
        await session.conn.start_tls()
        session.name = None
        return b""

    async def do_utf8(self, session: _Session, arg: str) -> str:
        return "Messages are sent as they are, UTF-8 in their headers too"

    async def do_user(self, session: _Session, arg: str) -> str:
        if not self.offers("USER"):
            raise Refusal("Unknown command")
        if not arg:
            raise Refusal("A name is expected")
        session.name = arg
        return "Now the password"  # RFC 1939 section 7: whether there is such a user is not told

    async def do_pass(self, session: _Session, arg: str) -> str:
        name, session.name = session.name, None
        if name is None:
            raise Refusal("USER first")
        return self._open(session, self.proved(session.conn, name, arg))

    async def do_apop(self, session: _Session, arg: str) -> str:
        name, _, digest = arg.rpartition(" ")
        accounts = self.accounts(session.conn)
        user = accounts.find(name)
        secret = session.banner + (accounts.passwords[user] if user is not None else secrets.token_hex())
        expected = hashlib.md5(secret.encode(), usedforsecurity=False).hexdigest()
        if user is None or not hmac.compare_digest(expected.encode(), digest.encode("utf-8", "surrogateescape")):
            raise Refusal("[AUTH] Invalid credentials")
        return self._open(session, user)

    async def do_auth(self, session: _Session, arg: str) -> str | bytes:
        offered = self.mechanisms(session.conn)
        if not arg:  # RFC 1734's successors keep it out, some clients ask
            return "\r\n".join(["+OK Mechanisms", *offered, ".\r\n"]).encode()
        mechanism, _, initial = arg.partition(" ")
        if mechanism.upper() not in offered:
            raise Refusal("Unrecognized authentication mechanism")
        return self._open(session, await self.authenticated(session.conn, mechanism, initial))

    def _open(self, session: _Session, user: str) -> str:
        session.folder = self.world.inbox(user)
        session.conn.user = user
        session.entries = [Entry(message.uid, crlf(message.raw)) for message in session.folder.messages]
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
        return f"+OK {len(entry.data)} octets\r\n".encode() + stuffed(entry.data)

    async def do_top(self, session: _Session, arg: str) -> bytes:
        first, _, second = arg.partition(" ")
        _, entry = session.entry(first)
        count = _number(second)
        header, gap, body = entry.data.partition(b"\r\n\r\n")
        lines = body.splitlines(keepends=True)[:count]
        return b"+OK Top of it\r\n" + stuffed(header + gap + b"".join(lines))

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
