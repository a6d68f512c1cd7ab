"""Every hostile case that can be played, against nettools: passed is when nothing that must not be was seen."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

import threats.cases  # noqa: F401  # registers them
from threats.certificates import make_certs
from threats.engine import CASES
from threats.exam import run_case
from threats.nursery import Nursery

FIXTURE = Path(__file__).parents[2] / "fixtures" / "threats.jsonl"

pytestmark = [
    pytest.mark.threat,
    # a hostile server leaves its sockets as they are
    pytest.mark.filterwarnings("ignore::ResourceWarning", "ignore::pytest.PytestUnraisableExceptionWarning"),
]


@pytest.fixture(scope="session")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    folder = tmp_path_factory.mktemp("certificates")
    yield make_certs(str(folder))
    shutil.rmtree(folder)


@pytest.fixture(scope="session")
def nursery() -> Iterator[Nursery]:
    started = Nursery()
    yield started
    started.close()


@pytest.mark.parametrize("name", CASES)
def test_a_threat_is_met(name: str, certificates: str, nursery: Nursery) -> None:
    result = run_case(name, certificates, nursery)
    assert result["verdict"] == "pass", f"{'; '.join(result['why'])}\n{result['text'][:600]}\n{result['sent']}"


def test_every_case_that_is_described_as_one_to_be_played_is_played() -> None:
    rows = [json.loads(line) for line in FIXTURE.read_text("utf-8").splitlines()]
    names = [row["id"] for row in rows]
    assert len(names) == len(set(names))
    assert {row["id"] for row in rows if row["runnable"]} <= set(CASES)
