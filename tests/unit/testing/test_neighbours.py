"""The plugin beside those of other people, really installed and really used: a run of pytest over two processes.

Each fixture of theirs is asked, in one test with ours, and everything that warns is an error. pytest-httpserver and
pytest-localserver both call a fixture `httpserver`, so they do not meet here.
"""

from __future__ import annotations

import importlib.util
import multiprocessing
import sys

import pytest

pytest_plugins = ["pytester"]

NEIGHBOURS = {  # the module of a plugin: what its tests do
    "pytest_httpserver.pytest_plugin": """
def test_httpserver(httpserver, http_server, smtp_server):
    httpserver.expect_request("/theirs").respond_with_data("theirs")
    assert get(httpserver.url_for("/theirs")) == b"theirs"
    assert get(http_server.url + "/pub/hello.txt") == b"Hello, world.\\n"
""",
    "pytest_localserver.plugin": """
def test_localserver(httpserver, http_server):
    httpserver.serve_content("theirs")
    assert get(httpserver.url) == b"theirs"
    assert get(http_server.url + "/pub/hello.txt") == b"Hello, world.\\n"
""",
    "smtpdfix.fixture": """
def test_smtpdfix(smtpd, smtp_server):
    send(smtpd.hostname, smtpd.port)
    send(smtp_server.host, smtp_server.port)
    assert len(smtpd.messages) == 1
    assert len(smtp_server.world.inbox("alice")) == 1
""",
    "pytest_localftpserver.plugin": """
def test_localftpserver(ftpserver, ftp_server):
    assert listing("127.0.0.1", ftpserver.server_port, ftpserver.username, ftpserver.password) == []
    assert listing(ftp_server.host, ftp_server.port, "alice", "secret") == ["pub"]
""",
    "pytest_asyncio.plugin": """
@pytest.mark.asyncio
async def test_asyncio(tcp_echo, unix_echo):
    for stream in (asyncio.open_connection(tcp_echo.host, tcp_echo.port), asyncio.open_unix_connection(unix_echo.path)):
        reader, writer = await stream
        writer.write(b"ping")
        assert await reader.readexactly(4) == b"ping"
        writer.close()
        await writer.wait_closed()
""",
}
BEGIN = """
import asyncio, ftplib, smtplib, threading, urllib.request
import pytest

def get(url):
    with urllib.request.urlopen(url, timeout=10) as page:
        return page.read()

def send(host, port):
    with smtplib.SMTP(host, port, "localhost", timeout=10) as client:
        client.sendmail("me@example.org", ["alice@example.org"], b"Subject: x\\r\\n\\r\\n")

def listing(host, port, user, password):
    with ftplib.FTP(timeout=10) as client:
        client.connect(host, port)
        client.login(user, password)
        return client.nlst()

@pytest.fixture(autouse=True)
def ours_leave_no_thread():
    yield
    assert "nettools-testing" not in {thread.name for thread in threading.enumerate()}
"""


@pytest.mark.parametrize("apart", ["pytest_httpserver.pytest_plugin", "pytest_localserver.plugin"])
def test_their_fixtures_and_ours_work_in_one_run(
    apart: str, pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    chosen = [apart, *(name for name in NEIGHBOURS if not name.startswith(("pytest_httpserver", "pytest_localserver")))]
    absent = [name for name in ("xdist", *chosen) if importlib.util.find_spec(name.partition(".")[0]) is None]
    if absent:
        pytest.skip(f"{', '.join(absent)} not installed: pip install --group test")
    pytester.makepyfile(BEGIN + "".join(NEIGHBOURS[name] for name in chosen))
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")
    plugins = [word for name in ("xdist", "nettools.testing.plugin", *chosen) for word in ("-p", name)]
    setting = ("-o", "asyncio_default_fixture_loop_scope=function")
    ours = ("-W", "error::ResourceWarning", "-W", "error::pytest.PytestUnraisableExceptionWarning")
    result = pytester.runpytest_subprocess("-p", "no:cacheprovider", *plugins, *setting, *ours, "-n", "2")
    result.assert_outcomes(passed=len(chosen))


def _in_a_child(port: int) -> None:
    from nettools.testing import make_server

    with make_server("smtp") as own:
        assert own.port != port


@pytest.mark.skipif(sys.platform != "linux", reason="forks")
@pytest.mark.filterwarnings("ignore:.*multi-threaded, use of fork:DeprecationWarning")
def test_a_forked_process_of_multiprocessing_has_servers_of_its_own() -> None:
    from nettools.testing import make_server

    with make_server("smtp") as server:
        child = multiprocessing.get_context("fork").Process(target=_in_a_child, args=(server.port,))
        child.start()
        child.join(20)
        assert child.exitcode == 0
        child.close()
