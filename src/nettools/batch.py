"""Many calls at once, on any `concurrent.futures.Executor`: threads by default, processes, or somebody else's.

Results come in order of completion; one call that fails does not end the rest. Threads of our own keep connections from
one file to the next; on somebody else's executor each call stands alone, and travels pickled if it has to. Knows no
protocol.
"""

from __future__ import annotations

import itertools
import os
import secrets
import threading
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Executor, Future, ThreadPoolExecutor, as_completed
from pathlib import Path
from typing import Any

from nettools.errors import FileError, UsageError
from nettools.results import NO_META, Outcome, Transfer

__all__ = ["download_many", "run_many"]

WINDOW = 4  # calls that are handed to an executor ahead of each worker


def _call(call: Any, token: tuple[str, int]) -> Any:
    """Make one call. The token makes it one of its kind: dask runs what looks the same only once."""
    del token
    if callable(call):
        return call()
    function, *arguments = call
    return function(*arguments)


def _checked(items: Iterable[Any], what: str, executor: object) -> Iterator[Any]:
    if not isinstance(items, Iterable):
        raise UsageError(f"{what} are an iterable, not {type(items).__name__}")
    if executor is not None and not callable(getattr(executor, "submit", None)):
        raise UsageError(f"executor= is a concurrent.futures.Executor, not {type(executor).__name__}")
    return iter(items)


def _workers(workers: object) -> int:
    if isinstance(workers, bool) or not isinstance(workers, int) or workers < 1:
        raise UsageError(f"workers= is a number from 1, not {workers!r}")
    return workers


def run_many(calls: Iterable[Any], *, executor: Executor | None = None, workers: int = 8) -> Iterator[Outcome]:
    """Run calls side by side; an Outcome each, as they complete.

    Args:
        calls: callables without arguments, or `(function, *args)`; for processes both have to pickle.
        executor: any Executor, which is left open; None is `workers` threads.

    >>> sorted(outcome.value for outcome in run_many([(max, 1, 2), (max, 3, 4)]))
    [2, 4]
    """
    return _outcomes(
        ((str(place), call) for place, call in enumerate(_checked(calls, "calls", executor))),
        executor,
        _workers(workers),
    )


def _outcomes(
    calls: Iterator[tuple[str, Any]],
    executor: Executor | None,
    workers: int,
    end: Callable[[], object] = lambda: None,
) -> Iterator[Outcome]:
    pool = executor if executor is not None else ThreadPoolExecutor(workers, thread_name_prefix="nettools")
    running: dict[Future[Any], str] = {}
    run = secrets.token_hex(8)
    numbers = itertools.count()
    try:
        more = True
        while more or running:
            while more and len(running) < workers * WINDOW:
                item = next(calls, None)
                if item is None:
                    more = False
                    break
                running[pool.submit(_call, item[1], (run, next(numbers)))] = item[0]
            for future in as_completed(tuple(running)):
                yield _outcome(running.pop(future), future)
                break
    finally:
        for future in running:
            future.cancel()
        if executor is None:
            pool.shutdown(wait=True, cancel_futures=True)
        end()


def _outcome(url: str, future: Future[Any]) -> Outcome:
    error = future.exception()
    if error is None:
        value = future.result()
        return Outcome(url, True, value, None, meta=getattr(value, "meta", NO_META))
    if not isinstance(error, Exception):
        raise error
    return Outcome(url, False, None, error)


def _place(url: str, folder: str, overwrite: bool) -> str:
    """Where a file goes: into the folder under a free name, or exactly there."""
    if not overwrite:
        return folder + os.sep
    from urllib.parse import unquote, urlsplit

    from nettools.files import safe_name

    name = unquote(urlsplit(url).path.rstrip("/").rpartition("/")[2])
    return os.path.join(folder, safe_name(name, "index.html"))


def _fetch(url: str, folder: str, overwrite: bool, opts: dict[str, Any]) -> Transfer:
    """One download that stands alone, for an executor whose workers may be anywhere."""
    from nettools.facade.downloads import download

    return download(url, _place(url, folder, overwrite), **opts)


class _Workers:
    """What the threads of our own pool have: sessions that are kept from one file to the next."""

    def __init__(self, opts: dict[str, Any]) -> None:
        self._opts = opts
        self._local = threading.local()
        self._lock = threading.Lock()
        self._all: list[Any] = []

    def fetch(self, url: str, folder: str, overwrite: bool) -> Transfer:
        """One download, by this thread's sessions."""
        from nettools.facade.downloads import Downloads

        downloads: Downloads | None = getattr(self._local, "downloads", None)
        if downloads is None:
            downloads = self._local.downloads = Downloads(self._opts)
            with self._lock:
                self._all.append(downloads)
        return downloads.fetch(url, _place(url, folder, overwrite))

    def close(self) -> None:
        """End all sessions; no thread works any more."""
        for each in self._all:
            each.close()


def download_many(
    urls: Iterable[str],
    dest_dir: str | os.PathLike[str],
    *,
    workers: int = 8,
    executor: Executor | None = None,
    overwrite: bool = False,
    **opts: Any,
) -> Iterator[Outcome]:
    """Fetch many files into a folder; an Outcome each, as they complete.

    Args:
        executor: any Executor, such as a process pool or dask's `client.get_executor()`; it is left open. None is
            `workers` threads, each of which keeps its connections from one file to the next.
        overwrite: replace a file of that name; False keeps it and numbers the new one.

    >>> urls = [f"{http.url}/pub/hello.txt", f"{http.url}/pub/none.txt"]
    >>> sorted(outcome.ok for outcome in download_many(urls, folder))
    [False, True]
    """
    wanted = _checked(urls, "urls", executor)
    try:
        folder = os.fsdecode(dest_dir)
        Path(folder).mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise FileError(f"cannot write {folder}: {error.strerror}", errno=error.errno, filename=folder) from error
    except (TypeError, ValueError) as error:  # no path at all; a NUL or a lone surrogate in it
        raise UsageError(f"dest_dir= is a folder, not {dest_dir!r}") from error
    count = _workers(workers)
    if executor is not None:
        return _outcomes(((url, (_fetch, url, folder, overwrite, opts)) for url in wanted), executor, count)
    own = _Workers(opts)
    return _outcomes(((url, (own.fetch, url, folder, overwrite)) for url in wanted), None, count, own.close)
