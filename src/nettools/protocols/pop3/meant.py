"""Which messages a caller names: looked at before anything is connected."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from nettools.errors import NotFoundError, UnsupportedError, UsageError

if TYPE_CHECKING:
    from nettools.query import Query

__all__ = ["Meant", "headers_only"]


class Meant:
    """The messages that a caller names: by UIDL, by number, by a query of headers, or none of them for all.

    Raises:
        NotFoundError: another folder than the only one. UsageError: both are given, or something else.
        UnsupportedError: the query needs more than headers.
    """

    def __init__(self, folder: str | None, uids: Any, numbers: Any) -> None:
        if folder is not None and folder.upper() != "INBOX":
            raise NotFoundError(f"POP3 has no folder {folder!r}", hint="it has one folder; IMAP has more")
        if uids is not None and numbers is not None:
            raise UsageError("either uids or numbers=, not both")
        self.query: Query | None = None
        if uids is not None and not isinstance(uids, (str, int)):
            from nettools.query import Query  # who gives one has imported it

            if isinstance(uids, Query):
                uids, self.query = None, headers_only(uids)
        self.uids = None if uids is None else [str(each) for each in _several(uids, (str, int), "a UIDL")]
        self.numbers = None if numbers is None else [*map(int, _several(numbers, (int,), "a message number"))]

    def one(self) -> Meant:
        """Itself, if it is exactly one message."""
        if len(self.uids or self.numbers or ()) != 1:
            raise UsageError("name a message, by uid or number=")
        return self


def _several(value: Any, kinds: tuple[type, ...], what: str) -> Iterable[Any]:
    given = [value] if isinstance(value, (str, int)) else list(value)
    for each in given:
        if isinstance(each, bool) or not isinstance(each, kinds):
            raise UsageError(f"{each!r} is not {what}")
    return given


def headers_only(query: Query | str | None) -> Query | None:
    """A query that can be evaluated here."""
    if isinstance(query, str):
        raise UnsupportedError("POP3 cannot SEARCH", side="peer", hint="a Query of headers works")
    if query is not None:
        query.require_headers_only()
    return query
