"""Fake servers for tests: every protocol over one World, in one thread, on loopback, with transcripts.

    with servers("smtp", "imap", tls=True) as s:
        send_my_mail(s.smtp.url)
        assert s.world.wait_for_mail(subject="Welcome")

Imports nothing else of nettools, so that one misreading of an RFC cannot hide in both ends.
"""

from __future__ import annotations

import contextlib
import importlib
from collections.abc import Iterable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from nettools.testing.echo import TCPEchoServer, UDPEchoServer, UnixEchoServer
    from nettools.testing.ftp import FTPServer
    from nettools.testing.gopher import GopherServer
    from nettools.testing.http import HTTPServer
    from nettools.testing.imap import IMAPServer
    from nettools.testing.load import load_world, save_world
    from nettools.testing.mail import assert_mail
    from nettools.testing.nntp import NNTPServer
    from nettools.testing.personalities import ALL
    from nettools.testing.pop3 import POP3Server
    from nettools.testing.proxy import ProxyServer
    from nettools.testing.replaying import replay
    from nettools.testing.server import Server
    from nettools.testing.smtp import SMTPServer
    from nettools.testing.telnet import TelnetServer
    from nettools.testing.world import World
    from nettools.testing.xmlrpc import XMLRPCServer

__all__ = [
    "ALL",
    "FAKES",
    "FTPServer",
    "GopherServer",
    "HTTPServer",
    "IMAPServer",
    "NNTPServer",
    "POP3Server",
    "ProxyServer",
    "SMTPServer",
    "Sandbox",
    "Server",
    "TCPEchoServer",
    "TelnetServer",
    "UDPEchoServer",
    "UnixEchoServer",
    "World",
    "XMLRPCServer",
    "assert_mail",
    "load_world",
    "make_server",
    "replay",
    "save_world",
    "servers",
]

FAKES: dict[str, str] = {
    "http": "nettools.testing.http:HTTPServer",
    "xmlrpc": "nettools.testing.xmlrpc:XMLRPCServer",
    "ftp": "nettools.testing.ftp:FTPServer",
    "smtp": "nettools.testing.smtp:SMTPServer",
    "pop3": "nettools.testing.pop3:POP3Server",
    "imap": "nettools.testing.imap:IMAPServer",
    "nntp": "nettools.testing.nntp:NNTPServer",
    "telnet": "nettools.testing.telnet:TelnetServer",
    "gopher": "nettools.testing.gopher:GopherServer",
    "tcp": "nettools.testing.echo:TCPEchoServer",
    "udp": "nettools.testing.echo:UDPEchoServer",
    "unix": "nettools.testing.echo:UnixEchoServer",
    "proxy": "nettools.testing.proxy:ProxyServer",
}
TOOLS: dict[str, str] = {"fault_proxy": "nettools.testing.fault_proxy:FaultProxy"}  # no protocols, but servers

_HOMES = {
    **{name: module for module, _, name in (where.partition(":") for where in FAKES.values())},
    "ALL": "nettools.testing.personalities",
    "Server": "nettools.testing.server",
    "World": "nettools.testing.world",
    "assert_mail": "nettools.testing.mail",
    "load_world": "nettools.testing.load",
    "replay": "nettools.testing.replaying",
    "save_world": "nettools.testing.load",
}


if not TYPE_CHECKING:  # who knows the names above, and those that are imported here

    def __getattr__(name: str) -> Any:
        if name in _HOMES:
            return getattr(importlib.import_module(_HOMES[name]), name)
        raise AttributeError(f"module 'nettools.testing' has no attribute {name!r}")


def check_names(names: Iterable[object]) -> None:
    """Raise ValueError for the first that is no fake's."""
    for name in names:
        if name not in FAKES:
            raise ValueError(f"no fake is called {name!r}; there are {', '.join(FAKES)}")


def make_server(name: str, world: World | None = None, **options: Any) -> Server:
    """A fake by its protocol's name, not started.

    Raises:
        ValueError: there is no fake of that name, or its `personality` does not speak that protocol.
    """
    where = TOOLS.get(name, "")
    if not where:
        check_names([name])
        where = FAKES[name]
    module, _, attribute = where.partition(":")
    server: Server = getattr(importlib.import_module(module), attribute)(world, **options)
    return server


class Sandbox(SimpleNamespace):
    """Running servers by name (`sandbox.smtp`), the `world` they share, and `ca`, the authority's file, None without
    TLS.
    """

    world: World
    ca: Path | None
    running: dict[str, Server]
    http: HTTPServer
    xmlrpc: XMLRPCServer
    ftp: FTPServer
    smtp: SMTPServer
    pop3: POP3Server
    imap: IMAPServer
    nntp: NNTPServer
    telnet: TelnetServer
    gopher: GopherServer
    tcp: TCPEchoServer
    udp: UDPEchoServer
    unix: UnixEchoServer
    proxy: ProxyServer

    def environ(self) -> dict[str, str]:
        """For a subprocess: NAME_HOST, NAME_PORT, NAME_URL and NAME_TLS_PORT of each server, and SSL_CERT_FILE."""
        result: dict[str, str] = {}
        for name, server in self.running.items():
            prefix = name.upper()
            result |= {f"{prefix}_HOST": server.host, f"{prefix}_PORT": str(server.port), f"{prefix}_URL": server.url}
            if server.tls_port is not None:
                result[f"{prefix}_TLS_PORT"] = str(server.tls_port)
        if self.ca is not None:
            result["SSL_CERT_FILE"] = str(self.ca)
        return result


@contextlib.contextmanager
def servers(
    *names: str, tls: bool = False, world: World | None = None, host: str = "127.0.0.1", **options: dict[str, Any]
) -> Iterator[Sandbox]:
    """Run fakes of these protocols, all of them if none is named; a rule that was never hit is an error at the end.

    Args:
        tls: they offer STARTTLS, and TLS on a second port; needs the extra `testing`.
        options: by protocol, a dict of that fake's own: `servers("smtp", smtp={"without": {"PIPELINING"}})`.
    """
    from nettools.testing.world import World as NewWorld

    world = world if world is not None else NewWorld()
    chosen = names or tuple(FAKES)
    check_names((*chosen, *options))
    if idle := [name for name in options if name not in chosen]:
        raise ValueError(f"options for {idle[0]}, which is not among the servers: {', '.join(chosen)}")
    with contextlib.ExitStack() as stack:
        running = {
            name: stack.enter_context(make_server(name, world, host=host, tls=tls, **options.get(name, {})))
            for name in chosen
        }
        ca = next((server.ca for server in running.values() if server.ca is not None), None)
        yield Sandbox(world=world, ca=ca, running=running, **running)
        for server in running.values():
            server.check_rules()
