"""The functions that choose the protocol by the URL's scheme: `connect`, `download`, and everything about mailboxes.

Functions of one protocol alone live in its file (`protocols.ftp.ftp_get`); all are exported by `nettools`. Each is a
session opened, used once and closed, so that whatever a function can do, `connect(url)` can do many times over one
connection. Protocol modules are imported when a URL names them, not before.

Examples in the docstrings run as tests against the fake servers: `http`, `ftp`, `smtp`, `pop3`, `imap` and `nntp` stand
for servers of `nettools.testing`, `alice` for their user's `("alice", "secret")`.
"""

from __future__ import annotations

import datetime as dt
import importlib
import os
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, cast

from nettools import results
from nettools.errors import UsageError
from nettools.session import Protocol, Session, make_session, open_session, run, run_stream
from nettools.target import PROTOCOLS, Target, parse_url

if TYPE_CHECKING:
    from nettools.query import Query
    from nettools.results import Attachment, Folder, Mail, MailInfo, Transfer

Uid = str | int
Uids = Uid | Iterable[Uid]
Message = "EmailMessage | bytes | str | os.PathLike[str] | BinaryIO"

MAILBOXES = ("imap", "imaps", "pop3", "pop3s")
DOWNLOAD_KEYWORDS = {
    "http": (
        *("method", "params", "headers", "data", "json", "files"),
        *("follow", "range", "newer_than", "unix_socket"),
    ),
    "ftp": ("keep_time", "range", "newer_than"),
    "gopher": (),
}
XMLRPC_PATHS = ("rpc2", "xmlrpc", "xmlrpc.php")  # last part of a path, in lower case, behind which calls are answered
FILES = ("http", "https", "ftp", "ftps", "ftpes", "gopher", "gophers")


def protocol_named(name: str) -> Protocol[Any]:
    """The record of a protocol, its module imported now."""
    if name in ("tcp", "udp", "unix"):  # one module for the three
        sockets: dict[str, Protocol[Any]] = importlib.import_module("nettools.protocols.sock").PROTOCOLS
        return sockets[name]
    module = importlib.import_module(f"nettools.protocols.{name}")
    protocol: Protocol[Any] = module.PROTOCOL
    return protocol


def protocol_for(url: str, schemes: Iterable[str] | None = None) -> Protocol[Any]:
    """The record of the protocol that a URL names.

    Raises:
        UsageError: exit code 3; no URL, an unknown scheme, or one that is not among `schemes`.
    """
    return protocol_named(parse_url(url, None if schemes is None else tuple(schemes)).protocol)


def _conversation(url: str) -> Protocol[Any]:
    """The protocol of a session: XML-RPC at the paths where HTTP servers have it, else as the scheme says."""
    target = parse_url(url)
    calls = target.protocol == "http" and target.path.rpartition("/")[2].lower() in XMLRPC_PATHS
    return protocol_named("xmlrpc" if calls else target.protocol)


def connect(url: str, **opts: Any) -> Session:
    """A session with any server: connected, secured, logged in, ready for many operations over one connection.

    Its methods are the functions' names without protocol and noun: `ftp_get(url)` is `connect(url).get(path)`. Leaving
    its context says goodbye; after an exception it just closes. A URL of HTTP whose path ends in `/RPC2`, `/xmlrpc` or
    `/xmlrpc.php` gives an XML-RPC session, with the remote methods as attributes, which is an HTTP session too.

    >>> with connect(imap.url, auth=alice) as mail:
    ...     [folder.name for folder in mail.folders()][:2]
    ['INBOX', 'Archive']

    Raises:
        NettoolsError: as every function does; ConnectError and its kin, AuthError.
    """
    session: Session = open_session(_conversation(url), url, opts)
    return session


