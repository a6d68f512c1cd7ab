"""Header fields: encoded words, addresses, dates, parameters.

RFC 5322 (syntax), 2047 (encoded words), 2231 (parameters), 6532 (UTF-8). Takes bytes or str; reads what mailers really
send: raw UTF-8 and 8-bit, words split in the middle of a character, comments and groups in addresses, dates of every
age.
"""

from __future__ import annotations

import base64
import binascii
import datetime as dt
import re
from collections.abc import Callable, Iterator
from functools import lru_cache
from urllib.parse import unquote_to_bytes

from nettools.charsets import is_charset
from nettools.errors import ProtocolError
from nettools.results import Address, Headers

__all__ = [
    "decode_header",
    "octets_of",
    "parse_addresses",
    "parse_date",
    "parse_headers",
    "parse_parameters",
    "raw_fields",
    "split_message",
    "text_of",
]

MOST_HEADER_OCTETS = 1024 * 1024  # of all fields of one message; what is beyond is taken for the body
_FOLD = re.compile(r"\r?\n(?=[ \t])")
_WORD = re.compile(r"=\?([A-Za-z0-9!#$%&'*+.^_`{|}~-]+)(?:\*[A-Za-z0-9-]*)?\?([BbQq])\?([^?\r\n]*)\?=")
_CUT_OCTET = re.compile(r"(?<!\?)=\r?\n[ \t](?=[0-9A-Fa-f]{2})")  # a line broken in the middle of `=C3`
_LINE_ENDS = re.compile(r"[\r\n]+")
_SURROGATE = re.compile("[\ud800-\udfff]")
_ESCAPED = re.compile("[^\ud800-\udc7f\udd00-\udfff]*")  # the surrogates that stand for octets, and no others
_ALIASES = {"utf8": "utf-8", "gb2312": "gb18030", "gbk": "gb18030", "ks_c_5601-1987": "cp949", "x-sjis": "cp932"}
_ALIASES |= {"shift_jis": "cp932", "iso-8859-8-i": "iso-8859-8", "x-unknown": "latin-1", "unicode-1-1-utf-7": "utf-7"}


def text_of(value: bytes | str) -> str:
    """A raw field as text: UTF-8 where it is valid, else Windows-1252, the 8-bit that is most used."""
    if isinstance(value, str):
        if value.isascii() or not _SURROGATE.search(value):
            return value
        value = octets_of(value)
    try:
        return value.decode("utf-8")
    except UnicodeDecodeError:
        return value.decode("cp1252", "replace") if b"\x81" not in value else value.decode("latin-1")


def octets_of(value: bytes | str) -> bytes:
    """Text as octets: UTF-8, but for surrogates that stand for octets; any others are question marks."""
    if not isinstance(value, str):
        return bytes(value)
    return value.encode("utf-8", "surrogateescape" if _ESCAPED.fullmatch(value) else "replace")


def charset_decode(data: bytes, charset: str | None) -> tuple[str, str | None]:
    """Octets as text, and what was wrong with them, if anything."""
    name = (charset or "").strip().strip('"').lower()
    name = _ALIASES.get(name, name)
    if not name or name in ("us-ascii", "ascii", "unknown-8bit", "default"):
        if data.isascii():
            return data.decode("ascii"), None
        return text_of(data), "octets above 127 without a charset"
    if not is_charset(name):
        return text_of(data), f"unknown charset {name[:40]}"
    try:
        return data.decode(name), None
    except (UnicodeError, ValueError):
        if name != "utf-8":
            try:
                return data.decode("utf-8"), f"it is UTF-8, not {name}"
            except UnicodeDecodeError:
                pass
        return data.decode(name, "replace"), f"octets that {name} does not have"


_BASE64 = re.compile(r"[A-Za-z0-9+/]*+={0,2}")
_ODD_EQUALS = re.compile(rb"=(?![0-9A-Fa-f]{2})")  # no octet in hexadecimal: binascii would take it for a line's end


