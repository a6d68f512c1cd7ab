"""`python -m benchmarks [JOB...] [--link] [--rounds N] [--minutes N] [--root DIR]`; without names, all, and the page.

All have so many minutes, and none more than a few times its share of what is left, so that no job can stall the rest.
What one has measured is written down before the next one begins. The exit code is 1 when a job or a contender failed (a
contender that is not installed is left out).
"""

from __future__ import annotations

import argparse
import contextlib
import shutil
import signal
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from benchmarks import report
from benchmarks.jobs import Job
from benchmarks.jobs.link import OVER_LINK
from benchmarks.jobs.machine import ON_THE_MACHINE
from benchmarks.link import SERVER, Link
from benchmarks.measure import Bench, Result
from benchmarks.servers import Servers

RTT_MS = 50.0
SHARES = 2.5  # of the time that is left, for one job
NEEDED = 4 << 30  # octets that the servers' data and one run's take


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("jobs", nargs="*", help="names of jobs (default: all)")
    parser.add_argument("--link", action="store_true", help=f"over a link with {RTT_MS:g} ms of round trip")
    parser.add_argument("--rounds", type=int, default=None, help="at most (default: 5; over a link 2)")
    parser.add_argument("--minutes", type=float, default=None, help="for all jobs (default: 24; over a link 14)")
    parser.add_argument("--write", action="store_true", help="write docs/performance.md also when jobs are named")
    parser.add_argument("--root", type=Path, default=None, help="scratch folder (default: in memory, where it fits)")
    given = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that the servers are stopped
    jobs = [job for job in (OVER_LINK if given.link else ON_THE_MACHINE) if not given.jobs or job.name in given.jobs]
    if not jobs:
        parser.error("no such job; there are " + ", ".join(job.name for job in (*ON_THE_MACHINE, *OVER_LINK)))
    kind, rounds, minutes = ("link", 2, 14.0) if given.link else ("loopback", 5, 24.0)
    began, failed = time.monotonic(), list[str]()
    end = began + 60 * (given.minutes or minutes)
    with _bench(given.root or _scratch(), link=given.link) as bench:
        for number, job in enumerate(jobs):
            share = (end - time.monotonic()) / (len(jobs) - number)
            result = _run(bench, job, given.rounds or rounds, min(SHARES * share, end - time.monotonic()))
            failed += [f"{job.name}: {name}: {why}" for name, why in result.failed.items()]
            if given.write or not given.jobs:
                report.record([result], kind, {"rtt_ms": RTT_MS} if given.link else {})
    print(f"\n{len(jobs)} jobs in {(time.monotonic() - began) / 60:.1f} minutes")
    for line in failed:
        print(f"failed: {line}", file=sys.stderr)
    return 1 if failed else 0


def _scratch() -> Path:
    """A folder in memory, so that no disk is measured; else where temporary files go."""
    memory = Path("/dev/shm")
    fits = memory.is_dir() and ((memory / "nettools-benchmarks").exists() or shutil.disk_usage(memory).free > NEEDED)
    return (memory if fits else Path(tempfile.gettempdir())) / "nettools-benchmarks"


@contextlib.contextmanager
def _bench(root: Path, *, link: bool) -> Iterator[Bench]:
    with contextlib.ExitStack() as stack:
        if link:
            over = stack.enter_context(Link(RTT_MS))
            yield Bench(stack.enter_context(Servers(root, host=SERVER, inside=over.server)), link=over)
        else:
            yield Bench(stack.enter_context(Servers(root)))


def _run(bench: Bench, job: Job, rounds: int, seconds: float) -> Result:
    print(f"\n{job.name}: {job.what}", flush=True)
    began = time.monotonic()
    try:
        result = bench.run(job, rounds, seconds)
    except (OSError, ValueError) as error:
        result = Result(job, failed={"the job": f"{type(error).__name__}: {error}"})
    for name in result.runs:
        figures = [
            f"{label} {_spread(result.ratio(name, figure))}" for label, figure in (("time", "wall"), ("CPU", "cpu"))
        ]
        turns = result.median(name, "turns")
        tail = "" if turns is None else f"  {turns:.0f} turns"
        print(f"  {name:<28} {'  '.join(figures)}  {result.median(name, 'memory') or 0:.0f} MiB{tail}")
    if result.growth is not None:
        print(f"  one more among ten times as many: {result.growth:.2f} times the CPU")
    for name, why in (*result.absent.items(), *result.failed.items()):
        print(f"  {name}: {why}")
    print(f"  {time.monotonic() - began:.0f} s", flush=True)
    return result


def _spread(values: tuple[float, float, float] | None) -> str:
    return "-" if values is None else "{:.2f} ({:.2f}..{:.2f})".format(*values)


if __name__ == "__main__":
    sys.exit(main())
