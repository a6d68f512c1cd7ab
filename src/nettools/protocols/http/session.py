"""HTTP: requests with redirects, credentials, cookies and retries (RFC 9110, 9111 in part, 6265), streamed downloads.

Redirects are ours: credentials and the caller's headers stay with scheme, host and port; https never becomes http; a
body goes nowhere but to its origin. Methods that are not idempotent are never sent twice once an octet went out.
"""

from __future__ import annotations

import datetime as dt
import email.utils
import http.client
import http.cookiejar
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote, urljoin, urlsplit

import requests
import requests.cookies
import urllib3

from nettools import credentials
from nettools.credentials import Auth
from nettools.errors import (
    DeadlineError,
    DisconnectedError,
    HTTPStatusError,
    IncompleteError,
    NettoolsError,
    ProtocolError,
    ProxyError,
    RedirectError,
    TooLargeError,
    UnsupportedError,
    UsageError,
)
from nettools.files import Destination, modified_of
from nettools.parse.message import parse_parameters
from nettools.protocols.http.body import CODINGS, charset_of, decoded, octets
from nettools.protocols.http.message import USER_AGENT, Body, header_pairs, make_body, method_name, with_params
from nettools.protocols.http.transport import Adapter
from nettools.results import Headers, Page, Transfer
from nettools.session import Session, operation
from nettools.target import Target, parse_url

__all__ = ["HTTPSession", "classify"]

IDEMPOTENT = frozenset({"GET", "HEAD", "OPTIONS", "TRACE", "PUT", "DELETE"})  # RFC 9110 9.2.2
ANYWHERE = re.compile(r"(?i)accept(-.*)?|user-agent|range")  # headers of the caller's that follow to other origins
SKIPPABLE = ("host", "user-agent", "accept-encoding")
SCHEMES = ("http", "https")


def classify(error: Exception) -> NettoolsError | None:
    """What requests, urllib3 and http.client raise, in nettools' terms."""
    if isinstance(error, (http.client.IncompleteRead, urllib3.exceptions.IncompleteRead)):
        return IncompleteError("the body was cut")
    if isinstance(
        error, (requests.exceptions.InvalidURL, requests.exceptions.MissingSchema, requests.exceptions.InvalidHeader)
    ):
        return UsageError(f"{error}")
    if isinstance(error, urllib3.exceptions.LocationParseError):
        return UsageError(f"{error}", exit_code=3)
    if isinstance(error, (requests.exceptions.ConnectionError, urllib3.exceptions.ProtocolError)):
        return DisconnectedError("the server closed or reset the connection")
    if isinstance(
        error, (http.client.HTTPException, requests.exceptions.RequestException, urllib3.exceptions.HTTPError)
    ):
        return ProtocolError(f"the server broke the protocol: {type(error).__name__}")
    return None


@dataclass(slots=True)
class Request:
    """What is to be sent, of which a redirect makes another."""

    method: str
    url: str
    headers: list[tuple[str, str | None]]
    body: Body
    unix_socket: str | None = None


