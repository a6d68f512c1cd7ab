"""Parameters of header fields such as Content-Type: RFC 2045 5.1, and RFC 2231 for those in pieces or charsets."""

from __future__ import annotations

import re
from urllib.parse import unquote_to_bytes

from nettools.parse.given import OCTETS_OR_TEXT, takes
from nettools.parse.message.headers import (
    FOLD,
    charset_decode,
    decode_header,
    octets_of,
    text_of,
    unquote,
    without_comments,
)

__all__ = ["parse_parameters", "read_parameters"]

_PARAMETER = re.compile(r'([^\s=;"]+)\s*=\s*("(?:[^"\\]|\\.)*"?|[^;]*)|[^\s=;"]+|"(?:[^"\\]|\\.)*"?|[\s=;]+', re.DOTALL)
_PIECE = re.compile(r"0|[1-9][0-9]{0,5}")
_WHOLE = -1  # the number of a parameter that is in one piece: it counts before those in several


@takes(*OCTETS_OR_TEXT)
def parse_parameters(value: bytes | str) -> tuple[str, dict[str, str]]:
    """A field such as Content-Type: its value in lower case, and its parameters (RFC 2045 5.1, RFC 2231).

    >>> parse_parameters("attachment; filename*=utf-8''gr%C3%BC.txt; filename=gru.txt")
    ('attachment', {'filename': 'grü.txt'})
    """
    text = FOLD.sub("", text_of(value)).replace("\r", " ").replace("\n", " ").strip()
    head, _, rest = text.partition(";")
    kind = "/".join(part.strip() for part in without_comments(head).lower().split("/"))
    kind = unquote(kind) if kind.startswith('"') else kind
    return kind, read_parameters(without_comments(rest))


def read_parameters(text: str) -> dict[str, str]:
    """What stands behind the first semicolon, where there are no comments: HTTP has none (RFC 6266 4.1)."""
    plain: dict[str, str] = {}
    pieces: dict[str, list[tuple[int, bool, str]]] = {}
    for match in _PARAMETER.finditer(text):
        if match[1] is None:  # a word that is no parameter
            continue
        name, word = match[1].lower(), match[2]
        word = unquote(word) if word.startswith('"') else word.strip()
        base, star, tail = name.partition("*")
        if not star:
            plain.setdefault(name, decode_header(word) if "=?" in word else word)
            continue
        number, extended = tail.rstrip("*"), tail == "" or tail.endswith("*")
        if number and not _PIECE.fullmatch(number):
            if not number.isdecimal():  # `f*01` is a piece that RFC 2231 3 does not count
                plain.setdefault(name, word)
            continue
        if base:
            pieces.setdefault(base, []).append((int(number) if number else _WHOLE, extended, word))
    for base, parts in pieces.items():
        word, wrong = _joined(sorted(parts, key=lambda part: part[0]))
        if wrong is None or base not in plain:  # RFC 8187 3.2.1: one that cannot be decoded is passed over
            plain[base] = word
    return plain


def _joined(parts: list[tuple[int, bool, str]]) -> tuple[str, str | None]:
    """The value in these pieces, and what was wrong with it."""
    charset = ""
    octets = bytearray()
    expected = parts[0][0]
    for place, (number, extended, word) in enumerate(parts):
        if number != expected:
            break  # RFC 2231 3: a gap ends it
        expected += 1
        if place == 0 and word.count("'") >= 2 and (extended or any(other for _, other, _ in parts)):
            charset, _, word = word.split("'", 2)  # the first piece may not say that it is an extended one
        if extended:
            octets += unquote_to_bytes(octets_of(word))
        else:
            octets += octets_of(word)
        if number == _WHOLE:
            break
    return charset_decode(bytes(octets), charset)
