"""The lexer of IMAP's data: atoms, quoted strings, literals, NIL and parentheses (RFC 3501 4, RFC 3516 literal8).

One compiled expression takes a token at a time off the octets of a whole response, its literals inside; a stack makes
the nesting, so that depth costs nothing but is bounded. Its quantifiers are possessive or bounded: the time is linear
in the octets, whatever they are. Strings are bytes, NIL is None, parentheses are tuples.

It knows nothing of what the values mean, and nothing of connections: a literal has to be there already.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from nettools.errors import ProtocolError
from nettools.parse.given import OCTETS, takes

__all__ = ["MOST_LEVELS", "NO_BODIES", "Scanner", "number_of", "parse_tokens", "text_of", "unescaped"]

MOST_LEVELS = 200
NO_BODIES: Mapping[int, bytes] = {}
MOST_DIGITS = 20  # of a number: those of 2**64 (RFC 7162 has 63 bits)

_TOKEN = re.compile(
    rb"""[ \t]*+(?:
      "([^"\\\r\n]*+(?:\\.[^"\\\r\n]*+)*+)"
    | ~?\{(\d{1,20})\+?\}\r?\n
    | ([^\s()"{\[][^\s()"\[]*+
       (?: \[ [^]()\r\n]{0,200}+ (?:\([^()\r\n]{0,2000}+\)[^]()\r\n]{0,200}+)? \] [^\s()"\[]*+ | \[[^\s()"]*+ )*+
      | \[ (?: [^][()"\r\n]{0,200}+ \] )? [^\s()"]*+)
    | (\()
    | (\))
    | (\r?\n|\Z)
    | (.)
    )""",
    re.VERBOSE | re.DOTALL,
)
_QUOTED, _LITERAL, _ATOM, _OPEN, _CLOSE, _END, _NONE = range(1, 8)
_ESCAPED = re.compile(rb'\\(["\\])')  # no other octet can be escaped (RFC 3501 9, quoted)


class Scanner:
    """A place in the octets of a response.

    `bodies` are literals that were not put into the octets, by the places where they would stand.
    """

    __slots__ = ("bodies", "data", "place")

    def __init__(self, data: bytes, place: int = 0, bodies: Mapping[int, bytes] = NO_BODIES) -> None:
        self.data, self.place, self.bodies = data, place, bodies

    def error(self, what: str) -> ProtocolError:
        """What is here is not what it should be."""
        near = self.data[self.place : self.place + 40].decode("ascii", "backslashreplace")
        return ProtocolError(f"{what} in an IMAP response, at {near!r}")

    def value(self) -> Any:
        """The next value: bytes, None, or a tuple. ProtocolError at a closing parenthesis or the end."""
        found = _TOKEN.match(self.data, self.place)
        kind = _NONE if found is None else found.lastindex
        if found is None or kind in (_CLOSE, _END, _NONE):
            raise self.error("no value")
        self.place = found.end()
        if kind == _OPEN:
            return tuple(self._collect(nested=True))
        if kind == _QUOTED:
            return unescaped(found[_QUOTED])
        if kind == _LITERAL:
            return self._literal(found[_LITERAL])
        return _atom(found[_ATOM])

    def astring(self) -> bytes:
        """The next value as a name: an atom that reads NIL is a name like any other."""
        found = _TOKEN.match(self.data, self.place)
        if found is not None and found.lastindex == _ATOM:
            self.place = found.end()
            return found[_ATOM]
        value = self.value()
        if not isinstance(value, bytes):
            raise self.error("no string")
        return value

    def values(self) -> list[Any]:
        """All values up to the end."""
        return self._collect(nested=False)

    def skip(self, kind: bytes) -> bool:
        """Pass over one `(` or `)`, if it comes next."""
        found = _TOKEN.match(self.data, self.place)
        if found is None or found.lastindex != (_OPEN if kind == b"(" else _CLOSE):
            return False
        self.place = found.end()
        return True

    def rest(self) -> bytes:
        """What is left, without the line end."""
        return self.data[self.place :].strip(b" \t").rstrip(b"\r\n")

    def _literal(self, size: bytes) -> bytes:
        start = self.place
        apart = self.bodies.get(start)
        if apart is not None:
            return apart
        count = int(size)
        if count > len(self.data) - start:
            raise self.error(f"a literal of {count} octets that are not there")
        self.place = start + count
        return self.data[start : self.place]

    def _collect(self, *, nested: bool) -> list[Any]:
        """The values up to the parenthesis that closes these, or to the end of the response."""
        data = self.data
        items: list[Any] = []
        outer: list[list[Any]] = []
        while True:
            for found in _TOKEN.finditer(data, self.place):
                kind = found.lastindex
                if kind == _QUOTED:
                    text = found[_QUOTED]
                    items.append(unescaped(text) if b"\\" in text else text)
                elif kind == _ATOM:
                    text = found[_ATOM]
                    items.append(_atom(text) if len(text) == 3 else text)
                elif kind == _OPEN:
                    outer.append(items)
                    if len(outer) > MOST_LEVELS:
                        self.place = found.start()
                        raise self.error(f"more than {MOST_LEVELS} levels of parentheses")
                    items = []
                elif kind == _CLOSE and outer:
                    done = tuple(items)
                    items = outer.pop()
                    items.append(done)
                elif kind == _LITERAL:
                    self.place = found.end()
                    items.append(self._literal(found[_LITERAL]))
                    break  # the literal's octets are no tokens: go on behind them
                elif nested and kind == _CLOSE:
                    self.place = found.end()
                    return items
                elif kind == _END and not nested and not outer:
                    self.place = found.start()
                    return items
                else:
                    self.place = found.start()
                    raise self.error("a parenthesis that is not closed" if kind == _END else "no token")


def _atom(text: bytes) -> bytes | None:
    return None if len(text) == 3 and text.upper() == b"NIL" else text


def unescaped(text: bytes) -> bytes:
    """The octets of a quoted string, from what stood between its quotes."""
    return _ESCAPED.sub(rb"\1", text) if b"\\" in text else text


@takes(*OCTETS)
def parse_tokens(data: bytes) -> list[Any]:
    """The values of a piece of a response: bytes for strings and atoms, None for NIL, tuples for parentheses.

    >>> parse_tokens(b'(FLAGS (\\\\Seen) BODY[] {5}\\r\\na (b) ENVELOPE NIL)')
    [(b'FLAGS', (b'\\\\Seen',), b'BODY[]', b'a (b)', b'ENVELOPE', None)]

    Raises:
        ProtocolError: parentheses, quotes or literals that do not fit, or nested too deep.
    """
    scanner = Scanner(data)
    result = scanner.values()
    if data[scanner.place :].strip():
        raise scanner.error("more than one line")
    return result


def text_of(value: Any) -> str:
    """A string as text: UTF-8, octets that are none kept as surrogates."""
    return value.decode("utf-8", "surrogateescape") if isinstance(value, bytes) else ""


def number_of(value: Any) -> int | None:
    """A string of digits as a number; None for anything else, and for what no server counts up to."""
    return int(value) if isinstance(value, bytes) and value.isdigit() and len(value) <= MOST_DIGITS else None
