"""Mirrors: one folder made like another, down or up, over several connections.

A file that has the same size and is not older is left alone. Names from the server are checked component by component
and never leave the folder; links are not followed in either direction. One file that fails does not end the rest.
"""

from __future__ import annotations

import datetime as dt
import fnmatch
import os
import posixpath
import re
import threading
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from nettools.errors import DeadlineError, FileError, NettoolsError, NotFoundError, UsageError
from nettools.files import CaseClashes, file_error, is_plain, safe_path, set_modified, settle
from nettools.parse.given import checked
from nettools.policies import words
from nettools.results import FileEntry, MirrorReport

__all__ = ["is_url", "mirror_session"]

MOST_WORKERS = 32


def is_url(value: object) -> bool:
    """Whether this is the remote side: a str with a scheme, which may be a wrong one."""
    return isinstance(value, str) and re.match(r"[A-Za-z][A-Za-z0-9+.-]+://", value) is not None


@dataclass(slots=True)
class Plan:
    """What there is to do, as relative paths with `/`."""

    transfer: list[str] = field(default_factory=list)
    skip: list[str] = field(default_factory=list)
    delete: list[str] = field(default_factory=list)  # deepest first; a folder ends in /
    folders: list[str] = field(default_factory=list)  # to be made, outermost first
    failed: dict[str, NettoolsError] = field(default_factory=dict)
    listed: dict[str, FileEntry] = field(default_factory=dict)  # what the server says of what is to be fetched


@dataclass(frozen=True, slots=True)
class Choice:
    """Which files of a tree are meant: those that match `pattern`, without what one of `exclude` matches, which may be
    folders and all that is in them. A glob with a `/` is held against the path, any other against each name in it.
    """

    pattern: str | None = None
    exclude: tuple[str, ...] = ()

    def left_out(self, relative: str) -> bool:
        """Whether this path, or a folder that it is in, is excluded."""
        names = relative.split("/") if self.exclude else ()
        paths = ["/".join(names[:count]) for count in range(1, len(names) + 1)]
        return any(_matches(path, glob) for glob in self.exclude for path in paths)

    def wanted(self, relative: str) -> bool:
        """Whether this file is meant."""
        return (self.pattern is None or _matches(relative, self.pattern)) and not self.left_out(relative)


def _matches(relative: str, glob: str) -> bool:
    return fnmatch.fnmatchcase(relative if "/" in glob else posixpath.basename(relative), glob)


def mirror_session(
    session: Any,
    source: Any,
    dest: Any = None,
    *,
    down: bool = True,
    delete: bool = False,
    pattern: str | None = None,
    exclude: str | Iterable[str] = (),
    workers: int = 4,
    dry_run: bool = False,
) -> MirrorReport:
    """Mirror with this session for the planning, and others like it for the transfers.

    Args:
        source, dest: a remote path and a local folder, in this order if `down`, else the other way round.
    """
    if isinstance(workers, bool) or not isinstance(workers, int) or not 0 < workers <= MOST_WORKERS:
        raise UsageError(f"workers= is a number from 1 to {MOST_WORKERS}")
    remote, local = (source, Path(dest)) if down else (dest, Path(source))
    remote = session._at(remote).rstrip("/") or ("/" if str(remote or "").startswith("/") else "")
    choice = Choice(pattern, tuple(glob.rstrip("/") for glob in words("exclude=", exclude)))
    with session.together():
        return _mirror(session, remote, local, down, delete, choice, workers, dry_run)


def _mirror(
    session: Any, remote: str, local: Path, down: bool, delete: bool, choice: Choice, workers: int, dry_run: bool
) -> MirrorReport:
    make = _plan_down if down else _plan_up
    plan = make(session, remote, local, choice, delete)
    if dry_run:
        return MirrorReport(tuple(plan.transfer), tuple(plan.skip), tuple(plan.delete), plan.failed)
    done = (_run_down if down else _run_up)(session, remote, local, plan, workers)
    deleted = _delete_local(local, plan) if down else _delete_remote(session, remote, plan)
    return MirrorReport(tuple(done), tuple(plan.skip), tuple(deleted), plan.failed)


