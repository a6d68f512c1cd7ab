"""One connection to an origin, and the requests and responses on it, one at a time (RFC 9112).

A response is http.client's, with the reader of its connection in place of one of its own, and strict where http.client
lets things pass: interim responses, header fields and trailers without end, octets that no header has, contradicting
lengths, chunks whose framing is wrong. A request is written in one piece where it fits. `Connections` keeps what can be
used again, by origin. Knows no redirects, credentials, cookies or retries; certificates, proxies and timeouts are the
dialer's business.

Hooks of http.client that are relied on: `HTTPResponse.__init__` asks its argument for `makefile("rb")`; `_close_conn`,
`_get_chunk_left`, `_read_next_chunk_size`, `_safe_read`, `_read_and_discard_trailer` and `_check_close` are methods.
"""

from __future__ import annotations

import collections
import contextlib
import http.client
import re
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

from nettools.errors import (
    DeadlineError,
    DisconnectedError,
    IncompleteError,
    NettoolsError,
    ProtocolError,
    ReplyTooLongError,
)
from nettools.protocols.http.form import Body
from nettools.results import Headers
from nettools.wire.bulk import Splice
from nettools.wire.guard import BLOCK

__all__ = ["Connection", "Connections", "Response"]

MOST_INTERIM = 20  # 1xx responses before the final one
MOST_FIELDS = 256  # of a header or a trailer
LINE_LIMIT = 64 * 1024
PATIENCE = 5.0  # seconds that the answer to a request that was sent ahead may take, before it is sent by itself
REST = 0.01  # seconds that a connection rests before its second request, lest an answer that nobody asked for follows
MOST_KEPT = 16  # connections that wait for another request
STRAIGHT = 4 * BLOCK  # octets from which a body may go to a file without passing through Python
_JOINED = 64 * 1024  # a body up to this size goes out in one piece with its head

_STATUS = re.compile(rb"HTTP/1\.(\d) +(\d{3})(?: ([^\0\r\n]*))?[ \t]*\r?\n")
# RFC 9112 5.1, but for white space before the colon, which a client may pass over; 5.2: folded lines
_FIELD = re.compile(rb"([!#$%&'*+.^_`|~0-9A-Za-z-]+)[ \t]*:([^\0\r\n]*)\r?")
_FOLDED = re.compile(rb"[ \t]([^\0\r\n]*)\r?")
_LENGTH = re.compile(r"[0-9]{1,18}")
_CHUNK = re.compile(rb"([0-9A-Fa-f]{1,15})[ \t]*(?:;[^\0\r\n]*)?\r\n")


def _line(fp: Any, what: str) -> bytes:
    line: bytes = fp.readline(LINE_LIMIT + 1)
    if len(line) > LINE_LIMIT:
        raise ReplyTooLongError(f"{what} has more than {LINE_LIMIT} octets")
    return line


def _head_lines(fp: Any, what: str) -> Iterator[bytes]:
    """The lines up to the empty one, without their LF: all at once where they are here already, as they mostly are."""
    ahead = fp.peek()
    end = ahead.find(b"\r\n\r\n") + 4
    # an LF without CR may be the end of a line too, and so of the header
    if end > 4 and ahead[:2] != b"\r\n" and ahead.count(b"\n", 0, end) == ahead.count(b"\r\n", 0, end):
        yield from fp.read(end)[:-3].split(b"\n")
        return
    while (line := _line(fp, f"a {what} field")) not in (b"\r\n", b"\n"):
        if not line.endswith(b"\n"):
            raise DisconnectedError(f"the connection ended in the middle of the {what}")
        yield line[:-1]


