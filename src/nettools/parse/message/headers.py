"""Header fields: where they are, and the text that they say.

RFC 5322 (syntax), 2047 (encoded words), 6532 (UTF-8). Takes bytes or str; reads what mailers really send: raw UTF-8 and
8-bit, words split in the middle of a character, charsets that do not exist. What addresses, dates and parameters have
in common is here too; their own syntax is in modules of their own.
"""

from __future__ import annotations

import binascii
import codecs
import functools
import re
from collections.abc import Callable, Iterator

from nettools.charsets import is_charset
from nettools.parse.given import OCTETS_OR_TEXT, takes
from nettools.results import Headers

__all__ = [
    "FOLD",
    "base64_run",
    "charset_decode",
    "decode_header",
    "find_body",
    "octets_of",
    "parse_headers",
    "raw_fields",
    "split_message",
    "text_of",
    "unquote",
    "without_comments",
]

MOST_NAME = 40  # characters of a charset's name
MOST_HEADER_OCTETS = 1024 * 1024  # of all fields of one message; what is beyond is taken for the body
FOLD = re.compile(r"\r?\n(?=[ \t])")
_WORD = re.compile(r"=\?([A-Za-z0-9!#$%&'*+.^_`{|}~-]+)(?:\*[A-Za-z0-9-]*)?\?([BbQq])\?([^?\r\n]*)\?=")
_CUT_OCTET = re.compile(r"(?<!\?)=\r?\n[ \t](?=[0-9A-Fa-f]{2})")  # a line broken in the middle of `=C3`
_LINE_ENDS = re.compile(r"[\r\n]+")
_SURROGATE = re.compile("[\ud800-\udfff]")
_ESCAPED = re.compile("[^\ud800-\udc7f\udd00-\udfff]*")  # the surrogates that stand for octets, and no others
_NO_CHARSETS = frozenset({"", "us-ascii", "ascii", "unknown-8bit", "default"})
# names that Python does not have, and sets that are sent under the name of a smaller one
_ALIASES = {
    "utf8": "utf-8",
    "gb2312": "gb18030",
    "gbk": "gb18030",
    "euc-cn": "gb18030",
    "cn-gb": "gb18030",
    "cn-big5": "big5",
}
_ALIASES |= {"ks_c_5601-1987": "cp949", "euc-kr": "cp949", "shift_jis": "cp932", "shift-jis": "cp932", "sjis": "cp932"}
_ALIASES |= {"windows-31j": "cp932", "unicode-1-1-utf-7": "utf-7", "unicode-1-1-utf-8": "utf-8"}
_ALIASES |= {f"iso-8859-{part}-{order}": f"iso-8859-{part}" for part in "68" for order in "ie"}
_CODE_PAGE = re.compile(r"(?:x-)?(?:windows|cp|ibm|ms)-?(?=[0-9])")


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
    if value.isascii():
        return value.encode("ascii")
    return value.encode("utf-8", "surrogateescape" if _ESCAPED.fullmatch(value) else "replace")


@functools.lru_cache(maxsize=256)
def _codec(charset: str) -> str | None:
    """Python's name for a charset as mailers call it; None where it is none."""
    for name in (charset, charset.removeprefix("x-"), _CODE_PAGE.sub("cp", charset)):
        name = _ALIASES.get(name, name)
        if is_charset(name):
            return name
    return None


def charset_decode(data: bytes, charset: str | None) -> tuple[str, str | None]:
    """Octets as text, and what was wrong with them, if anything."""
    name = (charset or "").strip(" \t\"'").lower()[:MOST_NAME].removeprefix("charset=")
    if name in _NO_CHARSETS:
        if data.isascii():
            return data.decode("ascii"), None
        return text_of(data), "octets above 127 without a charset"
    codec = _codec(name)
    if codec is None:
        return text_of(data), f"unknown charset {name}"
    try:
        return data.decode(codec), None
    except (UnicodeError, ValueError):
        if codec != "utf-8":
            try:
                return data.decode("utf-8"), f"it is UTF-8, not {name}"
            except UnicodeDecodeError:
                pass
        return data.decode(codec, "replace"), f"octets that {name} does not have"


