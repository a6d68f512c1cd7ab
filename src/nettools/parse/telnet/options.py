"""What both ends of a Telnet connection do: option negotiation by the Q method (RFC 1143), which cannot loop.

Each option has two sides: what we do (the peer says DO and DONT, we WILL and WONT) and what the peer does (the other
way about). A change is answered, a confirmation is not. Beyond the RFC, so that a hostile peer gets nothing to reflect:
an option that is refused is refused once, and one that is switched on and off is followed a limited number of times.
"""

from __future__ import annotations

from collections.abc import Collection
from enum import Enum, IntEnum

__all__ = ["DO", "DONT", "IAC", "NAMES", "WILL", "WONT", "Negotiation", "Option"]

IAC, DONT, DO, WONT, WILL = 255, 254, 253, 252, 251
MOST_TURNS = 16  # how often one side of an option may change at the peer's wish


class Option(IntEnum):
    """The options that nettools can do; all others are refused."""

    BINARY = 0  # RFC 856
    ECHO = 1  # RFC 857
    SGA = 3  # RFC 858
    TTYPE = 24  # RFC 1091
    NAWS = 31  # RFC 1073
    CHARSET = 42  # RFC 2066


NAMES = {option.value: option.name for option in Option}


class State(Enum):
    """Of one side of an option; the two that wait know what was asked, and whether the opposite is wanted by now."""

    NO = "no"
    YES = "yes"
    WANT_NO = "asked to stop"
    WANT_YES = "asked to begin"


class Side:
    """One side of all options: `accept` are those that may be switched on at the peer's wish."""

    def __init__(self, accept: Collection[int], agree: int, refuse: int) -> None:
        self.accept = frozenset(accept)
        self._agree, self._refuse = agree, refuse  # DO and DONT, or WILL and WONT
        self._states: dict[int, State] = {}
        self._opposite: set[int] = set()  # options whose opposite was asked for while an answer is awaited
        self._refused: set[int] = set()
        self._turns: dict[int, int] = {}

    def is_on(self, option: int) -> bool:
        """Whether both ends have agreed."""
        return self._states.get(option) is State.YES

    @property
    def on(self) -> frozenset[int]:
        """All that is on."""
        return frozenset(option for option, state in self._states.items() if state is State.YES)

    def _say(self, verb: int, option: int) -> bytes:
        return bytes((IAC, verb, option))

    def offered(self, option: int) -> bytes:
        """The peer said WILL (or DO): the answer, b"" where it was one itself (RFC 1143 7)."""
        state = self._states.get(option, State.NO)
        if state is State.YES:
            return b""
        if state is State.NO:
            if option not in self.accept or self._turned_too_often(option):
                return self._decline(option)
            self._states[option] = State.YES
            return self._say(self._agree, option)
        if state is State.WANT_NO:  # an error of the peer's: it answered DONT by WILL
            turned = option in self._opposite
            self._opposite.discard(option)
            self._states[option] = State.YES if turned else State.NO
            return b""
        if option in self._opposite:
            self._opposite.discard(option)
            self._states[option] = State.WANT_NO
            return self._say(self._refuse, option)
        self._states[option] = State.YES
        return b""

    def withdrawn(self, option: int) -> bytes:
        """The peer said WONT (or DONT): the answer."""
        state = self._states.get(option, State.NO)
        if state is State.NO:
            return b""
        if state is State.YES:
            self._states[option] = State.NO
            return self._say(self._refuse, option)
        turned = option in self._opposite
        self._opposite.discard(option)
        if state is State.WANT_NO and turned:
            self._states[option] = State.WANT_YES
            return self._say(self._agree, option)
        self._states[option] = State.NO
        return b""

    def ask(self, option: int, on: bool) -> bytes:
        """We want it on or off: what to send, b"" where it is so, or is asked for, already."""
        state = self._states.get(option, State.NO)
        if state is (State.YES if on else State.NO):
            return b""
        if state is (State.NO if on else State.YES):
            self._states[option] = State.WANT_YES if on else State.WANT_NO
            return self._say(self._agree if on else self._refuse, option)
        if (state is State.WANT_YES) is on:
            self._opposite.discard(option)
        else:
            self._opposite.add(option)
        return b""

    def _decline(self, option: int) -> bytes:
        if option in self._refused:
            return b""
        self._refused.add(option)
        return self._say(self._refuse, option)

    def _turned_too_often(self, option: int) -> bool:
        self._turns[option] = self._turns.get(option, 0) + 1
        return self._turns[option] > MOST_TURNS


class Negotiation:
    """Both sides: `local` is what we do, `remote` what the peer does."""

    def __init__(self, local: Collection[int] = (), remote: Collection[int] = ()) -> None:
        self.local = Side(local, WILL, WONT)
        self.remote = Side(remote, DO, DONT)

    def receive(self, verb: int, option: int) -> bytes:
        """The answer to one of the peer's four verbs."""
        if verb == WILL:
            return self.remote.offered(option)
        if verb == WONT:
            return self.remote.withdrawn(option)
        return self.local.offered(option) if verb == DO else self.local.withdrawn(option)
