"""The SMTP, LMTP and POP3 fakes asked by msmtp and mpop, whose SCRAM nobody here wrote either."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from urllib.parse import SplitResult

import pytest

from nettools.testing import Sandbox, servers
from nettools.testing.server import Server
from nettools.testing.smtp import LMTPServer

RAW = b"Subject: from outside\n\n.dot\n"
SENT = b"Subject: from outside\r\n\r\n.dot\r\n"
MECHANISMS = ("plain", "cram-md5", "scram-sha-1", "scram-sha-256")
CONFIG = ("-C", "/dev/null", "--host=localhost")
LOGIN = ("--user=alice", "--passwordeval=echo secret")
DELETING = ("--keep=off", "--received-header=off", "--uidls-file=uidls", "--delivery=mbox,mbox")
Program = Callable[..., bytes]
Tls = Callable[[Server], tuple[str, ...]]


@pytest.fixture
def tls(address: Callable[..., SplitResult], way: str) -> Tls:
    """The options for a server's port and its protection."""

    def options(server: Server) -> tuple[str, ...]:
        port = f"--port={address(server, way).port}"
        if way == "clear":
            return (port, "--tls=off")
        starttls = "on" if way == "starttls" else "off"
        return (port, "--tls=on", f"--tls-starttls={starttls}", f"--tls-trust-file={server.ca}")

    return options


@pytest.mark.parametrize("mechanism", MECHANISMS)
def test_msmtp_logs_in_and_sends(program: Program, running: Sandbox, tls: Tls, mechanism: str) -> None:
    options = (*tls(running.smtp), f"--auth={mechanism}", "--from=bob@example.org")
    program("msmtp", *CONFIG, *LOGIN, *options, "alice@example.org", stdin=RAW)
    assert running.world.inbox("alice")[-1].raw.endswith(SENT)
    assert running.smtp.envelopes[-1].user == "alice"


def test_msmtp_sends_by_lmtp(program: Program) -> None:
    with LMTPServer() as server:
        options = ("--protocol=lmtp", f"--port={server.port}", "--from=bob@example.org")
        program("msmtp", *CONFIG, *options, "alice@example.org", stdin=RAW)
        assert server.envelopes[0].raw.endswith(SENT)


@pytest.mark.parametrize("mechanism", ["user", "apop", *MECHANISMS])
def test_mpop_logs_in_reads_and_deletes(program: Program, mechanism: str, tls: Tls, tmp_path: Path) -> None:
    pytest.importorskip("trustme", reason="TLS in the fakes needs trustme")
    with servers("pop3", tls=True) as s:
        s.world.deliver("alice", RAW)
        program("mpop", *CONFIG, *LOGIN, *tls(s.pop3), f"--auth={mechanism}", *DELETING)
        assert (tmp_path / "mbox").read_text().endswith("Subject: from outside\n\n.dot\n\n")
        assert len(s.world.inbox("alice")) == 0
