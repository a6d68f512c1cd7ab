"""Host and port: as a URL writes them, and as Python's sockets take them.

A host is checked and made ready to be resolved, which is done elsewhere. Sources: RFC 3986 3.2.2, RFC 6874 (zones),
RFC 5890 (IDNA, by the `idna` package).
"""

from __future__ import annotations

import re
from typing import NamedTuple

from nettools.errors import UsageError
from nettools.percent import decoded

__all__ = ["Endpoint", "is_loopback", "malformed", "parse_endpoint", "parse_host"]

_REG_NAME = re.compile(r"[A-Za-z0-9_](?:[A-Za-z0-9._-]*[A-Za-z0-9_])?\.?")
_OCTETS = frozenset(map(str, range(256)))  # of IPv4, as they are written
_ZONE = r"[A-Za-z0-9._~-]+"

# IANA's names of the services that people name; a system's own file of services is looked at for others
_SERVICES = {
    "echo": 7, "discard": 9, "daytime": 13, "chargen": 19, "ftp-data": 20, "ftp": 21, "ssh": 22, "telnet": 23,
    "smtp": 25, "time": 37, "whois": 43, "domain": 53, "tftp": 69, "gopher": 70, "finger": 79, "http": 80, "www": 80,
    "pop3": 110, "nntp": 119, "ntp": 123, "imap": 143, "imap2": 143, "snmp": 161, "irc": 194, "ldap": 389, "https": 443,
    "smtps": 465, "submissions": 465, "syslog": 514, "nntps": 563, "submission": 587, "ldaps": 636, "ftps": 990,
    "telnets": 992, "imaps": 993, "pop3s": 995, "socks": 1080,
}  # fmt: skip
_SERVICE_FILE = "/etc/services"


def malformed(message: str, hint: str | None = None) -> UsageError:
    """The error for an address that is none."""
    return UsageError(message, hint=hint, exit_code=3)


def parse_host(text: str) -> str:
    """A host as written in a URL, checked and made ready to be resolved."""
    if text.startswith("["):
        literal, zone_mark, zone = text[1:-1].partition("%25")
        import ipaddress  # few addresses are numbers of IPv6

        try:
            ipaddress.IPv6Address(literal)
        except ValueError:
            raise malformed(f"{text!r} is no IPv6 address") from None
        if zone_mark and not re.fullmatch(_ZONE, zone):
            raise malformed(f"{text!r} has no valid zone")
        return f"{literal}%{zone}" if zone_mark else literal
    try:
        name = decoded(text).decode("utf-8", "replace")
    except UnicodeError:  # half a character, which no octets stand for
        raise malformed(f"{text!r} is no valid host name") from None
    if not name.isascii():
        import idna

        try:
            name = idna.encode(name, uts46=True).decode("ascii")
        except idna.IDNAError as error:
            raise malformed(f"{text!r} is no valid international host name: {error}") from None
    if len(name) > 253 or not _REG_NAME.fullmatch(name) or ".." in name:
        raise malformed(f"{text!r} is no valid host name")
    return name


def is_loopback(host: str) -> bool:
    """Whether a host as written can only be this machine: `localhost`, 127.0.0.0/8 or ::1.

    >>> is_loopback("localhost."), is_loopback("127.1.2.3"), is_loopback("::1"), is_loopback("127.0.0.1.example.org")
    (True, True, True, False)
    """
    name = host.lower().rstrip(".")
    if ":" not in name:
        first, *rest = name.split(".")
        return name == "localhost" or (first == "127" and len(rest) == 3 and all(each in _OCTETS for each in rest))
    import ipaddress

    try:
        return ipaddress.ip_address(name.partition("%")[0]).is_loopback
    except ValueError:
        return False


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
            raise malformed(f"{host!r} is no pair of host and port")
        host, port = host[:2]
    elif port is None and isinstance(host, str):
        match = re.fullmatch(r"(\[[^\[\]]*\]|[^:]*):([^:]*)", host)
        if match is None:
            raise malformed(f"{host!r} names no port", "an IPv6 address stands in brackets before its port: [::1]:8080")
        host, port = match.groups()
    return Endpoint(_endpoint_host(host), _endpoint_port(port))


def _endpoint_host(host: object) -> str:
    if isinstance(host, int) and not isinstance(host, bool):
        import ipaddress

        try:
            return str(ipaddress.IPv4Address(host))
        except ValueError:
            raise malformed(f"{host} is no IPv4 address as a number") from None
    if not isinstance(host, str):
        raise malformed(f"a host is a str, or an IPv4 address as an int, not {type(host).__name__}")
    if host in ("", "<broadcast>"):
        return host
    literal = host[1:-1] if host.startswith("[") and host.endswith("]") else host
    if ":" in literal:
        address, mark, zone = literal.replace("%25", "%", 1).partition("%")
        return parse_host(f"[{address}%25{zone}]" if mark else f"[{address}]")
    return parse_host(host)


def _endpoint_port(port: object) -> int:
    if isinstance(port, str):
        if port.isascii() and port.isdigit():
            port = int(port[:6])
        elif (named := _service(port)) is not None:
            return named
        else:
            raise malformed(f"{port!r} is no port number and no service", "a port is a number, or a name such as smtp")
    if isinstance(port, bool) or not isinstance(port, int) or not 0 <= port < 65536:
        raise malformed(f"{port!r} is no port number", "a port is a number from 0 to 65535")
    return port


def _service(name: str) -> int | None:
    """The port of a service, by IANA's name or the system's."""
    name = name.lower()
    if name in _SERVICES or not name:
        return _SERVICES.get(name)
    try:
        with open(_SERVICE_FILE, encoding="utf-8", errors="replace") as file:
            text = file.read()
    except OSError:
        return None
    for line in text.splitlines():
        words = line.partition("#")[0].lower().split()
        if len(words) > 1 and name in (words[0], *words[2:]):
            number = words[1].partition("/")[0]
            return int(number) if number.isdigit() else None
    return None
