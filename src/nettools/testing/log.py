"""The transcript: one record for every piece that went over the wire, in both directions, inside TLS too.

`records` are what happened; `lines()` shows them as `C:` and `S:` lines with secrets masked; `commands()` are the lines
that clients sent; `round_trips()` counts how often a client had to wait.
"""

from __future__ import annotations

import json
import os
import re
import threading
import time
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass, replace
from typing import Literal

__all__ = ["MASK", "Direction", "Log", "Record", "read_records", "write_records"]

Direction = Literal["C", "S", "-"]

MASK = b"***"
WIDEST = 500  # characters of a line, and
MOST_LINES = 60  # lines of a record, that `lines()` shows

_SECRET = re.compile(
    rb"(?im)^(PASS |APOP \S+ |[^ \r\n]+ LOGIN \S+ |AUTHINFO PASS |AUTH \S+ |[^ \r\n]+ AUTHENTICATE \S+ "
    rb"|(?:Proxy-)?Authorization: \S+ )[^\r\n]+"
)


@dataclass(frozen=True, slots=True)
class Record:
    """Seconds since the log began, protocol, number of the connection, `C` or `S`, inside TLS or not, octets, note.

    A note of `C` holds "ahead" when the client had sent the octets before it could see the last reply.
    """

    t: float
    protocol: str
    connection: int
    direction: Direction
    tls: bool
    bytes: bytes
    note: str = ""

    def masked(self) -> Record:
        """The same without the secrets in it."""
        if self.direction != "C":
            return self
        if "secret" in self.note.split():
            return replace(self, bytes=re.sub(rb"[^\r\n]+", MASK, self.bytes))
        return replace(self, bytes=_SECRET.sub(rb"\1" + MASK, self.bytes))


_KINDS: dict[str, type | tuple[type, ...]] = {  # what a file may get wrong
    "t": (int, float),
    "protocol": str,
    "connection": int,
    "tls": bool,
    "note": str,
}


class Log:
    """What one server saw; safe to read while it runs."""

    def __init__(self, protocol: str) -> None:
        self.protocol = protocol
        self.records: list[Record] = []
        self._numbers: dict[str, int] = {}
        self._began = time.monotonic()
        self._lock = threading.Lock()

    def add(
        self, connection: int, direction: Direction, tls: bool, data: bytes, note: str = "", *, protocol: str = ""
    ) -> None:
        """One more record; another `protocol` than the log's is a side channel, such as FTP's data."""
        now, protocol = time.monotonic() - self._began, protocol or self.protocol
        record = Record(now, protocol, connection, direction, tls, bytes(data), note)
        with self._lock:
            self.records.append(record)

    def clear(self) -> None:
        """Forget everything so far."""
        with self._lock:
            self.records.clear()

    def next_number(self, protocol: str) -> int:
        """The number of a new connection of a side channel."""
        with self._lock:
            self._numbers[protocol] = self._numbers.get(protocol, 0) + 1
            return self._numbers[protocol]

    def of(self, connection: int | None = None, protocol: str | None = None) -> list[Record]:
        """The records of one connection, or of all; of the log's own protocol, or of a side channel's."""
        wanted = protocol or self.protocol
        return [
            each
            for each in tuple(self.records)
            if each.protocol == wanted and (connection is None or each.connection == connection)
        ]

    def client_bytes(self, connection: int | None = None, *, protocol: str | None = None) -> bytes:
        """Every octet that clients sent, in order."""
        return b"".join(each.bytes for each in self.of(connection, protocol) if each.direction == "C")

    def server_bytes(self, connection: int | None = None, *, protocol: str | None = None) -> bytes:
        """Every octet that the server sent, in order."""
        return b"".join(each.bytes for each in self.of(connection, protocol) if each.direction == "S")

    def commands(self, connection: int | None = None) -> list[str]:
        """The lines that clients sent, without line ends; bodies count as lines too."""
        return self.client_bytes(connection).decode("utf-8", "surrogateescape").splitlines()

    @property
    def connections(self) -> int:
        """How many connections there were."""
        return len({each.connection for each in self.of()})

    def round_trips(self, connection: int | None = None) -> int:
        """How often a client waited: turns from the server's sending to the client's sending, the first greeting
        included.

        A batch of pipelined commands is one turn, however many replies it gets; a reply that nothing follows (to QUIT,
        or the last one) is one too, for the client waited for it.
        """
        turns = 0
        for number in {each.connection for each in self.of(connection)}:
            last = "C"
            for record in self.of(number):
                if record.direction == "S" and last == "C":
                    turns += 1
                if record.direction == "S" or (record.direction == "C" and "ahead" not in record.note):
                    last = record.direction
        return turns

    def lines(self) -> Iterator[str]:
        """`C:` and `S:` lines, secrets masked, a side channel's name behind the letter; what is no text is counted."""
        for record in tuple(self.records):
            side = "" if record.protocol == self.protocol else f" {record.protocol}"
            if record.direction == "-":
                yield f"--{side} {record.note}"
                continue
            for line in _shown(record):
                yield f"{record.direction}{side}: {line}"

    def __str__(self) -> str:
        return "\n".join(self.lines())

    def save(self, path: str | os.PathLike[str], *, secrets: bool = False) -> None:
        """Write the transcript as JSON Lines; with `secrets`, as they went over the wire, else masked."""
        with self._lock:
            records = tuple(self.records)
        write_records(path, records if secrets else (each.masked() for each in records))


def write_records(path: str | os.PathLike[str], records: Iterable[Record]) -> None:
    """Write records as JSON Lines, octets as Latin-1 text."""
    with open(path, "w", encoding="utf-8") as file:
        for record in records:
            octets = record.bytes.decode("latin-1")
            file.write(json.dumps({**asdict(record), "t": round(record.t, 6), "bytes": octets}) + "\n")


def read_records(path: str | os.PathLike[str]) -> list[Record]:
    """The records of a file of JSON Lines, written by `Log.save` or by `nettools --trace`.

    Raises:
        ValueError: a line of it is none; the message says which.
    """
    found = []
    with open(path, "rb") as file:
        for number, line in enumerate(file, 1):
            where = f"{os.fspath(path)}, line {number}"
            try:
                given = json.loads(line.decode())
                record = Record(**{**given, "bytes": given["bytes"].encode("latin-1")})
            except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
                raise ValueError(f"{where}: this is no record of a transcript") from None
            if record.direction not in ("C", "S", "-"):
                raise ValueError(f"{where}: a direction is C, S or -")
            if wrong := next(
                (name for name, kind in _KINDS.items() if not isinstance(getattr(record, name), kind)), None
            ):
                raise ValueError(f"{where}: its {wrong} is {getattr(record, wrong)!r}")
            found.append(record)
    return found


def _shown(record: Record) -> list[str]:
    """A record's octets as lines to look at."""
    text = record.masked().bytes.decode("utf-8", "backslashreplace")
    if len(text) > WIDEST and ("\0" in text or len(text) > len(record.bytes)):
        return [f"({len(record.bytes)} octets)"]
    lines = [
        line if len(line) <= WIDEST else f"{line[:WIDEST]}... ({len(line)} characters)" for line in text.splitlines()
    ]
    return lines if len(lines) <= MOST_LINES else [*lines[:MOST_LINES], f"... ({len(lines) - MOST_LINES} more lines)"]