def download(
    url: str,
    dest: str | os.PathLike[str] | BinaryIO | None,
    *,
    resume: bool = False,
    checksum: str | None = None,
    **opts: Any,
) -> Transfer:
    """Fetch a file by HTTP, FTP or Gopher into `dest`: a path (replaced atomically), a folder, or a binary file.

    Args:
        resume: go on with what an interrupted download left in `dest.part`, if the remote file is still the same.
            Gopher cannot send the rest of a file: there it is fetched anew.
        checksum: `"sha256:..."` (or md5, sha1, sha512); another content is a ChecksumError and leaves no file.

    >>> download(f"{http.url}/pub/hello.txt", folder).path.name
    'hello.txt'
    """
    protocol = protocol_for(url, FILES)
    own = {name: opts.pop(name) for name in DOWNLOAD_KEYWORDS[protocol.name] if name in opts}

    def fetch(session: Any) -> Transfer:
        method = session.download if protocol.name == "http" else session.get
        result: Transfer = method(None, dest, resume=resume, checksum=checksum, **own)
        return result

    return run(protocol, url, fetch, opts)


class Downloads:
    """Downloads one after another over kept connections, one for each server: what a worker of `download_many` has.

    The sessions of the last few servers are kept. Belongs to one thread.
    """

    KEPT = 4

    def __init__(self, opts: Mapping[str, Any]) -> None:
        self._own = {name: value for name, value in opts.items() if name in ("resume", "checksum")}
        self._opts = {name: value for name, value in opts.items() if name not in self._own}
        self._sessions: dict[tuple[str, str | None, Any], Session] = {}

    def fetch(self, url: str, dest: str) -> Transfer:
        """As `download`."""
        target = parse_url(url, FILES)
        keywords = DOWNLOAD_KEYWORDS[target.protocol]
        own = {name: value for name, value in self._opts.items() if name in keywords}
        if target.protocol == "http":
            session = self._session(target, url)
            return cast("Transfer", session.download(url, dest, **self._own, **own))  # type: ignore[attr-defined]
        if target.protocol == "ftp":
            from nettools.protocols.ftp.paths import url_path

            path, kind = url_path(target.path, self._opts.get("encoding") or "utf-8")
            if kind not in ("a", "d"):
                session = self._session(target, target.origin)
                return cast("Transfer", session.get(path, dest, **self._own, **own))  # type: ignore[attr-defined]
        return download(url, dest, **self._own, **self._opts)

    def _session(self, target: Target, url: str) -> Session:
        key = target.origin, target.user, target.password
        session = self._sessions.pop(key, None)
        if session is None:
            keywords = DOWNLOAD_KEYWORDS[target.protocol]
            opts = {name: value for name, value in self._opts.items() if name not in keywords}
            if target.user is not None and target.password is not None:
                opts.setdefault("auth", (target.user, target.password))
            session = make_session(protocol_named(target.protocol), url, opts)
        self._sessions[key] = session  # the last one used is the last to go
        if len(self._sessions) > self.KEPT:
            self._sessions.pop(next(iter(self._sessions))).close()
        return session

    def close(self) -> None:
        """End every conversation."""
        while self._sessions:
            self._sessions.popitem()[1].close()


# --- mailboxes: IMAP and POP3


def list_mail(
    url: str,
    *,
    folder: str | None = None,
    query: Query | str | None = None,
    limit: int | None = 50,
    newest_first: bool = True,
    **opts: Any,
) -> tuple[MailInfo, ...]:
    """The messages of a mailbox, newest first: subject, addresses, date, flags and size, without their bodies.

    Args:
        folder: None is the URL's folder, else INBOX.
        query: a `Query`, or a str in the syntax of IMAP SEARCH (RFC 3501 6.4.4).
        limit: how many at most; None is all.

    >>> list_mail(imap.url, auth=alice, query=Query(unseen=True))
    ()
    """
    result: tuple[MailInfo, ...] = run(
        protocol_for(url, MAILBOXES),
        url,
        lambda mail: mail.list(folder=folder, query=query, limit=limit, newest_first=newest_first),
        opts,
    )
    return result


def fetch_mail(
    url: str,
    uid: Uid | None = None,
    *,
    number: int | None = None,
    folder: str | None = None,
    mark_seen: bool = False,
    **opts: Any,
) -> Mail:
    """One whole message, parsed: text, html, attachments, headers, defects, and the exact octets in `raw`.

    Raises:
        NotFoundError: there is no such message.

    >>> uid = append_mail(imap.url, b"Subject: Hi\\n\\nHello\\n", folder="Archive", auth=alice)
    >>> fetch_mail(imap.url, uid, folder="Archive", auth=alice).text
    'Hello\\n'
    """
    result: Mail = run(
        protocol_for(url, MAILBOXES),
        url,
        lambda mail: mail.fetch(uid, number=number, folder=folder, mark_seen=mark_seen),
        opts,
    )
    return result


