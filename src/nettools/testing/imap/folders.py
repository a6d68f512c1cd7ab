"""The commands that choose and change folders: SELECT, CREATE, DELETE, RENAME, SUBSCRIBE (RFC 3501 section 6.3).

The hierarchy is in the names, with "/" between; a parent need not be a folder itself. INBOX is always there: it cannot
be deleted, and renaming it moves its messages (section 6.3.5). What folders there are is told by `listing`.
"""

from __future__ import annotations

import re

from nettools.testing.imap.grammar import Cursor
from nettools.testing.imap.session import No, Session
from nettools.testing.imap.view import View


def _name(cursor: Cursor, *, last: bool = True) -> str:
    name = cursor.mailbox()
    if last:
        cursor.end()
    return name


def _new_name(session: Session, cursor: Cursor) -> str:
    name = _name(cursor).removesuffix("/")
    if name in session.mailbox.folders:
        raise No("Folder exists", "ALREADYEXISTS")
    if not name or "//" in name or name.startswith("/") or re.search(r"[%*\x00-\x1f\x7f]", name):
        raise No("No name for a folder", "CANNOT")
    return name


def select(session: Session, cursor: Cursor, *, readonly: bool) -> str:
    """Answer SELECT and EXAMINE: the state of the folder, then READ-WRITE or READ-ONLY."""
    if session.view is not None and "CONDSTORE" in session.capabilities:
        session.send(b"OK [CLOSED] What follows is of another folder")  # RFC 7162 section 3.2.11
    session.view = None  # RFC 3501 section 6.3.1: a failed SELECT leaves no folder selected
    name = _name(cursor, last=False)
    if cursor.accept(b" (CONDSTORE)"):
        session.use_condstore()
    cursor.end()
    folder = session.folder(name)
    view = session.view = View(folder, readonly=readonly, recent=lambda: session.recent(folder, peek=readonly))
    flags = " ".join(view.keywords())
    session.send(f"FLAGS ({flags})".encode())
    session.send(b"%d EXISTS" % len(view.uids))
    session.send(b"%d RECENT" % len(view.recent))
    first = next((i for i, m in enumerate(folder.messages, 1) if "\\Seen" not in m.flags), None)
    if first is not None:
        session.send(b"OK [UNSEEN %d] First unseen message" % first)
    permanent = "" if readonly else f"{flags} \\*"
    session.send(f"OK [PERMANENTFLAGS ({permanent})] Flags that are kept".encode())
    session.send(b"OK [UIDVALIDITY %d] UIDs valid" % folder.uidvalidity)
    session.send(b"OK [UIDNEXT %d] Predicted next UID" % folder.uidnext)
    if "CONDSTORE" in session.capabilities:
        session.send(b"OK [HIGHESTMODSEQ %d] Highest" % folder.modseq)
    return "[READ-ONLY] EXAMINE completed" if readonly else "[READ-WRITE] SELECT completed"


def create(session: Session, cursor: Cursor) -> str:
    """Answer CREATE; a trailing delimiter only announces that children are to come."""
    session.mailbox.create(_new_name(session, cursor))
    return "CREATE completed"


def delete(session: Session, cursor: Cursor) -> str:
    """Answer DELETE; children stay, and their parent is then listed as \\Noselect."""
    name = _name(cursor)
    if name == "INBOX":
        raise No("INBOX cannot be deleted", "CANNOT")
    session.folder(name)
    session.mailbox.delete(name)
    return "DELETE completed"


def rename(session: Session, cursor: Cursor) -> str:
    """Answer RENAME: children go along; INBOX is emptied into the new folder and stays."""
    source = _name(cursor, last=False)
    cursor.space()
    target = _new_name(session, cursor)
    folders = session.mailbox.folders
    if source not in folders and not any(name.startswith(f"{source}/") for name in folders):
        raise No("No such folder", "NONEXISTENT")
    session.mailbox.rename(source, target)
    return "RENAME completed"


def subscribe(session: Session, cursor: Cursor) -> str:
    """Answer SUBSCRIBE."""
    name = _name(cursor)
    session.folder(name)
    session.mailbox.subscribed.add(name)
    return "SUBSCRIBE completed"


def unsubscribe(session: Session, cursor: Cursor) -> str:
    """Answer UNSUBSCRIBE; a folder that is gone may still be taken off the list."""
    session.mailbox.subscribed.discard(_name(cursor))
    return "UNSUBSCRIBE completed"
