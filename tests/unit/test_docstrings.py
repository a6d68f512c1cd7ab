"""Every example in a docstring runs, against the fake servers that its names stand for."""

from __future__ import annotations

import datetime as dt
import doctest
import importlib
from pathlib import Path

import pytest

import nettools
from nettools.testing import servers

SOURCE = Path(nettools.__file__).parent
MODULES = sorted(
    ".".join(path.relative_to(SOURCE).with_suffix("").parts).removesuffix(".__init__")
    for path in SOURCE.rglob("*.py")
    if ">>> " in path.read_text("utf-8")
)


@pytest.mark.parametrize("name", MODULES)
def test_examples_in_docstrings_are_true(name: str, tmp_path: Path) -> None:
    module = importlib.import_module(f"nettools.{name}")
    with servers() as sandbox:
        names = {each: getattr(nettools, each) for each in nettools.__all__}
        names |= {**sandbox.running, "alice": ("alice", "secret"), "folder": str(tmp_path) + "/", "dt": dt}
        result = doctest.testmod(module, extraglobs=names)
    assert result.attempted > 0
    assert result.failed == 0
