"""A transcript as a server: what the recorded server said is said again, as far as the client says what the recorded
one said.

    with nettools.testing.replay("fixtures/transcripts/imap-dovecot.jsonl") as server:
        nettools.list_mail(server.url, auth=("alice", "secret"))

Every octet that the client writes is compared with the record; the first that differs ends the conversation, and is
told when the server stops (`ReplayMismatchError`), as is a conversation that never took place. What cannot be the same
is not compared: masked secrets, the addresses of FTP's data connections, the Host of HTTP; IMAP's tags and MIME's
boundaries are translated, a login with a challenge is carried out anew (`users`). TLS begins where it began. Knows just
so much of the protocols.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import re
from collections.abc import Mapping, Sequence
from types import TracebackType
from typing import Any

from nettools.testing.connection import Connection, Hangup
from nettools.testing.endpoints import Datagram, DatagramServer, UnixServer
from nettools.testing.ftp.data import CHANNEL, DataChannel
from nettools.testing.lines import Refusal
from nettools.testing.log import MASK, Record, read_records
from nettools.testing.replayed_login import ReplayedLogin
from nettools.testing.sasl import SASLError
from nettools.testing.server import Server

__all__ = ["ReplayMismatchError", "conversations", "replay"]

_VOLATILE = re.compile(rb"(?i)(host: |date: |message-id: |user-agent: nettools/|port |eprt )")
_BOUNDARY = re.compile(rb'(?i)\bboundary="?([^"\s;]+)')
_PASSIVE = re.compile(rb"(?m)^22[79] .*\r?\n")
_PROTECTED = b"PROT P"


class ReplayMismatchError(AssertionError):
    """The client did not say what the transcript has."""


class Conversation:
    """One connection's records in order; those of its data connections lie where they happened."""

    def __init__(self, records: Sequence[Record]) -> None:
        self.records = list(records)
        self.data: list[list[Record]] = []
        self.tls = self.records[0].tls
        self.tags = self._tags()

    def _tags(self) -> frozenset[bytes]:
        """IMAP's tags: words at the start of a client's line with which the server's answer begins, too."""
        if self.records[0].protocol != "imap":
            return frozenset()
        said = b"".join(record.bytes for record in self.records if record.direction == "S")
        return frozenset(re.findall(rb"(?m)^([^\s*+]+) (?:OK|NO|BAD)\b", said))


def conversations(records: Sequence[Record]) -> list[Conversation]:
    """The connections of a transcript in the order of their first words.

    Raises:
        ValueError: there are none, or of several protocols.
    """
    spoken = [record for record in records if record.direction != "-"]
    protocols = {record.protocol for record in spoken if record.protocol != CHANNEL}
    if len(protocols) != 1:
        named = ", ".join(sorted(protocols)) or "nothing"
        raise ValueError(f"a transcript of one protocol can be replayed, this one has {named}")
    grouped: dict[int, list[Record]] = {}
    beside: dict[int, list[Record]] = {}
    owner: dict[int, int] = {}
    latest = 0
    for record in spoken:
        if record.protocol == CHANNEL:
            beside.setdefault(record.connection, []).append(record)
            owner.setdefault(record.connection, latest)
        else:
            grouped.setdefault(record.connection, []).append(record)
            latest = record.connection
    found = {number: Conversation(each) for number, each in grouped.items()}
    for number, each in beside.items():
        found[owner[number]].data.append(each)
    return list(found.values())


