"""The cases, a module a protocol; importing this registers them all in `threats.engine.CASES`."""

from threats.cases import control, ftp, gopher, http, imap, nntp, pop3, smtp, sockets, telnet, tls, xmlrpc

__all__ = ["control", "ftp", "gopher", "http", "imap", "nntp", "pop3", "smtp", "sockets", "telnet", "tls", "xmlrpc"]
