"""Rules: what a fake does instead of what it should, said in one language for all protocols.

    smtp.on("RCPT", arg=r"bob@").reply("452 4.2.2 mailbox full", times=2)
    imap.on("FETCH").delay(0.2)        pop3.on("RETR").drop()        any_.on_connect().hang()

The last rule added is asked first. Each counts its `hits`. A reply of IMAP's gets the command's tag in front.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

__all__ = ["Rule", "Rules"]

Action = Literal["none", "reply", "drop", "hang", "delay", "raw"]


@dataclass(slots=True)
class Rule:
    """When a command (or a connection) fits, do this; made by `on` and `on_connect`."""

    verb: str
    arg: re.Pattern[str] | None = None
    action: Action = "none"
    data: bytes = b""
    seconds: float = 0.0
    close: bool = False
    times: int | None = None
    after: int = 0
    seen: int = 0
    hits: int = 0

    def _do(self, action: Action, *, times: int | None, after: int) -> Rule:
        self.action, self.times, self.after = action, times, after
        return self

    def reply(self, text: str, *, times: int | None = None, after: int = 0, close: bool = False) -> Rule:
        """Answer this (CR LF is added; IMAP's tag goes in front); `close` the connection afterwards."""
        self.data, self.close = text.encode(), close
        return self._do("reply", times=times, after=after)

    def garbage(self, data: bytes, *, times: int | None = None, after: int = 0, close: bool = False) -> Rule:
        """Send these octets, as they are."""
        self.data, self.close = data, close
        return self._do("raw", times=times, after=after)

    def drop(self, *, times: int | None = None, after: int = 0) -> Rule:
        """Cut the connection."""
        return self._do("drop", times=times, after=after)

    refuse = drop

    def hang(self, *, times: int | None = None, after: int = 0) -> Rule:
        """Say nothing any more."""
        return self._do("hang", times=times, after=after)

    def delay(self, seconds: float, *, times: int | None = None, after: int = 0) -> Rule:
        """Answer as usual, so many seconds later."""
        self.seconds = seconds
        return self._do("delay", times=times, after=after)

    def matches(self, verb: str, arg: str) -> bool:
        """Whether this command is meant; counts it if it is."""
        if self.action == "none" or self.verb not in (verb, "*"):
            return False
        if self.arg is not None and not self.arg.search(arg):
            return False
        self.seen += 1
        if self.seen <= self.after or (self.times is not None and self.hits >= self.times):
            return False
        self.hits += 1
        return True


class Rules:
    """The rules of one server."""

    CONNECT = "(connect)"

    def __init__(self) -> None:
        self._rules: list[Rule] = []

    def add(self, verb: str, arg: str | None = None) -> Rule:
        """A rule for a verb (`*` is any), and arguments in which the regular expression is found."""
        rule = Rule(
            verb.upper() if verb != self.CONNECT else verb, None if arg is None else re.compile(arg, re.IGNORECASE)
        )
        self._rules.append(rule)
        return rule

    def find(self, verb: str, arg: str) -> Rule | None:
        """The rule for this command, the last one added first."""
        return next((rule for rule in reversed(self._rules) if rule.matches(verb.upper(), arg)), None)

    def connecting(self) -> Rule | None:
        """The rule for a new connection."""
        return next((r for r in reversed(self._rules) if r.verb == self.CONNECT and r.matches(self.CONNECT, "")), None)
