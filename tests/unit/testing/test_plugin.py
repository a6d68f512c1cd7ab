"""The pytest plugin, seen by test suites of other people: runs of pytest in runs of pytest."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from nettools.testing import plugin

pytest_plugins = ["pytester"]
pytestmark = pytest.mark.usefixtures("apart")

SERVERS = {
    "http_server", "https_server", "smtp_server", "pop3_server", "imap_server", "ftp_server", "ftps_server",
    "nntp_server", "telnet_server", "gopher_server", "xmlrpc_server", "tcp_echo", "udp_echo", "unix_echo",
    "proxy_server",
}  # fmt: skip
FACTORIES = {"fault_proxy", "net_servers"}
WITHOUT_TLS = {"udp_echo", "unix_echo", "proxy_server", "fault_proxy"}
TALK = """
import smtplib

def talk(server):
    with smtplib.SMTP(server.host, server.port, local_hostname="me.example") as client:
        return client.login("alice", "secret"), client.mail("a@b.example"), client.rcpt("bob@b.example")
"""
Run = Callable[..., pytest.RunResult]


@pytest.fixture
def suite(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Runs tests that have `talk`, a conversation by SMTP; every warning is an error, every marker has to be known.

    `alone` is a process of its own, with no other plugin than ours and those named: that starts sooner.
    """

    def run(text: str, *options: str, alone: bool = False) -> pytest.RunResult:
        pytester.makepyfile(TALK + text)
        strict = ("-W", "error", "--strict-markers", "-p", "no:cacheprovider")
        if not alone:
            return pytester.runpytest_inprocess(*strict, *options)
        monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")
        return pytester.runpytest_subprocess(*strict, "-p", "nettools.testing.plugin", *options)

    return run


# -- the fixtures


def _is_whole(server: Any, world: Any, *, tls: bool) -> None:
    assert server.host
    assert server.url
    assert server.world is world
    assert (server.tls_port is not None) == (server.ca is not None) == tls
    assert server.on("NOOP").drop(optional=True).hits == 0
    assert list(server.log.lines()) == []


@pytest.mark.parametrize("name", sorted(SERVERS))
def test_a_server_has_its_address_authority_rules_log_and_world(
    name: str, request: pytest.FixtureRequest, world: Any
) -> None:
    pytest.importorskip("trustme", reason="TLS in the fakes needs trustme")
    server = request.getfixturevalue(name)
    assert server.port or name == "unix_echo"
    _is_whole(server, world, tls=name not in WITHOUT_TLS)


def test_a_fault_proxy_is_one_more_server(fault_proxy: Any, tcp_echo: Any, world: Any) -> None:
    proxy = fault_proxy(tcp_echo)
    assert proxy.port not in (0, tcp_echo.port)
    _is_whole(proxy, world, tls=False)


def test_the_authority_is_that_of_every_server(tls_ca: Any, smtp_server: Any, imap_server: Any) -> None:
    assert tls_ca.read_text().startswith("-----BEGIN CERTIFICATE-----")
    assert smtp_server.ca == imap_server.ca == tls_ca


def test_a_factory_makes_several_servers_of_a_kind(net_servers: Any, world: Any) -> None:
    first, second = net_servers("smtp"), net_servers("smtp", without={"PIPELINING"})
    assert first.port != second.port
    assert first.world is second.world is world
    assert (first.offers("PIPELINING"), second.offers("PIPELINING")) == (True, False)


def test_no_server_offers_tls_where_the_means_are_not_installed(
    monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest
) -> None:
    monkeypatch.setattr(plugin, "_has_tls", lambda: False)
    server = request.getfixturevalue("smtp_server")
    assert (server.tls_port, server.tls_url, server.ca) == (None, None, None)


def test_the_plugin_takes_no_other_name_than_its_own(pytestconfig: pytest.Config) -> None:
    others = {
        "httpserver",
        "httpsserver",
        "smtpserver",
        "httpserver_listen_address",
        "make_httpserver",
        "smtpd",
        "ftpserver",
    }
    kind = type(plugin.world)
    names = {getattr(each, "name", None) or name for name, each in vars(plugin).items() if isinstance(each, kind)}
    assert names == SERVERS | FACTORIES | {"world", "tls_ca"}
    assert not names & others


