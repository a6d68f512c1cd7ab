"""What newsgroups give (RFC 3977)."""

from __future__ import annotations

import datetime as dt

from nettools.frozen import field
from nettools.results.address import Address
from nettools.results.base import Reply, Result
from nettools.results.headers import Headers
from nettools.results.mail import Attachment

__all__ = ["Article", "ArticleInfo", "Group", "PostReport"]


class Group(Result):
    """A newsgroup (RFC 3977 6.1.1, 7.6.3); `posting` is the status letter as sent."""

    name: str
    count: int | None = None
    first: int | None = None
    last: int | None = None
    posting: str | None = None
    description: str | None = None


class ArticleInfo(Result):
    """One line of an overview (RFC 3977 8.3)."""

    number: int | None
    message_id: str | None
    subject: str = ""
    sender: Address | None = None
    date: dt.datetime | None = None
    references: tuple[str, ...] = ()
    size: int | None = None
    lines: int | None = None


class Article(Result):
    """A whole article (RFC 5536)."""

    info: ArticleInfo
    text: str | None
    attachments: tuple[Attachment, ...]
    headers: Headers
    raw: bytes = field(repr=False)
    defects: tuple[str, ...] = ()


class PostReport(Result):
    """What became of an article."""

    message_id: str
    reply: Reply | None
