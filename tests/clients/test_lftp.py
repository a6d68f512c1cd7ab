"""lftp against the FTP fake: put, mirror both ways, pget, and downloads that go on."""

from __future__ import annotations

import filecmp
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import SplitResult

import pytest

from nettools.testing.ftp import FTPServer

BIG = os.urandom(1_500_000)
SETTINGS = "set cmd:fail-exit true; set net:max-retries 3; set net:reconnect-interval-base 0; set net:timeout 10"
TLS = {
    "clear": "set ftp:ssl-allow false",
    "starttls": "set ftp:ssl-force true; set ftp:ssl-protect-data true",
    "tls": "set ftp:ssl-protect-data true",
}
Lftp = Callable[..., bytes]


@pytest.fixture
def server(way: str) -> Iterator[FTPServer]:
    """Under TLS it wants the session reused on every data connection."""
    pytest.importorskip("trustme", reason="TLS in the fakes needs trustme")
    with FTPServer(tls=True, require_reuse=way != "clear") as started:
        yield started


@pytest.fixture
def lftp(
    program: Callable[..., bytes], address: Callable[..., SplitResult], server: FTPServer, way: str, tmp_path: Path
) -> Lftp:
    (tmp_path / "big").write_bytes(BIG)
    trust = f"set ssl:ca-file {server.ca}; set ssl:verify-certificate true"
    start = f"{SETTINGS}; {trust}; {TLS[way]}; open -u alice,secret {address(server, way).geturl()}"
    return lambda script: program("lftp", "--norc", "-c", f"{start}; {script}")


def test_files_go_up_and_down(lftp: Lftp, server: FTPServer, tmp_path: Path) -> None:
    listed = lftp(
        "put big -o pub/up; cd pub; ls; get up -o down; pget -n 3 up -o pieces; mkdir q; rmdir q; mv up moved"
    )
    assert b"hello.txt" in listed
    assert (tmp_path / "down").read_bytes() == (tmp_path / "pieces").read_bytes() == BIG
    assert server.world.files["pub/moved"] == BIG
    lftp("rm pub/moved; mkdir q; rmdir q")
    assert "pub/moved" not in server.world.files


def test_folders_are_mirrored_both_ways(lftp: Lftp, server: FTPServer, tmp_path: Path) -> None:
    (tmp_path / "tree" / "a").mkdir(parents=True)
    (tmp_path / "tree" / "a" / "y ü").write_text("1")
    (tmp_path / "tree" / "x").write_text("2")
    lftp("mirror -R tree tree; mirror tree back; mirror pub/sub sub")
    assert server.world.files["tree/x"] == b"2"
    assert (tmp_path / "back" / "a" / "y ü").read_text() == "1"
    assert not filecmp.dircmp(tmp_path / "tree", tmp_path / "back").diff_files
    assert (tmp_path / "sub" / "deep.txt").read_bytes() == b"Further down.\n"


def test_a_part_that_is_here_is_not_fetched_again(lftp: Lftp, server: FTPServer, tmp_path: Path) -> None:
    server.world.files["big"] = BIG
    (tmp_path / "part").write_bytes(BIG[:400_000])
    lftp("get -c big -o part")
    assert (tmp_path / "part").read_bytes() == BIG
    assert "REST 400000" in server.log.commands()


def test_a_download_goes_on_after_a_reset(lftp: Lftp, server: FTPServer, tmp_path: Path) -> None:
    server.world.files["big"] = BIG
    rule = server.data.reset(after=100_000, arg="RETR big", times=1)
    lftp("get -c big -o resumed")
    assert (tmp_path / "resumed").read_bytes() == BIG
    assert rule.hits == 1
    assert any(line.startswith("REST ") and line != "REST 0" for line in server.log.commands())


def test_the_server_connects_to_the_client(lftp: Lftp, server: FTPServer, tmp_path: Path) -> None:
    listed = lftp("set ftp:passive-mode false; ls pub; put big -o pub/up; get pub/up -o down")
    assert b"hello.txt" in listed
    assert (tmp_path / "down").read_bytes() == server.world.files["pub/up"] == BIG
    assert {line.partition(" ")[0] for line in server.log.commands()} & {"PORT", "EPRT"}
    assert not {"PASV", "EPSV"} & set(server.log.commands())
