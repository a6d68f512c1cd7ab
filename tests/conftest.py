"""What all tests share: no test reaches beyond this machine, none sees the user's own configuration."""

from __future__ import annotations

import contextlib
import importlib
import os
import pkgutil
import socket
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import hypothesis
import pytest
from pytest_socket import socket_allow_hosts

from daemons.base import NotHere, Service, running
from daemons.page import write

hypothesis.settings.register_profile("nettools", deadline=None)  # no machine is quiet
hypothesis.settings.load_profile("nettools")


def pytest_configure() -> None:
    """Load all of nettools now: pytest rewrites what it imports, and Python 3.11 cannot parse in two threads."""
    import nettools

    for module in pkgutil.walk_packages(nettools.__path__, "nettools."):
        if not module.name.endswith("__main__"):
            importlib.import_module(module.name)


PROXIES = [f"{name}_proxy" for name in ("http", "https", "ftp", "smtp", "imap", "pop3", "all", "no")]


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--servers-page", help="write there which function works with which real server")


def pytest_terminal_summary(terminalreporter: Any, config: pytest.Config) -> None:
    page = config.getoption("--servers-page")
    if page is not None:
        reports = [report for group in terminalreporter.stats.values() for report in group]
        found = (each for report in reports for each in getattr(report, "user_properties", ()))
        write(Path(page), (value for name, value in found if name == "server"))


@pytest.fixture
def ipv6() -> None:
    """Skips a test that needs ::1 where the machine has none, as in many containers."""
    try:
        socket.create_server(("::1", 0), family=socket.AF_INET6).close()
    except OSError:
        pytest.skip("this machine has no ::1")


@pytest.fixture(autouse=True)
def _loopback_only() -> None:
    socket_allow_hosts(["127.0.0.1", "::1"], allow_unix_socket=True)


@pytest.fixture(autouse=True)
def _clean_environment(monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory) -> None:
    home = tmp_path_factory.mktemp("home")
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(home / ".config"))
    for name in (*PROXIES, *map(str.upper, PROXIES), "NETRC", "NETTOOLS_PASSWORD", "NNTPSERVER", "SSLKEYLOGFILE"):
        monkeypatch.delenv(name, raising=False)
    os.environ.setdefault("NO_COLOR", "1")


@pytest.fixture(scope="session")
def daemon() -> Iterator[Callable[[str], dict[str, Service]]]:
    """Starts a real server the first time it is asked for: `daemon("dovecot")["imap"]` is a Service."""
    with contextlib.ExitStack() as stack:
        started: dict[str, dict[str, Service]] = {}

        def start(name: str) -> dict[str, Service]:
            if name not in started:
                try:
                    started[name] = stack.enter_context(running(name))
                except NotHere as reason:
                    pytest.skip(str(reason))
            return started[name]

        yield start
