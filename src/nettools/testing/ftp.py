"""The FTP fake: files of the World in clear and under TLS (RFC 959, 2228, 2389, 2428, 3659, 4217).

Users read and write, `anonymous` only reads. Passive and active mode, TLS on both connections, resumption required
where `require_reuse` says so. LIST is Unix, or DOS with `dialect="dos"`; flags such as -a are ignored. A file is
there, whole or not, when its data connection has closed, as on real servers.
"""

from __future__ import annotations

import asyncio
import contextlib
import datetime as dt
import re
import socket
import ssl
from collections.abc import Callable
from typing import Any, Literal

from nettools.testing.server import Connection, LineTooLongError, Server, over_tls
from nettools.testing.world import File, World

__all__ = ["FTPServer"]

DATA_TIMEOUT = 10.0  # seconds that a client may take to open its data connection
FEATURES = ("EPSV", "EPRT", "MDTM", "MFMT", "SIZE", "REST STREAM", "TVFS", "UTF8")
FACTS = "type*;size*;modify*;perm*;unique*;"


class Refused(Exception):  # noqa: N818  # a refusal on its way out
    """A reply that ends the command."""

    def __init__(self, reply: str) -> None:
        super().__init__(reply)
        self.reply = reply


class _Client:
    """One control connection's state."""

    def __init__(self, conn: Connection) -> None:
        self.conn = conn
        self.user: str | None = None
        self.claimed = ""
        self.cwd = ""
        self.rest = 0
        self.renaming: str | None = None
        self.protected = False
        self.listener: asyncio.Server | None = None
        self.streams: asyncio.Queue[tuple[asyncio.StreamReader, asyncio.StreamWriter]] = asyncio.Queue()
        self.writers: set[asyncio.StreamWriter] = set()
        self.gone = False
        self.active: tuple[str, int] | None = None


