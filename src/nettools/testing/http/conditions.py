"""Conditions and ranges of the HTTP fake: what If-* and Range make of an answer (RFC 9110 13 and 14). Pure."""

from __future__ import annotations

import datetime as dt
import email.utils
import hashlib
import re

from nettools.testing.http.message import Request, Response

__all__ = ["condition", "etag_of", "ranged"]

MOST_RANGES = 20
_RANGE = re.compile(r"[ \t]*(?:([0-9]{1,18})-([0-9]{0,18})|-([0-9]{1,18}))[ \t]*")


def etag_of(data: bytes) -> str:
    """The strong ETag of these octets."""
    return '"' + hashlib.sha256(data).hexdigest()[:16] + '"'


def condition(request: Request, etag: str | None, modified: dt.datetime | None) -> int | None:
    """The status that a condition gives in place of an answer, 304 or 412, in the order of section 13.2.2.

    `etag` and `modified` are those of what is there, None for nothing.
    """
    asked, reading = request.headers, request.method in ("GET", "HEAD")
    if "if-match" in asked:
        if etag is None or not _listed(asked["if-match"], etag, weak=False):
            return 412
    elif _unchanged(asked.get("if-unmodified-since"), modified) is False:
        return 412
    if "if-none-match" in asked:
        if etag is not None and _listed(asked["if-none-match"], etag, weak=True):
            return 304 if reading else 412
    elif reading and _unchanged(asked.get("if-modified-since"), modified):
        return 304
    return None


def _listed(value: str, etag: str, *, weak: bool) -> bool:
    """Whether a list of ETags has this one (section 8.8.3.2)."""
    tags = [each.strip() for each in value.split(",")]
    return "*" in tags or etag in ([each.removeprefix("W/") for each in tags] if weak else tags)


def _unchanged(since: str | None, modified: dt.datetime | None) -> bool | None:
    """Whether a file has not changed since; None where that is no question."""
    if since is None or modified is None:
        return None
    try:
        return modified.replace(microsecond=0) <= email.utils.parsedate_to_datetime(since)
    except (TypeError, ValueError):
        return None


def ranged(request: Request, data: bytes, headers: dict[str, str]) -> Response:
    """What a GET asked for: all of it, one range, or several as multipart/byteranges (section 14.2)."""
    whole = Response(200, data, headers)
    text = request.headers.get("range", "")
    match = re.fullmatch(r"bytes=(.+)", text.strip(), re.IGNORECASE)
    current = (headers.get("ETag"), headers.get("Last-Modified"))
    if request.method != "GET" or match is None or request.headers.get("if-range", current[0]) not in current:
        return whole
    wanted = [_RANGE.fullmatch(each) for each in match[1].split(",")]
    if len(wanted) > MOST_RANGES:
        return whole
    found = []
    for each in wanted:
        if each is None or (each[2] and int(each[2]) < int(each[1])):
            return whole  # section 14.2: what is no range is passed over
        if each[3] is not None:
            first, last = max(0, len(data) - int(each[3])), len(data) - 1
        else:
            first, last = int(each[1]), min(int(each[2] or len(data)), len(data) - 1)
        if first <= last:
            found.append((first, last))
    if not found:
        return Response(416, b"", {**headers, "Content-Range": f"bytes */{len(data)}"})
    spans = [(f"bytes {first}-{last}/{len(data)}", data[first : last + 1]) for first, last in found]
    if len(spans) == 1:
        return Response(206, spans[0][1], {**headers, "Content-Range": spans[0][0]})
    return _multipart(spans, headers, boundary=hashlib.sha256(text.encode()).hexdigest()[:24])


def _multipart(spans: list[tuple[str, bytes]], headers: dict[str, str], boundary: str) -> Response:
    body = b"".join(
        f"--{boundary}\r\nContent-Type: {headers['Content-Type']}\r\nContent-Range: {span}\r\n\r\n".encode()
        + octets
        + b"\r\n"
        for span, octets in spans
    )
    kind = f"multipart/byteranges; boundary={boundary}"
    return Response(206, body + f"--{boundary}--\r\n".encode(), {**headers, "Content-Type": kind})
