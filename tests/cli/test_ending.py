"""Waiting for a signal: its handler may run between any two steps of whoever waits."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable
from types import FrameType
from typing import Any

from nettools import listen
from nettools.cli.ending import Ending


def steps(action: Callable[[], object], handler: Callable[[], object] = lambda: None, at: int = 0) -> int:
    """How many steps Python takes in an action; before one of them a handler runs, as one of a signal would."""
    before, taken = sys.gettrace(), 0

    def trace(frame: FrameType, event: str, _: Any) -> Any:
        nonlocal taken
        frame.f_trace_opcodes = True
        if event == "opcode":
            taken += 1
            if taken == at:
                handler()
        return trace

    sys.settrace(trace)
    try:
        action()
    finally:
        sys.settrace(before)
    return taken


def test_it_may_be_told_at_any_step_of_the_waiting() -> None:
    ending = Ending()
    ending.tell()
    for step in range(1, steps(ending.wait) + 1):
        ending.tell()
        steps(ending.wait, ending.tell, step)


def test_a_signal_tells_it_and_does_afterwards_what_it_did_before() -> None:
    ending, before = Ending(), signal.getsignal(signal.SIGUSR1)
    with ending.at(signal.SIGUSR1):
        os.kill(os.getpid(), signal.SIGUSR1)
        ending.wait()
    assert signal.getsignal(signal.SIGUSR1) is before


def test_a_server_may_be_closed_at_any_step_of_its_serving() -> None:
    server = listen("tcp://127.0.0.1:0", lambda connection: None)

    def close() -> None:
        server._closing = False  # as if it were the first time
        server.close()

    server.close()
    for step in range(1, steps(server.serve_forever) + 1):
        steps(server.serve_forever, close, step)
