"""Lines and dots: the text conventions that the line protocols share.

`check` keeps CR, LF and NUL out of everything that becomes part of a command (RFC 5321 2.3.8, 3501 9, 959 5.3, 1939 3);
`read_line` reads a line that cannot grow without bound; `dot_stuff` and `read_dotted` are the transparency of RFC 5321
4.5.2, RFC 1939 3 and RFC 3977 3.1.1. Knows no socket: a reader is anything like an io.BufferedReader.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Protocol

from nettools.errors import DisconnectedError, IncompleteError, ReplyTooLongError, TooLargeError, UsageError

__all__ = [
    "BODY_LINE",
    "REPLY_LINE",
    "BlockReader",
    "LineReader",
    "check",
    "check_count",
    "command_line",
    "dot_stuff",
    "encode",
    "gather",
    "lines_of",
    "octets",
    "read_dotted",
    "read_ended_line",
    "read_line",
]

REPLY_LINE = 64 * 1024  # octets of one line of a control reply
BODY_LINE = 1024 * 1024  # octets of one line of a body

_DOT = re.compile(rb"\n\.")  # looked for by its first octet: half of what `in` costs


class LineReader(Protocol):
    """What `read_line` reads from."""

    def readline(self, size: int = -1, /) -> bytes: ...


class BlockReader(LineReader, Protocol):
    """What `read_dotted` reads from: `peek` gives what is there, at least an octet, and b"" at the end."""

    def peek(self, size: int = 0, /) -> bytes: ...

    def read(self, size: int = -1, /) -> bytes: ...


def check(value: str, what: str) -> str:
    """The value, if it may stand in a command; UsageError when it is no str, or holds a CR, LF or NUL."""
    if not isinstance(value, str):
        raise UsageError(f"{what} is a str, not {type(value).__name__}")
    if "\r" in value or "\n" in value or "\0" in value:
        raise UsageError(f"{what} has a CR, LF or NUL in it", hint="it would have been read as a command of its own")
    return value


def command_line(line: str) -> bytes:
    """A command as it goes on the wire; UsageError when it would be two."""
    return check(line, "a command").encode("utf-8", "surrogateescape") + b"\r\n"


def check_count(value: object, what: str) -> None:
    """UsageError when an argument is neither a number from 0 nor None."""
    if value is not None and (isinstance(value, bool) or not isinstance(value, int) or value < 0):
        raise UsageError(f"{what} is a number from 0, or None, not {value!r}")


def encode(value: str, encoding: str, what: str) -> bytes:
    """Text of the caller's as octets; UsageError when the encoding does not have them."""
    try:
        return value.encode(encoding)
    except UnicodeError:
        raise UsageError(f"{what} has characters that {encoding} cannot encode") from None


def octets(data: object, encoding: str) -> bytes:
    """Data of the caller's as octets: bytes as they are, text encoded."""
    if isinstance(data, str):
        return encode(data, encoding, "data")
    if not isinstance(data, (bytes, bytearray, memoryview)):  # bytes(5) would be five NULs
        raise UsageError(f"data is bytes or str, not {type(data).__name__}")
    return bytes(data)


def read_line(reader: LineReader, limit: int = REPLY_LINE) -> bytes:
    """One line without its CR LF (a bare LF is taken too).

    Raises:
        DisconnectedError: the connection ended before the line did.
        ReplyTooLongError: the line has more than `limit` octets.
    """
    line = reader.readline(limit + 2)
    return line[:-2] if line.endswith(b"\r\n") else _without_end(line, limit)[0]


def read_ended_line(reader: LineReader, limit: int = REPLY_LINE) -> tuple[bytes, bytes]:
    """As `read_line`, and what the line ended with: CR LF, or a bare LF."""
    return _without_end(reader.readline(limit + 2), limit)


def _without_end(line: bytes, limit: int) -> tuple[bytes, bytes]:
    if line.endswith(b"\r\n"):
        return line[:-2], b"\r\n"
    if line.endswith(b"\n"):
        if len(line) <= limit + 1:
            return line[:-1], b"\n"
    elif len(line) < limit + 2:
        raise DisconnectedError(
            "the server closed the connection in the middle of a line" if line else "the server closed the connection"
        )
    raise ReplyTooLongError(f"a line of the server's has more than {limit} octets")


def read_dotted(reader: BlockReader, *, line_end: bytes = b"\r\n") -> Iterator[bytes]:
    """A body up to its lone dot, as blocks of octets; the leading dots of its lines taken off.

    Line ends stay what they are, and only a dot between two of the server's own ends the body: a bare LF in a message
    from elsewhere must not end it early, and leave the rest to be read as replies.

    Args:
        line_end: CR LF, or a bare LF where the server ends its status lines so.

    Raises:
        IncompleteError: the connection ended before the lone dot. ReplyTooLongError: a line has more than 1 MiB.
    """
    held, given = line_end, len(line_end)  # what may be the beginning of the end; how much of it was given already
    end = line_end + b"." + line_end
    stuffed = line_end + b".."
    received = 0
    while True:
        chunk = reader.peek()
        if not chunk:
            raise IncompleteError("the connection ended in the middle of a message", received=received)
        data = held + chunk
        place = data.find(end, max(0, len(held) - len(end)))
        if place >= 0:
            reader.read(place + len(end) - len(held))
            yield data[: place + len(line_end)].replace(stuffed, stuffed[:-1])[given:]
            return
        reader.read(len(chunk))
        received += len(chunk)
        cut = data.rfind(line_end)
        if cut > 0:
            yield data[:cut].replace(stuffed, stuffed[:-1])[given:]
            held, given = data[cut:], 0
        else:
            held = data
        if len(held) > BODY_LINE:
            raise ReplyTooLongError(f"a line of the server's has more than {BODY_LINE} octets")


def gather(blocks: Iterable[bytes], most: int | None, what: str) -> bytes:
    """Blocks in one piece.

    Raises:
        TooLargeError: they have more than `most` octets in all.
    """
    result = bytearray()
    for block in blocks:
        result += block
        if most is not None and len(result) > most:
            raise TooLargeError.over(most, f"{what} has")
    return bytes(result)


def lines_of(octets: bytes) -> list[bytes]:
    """The lines of a body without their ends; a bare CR is no line end."""
    return [line.removesuffix(b"\r") for line in octets.removesuffix(b"\n").split(b"\n")] if octets else []


def dot_stuff(blocks: Iterable[bytes], *, clean: bool = False) -> Iterator[bytes]:
    """A body as it goes on the wire: line ends made CR LF, leading dots doubled, and the end of the last line.

    A bare CR or LF inside becomes CR LF: neither may reach the wire, where a careless server would take it for the
    end of a line, and what follows for a command (SMTP smuggling). The lone dot itself is the caller's to send.

    Args:
        clean: every line end is CR LF already: only dots are looked at.
    """
    fresh = True  # at the beginning of a line
    tail = b""  # a CR that may be half of a CR LF
    for block in blocks:
        data = tail + bytes(block)
        tail = b""
        if not clean and data.endswith(b"\r"):
            data, tail = data[:-1], b"\r"
        if not data:
            continue
        starts_with_dot = fresh and data.startswith(b".")
        if not clean and not data.count(b"\r") == data.count(b"\n") == data.count(b"\r\n"):
            data = data.replace(b"\r\n", b"\n").replace(b"\r", b"\n").replace(b"\n", b"\r\n")
        fresh = data.endswith(b"\n")
        if _DOT.search(data):
            data = data.replace(b"\n.", b"\n..")
        yield b"." + data if starts_with_dot else data
    if tail or not fresh:
        yield b"\r\n"
