"""Many calls at once, on any `concurrent.futures.Executor`: threads by default, processes, or somebody else's.

Results come in order of completion; one call that fails does not end the rest. Knows no protocol.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from concurrent.futures import Executor, Future, ThreadPoolExecutor, as_completed
from pathlib import Path
from typing import Any

from nettools.errors import FileError, UsageError
from nettools.results import NO_META, Outcome, Transfer

__all__ = ["download_many", "run_many"]

WINDOW = 4  # calls that are handed to an executor ahead of each worker


def _call(call: Any) -> Any:
    if callable(call):
        return call()
    function, *arguments = call
    return function(*arguments)


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
    return _outcomes(((str(place), call) for place, call in enumerate(calls)), executor, _workers(workers))


def _outcomes(calls: Iterator[tuple[str, Any]], executor: Executor | None, workers: int) -> Iterator[Outcome]:
    pool = executor if executor is not None else ThreadPoolExecutor(workers, thread_name_prefix="nettools")
    running: dict[Future[Any], str] = {}
    try:
        more = True
        while more or running:
            while more and len(running) < workers * WINDOW:
                item = next(calls, None)
                if item is None:
                    more = False
                    break
                running[pool.submit(_call, item[1])] = item[0]
            for future in as_completed(tuple(running)):
                yield _outcome(running.pop(future), future)
                break
    finally:
        for future in running:
            future.cancel()
        if executor is None:
            pool.shutdown(wait=True, cancel_futures=True)


def _outcome(url: str, future: Future[Any]) -> Outcome:
    error = future.exception()
    if error is None:
        value = future.result()
        return Outcome(url, True, value, None, meta=getattr(value, "meta", NO_META))
    if not isinstance(error, Exception):
        raise error
    return Outcome(url, False, None, error)


def _fetch(url: str, folder: str, overwrite: bool, opts: dict[str, Any]) -> Transfer:
    from nettools.facade import download
    from nettools.files import safe_name

    if not overwrite:
        return download(url, folder + os.sep, **opts)
    from urllib.parse import unquote, urlsplit

    name = unquote(urlsplit(url).path.rstrip("/").rpartition("/")[2])
    return download(url, os.path.join(folder, safe_name(name, "index.html")), **opts)


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
        overwrite: replace a file of that name; False keeps it and numbers the new one.

    >>> urls = [f"{http.url}/pub/hello.txt", f"{http.url}/pub/none.txt"]
    >>> sorted(outcome.ok for outcome in download_many(urls, folder))
    [False, True]
    """
    folder = os.fspath(dest_dir)
    try:
        Path(folder).mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise FileError(f"cannot write {folder}: {error.strerror}", errno=error.errno, filename=folder) from error
    calls: Iterator[tuple[str, Any]] = ((url, (_fetch, url, folder, overwrite, opts)) for url in urls)
    return _outcomes(calls, executor, _workers(workers))
