"""Waiting for the end of a command that goes on until it is told: by a signal, or by another thread.

A handler of a signal runs between any two steps of the main thread. An Event would not do: its `wait` holds, for
moments, a lock that its `set` takes, and a handler in such a moment would wait for itself. `SimpleQueue.put` may
interrupt anything, `get` included.

Also the end of a command that has threads at work (`at_once`).
"""

from __future__ import annotations

import contextlib
import os
import queue
import signal
import threading
from collections.abc import Iterator

__all__ = ["Ending", "at_once"]


class Ending:
    """Told once, or more often; waited for once."""

    def __init__(self) -> None:
        self._told: queue.SimpleQueue[None] = queue.SimpleQueue()

    def tell(self, *_: object) -> None:
        """It is time; a handler of a signal as it stands."""
        self._told.put(None)

    def wait(self) -> None:
        """Until it is."""
        self._told.get()

    @contextlib.contextmanager
    def at(self, *signals: signal.Signals) -> Iterator[None]:
        """These signals tell it, and end nothing else."""
        before = {number: signal.signal(number, self.tell) for number in signals}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)


@contextlib.contextmanager
def at_once() -> Iterator[None]:
    """Control-C ends the process, and waits for no thread: what they write has no final name yet, and can be continued.

    Where the signal is ignored or somebody else's, it stays so.
    """
    ours = threading.current_thread() is threading.main_thread()
    if not ours or signal.getsignal(signal.SIGINT) is not signal.default_int_handler:
        yield
        return
    signal.signal(signal.SIGINT, lambda *_: os._exit(130))
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, signal.default_int_handler)
