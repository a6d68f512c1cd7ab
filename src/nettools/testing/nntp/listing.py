"""What LIST, NEWGROUPS and NEWNEWS say of the World's groups (RFC 3977 section 7, RFC 6048)."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

from nettools.testing.nntp.articles import FIELDS, identity
from nettools.testing.nntp.names import matches, wildmat

if TYPE_CHECKING:
    from nettools.testing.world import Group, World

__all__ = ["LISTS", "bounds", "new_groups", "new_news"]


def bounds(group: Group) -> tuple[int, int]:
    """First and last number: of an empty group the last is one less than the first (RFC 3977 section 6.1.1.2)."""
    if group.articles:
        numbers = tuple(group.articles)
        return min(numbers), max(numbers)
    return group.last + 1, group.last


def chosen(world: World, pattern: str) -> Iterator[Group]:
    """The groups that a wildmat names, in the order of their names."""
    patterns = wildmat(pattern or "*")
    return (group for name, group in sorted(world.groups.items()) if matches(name, patterns))


def active_line(group: Group) -> str:
    """name, last, first, status."""
    first, last = bounds(group)
    return f"{group.name} {last:010} {first:010} {group.posting}"


def active(world: World, arg: str) -> list[str]:
    """LIST ACTIVE."""
    return [active_line(group) for group in chosen(world, arg)]


def counts(world: World, arg: str) -> list[str]:
    """LIST COUNTS (RFC 6048 section 2.2)."""
    return [
        f"{group.name} {bounds(group)[1]} {bounds(group)[0]} {len(group.articles)} {group.posting}"
        for group in chosen(world, arg)
    ]


def newsgroups(world: World, arg: str) -> list[str]:
    """LIST NEWSGROUPS."""
    return [f"{group.name}\t{group.description}" for group in chosen(world, arg)]


def active_times(world: World, arg: str) -> list[str]:
    """LIST ACTIVE.TIMES."""
    return [f"{group.name} {int(group.created.timestamp())} nettools.testing" for group in chosen(world, arg)]


def overview_fmt(world: World, arg: str) -> list[str]:
    """LIST OVERVIEW.FMT; the older names of the two numbers, which every reader knows (RFC 3977 section 8.4.2)."""
    return [*(f"{name}:" for name in FIELDS), "Bytes:", "Lines:", "Xref:full"]


def headers(world: World, arg: str) -> list[str]:
    """LIST HEADERS: any field, and the two numbers (RFC 3977 section 8.6)."""
    return [":", ":bytes", ":lines"]


def nothing(world: World, arg: str) -> list[str]:
    """A list that is known, and empty."""
    return []


LISTS: dict[str, Callable[[World, str], list[str]]] = {
    "ACTIVE": active,
    "ACTIVE.TIMES": active_times,
    "COUNTS": counts,
    "DISTRIB.PATS": nothing,
    "HEADERS": headers,
    "NEWSGROUPS": newsgroups,
    "OVERVIEW.FMT": overview_fmt,
    "SUBSCRIPTIONS": nothing,
}


def new_groups(world: World, moment: dt.datetime) -> list[str]:
    """NEWGROUPS: those made since."""
    return [active_line(group) for group in chosen(world, "*") if group.created >= moment]


def new_news(world: World, pattern: str, moment: dt.datetime) -> list[str]:
    """NEWNEWS: the Message-IDs of what arrived since, each once."""
    found: dict[str, None] = {}
    for group in chosen(world, pattern):
        for number, raw in sorted(group.articles.items()):
            if group.arrived.get(number, moment) >= moment:
                found[identity(raw)] = None
    return list(found)
