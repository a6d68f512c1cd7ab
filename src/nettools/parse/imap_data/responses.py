"""Responses: status, data and continuation (RFC 3501 7, RFC 9051 7), each with the entry point that takes it alone.

`parse_response` takes any and says by its `kind` what `data` is; a word that it does not know is a kind too, its text
kept. The data of the extensions: CAPABILITY, ENABLED (RFC 5161) and ID (RFC 2971) are read here, others by the modules
that are named after them.

It must not know commands or states: which responses may come when is the client's to know.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from nettools.errors import ProtocolError
from nettools.parse.given import OCTETS, takes
from nettools.parse.imap_data.fetch import fetch_data
from nettools.parse.imap_data.folders import Space, folder_of, namespace_of, status_of
from nettools.parse.imap_data.quotas import quota_of, quotaroot_of
from nettools.parse.imap_data.search import esearch_of, ids_of, thread_of, vanished_of
from nettools.parse.imap_data.tokens import NO_BODIES, Scanner, number_of, text_of

__all__ = [
    "Response",
    "parse_esearch",
    "parse_namespace",
    "parse_quota",
    "parse_quotaroot",
    "parse_response",
    "parse_search",
    "parse_sort",
    "parse_status",
    "parse_thread",
    "response_of",
]

Code = str | tuple[str, Any] | None


class Response(NamedTuple):
    """One response. `kind` says what `data` is; `tag` is None for untagged ones; `code` is what stood in brackets.

    A status response (OK, NO, BAD, BYE, PREAUTH) has the kind `status`, the counts of STATUS the kind `mailbox`.
    """

    kind: str
    tag: str | None = None
    status: str | None = None
    code: Code = None
    text: str | None = None
    data: Any = None


_FETCH = re.compile(rb"\* (\d{1,20}) FETCH[ \t]*+\(", re.IGNORECASE)
_TAG = re.compile(rb"(\*|[^\s(){%*\"\\+]+) ")
_STATUS = re.compile(rb"(OK|NO|BAD|BYE|PREAUTH)\b[ \t]*+([^\r\n]*)", re.IGNORECASE)
_CODE = re.compile(
    rb"""\[([^\s\]]++)(?:[ ]((?:"(?:[^"\\]|\\.)*+"|\([^()"]*+\)|[^\]"])*+))?\][ \t]?(.*)""", re.DOTALL | re.VERBOSE
)
_PLAIN_CODE = re.compile(rb"\[([^\s\]]++)(?: ([^\]]*+))?\][ \t]?(.*)", re.DOTALL)  # with a quote that does not close
_NUMBERED = re.compile(rb"(\d{1,20}) ([A-Za-z]+)[ \t]*+")
_WORD = re.compile(rb"([A-Za-z][A-Za-z0-9-]*)[ \t]*+")
_NUMBERS = frozenset({"EXISTS", "RECENT", "EXPUNGE", "FETCH"})


def response_of(data: bytes, bodies: Mapping[int, bytes] = NO_BODIES) -> Response:
    """As `parse_response`, of what is octets for certain; `bodies` are literals that stand apart (see `Scanner`)."""
    fetched = _FETCH.match(data)
    if fetched is not None:
        row = fetch_data(Scanner(data, fetched.end(), bodies), int(fetched[1]))
        return Response("fetch", None, None, None, None, row)
    return _other(data)


@takes(*OCTETS)
def parse_response(data: bytes) -> Response:
    """One response with everything that belongs to it, literals inside.

    >>> parse_response(b"A2 NO [TRYCREATE] No such folder")
    Response(kind='status', tag='A2', status='NO', code='TRYCREATE', text='No such folder', data=None)
    >>> parse_response(b"* 23 EXISTS").data
    23

    Raises:
        ProtocolError: it is none.
    """
    return response_of(data)


