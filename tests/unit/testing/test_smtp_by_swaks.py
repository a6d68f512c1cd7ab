"""The SMTP and LMTP fakes used by swaks and msmtp: every login that they know, pipelined, in clear and under TLS."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from nettools.testing.smtp import LMTPServer, SMTPServer
from nettools.testing.tls import ca_path

BODY = ".dot\n..two\nlast\n"


@pytest.fixture
def server() -> Iterator[SMTPServer]:
    with SMTPServer(tls=True) as running:
        yield running


def run(program: str, *options: object, text: str = "") -> str:
    path = shutil.which(program)
    if path is None:
        pytest.skip(f"{program} is not installed")
    command = [path, *map(str, options)]
    done = subprocess.run(command, input=text, capture_output=True, text=True, timeout=30, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def swaks(server: SMTPServer, *options: object, port: int | None = None) -> str:
    where = ("--server", "localhost", "--port", port or server.port, "--helo", "me.example")
    whom = ("--from", "bob@example.org", "--to", "alice@a.example,alice@b.example")
    return run("swaks", *where, *whom, "--body", BODY, *options)


@pytest.mark.parametrize("options", [(), ("--pipeline",)])
def test_swaks_sends_in_clear(server: SMTPServer, options: tuple[str, ...]) -> None:
    swaks(server, *options)
    (envelope,) = server.envelopes
    assert envelope.recipients == ("alice@a.example", "alice@b.example")
    assert b"\r\n.dot\r\n..two\r\nlast\r\n" in envelope.raw
    assert any("ahead" in record.note for record in server.log.records) == bool(options)


@pytest.mark.parametrize("mechanism", ["PLAIN", "LOGIN", "CRAM-MD5"])
def test_swaks_logs_in(server: SMTPServer, mechanism: str) -> None:
    swaks(server, "--auth", mechanism, "--auth-user", "alice", "--auth-password", "secret")
    assert server.envelopes[0].user == "alice"


@pytest.mark.parametrize("mode", ["--tls", "--tls-on-connect"])
def test_swaks_verifies_the_certificate(server: SMTPServer, mode: str) -> None:
    port = server.port if mode == "--tls" else server.tls_port
    verify = ("--tls-verify", "--tls-ca-path", ca_path())
    assert "TLS started with cipher" in swaks(server, mode, *verify, port=port)
    assert len(server.envelopes) == 1
    assert any(record.tls for record in server.log.records)


def test_swaks_speaks_lmtp_and_reads_an_answer_for_each_recipient() -> None:
    with LMTPServer() as server:
        said = swaks(server, "--protocol", "LMTP")
        assert said.count("delivered") == 2
        assert len(server.world.inbox("alice").messages) == 1


@pytest.mark.parametrize("kind", ["starttls", "implicit", "lmtp"])
def test_msmtp_sends_under_tls_and_by_lmtp(server: SMTPServer, kind: str, tmp_path: Path) -> None:
    if kind == "lmtp":
        with LMTPServer() as lmtp:
            options = (
                "-C",
                "/dev/null",
                "--host=localhost",
                "--protocol=lmtp",
                f"--port={lmtp.port}",
                "--from=b@x.org",
            )
            run("msmtp", *options, "alice@x.org", text="Subject: s\n\nx\n")
            assert len(lmtp.envelopes) == 1
        return
    port = server.tls_port if kind == "implicit" else server.port
    starttls = "off" if kind == "implicit" else "on"
    tls = (f"--tls-trust-file={ca_path()}", "--tls=on", f"--tls-starttls={starttls}")
    login = ("--user=alice", "--passwordeval=echo secret", "--auth=scram-sha-256")
    run("msmtp", "-C", "/dev/null", "--host=localhost", f"--port={port}", *tls, *login, "--from=b@x.org", "alice@x.org",
        text="Subject: s\n\n.x\n")  # fmt: skip
    assert server.envelopes[0].user == "alice"
    assert server.envelopes[0].raw.endswith(b"\r\n.x\r\n")
