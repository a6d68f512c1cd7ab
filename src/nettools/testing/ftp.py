"""The FTP fake: files of the World in clear and under TLS (RFC 959, 2228, 2389, 2428, 3659, 4217).

Users read and write, `anonymous` only reads. Passive and active mode, TLS on both connections, resumption required
where `require_reuse` says so. LIST is Unix, or DOS with `dialect="dos"`; flags such as -a are ignored. A file is
there, whole or not, when its data connection has closed, as on real servers. Data connections are in `ftp_data`.
"""

from __future__ import annotations

import contextlib
import datetime as dt
import re
from collections.abc import AsyncIterator, Callable
from typing import Any, Literal

from nettools.testing.connection import LINE_LIMIT
from nettools.testing.ftp_data import DataChannel, DataRules
from nettools.testing.ftp_listing import FACTS, LINES, facts_of, stamp
from nettools.testing.lines import LineServer, Refusal
from nettools.testing.server import Connection, Server
from nettools.testing.world import File, World

__all__ = ["FTPServer"]

BLOCK = 65536
FEATURES = ("EPSV", "EPRT", "MDTM", "MFMT", "SIZE", "REST STREAM", "TVFS", "UTF8")


class _Client:
    """One control connection's state."""

    def __init__(self, server: Server, conn: Connection) -> None:
        self.conn = conn
        self.user: str | None = None
        self.claimed = ""
        self.command = ""
        self.cwd = ""
        self.rest = 0
        self.renaming: str | None = None
        self.protected = False
        self.facts: tuple[str, ...] = FACTS
        self.data = DataChannel(server, conn)


