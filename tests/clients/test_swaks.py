"""The SMTP and LMTP fakes used by swaks: every login that it knows, pipelined, and under TLS."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from nettools.testing.smtp import LMTPServer, SMTPServer

BODY = ".dot\n..two\nlast\n"
Swaks = Callable[..., bytes]


@pytest.fixture
def server() -> Iterator[SMTPServer]:
    pytest.importorskip("trustme", reason="TLS in the fakes needs trustme")
    with SMTPServer(tls=True) as running:
        yield running


@pytest.fixture
def swaks(program: Callable[..., bytes]) -> Swaks:
    def run(port: int, *options: object) -> bytes:
        where = ("--server", "localhost", "--port", port, "--helo", "me.example")
        whom = ("--from", "bob@example.org", "--to", "alice@a.example,alice@b.example")
        return program("swaks", *where, *whom, "--body", BODY, *options)

    return run


@pytest.mark.parametrize("options", [(), ("--pipeline",)])
def test_swaks_sends_in_clear(swaks: Swaks, server: SMTPServer, options: tuple[str, ...]) -> None:
    swaks(server.port, *options)
    (envelope,) = server.envelopes
    assert envelope.recipients == ("alice@a.example", "alice@b.example")
    assert b"\r\n.dot\r\n..two\r\nlast\r\n" in envelope.raw
    assert any("ahead" in record.note for record in server.log.records) == bool(options)


@pytest.mark.parametrize("mechanism", ["PLAIN", "LOGIN", "CRAM-MD5"])
def test_swaks_logs_in(swaks: Swaks, server: SMTPServer, mechanism: str) -> None:
    swaks(server.port, "--auth", mechanism, "--auth-user", "alice", "--auth-password", "secret")
    assert server.envelopes[0].user == "alice"


@pytest.mark.parametrize("mode", ["--tls", "--tls-on-connect"])
def test_swaks_verifies_the_certificate(swaks: Swaks, server: SMTPServer, mode: str) -> None:
    port = server.port if mode == "--tls" else server.tls_port
    assert b"TLS started with cipher" in swaks(port, mode, "--tls-verify", "--tls-ca-path", server.ca)
    assert len(server.envelopes) == 1
    assert any(record.tls for record in server.log.records)


def test_swaks_speaks_lmtp_and_reads_an_answer_for_each_recipient(swaks: Swaks) -> None:
    with LMTPServer() as server:
        assert swaks(server.port, "--protocol", "LMTP").count(b"delivered") == 2
        assert len(server.world.inbox("alice").messages) == 1
