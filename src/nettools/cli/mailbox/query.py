"""One option for each term of a `Query`, for the verbs that look for messages."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import click

from nettools.cli.arguments import AMOUNT, MOMENT
from nettools.errors import UsageError

__all__ = ["either", "make_query", "query_options"]

QUERY = (
    click.option("--subject", metavar="TEXT", help="Subject contains."),
    click.option("--from", "--sender", "sender", metavar="TEXT", help="Sender contains."),
    click.option("--to", metavar="TEXT", help="To contains."),
    click.option("--text", metavar="TEXT", help="Anything in the message contains."),
    click.option("--body", metavar="TEXT", help="The body contains."),
    click.option("--header", metavar="NAME:TEXT", help="A header contains."),
    click.option("--since", type=MOMENT, help="Arrived on or after this day."),
    click.option("--before", type=MOMENT, help="Arrived before this day."),
    click.option("--on", type=MOMENT, help="Arrived on this day."),
    click.option("--larger", type=AMOUNT, help="Has more octets."),
    click.option("--smaller", type=AMOUNT, help="Has fewer octets."),
    click.option("--unseen", is_flag=True, default=None, help="Not read yet."),
    click.option("--seen", is_flag=True, default=None, help="Read."),
    click.option("--flagged/--unflagged", default=None, help="Flagged, or not."),
    click.option("--answered/--unanswered", default=None, help="Answered, or not."),
    click.option("--uid", "uid", metavar="SET", help="UIDs, such as 7:12."),
    click.option("--query", "raw_query", metavar="SEARCH", help="In the syntax of IMAP SEARCH."),
)


def query_options(function: Any) -> Any:
    """One option for each term of a Query."""
    for option in reversed(QUERY):
        function = option(function)
    return function


def make_query(given: dict[str, Any]) -> Any:
    """Take the query's options out of `given`; None when there are none."""
    terms = {name: given.pop(name) for name in tuple(given) if name in _QUERY_NAMES}
    raw = terms.pop("raw_query")
    header = terms.pop("header")
    wanted = {name: value for name, value in terms.items() if value is not None}
    if header is not None:
        name, colon, value = header.partition(":")
        if not colon:
            raise UsageError("--header is NAME:TEXT")
        wanted["header"] = (name.strip(), value.strip())
    if raw is not None:
        if wanted:
            raise UsageError("--query stands for itself: no other term goes with it")
        return raw
    if not wanted:
        return None
    from nettools.query import Query

    return Query(**wanted)


def either(uids: Sequence[object]) -> None:
    """Refuse UIDs beside terms, or beside message numbers.

    Raises:
        UsageError: there are some.
    """
    if uids:
        raise UsageError(
            "UIDs, --number and what to look for exclude each other", hint="--uid SET is a term like the others"
        )


_QUERY_NAMES = {
    option.name
    for option in query_options(lambda: None).__click_params__  # the names that click derives
}
