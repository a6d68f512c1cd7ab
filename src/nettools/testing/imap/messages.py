"""The commands on messages: FETCH, STORE, SEARCH, COPY, MOVE, EXPUNGE and APPEND (RFC 3501 section 6.4, 6.3.11).

MOVE is RFC 6851, UID EXPUNGE and the codes APPENDUID and COPYUID are RFC 4315, ESEARCH is RFC 4731. Handlers change the
World and send what their own command answers; what other sessions did is added by the server when the command ends.
"""

from __future__ import annotations

from collections.abc import Iterable

from nettools.testing.imap.fetch import Item, UnknownEncoding, parse_items, render, render_flags
from nettools.testing.imap.grammar import Cursor, Malformed, format_set
from nettools.testing.imap.search import CHARSETS, BadCharset, Candidate, Query, parse_query
from nettools.testing.imap.session import No, Session
from nettools.testing.imap.view import SYSTEM_FLAGS, View

_SYSTEM = {flag.casefold(): flag for flag in SYSTEM_FLAGS}


def fetch(session: Session, cursor: Cursor, *, by_uid: bool) -> str:
    """Answer FETCH; reading a body sets \\Seen, and tells so in the same response."""
    numbers = cursor.number_set()
    cursor.space()
    items = parse_items(cursor)
    since = None
    if cursor.accept(b" (CHANGEDSINCE "):
        since = cursor.number()
        cursor.expect(b")")
        items = tuple(dict.fromkeys((*items, Item("MODSEQ"))))
    cursor.end()
    for item in items:
        if item.extension:
            session.require(item.extension)
    if Item("MODSEQ") in items:
        session.use_condstore()
    if by_uid and Item("UID") not in items:
        items = (Item("UID"), *items)
    view = session.selected
    marks = not view.readonly and any(item.sets_seen for item in items)
    messages, gone = view.messages(), False
    for number, uid in view.select(numbers, by_uid=by_uid):
        message = messages.get(uid)
        if message is None:
            gone = True
            continue
        if since is not None and message.modseq <= since:
            continue
        shown = items
        if marks and "\\Seen" not in message.flags:
            view.folder.set_flags(uid, {*message.flags, "\\Seen"})
            news = (Item("FLAGS"), Item("MODSEQ")) if session.condstore else (Item("FLAGS"),)
            shown = tuple(dict.fromkeys((*items, *news)))
        if Item("FLAGS") in shown:
            view.told(message)
        try:
            session.send(b"%d FETCH (%s)" % (number, render(shown, message, view.flags(message))))
        except UnknownEncoding:
            raise No("A part's encoding is unknown", "UNKNOWN-CTE") from None
    if gone:
        raise No("Some of the messages are gone", "EXPUNGEISSUED")
    return "FETCH completed"


def _canonical(flags: Iterable[str], view: View | None = None) -> set[str]:
    """Return flags in their one spelling; \\Recent and unknown system flags cannot be set."""
    known = {flag.casefold(): flag for flag in view.keywords()} if view is not None else _SYSTEM
    result = set()
    for flag in flags:
        if flag.startswith("\\") and flag.casefold() not in _SYSTEM:
            raise Malformed(f"flag {flag} cannot be set")
        result.add(known.get(flag.casefold(), flag))
    return result


def _flags_to_the_end(cursor: Cursor) -> tuple[str, ...]:
    flags = [cursor.flag()]
    while not cursor.done:
        cursor.space()
        flags.append(cursor.flag())
    return tuple(flags)


def store(session: Session, cursor: Cursor, *, by_uid: bool) -> str:
    """Answer STORE: replace, add or remove flags, with or without telling the result."""
    numbers = cursor.number_set()
    cursor.space()
    unchanged = None
    if cursor.accept(b"(UNCHANGEDSINCE "):
        session.use_condstore()
        unchanged = cursor.number()
        cursor.expect(b") ")
    sign = "+" if cursor.accept(b"+") else "-" if cursor.accept(b"-") else ""
    word = cursor.keyword()
    if word not in ("FLAGS", "FLAGS.SILENT"):
        raise Malformed("FLAGS expected")
    cursor.space()
    listed = cursor.flag_list() if cursor.peek(b"(") else _flags_to_the_end(cursor)
    cursor.end()
    view = session.writable
    wanted = _canonical(listed, view)
    messages, gone = view.messages(), False
    modified: list[int] = []
    for number, uid in view.select(numbers, by_uid=by_uid):
        message = messages.get(uid)
        if message is None:
            gone = True
            continue
        if unchanged is not None and message.modseq > unchanged:
            modified.append(uid if by_uid else number)
            continue
        have = set(message.flags)
        view.folder.set_flags(uid, have | wanted if sign == "+" else have - wanted if sign == "-" else wanted)
        view.told(message)
        if word == "FLAGS" or session.condstore:
            told = [b"UID %d" % uid] if by_uid or session.condstore else []
            told += [render_flags(view.flags(message))] if word == "FLAGS" else []
            told += [b"MODSEQ (%d)" % message.modseq] if session.condstore else []
            session.send(b"%d FETCH (%s)" % (number, b" ".join(told)))
    if gone:
        raise No("Some of the messages are gone", "EXPUNGEISSUED")
    return f"[MODIFIED {format_set(modified)}] Changed meanwhile" if modified else "STORE completed"


