"""What mailboxes give, and what sending does."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from nettools.results.base import Deferred, Reply, Result
from nettools.results.headers import Headers

__all__ = ["Address", "Attachment", "Folder", "FolderStatus", "Mail", "MailInfo", "SendReport"]


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Address(Result):
    """A mail address (RFC 5322 3.4): display name, mailbox (local part) and host."""

    name: str = ""
    mailbox: str = ""
    host: str = ""

    @property
    def address(self) -> str:
        """`mailbox@host`."""
        return f"{self.mailbox}@{self.host}" if self.host else self.mailbox

    def __str__(self) -> str:
        return f"{self.name} <{self.address}>" if self.name else self.address

    def to_dict(self, *, include_data: bool = False) -> dict[str, Any]:
        """As JSON can carry it."""
        return {"name": self.name, "mailbox": self.mailbox, "host": self.host, "address": self.address}


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class SendReport(Result):
    """What became of a mail: addresses accepted, {address: ReplyError} refused, Message-ID, the server's last reply."""

    accepted: tuple[str, ...]
    refused: Mapping[str, Exception] = field(hash=False)
    message_id: str | None
    reply: Reply | None


@dataclass(frozen=True, slots=True, eq=False, repr=False)
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


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Attachment(Result):
    """A part of a message that is a file, or an inline image (`inline`, `content_id`)."""

    name: str | None
    content_type: str
    data: bytes = field(repr=False)
    size: int = 0
    inline: bool = False
    content_id: str | None = None


@dataclass(frozen=True, slots=True, eq=False, repr=False)
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


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Folder(Result):
    """A mailbox folder. `special_use` is an attribute of RFC 6154 such as `\\Sent`, None where it has none."""

    name: str
    delimiter: str | None
    flags: tuple[str, ...] = ()
    special_use: str | None = None


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class FolderStatus(Result):
    """The state of a folder as SELECT or STATUS tells it (RFC 3501 6.3.1, 6.3.10)."""

    name: str
    exists: int | None = None
    unseen: int | None = None
    uid_next: int | None = None
    uid_validity: int | None = None
    flags: tuple[str, ...] = ()
    permanent_flags: tuple[str, ...] = ()
    highest_modseq: int | None = None
    readonly: bool | None = None
