"""Where a call goes: a URL becomes a Target, taken apart and checked, but not interpreted.

Knows the grammar of addresses and no protocol: what a path means (a file, a folder, a mailbox with a UID) is for the
protocol's folder. A malformed address is a UsageError with exit code 3 before anything is resolved or sent. `schemes`
has the table of protocols, `endpoint` hosts and ports; who asks for an address finds both here. Sources: RFC 3986
(URLs), RFC 1738 / 2384 / 4248 / 4266 / 5092 / 5538 (ftp, pop, telnet, gopher, imap, nntp URLs).
"""

from __future__ import annotations

import re
from collections.abc import Collection
from typing import NamedTuple

from nettools.endpoint import Endpoint, is_loopback, malformed, parse_endpoint, parse_host
from nettools.percent import decoded, encoded
from nettools.schemes import PROTOCOLS, SCHEMES, ProtocolRow, Scheme, tls_scheme
from nettools.secret import Secret

__all__ = [
    "PROTOCOLS",
    "SCHEMES",
    "Endpoint",
    "ProtocolRow",
    "Scheme",
    "Target",
    "decode",
    "masked",
    "parse_endpoint",
    "parse_url",
    "tls_scheme",
]

_FORBIDDEN = re.compile(r"[\r\n\0]")
_SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*):")
_AUTH = re.compile(r";AUTH=([^;]*)$", re.IGNORECASE)


def decode(text: str, encoding: str = "utf-8", *, what: str = "URL") -> str:
    """Percent-decode once; CR, LF and NUL are refused, octets that the encoding does not have kept as surrogates."""
    try:
        result = decoded(text).decode(encoding, "surrogateescape")
    except (ValueError, LookupError):  # one that has no surrogates for the rest, or that there is not
        raise malformed(f"the {what} is not in the encoding {encoding!r}") from None
    if _FORBIDDEN.search(result):
        raise malformed(f"the {what} has a CR, LF or NUL in it, plain or percent-encoded")
    return result


class Target(NamedTuple):
    """An address, taken apart but not interpreted: `path` and `query` are still percent-encoded.

    `host` is what is resolved (IDNA applied, no brackets; empty only in `news:`); `user` and `password` are decoded;
    `url` has no password.
    """

    scheme: Scheme
    host: str
    port: int
    path: str = ""
    query: str | None = None
    user: str | None = None
    password: Secret | None = None
    mechanism: str | None = None  # `;AUTH=` of a mail URL

    @property
    def protocol(self) -> str:
        """The protocol's name, such as `imap` for imaps."""
        return self.scheme.protocol

    @property
    def netloc(self) -> str:
        """Host and port as a URL has them: brackets around IPv6, the default port left out."""
        if self.scheme.protocol == "unix":
            return ""
        host = f"[{self.host.replace('%', '%25')}]" if ":" in self.host else self.host
        return host if self.port == self.scheme.port else f"{host}:{self.port}"

    @property
    def origin(self) -> str:
        """`scheme://host[:port]`: what credentials belong to (RFC 6454)."""
        return f"{self.scheme.name}://{self.netloc}"

    def shares_origin(self, other: Target) -> bool:
        """Whether another address has the same scheme, host and port, in whatever letters (RFC 6454 5)."""
        return self.origin.lower() == other.origin.lower()

    @property
    def url(self) -> str:
        """The address without its password."""
        user = "" if self.user is None else encoded(self.user) + "@"
        query = "" if self.query is None else f"?{self.query}"
        return f"{self.scheme.name}://{user}{self.netloc}{self.path}{query}"

    @property
    def is_loopback(self) -> bool:
        """Whether the host *as written* can only be this machine: a name that merely resolves to it does not count."""
        return self.scheme.protocol == "unix" or is_loopback(self.host)


def _has_one_reading(userinfo: str) -> bool:
    """Whether what stands before the host ends where it seems to, also when it is normalised (UTS 46)."""
    if not userinfo.isascii():
        from unicodedata import normalize  # rarely needed

        userinfo = normalize("NFKC", userinfo)
    return not any(delimiter in userinfo for delimiter in "/?#@")


