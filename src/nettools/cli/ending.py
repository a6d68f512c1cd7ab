"""Waiting for the end of a command that goes on until it is told: by a signal, or by another thread.

A handler of a signal runs between any two steps of the main thread. An Event would not do: its `wait` holds, for
moments, a lock that its `set` takes, and a handler in such a moment would wait for itself. `SimpleQueue.put` may
interrupt anything, `get` included.
"""

from __future__ import annotations

import contextlib
import queue
import signal
from collections.abc import Iterator

__all__ = ["Ending"]


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
