"""A dialogue as it is written down: what to expect, what to send (pexpect's idea, over RFC 854).

A script is a sequence of `(expect, send)` or `(expect, send, seconds)`. Here it is checked and made uniform before
anything is connected; `find` looks for the alternatives in what has come. It knows no connection.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from nettools.errors import UsageError
from nettools.frozen import Frozen
from nettools.secret import Secret
from nettools.wire.text import check

__all__ = ["WINDOW", "Expectation", "Found", "Step", "compile_script", "expectation", "line_of"]

WINDOW = 64 * 1024  # octets: as far back as the beginning of a match may lie before what has just come

Match = re.Match[Any]
Send = str | bytes | Secret | Callable[[Match | None], Any] | None


class Found(Frozen):
    """Where an expectation came true: the end of the match in octets, and the match."""

    end: int
    match: Match


class Expectation(Frozen):
    """Alternatives, the earliest of which counts; `shown` is for messages."""

    patterns: tuple[re.Pattern[Any], ...]
    shown: str

    def find(self, data: bytes, encoding: str) -> Found | None:
        """The alternative that begins first; of several at one place, the one that was named first."""
        text = None
        best: tuple[int, Found] | None = None
        for pattern in self.patterns:
            if isinstance(pattern.pattern, bytes):
                match: Match | None = pattern.search(data)
                if match is not None:
                    start, end = match.span()
            else:
                text = data.decode(encoding, "surrogateescape") if text is None else text
                match = pattern.search(text)
                if match is not None:
                    start, end = (len(text[:each].encode(encoding, "surrogateescape")) for each in match.span())
            if match is not None and (best is None or start < best[0]):
                best = start, Found(end, match)
        return None if best is None else best[1]


class Step(Frozen):
    """One turn: wait for `expect` (None: do not), at most `seconds` (None: as the timeouts say), then `send`."""

    expect: Expectation | None
    send: Send
    seconds: float | None = None


def expectation(expect: Any) -> Expectation | None:
    """An `expect` of a script: str, bytes, a compiled pattern, several of them, or None for not waiting."""
    if expect is None:
        return None
    several: Sequence[Any] = expect if isinstance(expect, (tuple, list)) else (expect,)
    patterns: list[re.Pattern[Any]] = []
    for each in several:
        if isinstance(each, (str, bytes)) and each:
            patterns.append(_literal(each))
        elif isinstance(each, re.Pattern):
            patterns.append(each)
        else:
            raise UsageError(
                f"expect is a str, bytes, a compiled pattern, a tuple of them or None, not {each!r}"
                if each not in ("", b"")
                else "an empty expect would always come true: None means not to wait"
            )
    if not patterns:
        raise UsageError("a tuple of alternatives needs at least one")
    shown = " or ".join(repr(each.pattern if isinstance(each, re.Pattern) else each) for each in several)
    return Expectation(tuple(patterns), shown)


def _literal(text: str | bytes) -> re.Pattern[Any]:
    literal: Any = text
    return re.compile(re.escape(literal))


def compile_script(script: Iterable[Any]) -> tuple[Step, ...]:
    """The steps of a script; those that are compiled already stay as they are.

    Raises:
        UsageError: it is none; nothing was connected.
    """
    steps = []
    if isinstance(script, (str, bytes)) or not isinstance(script, Iterable):
        raise UsageError("a script is a sequence of (expect, send) pairs")
    for item in script:
        if isinstance(item, Step):
            steps.append(item)
            continue
        if not isinstance(item, (tuple, list)) or len(item) not in (2, 3):
            raise UsageError("a step of a script is a pair (expect, send), or a triple with seconds")
        expect, send, seconds = (*item, None)[:3]
        if seconds is not None and (isinstance(seconds, bool) or not isinstance(seconds, (int, float)) or seconds <= 0):
            raise UsageError("the time of a step is a number of seconds above 0")
        if not (send is None or isinstance(send, (str, bytes, Secret)) or callable(send)):
            raise UsageError(f"send is a str, bytes, a Secret, a callable or None, not {type(send).__name__}")
        if isinstance(send, (str, Secret)):
            line_of(send)
        steps.append(Step(expectation(expect), send, seconds))
    if not steps:
        raise UsageError("a script needs at least one step")
    return tuple(steps)


def line_of(send: str | Secret) -> str:
    """A line to send, without its end; one that would be several, or none, is refused."""
    return check(send.reveal() if isinstance(send, Secret) else send, "a line to send")
