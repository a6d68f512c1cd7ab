"""The mail fakes asked by curl, a client that nobody here wrote: in clear, by STARTTLS, by TLS from the first octet."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from nettools.testing import Sandbox, servers
from nettools.testing.sasl import MECHANISMS

CURL = shutil.which("curl")
pytestmark = pytest.mark.skipif(CURL is None, reason="curl is not installed")

RAW = b"From: bob@example.org\r\nTo: alice@example.org\r\nSubject: by curl\r\n\r\n.dot\r\nbody\r\n"
WAYS = ("clear", "starttls", "tls")


@pytest.fixture(scope="module")
def running() -> Iterator[Sandbox]:
    pytest.importorskip("trustme", reason="TLS in the fakes needs trustme")
    with servers("smtp", "pop3", "imap", tls=True) as started:
        yield started


@pytest.fixture(autouse=True)
def _one_message(running: Sandbox) -> None:
    inbox = running.world.inbox("alice")
    inbox.remove([message.uid for message in inbox])
    inbox.append(RAW)


def curl(running: Sandbox, protocol: str, way: str, path: str, *options: str, user: str = "alice:secret") -> bytes:
    server = running.running[protocol]
    url = f"{protocol}s://localhost:{server.tls_port}" if way == "tls" else f"{protocol}://localhost:{server.port}"
    required = ("--ssl-reqd",) if way == "starttls" else ()
    trust = ("--cacert", str(running.ca)) if running.ca else ()
    assert CURL is not None
    login = ("-u", user) if user else ()
    command = [CURL, "-q", "-sS", "-m", "20", *trust, *required, *login, *options, url + path]
    done = subprocess.run(command, capture_output=True, check=False)
    assert done.returncode == 0, (done.returncode, done.stderr)
    return done.stdout


@pytest.mark.parametrize("way", WAYS)
def test_smtp_delivers(running: Sandbox, way: str, tmp_path: Path) -> None:
    message = tmp_path / "message.eml"
    message.write_bytes(RAW)
    envelope = ("--mail-from", "bob@example.org", "--mail-rcpt", "alice@example.org", "-T", str(message))
    curl(running, "smtp", way, "/me.example", *envelope)
    assert running.world.inbox("alice")[-1].raw == RAW
    assert running.smtp.envelopes[-1].sender == "bob@example.org"
    assert running.smtp.envelopes[-1].user == "alice"


@pytest.mark.parametrize("way", WAYS)
def test_pop3_lists_and_reads(running: Sandbox, way: str) -> None:
    assert curl(running, "pop3", way, "/") == f"1 {len(RAW)}\r\n".encode()
    assert curl(running, "pop3", way, "/1") == RAW
    assert curl(running, "pop3", way, "/", "-X", "UIDL").startswith(b"1 1.")


@pytest.mark.parametrize("way", WAYS)
def test_imap_lists_and_reads(running: Sandbox, way: str) -> None:
    uid = running.world.inbox("alice")[0].uid
    assert b'* LIST (\\HasNoChildren) "/" INBOX' in curl(running, "imap", way, "/")
    assert curl(running, "imap", way, f"/INBOX;UID={uid}") == RAW
    assert curl(running, "imap", way, f"/INBOX;UID={uid};SECTION=TEXT") == b".dot\r\nbody\r\n"
    assert curl(running, "imap", way, "/INBOX?SUBJECT%20curl") == b"* SEARCH 1\r\n"


@pytest.mark.parametrize("way", WAYS)
def test_imap_appends(running: Sandbox, way: str, tmp_path: Path) -> None:
    message = tmp_path / "message.eml"
    message.write_bytes(RAW)
    curl(running, "imap", way, "/Sent", "-T", str(message))
    assert running.world.folder("alice", "Sent")[-1].raw == RAW


@pytest.mark.parametrize("protocol", ["smtp", "pop3", "imap"])
@pytest.mark.parametrize("mechanism", ["PLAIN", "LOGIN", "CRAM-MD5", "XOAUTH2", "OAUTHBEARER"])
def test_every_login_of_curl_works(protocol: str, mechanism: str, tmp_path: Path) -> None:
    others = {name for name in MECHANISMS if name != mechanism} | {"APOP"}
    with servers(protocol, **{protocol: {"without": others}}) as only:
        options = []
        if "AUTH" in mechanism:
            options += ["--oauth2-bearer", only.world.tokens["alice"]]
        if protocol == "smtp":
            (tmp_path / "m").write_bytes(RAW)
            options += ["--mail-from", "a@b.example", "--mail-rcpt", "alice@x", "-T", str(tmp_path / "m")]
        curl(only, protocol, "clear", "/", *options, user="alice" if "AUTH" in mechanism else "alice:secret")
        assert any(f" {mechanism}" in line for line in only.running[protocol].log.commands())
