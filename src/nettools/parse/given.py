"""What a public parser is given: octets, or text where it takes text; anything else is the caller's mistake.

One decorator, so that every parser says it in the same words and before it has begun: a parser's own TypeError would
leave open whose fault it is, and `bytes(5)` is five octets. And what is given for long work: a `check`, which is
called every now and then, and raises when there is no time left. Knows no format, and no clock.
"""

from __future__ import annotations

import functools
import itertools
from collections.abc import Callable, Iterable, Iterator
from typing import Any, TypeVar, cast

from nettools.errors import UsageError

__all__ = ["OCTETS", "OCTETS_OR_TEXT", "PIECE", "Check", "checked", "takes"]

F = TypeVar("F", bound=Callable[..., Any])
T = TypeVar("T")
Check = Callable[[], object]
PIECE = 512  # lines or entries, between two looks at the clock

OCTETS = (bytes, bytearray)
OCTETS_OR_TEXT = (*OCTETS, str)


def takes(*kinds: type) -> Callable[[F], F]:
    """Make a function, or a method, refuse a first argument that is of none of these types, by its name."""

    def decorate(function: F) -> F:
        names = function.__code__.co_varnames
        place = int(names[0] == "self")
        name = names[place]
        expected = " or ".join(kind.__name__ for kind in kinds if kind is not bytearray)

        @functools.wraps(function)
        def wrapper(*args: Any, **keywords: Any) -> Any:
            value = args[place] if len(args) > place else keywords.get(name, b"")
            if not isinstance(value, kinds):
                raise UsageError(f"{name} is {expected}, not {type(value).__name__}")
            return function(*args, **keywords)

        return cast("F", wrapper)

    return decorate


def checked(items: Iterable[T], check: Check) -> Iterator[T]:
    """The items, with a check before each piece of them."""
    source = iter(items)
    while piece := list(itertools.islice(source, PIECE)):
        check()
        yield from piece
