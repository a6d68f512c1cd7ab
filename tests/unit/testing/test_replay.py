"""Transcripts as servers: what was recorded is said again, and what the client says is compared."""

from __future__ import annotations

import base64
import contextlib
import ftplib
import imaplib
import io
import poplib
import smtplib
import socket
import ssl
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import nettools
from nettools.testing import World, make_server, replay
from nettools.testing.log import Record, read_records
from nettools.testing.replaying import ReplayMismatchError
from nettools.testing.server import Server

RAW = b"Subject: one\r\n\r\nbody\r\n"
Talk = Callable[[Server, ssl.SSLContext], object]


@pytest.fixture
def context(tls_ca: Path) -> ssl.SSLContext:
    return ssl.create_default_context(cafile=str(tls_ca))


def send(server: Server, context: ssl.SSLContext, body: bytes = RAW) -> None:
    with smtplib.SMTP("localhost", server.port, local_hostname="me", timeout=5) as client:
        client.starttls(context=context)
        client.login("alice", "secret")
        client.sendmail("bob@b.example", ["alice@x"], body)


def read(server: Server, context: ssl.SSLContext) -> Any:
    with imaplib.IMAP4_SSL("localhost", server.tls_port or 0, ssl_context=context, timeout=5) as client:
        client.login("alice", "secret")
        client.select(readonly=True)
        return client.fetch("1", "(BODY.PEEK[])")[1]


def files(server: Server, context: ssl.SSLContext, active: bool = False) -> tuple[bytes, list[str]]:
    got = bytearray()
    with ftplib.FTP_TLS(context=context, timeout=5) as client:
        client.connect("localhost", server.port)
        client.login("alice", "secret")
        client.prot_p()
        client.set_pasv(not active)
        client.storbinary("STOR new", io.BytesIO(b"up" * 1000))
        client.retrbinary("RETR new", got.extend)
        client.cwd("/pub/sub")
        return bytes(got), client.nlst()


TALKS: dict[str, tuple[str, Talk]] = {
    "smtp": ("smtp", send),
    "imap": ("imap", read),
    "ftp-passive": ("ftp", files),
    "ftp-active": ("ftp", lambda server, context: files(server, context, active=True)),
}


@pytest.mark.parametrize(("protocol", "talk"), TALKS.values(), ids=TALKS)
def test_a_conversation_is_had_again(tmp_path: Path, context: ssl.SSLContext, protocol: str, talk: Talk) -> None:
    world = World()
    world.inbox("alice").append(RAW)
    with make_server(protocol, world, tls=True) as server:
        first = talk(server, context)
        server.log.save(tmp_path / "t.jsonl")
    assert "secret" not in (tmp_path / "t.jsonl").read_text().replace('"secret"', "")
    with replay(tmp_path / "t.jsonl") as again:
        assert talk(again, context) == first


def test_what_differs_is_told(tmp_path: Path, context: ssl.SSLContext) -> None:
    with make_server("smtp", tls=True) as server:
        send(server, context)
        server.log.save(tmp_path / "t.jsonl")
    with (
        pytest.raises(ReplayMismatchError, match=r"said b'BODY\\r\\n' where the transcript has b'body\\r\\n'"),
        replay(tmp_path / "t.jsonl") as again,
        pytest.raises(smtplib.SMTPException),
    ):
        send(again, context, RAW.replace(b"body", b"BODY"))


def test_what_differs_is_noted_on_what_the_client_made_of_it(tmp_path: Path, context: ssl.SSLContext) -> None:
    with make_server("smtp", tls=True) as server:
        send(server, context)
        server.log.save(tmp_path / "t.jsonl")
    with pytest.raises(smtplib.SMTPException) as caught, replay(tmp_path / "t.jsonl") as again:
        send(again, context, RAW.replace(b"body", b"BODY"))
    assert "where the transcript has" in caught.value.__notes__[0]


def test_a_conversation_that_did_not_take_place_is_told() -> None:
    records = [Record(0, "tcp", 1, "S", False, b"hello\r\n")]
    with pytest.raises(ReplayMismatchError, match="0 of 1"), replay(records):
        pass


def talk_tcp(server: Server, data: bytes) -> bytes:
    with socket.create_connection((server.host, server.port), timeout=5) as client:
        with contextlib.suppress(OSError), client.makefile("rb") as file:
            client.sendall(data)
            client.shutdown(socket.SHUT_WR)
            return file.read()
        return b""


TCP = [Record(0, "tcp", 1, "C", False, b"a***c"), Record(0, "tcp", 1, "S", False, b"bye")]
WRONG = {
    b"a\r\nc": "said",
    b"": "said b''",
    b"abcd": "said",
}


@pytest.mark.parametrize(("said", "problem"), WRONG.items())
def test_the_first_octet_that_differs_ends_it(said: bytes, problem: str) -> None:
    with pytest.raises(ReplayMismatchError, match=problem), replay(TCP) as server:
        assert talk_tcp(server, said) == b""


def test_a_mask_stands_for_anything_on_its_line() -> None:
    with replay(TCP) as server:
        assert talk_tcp(server, b"a secret c") == b"bye"


