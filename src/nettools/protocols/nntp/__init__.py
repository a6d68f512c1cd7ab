"""NNTP: news as groups of articles (RFC 3977 and its extensions, over nntplib).

`client` are nntplib's classes on our sockets; `opening` how a conversation begins, `session` what is done in it;
`posting` makes articles, `address` reads URLs, `errors` three digits. The functions of the facade are here.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any

from nettools.protocols.nntp.client import NNTPClient, NNTPTLSClient
from nettools.protocols.nntp.errors import classify
from nettools.protocols.nntp.posting import Post, draft
from nettools.protocols.nntp.session import NNTPSession
from nettools.session import Protocol, make_session, run_stream

if TYPE_CHECKING:
    from typing import Unpack

    from nettools.keywords import Fields, NNTPKeywords
    from nettools.results import Article, ArticleInfo, Group, PostReport

__all__ = [
    "PROTOCOL",
    "NNTPClient",
    "NNTPSession",
    "NNTPTLSClient",
    "draft_article",
    "fetch_article",
    "fetch_articles",
    "list_articles",
    "list_groups",
    "post_article",
]

PROTOCOL = Protocol(
    name="nntp",
    schemes=("nntp", "nntps", "news"),
    session=NNTPSession,
    classify=classify,
    upgrade="STARTTLS",
    closing=400,
)
NNTPSession.PROTOCOL = PROTOCOL


def list_groups(url: str, *, pattern: str = "*", **opts: Unpack[NNTPKeywords]) -> tuple[Group, ...]:
    """The groups of a news server: numbers, status letter, description.

    Args:
        pattern: a wildmat of names (RFC 3977 4.2), such as `"comp.*,!comp.os.*"`.

    >>> [(group.name, group.posting) for group in list_groups(nntp.url)]
    [('local.test', 'y')]
    """
    with make_session(PROTOCOL, url, opts) as news:
        return news.groups(pattern)


def list_articles(
    url: str,
    *,
    group: str | None = None,
    first: int | None = None,
    last: int | None = None,
    since: str | dt.date | dt.datetime | None = None,
    limit: int | None = 50,
    newest_first: bool = True,
    **opts: Unpack[NNTPKeywords],
) -> tuple[ArticleInfo, ...]:
    """The articles of a group, newest first, without their bodies (OVER, XOVER, or the headers of each).

    Args:
        group: None is the URL's.
        first, last: only numbers from and up to these.
        since: only articles dated at or after this moment: a datetime, a date, or an age such as "7d".
        limit: how many at most; None is all.

    >>> sent = post_article(nntp.url, group="local.test", sender="bob@x.org", subject="Welcome", text="Hello")
    >>> list_articles(nntp.url, group="local.test", limit=1)[0].subject
    'Welcome'

    Raises:
        NotFoundError: there is no such group.
    """
    with make_session(PROTOCOL, url, opts) as news:
        return news.list(group, first=first, last=last, since=since, limit=limit, newest_first=newest_first)


def fetch_article(
    url: str,
    article: int | str | None = None,
    *,
    group: str | None = None,
    yenc: bool = False,
    **opts: Unpack[NNTPKeywords],
) -> Article:
    """One article, parsed as a mail is: text, attachments, headers, defects, and its exact octets in `raw`.

    Args:
        article: an int is a number in the group, a str a Message-ID; None is what the URL names.
        group: None is the URL's.
        yenc: decode files that are in the body as yEnc; they become attachments.

    >>> sent = post_article(nntp.url, group="local.test", sender="bob@x.org", subject="One", text="Hello")
    >>> fetch_article(nntp.url, sent.message_id).info.subject
    'One'

    Raises:
        NotFoundError: there is no such article, or group.
    """
    with make_session(PROTOCOL, url, opts) as news:
        return news.fetch(article, group=group, yenc=yenc)


def fetch_articles(
    url: str,
    articles: Iterable[int | str],
    *,
    group: str | None = None,
    yenc: bool = False,
    **opts: Unpack[NNTPKeywords],
) -> Iterator[Article]:
    """Many articles over one connection, one by one; those that are not there are left out.

    >>> sent = post_article(nntp.url, group="local.test", sender="bob@x.org", subject="Two", text="Hello")
    >>> [each.info.subject for each in fetch_articles(nntp.url, ["<none@x.org>", sent.message_id])]
    ['Two']
    """
    return run_stream(PROTOCOL, url, lambda news: news.fetch_many(articles, group=group, yenc=yenc), opts)


def post_article(
    url: str,
    message: Any = None,
    *,
    group: str | Iterable[str] | None = None,
    sender: str | None = None,
    subject: str | None = None,
    text: str | None = None,
    headers: Fields = None,
    references: str | Iterable[str] = (),
    **opts: Unpack[NNTPKeywords],
) -> PostReport:
    """Post an article: composed from text, or a ready one. It is never sent twice.

    Args:
        message: an EmailMessage, bytes, a path or a binary file, sent as it is but for line ends and dots; a
            Message-ID is added where it has none, Newsgroups where `group` names them.
        group: one group or several; None is the URL's.
        sender: None is the login's, where it is an address.
        references: Message-IDs of what this answers, the oldest first.

    >>> post_article(nntp.url, group="local.test", sender="bob@example.org", subject="Hi", text="Hello").reply.code
    240

    Raises:
        DeniedError: this user may not post here. ReplyError (exit code 55): the article was refused.
        DisconnectedError and DeadlineError with `outcome_unknown`: the answer was lost.
    """
    with make_session(PROTOCOL, url, opts) as news:
        return news.post(
            message,
            group=group,
            sender=sender,
            subject=subject,
            text=text,
            headers=headers,
            references=references,
        )


def draft_article(url: str, message: Any = None, *, group: Any = None, **given: Any) -> Post:
    """What `post_article` would send, without connecting; the URL and the connection's options are checked."""
    names = ("sender", "subject", "text", "headers", "references")
    own = {name: given.pop(name) for name in names if name in given}
    session = make_session(PROTOCOL, url, given)
    user = session.auth.user if session.auth is not None else None
    return draft(message, group=group or session.place.group, default_sender=user, **own)
