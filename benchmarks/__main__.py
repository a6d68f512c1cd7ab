"""`python -m benchmarks [JOB...] [--link] [--rounds N] [--root DIR]`; without names, every job, and the page."""

from __future__ import annotations

import argparse
import contextlib
from pathlib import Path

from benchmarks import report
from benchmarks.jobs import LOOPBACK, OVER_LINK, Job
from benchmarks.link import SERVER, Link
from benchmarks.measure import Bench, Result, growth
from benchmarks.servers import Servers

RTT_MS = 50.0


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("jobs", nargs="*", help="names of jobs (default: all)")
    parser.add_argument("--link", action="store_true", help=f"over a link with {RTT_MS:g} ms of round trip")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--write", action="store_true", help="write docs/performance.md also when jobs are named")
    parser.add_argument("--root", type=Path, default=Path("/dev/shm/nettools-benchmarks"), help="scratch folder")
    given = parser.parse_args()
    jobs = [job for job in (OVER_LINK if given.link else LOOPBACK) if not given.jobs or job.name in given.jobs]
    if not jobs:
        parser.error("no such job; there are " + ", ".join(job.name for job in (*LOOPBACK, *OVER_LINK)))
    results = _over_link(jobs, given.rounds, given.root) if given.link else _on_loopback(jobs, given.rounds, given.root)
    if given.write or not given.jobs:
        kind, extra = ("link", {"rtt_ms": RTT_MS}) if given.link else ("loopback", {})
        report.record(results, kind, extra)


def _on_loopback(jobs: list[Job], rounds: int, root: Path) -> list[Result]:
    with Servers(root) as servers:
        return [_run(Bench(servers), job, rounds) for job in jobs]


def _over_link(jobs: list[Job], rounds: int, root: Path) -> list[Result]:
    with contextlib.ExitStack() as stack:
        link = stack.enter_context(Link(RTT_MS))
        servers = stack.enter_context(Servers(root, host=SERVER, inside=link.server))
        return [_run(Bench(servers, link=link), job, rounds) for job in jobs]


def _run(bench: Bench, job: Job, rounds: int) -> Result:
    print(f"\n{job.name}: {job.what}; to reach: {job.reach or '-'}", flush=True)
    result = bench.run(job, rounds)
    if job.scaled:
        result.growth = growth(bench, job)
    for name in result.runs:
        wall, cpu = result.ratio(name, "wall"), result.ratio(name, "cpu")
        memory, turns = result.median(name, "memory"), result.median(name, "turns")
        figures = [
            f"{label} {value[0]:.2f} ({value[1]:.2f}..{value[2]:.2f})"
            for label, value in (("time", wall), ("CPU", cpu))
            if value
        ]
        tail = "" if turns is None else f"  {turns:.0f} turns"
        print(f"  {name:<28} {'  '.join(figures)}  {memory or 0:.0f} MiB{tail}", flush=True)
    if result.growth is not None:
        print(f"  cost of an item at ten times the size: {result.growth:.2f}", flush=True)
    return result


if __name__ == "__main__":
    main()
