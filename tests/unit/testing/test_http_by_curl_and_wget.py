"""The HTTP and XML-RPC fakes asked by curl and wget, clients that nobody here wrote, in clear and under TLS."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from nettools.testing import Sandbox, servers

Curl = Callable[..., bytes]

CURL, WGET = shutil.which("curl"), shutil.which("wget")


@pytest.fixture(scope="module")
def running() -> Iterator[Sandbox]:
    pytest.importorskip("trustme", reason="TLS in the fakes needs trustme")
    with servers("http", "xmlrpc", tls=True) as started:
        yield started


def run(program: str | None, *words: object, code: int = 0) -> bytes:
    if program is None:
        pytest.skip("not installed")
    done = subprocess.run([program, *map(str, words)], capture_output=True, check=False, timeout=30)
    assert done.returncode == code, (done.returncode, done.stderr)
    return done.stdout


@pytest.fixture(params=["http", "https"])
def base(request: pytest.FixtureRequest, running: Sandbox) -> str:
    server = running.http
    secure = request.param == "https"
    return f"{request.param}://localhost:{server.tls_port if secure else server.port}"


@pytest.fixture
def curl(running: Sandbox) -> Curl:
    return lambda *words, code=0: run(CURL, "-q", "-sS", "-m", "20", "--cacert", running.ca, *words, code=code)


def test_curl_reads_ranges_and_goes_on(curl: Curl, base: str, running: Sandbox, tmp_path: Path) -> None:
    data, file = running.world.files["pub/bytes.bin"], tmp_path / "b"
    assert curl(f"{base}/pub/bytes.bin") == data
    assert curl("-r", "5-9", f"{base}/pub/bytes.bin") == data[5:10]
    file.write_bytes(data[:100])
    curl("-C", "-", "-o", file, f"{base}/pub/bytes.bin")
    assert file.read_bytes() == data


def test_curl_sends_forms_files_and_cookies(curl: Curl, base: str, running: Sandbox, tmp_path: Path) -> None:
    file = tmp_path / "up.bin"
    file.write_bytes(b"x" * 100_000)
    assert b'"size": 100000' in curl("-F", f"f=@{file}", f"{base}/_form")
    curl("-T", file, f"{base}/in/up.bin")
    assert running.world.files["in/up.bin"] == file.read_bytes()
    curl("-T", file, "-H", "Transfer-Encoding: chunked", f"{base}/in/chunked")
    assert running.world.files["in/chunked"] == file.read_bytes()
    curl("-X", "DELETE", f"{base}/in/up.bin")
    assert "in/up.bin" not in running.world.files
    assert curl("-L", "-c", tmp_path / "jar", f"{base}/_cookies/set?a=b") == b"set\n"
    assert curl("-b", tmp_path / "jar", f"{base}/_cookies") == b'{"a": "b"}\n'


def test_curl_follows_decodes_and_logs_in(curl: Curl, base: str) -> None:
    assert curl("-L", f"{base}/_redirect/3") == b"Hello, world.\n"
    assert curl("-L", "--max-redirs", "1", f"{base}/_redirect/3", code=47) == b""
    assert curl("--compressed", f"{base}/_gzip") == b"compressed\n" * 100
    assert curl(f"{base}/_chunked") == b"in chunks\n" * 5000
    assert curl("-u", "alice:secret", f"{base}/_basic-auth") == b'{"user": "alice"}\n'
    assert curl("--digest", "-u", "alice:secret", f"{base}/_digest-auth") == b'{"user": "alice"}\n'
    assert curl("-f", "--anyauth", "-u", "alice:no", f"{base}/_digest-auth", code=22) == b""


def test_wget_mirrors_a_folder(base: str, running: Sandbox, tmp_path: Path) -> None:
    run(WGET, "-q", "--ca-certificate", running.ca, "-r", "-np", "-nH", "-P", tmp_path, f"{base}/pub/")
    for name in ("hello.txt", "bytes.bin"):
        assert (tmp_path / "pub" / name).read_bytes() == running.world.files[f"pub/{name}"]
    run(WGET, "-q", "--ca-certificate", running.ca, "-c", "-P", tmp_path / "pub", f"{base}/pub/bytes.bin")


def test_curl_calls_a_method(curl: Curl, running: Sandbox) -> None:
    call = "<methodCall><methodName>add</methodName><params><param><value><int>2</int></value></param>"
    call += "<param><value><i8>3</i8></value></param></params></methodCall>"
    assert b"<value><i4>5</i4></value>" in curl("-H", "Content-Type: text/xml", "-d", call, running.xmlrpc.url)