def _word_octets(encoding: str, text: str) -> bytes | None:
    if encoding in "Bb":
        if len(text) % 4 == 0 and _BASE64.fullmatch(text):
            return binascii.a2b_base64(text)
        compact = re.sub(r"[^A-Za-z0-9+/]", "", text)
        try:
            return base64.b64decode(compact + "=" * (-len(compact) % 4))
        except (binascii.Error, ValueError):
            try:
                return base64.b64decode(compact[: len(compact) - len(compact) % 4])
            except (binascii.Error, ValueError):
                return None
    octets = octets_of(text.replace("_", " "))
    if not _ODD_EQUALS.search(octets):
        return binascii.a2b_qp(octets)
    return re.sub(rb"=([0-9A-Fa-f]{2})", lambda match: bytes.fromhex(match[1].decode()), octets)


def decode_header(value: bytes | str, note: Callable[[str], object] = lambda defect: None) -> str:
    """An unstructured field, unfolded, its encoded words decoded (RFC 2047), also where they split a character.

    Args:
        note: told what is wrong with a word.

    >>> decode_header("=?utf-8?q?Gr=C3?= =?utf-8?q?=BC=C3=9Fe?=")
    'Grüße'
    """
    text = text_of(value)
    if "\n" in text:
        text = _FOLD.sub("", _CUT_OCTET.sub("=", text) if "=?" in text else text)
    text = text.strip("\r\n")
    if "=?" not in text:
        return text.strip(" \t")
    result: list[str] = []
    place = 0
    pending: tuple[str, bytearray] | None = None  # octets of words that stand together

    def flush() -> None:
        nonlocal pending
        if pending is not None:
            decoded, defect = charset_decode(bytes(pending[1]), pending[0])
            result.append(decoded)
            if defect is not None:
                note(defect)
            pending = None

    for match in _WORD.finditer(text):
        octets = _word_octets(match[2], match[3])
        between = text[place : match.start()]
        if octets is None:
            continue
        if between.strip(" \t\r\n") or (between and pending is None):
            flush()
            result.append(between)
        charset = match[1].lower()
        if pending is not None and (pending[0] != charset or charset.startswith("iso-2022")):
            flush()
        if pending is None:
            pending = (charset, bytearray())
        pending[1].extend(octets)
        place = match.end()
    flush()
    result.append(text[place:])
    whole = "".join(result)
    if "\r" in whole or "\n" in whole:
        whole = _LINE_ENDS.sub(" ", whole)
    return whole.strip(" \t")


# --- fields

_GAP = re.compile(rb"\r?\n\r?\n")
_FIELD_END = re.compile(rb"\r?\n(?![ \t])")
_NAME = re.compile(rb"[!-9;-~]+")


def split_message(raw: bytes) -> tuple[bytes, bytes]:
    """The header and the body of a message, the empty line between them left out."""
    end, start = find_body(raw, 0, len(raw))
    return raw[:end], raw[start:]


def find_body(raw: bytes, start: int, end: int) -> tuple[int, int]:
    """Where the header of a message at `start` ends, and where its body begins."""
    for line_end in (b"\r\n", b"\n"):
        if raw.startswith(line_end, start, end):
            return start, start + len(line_end)
    match = _GAP.search(raw, start, min(end, start + MOST_HEADER_OCTETS + 4))
    if match is not None:
        return match.span()
    cut = min(end, start + MOST_HEADER_OCTETS)
    return cut, cut


def raw_fields(head: bytes, note: Callable[[str], object] = lambda defect: None) -> Iterator[tuple[str, bytes]]:
    """Each field with its value as it came, folding included; lines that are no field are passed over.

    Args:
        note: told of a line that was passed over.
    """
    for field in _FIELD_END.split(head):
        name, colon, value = field.partition(b":")
        name = name.rstrip(b" \t")
        if colon and _NAME.fullmatch(name):
            yield name.decode("ascii"), value
        elif field.strip() and not field.startswith((b"From ", b">From ")):  # an mbox's line is no mistake
            note("a line in a header that is no field")


def parse_headers(data: bytes | str) -> Headers:
    """The fields of a message in order, unfolded and decoded; what follows the first empty line is not looked at."""
    head, _ = split_message(octets_of(data))
    return Headers((name, decode_header(value)) for name, value in raw_fields(head))