def _join(folder: str, relative: str) -> str:
    return f"{folder.rstrip('/')}/{relative}" if folder else relative


def _local_files(folder: Path) -> Iterator[tuple[str, os.stat_result]]:
    """Files below a folder, links left out; (relative path, status)."""
    for place, names, files in os.walk(folder, followlinks=False):
        names.sort()
        for name in sorted(files):
            path = Path(place, name)
            if path.is_symlink() or not path.is_file():
                continue
            yield path.relative_to(folder).as_posix(), path.stat()


def _same_time(seconds: float, entry: FileEntry) -> bool:
    """Whether a local time is the entry's, within what the listing tells."""
    if entry.modified is None:
        return True
    slack = {"second": 2, "minute": 60, "day": 86400}.get(entry.precision or "day", 86400)
    return abs(seconds - entry.modified.timestamp()) <= slack


# --- down


def _plan_down(session: Any, remote: str, local: Path, choice: Choice, delete: bool) -> Plan:
    plan = Plan()
    there: set[str] = set()
    clashes = CaseClashes(local)
    found = session.perform(lambda: list(session._walk(remote, "auto", True, choice.left_out)))
    for entry, relative in checked(found, session._deadline.check):
        try:
            if not is_plain(entry.name):
                raise FileError(f"the server lists {entry.name!r}, which is no name", filename=entry.name)
            path = safe_path(local, relative)
            clashes.check(relative)
        except FileError as error:
            plan.failed[relative] = error
            continue
        there.add(relative)
        if entry.kind == "dir":
            plan.folders.append(relative)
        elif entry.kind == "file" and choice.wanted(relative):
            status = path.stat() if path.is_file() else None
            same = status is not None and status.st_size == entry.size and _same_time(status.st_mtime, entry)
            (plan.skip if same else plan.transfer).append(relative)
            plan.listed[relative] = entry
    if delete and local.is_dir():
        gone = [name for name, _ in _local_files(local) if name not in there and choice.wanted(name)]
        plan.delete = [name for name in gone if not name.endswith((".part", ".part.json"))]
    return plan


def _run_down(session: Any, remote: str, local: Path, plan: Plan, workers: int) -> list[str]:
    try:
        local.mkdir(parents=True, exist_ok=True)
        for folder in plan.folders:
            safe_path(local, folder).mkdir(exist_ok=True)
    except OSError as error:
        if isinstance(error, NettoolsError):
            raise
        raise file_error(error, "write", local) from error

    def fetch(worker: Any, relative: str) -> None:
        target = safe_path(local, relative)
        entry = plan.listed[relative]
        done = worker.get_listed(entry, target, settled=False)
        filled.add(target.parent)
        if done.modified is None and entry.modified is not None:  # a server without MDTM
            set_modified(target, entry.modified)

    filled: set[Path] = set()  # folders with files whose names have to last
    try:
        return _in_parallel(session, plan, workers, fetch)
    finally:
        for place in filled:
            settle(place)


def _delete_local(local: Path, plan: Plan) -> list[str]:
    deleted = []
    for relative in plan.delete:
        try:
            path = safe_path(local, relative)
            path.unlink()
            deleted.append(relative)
            for parent in path.parents:
                if parent == local or any(parent.iterdir()):
                    break
                parent.rmdir()
        except OSError as error:
            plan.failed[relative] = error if isinstance(error, NettoolsError) else file_error(error, "delete", relative)
    return deleted


# --- up


