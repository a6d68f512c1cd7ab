"""The FTP fake, asked by ftplib."""

from __future__ import annotations

import ftplib
import io
import ssl
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from nettools.testing import make_server

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
    assert (name, facts) == (".", {"type": "cdir"})
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
    assert b"150 FILE: /note.2\r\n" in fake.log.server_bytes()


def test_small_talk(ftp: ftplib.FTP) -> None:
    assert ftp.sendcmd("SITE CHMOD 644 pub/hello.txt") == "200 Done"
    assert ftp.sendcmd("SITE HELP").startswith("214")
    for line in ("SITE NONSENSE", "MODE B", "STRU R", "TYPE E", "REST x", "PORT 1,2", "EPRT nonsense", "RNTO x"):
        with pytest.raises(ftplib.error_perm):
            ftp.sendcmd(line)
    for line in ("MODE S", "STRU F", "ALLO 10", "HELP", "ABOR", "ACCT x"):
        assert ftp.sendcmd(line)[0] == "2"


def test_commands_in_the_wrong_order_are_refused(ftp: ftplib.FTP, fake: Fake) -> None:
    for line, code in (
        ("RETR pub/hello.txt", "425"),
        ("PROT P", "503"),
        ("PBSZ 0", "503"),
        ("PASS x", "530"),
        ("AUTH X", "50"),
    ):
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


def test_abor_ends_a_transfer_that_nobody_reads_with_426_and_226(ftp: ftplib.FTP, fake: Fake) -> None:
    fake.world.files["big"] = bytes(50_000_000)
    sock = ftp.transfercmd("RETR big")
    with sock:
        assert ftp.abort() == "426 Transfer aborted"  # sent as urgent data
        assert ftp.getresp() == "226 Nothing is under way"
    assert ftp.sendcmd("NOOP") == "200 OK"


def test_abor_behind_telnet_signals_keeps_what_has_come_of_an_upload(ftp: ftplib.FTP, fake: Fake) -> None:
    ftp.voidcmd("TYPE I")
    with ftp.transfercmd("STOR half") as sock:
        sock.sendall(b"half")
        end = time.monotonic() + 40
        while fake.log.client_bytes(protocol="ftp-data") != b"half":
            assert time.monotonic() < end
        ftp.sock.sendall(b"\xff\xf4\xff\xf2ABOR\r\n")
        with pytest.raises(ftplib.error_temp, match="426"):
            ftp.getresp()
        assert ftp.getresp().startswith("226")
    assert fake.world.files["half"] == b"half"


def test_commands_sent_during_a_transfer_are_answered_behind_it(ftp: ftplib.FTP) -> None:
    with ftp.transfercmd("RETR pub/hello.txt") as sock:
        ftp.sock.sendall(b"NOOP\r\nABOR\r\n")
        assert sock.recv(100) == b"Hello, world.\r\n"
    assert [ftp.getresp()[:3] for _ in range(3)] == ["226", "200", "226"]


def test_ascii_is_the_type_until_another_is_said(ftp: ftplib.FTP, fake: Fake) -> None:
    fake.world.files["text"] = b"one\ntwo\n"
    assert ftp.sendcmd("SIZE text") == "213 10"
    with ftp.transfercmd("RETR text", rest=5) as sock:
        assert sock.recv(100) == b"two\r\n"
    ftp.voidresp()
    ftp.storlines("STOR back", io.BytesIO(b"one\r\ntwo\r\n"))
    assert fake.world.files["back"] == b"one\ntwo\n"
    assert ftp.size("text") is not None
    ftp.voidcmd("TYPE I")
    assert ftp.size("text") == 8


def test_after_epsv_all_there_is_only_epsv(ftp: ftplib.FTP) -> None:
    assert ftp.sendcmd("EPSV ALL").startswith("200")
    for line in ("PASV", "PORT 127,0,0,1,200,1", "EPRT |1|127.0.0.1|51201|"):
        with pytest.raises(ftplib.error_perm, match="503"):
            ftp.sendcmd(line)
    assert ftp.sendcmd("EPSV 1").startswith("229")