def test_another_plugins_server_stands_beside_ours(suite: Run) -> None:
    pytest.importorskip("pytest_localserver")
    result = suite(
        """
from urllib.request import urlopen

def test_both(httpserver, http_server):
    httpserver.serve_content("theirs")
    with urlopen(httpserver.url) as theirs, urlopen(http_server.url + "/pub/hello.txt") as ours:
        assert (theirs.read(), ours.read()) == (b"theirs", b"Hello, world.\\n")
"""
    )
    result.assert_outcomes(passed=1)


# -- reports


def test_a_failed_test_shows_its_transcript_without_the_secrets(suite: Run) -> None:
    result = suite("\ndef test_it(smtp_server):\n    talk(smtp_server)\n    raise LookupError('what was sought')\n")
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(
        ["*LookupError*", "*Transcript of the smtp server*", "S: 220 *", "C: [*][*][*]", "C: *<a@b.example>"]
    )


def test_a_test_that_passes_shows_nothing(suite: Run) -> None:
    result = suite("\ndef test_it(smtp_server):\n    talk(smtp_server)\n", "-rA")
    result.assert_outcomes(passed=1)
    result.stdout.no_fnmatch_line("*Transcript*")


def test_a_server_that_nobody_asked_shows_nothing(suite: Run) -> None:
    result = suite("\ndef test_it(smtp_server):\n    raise LookupError\n")
    result.assert_outcomes(failed=1)
    result.stdout.no_fnmatch_line("*Transcript*")


def test_a_long_transcript_shows_its_end(suite: Run) -> None:
    result = suite(
        """
def test_it(smtp_server):
    with smtplib.SMTP(smtp_server.host, smtp_server.port, local_hostname="me.example") as client:
        for number in range(150):
            client.docmd("NOOP", str(number))
    raise LookupError
"""
    )
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["*Transcript*", "... * lines before", "C: NOOP 149", "C: QUIT"])
    result.stdout.no_fnmatch_line("C: NOOP 10")
    assert sum(line.startswith(("C: ", "S: ")) for line in result.outlines) == plugin.TRANSCRIPT_LINES


# -- rules


@pytest.mark.parametrize(
    ("rule", "outcome"),
    [
        ("on('RCPT').reply('452 4.2.2 full')", {"passed": 1}),
        ("on('VRFY').reply('252 who knows')", {"failed": 1}),
        ("on('VRFY').reply('252 who knows', optional=True)", {"passed": 1}),
        ("on_connect(connection=2).drop()", {"failed": 1}),
    ],
)
def test_a_rule_has_to_be_hit_unless_it_is_optional(suite: Run, rule: str, outcome: dict[str, int]) -> None:
    result = suite(f"\ndef test_it(smtp_server):\n    smtp_server.{rule}\n    talk(smtp_server)\n")
    result.assert_outcomes(**outcome)
    if "failed" in outcome:
        result.stdout.fnmatch_lines(["*UnusedRuleError: smtp server: never hit: *(optional=True allows it)*"])


def test_what_failed_the_test_comes_before_its_unused_rules(suite: Run) -> None:
    result = suite("\ndef test_it(smtp_server):\n    smtp_server.on('VRFY').drop()\n    raise LookupError\n")
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["*LookupError*"])
    result.stdout.no_fnmatch_line("*UnusedRuleError*")


def test_a_mistake_of_the_fake_is_an_error_of_the_test(suite: Run) -> None:
    result = suite("\ndef test_it(smtp_server):\n    smtp_server.errors.append(ZeroDivisionError('in the fake'))\n")
    result.assert_outcomes(passed=1, errors=1)
    result.stdout.fnmatch_lines(["*ZeroDivisionError: in the fake*"])


# -- the marker


def test_the_marker_makes_the_servers_of_a_class_and_of_a_test(suite: Run) -> None:
    result = suite(
        """
import pytest

@pytest.mark.net_server("smtp", without={"SIZE"})
class TestIt:
    def test_class(self, smtp_server, pop3_server):
        assert not smtp_server.offers("SIZE") and pop3_server.offers("SIZE")

    @pytest.mark.net_server("smtp", without={"DSN"}, tls=False)
    @pytest.mark.net_server("pop3", without={"TOP"})
    def test_nearer(self, smtp_server, pop3_server):
        assert smtp_server.offers("SIZE") and not smtp_server.offers("DSN") and smtp_server.ca is None
        assert not pop3_server.offers("TOP")
"""
    )
    result.assert_outcomes(passed=2)


