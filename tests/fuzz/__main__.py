"""`python -m fuzz SECONDS [TARGET...]`: each target, or those named, for so long; findings go to fixtures/fuzz.

Without arguments it names the targets, a line each.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

from pytest_socket import socket_allow_hosts

from fuzz.fakes import FAKES
from fuzz.listeners import LISTENERS
from fuzz.parsers import PARSERS, seeds
from fuzz.player import Player
from fuzz.sessions import SESSIONS, recorded, session_target
from fuzz.strategies import Chance, spoil, spoil_transcript
from fuzz.watch import Finding, examine, keep

SERVERS = LISTENERS | FAKES
TARGETS = (*PARSERS, *SERVERS, *SESSIONS)
MOST_FINDINGS = 3  # of one target: more are seldom others


def fuzz(name: str, target: Callable[[Any], Any], make: Callable[[Chance], Any], seconds: float) -> int:
    """Run one target; how many findings there were."""
    seed = time.time_ns()
    chance = Chance(seed)
    end = time.monotonic() + seconds
    examples = findings = 0
    while time.monotonic() < end and findings < MOST_FINDINGS:
        examples += 1
        value = make(chance)
        try:
            examine(target, value)
        except Finding as finding:
            findings += 1
            print(f"{name}: {str(finding)[:2000]}\n  kept as {keep(name, target, value).name}", flush=True)
    print(f"{name}: {examples} examples, {findings} findings (seed {seed})", flush=True)
    return findings


def main(seconds: float, names: Sequence[str]) -> int:
    if unknown := sorted(set(names) - set(TARGETS)):
        sys.exit(f"no such target: {', '.join(unknown)}; there are {', '.join(TARGETS)}")
    socket_allow_hosts(["127.0.0.1", "::1"], allow_unix_socket=True)
    found = 0
    with Player() as player:
        for name in names or TARGETS:
            if name in PARSERS:
                target, corpus = PARSERS[name]
                found += fuzz(name, target, partial(spoil, seeds=seeds(corpus)), seconds)
            elif name in SERVERS:
                target, said = SERVERS[name]
                found += fuzz(name, target, partial(spoil, seeds=said()), seconds)
            else:
                make = partial(spoil_transcript, seeds=recorded(name))
                found += fuzz(name, session_target(name, player), make, seconds)
    return min(found, 1)


if __name__ == "__main__":
    if len(sys.argv) == 1:
        sys.exit(print(*TARGETS, sep="\n"))
    sys.exit(main(float(sys.argv[1]), sys.argv[2:]))
