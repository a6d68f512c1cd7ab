"""HTTP: pages and files (RFC 9110, 9112), over http.client's responses on connections of our own.

`session` is what a caller fetches, `exchanges` how requests and responses follow one another, `connection` what one
origin is asked over. A request is made of `message` (its head), `form` (its body) and `auth`; what comes is `fields`
(of the head), `body` (decoded), `pages` (in memory), `download` (in a file), `redirect` and `cookies`. `raw` is
requests over all that. The functions of the facade are here.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from nettools.protocols.http.session import HTTPSession, classify
from nettools.results import Page
from nettools.session import Protocol, run

if TYPE_CHECKING:
    import datetime as dt
    import os
    from typing import Unpack

    from nettools.keywords import HTTPKeywords

__all__ = ["PROTOCOL", "HTTPSession", "fetch_page"]

PROTOCOL = Protocol(name="http", schemes=("http", "https"), session=HTTPSession, classify=classify)
HTTPSession.PROTOCOL = PROTOCOL


def fetch_page(
    url: str,
    *,
    method: str = "GET",
    params: Mapping[str, Any] | Iterable[tuple[str, Any]] | None = None,
    headers: Mapping[str, str | None] | Iterable[tuple[str, str | None]] | None = None,
    data: Any = None,
    json: Any = None,
    files: Any = None,
    follow: int = 10,
    check: bool = True,
    range: tuple[int, int | None] | None = None,  # noqa: A002  # the contract's name
    decode: bool = True,
    newer_than: dt.datetime | str | os.PathLike[str] | None = None,
    unix_socket: str | None = None,
    **opts: Unpack[HTTPKeywords],
) -> Page:
    """Fetch a page, or send a form, and give the answer with its text, title and links.

    Args:
        params: added to the query. headers: mapping or pairs; None as a value sends none, not even the default.
        data: a form (mapping), bytes, str, a binary file or an iterable of bytes. json: sent as JSON.
        files: a multipart form: {field: path}, or (name, content) or (name, content, type); streamed.
        follow: redirects at most; 0 gives the redirect itself. check: a status of 400 or above is an error.
        range: (first, last or None) octets, (-n, None) the last n. decode: undo Content-Encoding.
        newer_than: a moment or a file; what is not newer has status 304 and no content.

    >>> page = fetch_page(f"{http.url}/pub/index.html")
    >>> page.status, page.title, len(page.links)
    (200, 'A page', 1)

    Raises:
        HTTPStatusError: with `.page`; 401 is also an AuthError, 403 a DeniedError, 404 a NotFoundError.
        RedirectError: too many, or one that must not be followed. TooLargeError: more than `max_size`.
    """
    return run(
        PROTOCOL,
        url,
        lambda session: session.fetch(
            None,
            method=method,
            params=params,
            headers=headers,
            data=data,
            json=json,
            files=files,
            follow=follow,
            check=check,
            range=range,
            decode=decode,
            newer_than=newer_than,
            unix_socket=unix_socket,
        ),
        opts,
    )
