"""Cases of a line or two, a table a protocol: each says by its name and its octets what it is."""

from threats.cases.tables import (
    attachments,
    ftp,
    gopher,
    http,
    http_framing,
    imap,
    nntp,
    pop3,
    smtp,
    sockets,
    telnet,
    tls,
    xmlrpc,
)

__all__ = [
    "attachments",
    "ftp",
    "gopher",
    "http",
    "http_framing",
    "imap",
    "nntp",
    "pop3",
    "smtp",
    "sockets",
    "telnet",
    "tls",
    "xmlrpc",
]
