"""FTP replies: the values inside them (RFC 959 4.2, 2428, 3659, 2389). Pure."""

from __future__ import annotations

import datetime as dt
import re

from nettools.errors import ProtocolError
from nettools.parse.given import OCTETS, OCTETS_OR_TEXT, takes
from nettools.results import Reply

__all__ = ["parse_epsv", "parse_feat", "parse_mdtm", "parse_pasv", "parse_pwd", "parse_reply", "parse_size"]


def _text(data: bytes | str) -> str:
    return data if isinstance(data, str) else data.decode("utf-8", "surrogateescape")


def _bad(data: bytes | str, what: str) -> ProtocolError:
    return ProtocolError(f"this is no {what}: {_text(data)[:80].encode('ascii', 'backslashreplace').decode()!r}")


_CODE = re.compile(r"\s*([0-9]{3})[ -]")


def _value(data: bytes | str, what: str) -> str:
    """A reply as text; one that says no has no value, whatever stands in its text."""
    text = _text(data)
    code = _CODE.match(text)
    if code is not None and not code[1].startswith("2"):
        raise _bad(data, what)
    return text


def _last(pattern: re.Pattern[str], text: str) -> re.Match[str] | None:
    """The last that fits: of several lines the last one counts, and of a line what stands behind its words."""
    found = None
    for found in pattern.finditer(text):  # noqa: B007
        pass
    return found


@takes(*OCTETS)
def parse_reply(data: bytes) -> Reply:
    """A whole reply, of one line or several (RFC 959 4.2): `lines` are without code, mark and line ends.

    Raises:
        ProtocolError: it is none, or its last line is missing.
    """
    lines = data.split(b"\n")
    if lines and lines[-1] == b"":
        lines.pop()
    lines = [line.rstrip(b"\r") for line in lines]
    first = re.match(rb"([1-6]\d\d)([ -]|\Z)(.*)", lines[0] if lines else b"", re.DOTALL)
    if first is None:
        raise _bad(data, "FTP reply")
    code = first[1]
    found = [first[3]]
    if first[2] == b"-":
        for place, line in enumerate(lines[1:], 1):
            if line == code or line.startswith(code + b" "):
                found.append(line[4:])
                if place != len(lines) - 1:
                    raise _bad(data, "single FTP reply")
                break
            found.append(line.removeprefix(code + b"-"))
        else:
            raise ProtocolError("the last line of an FTP reply is missing")
    elif len(lines) > 1:
        raise _bad(data, "single FTP reply")
    return Reply(int(code), "\n".join(_text(line) for line in found), tuple(found))


_QUOTED = re.compile(r'[^"]*"((?:[^"]|"")*)"')
_BARE = re.compile(
    r"\s{0,4}257[ -]\s{0,4}(?:'([^'\r\n]+)'"
    r"|(/\S*|[^\s\"'][^\r\n]{0,4096}?)(?=[ .]{0,4}(?:[\r\n]|\Z)|\s{1,4}(?:is|created)\b)|(/\S*))"
)


@takes(*OCTETS_OR_TEXT)
def parse_pwd(data: bytes | str) -> str:
    '''The path in a 257 reply: quoted, quotes in it doubled (RFC 959 appendix II); some servers leave the quotes out.

    >>> parse_pwd('257 "/a ""b""" is the current directory')
    '/a "b"'
    '''
    text = _value(data, "answer to PWD")
    match = _QUOTED.match(text)
    if match is not None:
        return match[1].replace('""', '"')
    bare = _BARE.match(text)
    if bare is None:
        raise _bad(data, "answer to PWD")
    return str(next(filter(None, bare.groups())))


_PASV = re.compile(
    r"(?<!\d)(\d{1,3})\s*,\s*(\d{1,3})\s*,\s*(\d{1,3})\s*,\s*(\d{1,3})\s*,\s*(\d{1,3})\s*,\s*(\d{1,3})(?!\d)"
)


