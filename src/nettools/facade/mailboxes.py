"""Mailboxes, by IMAP or POP3: listed, searched, fetched, changed, watched; and a message that is here already.

Wherever several UIDs may be named, a `Query` may stand in their place: the messages that it finds, which may be none.
"""

from __future__ import annotations

import datetime as dt
import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any, TypeVar

from nettools import results
from nettools.errors import UsageError
from nettools.facade.connecting import protocol_for
from nettools.session import run, run_stream

if TYPE_CHECKING:
    from pathlib import Path
    from typing import Unpack

    from nettools.keywords import Keywords
    from nettools.query import Query
    from nettools.results import Folder, Mail, MailInfo

    Uid = str | int
    Uids = Uid | Iterable[Uid] | Query

__all__ = [
    "append_mail",
    "copy_mail",
    "create_folder",
    "delete_folder",
    "delete_mail",
    "fetch_mail",
    "fetch_mails",
    "flag_mail",
    "list_folders",
    "list_mail",
    "move_mail",
    "parse_mail",
    "rename_folder",
    "save_attachments",
    "search_mail",
    "watch_mail",
]

T = TypeVar("T")

SCHEMES = ("imap", "imaps", "pop3", "pop3s")


def _run(url: str, opts: Mapping[str, Any], action: Callable[[Any], T]) -> T:
    """One operation on a mailbox of either protocol."""
    return run(protocol_for(url, SCHEMES), url, action, opts)


def list_mail(
    url: str,
    *,
    folder: str | None = None,
    query: Query | str | None = None,
    limit: int | None = 50,
    newest_first: bool = True,
    **opts: Unpack[Keywords],
) -> tuple[MailInfo, ...]:
    """The messages of a mailbox, newest first: subject, addresses, date, flags and size, without their bodies.

    Args:
        folder: None is the URL's folder, else INBOX.
        query: a `Query`, or a str in the syntax of IMAP SEARCH (RFC 3501 6.4.4).
        limit: how many at most; None is all.

    >>> list_mail(imap.url, auth=alice, query=Query(unseen=True))
    ()
    """
    return _run(url, opts, lambda mail: mail.list(folder=folder, query=query, limit=limit, newest_first=newest_first))


def fetch_mail(
    url: str,
    uid: Uid | None = None,
    *,
    number: int | None = None,
    folder: str | None = None,
    mark_seen: bool = False,
    **opts: Unpack[Keywords],
) -> Mail:
    """One whole message, parsed: text, html, attachments, headers, defects, and the exact octets in `raw`.

    Raises:
        NotFoundError: there is no such message.

    >>> uid = append_mail(imap.url, b"Subject: Hi\\n\\nHello\\n", folder="Archive", auth=alice)
    >>> fetch_mail(imap.url, uid, folder="Archive", auth=alice).text
    'Hello\\n'
    """
    found: Mail = _run(url, opts, lambda mail: mail.fetch(uid, number=number, folder=folder, mark_seen=mark_seen))
    return found


def fetch_mails(
    url: str,
    uids: Uids | None = None,
    *,
    numbers: int | Iterable[int] | None = None,
    folder: str | None = None,
    mark_seen: bool = False,
    **opts: Unpack[Keywords],
) -> Iterator[Mail]:
    """Many whole messages over one connection, one by one; all of the folder when none are named.

    Args:
        uids: one, several, or a `Query`: those that it finds.

    >>> uid = append_mail(imap.url, b"Subject: One\\n\\nHello\\n", folder="Junk", auth=alice)
    >>> [mail.info.subject for mail in fetch_mails(imap.url, folder="Junk", auth=alice)]
    ['One']
    >>> [mail.text for mail in fetch_mails(imap.url, Query(subject="one"), folder="Junk", auth=alice)]
    ['Hello\\n']
    """
    return run_stream(
        protocol_for(url, SCHEMES),
        url,
        lambda mail: mail.fetch_many(uids, numbers=numbers, folder=folder, mark_seen=mark_seen),
        opts,
    )