# --- addresses

_TOKEN = re.compile(
    r'\s+|"(?:[^"\\]|\\.)*"?|\((?:[^()\\]|\\.)*|\[(?:[^\]\\]|\\.)*\]?|[<>@,;:.]|[^\s"(\[<>@,;:.)]+|\)', re.DOTALL
)


def _unquote(token: str) -> str:
    return re.sub(r"\\(.)", r"\1", token[1:-1] if token.endswith('"') and len(token) > 1 else token[1:])


def _tokens(text: str) -> Iterator[tuple[str, str]]:
    """(kind, text): `special`, `quoted`, `literal`, `comment`, `space` or `atom`; comments nest."""
    place, depth, comment = 0, 0, ""
    unquoted = False  # a quote was opened that does not close: it, and all behind it, are none
    while place < len(text):
        char = text[place]
        if depth or char == "(":
            match = re.compile(r"\\.|[()]|[^()\\]+|\\", re.DOTALL).match(text, place)
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


def parse_addresses(value: bytes | str) -> tuple[Address, ...]:
    """The addresses of a field (RFC 5322 3.4): names decoded, groups taken apart, the comment beside a bare address
    for its name.

    >>> parse_addresses('Bob <bob@example.org>, "A, B" <ab@example.org>')[1].name
    'A, B'
    """
    text = _FOLD.sub("", text_of(value))
    plain = _plain_addresses(text)
    if plain is not None:
        return plain
    result: list[Address] = []
    words: list[tuple[str, str]] = []  # of the address that is being read, before any <
    route: list[tuple[str, str]] | None = None  # inside < >
    closed = at = False  # whether > has come, and an @

    def finish() -> None:
        nonlocal words, route, closed, at
        for piece in [words] if route is not None else _apart(words):
            address = _address(piece, route)
            if address is not None:
                result.append(address)
        words, route, closed, at = [], None, False, False

    for kind, token in _tokens(text):
        if kind == "special" and token == "<" and route is None:
            route, at = [], False
        elif kind == "special" and token == "<" and not route:
            pass  # twice
        elif kind == "special" and token == ">" and route is not None and not closed:
            closed = True
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