def _fields(fp: Any, what: str = "header") -> list[tuple[str, str]]:
    """Header fields or trailers, up to and with the empty line behind them."""
    fields: list[tuple[str, str]] = []
    for number, line in enumerate(_head_lines(fp, what)):
        if number == MOST_FIELDS:
            raise ProtocolError(f"more than {MOST_FIELDS} {what} fields")
        match = _FIELD.fullmatch(line)
        if match is not None:
            name, value = match.groups()
            fields.append((name.decode("ascii"), value.strip(b" \t").decode("latin-1")))
            continue
        folded = _FOLDED.fullmatch(line)
        if folded is None or not fields:
            raise ProtocolError(f"this is no {what} field: {line[:80]!r}")
        last, text = fields[-1]
        if len(text) > LINE_LIMIT:
            raise ReplyTooLongError(f"a {what} field has more than {LINE_LIMIT} octets")
        more = folded[1].strip(b" \t").decode("latin-1")
        fields[-1] = last, f"{text} {more}".strip(" ")
    return fields


class Response(http.client.HTTPResponse):
    """One response; `headers` are the fields as they came, `blocks()` the body as it comes."""

    headers: Any  # a Headers once the response has begun

    if TYPE_CHECKING:  # what the stubs leave out
        _method: str
        _check_close: Callable[[], bool]
        _get_chunk_left: Callable[[], int | None]

    def __init__(self, connection: Connection, method: str) -> None:
        super().__init__(connection, method=method)  # type: ignore[arg-type]  # asks it for `makefile`, nothing else
        self.connection = connection

    def begin(self) -> None:
        """Read the status line and the header, passing over interim responses, and see that the body has one length."""
        for _ in range(MOST_INTERIM):
            minor, status, reason = self._status()
            fields = _fields(self.fp)
            if status == 101:  # RFC 9110 15.2.2
                raise ProtocolError(
                    "the server switches to another protocol (101), and nettools has none to go on with"
                )
            if status >= 200:
                break
        else:
            raise ProtocolError(f"more than {MOST_INTERIM} interim responses (1xx) before the real one")
        self.version, self.code, self.status, self.reason = (10 if minor == 0 else 11), status, status, reason
        self.headers = Headers(fields, separator=", ")
        self.msg = self.headers
        self.length, self.chunked = self._framing()
        self.chunk_left = None
        if status in (204, 304) or self._method == "HEAD":
            self.length, self.chunked = 0, False
        self.will_close = self._check_close() or (self.length is None and not self.chunked)
        if self.length == 0:
            self._close_conn()

    def _status(self) -> tuple[int, int, str]:
        line = _line(self.fp, "the status line")
        match = _STATUS.fullmatch(line)
        if match is not None and match[2] >= b"100":
            return int(match[1]), int(match[2]), (match[3] or b"").decode("latin-1").strip()
        secure = self.connection.tls
        if not line:
            raise DisconnectedError(
                "the server closed the connection without an answer",
                exit_code=52,
                hint=None if secure else "does it expect TLS (https://)?",
            )
        hint = "the server speaks TLS: use https://" if line[:2] == b"\x15\x03" and not secure else None
        raise ProtocolError(f"this is no HTTP response: {line[:80]!r}", hint=hint)

    def _framing(self) -> tuple[int | None, bool]:
        """How long the body is, and whether it comes in chunks (RFC 9112 6.3)."""
        headers: Headers = self.headers
        coding = headers.get("transfer-encoding", "").strip(" ,").lower()
        told = headers.get("content-length")
        lengths = {each.strip(" \t") for each in (told or "").split(",")} - {""}
        if coding in ("", "identity"):
            if len(lengths) != (told is not None) or not all(map(_LENGTH.fullmatch, lengths)):
                raise ProtocolError(f"Content-Length makes no sense: {', '.join(sorted(lengths))[:80]}")
            return (int(lengths.pop()) if lengths else None), False
        if coding != "chunked":
            raise ProtocolError(f"unknown Transfer-Encoding {coding[:80]!r}")
        if lengths or self.version < 11:
            raise ProtocolError("a response with Transfer-Encoding and Content-Length, or in HTTP/1.0")
        return None, True

    # -- the body

    def blocks(self, buffer: memoryview) -> Iterator[memoryview]:
        """The body as it came: what each system call gives, in `buffer`, valid until the next.

        Raises:
            IncompleteError: it ended before its length, its last chunk, or TLS's close_notify.
        """
        received = 0
        expected = self.length
        while not self.isclosed():
            left = self._get_chunk_left() if self.chunked else self.length
            if self.isclosed():
                return  # behind the last chunk
            if left == 0:
                self._close_conn()
                return
            count = self.fp.readinto1(buffer if left is None else buffer[:left])
            if not count:
                self._ended(left, expected, received)
                return
            received += count
            if self.chunked and left is not None:
                self.chunk_left = left - count
            elif left is not None:
                self.length = left - count
            yield buffer[:count]

    def _ended(self, left: int | None, expected: int | None, received: int) -> None:
        """The connection is over: so is a body that its end delimits; any other is cut."""
        self.abandon()
        if self.chunked:
            raise IncompleteError("the body was cut in the middle of a chunk", received=received)
        if left is not None and expected is not None:
            received = expected - left
            raise IncompleteError(f"{received} of {expected} octets came", received=received, expected=expected)
        if self.connection.sock.ragged:
            raise IncompleteError("the connection was cut without TLS's close_notify", received=received)

    def poured(self, buffer: memoryview, descriptor: int | None, path: object) -> Iterator[memoryview | int]:
        """As `blocks`; octets that went straight to the file of this descriptor are given by their number.

        What the reader has buffered comes as a block; what follows need not pass through Python.
        """
        direct = descriptor is not None and not self.chunked and self.length is not None and self.length >= STRAIGHT
        for block in self.blocks(buffer):
            yield block
            if not direct or descriptor is None:
                continue
            direct = False
            with Splice(self.connection.sock, descriptor, path) as splice:
                while self.length and (count := splice.move(self.length)):
                    self.length -= count
                    yield count

    def _read_next_chunk_size(self) -> int:
        line = _line(self.fp, "the size of a chunk")
        match = _CHUNK.fullmatch(line)
        if match is None:
            if not line.endswith(b"\n"):
                raise IncompleteError("the body was cut before its last chunk")
            raise ProtocolError(f"a chunk whose size makes no sense: {line[:80]!r}")
        return int(match[1], 16)

    def _safe_read(self, amt: int) -> bytes:
        data = super()._safe_read(amt)  # type: ignore[misc]
        if amt == 2 and self.chunk_left == 0 and data != b"\r\n":  # what http.client reads behind a chunk
            raise ProtocolError(f"a chunk does not end where its size says: {data!r}")
        return bytes(data)

    def _read_and_discard_trailer(self) -> None:
        _fields(self.fp, "trailer")

    # -- the end

    def _close_conn(self) -> None:
        """The body is over: the connection is free, or is done with."""
        if self.fp is not None:
            self.fp = None  # type: ignore[assignment]  # http.client's own mark of a response that was read
            if self.will_close:
                self.connection.close()
            self.connection.proven = self.version == 11

    def abandon(self) -> None:
        """Done with it, read or not; what is unread would come before the next response, so the connection goes."""
        if self.fp is not None:
            self.fp = None  # type: ignore[assignment]
            self.connection.close()

    def close(self) -> None:
        """As http.client's; closing a response that was not read closes its connection."""
        self.abandon()
        super().close()