def _authority(text: str, scheme: Scheme) -> tuple[str, int, str | None, Secret | None, str | None]:
    if not text and scheme.name == "news":
        return "", scheme.port or 0, None, None, None
    if "\\" in text:
        raise malformed(
            "the URL has a backslash in its host part", "percent-encode it as %5C in a user name or password"
        )
    userinfo, at, hostport = text.rpartition("@")
    if not _has_one_reading(userinfo):
        raise malformed("the URL's host can be read in two ways", "an @ in a user name or password is written %40")
    user = password = mechanism = None
    if at:
        name, colon, word = userinfo.partition(":")
        match = _AUTH.search(name) if scheme.protocol in ("imap", "pop3", "smtp") else None
        if match is not None:  # RFC 2384, RFC 5092 3.2; * is any
            name, mechanism = name[: match.start()], decode(match[1], what="mechanism").upper()
            mechanism = None if mechanism == "*" else mechanism
        user = decode(name, what="user name") if name or match is None else None
        if colon:
            password = Secret(decode(word, what="password"))
    match = re.fullmatch(r"(\[[^\[\]]*\]|[^:\[\]]*)(?::([^:]*))?", hostport)
    if match is None:
        raise malformed(f"{hostport!r} is no host and port", "an IPv6 address stands in brackets: [::1]:8080")
    host, port_text = match.groups()
    if not host:
        raise malformed("the URL names no host")
    port = scheme.port or 0
    if port_text:
        if not (port_text.isascii() and port_text.isdigit() and 0 < int(port_text[:6]) < 65536):
            raise malformed(f"{port_text!r} is no port number", "a port is a number from 1 to 65535")
        port = int(port_text)
    return parse_host(host), port, user, password, mechanism


def _socket_target(scheme: Scheme, authority: str, path: str, query: str | None) -> Target:
    """The target of a raw socket: an endpoint, or the path of a Unix socket."""
    if query is not None:
        raise malformed(f"a {scheme.name}:// URL has no query")
    if scheme.protocol == "unix":
        if authority not in ("", "localhost") or path in ("", "/"):
            raise malformed("a Unix socket is an absolute path", "unix:///run/service.sock")
        decode(path, what="path")
        return Target(scheme, "", 0, path)
    if path not in ("", "/"):
        raise malformed(f"a {scheme.name}:// URL has no path: {path!r}")
    if "@" in authority:
        raise malformed(f"a {scheme.name}:// URL has no user")
    endpoint = parse_endpoint(authority)
    return Target(scheme, endpoint.host, endpoint.port)


def parse_url(url: str, schemes: Collection[str] | None = None) -> Target:
    """A URL as a Target.

    Args:
        url: absolute, with a scheme of the table.
        schemes: those the function takes; others are a UsageError that names them.

    Raises:
        UsageError: exit code 3; nothing was resolved or sent.
    """
    if not isinstance(url, str):
        raise malformed(f"a URL is a str, not {type(url).__name__}")
    match = _SCHEME.match(url)
    rootless = match is not None and match[1].lower() == "news"  # RFC 5538 2.2: news:group, without a server
    if match is None or not (rootless or url[match.end() :].startswith("//")):
        raise malformed(f"{masked(url)!r} is no absolute URL", "a URL begins with its scheme: https://host/path")
    if any(ord(char) < 0x20 or ord(char) == 0x7F for char in url):
        raise malformed("the URL has a control character in it")
    if any("\ud800" <= char <= "\udfff" for char in url):  # octets of a command line that are no UTF-8
        raise malformed("the URL has characters that are none", "percent-encode its octets")
    name = match[1].lower()
    scheme = SCHEMES.get(name)
    if scheme is None:
        raise malformed(f"unknown scheme {name!r}", "`nettools protocols` lists the schemes")
    if schemes is not None and name not in schemes:
        raise malformed(f"{name}:// does not fit here", "this takes " + ", ".join(f"{each}://" for each in schemes))
    rest = url[match.end() :].partition("#")[0]
    rest = rest[2:] if rest.startswith("//") else f"/{rest}"
    front, question, query_text = rest.partition("?")
    authority, slash, path = front.partition("/")
    path, query = slash + path, query_text if question else None
    if scheme.protocol in ("tcp", "udp", "unix"):
        return _socket_target(scheme, authority, path, query)
    host, port, user, password, mechanism = _authority(authority, scheme)
    decode(path, what="path")
    if query is not None and scheme.protocol != "http":  # a form's value may well have lines: HTTP never decodes it
        decode(query, what="query")
    return Target(scheme, host, port, path, query, user, password, mechanism)


def masked(url: str) -> str:
    """A string that is no URL, fit to be shown: what stands before an @ may be a password."""
    return "***" + url[url.rindex("@") :] if "@" in url else url
