"""The mail fakes used by programs that fetch, synchronize, read and send."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import SplitResult

import pytest

from nettools.testing import Sandbox, servers
from terminal import AtTerminal

RAW = b"From: bob@example.org\r\nTo: alice@example.org\r\nSubject: from the fakes\r\nMessage-ID: <%d@x>\r\n\r\n.dot\r\n"
Program = Callable[..., bytes]
Address = Callable[..., SplitResult]


@pytest.fixture
def running() -> Iterator[Sandbox]:
    """Servers of each test's own, with two messages."""
    pytest.importorskip("trustme", reason="TLS in the fakes needs trustme")
    with servers("smtp", "pop3", "imap", tls=True) as started:
        for number in (1, 2):
            started.world.inbox("alice").append(RAW % number)
        yield started


@pytest.mark.parametrize("protocol", ["pop3", "imap"])
def test_fetchmail_fetches_and_deletes(
    program: Program, running: Sandbox, address: Address, tmp_path: Path, protocol: str, way: str
) -> None:
    port = address(running.running[protocol], way).port
    tls = {"clear": "sslproto ''", "starttls": "sslproto 'TLS1.2+'", "tls": "ssl sslproto 'TLS1.2+'"}[way]
    trust = "" if way == "clear" else f"sslcertck sslcertfile '{running.ca}'"
    rc = tmp_path / "rc"
    rc.write_text(
        f"poll localhost protocol {protocol} port {port} auth password\n"
        f"user 'alice' password 'secret' {tls} {trust} mda 'cat >> {tmp_path}/got'\n"
    )
    rc.chmod(0o600)
    program("fetchmail", "-f", rc, "--pidfile", tmp_path / "pid", "--idfile", tmp_path / "ids", "--nosyslog")
    assert (tmp_path / "got").read_bytes().count(b"Subject: from the fakes") == 2
    assert len(running.world.inbox("alice")) == 0


@pytest.fixture
def mbsync(program: Program, running: Sandbox, address: Address, tmp_path: Path, way: str) -> Callable[[], list[Path]]:
    """Synchronizes, and gives the messages of the inbox that are here."""
    kind = {"clear": "None", "starttls": "STARTTLS", "tls": "IMAPS"}[way]
    trust = "" if way == "clear" else f"SystemCertificates no\nCertificateFile {running.ca}\n"
    near = tmp_path / "mail"
    near.mkdir()
    (tmp_path / "rc").write_text(
        f"IMAPAccount a\nHost localhost\nPort {address(running.imap, way).port}\nUser alice\nPass secret\n"
        f"SSLType {kind}\n{trust}\nIMAPStore far\nAccount a\n\n"
        f"MaildirStore near\nPath {near}/\nInbox {near}/INBOX\nSubFolders Verbatim\n\n"
        "Channel c\nFar :far:\nNear :near:\nPatterns *\nCreate Both\nExpunge Both\nSyncState *\n"
    )

    def run() -> list[Path]:
        program("mbsync", "-c", tmp_path / "rc", "-a")
        return sorted((near / "INBOX").glob("[cn]*/*"))

    return run


def test_mbsync_brings_every_message_once_and_takes_changes_back(
    mbsync: Callable[[], list[Path]], running: Sandbox, tmp_path: Path
) -> None:
    assert len(mbsync()) == 2
    here = mbsync()
    assert len(here) == 2
    here[0].unlink()
    (tmp_path / "mail" / "Sent" / "new" / "1.here").write_bytes((RAW % 3).replace(b"\r\n", b"\n"))
    for _ in range(2):
        assert len(mbsync()) == 1
        assert len(running.world.inbox("alice")) == 1
        (sent,) = running.world.folder("alice", "Sent")
        assert b"<3@x>" in sent.raw


@pytest.fixture
def muttrc(running: Sandbox, address: Address, way: str, tmp_path: Path) -> Path:
    """Settings that trust the fakes' authority; TLS is a must in the ways that have it."""
    smtp, imap = address(running.smtp, way), address(running.imap, way)
    path = tmp_path / "muttrc"
    path.write_text(
        f"set smtp_url='{smtp.scheme}://alice:secret@localhost:{smtp.port}/' smtp_authenticators='plain'\n"
        f"set folder='{imap.scheme}://alice@localhost:{imap.port}/' spoolfile='+INBOX' imap_pass=secret\n"
        f"set imap_authenticators='login' header_cache='' ssl_ca_certificates_file='{running.ca}'\n"
        f"set ssl_starttls={'yes' if way == 'starttls' else 'no'} ssl_force_tls={'no' if way == 'clear' else 'yes'}\n"
        "set from=bob@example.org copy=no confirmcreate=no confirmappend=no delete=yes quit=yes\n"
    )
    return path


def test_mutt_sends_an_attachment(program: Program, running: Sandbox, muttrc: Path, tmp_path: Path) -> None:
    (tmp_path / "note.txt").write_text("attached\n")
    what = ("-s", "by mutt", "-a", tmp_path / "note.txt", "--", "alice@x.org")
    program("mutt", "-n", "-F", muttrc, *what, stdin=b"Hi\n")
    sent = running.world.inbox("alice")[-1].raw
    assert b"Subject: by mutt" in sent
    assert b"note.txt" in sent


@pytest.mark.skipif(shutil.which("mutt") is None, reason="mutt is not installed: make clients")
def test_mutt_opens_a_folder_and_saves_a_message_elsewhere(running: Sandbox, muttrc: Path, tmp_path: Path) -> None:
    with muttrc.open("a") as more:
        more.write("push '<first-entry><save-message>=Archive<enter><enter><quit>'\n")
    env = {"TERM": "xterm", "HOME": str(tmp_path), "PATH": "/usr/bin:/bin"}
    with AtTerminal(["mutt", "-n", "-F", str(muttrc)], env=env) as at:
        assert at.end() == 0
    (saved,) = running.world.folder("alice", "Archive")
    assert b"<1@x>" in saved.raw
