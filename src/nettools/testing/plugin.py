"""The pytest plugin: a fixture for each fake server, function scope, all over the test's own `world`.

    def test_welcome(smtp_server, world):
        sign_up("alice@example.org", smtp_url=smtp_server.url)
        assert world.wait_for_mail(subject="Welcome")

Names do not shadow those of pytest-localserver, pytest-httpserver, smtpdfix or pytest-localftpserver.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from nettools.testing.server import Server
    from nettools.testing.world import World


@pytest.fixture
def world() -> World:
    """What all servers of this test serve."""
    from nettools.testing.world import World

    return World()


@pytest.fixture
def tls_ca() -> Path:
    """The authority that signed the servers' certificates (PEM)."""
    from nettools.testing.tls import ca_path

    return ca_path()


@pytest.fixture
def net_servers(world: World) -> Iterator[Callable[..., Server]]:
    """Makes servers: `net_servers("smtp", without={"PIPELINING"})`; they stop at the end of the test."""
    from nettools.testing import make_server

    with contextlib.ExitStack() as stack:

        def start(name: str, **options: Any) -> Server:
            options.setdefault("tls", find_spec("trustme") is not None)
            return stack.enter_context(make_server(name, world, **options))

        yield start


def _fixture(name: str, protocol: str) -> Any:
    @pytest.fixture(name=name)
    def fixture(net_servers: Callable[..., Server]) -> Server:
        return net_servers(protocol)

    fixture.__doc__ = f"A fake {protocol.upper()} server, with TLS on `tls_port` where trustme is installed."
    return fixture


http_server = _fixture("http_server", "http")
ftp_server = _fixture("ftp_server", "ftp")
smtp_server = _fixture("smtp_server", "smtp")
pop3_server = _fixture("pop3_server", "pop3")
imap_server = _fixture("imap_server", "imap")
gopher_server = _fixture("gopher_server", "gopher")


@pytest.fixture
def https_server(net_servers: Callable[..., Server]) -> Server:
    """A fake HTTP server whose `tls_url` is HTTPS."""
    return net_servers("http", tls=True)


@pytest.fixture
def ftps_server(net_servers: Callable[..., Server]) -> Server:
    """A fake FTP server with AUTH TLS on `port` and implicit TLS on `tls_port`."""
    return net_servers("ftp", tls=True)
