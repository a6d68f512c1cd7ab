"""What every operation on a Telnet server stands on: the connection, what has come over it, and what goes (RFC 854).

What has come and was not asked for yet is kept for the next operation. A session that has been used is never connected
anew: another connection would be at another place of the dialogue.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import TYPE_CHECKING

from nettools.errors import DeadlineError, DisconnectedError, TooLargeError, UsageError
from nettools.parse.telnet import Codec, Option
from nettools.protocols.telnet.client import TelnetClient
from nettools.protocols.telnet.script import line_of
from nettools.secret import Secret
from nettools.session import Session

if TYPE_CHECKING:
    from nettools.options import Options
    from nettools.target import Target

__all__ = ["Conversation"]

SEEN_LIMIT = 64 * 1024  # octets of the end of a dialogue that an error carries
LOCAL = (Option.BINARY, Option.SGA, Option.TTYPE, Option.NAWS, Option.CHARSET)
REMOTE = (Option.BINARY, Option.ECHO, Option.SGA, Option.CHARSET)


class Conversation(Session):
    """A connection to a Telnet server, and the octets that wait to be taken from it."""

    client: TelnetClient

    def __init__(self, target: Target, options: Options) -> None:
        super().__init__(target, options)
        if target.path.strip("/") or target.query is not None:  # RFC 4248 2
            raise UsageError(f"a Telnet URL has no path: {target.path!r}", exit_code=3)
        self.encoding = options.encoding or "utf-8"
        self.codec = self._codec()
        self._pending = bytearray()
        self._seen = bytearray()
        self._used = False

    def _codec(self) -> Codec:
        return Codec(local=LOCAL, remote=REMOTE, charset=self.encoding)

    # -- the connection

    def _establish(self) -> None:
        self.codec = self._codec()
        self._pending.clear()
        self._seen.clear()
        with self.connecting():
            self.client = TelnetClient(dialer=lambda host, port: self._connect(), codec=self.codec)
            self.client.open(self.target.host, self.target.port)

    def _begin(self) -> None:
        super()._begin()
        self._kept = False
        if self._used and self.client is None:
            raise DisconnectedError(
                "this Telnet session is over", hint="open another one with connect()", retryable=False
            )

    def _goodbye(self) -> None:
        """Send the end of our side and wait for the server's: what was sent last is not lost with a reset."""
        if not self.client.eof:
            self.client.sock.shutdown(1)  # socket.SHUT_WR
            while self.client.sock.recv():
                pass

    def _discard(self) -> None:
        client, self.client = self.client, None  # type: ignore[assignment]
        if client is not None:
            with contextlib.suppress(OSError):
                client.close()

    # -- what comes

    def fill(self) -> bool:
        """Read once; False at the end of the connection."""
        data = self.client.read_block()
        self._used = self._used or bool(data)
        self._pending += data
        self._seen += data
        if len(self._seen) > 2 * SEEN_LIMIT:
            del self._seen[:-SEEN_LIMIT]
        limit = self.options.max_size
        if limit is not None and len(self._pending) > limit:
            raise TooLargeError.over(limit, "the server sent")
        return bool(data) or not self.client.eof

    def take(self, size: int | None = None) -> bytes:
        """What has come, or the first octets of it, taken out."""
        data = bytes(self._pending if size is None else self._pending[:size])
        del self._pending[: len(data)]
        return data

    @contextlib.contextmanager
    def _telling(self, what: str) -> Iterator[None]:
        """Errors say what was waited for, and what had come by then."""
        try:
            yield
        except (DeadlineError, DisconnectedError) as error:
            self._tell(error, what)
            raise
        except ConnectionError as error:
            ours = DisconnectedError("the server reset the connection")
            self._tell(ours, what)
            raise ours from error

    def _tell(self, error: DeadlineError | DisconnectedError, what: str) -> None:
        tail = bytes(self._seen[-SEEN_LIMIT:]).decode(self.encoding, "replace")
        error.seen = self._trace.mask(tail)
        last = error.seen[-60:]
        error.retryable = error.retryable and not self._used
        error.args = (f"{what}: {error.message}; last seen: {last!r}" if last else f"{what}: {error.message}",)

    def _text(self, data: bytes) -> str:
        return self._trace.mask(data.decode(self.encoding, "replace"))

    # -- what goes

    def _octets(self, data: str | bytes | Secret) -> bytes:
        """What is to be sent as it goes on the wire: a str as text, bytes as they are; IAC doubled."""
        if isinstance(data, bytes):
            return data.replace(b"\xff", b"\xff\xff")
        if isinstance(data, Secret):
            self._trace.add_secret(data.reveal())
            self.require_private("the secret")
            data = data.reveal()
        if not isinstance(data, str):
            raise UsageError(f"what is sent is a str, bytes or a Secret, not {type(data).__name__}")
        return self.codec.send(data.encode(self.encoding, "surrogateescape"))

    def _send(self, octets: bytes) -> None:
        self._committed = self._used = True  # whoever is at the other end acts on it: never sent again
        self.client.sock.sendall(octets)

    def _line(self, line: str | Secret) -> bytes:
        text = line_of(line) + "\n"
        return self._octets(Secret(text) if isinstance(line, Secret) else text)
