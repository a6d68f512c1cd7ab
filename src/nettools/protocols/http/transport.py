"""requests on our dial: an adapter whose connections are guarded sockets, and responses that keep to the protocol.

urllib3's pools, keep-alive and request writing stay as they are; only where a socket comes from is ours (`connect`),
and what http.client lets pass in a response: interim responses without end, trailers without end, contradicting
lengths (RFC 9112 6.3). Certificates, proxies and timeouts are the dialer's business, so requests and urllib3 are told
nothing.
"""

from __future__ import annotations

import http.client
from typing import TYPE_CHECKING, Any

import requests
import urllib3
from requests.adapters import HTTPAdapter

from nettools.errors import DisconnectedError, ProtocolError
from nettools.wire.guard import BLOCK

if TYPE_CHECKING:
    from nettools.protocols.http.session import HTTPSession

__all__ = ["Adapter", "WireResponse"]

MOST_INTERIM = 20  # 1xx responses before the final one
MOST_TRAILERS = 100


class WireResponse(http.client.HTTPResponse):
    """http.client's response, with bounds where it has none."""

    def _read_status(self) -> tuple[str, int, str]:
        for _ in range(MOST_INTERIM):
            version, status, reason = super()._read_status()  # type: ignore[misc]
            if not 100 <= status < 200 or status == 101:
                return version, status, reason
            http.client.parse_headers(self.fp)
        raise ProtocolError(f"more than {MOST_INTERIM} interim responses (1xx) before the real one")

    def begin(self) -> None:
        """Read the status line and the headers, and see that the body has one length."""
        try:
            super().begin()
        except http.client.RemoteDisconnected as error:
            raise DisconnectedError(
                "the server closed the connection without an answer",
                exit_code=52,
                hint="does it expect TLS (https://)?",
            ) from error
        except (http.client.HTTPException, ValueError) as error:
            raise ProtocolError(f"this is no HTTP response: {error or type(error).__name__}") from error
        lengths = {each.strip() for value in self.headers.get_all("content-length", []) for each in value.split(",")}
        coding = ", ".join(self.headers.get_all("transfer-encoding", [])).strip().lower()
        if len(lengths) > 1 or any(not (each.isascii() and each.isdigit()) for each in lengths):
            raise ProtocolError(f"Content-Length makes no sense: {', '.join(sorted(lengths))[:80]}")
        if coding and (lengths or self.version < 11):
            raise ProtocolError("a response with Transfer-Encoding and Content-Length, or in HTTP/1.0")
        if coding and coding != "chunked":
            raise ProtocolError(f"unknown Transfer-Encoding {coding[:80]!r}")

    def _read_and_discard_trailer(self) -> None:
        for _ in range(MOST_TRAILERS):
            line = self.fp.readline(65537)
            if len(line) > 65536:
                raise ProtocolError("a trailer of more than 65536 octets")
            if line in (b"\r\n", b"\n", b""):
                return
        raise ProtocolError(f"more than {MOST_TRAILERS} trailers")


class _Dialed:
    """Where a connection's socket comes from; `owner` is set on the class by the adapter."""

    owner: HTTPSession
    adapter: Adapter
    response_class = WireResponse
    tls = False
    wire: Any = None

    if TYPE_CHECKING:
        sock: Any
        port: int | None
        _dns_host: str

    def connect(self) -> None:
        """Dial, and be connected."""
        self.sock = self.wire = self.owner.dial(self._dns_host.strip("[]"), self.port, self.tls, self.adapter)
        self.is_verified = True  # by the dialer's context, or unverified because the caller said so
        self.proxy_is_verified = None
        self.auto_open = 1

    def send(self, data: Any) -> None:
        """Write; from the first octet on the server may act."""
        if self.sock is None:
            self.connect()
        self.owner.sending()
        super().send(data)  # type: ignore[misc]


class _Connection(_Dialed, urllib3.connection.HTTPConnection):  # type: ignore[misc]
    pass


class _TLSConnection(_Dialed, urllib3.connection.HTTPSConnection):  # type: ignore[misc]
    tls = True


class Adapter(HTTPAdapter):
    """The transport of one session.

    `forward` is a route to an HTTP proxy that takes whole URLs; `unix_socket` a path to connect to.
    """

    def __init__(self, owner: HTTPSession, *, forward: Any = None, unix_socket: str | None = None) -> None:
        self.owner = owner
        self.forward = forward
        self.unix_socket = unix_socket
        super().__init__(pool_connections=16, pool_maxsize=1, max_retries=0)

    def init_poolmanager(self, *args: Any, **keywords: Any) -> None:
        """As requests has it, with our connections."""
        super().init_poolmanager(*args, blocksize=BLOCK, timeout=None, **keywords)
        more = {"owner": self.owner, "adapter": self}
        plain = type("Connection", (_Connection,), more)
        secure = type("TLSConnection", (_TLSConnection,), more)
        self.poolmanager.pool_classes_by_scheme = {
            "http": type("Pool", (urllib3.HTTPConnectionPool,), {"ConnectionCls": plain}),
            "https": type("TLSPool", (urllib3.HTTPSConnectionPool,), {"ConnectionCls": secure}),
        }

    def get_connection_with_tls_context(self, request: Any, verify: Any, proxies: Any = None, cert: Any = None) -> Any:
        """The pool for a request; TLS is the dialer's."""
        return self.poolmanager.connection_from_url(request.url)

    def cert_verify(self, conn: Any, url: Any, verify: Any, cert: Any) -> None:
        """Not here: the dialer's context verifies."""

    def request_url(self, request: Any, proxies: Any) -> str:
        """What stands in the request line: the whole URL for a proxy that takes it (RFC 9112 3.2.2)."""
        if self.forward is not None and request.url.startswith("http:"):
            return str(requests.utils.urldefragauth(request.url))
        path = str(super().request_url(request, {}))
        return "/" + path.lstrip("/") if path.startswith("//") else path