class Connection:
    """A socket to an origin, guarded. It has been `used` for a request, and is `proven` once the server has kept it.

    `ahead` are the heads of requests that were sent behind others, and whose responses come next.
    """

    def __init__(self, sock: Any) -> None:
        self.sock = sock
        self.proven = False
        self.ahead: collections.deque[bytes] = collections.deque()
        self.tls = hasattr(sock, "pending")  # only TLS has octets that are decrypted and not read
        self.used = False
        self.rested = False
        self.reader = sock.makefile("rb")
        self.response: Response | None = None

    def makefile(self, mode: str) -> Any:
        """What a response reads from: one reader for all responses of the connection."""
        return self.reader

    @property
    def closed(self) -> bool:
        """Whether it is done with."""
        return bool(self.reader.closed)

    def close(self) -> None:
        """Close it, whatever is under way."""
        for each in (self.reader, self.sock):
            with contextlib.suppress(OSError, ValueError):
                each.close()

    @property
    def idle(self) -> bool:
        """Whether it is open and nothing is under way."""
        return not self.closed and (self.response is None or self.response.isclosed())

    def usable(self) -> bool:
        """Whether it can carry another request: the server has not closed it, and has sent nothing unasked.

        What comes once the next request is out would be taken for its answer (RFC 9112 9.2 can then not be kept), so a
        server that answers twice is given the time to show it, once for each connection.
        """
        try:
            if self.sock.failure is not None:
                return False
            if self.ahead:
                return True
            patience, self.rested = (0 if self.rested else REST), True
            return not self.sock.ready(patience)
        except DeadlineError:
            raise
        except (OSError, ValueError):
            return False

    def exchange(self, method: str, head: bytes, body: Body, behind: Sequence[bytes] = ()) -> Response:
        """Send a request, unless it was sent ahead, and read the response up to its body.

        Args:
            behind: heads of requests without a body that are sent in the same piece, to be asked for next.
        """
        self.used = True
        response = self.response = Response(self, method)
        if self.ahead:
            self.ahead.popleft()
            if not self.sock.ready(PATIENCE):
                raise DisconnectedError("the server does not answer what was sent ahead")
            response.begin()
            return response
        self.ahead.extend(behind)
        try:
            self._send(head + b"".join(behind), body)
        except (ConnectionError, NettoolsError) as error:
            # a server may refuse a body before it has read it all (RFC 9112 9.3): then it has answered already
            if isinstance(error, NettoolsError) and not isinstance(error, DisconnectedError):
                raise
            response.begin()
            response.will_close = True
            return response
        response.begin()
        return response

    def _send(self, head: bytes, body: Body) -> None:
        send = self.sock.sendall
        if isinstance(body.data, bytes) and len(body.data) <= _JOINED:
            send(head + body.data)
            return
        send(head)
        chunked = body.size is None
        for block in body.blocks():
            send(b"%x\r\n%b\r\n" % (len(block), block) if chunked else block)
        if chunked:
            send(b"0\r\n\r\n")


