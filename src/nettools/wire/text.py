"""Lines and dots: the text conventions that the line protocols share.

`check` keeps CR, LF and NUL out of everything that becomes part of a command (RFC 5321 2.3.8, 3501 9, 959 5.3, 1939 3);
`read_line` reads a line that cannot grow without bound; `dot_stuff` and `undot` are the transparency of RFC 5321 4.5.2,
RFC 1939 3 and RFC 3977 3.1.1. Knows no socket: a reader is anything with `readline`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Protocol

from nettools.errors import DisconnectedError, ReplyTooLongError, UsageError

__all__ = ["BODY_LINE", "REPLY_LINE", "LineReader", "check", "dot_stuff", "read_line", "undot"]

REPLY_LINE = 64 * 1024  # octets of one line of a control reply
BODY_LINE = 1024 * 1024  # octets of one line of a body


class LineReader(Protocol):
    """What `read_line` reads from."""

    def readline(self, size: int = -1, /) -> bytes: ...


def check(value: str, what: str) -> str:
    """The value, if it may stand in a command; UsageError when it holds a CR, LF or NUL."""
    if "\r" in value or "\n" in value or "\0" in value:
        raise UsageError(f"{what} has a CR, LF or NUL in it", hint="it would have been read as a command of its own")
    return value


def read_line(reader: LineReader, limit: int = REPLY_LINE) -> bytes:
    """One line without its CR LF (a bare LF is taken too).

    Raises:
        DisconnectedError: the connection ended before the line did.
        ReplyTooLongError: the line has more than `limit` octets.
    """
    line = reader.readline(limit + 2)
    if line.endswith(b"\n"):
        line = line[:-2] if line.endswith(b"\r\n") else line[:-1]
        if len(line) <= limit:
            return line
    elif len(line) < limit + 2:
        raise DisconnectedError(
            "the server closed the connection in the middle of a line" if line else "the server closed the connection"
        )
    raise ReplyTooLongError(f"a line of the server's has more than {limit} octets")


def undot(lines: Iterable[bytes]) -> Iterator[bytes]:
    """The lines of a body up to its lone dot, a leading dot taken off."""
    for line in lines:
        if line.startswith(b"."):
            if line == b".":
                return
            line = line[1:]  # the line itself is what is meant
        yield line


def dot_stuff(blocks: Iterable[bytes]) -> Iterator[bytes]:
    """A body as it goes on the wire: line ends made CR LF, leading dots doubled, and the end of the last line.

    A bare CR or LF inside becomes CR LF: neither may reach the wire, where a careless server would take it for the
    end of a line, and what follows for a command (SMTP smuggling). The lone dot itself is the caller's to send.
    """
    fresh = True  # at the beginning of a line
    tail = b""  # a CR that may be half of a CR LF
    for block in blocks:
        data = tail + bytes(block)
        tail = b""
        if data.endswith(b"\r"):
            data, tail = data[:-1], b"\r"
        if not data:
            continue
        data = data.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
        starts_with_dot = fresh and data.startswith(b".")
        fresh = data.endswith(b"\n")
        data = data.replace(b"\n.", b"\n..").replace(b"\n", b"\r\n")
        yield b"." + data if starts_with_dot else data
    if tail or not fresh:
        yield b"\r\n"
