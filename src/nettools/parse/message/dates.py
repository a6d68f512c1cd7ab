"""Dates of header fields: RFC 5322 3.3, its ancestors (RFC 822, 850, 1036, asctime), and what mailers make of them."""

from __future__ import annotations

import datetime as dt
import re
from functools import lru_cache

from nettools.errors import ProtocolError
from nettools.parse.given import OCTETS_OR_TEXT, takes
from nettools.parse.message.headers import FOLD, text_of, without_comments

__all__ = ["parse_date"]

_ZONES = {"ut": 0, "utc": 0, "gmt": 0, "z": 0, "est": -5, "edt": -4, "cst": -6, "cdt": -5, "mst": -7, "mdt": -6}
_ZONES |= {"pst": -8, "pdt": -7, "cet": 1, "cest": 2, "met": 1, "mest": 2, "bst": 1, "jst": 9, "msk": 3, "eet": 2}
# of no RFC: those that mean one zone only
_ZONES |= {"ast": -4, "adt": -3, "akst": -9, "akdt": -8, "hst": -10, "west": 1, "eest": 3, "msd": 4, "sast": 2}
_ZONES |= {"hkt": 8, "sgt": 8, "kst": 9, "aest": 10, "aedt": 11, "nzst": 12, "nzdt": 13}
_MONTHS = {
    name: n
    for n, name in enumerate(["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"], 1)
}
# as RFC 5322 has it, nothing folded: most are
_PLAIN = re.compile(
    r"(?:[A-Za-z]{3}, )?(\d{1,2}) ([A-Za-z]{3}) (\d{4}) (\d\d):(\d\d)(?::(\d\d))? ([+-]\d{4})(?: \([A-Za-z]{1,8}\))?",
    re.ASCII,
)
_DATE = re.compile(
    r"(?:[A-Za-z]{2,9}\.?\s*,?\s*)?(\d{1,2})[\s-]+([A-Za-z]{3,9})\.?,?[\s-]+(\d{2,4})"
    r"(?:,?\s+(\d{1,2})[:.](\d{1,2})(?:[:.](\d{1,2})(?:[.,]\d+)?)?\s*([AaPp][Mm])?)?\s*(.*)",
    re.DOTALL,
)
_ASCTIME = re.compile(
    r"(?:[A-Za-z]{3,9}\.?,?\s+)?([A-Za-z]{3,9})\.?\s+(\d{1,2}),?\s+"
    r"(?:(\d{4}),?\s+)?(\d{1,2}):(\d{1,2})(?::(\d{1,2}))?\s*(?:([AaPp][Mm])\b)?"
    r"\s*(?:([A-Za-z+-][A-Za-z0-9+-]*)\s+)?(\d{4})?\s*(.*)",
    re.DOTALL,
)
_DATE_INSIDE = re.compile(
    r"\b\d{1,2} [A-Za-z]{3} \d{4} \d{1,2}:\d\d(?::\d\d)?(?: [+-]\d{4})?\b"
)  # with something around it
_AMERICAN = re.compile(r"([A-Za-z]{3,9})\.? (\d{1,2}), (\d{4})")
_COLON = re.compile(r"(?<=\d) ?: ?(?=\d)")
_NO_COLON = re.compile(r"([A-Za-z][ -](?:\d{4}|\d\d) \d\d)(\d\d)(\d\d)?(?= |\Z)")  # `21 Nov 97 0955 GMT`
_SINGLE = re.compile(r"[A-Za-z0-9:,+-]+(?: [A-Za-z0-9:,+-]+)*+")  # no comments, no folding: nothing to take out


def _tidied(text: str) -> str:
    """Without folding and comments, and with colons in a time that stand alone (RFC 5322 4.3 allows blanks there)."""
    if not _SINGLE.fullmatch(text):
        text = " ".join(without_comments(FOLD.sub("", text), " ").split())
    if ":" not in text:
        return _NO_COLON.sub(lambda time: ":".join(filter(None, time.groups())), text)
    return _COLON.sub(":", text) if " :" in text or ": " in text else text


@takes(*OCTETS_OR_TEXT)
def parse_date(value: bytes | str) -> dt.datetime:
    """A date (RFC 5322 3.3, and its ancestors: RFC 822, 850, 1036, asctime), aware; without a zone it is UTC.

    Raises:
        ProtocolError: it is no date.
    """
    text = text_of(value)
    plain = _PLAIN.fullmatch(text)
    if plain is None:
        text = _tidied(text)
    if plain is not None:
        day, month, year, hour, minute, second, zone = plain.groups()
        half = None
    elif (match := _DATE.fullmatch(text)) is not None:
        day, month, year, hour, minute, second, half, zone = match.groups()
    elif (match := _AMERICAN.fullmatch(text)) is not None:
        month, day, year = match.groups()
        hour, minute, second, half, zone = None, None, None, None, ""
    else:
        found = _ASCTIME.fullmatch(text)
        if found is None:
            inside = _DATE_INSIDE.search(text)
            return _iso(text) if inside is None else parse_date(inside[0])
        month, day, year, hour, minute, second, half, zone, late, rest = found.groups()
        year, zone = year or late, zone or rest
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
        return start + dt.timedelta(days=1) if end_of_day else start
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
