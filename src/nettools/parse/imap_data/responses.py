"""Responses: status, data and continuation (RFC 3501 7), and the untagged data of the extensions.

SEARCH and ESEARCH (RFC 4731), SORT and THREAD (RFC 5256), STATUS, QUOTA (RFC 9208), NAMESPACE (RFC 2342), VANISHED (RFC
7162), ID (RFC 2971), ENABLED (RFC 5161).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from nettools.errors import ProtocolError
from nettools.parse.imap_data.fetch import fetch_data
from nettools.parse.imap_data.folders import decode_folder, folder_of
from nettools.parse.imap_data.tokens import MOST_LEVELS, Scanner, text_of

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
]

Code = str | tuple[str, Any] | None


@dataclass(frozen=True, slots=True)
class Response:
    """One response. `kind` says what `data` is; `tag` is None for untagged ones; `code` is what stood in brackets."""

    kind: str
    tag: str | None = None
    status: str | None = None
    code: Code = None
    text: str | None = None
    data: Any = None


_STATUS = re.compile(rb"(OK|NO|BAD|BYE|PREAUTH)\b[ \t]*(.*)", re.IGNORECASE | re.DOTALL)
_CODE = re.compile(rb"\[([^\s\]]+)(?: ((?:[^\]\"]|\"(?:[^\"\\]|\\.)*\")*))?\][ \t]?(.*)", re.DOTALL)
_NUMBERED = re.compile(rb"(\d{1,20}) ([A-Za-z]+)[ \t]*")
_WORD = re.compile(rb"([A-Za-z][A-Za-z0-9-]*)[ \t]*")


def parse_response(data: bytes) -> Response:
    """One response with everything that belongs to it, literals inside.

    Raises:
        ProtocolError: it is none.
    """
    if data.startswith(b"+"):
        code, text = _code(data[1:].strip(b" \t\r\n"))
        return Response("continuation", None, None, code, text)
    tag, space, rest = data.partition(b" ")
    if not tag or not (tag == b"*" or re.fullmatch(rb"[^\s(){%*\"\\+]+", tag)) or (not space and tag == data.rstrip()):
        raise ProtocolError(f"this is no IMAP response: {data[:80].decode('ascii', 'backslashreplace')!r}")
    name = None if tag == b"*" else tag.decode("ascii", "replace")
    status = _STATUS.match(rest)
    if status is not None:
        code, text = _code(status[2].rstrip(b"\r\n"))
        return Response("status", name, status[1].decode().upper(), code, text)
    if name is not None:
        raise ProtocolError(f"a tagged response without a status: {data[:80].decode('ascii', 'backslashreplace')!r}")
    return _untagged(rest)


def _code(text: bytes) -> tuple[Code, str | None]:
    """The response code and the text behind it (RFC 3501 7.1)."""
    match = _CODE.match(text) if text.startswith(b"[") else None
    if match is None:
        return None, text.decode("utf-8", "replace") or None
    name = match[1].decode("ascii", "replace").upper()
    rest = match[3].decode("utf-8", "replace").strip() or None
    if match[2] is None or not match[2].strip():
        return name, rest
    return (name, _code_value(match[2].strip())), rest


def _code_value(text: bytes) -> Any:
    if text.isdigit() and len(text) < 20:
        return int(text)
    try:
        values = Scanner(text).values()
    except ProtocolError:
        return (text.decode("utf-8", "replace"),)
    if len(values) == 1 and isinstance(values[0], tuple):
        values = list(values[0])
    flat = []
    for value in values:
        flat += [text_of(each) for each in value] if isinstance(value, tuple) else [text_of(value)]
    return tuple(flat)


def _untagged(rest: bytes) -> Response:
    numbered = _NUMBERED.match(rest)
    if numbered is not None:
        number, word = int(numbered[1]), numbered[2].lower()
        if word == b"fetch":
            scanner = Scanner(rest, numbered.end())
            if scanner.match().lastgroup != "open":
                raise ProtocolError("a FETCH without its parenthesis")
            return Response("fetch", data=fetch_data(scanner, number))
        return Response(word.decode(), data=number)
    named = _WORD.match(rest)
    if named is None:
        raise ProtocolError(f"this is no IMAP response: {rest[:80].decode('ascii', 'backslashreplace')!r}")
    word = named[1].decode().upper()
    scanner = Scanner(rest, named.end())
    reader = _READERS.get(word)
    if reader is None:
        return Response(word.lower(), text=scanner.rest().decode("utf-8", "replace") or None)
    kind, read = reader
    return Response(kind, data=read(scanner))


# --- the data of each


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


def _vanished(scanner: Scanner) -> tuple[tuple[str, ...], bool]:
    words = scanner.values()
    earlier = bool(words) and isinstance(words[0], tuple)
    sets = text_of(words[-1]) if words and isinstance(words[-1], bytes) else ""
    return tuple(filter(None, sets.split(","))), earlier


def _ids(scanner: Scanner) -> tuple[tuple[int, ...], int | None]:
    ids: list[int] = []
    modseq = None
    for value in scanner.values():
        if isinstance(value, bytes) and value.isdigit():
            ids.append(int(value))
        elif isinstance(value, tuple) and len(value) == 2 and text_of(value[0]).upper() == "MODSEQ":
            modseq = int(value[1]) if isinstance(value[1], bytes) and value[1].isdigit() else None
        else:
            raise scanner.error("no message number")
    return tuple(ids), modseq


def _esearch(scanner: Scanner) -> dict[str, Any]:
    found: dict[str, Any] = {}
    values = scanner.values()
    place = 0
    while place < len(values):
        value = values[place]
        place += 1
        if isinstance(value, tuple):
            pairs = [text_of(each) for each in value]
            if len(pairs) == 2 and pairs[0].upper() == "TAG":
                found["tag"] = pairs[1]
            continue
        name = text_of(value).lower()
        if name == "uid":
            found["uid"] = True
            continue
        if place >= len(values):
            raise scanner.error("an ESEARCH item without its value")
        item = values[place]
        place += 1
        text = text_of(item)
        if name == "partial" and isinstance(item, tuple):
            found["partial"] = tuple(text_of(each) for each in item)
        elif name == "all":
            found["all"] = tuple(filter(None, text.split(",")))
        else:
            found[name] = int(text) if text.isdigit() else text
    return found


def _thread(scanner: Scanner) -> tuple[Any, ...]:
    def numbers(value: Any) -> Any:
        if isinstance(value, tuple):
            return tuple(numbers(each) for each in value)
        if isinstance(value, bytes) and value.isdigit():
            return int(value)
        raise scanner.error("no message number")

    assert MOST_LEVELS < 500  # the depth that `numbers` may recurse to
    return tuple(numbers(value) for value in scanner.values())


def _status(scanner: Scanner) -> tuple[str, dict[str, int]]:
    match = re.match(rb"(.*?)[ \t]*\(([^()]*)\)[ \t]*(?:\r?\n)?\Z", scanner.data[scanner.place :], re.DOTALL)
    if match is None:
        raise scanner.error("no STATUS")
    name = match[1]
    if name.startswith((b'"', b"{", b"~{")):
        value = Scanner(name).value()
        name = value if isinstance(value, bytes) else b""
    words = match[2].split()
    pairs = zip(words[::2], words[1::2], strict=False)
    counts = {key.decode("ascii", "replace").lower(): int(number) for key, number in pairs if number.isdigit()}
    return decode_folder(name), counts


def _quota(scanner: Scanner) -> tuple[str, dict[str, tuple[int, int]]]:
    root = text_of(scanner.value())
    resources = scanner.value()
    if not isinstance(resources, tuple) or len(resources) % 3:
        raise scanner.error("no QUOTA")
    found = {}
    for name, used, limit in zip(resources[::3], resources[1::3], resources[2::3], strict=True):
        if not (isinstance(used, bytes) and used.isdigit() and isinstance(limit, bytes) and limit.isdigit()):
            raise scanner.error("no QUOTA")
        found[text_of(name).lower()] = (int(used), int(limit))
    return root, found


def _quotaroot(scanner: Scanner) -> tuple[str, tuple[str, ...]]:
    values = scanner.values()
    if not values:
        raise scanner.error("no QUOTAROOT")
    mailbox, *roots = values
    return decode_folder(mailbox or b""), tuple(text_of(each) for each in roots)


Space = tuple[tuple[str, str | None], ...] | None


def _namespace(scanner: Scanner) -> tuple[Space, Space, Space]:
    values = scanner.values()
    if len(values) < 3:
        raise scanner.error("no NAMESPACE")

    def spaces(value: Any) -> Space:
        if not isinstance(value, tuple):
            return None
        return tuple(
            (decode_folder(each[0] or b""), text_of(each[1]) if each[1] is not None else None)
            for each in value
            if isinstance(each, tuple) and len(each) >= 2
        )

    return spaces(values[0]), spaces(values[1]), spaces(values[2])


_READERS: dict[str, tuple[str, Any]] = {
    "CAPABILITY": ("capability", lambda scanner: tuple(word.upper() for word in _words(scanner))),
    "ENABLED": ("enabled", _words),
    "FLAGS": ("flags", _flags),
    "ID": ("id", _id),
    "VANISHED": ("vanished", _vanished),
    "LIST": ("list", folder_of),
    "LSUB": ("lsub", folder_of),
    "XLIST": ("list", folder_of),
    "SEARCH": ("search", _ids),
    "SORT": ("sort", _ids),
    "ESEARCH": ("esearch", _esearch),
    "THREAD": ("thread", _thread),
    "STATUS": ("mailbox", _status),
    "QUOTA": ("quota", _quota),
    "QUOTAROOT": ("quotaroot", _quotaroot),
    "NAMESPACE": ("namespace", _namespace),
}


def _scanner(data: bytes, *words: str) -> Scanner:
    pattern = rb"(?:\* )?(?:" + "|".join(words).encode() + rb")\b[ \t]*"
    match = re.match(pattern, data, re.IGNORECASE)
    if match is None:
        raise ProtocolError(f"this is no {words[0]} response")
    return Scanner(data, match.end())


def parse_status(data: bytes) -> tuple[str, dict[str, int]]:
    """A STATUS response: the folder's name and its counts, keys in lower case."""
    return _status(_scanner(data, "STATUS"))


