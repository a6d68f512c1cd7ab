"""The FTP fake, asked by ftplib."""

from __future__ import annotations

import ftplib
import io
from collections.abc import Callable, Iterator
from typing import Any

import pytest

Fake = Any


@pytest.fixture
def fake(net_servers: Callable[..., Fake]) -> Fake:
    return net_servers("ftp")


@pytest.fixture
def ftp(fake: Fake) -> Iterator[ftplib.FTP]:
    with ftplib.FTP(timeout=10) as client:
        client.connect(fake.host, fake.port)
        client.login("alice", "secret")
        yield client


def test_folders_are_made_entered_and_removed_by_new_and_old_names(ftp: ftplib.FTP) -> None:
    assert ftp.mkd("a") == "/a"
    ftp.cwd("a")
    ftp.sendcmd("XMKD b")
    assert ftp.sendcmd("XPWD").startswith('257 "/a"')
    ftp.sendcmd("XRMD b")
    ftp.sendcmd("XCUP")
    ftp.rmd("a")
    assert ftp.pwd() == "/"


def test_facts_are_those_that_were_asked_for(ftp: ftplib.FTP) -> None:
    assert "MLST type*;size*;modify*;perm*;unique*;" in ftp.sendcmd("FEAT")
    (name, facts), *_ = ftp.mlsd("pub", ["type", "size"])
    assert (name, set(facts)) == (".", {"type", "perm"})
    assert dict(ftp.mlsd("pub"))["hello.txt"] == {"type": "file", "size": "14"}
    assert "MLST type*;size*;modify;perm;unique;" in ftp.sendcmd("FEAT")
    with pytest.raises(ftplib.error_perm, match="501"):
        ftp.sendcmd("OPTS NONSENSE")


def test_stat_lists_over_the_control_connection(ftp: ftplib.FTP) -> None:
    assert "hello.txt" in ftp.sendcmd("STAT pub")
    assert ftp.sendcmd("STAT").startswith("211 ")
    with pytest.raises(ftplib.error_perm, match="550"):
        ftp.sendcmd("STAT nix")


def test_a_unique_name_is_found_and_told(ftp: ftplib.FTP, fake: Fake) -> None:
    told = []
    for _ in range(2):
        sock, _ = ftp.ntransfercmd("STOU note")
        with sock:
            sock.sendall(b"x")
        told.append(ftp.voidresp())
    assert [fake.world.files[f"note.{n}"] for n in (1, 2)] == [b"x", b"x"]
    assert b"150 Here come FILE: note.2" in fake.log.server_bytes()


def test_small_talk(ftp: ftplib.FTP) -> None:
    assert ftp.sendcmd("SITE CHMOD 644 pub/hello.txt") == "200 Done"
    assert ftp.sendcmd("SITE HELP").startswith("214")
    for line in ("SITE NONSENSE", "MODE B", "STRU R", "TYPE E", "REST x", "PORT 1,2", "EPRT nonsense", "RNTO x"):
        with pytest.raises(ftplib.error_perm):
            ftp.sendcmd(line)
    for line in ("MODE S", "STRU F", "ALLO 10", "HELP", "ABOR", "ACCT x"):
        assert ftp.sendcmd(line)[0] == "2"


def test_commands_in_the_wrong_order_are_refused(ftp: ftplib.FTP, fake: Fake) -> None:
    for line, code in (("RETR pub/hello.txt", "425"), ("PROT P", "503"), ("PBSZ 0", "503"), ("AUTH X", "502")):
        with pytest.raises(ftplib.Error, match=code):
            ftp.sendcmd(line)
    with pytest.raises(ftplib.error_perm, match="501"):
        ftp.sendcmd("PORT 10,0,0,1,4,1")
    with ftplib.FTP(timeout=10) as stranger:
        stranger.connect(fake.host, fake.port)
        with pytest.raises(ftplib.error_perm, match="530"):
            stranger.sendcmd("RETR pub/hello.txt")
        with pytest.raises(ftplib.error_perm, match="530"):
            stranger.login("alice", "wrong")


def test_files_are_resumed_renamed_stamped_and_refused(ftp: ftplib.FTP, fake: Fake) -> None:
    ftp.storbinary("STOR up", io.BytesIO(b"0123456789"))
    ftp.storbinary("STOR up", io.BytesIO(b"xy"), rest=3)
    assert fake.world.files["up"] == b"012xy"
    got = io.BytesIO()
    ftp.retrbinary("RETR up", got.write, rest=2)
    assert got.getvalue() == b"2xy"
    assert ftp.sendcmd("MFMT 20200203040506 up").startswith("213 Modify=20200203040506")
    assert ftp.sendcmd("MDTM up") == "213 20200203040506"
    ftp.rename("up", "pub/up")
    for line in (
        "STOR pub",
        "STOR nix/x",
        "DELE nix",
        "MFMT x pub/up",
        "RNFR nix",
        "MKD pub",
        "MKD a/b",
        "CWD nix",
        "RMD pub",
    ):
        ftp.sendcmd("TYPE I")
        with pytest.raises(ftplib.error_perm):
            ftp.sendcmd(line)
    ftp.sendcmd("RNFR pub/up")
    with pytest.raises(ftplib.error_perm, match="553"):
        ftp.sendcmd("RNTO nix/up")


def test_active_mode_in_both_ways(ftp: ftplib.FTP) -> None:
    ftp.set_pasv(False)
    assert "pub" in ftp.nlst()
    assert ftp.nlst("pub/hello.txt") == ["hello.txt"]
