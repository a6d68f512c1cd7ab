"""Many files at once, into a folder."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, urlsplit

from nettools.batch.calls import checked, outcomes, worker_count
from nettools.batch.crew import Crew
from nettools.errors import FileError, UsageError
from nettools.facade.downloads import Downloads, download
from nettools.files import safe_name
from nettools.results import Outcome, Transfer

if TYPE_CHECKING:
    from concurrent.futures import Executor
    from typing import Unpack

    from nettools.keywords import ManyKeywords

__all__ = ["download_many"]


def _place(url: str, folder: str, overwrite: bool) -> str:
    """Where a file goes: into the folder under a free name, or exactly there."""
    if not overwrite:
        return folder + os.sep
    name = unquote(urlsplit(url).path.rstrip("/").rpartition("/")[2])
    return os.path.join(folder, safe_name(name, "index.html"))


def fetch_alone(url: str, folder: str, overwrite: bool, opts: dict[str, Any]) -> Transfer:
    """One download that stands alone, for an executor whose workers may be anywhere."""
    return download(url, _place(url, folder, overwrite), **opts)


def download_many(
    urls: Iterable[str],
    dest_dir: str | os.PathLike[str],
    *,
    workers: int = 8,
    executor: Executor | None = None,
    overwrite: bool = False,
    **opts: Unpack[ManyKeywords],
) -> Iterator[Outcome[Transfer]]:
    """Fetch many files into a folder; an Outcome each, as they complete.

    Args:
        executor: any Executor, such as a process pool or dask's `client.get_executor()`; it is left open. None is
            `workers` threads, each of which keeps its connections from one file to the next.
        overwrite: replace a file of that name; False keeps it and numbers the new one.

    >>> urls = [f"{http.url}/pub/hello.txt", f"{http.url}/pub/none.txt"]
    >>> sorted(outcome.ok for outcome in download_many(urls, folder))
    [False, True]
    """
    wanted = checked(urls, "urls", executor)
    try:
        folder = os.fsdecode(dest_dir)
        Path(folder).mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise FileError(f"cannot write {folder}: {error.strerror}", errno=error.errno, filename=folder) from error
    except (TypeError, ValueError) as error:  # no path at all; a NUL or a lone surrogate in it
        raise UsageError(f"dest_dir= is a folder, not {dest_dir!r}") from error
    count = worker_count(workers)
    if executor is not None:
        return outcomes(((url, (fetch_alone, url, folder, overwrite, {**opts})) for url in wanted), executor, count)
    return Crew(wanted, count, lambda: Downloads(opts), lambda url: _place(url, folder, overwrite)).outcomes()