def test_the_marker_is_explained(pytester: pytest.Pytester) -> None:
    result = pytester.runpytest_inprocess("--markers")
    result.stdout.fnmatch_lines(["@pytest.mark.net_server(protocol, [*][*]options): *"])


# -- beside others, and afterwards


def test_nothing_of_the_kit_is_imported_before_a_fixture_asks(suite: Run) -> None:
    text = "\ndef test_it():\n    import sys\n    assert 'nettools.testing.server' not in sys.modules\n"
    suite(text, alone=True).assert_outcomes(passed=1)


def test_it_runs_in_several_processes(suite: Run) -> None:
    pytest.importorskip("xdist")
    text = """
import pytest

@pytest.mark.parametrize("number", range(12))
def test_it(smtp_server, imap_server, number):
    talk(smtp_server)
    assert smtp_server.log.connections == 1
"""
    suite(text, "-p", "xdist", "-n", "2", alone=True).assert_outcomes(passed=12)


def test_it_runs_under_a_loop_of_the_tests_own(suite: Run) -> None:
    text = """
import asyncio

def test_it(tcp_echo):
    async def ask():
        reader, writer = await asyncio.open_connection(tcp_echo.host, tcp_echo.port)
        writer.write(b"ping")
        said = await reader.readexactly(4)
        writer.close()
        await writer.wait_closed()
        return said
    assert asyncio.run(ask()) == b"ping"
"""
    suite(text).assert_outcomes(passed=1)


def test_a_fork_has_servers_of_its_own_and_stops_none_of_its_parents(suite: Run) -> None:
    text = """
import os, warnings
from nettools.testing import servers

def test_it(smtp_server):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # threads and fork: what this is about
        child = os.fork()
    if not child:
        code = 1
        try:
            with servers("smtp") as own:
                talk(own.smtp)
            smtp_server.stop()
            code = 0
        finally:
            os._exit(code)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    talk(smtp_server)
    assert smtp_server.log.connections == 1
"""
    suite(text, alone=True).assert_outcomes(passed=1)


def test_no_thread_and_no_socket_is_left(suite: Run) -> None:
    text = f"""
import gc, os, socket, threading
import pytest

def test_servers_run({", ".join(sorted(SERVERS))}, fault_proxy):
    talk(fault_proxy(smtp_server))
    open_till_the_end = socket.create_connection((imap_server.host, imap_server.port))
    assert open_till_the_end.recv(4) == b"* OK"
    open_till_the_end.close()
    assert "nettools-testing" in [thread.name for thread in threading.enumerate()]

@pytest.mark.skipif(not os.path.isdir("/proc/self/fd"), reason="asks Linux what is open")
def test_they_are_gone():
    gc.collect()
    assert threading.enumerate() == [threading.main_thread()]
    for each in os.listdir("/proc/self/fd"):
        try:
            assert not os.readlink("/proc/self/fd/" + each).startswith("socket:")
        except FileNotFoundError:
            pass  # what listed them
"""
    suite(text, alone=True).assert_outcomes(passed=2)


@pytest.mark.parametrize(
    ("mark", "said"),
    [
        ('("smpt", without={"SIZE"})', "no fake is called 'smpt'"),
        ("", "net_server takes a protocol"),
        ('("smtp", without={"SIEZ"})', "smtp has no 'SIEZ' to leave out"),
        ('("smtp", without="SIZE")', "a set of names"),
        ('("smtp", certificate="bad")', "no certificate is 'bad'"),
    ],
)
def test_a_mark_that_would_do_nothing_is_an_error(suite: Run, mark: str, said: str) -> None:
    result = suite(f"import pytest\n@pytest.mark.net_server{mark}\ndef test(smtp_server): pass\n")
    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines([f"*{said}*"])


def test_a_mark_may_be_about_the_proxy_that_spoils_the_wire(suite: Run) -> None:
    mark = '@pytest.mark.net_server("fault_proxy", latency=0.01)'
    test = "def test(smtp_server, fault_proxy): assert fault_proxy(smtp_server).port"
    suite(f"import pytest\n{mark}\n{test}\n").assert_outcomes(passed=1)
