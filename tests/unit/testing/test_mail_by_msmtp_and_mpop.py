"""The SMTP and POP3 fakes asked by msmtp and mpop, whose SCRAM nobody here wrote either."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from nettools.testing import servers

RAW = "Subject: from outside\n\n.dot\n"
MECHANISMS = ("plain", "cram-md5", "scram-sha-1", "scram-sha-256")


def run(program: str, *options: str, text: str = "") -> None:
    path = shutil.which(program)
    if path is None:
        pytest.skip(f"{program} is not installed")
    login = ("-C", "/dev/null", "--host=localhost", "--user=alice", "--passwordeval=echo secret")
    done = subprocess.run([path, *login, *options], input=text, capture_output=True, text=True, timeout=30, check=False)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("mechanism", MECHANISMS)
def test_msmtp_logs_in_and_sends(mechanism: str) -> None:
    with servers("smtp") as s:
        options = (f"--port={s.smtp.port}", f"--auth={mechanism}", "--tls=off", "--from=bob@example.org")
        run("msmtp", *options, "alice@example.org", text=RAW)
        assert s.world.inbox("alice")[0].raw.endswith(b"Subject: from outside\r\n\r\n.dot\r\n")
        assert s.smtp.envelopes[0].user == "alice"


@pytest.mark.parametrize("mechanism", ["user", "apop", *MECHANISMS])
def test_mpop_logs_in_reads_and_deletes(mechanism: str, tmp_path: Path) -> None:
    with servers("pop3") as s:
        s.world.deliver("alice", RAW.encode())
        options = (f"--port={s.pop3.port}", f"--auth={mechanism}", "--tls=off", "--keep=off", "--received-header=off")
        run("mpop", *options, f"--uidls-file={tmp_path}/uidls", f"--delivery=mbox,{tmp_path}/mbox")
        assert (tmp_path / "mbox").read_text().endswith("Subject: from outside\n\n.dot\n\n")
        assert len(s.world.inbox("alice")) == 0
