"""How a figure comes about: whole processes in turn, round after round, each result checked.

Every contender of a job runs once a round, the order reversed every second round; a contender's ratio is the median of
its figure over the reference's in the same round, which survives a machine whose speed drifts. CPU is user and system
time of the process and its children (wait4), memory its peak resident size. A job has so many seconds: when they are
over, no round begins, and whoever is running is stopped.
"""

from __future__ import annotations

import contextlib
import os
import shlex
import shutil
import signal
import statistics
import subprocess
import sys
import threading
import time
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from benchmarks.checking import check, told
from benchmarks.jobs import Goal, Job
from benchmarks.link import Link
from benchmarks.servers import Servers

__all__ = ["Bench", "Result", "Run"]

OWN = ("python", "nettools", "http")  # commands of this interpreter's environment
GROWTH_ROUNDS = 3


@dataclass
class Run:
    """One run of one contender."""

    wall: float = 0.0
    cpu: float = 0.0
    memory: float = 0.0  # MiB
    problem: str = ""  # why the result is not what it must be
    absent: bool = False  # the problem is that it is not installed
    turns: int | None = None  # over a link: how often the client began to send after something had come in


@dataclass
class Result:
    """All runs of a job, and who is not among them, and why."""

    job: Job
    runs: dict[str, list[Run]] = field(default_factory=dict)
    absent: dict[str, str] = field(default_factory=dict)  # not installed
    failed: dict[str, str] = field(default_factory=dict)
    growth: float | None = None  # the cost of one more item among ten times as many

    def ratio(self, contender: str, figure: str) -> tuple[float, float, float] | None:
        """Median, least and greatest ratio to the reference, round by round."""
        pairs = zip(self.runs.get(contender, []), self.runs.get(self.job.reference, []), strict=False)
        found = sorted(
            getattr(a, figure) / getattr(b, figure)
            for a, b in pairs
            if not (a.problem or b.problem) and getattr(b, figure)
        )
        return (statistics.median(found), found[0], found[-1]) if found else None

    def median(self, contender: str, figure: str) -> float | None:
        values = [
            value
            for run in self.runs.get(contender, [])
            if not run.problem and (value := getattr(run, figure)) is not None
        ]
        return statistics.median(values) if values else None

    def figure(self, goal: Goal) -> float | None:
        """What is compared with a goal."""
        if goal.figure in ("wall", "cpu"):
            ratio = self.ratio(goal.contender, goal.figure)
            return None if ratio is None else ratio[0]
        return self.median(goal.contender, goal.figure)


