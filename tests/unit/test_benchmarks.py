"""The benchmarks' own arithmetic and bookkeeping: who is compared with whom, what is kept, what a time limit does."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import pytest

report = pytest.importorskip("benchmarks.report", reason="the benchmarks are not part of what is installed")
measure = pytest.importorskip("benchmarks.measure")
jobs = pytest.importorskip("benchmarks.jobs")


def result(name: str, walls: dict[str, list[float]], **more: Any) -> Any:
    job = jobs.Job(name, f"what {name} is", "peer", dict.fromkeys(walls, ""), goals=(jobs.Goal("wall", 0.4),))
    runs = {who: [measure.Run(wall, wall, 20.0) for wall in each] for who, each in walls.items()}
    return measure.Result(job, runs, **more)


@pytest.fixture
def page(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(report, "RECORD", tmp_path / "results.json")
    monkeypatch.setattr(report, "PAGE", tmp_path / "page.md")
    monkeypatch.setattr(report, "_machine", lambda: "a machine")
    return tmp_path / "page.md"


def test_a_ratio_is_taken_to_the_reference_in_the_same_round() -> None:
    found = result("pop3", {"peer": [1.0, 2.0, 4.0], "nettools": [0.5, 0.5, 4.0]})
    assert found.ratio("nettools", "wall") == (0.5, 0.25, 1.0)


def test_a_run_that_failed_takes_no_part_in_a_ratio() -> None:
    found = result("pop3", {"peer": [1.0, 1.0], "nettools": [0.5, 9.0]})
    found.runs["nettools"][1].problem = "it gave up"
    assert found.ratio("nettools", "wall") == (0.5, 0.5, 0.5)


def test_a_job_that_is_measured_anew_leaves_the_others_as_they_are(page: Path) -> None:
    report.record([result("pop3", {"peer": [1.0], "nettools": [0.3]})], "loopback", {})
    report.record([result("smtp-one", {"peer": [1.0], "nettools": [0.5]})], "loopback", {})
    text = page.read_text()
    assert text.index("### what pop3 is") < text.index("### what smtp-one is")
    assert "| **nettools** | 0.30 (0.30 to 0.30) |" in text
    assert "Reached, at most 0.4 in time: yes." in text
    assert "Reached, at most 0.4 in time: **no**." in text


def test_who_failed_and_who_is_not_installed_is_on_the_page(page: Path) -> None:
    failed = {"nettools": "exit 1: a | b"}
    report.record(
        [result("pop3", {"peer": [1.0], "nettools": []}, failed=failed, absent={"mpop": "no mpop"})], "loopback", {}
    )
    assert "| **nettools**, failed: exit 1: a b | - | - | - |" in page.read_text()
    assert "Left out: mpop (no mpop)." in page.read_text()


def test_a_command_whose_time_is_over_is_stopped_and_told(tmp_path: Path) -> None:
    run, _ = measure._timed([sys.executable, "-c", "import time; time.sleep(60)"], tmp_path, 0.2, verify=False)
    assert run.problem == "the job's time was over"


def test_a_peer_that_is_not_there_is_no_failure(tmp_path: Path) -> None:
    run, _ = measure._timed([sys.executable, "-c", "import no_such_peer"], tmp_path, 30, verify=False)
    assert (run.absent, "no_such_peer" in run.problem) == (True, True)
