"""What the tests of the wire share: a dialer, and servers that misbehave in one line."""

from __future__ import annotations

import contextlib
from collections.abc import Awaitable, Callable, Iterator
from typing import Any

import pytest

from nettools.policies import TLS
from nettools.testing.server import Connection, Server
from nettools.wire.context import context_for
from nettools.wire.deadline import Deadline
from nettools.wire.dial import Dialer
from nettools.wire.trace import Trace

Talk = Callable[[Connection], Awaitable[None]]


class Scripted(Server):
    """A server that does what one coroutine says."""

    protocol = "tcp"
    talk: Talk

    async def session(self, conn: Connection) -> None:
        await self.talk(conn)


@pytest.fixture
def serve() -> Iterator[Callable[..., Scripted]]:
    with contextlib.ExitStack() as stack:

        def start(talk: Talk, **options: Any) -> Scripted:
            server = Scripted(**options)
            server.talk = talk
            return stack.enter_context(server)

        yield start


def make_dialer(
    *, total: float | None = None, connect: float = 5.0, idle: float | None = 5.0, tls: TLS | None = None, **more: Any
) -> Dialer:
    deadline = Deadline(total)
    trace = Trace(deadline, more.pop("on_event", None))
    return Dialer(deadline=deadline, trace=trace, make_context=lambda: context_for(tls or TLS()), idle=idle, **more)


@pytest.fixture
def dialer() -> Callable[..., Dialer]:
    return make_dialer
