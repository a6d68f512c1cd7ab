"""slrn and tin read the NNTP fake: readers that nobody here wrote, each at a terminal of its own."""

from __future__ import annotations

import contextlib
import os
import pty
import select
import shutil
import struct
import subprocess
import termios
import time
from collections.abc import Iterator
from fcntl import ioctl
from pathlib import Path

import pytest

from nettools.testing import make_server
from nettools.testing.server import Server

ARTICLE = (
    "From: Bob <bob@x.org>\r\nNewsgroups: local.test\r\nSubject: Number {n}\r\n"
    "Date: Tue, 24 Nov 2026 10:0{n}:00 +0000\r\nMessage-ID: <{n}@x.org>\r\n\r\nthe text of {n}\r\n.dot\r\n"
)
WITHIN = 20.0  # seconds; it takes less than one


@pytest.fixture
def server() -> Iterator[Server]:
    pytest.importorskip("trustme", reason="TLS in the fakes needs trustme")
    with make_server("nntp", tls=True) as running:
        for n in range(1, 4):
            running.world.groups["local.test"].add(ARTICLE.format(n=n).encode())
        yield running


def at_a_terminal(argv: list[str], home: Path, keys: list[bytes], wanted: bytes, **environ: str) -> bytes:
    """What a program shows on 24 lines of 100 until it has shown what is wanted; a key is struck when it waits."""
    ours, theirs = pty.openpty()
    ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 100, 0, 0))
    common = {"HOME": str(home), "TERM": "vt100", "PATH": os.environ["PATH"], "USER": "alice", "LANG": "C"}
    process = subprocess.Popen(
        argv, stdin=theirs, stdout=theirs, stderr=theirs, start_new_session=True, env={**common, **environ}
    )
    os.close(theirs)
    shown, end = b"", time.monotonic() + WITHIN
    try:
        while wanted not in shown and time.monotonic() < end:
            if select.select([ours], [], [], 0.3)[0]:
                with contextlib.suppress(OSError):  # the program has ended
                    shown += os.read(ours, 65536)
            elif keys:
                os.write(ours, keys.pop(0))
            elif process.poll() is not None:
                break
        return shown
    finally:
        process.kill()
        process.wait()
        os.close(ours)


@pytest.fixture
def home(tmp_path: Path) -> Path:
    (tmp_path / "newsrc").write_text("local.test:\n")
    (tmp_path / ".slrnrc").write_text('hostname "x.org"\nset username "alice"\n')
    return tmp_path


@pytest.mark.skipif(shutil.which("slrn") is None, reason="slrn is not installed: make clients")
def test_slrn_shows_an_article(server: Server, home: Path) -> None:
    argv = ["slrn", "-n", "-h", server.host, "-p", str(server.port), "-f", str(home / "newsrc")]
    assert b"the text of 1" in at_a_terminal(argv, home, [b"\r", b"\r", b" "], b"the text of 1")
    assert {"XOVER 1-3", "ARTICLE 1"} <= set(server.log.commands())


@pytest.mark.skipif(shutil.which("tin") is None, reason="tin is not installed: make clients")
def test_tin_shows_an_article(server: Server, home: Path) -> None:
    argv = ["tin", "-r", "-g", server.host, "-p", str(server.port), "-f", str(home / "newsrc")]
    assert b"the text of" in at_a_terminal(argv, home, [b"\r", b"\r", b"\r"], b"the text of")
    assert {"LISTGROUP local.test", "OVER 1-3"} <= set(server.log.commands())


@pytest.mark.skipif(shutil.which("tin") is None, reason="tin is not installed: make clients")
def test_tin_verifies_the_certificate(server: Server, home: Path) -> None:
    argv = ["tin", "-r", "-T", "-g", "localhost", "-p", str(server.tls_port), "-f", str(home / "newsrc")]
    keys = [b"\r", b"\r", b"\r"]
    assert b"the text of" in at_a_terminal(argv, home, keys, b"the text of", SSL_CERT_FILE=str(server.ca))
    assert all(record.tls for record in server.log.records if record.bytes)
