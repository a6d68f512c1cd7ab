"""QUOTA (RFC 9208): one root, the mailbox itself, with the resource STORAGE; `mailbox.quota` is its limit in KiB."""

from __future__ import annotations

from nettools.testing.imap.grammar import Cursor, format_mailbox
from nettools.testing.imap.session import No, Session

_ROOT = b'"user"'


def _send(session: Session) -> None:
    mailbox = session.mailbox
    limit = b"" if mailbox.quota is None else b"STORAGE %d %d" % (-(-mailbox.size // 1024), mailbox.quota)
    session.send(b"QUOTA " + _ROOT + b" (" + limit + b")")


def get_quota(session: Session, cursor: Cursor) -> str:
    """Answer GETQUOTA."""
    root = cursor.astring()
    cursor.end()
    if root != _ROOT.strip(b'"'):
        raise No("No such quota root", "NONEXISTENT")
    _send(session)
    return "GETQUOTA completed"


def get_quota_root(session: Session, cursor: Cursor) -> str:
    """Answer GETQUOTAROOT."""
    name = cursor.mailbox()
    cursor.end()
    session.folder(name)
    session.send(b"QUOTAROOT " + format_mailbox(name, utf8=session.utf8) + b" " + _ROOT)
    _send(session)
    return "GETQUOTAROOT completed"


def set_quota(session: Session, cursor: Cursor) -> str:
    """Answer SETQUOTA: users may not."""
    cursor.astring()
    cursor.space()
    cursor.expect(b"(")
    while not cursor.accept(b")"):
        cursor.keyword()
        cursor.space()
        cursor.number()
        cursor.accept(b" ")
    cursor.end()
    raise No("Only administrators may", "NOPERM")
