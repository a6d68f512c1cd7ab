"""Message numbers: SEARCH and SORT, ESEARCH, THREAD, VANISHED (RFC 3501 7.2.5, RFC 4731, 5256, 7162, 9394).

The numbers of SEARCH are taken without the lexer: there may be a million of them in one response. Sets of numbers such
as `2,10:11` stay as they are, cut at the commas, for one of them may name four thousand million messages.

It must not know whether the numbers are UIDs: SEARCH does not tell.
"""

from __future__ import annotations

import re
from typing import Any

from nettools.errors import ProtocolError
from nettools.parse.imap_data.tokens import MOST_DIGITS, Scanner, number_of, text_of

__all__ = ["esearch_of", "ids_of", "thread_of", "vanished_of"]

_IDS = re.compile(rb"([\d \t]*+)(?:\(MODSEQ[ ]++(\d{1,20})[ ]*+\)([\d \t]*+))?(?=\r?\n|\Z)", re.IGNORECASE)


def ids_of(scanner: Scanner) -> tuple[tuple[int, ...], int | None]:
    """What stands behind SEARCH or SORT: the numbers, and the highest MODSEQ where it is told."""
    found = _IDS.match(scanner.data, scanner.place)
    words = found[1].split() + (found[3] or b"").split() if found is not None else []
    if found is None or len(max(words, key=len, default=b"")) > MOST_DIGITS:
        raise scanner.error("no message number")
    scanner.place = found.end()
    return tuple(map(int, words)), number_of(found[2])


def esearch_of(scanner: Scanner) -> dict[str, Any]:
    """What stands behind ESEARCH: `tag` and its like, `uid` if it is true, numbers as int, sets as tuples."""
    found: dict[str, Any] = {}
    values = iter(scanner.values())
    for value in values:
        if isinstance(value, tuple):
            found |= {text_of(name).lower(): text_of(each) for name, each in zip(value[::2], value[1::2], strict=False)}
            continue
        name = text_of(value).lower()
        if name == "uid":
            found["uid"] = True
            continue
        try:
            item = next(values)
        except StopIteration:
            raise scanner.error("an ESEARCH item without its value") from None
        if isinstance(item, tuple):
            found[name] = tuple(None if each is None else text_of(each) for each in item)  # PARTIAL may have NIL
        elif name == "all":
            found[name] = _sets(item)
        else:
            number = number_of(item)
            found[name] = text_of(item) if number is None else number
    return found


def vanished_of(scanner: Scanner) -> tuple[tuple[str, ...], bool]:
    """What stands behind VANISHED: sets of UIDs, and whether they went earlier."""
    values = scanner.values()
    earlier = bool(values) and isinstance(values[0], tuple)
    return _sets(values[-1] if values else None), earlier


def _sets(value: Any) -> tuple[str, ...]:
    return tuple(filter(None, text_of(value).split(",")))


def thread_of(scanner: Scanner) -> tuple[Any, ...]:
    """What stands behind THREAD: threads as nested tuples of numbers; the lexer has bounded the depth."""

    def numbers(value: Any) -> Any:
        if isinstance(value, tuple):
            return tuple([numbers(each) for each in value])
        number = number_of(value)
        if number is None:
            raise ProtocolError("a THREAD response with something that is no message number")
        return number

    return tuple([numbers(value) for value in scanner.values()])
