"""The one table of protocols and schemes: what each is called, where it listens, how its TLS begins, what does it.

`nettools protocols`, the documentation, `connect` and the tests are driven by it; ports are IANA's.
"""

from __future__ import annotations

from typing import Literal, NamedTuple

from nettools.frozen import Frozen

__all__ = ["PROTOCOLS", "SCHEMES", "ProtocolRow", "Scheme", "tls_scheme"]

Upgrade = Literal["none", "offered", "required", "implicit"]


class Scheme(NamedTuple):
    """One scheme: its protocol, default port, and TLS: never, taken when offered, required, or from the first octet."""

    name: str
    protocol: str
    port: int | None
    tls: Upgrade = "none"


class ProtocolRow(Frozen):
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
