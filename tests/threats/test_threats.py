"""Every hostile case that can be played, against nettools: passed is when nothing that must not be was seen."""

from __future__ import annotations

import json
import shutil
import types
from collections.abc import Iterator

import pytest

from threats import catalogue
from threats.certificates import make_certs
from threats.engine import CASES
from threats.exam import run_case
from threats.nursery import Nursery

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


def test_the_catalogue_has_every_case_with_its_class_and_what_is_required() -> None:
    told = [json.loads(line) for line in catalogue.FIXTURE.read_text("utf-8").splitlines()]
    assert told == list(catalogue.rows()), "python -m threats.catalogue write"
    assert [row["id"] for row in told if row["class"] not in catalogue.CLASSES] == []
    assert [row["id"] for row in told if row["runnable"]] == list(CASES)


def test_no_two_cases_of_an_operation_are_the_same() -> None:
    """Two with the same server, the same arguments and the same demands are one."""
    seen: dict[str, str] = {}
    for name, case in CASES.items():
        played = [case.fn, *case.listen.values()]
        shape = repr((case.op, case.expect, case.kw, [_shape(each) for each in played]))
        assert shape not in seen, f"{name} is {seen[shape]}"
        seen[shape] = name


def _shape(value: object) -> object:
    """What a handler does: its code, and what it has closed over."""
    if isinstance(value, types.FunctionType):
        closed = [cell.cell_contents for cell in value.__closure__ or ()]
        return (
            value.__code__.co_code,
            value.__code__.co_names,
            value.__code__.co_consts,
            [_shape(each) for each in [*closed, *(value.__defaults__ or ())]],
        )
    if isinstance(value, (list, tuple)):
        return [_shape(each) for each in value]
    return {key: _shape(each) for key, each in value.items()} if isinstance(value, dict) else value