def fetch_mails(
    url: str,
    uids: Uids | None = None,
    *,
    numbers: int | Iterable[int] | None = None,
    folder: str | None = None,
    mark_seen: bool = False,
    **opts: Any,
) -> Iterator[Mail]:
    """Many whole messages over one connection, one by one; all of the folder when none are named.

    >>> uid = append_mail(imap.url, b"Subject: One\\n\\nHello\\n", folder="Junk", auth=alice)
    >>> [mail.info.subject for mail in fetch_mails(imap.url, folder="Junk", auth=alice)]
    ['One']
    """
    return run_stream(
        protocol_for(url, MAILBOXES),
        url,
        lambda mail: mail.fetch_many(uids, numbers=numbers, folder=folder, mark_seen=mark_seen),
        opts,
    )


def search_mail(url: str, query: Query | str, *, folder: str | None = None, **opts: Any) -> tuple[str, ...]:
    """The UIDs of the messages for which a query holds, in ascending order.

    >>> search_mail(imap.url, Query(subject="nowhere") | Query(flagged=True), folder="Archive", auth=alice)
    ()
    """
    result: tuple[str, ...] = run(
        protocol_for(url, MAILBOXES), url, lambda mail: mail.search(query, folder=folder), opts
    )
    return result


def watch_mail(
    url: str, *, folder: str | None = None, query: Query | str | None = None, **opts: Any
) -> Iterator[MailInfo]:
    """New messages as they arrive (IMAP IDLE, RFC 2177; where it is missing, and on POP3, by asking again).

    >>> for info in watch_mail(imap.url, auth=alice):  # doctest: +SKIP
    ...     print(info.subject)
    """
    return run_stream(protocol_for(url, MAILBOXES), url, lambda mail: mail.watch(folder=folder, query=query), opts)


def list_folders(url: str, *, pattern: str = "*", **opts: Any) -> tuple[Folder, ...]:
    """The folders of a mailbox, their names decoded, with their special uses (RFC 6154).

    >>> [f.name for f in list_folders(imap.url, auth=alice) if f.special_use == "\\\\Sent"]
    ['Sent']
    """
    result: tuple[Folder, ...] = run(
        protocol_for(url, MAILBOXES), url, lambda mail: mail.folders(pattern=pattern), opts
    )
    return result


def create_folder(url: str, name: str, **opts: Any) -> None:
    """Make a folder.

    >>> create_folder(imap.url, "Projects/2026", auth=alice)
    """
    run(protocol_for(url, MAILBOXES), url, lambda mail: mail.create_folder(name), opts)


def append_mail(
    url: str,
    message: Any,
    *,
    folder: str | None = None,
    flags: Iterable[str] = (),
    date: dt.datetime | None = None,
    **opts: Any,
) -> str | None:
    """Put a message into a folder; the new UID where the server tells it (UIDPLUS, RFC 4315). Never sent twice.

    >>> append_mail(imap.url, b"Subject: Draft\\n\\nHello\\n", folder="Drafts", flags=["\\\\Draft"], auth=alice)
    '1'
    """
    result: str | None = run(
        protocol_for(url, MAILBOXES),
        url,
        lambda mail: mail.append(message, folder=folder, flags=flags, date=date),
        opts,
    )
    return result


def move_mail(
    url: str,
    uids: Uids | None = None,
    to_folder: str = "",
    *,
    numbers: int | Iterable[int] | None = None,
    folder: str | None = None,
    **opts: Any,
) -> tuple[str, ...]:
    """Move messages to another folder (MOVE, RFC 6851, or copy and expunge); the new UIDs where told.

    >>> uid = append_mail(imap.url, b"Subject: Old\\n\\nHello\\n", folder="Junk", auth=alice)
    >>> (new_uid,) = move_mail(imap.url, uid, "Trash", folder="Junk", auth=alice)
    """
    result: tuple[str, ...] = run(
        protocol_for(url, MAILBOXES),
        url,
        lambda mail: mail.move(uids, to_folder, numbers=numbers, folder=folder),
        opts,
    )
    return result