def search_mail(
    url: str, query: Query | str, *, folder: str | None = None, **opts: Unpack[Keywords]
) -> tuple[str, ...]:
    """The UIDs of the messages for which a query holds, in ascending order.

    >>> search_mail(imap.url, Query(subject="nowhere") | Query(flagged=True), folder="Archive", auth=alice)
    ()
    """
    return _run(url, opts, lambda mail: mail.search(query, folder=folder))


def watch_mail(
    url: str, *, folder: str | None = None, query: Query | str | None = None, **opts: Unpack[Keywords]
) -> Iterator[MailInfo]:
    """New messages as they arrive (IMAP IDLE, RFC 2177; where it is missing, and on POP3, by asking again).

    New is what arrives after the first of them was asked for: nothing is connected before.

    >>> for info in watch_mail(imap.url, auth=alice):  # doctest: +SKIP
    ...     print(info.subject)
    """
    return run_stream(protocol_for(url, SCHEMES), url, lambda mail: mail.watch(folder=folder, query=query), opts)


def list_folders(url: str, *, pattern: str = "*", **opts: Unpack[Keywords]) -> tuple[Folder, ...]:
    """The folders of a mailbox, their names decoded, with their special uses (RFC 6154).

    >>> [f.name for f in list_folders(imap.url, auth=alice) if f.special_use == "\\\\Sent"]
    ['Sent']
    """
    return _run(url, opts, lambda mail: mail.folders(pattern=pattern))


def create_folder(url: str, name: str, **opts: Unpack[Keywords]) -> None:
    """Make a folder.

    >>> create_folder(imap.url, "Projects/2026", auth=alice)
    """
    _run(url, opts, lambda mail: mail.create_folder(name))


def delete_folder(url: str, name: str, **opts: Unpack[Keywords]) -> None:
    """Remove a folder with all its messages.

    Raises:
        NotFoundError: there is no such folder.

    >>> create_folder(imap.url, "Old", auth=alice)
    >>> delete_folder(imap.url, "Old", auth=alice)
    """
    _run(url, opts, lambda mail: mail.delete_folder(name))


def rename_folder(url: str, name: str, new_name: str, **opts: Unpack[Keywords]) -> None:
    """Give a folder, and those within it, another name.

    >>> create_folder(imap.url, "New", auth=alice)
    >>> rename_folder(imap.url, "New", "Old/Grün", auth=alice)
    """
    _run(url, opts, lambda mail: mail.rename_folder(name, new_name))


def append_mail(
    url: str,
    message: Any,
    *,
    folder: str | None = None,
    flags: Iterable[str] = (),
    date: dt.datetime | None = None,
    **opts: Unpack[Keywords],
) -> str | None:
    """Put a message into a folder; the new UID where the server tells it (UIDPLUS, RFC 4315). Never sent twice.

    Args:
        message: an EmailMessage, bytes, a path, a binary file, or a mapping of `send_mail`'s keywords: a draft.

    >>> append_mail(imap.url, b"Subject: Draft\\n\\nHello\\n", folder="Drafts", flags=["\\\\Draft"], auth=alice)
    '1'
    >>> append_mail(imap.url, {"to": "bob@example.org", "subject": "Hi", "text": "Hello"}, folder="Drafts", auth=alice)
    '2'
    """
    uid: str | None = _run(url, opts, lambda mail: mail.append(message, folder=folder, flags=flags, date=date))
    return uid


def move_mail(
    url: str,
    uids: Uids | None = None,
    to_folder: str = "",
    *,
    numbers: int | Iterable[int] | None = None,
    folder: str | None = None,
    **opts: Unpack[Keywords],
) -> tuple[str, ...]:
    """Move messages, or what a `Query` finds, to another folder (RFC 6851, else by a copy); the new UIDs where told.

    >>> uid = append_mail(imap.url, b"Subject: Old\\n\\nHello\\n", folder="Junk", auth=alice)
    >>> (new_uid,) = move_mail(imap.url, uid, "Trash", folder="Junk", auth=alice)
    """
    return _run(url, opts, lambda mail: mail.move(uids, to_folder, numbers=numbers, folder=folder))


