"""Header fields and MIME parameters, encoded and folded (RFC 5322 2.1.1 and 2.2.3, RFC 2047, RFC 2231).

What is not printable ASCII goes as encoded words, or with percent signs in parameters; so does what a reader would
take for an encoded word. Lines have 78 octets where there is white space to fold at, and never more than 998.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Iterable
from typing import TYPE_CHECKING
from urllib.parse import quote

from nettools.errors import UsageError
from nettools.parse.compose.addresses import LINE_ENDS, check_address, people

if TYPE_CHECKING:
    from nettools.results import Address

__all__ = ["encode_field", "encode_people", "parameter"]

FIELD_NAME = re.compile(r"[!-9;-~]+")
WITH_ADDRESSES = frozenset({"from", "sender", "reply-to", "to", "cc", "disposition-notification-to"})
LINE, LONGEST = 78, 998  # octets of a line without its end
_WORD = 75  # characters of an encoded word (RFC 2047 2)
_PLAIN = re.compile(r"[\x20-\x7e]*")
_ATOMS = r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+(?: [A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*"
_SAFE = frozenset(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789!*+-/")  # RFC 2047 5 (3)


def encode_field(name: str, value: str) -> bytes:
    """A field as lines: unstructured text, or addresses where the name says so."""
    if LINE_ENDS.search(value):
        raise UsageError(f"the {name} header has a CR, LF or NUL in it", hint="it would have begun a header of its own")
    short = len(name) + 2 + len(value) <= LINE
    if _PLAIN.fullmatch(value) and "=?" not in value and value == value.strip() and (short or "  " not in value):
        return fold(f"{name}: {value}")
    if name.lower().removeprefix("resent-") in WITH_ADDRESSES:
        return encode_people(name, people(value, name))
    return f"{name}: {encoded_words(value, len(name) + 2)}\r\n".encode("ascii")


def fold(line: str) -> bytes:
    """A field of printable ASCII as lines of at most 78 octets where it has white space, 998 in any case."""
    lines, start, first = [], 0, line.find(":") + 2
    while len(line) - start > LINE:
        cut = line.rfind(" ", max(start + 1, first), start + LINE)
        if cut < 0:
            cut = line.find(" ", max(start + LINE, first))
        if cut < 0:
            break
        lines.append(line[start:cut])
        start = cut
    lines.append(line[start:])
    if any(len(each) > LONGEST for each in lines):
        raise UsageError(f"a header has more than {LONGEST} octets without white space")
    return "\r\n".join([*lines, ""]).encode("ascii")


def encoded_words(text: str, used: int) -> str:
    """Text as encoded words in UTF-8, one a line; `used` are the characters that stand on the first line already."""
    try:
        octets = [char.encode("utf-8") for char in text]
    except UnicodeEncodeError:
        raise UsageError("a header has characters that are none (lone surrogates)") from None
    size = sum(map(len, octets))
    quoted = sum(1 if each in _SAFE or each == 0x20 else 3 for char in octets for each in char) <= -(-size // 3) * 4
    words: list[str] = []
    held: list[bytes] = []
    width = 0
    room = max(_WORD - used, 30) - 12 if used < _WORD else _WORD - 12  # =?utf-8?q??=
    for char in octets:
        cost = sum(1 if each in _SAFE or each == 0x20 else 3 for each in char) if quoted else len(char)
        if held and (width + cost if quoted else -(-(width + cost) // 3) * 4) > room:
            words.append(_word(b"".join(held), quoted))
            held, width, room = [], 0, _WORD - 12
        held.append(char)
        width += cost
    words.append(_word(b"".join(held), quoted))
    return "\r\n ".join(words)


def _word(octets: bytes, quoted: bool) -> str:
    if not quoted:
        return f"=?utf-8?b?{base64.b64encode(octets).decode('ascii')}?="
    text = "".join(chr(each) if each in _SAFE else "_" if each == 0x20 else f"={each:02X}" for each in octets)
    return f"=?utf-8?q?{text}?="


def _phrase(name: str) -> str:
    if _PLAIN.fullmatch(name) and "=?" not in name and len(name) <= LINE - 10:
        return name if re.fullmatch(_ATOMS, name) else '"' + name.replace("\\", "\\\\").replace('"', '\\"') + '"'
    return encoded_words(name, 20)


def encode_people(name: str, addresses: Iterable[Address]) -> bytes:
    """A field of addresses, one a line; nothing when there are none."""
    texts = []
    for each in addresses:
        if LINE_ENDS.search(each.name):
            raise UsageError(f"a name in {name} has a CR, LF or NUL in it")
        spec = check_address(each.address)
        phrase = _phrase(each.name)
        fits = len(phrase.rpartition("\n")[2]) + len(spec) < LINE
        texts.append(f"{phrase}{' ' if fits else chr(13) + chr(10) + ' '}<{spec}>" if each.name else spec)
    if not texts:
        return b""
    lines = ",\r\n ".join(texts)
    return f"{name}: {lines}\r\n".encode()


def parameter(name: str, value: str) -> str:
    """A parameter of a MIME field on lines of its own (RFC 2045 5.1; RFC 2231 where it is long or not plain ASCII)."""
    if _PLAIN.fullmatch(value) and "=?" not in value and len(value) <= LINE - len(name) - 6:
        text = value.replace("\\", "\\\\").replace('"', '\\"')
        return f';\r\n {name}="{text}"'
    escaped = quote(value.encode("utf-8", "surrogateescape"), safe="!#$&+-.^_`|~")
    if len(escaped) <= 60:
        return f";\r\n {name}*=utf-8''{escaped}"
    parts = re.findall(r"(?:%..|[^%]){1,20}", escaped)
    parts[0] = f"utf-8''{parts[0]}"
    return "".join(f";\r\n {name}*{place}*={part}" for place, part in enumerate(parts))
