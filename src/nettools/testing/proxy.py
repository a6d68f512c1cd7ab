"""A proxy: SOCKS 4, 4a, 5 and HTTP, all on one port; the first octet says which.

`requests` are what it was asked for; with `users` a name and password have to be shown (SOCKS 4 shows a name alone).
Names are looked up in `hosts`, then by the system, so that a test sees where a look-up happened. Rules see the verb
CONNECT with `host:port`: a reply goes out as HTTP or, for SOCKS, as the code that it begins with:
`proxy_server.on("CONNECT", arg=":25$").reply("403 Forbidden")` or `.reply("2")`.

RFC 1928, RFC 1929, RFC 9110 9.3.6, RFC 9112 3.2.2, and the memo on SOCKS 4A.
"""

from __future__ import annotations

import asyncio
import base64
import contextlib
import socket
import struct
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal
from urllib.parse import urlsplit

from nettools.testing.connection import Connection, Hangup
from nettools.testing.server import Server

__all__ = ["ProxyRequest", "ProxyServer"]


@dataclass(frozen=True, slots=True)
class ProxyRequest:
    """What a client asked for: in which way, where to (a name means that the proxy was to look it up), as whom."""

    kind: Literal["socks4", "socks4a", "socks5", "socks5h", "http", "forward"]
    host: str
    port: int
    user: str | None = None