class HTTPSession(Session):
    """`connect("https://...")`: `fetch download ping`, `.cookies`; connections are kept."""

    client: requests.Session | None

    def __init__(self, target: Target, options: Any) -> None:
        super().__init__(target, options)
        policy = http.cookiejar.DefaultCookiePolicy(strict_domain=True)
        self.cookies = requests.cookies.RequestsCookieJar(policy=policy)
        self._unsafe = False  # the request under way must not be sent twice
        self._used: Any = None  # the socket of the request under way
        self._pending: Any = None  # the response under way
        route = self.dialer.route
        self._forward = route if route is not None and route.kind == "http" and not route.tunnel else None
        if route is not None and route.explicit_auth and route.password is not None:
            proxy = Target(target.scheme, route.host, route.port)
            credentials.require_private(
                proxy, tls_on=False, clear_allowed=options.security.mode == "off", what="the proxy's password"
            )

    # -- the connection

    def _establish(self) -> None:
        client = requests.Session()
        client.trust_env = False
        client.headers.clear()
        client.cookies = self.cookies
        forward = self._forward
        client.mount("http://", Adapter(self, forward=forward))
        client.mount("https://", Adapter(self))
        self.client = client
        self._socks = []

    def _discard(self) -> None:
        client, self.client = self.client, None
        pending, self._pending = self._pending, None
        if pending is not None:
            pending.close()  # its file holds the socket open
        if client is not None:
            client.close()
        for sock in self._socks:
            sock.close()  # type: ignore[attr-defined]
        self._socks = []

    def dial(self, host: str, port: int | None, tls: bool, adapter: Adapter) -> Any:
        """A socket for one of the adapter's connections."""
        with self.connecting():
            dialer = self.dialer
            if adapter.unix_socket is not None:
                sock: Any = dialer.connect_unix(adapter.unix_socket)
                if tls:
                    sock = dialer.secure(sock, host)
            elif adapter.forward is not None and not tls and not adapter.forward.bypasses(host, port or 80):
                sock = dialer.connect_proxy(adapter.forward)
                self._trace.peer = sock.peer
            else:
                sock = dialer.open(host, port or (443 if tls else 80), tls=tls)
        self._socks = [each for each in self._socks if each.fileno() >= 0]  # type: ignore[attr-defined]
        self._socks.append(sock)
        self._used = sock
        return sock

    def sending(self) -> None:
        """The first octet of a request is about to go out."""
        if self._unsafe:
            self._committed = True

    def _adapter(self, request: Request) -> Adapter:
        assert self.client is not None
        if request.unix_socket is not None:
            prefix = f"{urlsplit(request.url).scheme}://{urlsplit(request.url).netloc}"
            adapter = self.client.adapters.get(prefix)
            if not isinstance(adapter, Adapter) or adapter.unix_socket != request.unix_socket:
                self.client.mount(prefix, Adapter(self, unix_socket=request.unix_socket))
        adapter = self.client.get_adapter(request.url)
        assert isinstance(adapter, Adapter)
        return adapter

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
        range: tuple[int, int | None] | None = None,  # noqa: A002  # the contract's name
        decode: bool = True,
        newer_than: Any = None,
        unix_socket: str | None = None,
    ) -> Page:
        """Fetch a page: the session's own URL, a path, or another URL; see `fetch_page`."""
        pairs = header_pairs(headers)
        self._conditions(pairs, range, newer_than)
        request = Request(
            method_name(method), self._absolute(url, params), pairs, make_body(data, json, files), unix_socket
        )
        limit = self.options.max_size
        history: list[Page] = []
        for response, final in self._exchange(request, follow, history):
            page = self._page(response, decode, limit, tuple(history))
            history.append(page)
            if final:
                if range is not None and page.status == 200:
                    raise UnsupportedError("the server does not send ranges: it sent the whole")
                if check and page.status >= 400:
                    raise self._status_error(page)
                return page
        raise AssertionError  # the last response of an exchange is final

    def _absolute(self, url: str | None, params: Any) -> str:
        base = self.target.origin + (self.target.path or "/")
        base += "" if self.target.query is None else f"?{self.target.query}"
        if url is None:
            return with_params(base, params)
        if not isinstance(url, str):
            raise UsageError(f"a URL is a str, not {type(url).__name__}", exit_code=3)
        if "://" not in url.split("?")[0]:
            url = urljoin(base, url)
        target = parse_url(url, SCHEMES)
        if target.user is not None and target.origin != self.target.origin:
            raise UsageError("a session has one origin's credentials: connect() to the other one", exit_code=3)
        path = target.path or "/"
        return with_params(target.origin + path + ("" if target.query is None else f"?{target.query}"), params)

    def _conditions(self, pairs: list[tuple[str, str | None]], range_: Any, newer_than: Any) -> None:
        """Range and If-Modified-Since, from what the caller wants."""
        if range_ is not None:
            first, last = range_
            if first < 0 and last is None:
                pairs.append(("Range", f"bytes=-{-first}"))
            elif first < 0 or (last is not None and last < first):
                raise UsageError("range= is (first, last or None), or (-n, None) for the last n octets")
            else:
                pairs.append(("Range", f"bytes={first}-{'' if last is None else last}"))
        if newer_than is not None:
            moment = modified_of(newer_than)
            if moment is not None:
                stamp = email.utils.format_datetime(moment.astimezone(dt.UTC), usegmt=True)
                pairs.append(("If-Modified-Since", stamp))

    # -- one exchange, redirects included

    def _exchange(
        self, request: Request, follow: int, history: list[Page], plain: bool = False
    ) -> Iterator[tuple[requests.Response, bool]]:
        """Each response of a request and its redirects; the caller reads each before it asks for the next."""
        left = follow
        while True:
            response = self._authorized(request, plain)
            location = response.headers.get("Location")
            if response.status_code not in (301, 302, 303, 307, 308) or location is None or follow == 0:
                yield response, True
                return
            yield response, False
            if left <= 0:
                raise RedirectError(
                    f"more than {follow} redirects",
                    code=response.status_code,
                    hint="allow more with follow= or --max-redirs",
                )
            left -= 1
            request = self._redirected(request, response.status_code, location)

    def _redirected(self, request: Request, status: int, location: str) -> Request:
        """The request that a redirect asks for.

        Raises:
            RedirectError: it must not be followed.
        """
        try:
            text = location.encode("latin-1").decode("utf-8")
        except UnicodeError:
            text = location
        try:
            url = urljoin(request.url, text.strip())
            target = parse_url(url.partition("#")[0])
        except (UsageError, ValueError) as error:
            raise RedirectError(f"a redirect to what is no URL: {text[:200]!r}", code=status) from error
        if target.scheme.name not in SCHEMES:
            raise RedirectError(f"a redirect to another protocol ({target.scheme.name}) is not followed", code=status)
        before = parse_url(request.url)
        if before.scheme.name == "https" and target.scheme.name == "http":
            raise RedirectError(
                f"a redirect from https to http is not followed: {target.origin}",
                code=status,
                hint="fetch the new URL if you trust it",
            )
        path = target.path or "/"
        url = target.origin + path + ("" if target.query is None else f"?{target.query}")
        same = target.origin == before.origin
        method, body = request.method, request.body
        if (status == 303 and method != "HEAD") or (status in (301, 302) and method == "POST"):
            method, body = "GET", Body()
        elif body.data is not None and not same:
            raise RedirectError(f"a body is not sent on to another origin: {target.origin}", code=status)
        elif not body.repeatable:
            raise RedirectError(
                "the body cannot be sent again", code=status, hint="give bytes or a file that can be read again"
            )
        body.again()
        headers = [
            (name, value)
            for name, value in request.headers
            if (same or ANYWHERE.fullmatch(name)) and (body.data is not None or not name.lower().startswith("content-"))
        ]
        return Request(method, url, headers, body, request.unix_socket if same else None)

    def _authorized(self, request: Request, plain: bool) -> requests.Response:
        """Send a request with the credentials of its origin; a Digest challenge is answered once."""
        auth = self._auth_for(request)
        if auth is None:
            return self._send(request, None, plain)
        wanted = {each.upper() for each in auth.mechanism or ()}
        if unknown := wanted - {"BASIC", "DIGEST", "BEARER", "ANY"}:
            names = ", ".join(sorted(unknown))
            raise UnsupportedError(
                f"nettools has no {names} for HTTP", side="nettools", hint="basic, digest, bearer, any"
            )
        token = auth.get_token() if auth.token is not None and (not wanted or wanted & {"BEARER", "ANY"}) else None
        if token is not None:
            return self._send(request, self._secret_header(request, "Bearer", token.reveal()), plain)
        secret = auth.get_password()
        user, word = auth.user or "", secret.reveal() if secret is not None else ""
        self._trace.add_secret(word)
        first = None
        if not wanted or "BASIC" in wanted:
            first = self._basic(request, user, word)
        response = self._send(request, first, plain)
        if response.status_code != 401 or (wanted and not wanted & {"DIGEST", "ANY"} and wanted != {"BASIC"}):
            return response
        challenge = _challenge(response, "digest")
        if challenge is not None and wanted != {"BASIC"}:
            header = self._digest(request, user, word, challenge)
        elif first is None and "ANY" in wanted and _challenge(response, "basic") is not None:
            header = self._basic(request, user, word)
        else:
            return response
        if header is None or not request.body.repeatable:
            return response
        self._drain(response)
        request.body.again()
        self._committed = False  # the server has refused the first one: sending it again is what it asks for
        return self._send(request, header, plain)

    def _auth_for(self, request: Request) -> Auth | None:
        """The session's credentials, if the request goes to the session's origin and does not bring its own."""
        if self.auth is None or any(name.lower() == "authorization" for name, _ in request.headers):
            return None
        return self.auth if parse_url(request.url).origin == self.target.origin else None

    def _secret_header(self, request: Request, scheme: str, value: str) -> str:
        target = parse_url(request.url)
        credentials.require_private(
            target,
            tls_on=target.scheme.name == "https",
            clear_allowed=self.options.security.mode == "off",
            what="the password" if scheme == "Basic" else "the token",
        )
        if re.search(r"[\r\n\0]", value):
            raise UsageError("the token has a CR, LF or NUL in it")
        self._trace.add_secret(value)
        return f"{scheme} {value}"

    def _basic(self, request: Request, user: str, word: str) -> str:
        import base64

        if ":" in user:
            raise UsageError("a user name with a colon cannot be sent by Basic (RFC 7617 2)")
        return self._secret_header(request, "Basic", base64.b64encode(f"{user}:{word}".encode()).decode("ascii"))

    def _digest(self, request: Request, user: str, word: str, challenge: str) -> str | None:
        """The answer to a Digest challenge (RFC 7616), by requests."""
        digest = requests.auth.HTTPDigestAuth(user, word)
        digest.init_per_thread_state()
        digest._thread_local.chal = requests.utils.parse_dict_header(
            re.sub(r"(?i)^\s*digest\s+", "", challenge, count=1)
        )
        try:
            header = digest.build_digest_header(request.method, request.url)
        except (KeyError, ValueError) as error:
            raise ProtocolError("a Digest challenge that makes no sense") from error
        return str(header) if header is not None else None

    # -- one request, one response

    def _send(self, request: Request, authorization: str | None, plain: bool) -> requests.Response:
        adapter = self._adapter(request)
        prepared = self._prepare(request, authorization, plain)
        self._unsafe = request.method not in IDEMPOTENT
        self._used = None
        try:
            response = adapter.send(prepared, stream=True, timeout=None, verify=True, cert=None, proxies={})
        except (DisconnectedError, DeadlineError) as error:
            error.outcome_unknown = self._committed
            raise
        except Exception as error:
            ours = self._translate(error)
            if isinstance(ours, (DisconnectedError, DeadlineError)):
                ours.outcome_unknown = self._committed
            raise ours from error
        finally:
            self._unsafe = False
        self._pending = response.raw
        requests.cookies.extract_cookies_to_jar(self.cookies, prepared, response.raw)
        if response.status_code == 407:
            raise ProxyError("the proxy wants other credentials", reply=f"407 {response.reason}")
        return response

    def _prepare(self, request: Request, authorization: str | None, plain: bool) -> requests.PreparedRequest:
        headers: dict[str, str] = {"User-Agent": USER_AGENT, "Accept": "*/*"}
        headers["Accept-Encoding"] = "identity" if plain else ", ".join(CODINGS)
        if request.body.kind is not None:
            headers["Content-Type"] = request.body.kind
        if authorization is not None:
            headers["Authorization"] = authorization
        own_cookies = self._own_cookies(request.url)
        merged: Any = requests.structures.CaseInsensitiveDict(headers)
        seen: set[str] = set()
        for name, value in request.headers:
            if value is None:
                merged.pop(name, None)
                if name.lower() in SKIPPABLE:
                    merged[name] = urllib3.util.SKIP_HEADER
            elif name.lower() in seen:
                merged[name] = f"{merged[name]}{'; ' if name.lower() == 'cookie' else ', '}{value}"
            else:
                merged[name] = value
            seen.add(name.lower())
        proxy = self._forward
        if proxy is not None and request.url.startswith("http:") and (credentials_header := proxy.basic()) is not None:
            self._trace.add_secret(credentials_header.removeprefix("Basic "))
            merged["Proxy-Authorization"] = credentials_header
        prepared = requests.PreparedRequest()
        prepared.prepare_method(request.method)
        prepared.prepare_url(request.url, None)
        prepared.headers = merged
        prepared._cookies = self.cookies
        prepared.body = None
        prepared.hooks = {}
        if "Cookie" not in merged:
            found = requests.cookies.get_cookie_header(self.cookies, prepared)
            text = "; ".join(filter(None, (found, own_cookies)))
            if text:
                merged["Cookie"] = text
        if request.body.data is not None:
            kind = merged.get("Content-Type")
            prepared.prepare_body(request.body.data, None)
            if kind is None and request.body.kind is None:
                prepared.headers.pop("Content-Type", None)
        elif request.method in ("POST", "PUT", "PATCH"):
            prepared.headers["Content-Length"] = "0"
        return prepared

    def _own_cookies(self, url: str) -> str:
        """The `cookies=` option as a header, for the session's origin."""
        cookies = self.options.cookies
        if not cookies or parse_url(url).origin != self.target.origin:
            return ""
        for name, value in cookies.items():
            if re.search(r"[\s;,=]", name) or re.search(r"[\r\n\0;]", str(value)) or not name:
                raise UsageError(f"the cookie {name!r} has what no cookie has")
        return "; ".join(f"{name}={value}" for name, value in cookies.items())

    # -- responses

    def _octets(self, response: requests.Response) -> Iterator[memoryview]:
        """The body as it came; the connection goes back to its pool behind it."""
        raw: Any = response.raw
        original = raw._original_response
        yield from octets(original, self._socket_of(raw))
        raw.release_conn()

    def _socket_of(self, raw: Any) -> Any:
        connection = getattr(raw, "_connection", None)
        return getattr(connection, "wire", None) or self._used

    def _drain(self, response: requests.Response) -> None:
        """Read a body that nobody wants, if it is short; else the connection is closed."""
        total = 0
        for block in self._octets(response):
            total += len(block)
            if total > 256 * 1024:
                response.raw.close()
                return

    def _page(self, response: requests.Response, decode: bool, limit: int | None, history: tuple[Page, ...]) -> Page:
        headers = headers_of(response)
        coding = headers.get("Content-Encoding", "") if decode else ""
        length = headers.get("Content-Length")
        head = response.request.method == "HEAD"
        if limit is not None and not head and length is not None and length.isdigit() and int(length) > limit:
            raise TooLargeError(
                f"the body has {length} octets, more than max_size={limit}",
                hint="allow more with max_size= or --max-size",
            )
        total = int(length) if length is not None and length.isdigit() and not coding else None
        content = bytearray()
        for block in decoded(self._octets(response), "" if head else coding, limit):
            content += block
            self.progress(len(content), total)
        self.progress(len(content), len(content), final=True)
        octets_read = bytes(content)
        return Page(
            url=str(response.url),
            status=response.status_code,
            reason=response.reason or http.client.responses.get(response.status_code, ""),
            headers=headers,
            content=octets_read,
            encoding=self.options.encoding or charset_of(headers.get("Content-Type", ""), octets_read),
            history=history,
            cookies=_cookies_set(headers),
        )

    def _status_error(self, page: Page) -> HTTPStatusError:
        kind = HTTPStatusError.of(page.status)
        error = kind(
            f"{page.status} {page.reason}: {page.url}",
            page=page,
            code=page.status,
            text=page.reason,
            temporary=page.status in (408, 429, 500, 502, 503, 504),
            reply=f"{page.status} {page.reason}",
        )
        error.retryable = page.status in (429, 503)
        error.url = page.url
        if page.status == 401:
            error.hint = "give auth=(user, password), or -u USER"
        return error

    def _retry_delay(self, error: NettoolsError, delay: float) -> float:
        """Retry-After, in seconds or as a date (RFC 9110 10.2.3)."""
        if not isinstance(error, HTTPStatusError):
            return delay
        value = error.page.headers.get("Retry-After", "").strip()
        if value.isascii() and value.isdigit():
            return float(min(int(value), 10**9))
        moment = _http_date(value)
        if moment is not None:
            return max(0.0, (moment - dt.datetime.now(dt.UTC)).total_seconds())
        return delay

    # -- files

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
        range: tuple[int, int | None] | None = None,  # noqa: A002  # the contract's name
        newer_than: Any = None,
    ) -> Transfer:
        """Fetch a file into a path, a folder or a binary file; see `download`."""
        if range is not None and resume:
            raise UsageError("range= does not go with resume=")
        pairs = header_pairs(headers)
        self._conditions(pairs, range, newer_than)
        address = self._absolute(url, params)
        request = Request(method_name(method), address, pairs, make_body(data, None, None))
        limit = self.options.max_size if dest is None else self.options.file_limit
        named = Destination(dest, name=_last(address), url=address, resume=resume, checksum=checksum, max_size=limit)
        offset, note = named.found()
        while True:
            if offset:
                request.headers = [*pairs, ("Range", f"bytes={offset}-")]
                validator = note.get("etag") or note.get("last_modified")
                if validator and not str(validator).startswith("W/"):
                    request.headers.append(("If-Range", str(validator)))
            done = self._download(request, dest, named, offset, range, checksum, limit)
            if done is not None:
                return done
            offset = 0
            request.headers = pairs

    def _download(
        self,
        request: Request,
        dest: Any,
        named: Destination,
        offset: int,
        range_: Any,
        checksum: str | None,
        limit: int | None,
    ) -> Transfer | None:
        """One try; None when what is here cannot be continued, and it has to begin anew."""
        history: list[Page] = []
        for response, final in self._exchange(request, 10, history, plain=True):
            headers = headers_of(response)
            if not final:
                self._drain(response)
                continue
            status = response.status_code
            if status == 304:
                self._drain(response)
                return Transfer(named.path, None, 0, None, _http_date(headers.get("Last-Modified", "")), skipped=True)
            if status == 416 and offset:
                self._drain(response)
                total = headers.get("Content-Range", "").rpartition("/")[2]
                if total.isdigit() and int(total) == offset:
                    return named.whole(_http_date(headers.get("Last-Modified", "")))
                return None
            if status >= 400:
                raise self._status_error(self._page(response, True, self.options.max_size, ()))
            if range_ is not None and status == 200:
                raise UnsupportedError("the server does not send ranges: it sent the whole")
            begin, size = self._extent(response, headers, offset, status)
            if offset and begin != offset:
                if begin:
                    raise ProtocolError(f"octets from {begin} were sent, and those from {offset} asked for")
                offset = 0
            name = _disposition(headers) or _last(str(response.url))
            destination = named
            if not offset and named.path is not None and name != _last(request.url):
                destination = Destination(dest, name=name, url=request.url, checksum=checksum, max_size=limit)
            return self._receive(response, headers, destination, offset, size)
        raise AssertionError  # the last response of an exchange is final

    def _extent(
        self, response: requests.Response, headers: Headers, offset: int, status: int
    ) -> tuple[int, int | None]:
        """Where the octets begin, and the size of the whole."""
        if status != 206:
            length = headers.get("Content-Length", "")
            return 0, int(length) if length.isdigit() and "Content-Encoding" not in headers else None
        match = re.fullmatch(r"bytes (\d+)-(\d+)/(\d+|\*)", headers.get("Content-Range", "").strip())
        if match is None:
            raise ProtocolError("206 without a Content-Range that makes sense")
        first, last = int(match[1]), int(match[2])
        length = headers.get("Content-Length", "")
        if last < first or (length.isdigit() and int(length) != last - first + 1):
            raise ProtocolError("a Content-Range that contradicts the Content-Length")
        if not offset:
            return 0, last - first + 1
        del response
        return first, int(match[3]) if match[3] != "*" else None

    def _receive(
        self, response: requests.Response, headers: Headers, destination: Destination, offset: int, size: int | None
    ) -> Transfer:
        modified = _http_date(headers.get("Last-Modified", ""))
        destination.validator = {
            "etag": headers.get("ETag"),
            "last_modified": headers.get("Last-Modified"),
            "size": size,
        }
        with destination:
            destination.expect(size)
            destination.open(offset)
            for block in decoded(self._octets(response), headers.get("Content-Encoding", ""), None):
                destination.write(block)
                self.progress(destination.written, size)
            if size is not None and destination.written != size:
                raise IncompleteError(
                    f"{destination.written} of {size} octets came", received=destination.written, expected=size
                )
            self.progress(destination.written, destination.written, final=True)
            return destination.commit(modified=modified)

    @property
    def capabilities(self) -> frozenset[str]:
        return frozenset()