@pytest.mark.parametrize(
    ("line", "code"),
    [
        ("EPSV 2", "522"),
        ("RETR", "501"),
        ("TYPE", "501"),
        ("EPRT |2|::1|51201|", "522"),
        ("EPRT |1|127.0.0.1|99999|", "501"),
        ("EPRT |1|localhost|51201|", "501"),
        ("EPRT !1!127.0.0.1!51201!", "200"),
        ("PORT 127,0,0,1,²,1", "501"),
        ("REST ²", "501"),
        ("REST " + "9" * 5000, "501"),
        ("MFMT 20261399000000 pub/hello.txt", "501"),
        ("MFMT 00000101000000 pub/hello.txt", "501"),
        ("RNFR /", "550"),
        ("MLSD pub/hello.txt", "501"),
        ("MLSD nix", "550"),
    ],
)
def test_what_makes_no_sense_gets_the_code_that_its_rfc_gives_it(ftp: ftplib.FTP, line: str, code: str) -> None:
    ftp.encoding = "utf-8"
    try:
        said = ftp.sendcmd(line)
    except ftplib.Error as error:
        said = str(error)
    assert said[:3] == code


def test_a_rename_follows_at_once_and_overwrites_no_folder(ftp: ftplib.FTP, fake: Fake) -> None:
    for source, between, target, code in (
        ("pub/hello.txt", "NOOP", "x", "503"),
        ("pub/hello.txt", "PWD", "pub/sub", "503"),
        ("pub/hello.txt", None, "pub/sub", "553"),
        ("pub/sub", None, "pub/hello.txt", "553"),
        ("pub", None, "pub/sub/pub", "553"),
    ):
        ftp.sendcmd(f"RNFR {source}")
        if between is not None:
            ftp.sendcmd(between)
        with pytest.raises(ftplib.error_perm, match=code):
            ftp.sendcmd(f"RNTO {target}")
    assert fake.world.files["pub/sub/deep.txt"] == b"Further down.\n"


def test_quotes_in_a_name_are_doubled_when_it_is_told(ftp: ftplib.FTP) -> None:
    assert ftp.mkd('a"b') == '/a"b'
    ftp.cwd('a"b')
    assert ftp.pwd() == '/a"b'


@pytest.mark.parametrize("command", ["LIST", "NLST", "MLSD"])
def test_names_that_are_no_utf_8_are_listed_as_the_octets_they_came_as(ftp: ftplib.FTP, command: str) -> None:
    ftp.encoding = "latin-1"
    ftp.mkd("odd")
    ftp.storbinary("STOR odd/\xff", io.BytesIO(b"x"))
    lines: list[str] = []
    ftp.retrlines(f"{command} odd", lines.append)
    assert lines[-1].endswith("\xff")


def test_prot_wants_pbsz_first(ftps_server: Fake, trusting: ssl.SSLContext) -> None:
    with ftplib.FTP_TLS(context=trusting, timeout=10) as ftp:
        ftp.connect(ftps_server.host, ftps_server.port)
        with pytest.raises(ftplib.error_perm, match="504"):
            ftp.sendcmd("AUTH KERBEROS_V4")
        ftp.login("alice", "secret")
        for line, code in (("PROT P", "503"), ("PBSZ x", "501"), ("AUTH TLS", "503")):
            with pytest.raises(ftplib.error_perm, match=code):
                ftp.sendcmd(line)
        assert ftp.prot_p().startswith("200")
        with pytest.raises(ftplib.error_perm, match="536"):
            ftp.sendcmd("PROT S")


@pytest.mark.usefixtures("ipv6")
def test_pasv_is_refused_where_it_could_not_say_the_address() -> None:
    with make_server("ftp", host="::1") as fake, ftplib.FTP(timeout=10) as ftp:
        ftp.connect(fake.host, fake.port)
        ftp.login("alice", "secret")
        with pytest.raises(ftplib.error_temp, match="425"):
            ftp.sendcmd("PASV")
        assert "pub" in ftp.nlst()
