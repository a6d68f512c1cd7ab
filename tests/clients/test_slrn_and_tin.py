"""slrn and tin read the NNTP fake: readers that nobody here wrote, each at a terminal of its own."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from nettools.testing import make_server
from nettools.testing.server import Server
from terminal import AtTerminal

ARTICLE = (
    "From: Bob <bob@x.org>\r\nNewsgroups: local.test\r\nSubject: Number {n}\r\n"
    "Date: Tue, 24 Nov 2026 10:0{n}:00 +0000\r\nMessage-ID: <{n}@x.org>\r\n\r\nthe text of {n}\r\n.dot\r\n"
)
SLRN = (b"l:List", b"Ctrl-D:PgDn")  # what its screens end with, before the article: RETURN leads on
TIN = (b"Press <RETURN> to continue", b"End of groups", b"w=post")


@pytest.fixture
def server() -> Iterator[Server]:
    pytest.importorskip("trustme", reason="TLS in the fakes needs trustme")
    with make_server("nntp", tls=True) as running:
        for n in range(1, 4):
            running.world.groups["local.test"].add(ARTICLE.format(n=n).encode())
        yield running


@pytest.fixture
def home(tmp_path: Path) -> Path:
    (tmp_path / "newsrc").write_text("local.test:\n")
    (tmp_path / ".slrnrc").write_text('set hostname "x.org"\nset username "alice"\n')
    return tmp_path


def read_an_article(argv: list[str], home: Path, screens: tuple[bytes, ...], **environ: str) -> None:
    """Go on by RETURN when each screen is there, until the first article is shown."""
    common = {"HOME": str(home), "TERM": "vt100", "PATH": os.environ["PATH"], "USER": "alice", "LANG": "C"}
    with AtTerminal([*argv, "-f", str(home / "newsrc")], {**common, **environ}, (100, 24)) as terminal:
        for screen in screens:
            terminal.wait_for(screen)
            terminal.type(b"\r")
        terminal.wait_for(b"the text of 1")


@pytest.mark.skipif(shutil.which("slrn") is None, reason="slrn is not installed: make clients")
def test_slrn_shows_an_article(server: Server, home: Path) -> None:
    read_an_article(["slrn", "-n", "-h", server.host, "-p", str(server.port)], home, SLRN)
    assert {"XOVER 1-3", "ARTICLE 1"} <= set(server.log.commands())


@pytest.mark.skipif(shutil.which("tin") is None, reason="tin is not installed: make clients")
def test_tin_shows_an_article(server: Server, home: Path) -> None:
    read_an_article(["tin", "-r", "-g", server.host, "-p", str(server.port)], home, TIN)
    assert {"LISTGROUP local.test", "OVER 1-3"} <= set(server.log.commands())


@pytest.mark.skipif(shutil.which("tin") is None, reason="tin is not installed: make clients")
def test_tin_verifies_the_certificate(server: Server, home: Path) -> None:
    argv = ["tin", "-r", "-T", "-g", "localhost", "-p", str(server.tls_port)]
    read_an_article(argv, home, TIN, SSL_CERT_FILE=str(server.ca))
    assert all(record.tls for record in server.log.records if record.bytes)
