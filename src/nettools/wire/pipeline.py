"""Pipelining: several commands in flight, replies in order, never more than a window of them.

One tiny object for every protocol whose RFC lets a client write ahead (RFC 2920, 2449 6.6, 3977 3.5, 3501 5.5). It
knows neither commands nor replies: `send` writes a batch with one system call, `receive` reads one reply. The window
is bounded by octets as well as by number, because when both directions are full nobody reads any more.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import TypeVar

__all__ = ["OCTETS", "WINDOW", "pipelined"]

T = TypeVar("T")

WINDOW = 100  # commands in flight
OCTETS = 8 * 1024  # octets of commands in flight: less than any socket buffer


def pipelined(
    commands: Iterable[bytes],
    send: Callable[[bytes], object],
    receive: Callable[[], T],
    *,
    window: int = WINDOW,
) -> Iterator[T]:
    """The reply to each command, in order; `window=1` is one at a time.

    When half of the window is answered it is filled again, so that most commands share a system call and a round trip.
    An error out of `receive` ends the conversation: the replies still under way are nobody's.
    """
    source = iter(commands)
    flying: list[int] = []  # the length of each command in flight
    exhausted = False
    while True:
        if not exhausted and len(flying) <= window // 2:
            batch = bytearray()
            octets = sum(flying)
            while len(flying) < window and (not flying or octets < OCTETS):
                command = next(source, None)
                if command is None:
                    exhausted = True
                    break
                batch += command
                octets += len(command)
                flying.append(len(command))
            if batch:
                send(bytes(batch))
        if not flying:
            return
        flying.pop(0)
        yield receive()
