"""What makes a method of a session an operation: opened, timed, translated, repeated where it may be, given its meta.

`operation` is for a method with one result, `stream` for a generator whose results come one by one. Both only frame the
method: the attempts and all that they need are `Session.perform`.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator
from typing import Any, TypeVar, cast

from nettools.session.conversation import Session

__all__ = ["operation", "stream"]

F = TypeVar("F", bound=Callable[..., Any])


def operation(stage: str) -> Callable[[F], F]:
    """Make a method an operation: opened if need be, timed as `stage`, errors translated, its result given meta."""

    def decorate(method: F) -> F:
        @functools.wraps(method)
        def wrapper(self: Session, /, *args: Any, **keywords: Any) -> Any:
            def action() -> Any:
                with self._trace.span(stage):
                    return method(self, *args, **keywords)

            return self.perform(action)

        return cast("F", wrapper)

    return decorate


_END = object()


def stream(stage: str) -> Callable[[F], F]:
    """Make a generator method of a Session an operation whose results come one by one, each with its meta.

    What has come together may be given together, as a list.

    The generator must leave the connection in step at every `yield`: whatever it has asked for it has read, or
    `in_flight` keeps account of it. The total deadline spans the whole of it. Only its first step is ever repeated,
    before anything was given to the caller.
    """

    def decorate(method: F) -> F:
        @functools.wraps(method)
        def wrapper(self: Session, /, *args: Any, **keywords: Any) -> Iterator[Any]:
            steps: Iterator[Any] = iter(())

            def first() -> Any:
                nonlocal steps
                steps = method(self, *args, **keywords)
                return following()

            def following() -> Any:
                with self._trace.span(stage):
                    return next(steps, _END)

            item = self.perform(first)
            while item is not _END:
                if isinstance(item, list):
                    item.reverse()
                    while item:
                        yield item.pop()  # not kept any longer than the caller does
                else:
                    yield item
                item = self.perform(following, continued=True)

        return cast("F", wrapper)

    return decorate
