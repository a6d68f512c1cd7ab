"""LIST, LSUB, STATUS and NAMESPACE: what folders there are, and how full.

LIST also takes the selection and return options of RFC 5258, SPECIAL-USE (RFC 6154) and STATUS (RFC 5819). The
hierarchy is in the names, with "/" between: a parent that is no folder itself is listed as \\NonExistent \\Noselect.
"""

from __future__ import annotations

import re
from collections.abc import Collection

from nettools.testing.imap.grammar import Cursor, Malformed, format_mailbox
from nettools.testing.imap.session import Session

_STATUS_ITEMS = frozenset({"MESSAGES", "RECENT", "UIDNEXT", "UIDVALIDITY", "UNSEEN", "SIZE", "HIGHESTMODSEQ"})
_CRITERIA = frozenset({"SUBSCRIBED", "SPECIAL-USE"})
_SELECTIONS = _CRITERIA | {"REMOTE", "RECURSIVEMATCH"}
_RETURNS = frozenset({"SUBSCRIBED", "CHILDREN", "SPECIAL-USE"})


def _matcher(reference: str, pattern: str) -> re.Pattern[str]:
    """Return the regular expression of a LIST pattern: * matches anything, % anything but the delimiter."""
    parts = {"*": ".*", "%": "[^/]*"}
    full = reference + pattern
    if full[:5].upper() == "INBOX" and full[5:6] in ("", "/", "*", "%"):
        full = "INBOX" + full[5:]
    return re.compile("".join(parts.get(char) or re.escape(char) for char in full), re.DOTALL)


def _hierarchy(names: Collection[str]) -> list[str]:
    """Return the names with all their parents, INBOX first."""
    full = {"/".join(name.split("/")[:depth]) for name in names for depth in range(1, name.count("/") + 2)}
    return sorted(full, key=lambda name: (name != "INBOX", name))


def _attributes(session: Session, name: str, tree: Collection[str], told: Collection[str]) -> str:
    folder, flags = session.mailbox.folders.get(name), []
    if "CHILDREN" in session.capabilities or "CHILDREN" in told:
        flags.append("\\HasChildren" if _any_below(name, tree) else "\\HasNoChildren")
    if folder is None:
        flags += ["\\NonExistent", "\\Noselect"] if "LIST-EXTENDED" in session.capabilities else ["\\Noselect"]
    elif folder.special_use and "SPECIAL-USE" in session.capabilities:
        flags.append(folder.special_use)
    if "SUBSCRIBED" in told and name in session.mailbox.subscribed:
        flags.append("\\Subscribed")
    return " ".join(flags)


def _any_below(name: str, names: Collection[str]) -> bool:
    return any(other.startswith(f"{name}/") for other in names)


def _meets(session: Session, name: str, criterion: str) -> bool:
    folder = session.mailbox.folders.get(name)
    if criterion == "SUBSCRIBED":
        return name in session.mailbox.subscribed
    return folder is not None and bool(folder.special_use)


def _options(session: Session, cursor: Cursor, known: frozenset[str]) -> tuple[set[str], tuple[str, ...]]:
    """Read a list of selection or return options, STATUS with its items among the latter."""
    session.require("LIST-EXTENDED")
    options: set[str] = set()
    status: tuple[str, ...] = ()
    cursor.expect(b"(")
    while not cursor.accept(b")"):
        if options:
            cursor.space()
        word = cursor.keyword()
        if word == "STATUS" and known is _RETURNS:
            session.require("LIST-STATUS")
            cursor.space()
            status = _items(session, cursor)
        elif word not in known:
            raise Malformed(f"unknown option {word}")
        elif word == "SPECIAL-USE":
            session.require("SPECIAL-USE")
        options.add(word)
    return options, status