def _all_ids(data: bytes, word: str) -> tuple[tuple[int, ...], int | None]:
    ids: list[int] = []
    modseq = None
    lines = [line for line in re.split(rb"(?<=\n)", data) if line.strip()]
    if not lines:
        raise ProtocolError(f"this is no {word} response")
    for line in lines:
        more, seen = _ids(_scanner(line, word))
        ids += more
        modseq = seen if seen is not None else modseq
    return tuple(ids), modseq


def parse_search(data: bytes) -> tuple[tuple[int, ...], int | None]:
    """One or several SEARCH responses: the numbers, and the highest MODSEQ where it is told."""
    return _all_ids(data, "SEARCH")


def parse_sort(data: bytes) -> tuple[tuple[int, ...], int | None]:
    """A SORT response: the numbers in order."""
    return _all_ids(data, "SORT")


def parse_esearch(data: bytes) -> dict[str, Any]:
    """An ESEARCH response: tag, uid, min, max, count, modseq as numbers; `all` a tuple of numbers and ranges."""
    return _esearch(_scanner(data, "ESEARCH"))


def parse_thread(data: bytes) -> tuple[Any, ...]:
    """A THREAD response: nested tuples of numbers."""
    return _thread(_scanner(data, "THREAD"))


def parse_quota(data: bytes) -> tuple[str, dict[str, tuple[int, int]]]:
    """A QUOTA response: the root, and {resource: (used, limit)}."""
    return _quota(_scanner(data, "QUOTA"))


def parse_quotaroot(data: bytes) -> tuple[str, tuple[str, ...]]:
    """A QUOTAROOT response: the mailbox and its roots."""
    return _quotaroot(_scanner(data, "QUOTAROOT"))


def parse_namespace(data: bytes) -> tuple[Space, Space, Space]:
    """A NAMESPACE response: personal, other users', shared; each None or a tuple of (prefix, delimiter)."""
    return _namespace(_scanner(data, "NAMESPACE"))
