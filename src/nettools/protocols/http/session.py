"""The HTTP session: what a caller fetches, as a page or into a file; how it is exchanged is `exchanges`' (RFC 9110).

`raw` is a requests.Session over the same connections; requests is imported only for it, and for the cookies of a server
that sets some.
"""

from __future__ import annotations

import datetime as dt
import http.client
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any
from urllib.parse import urljoin

from nettools.errors import (
    DisconnectedError,
    HTTPStatusError,
    IncompleteError,
    NettoolsError,
    ProtocolError,
    UsageError,
)
from nettools.protocols.http.body import codings
from nettools.protocols.http.download import Download, Extent, check_range, conditions, has_field
from nettools.protocols.http.exchanges import Exchanges
from nettools.protocols.http.fields import http_date
from nettools.protocols.http.form import make_body
from nettools.protocols.http.message import header_pairs, method_name, with_params
from nettools.protocols.http.redirect import Request
from nettools.results import Page, Transfer
from nettools.session import operation
from nettools.target import Target, parse_url

if TYPE_CHECKING:
    from nettools.options import Options

__all__ = ["HTTPSession", "classify"]

SCHEMES = ("http", "https")


def classify(error: Exception) -> NettoolsError | None:
    """What http.client raises, in nettools' terms."""
    if isinstance(error, http.client.IncompleteRead):
        return IncompleteError("the body was cut")
    if isinstance(error, http.client.HTTPException):
        return ProtocolError(f"the server broke the protocol: {type(error).__name__}")
    return None


class HTTPSession(Exchanges):
    """`connect("https://...")`: `fetch download ping`, `.cookies`; connections are kept."""

    def __init__(self, target: Target, options: Options) -> None:
        super().__init__(target, options)
        self._targets: dict[str, Target] = {}

    @property
    def raw(self) -> Any:
        """A requests.Session over the connections of this session."""
        if self._raw is None:
            from nettools.protocols.http.raw import requests_session

            self._raw = requests_session(self)
        return self._raw

    @operation("ping")
    def ping(self) -> None:
        """HEAD of the session's URL; any status will do."""
        self.fetch(None, method="HEAD", check=False)

    # -- fetching

    @operation("fetch")
    def fetch(
        self,
        url: str | None = None,
        *,
        method: str = "GET",
        params: Any = None,
        headers: Any = None,
        data: Any = None,
        json: Any = None,
        files: Any = None,
        follow: int = 10,
        check: bool = True,
        range: Extent | None = None,  # noqa: A002  # the contract's name
        decode: bool = True,
        newer_than: Any = None,
        unix_socket: str | None = None,
    ) -> Page:
        """Fetch a page: the session's own URL, a path, or another URL; see `fetch_page`."""
        fields = header_pairs(headers) + conditions(range, newer_than)
        request = Request(
            method_name(method), self.absolute(url, params), fields, make_body(data, json, files), unix_socket
        )
        history: list[Page] = []
        accepted = ", ".join(codings())
        for sent, response, _ in self.responses(request, _count(follow), accepted):
            page = self.page(sent, response, decode, tuple(history))
            history.append(page)
        if range is not None and page.status in (200, 206):
            whole = sent.method != "HEAD" and "Content-Encoding" not in page.headers
            check_range(range, response, len(page.content) if whole else None)
        elif page.status == 206 and not has_field(fields, "range"):
            raise ProtocolError("a part of the page (206) came, and the whole was asked for")
        if check and page.status >= 400:
            raise self.status_error(page)
        return page

    @operation("download")
    def download(
        self,
        url: str | None,
        dest: Any,
        *,
        resume: bool = False,
        checksum: str | None = None,
        method: str = "GET",
        params: Any = None,
        headers: Any = None,
        data: Any = None,
        json: Any = None,
        files: Any = None,
        follow: int = 10,
        range: Extent | None = None,  # noqa: A002  # the contract's name
        newer_than: Any = None,
        unix_socket: str | None = None,
    ) -> Transfer:
        """Fetch a file into a path, a folder or a binary file; see `download`."""
        if range is not None and resume:
            raise UsageError("range= does not go with resume=")
        fields = header_pairs(headers) + conditions(range, newer_than)
        request = Request(
            method_name(method), self.absolute(url, params), fields, make_body(data, json, files), unix_socket
        )

        def job() -> Download:
            return Download(self, request, dest, follow=_count(follow), resume=resume, checksum=checksum, range_=range)

        try:
            return job().run()
        except (DisconnectedError, IncompleteError, ProtocolError):
            if not self.disordered():
                raise
        return job().run()

    def expect(self, urls: Iterable[str]) -> None:
        """What `download` will be asked for next, in this order, each by a plain GET: they may be sent ahead."""
        self._next = [self.absolute(url) for url in urls]

    def absolute(self, url: str | None, params: Any = None) -> Target:
        """The address of a request: the session's own for None; a path is of the session's origin."""
        if url is None and not params:
            return self.target
        if url is not None and not isinstance(url, str):
            raise UsageError(f"a URL is a str, not {type(url).__name__}", exit_code=3)
        key = "" if params else url or ""
        target = self._targets.get(key)
        if target is None:
            target = self._resolved(url, params)
            if key and len(self._targets) < 256:
                self._targets[key] = target
        return target

    def _resolved(self, url: str | None, params: Any) -> Target:
        text = self.target.origin + (self.target.path or "/") if url is None or "://" not in url.split("?")[0] else ""
        if url is None and self.target.query is not None:
            text += f"?{self.target.query}"
        if url is not None:
            text = urljoin(text, url) if text else url
        target = parse_url(with_params(text, params), SCHEMES)
        if target.user is not None and not target.shares_origin(self.target):
            raise UsageError("a session has one origin's credentials: connect() to the other one", exit_code=3)
        return target

    def _retry_delay(self, error: NettoolsError, delay: float) -> float:
        """Retry-After, in seconds or as a date (RFC 9110 10.2.3)."""
        if not isinstance(error, HTTPStatusError):
            return delay
        value = error.page.headers.get("Retry-After", "").strip()
        if value.isascii() and value.isdigit():
            return float(int(value[:9]))
        moment = http_date(value)
        return delay if moment is None else max(0.0, (moment - dt.datetime.now(dt.UTC)).total_seconds())


def _count(follow: object) -> int:
    if isinstance(follow, bool) or not isinstance(follow, int) or follow < 0:
        raise UsageError(f"follow= is a number of redirects, not {follow!r}")
    return follow
