"""Makes the golden transcripts anew.

    python tests/golden/record.py [NAME...]                             against the fakes: all of theirs, or those named
    python tests/golden/record.py NAME --url imap://localhost:4001 --cacert ca.pem         against a server that runs

Look at what changed before it is committed: it is what the client now says differently.
"""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

from scenarios import MESSAGE, SCENARIOS, TRANSCRIPTS, Scenario

from nettools.cli.main import main
from nettools.testing import World, make_server


def record(name: str, scenario: Scenario, url: str, cacert: str | Path | None) -> None:
    """Run the command, and keep what it traced."""
    code = main(scenario.words(url, cacert, TRANSCRIPTS / f"{name}.jsonl"))
    if code != scenario.code:
        raise SystemExit(f"{name}: exit code {code}, not {scenario.code}")
    print(f"recorded {name}", file=sys.stderr)


def record_fake(name: str, scenario: Scenario) -> None:
    """The same against a fake, over a World with one message."""
    world = World()
    world.inbox("alice").append(MESSAGE.read_bytes())
    world.groups["local.test"].add(MESSAGE.read_bytes().replace(b"<golden@", b"<older@"))
    os.environ["GOLDEN_SECRET"] = world.users["alice"]
    with make_server(scenario.protocol, world, tls=scenario.tls != "off") as server:
        url = server.tls_url if scenario.tls == "implicit" else server.url
        record(name, scenario, str(url).replace("127.0.0.1", "localhost"), server.ca)


def cli() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*")
    parser.add_argument("--url")
    parser.add_argument("--cacert")
    given = parser.parse_args()
    if given.url is not None:
        (name,) = given.names
        record(name, SCENARIOS[name], given.url, given.cacert)
        return
    for name in given.names or SCENARIOS:
        if SCENARIOS[name].server == "fake":
            record_fake(name, SCENARIOS[name])


if __name__ == "__main__":
    cli()