@takes(*OCTETS_OR_TEXT)
def parse_pasv(data: bytes | str) -> tuple[str, int]:
    """Host and port of a 227 reply; with or without parentheses.

    >>> parse_pasv("227 Entering Passive Mode (127,0,0,1,4,1)")
    ('127.0.0.1', 1025)
    """
    match = _last(_PASV, re.sub(r"\A\s*227[ -]?", "", _value(data, "answer to PASV")))
    numbers = [] if match is None else [int(each) for each in match.groups()]
    if not numbers or max(numbers) > 255 or not (numbers[4] or numbers[5]):
        raise _bad(data, "answer to PASV")
    return ".".join(map(str, numbers[:4])), numbers[4] * 256 + numbers[5]


# the mark is any printable character but a digit; some servers fill in the fields that have to be empty
_EPSV = re.compile(r"(?P<mark>[\x21-\x2f\x3a-\x7e])[12]?(?P=mark)[^\s|]{0,64}?(?P=mark)(?P<port>[0-9]{1,5})(?P=mark)")


@takes(*OCTETS_OR_TEXT)
def parse_epsv(data: bytes | str) -> int:
    """The port of a 229 reply (RFC 2428 3).

    >>> parse_epsv("229 Entering Extended Passive Mode (|||6446|)")
    6446
    """
    match = _last(_EPSV, _value(data, "answer to EPSV"))
    if match is None or not 0 < int(match["port"]) < 65536:
        raise _bad(data, "answer to EPSV")
    return int(match["port"])


_MDTM = re.compile(r"(?<!\d)(?:(19)(1\d\d)|(\d{4}))(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)(?:\.(\d{1,30}))?(?!\d)")


@takes(*OCTETS_OR_TEXT)
def parse_mdtm(data: bytes | str) -> dt.datetime:
    """The time in a 213 reply (RFC 3659 2.3), UTC; fractions of a second are kept."""
    match = _MDTM.search(re.sub(r"\A\s*213[ -]?", "", _value(data, "answer to MDTM")))
    if match is None:
        raise _bad(data, "answer to MDTM")
    year = int(match[3]) if match[3] else 1900 + int(match[2])  # 19100 and on: some servers' 2000
    month, day, hour, minute, second = (int(match[n]) for n in range(4, 9))
    fraction = int((match[9] or "0").ljust(6, "0")[:6])
    try:
        return dt.datetime(year, month, day, hour, minute, min(second, 59), fraction, tzinfo=dt.UTC)
    except ValueError:
        raise _bad(data, "answer to MDTM") from None


_SIZE = re.compile(r"\s*+(?:213[ -]\s*|(?!213[ -]))([0-9]{1,19})(?:\s+\(?(?:bytes|octets)\)?)?\s*+")


@takes(*OCTETS_OR_TEXT)
def parse_size(data: bytes | str) -> int:
    """The octets in a 213 reply (RFC 3659 4)."""
    match = _SIZE.fullmatch(_text(data).rstrip("\r\n").rpartition("\n")[2])
    if match is None:
        raise _bad(data, "answer to SIZE")
    return int(match[1])


@takes(*OCTETS_OR_TEXT)
def parse_feat(data: bytes | str) -> dict[str, str]:
    """The features of a 211 reply (RFC 2389 3.2), names in upper case, with their parameters.

    >>> parse_feat("211-Features:\\r\\n SIZE\\r\\n REST STREAM\\r\\n211 End\\r\\n")
    {'SIZE': '', 'REST': 'STREAM'}
    """
    found: dict[str, list[str]] = {}  # a feature that stands there twice (AUTH SSL, AUTH TLS) has the words of both
    lines = [line.rstrip("\r") for line in _value(data, "answer to FEAT").rstrip("\r\n").split("\n")]
    for place, line in enumerate(lines):
        if place in (0, len(lines) - 1) and re.match(r"211(?:[ -]|\Z)", line):
            continue
        name, *words = line.removeprefix("211-").split(None, 1) or [""]
        if name:
            found.setdefault(name.upper(), []).extend(each.strip() for each in words)
    return {name: " ".join(words) for name, words in found.items()}