def headers_of(response: requests.Response) -> Headers:
    """The header fields as they came, repeated ones kept."""
    message = response.raw._original_response.headers
    return Headers(((name, str(value).strip()) for name, value in message.items()), separator=", ")


def _challenge(response: requests.Response, scheme: str) -> str | None:
    """The challenge of a scheme; several may stand in one field (RFC 9110 11.6.1)."""
    for value in headers_of(response).get_all("WWW-Authenticate"):
        match = re.search(rf"(?i)(?:^|,\s*)({scheme}\b(?:\s+(?:[^,]|,(?!\s*[a-z]+\s+[a-z]+=))*)?)", value)
        if match is not None:
            return match[1]
    return None


def _cookies_set(headers: Headers) -> Mapping[str, str]:
    found = {}
    for value in headers.get_all("Set-Cookie"):
        name, equals, rest = value.partition(";")[0].partition("=")
        if equals:
            found[name.strip()] = rest.strip().strip('"')
    return found


def _http_date(value: str) -> dt.datetime | None:
    if not value:
        return None
    try:
        moment = email.utils.parsedate_to_datetime(value)
    except (TypeError, ValueError, IndexError):
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=dt.UTC)


def _last(url: str) -> str:
    """What a URL calls its file."""
    return unquote(urlsplit(url).path.rstrip("/").rpartition("/")[2]) or "index.html"


def _disposition(headers: Headers) -> str | None:
    """The file name of Content-Disposition (RFC 6266)."""
    value = headers.get("Content-Disposition")
    return parse_parameters(value)[1].get("filename") if value else None
