"""The pytest plugin: a fixture for each fake server, function scope, all over the test's own `world`.

    def test_welcome(smtp_server, world):
        sign_up("alice@example.org", smtp_url=smtp_server.url)
        assert world.wait_for_mail(subject="Welcome")

    @pytest.mark.net_server("imap", without={"MOVE"})            # options for that server of this test
    def test_my_poller(imap_server, smtp_server): ...

A rule that a test adds and nothing ever meets fails the test; a test that fails shows the transcript of its servers.
Names do not shadow those of pytest-localserver, pytest-httpserver, smtpdfix or pytest-localftpserver. Nothing heavy is
imported before a fixture asks for it.
"""

from __future__ import annotations

import contextlib
import functools
from collections.abc import Callable, Generator, Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from nettools.testing.fault_proxy import FaultProxy
    from nettools.testing.server import Server
    from nettools.testing.world import World

STARTED = pytest.StashKey["list[Server]"]()
TRANSCRIPT_LINES = 200  # of each server, shown with a test that failed


def pytest_configure(config: pytest.Config) -> None:
    """Make the markers known."""
    config.addinivalue_line("markers", "net_server(protocol, **options): how this test's server of a protocol is made")


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Generator[None, Any, Any]:
    """A rule that was never hit fails the test that added it."""
    result = yield
    for server in item.stash.get(STARTED, ()):
        server.check_rules()
    return result


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Show what went over the wire with a test that failed."""
    report = yield
    if report.failed:
        for server in item.stash.get(STARTED, ()):
            lines = list(server.log.lines())
            if skipped := len(lines) - TRANSCRIPT_LINES:
                lines = [f"... {skipped} lines before", *lines[-TRANSCRIPT_LINES:]] if skipped > 0 else lines
            if lines:
                report.sections.append((f"Transcript of the {server.protocol} server", "\n".join(lines)))
    return report


def _marked(item: pytest.Item) -> dict[str, dict[str, Any]]:
    """The options of a test's servers by protocol; the mark that is nearest to the test counts."""
    from nettools.testing import TOOLS, check_names

    found: dict[str, dict[str, Any]] = {}
    for mark in reversed(list(item.iter_markers("net_server"))):
        if len(mark.args) != 1:
            raise pytest.UsageError('net_server takes a protocol, then options: net_server("smtp", without={"SIZE"})')
        check_names({*mark.args} - {*TOOLS})
        found[mark.args[0]] = dict(mark.kwargs)
    return found


@functools.cache
def _has_tls() -> bool:
    return find_spec("trustme") is not None


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
def net_servers(world: World, request: pytest.FixtureRequest) -> Iterator[Callable[..., Server]]:
    """Makes servers: `net_servers("smtp", without={"PIPELINING"})`; they stop at the end of the test."""
    from nettools.testing import make_server

    item: pytest.Item = request.node
    started: list[Server] = []
    item.stash[STARTED] = started  # a new list, for a test may be run again
    marked = _marked(item)
    with contextlib.ExitStack() as stack:

        def start(name: str, **options: Any) -> Server:
            options = {"tls": _has_tls(), **marked.get(name, {}), **options}
            server = stack.enter_context(make_server(name, world, **options))
            started.append(server)
            return server

        yield start


def _fixture(name: str, protocol: str, title: str, **options: Any) -> Any:
    @pytest.fixture(name=name)
    def fixture(net_servers: Callable[..., Server]) -> Server:
        return net_servers(protocol, **options)

    fixture.__doc__ = f"A fake {title}, over this test's `world`."
    return fixture


http_server = _fixture("http_server", "http", "web server; `tls_url` is HTTPS where trustme is installed")
https_server = _fixture("https_server", "http", "web server whose `tls_url` is HTTPS", tls=True)
ftp_server = _fixture("ftp_server", "ftp", "FTP server")
ftps_server = _fixture("ftps_server", "ftp", "FTP server, AUTH TLS on `port`, implicit TLS on `tls_port`", tls=True)
smtp_server = _fixture("smtp_server", "smtp", "SMTP server")
pop3_server = _fixture("pop3_server", "pop3", "POP3 server")
imap_server = _fixture("imap_server", "imap", "IMAP server")
nntp_server = _fixture("nntp_server", "nntp", "news server")
telnet_server = _fixture("telnet_server", "telnet", "telnet server")
gopher_server = _fixture("gopher_server", "gopher", "gopher server")
xmlrpc_server = _fixture("xmlrpc_server", "xmlrpc", "XML-RPC server")
tcp_echo = _fixture("tcp_echo", "tcp", "TCP server that sends back what it gets")
udp_echo = _fixture("udp_echo", "udp", "UDP server that sends back what it gets")
unix_echo = _fixture("unix_echo", "unix", "server on a Unix socket that sends back what it gets")
proxy_server = _fixture("proxy_server", "proxy", "SOCKS and CONNECT proxy")


@pytest.fixture
def fault_proxy(net_servers: Callable[..., Server]) -> Callable[..., FaultProxy]:
    """Makes proxies that spoil the wire to a server: `fault_proxy(smtp_server, latency=0.05)`, or to HOST:PORT."""

    def start(upstream: str | tuple[str, int] | Server, **options: Any) -> FaultProxy:
        proxy: Any = net_servers("fault_proxy", upstream=upstream, **options)
        return proxy  # type: ignore[no-any-return]

    return start
