"""What a rule does to octets on their way out: a chain of steps between a fake and its socket.

A step is given octets and a function that sends, and calls it as often, as late and with whatever it likes. Steps that
end a connection raise `Cut`, which says how; the connection carries it out. Nothing here knows sockets or protocols.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable, Callable
from typing import Literal

from nettools.testing.rules import Rule

__all__ = ["SHAPES", "Budget", "Cut", "Send", "Step", "corrupted", "step"]

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

    async def bandwidth(data: bytes, send: Send) -> None:
        size = max(1, octets // SLICES)
        for place in range(0, len(data), size):
            piece = data[place : place + size]
            await send(piece)
            await asyncio.sleep(len(piece) / octets)

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