_PLAIN = re.compile(
    r"([A-Za-z0-9!#$%&'*+/=?^_`{|}~.\x80-\U0010ffff \t-]*)<([^\s<>@,]+)@([A-Za-z0-9.-]+)>"
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
    for place, (kind, token) in enumerate(words):
        behind = words[place - 1][0] == "space" and place > 1 and words[place - 2][1] not in (".", "@")
        if behind and kind in ("atom", "quoted") and any(each == "@" for _, each in pieces[-1]):
            pieces.append([])
        pieces[-1].append((kind, token))
    return pieces


def _address(words: list[tuple[str, str]], route: list[tuple[str, str]] | None) -> Address | None:
    if route is None:
        comments = [token for kind, token in words if kind == "comment"]
        name = " ".join(" ".join(comments).split())
        spec = [(kind, token) for kind, token in words if kind != "comment"]
        text = "".join(token for _, token in spec).strip()
        if not text:
            return None
        if "@" not in text and " " in text:  # a phrase alone is no address
            return Address(_phrase(words), "", "")
    else:
        spec = [(kind, token) for kind, token in route if kind != "comment"]
        name = _phrase(words)  # beside an address in brackets a comment is a comment
    text = "".join(token for kind, token in spec if kind != "space")
    if text.startswith("@") and ":" in text:  # a source route of RFC 822
        text = text.rpartition(":")[2]
    mailbox, at, host = text.rpartition("@")
    if not at:
        mailbox, host = text, ""
    if mailbox.startswith('"') and mailbox.endswith('"') and len(mailbox) > 1:
        inner = _unquote(mailbox)
        if re.fullmatch(
            r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~\x80-\U0010ffff-]+(\.[A-Za-z0-9!#$%&'*+/=?^_`{|}~\x80-\U0010ffff-]+)*", inner
        ):
            mailbox = inner
    if not mailbox and not host:
        return Address(name, "", "") if name else None
    return Address(decode_header(name) if name else "", mailbox, host)


def _phrase(words: list[tuple[str, str]]) -> str:
    parts = [_unquote(token) if kind == "quoted" else token for kind, token in words if kind != "comment"]
    return decode_header(re.sub(r"\s+", " ", "".join(parts)).strip())


# --- dates

_ZONES = {"ut": 0, "utc": 0, "gmt": 0, "z": 0, "est": -5, "edt": -4, "cst": -6, "cdt": -5, "mst": -7, "mdt": -6}
_ZONES |= {"pst": -8, "pdt": -7, "cet": 1, "cest": 2, "met": 1, "mest": 2, "bst": 1, "jst": 9, "msk": 3, "eet": 2}
_MONTHS = {
    name: n
    for n, name in enumerate(["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"], 1)
}
_DATE = re.compile(
    r"(?:[A-Za-z]{2,9}\.?\s*,?\s*)?(\d{1,2})[\s-]+([A-Za-z]{3,9})\.?,?[\s-]+(\d{2,4})"
    r"(?:,?\s+(\d{1,2})[:.](\d{1,2})(?:[:.](\d{1,2})(?:[.,]\d+)?)?\s*([AaPp][Mm])?)?\s*(.*)",
    re.DOTALL,
)
_ASCTIME = re.compile(
    r"(?:[A-Za-z]{3,9}\.?,?\s+)?([A-Za-z]{3,9})\.?\s+(\d{1,2}),?\s+(?:(\d{4}),?\s+)?(\d{1,2}):(\d{1,2})(?::(\d{1,2}))?"
    r"\s*(?:([A-Za-z+-][A-Za-z0-9+-]*)\s+)?(\d{4})?\s*(.*)",
    re.DOTALL,
)
_DATE_INSIDE = re.compile(r"\b\d{1,2} [A-Za-z]{3} \d{4} \d{1,2}:\d\d(?::\d\d)?(?: [+-]\d{4})?\b")  # with something around it
_SINGLE = re.compile(r"[A-Za-z0-9:,+-]+(?: [A-Za-z0-9:,+-]+)*+")  # no comments, no folding: nothing to take out


def parse_date(value: bytes | str) -> dt.datetime:
    """A date (RFC 5322 3.3, and its ancestors: RFC 822, 850, 1036, asctime), aware; without a zone it is UTC.

    Raises:
        ProtocolError: it is no date.
    """
    text = text_of(value)
    if not _SINGLE.fullmatch(text):
        text = " ".join(_without_comments(_FOLD.sub("", text), " ").split())
    match = _DATE.fullmatch(text)
    if match is not None:
        day, month, year, hour, minute, second, half, zone = match.groups()
    else:
        found = _ASCTIME.fullmatch(text)
        if found is None:
            inside = _DATE_INSIDE.search(text)
            return _iso(text) if inside is None else parse_date(inside[0])
        month, day, year, hour, minute, second, zone, late, rest = found.groups()
        year, half, zone = year or late, None, zone or rest
    number = _MONTHS.get(month[:3].lower())
    if number is None or year is None or (hour is None and ":" in zone):  # a time that something stands before
        raise ProtocolError(f"{text[:80]!r} is no date")
    years = int(year)
    if len(year) <= 3:  # RFC 5322 4.3
        years += 2000 if years < 50 else 1900
    hours = int(hour or 0)
    if half:
        hours = hours % 12 + (12 if half.lower() == "pm" else 0)
    try:
        second_ = min(int(second or 0), 59)
        end_of_day = hours == 24 and not int(minute or 0)
        hours = 0 if end_of_day else hours
        start = dt.datetime(years, number, int(day), hours, int(minute or 0), second_, tzinfo=_zone((zone or "")[:80]))
        return start + dt.timedelta(days=end_of_day)
    except (ValueError, OverflowError) as error:
        raise ProtocolError(f"{text[:80]!r} is no date: {error}") from None


def _iso(text: str) -> dt.datetime:
    try:
        moment = dt.datetime.fromisoformat(text.replace("/", "-"))
    except ValueError:
        raise ProtocolError(f"{text[:80]!r} is no date") from None
    return moment if moment.tzinfo else moment.replace(tzinfo=dt.UTC)


@lru_cache(maxsize=256)
def _zone(text: str) -> dt.tzinfo:
    match = re.search(r"([+-])(\d{1,2}?)(?::?(\d{2}))?\b", text)
    if match is not None:
        hours, minutes = int(match[2]), int(match[3] or 0)
        if hours >= 24 or minutes >= 60:
            return dt.UTC
        minutes += hours * 60
        return dt.timezone(dt.timedelta(minutes=minutes if match[1] == "+" else -minutes)) if minutes else dt.UTC
    word = text.strip().split(" ")[0].lower() if text.strip() else ""
    hours = _ZONES.get(word, 0)  # RFC 5322 4.3: an unknown zone is -0000
    return dt.timezone(dt.timedelta(hours=hours)) if hours else dt.UTC


# --- parameters

_PARAMETER = re.compile(r'([^\s=;"]+)\s*=\s*("(?:[^"\\]|\\.)*"?|[^;]*)|[^\s=;"]+|"(?:[^"\\]|\\.)*"?|[\s=;]+', re.DOTALL)
_PIECE = re.compile(r"0|[1-9][0-9]{0,5}")


def parse_parameters(value: bytes | str) -> tuple[str, dict[str, str]]:
    """A field such as Content-Type: its value in lower case, and its parameters (RFC 2045 5.1, RFC 2231).

    >>> parse_parameters("attachment; filename*=utf-8''gr%C3%BC.txt; filename=gru.txt")
    ('attachment', {'filename': 'grü.txt'})
    """
    text = _FOLD.sub("", text_of(value)).replace("\r", " ").replace("\n", " ").strip()
    head, _, rest = text.partition(";")
    plain: dict[str, str] = {}
    pieces: dict[str, list[tuple[int, bool, str]]] = {}
    for match in _PARAMETER.finditer(_without_comments(rest)):
        if match[1] is None:  # a word that is no parameter
            continue
        name, word = match[1].lower(), match[2]
        word = _unquote(word) if word.startswith('"') else word.strip()
        base, star, tail = name.partition("*")
        if not star:
            plain.setdefault(name, decode_header(word) if "=?" in word else word)
            continue
        number, extended = tail.rstrip("*"), tail == "" or tail.endswith("*")
        if number and not _PIECE.fullmatch(number):
            plain.setdefault(name, word)
            continue
        pieces.setdefault(base, []).append((int(number) if number else 0, extended, word))
    for base, parts in pieces.items():
        plain[base] = _joined(sorted(parts, key=lambda part: part[0]))
    kind = "/".join(part.strip() for part in _without_comments(head).lower().split("/"))
    return kind, plain


_COMMENT_PART = re.compile(r'"(?:[^"\\]|\\.)*+"?|\\.|[()]|[^"()\\]+|\\', re.DOTALL)


def _without_comments(text: str, instead: str = "") -> str:
    """Text without its comments, which nest; one that does not end, and what is in quotes, is none."""
    if "(" not in text:
        return text
    kept: list[str] = []
    depth = start = 0
    for match in _COMMENT_PART.finditer(text):
        part = match[0]
        if part == "(":
            start = start if depth else match.start()
            depth += 1
        elif part == ")" and depth:
            depth -= 1
            kept.extend([] if depth else [instead])
        elif not depth:
            kept.append(part)
    return "".join(kept) + (text[start:] if depth else "")


def _joined(parts: list[tuple[int, bool, str]]) -> str:
    charset = ""
    octets = bytearray()
    expected = parts[0][0]
    for place, (number, extended, word) in enumerate(parts):
        if number != expected:
            break  # RFC 2231 3: a gap ends it
        expected += 1
        if extended:
            if place == 0 and word.count("'") >= 2:
                charset, _, word = word.split("'", 2)
            octets += unquote_to_bytes(word)
        else:
            octets += octets_of(word)
    return charset_decode(bytes(octets), charset)[0]
