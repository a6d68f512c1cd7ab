"""Whether a contender did the job: files octet by octet, messages by number and octets, sent ones by the server.

Every check gives what is wrong, or "". A library contender tells what it has in its last line of output, as JSON: `n`;
of messages also `octets`, of decoded subjects a `digest`, and, asked to `verify` (in the run that warms up, for it
costs), a `content` digest of everything that it was given.
"""

from __future__ import annotations

import functools
import json
import time
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

from benchmarks.contenders import digest
from benchmarks.data import message, subject
from benchmarks.jobs import Job
from benchmarks.servers import LARGE, Servers

__all__ = ["check", "told"]

BLOCK = 1 << 20


def check(job: Job, command: str, text: str, folder: Path, servers: Servers, sunk_before: int) -> str:
    """What is wrong with the outcome of one run; empty where nothing is.

    Args:
        text: what the contender printed. folder: where it wrote `out` and `dir`.
        sunk_before: how many messages the server had counted before the run.
    """
    kind, _, number = job.check.partition(":")
    big = servers.root / "www" / "big.bin"
    if job.sunk:
        return _sunk(servers, sunk_before, job.sunk)
    checks: dict[str, Callable[[], str]] = {
        "": lambda: "",
        "file": lambda: _same(folder / "out", big),
        "upload": lambda: _same(servers.upload, big),
        "large": lambda: _same(
            folder / "out", servers.large_mail(next(word for word in command.split() if word in LARGE))
        ),
        "files": lambda: _files(folder / "dir", servers.root / "www" / "many1000", int(number)),
        "mails": lambda: _mails(text, folder, int(number)),
        "n": lambda: _reported(text, int(number)),
    }
    return checks[kind]()


def told(text: str) -> dict[str, Any]:
    """What a contender tells in its last line, as JSON; a parser its own `wall` and `cpu`, too."""
    try:
        found = json.loads(text.strip().splitlines()[-1])
    except (IndexError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def _sunk(servers: Servers, before: int, wanted: int) -> str:
    end = time.monotonic() + 3
    while (count := servers.sunk() - before) < wanted and time.monotonic() < end:
        time.sleep(0.02)
    return "" if count == wanted else f"the server counted {count} messages of {wanted}"


def _same(made: Path, wanted: Path) -> str:
    if not made.exists():
        return f"there is no {made.name}"
    with made.open("rb") as one, wanted.open("rb") as other:
        while (block := one.read(BLOCK)) == other.read(BLOCK):
            if not block:
                return ""
    return f"{made.name} differs from {wanted.name}"


def _files(made: Path, wanted: Path, count: int) -> str:
    found = [path for path in made.iterdir() if path.is_file()]
    if len(found) != count:
        return f"{len(found)} files of {count}"
    return next((problem for path in found if (problem := _same(path, wanted / path.name))), "")


def _reported(text: str, wanted: int) -> str:
    found = told(text)
    if found.get("digest", _subjects(wanted)) != _subjects(wanted):
        return "the subjects that were decoded are not those that were sent"
    if found.get("octets", _octets(wanted)) != _octets(wanted):
        return f"{found['octets']} octets instead of {_octets(wanted)}"
    if found.get("content", _content(wanted)) != _content(wanted):
        return "the messages are not those that are there"
    return "" if found.get("n") == wanted else f"{found.get('n', 'no')} items of {wanted}"


def _mails(text: str, folder: Path, wanted: int) -> str:
    """As many messages as there are, with as many octets: in files, in an mbox, or as the contender reports."""
    files = sorted((folder / "dir").iterdir(), key=lambda path: int(path.name.strip("m")))
    box = folder / "out"
    if files:
        content = functools.reduce(lambda found, path: zlib.crc32(path.read_bytes(), found), files, 0)
        octets = sum(path.stat().st_size for path in files)
        text = json.dumps({"n": len(files), "octets": octets, "content": content})
    elif box.exists():
        with box.open("rb") as file:
            text = json.dumps({"n": sum(line.startswith(b"From ") for line in file)})
    return _reported(text, wanted)


@functools.cache
def _octets(count: int) -> int:
    return sum(len(message(number)) for number in range(count))


@functools.cache
def _content(count: int) -> int:
    return functools.reduce(lambda found, number: zlib.crc32(message(number), found), range(count), 0)


@functools.cache
def _subjects(count: int) -> int:
    return digest(subject(number) for number in range(count))
