"""A conversation over Telnet: wait for what is expected, send lines, read the rest (RFC 854).

What has come and was not asked for yet is kept for the next `read_until` or `run`. A session that has been used is
never connected anew: another connection would be at another place of the dialogue.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Iterator
from typing import Any, ClassVar

from nettools.errors import DeadlineError, DisconnectedError, TooLargeError, UsageError
from nettools.parse.telnet import Codec, Option
from nettools.protocols.telnet.client import TelnetClient
from nettools.protocols.telnet.interactive import SIGNALS, Console, pump
from nettools.protocols.telnet.script import WINDOW, Expectation, Found, Step, compile_script, expectation, line_of
from nettools.results import Dialogue, Reply
from nettools.secret import Secret
from nettools.session import Session, operation
from nettools.wire.text import check

__all__ = ["TelnetSession"]

QUIET = 1.0  # seconds of silence that end the answer to `command`
SEEN_LIMIT = 64 * 1024  # octets of the end of a dialogue that an error carries
LOCAL = (Option.BINARY, Option.SGA, Option.TTYPE, Option.NAWS, Option.CHARSET)
REMOTE = (Option.BINARY, Option.ECHO, Option.SGA, Option.CHARSET)


class TelnetSession(Session):
    """`connect("telnet://...")`: `run`, `send`, `send_line`, `read_until`, `read_all`, `command`, `ping`."""

    client: TelnetClient
    signals: ClassVar[dict[str, bytes]] = SIGNALS  # what a console may send by name

    def __init__(self, target: Any, options: Any) -> None:
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
            raise TooLargeError(
                f"the server sent more than max_size={limit} octets", hint="allow more with max_size= or --max-size"
            )
        return bool(data) or not self.client.eof

    def take(self, size: int | None = None) -> bytes:
        """What has come, or the first octets of it, taken out."""
        data = bytes(self._pending if size is None else self._pending[:size])
        del self._pending[: len(data)]
        return data

    def _await(self, expected: Expectation) -> tuple[bytes, Found]:
        """Everything up to the end of the earliest match."""
        start = 0
        while True:
            found = expected.find(bytes(self._pending[start:]), self.encoding)
            if found is not None:
                return self.take(start + found.end), found
            start = max(start, len(self._pending) - WINDOW)
            with self._telling(f"{expected.shown} did not come"):
                if not self.fill():
                    raise DisconnectedError("the server closed the connection")

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

    # -- operations

    @operation("run")
    def run(self, script: Iterable[Any]) -> Dialogue:
        """Walk through a script; see `telnet_run`."""
        steps = compile_script(script)
        for step in steps:
            if isinstance(step.send, Secret):
                self._trace.add_secret(step.send.reveal())
        received = []
        for number, step in enumerate(steps, 1):
            with self._deadline.within(step.seconds, "total"), self._numbered(number, len(steps)):
                received.append(self._walk(step))
        data = self._trace.mask_bytes(b"".join(received))
        texts = tuple(map(self._text, received))
        return Dialogue("".join(texts), data, texts)

    @contextlib.contextmanager
    def _numbered(self, number: int, count: int) -> Iterator[None]:
        try:
            yield
        except (DeadlineError, DisconnectedError) as error:
            error.args = (f"step {number} of {count}: {error.message}",)
            raise

    def _walk(self, step: Step) -> bytes:
        data, match = b"", None
        if step.expect is not None:
            data, found = self._await(step.expect)
            match = found.match
        send: Any = step.send
        if callable(send):
            send = send(match)
        if send is None:
            return data
        if not isinstance(send, (str, bytes, Secret)):
            raise UsageError(f"a callable gives a str, bytes, a Secret or None, not {type(send).__name__}")
        self._send(self._octets(send) if isinstance(send, bytes) else self._line(send))
        return data

    @operation("send")
    def send(self, data: str | bytes | Secret) -> None:
        """Send text (line ends become CR LF) or octets (as they are); octets 255 are doubled in both."""
        self._send(self._octets(data))

    @operation("send")
    def send_line(self, line: str | Secret = "") -> None:
        """Send a line with its end. A `Secret` is masked wherever it is shown, even when it comes back."""
        self._send(self._line(line))

    @operation("read")
    def read_until(self, expect: Any, timeout: float | None = None) -> Any:
        """Everything up to and with what is expected; as bytes if that is bytes, else as text.

        Raises:
            DeadlineError, DisconnectedError: it did not come; `seen` is what had come by then.
        """
        expected = expectation(expect)
        if expected is None:
            raise UsageError("read_until() needs something to wait for")
        if timeout is not None and not isinstance(timeout, (int, float)):
            raise UsageError(f"timeout= is a number of seconds, not {timeout!r}")
        with self._deadline.within(timeout, "total"):
            data, _ = self._await(expected)
        octets = all(isinstance(each.pattern, bytes) for each in expected.patterns)
        return self._trace.mask_bytes(data) if octets else self._text(data)

    @operation("read")
    def read_all(self) -> str:
        """Everything until the server closes the connection."""
        with self._telling("the end did not come"):
            while self.fill():
                pass
        return self._text(self.take())

    @operation("session")
    def interact(self, console: Console) -> None:
        """Connect a console (see `interactive`) to the server, until one of them ends it."""
        self._committed = self._used = True
        with self._telling("the session broke off"):
            pump(self, console)

    # -- what every session has

    @property
    def capabilities(self) -> frozenset[str]:
        """The options that are on by now, such as ECHO, SGA, BINARY."""
        return self.codec.options

    @operation("command")
    def command(self, line: str, *, multiline: bool | None = None) -> Reply:
        """Send a line, and give the lines that come until the server is quiet for a second, or closes.

        Telnet has no replies: `code` is empty.
        """
        del multiline
        self._send(self._line(check(line, "a command")))
        with self._telling("the answer did not end"):
            while self.client.sock.ready(QUIET) and self.fill():
                pass
        lines = [each.removesuffix(b"\r") for each in self.take().split(b"\n")]
        return Reply("", "", tuple(lines[:-1] if lines[-1] == b"" else lines))

    @operation("ping")
    def ping(self) -> None:
        """Send IAC NOP, which means nothing: the connection is there."""
        self.client.sock.sendall(b"\xff\xf1")
        with self._telling("the connection is gone"):
            while self.client.sock.ready(0):
                if not self.fill():
                    raise DisconnectedError("the server closed the connection")
