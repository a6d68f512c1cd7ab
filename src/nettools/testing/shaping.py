"""What a rule does to octets on their way out: a chain of steps between a fake and its socket.

A step is given octets and a function that sends, and calls it as often, as late and with whatever it likes. Steps that
end a connection raise `Cut`, which says how; the connection carries it out. Nothing here knows sockets or protocols.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable, Callable, Iterable
from typing import Literal, Unpack

from nettools.testing.rules import Chance, Rule, Rules

__all__ = ["SHAPES", "Budget", "Cut", "Send", "Step", "StreamRules", "budget", "corrupted", "passing", "step"]

Send = Callable[[bytes], Awaitable[None]]
Step = Callable[[bytes, Send], Awaitable[None]]
How = Literal["drop", "reset", "hang"]

SHAPES = frozenset({"truncate", "dribble", "bandwidth", "corrupt", "close"})
SLICES = 20  # a second's worth of a bandwidth goes out in so many pieces


class Cut(Exception):  # noqa: N818  # not an error: what a rule asked for
    """The connection ends here."""

    def __init__(self, how: How) -> None:
        super().__init__(how)
        self.how: How = how


class Budget:
    """So many octets, then the end; whichever way they go."""

    def __init__(self, octets: int, how: How) -> None:
        self.left = octets
        self.how: How = how

    def take(self, data: bytes) -> tuple[bytes, bool]:
        """What may pass, and whether that was all."""
        passed = data[: self.left]
        self.left -= len(passed)
        return passed, len(passed) < len(data) or self.left == 0

    async def __call__(self, data: bytes, send: Send) -> None:
        passed, over = self.take(data)
        if passed:
            await send(passed)
        if over:
            raise Cut(self.how)


def passing(steps: Iterable[Step | None], send: Send) -> Send:
    """A function that sends through all of these, the first of them first."""
    for each in reversed([step for step in steps if step is not None]):
        send = _through(each, send)
    return send


def _through(each: Step, send: Send) -> Send:
    async def sent(data: bytes) -> None:
        await each(data, send)

    return sent


def corrupted(data: bytes, octets: int, source: random.Random) -> bytes:
    """The octets with so many of them changed, each by at least a bit."""
    changed = bytearray(data)
    for place in source.sample(range(len(data)), min(octets, len(data))):
        changed[place] ^= source.randrange(1, 256)
    return bytes(changed)


def step(rule: Rule) -> Step:
    """The step for a rule of one of `SHAPES`, new for each answer or stream that it shapes."""
    octets, seconds, source = rule.octets or 1, rule.seconds, rule.random

    async def dribble(data: bytes, send: Send) -> None:
        for place in range(0, len(data), octets):
            if place:
                await asyncio.sleep(seconds)
            await send(data[place : place + octets])

    due = 0.0

    async def bandwidth(data: bytes, send: Send) -> None:
        nonlocal due
        size, clock = max(1, octets // SLICES), asyncio.get_running_loop().time
        for place in range(0, len(data), size):
            piece = data[place : place + size]
            await asyncio.sleep(max(0.0, due - clock()))  # before, not behind: an upgrade may follow the last piece
            await send(piece)
            due = clock() + len(piece) / octets

    async def corrupt(data: bytes, send: Send) -> None:
        await send(corrupted(data, octets, source))

    async def close(data: bytes, send: Send) -> None:
        await send(data)
        raise Cut("drop")

    match rule.action:
        case "truncate":
            return Budget(rule.octets or 0, "drop")
        case "dribble":
            return dribble
        case "bandwidth":
            return bandwidth
        case "corrupt":
            return corrupt
        case "close":
            return close
    raise ValueError(f"{rule.action} does not shape octets")


def budget(rule: Rule) -> Budget:
    """The budget of a rule that ends a stream after so many octets."""
    return Budget(rule.octets or 0, rule.action)  # type: ignore[arg-type]


class StreamRules:
    """Rules for a stream that is no conversation: FTP's data, a direction of a proxy. `after` counts octets."""

    def __init__(self, rules: Rules, point: str) -> None:
        self._rules = rules
        self._point = point

    def _add(self, action: str, arg: str | None, counting: Chance, **values: float | None) -> Rule:
        return self._rules.add(self._point, arg).do(action, counting, **values)

    def reset(self, after: int = 0, *, arg: str | None = None, **counting: Unpack[Chance]) -> Rule:
        """Cut it when so many octets have passed."""
        return self._add("reset", arg, counting, octets=after)

    def drop(self, after: int = 0, *, arg: str | None = None, **counting: Unpack[Chance]) -> Rule:
        """Close it in order when so many octets have passed."""
        return self._add("drop", arg, counting, octets=after)

    truncate = drop

    def hang(self, after: int = 0, *, arg: str | None = None, **counting: Unpack[Chance]) -> Rule:
        """Stay silent when so many octets have passed."""
        return self._add("hang", arg, counting, octets=after)

    def delay(self, seconds: float, *, arg: str | None = None, **counting: Unpack[Chance]) -> Rule:
        """Wait so long before the first octet."""
        return self._add("delay", arg, counting, seconds=seconds)

    def dribble(
        self, chunk: int = 1, every: float = 0.01, *, arg: str | None = None, **counting: Unpack[Chance]
    ) -> Rule:
        """Send in pieces of so many octets, so many seconds apart."""
        return self._add("dribble", arg, counting, octets=chunk, seconds=every)

    def bandwidth(self, octets: int, *, arg: str | None = None, **counting: Unpack[Chance]) -> Rule:
        """Send at most so many octets a second."""
        return self._add("bandwidth", arg, counting, octets=octets)

    def corrupt(self, octets: int = 1, *, arg: str | None = None, **counting: Unpack[Chance]) -> Rule:
        """Change so many octets of each block that is sent."""
        return self._add("corrupt", arg, counting, octets=octets)