@pytest.mark.parametrize("said", [b"12", b"1234", b"123\r\n"])
def test_less_and_more_than_was_said_differ(said: bytes) -> None:
    records = [Record(0, "tcp", 1, "C", False, b"123"), Record(0, "tcp", 1, "S", False, b"bye")]
    with pytest.raises(ReplayMismatchError), replay(records) as server:
        talk_tcp(server, said)


def test_one_connection_more_is_told_and_repeat_begins_again() -> None:
    with pytest.raises(ReplayMismatchError, match="one connection more"), replay(TCP) as server:
        assert [talk_tcp(server, b"a1c"), talk_tcp(server, b"a1c")] == [b"bye", b""]
    with replay(TCP, repeat=True) as server:
        assert [talk_tcp(server, b"a1c") for _ in range(3)] == [b"bye"] * 3
        assert talk_tcp(server, b"nonsense") == b""


def test_datagrams_and_unix_sockets_are_replayed() -> None:
    records = [Record(0, "udp", 1, "C", False, b"ping"), Record(0, "udp", 1, "S", False, b"pong")]

    def ask(data: bytes, timeout: float = 5) -> bytes:
        with replay(records) as server, socket.socket(type=socket.SOCK_DGRAM) as client:
            client.settimeout(timeout)
            client.sendto(data, (server.host, server.port))
            with contextlib.suppress(TimeoutError):
                return client.recv(100)
            return b""

    assert ask(b"ping") == b"pong"
    with pytest.raises(ReplayMismatchError, match="b'other'"):
        ask(b"other", timeout=0.2)
    unix: Any = replay([Record(0, "unix", 1, "S", False, b"hi")])
    with unix, socket.socket(socket.AF_UNIX) as client:
        client.connect(str(unix.path))
        assert client.recv(100) == b"hi"


RECORD = '{"t": 0, "protocol": "%s", "connection": 1, "direction": "%s", "tls": false, "bytes": ""}\n'
NONE = {
    "": "nothing",
    "{}": "line 1: this is no record",
    "nonsense": "line 1: this is no record",
    RECORD % ("x", "?"): "C, S or -",
    RECORD % ("x", "S") + RECORD % ("y", "S"): "this one has x, y",
}


@pytest.mark.parametrize(("text", "problem"), NONE.items())
def test_what_is_no_transcript_is_refused(tmp_path: Path, text: str, problem: str) -> None:
    path = tmp_path / "t.jsonl"
    path.write_text(text)
    with pytest.raises(ValueError, match=problem):
        replay(path)


def test_a_transcript_is_saved_as_it_was_only_when_asked(tmp_path: Path, context: ssl.SSLContext) -> None:
    with make_server("smtp", tls=True) as server:
        send(server, context)
        server.log.save(tmp_path / "t.jsonl", secrets=True)
    assert b"".join(record.bytes for record in read_records(tmp_path / "t.jsonl")) == b"".join(
        record.bytes for record in server.log.records
    )


@pytest.mark.parametrize("protocol", ["imap", "pop3", "smtp"])
@pytest.mark.parametrize("mechanism", ["scram-sha-256", "cram-md5"])
def test_a_login_with_a_challenge_is_carried_out_anew_and_its_proof_is_verified(
    protocol: str, mechanism: str, tmp_path: Path
) -> None:
    def log_in(server: Server, password: str = "secret") -> None:
        with nettools.connect(server.url, auth=nettools.Auth("alice", password, mechanism=mechanism)) as session:
            session.ping()

    with make_server(protocol) as server:
        log_in(server)
        server.log.save(tmp_path / "login.jsonl")
    with replay(tmp_path / "login.jsonl", users={"alice": "secret"}) as server:
        log_in(server)
    other = replay(tmp_path / "login.jsonl", users={"alice": "secret"}).start()
    with contextlib.suppress(nettools.NettoolsError):
        log_in(other, "wrong")
    with pytest.raises(ReplayMismatchError, match="does not prove"):
        other.stop()


def ask(server: Server, *lines: str) -> None:
    with contextlib.closing(poplib.POP3("localhost", server.port, timeout=5)) as client:
        for line in lines:
            client._putcmd(line)
            client.file.readline()


def test_a_response_that_is_no_base64_is_a_mismatch(tmp_path: Path) -> None:
    with make_server("pop3") as server:
        ask(server, "AUTH CRAM-MD5", base64.b64encode(b"alice 00").decode())
        server.log.save(tmp_path / "login.jsonl", secrets=True)
    again = replay(tmp_path / "login.jsonl", users={"alice": "secret"}).start()
    ask(again, "AUTH CRAM-MD5", "%%%")
    with pytest.raises(ReplayMismatchError, match="does not prove"):
        again.stop()


def test_a_transfer_without_a_data_connection_is_a_mismatch() -> None:
    talk = [
        Record(0, "ftp", 1, "S", False, b"220 hi\r\n"),
        Record(0, "ftp", 1, "C", False, b"RETR x\r\n"),
        Record(0, "ftp", 1, "S", False, b"150 here it comes\r\n226 done\r\n"),
        Record(0, "ftp-data", 1, "S", False, b"octets"),
    ]
    with pytest.raises(ReplayMismatchError, match=r"no data connection .*: 425"), replay(talk) as server:
        talk_tcp(server, b"RETR x\r\n")
