"""How a figure comes about: whole processes in turn, round after round, each result checked.

Every contender of a job runs once a round, the order reversed every second round; a contender's ratio is the median of
its figure over the reference's in the same round, which survives a machine whose speed drifts. CPU is user and system
time of the process and its children (wait4), memory its peak resident size.
"""

from __future__ import annotations

import functools
import hashlib
import json
import os
import shlex
import shutil
import signal
import statistics
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from benchmarks.contenders import digest
from benchmarks.data import message, subject
from benchmarks.jobs import Job
from benchmarks.link import Link
from benchmarks.servers import LARGE, Servers

LIMIT = 180.0  # seconds for one run of one contender


@dataclass
class Run:
    """One run of one contender."""

    wall: float
    cpu: float
    memory: float  # MiB
    problem: str = ""  # why the result is not what it must be
    turns: int | None = None  # over a link: how often the client began to send after something had come in


@dataclass
class Result:
    """All runs of a job."""

    job: Job
    runs: dict[str, list[Run]] = field(default_factory=dict)
    growth: float | None = None  # the cost of an item at ten times the size, to that at a tenth

    def ratio(self, contender: str, figure: str) -> tuple[float, float, float] | None:
        """Median, least and greatest ratio to the reference, round by round."""
        pairs = zip(self.runs[contender], self.runs.get(self.job.reference, []), strict=False)
        found = sorted(getattr(a, figure) / getattr(b, figure) for a, b in pairs if not (a.problem or b.problem))
        return (statistics.median(found), found[0], found[-1]) if found else None

    def median(self, contender: str, figure: str) -> float | None:
        values = [
            value for run in self.runs[contender] if not run.problem and (value := getattr(run, figure)) is not None
        ]
        return statistics.median(values) if values else None


class Bench:
    """Runs jobs against running servers."""

    def __init__(self, servers: Servers, *, link: Link | None = None, say: Callable[[str], None] = print) -> None:
        self.servers, self.link, self._say = servers, link, say
        self.work = servers.root / "out"
        shutil.rmtree(self.work, ignore_errors=True)
        self.work.mkdir()

    def run(self, job: Job, rounds: int) -> Result:
        """A warm-up, then the rounds; a contender that is not installed, or whose warm-up fails, is left out."""
        result = Result(job)
        names = []
        for name in job.contenders:
            first = self._one(job, name)
            if first.problem:
                self._say(f"  {name}: left out: {first.problem}")
            else:
                names.append(name)
        result.runs = {name: [] for name in names}
        for number in range(rounds):
            for name in names if number % 2 == 0 else reversed(names):
                result.runs[name].append(self._one(job, name))
        return result

    def command(self, job: Job, command: str) -> Run:
        """One run of a command that is no contender of the job, unchecked."""
        return self._one(replace(job, contenders={"it": command}, check="", sunk=0), "it")

    def _one(self, job: Job, name: str) -> Run:
        folder = self.work / "run"
        folder.mkdir()
        upload = self.servers.root / "www" / "up" / "upload"
        fields = {**self.servers.fields(), "out": str(folder / "out"), "outdir": str(folder / "dir"), "up": "upload"}
        (folder / "dir").mkdir()
        for count, recipients in ((2000, 1), (100, 3), (1, 3)):
            fields[f"curl_{count}_{recipients}"] = self._curl_mails(count, recipients)
        argv = _argv(job.contenders[name], fields)
        if shutil.which(argv[0]) is None:
            shutil.rmtree(folder)
            return Run(0, 0, 0, f"{argv[0]} is not installed")
        before = self.servers.sunk() if job.sunk else 0
        if self.link is not None:
            argv = [*self.link.client, *argv]
            self.link.reset()
        try:
            run, text = _timed(argv, folder)
            if self.link is not None:
                run.turns = self.link.turns()
            if not run.problem:
                run.problem = self._check(job, job.contenders[name], text, folder, upload, before)
                told = _told(text)
                run.wall, run.cpu = told.get("wall", run.wall), told.get("cpu", run.cpu)
        finally:
            shutil.rmtree(folder)
            upload.unlink(missing_ok=True)
        return run

    def _check(self, job: Job, command: str, text: str, folder: Path, upload: Path, before: int) -> str:
        """Why the result is not what it must be; empty where it is."""
        big = self.servers.root / "www" / "big.bin"
        kind, _, number = job.check.partition(":")
        if kind in ("file", "upload"):
            made = folder / "out" if kind == "file" else upload
            return "" if _same(made, big) else f"{made.name} differs from big.bin"
        if kind == "large":
            user = next(word for word in command.split() if word in LARGE)
            return "" if _same(folder / "out", self.servers.large_mail(user)) else "it is not the message that is there"
        if kind == "mails":
            return _mails(text, folder, int(number))
        if kind == "files":
            sizes = [each.stat().st_size for each in (folder / "dir").iterdir() if each.is_file()]
            wanted = int(number)
            if not sizes:  # a library contender reports what it has counted
                return _reported(text, wanted)
            return "" if len(sizes) == wanted else f"{len(sizes)} files of {wanted}"
        if job.sunk:
            end = time.monotonic() + 3
            while self.servers.sunk() - before < job.sunk and time.monotonic() < end:
                time.sleep(0.02)
            count = self.servers.sunk() - before
            return "" if count == job.sunk else f"the server counted {count} messages of {job.sunk}"
        return _reported(text, int(number)) if number else ""

    def _curl_mails(self, count: int, recipients: int) -> str:
        path = self.work / f"curl-{count}-{recipients}"
        if not path.exists():
            to = "".join(f'mail-rcpt = "b{each + 1}@example.org"\n' for each in range(recipients))
            fields = self.servers.fields()
            one = (
                f'url = "smtp://{fields["host"]}:{fields["smtp_port"]}"\nmail-from = "a@example.org"\n{to}'
                f'upload-file = "{fields["root"]}/mail10k.eml"\nsilent\nshow-error\n'
            )
            path.write_text("next\n".join([one] * count))
        return str(path)


