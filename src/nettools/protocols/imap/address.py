"""What the path of an IMAP URL names: folder, UIDVALIDITY, UID, section (RFC 5092), and sets of UIDs."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Literal

from nettools.errors import UsageError
from nettools.frozen import Frozen
from nettools.query import Query
from nettools.target import decode

__all__ = ["Meant", "Place", "parse_path", "uid_list", "uid_sets"]

_PARAMETER = re.compile(r"/?;(UIDVALIDITY|UID|SECTION|PARTIAL)=([^;/]+(?:/(?!;)[^;/]*)*)/?", re.IGNORECASE)


class Place(Frozen):
    """Where in a mailbox a URL points."""

    folder: str | None = None
    uid_validity: int | None = None
    uid: str | None = None
    section: str | None = None
    partial: tuple[int, int | None] | None = None
    query: str | None = None


def parse_path(path: str, query: str | None = None) -> Place:
    """`/INBOX;UIDVALIDITY=1/;UID=7/;SECTION=1.2/;PARTIAL=0.1024` taken apart, or `/INBOX?SUBJECT%20x`.

    Raises:
        UsageError: exit code 3.
    """
    found: dict[str, str] = {}

    def note(match: re.Match[str]) -> str:
        found[match[1].upper()] = decode(match[2], what="URL").strip("/")
        return ""

    folder = decode(_PARAMETER.sub(note, path).removeprefix("/"), what="folder")
    folder = folder.rstrip("/") if folder.endswith("/") else folder
    numbers = {}
    for name in ("UIDVALIDITY", "UID"):
        if name in found:
            if not (found[name].isascii() and found[name].isdigit()) or int(found[name]) == 0:
                raise UsageError(f";{name}={found[name]} is no number", exit_code=3)
            numbers[name] = int(found[name])
    return Place(
        folder=folder or None,
        uid_validity=numbers.get("UIDVALIDITY"),
        uid=str(numbers["UID"]) if "UID" in numbers else None,
        section=found.get("SECTION"),
        partial=_partial(found["PARTIAL"]) if "PARTIAL" in found else None,
        query=decode(query, what="query") or None if query is not None else None,
    )


def _partial(text: str) -> tuple[int, int | None]:
    match = re.fullmatch(r"(\d{1,10})(?:\.(\d{1,10}))?", text, re.ASCII)
    if match is None or (match[2] is not None and int(match[2]) == 0):
        raise UsageError(f";PARTIAL={text} is no offset and count", exit_code=3)
    return int(match[1]), None if match[2] is None else int(match[2])


def uid_list(value: object, what: str = "uid") -> list[int]:
    """One or several UIDs or numbers, as str or int, in the order given, each once."""
    items: Iterable[object] = (value,) if isinstance(value, (str, int)) else value  # type: ignore[assignment]
    result: dict[int, None] = {}
    try:
        for item in items:
            text = str(item)
            if isinstance(item, bool) or not text.isascii() or not text.isdigit() or not 0 < int(text) < 2**32:
                raise UsageError(f"{text[:40]!r} is no {what}", hint="a UID is a number above 0, as str or int")
            result[int(text)] = None
    except TypeError:
        raise UsageError(f"{what}s are one or an iterable of str or int, not {type(value).__name__}") from None
    return list(result)


class Meant(Frozen):
    """Which messages are meant: `what` they are named by, in the order given, or those for which `query` holds; all of
    the folder where neither is given.
    """

    what: Literal["uid", "message number"]
    named: list[int] | None
    query: Query | None = None

    @classmethod
    def of(cls, uids: object, numbers: object) -> Meant:
        """Either UIDs, or a Query in their place, or numbers.

        Raises:
            UsageError: both, or what is neither.
        """
        if uids is not None and numbers is not None:
            raise UsageError("either uids or numbers=, not both")
        if isinstance(uids, Query):
            return cls("uid", None, uids)
        if numbers is not None:
            return cls("message number", uid_list(numbers, "message number"))
        return cls("uid", None if uids is None else uid_list(uids))


def uid_sets(numbers: Iterable[int], most: int = 1000) -> Iterator[bytes]:
    """Numbers as sets for commands (RFC 3501 9, sequence-set), ranges drawn together, short enough for a line."""
    ranges: list[tuple[int, int]] = []
    for number in sorted(set(numbers)):
        if ranges and number == ranges[-1][1] + 1:
            ranges[-1] = (ranges[-1][0], number)
        else:
            ranges.append((number, number))
    for start in range(0, len(ranges), most):
        piece = ranges[start : start + most]
        yield b",".join(b"%d" % first if first == last else b"%d:%d" % (first, last) for first, last in piece)
