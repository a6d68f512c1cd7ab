"""The SMTP and LMTP fakes: RFC 5321 and RFC 2033 over the World, strict where clients get it wrong.

Mail is delivered to the World's INBOX at the final dot, octet for octet as it came (dots unstuffed; no Received or
Return-Path is added), and kept with its envelope in `.envelopes`. NAME@any-domain is NAME's mail, other recipients get
550 5.1.1. Lines end with CR LF: a message with a bare CR or LF in it is taken to its end and refused with 550, and only
CR LF . CR LF ends it, so that no smuggled dot does. MAIL and RCPT parameters are checked against what EHLO announced.

Extensions: PIPELINING (2920), SIZE (1870), 8BITMIME (6152), SMTPUTF8 (6531), CHUNKING (3030), DSN (3461),
ENHANCEDSTATUSCODES (2034), STARTTLS (3207), AUTH (4954). Any is left out by name, a mechanism of AUTH by its own:
`without={"SIZE", "CRAM-MD5"}`. Rules see each command, and the end of a message, by DATA or BDAT, as the verb ".".
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any, ClassVar

from nettools.testing.lines import LineServer, Refusal, read_dotted
from nettools.testing.sasl import MECHANISMS
from nettools.testing.server import Connection
from nettools.testing.world import World

_ATOM = r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~\u0080-\U0010ffff-]+"
_MAILBOX = (
    rf'(?:{_ATOM}(?:\.{_ATOM})*|"(?:[^"\\\r\n]|\\.)*")'
    r"@(?:[A-Za-z0-9\u0080-\U0010ffff](?:[A-Za-z0-9.\u0080-\U0010ffff-]*[A-Za-z0-9\u0080-\U0010ffff])?|\[[^\]\s]+\])"
)
_FROM = re.compile(rf"FROM:<(?:@[^:>]+:)?({_MAILBOX})?>((?: .*)?)", re.IGNORECASE)
_TO = re.compile(rf"TO:<(?:@[^:>]+:)?({_MAILBOX}|postmaster)>((?: .*)?)", re.IGNORECASE)
_PARAMETER = re.compile(r"([A-Za-z0-9][A-Za-z0-9-]*)(?:=([^=\s\x00-\x1f]+))?")
_XTEXT = r"(?:[!-*,-<>-~]|\+[0-9A-F]{2})+"  # RFC 3461 4
_DSN = {
    "RET": re.compile("FULL|HDRS", re.IGNORECASE),
    "ENVID": re.compile(_XTEXT),
    "NOTIFY": re.compile(r"NEVER|(?:SUCCESS|FAILURE|DELAY)(?:,(?:SUCCESS|FAILURE|DELAY))*", re.IGNORECASE),
    "ORCPT": re.compile(rf"[A-Za-z0-9-]+;{_XTEXT}"),
}
_CHUNK = re.compile(r"(\d{1,12})( LAST)?", re.IGNORECASE)
_EXTENSIONS = ("PIPELINING", "SIZE", "8BITMIME", "SMTPUTF8", "CHUNKING", "DSN", "ENHANCEDSTATUSCODES")


@dataclass(frozen=True)
class Envelope:
    """A message as it was delivered, with what was said about it."""

    sender: str
    recipients: tuple[str, ...]
    raw: bytes
    mail_options: tuple[str, ...] = ()
    user: str | None = None
    rcpt_options: tuple[tuple[str, ...], ...] = ()


@dataclass
class Transaction:
    """What MAIL and RCPT have said so far."""

    sender: str
    options: tuple[str, ...]
    recipients: list[str] = field(default_factory=list)
    rcpt_options: list[tuple[str, ...]] = field(default_factory=list)
    chunks: bytearray | None = None  # of BDAT, once it has begun

    @property
    def smtputf8(self) -> bool:
        return "SMTPUTF8" in self.options


class _Session:
    """One connection's state: greeted or not, who logged in, the transaction under way."""

    def __init__(self, conn: Connection) -> None:
        self.conn = conn
        self.reset()

    def reset(self) -> None:
        """Forget everything, as after the greeting and after STARTTLS."""
        self.helo: str | None = None
        self.extended = False
        self.user: str | None = None
        self.transaction: Transaction | None = None
        self.chunk: bytes | None = None  # what came with the BDAT under way