class _Player:
    """Plays one conversation on one connection."""

    def __init__(self, server: Server, conn: Connection, conversation: Conversation, users: Mapping[str, str]) -> None:
        self.server = server
        self.login = ReplayedLogin(users)
        self.conn = conn
        self.conversation = conversation
        self.names: dict[bytes, bytes] = {}  # of the record, and what this client says for it
        self.data: DataChannel | None = None
        self.transfers = iter(conversation.data)
        self.protected = False

    async def play(self) -> None:
        """All of it."""
        conversation, conn = self.conversation, self.conn
        if conversation.records[0].protocol == "ftp":
            self.data = DataChannel(self.server, conn)
        try:
            upgraded = conversation.tls or conn.tls
            for record in conversation.records:
                if record.tls and not upgraded:
                    upgraded = True
                    await conn.start_tls()
                if record.direction == "S":
                    await self._say(record.bytes)
                else:
                    await self._expect(record.bytes)
            await self._end()
        finally:
            if self.data is not None:
                self.data.forget()

    # -- what the client says

    async def _expect(self, expected: bytes) -> None:
        for line in expected.splitlines(keepends=True):
            translated = self.login.masked(self._translated(line))
            if not line.endswith(b"\n"):
                await self._exactly(translated)
                continue
            got = await self.conn.readline(len(expected) + 65536)
            if not got:
                raise ReplayMismatchError(f"the client ended where the transcript goes on with {line!r}")
            if not self.login.awaits and not self._same(translated, got):
                raise ReplayMismatchError(f"the client said {got!r} where the transcript has {translated!r}")
            await self._learn(line, got)

    async def _exactly(self, expected: bytes) -> None:
        if MASK in expected:
            got = await self.conn.read()
            if not self._same(expected, got):
                raise ReplayMismatchError(f"the client said {got!r} where the transcript has {expected!r}")
            return
        try:
            got = await self.conn.readexactly(len(expected))
        except Hangup:
            raise ReplayMismatchError(f"the client ended where the transcript goes on with {expected!r}") from None
        if got != expected:
            raise ReplayMismatchError(f"the client said {got!r} where the transcript has {expected!r}")

    def _translated(self, line: bytes) -> bytes:
        for recorded, said in self.names.items():
            if recorded in line and recorded not in self.conversation.tags:
                line = line.replace(recorded, said)
        return line

    def _same(self, expected: bytes, got: bytes) -> bool:
        if expected == got:
            return True
        volatile = _VOLATILE.match(expected)
        if volatile is not None and got[: volatile.end()].lower() == volatile[0].lower():
            return True
        tag, space, rest = expected.partition(b" ")
        if space and tag in self.conversation.tags:
            said, _, got = got.partition(b" ")
            self.names[tag] = said
            expected = rest
        if _BOUNDARY.search(expected) and _BOUNDARY.search(got):
            expected, got = _BOUNDARY.sub(b"", expected), _BOUNDARY.sub(b"", got)
        pattern = rb"[^\r\n]*".join(re.escape(part) for part in expected.split(MASK))
        return re.fullmatch(pattern, got) is not None

    async def _learn(self, expected: bytes, got: bytes) -> None:
        """Take from a line what the replay has to go by."""
        boundary, said = _BOUNDARY.search(expected), _BOUNDARY.search(got)
        if boundary is not None and said is not None:
            self.names[boundary[1]] = said[1]
        try:
            self.login.heard(got)
        except (SASLError, ValueError) as error:
            raise ReplayMismatchError(
                f"the client's login does not prove a password that was given: {error}"
            ) from error
        if self.data is None:
            return
        words = got.strip().upper()
        self.protected = words == _PROTECTED if words.startswith(b"PROT ") else self.protected
        if words.startswith(b"PORT "):
            numbers = words[5:].split(b",")
            self.data.will_connect(b".".join(numbers[:4]).decode(), int(numbers[4]) * 256 + int(numbers[5]))
        elif words.startswith(b"EPRT "):
            _, _, host, port, _ = words[5:].decode().split("|")
            self.data.will_connect(host, int(port))

    async def _end(self) -> None:
        """Nothing more is said; what the client says beyond it differs."""
        conn = self.conn
        if conn.tls:
            return
        with contextlib.suppress(OSError):
            conn.writer.write_eof()
        with contextlib.suppress(TimeoutError, ConnectionError):
            more = await asyncio.wait_for(conn.read(), 1.0)
            if more:
                raise ReplayMismatchError(f"the client said {more!r} where the transcript is at its end")

    # -- what the server says

    async def _say(self, data: bytes) -> None:
        for recorded, said in self.names.items():
            if recorded in self.conversation.tags:
                data = re.sub(rb"(?m)^" + re.escape(recorded) + rb"(?= )", said.replace(b"\\", rb"\\"), data)
        data = self.login.said(data)
        if self.data is None:
            await self.conn.write(data)
            return
        if (passive := _PASSIVE.search(data)) is not None:
            data = data[: passive.start()] + self._passive(passive[0], await self.data.listen()) + data[passive.end() :]
        head, start, tail = _around_transfer(data)
        await self.conn.write(head)
        if start:
            await self._transfer()
        if tail:
            await self.conn.write(tail)

    def _passive(self, recorded: bytes, port: int) -> bytes:
        if recorded.startswith(b"229"):
            return f"229 Entering Extended Passive Mode (|||{port}|)\r\n".encode()
        host = self.conn.local[0].replace(".", ",")
        return f"227 Entering Passive Mode ({host},{port >> 8},{port & 255})\r\n".encode()

    async def _transfer(self) -> None:
        """A data connection as it was: an upload is compared, a download sent."""
        assert self.data is not None
        records = next(self.transfers, [])
        expected = b"".join(record.bytes for record in records if record.direction == "C")

        async def begun() -> None:
            pass

        try:
            async with self.data.open("", begun, protected=self.protected) as data:
                for record in records:
                    if record.direction == "S":
                        await data.write(record.bytes)
                got = bytearray()
                while expected and (block := await data.read()):
                    got += block
        except Refusal as refusal:
            raise ReplayMismatchError(f"no data connection where the transcript has one: {refusal}") from None
        if bytes(got) != expected:
            raise ReplayMismatchError(f"the client sent {len(got)} octets of data that are not those of the transcript")


