"""Golden transcripts: what the client writes is compared with the record, octet for octet; of real servers, too."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from typing import Any

import pytest

from nettools.cli.main import main
from nettools.testing import replay
from nettools.testing.log import read_records


def _scenarios() -> Any:
    spec = importlib.util.spec_from_file_location("golden_scenarios", Path(__file__).with_name("scenarios.py"))
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


golden = _scenarios()


@pytest.mark.parametrize("name", golden.SCENARIOS)
def test_the_client_writes_what_it_wrote(name: str, tls_ca: Path, capfdbinary: Any, monkeypatch: Any) -> None:
    monkeypatch.setenv("GOLDEN_SECRET", "secret")
    scenario = golden.SCENARIOS[name]
    meant = f"if it is meant to say something else now: python tests/golden/record.py {name}"
    with replay(golden.TRANSCRIPTS / f"{name}.jsonl", users={"alice": "secret"}) as server:
        url = str(server.tls_url if scenario.tls == "implicit" else server.url).replace("127.0.0.1", "localhost")
        assert main(scenario.words(url, tls_ca)) == scenario.code, f"{capfdbinary.readouterr().err.decode()}{meant}"


def test_every_transcript_has_its_scenario() -> None:
    assert {path.stem for path in golden.TRANSCRIPTS.glob("*.jsonl")} == set(golden.SCENARIOS)


@pytest.mark.parametrize("name", golden.SCENARIOS)
def test_no_transcript_holds_a_secret_or_an_address_of_this_machine(name: str) -> None:
    records = read_records(golden.TRANSCRIPTS / f"{name}.jsonl")
    said = b"".join(record.bytes for record in records if record.direction == "C")
    assert b"secret" not in said
    assert b"AGFsaWNlAHNlY3JldA" not in said
