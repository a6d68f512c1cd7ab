"""Rules: what a fake does instead of what it should, said in one language for all protocols.

    smtp.on("RCPT", arg=r"bob@").reply("452 4.2.2 mailbox full", times=2)      imap.on("FETCH").delay(0.2)
    pop3.on("RETR").truncate(30)      any_.on_connect().hang()                  ftp.data.reset(after=100_000)

A rule belongs to a point - a verb, `*` for any, or one of CONNECT, DATA, TLS - and may be narrowed to an argument, a
user, a connection. The last rule added is asked first; the first that fits is taken. `times`, `after`, `nth` count
occurrences, `probability` draws them by a seeded generator. Each rule counts its `hits`, and one that was never hit is
an error (`Rules.unused`) unless it is `optional`. What the actions do to octets is in `shaping`. Knows no protocol.
"""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any, TypedDict, Unpack

__all__ = ["CONNECT", "DATA", "DOWN", "TLS", "UP", "Chance", "Counting", "Rule", "Rules", "UnusedRuleError"]

CONNECT = "(connect)"  # a new connection
DATA = "(data)"  # a data connection of FTP's
TLS = "(tls)"  # a handshake
UP, DOWN = "(up)", "(down)"  # the two ways through a proxy
POINTS = (CONNECT, DATA, TLS, UP, DOWN)
COUNTING = ("times", "after", "nth", "probability", "seed", "optional")
SETTINGS = frozenset({*COUNTING, "data", "seconds", "octets", "close"})


class UnusedRuleError(AssertionError):
    """A rule that no command, connection or handshake ever met: the test did not test what it says."""


class Chance(TypedDict, total=False):
    """When a rule acts: at most `times`, only the `nth`, or with a `probability` by `seed`; `optional`: or never."""

    times: int | None
    nth: int | None
    probability: float
    seed: int
    optional: bool


class Counting(Chance, total=False):
    """The same, and not on the first `after` occurrences."""

    after: int


@dataclass(slots=True, eq=False)
class Rule:
    """When something fits, do this; made by `on`, `on_connect`, `data` and `tls` of a server."""

    verb: str
    arg: re.Pattern[str] | None = None
    user: str | None = None
    connection: int | None = None
    action: str = "none"
    data: bytes = b""
    seconds: float = 0.0
    octets: int | None = None
    close: bool = False
    times: int | None = None
    after: int = 0
    nth: int | None = None
    probability: float = 1.0
    seed: int = 0
    optional: bool = False
    seen: int = 0
    hits: int = 0
    random: random.Random = field(default_factory=lambda: random.Random(0))  # noqa: S311  # it has to repeat
    settled: Callable[[], None] | None = None  # told when the action is known

    def do(self, action: str, counting: Chance, **values: Any) -> Rule:
        """Settle what is done, and when; what the public actions share."""
        self.action = action
        for name, value in (*values.items(), *counting.items()):
            if name not in SETTINGS:
                raise TypeError(f"a rule has no {name}=")
            setattr(self, name, value)
        if not 0 <= self.probability <= 1:
            raise ValueError("probability= is between 0 and 1")
        if min(self.seconds, self.octets or 0, self.times or 0, self.after) < 0:
            raise ValueError("seconds, octets and counts are not negative")
        self.random = random.Random(self.seed)  # noqa: S311
        if self.settled is not None:
            self.settled()
        return self

    # -- instead of the answer

    def reply(self, text: str, *, close: bool = False, **counting: Unpack[Counting]) -> Rule:
        """Answer this instead, in the protocol's own form (line end, IMAP's tag, HTTP's head are added)."""
        if not isinstance(text, str):
            raise TypeError(f"a reply is text; garbage(...) sends {type(text).__name__} as they are")
        return self.do("reply", counting, data=text.encode(), close=close)

    def garbage(self, data: bytes, *, close: bool = False, **counting: Unpack[Counting]) -> Rule:
        """Send these octets instead, as they are."""
        if isinstance(data, str):
            raise TypeError("garbage is bytes; reply(...) says a text")
        return self.do("garbage", counting, data=data, close=close)

    def drop(self, **counting: Unpack[Counting]) -> Rule:
        """Close the connection without an answer: the client sees its end."""
        return self.do("drop", counting)

    def reset(self, **counting: Unpack[Counting]) -> Rule:
        """Cut the connection: the client sees a reset."""
        return self.do("reset", counting)

    def hang(self, **counting: Unpack[Counting]) -> Rule:
        """Say nothing any more, and stay."""
        return self.do("hang", counting)

    def refuse(self, **counting: Unpack[Counting]) -> Rule:
        """Refuse a command in the protocol's words; refuse to connect by a port at which nothing listens.

        A port closed by a rule without counts cannot tell who knocked: that rule is not expected to be hit. With
        `times` and its like the port stays open, and each connection is reset before anything is said.
        """
        return self.do("refuse", counting)

    # -- to the answer

    def delay(self, seconds: float, **counting: Unpack[Counting]) -> Rule:
        """Answer as usual, so many seconds later."""
        return self.do("delay", counting, seconds=seconds)

    def close_after(self, **counting: Unpack[Counting]) -> Rule:
        """Answer as usual, then close the connection."""
        return self.do("close", counting)

    def truncate(self, octets: int, **counting: Unpack[Counting]) -> Rule:
        """Send the first octets of the answer, then close the connection."""
        return self.do("truncate", counting, octets=octets)

    def dribble(self, chunk: int = 1, every: float = 0.01, **counting: Unpack[Counting]) -> Rule:
        """Send the answer in pieces of so many octets, so many seconds apart."""
        return self.do("dribble", counting, octets=chunk, seconds=every)

    def bandwidth(self, octets: int, **counting: Unpack[Counting]) -> Rule:
        """Send at most so many octets a second."""
        return self.do("bandwidth", counting, octets=octets)

    def corrupt(self, octets: int = 1, **counting: Unpack[Counting]) -> Rule:
        """Change so many octets of each piece of the answer, at places that `seed` decides."""
        return self.do("corrupt", counting, octets=octets)

    # -- whether it acts

    def fits(self, verb: str, arg: str = "", user: str | None = None, connection: int | None = None) -> bool:
        """Whether this is what the rule is about."""
        if self.action == "none" or (self.verb != verb and (self.verb != "*" or verb in POINTS)):
            return False
        if self.arg is not None and not self.arg.search(arg):
            return False
        if self.user is not None and self.user != user:
            return False
        return self.connection is None or self.connection == connection

    def strikes(self) -> bool:
        """Count one more occurrence; whether the rule acts on it."""
        self.seen += 1
        if self.seen <= self.after or (self.nth is not None and self.seen != self.nth):
            return False
        if self.times is not None and self.hits >= self.times:
            return False
        if self.probability < 1 and self.random.random() >= self.probability:
            return False
        self.hits += 1
        return True

    @property
    def always(self) -> bool:
        """Whether it acts on every occurrence."""
        return (self.connection, self.times, self.after, self.nth, self.probability) == (None, None, 0, None, 1.0)

    def __str__(self) -> str:
        about = [self.verb, *([f"arg={self.arg.pattern!r}"] if self.arg else [])]
        about += [f"{name}={value}" for name in ("user", "connection") if (value := getattr(self, name)) is not None]
        action = "without an action: .reply(...), .drop() and the like" if self.action == "none" else self.action
        return f"{' '.join(about)} {action}"