def list_folders(session: Session, cursor: Cursor) -> str:
    """Answer LIST, plain and extended."""
    chosen: set[str] = set()
    if cursor.peek(b"("):
        chosen, _ = _options(session, cursor, _SELECTIONS)
        cursor.space()
    reference = cursor.decode_mailbox(cursor.astring())
    cursor.space()
    patterns = _patterns(session, cursor)
    returned: set[str] = set()
    status: tuple[str, ...] = ()
    if cursor.accept(b" RETURN "):
        returned, status = _options(session, cursor, _RETURNS)
    cursor.end()
    if patterns == [""] and not chosen:  # RFC 3501 section 6.3.8: a question for the delimiter and the root
        session.send(b'LIST (\\Noselect) "/" ""')
        return "LIST completed"
    criteria, recursive = chosen & _CRITERIA, "RECURSIVEMATCH" in chosen
    if recursive and not criteria:
        raise Malformed("RECURSIVEMATCH needs something to look for")
    matchers = [_matcher(reference, pattern) for pattern in patterns]
    mailbox = session.mailbox
    tree = _hierarchy(mailbox.folders)
    names = _hierarchy({*mailbox.folders, *mailbox.subscribed}) if "SUBSCRIBED" in chosen else tree
    wanted = [name for name in names if all(_meets(session, name, each) for each in criteria)]
    for name in names:
        below = recursive and _any_below(name, wanted)
        if not (below or name in wanted) or not any(matcher.fullmatch(name) for matcher in matchers):
            continue
        flags = _attributes(session, name, tree, chosen | returned)
        child_info = f' ("CHILDINFO" ({" ".join(_quoted(criteria))}))' if below else ""
        session.send(f'LIST ({flags}) "/" '.encode() + format_mailbox(name, utf8=session.utf8) + child_info.encode())
        if status and name in mailbox.folders:
            _send_status(session, name, status)
    return "LIST completed"


def _quoted(words: Collection[str]) -> list[str]:
    return [f'"{word}"' for word in sorted(words)]


def _patterns(session: Session, cursor: Cursor) -> list[str]:
    if not cursor.accept(b"("):
        return [cursor.list_pattern()]
    session.require("LIST-EXTENDED")
    patterns = [cursor.list_pattern()]
    while not cursor.accept(b")"):
        cursor.space()
        patterns.append(cursor.list_pattern())
    return patterns


def list_subscribed(session: Session, cursor: Cursor) -> str:
    """Answer LSUB: the subscribed names, and with % the parents of deeper ones as \\Noselect."""
    reference = cursor.decode_mailbox(cursor.astring())
    cursor.space()
    matcher = _matcher(reference, cursor.list_pattern())
    cursor.end()
    subscribed = session.mailbox.subscribed
    for name in _hierarchy(subscribed):
        if matcher.fullmatch(name):
            flags = "" if name in subscribed else "\\Noselect"
            if name in subscribed or matcher.fullmatch(f"{name}/x") is None:
                session.send(f'LSUB ({flags}) "/" '.encode() + format_mailbox(name, utf8=session.utf8))
    return "LSUB completed"


def _items(session: Session, cursor: Cursor) -> tuple[str, ...]:
    items = cursor.atom_list()
    if not _STATUS_ITEMS.issuperset(items):
        raise Malformed("unknown status item")
    if "HIGHESTMODSEQ" in items:
        session.use_condstore()
    if "SIZE" in items:
        session.require("STATUS=SIZE")
    return items


def status(session: Session, cursor: Cursor) -> str:
    """Answer STATUS."""
    name = cursor.mailbox()
    cursor.space()
    items = _items(session, cursor)
    cursor.end()
    _send_status(session, name, items)
    return "STATUS completed"


def _send_status(session: Session, name: str, items: tuple[str, ...]) -> None:
    folder = session.folder(name)
    values = {
        "MESSAGES": len(folder.messages),
        "RECENT": len(session.recent(folder, peek=True)),
        "UIDNEXT": folder.uidnext,
        "UIDVALIDITY": folder.uidvalidity,
        "UNSEEN": sum("\\Seen" not in message.flags for message in folder.messages),
        "SIZE": sum(len(message.raw) for message in folder.messages),
        "HIGHESTMODSEQ": folder.modseq,
    }
    text = " ".join(f"{item} {values[item]}" for item in items)
    session.send(b"STATUS " + format_mailbox(name, utf8=session.utf8) + f" ({text})".encode())


def namespace(session: Session, cursor: Cursor) -> str:
    """Answer NAMESPACE (RFC 2342): one personal namespace, nothing shared."""
    session.send(b'NAMESPACE (("" "/")) NIL NIL')
    return "NAMESPACE completed"
