"""A short run of every target, and everything that was ever found."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any
from unittest import mock

import pytest
from hypothesis import HealthCheck, given, settings

from fuzz.fakes import FAKES
from fuzz.listeners import LISTENERS
from fuzz.parsers import PARSERS, seeds
from fuzz.player import Player
from fuzz.sessions import OPTIONS, SESSIONS, recorded, session_target
from fuzz.strategies import octets, transcripts
from fuzz.watch import FOLDER, examine, load
from nettools import NettoolsError

SHORT = settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
SHORTER = settings(SHORT, max_examples=12)
SERVERS = LISTENERS | FAKES


@pytest.fixture(scope="module")
def player() -> Iterator[Player]:
    with Player() as running:
        yield running


@pytest.mark.parametrize("name", PARSERS)
def test_a_parser_gives_a_value_or_our_error_whatever_it_is_given(name: str) -> None:
    target, corpus = PARSERS[name]

    @SHORT
    @given(octets(seeds(corpus)))
    def run(data: bytes) -> None:
        examine(target, data)

    run()


@pytest.mark.parametrize("name", SERVERS)
def test_a_server_serves_the_next_client_whatever_the_one_before_has_sent(name: str) -> None:
    target, said = SERVERS[name]

    @SHORTER
    @given(octets(said()))
    def run(data: bytes) -> None:
        examine(target, data)

    run()


@pytest.mark.parametrize("name", SESSIONS)
def test_a_session_gives_a_result_or_our_error_whatever_the_server_says(name: str, player: Player) -> None:
    target = session_target(name, player)

    @SHORTER
    @given(transcripts(recorded(name)))
    def run(transcript: Any) -> None:
        examine(target, transcript)

    run()


@pytest.mark.parametrize("name", PARSERS)
def test_something_that_a_parser_is_given_makes_sense(name: str) -> None:
    target, corpus = PARSERS[name]

    def sense(data: bytes) -> bool:
        try:
            target(data)
        except NettoolsError:
            return False
        return True

    assert any(map(sense, seeds(corpus)))


@pytest.mark.parametrize("name", SERVERS)
def test_an_ordinary_client_is_served_after_another(name: str) -> None:
    target, said = SERVERS[name]
    for data in said():
        target(data)


@pytest.mark.parametrize("name", SESSIONS)
def test_the_conversation_that_is_spoiled_goes_well(name: str) -> None:
    (transcript,) = recorded(name)
    with Player(patience=10) as player, mock.patch.dict(OPTIONS, timeout=20):
        session_target(name, player)(transcript)


@pytest.mark.parametrize("path", sorted(FOLDER.glob("*.json")), ids=lambda path: path.stem)
def test_what_was_found_once_is_not_found_again(path: Path, player: Player) -> None:
    name, value = load(path)
    known = PARSERS | SERVERS
    examine(known[name][0] if name in known else session_target(name, player), value)