class Bench:
    """Runs jobs against running servers."""

    def __init__(self, servers: Servers, *, link: Link | None = None) -> None:
        self.servers, self.link = servers, link
        self._end = 0.0  # of the job that is running, by the monotonic clock
        self.work = servers.root / "out"
        shutil.rmtree(self.work, ignore_errors=True)
        self.work.mkdir()

    def run(self, job: Job, rounds: int, seconds: float) -> Result:
        """A round that warms up and is checked twice, then those that count; over a link the first counts, too.

        Who is not installed, or fails in the first round, takes no part in the others.
        """
        self._end = time.monotonic() + seconds
        result = Result(job)
        first = self._round(job, job.contenders, result, verify=True)
        result.runs = {name: [run] if self.link is not None else [] for name, run in first.items() if not run.problem}
        for number in range(1 if self.link is not None else 0, rounds):
            if number and time.monotonic() > self._end - seconds / 4:  # not enough for another
                break
            names = list(result.runs) if number % 2 == 0 else list(reversed(result.runs))
            for name, run in self._round(job, names, result).items():
                result.runs[name].append(run)
        if job.grows and time.monotonic() < self._end:
            result.growth = self._growth(job)
        return result

    def _round(self, job: Job, names: Iterable[str], result: Result, *, verify: bool = False) -> dict[str, Run]:
        runs: dict[str, Run] = {}
        for name in names:
            runs[name] = run = self._one(job, job.contenders[name], verify=verify)
            if run.problem:
                (result.absent if run.absent else result.failed)[name] = run.problem
        return runs

    def _growth(self, job: Job) -> float | None:
        """What one more item costs in CPU among ten times as many, to what it costs among a tenth."""
        least, tenth, whole = job.sizes
        alone = Job(job.name, job.what, "", {})
        ratios = []
        for _ in range(GROWTH_ROUNDS):
            runs = [self._one(alone, job.grows.replace("{n}", str(size))) for size in job.sizes]
            if any(run.problem for run in runs):
                break
            one, small, large = (run.cpu for run in runs)
            ratios.append((large - small) / (whole - tenth) / (max(small - one, 1e-4) / (tenth - least)))
        return statistics.median(ratios) if ratios else None

    def _one(self, job: Job, command: str, *, verify: bool = False) -> Run:
        left = self._end - time.monotonic()
        if left <= 0:
            return Run(problem="the job's time was over")
        folder = self.work / "run"
        (folder / "dir").mkdir(parents=True)
        fields = {**self.servers.fields(), "out": str(folder / "out"), "outdir": str(folder / "dir")}
        for count, recipients in ((2000, 1), (100, 3), (1, 3)):
            fields[f"curl_{count}_{recipients}"] = self._curl_mails(count, recipients)
        argv = _argv(command, fields)
        before = self.servers.sunk() if job.sunk else 0
        try:
            if shutil.which(argv[0]) is None:
                return Run(problem=f"{Path(argv[0]).name} is not installed", absent=True)
            if self.link is not None:
                argv = [*self.link.client, *argv]
                self.link.reset()
            run, text = _timed(argv, folder, left, verify=verify)
            if self.link is not None:
                run.turns = self.link.turns()
            if not run.problem:
                run.problem = check(job, command, text, folder, self.servers, before)
                own = told(text)
                run.wall, run.cpu = own.get("wall", run.wall), own.get("cpu", run.cpu)
        finally:
            shutil.rmtree(folder)
            self.servers.upload.unlink(missing_ok=True)
        return run

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


def _argv(command: str, fields: dict[str, str]) -> list[str]:
    words = shlex.split(command)
    if words[0].startswith("py:"):
        words = [sys.executable, "-m", "benchmarks.contenders", words[0].removeprefix("py:"), *words[1:]]
    elif words[0] in OWN:
        words[0] = sys.executable if words[0] == "python" else str(Path(sys.executable).with_name(words[0]))
    for name, value in fields.items():
        words = [word.replace("{" + name + "}", value) for word in words]
    return words


def _timed(argv: list[str], folder: Path, seconds: float, *, verify: bool) -> tuple[Run, str]:
    environment = {
        **os.environ,
        "HOME": str(folder),
        "NO_PROXY": "*",
        "PYTHONDONTWRITEBYTECODE": "",  # byte code is kept, as it is wherever a program is installed
        "NETTOOLS_BENCH_VERIFY": "1" if verify else "",
    }
    stopped = threading.Event()
    with (folder / "stdout").open("w+b") as out, (folder / "stderr").open("w+b") as err:
        begun = time.monotonic()
        process = subprocess.Popen(
            argv, stdin=subprocess.DEVNULL, stdout=out, stderr=err, env=environment, start_new_session=True
        )

        def stop() -> None:
            stopped.set()
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)

        timer = threading.Timer(seconds, stop)
        timer.start()
        _, status, usage = os.wait4(process.pid, 0)
        wall = time.monotonic() - begun
        timer.cancel()
        process.returncode = os.waitstatus_to_exitcode(status)
        out.seek(0)
        err.seek(0)
        text, complaint = out.read().decode(errors="replace"), err.read().decode(errors="replace").strip()
    run = Run(wall, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024)
    if stopped.is_set():
        run.problem = "the job's time was over"
    elif process.returncode:
        last = complaint.splitlines()[-1] if complaint else ""
        run.problem = f"exit {process.returncode}: {last[-200:]}"
        run.absent = last.startswith("ModuleNotFoundError") and "nettools" not in last
    return run, text
