"""docs/performance.md: what was measured, as ratios to a named reference, with versions and spread.

The page has a section for each kind of run (loopback, link, testkit) and keeps the others when one is written anew.
"""

from __future__ import annotations

import json
import os
import platform
import subprocess
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from benchmarks.measure import Result

PAGE = Path(__file__).parents[1] / "docs" / "performance.md"
RECORD = Path(__file__).parent / "results.json"
PACKAGES = (
    "requests",
    "urllib3",
    "httpx",
    "aiohttp",
    "pycurl",
    "ftputil",
    "aioftp",
    "IMAPClient",
    "imap-tools",
    "aiosmtplib",
)
PROGRAMS = ("curl --version", "wget --version", "lftp --version", "nginx -v", "dovecot --version", "mpop --version")

HEAD = """# Performance

nettools beside its peers: whole processes in turn, round after round, over the same servers (nginx, vsftpd, dovecot,
postfix's smtp-sink) on one machine. Files are compared; decoded subjects, fetched messages with their octets, and sent
messages are counted; of start-up only the exit code is looked at. Ratios are taken to the reference in the same round;
a figure is the median, the least and the greatest in brackets. Absolute times depend on the machine and are left out,
but for the fake servers, which have no peer here. Made by `make bench`, `make bench-latency` and `make bench-testkit`;
nothing here is written by hand.
"""


def record(results: list[Result], kind: str, extra: dict[str, Any]) -> None:
    """Keep the figures of these jobs, and write the page anew."""
    kept = _kept()
    section = kept.setdefault(kind, {"jobs": {}})
    section |= {"machine": _machine(), **extra}
    for result in results:
        section["jobs"][result.job.name] = _figures(result)
    _write(kept)


def record_testkit(figures: dict[str, Any]) -> None:
    """Keep what the fake servers cost, and write the page anew."""
    kept = _kept()
    kept["testkit"] = {"machine": f"Python {platform.python_version()}, {os.cpu_count()} cores", **figures}
    _write(kept)


def _kept() -> dict[str, Any]:
    kept: dict[str, Any] = json.loads(RECORD.read_text()) if RECORD.exists() else {}
    return kept


def _write(kept: dict[str, Any]) -> None:
    RECORD.write_text(json.dumps(kept, indent=1, ensure_ascii=False) + "\n")
    PAGE.write_text(page(kept))


def _figures(result: Result) -> dict[str, Any]:
    job = result.job
    rows = [
        {
            "name": name,
            "wall": result.ratio(name, "wall"),
            "cpu": result.ratio(name, "cpu"),
            "memory": result.median(name, "memory"),
            "turns": result.median(name, "turns"),
            "failed": sum(bool(run.problem) for run in result.runs[name]),
        }
        for name in result.runs
    ]
    return {
        "what": job.what, "reference": job.reference, "reach": job.reach, "notes": job.notes, "rows": rows,
        "rounds": max(map(len, result.runs.values()), default=0),
        "growth": result.growth,
    }  # fmt: skip


def page(kept: dict[str, Any]) -> str:
    """The page's text."""
    parts = [HEAD]
    for kind, title in (("loopback", "On the machine"), ("link", "Over a link with delay")):
        section = kept.get(kind)
        if section is None:
            continue
        parts.append(f"\n## {title}\n\n{section['machine']}.")
        if kind == "link":
            parts.append(
                f" Round trip: {section['rtt_ms']:g} ms. Turns: how often the client began to send after something had"
                " come in, opening the connection included."
            )
        parts.append("\n")
        parts += [_table(figures, link=kind == "link") for figures in section["jobs"].values()]
    if "testkit" in kept:
        parts.append(_testkit(kept["testkit"]))
    return "".join(parts)


def _testkit(figures: dict[str, Any]) -> str:
    start, stop = (f"{figures[name] * 1000:.0f} ms" for name in ("start", "stop"))
    lines = [
        f"\n## The fake servers\n\n{figures['machine']}.\n",
        f"{figures['servers']} servers of {figures['protocols']} protocols in one process: started in {start},",
        f"stopped in {stop}; to reach: two seconds. What a fixture adds to a test, in milliseconds, the median of",
        "many tests in the best of several runs; to reach: one.\n",
        "| fixture | in clear | with TLS |",
        "| --- | --- | --- |",
    ]
    lines += [
        f"| `{name}` | {clear * 1000:.2f} | {tls * 1000:.2f} |" for name, (clear, tls) in figures["fixtures"].items()
    ]
    return "\n".join(lines) + "\n"


def _table(figures: dict[str, Any], *, link: bool) -> str:
    lines = [f"\n### {figures['what']}\n"]
    if figures["reach"]:
        lines.append(f"To reach: {figures['reach']}. {figures['rounds']} rounds.\n")
    lines.append(f"| | time to {figures['reference']} | CPU | memory, MiB |" + (" turns |" if link else ""))
    lines.append("| --- | --- | --- | --- |" + (" --- |" if link else ""))
    for row in figures["rows"]:
        name = row["name"] + (f" ({figures['notes'][row['name']]})" if row["name"] in figures["notes"] else "")
        failed = f", {row['failed']} failed" if row["failed"] else ""
        memory = "-" if row["memory"] is None else f"{row['memory']:.0f}"
        turns = "" if not link else f" {row['turns']:.0f} |" if row["turns"] is not None else " - |"
        bold = "**" if name.startswith("nettools") else ""
        lines.append(f"| {bold}{name}{bold}{failed} | {_ratio(row['wall'])} | {_ratio(row['cpu'])} | {memory} |{turns}")
    if figures["growth"] is not None:
        growth = f"{figures['growth']:.2f}"
        lines.append(f"\nCost of an item at ten times the size, what one alone costs taken off: {growth}.")
    return "\n".join(lines) + "\n"


def _ratio(values: list[float] | None) -> str:
    return "-" if values is None else "{:.2f} ({:.2f} to {:.2f})".format(*values)


def _machine() -> str:
    found = [f"Python {platform.python_version()}", f"{os.cpu_count()} cores"]
    for program in PROGRAMS:
        try:
            done = subprocess.run(program.split(), capture_output=True, text=True, check=False)
        except FileNotFoundError:
            continue
        lines = (done.stdout or done.stderr).splitlines()
        if lines:
            found.append(_short(lines[0]))
    for package in PACKAGES:
        try:
            found.append(f"{package} {version(package)}")
        except PackageNotFoundError:
            continue
    return ", ".join(found)


def _short(line: str) -> str:
    """A program's name and version, of what it says of itself."""
    words = line.replace("nginx version: nginx/", "nginx ").replace("| Version", "").split()
    return (
        " ".join(words[:3])
        if words[0] == "GNU"
        else " ".join(words[:2])
        if not line[0].isdigit()
        else f"dovecot {words[0]}"
    )