def _around_transfer(data: bytes) -> tuple[bytes, bool, bytes]:
    """What a server says before, and after a transfer that begins in the middle of it."""
    match = re.search(rb"(?m)^1(?:50|25) .*\r?\n", data)
    return (data, False, b"") if match is None else (data[: match.end()], True, data[match.end() :])


class _Replay(Server):
    """What the servers of a transcript have in common."""

    played: list[Conversation]
    users: Mapping[str, str]
    repeat: bool = False
    taken: int = 0

    def _next(self) -> Conversation:
        if self.repeat and self.taken >= len(self.played):
            self.taken = 0
        if self.taken >= len(self.played):
            raise ReplayMismatchError(f"one connection more than the {len(self.played)} of the transcript")
        self.taken += 1
        return self.played[self.taken - 1]

    async def session(self, conn: Connection) -> None:
        """One conversation."""
        try:
            await _Player(self, conn, self._next(), self.users).play()
        except ReplayMismatchError as mismatch:
            conn.note(str(mismatch))
            if not self.repeat:
                self.errors.append(mismatch)
            raise Hangup from mismatch

    def check_rules(self) -> None:
        """Raise ReplayMismatchError when a conversation never took place, too."""
        super().check_rules()
        if not self.repeat and self.taken < len(self.played):
            raise ReplayMismatchError(f"{self.taken} of {len(self.played)} conversations of the transcript took place")

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if error is not None:
            for each in self.errors:  # what the client made of it is not the cause
                error.add_note(str(each))
        super().__exit__(kind, error, traceback)
        if error is None:
            self.check_rules()


class _UnixReplay(_Replay, UnixServer):
    pass


class _DatagramReplay(_Replay, DatagramServer):
    async def session(self, conn: Connection) -> None:
        """One datagram, and what came back."""
        assert isinstance(conn, Datagram)
        try:
            conversation = self._next()
            first, *rest = conversation.records
            if first.bytes != conn.data:
                raise ReplayMismatchError(f"the client sent {conn.data!r} where the transcript has {first.bytes!r}")
        except ReplayMismatchError as mismatch:
            self.errors.append(mismatch)
            return
        for record in rest:
            await conn.write(record.bytes)


def replay(
    path: str | os.PathLike[str] | Sequence[Record],
    *,
    repeat: bool = False,
    users: Mapping[str, str] | None = None,
    **options: Any,
) -> Server:
    """A server that says again what a transcript has, not started; one conversation for each connection, in order.

    Args:
        path: JSON Lines of `server.log.save()` or `nettools --trace`, or records.
        repeat: begin again after the last conversation, and let mismatches end a connection, nothing more.
        users: passwords by name; with them, logins by SCRAM and CRAM-MD5 are carried out anew and verified.
        options: those of a `Server`; TLS is offered if the transcript has any.

    Raises:
        ValueError: it is no transcript of one protocol.
    """
    records = read_records(path) if isinstance(path, (str, os.PathLike)) else path
    played = conversations(list(records))
    protocol = played[0].records[0].protocol
    base = {"unix": _UnixReplay, "udp": _DatagramReplay}.get(protocol, _Replay)
    kind = type(
        f"{protocol.capitalize()}Replay",
        (base,),
        {"protocol": protocol, "tls_scheme": "tls" if protocol == "tcp" else ""},
    )
    options.setdefault("tls", any(record.tls for each in played for record in each.records))
    server: Server = kind(**options)
    server.played, server.repeat, server.users = played, repeat, users or {}  # type: ignore[attr-defined]
    return server