def copy_mail(
    url: str,
    uids: Uids | None = None,
    to_folder: str = "",
    *,
    numbers: int | Iterable[int] | None = None,
    folder: str | None = None,
    **opts: Any,
) -> tuple[str, ...]:
    """Copy messages to another folder; the new UIDs where the server tells them.

    >>> uid = append_mail(imap.url, b"Subject: Twice\\n\\nHello\\n", folder="Archive", auth=alice)
    >>> (new_uid,) = copy_mail(imap.url, uid, "Sent", folder="Archive", auth=alice)
    """
    result: tuple[str, ...] = run(
        protocol_for(url, MAILBOXES),
        url,
        lambda mail: mail.copy(uids, to_folder, numbers=numbers, folder=folder),
        opts,
    )
    return result


def flag_mail(
    url: str,
    uids: Uids | None = None,
    *,
    numbers: int | Iterable[int] | None = None,
    add: str | Iterable[str] = (),
    remove: str | Iterable[str] = (),
    folder: str | None = None,
    **opts: Any,
) -> None:
    """Set and clear flags (`\\\\Seen`, `\\\\Flagged`, keywords).

    >>> uid = append_mail(imap.url, b"Subject: Star\\n\\nHello\\n", folder="Sent", auth=alice)
    >>> flag_mail(imap.url, uid, add="\\\\Flagged", remove=["\\\\Seen"], folder="Sent", auth=alice)
    """
    run(
        protocol_for(url, MAILBOXES),
        url,
        lambda mail: mail.flag(uids, numbers=numbers, add=add, remove=remove, folder=folder),
        opts,
    )


def delete_mail(
    url: str,
    uids: Uids | None = None,
    *,
    numbers: int | Iterable[int] | None = None,
    folder: str | None = None,
    **opts: Any,
) -> None:
    """Delete messages: these, and no others that happen to be marked.

    >>> uid = append_mail(imap.url, b"Subject: Gone\\n\\nHello\\n", folder="Trash", auth=alice)
    >>> delete_mail(imap.url, uid, folder="Trash", auth=alice)
    """
    run(
        protocol_for(url, MAILBOXES),
        url,
        lambda mail: mail.delete(uids, numbers=numbers, folder=folder),
        opts,
    )


def save_attachments(
    source: Mail | str,
    dest_dir: str | os.PathLike[str],
    *,
    uid: Uid | None = None,
    folder: str | None = None,
    pattern: str | None = None,
    **opts: Any,
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
        return write_attachments(source.attachments, dest_dir, pattern)
    result: tuple[Path, ...] = run(
        protocol_for(source, MAILBOXES),
        source,
        lambda mail: mail.save_attachments(uid, dest_dir, folder=folder, pattern=pattern),
        opts,
    )
    return result


def write_attachments(
    attachments: Iterable[Attachment], dest_dir: str | os.PathLike[str], pattern: str | None = None
) -> tuple[Path, ...]:
    """The files written, in order; see `nettools.files.save_all`."""
    from nettools.files import save_all

    wanted = [(each.name or f"part-{n}", each.data) for n, each in enumerate(attachments, 1)]
    return save_all(wanted, dest_dir, pattern=pattern)


def parse_mail(raw: bytes) -> Mail:
    """A message that is already here, parsed as `fetch_mail` does.

    >>> parse_mail(b"Subject: =?utf-8?q?Gr=C3=BC=C3=9Fe?=\\r\\n\\r\\nHallo\\r\\n").info.subject
    'Grüße'
    """
    from nettools.parse.message import parse_mail as parse

    if not isinstance(raw, (bytes, bytearray, memoryview, str)):
        raise UsageError(f"a message is bytes or str, not {type(raw).__name__}")
    return parse(raw)


def protocols() -> tuple[str, ...]:
    """The names of the protocols, in the order of the table."""
    return tuple(PROTOCOLS)


def plan(url: str, **opts: Any) -> Session:
    """A session that has not connected: what `--dry-run` looks at."""
    session: Session = make_session(protocol_for(url), url, opts)
    return session
