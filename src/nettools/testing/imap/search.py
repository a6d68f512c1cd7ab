"""SEARCH: the keys of RFC 3501 section 6.4.4, read into predicates and asked of each message.

Strings match as substrings without regard to case, in decoded text: RFC 2047 words in header fields, transfer encodings
and charsets in bodies, whatever charset the query came in. Dates compare days as written, without time and zone.
ESEARCH's RETURN (RFC 4731) is read here too. Pure: a `Candidate` is all that a predicate sees.
"""

from __future__ import annotations

import binascii
import email.errors
import email.header
import email.utils
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass
from datetime import date

from nettools.testing.imap.fetch import Stored
from nettools.testing.imap.grammar import Cursor, Malformed
from nettools.testing.imap.mime import Part, fields, parse, transfer_decoded

CHARSETS = ("US-ASCII", "UTF-8")
_RETURNS = frozenset({"MIN", "MAX", "ALL", "COUNT"})
_DEPTH = 50

_FLAG_KEYS = {name: "\\" + name.title() for name in ("ANSWERED", "DELETED", "DRAFT", "FLAGGED", "SEEN", "RECENT")}
_UNFLAG_KEYS = {"UN" + name: flag for name, flag in _FLAG_KEYS.items() if name != "RECENT"} | {"OLD": "\\Recent"}


class BadCharset(Exception):  # noqa: N818  # it becomes a NO reply
    """The query's charset is none of `CHARSETS`."""


@dataclass(frozen=True)
class Candidate:
    """A message as this session sees it; flags include \\Recent where it is."""

    sequence: int
    message: Stored
    flags: Collection[str]


Key = Callable[[Candidate], bool]


@dataclass(frozen=True)
class Query:
    """A parsed SEARCH: the keys, all of which must hold, and the results asked for (None: an untagged SEARCH)."""

    keys: tuple[Key, ...]
    returns: frozenset[str] | None
    modseq: bool = False  # MODSEQ was among the keys (RFC 7162 section 3.1.5)

    def matches(self, candidate: Candidate) -> bool:
        return all(key(candidate) for key in self.keys)


class _Reader:
    def __init__(self, cursor: Cursor, uids: tuple[int, ...]) -> None:
        self.cursor = cursor
        self.uids = uids
        self.charset = "UTF-8" if cursor.utf8 else "US-ASCII"
        self.modseq = False

    def text(self) -> str:
        octets = self.cursor.astring()
        try:
            return octets.decode(self.charset).casefold()
        except UnicodeDecodeError:
            raise Malformed(f"search string is not {self.charset}") from None

    def query(self, returns: frozenset[str] | None) -> Query:
        """All the keys up to the end."""
        keys = [self.key()]
        while not self.cursor.done:
            self.cursor.space()
            keys.append(self.key())
        return Query(tuple(keys), returns, self.modseq)

    def key(self, depth: int = 0) -> Key:
        if depth > _DEPTH:
            raise Malformed("search nested too deeply")
        cursor = self.cursor
        if cursor.accept(b"("):
            keys = [self.key(depth + 1)]
            while not cursor.accept(b")"):
                cursor.space()
                keys.append(self.key(depth + 1))
            return lambda c: all(key(c) for key in keys)
        if cursor.peek_set():
            numbers = frozenset(cursor.number_set().select(range(1, len(self.uids) + 1)))
            return lambda c: c.sequence in numbers
        word = cursor.keyword()
        if word == "ALL":
            return lambda c: True
        if word in _FLAG_KEYS:
            return _has(_FLAG_KEYS[word])
        if word in _UNFLAG_KEYS:
            return _has_not(_UNFLAG_KEYS[word])
        if word == "NEW":
            return lambda c: "\\Recent" in c.flags and "\\Seen" not in c.flags
        cursor.space()
        return self._with_argument(word, depth)

    def _with_argument(self, word: str, depth: int) -> Key:
        cursor = self.cursor
        match word:
            case "NOT":
                inner = self.key(depth + 1)
                return lambda c: not inner(c)
            case "OR":
                left = self.key(depth + 1)
                cursor.space()
                right = self.key(depth + 1)
                return lambda c: left(c) or right(c)
            case "UID":
                uids = frozenset(cursor.number_set().select(self.uids))
                return lambda c: c.message.uid in uids
            case "MODSEQ":
                if cursor.peek(b'"'):  # the entry that it is about: this server counts messages, not flags
                    cursor.string()
                    cursor.space()
                    cursor.keyword()
                    cursor.space()
                least = cursor.number()
                self.modseq = True
                return lambda c: c.message.modseq >= least
            case "KEYWORD":
                return _has(cursor.atom().decode())
            case "UNKEYWORD":
                return _has_not(cursor.atom().decode())
            case "LARGER":
                size = cursor.number()
                return lambda c: len(c.message.raw) > size
            case "SMALLER":
                size = cursor.number()
                return lambda c: len(c.message.raw) < size
            case "BEFORE" | "ON" | "SINCE":
                return _dated(word, cursor.date(), lambda c: c.message.internaldate.date())
            case "SENTBEFORE" | "SENTON" | "SENTSINCE":
                return _dated(word.removeprefix("SENT"), cursor.date(), lambda c: _sent(c.message))
            case "FROM" | "TO" | "CC" | "BCC" | "SUBJECT":
                return _in_header(word.encode(), self.text())
            case "HEADER":
                name = cursor.astring()
                cursor.space()
                return _in_header(name, self.text())
            case "BODY" | "TEXT":
                wanted = self.text()
                header = word == "TEXT"
                return lambda c: any(wanted in text for text in _texts(parse(c.message.raw), header=header))
        raise Malformed(f"unknown search key {word}")


