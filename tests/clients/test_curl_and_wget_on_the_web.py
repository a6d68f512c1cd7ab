"""The HTTP and XML-RPC fakes asked by curl and wget."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from urllib.parse import SplitResult

import pytest

from nettools.testing import Sandbox

Ask = Callable[..., bytes]


@pytest.fixture(params=["clear", "tls"])
def way(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def ask(curl: Callable[..., bytes], running: Sandbox, way: str) -> Ask:
    return lambda path, *options, code=0: curl(running.http, way, path, *options, code=code)


def test_curl_reads_ranges_and_goes_on(ask: Ask, running: Sandbox, tmp_path: Path) -> None:
    data, file = running.world.files["pub/bytes.bin"], tmp_path / "b"
    assert ask("/pub/bytes.bin") == data
    assert ask("/pub/bytes.bin", "-r", "5-9") == data[5:10]
    file.write_bytes(data[:100])
    ask("/pub/bytes.bin", "-C", "-", "-o", file)
    assert file.read_bytes() == data


def test_curl_sends_forms_files_and_cookies(ask: Ask, running: Sandbox, tmp_path: Path) -> None:
    file = tmp_path / "up.bin"
    file.write_bytes(b"x" * 100_000)
    assert ask("/_echo", "-d", "a=b") == b"a=b"
    assert b'"size": 100000' in ask("/_form", "-F", f"f=@{file}")
    ask("/in/up.bin", "-T", file)
    assert running.world.files["in/up.bin"] == file.read_bytes()
    ask("/in/chunked", "-T", file, "-H", "Transfer-Encoding: chunked")
    assert running.world.files["in/chunked"] == file.read_bytes()
    ask("/in/up.bin", "-X", "DELETE")
    assert "in/up.bin" not in running.world.files
    assert ask("/_cookies/set?a=b", "-L", "-c", tmp_path / "jar") == b"set\n"
    assert ask("/_cookies", "-b", tmp_path / "jar") == b'{"a": "b"}\n'


def test_curl_follows_decodes_and_logs_in(ask: Ask) -> None:
    assert ask("/_redirect/3", "-L") == b"Hello, world.\n"
    assert ask("/_redirect/3", "-L", "--max-redirs", "1", code=47) == b""
    assert ask("/_status/404", "-o", "/dev/null", "-w", "%{http_code}") == b"404"
    assert ask("/_gzip", "--compressed") == b"compressed\n" * 100
    assert ask("/_chunked") == b"in chunks\n" * 5000
    assert ask("/_basic-auth", "-u", "alice:secret") == b'{"user": "alice"}\n'
    assert ask("/_digest-auth", "--digest", "-u", "alice:secret") == b'{"user": "alice"}\n'
    assert ask("/_digest-auth", "-f", "--anyauth", "-u", "alice:no", code=22) == b""


def test_curl_refuses_a_server_whose_authority_it_does_not_know(ask: Ask, way: str) -> None:
    ask("/pub/hello.txt", "--cacert", "/dev/null", code=77 if way == "tls" else 0)


def test_wget_mirrors_a_folder(
    program: Callable[..., bytes], address: Callable[..., SplitResult], running: Sandbox, way: str, tmp_path: Path
) -> None:
    base = address(running.http, way).geturl()
    quiet = ("-q", "--ca-certificate", running.ca, "-P")
    program("wget", *quiet, tmp_path, "-r", "-np", "-nH", f"{base}/pub/")
    for name in ("hello.txt", "bytes.bin"):
        assert (tmp_path / "pub" / name).read_bytes() == running.world.files[f"pub/{name}"]
    program("wget", *quiet, tmp_path / "pub", "-c", f"{base}/pub/bytes.bin")


def test_curl_calls_a_method(curl: Callable[..., bytes], running: Sandbox, way: str) -> None:
    call = "<methodCall><methodName>add</methodName><params><param><value><int>2</int></value></param>"
    call += "<param><value><i8>3</i8></value></param></params></methodCall>"
    assert b"<value><i4>5</i4></value>" in curl(running.xmlrpc, way, "", "-H", "Content-Type: text/xml", "-d", call)