Key = tuple[str, str, int, str | None]  # scheme, host, port, Unix socket


class Connections:
    """The connections of a session, by where they go; `buffer` is what their bodies are read into."""

    def __init__(self, dial: Callable[[Key], Any], one_by_one: set[Key]) -> None:
        self._dial = dial
        self._one_by_one = one_by_one
        self._all: dict[Key, list[Connection]] = {}
        self.buffer = memoryview(bytearray(BLOCK))

    def take(self, key: Key, head: bytes) -> Connection:
        """A connection that nothing is under way on, or this very request: a kept one that is usable, else a new one.

        Where another request was sent ahead, that one was not the next: nothing is, from now on.
        """
        for connection in self._all.get(key, ()):
            if connection.idle:
                in_order = not connection.ahead or connection.ahead[0] == head
                if in_order and connection.usable():
                    return connection
                if not in_order:
                    self._one_by_one.add(key)
                connection.close()
        self._tidy()
        connection = Connection(self._dial(key))
        self._all.setdefault(key, []).append(connection)
        return connection

    def _tidy(self) -> None:
        """Forget those that are closed, and close what has waited longest, where too many are kept."""
        idle = [each for row in self._all.values() for each in row if each.idle]
        for connection in idle[: max(0, len(idle) + 1 - MOST_KEPT)]:
            connection.close()
        kept = {key: [each for each in row if not each.closed] for key, row in self._all.items()}
        self._all = {key: row for key, row in kept.items() if row}

    @property
    def sockets(self) -> list[Any]:
        """The sockets that are open."""
        return [each.sock for row in self._all.values() for each in row if not each.closed]

    def drop(self, key: Key) -> None:
        """Close those that go to one place."""
        for connection in self._all.pop(key, ()):
            connection.close()

    def close(self) -> None:
        """Close them all."""
        for row in self._all.values():
            for connection in row:
                connection.close()
        self._all.clear()
