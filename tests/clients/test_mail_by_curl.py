"""The mail fakes asked by curl."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from nettools.testing import Sandbox, servers
from nettools.testing.sasl import MECHANISMS

Curl = Callable[..., bytes]

RAW = b"From: bob@example.org\r\nTo: alice@example.org\r\nSubject: by curl\r\n\r\n.dot\r\nbody\r\n"
LOGIN = ("-u", "alice:secret")


@pytest.fixture(autouse=True)
def _one_message(running: Sandbox) -> None:
    inbox = running.world.inbox("alice")
    inbox.remove([message.uid for message in inbox])
    inbox.append(RAW)


def test_smtp_delivers(curl: Curl, running: Sandbox, way: str, tmp_path: Path) -> None:
    message = tmp_path / "message.eml"
    message.write_bytes(RAW)
    envelope = ("--mail-from", "bob@example.org", "--mail-rcpt", "alice@example.org", "-T", str(message))
    curl(running.smtp, way, "/me.example", *envelope, *LOGIN)
    assert running.world.inbox("alice")[-1].raw == RAW
    assert running.smtp.envelopes[-1].sender == "bob@example.org"
    assert running.smtp.envelopes[-1].user == "alice"


def test_pop3_lists_and_reads(curl: Curl, running: Sandbox, way: str) -> None:
    assert curl(running.pop3, way, "/", *LOGIN) == f"1 {len(RAW)}\r\n".encode()
    assert curl(running.pop3, way, "/1", *LOGIN) == RAW
    assert curl(running.pop3, way, "/", "-X", "UIDL", *LOGIN).startswith(b"1 1.")


def test_imap_lists_and_reads(curl: Curl, running: Sandbox, way: str) -> None:
    uid = running.world.inbox("alice")[0].uid
    assert b'* LIST (\\HasNoChildren) "/" INBOX' in curl(running.imap, way, "/", *LOGIN)
    assert curl(running.imap, way, f"/INBOX;UID={uid}", *LOGIN) == RAW
    assert curl(running.imap, way, f"/INBOX;UID={uid};SECTION=TEXT", *LOGIN) == b".dot\r\nbody\r\n"
    assert curl(running.imap, way, "/INBOX?SUBJECT%20curl", *LOGIN) == b"* SEARCH 1\r\n"


def test_imap_appends(curl: Curl, running: Sandbox, way: str, tmp_path: Path) -> None:
    message = tmp_path / "message.eml"
    message.write_bytes(RAW)
    curl(running.imap, way, "/Sent", "-T", str(message), *LOGIN)
    assert running.world.folder("alice", "Sent")[-1].raw == RAW


@pytest.mark.parametrize("protocol", ["smtp", "pop3", "imap"])
@pytest.mark.parametrize("mechanism", ["PLAIN", "LOGIN", "CRAM-MD5", "XOAUTH2", "OAUTHBEARER"])
def test_every_login_of_curl_works(curl: Curl, protocol: str, mechanism: str, tmp_path: Path) -> None:
    others = {name for name in MECHANISMS if name != mechanism} | ({"APOP"} if protocol == "pop3" else set())
    with servers(protocol, **{protocol: {"without": others}}) as only:
        options = ["-u", "alice:secret"]
        if "AUTH" in mechanism:
            options = ["-u", "alice", "--oauth2-bearer", only.world.tokens["alice"]]
        if protocol == "smtp":
            (tmp_path / "m").write_bytes(RAW)
            options += ["--mail-from", "a@b.example", "--mail-rcpt", "alice@x", "-T", str(tmp_path / "m")]
        curl(only.running[protocol], "clear", "/", *options)
        assert any(f" {mechanism}" in line for line in only.running[protocol].log.commands())