class FTPServer(Server):
    """A file server over its World.

    Args beyond those of `Server`: `dialect` of LIST; `require_reuse`: a data connection has to resume the TLS session
    of the control connection; `pasv_host`: the address that PASV claims.
    """

    protocol = "ftp"
    refusal = "502 Refused"

    def __init__(
        self,
        world: World | None = None,
        *,
        dialect: Literal["unix", "dos"] = "unix",
        require_reuse: bool = False,
        pasv_host: str | None = None,
        **options: Any,
    ) -> None:
        super().__init__(world, **options)
        self.dialect = dialect
        self.require_reuse = require_reuse
        self.pasv_host = pasv_host

    async def session(self, conn: Connection) -> None:
        """Commands one after the other."""
        client = _Client(conn)
        await conn.write(b"220 nettools.testing FTP ready\r\n")
        try:
            while True:
                try:
                    line = await conn.readline()
                except LineTooLongError:
                    await conn.write(b"500 line too long\r\n")
                    continue
                if not line:
                    return
                text = line.rstrip(b"\r\n").decode("utf-8", "surrogateescape")
                verb, _, arg = text.partition(" ")
                verb = verb.upper()
                if await self.intercept(conn, verb, arg):
                    continue
                await self._dispatch(client, verb, arg)
                if verb == "QUIT":
                    return
        finally:
            client.gone = True
            self._close_listener(client)
            for writer in client.writers:
                writer.transport.abort()

    async def _dispatch(self, client: _Client, verb: str, arg: str) -> None:
        handler: Callable[[_Client, str], Any] | None = getattr(self, f"do_{verb}", None)
        if handler is None or not self.offers(verb):
            await self._say(client, f"500 {verb[:20]} not understood")
            return
        if client.user is None and verb not in _BEFORE_LOGIN:
            await self._say(client, "530 Log in first")
            return
        try:
            reply = await handler(client, arg)
        except Refused as refused:
            reply = refused.reply
        if verb not in ("REST", "RNFR"):
            client.rest = client.rest if verb in ("PASV", "EPSV", "PORT", "EPRT", "TYPE") else 0
        if reply:
            await self._say(client, reply)

    async def _say(self, client: _Client, reply: str) -> None:
        await client.conn.write(reply.replace("\n", "\r\n").encode("utf-8", "surrogateescape") + b"\r\n")

    # -- login and TLS

    async def do_USER(self, client: _Client, arg: str) -> str:
        client.claimed, client.user = arg, None
        return "331 Password please"

    async def do_PASS(self, client: _Client, arg: str) -> str:
        if client.claimed in ("anonymous", "ftp") or self.world.check_password(client.claimed, arg):
            client.user = "anonymous" if client.claimed == "ftp" else client.claimed
            return f"230 Welcome, {client.user}"
        return "530 Login incorrect"

    async def do_ACCT(self, client: _Client, arg: str) -> str:
        return "202 No account needed"

    async def do_AUTH(self, client: _Client, arg: str) -> str:
        if not client.conn.starttls or arg.upper() not in ("TLS", "TLS-C", "SSL"):
            return "502 No TLS here"
        await self._say(client, "234 Begin TLS")
        await client.conn.start_tls()
        client.user = None
        return ""

    async def do_PBSZ(self, client: _Client, arg: str) -> str:
        return "200 PBSZ=0" if client.conn.tls else "503 AUTH first"

    async def do_PROT(self, client: _Client, arg: str) -> str:
        if not client.conn.tls:
            return "503 AUTH first"
        if arg.upper() not in ("C", "P"):
            return "504 C or P"
        client.protected = arg.upper() == "P"
        return f"200 PROT {arg.upper()}"

    # -- small talk

    async def do_FEAT(self, client: _Client, arg: str) -> str:
        names = [each for each in FEATURES if self.offers(each.split(" ", 1)[0])]
        if self.offers("MLSD") and self.offers("MLST"):
            names.append(f"MLST {FACTS}")
        if client.conn.starttls:
            names.append("AUTH TLS")
        if self.tls:
            names += ["PBSZ", "PROT"]
        return "211-Features\n" + "".join(f" {each}\n" for each in (*names, *self.extra)) + "211 End"

    async def do_OPTS(self, client: _Client, arg: str) -> str:
        return "200 UTF8 is on" if arg.upper().startswith("UTF8") else "501 No such option"

    async def do_SYST(self, client: _Client, arg: str) -> str:
        return "215 UNIX Type: L8" if self.dialect == "unix" else "215 Windows_NT"

    async def do_NOOP(self, client: _Client, arg: str) -> str:
        return "200 OK"

    async def do_HELP(self, client: _Client, arg: str) -> str:
        return "214 See RFC 959"

    async def do_STAT(self, client: _Client, arg: str) -> str:
        return "211 nettools.testing, all is well"

    async def do_ALLO(self, client: _Client, arg: str) -> str:
        return "202 Not needed"

    async def do_QUIT(self, client: _Client, arg: str) -> str:
        return "221 Goodbye"

    async def do_ABOR(self, client: _Client, arg: str) -> str:
        self._close_listener(client)
        return "226 Nothing to abort"

    async def do_TYPE(self, client: _Client, arg: str) -> str:
        return f"200 Type {arg.upper()}" if arg[:1].upper() in ("A", "I", "L") else "504 A or I"

    async def do_MODE(self, client: _Client, arg: str) -> str:
        return "200 Stream" if arg.upper() == "S" else "504 S only"

    async def do_STRU(self, client: _Client, arg: str) -> str:
        return "200 File" if arg.upper() == "F" else "504 F only"

    # -- folders

    def _path(self, client: _Client, arg: str) -> str:
        return self.world.files.path(arg if arg.startswith("/") else f"{client.cwd}/{arg}")

    def _writer(self, client: _Client) -> None:
        if client.user == "anonymous":
            raise Refused("550 Permission denied")

    async def do_PWD(self, client: _Client, arg: str) -> str:
        quoted = ("/" + client.cwd).replace('"', '""')
        return f'257 "{quoted}" is the current folder'

    do_XPWD = do_PWD

    async def do_CWD(self, client: _Client, arg: str) -> str:
        path = self._path(client, arg)
        if not self.world.files.is_folder(path):
            return "550 No such folder"
        client.cwd = path
        return "250 Done"

    do_XCWD = do_CWD

    async def do_CDUP(self, client: _Client, arg: str) -> str:
        return await self.do_CWD(client, "..")

    async def do_MKD(self, client: _Client, arg: str) -> str:
        self._writer(client)
        path = self._path(client, arg)
        files = self.world.files
        if files.is_folder(path) or path in files:
            return "550 File exists"
        if not files.is_folder(path.rpartition("/")[0]):
            return "550 No such folder"
        files.make_folder(path)
        return f'257 "/{path}" created'

    async def do_RMD(self, client: _Client, arg: str) -> str:
        self._writer(client)
        path = self._path(client, arg)
        if not path or not self.world.files.is_folder(path):
            return "550 No such folder"
        if self.world.files.children(path):
            return "550 Folder not empty"
        self.world.files.remove_folder(path)
        return "250 Removed"

    # -- files

    def _file(self, client: _Client, arg: str) -> tuple[str, File]:
        path = self._path(client, arg)
        file = self.world.files.file(path)
        if file is None:
            raise Refused("550 No such file" if not self.world.files.is_folder(path) else "550 Not a plain file")
        return path, file

    async def do_SIZE(self, client: _Client, arg: str) -> str:
        return f"213 {len(self._file(client, arg)[1].data)}"

    async def do_MDTM(self, client: _Client, arg: str) -> str:
        return f"213 {_stamp(self._file(client, arg)[1].modified)}"

    async def do_MFMT(self, client: _Client, arg: str) -> str:
        self._writer(client)
        stamp, _, name = arg.partition(" ")
        path, _ = self._file(client, name)
        if not re.fullmatch(r"\d{14}", stamp):
            return "501 YYYYMMDDHHMMSS path"
        self.world.files.touch(path, dt.datetime.strptime(stamp, "%Y%m%d%H%M%S").replace(tzinfo=dt.UTC))
        return f"213 Modify={stamp}; {name}"

    async def do_DELE(self, client: _Client, arg: str) -> str:
        self._writer(client)
        path, _ = self._file(client, arg)
        del self.world.files[path]
        return "250 Deleted"

    async def do_RNFR(self, client: _Client, arg: str) -> str:
        self._writer(client)
        path = self._path(client, arg)
        if path not in self.world.files and not self.world.files.is_folder(path):
            return "550 No such file or folder"
        client.renaming = path
        return "350 And now RNTO"

    async def do_RNTO(self, client: _Client, arg: str) -> str:
        source, client.renaming = client.renaming, None
        if source is None:
            return "503 RNFR first"
        target = self._path(client, arg)
        if not self.world.files.is_folder(target.rpartition("/")[0]):
            return "553 No such folder"
        self.world.files.rename(source, target)
        return "250 Renamed"

    async def do_REST(self, client: _Client, arg: str) -> str:
        if not arg.isdigit():
            return "501 A number"
        client.rest = int(arg)
        return f"350 From {client.rest} on"

    async def do_RETR(self, client: _Client, arg: str) -> str:
        _, file = self._file(client, arg)
        return await self._send(client, file.data[client.rest :], f"{len(file.data)} bytes")

    async def do_STOR(self, client: _Client, arg: str) -> str:
        path = self._target(client, arg)
        before = self.world.files[path][: client.rest] if client.rest and path in self.world.files else b""
        return await self._receive(client, path, before)

    async def do_APPE(self, client: _Client, arg: str) -> str:
        path = self._target(client, arg)
        return await self._receive(client, path, self.world.files.get(path, b""))

    def _target(self, client: _Client, arg: str) -> str:
        self._writer(client)
        path = self._path(client, arg)
        if not path or self.world.files.is_folder(path):
            raise Refused("550 Is a folder")
        if not self.world.files.is_folder(path.rpartition("/")[0]):
            raise Refused("553 No such folder")
        return path

    # -- listings

    def _entries(self, client: _Client, arg: str) -> list[tuple[str, File | None, dt.datetime]]:
        name = re.sub(r"^(-[A-Za-z]+\s*)+", "", arg)
        path = self._path(client, name)
        if self.world.files.is_folder(path):
            return self.world.files.children(path)
        file = self.world.files.file(path)
        if file is None:
            raise Refused("550 No such file or folder")
        return [(path.rpartition("/")[2], file, file.modified)]

    async def do_LIST(self, client: _Client, arg: str) -> str:
        line = _unix_line if self.dialect == "unix" else _dos_line
        rows = [line(*entry) for entry in self._entries(client, arg)]
        return await self._send(client, "".join(f"{row}\r\n" for row in rows).encode(), "listing")

    async def do_NLST(self, client: _Client, arg: str) -> str:
        rows = [name for name, _, _ in self._entries(client, arg)]
        return await self._send(client, "".join(f"{row}\r\n" for row in rows).encode(), "names")

    async def do_MLSD(self, client: _Client, arg: str) -> str:
        path = self._path(client, arg)
        if not self.world.files.is_folder(path):
            return "501 No such folder"
        rows = [
            f"{self._facts(client, f'{path}/{name}', file, when)} {name}"
            for name, file, when in self.world.files.children(path)
        ]
        rows.insert(0, "type=cdir;perm=el; .")
        return await self._send(client, "".join(f"{row}\r\n" for row in rows).encode(), "facts")

    async def do_MLST(self, client: _Client, arg: str) -> str:
        path = self._path(client, arg)
        file = self.world.files.file(path)
        if file is None and not self.world.files.is_folder(path):
            return "550 No such file or folder"
        facts = self._facts(client, path, file, file.modified if file is not None else dt.datetime.now(dt.UTC))
        return f"250-Facts\n {facts} /{path}\n250 End"

    def _facts(self, client: _Client, path: str, file: File | None, modified: dt.datetime) -> str:
        unique = f"unique={abs(hash(self.world.files.path(path))):x};"
        if file is None:
            perm = "el" if client.user == "anonymous" else "cdeflmp"
            return f"type=dir;modify={_stamp(modified)};perm={perm};{unique}"
        perm = "r" if client.user == "anonymous" else "adfrw"
        return f"type=file;size={len(file.data)};modify={_stamp(modified)};perm={perm};{unique}"

    # -- the data channel

    def _close_listener(self, client: _Client) -> None:
        if client.listener is not None:
            client.listener.close()
            client.listener = None
        while not client.streams.empty():
            client.streams.get_nowait()[1].transport.abort()
        client.active = None

    def _taker(self, client: _Client) -> Callable[[asyncio.StreamReader, asyncio.StreamWriter], None]:
        """What takes the data connections that are opened from now on."""
        client.streams = asyncio.Queue()
        streams = client.streams

        def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            writer.transport.pause_reading()  # type: ignore[attr-defined]  # a ClientHello is for TLS, not for the stream
            client.writers.add(writer)
            if client.gone:
                writer.transport.abort()
            streams.put_nowait((reader, writer))

        return connected

    async def _listen_data(self, client: _Client) -> int:
        self._close_listener(client)
        client.listener = await asyncio.start_server(self._taker(client), client.conn.local[0], 0)
        port: int = client.listener.sockets[0].getsockname()[1]
        return port

    async def _connect_data(self, client: _Client, host: str, port: int) -> None:
        """Active mode; a stream that looks accepted, so that it is the server in the TLS handshake."""
        reader = asyncio.StreamReader()
        taker = self._taker(client)
        await asyncio.get_running_loop().create_connection(
            lambda: asyncio.StreamReaderProtocol(reader, taker), host, port
        )

    async def do_PASV(self, client: _Client, arg: str) -> str:
        port = await self._listen_data(client)
        host = (self.pasv_host or client.conn.local[0]).replace(".", ",")
        return f"227 Entering Passive Mode ({host},{port >> 8},{port & 255})"

    async def do_EPSV(self, client: _Client, arg: str) -> str:
        return f"229 Entering Extended Passive Mode (|||{await self._listen_data(client)}|)"

    async def do_PORT(self, client: _Client, arg: str) -> str:
        numbers = arg.split(",")
        if len(numbers) != 6 or not all(each.isdigit() and int(each) < 256 for each in numbers):
            return "501 h1,h2,h3,h4,p1,p2"
        return self._set_active(client, ".".join(numbers[:4]), int(numbers[4]) * 256 + int(numbers[5]))

    async def do_EPRT(self, client: _Client, arg: str) -> str:
        match = re.fullmatch(r"\|([12])\|([^|]+)\|(\d+)\|", arg)
        if match is None:
            return "501 |protocol|address|port|"
        return self._set_active(client, match[2], int(match[3]))

    def _set_active(self, client: _Client, host: str, port: int) -> str:
        if host != client.conn.peer[0]:  # RFC 2577: no bouncing
            return "501 That is not your address"
        self._close_listener(client)
        client.active = (host, port)
        return "200 Will connect"

    @contextlib.asynccontextmanager
    async def _data(self, client: _Client, what: str) -> Any:
        """The data connection, after 150; closed before 226."""
        if client.listener is None and client.active is None:
            raise Refused("425 PASV or PORT first")
        await self._say(client, f"150 Here come {what}")
        try:
            if client.active is not None:
                await self._connect_data(client, *client.active)
            reader, writer = await asyncio.wait_for(client.streams.get(), DATA_TIMEOUT)
        except (TimeoutError, OSError):
            raise Refused("425 No data connection") from None
        finally:
            listener, client.listener, client.active = client.listener, None, None
            if listener is not None:
                listener.close()
        try:
            if client.protected:
                await self._protect(writer)
            else:
                writer.transport.resume_reading()  # type: ignore[attr-defined]
            yield reader, writer
        except (ConnectionError, asyncio.IncompleteReadError, ssl.SSLError):
            raise Refused("426 The data connection broke") from None
        finally:
            client.writers.discard(writer)
            with contextlib.suppress(Exception):
                writer.close()
                await asyncio.wait_for(writer.wait_closed(), 1.0)

    async def _protect(self, writer: asyncio.StreamWriter) -> None:
        await writer.start_tls(self.tls_context)
        over_tls(writer)
        if self.require_reuse and not writer.get_extra_info("ssl_object").session_reused:
            raise Refused("522 The TLS session has to be that of the control connection")

    async def _send(self, client: _Client, data: bytes, what: str) -> str:
        async with self._data(client, what) as (_, writer):
            self.log.add(client.conn.number, "-", client.protected, b"", f"data: {len(data)} octets sent")
            sock = writer.get_extra_info("socket")
            if sock is not None:
                with contextlib.suppress(OSError):
                    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            for place in range(0, len(data), 65536):
                writer.write(data[place : place + 65536])
                await writer.drain()
        return "226 Done"

    async def _receive(self, client: _Client, path: str, before: bytes) -> str:
        received = bytearray(before)
        try:
            async with self._data(client, "your octets, I hope") as (reader, _):
                while block := await reader.read(65536):
                    received += block
        finally:
            if len(received) > len(before) or path not in self.world.files:
                self.world.files[path] = bytes(received)
            self.log.add(
                client.conn.number, "-", client.protected, b"", f"data: {len(received) - len(before)} octets came"
            )
        return "226 Done"


def _stamp(moment: dt.datetime) -> str:
    return moment.astimezone(dt.UTC).strftime("%Y%m%d%H%M%S")


def _unix_line(name: str, file: File | None, modified: dt.datetime) -> str:
    mode, size = ("drwxr-xr-x", 4096) if file is None else ("-rw-r--r--", len(file.data))
    old = dt.datetime.now(dt.UTC) - modified > dt.timedelta(days=180)
    when = modified.strftime("%b %d  %Y" if old else "%b %d %H:%M")
    return f"{mode} 1 ftp ftp {size:>12} {when} {name}"


def _dos_line(name: str, file: File | None, modified: dt.datetime) -> str:
    size = "<DIR>         " if file is None else f"{len(file.data):>14}"
    return f"{modified:%m-%d-%y  %I:%M%p} {size:>20} {name}"


_BEFORE_LOGIN = frozenset(
    {"USER", "PASS", "ACCT", "AUTH", "PBSZ", "PROT", "FEAT", "OPTS", "SYST", "NOOP", "HELP", "QUIT", "STAT"}
)
