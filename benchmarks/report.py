"""docs/performance.md: what was measured, as ratios to a named reference, with versions and spread.

The page has a section for each kind of run (loopback, link, testkit). What a run did not measure stays as it was: a
section when another kind is run, a job when others are.
"""

from __future__ import annotations

import json
import os
import platform
import re
import subprocess
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from benchmarks.jobs import Goal, Job
from benchmarks.jobs.link import OVER_LINK
from benchmarks.jobs.machine import ON_THE_MACHINE
from benchmarks.measure import Result

PAGE = Path(__file__).parents[1] / "docs" / "performance.md"
RECORD = Path(__file__).parent / "results.json"
PACKAGES = (
    "requests", "urllib3", "httpx", "aiohttp", "pycurl", "httpie", "ftputil", "aioftp", "IMAPClient", "imap-tools",
    "aiosmtplib", "standard-nntplib",
)  # fmt: skip
PROGRAMS = {
    "curl": "curl --version",
    "wget": "wget --version",
    "lftp": "lftp --version",
    "mpop": "mpop --version",
    "nginx": "nginx -v",
    "vsftpd": "vsftpd -v 0>&1",  # it says it to its standard input
    "dovecot": "dovecot --version",
    "postfix": "postconf -d mail_version",
}
KINDS: dict[str, tuple[str, tuple[Job, ...]]] = {
    "loopback": ("On the machine", ON_THE_MACHINE),
    "link": ("Over a link with delay", OVER_LINK),
}

HEAD = """# Performance

nettools beside its peers: whole processes in turn, round after round, over the same servers (nginx, vsftpd, dovecot,
postfix's smtp-sink; for news our own) on one machine. Every result is checked: files are compared octet by octet,
messages by number and octets in every run and by content in the first (mpop's mbox by number), decoded subjects by
their digest, messages sent as the server counted them; of start-up only the exit code is looked at. Ratios are taken to
the reference in the same round; a figure is the median, the least and the greatest in brackets. Absolute times depend
on the machine and are left out, but for the fake servers, which have no peer here. Made by `make bench` (about a
quarter of an hour), `make bench-latency` (ten minutes) and `make bench-testkit`; nothing here is written by hand.
"""


def record(results: list[Result], kind: str, extra: dict[str, Any]) -> None:
    """Keep the figures of these jobs, and write the page anew."""
    kept = _kept()
    section = kept.setdefault(kind, {"jobs": {}})
    section |= {"machine": _machine(), **extra}
    for result in results:
        section["jobs"][result.job.name] = _figures(result)
    names = [job.name for job in KINDS[kind][1]]
    section["jobs"] = {name: section["jobs"][name] for name in names if name in section["jobs"]}
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
            "failed": result.failed.get(name, ""),
        }
        for name in job.contenders
        if name not in result.absent
    ]
    return {
        "what": job.what, "reference": job.reference, "notes": job.notes, "rows": rows, "absent": result.absent,
        "goals": [{"asked": _asked(goal), "reached": _reached(result.figure(goal), goal)} for goal in job.goals],
        "remark": job.remark, "rounds": max(map(len, result.runs.values()), default=0), "growth": result.growth,
    }  # fmt: skip


def _asked(goal: Goal) -> str:
    unit = {"wall": "in time", "cpu": "in CPU", "memory": "MiB", "turns": "turns"}[goal.figure]
    whose = "" if goal.contender == "nettools" else f" ({goal.contender})"
    return f"{goal.most:g} {unit}{whose}"


def _reached(figure: float | None, goal: Goal) -> bool:
    return figure is not None and round(figure, 2) <= goal.most


def page(kept: dict[str, Any]) -> str:
    """The page's text."""
    parts = [HEAD]
    for kind, (title, _) in KINDS.items():
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
    if figures["goals"]:
        goals = "; ".join(f"{goal['asked']}: {'yes' if goal['reached'] else '**no**'}" for goal in figures["goals"])
        lines.append(f"Reached, at most {goals}.\n")
    lines.append(f"| | time to {figures['reference']} | CPU | memory, MiB |" + (" turns |" if link else ""))
    lines.append("| --- | --- | --- | --- |" + (" --- |" if link else ""))
    for row in figures["rows"]:
        name = row["name"] + (f" ({figures['notes'][row['name']]})" if row["name"] in figures["notes"] else "")
        bold = "**" if name.startswith("nettools") else ""
        failed = f", failed: {_cell(row['failed'])}" if row["failed"] else ""
        cells = [_ratio(row["wall"]), _ratio(row["cpu"]), _whole(row["memory"]), *([_whole(row["turns"])] * link)]
        lines.append(f"| {bold}{name}{bold}{failed} | " + " | ".join(cells) + " |")
    said = [f"{figures['rounds']} round{'s' * (figures['rounds'] != 1)}."]
    if figures["growth"] is not None:
        said.append(f"One more item among ten times as many costs {figures['growth']:.2f} times as much CPU.")
    said += [f"Left out: {name} ({_cell(why)})." for name, why in figures["absent"].items()]
    if figures["remark"] and not all(goal["reached"] for goal in figures["goals"]):
        said.append(figures["remark"])
    return "\n".join([*lines, "", " ".join(said)]) + "\n"


def _cell(text: str) -> str:
    """What a program complained of, fit for a table."""
    return re.sub(r"[|\s`<]+", " ", text)[:120]


def _whole(value: float | None) -> str:
    return "-" if value is None else f"{value:.0f}"


def _ratio(values: list[float] | None) -> str:
    return "-" if values is None else "{:.2f} ({:.2f} to {:.2f})".format(*values)


def _machine() -> str:
    found = [f"Python {platform.python_version()}", f"{os.cpu_count()} cores"]
    for program, command in PROGRAMS.items():
        done = subprocess.run(
            ["sh", "-c", command], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False
        )
        number = re.search(r"\d+(?:\.\d+)+", done.stdout)
        if number is not None and done.returncode == 0:
            found.append(f"{program} {number[0]}")
    for package in PACKAGES:
        try:
            found.append(f"{package} {version(package)}")
        except PackageNotFoundError:
            continue
    return ", ".join(found)
