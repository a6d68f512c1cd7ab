"""What a news URL means (RFC 5538): a server, a group, an article; and how articles and groups are named.

`nntp://server/group/number`, `news://server/group`, `news:group`, `news:message-id`: what stands behind `news:` without
a server is looked for at `server=`, or at the NNTPSERVER of the environment.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable

from nettools.errors import UsageError
from nettools.frozen import Frozen
from nettools.target import Target, decode, parse_url

__all__ = ["Place", "article_name", "group_name", "group_names", "message_id", "place_of", "with_server"]

_MESSAGE_ID = re.compile(r"<[!-;=?-~\x80-\U0010ffff]+>")
_GROUP = re.compile(r"[^\s,\x00-\x1f\x7f]+")


class Place(Frozen):
    """Where a URL points: a group (or a wildmat), and an article by number or Message-ID."""

    group: str | None = None
    article: int | str | None = None


def with_server(target: Target, server: str | None) -> Target:
    """The target with a host; that of `news:` without one is `server`: a host, `host:port`, or a URL.

    Raises:
        UsageError: two servers are named, or none (exit code 3).
    """
    if target.host:
        if server is not None:
            raise UsageError("server= is for a news: URL that names no server; this one does", exit_code=3)
        return target
    server = server or os.environ.get("NNTPSERVER")
    if not server:
        raise UsageError(
            "news: names no server",
            hint="give server= (--server), set NNTPSERVER, or say news://server/...",
            exit_code=3,
        )
    found = parse_url(server if "://" in server else f"nntp://{server}", ("nntp", "nntps", "news"))
    return found._replace(path=target.path)


def place_of(target: Target) -> Place:
    """What the path of a URL names.

    Raises:
        UsageError: neither a group, nor a group and a number, nor a Message-ID (exit code 3).
    """
    path = decode(target.path).strip("/") if target.path else ""
    if not path or path == "*":
        return Place()
    if "@" in path or path.startswith("<"):
        return Place(article=message_id(path, exit_code=3))
    group, _, number = path.partition("/")
    if number and not (number.isascii() and number.isdigit() and 0 < int(number[:20]) < 1 << 63):
        raise UsageError(f"{number!r} is no article number", hint="nntp://server/group/number", exit_code=3)
    return Place(group_name(group, exit_code=3), int(number) if number else None)


def group_name(name: str, *, exit_code: int = 2) -> str:
    """The name of a group, if it may stand in a command."""
    if not isinstance(name, str) or not _GROUP.fullmatch(name):
        raise UsageError(f"{name!r} is no name of a group", exit_code=exit_code)
    return name


def group_names(names: str | Iterable[str] | None) -> tuple[str, ...]:
    """One or several groups, given one by one or with commas."""
    given = [names] if isinstance(names, str) else list(names or ())
    return tuple(group_name(each.strip()) for name in given for each in str(name).split(","))


def message_id(text: str, *, exit_code: int = 2) -> str:
    """A Message-ID in its angle brackets (RFC 3977 3.6: at most 250 octets)."""
    name = text if text.startswith("<") else f"<{text}>"
    if not _MESSAGE_ID.fullmatch(name) or len(name.encode("utf-8", "surrogateescape")) > 250:
        raise UsageError(f"{text!r} is no Message-ID", hint="such as <name@host>", exit_code=exit_code)
    return name


def article_name(article: int | str) -> int | str:
    """An article's number, or its Message-ID in angle brackets."""
    if isinstance(article, str):
        return message_id(article)
    if isinstance(article, bool) or not isinstance(article, int) or not 0 < article < 1 << 63:
        raise UsageError(f"{article!r} is no article", hint="an int is its number, a str its Message-ID")
    return article
