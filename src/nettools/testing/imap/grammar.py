"""IMAP's grammar as the server needs it: a cursor over one command, and the writers of strings and names.

A command arrives here whole: its lines and literals in one bytes object, `{n}` CR LF and n octets as they stood on the
wire. `Cursor` reads it production by production (RFC 3501 section 9) and raises `Malformed` at the first octet that the
grammar forbids: a fake that guesses would hide a client's mistakes. Pure: no sockets, no mailboxes.

Also here: sequence sets, dates, and the modified UTF-7 of mailbox names (RFC 3501 section 5.1.3).
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta, timezone

_ATOM = re.compile(rb'[^\x00-\x20\x7f-\xff(){%*"\\\]]+')
_ASTRING = re.compile(rb'[^\x00-\x20\x7f-\xff(){%*"\\]+')
_LIST_MAILBOX = re.compile(rb'[^\x00-\x20\x7f-\xff(){"\\]+')
_TAG = re.compile(rb'[^\x00-\x20\x7f-\xff(){%*"\\+]+')
_QUOTED = re.compile(rb'"((?:[^"\\\r\n\x00]|\\["\\])*)"')
_LITERAL = re.compile(rb"~?\{(\d{1,10})\+?\}\r\n")
_NUMBER = re.compile(rb"\d{1,10}")
_FLAG = re.compile(rb'\\?[^\x00-\x20\x7f-\xff(){%*"\\\]]+')
_SET = re.compile(rb"(?:[1-9]\d{0,9}|\*)(?::(?:[1-9]\d{0,9}|\*))?(?:,(?:[1-9]\d{0,9}|\*)(?::(?:[1-9]\d{0,9}|\*))?)*")
_DATE = re.compile(rb"(\d{1,2})-([A-Za-z]{3})-(\d{4})")
_DATE_TIME = re.compile(rb'"([ \d]\d)-([A-Za-z]{3})-(\d{4}) (\d\d):(\d\d):(\d\d) ([+-])(\d\d)(\d\d)"')
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


class Malformed(Exception):  # noqa: N818  # it becomes a BAD reply, not a fault
    """The command is outside the grammar."""


@dataclass(frozen=True)
class NumberSet:
    """A sequence-set: ranges of message or UID numbers, where None stands for `*`, the highest in use."""

    ranges: tuple[tuple[int | None, int | None], ...]

    def select(self, numbers: Iterable[int]) -> tuple[int, ...]:
        """Return the members of `numbers` (ascending) that the set names; ranges may be given in either order."""
        known = tuple(numbers)
        highest = known[-1] if known else 0
        spans = [sorted((highest if a is None else a, highest if b is None else b)) for a, b in self.ranges]
        return tuple(n for n in known if any(low <= n <= high for low, high in spans))

    def highest(self) -> int:
        """Return the greatest number written out, 0 when there is none but `*`."""
        return max((n or 0 for span in self.ranges for n in span), default=0)


class Cursor:
    """Reads one command from left to right; every method takes one production and moves past it, or raises."""

    def __init__(self, data: bytes, *, utf8: bool = False) -> None:
        self.data = data
        self.at = 0
        self.utf8 = utf8

    def _take(self, pattern: re.Pattern[bytes], what: str) -> re.Match[bytes]:
        match = pattern.match(self.data, self.at)
        if match is None:
            raise Malformed(f"{what} expected")
        self.at = match.end()
        return match

    def peek(self, token: bytes) -> bool:
        """Tell whether `token` comes next, in any case of letters."""
        return self.data[self.at : self.at + len(token)].upper() == token.upper()

    def accept(self, token: bytes) -> bool:
        """Move past `token` if it comes next."""
        found = self.peek(token)
        self.at += len(token) if found else 0
        return found

    def expect(self, token: bytes) -> None:
        """Move past `token`, which has to come next."""
        if not self.accept(token):
            raise Malformed(f"{token.decode()!r} expected")

    def space(self) -> None:
        """Take the one space that separates arguments."""
        self.expect(b" ")

    def end(self) -> None:
        """Check that nothing is left."""
        if self.at != len(self.data):
            raise Malformed("unexpected argument")

    @property
    def done(self) -> bool:
        """Whether nothing is left."""
        return self.at == len(self.data)

    def tag(self) -> bytes:
        return self._take(_TAG, "tag")[0]

    def atom(self) -> bytes:
        return self._take(_ATOM, "atom")[0]

    def keyword(self) -> str:
        """Take an atom that is a word of the protocol, in upper case."""
        return self.atom().decode("ascii").upper()

    def string(self) -> bytes:
        """Take a quoted string or a literal."""
        if self.peek(b'"'):
            value = re.sub(rb"\\(.)", rb"\1", self._take(_QUOTED, "quoted string")[1])
            # RFC 6855 section 3: eight-bit octets in a quoted string only after ENABLE UTF8=ACCEPT, and then UTF-8.
            if not value.isascii() and not (self.utf8 and is_utf8(value)):
                raise Malformed("8-bit octets in a quoted string")
            return value
        return self.literal()

    def literal(self, *, binary: bool = False) -> bytes:
        """Take a literal; `binary`: a literal8 (RFC 3516), which alone may have NUL, is one too."""
        if self.peek(b"~") and not binary:
            raise Malformed("literal8 where none may be")
        eight = self.peek(b"~")
        size = int(self._take(_LITERAL, "string")[1])
        value = self.data[self.at : self.at + size]
        if len(value) != size or (b"\0" in value and not eight):
            raise Malformed("literal cut short or with NUL")
        self.at += size
        return value

    def astring(self) -> bytes:
        if self.peek(b'"') or self.peek(b"{"):
            return self.string()
        return self._take(_ASTRING, "astring")[0]

    def nstring(self) -> bytes | None:
        if not (self.peek(b'"') or self.peek(b"{")) and self.accept(b"NIL"):
            return None
        return self.string()

    def mailbox(self) -> str:
        """Take a mailbox name and decode it; INBOX is the same in any case."""
        return self.decode_mailbox(self.astring())

    def decode_mailbox(self, name: bytes) -> str:
        decoded = name.decode("utf-8") if self.utf8 and is_utf8(name) else decode_utf7(name)
        return "INBOX" if decoded.upper() == "INBOX" else decoded

    def list_pattern(self) -> str:
        """Take the pattern of LIST, where the wildcards may stand in an atom."""
        if self.peek(b'"') or self.peek(b"{"):
            return self.decode_mailbox(self.string())
        return self.decode_mailbox(self._take(_LIST_MAILBOX, "list-mailbox")[0])

    def number(self) -> int:
        return int(self._take(_NUMBER, "number")[0])

    def number_set(self) -> NumberSet:
        return parse_set(self._take(_SET, "sequence set")[0])

    def peek_set(self) -> bool:
        """Tell whether a sequence set comes next."""
        return _SET.match(self.data, self.at) is not None

    def flag(self) -> str:
        return self._take(_FLAG, "flag")[0].decode("ascii")

    def flag_list(self) -> tuple[str, ...]:
        """Take a parenthesized list of flags."""
        self.expect(b"(")
        flags: list[str] = []
        while not self.accept(b")"):
            if flags:
                self.space()
            flags.append(self.flag())
        return tuple(dict.fromkeys(flags))

    def atom_list(self) -> tuple[str, ...]:
        """Take a parenthesized list of one or more protocol words."""
        self.expect(b"(")
        words = [self.keyword()]
        while not self.accept(b")"):
            self.space()
            words.append(self.keyword())
        return tuple(words)

    def date(self) -> date:
        quoted = self.accept(b'"')
        day, month, year = self._take(_DATE, "date").groups()
        if quoted:
            self.expect(b'"')
        try:
            return date(int(year), _month(month), int(day))
        except ValueError:
            raise Malformed("no such day") from None

    def date_time(self) -> datetime:
        match = self._take(_DATE_TIME, "date-time")
        day, year, hour, minute, second, zone_hour, zone_minute = (int(match[i]) for i in (1, 3, 4, 5, 6, 8, 9))
        offset = timedelta(hours=zone_hour, minutes=zone_minute)
        try:
            zone = timezone(-offset if match[7] == b"-" else offset)
            return datetime(year, _month(match[2]), day, hour, minute, min(second, 59), tzinfo=zone)
        except ValueError:
            raise Malformed("no such date") from None


def _month(name: bytes) -> int:
    return _MONTHS.index(name.decode().title()) + 1


def is_utf8(octets: bytes) -> bool:
    """Tell whether the octets are UTF-8."""
    try:
        octets.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True


def parse_set(text: bytes) -> NumberSet:
    """Return the set that `text`, which matches the grammar, stands for."""

    def one(item: bytes) -> int | None:
        return None if item == b"*" else int(item)

    spans = (item.partition(b":") for item in text.split(b","))
    return NumberSet(tuple((one(first), one(last if colon else first)) for first, colon, last in spans))


def format_set(numbers: Iterable[int]) -> str:
    """Return ascending numbers as a uid-set: 1:3,7 (RFC 4315); runs keep the order they came in."""
    runs: list[list[int]] = []
    for number in numbers:
        if runs and number == runs[-1][1] + 1:
            runs[-1][1] = number
        else:
            runs.append([number, number])
    return ",".join(str(low) if low == high else f"{low}:{high}" for low, high in runs)


def format_date_time(moment: datetime) -> bytes:
    """Return the date-time production, quotes included: the names of months are English in any locale."""
    zone = moment.strftime("%z")[:5] or "+0000"
    return f'"{moment.day:2d}-{_MONTHS[moment.month - 1]}-{moment.year:04d} {moment:%H:%M:%S} {zone}"'.encode()


def format_string(value: bytes) -> bytes:
    """Return a quoted string, or a literal where quoting is not allowed (8-bit, CR, LF) or unwise (length)."""
    if len(value) > 1000 or not value.isascii() or re.search(rb"[\r\n\x00]", value):
        return b"{%d}\r\n" % len(value) + value
    return b'"' + re.sub(rb'(["\\])', rb"\\\1", value) + b'"'


def format_nstring(value: bytes | None) -> bytes:
    """Return NIL for None, else a string."""
    return b"NIL" if value is None else format_string(value)


def format_mailbox(name: str, *, utf8: bool = False) -> bytes:
    """Return a mailbox name, an atom where it can be one: in modified UTF-7, or in UTF-8 after ENABLE UTF8=ACCEPT."""
    if utf8:
        return b'"' + re.sub(rb'(["\\])', rb"\\\1", name.encode()) + b'"'
    encoded = encode_utf7(name)
    return encoded if _ATOM.fullmatch(encoded) and encoded.upper() != b"NIL" else format_string(encoded)


def encode_utf7(name: str) -> bytes:
    """Return `name` in modified UTF-7."""

    def shift(match: re.Match[str]) -> str:
        if match[0] == "&":
            return "&-"
        coded = base64.b64encode(match[0].encode("utf-16-be")).decode("ascii")
        return "&" + coded.rstrip("=").replace("/", ",") + "-"

    return re.sub(r"&|[^\x20-\x7e]+", shift, name).encode("ascii")


def decode_utf7(name: bytes) -> str:
    """Return the name that modified UTF-7 stands for; raise `Malformed` for what no encoder makes."""

    def unshift(match: re.Match[str]) -> str:
        if not match[1]:
            return "&"
        coded = match[1].replace(",", "/")
        try:
            return base64.b64decode(coded + "=" * (-len(coded) % 4), validate=True).decode("utf-16-be")
        except (binascii.Error, UnicodeDecodeError):
            raise Malformed("mailbox name is not modified UTF-7") from None

    if not name.isascii():
        raise Malformed("8-bit octets in a mailbox name")
    decoded = re.sub(r"&([^-]*)-", unshift, name.decode("ascii"))
    if encode_utf7(decoded) != name:
        raise Malformed("mailbox name is not modified UTF-7")
    return decoded