class Rules:
    """The rules of one server."""

    def __init__(self, changed: Callable[[], None] | None = None) -> None:
        self._rules: list[Rule] = []
        self._changed = changed

    def __iter__(self) -> Iterator[Rule]:
        return iter(tuple(self._rules))

    def __len__(self) -> int:
        return len(self._rules)

    def add(self, verb: str, arg: str | None = None, *, user: str | None = None, connection: int | None = None) -> Rule:
        """A rule for a verb (`*` is any) or a point, and arguments in which the regular expression is found."""
        pattern = None if arg is None else re.compile(arg, re.IGNORECASE)
        rule = Rule(verb if verb in POINTS else verb.upper(), pattern, user, connection, settled=self._changed)
        self._rules.append(rule)
        return rule

    def remove(self, rule: Rule) -> None:
        """Take a rule back."""
        self._rules.remove(rule)
        if self._changed is not None:
            self._changed()

    def clear(self) -> None:
        """Take all rules back, as between the tests that share a server."""
        self._rules.clear()
        if self._changed is not None:
            self._changed()

    def find(
        self,
        verb: str,
        arg: str = "",
        *,
        user: str | None = None,
        connection: int | None = None,
        actions: frozenset[str] | None = None,
    ) -> Rule | None:
        """The rule for this occurrence, the last one added first; of these `actions`, if they are given."""
        verb = verb if verb in POINTS else verb.upper()
        for rule in reversed(tuple(self._rules)):
            if (
                (actions is None or rule.action in actions)
                and rule.fits(verb, arg, user, connection)
                and rule.strikes()
            ):
                return rule
        return None

    def unused(self) -> list[Rule]:
        """The rules that should have been hit and were not."""
        return [rule for rule in self if not rule.hits and not rule.optional]

    def check(self, name: str) -> None:
        """Raise UnusedRuleError when there are such."""
        if unused := self.unused():
            listed = "; ".join(map(str, unused))
            raise UnusedRuleError(f"{name}: never hit: {listed} (optional=True allows it)")
