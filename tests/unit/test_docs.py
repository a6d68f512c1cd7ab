"""Every example on the pages of the documentation is true, and the README's Python at least compiles."""

from __future__ import annotations

import doctest
import re
from pathlib import Path

import pytest

import nettools
from nettools.testing import servers

ROOT = Path(__file__).parents[2]
PAGES = sorted(path for path in (ROOT / "docs").rglob("*.md") if ">>>" in path.read_text("utf-8"))


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.stem)
def test_examples_in_the_documentation_are_true(path: Path, tmp_path: Path) -> None:
    text = path.read_text("utf-8").replace("```", "")
    with servers() as sandbox:
        names = {**sandbox.running, "world": sandbox.world, "alice": ("alice", "secret"), "folder": str(tmp_path) + "/"}
        parsed = doctest.DocTestParser().get_doctest(text, names, path.name, str(path), 0)
        runner = doctest.DocTestRunner()
        runner.run(parsed)
    assert runner.summarize(verbose=False).failed == 0
    assert parsed.examples


def test_the_readme_speaks_of_what_there_is() -> None:
    text = (ROOT / "README.md").read_text("utf-8")
    for block in re.findall(r"```python\n(.*?)```", text, re.DOTALL):
        compile(block, "README.md", "exec")
        for imported in re.findall(r"^from nettools import (.+)$", block, re.MULTILINE):
            assert {name.strip() for name in imported.split(",")} <= set(nettools.__all__)
