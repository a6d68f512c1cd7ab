"""The loop that all fakes of a process run on: one asyncio loop in one daemon thread, there while a server runs.

`hold()` starts it for the first server, `let_go()` ends it with the last one: the thread is joined, the loop closed,
and nothing is left to warn about. Waking another thread is what a server costs, so each does it once: the loop is told
of a new server and not waited for, and a server's last words are said on the way out. `call()` waits for what must have
happened. After a fork the child has no loop of its parent's (they would share one epoll); servers that the parent
started are the parent's to stop.
"""

from __future__ import annotations

import asyncio
import os
import threading
from collections.abc import Callable, Coroutine
from typing import Any

__all__ = ["STOP_TIMEOUT", "call", "hold", "let_go", "loop"]

Farewell = Callable[[], Coroutine[Any, Any, None]]

STOP_TIMEOUT = 5.0  # seconds; a fake that needs more has a bug


class _Runner:
    """A loop and its thread."""

    def __init__(self, first: Callable[[], None]) -> None:
        self.users = 0
        self.farewell: Farewell | None = None
        self.loop = asyncio.new_event_loop()
        self.loop.call_soon(first)
        self.thread = threading.Thread(target=self._main, name="nettools-testing", daemon=True)
        self.thread.start()

    def _main(self) -> None:
        self.loop.run_forever()
        try:
            self.loop.run_until_complete(self._clear())
        finally:
            self.loop.close()

    async def _clear(self) -> None:
        if self.farewell is not None:
            await self.farewell()
        left = asyncio.all_tasks() - {asyncio.current_task()}
        for task in left:
            task.cancel()
        await asyncio.gather(*left, return_exceptions=True)
        await self.loop.shutdown_asyncgens()
        await self.loop.shutdown_default_executor()

    def end(self, farewell: Farewell) -> None:
        self.farewell = farewell
        self.loop.call_soon_threadsafe(self.loop.stop)
        self.thread.join(STOP_TIMEOUT)
        if self.thread.is_alive():
            raise TimeoutError("the fakes' loop does not end")


_lock = threading.Lock()
_current: _Runner | None = None


def _forget() -> None:
    """In the child of a fork: the thread is not there, and the loop's epoll is the parent's."""
    global _current, _lock
    _current, _lock = None, threading.Lock()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget)


def hold(begin: Callable[[], None]) -> None:
    """One more server needs the loop, which calls `begin` when it comes to it."""
    global _current
    with _lock:
        if _current is None:
            _current = _Runner(begin)
        else:
            _current.loop.call_soon_threadsafe(begin)
        _current.users += 1


def let_go(farewell: Farewell) -> None:
    """One server less: run its last coroutine; the last server ends the loop and its thread with it."""
    global _current
    with _lock:
        runner = _current
        if runner is None:
            return
        runner.users -= 1
        last = not runner.users
        if last:
            _current = None
    if last:
        runner.end(farewell)
    else:
        asyncio.run_coroutine_threadsafe(farewell(), runner.loop).result(STOP_TIMEOUT)


def loop() -> asyncio.AbstractEventLoop:
    """The loop that fakes run on now.

    Raises:
        RuntimeError: no server runs.
    """
    runner = _current
    if runner is None:
        raise RuntimeError("no fake server is running")
    return runner.loop


def call(function: Callable[[], None]) -> None:
    """Call a function on the loop, and wait until it has returned; what it raises is raised here."""

    async def called() -> None:
        function()

    asyncio.run_coroutine_threadsafe(called(), loop()).result(STOP_TIMEOUT)
