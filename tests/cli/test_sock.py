"""`nettools tcp|udp|unix`: send and listen."""

from __future__ import annotations

import contextlib
import json
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

import nettools as library
from in_process import Run
from nettools.cli.sock import hexdump, unescape
from nettools.errors import UsageError
from nettools.target import parse_endpoint


def heeding() -> None:
    """In a child: control-C is not ignored, whatever this process was started with."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


@pytest.fixture
def listening() -> Iterator[Callable[..., tuple[subprocess.Popen[str], str]]]:
    """Starts `nettools PROTOCOL listen ...`; the process, and its URL."""
    started: list[subprocess.Popen[str]] = []

    def start(*args: object) -> tuple[subprocess.Popen[str], str]:
        command = [sys.executable, "-m", "nettools.cli.main", *map(str, args), "--json"]
        pipes: dict[str, Any] = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
        process = subprocess.Popen(command, preexec_fn=heeding, **pipes)
        started.append(process)
        assert process.stdout is not None
        return process, json.loads(process.stdout.readline())["url"]

    yield start
    for process in started:
        process.kill()
        process.communicate()


def test_data_has_escapes_and_the_answer_an_end(nettools: Run, tcp_echo: Any) -> None:
    assert nettools("tcp", "send", tcp_echo.url, "--data", r"PING\r\nPONG", "--until", r"\n").out == b"PING\r\n"
    assert tcp_echo.log.client_bytes() == b"PING\r\nPONG"
    assert nettools("tcp", f"127.0.0.1:{tcp_echo.port}", "--data", r"\x00\\", "--count", "1").out == b"\0"
    assert nettools("send", tcp_echo.url, "--data", "a1b2", "--until-regex", r"\d").out == b"a1"
    assert nettools("tcp", tcp_echo.url, "--data", "x", "--until-idle", "0.05").out == b"x"


def test_stdin_and_files_are_sent_with_or_without_cr_lf(nettools: Run, tcp_echo: Any, tmp_path: Path) -> None:
    assert nettools("tcp", tcp_echo.url, stdin=b"a\nb\r\n").out == b"a\nb\r\n"
    assert nettools("tcp", tcp_echo.url, "--crlf", "--data", "-", stdin=b"a\nb\r\n").out == b"a\r\nb\r\n"
    (tmp_path / "f").write_bytes(b"\\n")
    assert nettools("tcp", tcp_echo.url, "--data", f"@{tmp_path}/f").out == b"\\n"


def test_an_answer_is_shown_in_hexadecimal_or_as_json(nettools: Run, udp_echo: Any) -> None:
    text = nettools("udp", udp_echo.url, "--data", r"ABC\r\n", "--hex").text
    assert text == "00000000  41 42 43 0d 0a                                    |ABC..|\n"
    found = nettools("udp", "send", udp_echo.url, "--data", "A", "--json").json
    assert (found["size"], found["peer"]) == (1, f"127.0.0.1:{udp_echo.port}")


def test_hexadecimal_has_sixteen_octets_a_line() -> None:
    assert list(hexdump(bytes(range(17)))) == [
        "00000000  00 01 02 03 04 05 06 07  08 09 0a 0b 0c 0d 0e 0f  |................|",
        "00000010  10                                                |.|",
    ]


def test_what_is_no_escape_is_refused() -> None:
    assert unescape(r"ü\t\0\x41") == "ü\t\0A".encode()
    for text in (r"\q", "\\", r"\x4"):
        with pytest.raises(UsageError):
            unescape(text)


@pytest.mark.parametrize(
    ("args", "code"),
    [
        (("udp", "127.0.0.1:1"), 2),
        (("tcp", "127.0.0.1:1", "--data", "x", "--until", "a", "--count", "1"), 2),
        (("tcp", "127.0.0.1:1", "--data", "x", "--until-regex", "("), 2),
        (("tcp", "127.0.0.1:1", "--data", "x", "-u", "me"), 2),
        (("tcp", "127.0.0.1:1", "--data", "x"), 7),
        (("tcp", "nosuch.invalid:1", "--data", "x"), 6),
        (("tcp", "127.0.0.1", "--data", "x"), 3),
        (("unix", "/nowhere", "--data", "x"), 7),
        (("unix", "a" * 200, "--data", "x"), 3),
        (("tcp", "listen", ":0", "--echo", "--reply", "x"), 2),
    ],
)
def test_exit_codes(nettools: Run, args: tuple[str, ...], code: int) -> None:
    done = nettools(*args)
    assert (done.code, done.out) == (code, b"")
    assert "Traceback" not in done.err


def test_a_dry_run_sends_nothing_and_no_answer_waits_for_none(nettools: Run, tcp_echo: Any) -> None:
    assert nettools("tcp", tcp_echo.url, "--data", "x", "--dry-run").out == b"x"
    assert tcp_echo.log.connections == 0
    assert nettools("tcp", tcp_echo.url, "--data", "x", "--no-answer").out == b""


def test_the_path_of_a_unix_socket_may_be_relative(
    nettools: Run, unix_echo: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(Path(unix_echo.path).parent)
    assert nettools("unix", "send", "socket", "--data", "x").out == b"x"


def test_whoever_comes_is_thanked_once(listening: Any) -> None:
    process, url = listening("tcp", "listen", "127.0.0.1:0", "--reply", "Thank you for connecting", "--once")
    with socket.create_connection(parse_endpoint(url.removeprefix("tcp://"))) as client:
        assert client.recv(1024) == b"Thank you for connecting"
    assert process.wait(10) == 0
    assert "connection from 127.0.0.1" in process.stderr.read()


@pytest.mark.parametrize(
    ("scheme", "args", "answer", "shown"),
    [
        ("tcp", ("--reply", r"Thank you\n"), b"Thank you\n", b""),
        ("tcp", ("--echo",), b"hello", b""),
        ("tcp", ("--exec", "tr a-z A-Z"), b"HELLO", b""),
        ("tcp", ("--exec", "no-such-program"), b"", b""),
        ("tcp", (), b"", b"hello"),
        ("tcp", ("--hex",), b"", b"00000000  68 65 6c 6c 6f                                    |hello|\n"),
        ("unix", ("--echo",), b"hello", b""),
        ("udp", ("--echo",), b"hello", b""),
        ("udp", ("--exec", "tr a-z A-Z"), b"HELLO", b""),
        ("unix-datagram", ("--reply", "yes"), b"yes", b""),
    ],
)
def test_one_client_is_answered_and_that_is_all(
    nettools: Run, tmp_path: Path, scheme: str, args: tuple[str, ...], answer: bytes, shown: bytes
) -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        place = f"127.0.0.1:{unused.getsockname()[1]}"
    if scheme.startswith("unix"):
        place = str(tmp_path / "s")
        args = (*args, "--datagram") if scheme == "unix-datagram" else args
        scheme = "unix"
    answers: list[bytes] = []

    def ask() -> None:
        end = time.monotonic() + 30
        while not answers and time.monotonic() < end:
            with contextlib.suppress(library.ConnectError):
                answers.append(library.exchange(f"{scheme}://{place}", b"hello").data)

    client = threading.Thread(target=ask)
    client.start()
    done = nettools(scheme, "listen", place, "--once", *args)
    client.join()
    assert (done.code, done.out, answers) == (0, shown, [answer])
    assert f"listening on {scheme}://{place}" in done.err


@pytest.mark.parametrize(("number", "code"), [(signal.SIGTERM, 0), (signal.SIGINT, 130)])
def test_it_listens_until_it_is_told_to_end(listening: Any, tmp_path: Path, number: int, code: int) -> None:
    process, url = listening("unix", "listen", tmp_path / "s", "--echo")
    assert library.exchange(url, b"one").data == b"one"
    assert library.exchange(url, b"two").data == b"two"
    process.send_signal(number)
    assert process.wait(10) == code
    assert not (tmp_path / "s").exists()


def test_a_program_answers_streams_and_datagrams(listening: Any, tmp_path: Path) -> None:
    _, url = listening("tcp", "listen", "127.0.0.1:0", "--exec", "tr a-z A-Z")
    assert library.exchange(url, b"hello").data == b"HELLO"
    _, url = listening("udp", "listen", "127.0.0.1:0", "--exec", "tr a-z A-Z")
    assert library.exchange(url, b"hello").data == b"HELLO"
    _, url = listening("unix", "listen", tmp_path / "d", "--datagram", "--reply", "yes")
    assert library.exchange(url, b"hello").data == b"yes"
    process, url = listening("tcp", "listen", "127.0.0.1:0", "--exec", "no-such-program", "--once")
    assert library.exchange(url, b"").data == b""
    assert process.wait(10) == 0
    assert "cannot run no-such-program" in process.stderr.read()


def test_what_comes_is_printed(listening: Any) -> None:
    process, url = listening("tcp", "listen", "127.0.0.1:0", "--once", "--hex")
    library.exchange(url, b"hello")
    process.wait(10)
    assert process.stdout.read().endswith("|hello|\n")
    process, url = listening("udp", "listen", "127.0.0.1:0", "--once")
    with library.connect(url) as session:
        session.send(b"hello\n")
    process.wait(10)
    assert process.stdout.read() == "hello\n"
