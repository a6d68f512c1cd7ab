"""Addresses of header fields (RFC 5322 3.4, RFC 6532): names decoded, groups taken apart, whatever is missing.

Most fields need no tokens and are split at once; the others go through a scanner of quotes, comments, literals and
specials, in linear time.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from nettools.parse.given import OCTETS_OR_TEXT, takes
from nettools.parse.message.headers import FOLD, decode_header, text_of, unquote
from nettools.results import Address

__all__ = ["parse_addresses"]

_TOKEN = re.compile(
    r'\s+|"(?:[^"\\]|\\.)*+"?|\((?:[^()\\]|\\.)*+|\[(?:[^\]\\]|\\.)*+\]?|[<>@,;:.]|\)'
    r'|[^\s"(\[<>@,;:.)]++(?:(?<=\\)"[^\s"(\[<>@,;:.)]*+)*+',
    re.DOTALL,
)

_NO_ATOM = re.compile(r'[\x00-\x20"(),:;<>@\[\\\]\x7f]')  # what an atom cannot have
_IN_COMMENT = re.compile(r"\\.|[()]|[^()\\]+|\\", re.DOTALL)


def _tokens(text: str) -> Iterator[tuple[str, str]]:
    """(kind, text): `special`, `quoted`, `literal`, `comment`, `space` or `atom`; comments nest."""
    place, depth, comment = 0, 0, ""
    unquoted = False  # a quote was opened that does not close: it, and all behind it, are none
    while place < len(text):
        char = text[place]
        if depth or char == "(":
            match = _IN_COMMENT.match(text, place)
            assert match is not None
            part, place = match[0], match.end()
            if part == "(":
                depth += 1
                comment += part if depth > 1 else ""
            elif part == ")":
                depth -= 1
                if depth == 0:
                    yield "comment", comment
                    comment = ""
                else:
                    comment += part
            else:
                comment += part.removeprefix("\\")
            continue
        found = None if unquoted and char == '"' else _TOKEN.match(text, place)
        if found is None:
            place += 1
            continue
        token = found[0]
        if token[0] == '"' and (len(token) == 1 or not token.endswith('"')):
            unquoted = True
            place += 1
            continue
        place = found.end()
        if token[0] == '"':
            yield "quoted", token
        elif token[0] == "[":
            yield "literal", token
        elif token.isspace():
            yield "space", token
        elif token in "<>@,;:.":
            yield "special", token
        elif token != ")":
            yield "atom", token
    if depth and comment:
        yield "comment", comment


@takes(*OCTETS_OR_TEXT)
def parse_addresses(value: bytes | str) -> tuple[Address, ...]:
    """The addresses of a field (RFC 5322 3.4): names decoded, groups taken apart, the comment beside a bare address
    for its name.

    >>> parse_addresses('Bob <bob@example.org>, "A, B" <ab@example.org>')[1].name
    'A, B'
    """
    text = FOLD.sub("", text_of(value))
    plain = _plain_addresses(text)
    if plain is not None:
        return plain
    result: list[Address] = []
    words: list[tuple[str, str]] = []  # of the address that is being read, before any <
    route: list[tuple[str, str]] | None = None  # inside < >
    closed = at = False  # whether > has come, and an @
    own = 0  # how many of the words stood before it

    def finish() -> None:
        nonlocal words, route, closed, at
        for piece in [words] if route is not None else _apart(words):
            address = _address(piece, route)
            if address is not None:
                result.append(address)
        words, route, closed, at = [], None, False, False

    for kind, token in _tokens(text):
        if kind == "special" and token == "<" and closed:  # a comma is missing
            words, following = words[:own], words[own:]
            finish()
            words, route = following, []
        elif kind == "special" and token == "<" and route is None:
            route, at = [], False
        elif kind == "special" and token == "<" and not route:
            pass  # twice
        elif kind == "special" and token == ">" and route is not None and not closed:
            closed, own = True, len(words)
        elif route is not None and not closed:
            if kind == "special" and token in ",;" and at:
                finish()
            else:
                route.append((kind, token))
                at = at or (token == "@" and route[0][1] != "@")  # a source route has commas of its own
        elif kind == "special" and token in ",;":
            finish()
        elif kind == "special" and token == ">":
            pass  # its < is missing
        elif kind == "special" and token == ":" and not at:
            words = []  # a group's name
        else:
            words.append((kind, token))
            at = at or (kind == "special" and token == "@")
    finish()
    return tuple(result)


# a display name has no specials (RFC 5322 3.2.3); said by what it has not: a set up to U+10FFFF takes 3 ms to compile
_PLAIN = re.compile(
    r'([^\x00-\x08\n-\x1f"(),:;<>@\[\\\]\x7f]*)<([^\s<>@,]+)@([A-Za-z0-9.-]+)>'
    r"|([^\s<>@,]+)@([A-Za-z0-9.-]+)"
)
_NOT_PLAIN = re.compile(r'["(;:\\\[]|=\?')


def _plain_addresses(text: str) -> tuple[Address, ...] | None:
    """The addresses of a field without quotes, comments, groups, routes and encoded words, as most are; else None."""
    if _NOT_PLAIN.search(text):
        return None
    result = []
    for piece in text.split(","):
        piece = piece.strip()
        if not piece:
            continue
        match = _PLAIN.fullmatch(piece)
        if match is None:
            return None
        name, mailbox, host, alone, alone_at = match.groups()
        result.append(Address(" ".join((name or "").split()), mailbox or alone, host or alone_at))
    return tuple(result)


def _apart(words: list[tuple[str, str]]) -> list[list[tuple[str, str]]]:
    """Bare addresses with nothing but a blank between them: a comma is missing there."""
    if sum(token == "@" for _, token in words) < 2:
        return [words]
    pieces: list[list[tuple[str, str]]] = [[]]
    at = False  # whether the last piece has an @
    for place, (kind, token) in enumerate(words):
        behind = words[place - 1][0] == "space" and place > 1 and words[place - 2][1] not in (".", "@")
        if at and behind and kind in ("atom", "quoted"):
            pieces.append([])
            at = False
        pieces[-1].append((kind, token))
        at = at or token == "@"
    return pieces


def _unbracketed(words: list[tuple[str, str]]) -> tuple[list[tuple[str, str]], list[tuple[str, str]]]:
    """The words of a name, and those of the address behind it, whose brackets are missing."""
    at = next((place for place, (_, token) in enumerate(words) if token == "@"), 0)
    for place in range(at - 2, 0, -1):
        if words[place][0] == "space" and not {words[place - 1][1], words[place + 1][1]} & {".", "@"}:
            return words[:place], words[place + 1 :]
    return [], words


def _address(words: list[tuple[str, str]], route: list[tuple[str, str]] | None) -> Address | None:
    if route is None:
        comments = [token for kind, token in words if kind == "comment"]
        spec = [(kind, token) for kind, token in words if kind != "comment"]
        text = "".join(token for _, token in spec).strip()
        if not text:
            return None
        if "@" not in text and (" " in text or "=?" in text):  # a phrase alone is no address
            return Address(_phrase(words), "", "")
        before, spec = _unbracketed(spec)
        name = _phrase(before) or " ".join(" ".join(comments).split())
    else:
        spec = [(kind, token) for kind, token in route if kind != "comment"]
        name = _phrase(words)  # beside an address in brackets a comment is a comment
    text = "".join(token for kind, token in spec if kind != "space")
    if text.startswith("@") and ":" in text:  # a source route of RFC 822
        text = text.rpartition(":")[2]
    if text[:7].lower() == "mailto:":
        text = text[7:]
    mailbox, at, host = text.rpartition("@")
    if not at:
        mailbox, host = text, ""
    if mailbox.startswith('"') and mailbox.endswith('"') and len(mailbox) > 1:
        inner = unquote(mailbox)
        mailbox = inner if _is_dot_atom(inner) else mailbox
    if not mailbox and not host:
        return Address(name, "", "") if name else None
    return Address(decode_header(name) if name else "", mailbox, host)


def _is_dot_atom(text: str) -> bool:
    """Whether a local part needs no quotes (RFC 5322 3.2.3, RFC 6532 3.2)."""
    return all(text.split(".")) and not _NO_ATOM.search(text)


def _phrase(words: list[tuple[str, str]]) -> str:
    parts = [
        unquote(token) if kind == "quoted" else token.replace('\\"', '"') for kind, token in words if kind != "comment"
    ]
    return decode_header(" ".join("".join(parts).split()))
