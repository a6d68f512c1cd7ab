"""Streams and datagrams as a raw socket's user sees them: send, and receive until something has come.

`Until` says where an answer ends; `Stream` keeps what came behind that end for the next time. Both directions move at
once: a peer that answers while it is still being sent to must not make each wait for the other. Knows no protocol, and
neither dials nor listens; a socket is a guarded one.
"""

from __future__ import annotations

import contextlib
import re
import socket
import ssl
from collections.abc import Iterator

from nettools.errors import IncompleteError, TooLargeError, UsageError
from nettools.wire.guard import BLOCK, WireSocket
from nettools.wire.text import encode

__all__ = ["Stream", "Until"]

MATCH_LIMIT = 64 * 1024  # octets before a match that a pattern may need to see again

End = bytes | str | int | float | re.Pattern[bytes] | None


class Until:
    """Where an answer ends: at a delimiter (which is part of it), at a pattern, after so many octets (int), after so
    many seconds of silence (float), or, None, where the peer ends it.
    """

    def __init__(self, end: End, encoding: str = "utf-8") -> None:
        if isinstance(end, str):
            end = encode(end, encoding, "until=")
        if isinstance(end, re.Pattern) and not isinstance(end.pattern, bytes):
            raise UsageError("until= is a pattern of bytes", hint='write rb"..." instead of r"..."')
        known = end is None or isinstance(end, (bytes, int, float, re.Pattern))
        if not known or isinstance(end, bool) or (isinstance(end, (int, float)) and end < 0) or end == b"":
            raise UsageError(
                f"until= is bytes, a number of octets, a pattern, seconds of silence, or None, not {end!r}"
            )
        self.end = end

    @property
    def silence(self) -> float | None:
        """Seconds without an octet that end the answer."""
        return self.end if isinstance(self.end, float) else None

    @property
    def by_peer(self) -> bool:
        """Whether it is the peer that ends the answer, by closing."""
        return self.end is None

    @property
    def expected(self) -> int | None:
        """How many octets are expected, where that is known."""
        return self.end if isinstance(self.end, int) else None

    def find(self, data: bytearray, seen: int) -> int | None:
        """Where the answer ends in `data`, of which `seen` octets were looked at before; None when it does not yet."""
        end = self.end
        if isinstance(end, int):
            return end if len(data) >= end else None
        if isinstance(end, bytes):
            place = data.find(end, max(0, seen - len(end) + 1))
            return None if place < 0 else place + len(end)
        if isinstance(end, re.Pattern):
            match = end.search(data, max(0, seen - MATCH_LIMIT))
            return None if match is None else match.end()
        return None

    def __str__(self) -> str:
        return f"{self.end} octets" if isinstance(self.end, int) else repr(getattr(self.end, "pattern", self.end))


class Stream:
    """One connected stream socket. `limit` is how many octets of an answer are held in memory; None is no limit."""

    def __init__(self, sock: WireSocket, *, limit: int | None = None) -> None:
        self.sock = sock
        self.limit = limit
        self.unsent = 0  # octets of the last `converse` that the peer did not wait for
        self._ahead = bytearray()  # received behind the end of the last answer

    @property
    def ahead(self) -> bool:
        """Whether something has come that nobody has received yet."""
        return bool(self._ahead)

    @property
    def ended(self) -> bool:
        """Whether the peer has closed, and everything it sent was received."""
        return self.sock.at_eof and not self._ahead

    def send(self, data: bytes) -> None:
        """All of it; what comes meanwhile is kept for `receive`."""
        self._move(data, None, half_close=False)

    def receive(self, until: Until) -> bytes:
        """An answer.

        Raises:
            IncompleteError: the peer closed before the end that was asked for. TooLargeError: it goes over the limit.
        """
        return self.converse(b"", until)

    def some(self, size: int) -> bytes:
        """What is there, at most so many octets, or what comes next; b"" when the peer has closed."""
        if not self._ahead and not self.sock.at_eof:
            return self.sock.recv(size)
        data = bytes(self._ahead[:size])
        del self._ahead[:size]
        return data

    def converse(self, data: bytes, until: Until, *, half_close: bool = False) -> bytes:
        """Send, and receive an answer, both at once; `half_close` says after the sending that nothing more will come.

        Raises:
            as `receive`.
        """
        if until.expected is not None:
            self._within(until.expected)
        end = self._move(data, until, half_close=half_close)
        answer = bytes(self._ahead[:end])
        del self._ahead[:end]
        return answer

    def _move(self, data: bytes, until: Until | None, *, half_close: bool) -> int:
        """Move octets until the answer is whole (or, without one, everything is sent); where the answer ends."""
        rest, sock = memoryview(data), self.sock
        seen = self.unsent = 0
        with self._eager():
            while True:
                if until is not None and (end := until.find(self._ahead, seen)) is not None:
                    self.unsent = len(rest)
                    return self._within(end)
                seen = self._within(len(self._ahead))
                if not rest:
                    if half_close:
                        half_close = False
                        with contextlib.suppress(OSError):  # the peer is gone: reading tells
                            sock.shutdown(socket.SHUT_WR)
                    if until is None:
                        return 0
                    if sock.at_eof:
                        return self._ended(until)
                sent = self._write(rest, patient=until is None)
                if sent is None:
                    self.unsent, rest = len(rest), rest[:0]
                else:
                    rest = rest[sent:]
                if sent == 0 and not self._read():
                    if until is not None and until.silence is not None and not rest:
                        if not sock.ready(until.silence):
                            return len(self._ahead)
                    else:
                        sock.wait(read=not sock.at_eof, write=bool(rest))

    def _within(self, octets: int) -> int:
        if self.limit is not None and octets > self.limit:
            raise TooLargeError.over(self.limit, "the answer has")
        return octets

    def _ended(self, until: Until) -> int:
        """The peer closed: where its answer ends."""
        if self.sock.ragged:
            raise IncompleteError(
                "the peer closed the connection without TLS's close_notify: the answer may have been cut",
                received=len(self._ahead),
            )
        if until.by_peer or until.silence is not None:
            return len(self._ahead)
        raise IncompleteError(
            f"the peer closed the connection before {until} had come",
            received=len(self._ahead),
            expected=until.expected,
        )

    def _write(self, rest: memoryview, *, patient: bool) -> int | None:
        """How many octets were taken; None when the peer takes no more, but may have answered before it closed."""
        if not rest:
            return 0
        try:
            return self.sock.send(rest[:BLOCK])
        except (BlockingIOError, ssl.SSLWantReadError, ssl.SSLWantWriteError):
            return 0
        except (BrokenPipeError, ConnectionResetError):
            if patient or not (self.sock.at_eof or self.sock.ready(0)):
                raise
            return None

    def _read(self) -> int:
        """How many octets came; 0 when there are none yet, or no more."""
        if self.sock.at_eof:
            return 0
        try:
            data = self.sock.recv(BLOCK)
        except (BlockingIOError, ssl.SSLWantReadError, ssl.SSLWantWriteError):
            return 0
        self._ahead += data
        return len(data) or 1  # the end is news too

    @contextlib.contextmanager
    def _eager(self) -> Iterator[None]:
        self.sock.eager = True
        try:
            yield
        finally:
            self.sock.eager = False
