"""SORT and THREAD (RFC 5256): orders of what a query means, by headers as they are decoded.

Subjects are compared by their base subject (section 2.1), dates by the Date header with the date of arrival in its
place, addresses by the mailbox of the first. Threads are made of equal subjects, or of references (section 3).
"""

from __future__ import annotations

import email.utils
import re
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any

from nettools.testing.imap.grammar import Cursor, Malformed
from nettools.testing.imap.messages import candidates
from nettools.testing.imap.mime import parse
from nettools.testing.imap.search import CHARSETS, BadCharset, Candidate, Query, decode, parse_keys
from nettools.testing.imap.session import No, Session
from nettools.testing.imap.structure import parse_addresses

_ID = re.compile(rb"<[^<>\s]+>")
_LEADER = re.compile(r"(?:\[[^\[\]]*\]\s*)*(?:re|fwd?)\s*(?:\[[^\[\]]*\])?\s*:\s*|\[[^\[\]]*\]\s*(?=\S)", re.IGNORECASE)
_FORWARDED = re.compile(r"\[fwd:(.*)\]", re.IGNORECASE | re.DOTALL)
_CRITERIA = frozenset({"ARRIVAL", "CC", "DATE", "FROM", "SIZE", "SUBJECT", "TO"})


def base_subject(text: str) -> tuple[str, bool]:
    """Return the base subject, and whether something was taken off that marks a reply or a forward."""
    subject, reply = " ".join(text.split()), False
    while True:
        before = subject
        if subject.lower().endswith("(fwd)"):
            subject, reply = subject[:-5].rstrip(), True
        match = _LEADER.match(subject)
        if match is not None and subject[match.end() :]:
            reply = reply or ":" in match[0]
            subject = subject[match.end() :]
        inner = _FORWARDED.fullmatch(subject)
        if inner is not None:
            subject, reply = inner[1].strip(), True
        if subject == before:
            return subject.casefold(), reply


def _field(candidate: Candidate, name: str) -> bytes:
    return parse(candidate.message.raw).field(name) or b""


def _sent(candidate: Candidate) -> datetime:
    try:
        moment = email.utils.parsedate_to_datetime(_field(candidate, "date").decode("latin-1"))
    except ValueError:
        moment = candidate.message.internaldate
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _key(word: str, candidate: Candidate) -> Any:
    match word:
        case "ARRIVAL":
            return candidate.message.internaldate
        case "DATE":
            return _sent(candidate)
        case "SIZE":
            return len(candidate.message.raw)
        case "SUBJECT":
            return base_subject(decode(_field(candidate, "subject")))[0]
    people = parse_addresses(_field(candidate, word.lower()))
    return (people[0].mailbox or b"").lower() if people else b""


def _query(session: Session, cursor: Cursor) -> Query:
    try:
        return parse_keys(cursor, tuple(session.selected.uids))
    except BadCharset:
        raise No("Unknown charset", f"BADCHARSET ({' '.join(CHARSETS)})") from None


def sort(session: Session, cursor: Cursor, *, by_uid: bool) -> str:
    """Answer SORT: several criteria, the last one least; equals stay in sequence."""
    criteria = cursor.atom_list()
    cursor.space()
    query = _query(session, cursor)
    found = candidates(session.selected, query)
    wanted = [(word, place > 0 and criteria[place - 1] == "REVERSE") for place, word in enumerate(criteria)]
    wanted = [(word, reverse) for word, reverse in wanted if word != "REVERSE"]
    if not {word for word, _ in wanted} <= _CRITERIA or criteria[-1] == "REVERSE":
        raise Malformed("unknown sort criterion")
    for word, reverse in reversed(wanted):  # stable: the first criterion last; reversed, equals stay in sequence too
        found.sort(key=lambda each, word=word: _key(word, each), reverse=reverse)  # type: ignore[misc]
    numbers = [each.message.uid if by_uid else each.sequence for each in found]
    session.send(" ".join(["SORT", *map(str, numbers)]).encode())
    return "SORT completed"


