"""Pages: a whole response, held within `max_size`, and the error that a status of 400 or above is (RFC 9110 15)."""

from __future__ import annotations

import http.client
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from nettools.errors import HTTPStatusError, TooLargeError
from nettools.protocols.http.body import charset_of, decoded
from nettools.results import Headers, Page

if TYPE_CHECKING:
    from nettools.protocols.http.connection import Response
    from nettools.protocols.http.redirect import Request
    from nettools.wire.trace import Progress

__all__ = ["read_page", "status_error"]

TEMPORARY = frozenset({408, 429, 500, 502, 503, 504})
LATER = frozenset({429, 503})  # the server asks to come again


def read_page(
    request: Request,
    response: Response,
    octets: Iterable[Any],
    *,
    limit: int | None,
    progress: Progress,
    encoding: str | None,
    decode: bool,
    history: tuple[Page, ...],
) -> Page:
    """The whole response.

    Args:
        octets: its body as it comes. limit: octets after decoding. encoding: the caller's word on the text.

    Raises:
        TooLargeError: before the first octet where the length is known.
    """
    headers: Headers = response.headers
    length = response.length
    if limit is not None and length is not None and length > limit:
        response.abandon()
        raise TooLargeError.over(limit, f"the body has {length} octets,")
    coding = headers.get("Content-Encoding", "") if decode and not response.isclosed() else ""
    total = length if not coding else None
    pieces: list[bytes] = []
    held = 0
    for block in decoded(iter(octets), coding, limit):
        pieces.append(bytes(block))
        held += len(block)
        progress(held, total)
    progress(held, held, final=True)
    content = b"".join(pieces)
    return Page(
        url=request.url,
        status=response.status,
        reason=response.reason or http.client.responses.get(response.status, ""),
        headers=headers,
        content=content,
        encoding=encoding or charset_of(headers.get("Content-Type", ""), content),
        history=history,
        cookies=_cookies_of(headers) if "set-cookie" in headers else {},
    )


def _cookies_of(headers: Headers) -> dict[str, str]:
    """{name: value} of what a response sets, whatever becomes of it."""
    found: dict[str, str] = {}
    for value in headers.get_all("Set-Cookie"):
        name, equals, rest = value.partition(";")[0].partition("=")
        if equals and name.strip():
            found[name.strip()] = rest.strip().strip('"')
    return found


def status_error(page: Page, *, anonymous: bool) -> HTTPStatusError:
    """The error for a page with a status of 400 or above; `anonymous`: no credentials were given."""
    error = HTTPStatusError.of(page.status)(
        f"{page.status} {page.reason}: {page.url}",
        page=page,
        code=page.status,
        text=page.reason,
        temporary=page.status in TEMPORARY,
        reply=f"{page.status} {page.reason}",
    )
    error.retryable = page.status in LATER
    error.url = page.url
    if page.status == 401 and anonymous:
        error.hint = "give auth=(user, password), or -u USER"
    return error
