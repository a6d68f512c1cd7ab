"""The two ends of `nettools telnet session`: a terminal in raw mode, or pipes. It knows no protocol.

A terminal gives every key as it is typed and shows what comes as it comes: that is what a terminal session is. Its mode
is restored whatever happens, signals included. A pipe's output is made harmless where it is shown on a terminal.
"""

from __future__ import annotations

import codecs
import contextlib
import io
import os
import signal
import sys
import termios
import tty
from collections.abc import Callable, Iterator
from types import FrameType, TracebackType
from typing import Any

from nettools.cli.render import Output, visible
from nettools.cli.streams import standard_input

__all__ = ["Pipes", "Terminal"]

HELP = "quit, or Enter to go on; send ip|brk|ayt|ao|escape"


class Terminal:
    """stdin and stdout, both terminals; a context manager that holds the raw mode."""

    interactive = True

    def __init__(self, signals: dict[str, bytes], note: Callable[[str], None]) -> None:
        self.terminal = os.environ.get("TERM", "dumb")
        self._signals, self._note = signals, note
        self._in, self._out = sys.stdin.fileno(), sys.stdout.fileno()
        self._ended = False
        self._kept: list[Any] = []
        self._handlers: dict[int, Any] = {}
        self._resized, self._resize = os.pipe()

    def __enter__(self) -> Terminal:
        self._kept = termios.tcgetattr(self._in)
        self._handlers = {
            number: signal.signal(number, handler)
            for number, handler in (
                (signal.SIGWINCH, self._on_resize),
                (signal.SIGTERM, _end),
                (signal.SIGHUP, _end),
            )
        }
        tty.setraw(self._in)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._cook()
        for number, handler in self._handlers.items():
            signal.signal(number, handler)
        for descriptor in (self._resized, self._resize):
            os.close(descriptor)

    def _cook(self) -> None:
        with contextlib.suppress(termios.error):  # the terminal itself is gone
            termios.tcsetattr(self._in, termios.TCSADRAIN, self._kept)

    def _on_resize(self, number: int, frame: FrameType | None) -> None:
        os.write(self._resize, b"\0")

    def sources(self) -> list[int]:
        return [self._resized] if self._ended else [self._in, self._resized]

    def read(self, source: int) -> bytes:
        try:
            data = os.read(source, 4096)
        except OSError:  # the terminal was hung up
            data = b""
        if source == self._resized:
            return b""
        self._ended = not data
        return data

    def show(self, data: bytes) -> None:
        while data:
            data = data[os.write(self._out, data) :]

    def size(self) -> tuple[int, int] | None:
        with contextlib.suppress(OSError):
            found = os.get_terminal_size(self._out)
            if found.columns and found.lines:
                return found.columns, found.lines
        return None

    def menu(self) -> bytes | None:
        self._cook()
        try:
            while True:
                try:
                    line = input("\nnettools telnet> ").strip().lower()
                except EOFError:
                    return None
                word, _, rest = line.partition(" ")
                if not word:
                    return b""
                if word in ("quit", "q", "close", "exit"):
                    return None
                if word == "send" and rest.strip() in self._signals:
                    return self._signals[rest.strip()]
                self._note(HELP)
        finally:
            tty.setraw(self._in)


def _end(number: int, frame: FrameType | None) -> None:
    raise SystemExit(128 + number)


class Pipes:
    """Input and output that are no terminal, or only one of them is; `keep` collects what comes instead."""

    interactive = False
    terminal = "dumb"

    def __init__(self, out: Output, *, raw: bool = False, keep: bool = False) -> None:
        self._out, self._raw = out, raw
        self.kept: bytearray | None = bytearray() if keep else None
        self._decode = codecs.getincrementaldecoder("utf-8")("replace").decode
        self._held = ""
        self._input: Iterator[int] | None = None
        self._source = -1
        self._spooled = -1
        try:
            self._source = standard_input().fileno()
        except (OSError, ValueError, io.UnsupportedOperation):  # stdin was replaced by something in memory
            self._source = self._spooled = _spool(standard_input().read())

    def __enter__(self) -> Pipes:
        return self

    def __exit__(self, *_: object) -> None:
        if self._spooled >= 0:
            os.close(self._spooled)
        if self._held:
            print(visible(self._held), end="", flush=True)

    def sources(self) -> list[int]:
        return [] if self._source < 0 else [self._source]

    def read(self, source: int) -> bytes:
        data = os.read(source, 65536)
        if not data:
            self._source = -1
        return data

    def show(self, data: bytes) -> None:
        if self.kept is not None:
            self.kept += data
        elif self._raw or not self._out.is_terminal:
            self._out.write(data)
        else:
            text = self._held + self._decode(data)
            keep = len(text) - 1 if text.endswith("\r") else len(text)  # its LF may be on the way
            text, self._held = text[:keep], text[keep:]
            print(visible(text.replace("\r\n", "\n")), end="", flush=True)

    def size(self) -> tuple[int, int] | None:
        return None

    def menu(self) -> bytes | None:
        return None


def _spool(data: bytes) -> int:
    """A descriptor to read these octets from."""
    import tempfile

    with tempfile.TemporaryFile() as file:
        file.write(data)
        file.seek(0)
        return os.dup(file.fileno())