_BASE64 = re.compile(r"[A-Za-z0-9+/]*+={0,2}")
_ODD_EQUALS = re.compile(rb"=(?![0-9A-Fa-f]{2})")  # no octet in hexadecimal: binascii would take it for a line's end


def base64_run(run: bytes) -> bytes:
    """The octets of base64 without its padding; what is too much of it is left out."""
    run = run[: len(run) - (len(run) % 4 == 1)]
    return binascii.a2b_base64(run + b"=" * (-len(run) % 4))


def _word_octets(charset: str, encoding: str, text: str) -> bytes:
    """What the text of an encoded word stands for, in its charset."""
    if encoding in "Bb":
        if len(text) % 4 == 0 and _BASE64.fullmatch(text):
            return binascii.a2b_base64(text)
        runs = re.sub(r"[^A-Za-z0-9+/=]", "", text).split("=")
        return b"".join(base64_run(each.encode("ascii")) for each in runs)
    octets = _written(text.replace("_", " "), charset)
    if not _ODD_EQUALS.search(octets):
        return binascii.a2b_qp(octets)
    return re.sub(rb"=([0-9A-Fa-f]{2})", lambda match: bytes.fromhex(match[1].decode()), octets)


def _written(text: str, charset: str) -> bytes:
    """Text in a charset: what stands in a word without being encoded has been read as text already."""
    codec = None if text.isascii() else _codec(charset)
    try:
        return octets_of(text) if codec is None else text.encode(codec)
    except UnicodeError:
        return octets_of(text)


@takes(*OCTETS_OR_TEXT)
def decode_header(value: bytes | str, note: Callable[[str], object] = lambda defect: None) -> str:
    """An unstructured field, unfolded, its encoded words decoded (RFC 2047), also where they split a character.

    Args:
        note: told what is wrong with a word.

    >>> decode_header("=?utf-8?q?Gr=C3?= =?utf-8?q?=BC=C3=9Fe?=")
    'Grüße'
    """
    text = text_of(value)
    if "\n" in text:
        text = FOLD.sub("", _CUT_OCTET.sub("=", text) if "=?" in text else text)
    if "=?" not in text:
        return _on_one_line(text)
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
        charset = match[1].lower()
        octets = _word_octets(charset, match[2], match[3])
        between = text[place : match.start()]
        if between.strip(" \t\r\n") or (between and pending is None):
            flush()
            result.append(between)
        if pending is not None and (pending[0] != charset or charset.startswith("iso-2022")):
            flush()
        if pending is None:
            pending = (charset, bytearray())
        pending[1].extend(octets)
        place = match.end()
    flush()
    result.append(text[place:])
    return _on_one_line("".join(result))


def _on_one_line(text: str) -> str:
    """Text without line ends that no folding was: a bare CR, or those of an encoded word."""
    if "\r" in text or "\n" in text:
        text = _LINE_ENDS.sub(" ", text)
    return text.strip(" \t")


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
    for field in _FIELD_END.split(head.removeprefix(codecs.BOM_UTF8)):  # some programs save mails with one
        name, colon, value = field.partition(b":")
        name = name.rstrip(b" \t")
        if colon and _NAME.fullmatch(name):
            yield name.decode("ascii"), value
        elif field.strip() and not field.startswith((b"From ", b">From ")):  # an mbox's line is no mistake
            note("a line in a header that is no field")


@takes(*OCTETS_OR_TEXT)
def parse_headers(data: bytes | str) -> Headers:
    """The fields of a message in order, unfolded and decoded; what follows the first empty line is not looked at."""
    head, _ = split_message(octets_of(data))
    return Headers((name, decode_header(value)) for name, value in raw_fields(head))


# --- what structured fields share

_COMMENT_PART = re.compile(r'"(?:[^"\\]|\\.)*+"?|\\.|[()]|[^"()\\]+|\\', re.DOTALL)


def without_comments(text: str, instead: str = "") -> str:
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


def unquote(token: str) -> str:
    """What a quoted string says; its last quote may be missing."""
    return re.sub(r"\\(.)", r"\1", token[1:-1] if token.endswith('"') and len(token) > 1 else token[1:])
