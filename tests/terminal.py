"""A program at a pseudo-terminal, as a person sits at it: keys in, screen out."""

from __future__ import annotations

import contextlib
import fcntl
import os
import select
import signal
import struct
import subprocess
import termios
import time
from collections.abc import Mapping, Sequence
from typing import Any

__all__ = ["AtTerminal"]


def _sit_down() -> None:
    """In the child: the terminal is its own, and control-C is not ignored, whatever this process was started with."""
    fcntl.ioctl(0, termios.TIOCSCTTY, 0)
    signal.signal(signal.SIGINT, signal.SIG_DFL)


class AtTerminal:
    """Runs a command with a terminal as stdin, stdout and stderr; `screen` is everything it showed."""

    def __init__(self, command: Sequence[str], env: Mapping[str, str] | None = None, size: tuple[int, int] = (80, 24)):
        self.master, self.slave = os.openpty()
        self._set_size(*size)
        self.screen = b""
        self._shown = 0
        self.process = subprocess.Popen(
            command,
            stdin=self.slave,
            stdout=self.slave,
            stderr=self.slave,
            env=env,
            start_new_session=True,
            preexec_fn=_sit_down,
        )

    def _set_size(self, columns: int, lines: int) -> None:
        fcntl.ioctl(self.slave, termios.TIOCSWINSZ, struct.pack("HHHH", lines, columns, 0, 0))

    def resize(self, columns: int, lines: int) -> None:
        self._set_size(columns, lines)
        self.process.send_signal(signal.SIGWINCH)

    @property
    def mode(self) -> list[Any]:
        return termios.tcgetattr(self.slave)

    def type(self, keys: bytes) -> None:
        os.write(self.master, keys)

    def wait_for(self, text: bytes, seconds: float = 20) -> None:
        """Wait until this is shown, behind what was waited for before."""
        end = time.monotonic() + seconds
        while (place := self.screen.find(text, self._shown)) < 0:
            if time.monotonic() > end or not self._read(end - time.monotonic()):
                raise AssertionError(f"{text!r} was not shown; the screen: {self.screen!r}")
        self._shown = place + len(text)

    def wait_for_raw_mode(self, seconds: float = 20) -> None:
        """Wait until the program gets every key as it is typed."""
        end = time.monotonic() + seconds
        while self.mode[3] & termios.ICANON:
            assert time.monotonic() < end, "the terminal stayed in its line mode"
            self._read(0.01)

    def _read(self, seconds: float) -> bool:
        if not select.select([self.master], [], [], max(0, seconds))[0]:
            return False
        data = b""
        with contextlib.suppress(OSError):
            data = os.read(self.master, 65536)
        self.screen += data
        return bool(data)

    def end(self, seconds: float = 20) -> int:
        """Wait for the program's end, and read on: some wait until their last words are read. Its exit code."""
        end = time.monotonic() + seconds
        while self.process.poll() is None:
            assert time.monotonic() < end, f"the program did not end; the screen: {self.screen!r}"
            self._read(0.05)
        while self._read(0):
            pass
        return int(self.process.returncode)

    def __enter__(self) -> AtTerminal:
        return self

    def __exit__(self, *_: object) -> None:
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        for descriptor in (self.master, self.slave):
            os.close(descriptor)
