"""The FTP fake: files of the World in clear and under TLS (RFC 959, 2228, 2389, 2428, 3659, 4217).

Users read and write, `anonymous` only reads. Passive and active mode, TLS on both connections, resumption required
where `require_reuse` says so. LIST is Unix, or DOS with `dialect="dos"`; flags such as -a are ignored. A file is
there, whole or not, when its data connection has closed, as on real servers.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable
from typing import Any, Literal

from nettools.testing.connection import LINE_LIMIT
from nettools.testing.ftp.listing import FACTS, LINES, facts_of, moment_of, stamp
from nettools.testing.ftp.transfers import Client, Transfers
from nettools.testing.lines import Refusal
from nettools.testing.world import File, World

__all__ = ["FTPServer"]

_OTHERS = ("PIPELINING", "CHMOD", "STARTTLS")  # that can be left out besides commands and features
FEATURES = ("EPSV", "EPRT", "MDTM", "MFMT", "SIZE", "REST STREAM", "TVFS", "UTF8")


class FTPServer(Transfers):
    """A file server over its World.

    Args beyond those of `Server`: `dialect` of LIST; `require_reuse`: a data connection has to resume the TLS session
    of the control connection; `pasv_host`: the address that PASV claims.
    """

    protocol = "ftp"
    longest, too_long = LINE_LIMIT, "500 line too long"
    refusal = "502 Refused"

    @classmethod
    def capabilities(cls) -> frozenset[str]:
        return frozenset({*cls.verbs(), *(each.split(" ", 1)[0] for each in FEATURES), *_OTHERS})

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

    def greeting(self, client: Client) -> str:
        return "220 nettools.testing FTP ready"

    def encoded(self, reply: str | bytes) -> bytes:
        return super().encoded(reply.replace("\n", "\r\n") if isinstance(reply, str) else reply)

    async def next_command(self, client: Client) -> tuple[str, str]:
        command = await super().next_command(client)
        if not self.offers("PIPELINING"):
            client.conn.forget_ahead()
        return command

    async def command(self, client: Client, verb: str, arg: str) -> str:
        client.command = f"{verb} {arg}"
        handler: Callable[[Client, str], Any] | None = getattr(self, f"do_{verb}", None)
        if handler is None or not self.offers(verb):
            raise Refusal(f"500 {verb[:20]} not understood")
        if client.user is None and verb not in _BEFORE_LOGIN:
            raise Refusal("530 Log in first")
        if not arg and verb in _WITH_ARGUMENT:
            raise Refusal(f"501 {verb} of what?")
        try:
            return str(await handler(client, arg))
        finally:
            if verb not in ("REST", "PASV", "EPSV", "PORT", "EPRT", "TYPE"):
                client.rest = 0
            if verb != "RNFR":
                client.renaming = None

    # -- login and TLS

    async def do_USER(self, client: Client, arg: str) -> str:
        client.claimed, client.user, client.conn.user = arg, None, None
        return "331 Password please"

    async def do_PASS(self, client: Client, arg: str) -> str:
        if not client.claimed:
            return "503 USER first"
        if client.claimed in ("anonymous", "ftp") or self.world.check_password(client.claimed, arg):
            client.user = client.conn.user = "anonymous" if client.claimed == "ftp" else client.claimed
            return f"230 Welcome, {client.user}"
        return "530 Login incorrect"

    async def do_ACCT(self, client: Client, arg: str) -> str:
        return "202 No account needed"

    async def do_AUTH(self, client: Client, arg: str) -> str:
        if client.conn.tls:
            return "503 TLS is on"
        if not client.conn.starttls:
            return "502 No TLS here"
        if arg.upper() not in ("TLS", "TLS-C", "SSL"):
            return "504 TLS is the only one"
        await client.conn.write(b"234 Begin TLS\r\n")
        await client.conn.start_tls()
        client.user = client.conn.user = None
        return ""

    async def do_PBSZ(self, client: Client, arg: str) -> str:
        if not client.conn.tls:
            return "503 AUTH first"
        if not re.fullmatch("[0-9]{1,10}", arg):
            return "501 A number"
        client.buffered = True
        return "200 PBSZ=0"

    async def do_PROT(self, client: Client, arg: str) -> str:
        if not client.buffered:  # RFC 4217 9
            return "503 PBSZ first"
        if arg.upper() not in ("C", "P"):
            return "536 C or P" if arg.upper() in ("S", "E") else "504 C or P"
        client.protected = arg.upper() == "P"
        return f"200 PROT {arg.upper()}"

    # -- small talk

    async def do_FEAT(self, client: Client, arg: str) -> str:
        names = [each for each in FEATURES if self.offers(each.split(" ", 1)[0])]
        if self.offers("MLSD") and self.offers("MLST"):
            names.append("MLST " + "".join(f"{each}{'*' if each in client.facts else ''};" for each in FACTS))
        if client.conn.starttls:
            names.append("AUTH TLS")
        if self.tls:
            names += ["PBSZ", "PROT"]
        return "211-Features\n" + "".join(f" {each}\n" for each in (*names, *self.extra)) + "211 End"

    async def do_OPTS(self, client: Client, arg: str) -> str:
        option, _, rest = arg.partition(" ")
        if option.upper() == "UTF8":
            return "200 UTF8 is on"
        if option.upper() != "MLST" or not self.offers("MLST"):
            return "501 No such option"
        client.facts = tuple(each for each in FACTS if each in rest.lower().split(";"))
        return "200 MLST OPTS " + "".join(f"{each};" for each in client.facts)

    async def do_SYST(self, client: Client, arg: str) -> str:
        return "215 UNIX Type: L8" if self.dialect == "unix" else "215 Windows_NT"

    async def do_NOOP(self, client: Client, arg: str) -> str:
        return "200 OK"

    async def do_HELP(self, client: Client, arg: str) -> str:
        return "214 See RFC 959"

    async def do_STAT(self, client: Client, arg: str) -> str:
        if not arg:
            return "211 nettools.testing, all is well"
        if client.user is None:
            return "530 Log in first"
        return f"213-{arg}\n{self._listing(client, arg, chr(10))}213 End"

    async def do_SITE(self, client: Client, arg: str) -> str:
        verb, _, rest = arg.partition(" ")
        if verb.upper() != "CHMOD" or not self.offers("CHMOD"):
            return "214 CHMOD HELP" if verb.upper() == "HELP" else "504 No such command"
        self._writer(client)
        mode, _, name = rest.partition(" ")
        path = self._path(client, name)
        if not re.fullmatch("[0-7]{3,4}", mode):
            return "501 CHMOD MODE PATH"
        return "200 Done" if path in self.world.files or self.world.files.is_folder(path) else "550 No such file"

    async def do_ALLO(self, client: Client, arg: str) -> str:
        return "202 Not needed"

    async def do_QUIT(self, client: Client, arg: str) -> str:
        return "221 Goodbye"

    # -- folders

    def _path(self, client: Client, arg: str) -> str:
        return self.world.files.path(arg if arg.startswith("/") else f"{client.cwd}/{arg}")

    def _writer(self, client: Client) -> None:
        if client.user == "anonymous":
            raise Refusal("550 Permission denied")

    async def do_PWD(self, client: Client, arg: str) -> str:
        return f"257 {_quoted(client.cwd)} is the current folder"

    do_XPWD = do_PWD

    async def do_CWD(self, client: Client, arg: str) -> str:
        path = self._path(client, arg)
        if not self.world.files.is_folder(path):
            return "550 No such folder"
        client.cwd = path
        return "250 Done"

    do_XCWD = do_CWD

    async def do_CDUP(self, client: Client, arg: str) -> str:
        return await self.do_CWD(client, "..")

    do_XCUP = do_CDUP

    async def do_MKD(self, client: Client, arg: str) -> str:
        self._writer(client)
        path = self._path(client, arg)
        files = self.world.files
        if files.is_folder(path) or path in files:
            return "550 File exists"
        if not files.is_folder(path.rpartition("/")[0]):
            return "550 No such folder"
        files.make_folder(path)
        return f"257 {_quoted(path)} created"

    do_XMKD = do_MKD

    async def do_RMD(self, client: Client, arg: str) -> str:
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

    def _file(self, client: Client, arg: str) -> tuple[str, File]:
        path = self._path(client, arg)
        file = self.world.files.file(path)
        if file is None:
            raise Refusal("550 No such file" if not self.world.files.is_folder(path) else "550 Not a plain file")
        return path, file

    async def do_SIZE(self, client: Client, arg: str) -> str:
        return f"213 {len(self.as_sent(client, self._file(client, arg)[1].data))}"

    async def do_MDTM(self, client: Client, arg: str) -> str:
        return f"213 {stamp(self._file(client, arg)[1].modified)}"

    async def do_MFMT(self, client: Client, arg: str) -> str:
        self._writer(client)
        text, _, name = arg.partition(" ")
        path, _ = self._file(client, name)
        moment = moment_of(text)
        if moment is None:
            return "501 YYYYMMDDHHMMSS path"
        self.world.files.touch(path, moment)
        return f"213 Modify={stamp(moment)}; {name}"

    async def do_DELE(self, client: Client, arg: str) -> str:
        self._writer(client)
        path, _ = self._file(client, arg)
        del self.world.files[path]
        return "250 Deleted"

    async def do_RNFR(self, client: Client, arg: str) -> str:
        self._writer(client)
        path = self._path(client, arg)
        if not path or (path not in self.world.files and not self.world.files.is_folder(path)):
            return "550 No such file or folder"
        client.renaming = path
        return "350 And now RNTO"

    async def do_RNTO(self, client: Client, arg: str) -> str:
        files, source, target = self.world.files, client.renaming, self._path(client, arg)
        if source is None:
            return "503 RNFR first"
        if not files.is_folder(target.rpartition("/")[0]):
            return "553 No such folder"
        if files.is_folder(target) or (files.is_folder(source) and target in files):
            return "553 File exists"
        if target.startswith(f"{source}/"):
            return "553 A folder cannot go into itself"
        files.rename(source, target)
        return "250 Renamed"

    async def do_RETR(self, client: Client, arg: str) -> str:
        _, file = self._file(client, arg)
        octets = self.as_sent(client, file.data)
        return await self.send(client, octets[client.rest :], f"{len(octets)} bytes")

    async def do_STOR(self, client: Client, arg: str) -> str:
        path = self._target(client, arg)
        before = self.as_sent(client, self.world.files.get(path, b""))[: client.rest]
        return await self.receive(client, path, before.replace(b"\r\n", b"\n") if client.ascii else before)

    async def do_STOU(self, client: Client, arg: str) -> str:
        base = self._path(client, arg or "file")
        path = next(each for n in range(1, 100_000) if (each := f"{base}.{n}") not in self.world.files)
        self._target(client, f"/{path}")
        return await self.receive(client, path, b"", begin=f"150 FILE: /{path}")  # RFC 1123 4.1.2.9

    async def do_APPE(self, client: Client, arg: str) -> str:
        path = self._target(client, arg)
        return await self.receive(client, path, self.world.files.get(path, b""))

    def _target(self, client: Client, arg: str) -> str:
        self._writer(client)
        path = self._path(client, arg)
        if not path or self.world.files.is_folder(path):
            raise Refusal("550 Is a folder")
        if not self.world.files.is_folder(path.rpartition("/")[0]):
            raise Refusal("553 No such folder")
        return path

    # -- listings

    def _entries(self, client: Client, arg: str) -> list[tuple[str, File | None, dt.datetime]]:
        name = re.sub(r"^(-[A-Za-z]+\s*)+", "", arg)
        path = self._path(client, name)
        if self.world.files.is_folder(path):
            return self.world.files.children(path)
        file = self.world.files.file(path)
        if file is None:
            raise Refusal("550 No such file or folder")
        return [(path.rpartition("/")[2], file, file.modified)]

    async def do_LIST(self, client: Client, arg: str) -> str:
        return await self.send(client, _octets(self._listing(client, arg, "\r\n")), "listing")

    def _listing(self, client: Client, arg: str, end: str) -> str:
        return "".join(f"{LINES[self.dialect](*entry)}{end}" for entry in self._entries(client, arg))

    async def do_NLST(self, client: Client, arg: str) -> str:
        rows = [name for name, _, _ in self._entries(client, arg)]
        return await self.send(client, _octets("".join(f"{row}\r\n" for row in rows)), "names")

    async def do_MLSD(self, client: Client, arg: str) -> str:
        path = self._path(client, arg)
        if not self.world.files.is_folder(path):
            return "501 No such folder" if path in self.world.files else "550 No such folder"
        rows = [f"{self._facts(client, path, kind='cdir')} ."]
        rows += [f"{self._facts(client, f'{path}/{name}')} {name}" for name, _, _ in self.world.files.children(path)]
        return await self.send(client, _octets("".join(f"{row}\r\n" for row in rows)), "facts")

    async def do_MLST(self, client: Client, arg: str) -> str:
        path = self._path(client, arg)
        if path not in self.world.files and not self.world.files.is_folder(path):
            return "550 No such file or folder"
        return f"250-Facts\n {self._facts(client, path)} /{path}\n250 End"

    def _facts(self, client: Client, name: str, kind: str = "dir") -> str:
        files, path = self.world.files, self.world.files.path(name)
        writable = client.user != "anonymous"
        return facts_of(path, files.file(path), files.modified(path), kind, writable=writable, wanted=client.facts)


def _octets(text: str) -> bytes:
    """A listing as it is sent, names that are no UTF-8 as the octets they came as."""
    return text.encode("utf-8", "surrogateescape")


def _quoted(path: str) -> str:
    """A path as 257 tells it (RFC 959, appendix II)."""
    return '"/{}"'.format(path.replace('"', '""'))


_WITH_ARGUMENT = frozenset(
    {"USER", "AUTH", "PBSZ", "PROT", "OPTS", "SITE", "TYPE", "MODE", "STRU", "REST", "PORT", "EPRT", "CWD", "XCWD"}
    | {"MKD", "XMKD", "RMD", "XRMD", "SIZE", "MDTM", "MFMT", "DELE", "RNFR", "RNTO", "RETR", "STOR", "APPE"}
)
_BEFORE_LOGIN = frozenset(
    {"USER", "PASS", "ACCT", "AUTH", "PBSZ", "PROT", "FEAT", "OPTS", "SYST", "NOOP", "HELP", "QUIT", "STAT"}
)
