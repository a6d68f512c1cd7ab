"""The bounds of one example, and what is kept of one that broke them.

Time is the processor's, so that a busy machine changes nothing; memory is the growth of the process. A finding is made
small, octet by octet, and written to fixtures/fuzz, where every later run begins with it.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import resource
import signal
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from types import FrameType
from typing import Any

from pytest_socket import SocketBlockedError, SocketConnectBlockedError

from fuzz.strategies import Transcript
from nettools import NettoolsError

__all__ = ["FOLDER", "Finding", "bounded", "examine", "keep", "load"]

FOLDER = Path(__file__).parents[2] / "fixtures" / "fuzz"
SECONDS = 10.0  # of the processor
MEMORY = 256 * 1024  # KiB

ELSEWHERE = (SocketBlockedError, SocketConnectBlockedError)  # it would have left this machine

Input = bytes | Transcript


class TooSlow(BaseException):
    """The processor worked longer than any input is worth."""


class Finding(AssertionError):  # noqa: N818  # what fuzzing calls it
    """An input that gave neither a value nor a NettoolsError, or took too much."""


@contextlib.contextmanager
def bounded() -> Iterator[None]:
    """Hold what happens inside to its time; outside of the main thread there is no alarm, and pytest's own holds."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def ring(number: int, frame: FrameType | None) -> None:
        raise TooSlow

    before = signal.signal(signal.SIGVTALRM, ring)
    signal.setitimer(signal.ITIMER_VIRTUAL, SECONDS)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)
        signal.signal(signal.SIGVTALRM, before)


def examine(target: Callable[[Any], Any], value: Input) -> None:
    """Give an input to a target.

    Raises:
        Finding: with the input, so that it can be tried again.
    """
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    try:
        with bounded():
            target(value)
    except (NettoolsError, *ELSEWHERE):
        pass
    except TooSlow:
        raise Finding(f"more than {SECONDS:g} s of the processor for {value!r}") from None
    except Exception as error:
        raise Finding(f"{type(error).__name__}: {error}: for {value!r}") from error
    grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
    if grown > MEMORY:
        raise Finding(f"{grown // 1024} MiB for {value!r}"[:10_000])


def _shorter(value: bytes, fails: Callable[[bytes], bool]) -> bytes:
    """The same failure from fewer octets: pieces are taken out, half of it, a quarter, down to single ones."""
    size = len(value) // 2
    while size:
        place = 0
        while place < len(value):
            candidate = value[:place] + value[place + size :]
            if fails(candidate):
                value = candidate
            else:
                place += size
        size //= 2
    return value


def keep(name: str, target: Callable[[Any], Any], value: Input) -> Path:
    """Make a finding small and write it down."""

    def fails(candidate: Input) -> bool:
        try:
            examine(target, candidate)
        except Finding:
            return True
        return False

    if isinstance(value, bytes):
        small = _shorter(value, fails) if len(value) < 5000 else value
        record: dict[str, Any] = {"target": name, "input": small.decode("latin-1")}
    else:
        record = {
            "target": name,
            "pieces": [piece.decode("latin-1") for piece in value.pieces],
            "data": value.data.decode("latin-1"),
            "tag": value.tag.decode("latin-1"),
        }
    text = json.dumps(record, indent=1) + "\n"
    FOLDER.mkdir(exist_ok=True)
    path = FOLDER / f"{name}-{hashlib.sha256(text.encode()).hexdigest()[:12]}.json"
    path.write_text(text, "ascii")
    return path


def load(path: Path) -> tuple[str, Input]:
    """The name of the target and the input of a finding."""
    record = json.loads(path.read_text("ascii"))
    if "input" in record:
        return record["target"], record["input"].encode("latin-1")
    pieces = tuple(piece.encode("latin-1") for piece in record["pieces"])
    return record["target"], Transcript(pieces, record["data"].encode("latin-1"), record["tag"].encode("latin-1"))