class FTPServer(LineServer[_Client]):
    """A file server over its World.

    Args beyond those of `Server`: `dialect` of LIST; `require_reuse`: a data connection has to resume the TLS session
    of the control connection; `pasv_host`: the address that PASV claims.
    """

    protocol = "ftp"
    longest, too_long = LINE_LIMIT, "500 line too long"
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
        self.data = DataRules(self.rules)

    def begin(self, conn: Connection) -> _Client:
        return _Client(self, conn)

    def greeting(self, client: _Client) -> str:
        return "220 nettools.testing FTP ready"

    def end(self, client: _Client) -> None:
        client.data.forget()

    def encoded(self, reply: str | bytes) -> bytes:
        return super().encoded(reply.replace("\n", "\r\n") if isinstance(reply, str) else reply)

    async def next_command(self, client: _Client) -> tuple[str, str]:
        command = await super().next_command(client)
        if not self.offers("PIPELINING"):
            client.conn.forget_ahead()
        return command

    async def command(self, client: _Client, verb: str, arg: str) -> str:
        client.command = f"{verb} {arg}"
        handler: Callable[[_Client, str], Any] | None = getattr(self, f"do_{verb}", None)
        if handler is None or not self.offers(verb):
            raise Refusal(f"500 {verb[:20]} not understood")
        if client.user is None and verb not in _BEFORE_LOGIN:
            raise Refusal("530 Log in first")
        try:
            return str(await handler(client, arg))
        finally:
            if verb not in ("REST", "RNFR"):
                client.rest = client.rest if verb in ("PASV", "EPSV", "PORT", "EPRT", "TYPE") else 0

    async def _say(self, client: _Client, reply: str) -> None:
        await client.conn.write(self.encoded(reply))

    # -- login and TLS

    async def do_USER(self, client: _Client, arg: str) -> str:
        client.claimed, client.user = arg, None
        return "331 Password please"

    async def do_PASS(self, client: _Client, arg: str) -> str:
        if client.claimed in ("anonymous", "ftp") or self.world.check_password(client.claimed, arg):
            client.user = client.conn.user = "anonymous" if client.claimed == "ftp" else client.claimed
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
            names.append("MLST " + "".join(f"{each}{'*' if each in client.facts else ''};" for each in FACTS))
        if client.conn.starttls:
            names.append("AUTH TLS")
        if self.tls:
            names += ["PBSZ", "PROT"]
        return "211-Features\n" + "".join(f" {each}\n" for each in (*names, *self.extra)) + "211 End"

    async def do_OPTS(self, client: _Client, arg: str) -> str:
        option, _, rest = arg.partition(" ")
        if option.upper() == "UTF8":
            return "200 UTF8 is on"
        if option.upper() != "MLST" or not self.offers("MLST"):
            return "501 No such option"
        client.facts = tuple(each for each in FACTS if each in rest.lower().split(";"))
        return "200 MLST OPTS " + "".join(f"{each};" for each in client.facts)

    async def do_SYST(self, client: _Client, arg: str) -> str:
        return "215 UNIX Type: L8" if self.dialect == "unix" else "215 Windows_NT"

    async def do_NOOP(self, client: _Client, arg: str) -> str:
        return "200 OK"

    async def do_HELP(self, client: _Client, arg: str) -> str:
        return "214 See RFC 959"

    async def do_STAT(self, client: _Client, arg: str) -> str:
        if not arg:
            return "211 nettools.testing, all is well"
        if client.user is None:
            return "530 Log in first"
        return f"213-{arg}\n{self._listing(client, arg, chr(10))}213 End"

    async def do_SITE(self, client: _Client, arg: str) -> str:
        verb, _, rest = arg.partition(" ")
        if verb.upper() != "CHMOD" or not self.offers("CHMOD"):
            return "214 CHMOD HELP" if verb.upper() == "HELP" else "504 No such command"
        self._writer(client)
        mode, _, name = rest.partition(" ")
        path = self._path(client, name)
        if not re.fullmatch("[0-7]{3,4}", mode):
            return "501 CHMOD MODE PATH"
        return "200 Done" if path in self.world.files or self.world.files.is_folder(path) else "550 No such file"

    async def do_ALLO(self, client: _Client, arg: str) -> str:
        return "202 Not needed"

    async def do_QUIT(self, client: _Client, arg: str) -> str:
        return "221 Goodbye"

    async def do_ABOR(self, client: _Client, arg: str) -> str:
        client.data.forget()
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
            raise Refusal("550 Permission denied")

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

    do_XCUP = do_CDUP

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

    do_XMKD = do_MKD

    async def do_RMD(self, client: _Client, arg: str) -> str:
        self._writer(client)
        path = self._path(client, arg)
        if not path or not self.world.files.is_folder(path):
            return "550 No such folder"
        if self.world.files.children(path):
            return "550 Folder not empty"
        self.world.files.remove_folder(path)
        return "250 Removed"

    do_XRMD = do_RMD

    # -- files

    def _file(self, client: _Client, arg: str) -> tuple[str, File]:
        path = self._path(client, arg)
        file = self.world.files.file(path)
        if file is None:
            raise Refusal("550 No such file" if not self.world.files.is_folder(path) else "550 Not a plain file")
        return path, file

    async def do_SIZE(self, client: _Client, arg: str) -> str:
        return f"213 {len(self._file(client, arg)[1].data)}"

    async def do_MDTM(self, client: _Client, arg: str) -> str:
        return f"213 {stamp(self._file(client, arg)[1].modified)}"

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

    async def do_STOU(self, client: _Client, arg: str) -> str:
        base = self._path(client, arg or "file")
        path = next(each for n in range(1, 100_000) if (each := f"{base}.{n}") not in self.world.files)
        self._target(client, f"/{path}")
        return await self._receive(client, path, b"", what=f"FILE: {path}")

    async def do_APPE(self, client: _Client, arg: str) -> str:
        path = self._target(client, arg)
        return await self._receive(client, path, self.world.files.get(path, b""))

    def _target(self, client: _Client, arg: str) -> str:
        self._writer(client)
        path = self._path(client, arg)
        if not path or self.world.files.is_folder(path):
            raise Refusal("550 Is a folder")
        if not self.world.files.is_folder(path.rpartition("/")[0]):
            raise Refusal("553 No such folder")
        return path

    # -- listings

    def _entries(self, client: _Client, arg: str) -> list[tuple[str, File | None, dt.datetime]]:
        name = re.sub(r"^(-[A-Za-z]+\s*)+", "", arg)
        path = self._path(client, name)
        if self.world.files.is_folder(path):
            return self.world.files.children(path)
        file = self.world.files.file(path)
        if file is None:
            raise Refusal("550 No such file or folder")
        return [(path.rpartition("/")[2], file, file.modified)]

    async def do_LIST(self, client: _Client, arg: str) -> str:
        return await self._send(client, self._listing(client, arg, "\r\n").encode(), "listing")

    def _listing(self, client: _Client, arg: str, end: str) -> str:
        return "".join(f"{LINES[self.dialect](*entry)}{end}" for entry in self._entries(client, arg))

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
        writable = client.user != "anonymous"
        return facts_of(self.world.files.path(path), file, modified, writable=writable, wanted=client.facts)

    # -- the data channel

    async def do_PASV(self, client: _Client, arg: str) -> str:
        port = await client.data.listen()
        host = (self.pasv_host or client.conn.local[0]).replace(".", ",")
        return f"227 Entering Passive Mode ({host},{port >> 8},{port & 255})"

    async def do_EPSV(self, client: _Client, arg: str) -> str:
        return f"229 Entering Extended Passive Mode (|||{await client.data.listen()}|)"

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
        client.data.will_connect(host, port)
        return "200 Will connect"

    @contextlib.asynccontextmanager
    async def _data(self, client: _Client, what: str) -> AsyncIterator[Connection]:
        """The data connection, after 150; closed before 226."""

        async def begin() -> None:
            await self._say(client, f"150 Here come {what}")

        async with client.data.open(client.command, begin, protected=client.protected) as data:
            if client.protected and self.require_reuse and not data.ssl_object.session_reused:
                raise Refusal("522 The TLS session has to be that of the control connection")
            yield data

    async def _send(self, client: _Client, octets: bytes, what: str) -> str:
        async with self._data(client, what) as data:
            client.conn.note(f"data: {len(octets)} octets sent")
            for place in range(0, len(octets), BLOCK):
                await data.write(octets[place : place + BLOCK])
        return "226 Done"

    async def _receive(self, client: _Client, path: str, before: bytes, *, what: str = "your octets, I hope") -> str:
        received = bytearray(before)
        try:
            async with self._data(client, what) as data:
                while block := await data.read(BLOCK):
                    received += block
        finally:
            if len(received) > len(before) or path not in self.world.files:
                self.world.files[path] = bytes(received)
            client.conn.note(f"data: {len(received) - len(before)} octets came")
        return "226 Done"


_BEFORE_LOGIN = frozenset(
    {"USER", "PASS", "ACCT", "AUTH", "PBSZ", "PROT", "FEAT", "OPTS", "SYST", "NOOP", "HELP", "QUIT", "STAT"}
)
