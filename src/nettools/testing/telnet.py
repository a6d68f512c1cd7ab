"""A fake Telnet server: `login: `, `Password: `, then `$ ` with a few commands (RFC 854).

It takes the client's line ends in any form, and asks a client not to echo the password (WILL ECHO, then WONT ECHO).
`options` are said to every client at once, as `[("DO", 24), ("WILL", 3)]`; what clients answered is in `answers`, and
what they told in subnegotiations in `told`, both in order. What a client asks for of its own accord is declined, once
(RFC 1143). With `echo=True` the server echoes what it gets, as most do.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable
from typing import Any, ClassVar

from nettools.testing.server import Connection, Server

__all__ = ["TelnetServer"]

IAC, SB, SE, AYT = 255, 250, 240, 246
VERBS = {251: "WILL", 252: "WONT", 253: "DO", 254: "DONT"}
CODES = {name: code for code, name in VERBS.items()}
ASKED = ("WILL", "DO")
ANSWERS = {"DO": ("WILL", "WONT"), "DONT": ("WILL", "WONT"), "WILL": ("DO", "DONT"), "WONT": ("DO", "DONT")}
ECHO = 1
ATTEMPTS = 3
COMMANDS = ("help", "echo WORDS", "whoami", "exit")


class Stream:
    """What one client sends, taken apart: lines for the dialogue, the rest for the record."""

    def __init__(self, server: TelnetServer, conn: Connection) -> None:
        self.server, self.conn = server, conn
        self.echo = server.echo
        self._agreed: dict[tuple[str, int], bool] = {}  # (WILL or DO, option): whether the client has said yes
        self._octets = self._read()
        self._secret = False
        self._last = 0

    async def _read(self) -> AsyncIterator[int]:
        while data := await self.conn.read(secret=self._secret):
            for octet in data:
                yield octet

    async def _next(self) -> int:
        return await anext(self._octets, -1)

    async def say(self, verb: str, option: int, text: bytes = b"") -> None:
        """Negotiate an option, and say something behind it."""
        self.negotiates(verb, option)
        await self.conn.write(bytes([IAC, CODES[verb], option]) + text)

    def negotiates(self, verb: str, option: int) -> None:
        """The server says this of an option."""
        if verb in ASKED:
            self._agreed[verb, option] = False
        else:
            self._agreed.pop(({"WONT": "WILL", "DONT": "DO"}[verb], option), None)

    async def _answered(self, verb: str, option: int) -> None:
        """Answer what the client says of an option, unless it is an answer itself."""
        asked, refusal = ANSWERS[verb]
        if verb in ASKED and (asked, option) in self._agreed:
            self._agreed[asked, option] = True
        elif verb in ASKED or self._agreed.pop((asked, option), False):
            await self.conn.write(bytes([IAC, CODES[refusal], option]))

    async def line(self, *, secret: bool = False) -> str | None:
        """The next line without its end; None when the client is gone."""
        self._secret = secret
        line = bytearray()
        while (octet := await self._next()) >= 0:
            last, self._last = self._last, octet
            if octet == IAC:
                octet = await self._command()
                if octet < 0:
                    continue
            if octet in b"\n\0" and last == 13:
                continue  # the second half of CR LF, or of CR NUL
            if octet in b"\r\n":
                if self.echo and not secret:
                    await self.conn.write(b"\r\n")
                return line.decode("utf-8", "replace")
            line.append(octet)
            if self.echo and not secret:
                await self.conn.write(bytes([octet]))
        return None

    async def _command(self) -> int:
        """What stands behind an IAC: 255 if it is a doubled one, else -1."""
        code = await self._next()
        if code == IAC:
            return IAC
        if code in VERBS:
            if (option := await self._next()) >= 0:
                self.server.answers.append((VERBS[code], option))
                await self._answered(VERBS[code], option)
        elif code == SB:
            content = bytearray()
            while (octet := await self._next()) >= 0:
                if octet == IAC and (octet := await self._next()) == SE:
                    break
                content.append(max(octet, 0))
            self.server.told.append((content[0] if content else -1, bytes(content[1:])))
        elif code == AYT:
            await self.conn.write(b"[Yes]\r\n")
        return -1


class TelnetServer(Server):
    """`telnet_server.url`; `answers` and `told` are what clients said about options."""

    protocol: ClassVar[str] = "telnet"
    has_starttls: ClassVar[bool] = False

    def __init__(
        self, *args: Any, options: Iterable[tuple[str, int]] = (), echo: bool = False, ask: bytes = b"", **more: Any
    ) -> None:
        super().__init__(*args, **more)
        self.echo = echo
        self.answers: list[tuple[str, int]] = []
        self.told: list[tuple[int, bytes]] = []
        script = [("WILL", ECHO), *options] if echo else options
        self._script = tuple(script)
        self._begin = b"".join(bytes([IAC, CODES[verb], option]) for verb, option in self._script) + ask

    async def session(self, conn: Connection) -> None:
        """Log in, then carry out commands."""
        stream = Stream(self, conn)
        for verb, option in self._script:
            stream.negotiates(verb, option)
        await conn.write(self._begin)
        for _ in range(ATTEMPTS):
            if await self._login(conn, stream):
                break
            await conn.write(b"Login incorrect\r\n")
        else:
            await self._leave(conn)
            return
        await conn.write(f"Welcome {conn.user}\r\n".encode())
        while True:
            await conn.write(b"$ ")
            line = await stream.line()
            if line is None:
                return
            word, _, rest = line.strip().partition(" ")
            if word and await self.intercept(conn, word.upper(), rest):
                continue
            if word == "exit":
                await conn.write(b"bye\r\n")
                await self._leave(conn)
                return
            await conn.write(self._answer(conn, word, rest))

    async def _leave(self, conn: Connection) -> None:
        """Close this side first: what the client still says must not come back to it as a reset."""
        if conn.writer.can_write_eof():
            conn.writer.write_eof()
            while await conn.read():
                pass

    async def _login(self, conn: Connection, stream: Stream) -> bool:
        await conn.write(b"login: ")
        user = await stream.line()
        if user is None:
            raise ConnectionResetError
        if await self.intercept(conn, "LOGIN", user):
            return False
        if self.echo:
            await conn.write(b"Password: ")
        else:
            await stream.say("WILL", ECHO, b"Password: ")
        password = await stream.line(secret=True)
        if password is None:
            raise ConnectionResetError
        if self.echo:
            await conn.write(b"\r\n")
        else:
            await stream.say("WONT", ECHO, b"\r\n")
        if await self.intercept(conn, "PASSWORD", user):
            return False
        conn.user = user
        return self.world.check_password(user, password)

    def _answer(self, conn: Connection, word: str, rest: str) -> bytes:
        text = {
            "": "",
            "help": f"{', '.join(COMMANDS)}\r\n",
            "echo": f"{rest}\r\n",
            "whoami": f"{conn.user}\r\n",
        }.get(word, f"unknown command {word}\r\n")
        return text.encode().replace(bytes([IAC]), bytes([IAC, IAC]))
