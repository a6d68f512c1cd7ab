"""Proxies, for every protocol: SOCKS 4, 4a, 5 and 5h, and HTTP CONNECT, spoken over a guarded socket.

SOCKS is the `python-socks` package's, given our connected socket in place of its own; CONNECT is here, read octet by
octet, because what follows the answer is already the server's greeting. Every failure is a ProxyError (407 too), so
that it is not taken for the server's. RFC 1928, 1929, 9110 9.3.6; the environment's variables as curl reads them.
"""

from __future__ import annotations

import base64
import os
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Literal

from nettools.credentials import Auth
from nettools.errors import ConnectError, NettoolsError, ProxyError, ResolveError, UsageError
from nettools.frozen import Frozen
from nettools.policies import Proxy
from nettools.secret import Secret

if TYPE_CHECKING:
    from nettools.wire.guard import WireSocket

__all__ = ["Route", "route_for", "tunnel"]

Kind = Literal["http", "socks4", "socks4a", "socks5", "socks5h"]
_PORTS: dict[str, int] = {"http": 1080, "socks4": 1080, "socks4a": 1080, "socks5": 1080, "socks5h": 1080}
_HEADER_LIMIT = 64 * 1024


class Route(Frozen):
    """A proxy, taken apart: its kind, address, credentials, and what is reached without it."""

    kind: Kind
    host: str
    port: int
    user: str | None = None
    password: Secret | None = None
    bypass: tuple[str, ...] = ()
    tunnel: bool | None = None
    explicit_auth: bool = False  # given through auth=: then the clear-text rule holds for it

    @property
    def url(self) -> str:
        """The proxy without its credentials."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{self.kind}://{host}:{self.port}"

    def bypasses(self, host: str, port: int) -> bool:
        """Whether a host is reached directly."""
        return any(_matches(pattern, host, port) for pattern in self.bypass)

    def unreachable(self, error: ConnectError) -> ProxyError:
        """The proxy itself cannot be reached."""
        return ProxyError(
            f"the proxy {self.url} cannot be reached: {error.message}",
            hint="check proxy=, --proxy, or the *_proxy variables; proxy=None goes without",
            exit_code=5 if isinstance(error, ResolveError) else 97,
        )

    def basic(self) -> str | None:
        """The value of Proxy-Authorization, None without credentials (RFC 7617)."""
        if self.user is None:
            return None
        word = self.password.reveal() if self.password is not None else ""
        return "Basic " + base64.b64encode(f"{self.user}:{word}".encode()).decode("ascii")


def _matches(pattern: str, host: str, port: int) -> bool:
    pattern = pattern.strip().lower()
    host = host.lower().rstrip(".")
    if pattern == "*":
        return True
    if not pattern:
        return False
    import ipaddress

    try:
        address = ipaddress.ip_address(host.partition("%")[0])
        return address in ipaddress.ip_network(pattern.strip("[]"), strict=False)
    except (ValueError, TypeError):
        pass
    name, colon, wanted = pattern.rpartition(":")
    if colon and wanted.isdigit() and "]" not in wanted:
        if int(wanted) != port:
            return False
        pattern = name.strip("[]")
    pattern = pattern.removeprefix("*").strip(".")
    return host == pattern or host.endswith("." + pattern)


def route_for(proxy: Proxy | str | None, scheme: str, environ: Mapping[str, str] | None = None) -> Route | None:
    """The route of the `proxy=` option for calls to this scheme; None goes directly.

    Raises:
        UsageError: it is no proxy URL.
    """
    if proxy is None:
        return None
    if isinstance(proxy, Proxy):
        return _parse(proxy)
    environ = os.environ if environ is None else environ
    names = [f"{scheme}_proxy", f"{scheme}_proxy".upper(), "all_proxy", "ALL_PROXY"]
    if scheme == "http":
        names.remove("HTTP_PROXY")  # a CGI program's is its client's Proxy header (CVE-2016-5385)
    url = next((environ[name] for name in names if environ.get(name)), "")
    if not url:
        return None
    bypass = environ.get("no_proxy") or environ.get("NO_PROXY") or ""
    return _parse(Proxy(url if "://" in url else f"http://{url}", bypass=bypass.replace(",", " ").split()))


def _parse(proxy: Proxy) -> Route:
    from urllib.parse import unquote, urlsplit  # only who has a proxy pays for it

    if not isinstance(proxy.url, str) or any(ord(char) < 0x21 or ord(char) == 0x7F for char in proxy.url):
        raise UsageError("proxy= is no proxy URL", exit_code=5)
    try:
        parts = urlsplit(proxy.url if "://" in proxy.url else f"http://{proxy.url}")
        kind, host, port = parts.scheme.lower(), parts.hostname, parts.port
    except ValueError:
        raise UsageError("proxy= is no proxy URL", exit_code=5) from None
    kind = {"socks": "socks5h"}.get(kind, kind)
    if kind not in _PORTS or not host:
        raise UsageError(
            f"{kind}:// is no kind of proxy" if host else "the proxy URL names no host",
            hint=f"one of {', '.join(f'{each}://' for each in _PORTS)}",
            exit_code=5,
        )
    user = None if parts.username is None else unquote(parts.username)
    password = None if parts.password is None else Secret(unquote(parts.password))
    auth: Auth | None = proxy.auth
    if auth is not None:
        user, password = auth.user, auth.get_password()
    if any(char in (user or "") + (password.reveal() if password else "") for char in "\r\n\0"):
        raise UsageError("the proxy's user or password has a CR, LF or NUL in it")
    return Route(kind, host, port or _PORTS[kind], user, password, proxy.bypass, proxy.tunnel, auth is not None)  # type: ignore[arg-type]


def tunnel(sock: WireSocket, route: Route, host: str, port: int, look_up: Callable[[str, int], Sequence[Any]]) -> None:
    """Have the proxy connect this socket to host and port; what is read next is the server's.

    Raises:
        ProxyError: refused, wrong credentials, or no such proxy.
    """
    if sock.trace is not None and route.password is not None:
        sock.trace.add_secret(route.password.reveal())
        sock.trace.add_secret((route.basic() or "").removeprefix("Basic "))
    if route.kind == "http":
        _connect(sock, route, host, port)
    else:
        _socks(sock, route, host, port, look_up)


def _connect(sock: WireSocket, route: Route, host: str, port: int) -> None:
    authority = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
    lines = [f"CONNECT {authority} HTTP/1.1", f"Host: {authority}"]
    credentials = route.basic()
    if credentials:
        lines.append(f"Proxy-Authorization: {credentials}")
    sock.sendall("".join(f"{line}\r\n" for line in (*lines, "")).encode("ascii"))
    answer = bytearray()
    while not answer.endswith((b"\r\n\r\n", b"\n\n")):
        octet = sock.recv(1)
        if not octet:
            raise ProxyError(f"the proxy {route.url} closed the connection before it answered")
        answer += octet
        if len(answer) > _HEADER_LIMIT:
            raise ProxyError(f"the answer of the proxy {route.url} has more than {_HEADER_LIMIT} octets")
    status_line = bytes(answer).split(b"\n", 1)[0].strip().decode("latin-1")
    version, _, status = status_line.partition(" ")
    code = status[:3]
    if not version.startswith("HTTP/") or not code.isdigit():
        raise ProxyError(f"{route.url} is no HTTP proxy: it answered {status_line[:80]!r}")
    if code == "407":
        raise ProxyError(
            f"the proxy {route.url} wants other credentials",
            reply=status,
            retryable=False,
            hint="give them in the proxy's URL, or Proxy(url, auth=(user, password))",
        )
    if not code.startswith("2"):
        raise ProxyError(f"the proxy {route.url} refused to connect to {authority}: {status}", reply=status)


class _Connected:
    """Stands where python-socks expects a proxy before the proxy: it "connects" by giving our socket."""

    def __init__(self, sock: WireSocket) -> None:
        self.sock = sock

    def connect(self, dest_host: str, dest_port: int, timeout: float | None = None, **_: Any) -> WireSocket:
        return self.sock


def _socks(sock: WireSocket, route: Route, host: str, port: int, look_up: Callable[[str, int], Sequence[Any]]) -> None:
    import python_socks
    from python_socks.sync import Proxy as Handshake

    remote = route.kind in ("socks4a", "socks5h")
    if not remote:  # the look-up is ours, within the deadline
        wanted = [each for each in look_up(host, port) if route.kind == "socks5" or ":" not in each.sockaddr[0]]
        if not wanted:
            raise ResolveError(f"{host} has no IPv4 address, and SOCKS 4 takes no other")
        host = wanted[0].sockaddr[0]
    kind = python_socks.ProxyType.SOCKS4 if route.kind.startswith("socks4") else python_socks.ProxyType.SOCKS5
    password = route.password.reveal() if route.password is not None else None
    user = route.user
    if user is not None and kind is python_socks.ProxyType.SOCKS5:
        password = password or ""
    if kind is python_socks.ProxyType.SOCKS5:  # each goes with one octet for its length (RFC 1928 4, RFC 1929 2)
        for what, text in (("user", user), ("password", password), ("host", host)):
            if len((text or "").encode()) > 255:
                raise UsageError(f"SOCKS 5 takes no {what} of more than 255 octets")
    before: Any = _Connected(sock)
    handshake = Handshake(kind, route.host, route.port, user, password, rdns=remote, forward=before)
    try:
        handshake.connect(host, port)
    except NettoolsError:
        raise
    except (python_socks.ProxyError, python_socks.ProxyTimeoutError, OSError, ValueError, IndexError) as error:
        if sock.failure is not None:
            raise sock.failure from error
        raise ProxyError(
            f"the proxy {route.url} refused to connect to {host}:{port}: {error}", hint=_socks_hint(str(error), route)
        ) from error


def _socks_hint(text: str, route: Route) -> str | None:
    if "uth" in text:
        return "give other credentials in the proxy's URL, or Proxy(url, auth=(user, password))"
    if "nvalid" in text or "ersion" in text or "nexpected" in text:
        return f"is it a {route.kind} proxy?"
    return None