def growth(bench: Bench, job: Job, rounds: int = 3) -> float:
    """How the CPU of one item grows with ten times as many, what one alone costs taken off."""
    one = " ".join([*job.scaled.split()[:-1], "1"])
    ratios = []
    for _ in range(rounds):
        start, small, large = (bench.command(job, each).cpu for each in (one, job.scaled, job.contenders["nettools"]))
        ratios.append((large - start) / _factor(job) / max(small - start, 1e-3))
    return statistics.median(ratios)


def _factor(job: Job) -> float:
    """How many times as many items the whole job has as its scaled form."""
    small = next(int(word) for word in reversed(job.scaled.split()) if word.isdigit())
    return job.items / small


def _argv(command: str, fields: dict[str, str]) -> list[str]:
    """`py:MODULE.FUNCTION ARGS` is a function of `contenders`, `nettools ARGS` the command of this interpreter."""
    words = shlex.split(command)
    if words[0].startswith("py:"):
        words = [sys.executable, "-m", "benchmarks.contenders", words[0].removeprefix("py:"), *words[1:]]
    elif words[0] == "nettools":
        words[0] = str(Path(sys.executable).with_name("nettools"))
    elif words[0] == "python":
        words[0] = sys.executable
    for name, value in fields.items():
        words = [word.replace("{" + name + "}", value) for word in words]
    return words


def _timed(argv: list[str], folder: Path) -> tuple[Run, str]:
    # byte code is cached, as it is wherever a program is installed
    environment = {**os.environ, "HOME": str(folder), "NO_PROXY": "*", "PYTHONDONTWRITEBYTECODE": ""}
    with (folder / "stdout").open("w+b") as out, (folder / "stderr").open("w+b") as err:
        begun = time.monotonic()
        process = subprocess.Popen(
            argv, stdin=subprocess.DEVNULL, stdout=out, stderr=err, env=environment, start_new_session=True
        )
        timer = threading.Timer(LIMIT, os.killpg, (process.pid, signal.SIGKILL))
        timer.start()
        _, status, usage = os.wait4(process.pid, 0)
        wall = time.monotonic() - begun
        timer.cancel()
        process.returncode = os.waitstatus_to_exitcode(status)
        out.seek(0)
        err.seek(0)
        text, complaint = out.read().decode(errors="replace"), err.read().decode(errors="replace")
    problem = f"exit {process.returncode}: {complaint.strip()[-300:]}" if process.returncode else ""
    return Run(wall, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024, problem), text


def _same(made: Path, wanted: Path) -> bool:
    if not made.exists() or made.stat().st_size != wanted.stat().st_size:
        return False
    digests = []
    for path in (made, wanted):
        with path.open("rb") as file:
            digests.append(hashlib.file_digest(file, "blake2b").digest())
    return digests[0] == digests[1]


def _told(text: str) -> dict[str, Any]:
    """What a contender of ours tells in its last line, as JSON: `n`; a parser also its own `wall` and `cpu`."""
    try:
        told = json.loads(text.strip().splitlines()[-1])
    except (IndexError, ValueError):
        return {}
    return told if isinstance(told, dict) else {}


def _reported(text: str, wanted: int) -> str:
    """What a contender counted: its last line is {"n": ...}, or it printed a JSON line an item."""
    told = _told(text)
    count = told["n"] if "n" in told else sum(line.startswith("{") for line in text.splitlines())
    if told.get("digest", _digest(wanted)) != _digest(wanted):
        return "the subjects that were decoded are not those that were sent"
    if "octets" in told and told["octets"] != _octets(wanted):
        return f"{told['octets']} octets instead of {_octets(wanted)}"
    return "" if count == wanted else f"{count} items of {wanted}"


def _mails(text: str, folder: Path, wanted: int) -> str:
    """As many messages as there are, with as many octets: in files, in an mbox, or as the contender reports."""
    sizes = [each.stat().st_size for each in (folder / "dir").iterdir()]
    box = folder / "out"
    if sizes:
        text = json.dumps({"n": len(sizes), "octets": sum(sizes)})
    elif box.exists():
        with box.open("rb") as file:
            text = json.dumps({"n": sum(line.startswith(b"From ") for line in file)})
    return _reported(text, wanted)


@functools.cache
def _octets(count: int) -> int:
    return sum(len(message(number)) for number in range(count))


@functools.cache
def _digest(count: int) -> int:
    return digest(subject(number) for number in range(count))