def candidates(view: View, query: Query) -> list[Candidate]:
    """The messages that a query means, in sequence."""
    messages = view.messages()
    every = (
        Candidate(number, messages[uid], view.flags(messages[uid]))
        for number, uid in enumerate(view.uids, 1)
        if uid in messages
    )
    return [each for each in every if query.matches(each)]


def search(session: Session, cursor: Cursor, *, by_uid: bool) -> str:
    """Answer SEARCH, as ESEARCH when RETURN was given."""
    view = session.selected
    if cursor.peek(b"RETURN "):
        session.require("ESEARCH")
    try:
        query = parse_query(cursor, tuple(view.uids))
    except BadCharset:
        raise No("Unknown charset", f"BADCHARSET ({' '.join(CHARSETS)})") from None
    if query.modseq:
        session.use_condstore()
    chosen = candidates(view, query)
    found = [each.message.uid if by_uid else each.sequence for each in chosen]
    highest = max((each.message.modseq for each in chosen), default=0) if query.modseq else 0
    if query.returns is None:
        tail = [f"(MODSEQ {highest})"] if highest else []
        session.send(" ".join(["SEARCH", *map(str, found), *tail]).encode())
        return "SEARCH completed"
    words = ["ESEARCH", f'(TAG "{session.tag}")'] + (["UID"] if by_uid else [])
    if found:
        results = {"MIN": str(found[0]), "MAX": str(found[-1]), "ALL": format_set(found)}
        words += [f"{name} {value}" for name, value in results.items() if name in query.returns]
    if "COUNT" in query.returns:
        words.append(f"COUNT {len(found)}")
    if highest:
        words.append(f"MODSEQ {highest}")
    session.send(" ".join(words).encode())
    return "SEARCH completed"


def _copy(session: Session, cursor: Cursor, *, by_uid: bool) -> tuple[list[int], str]:
    """Copy the messages named and return their UIDs, and the COPYUID code."""
    numbers = cursor.number_set()
    cursor.space()
    name = cursor.mailbox()
    cursor.end()
    view, target = session.selected, session.folder(name, create_hint=True)
    messages = view.messages()
    picked = view.select(numbers, by_uid=by_uid)
    if any(uid not in messages for _, uid in picked):
        raise No("Some of the messages are gone", "EXPUNGEISSUED")
    sources = [uid for _, uid in picked]
    session.room(sum(len(messages[uid].raw) for uid in sources))
    copies = [
        target.append(m.raw, flags=m.flags, internaldate=m.internaldate) for m in map(messages.__getitem__, sources)
    ]
    if not copies or "UIDPLUS" not in session.capabilities:
        return sources, ""
    return sources, f"[COPYUID {target.uidvalidity} {format_set(sources)} {format_set(c.uid for c in copies)}] "


def copy(session: Session, cursor: Cursor, *, by_uid: bool) -> str:
    """Answer COPY; flags and internal date go along."""
    _, code = _copy(session, cursor, by_uid=by_uid)
    return f"{code}COPY completed"


def move(session: Session, cursor: Cursor, *, by_uid: bool) -> str:
    """Answer MOVE: the code comes first and untagged, the EXPUNGE responses follow (RFC 6851 section 4.3)."""
    view = session.writable
    sources, code = _copy(session, cursor, by_uid=by_uid)
    if code:
        session.send(f"OK {code}Moved".encode())
    view.folder.remove(sources)
    return "MOVE completed"


def expunge(session: Session, cursor: Cursor, *, by_uid: bool) -> str:
    """Answer EXPUNGE and UID EXPUNGE; the EXPUNGE responses are the server's update at the end of the command."""
    view = session.selected
    uids = set(view.uids)
    if by_uid:
        uids = set(cursor.number_set().select(view.uids))
    cursor.end()
    view = session.writable
    view.folder.remove([m.uid for m in view.folder.messages if m.uid in uids and "\\Deleted" in m.flags])
    return "EXPUNGE completed"


def append(session: Session, cursor: Cursor) -> str:
    """Answer APPEND: the message is kept octet for octet."""
    name = cursor.mailbox()
    cursor.space()
    flags: tuple[str, ...] = ()
    if cursor.peek(b"("):
        flags = cursor.flag_list()
        cursor.space()
    moment = None
    if cursor.peek(b'"'):
        moment = cursor.date_time()
        cursor.space()
    if session.utf8 and cursor.accept(b"UTF8 ("):
        raw = cursor.literal(binary=True)
        cursor.expect(b")")
    else:
        raw = cursor.literal(binary="BINARY" in session.capabilities)
    cursor.end()
    wanted = _canonical(flags)
    folder = session.folder(name, create_hint=True)
    if not raw:
        raise No("An empty message is none")
    session.room(len(raw))
    message = folder.append(raw, flags=wanted, internaldate=moment)
    code = f"[APPENDUID {folder.uidvalidity} {message.uid}] " if "UIDPLUS" in session.capabilities else ""
    return f"{code}APPEND completed"
