"""The keywords that calls take besides their own arguments, for type checkers and editors (PEP 692).

Nothing imports this when it runs. `Options` says what the values mean and checks them; a test holds the two together.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Literal, TypedDict

from nettools.credentials import Auth, Given
from nettools.options import Options
from nettools.policies import TLS, Proxy, Retry, Timeout
from nettools.results import Event
from nettools.secret import Secret

__all__ = [
    "AnyKeywords",
    "ArticleKeywords",
    "Attachments",
    "DownloadKeywords",
    "FTPKeywords",
    "Fields",
    "HTTPKeywords",
    "Keywords",
    "ManyKeywords",
    "MessageKeywords",
    "NNTPKeywords",
    "People",
    "SMTPKeywords",
    "UnixKeywords",
]


People = str | Iterable[str] | None  # mail addresses
Attachments = Iterable[str | os.PathLike[str] | tuple[Any, ...]]
Fields = Mapping[str, str] | Iterable[tuple[str, str]] | None  # of a header


class Keywords(TypedDict, total=False):
    """What every call takes."""

    timeout: Timeout | float | None
    tls: TLS | str | bool | None
    auth: Auth | tuple[str, Given] | None
    proxy: Proxy | str | None
    retry: Retry | int | None
    netrc: bool | str | os.PathLike[str]
    encoding: str | None
    max_size: int | None
    resolve: Mapping[tuple[str, int], Sequence[str]]
    family: Literal[4, 6] | None
    source_address: str | tuple[str, int] | None
    limit_rate: float | None
    on_event: Callable[[Event], object] | None
    progress: Callable[[int, int | None], object] | None
    profile: str | None
    options: Options | None


class HTTPKeywords(Keywords, total=False):
    """What calls over HTTP take."""

    cookies: Mapping[str, str] | None


class FTPKeywords(Keywords, total=False):
    """What calls over FTP take."""

    active: bool | str
    account: str | Secret | None
    data_host: Literal["peer", "reply"]


class SMTPKeywords(Keywords, total=False):
    """What calls over SMTP take."""

    ehlo: str | None


class MessageKeywords(TypedDict, total=False):
    """What a message is made of, and how it is sent: `send_mail`'s own arguments, and `send`'s of a session."""

    to: People
    sender: str | None
    subject: str
    text: str | None
    html: str | None
    cc: People
    bcc: People
    attachments: Attachments
    headers: Fields
    message: Any
    partial: bool
    mail_options: str | Iterable[str]
    rcpt_options: str | Iterable[str]


class ArticleKeywords(TypedDict, total=False):
    """What an article is made of: `post_article`'s own arguments besides its groups, and `post`'s of a session."""

    sender: str | None
    subject: str | None
    text: str | None
    headers: Fields
    references: str | Iterable[str]


class NNTPKeywords(Keywords, total=False):
    """What calls over NNTP take; `group` is an argument of their own."""

    server: str | None


class UnixKeywords(Keywords, total=False):
    """What calls over raw sockets take."""

    datagram: bool | None


class AnyKeywords(HTTPKeywords, FTPKeywords, SMTPKeywords, NNTPKeywords, UnixKeywords, total=False):
    """What calls take whose URL picks the protocol."""

    group: str | None


class DownloadKeywords(AnyKeywords, total=False):
    """What `download` hands on to the protocol that the URL picks: HTTP's, and `keep_time` of FTP's."""

    method: str
    params: Mapping[str, Any] | Iterable[tuple[str, Any]] | None
    headers: Mapping[str, str | None] | Iterable[tuple[str, str | None]] | None
    data: Any
    json: Any
    files: Any
    follow: int
    range: tuple[int, int | None] | None
    newer_than: Any
    unix_socket: str | os.PathLike[str] | None
    keep_time: bool


class ManyKeywords(DownloadKeywords, total=False):
    """What `download_many` hands on to `download`."""

    resume: bool
    checksum: str | None
