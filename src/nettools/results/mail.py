"""Messages: a line of a mailbox, a whole one, and what is attached to it."""

from __future__ import annotations

import datetime as dt

from nettools.frozen import field
from nettools.results.address import Address
from nettools.results.base import Deferred, Result
from nettools.results.headers import Headers

__all__ = ["Attachment", "Mail", "MailInfo"]


class MailInfo(Deferred):
    """One line of a mailbox. `uid` is the IMAP UID or POP3 UIDL, `number` the sequence or message number."""

    uid: str
    number: int | None
    folder: str | None
    subject: str = ""
    sender: Address | None = None
    to: tuple[Address, ...] = ()
    cc: tuple[Address, ...] = ()
    date: dt.datetime | None = None
    message_id: str | None = None
    flags: tuple[str, ...] = ()
    size: int | None = None


class Attachment(Result):
    """A part of a message that is a file, or an inline image (`inline`, `content_id`)."""

    name: str | None
    content_type: str
    data: bytes = field(repr=False)
    size: int = 0
    inline: bool = False
    content_id: str | None = None


class Mail(Deferred):
    """A whole message. `raw` is the exact octets; `defects` says what could not be read as the RFCs have it.

    Of a message that was fetched, the rest is read from `raw` when it is first asked for.
    """

    info: MailInfo
    text: str | None
    html: str | None
    attachments: tuple[Attachment, ...]
    headers: Headers
    raw: bytes = field(repr=False)
    defects: tuple[str, ...] = ()