def parse_query(cursor: Cursor, uids: tuple[int, ...]) -> Query:
    """Read the arguments of SEARCH up to the end; `uids` are those of the selected folder, in sequence."""
    reader = _Reader(cursor, uids)
    returns: frozenset[str] | None = None
    if cursor.accept(b"RETURN "):
        returns = frozenset() if cursor.accept(b"()") else frozenset(cursor.atom_list())
        if not returns <= _RETURNS:
            raise Malformed("unknown result option")
        returns = returns or frozenset({"ALL"})
        cursor.space()
    if cursor.accept(b"CHARSET "):
        if cursor.utf8:
            raise Malformed("no CHARSET once UTF8=ACCEPT is on (RFC 6855 section 3)")
        reader.charset = cursor.astring().decode("ascii", "replace").upper()
        if reader.charset not in CHARSETS:
            raise BadCharset(reader.charset)
        cursor.space()
    return reader.query(returns)


def parse_keys(cursor: Cursor, uids: tuple[int, ...]) -> Query:
    """Read the end of SORT and THREAD: a charset, which has to be there, and the keys."""
    reader = _Reader(cursor, uids)
    reader.charset = cursor.astring().decode("ascii", "replace").upper()
    if reader.charset not in CHARSETS:
        raise BadCharset(reader.charset)
    cursor.space()
    return reader.query(None)


def _has(flag: str) -> Key:
    wanted = flag.casefold()
    return lambda c: any(have.casefold() == wanted for have in c.flags)


def _has_not(flag: str) -> Key:
    has = _has(flag)
    return lambda c: not has(c)


def _dated(word: str, day: date, get: Callable[[Candidate], date | None]) -> Key:
    def key(candidate: Candidate) -> bool:
        have = get(candidate)
        if have is None:
            return False
        return have < day if word == "BEFORE" else have == day if word == "ON" else have >= day

    return key


def _sent(message: Stored) -> date | None:
    value = parse(message.raw).field("date")
    try:
        return email.utils.parsedate_to_datetime((value or b"").decode("latin-1")).date()
    except ValueError:
        return None


def _in_header(name: bytes, wanted: str) -> Key:
    lowered = name.lower()

    def key(candidate: Candidate) -> bool:
        header = parse(candidate.message.raw).header
        return any(wanted in decode(value).casefold() for key, value in fields(header) if key.lower() == lowered)

    return key


def decode(value: bytes) -> str:
    """Return a header value with its encoded words decoded; what cannot be is left as it stands."""
    text = _in_charset(value, "utf-8")
    try:
        return str(email.header.make_header(email.header.decode_header(text)))
    except (ValueError, LookupError, binascii.Error, email.errors.HeaderParseError):
        return text


def _in_charset(octets: bytes, charset: str) -> str:
    try:
        return octets.decode(charset)
    except (LookupError, ValueError):
        return octets.decode("latin-1")


def _texts(part: Part, *, header: bool) -> Iterator[str]:
    """Yield the searchable texts of a message: its header if asked, and each textual part, decoded and casefolded."""
    if header:
        yield "\n".join(f"{name.decode()}: {decode(value)}" for name, value in fields(part.header)).casefold()
    if part.message is not None:
        yield from _texts(part.message, header=True)
    for child in part.children:
        yield from _texts(child, header=False)
    if part.kind == "text":
        charset = next((value for name, value in part.parameters if name.lower() == "charset"), "utf-8")
        yield _in_charset(transfer_decoded(part), charset).casefold()
