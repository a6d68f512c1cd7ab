"""A conversation with a news server (RFC 3977): groups, overviews, articles, posting.

Articles and headers are asked for in one flight wherever the server is of RFC 3977's kind, whatever is missing among
them; a group is selected in the same flight. An article is posted once: what happens after its last octets were sent
is the server's answer, or an unknown outcome. How the conversation begins is `opening`'s business.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any

from nettools.errors import NotFoundError, ProtocolError, UsageError
from nettools.moments import moment
from nettools.parse import nntp as parse
from nettools.parse.given import checked
from nettools.protocols.nntp.address import article_name, group_name
from nettools.protocols.nntp.errors import reply_error
from nettools.protocols.nntp.opening import Conversation
from nettools.protocols.nntp.posting import Groups, Post, draft
from nettools.results import Article, ArticleInfo, Group, PostReport, Reply
from nettools.session import operation, stream
from nettools.wire.guard import BLOCK
from nettools.wire.text import check_count, dot_stuff

if TYPE_CHECKING:
    from typing import Unpack

    from nettools.keywords import ArticleKeywords

__all__ = ["NNTPSession"]

UNKNOWN = (500, 501, 502, 503)  # the server does not have this command, or not here
NONE_THERE = (420, 423, 430)
FIRST_STEP = 500  # articles to look at first where a date decides
ArticleName = int | str

# inside the class `list` is a method
Infos = list[ArticleInfo]
Names = list[ArticleName]


class NNTPSession(Conversation):
    """`connect("nntp://...")`: `groups list fetch fetch_many post date command ping`."""

    # -- groups

    def groups(self, pattern: str = "*") -> tuple[Group, ...]:
        """The groups whose names match a wildmat (RFC 3977 4.2), with their descriptions; see `list_groups`."""
        if pattern == "*" and self.place.group is not None and set(self.place.group) & set("*?["):
            pattern = self.place.group
        self.prepare(lambda: [group_name(each) for each in pattern.split(",")])
        return self._groups(pattern)

    @operation("groups")
    def _groups(self, pattern: str) -> tuple[Group, ...]:
        wanted = "" if pattern == "*" else f" {pattern}"
        active, described = self._ask_many([f"LIST ACTIVE{wanted}", f"LIST NEWSGROUPS{wanted}"], self._listing)
        if active[0].code in UNKNOWN:
            (active,) = self._ask_many(["LIST"], self._listing)  # RFC 977 has it without a pattern
        if active[1] is None:
            raise reply_error(active[0], "LIST ACTIVE")
        texts = parse.parse_newsgroups(described[1]) if described[1] is not None else {}
        groups = parse.parse_active(active[1], self._deadline.check)
        found = (group for group in groups if parse.matches_wildmat(group.name, pattern))
        return tuple(
            Group(each.name, each.count, each.first, each.last, each.posting, texts.get(each.name)) for each in found
        )

    def _listing(self) -> tuple[Reply, bytes | None]:
        reply = self.client.read_reply()
        return reply, self._body("the list of groups") if reply.code == 215 else None

    # -- overviews

    def list(
        self,
        group: str | None = None,
        *,
        first: int | None = None,
        last: int | None = None,
        since: str | dt.date | dt.datetime | None = None,
        limit: int | None = 50,
        newest_first: bool = True,
    ) -> tuple[ArticleInfo, ...]:
        """The articles of a group without their bodies; see `list_articles`."""

        def prepared() -> tuple[str, dt.datetime | None]:
            for what, given in (("first=", first), ("last=", last), ("limit=", limit)):
                check_count(given, what)
            return self._group(group), None if since is None else moment(since)

        name, oldest = self.prepare(prepared)
        return self._list(name, first, last, oldest, limit, newest_first)

    @operation("list")
    def _list(
        self,
        name: str,
        first: int | None,
        last: int | None,
        oldest: dt.datetime | None,
        limit: int | None,
        newest_first: bool,
    ) -> tuple[ArticleInfo, ...]:
        found = self._select(name)
        end = found.last or 0
        low, high = max(found.first or 0, first or 0, 1), end if last is None else min(end, last)
        if not found.count or low > high or limit == 0:
            return ()
        rows = self._newest(low, high, limit, oldest) if newest_first or oldest else self._oldest(low, high, limit)
        if newest_first:
            return tuple(rows if limit is None else rows[:limit])
        rows.sort(key=lambda info: info.number or 0)
        return tuple(rows if limit is None else rows[:limit])

    def _oldest(self, low: int, high: int, limit: int | None) -> Infos:
        """In ascending order, so many at least if they are there."""
        result: Infos = []
        step = high - low + 1 if limit is None else limit
        while low <= high and (limit is None or len(result) < limit):
            result += self._overview(low, min(high, low + step - 1))
            low, step = low + step, step * 8  # numbers have gaps: a wide one takes few turns
        return result

    def _newest(self, low: int, high: int, limit: int | None, oldest: dt.datetime | None) -> Infos:
        """In descending order, so many at least if they are there; with `oldest`, all that are not older.

        Numbers are given as articles arrive, so a whole step of older ones is the end.
        """
        result: Infos = []
        step = FIRST_STEP if oldest is not None else high - low + 1 if limit is None else limit
        while low <= high and (oldest is not None or limit is None or len(result) < limit):
            rows = self._overview(max(low, high - step + 1), high)
            fresh = [row for row in rows if oldest is None or (row.date is not None and row.date >= oldest)]
            result += reversed(fresh)
            if rows and not fresh:
                break
            high, step = high - step, step * 8
        return result

    def _overview(self, low: int, high: int) -> Infos:
        """A range in ascending order, by OVER, XOVER or HEAD, whichever the server has."""
        rows = None
        while rows is None and self._overview_command != "HEAD":
            reply = self.client.ask(f"{self._overview_command} {low}-{high}")
            if reply.code == 224:
                lines = parse.parse_overview(self._body("the overview"), check=self._deadline.check)
                rows = [parse.article_info(row) for row in checked(lines, self._deadline.check)]
            elif reply.code in NONE_THERE:
                rows = []
            elif reply.code in UNKNOWN:
                self._overview_command = "XOVER" if self._overview_command == "OVER" else "HEAD"
            else:
                raise reply_error(reply, self._overview_command)
        if rows is None:
            rows = [*self._heads(low, high)]
        asked = {row.number: row for row in rows if row.number is not None and low <= row.number <= high}
        return [asked[number] for number in sorted(asked)]

    def _heads(self, low: int, high: int) -> Iterator[ArticleInfo]:
        answers = self._ask_many((f"HEAD {number}" for number in range(low, high + 1)), self._answer)
        for number, (reply, octets) in zip(range(low, high + 1), answers, strict=True):
            if octets is not None:
                head = parse.read_article(octets, number, None).info
                yield ArticleInfo(number, head.message_id, head.subject, head.sender, head.date, head.references)
            elif reply.code not in NONE_THERE:
                raise reply_error(reply, "HEAD")

    # -- articles

    def fetch(self, article: ArticleName | None = None, *, group: str | None = None, yenc: bool = False) -> Article:
        """One article by number or Message-ID; see `fetch_article`."""
        wanted = self.place.article if article is None else article
        if wanted is None:
            raise UsageError("no article is named", hint="give a number or a Message-ID, or a URL that has one")
        return self._fetch(*self.prepare(lambda: self._asked([wanted], group)), yenc)

    def fetch_many(
        self, articles: ArticleName | Iterable[ArticleName], *, group: str | None = None, yenc: bool = False
    ) -> Iterator[Article]:
        """Many articles, one by one, in the order asked for; those that are not there are left out, with a warning."""
        given = (articles,) if isinstance(articles, (int, str)) else articles
        return self._fetch_many(*self.prepare(lambda: self._asked(given, group)), yenc)

    def _asked(self, articles: Iterable[ArticleName], group: str | None) -> tuple[Names, str | None]:
        """The articles' names, and the group that those with a number are in."""
        names = [article_name(each) for each in articles]
        return names, self._group(group) if any(isinstance(name, int) for name in names) else None

    @operation("fetch")
    def _fetch(self, names: Names, group: str | None, yenc: bool) -> Article:
        name, reply, found = next(self._articles(names, group, yenc))
        if found is None:
            raise reply_error(reply, f"article {name}", NotFoundError if reply.code in NONE_THERE else None)
        return found

    @stream("fetch")
    def _fetch_many(self, names: Names, group: str | None, yenc: bool) -> Iterator[Article]:
        for name, reply, found in self._articles(names, group, yenc):
            if found is not None:
                yield found
            elif reply.code in NONE_THERE:
                self._trace.warn(f"there is no article {name}")
            else:
                raise reply_error(reply, f"article {name}")

    def _articles(
        self, names: Names, group: str | None, yenc: bool
    ) -> Iterator[tuple[ArticleName, Reply, Article | None]]:
        """Each article with its reply, None where it is not there; the group is selected in the same flight."""
        lines = [f"ARTICLE {name}" for name in names]
        if group is not None and group != self._selected:
            lines.insert(0, f"GROUP {group}")
        answers = self._ask_many(lines, self._answer)
        if len(lines) > len(names):
            self._selected = None
            reply, _ = next(answers)
            if reply.code != 211:
                raise reply_error(reply, f"group {group}")
            self._selected = group
        for name, (reply, octets) in zip(names, answers, strict=True):
            if octets is None:
                yield name, reply, None
                continue
            number, identity = self._identity(name, reply)
            yield name, reply, parse.read_article(octets, number, identity, yenc=yenc)

    def _answer(self) -> tuple[Reply, bytes | None]:
        """The reply to ARTICLE, HEAD or GROUP, with the octets that follow it."""
        reply = self.client.read_reply()
        return reply, self._body("the article") if reply.code in (220, 221) else None

    @staticmethod
    def _identity(name: ArticleName, reply: Reply) -> tuple[int | None, str | None]:
        """Number and Message-ID of what came, which must be what was asked for."""
        number, identity = parse.article_name(reply.text.encode("utf-8", "surrogateescape"))
        asked = name if isinstance(name, int) else None
        if (asked is not None and number != asked) or (asked is None and identity not in (name, None)):
            raise ProtocolError(f"the server was asked for article {name} and sent {reply.text[:80]!r}")
        return number, identity if asked is not None else str(name)

    # -- posting

    def post(self, message: Any = None, *, group: Groups = None, **article: Unpack[ArticleKeywords]) -> PostReport:
        """Post an article; see `post_article`. It is checked whole before anything is sent."""
        where = self._default_group if group is None else group
        user = self.auth.user if self.auth is not None else None
        return self._post(self.prepare(lambda: draft(message, group=where, default_sender=user, **article)))

    @operation("post")
    def _post(self, article: Post) -> PostReport:
        reply = self.client.ask("POST")
        if reply.code != 340:
            raise reply_error(reply, "POST")
        held = bytearray()
        for block in dot_stuff(article.blocks()):
            if len(held) >= BLOCK:
                self.client.sock.sendall(bytes(held))
                held.clear()
            held += block
        with self.committed():
            self.client.sock.sendall(bytes(held) + b".\r\n")
            reply = self.client.read_reply()
        if reply.code != 240:
            raise reply_error(reply, "the article was refused", exit_code=55)
        return PostReport(article.message_id, reply)

    # -- the rest

    @operation("date")
    def date(self) -> dt.datetime:
        """The server's clock, UTC (RFC 3977 7.1)."""
        reply = self.client.ask("DATE")
        if reply.code != 111:
            raise reply_error(reply, "DATE")
        return parse.parse_date(f"111 {reply.text}")
