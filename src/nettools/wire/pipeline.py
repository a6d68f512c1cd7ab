"""Pipelining: several commands in flight, replies in order, never more than a window of them.

One small object for every protocol whose RFC lets a client write ahead (RFC 2920, 2449 6.6, 3977 3.5, 3501 5.5). It
knows neither commands nor replies: `send` writes a batch with one system call, `receive` reads one reply. The window
is bounded by octets as well as by number, because when both directions are full nobody reads any more.

Replies are read when they are asked for, so that one at a time is in memory. Whoever wants to say something else before
the last of them was taken calls `catch_up` first, which reads those that are under way and keeps them.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable
from typing import Generic, TypeVar

__all__ = ["OCTETS", "WINDOW", "Pipeline"]

T = TypeVar("T")

WINDOW = 128  # commands in flight
OCTETS = 8 * 1024  # octets of commands in flight: less than any socket buffer


class Pipeline(Generic[T]):
    """The replies to many commands, in order, as an iterator.

    When half of the window is answered it is filled again, so that most commands share a system call and a round trip;
    without `ahead` it is one command at a time. An error out of `receive` ends the conversation: the replies still
    under way are nobody's. `before_sending` is called before every batch.
    """

    def __init__(
        self,
        commands: Iterable[bytes],
        send: Callable[[bytes], object],
        receive: Callable[[], T],
        *,
        ahead: bool = True,
        before_sending: Callable[[], object] = lambda: None,
    ) -> None:
        self._source = iter(commands)
        self._send, self._receive, self._before_sending = send, receive, before_sending
        self._window = WINDOW if ahead else 1
        self._flying: deque[int] = deque()  # the length of each command in flight
        self._octets = 0
        self._kept: deque[T] = deque()  # replies read before they were asked for
        self._exhausted = False
        self._abandoned = False

    def __iter__(self) -> Pipeline[T]:
        return self

    def __next__(self) -> T:
        if self._kept:
            return self._kept.popleft()
        if not self._exhausted and len(self._flying) <= self._window // 2:
            self._fill()
        if not self._flying:
            raise StopIteration
        return self._next_reply()

    def _next_reply(self) -> T:
        self._octets -= self._flying.popleft()
        return self._receive()

    def _fill(self) -> None:
        batch = bytearray()
        count, octets = len(self._flying), self._octets
        lengths: list[int] = []
        while count < self._window and (not count or octets < OCTETS):
            command = next(self._source, None)
            if command is None:
                self._exhausted = True
                break
            batch += command
            count, octets = count + 1, octets + len(command)
            lengths.append(len(command))
        if batch:
            self._before_sending()
            self._flying.extend(lengths)
            self._octets = octets
            self._send(bytes(batch))

    def catch_up(self) -> None:
        """Read the replies under way, and keep them for those who ask; afterwards another command may be sent."""
        while self._flying:
            reply = self._next_reply()
            if not self._abandoned:
                self._kept.append(reply)

    def abandon(self) -> None:
        """Nobody asks any more: send nothing else, and keep nothing of what is still under way."""
        self._exhausted = self._abandoned = True
        self._kept.clear()
