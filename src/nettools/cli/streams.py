"""stdin, stdout and stderr: any of them may be closed, full, a pipe whose reader has left, or a terminal.

Errors of theirs are FileErrors (26 for reading, 23 for writing), but for a reader that has seen enough, which is none.
"""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Iterator
from typing import IO, Any, BinaryIO

from nettools.errors import FileError, NettoolsError

__all__ = [
    "abandon_stdout",
    "flush_stdout",
    "is_terminal",
    "prepare",
    "reading",
    "standard_input",
    "standard_output",
    "writing",
]


def prepare() -> None:
    """Take the places of streams that are closed, so that no connection or file gets their numbers."""
    for number in range(3):
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, os.O_RDWR)  # the lowest number that is free
    if sys.stderr is None:  # `print` would take None for stdout
        sys.stderr = open(os.devnull, "w", encoding="utf-8")  # noqa: SIM115  # open until the end


def is_terminal(stream: IO[Any] | None) -> bool:
    """Whether a person is at the other end."""
    return stream is not None and stream.isatty()


def standard_input() -> BinaryIO:
    """stdin, for `-` and `@-`."""
    if sys.stdin is None:
        raise FileError("cannot read stdin: it is closed", filename="-", exit_code=26)
    return sys.stdin.buffer


def standard_output() -> BinaryIO:
    """stdout, for data."""
    if sys.stdout is None:
        raise FileError("cannot write to stdout: it is closed", filename="-")
    return sys.stdout.buffer


@contextlib.contextmanager
def reading(path: str) -> Iterator[None]:
    """What fails in here failed to read this file."""
    try:
        yield
    except NettoolsError:  # some are OSErrors, of a connection
        raise
    except OSError as error:
        reason = str(error.strerror or error).lower().removesuffix(".")  # what cannot be sought in has no number
        raise FileError(f"cannot read {path}: {reason}", errno=error.errno, filename=path, exit_code=26) from error


@contextlib.contextmanager
def writing(path: str | None) -> Iterator[None]:
    """What fails in here failed to write to this file, or to stdout."""
    try:
        yield
    except (BrokenPipeError, FileError):
        raise
    except OSError as error:
        where = path if path not in (None, "-") else "to stdout"
        reason = str(error.strerror).lower()
        raise FileError(f"cannot write {where}: {reason}", errno=error.errno, filename=path) from error


def flush_stdout() -> None:
    """Have everything written; nothing of it fails at the interpreter's end."""
    if sys.stdout is not None:
        with writing(None):
            sys.stdout.flush()


def abandon_stdout() -> None:
    """Nothing more can be written: keep the interpreter from trying, and complaining, at its end."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
