"""SASL in a protocol of lines: a command, the mechanism, and base64; `*` cancels (RFC 4954, RFC 5034, RFC 4643).

A protocol says how its command is called, how long a line may be, and what its replies mean.
"""

from __future__ import annotations

import base64
from typing import ClassVar

from nettools.sasl import Step

__all__ = ["LineChannel"]


class LineChannel:
    """A `Channel` over `step`, which sends a line and tells what the reply to it means."""

    COMMAND: ClassVar[str] = "AUTH"
    LONGEST: ClassVar[int]  # octets of a command line; a longer initial response waits to be asked for
    EMPTY: ClassVar[str] = ""  # an answer without octets

    initial_response = True

    def step(self, line: str) -> Step:
        raise NotImplementedError  # every protocol has its own

    def start(self, mechanism: str, initial: bytes | None) -> Step:
        command = f"{self.COMMAND} {mechanism}"
        if initial is None:
            return self.step(command)
        line = f"{command} {base64.b64encode(initial).decode('ascii') or '='}"
        if len(line) <= self.LONGEST:
            return self.step(line)
        step = self.step(command)
        return self.respond(initial) if step.kind == "challenge" else step

    def respond(self, data: bytes) -> Step:
        return self.step(base64.b64encode(data).decode("ascii") or self.EMPTY)

    def cancel(self) -> Step:
        return self.step("*")
