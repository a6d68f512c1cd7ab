"""The table of IMAP commands, and `execute`, which runs one from its octets to the octets of its answer.

No command here needs the connection: those that do (STARTTLS, AUTHENTICATE, IDLE, and LOGOUT's close) are in `server`.
`execute` checks the state that a command needs, turns refusals into NO and BAD, and adds what other sessions did to the
selected folder; EXPUNGE waits where the client still counts by sequence numbers (RFC 3501 section 7.4.1).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Literal

from nettools.testing import sasl
from nettools.testing.imap import folders, listing, messages, quotas, sorting
from nettools.testing.imap.grammar import Cursor, Malformed, format_string
from nettools.testing.imap.session import No, Session

Handler = Callable[[Session, Cursor], str]


@dataclass(frozen=True)
class Command:
    """A handler, the state it needs, whether arguments follow, the capability it belongs to, and its kind of update."""

    run: Handler
    state: Literal["any", "anonymous", "user", "selected"] = "user"
    arguments: bool = True
    capability: str = ""
    expunge: bool = True
    by_uid: bool = False


def _noop(session: Session, cursor: Cursor) -> str:
    return "NOOP completed"


def _capability(session: Session, cursor: Cursor) -> str:
    session.send(b"CAPABILITY " + " ".join(session.capabilities).encode())
    return "CAPABILITY completed"


def _login(session: Session, cursor: Cursor) -> str:
    name = cursor.astring()
    cursor.space()
    password = cursor.astring()
    cursor.end()
    if "LOGINDISABLED" in session.capabilities:
        raise No("LOGIN is disabled", "PRIVACYREQUIRED")
    try:
        user = session.accounts.login(name.decode("utf-8", "replace"), password.decode("utf-8", "surrogateescape"))
    except sasl.Refused:
        raise No("Invalid credentials", "AUTHENTICATIONFAILED") from None
    return session.logged_in(user)


def _close(session: Session, cursor: Cursor) -> str:
    """Answer CLOSE: deleted messages go without a word, unless the folder was opened by EXAMINE."""
    view = session.selected
    if not view.readonly:
        view.folder.remove([message.uid for message in view.folder.messages if "\\Deleted" in message.flags])
    session.view = None
    return "CLOSE completed"


def _unselect(session: Session, cursor: Cursor) -> str:
    session.view = None
    return "UNSELECT completed"


def _check(session: Session, cursor: Cursor) -> str:
    return "CHECK completed"


def _id(session: Session, cursor: Cursor) -> str:
    """Answer ID (RFC 2971)."""
    if not cursor.accept(b"NIL"):
        cursor.expect(b"(")
        while not cursor.accept(b")"):
            cursor.string()
            cursor.space()
            cursor.nstring()
            if not cursor.peek(b")"):
                cursor.space()
    cursor.end()
    session.send(b"ID (" + b" ".join(map(format_string, (b"name", b"nettools.testing"))) + b")")
    return "ID completed"


def _enable(session: Session, cursor: Cursor) -> str:
    """Answer ENABLE (RFC 5161): UTF8=ACCEPT (RFC 6855) and CONDSTORE (RFC 7162); others are passed over."""
    names = [cursor.keyword()]
    while not cursor.done:
        cursor.space()
        names.append(cursor.keyword())
    enabled = [name for name in names if name in ("UTF8=ACCEPT", "CONDSTORE") and name in session.capabilities]
    session.utf8 = session.utf8 or "UTF8=ACCEPT" in enabled
    if "CONDSTORE" in enabled:
        session.use_condstore()
    session.send(" ".join(["ENABLED", *enabled]).encode())
    return "ENABLE completed"


def _compress(session: Session, cursor: Cursor) -> str:
    """Answer COMPRESS (RFC 4978); the server changes the streams once this has been said."""
    if cursor.keyword() != "DEFLATE":
        raise Malformed("unknown mechanism")
    cursor.end()
    if session.compressing:
        raise No("Compression is on already", "COMPRESSIONACTIVE")
    session.compressing = True
    return "COMPRESS completed"


def _numbered(handler: Callable[..., str], *, expunge: bool, capability: str = "") -> tuple[Command, Command]:
    """Return a command on sequence numbers and its UID twin; the twin may tell of EXPUNGE, as it counts by UID."""
    plain = Command(partial(handler, by_uid=False), "selected", capability=capability, expunge=expunge)
    return plain, Command(partial(handler, by_uid=True), "selected", capability=capability, by_uid=True)


_FETCH, _UID_FETCH = _numbered(messages.fetch, expunge=False)
_STORE, _UID_STORE = _numbered(messages.store, expunge=False)
_SEARCH, _UID_SEARCH = _numbered(messages.search, expunge=False)
_SORT, _UID_SORT = _numbered(sorting.sort, expunge=False, capability="SORT")
_THREAD, _UID_THREAD = _numbered(sorting.thread, expunge=False)
_COPY, _UID_COPY = _numbered(messages.copy, expunge=True)
_MOVE, _UID_MOVE = _numbered(messages.move, expunge=True, capability="MOVE")
_, _UID_EXPUNGE = _numbered(messages.expunge, expunge=True, capability="UIDPLUS")

COMMANDS: dict[str, Command] = {
    "CAPABILITY": Command(_capability, "any", arguments=False),
    "NOOP": Command(_noop, "any", arguments=False),
    "ID": Command(_id, "any", capability="ID"),
    "LOGIN": Command(_login, "anonymous"),
    "ENABLE": Command(_enable, capability="ENABLE"),
    "SELECT": Command(partial(folders.select, readonly=False)),
    "EXAMINE": Command(partial(folders.select, readonly=True)),
    "CREATE": Command(folders.create),
    "DELETE": Command(folders.delete),
    "RENAME": Command(folders.rename),
    "SUBSCRIBE": Command(folders.subscribe),
    "UNSUBSCRIBE": Command(folders.unsubscribe),
    "LIST": Command(listing.list_folders),
    "LSUB": Command(listing.list_subscribed),
    "STATUS": Command(listing.status),
    "NAMESPACE": Command(listing.namespace, arguments=False, capability="NAMESPACE"),
    "APPEND": Command(messages.append),
    "CHECK": Command(_check, "selected", arguments=False),
    "CLOSE": Command(_close, "selected", arguments=False),
    "UNSELECT": Command(_unselect, "selected", arguments=False, capability="UNSELECT"),
    "EXPUNGE": Command(partial(messages.expunge, by_uid=False), "selected", arguments=False),
    "SEARCH": _SEARCH,
    "SORT": _SORT,
    "THREAD": _THREAD,
    "UID SORT": _UID_SORT,
    "UID THREAD": _UID_THREAD,
    "GETQUOTA": Command(quotas.get_quota, capability="QUOTA"),
    "GETQUOTAROOT": Command(quotas.get_quota_root, capability="QUOTA"),
    "SETQUOTA": Command(quotas.set_quota, capability="QUOTA"),
    "COMPRESS": Command(_compress, capability="COMPRESS=DEFLATE"),
    "FETCH": _FETCH,
    "STORE": _STORE,
    "COPY": _COPY,
    "MOVE": _MOVE,
    "UID SEARCH": _UID_SEARCH,
    "UID FETCH": _UID_FETCH,
    "UID STORE": _UID_STORE,
    "UID COPY": _UID_COPY,
    "UID MOVE": _UID_MOVE,
    "UID EXPUNGE": _UID_EXPUNGE,
}


def check_state(session: Session, state: str) -> None:
    """Raise `Malformed` when a command is not allowed in the session's state (RFC 3501 section 3)."""
    if state == "anonymous" and session.user is not None:
        raise Malformed("already logged in")
    if state in ("user", "selected") and session.user is None:
        raise Malformed("log in first")
    if state == "selected" and session.view is None:
        raise Malformed("select a folder first")


def execute(session: Session, name: str, cursor: Cursor) -> str:
    """Run one command and return the text of its tagged reply, `OK ...`, `NO ...` or `BAD ...`.

    Untagged responses are left in `session.responses`. The cursor stands behind the command's name.
    """
    command = COMMANDS.get(name)
    try:
        if command is None or (command.capability and command.capability not in session.capabilities):
            raise Malformed("unknown command")
        check_state(session, command.state)
        if command.arguments:
            cursor.space()
        else:
            cursor.end()
        text = f"OK {command.run(session, cursor)}"
    except No as refusal:
        text = f"NO {refusal.text}"
    except Malformed as error:
        text = f"BAD {error}"
    if session.view is not None and command is not None:
        session.responses += session.view.update(
            expunge=command.expunge, with_uid=command.by_uid, with_modseq=session.condstore
        )
    return text