class SMTPServer(LineServer[_Session]):
    """A mail server that accepts mail for the users of its World.

    Args beyond those of `Server`: `size` is the greatest message taken, in octets; `require_auth` refuses MAIL before
    AUTH (530 5.7.0). AUTH is offered otherwise, and wrong passwords always fail (535 5.7.8).
    """

    protocol = "smtp"
    refusal = "502 5.7.0 Refused"
    longest = 12288 + 10  # RFC 4954 section 4, and the command's own name
    too_long, bare = "500 5.5.2 Line too long", "500 5.5.2 Lines end with CR LF"
    nobody: ClassVar[str] = "554 5.5.1 No valid recipients"
    announced, prompt = "AUTH", b"334 "
    unproved = (
        "535 5.7.8 Authentication credentials invalid",
        "501 5.7.0 Authentication cancelled",
        "501 5.5.2 Malformed authentication exchange",
    )
    hello: ClassVar[tuple[str, ...]] = ("HELO", "EHLO")

    @classmethod
    def capabilities(cls) -> frozenset[str]:
        return frozenset({*_EXTENSIONS, "STARTTLS", "AUTH", *MECHANISMS})

    def __init__(
        self, world: World | None = None, *, size: int = 35_882_577, require_auth: bool = False, **options: Any
    ) -> None:
        super().__init__(world, **options)
        self.size = size
        self.require_auth = require_auth
        self.envelopes: list[Envelope] = []

    def begin(self, conn: Connection) -> _Session:
        return _Session(conn)

    def greeting(self, session: _Session) -> str:
        return f"220 localhost {self.protocol.upper()} nettools.testing"

    def decoded(self, line: bytes) -> str:
        try:
            return line.decode()
        except UnicodeDecodeError:
            raise Refusal("500 5.5.2 Not UTF-8") from None

    def encoded(self, reply: str | bytes) -> bytes:
        if isinstance(reply, str) and not self.offers("ENHANCEDSTATUSCODES"):
            reply = re.sub(r"(?m)^(\d{3}[ -])\d\.\d\.\d+ ", r"\1", reply)
        return super().encoded(reply)

    async def next_command(self, session: _Session) -> tuple[str, str]:
        verb, arg = await super().next_command(session)
        session.chunk = await self._chunk(session.conn, arg) if verb == "BDAT" and self.offers("CHUNKING") else None
        return verb, arg

    async def command(self, session: _Session, verb: str, arg: str) -> str:
        handler = getattr(self, f"do_{verb.lower()}", None)
        if handler is None or not verb.isalpha() or (verb in ("HELO", "EHLO", "LHLO") and verb not in self.hello):
            raise Refusal("500 5.5.1 Unknown command")
        return str(await handler(session, arg))

    # -- greeting -----------------------------------------------------------------------------------------------------

    def keywords(self, session: _Session) -> list[str]:
        """Return the EHLO keywords offered on this connection now."""
        known = {name: name for name in _EXTENSIONS} | {"SIZE": f"SIZE {self.size}"}
        if session.conn.starttls:
            known["STARTTLS"] = "STARTTLS"
        mechanisms = self.mechanisms(session.conn)
        if mechanisms:
            known["AUTH"] = " ".join(["AUTH", *mechanisms])
        return [text for name, text in known.items() if self.offers(name)] + list(self.extra)

    async def do_helo(self, session: _Session, arg: str) -> str:
        return self._greet(session, arg, extended=False)

    async def do_ehlo(self, session: _Session, arg: str) -> str:
        return self._greet(session, arg, extended=True)

    def _greet(self, session: _Session, arg: str, *, extended: bool) -> str:
        if not arg or " " in arg:
            raise Refusal("501 5.5.4 Syntax: one domain or address literal")
        session.helo, session.extended, session.transaction = arg, extended, None
        lines = ["localhost greets you", *(self.keywords(session) if extended else ())]
        return "\r\n".join(f"250{' ' if line is lines[-1] else '-'}{line}" for line in lines)

    async def do_lhlo(self, session: _Session, arg: str) -> str:
        return self._greet(session, arg, extended=True)

    async def do_starttls(self, session: _Session, arg: str) -> str:
        if not session.conn.starttls:
            raise Refusal("503 5.5.1 TLS is not available here")
        if arg:
            raise Refusal("501 5.5.4 STARTTLS takes no argument")
        await session.conn.write(self.encoded("220 2.0.0 Ready to start TLS"))
        await session.conn.start_tls()
        session.reset()  # RFC 3207 section 4.2: everything learned before TLS is forgotten
        return ""

    # -- login --------------------------------------------------------------------------------------------------------

    async def do_auth(self, session: _Session, arg: str) -> str:
        if not session.extended or session.user is not None or session.transaction is not None:
            raise Refusal("503 5.5.1 AUTH comes once, after EHLO, outside a mail transaction")
        mechanism, _, initial = arg.partition(" ")
        if not mechanism or " " in initial:
            raise Refusal("501 5.5.4 Syntax: AUTH mechanism [initial-response]")
        if mechanism.upper() not in self.mechanisms(session.conn):
            raise Refusal("504 5.5.4 Unrecognized authentication mechanism")
        session.user = await self.authenticated(session.conn, mechanism, initial)
        session.conn.user = session.user
        return "235 2.7.0 Authentication succeeded"

    # -- the transaction ----------------------------------------------------------------------------------------------

    def _parameters(self, text: str, session: _Session, known: dict[str, str]) -> dict[str, str]:
        """Return the parameters of MAIL or RCPT; `known` maps each to the capability that allows it."""
        found: dict[str, str] = {}
        for word in text.split(" ")[1:] if text else ():
            match = _PARAMETER.fullmatch(word)
            if match is None or match[1].upper() in found:
                raise Refusal("501 5.5.4 Bad parameters")
            name = match[1].upper()
            if name not in known or not self.offers(known[name]) or not session.extended:
                raise Refusal(f"555 5.5.4 Unsupported parameter {name}")
            if name in _DSN and not _DSN[name].fullmatch(match[2] or ""):
                raise Refusal(f"501 5.5.4 Bad value of {name}")
            found[name] = match[2] or ""
        return found

    async def do_mail(self, session: _Session, arg: str) -> str:
        if session.helo is None:
            raise Refusal(f"503 5.5.1 Say {self.hello[-1]} first")
        if session.transaction is not None:
            raise Refusal("503 5.5.1 Nested MAIL command")
        if self.require_auth and session.user is None:
            raise Refusal("530 5.7.0 Authentication required")
        match = _FROM.fullmatch(arg)
        if match is None:
            raise Refusal("501 5.1.7 Syntax: MAIL FROM:<address> [parameters]")
        known = {
            "SIZE": "SIZE",
            "BODY": "8BITMIME",
            "SMTPUTF8": "SMTPUTF8",
            "AUTH": "AUTH",
            "RET": "DSN",
            "ENVID": "DSN",
        }
        found = self._parameters(match[2], session, known)
        if not re.fullmatch("[0-9]{1,20}", found.get("SIZE", "0")):  # RFC 1870 3
            raise Refusal("501 5.5.4 SIZE is a number of octets")
        if found.get("BODY", "7BIT").upper() not in ("7BIT", "8BITMIME") or found.get("SMTPUTF8"):
            raise Refusal("501 5.5.4 Bad parameters")
        if self.size and int(found.get("SIZE", "0")) > self.size:
            raise Refusal("552 5.3.4 Message size exceeds the limit")
        sender = match[1] or ""
        _check_ascii(sender, "SMTPUTF8" in found)
        session.transaction = Transaction(sender, _words(found))
        return "250 2.1.0 Sender OK"

    async def do_rcpt(self, session: _Session, arg: str) -> str:
        transaction = session.transaction
        if transaction is None:
            raise Refusal("503 5.5.1 MAIL first")
        match = _TO.fullmatch(arg)
        if match is None:
            raise Refusal("501 5.1.3 Syntax: RCPT TO:<address> [parameters]")
        found = self._parameters(match[2], session, {"NOTIFY": "DSN", "ORCPT": "DSN"})
        if transaction.chunks is not None:
            raise Refusal("503 5.5.1 The message has begun")
        _check_ascii(match[1], transaction.smtputf8)
        if self.world.user_of(match[1]) is None:
            raise Refusal("550 5.1.1 No such user here")
        transaction.recipients.append(match[1])
        transaction.rcpt_options.append(_words(found))
        return "250 2.1.5 Recipient OK"

    async def do_data(self, session: _Session, arg: str) -> str:
        transaction = session.transaction
        if arg:
            raise Refusal("501 5.5.4 DATA takes no argument")
        if transaction is None:
            raise Refusal("503 5.5.1 MAIL first")
        if transaction.chunks is not None:
            raise Refusal("503 5.5.1 BDAT has begun")
        if not transaction.recipients:
            raise Refusal(self.nobody)
        await session.conn.write(self.encoded("354 End data with <CR><LF>.<CR><LF>"))
        session.transaction = None
        return await self._finish(session, transaction, await read_dotted(session.conn))

    async def do_bdat(self, session: _Session, arg: str) -> str:
        match, transaction = _CHUNK.fullmatch(arg), session.transaction
        if not self.offers("CHUNKING"):
            raise Refusal("500 5.5.1 Unknown command")
        if match is None or session.chunk is None:
            raise Refusal("501 5.5.4 Syntax: BDAT octets [LAST]")
        if transaction is None:
            raise Refusal("503 5.5.1 MAIL first")
        if not transaction.recipients:
            raise Refusal(self.nobody)
        transaction.chunks = (transaction.chunks or bytearray()) + session.chunk
        if match[2] is None:
            return f"250 2.0.0 {len(session.chunk)} octets"
        session.transaction = None
        return await self._finish(session, transaction, bytes(transaction.chunks))

    @staticmethod
    async def _chunk(conn: Connection, arg: str) -> bytes | None:
        """The octets behind a BDAT, which come whether it is in order or not (RFC 3030 2); None for no number."""
        match = _CHUNK.fullmatch(arg)
        return await conn.readexactly(int(match[1])) if match is not None else None

    async def _finish(self, session: _Session, transaction: Transaction, raw: bytes) -> str:
        """The message is whole: take it, or refuse it."""
        if await self.intercept(session.conn, ".", "\n".join(transaction.recipients)):
            return ""
        if self.size and len(raw) > self.size:
            return self._outcome(transaction, "552 5.3.4 Message size exceeds the limit")
        if re.search(rb"\r(?!\n)|(?<!\r)\n", raw):
            return self._outcome(transaction, "550 5.5.2 A bare CR or LF in the message: lines end with CR LF")
        for user in dict.fromkeys(map(self.world.user_of, transaction.recipients)):
            if user is not None:
                self.world.deliver(user, raw)
        self.envelopes.append(
            Envelope(
                transaction.sender,
                tuple(transaction.recipients),
                raw,
                transaction.options,
                session.user,
                tuple(transaction.rcpt_options),
            )
        )
        return self._outcome(transaction, "250 2.0.0 Message accepted")

    def _outcome(self, transaction: Transaction, text: str) -> str:
        """The answer to a whole message."""
        return text

    async def do_rset(self, session: _Session, arg: str) -> str:
        session.transaction = None
        return "250 2.0.0 Reset"

    async def do_noop(self, session: _Session, arg: str) -> str:
        return "250 2.0.0 OK"

    async def do_vrfy(self, session: _Session, arg: str) -> str:
        if not arg:
            raise Refusal("501 5.5.4 Syntax: VRFY name")
        user = self.world.user_of(arg.strip("<>"))
        if user is None:
            raise Refusal("550 5.1.1 No such user here")
        return f"250 2.1.5 <{user}@localhost>"

    async def do_quit(self, session: _Session, arg: str) -> str:
        return "221 2.0.0 Goodbye"

    async def do_help(self, session: _Session, arg: str) -> str:
        others = {"HELO", "EHLO", "LHLO"}.difference(self.hello)
        return f"214 2.0.0 {' '.join(verb for verb in self.verbs() if verb not in others)}"


def _words(parameters: dict[str, str]) -> tuple[str, ...]:
    """Parameters as they are written."""
    return tuple(f"{name}={value}" if value else name for name, value in parameters.items())


def _check_ascii(address: str, smtputf8: bool) -> None:
    if not smtputf8 and not address.isascii():
        raise Refusal("553 5.6.7 A non-ASCII address needs SMTPUTF8")


class LMTPServer(SMTPServer):
    """The same with LHLO for EHLO and, after the final dot, a reply for each recipient (RFC 2033)."""

    protocol = "lmtp"
    hello = ("LHLO",)
    nobody = "503 5.5.1 No valid recipients"  # RFC 2033 section 4.2

    def _outcome(self, transaction: Transaction, text: str) -> str:
        said = "250 2.1.5 <{}> delivered" if text.startswith("250") else text
        return "\r\n".join(said.format(recipient) for recipient in transaction.recipients)
