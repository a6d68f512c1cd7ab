"""Exchanges of an HTTP session: one request and its response at a time, with all that goes between them (RFC 9110).

Redirects are ours (`redirect`), so is the answer to a challenge (`auth`); what a connection carries is `connection`'s.
Methods that are not idempotent are never sent twice once an octet went out. GETs that are known to come next travel
behind the one at hand (RFC 9112 9.3.2), on a connection that has shown that it is kept, and only until the first
disorder: what they fetch is then asked for again, one by one, on a new connection.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from nettools import credentials
from nettools.credentials import Auth
from nettools.errors import (
    DeadlineError,
    DisconnectedError,
    HTTPStatusError,
    NettoolsError,
    ProxyError,
    RedirectError,
    UnsupportedError,
    UsageError,
)
from nettools.frozen import replace
from nettools.protocols.http import auth as challenge_auth
from nettools.protocols.http.connection import Connection, Connections, Key, Response
from nettools.protocols.http.message import USER_AGENT, address, cookie_field, head, host_field
from nettools.protocols.http.pages import read_page, status_error
from nettools.protocols.http.redirect import REDIRECTS, Request, redirected
from nettools.results import Page, attach
from nettools.session import Session
from nettools.target import Target
from nettools.wire.dial import check_path
from nettools.wire.proxy import Route, route_for

if TYPE_CHECKING:
    from nettools.options import Options
    from nettools.protocols.http.cookies import Jar

__all__ = ["Exchanges"]

SAFE = frozenset({"GET", "HEAD", "OPTIONS", "TRACE"})  # RFC 9110 9.2.1
IDEMPOTENT = SAFE | {"PUT", "DELETE"}  # RFC 9110 9.2.2
SHORT = 256 * 1024  # octets of a body that nobody wants, which are read so that the connection can be kept


class Exchanges(Session):
    """Requests and responses over kept connections."""

    client: Connections | None

    def __init__(self, target: Target, options: Options) -> None:
        super().__init__(target, options)
        self._jar: Jar | None = None
        self._raw: Any = None
        self._own_cookies = cookie_field(options.cookies)
        self._routes: dict[str, Route | None] = {target.scheme.name: self.dialer.route}
        self._next: list[Target] = []  # what will be fetched next, in this order
        self._one_by_one: set[Key] = set()  # where nothing is sent ahead any more
        self._together: Key | None = None  # where the last exchange was one of several under way

    # -- connections

    def _establish(self) -> None:
        self.client = Connections(self._dial, self._one_by_one)
        self._socks = []

    def _discard(self) -> None:
        client, self.client = self.client, None
        self._raw = None
        if client is not None:
            client.close()
        self._socks = []

    def _dial(self, key: Key) -> Any:
        """A socket to an origin."""
        scheme, host, port, unix_socket = key
        dialer, tls = self.dialer, self._under_tls(scheme, host, port)
        with self.connecting():
            if unix_socket is not None:
                sock: Any = dialer.connect_unix(unix_socket)
                return dialer.secure(sock, host) if tls else sock
            dialer.route = self._route(scheme)
            forward = self._forward(scheme, host, port)
            if forward is None:
                return dialer.open(host, port, tls=tls)
            sock = dialer.connect_proxy(forward)
        self._trace.peer = sock.peer
        return sock

    def _under_tls(self, scheme: str, host: str, port: int) -> bool:
        """Whether a connection has TLS from the first octet: by its scheme, or by `tls="implicit"` for the server."""
        own = (self.target.scheme.name, self.target.host.lower(), self.target.port)
        return scheme == "https" or (self.implicit_tls and (scheme, host.lower(), port) == own)

    def _route(self, scheme: str) -> Route | None:
        """The proxy for a scheme; the environment may name another for each."""
        if scheme not in self._routes:
            self._routes[scheme] = route_for(self.options.proxy, scheme)
        return self._routes[scheme]

    def _forward(self, scheme: str, host: str, port: int) -> Route | None:
        """The proxy that takes whole URLs for this place (RFC 9112 3.2.2), None for one that tunnels, or none."""
        route = self._route(scheme)
        if route is None or route.kind != "http" or route.tunnel or self._under_tls(scheme, host, port):
            return None
        return None if route.bypasses(host, port) else route

    @property
    def cookies(self) -> Jar:
        """The cookies that the servers have set: requests' jar, a mapping too."""
        if self._jar is None:
            from nettools.protocols.http.cookies import new_jar

            self._jar = new_jar()
        return self._jar

    # -- one exchange, redirects included

    def responses(self, request: Request, follow: int, accepted: str) -> Iterator[tuple[Request, Response, bool]]:
        """Each response of a request and its redirects, and whether it is the answer; the caller reads each."""
        left = follow
        while True:
            response = self._authorized(request, accepted)
            location = response.headers.get("Location")
            final = response.status not in REDIRECTS or location is None or follow == 0
            yield request, response, final
            if final or location is None:
                return
            if left <= 0:
                raise RedirectError(
                    f"more than {follow} redirects",
                    code=response.status,
                    hint="allow more with follow= or --max-redirs",
                )
            left -= 1
            request = self.redirected(request, response.status, location)

    def redirected(self, request: Request, status: int, location: str) -> Request:
        """The request that a redirect asks for; RedirectError where it must not be followed."""
        return redirected(request, status, location)

    def _authorized(self, request: Request, accepted: str) -> Response:
        """Send a request with the credentials of its origin; a challenge is answered once."""
        auth = self._auth_for(request)
        if auth is None:
            return self.exchange(request, accepted)
        wanted = auth.mechanism or ()
        if unknown := sorted(set(wanted) - challenge_auth.MECHANISMS):
            raise UnsupportedError(
                f"nettools has no {', '.join(unknown)} for HTTP", side="nettools", hint="basic, digest, bearer, any"
            )
        if auth.token is not None and (not wanted or {"BEARER", "ANY"} & set(wanted)):
            token = auth.get_token()
            return self.exchange(
                request, accepted, self._secret_field(request, "Bearer", token.reveal() if token is not None else "")
            )
        secret = auth.get_password()
        user, word = auth.user or "", secret.reveal() if secret is not None else ""
        self._trace.add_secret(word)
        first = self._basic(request, user, word) if not wanted or wanted[0] == "BASIC" else None
        response = self.exchange(request, accepted, first)
        if response.status != 401 or not request.body.repeatable:
            return response
        answer = self._answer(request, response, wanted, user, word, first is not None)
        if answer is None:
            return response
        self.drain(response)
        self._committed = False  # the server has refused the first one: sending it again is what it asks for
        return self.exchange(request, accepted, answer)

    def _answer(
        self, request: Request, response: Response, wanted: tuple[str, ...], user: str, word: str, tried: bool
    ) -> str | None:
        """The Authorization that answers a 401, the strongest that both sides have; None where there is none."""
        offered = challenge_auth.challenges(response.headers.get_all("WWW-Authenticate"))
        anything = "ANY" in wanted
        if not wanted or anything or "DIGEST" in wanted:
            body = request.body.data if isinstance(request.body.data, bytes) else b"" if not request.body.data else None
            answer = challenge_auth.digest(offered, request.method, address(request.target), user, word, body)
            if answer is not None:
                return answer
        basic = (anything or "BASIC" in wanted) and not tried and any(each.scheme == "basic" for each in offered)
        return self._basic(request, user, word) if basic else None

    def _auth_for(self, request: Request) -> Auth | None:
        """The session's credentials, if the request goes to the session's origin and does not bring its own."""
        if self.auth is None or any(name.lower() == "authorization" for name, _ in request.headers):
            return None
        return self.auth if request.target.shares_origin(self.target) else None

    def _basic(self, request: Request, user: str, word: str) -> str:
        return self._secret_field(request, "Basic", challenge_auth.basic(user, word))

    def _secret_field(self, request: Request, scheme: str, value: str) -> str:
        target = request.target
        secure = self._under_tls(target.scheme.name, target.host, target.port)
        credentials.require_private(
            target,
            tls_on=secure or request.unix_socket is not None,
            clear_allowed=self.options.security.mode == "off",
            what="the password" if scheme == "Basic" else "the token",
        )
        if not (value.isascii() and value.isprintable()):
            raise UsageError("the token has characters that no header carries")
        self._trace.add_secret(value)
        return f"{scheme} {value}"

    # -- one request, one response

    @contextlib.contextmanager
    def outside(self) -> Iterator[None]:
        """For exchanges by way of `raw`, which are part of no operation."""
        self._require_open()
        with self._giving_back():
            self._open()
            self._deadline.restart(self.options.times.total)
            yield

    def exchange(self, request: Request, accepted: str | None = None, authorization: str | None = None) -> Response:
        """Send one request, and give its response up to the body.

        Args:
            accepted: the Accept-Encoding; None adds no fields but Host and Cookie to the request's own.
        """
        target = request.target
        forward = None
        if request.unix_socket is not None:
            check_path(request.unix_socket)
        else:
            forward = self._forward(target.scheme.name, target.host, target.port)
        octets = self._head(request, accepted, authorization, forward)
        following = self._following(request)
        key, connection = self._take(request, octets)
        behind: list[bytes] = []
        if connection.proven and not connection.ahead and forward is None and key not in self._one_by_one:
            alike = (replace(request, target=each) for each in following)
            behind = [self._head(each, accepted, authorization, None) for each in alike]
        self._together = key if behind or connection.ahead else None
        response = self._exchanged(connection, request, octets, behind)
        if "set-cookie" in response.headers:
            from nettools.protocols.http import cookies

            cookies.store(self.cookies, request.url, response.headers)
        if response.status == 407 and (forward is not None or self._route(target.scheme.name) is not None):
            raise ProxyError("the proxy wants other credentials", reply=f"407 {response.reason}")
        return response

    def _take(self, request: Request, octets: bytes) -> tuple[Key, Connection]:
        """A connection for a request, and where it goes."""
        target = request.target
        key = (target.scheme.name, target.host.lower(), target.port, request.unix_socket)
        self._together = None
        assert self.client is not None
        try:
            connection = self.client.take(key, octets)
        except NettoolsError as error:
            error.url = error.url or request.url
            raise
        self._socks = self.client.sockets
        self._check_closed()
        self._kept = connection.used
        return key, connection

    def _exchanged(self, connection: Connection, request: Request, octets: bytes, behind: list[bytes]) -> Response:
        """The response to a request; an error tells whether the server may have acted on it."""
        if request.method not in IDEMPOTENT:
            self._committed = True
        try:
            return connection.exchange(request.method, octets, request.body, behind)
        except Exception as error:
            connection.close()
            ours = self._translate(error)
            ours.url = ours.url or request.url
            if isinstance(ours, (DisconnectedError, DeadlineError)):
                ours.outcome_unknown = request.method not in SAFE
            if ours is error:
                raise
            raise ours from error

    def _following(self, request: Request) -> list[Target]:
        """What is fetched after this request from the same place, each by a request like it."""
        if not self._next or self._next[0] != request.target:
            return []
        del self._next[0]
        if request.method != "GET" or request.body.data is not None:
            return []
        return [each for each in self._next if each.shares_origin(request.target)]

    def disordered(self) -> bool:
        """After an error: whether requests travelled together, which may be why; from now on they go one by one."""
        key, self._together = self._together, None
        if key is None or self.client is None:
            return False
        self._one_by_one.add(key)
        self.client.drop(key)
        self._trace.warn("requests that were sent ahead were not answered; they are sent one by one")
        return True

    def _head(self, request: Request, accepted: str | None, authorization: str | None, forward: Route | None) -> bytes:
        target = request.target
        defaults = [("Host", host_field(target))]
        if accepted is not None:
            defaults += (("User-Agent", USER_AGENT), ("Accept", "*/*"), ("Accept-Encoding", accepted))
        if request.body.kind is not None:
            defaults.append(("Content-Type", request.body.kind))
        if authorization is not None:
            defaults.append(("Authorization", authorization))
        if (cookie := self._cookie_field(request)) is not None:
            defaults.append(("Cookie", cookie))
        line = address(target)
        if forward is not None:
            line = target.origin + line
            if (proxy := forward.basic()) is not None:
                self._trace.add_secret(proxy.removeprefix("Basic "))
                defaults.append(("Proxy-Authorization", proxy))
        return head(request.method, line, defaults, request.headers, request.body)

    def _cookie_field(self, request: Request) -> str | None:
        if self._jar is None and not self._own_cookies:
            return None
        found: list[str] = []
        if self._jar is not None:
            from nettools.protocols.http import cookies

            found += filter(None, [cookies.header(self._jar, request.url)])
        if self._own_cookies and request.target.shares_origin(self.target):
            found.append(self._own_cookies)
        return "; ".join(found) or None

    # -- responses

    def octets(self, response: Response) -> Iterator[memoryview]:
        """The body as it comes; each block is valid until the next."""
        assert self.client is not None
        return response.blocks(self.client.buffer)

    def poured(self, response: Response, descriptor: int | None, path: object) -> Iterator[memoryview | int]:
        """The same, but that octets may have gone to a file: then their number."""
        assert self.client is not None
        return response.poured(self.client.buffer, descriptor, path)

    def drain(self, response: Response) -> None:
        """Read a body that nobody wants, if it is short; else its connection is closed."""
        total = 0
        for block in self.octets(response):
            total += len(block)
            if total > SHORT:
                break
        response.abandon()

    def page(self, request: Request, response: Response, decode: bool, history: tuple[Page, ...]) -> Page:
        """The whole response, its body held."""
        return read_page(
            request,
            response,
            self.octets(response),
            limit=self.options.max_size,
            progress=self.progress,
            encoding=self.options.encoding,
            decode=decode,
            history=history,
        )

    def status_error(self, page: Page) -> HTTPStatusError:
        """The error for a status of 400 or above."""
        return status_error(attach(page, self._trace.meta()), anonymous=self.auth is None)
