"""The deadline: one moment for everything that a call does, from looking up the name to the goodbye.

Who waits for anything asks it how long; it knows no socket. `clock` and `sleep` are the only contact with time.
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Iterator
from typing import Literal

from nettools.errors import DeadlineError

__all__ = ["NEVER", "Deadline"]


class Deadline:
    """A moment that must not be passed, shared by everything one call does; None is never.

    `clock` and `sleep` are the only contact with time, so that tests need none.
    """

    def __init__(
        self,
        total: float | None,
        *,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self.clock = clock
        self._sleep = sleep
        self.restart(total)

    def restart(self, total: float | None) -> None:
        """Begin anew: `total` seconds from now."""
        self._set(total, None if total is None else self.clock() + total)

    def _set(self, total: float | None, end: float | None) -> None:
        self._whole = total, end  # whatever `within` has for a while
        self.total, self.end = total, end
        self.kind: Literal["connect", "total"] = "total"

    @contextlib.contextmanager
    def within(self, limit: float | None, kind: Literal["connect", "total"] = "connect") -> Iterator[None]:
        """For a while, no longer than `limit` seconds; what runs out then is called by its own name.

        Where it begins anew meanwhile, from another thread, that stays.
        """
        whole, outer = self._whole, (self.total, self.kind, self.end)
        if limit is not None:
            end = self.clock() + limit
            if self.end is None or end < self.end:
                self.total, self.kind, self.end = limit, kind, end
        try:
            yield
        finally:
            if self._whole is whole:
                self.total, self.kind, self.end = outer

    def remaining(self) -> float | None:
        """Seconds left, at least 0; None without a limit."""
        return None if self.end is None else max(0.0, self.end - self.clock())

    def check(self) -> None:
        """Raise DeadlineError when the moment has passed."""
        if self.end is not None and self.clock() >= self.end:
            raise self.error()

    def follow(self, other: Deadline) -> None:
        """End when another does, whatever that one is `within` just now."""
        self._set(*other._whole)

    def error(self) -> DeadlineError:
        """The error for this limit."""
        if self.kind == "connect":
            return DeadlineError(
                f"no connection within {self.total:g} s",
                kind="connect",
                hint="allow more with Timeout(connect=...) or --connect-timeout",
            )
        return DeadlineError(
            f"not finished within {self.total:g} s", kind="total", hint="allow more with timeout= or --max-time"
        )

    def shorter(self, limit: float | None) -> float | None:
        """The smaller of a limit and what is left."""
        left = self.remaining()
        if left is None or limit is None:
            return left if limit is None else limit
        return min(left, limit)

    def pause(self, seconds: float) -> None:
        """Sleep, unless the deadline would pass meanwhile: then DeadlineError at once."""
        left = self.remaining()
        if left is not None and seconds >= left:
            raise self.error()
        self._sleep(seconds)


NEVER = Deadline(None)
