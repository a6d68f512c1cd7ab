"""The lexer of IMAP's data: atoms, quoted strings, literals, NIL and parentheses (RFC 3501 4, RFC 3516 literal8).

One compiled expression takes a token at a time off the octets of a whole response, its literals inside; a stack makes
the nesting, so that depth costs nothing but is bounded. Strings are bytes, NIL is None, parentheses are tuples.
"""

from __future__ import annotations

import re
from typing import Any

from nettools.errors import ProtocolError

__all__ = ["MOST_LEVELS", "Scanner", "parse_tokens", "text_of"]

MOST_LEVELS = 200

_TOKEN = re.compile(
    rb"""[ \t]*(?:
      (?P<open>\()
    | (?P<close>\))
    | "(?P<quoted>(?:[^"\\\r\n]|\\.)*)"
    | ~?\{(?P<literal>\d{1,20})\+?\}\r?\n
    | (?P<atom>[^\s()"{\[][^\s()"\[]*(?:\[[^\]\r\n]*\][^\s()"\[]*)?|[^\s()"{][^\s()"]*)
    | (?P<end>\r?\n|\Z)
    )""",
    re.VERBOSE | re.DOTALL,
)
_ESCAPED = re.compile(rb'\\(["\\])')  # no other octet can be escaped (RFC 3501 9, quoted)


class Scanner:
    """A place in the octets of a response."""

    __slots__ = ("data", "place")

    def __init__(self, data: bytes, place: int = 0) -> None:
        self.data = data
        self.place = place

    def error(self, what: str) -> ProtocolError:
        """What is here is not what it should be."""
        near = self.data[self.place : self.place + 40].decode("ascii", "backslashreplace")
        return ProtocolError(f"{what} in an IMAP response, at {near!r}")

    def match(self) -> re.Match[bytes]:
        """The next token as a match of the expression; its literal is not taken yet."""
        found = _TOKEN.match(self.data, self.place)
        if found is None:
            raise self.error("no token")
        self.place = found.end()
        return found

    def literal(self, size: bytes) -> bytes:
        """The octets of a literal."""
        count = int(size)
        start = self.place
        if count > len(self.data) - start:
            raise self.error(f"a literal of {count} octets that are not there")
        self.place = start + count
        return self.data[start : self.place]

    def value(self) -> Any:
        """The next value: bytes, None, or a tuple. ProtocolError at a closing parenthesis or the end."""
        found = self.match()
        kind = found.lastgroup
        if kind == "open":
            return self._list()
        if kind in ("close", "end"):
            self.place = found.start()
            raise self.error("no value")
        return self._leaf(found, kind)

    def _leaf(self, found: re.Match[bytes], kind: str | None) -> bytes | None:
        if kind == "quoted":
            text = found["quoted"]
            return _ESCAPED.sub(rb"\1", text) if b"\\" in text else text
        if kind == "literal":
            return self.literal(found["literal"])
        atom = found["atom"]
        return None if atom.upper() == b"NIL" else atom

    def _list(self) -> tuple[Any, ...]:
        stack: list[list[Any]] = [[]]
        match, data = _TOKEN.match, self.data
        while True:
            found = match(data, self.place)
            if found is None:
                raise self.error("no token")
            self.place = found.end()
            kind = found.lastgroup
            if kind == "open":
                if len(stack) > MOST_LEVELS:
                    raise self.error(f"more than {MOST_LEVELS} levels of parentheses")
                stack.append([])
            elif kind == "close":
                done = tuple(stack.pop())
                if not stack:
                    return done
                stack[-1].append(done)
            elif kind == "end":
                raise self.error("a parenthesis that is not closed")
            else:
                stack[-1].append(self._leaf(found, kind))

    def at_end(self) -> bool:
        """Whether the response ends here."""
        found = _TOKEN.match(self.data, self.place)
        return found is not None and found.lastgroup == "end"

    def rest(self) -> bytes:
        """What is left, without the line end."""
        return self.data[self.place :].strip(b" \t").rstrip(b"\r\n")

    def values(self) -> list[Any]:
        """All values up to the end."""
        result = []
        while not self.at_end():
            result.append(self.value())
        return result


def parse_tokens(data: bytes) -> list[Any]:
    """The values of a piece of a response: bytes for strings and atoms, None for NIL, tuples for parentheses.

    Raises:
        ProtocolError: parentheses, quotes or literals that do not fit.
    """
    scanner = Scanner(data)
    result = scanner.values()
    found = scanner.match()
    if scanner.place < len(data) and data[scanner.place :].strip():
        del found
        raise scanner.error("more than one line")
    return result


def text_of(value: Any) -> str:
    """A string as text: UTF-8, octets that are none kept as surrogates."""
    return value.decode("utf-8", "surrogateescape") if isinstance(value, bytes) else ""
