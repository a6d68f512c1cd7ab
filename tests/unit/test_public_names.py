"""The names of the facade: said once where they live, the same to type checkers, each there and documented.

Run as a script, this writes the stubs that it compares.
"""

from __future__ import annotations

import importlib
import inspect
import pickle
import re
from pathlib import Path

import pytest

import nettools

LAZY = (
    "nettools",
    "nettools.parse.compose",
    "nettools.parse.imap_data",
    "nettools.parse.message",
    "nettools.results",
)


def stub(package: str) -> tuple[Path, str]:
    """A package's stub, and what has to stand in it."""
    module = importlib.import_module(package)
    lines = [
        f"from {package}.{home} import {name} as {name}\n"
        for home, names in sorted(module._HOMES.items())
        for name in names.split()
    ]
    head = f'"""The names of `{package}` for type checkers, written by `tests/unit/test_public_names.py`."""\n\n'
    return Path(str(module.__file__)).with_suffix(".pyi"), head + "".join(lines)


@pytest.mark.parametrize("package", LAZY)
def test_type_checkers_are_told_the_names_that_are_there(package: str) -> None:
    path, text = stub(package)
    assert path.read_text("utf-8") == text


@pytest.mark.parametrize("package", LAZY)
def test_every_name_is_found_where_it_is_said_to_live(package: str) -> None:
    module = importlib.import_module(package)
    for home, names in module._HOMES.items():
        there = importlib.import_module(f"{package}.{home}")
        for name in names.split():
            assert getattr(module, name) is getattr(there, name)
            assert name in getattr(there, "__all__", [name]), f"{there.__name__}.__all__ leaves out {name}"
    assert set(module.__all__) <= set(dir(module))


def test_the_first_help_names_every_function() -> None:
    functions = {name for name in nettools.__all__ if inspect.isfunction(getattr(nettools, name))}
    assert functions <= set(re.findall(r"\w+", str(nettools.__doc__)))


def test_completion_offers_no_machinery() -> None:
    offered = {name for name in dir(nettools) if name.isidentifier() and not name.startswith("__")}
    submodules = {path.stem for path in Path(nettools.__file__).parent.iterdir()}
    assert offered - submodules <= set(nettools.__all__)
    assert not [name for name in offered if name.startswith("_")]


@pytest.mark.parametrize("package", LAZY)
def test_an_unknown_name_is_an_attribute_error_that_names_it(package: str) -> None:
    with pytest.raises(AttributeError, match=rf"module '{package}' has no attribute 'nonsense'"):
        getattr(importlib.import_module(package), "nonsense")  # noqa: B009


def test_every_public_name_is_documented() -> None:
    for name in nettools.__all__:
        assert name.startswith("__") or getattr(nettools, name).__doc__, f"{name} has no docstring"


def test_a_star_gives_the_public_names_and_no_others() -> None:
    names: dict[str, object] = {}
    exec("from nettools import *", names)
    assert set(names) - {"__builtins__"} == set(nettools.__all__)


def test_a_public_function_pickles_by_its_name() -> None:
    assert pickle.loads(pickle.dumps(nettools.fetch_page)) is nettools.fetch_page


if __name__ == "__main__":
    for each in LAZY:
        where, wanted = stub(each)
        where.write_text(wanted, "utf-8")
