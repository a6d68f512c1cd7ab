"""Programs that nobody here wrote, against the fakes: in clear, by STARTTLS, and by TLS from the first octet, verified.

A test that takes `way` runs in all three. A program that is not installed skips its tests and says so; `make clients`
installs them all.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import SplitResult, urlsplit

import pytest

from nettools.testing import Sandbox, servers
from nettools.testing.server import Server


@pytest.fixture(scope="module")
def running() -> Iterator[Sandbox]:
    """All servers, with TLS."""
    pytest.importorskip("trustme", reason="TLS in the fakes needs trustme")
    with servers(tls=True) as started:
        yield started


@pytest.fixture(params=["clear", "starttls", "tls"])
def way(request: pytest.FixtureRequest) -> str:
    """How a connection is protected."""
    return str(request.param)


@pytest.fixture
def address() -> Callable[[Server, str], SplitResult]:
    """Where a server is found in one of the ways, by the name that its certificate has."""

    def find(server: Server, way: str) -> SplitResult:
        url = server.tls_url if way == "tls" else server.url
        assert url is not None
        return urlsplit(url.replace(server.host, "localhost"))

    return find


@pytest.fixture
def program(tmp_path: Path) -> Callable[..., bytes]:
    """Runs a program in a home of its own, and expects it to end with `code`; gives what it wrote."""

    def run(name: str, *words: object, stdin: bytes = b"", code: int = 0, **environ: str) -> bytes:
        path = shutil.which(name)
        if path is None:
            pytest.skip(f"{name} is not installed: make clients")
        env = {"HOME": str(tmp_path), "PATH": os.environ["PATH"], "LANG": "C.UTF-8", "USER": "alice", **environ}
        done = subprocess.run(
            [path, *map(str, words)], input=stdin, capture_output=True, timeout=40, check=False, env=env, cwd=tmp_path
        )
        assert done.returncode == code, (done.returncode, done.stdout[-2000:], done.stderr[-2000:])
        return done.stdout

    return run


@pytest.fixture
def curl(program: Callable[..., bytes], address: Callable[[Server, str], SplitResult]) -> Callable[..., bytes]:
    """Asks a server by curl, which verifies the certificate and insists on TLS where the way has it."""

    def run(server: Server, way: str, path: str, *options: object, stdin: bytes = b"", code: int = 0) -> bytes:
        trust = () if server.ca is None else ("--cacert", server.ca)
        required = ("--ssl-reqd",) if way == "starttls" else ()
        url = address(server, way).geturl() + path
        return program("curl", "-q", "-sS", "-m", "20", *trust, *required, *options, url, stdin=stdin, code=code)

    return run
