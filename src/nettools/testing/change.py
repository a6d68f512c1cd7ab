"""Where every change of a World is told: servers change it in one thread, tests wait for it in another.

A change is made inside `with change:`, which takes the lock, wakes whoever waits and then calls the listeners, outside
of the lock. Nothing polls. Knows nothing of what is changed.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import TypeVar

__all__ = ["Change"]

Found = TypeVar("Found")


class Change:
    """Where every change of a World is told: a lock, a condition, and listeners."""

    def __init__(self) -> None:
        self.condition = threading.Condition(threading.RLock())
        self.listeners: list[Callable[[], None]] = []

    def wait_for(self, look: Callable[[], Found | None], timeout: float) -> Found | None:
        """What `look` finds, now or after a change; None when it finds nothing for so many seconds."""
        end = time.monotonic() + timeout
        with self.condition:
            while (found := look()) is None and (left := end - time.monotonic()) > 0:
                self.condition.wait(left)
            return found

    def __enter__(self) -> Change:
        self.condition.acquire()
        return self

    def __exit__(self, *_: object) -> None:
        self.condition.notify_all()
        listeners = tuple(self.listeners)
        self.condition.release()
        for listener in listeners:
            listener()
