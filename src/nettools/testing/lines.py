"""What the fakes of line protocols share: a command a line, a `do_verb` for each, one reply; logins; texts with a dot.

A fake is a `LineServer` with `begin` (a new connection's state, which has a `conn`), `greeting`, `command` (what is
allowed when) and a coroutine for every verb it knows. A `Refusal`, wherever it is raised, is the reply. Login by SASL
is here (RFC 4422), and what a lone dot ends (RFC 5321 4.5.2, RFC 3977 3.1.1, RFC 1939 3). Knows no protocol's words:
they are class attributes.
"""

from __future__ import annotations

import re
from typing import ClassVar, Generic, Protocol, TypeVar

from nettools.testing import sasl
from nettools.testing.server import Connection, Hangup, LineTooLongError, Server

__all__ = ["LineServer", "Refusal", "crlf", "read_dotted", "stuffed"]


class Refusal(Exception):  # noqa: N818  # a reply on its way out
    """A command is not carried out; the text is the reply."""


class Talk(Protocol):
    """One connection's state."""

    conn: Connection


State = TypeVar("State", bound=Talk)


class LineServer(Server, Generic[State]):
    """A fake that is spoken to in lines."""

    longest: ClassVar[int] = 12288  # octets of a line: an answer in AUTH may be as long (RFC 4954 4)
    too_long: ClassVar[str]  # the reply to a longer one
    bare: ClassVar[str] = ""  # the reply to a line that ends with LF alone; "" takes it
    announced: ClassVar[str] = "SASL"  # the capability that logins by SASL are
    prompt: ClassVar[bytes] = b"+ "  # what a challenge follows
    nothing: ClassVar[bytes] = b""  # a challenge or an answer without octets
    unproved: ClassVar[tuple[str, str, str]]  # the replies to wrong credentials, to a cancelled exchange, to nonsense

    @classmethod
    def verbs(cls) -> list[str]:
        """The commands that it knows."""
        return sorted(name.removeprefix("do_").upper() for name in dir(cls) if name.startswith("do_"))

    def begin(self, conn: Connection) -> State:
        """The state of a new connection."""
        raise NotImplementedError  # every fake has its own

    def greeting(self, state: State) -> str | bytes:
        """What is said first."""
        raise NotImplementedError

    async def command(self, state: State, verb: str, arg: str) -> str | bytes:
        """Carry out a command, and give the reply."""
        raise NotImplementedError

    def end(self, state: State) -> None:
        """The conversation is over, however it ended."""

    def encoded(self, reply: str | bytes) -> bytes:
        """A reply as it goes over the wire; "" is none."""
        if isinstance(reply, bytes):
            return reply
        return f"{reply}\r\n".encode("utf-8", "surrogateescape") if reply else b""

    def refused(self, refusal: Refusal) -> str:
        """A refusal as a reply."""
        return str(refusal)

    async def session(self, conn: Connection) -> None:
        state = self.begin(conn)
        try:
            await conn.write(self.encoded(self.greeting(state)))
            while True:
                verb = ""
                try:
                    verb, arg = await self.next_command(state)
                    if await self.intercept(conn, verb, arg):
                        continue
                    reply = await self.command(state, verb, arg)
                except Refusal as refusal:
                    reply = self.refused(refusal)
                await conn.write(self.encoded(reply))
                if verb == "QUIT":
                    return
        finally:
            self.end(state)

    async def next_command(self, state: State) -> tuple[str, str]:
        """The next verb, in upper case, and what follows it."""
        verb, _, arg = (await self.line(state.conn)).partition(" ")
        return verb.upper(), arg

    async def line(self, conn: Connection, *, secret: bool = False) -> str:
        """A line without its end."""
        try:
            line = await conn.readline(self.longest, secret=secret)
        except LineTooLongError:
            raise Refusal(self.too_long) from None
        if not line:
            raise Hangup
        if self.bare and not line.endswith(b"\r\n"):
            raise Refusal(self.bare)
        return self.decoded(line.rstrip(b"\r\n") if not self.bare else line[:-2])

    def decoded(self, line: bytes) -> str:
        """A line as text."""
        return line.decode("utf-8", "surrogateescape")

    # -- logins

    def accounts(self, conn: Connection) -> sasl.Accounts:
        """Who may log in on this connection."""
        return sasl.accounts(self.world, conn.ssl_object)

    def mechanisms(self, conn: Connection) -> tuple[str, ...]:
        """The SASL mechanisms that are offered on this connection now."""
        return sasl.offered(self.accounts(conn), self.without) if self.offers(self.announced) else ()

    def proved(self, conn: Connection, name: str, password: str) -> str:
        """The user whose name and password these are."""
        try:
            return self.accounts(conn).login(name, password)
        except sasl.Refused:
            raise Refusal(self.unproved[0]) from None

    async def authenticated(self, conn: Connection, mechanism: str, initial: str) -> str:
        """The user that an exchange of SASL has shown the client to be; `initial` is what came with the command."""

        async def ask(challenge: bytes) -> bytes:
            await conn.write(self.prompt + (challenge or self.nothing) + b"\r\n")
            answer = (await self.line(conn, secret=True)).encode("utf-8", "surrogateescape")
            return b"" if answer == self.nothing else answer

        wrong, cancelled, malformed = self.unproved
        try:
            return await sasl.authenticate(
                mechanism, initial.encode("utf-8", "surrogateescape") or None, self.accounts(conn), ask
            )
        except sasl.Refused:
            raise Refusal(wrong) from None
        except sasl.Cancelled:
            raise Refusal(cancelled) from None
        except sasl.SASLError:
            raise Refusal(malformed) from None


def crlf(raw: bytes) -> bytes:
    """A message as it goes out: CR LF for every line end, one at the end."""
    data = re.sub(rb"\r\n|\r|\n", b"\r\n", raw)
    return data if data.endswith(b"\r\n") or not data else data + b"\r\n"


def stuffed(data: bytes) -> bytes:
    """A text as it goes out: dots doubled where a line begins with one, and the lone one at the end."""
    return re.sub(rb"(?m)^\.", b"..", data) + b".\r\n"


async def read_dotted(conn: Connection) -> bytes:
    """What comes up to CR LF . CR LF, its dots undone."""
    data = bytearray()
    while not (data == b".\r\n" or data.endswith(b"\r\n.\r\n")):
        data += await conn.read_until(b".\r\n")
    return re.sub(rb"(\A|\r\n)\.", rb"\1", bytes(data[:-3]))
