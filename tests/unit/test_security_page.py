"""Every promise of docs/security.md is held to by tests that exist."""

from __future__ import annotations

import re
from pathlib import Path

import threats.cases  # noqa: F401  # registers them
from threats.engine import CASES

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "security.md").read_text("utf-8")
PROMISED = PAGE.partition("## Promised")[2].partition("## Not promised")[0]


def test_every_test_that_the_page_names_is_there() -> None:
    written = "\n".join(path.read_text("utf-8") for path in (ROOT / "tests").rglob("test_*.py"))
    there = set(re.findall(r"^\s*(?:async )?def (test_\w+)", written, re.MULTILINE))
    named = set(re.findall(r"`(test_\w+)`", PAGE))
    assert named
    assert named <= there, named - there


def test_every_threat_that_the_page_names_is_played() -> None:
    named = {name for part in re.findall(r"threats:([^)]*)\)", PROMISED) for name in re.findall(r"`([\w-]+)`", part)}
    assert len(named) > 50
    assert named <= set(CASES), named - set(CASES)


def test_every_promise_names_a_test() -> None:
    promises = PROMISED.strip().split("\n\n")
    assert [each[:40] for each in promises if "`test_" not in each and "`make " not in each] == []
