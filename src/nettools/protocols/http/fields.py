"""Header fields of a response as values: dates, ranges, types, the name of a file. Pure; what makes no sense is None.

RFC 9110 5.6.7 (dates), 8.3 (types), 14.4 (ranges); RFC 6266 and 8187 (Content-Disposition). Challenges are in `auth`,
cookies in `cookies`.
"""

from __future__ import annotations

import contextlib
import datetime as dt
import email.utils
import functools
import re

from nettools.charsets import is_charset

__all__ = ["content_range", "disposition_name", "http_date", "media_type"]

_CONTENT_RANGE = re.compile(r"bytes[ =:]+(\d{1,18})-(\d{1,18})/(\d{1,18}|\*)", re.ASCII | re.IGNORECASE)
# a name begins where another cannot go on: else a long one without a value would be tried from each of its characters
_PARAMETER = re.compile(r"""(?<![^\s;="'])([^\s;="']+)\s*=\s*("(?:[^"\\]|\\.)*"?|[^;,\s]*)""")


def http_date(value: str) -> dt.datetime | None:
    """The moment of a date field, in any of its three forms."""
    if not value:
        return None
    try:
        moment = email.utils.parsedate_to_datetime(value.replace(":60 ", ":59 "))  # a leap second
    except (TypeError, ValueError, IndexError, OverflowError):
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=dt.UTC)


def content_range(value: str) -> tuple[int, int, int | None] | None:
    """The first and the last octet of a part, and how many there are in all, as Content-Range has them."""
    match = _CONTENT_RANGE.fullmatch(value.strip())
    if match is None or int(match[2]) < int(match[1]) or (match[3] != "*" and int(match[3]) <= int(match[2])):
        return None
    return int(match[1]), int(match[2]), None if match[3] == "*" else int(match[3])


def disposition_name(value: str) -> str | None:
    """The file name of a Content-Disposition."""
    if not value:
        return None
    from nettools.parse.message.parameters import read_parameters  # mail's parser, which most answers do not need

    if not value.isascii():
        with contextlib.suppress(UnicodeError):
            value = value.encode("latin-1").decode("utf-8")  # RFC 8187 is for this, but many send it raw
    return read_parameters(value.partition(";")[2]).get("filename")


@functools.lru_cache(64)
def media_type(value: str) -> tuple[str, str | None]:
    """A Content-Type in lower case, and its charset, None where it has none that there is."""
    kind, _, parameters = value.partition(";")
    words = (match[2].strip("\"'\\") for match in _PARAMETER.finditer(parameters) if match[1].lower() == "charset")
    charset = next(words, "").lower()
    return kind.strip().lower(), charset if is_charset(charset) else None
