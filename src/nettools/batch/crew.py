"""Threads of our own that fetch files: each takes what comes next, several at once where its server answers so."""

from __future__ import annotations

import collections
import contextlib
import itertools
import queue
import threading
from collections.abc import Callable, Iterator

from nettools.facade.downloads import Downloads
from nettools.results import Outcome, Transfer

__all__ = ["Crew"]

WINDOW = 16  # addresses that are taken ahead for each worker


class Crew:
    """So many threads, with `Downloads` each.

    Args:
        urls: asked for in the thread of whoever takes the outcomes, and no further ahead than `WINDOW` says, by the
            dozen: a worker takes several only if several wait.
        place: where the file of a URL goes.
    """

    def __init__(
        self, urls: Iterator[str], workers: int, make: Callable[[], Downloads], place: Callable[[str], str]
    ) -> None:
        self._urls, self._workers, self._make, self._place = urls, workers, make, place
        self._waiting: collections.deque[str] = collections.deque()
        self._left = 0  # that wait or are under way, or whose outcome nobody has taken
        self._over = False  # nothing more will wait
        self._stopped = False  # nobody takes outcomes any more
        self._changed = threading.Condition()
        self._done: queue.SimpleQueue[Outcome[Transfer] | BaseException] = queue.SimpleQueue()
        self._running: list[Downloads] = []

    def outcomes(self) -> Iterator[Outcome[Transfer]]:
        """An Outcome each, as they complete; the threads are gone when it ends, or is closed."""
        threads: list[threading.Thread] = []
        try:
            while True:
                if self._left <= self._workers * WINDOW // 2:
                    self._add(self._workers * WINDOW - self._left)
                while len(threads) < min(self._workers, self._left):
                    threads.append(threading.Thread(target=self._work, name=f"nettools_{len(threads)}", daemon=True))
                    threads[-1].start()
                if not self._left:
                    return
                outcome = self._done.get()
                if isinstance(outcome, BaseException):
                    raise outcome
                self._left -= 1
                yield outcome
        finally:
            self._stopped = True
            self._end()
            for downloads in tuple(self._running) if self._left else ():
                downloads.interrupt()  # nobody waits for what is under way
            for thread in threads:
                with contextlib.suppress(RuntimeError):  # its start was interrupted
                    thread.join()

    def _add(self, most: int) -> None:
        """Let more wait, at most so many, and in one go, so that a worker finds several."""
        urls = [] if self._over else list(itertools.islice(self._urls, most))
        with self._changed:
            self._waiting.extend(urls)
            self._left += len(urls)
            self._changed.notify_all()
        if len(urls) < most:
            self._end()

    def _end(self) -> None:
        with self._changed:
            self._over = True
            self._changed.notify_all()

    def _take(self, most: int) -> list[str]:
        """What a worker does next: its share of all that is left, none at the end."""
        with self._changed:
            self._changed.wait_for(lambda: self._waiting or self._over)
            share = min(most, -(-self._left // self._workers), len(self._waiting))
            return [self._waiting.popleft() for _ in range(share)]

    def _work(self) -> None:
        downloads = self._make()
        self._running.append(downloads)
        try:
            while urls := self._take(downloads.depth):
                downloads.expect(urls)
                for url in urls:
                    if self._stopped:
                        return
                    self._done.put(self._fetch(downloads, url))
        except BaseException as error:  # an interruption; handed to whoever takes the outcomes
            self._done.put(error)
        finally:
            downloads.close()

    def _fetch(self, downloads: Downloads, url: str) -> Outcome[Transfer]:
        try:
            value = downloads.fetch(url, self._place(url))
        except Exception as error:  # it is this file's outcome
            return Outcome(url, False, None, error)
        return Outcome(url, True, value, None, meta=value.meta)
