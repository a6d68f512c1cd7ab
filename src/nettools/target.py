"""Where a call goes: a URL becomes a Target; and the one table of schemes, ports and modules.

Knows the grammar of addresses and no protocol: what a path means (a file, a folder, a mailbox with a UID) is for the
protocol's file. A malformed address is a UsageError with exit code 3 before anything is resolved or sent. Sources:
RFC 3986 (URLs), RFC 6874 (zones), RFC 5890 (IDNA, by the `idna` package), RFC 1738 / 2384 / 4248 / 4266 / 5092 / 5538
(ftp, pop, telnet, gopher, imap, nntp URLs).
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, NamedTuple
from urllib.parse import quote, unquote, unquote_to_bytes

from nettools.credentials import Secret
from nettools.errors import UsageError

__all__ = [
    "PROTOCOLS",
    "SCHEMES",
    "Endpoint",
    "ProtocolRow",
    "Scheme",
    "Target",
    "decode",
    "parse_endpoint",
    "parse_url",
    "tls_scheme",
]

Upgrade = Literal["none", "offered", "required", "implicit"]


@dataclass(frozen=True, slots=True)
class Scheme:
    """One scheme: its protocol, default port, and TLS: never, taken when offered, required, or from the first octet."""

    name: str
    protocol: str
    port: int | None
    tls: Upgrade = "none"


@dataclass(frozen=True, slots=True)
class ProtocolRow:
    """One row of the table of protocols: what it is called, what does it, where, with which module."""

    name: str
    title: str
    function: str
    module: str
    port: int | None
    tls_port: int | None = None
    note: str = ""
    rides_on: str = ""  # the protocol whose schemes it has

    @property
    def schemes(self) -> tuple[str, ...]:
        """The schemes of its URLs."""
        return tuple(name for name, each in SCHEMES.items() if each.protocol == (self.rides_on or self.name))


PROTOCOLS: dict[str, ProtocolRow] = {
    row.name: row
    for row in (
        ProtocolRow("http", "HTTP", "fetch_page", "http.client, urllib, requests", 80, 443),
        ProtocolRow("xmlrpc", "XML-RPC", "call_xmlrpc", "xmlrpc.client", 80, 443, rides_on="http"),
        ProtocolRow("ftp", "FTP", "ftp_get", "ftplib", 21, 990, "20 is the data port"),
        ProtocolRow("smtp", "SMTP", "send_mail", "smtplib", 25, 465, "submission 587"),
        ProtocolRow("pop3", "POP3", "list_mail", "poplib", 110, 995),
        ProtocolRow("imap", "IMAP4", "list_mail", "imaplib", 143, 993),
        ProtocolRow("nntp", "NNTP", "list_articles", "nntplib", 119, 563),
        ProtocolRow("telnet", "Telnet", "telnet_run", "telnetlib", 23, 992),
        ProtocolRow("gopher", "Gopher", "gopher_get", "socket", 70),
        ProtocolRow("tcp", "TCP", "exchange", "socket", None, None, "any port"),
        ProtocolRow("udp", "UDP", "exchange", "socket", None, None, "any port"),
        ProtocolRow("unix", "Unix", "exchange", "socket", None, None, "a path"),
    )
}

SCHEMES: dict[str, Scheme] = {
    scheme.name: scheme
    for scheme in (
        Scheme("http", "http", 80),
        Scheme("https", "http", 443, "implicit"),
        Scheme("ftp", "ftp", 21, "offered"),
        Scheme("ftps", "ftp", 990, "implicit"),
        Scheme("ftpes", "ftp", 21, "required"),
        Scheme("smtp", "smtp", 25, "offered"),
        Scheme("smtps", "smtp", 465, "implicit"),
        Scheme("pop3", "pop3", 110, "offered"),
        Scheme("pop3s", "pop3", 995, "implicit"),
        Scheme("imap", "imap", 143, "offered"),
        Scheme("imaps", "imap", 993, "implicit"),
        Scheme("nntp", "nntp", 119, "offered"),
        Scheme("nntps", "nntp", 563, "implicit"),
        Scheme("news", "nntp", 119, "offered"),
        Scheme("telnet", "telnet", 23),
        Scheme("telnets", "telnet", 992, "implicit"),
        Scheme("gopher", "gopher", 70),
        Scheme("gophers", "gopher", 70, "implicit"),
        Scheme("tcp", "tcp", None),
        Scheme("tls", "tcp", None, "implicit"),
        Scheme("udp", "udp", None),
        Scheme("unix", "unix", None),
    )
}


def tls_scheme(protocol: str) -> str | None:
    """The scheme of a protocol whose TLS begins with the first octet, None where it has none."""
    return next((each.name for each in SCHEMES.values() if each.protocol == protocol and each.tls == "implicit"), None)


_FORBIDDEN = re.compile(r"[\r\n\0]")
_SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*):")
_REG_NAME = re.compile(r"[A-Za-z0-9_](?:[A-Za-z0-9._-]*[A-Za-z0-9_])?\.?")
_AUTH = re.compile(r";AUTH=([^;]*)$", re.IGNORECASE)
_ZONE = re.compile(r"[A-Za-z0-9._~-]+")

# IANA's names of the services that people name; a system's own file of services is looked at for others
_SERVICES = {
    "echo": 7, "discard": 9, "daytime": 13, "chargen": 19, "ftp-data": 20, "ftp": 21, "ssh": 22, "telnet": 23,
    "smtp": 25, "time": 37, "whois": 43, "domain": 53, "tftp": 69, "gopher": 70, "finger": 79, "http": 80, "www": 80,
    "pop3": 110, "nntp": 119, "ntp": 123, "imap": 143, "imap2": 143, "snmp": 161, "irc": 194, "ldap": 389, "https": 443,
    "smtps": 465, "submissions": 465, "syslog": 514, "nntps": 563, "submission": 587, "ldaps": 636, "ftps": 990,
    "telnets": 992, "imaps": 993, "pop3s": 995, "socks": 1080,
}  # fmt: skip
_SERVICE_FILE = Path("/etc/services")


def _bad(message: str, hint: str | None = None) -> UsageError:
    return UsageError(message, hint=hint, exit_code=3)


def decode(text: str, encoding: str = "utf-8", *, what: str = "URL") -> str:
    """Percent-decode once; CR, LF and NUL are refused, octets that the encoding does not have kept as surrogates."""
    result = unquote_to_bytes(text).decode(encoding, "surrogateescape")
    if _FORBIDDEN.search(result):
        raise _bad(f"the {what} has a CR, LF or NUL in it, plain or percent-encoded")
    return result


@dataclass(frozen=True, slots=True)
class Target:
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

    @property
    def url(self) -> str:
        """The address without its password."""
        user = "" if self.user is None else quote(self.user, safe="", errors="surrogateescape") + "@"
        query = "" if self.query is None else f"?{self.query}"
        return f"{self.scheme.name}://{user}{self.netloc}{self.path}{query}"

    @property
    def is_loopback(self) -> bool:
        """Whether the host *as written* can only be this machine: a name that merely resolves to it does not count."""
        host = self.host.lower().rstrip(".")
        if host == "localhost" or self.scheme.protocol == "unix":
            return True
        try:
            return ipaddress.ip_address(host.partition("%")[0]).is_loopback
        except ValueError:
            return False


def _host(text: str) -> str:
    """A host as written in a URL, checked and made ready to be resolved."""
    if text.startswith("["):
        literal, zone_mark, zone = text[1:-1].partition("%25")
        try:
            ipaddress.IPv6Address(literal)
        except ValueError:
            raise _bad(f"{text!r} is no IPv6 address") from None
        if zone_mark and not _ZONE.fullmatch(zone):
            raise _bad(f"{text!r} has no valid zone")
        return f"{literal}%{zone}" if zone_mark else literal
    name = unquote(text)
    if not name.isascii():
        import idna

        try:
            name = idna.encode(name, uts46=True).decode("ascii")
        except idna.IDNAError as error:
            raise _bad(f"{text!r} is no valid international host name: {error}") from None
    if len(name) > 253 or not _REG_NAME.fullmatch(name) or ".." in name:
        raise _bad(f"{text!r} is no valid host name")
    return name


def _authority(text: str, scheme: Scheme) -> tuple[str, int, str | None, Secret | None, str | None]:
    if not text and scheme.name == "news":
        return "", scheme.port or 0, None, None, None
    if "\\" in text:
        raise _bad("the URL has a backslash in its host part", "percent-encode it as %5C in a user name or password")
    userinfo, at, hostport = text.rpartition("@")
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
        raise _bad(f"{hostport!r} is no host and port", "an IPv6 address stands in brackets: [::1]:8080")
    host, port_text = match.groups()
    if not host:
        raise _bad("the URL names no host")
    port = scheme.port or 0
    if port_text:
        if not (port_text.isascii() and port_text.isdigit() and 0 < int(port_text[:6]) < 65536):
            raise _bad(f"{port_text!r} is no port number", "a port is a number from 1 to 65535")
        port = int(port_text)
    return _host(host), port, user, password, mechanism


class Endpoint(NamedTuple):
    """Where a raw socket connects or listens: what `socket` takes for an address.

    `host` may be `""` (any address of this machine) and `<broadcast>`; `address` has their numbers.
    """

    host: str
    port: int

    @property
    def address(self) -> str:
        """The host, `""` and `<broadcast>` as the addresses that they stand for."""
        return {"": "0.0.0.0", "<broadcast>": "255.255.255.255"}.get(self.host, self.host)  # noqa: S104

    def __str__(self) -> str:
        host = self.address
        return f"[{host}]:{self.port}" if ":" in host else f"{host}:{self.port}"


def parse_endpoint(host: str | int | tuple[str | int, str | int], port: str | int | None = None) -> Endpoint:
    """An endpoint in the words of Python's sockets.

    Args:
        host: a name, a dotted quad, IPv6 with or without brackets and zone, `""` (any address), `<broadcast>`, or an
            int: an IPv4 address in host byte order. Without `port`: a pair, or a str that ends in `:port`.
        port: an int from 0 to 65535, the same as a str, or the name of a service.

    >>> parse_endpoint("localhost", "smtp"), parse_endpoint(0x7F000001, 80), str(parse_endpoint("[::1]:7"))
    (Endpoint(host='localhost', port=25), Endpoint(host='127.0.0.1', port=80), '[::1]:7')

    Raises:
        UsageError: exit code 3; nothing was looked up but a service's name.
    """
    if isinstance(host, tuple):
        if port is not None or len(host) < 2:
            raise _bad(f"{host!r} is no pair of host and port")
        host, port = host[:2]
    elif port is None and isinstance(host, str):
        match = re.fullmatch(r"(\[[^\[\]]*\]|[^:]*):([^:]*)", host)
        if match is None:
            raise _bad(f"{host!r} names no port", "an IPv6 address stands in brackets before its port: [::1]:8080")
        host, port = match.groups()
    return Endpoint(_endpoint_host(host), _endpoint_port(port))


def _endpoint_host(host: object) -> str:
    if isinstance(host, int) and not isinstance(host, bool):
        try:
            return str(ipaddress.IPv4Address(host))
        except ValueError:
            raise _bad(f"{host} is no IPv4 address as a number") from None
    if not isinstance(host, str):
        raise _bad(f"a host is a str, or an IPv4 address as an int, not {type(host).__name__}")
    if host in ("", "<broadcast>"):
        return host
    literal = host[1:-1] if host.startswith("[") and host.endswith("]") else host
    if ":" in literal:
        address, mark, zone = literal.replace("%25", "%", 1).partition("%")
        return _host(f"[{address}%25{zone}]" if mark else f"[{address}]")
    return _host(host)


def _endpoint_port(port: object) -> int:
    if isinstance(port, str):
        if port.isascii() and port.isdigit():
            port = int(port[:6])
        elif (named := _service(port)) is not None:
            return named
        else:
            raise _bad(f"{port!r} is no port number and no service", "a port is a number, or a name such as smtp")
    if isinstance(port, bool) or not isinstance(port, int) or not 0 <= port < 65536:
        raise _bad(f"{port!r} is no port number", "a port is a number from 0 to 65535")
    return port


def _service(name: str) -> int | None:
    """The port of a service, by IANA's name or the system's."""
    name = name.lower()
    if name in _SERVICES or not name:
        return _SERVICES.get(name)
    try:
        text = _SERVICE_FILE.read_text("utf-8", "replace")
    except OSError:
        return None
    for line in text.splitlines():
        words = line.partition("#")[0].lower().split()
        if len(words) > 1 and name in (words[0], *words[2:]):
            number = words[1].partition("/")[0]
            return int(number) if number.isdigit() else None
    return None


def _socket_target(scheme: Scheme, authority: str, path: str, query: str | None) -> Target:
    """The target of a raw socket: an endpoint, or the path of a Unix socket."""
    if query is not None:
        raise _bad(f"a {scheme.name}:// URL has no query")
    if scheme.protocol == "unix":
        if authority not in ("", "localhost") or path in ("", "/"):
            raise _bad("a Unix socket is an absolute path", "unix:///run/service.sock")
        decode(path, what="path")
        return Target(scheme, "", 0, path)
    if path not in ("", "/"):
        raise _bad(f"a {scheme.name}:// URL has no path: {path!r}")
    if "@" in authority:
        raise _bad(f"a {scheme.name}:// URL has no user")
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
        raise _bad(f"a URL is a str, not {type(url).__name__}")
    match = _SCHEME.match(url)
    rootless = match is not None and match[1].lower() == "news"  # RFC 5538 2.2: news:group, without a server
    if match is None or not (rootless or url[match.end() :].startswith("//")):
        raise _bad(f"{_masked(url)!r} is no absolute URL", "a URL begins with its scheme: https://host/path")
    if any(ord(char) < 0x20 or ord(char) == 0x7F for char in url):
        raise _bad("the URL has a control character in it")
    if any("\ud800" <= char <= "\udfff" for char in url):  # octets of a command line that are no UTF-8
        raise _bad("the URL has characters that are none", "percent-encode its octets")
    name = match[1].lower()
    scheme = SCHEMES.get(name)
    if scheme is None:
        raise _bad(f"unknown scheme {name!r}", "`nettools protocols` lists the schemes")
    if schemes is not None and name not in schemes:
        raise _bad(f"{name}:// does not fit here", "this takes " + ", ".join(f"{each}://" for each in schemes))
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


def _masked(url: str) -> str:
    """A string that is no URL, fit to be shown: what stands before an @ may be a password."""
    return "***" + url[url.rindex("@") :] if "@" in url else url
