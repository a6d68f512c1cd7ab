"""What every call gives back: frozen, slotted, picklable values with `to_dict()`.

This module knows no protocol and no wire; it is where the words of all protocols meet, so that a script that can read
one result can read them all. Conventions: dates are aware datetimes; sizes are octets; text is decoded; tuples, never
lists. `meta` says how the result came about (peer, TLS, timings, bytes, round trips, attempts) and never takes part in
equality.

A name is imported from its file when it is first asked for: a call that moves a file need not pay for mail.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from nettools._lazy import lazily

if TYPE_CHECKING:
    from nettools.results.base import NO_META, Deferred, Event, Meta, Reply, Result, TLSInfo, attach, plain
    from nettools.results.exchanges import Dialogue, Exchange, GopherItem
    from nettools.results.files import Digest, FileEntry, MirrorReport, Outcome, Transfer, digest_of
    from nettools.results.headers import Headers
    from nettools.results.mail import Address, Attachment, Folder, FolderStatus, Mail, MailInfo, SendReport
    from nettools.results.news import Article, ArticleInfo, Group, PostReport
    from nettools.results.web import Page

__all__ = [
    "NO_META",
    "Address",
    "Article",
    "ArticleInfo",
    "Attachment",
    "Deferred",
    "Dialogue",
    "Digest",
    "Event",
    "Exchange",
    "FileEntry",
    "Folder",
    "FolderStatus",
    "GopherItem",
    "Group",
    "Headers",
    "Mail",
    "MailInfo",
    "Meta",
    "MirrorReport",
    "Outcome",
    "Page",
    "PostReport",
    "Reply",
    "Result",
    "SendReport",
    "TLSInfo",
    "Transfer",
    "attach",
    "digest_of",
    "plain",
]

_HOMES = {
    name: f"{__name__}.{home}"
    for home, names in {
        "base": ("NO_META", "Deferred", "Event", "Meta", "Reply", "Result", "TLSInfo", "attach", "plain"),
        "exchanges": ("Dialogue", "Exchange", "GopherItem"),
        "files": ("Digest", "FileEntry", "MirrorReport", "Outcome", "Transfer", "digest_of"),
        "headers": ("Headers",),
        "mail": ("Address", "Attachment", "Folder", "FolderStatus", "Mail", "MailInfo", "SendReport"),
        "news": ("Article", "ArticleInfo", "Group", "PostReport"),
        "web": ("Page",),
    }.items()
    for name in names
}
__getattr__ = lazily(__name__, _HOMES)
