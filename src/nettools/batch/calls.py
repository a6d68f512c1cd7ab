"""Calls on an executor: handed over a few ahead, their outcomes given as they complete."""

from __future__ import annotations

import itertools
import os
from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING, Any, TypeVar

from nettools.errors import UsageError
from nettools.results import NO_META, Outcome

if TYPE_CHECKING:
    from concurrent.futures import Executor, Future

__all__ = ["checked", "outcomes", "run_many", "worker_count"]

T = TypeVar("T")
WINDOW = 4  # calls that are handed to an executor ahead of each worker


def _call(call: Any, token: tuple[str, int]) -> Any:
    """Make one call. The token makes it one of its kind: dask runs what looks the same only once."""
    del token
    if callable(call):
        return call()
    function, *arguments = call
    return function(*arguments)


def checked(items: Iterable[Any], what: str, executor: object) -> Iterator[Any]:
    """What is to be done, one by one; UsageError for what is none, and for an executor that is none."""
    if isinstance(items, (str, bytes)) or not isinstance(items, Iterable):
        raise UsageError(f"{what} are an iterable, not {type(items).__name__}")
    if executor is not None and not callable(getattr(executor, "submit", None)):
        raise UsageError(f"executor= is a concurrent.futures.Executor, not {type(executor).__name__}")
    return iter(items)


def worker_count(workers: object) -> int:
    """`workers=`, if it is a number from 1; else UsageError."""
    if isinstance(workers, bool) or not isinstance(workers, int) or workers < 1:
        raise UsageError(f"workers= is a number from 1, not {workers!r}")
    return workers


def run_many(
    calls: Iterable[Callable[[], T] | tuple[Callable[..., T], *tuple[Any, ...]]],
    *,
    executor: Executor | None = None,
    workers: int = 8,
) -> Iterator[Outcome[T]]:
    """Run calls side by side; an Outcome each, as they complete.

    Args:
        calls: callables without arguments, or `(function, *args)`; for processes both have to pickle.
        executor: any Executor, which is left open; None is `workers` threads.

    >>> sorted(outcome.value for outcome in run_many([(max, 1, 2), (max, 3, 4)]))
    [2, 4]
    """
    return outcomes(
        ((str(place), call) for place, call in enumerate(checked(calls, "calls", executor))),
        executor,
        worker_count(workers),
    )


def outcomes(calls: Iterator[tuple[str, Any]], executor: Executor | None, workers: int) -> Iterator[Outcome]:
    """An Outcome for each of these named calls; of the executor that is given only what is needed is asked."""
    from concurrent.futures import ThreadPoolExecutor, as_completed  # and logging with it

    pool = executor if executor is not None else ThreadPoolExecutor(workers, thread_name_prefix="nettools")
    running: dict[Future[Any], str] = {}
    run = os.urandom(8).hex()
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


def _outcome(url: str, future: Future[Any]) -> Outcome:
    error = future.exception()
    if error is None:
        value = future.result()
        return Outcome(url, True, value, None, meta=getattr(value, "meta", NO_META))
    if not isinstance(error, Exception):
        raise error
    return Outcome(url, False, None, error)
