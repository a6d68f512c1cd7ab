"""A conversation over Telnet, as its user sees it: wait for what is expected, send lines, read the rest (RFC 854)."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterable, Iterator
from typing import Any, ClassVar, overload

from nettools.errors import DeadlineError, DisconnectedError, UsageError
from nettools.protocols.telnet.interactive import SIGNALS, Console, pump
from nettools.protocols.telnet.opening import Conversation
from nettools.protocols.telnet.script import WINDOW, Expectation, Found, Step, compile_script, expectation
from nettools.results import Dialogue, Reply
from nettools.secret import Secret
from nettools.session import operation
from nettools.wire.text import check
from nettools.wire.trace import CallbackRaised

__all__ = ["TelnetSession"]

QUIET = 1.0  # seconds of silence that end the answer to `command`


class TelnetSession(Conversation):
    """`connect("telnet://...")`: `run`, `send`, `send_line`, `read_until`, `read_all`, `command`, `ping`."""

    signals: ClassVar[dict[str, bytes]] = SIGNALS  # what a console may send by name

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

    def _walk(self, step: Step) -> bytes:
        data, match = b"", None
        if step.expect is not None:
            data, found = self._await(step.expect)
            match = found.match
        send: Any = step.send
        if callable(send):
            try:
                send = send(match)
            except Exception as error:  # it goes back to the caller as it is
                raise CallbackRaised(error) from error
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

    @overload
    def read_until(self, expect: bytes | re.Pattern[bytes], timeout: float | None = None) -> bytes: ...
    @overload
    def read_until(self, expect: str | re.Pattern[str], timeout: float | None = None) -> str: ...
    @overload
    def read_until(self, expect: tuple[Any, ...], timeout: float | None = None) -> str | bytes: ...
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