def copy_mail(
    url: str,
    uids: Uids | None = None,
    to_folder: str = "",
    *,
    numbers: int | Iterable[int] | None = None,
    folder: str | None = None,
    **opts: Unpack[Keywords],
) -> tuple[str, ...]:
    """Copy messages, or what a `Query` finds, to another folder; the new UIDs where the server tells them.

    >>> uid = append_mail(imap.url, b"Subject: Twice\\n\\nHello\\n", folder="Archive", auth=alice)
    >>> (new_uid,) = copy_mail(imap.url, uid, "Sent", folder="Archive", auth=alice)
    """
    return _run(url, opts, lambda mail: mail.copy(uids, to_folder, numbers=numbers, folder=folder))


def flag_mail(
    url: str,
    uids: Uids | None = None,
    *,
    numbers: int | Iterable[int] | None = None,
    add: str | Iterable[str] = (),
    remove: str | Iterable[str] = (),
    folder: str | None = None,
    **opts: Unpack[Keywords],
) -> None:
    """Set and clear flags (`\\\\Seen`, `\\\\Flagged`, keywords) of messages, or of what a `Query` finds.

    >>> uid = append_mail(imap.url, b"Subject: Star\\n\\nHello\\n", folder="Sent", auth=alice)
    >>> flag_mail(imap.url, uid, add="\\\\Flagged", remove=["\\\\Seen"], folder="Sent", auth=alice)
    """
    _run(url, opts, lambda mail: mail.flag(uids, numbers=numbers, add=add, remove=remove, folder=folder))


def delete_mail(
    url: str,
    uids: Uids | None = None,
    *,
    numbers: int | Iterable[int] | None = None,
    folder: str | None = None,
    **opts: Unpack[Keywords],
) -> None:
    """Delete messages: these, or what a `Query` finds, and no others that happen to be marked.

    >>> uid = append_mail(imap.url, b"Subject: Gone\\n\\nHello\\n", folder="Trash", auth=alice)
    >>> delete_mail(imap.url, uid, folder="Trash", auth=alice)
    """
    _run(url, opts, lambda mail: mail.delete(uids, numbers=numbers, folder=folder))


def save_attachments(
    source: Mail | str,
    dest_dir: str | os.PathLike[str],
    *,
    uid: Uid | None = None,
    folder: str | None = None,
    pattern: str | None = None,
    **opts: Unpack[Keywords],
) -> tuple[Path, ...]:
    """Write the attachments of a `Mail`, or of a message on a server, into a folder, and nowhere else.

    Args:
        source: a Mail, or a URL; then `uid` names the message.
        pattern: only names that match, such as `"*.pdf"`; case does not matter.

    >>> uid = append_mail(imap.url, b"Subject: None\\n\\nHello\\n", folder="Sent", auth=alice)
    >>> save_attachments(imap.url, folder, uid=uid, folder="Sent", auth=alice)
    ()
    """
    if isinstance(source, results.Mail):
        if opts or uid is not None or folder is not None:
            raise UsageError("save_attachments of a Mail takes no uid=, folder= or connection options")
        from nettools import files

        return files.save_attachments(source.attachments, dest_dir, files.matcher(pattern))
    return _run(source, opts, lambda mail: mail.save_attachments(uid, dest_dir, folder=folder, pattern=pattern))


def parse_mail(raw: bytes) -> Mail:
    """A message that is already here, parsed as `fetch_mail` does.

    >>> parse_mail(b"Subject: =?utf-8?q?Gr=C3=BC=C3=9Fe?=\\r\\n\\r\\nHallo\\r\\n").info.subject
    'Grüße'
    """
    from nettools.parse.message import parse_mail as parse

    if not isinstance(raw, (bytes, bytearray, memoryview, str)):
        raise UsageError(f"a message is bytes or str, not {type(raw).__name__}")
    return parse(raw)
