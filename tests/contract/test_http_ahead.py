"""Small files that are fetched one after another: their requests travel together, until the first disorder."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import nettools
from nettools.protocols.http import connection

COUNT = 40


@pytest.fixture
def site(net_servers: Callable[..., Any]) -> Any:
    server = net_servers("http")
    for number in range(COUNT):
        server.world.files[f"many/{number}.txt"] = f"this is {number}\n".encode() * 20
    return server


def urls(site: Any) -> list[str]:
    return [f"{site.url}/many/{number}.txt" for number in range(COUNT)]


def fetched(site: Any, folder: Path) -> list[nettools.Outcome]:
    """All files by one worker, each found to be what it is."""
    outcomes = list(nettools.download_many(urls(site), folder, workers=1, overwrite=True))
    assert all(each.ok for each in outcomes), [each.error for each in outcomes if not each.ok]
    for number in range(COUNT):
        assert (folder / f"{number}.txt").read_bytes() == f"this is {number}\n".encode() * 20
    return outcomes


def test_small_files_are_asked_for_together_behind_the_first(site: Any, tmp_path: Path) -> None:
    fetched(site, tmp_path)
    assert site.log.connections == 1
    assert site.log.round_trips() <= COUNT // 2


def test_big_files_are_asked_for_one_by_one(site: Any, tmp_path: Path) -> None:
    for number in range(COUNT):
        site.world.files[f"many/{number}.txt"] = b"x" * 70_000
    assert all(each.ok for each in nettools.download_many(urls(site), tmp_path, workers=1))
    assert site.log.round_trips() == COUNT


@pytest.mark.parametrize("fault", ["drop", "reset", "hang", "truncate", "close_after"])
def test_a_disorder_ends_it_and_changes_no_outcome(
    site: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, fault: str
) -> None:
    monkeypatch.setattr(connection, "PATIENCE", 0.2)
    rule = site.on("GET", "/many/3.txt")
    rule.truncate(150, times=1) if fault == "truncate" else getattr(rule, fault)(times=1)
    warnings = {warning for each in fetched(site, tmp_path) for warning in each.meta.warnings}
    assert len(warnings) <= 1
    assert site.log.round_trips() > COUNT // 2


def test_a_server_that_keeps_no_connection_is_asked_one_by_one(site: Any, tmp_path: Path) -> None:
    site.on("GET").close_after()
    fetched(site, tmp_path)
    requests = [line for line in site.log.commands() if line.startswith("GET ")]
    assert len(requests) <= COUNT + 16


def test_what_was_not_expected_is_fetched_by_another_connection(site: Any, tmp_path: Path) -> None:
    paths = [f"/many/{number}.txt" for number in range(4)]
    with nettools.connect(site.url) as session:
        session.expect(paths)
        for path in (*paths[:2], "/pub/hello.txt", *paths[2:]):
            session.download(path, tmp_path / Path(path).name)
    assert (tmp_path / "hello.txt").read_bytes() == b"Hello, world.\n"
    assert [(tmp_path / f"{number}.txt").read_bytes()[:9] for number in range(4)] == [
        b"this is %d" % number + b"\n"[:0] for number in range(4)
    ]
    assert site.log.connections == 2


def test_one_that_is_not_there_leaves_the_rest_in_order(site: Any, tmp_path: Path) -> None:
    wanted = urls(site)
    wanted[6] = f"{site.url}/many/none.txt"
    outcomes = {each.url: each for each in nettools.download_many(wanted, tmp_path, workers=1)}
    assert [each.ok for each in outcomes.values()].count(False) == 1
    assert isinstance(outcomes[wanted[6]].error, nettools.NotFoundError)
    assert (tmp_path / "7.txt").read_bytes().startswith(b"this is 7\n")
    assert site.log.connections == 1