def _other(data: bytes) -> Response:
    """A response that is no FETCH."""
    if data.startswith(b"+"):
        return Response("continuation", None, None, *_code(data[1:].strip(b" \t\r\n")))
    match = _TAG.match(data)
    if match is None:
        raise _no_response(data)
    tag = None if match[1] == b"*" else match[1].decode("ascii", "replace")
    status = _STATUS.match(data, match.end())
    if status is not None:
        return Response("status", tag, status[1].decode("ascii").upper(), *_code(status[2]))
    if tag is not None:
        raise ProtocolError(f"a tagged response without a status: {_shown(data)}")
    return _untagged(data, match.end())


def _shown(data: bytes) -> str:
    return repr(data[:80].decode("ascii", "backslashreplace"))


def _no_response(data: bytes) -> ProtocolError:
    return ProtocolError(f"this is no IMAP response: {_shown(data)}")


def _code(text: bytes) -> tuple[Code, str | None]:
    """The response code and the text behind it (RFC 3501 7.1)."""
    match = (_CODE.match(text) or _PLAIN_CODE.match(text)) if text.startswith(b"[") else None
    if match is None:
        return None, text.decode("utf-8", "replace") or None
    name = match[1].decode("ascii", "replace").upper()
    value = (match[2] or b"").strip()
    return ((name, _code_value(value)) if value else name), match[3].decode("utf-8", "replace").strip() or None


def _code_value(text: bytes) -> int | tuple[str, ...]:
    number = number_of(text)
    if number is not None:
        return number
    try:
        values = Scanner(text).values()
    except ProtocolError:
        return (text.decode("utf-8", "replace"),)
    flat: list[str] = []
    for value in values:
        words = value if isinstance(value, tuple) else (value,)
        flat += ["NIL" if each is None else text_of(each) for each in words]
    return tuple(flat)


def _untagged(data: bytes, place: int) -> Response:
    numbered = _NUMBERED.match(data, place)
    if numbered is not None:
        number, word = int(numbered[1]), numbered[2].decode("ascii").upper()
        if word == "FETCH" or word in _READERS:  # a FETCH without its parenthesis; or one that has no number
            raise _no_response(data)
        return Response(word.lower(), data=number)
    named = _WORD.match(data, place)
    if named is None:
        raise _no_response(data)
    word = named[1].decode("ascii").upper()
    if word in _NUMBERS:  # whoever takes these counts on their number
        raise _no_response(data)
    scanner = Scanner(data, named.end())
    if word not in _READERS:
        return Response(word.lower(), text=scanner.rest().decode("utf-8", "replace") or None)
    kind, read = _READERS[word]
    return Response(kind, data=read(scanner))


def _words(scanner: Scanner) -> tuple[str, ...]:
    return tuple(scanner.rest().decode("utf-8", "replace").split())


def _flags(scanner: Scanner) -> tuple[str, ...]:
    value = scanner.value()
    return tuple(text_of(each) for each in value) if isinstance(value, tuple) else ()


def _id(scanner: Scanner) -> dict[str, str | None]:
    value = scanner.value()
    if not isinstance(value, tuple):
        return {}
    pairs = zip(value[::2], value[1::2], strict=False)
    return {text_of(key): None if word is None else text_of(word) for key, word in pairs}


_READERS: dict[str, tuple[str, Callable[[Scanner], Any]]] = {
    "CAPABILITY": ("capability", lambda scanner: tuple(word.upper() for word in _words(scanner))),
    "ENABLED": ("enabled", _words),
    "FLAGS": ("flags", _flags),
    "ID": ("id", _id),
    "VANISHED": ("vanished", vanished_of),
    "LIST": ("list", folder_of),
    "LSUB": ("lsub", folder_of),
    "XLIST": ("list", folder_of),
    "SEARCH": ("search", ids_of),
    "SORT": ("sort", ids_of),
    "ESEARCH": ("esearch", esearch_of),
    "THREAD": ("thread", thread_of),
    "STATUS": ("mailbox", status_of),
    "QUOTA": ("quota", quota_of),
    "QUOTAROOT": ("quotaroot", quotaroot_of),
    "NAMESPACE": ("namespace", namespace_of),
}


# --- one kind alone