def _plan_up(session: Any, remote: str, local: Path, choice: Choice, delete: bool) -> Plan:
    if not local.is_dir():
        raise FileError(f"there is no folder {local}", filename=str(local), exit_code=26)
    plan = Plan()
    folders: set[str] = set()  # with what is here, or is to stay there

    def left_out(relative: str) -> bool:
        if not choice.left_out(relative):
            return False
        folders.add(posixpath.dirname(relative))
        return True

    try:
        rows = session.perform(lambda: list(session._walk(remote, "auto", True, left_out)))
    except NotFoundError:
        rows = []
    there = {relative: entry for entry, relative in rows}
    here: set[str] = set()
    for relative, status in _local_files(local):
        here.add(relative)
        if not choice.wanted(relative):
            continue
        entry = there.get(relative)
        same = entry is not None and entry.kind == "file" and entry.size == status.st_size
        if same and entry is not None and entry.modified is not None:
            same = entry.modified.timestamp() >= status.st_mtime - 60 or _same_time(status.st_mtime, entry)
        (plan.skip if same else plan.transfer).append(relative)
    for relative in plan.transfer:
        folder = posixpath.dirname(relative)
        if folder and folder not in plan.folders and folder not in there:
            plan.folders.append(folder)
    if delete:
        folders |= {posixpath.dirname(name) for name in here}
        gone = [
            name for name, entry in there.items() if entry.kind != "dir" and name not in here and choice.wanted(name)
        ]
        if choice.pattern is None:
            empty = [name for name, entry in there.items() if entry.kind == "dir"]
            gone += [f"{name}/" for name in empty if not any(f == name or f.startswith(f"{name}/") for f in folders)]
        plan.delete = sorted(gone, key=lambda name: (-name.rstrip("/").count("/"), name.endswith("/"), name))
    return plan


def _run_up(session: Any, remote: str, local: Path, plan: Plan, workers: int) -> list[str]:
    if plan.transfer:
        if remote.strip("/"):
            session.mkdir(remote)
        for folder in plan.folders:
            session.mkdir(_join(remote, folder))

    def store(worker: Any, relative: str) -> None:
        path = local / relative
        worker.put(path, _join(remote, relative))
        modified = dt.datetime.fromtimestamp(path.stat().st_mtime, dt.UTC)
        worker.perform(lambda: worker.set_modified(_join(remote, relative), modified))

    return _in_parallel(session, plan, workers, store)


def _delete_remote(session: Any, remote: str, plan: Plan) -> list[str]:
    deleted = []
    for relative in plan.delete:
        try:
            session.remove(_join(remote, relative))
            deleted.append(relative)
        except NettoolsError as error:
            plan.failed[relative] = error
    return deleted


# --- several connections


class _Work:
    """What is to be transferred, taken by several connections until none is left, or `stop`."""

    def __init__(self, plan: Plan, transfer: Callable[[Any, str], None]) -> None:
        self.done: list[str] = []
        self._plan, self._transfer = plan, transfer
        self._queue = iter(plan.transfer)
        self._lock = threading.Lock()
        self._siblings: list[Any] = []
        self._stopped = False

    def by(self, worker: Any) -> None:
        """What this session can get of it."""
        while not self._stopped:
            with self._lock:
                relative = next(self._queue, None)
            if relative is None:
                return
            try:
                self._transfer(worker, relative)
            except NettoolsError as error:
                if isinstance(error, DeadlineError) and error.kind == "total":
                    self._stopped = True
                    raise  # and no other file has any time left
                with self._lock:
                    self._plan.failed[relative] = error
            else:
                with self._lock:
                    self.done.append(relative)

    def by_sibling(self, session: Any) -> None:
        """What another session like this one can get in the time of this one; it is closed behind it."""
        with session.sibling() as worker, worker.together(session):
            self._siblings.append(worker)
            self.by(worker)

    def stop(self) -> None:
        """Nobody waits for what is left, nor for what siblings have under way."""
        self._stopped = True
        for sibling in tuple(self._siblings):
            sibling.close()


def _in_parallel(session: Any, plan: Plan, workers: int, transfer: Callable[[Any, str], None]) -> list[str]:
    """Transfer everything; this session is the first worker. What failed is in the plan, what was done comes back."""
    work = _Work(plan, transfer)
    more = min(workers, len(plan.transfer)) - 1
    if more <= 0:
        work.by(session)
        return sorted(work.done)
    with ThreadPoolExecutor(more, thread_name_prefix="nettools-mirror") as pool:
        others = [pool.submit(work.by_sibling, session) for _ in range(more)]
        try:
            work.by(session)
            for other in others:
                other.result()
        except BaseException:
            work.stop()
            raise
    return sorted(work.done)
