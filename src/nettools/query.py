"""What to look for in a mailbox: terms that all must hold, combined by `&`, `|` and `~`.

A Query knows no connection. `to_imap` renders it as the arguments of SEARCH (RFC 3501 6.4.4), `matches` evaluates what
headers alone can tell, which is how POP3 searches. A str is taken as SEARCH syntax as it stands.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any

from nettools.errors import UnsupportedError, UsageError
from nettools.moments import moment

if TYPE_CHECKING:
    from nettools.results import Address, MailInfo

__all__ = ["Query", "Term"]

Term = bytes | str  # a SEARCH keyword or atom as bytes; text to be sent as an astring as str

_KEYS = {"subject": b"SUBJECT", "sender": b"FROM", "to": b"TO", "text": b"TEXT", "body": b"BODY"}
_DAYS = {"since": b"SINCE", "before": b"BEFORE", "on": b"ON"}
_SIZES = {"larger": b"LARGER", "smaller": b"SMALLER"}
_FLAGS = {"flagged": b"FLAGGED", "answered": b"ANSWERED"}
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_SET = r"(?:\d+|\*)(?::(?:\d+|\*))?(?:,(?:\d+|\*)(?::(?:\d+|\*))?)*"


class Query:
    """What messages to look for; all terms given must hold.

    Args:
        subject, sender, to, text, body: contained in that header, anywhere, or in the body; case does not matter.
        header: `(name, value)`: a header of that name contains the value; "" = there is such a header.
        since, before, on: the day of arrival, as date, datetime, "2026-01-31", or an age such as "7d".
        larger, smaller: octets.
        unseen, seen, flagged, answered: True for messages that are, False for those that are not.
        uid: a UID, several, or a set such as `7:12`.

    >>> (Query(unseen=True, since=dt.date(2026, 1, 31)) | ~Query(subject="x")).to_imap()
    (b'OR', b'(', b'SINCE', b'31-Jan-2026', b'UNSEEN', b')', b'(', b'NOT', b'(', b'SUBJECT', 'x', b')', b')')
    """

    __slots__ = ("_node",)

    def __init__(
        self,
        *,
        subject: str | None = None,
        sender: str | None = None,
        to: str | None = None,
        text: str | None = None,
        body: str | None = None,
        header: tuple[str, str] | None = None,
        since: str | dt.date | None = None,
        before: str | dt.date | None = None,
        on: str | dt.date | None = None,
        larger: int | None = None,
        smaller: int | None = None,
        unseen: bool | None = None,
        seen: bool | None = None,
        flagged: bool | None = None,
        answered: bool | None = None,
        uid: str | int | Iterable[str | int] | None = None,
    ) -> None:
        terms: list[tuple[str, Any]] = []
        for name, words in (("subject", subject), ("sender", sender), ("to", to), ("text", text), ("body", body)):
            if words is not None:
                terms.append((name, _text(name, words)))
        if header is not None:
            terms.append(("header", _header(header)))
        for name, day in (("since", since), ("before", before), ("on", on)):
            if day is not None:
                terms.append((name, moment(day).date() if type(day) is not dt.date else day))
        for name, size in (("larger", larger), ("smaller", smaller)):
            if size is not None:
                if isinstance(size, bool) or not isinstance(size, int) or size < 0:
                    raise UsageError(f"{name}= is a number of octets, not {size!r}")
                terms.append((name, size))
        if seen is not None and unseen is not None and seen == unseen:
            raise UsageError("seen= and unseen= contradict each other")
        if seen is not None or unseen is not None:
            terms.append(("seen", seen if seen is not None else not unseen))
        for name, wanted in (("flagged", flagged), ("answered", answered)):
            if wanted is not None:
                terms.append((name, bool(wanted)))
        if uid is not None:
            terms.append(("uid", _uid_set(uid)))
        self._node: tuple[Any, ...] = ("and", *(("term", *term) for term in terms))

    @classmethod
    def _of(cls, *node: Any) -> Query:
        query = cls.__new__(cls)
        query._node = node
        return query

    def __and__(self, other: Query) -> Query:
        return Query._of("and", self._node, other._node) if isinstance(other, Query) else NotImplemented

    def __or__(self, other: Query) -> Query:
        return Query._of("or", self._node, other._node) if isinstance(other, Query) else NotImplemented

    def __invert__(self) -> Query:
        return Query._of("not", self._node)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Query) and self._node == other._node

    def __hash__(self) -> int:
        return hash(self._node)

    def __bool__(self) -> bool:
        raise UsageError("a Query has no truth value", hint="combine queries with &, | and ~, not with and, or, not")

    def __repr__(self) -> str:
        return f"<Query {' '.join(each if isinstance(each, str) else each.decode() for each in self.to_imap())}>"

    def __getstate__(self) -> tuple[Any, ...]:
        return self._node

    def __setstate__(self, state: tuple[Any, ...]) -> None:
        self._node = state

    # -- IMAP

    def to_imap(self) -> tuple[Term, ...]:
        """The arguments of SEARCH, one token each: bytes as they are, str to be sent as astring. `ALL` for no terms."""
        return tuple(_render(self._node)) or (b"ALL",)

    # -- headers alone

    def require_headers_only(self) -> None:
        """Raise UnsupportedError if a term needs more than the headers and the size of a message."""
        for name in _names(self._node):
            if name not in _IN_HEADERS:
                raise _beyond_headers(name)

    def matches(self, info: MailInfo, headers: Any) -> bool:
        """Whether it holds, as far as headers and size tell.

        Raises:
            UnsupportedError: a term needs the body, or what only IMAP keeps.
        """
        return _evaluate(self._node, info, headers)


def _text(name: str, value: object) -> str:
    if not isinstance(value, str):
        raise UsageError(f"{name}= is a str, not {type(value).__name__}")
    if any(char in value for char in "\r\n\0"):
        raise UsageError(f"{name}= has a CR, LF or NUL in it")
    return value


def _header(pair: object) -> tuple[str, str]:
    if not isinstance(pair, tuple) or len(pair) != 2:
        raise UsageError("header= is a (name, value) pair")
    name, value = _text("header", pair[0]), _text("header", pair[1])
    if not re.fullmatch(r"[!-9;-~]+", name):
        raise UsageError(f"{name!r} is no header name (RFC 5322 2.2)")
    return name, value


def _uid_set(value: str | int | Iterable[str | int]) -> str:
    several = value if not isinstance(value, str) and isinstance(value, Iterable) else (value,)
    text = ",".join(str(each) for each in several)
    if not re.fullmatch(_SET, text):
        raise UsageError(f"uid= {text!r} is no set of UIDs", hint="such as 7, [7, 8], or '7:12,20:*'")
    return text


def _render(node: tuple[Any, ...]) -> list[Term]:
    kind, *parts = node
    if kind == "term":
        return _term(*parts)
    if kind == "not":
        return [b"NOT", *_group(parts[0])]
    if kind == "or":
        return [b"OR", *_group(parts[0]), *_group(parts[1])]
    return [token for part in parts for token in _render(part)]


def _group(node: tuple[Any, ...]) -> list[Term]:
    tokens = _render(node) or [b"ALL"]
    return tokens if len(tokens) == 1 else [b"(", *tokens, b")"]


def _term(name: str, value: Any) -> list[Term]:
    if name in _KEYS:
        return [_KEYS[name], value]
    if name == "header":
        return [b"HEADER", *value]
    if name in _DAYS:
        return [_DAYS[name], f"{value.day}-{_MONTHS[value.month - 1]}-{value.year:04d}".encode()]
    if name in _SIZES:
        return [_SIZES[name], b"%d" % value]
    if name == "seen":
        return [b"SEEN" if value else b"UNSEEN"]
    if name in _FLAGS:
        return [_FLAGS[name] if value else b"UN" + _FLAGS[name]]
    return [b"UID", value.encode()]


def _names(node: tuple[Any, ...]) -> Iterator[str]:
    if node[0] == "term":
        yield node[1]
    else:
        for part in node[1:]:
            yield from _names(part)


def _evaluate(node: tuple[Any, ...], info: MailInfo, headers: Any) -> bool:
    kind, *parts = node
    if kind == "term":
        return _holds(*parts, info=info, headers=headers)
    if kind == "not":
        return not _evaluate(parts[0], info, headers)
    if kind == "or":
        return _evaluate(parts[0], info, headers) or _evaluate(parts[1], info, headers)
    return all(_evaluate(part, info, headers) for part in parts)


def _holds(name: str, value: Any, *, info: MailInfo, headers: Any) -> bool:
    match name:
        case "subject":
            return str(value).casefold() in info.subject.casefold()
        case "sender":
            return _among(value, () if info.sender is None else (info.sender,))
        case "to":
            return _among(value, info.to)
        case "header":
            found = headers.get_all(value[0])
            return any(value[1].casefold() in each.casefold() for each in found)
        case "since" | "before" | "on" if info.date is not None:
            day = info.date.date()
            return bool({"since": day >= value, "before": day < value, "on": day == value}[name])
        case "since" | "before" | "on":
            return False
        case "larger" | "smaller" if info.size is not None:
            return bool(info.size > value if name == "larger" else info.size < value)
    raise _beyond_headers(name)


_IN_HEADERS = frozenset({"subject", "sender", "to", "header", "since", "before", "on", "larger", "smaller"})


def _beyond_headers(name: str) -> UnsupportedError:
    return UnsupportedError(
        f"{name}= cannot be told from the headers", side="peer", hint="IMAP searches the whole message and its flags"
    )


def _among(text: str, addresses: Iterable[Address]) -> bool:
    return any(text.casefold() in str(each).casefold() for each in addresses)