def _scanner(data: bytes, word: str) -> Scanner:
    match = re.match(rb"(?:\* )?%s(?![^\s(])[ \t]*+" % word.encode("ascii"), data, re.IGNORECASE)
    if match is None:
        raise ProtocolError(f"this is no {word} response: {_shown(data)}")
    return Scanner(data, match.end())


@takes(*OCTETS)
def parse_status(data: bytes) -> tuple[str, dict[str, int]]:
    """A STATUS response: the folder's name and its counts, their names in lower case (RFC 3501 7.2.4).

    >>> parse_status(b"* STATUS INBOX (MESSAGES 231 UIDNEXT 44292)")
    ('INBOX', {'messages': 231, 'uidnext': 44292})

    Raises:
        ProtocolError: it is none.
    """
    return status_of(_scanner(data, "STATUS"))


def _all_ids(data: bytes, word: str) -> tuple[tuple[int, ...], int | None]:
    ids: list[int] = []
    modseq: int | None = None
    lines = [line for line in data.splitlines() if line.strip()]
    for line in lines or [b""]:
        more, seen = ids_of(_scanner(line, word))
        ids += more
        modseq = max(filter(None, (modseq, seen)), default=None)
    return tuple(ids), modseq


@takes(*OCTETS)
def parse_search(data: bytes) -> tuple[tuple[int, ...], int | None]:
    """One or several SEARCH responses: the numbers, and the highest MODSEQ where it is told (RFC 7162 3.1.5).

    >>> parse_search(b"* SEARCH 2 84 882 (MODSEQ 917162500)")
    ((2, 84, 882), 917162500)

    Raises:
        ProtocolError: one is none.
    """
    return _all_ids(data, "SEARCH")


@takes(*OCTETS)
def parse_sort(data: bytes) -> tuple[tuple[int, ...], int | None]:
    """One or several SORT responses: the numbers in their order, and the highest MODSEQ (RFC 5256 4).

    Raises:
        ProtocolError: one is none.
    """
    return _all_ids(data, "SORT")


@takes(*OCTETS)
def parse_esearch(data: bytes) -> dict[str, Any]:
    """An ESEARCH response: tag, uid, min, max, count, modseq; `all` is a tuple of numbers and ranges (RFC 4731).

    Raises:
        ProtocolError: it is none.
    """
    return esearch_of(_scanner(data, "ESEARCH"))


@takes(*OCTETS)
def parse_thread(data: bytes) -> tuple[Any, ...]:
    """A THREAD response: nested tuples of numbers (RFC 5256 4).

    >>> parse_thread(b"* THREAD (2)(3 6 (4 23)(44 7 96))")
    ((2,), (3, 6, (4, 23), (44, 7, 96)))

    Raises:
        ProtocolError: it is none.
    """
    return thread_of(_scanner(data, "THREAD"))


@takes(*OCTETS)
def parse_quota(data: bytes) -> tuple[str, dict[str, tuple[int, int]]]:
    """A QUOTA response: the root, and {resource: (used, limit)} in the resource's own units (RFC 9208 4.2.1).

    Raises:
        ProtocolError: it is none.
    """
    return quota_of(_scanner(data, "QUOTA"))


@takes(*OCTETS)
def parse_quotaroot(data: bytes) -> tuple[str, tuple[str, ...]]:
    """A QUOTAROOT response: the mailbox and its roots (RFC 9208 4.2.2).

    Raises:
        ProtocolError: it is none.
    """
    return quotaroot_of(_scanner(data, "QUOTAROOT"))


@takes(*OCTETS)
def parse_namespace(data: bytes) -> tuple[Space, Space, Space]:
    """A NAMESPACE response: personal, other users', shared; each None or a tuple of (prefix, delimiter) (RFC 2342).

    >>> parse_namespace(b'* NAMESPACE (("" "/")) NIL (("#shared." "."))')
    ((('', '/'),), None, (('#shared.', '.'),))

    Raises:
        ProtocolError: it is none.
    """
    return namespace_of(_scanner(data, "NAMESPACE"))