def thread(session: Session, cursor: Cursor, *, by_uid: bool) -> str:
    """Answer THREAD."""
    algorithm = cursor.keyword()
    session.require(f"THREAD={algorithm}")
    cursor.space()
    found = sorted(candidates(session.selected, _query(session, cursor)), key=lambda each: (_sent(each), each.sequence))
    trees = _by_subject(found) if algorithm == "ORDEREDSUBJECT" else _by_references(found)
    number = {each.sequence: each.message.uid if by_uid else each.sequence for each in found}
    text = "".join(f"({_shown(tree, number)})" for tree in trees)
    session.send(f"THREAD {text}".rstrip().encode())
    return "THREAD completed"


class Node:
    """A message, or the place of one that is not here, and what follows it."""

    def __init__(self, candidate: Candidate | None = None) -> None:
        self.candidate = candidate
        self.parent: Node | None = None
        self.children: list[Node] = []

    def adopt(self, child: Node) -> None:
        """Take a child, unless that would make a loop."""
        above: Node | None = self
        while above is not None:
            if above is child:
                return
            above = above.parent
        if child.parent is not None:
            child.parent.children.remove(child)
        child.parent = self
        self.children.append(child)

    def date(self) -> datetime:
        """When it was sent; of an empty place, its first child."""
        node = self
        while node.candidate is None and node.children:
            node = min(node.children, key=Node.date)
        return datetime.max.replace(tzinfo=UTC) if node.candidate is None else _sent(node.candidate)


def _by_subject(found: Iterable[Candidate]) -> list[Node]:
    roots: dict[str, Node] = {}
    for each in found:
        subject = base_subject(decode(_field(each, "subject")))[0]
        node = Node(each)
        if subject in roots:
            roots[subject].adopt(node)
        else:
            roots[subject] = node
    return list(roots.values())


def _by_references(found: Iterable[Candidate]) -> list[Node]:
    """The algorithm of section 3, REFERENCES, without its last step of joining threads by subject."""
    nodes: dict[bytes, Node] = {}
    for each in found:
        own = (_ID.search(_field(each, "message-id")) or [b"<%d@sequence>" % each.sequence])[0]
        node = nodes.setdefault(own, Node())
        if node.candidate is not None:  # the same Message-ID twice: each stands for itself
            node = nodes[b"<%d@sequence>" % each.sequence] = Node()
        node.candidate = each
        above: Node | None = None
        references = _ID.findall(_field(each, "references")) or _ID.findall(_field(each, "in-reply-to"))[:1]
        for name in references:
            reference = nodes.setdefault(name, Node())
            if above is not None and reference.parent is None:
                above.adopt(reference)
            above = reference
        if above is not None and above is not node:
            above.adopt(node)
    roots = [kept for node in list(nodes.values()) if node.parent is None for kept in _pruned(node)]
    return sorted(roots, key=Node.date)


def _pruned(node: Node) -> list[Node]:
    """The node without the empty places below it; an empty root with one child is that child (section 3, step 3)."""
    stack, order = [node], []
    while stack:
        order.append(stack.pop())
        stack += order[-1].children
    for each in reversed(order):
        kept: list[Node] = []
        for child in each.children:
            kept += [child] if child.candidate is not None else child.children
        each.children = sorted(kept, key=Node.date)
    if node.candidate is not None or len(node.children) > 1:
        return [node]
    return node.children


def _shown(tree: Node, number: dict[int, int]) -> str:
    """A thread as the response has it: a line of descent in one, branches in parentheses (section 4)."""
    words: list[str] = []
    node = tree
    while True:
        if node.candidate is not None:
            words.append(str(number[node.candidate.sequence]))
        if len(node.children) != 1:
            break
        node = node.children[0]
    branches = "".join(f"({_shown(child, number)})" for child in node.children)
    return " ".join([*words, branches] if branches else words)
