"""Every example on the pages of the documentation is true, and the README's Python at least compiles."""

from __future__ import annotations

import ast
import dataclasses
import doctest
import re
from pathlib import Path

import pytest

import nettools
from nettools import Options, errors
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


def test_the_page_of_options_names_every_keyword_and_its_default() -> None:
    text = (ROOT / "docs" / "options.md").read_text("utf-8")
    names = {each.name for each in dataclasses.fields(Options)}
    assert not {name for name in names if f"`{name}`" not in text}
    for policy in (nettools.Timeout, nettools.TLS, nettools.Retry):
        (shown,) = re.findall(rf"`{policy.__name__}\(([^)]*)\)`", text)
        fields = [each.name for each in dataclasses.fields(policy)]
        assert [each.partition("=")[0] for each in shown.split(", ")] == fields
        for each in shown.split(", "):
            name, equals, value = each.partition("=")
            assert not equals or ast.literal_eval(value) == getattr(policy(), name)


def test_the_page_of_errors_has_every_class_with_its_builtin_and_exit_code() -> None:
    rows = re.findall(
        r"^\| `(\w+)` \|([^|]*)\|[^|]*\|([^|]*)\|$", (ROOT / "docs" / "errors.md").read_text("utf-8"), re.MULTILINE
    )
    assert {name for name, _, _ in rows} == set(errors.__all__) - {"NettoolsError"}
    for name, base, codes in rows:
        cls = getattr(errors, name)
        assert re.findall(r"\d+", codes)[0] == str(cls.exit_code)
        if base.strip():
            assert base.strip() in {each.__name__ for each in cls.__mro__}
