"""The loop that all fakes of a process run on: one asyncio loop in one daemon thread, there while a server runs.

`hold()` starts it for the first server, `let_go()` ends it after the last one: the thread is joined, the loop closed,
and nothing is left to warn about. `run()` hands a coroutine over and waits. After a fork the child has no loop of its
parent's (they would share one epoll); servers that the parent started are the parent's to stop.
"""

from __future__ import annotations

import asyncio
import os
import threading
from collections.abc import Coroutine
from typing import Any, TypeVar

__all__ = ["STOP_TIMEOUT", "hold", "let_go", "loop", "run"]

T = TypeVar("T")

STOP_TIMEOUT = 5.0  # seconds; a fake that needs more has a bug


class _Runner:
    """A loop and its thread."""

    def __init__(self) -> None:
        self.users = 0
        self.loop = asyncio.new_event_loop()
        self.thread = threading.Thread(target=self._main, name="nettools-testing", daemon=True)
        self.thread.start()

    def _main(self) -> None:
        self.loop.run_forever()
        self.loop.run_until_complete(self._clear())
        self.loop.close()

    async def _clear(self) -> None:
        left = asyncio.all_tasks() - {asyncio.current_task()}
        for task in left:
            task.cancel()
        await asyncio.gather(*left, return_exceptions=True)
        await self.loop.shutdown_asyncgens()
        await self.loop.shutdown_default_executor()

    def end(self) -> None:
        self.loop.call_soon_threadsafe(self.loop.stop)
        self.thread.join(STOP_TIMEOUT)


_lock = threading.Lock()
_current: _Runner | None = None


def _forget() -> None:
    """In the child of a fork: the thread is not there, and the loop's epoll is the parent's."""
    global _current, _lock
    _current, _lock = None, threading.Lock()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget)


def hold() -> asyncio.AbstractEventLoop:
    """One more server needs the loop."""
    global _current
    with _lock:
        if _current is None:
            _current = _Runner()
        _current.users += 1
        return _current.loop


def let_go() -> None:
    """One server less; the last one ends the loop and its thread."""
    global _current
    with _lock:
        runner = _current
        if runner is None:
            return
        runner.users -= 1
        if runner.users:
            return
        _current = None
    runner.end()


def loop() -> asyncio.AbstractEventLoop:
    """The loop that fakes run on now.

    Raises:
        RuntimeError: no server runs.
    """
    runner = _current
    if runner is None:
        raise RuntimeError("no fake server is running")
    return runner.loop


def run(coroutine: Coroutine[Any, Any, T]) -> T:
    """Run a coroutine on the loop, and wait for it."""
    try:
        return asyncio.run_coroutine_threadsafe(coroutine, loop()).result(STOP_TIMEOUT)
    except RuntimeError:
        coroutine.close()
        raise
