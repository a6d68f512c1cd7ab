"""How NNTP names many things at once: wildmats, ranges of numbers, dates (RFC 3977 4, 6.1.2, 7.3)."""

from __future__ import annotations

import datetime as dt
import re

from nettools.testing.lines import Refusal

__all__ = ["SyntaxProblem", "parse_moment", "parse_range", "wildmat"]


class SyntaxProblem(Refusal):
    """An argument that has not the form it should have: 501."""

    def __init__(self, expected: str) -> None:
        super().__init__(f"501 Syntax: {expected} is expected")


def wildmat(pattern: str) -> list[tuple[bool, re.Pattern[str]]]:
    """A wildmat as (wanted, expression) pairs; the last that fits decides (RFC 3977 section 4.2)."""
    found = []
    for each in pattern.split(","):
        body = each.removeprefix("!")
        if not body or re.search(r"[\\\[\]!]", body):
            raise SyntaxProblem("a wildmat")
        expression = "".join({"*": ".*", "?": "."}.get(char, re.escape(char)) for char in body)
        found.append((not each.startswith("!"), re.compile(expression, re.DOTALL)))
    return found


def matches(name: str, patterns: list[tuple[bool, re.Pattern[str]]]) -> bool:
    """Whether a name is wanted."""
    return next((wanted for wanted, pattern in reversed(patterns) if pattern.fullmatch(name)), False)


def parse_range(text: str) -> tuple[int, int | None]:
    """`n`, `n-` or `n-m`; None is without end (RFC 3977 section 6.1.2.2)."""
    match = re.fullmatch(r"(\d{1,16})(?:(-)(\d{1,16})?)?", text, re.ASCII)
    if match is None:
        raise SyntaxProblem("a range")
    first = int(match[1])
    if match[2] is None:
        return first, first
    return first, None if match[3] is None else int(match[3])


def parse_moment(words: list[str]) -> dt.datetime:
    """Date and time of NEWNEWS and NEWGROUPS, with GMT or without, which is the same here (section 7.3.2)."""
    if len(words) not in (2, 3) or (len(words) == 3 and words[2].upper() != "GMT"):
        raise SyntaxProblem("a date and a time")
    match = re.fullmatch(r"(\d{6}|\d{8}) (\d{6})", " ".join(words[:2]), re.ASCII)
    if match is None:
        raise SyntaxProblem("yymmdd or yyyymmdd, and hhmmss")
    date = match[1]
    if len(date) == 6:
        this = dt.datetime.now(dt.UTC).year
        century = this // 100 if int(date[:2]) <= this % 100 else this // 100 - 1
        date = f"{century}{date}"
    try:
        return dt.datetime.strptime(date + match[2], "%Y%m%d%H%M%S").replace(tzinfo=dt.UTC)
    except ValueError:
        raise SyntaxProblem("a date that there is") from None