class ProxyServer(Server):
    """Connects its clients to where they want, on loopback."""

    protocol = "proxy"
    has_starttls = False
    has_tls = False

    def __init__(
        self, *args: Any, users: Mapping[str, str] | None = None, hosts: Mapping[str, str] | None = None, **options: Any
    ) -> None:
        super().__init__(*args, **options)
        self.users = dict(users) if users is not None else None
        self.hosts = dict(hosts or {})
        self.requests: list[ProxyRequest] = []

    @property
    def url(self) -> str:
        """The address as an HTTP proxy."""
        return self._url("http", self.port)

    def url_for(self, kind: str, user: str | None = None, password: str | None = None) -> str:
        """The address as a proxy of this kind: http, socks4, socks4a, socks5 or socks5h."""
        login = "" if user is None else f"{user}{'' if password is None else f':{password}'}@"
        return self._url(kind, self.port).replace("://", f"://{login}")

    async def session(self, conn: Connection) -> None:
        first = await conn.readexactly(1)
        if first == b"\4":
            await self._socks4(conn)
        elif first == b"\5":
            await self._socks5(conn)
        else:
            await self._http(conn, first)

    # -- what the three have in common

    async def _reach(self, conn: Connection, request: ProxyRequest, refused: Mapping[str, bytes]) -> Any:
        """Connect to where a client wants; on failure the answer is `refused[code]`, or of a rule."""
        self.requests.append(request)
        where = f"{request.host}:{request.port}"
        rule = self.rules.find("CONNECT", where, user=conn.user, connection=conn.number)
        if rule is not None and rule.action == "reply":
            text = rule.data.decode()
            code = refused.get("code")
            answer = f"HTTP/1.1 {text}\r\n\r\n".encode() if code is None else code.replace(b"?", bytes([int(text[:1])]))
            await conn.write(answer)
            raise Hangup
        if rule is not None and await self._obey(conn, rule):
            raise Hangup
        host = self.hosts.get(request.host, request.host)
        try:
            return await self.streams.connect(host, request.port)
        except OSError:
            await conn.write(refused["unreachable"])
            raise Hangup from None

    async def _relay(self, conn: Connection, there: Any) -> None:
        """Move octets both ways until both ends are done."""
        reader, writer = there

        async def upstream() -> None:
            while data := await conn.reader.read(65536):
                writer.write(data)
                await writer.drain()
            _half_close(writer)

        async def downstream() -> None:
            while data := await reader.read(65536):
                conn.writer.write(data)
                await conn.writer.drain()
            _half_close(conn.writer)

        tasks = [asyncio.ensure_future(upstream()), asyncio.ensure_future(downstream())]
        try:
            await asyncio.gather(*tasks)
        finally:
            for task in tasks:
                task.cancel()
            writer.close()

    def _known(self, user: str, password: str) -> bool:
        return self.users is None or self.users.get(user) == password

    # -- SOCKS

    async def _socks4(self, conn: Connection) -> None:
        command, port, address = struct.unpack("!BH4s", await conn.readexactly(7))
        user = (await conn.read_until(b"\0"))[:-1].decode("utf-8", "replace")
        host, kind = socket.inet_ntoa(address), "socks4"
        if address[:3] == b"\0\0\0" and address[3]:
            host, kind = (await conn.read_until(b"\0"))[:-1].decode("ascii", "replace"), "socks4a"
        refused = {"code": b"\0?" + bytes(6), "unreachable": b"\0\x5b" + bytes(6)}
        if command != 1 or (self.users is not None and user not in self.users):
            await conn.write(b"\0\x5d" + bytes(6))
            return
        request = ProxyRequest(kind, host, port, user or None)  # type: ignore[arg-type]
        there = await self._reach(conn, request, refused)
        await conn.write(b"\0\x5a" + bytes(6))
        await self._relay(conn, there)

    async def _socks5(self, conn: Connection) -> None:
        methods = await conn.readexactly((await conn.readexactly(1))[0])
        wanted = 0 if self.users is None else 2
        if wanted not in methods:
            await conn.write(b"\5\xff")
            return
        await conn.write(bytes([5, wanted]))
        user = None
        if wanted == 2:
            user = await self._socks5_login(conn)
            if user is None:
                return
        _, command, _, form = await conn.readexactly(4)
        if form == 3:
            host = (await conn.readexactly((await conn.readexactly(1))[0])).decode("ascii", "replace")
        else:
            family, size = (socket.AF_INET, 4) if form == 1 else (socket.AF_INET6, 16)
            host = socket.inet_ntop(family, await conn.readexactly(size))
        (port,) = struct.unpack("!H", await conn.readexactly(2))
        nowhere = b"\0\1" + bytes(6)
        if command != 1:
            await conn.write(b"\5\7" + nowhere)
            return
        refused = {"code": b"\5?" + nowhere, "unreachable": b"\5\5" + nowhere}
        request = ProxyRequest("socks5h" if form == 3 else "socks5", host, port, user)
        there = await self._reach(conn, request, refused)
        await conn.write(b"\5\0" + nowhere)
        await self._relay(conn, there)

    async def _socks5_login(self, conn: Connection) -> str | None:
        """RFC 1929: who it is, None when the password is wrong."""
        length = (await conn.readexactly(2))[1]
        user = (await conn.readexactly(length)).decode("utf-8", "replace")
        password = await conn.readexactly((await conn.readexactly(1))[0], secret=True)
        good = self._known(user, password.decode("utf-8", "replace"))
        await conn.write(b"\1\0" if good else b"\1\1")
        return user if good else None

    # -- HTTP

    async def _http(self, conn: Connection, first: bytes) -> None:
        head = first + await conn.read_until(b"\r\n\r\n")
        lines = head.decode("latin-1").split("\r\n")
        method, target, _ = lines[0].split(" ", 2)
        fields = {name.strip().lower(): value.strip() for name, _, value in (line.partition(":") for line in lines[1:])}
        user = self._http_user(fields.get("proxy-authorization", ""))
        if self.users is not None and user is None:
            body = b"who are you?\n"
            await conn.write(
                b"HTTP/1.1 407 Proxy Authentication Required\r\nProxy-Authenticate: Basic realm=x\r\n"
                b"Content-Length: %d\r\nConnection: close\r\n\r\n%s" % (len(body), body)
            )
            return
        refused = {
            "unreachable": b"HTTP/1.1 502 Bad Gateway\r\nContent-Length: 0\r\nConnection: close\r\n\r\n",
        }
        if method == "CONNECT":
            host, _, port = target.rpartition(":")
            there = await self._reach(conn, ProxyRequest("http", host.strip("[]"), int(port), user), refused)
            await conn.write(b"HTTP/1.1 200 Connection established\r\n\r\n")
        else:
            parts = urlsplit(target)
            request = ProxyRequest("forward", parts.hostname or "", parts.port or 80, user)
            there = await self._reach(conn, request, refused)
            path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
            kept = [line for line in lines[1:] if not line.lower().startswith(("proxy-", "connection:"))]
            there[1].write("\r\n".join([f"{method} {path} HTTP/1.1", "Connection: close", *kept]).encode("latin-1"))
        await self._relay(conn, there)

    def _http_user(self, value: str) -> str | None:
        """Who shows these Basic credentials, None when they are missing or wrong."""
        scheme, _, word = value.partition(" ")
        if scheme.lower() != "basic":
            return None
        with contextlib.suppress(ValueError):
            user, _, password = base64.b64decode(word, validate=True).decode("utf-8").partition(":")
            return user if self._known(user, password) else None
        return None


def _half_close(writer: asyncio.StreamWriter) -> None:
    with contextlib.suppress(OSError):  # the other end may be gone already
        writer.write_eof()
