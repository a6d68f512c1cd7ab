"""IMAP over a dovecot that goes away: a watch goes on, a backup that was cut off is resumed."""

from __future__ import annotations

import contextlib
import mailbox
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

import nettools
from daemons.base import NotHere, Service, running
from nettools.errors import ConnectError, DisconnectedError
from nettools.mailstore import open_store

pytestmark = pytest.mark.daemon
COUNT = 60


@pytest.fixture(scope="module")
def dovecot() -> Iterator[Service]:
    """One of this file's own, which may be restarted."""
    try:
        with running("dovecot") as services:
            yield services["imap"]
    except NotHere as reason:
        pytest.skip(str(reason))


@pytest.fixture
def user(dovecot: Service) -> str:
    name: str = dovecot.facts["new_user"]()
    return name


def options(dovecot: Service, user: str) -> dict[str, Any]:
    return {"auth": (user, dovecot.password), "tls": "off", "timeout": 40}


def raw(n: int, size: int = 0) -> bytes:
    body = (b"%064d\r\n" % n) * (size // 66 + 1)
    return b"Subject: message %d\r\nMessage-ID: <%d@x>\r\n\r\nFrom here on\r\n%b" % (n, n, body)


@pytest.mark.parametrize("end", ["restart", "hang_up"])
def test_a_watch_goes_on_behind_what_it_told_of_last(dovecot: Service, user: str, end: str) -> None:
    deliver = dovecot.facts["deliver"]

    def interrupted(first: int) -> None:
        dovecot.facts[end]()
        for n in (first, first + 1):
            deliver(user, raw(n))

    deliver(user, raw(0))

    def still_here(event: nettools.Event) -> None:
        if event.kind == "receive" and b"Still here" in event.bytes and not arrived:
            arrived.append(deliver(user, raw(1)))

    arrived: list[object] = []
    arriving = nettools.watch_mail(dovecot.url(), on_event=still_here, **options(dovecot, user))
    assert next(arriving).subject == "message 1"
    for first in (2, 4):
        interrupted(first)
        found = [next(arriving), next(arriving)]
        assert [each.subject for each in found] == [f"message {first}", f"message {first + 1}"]
    assert any("went on over another" in warning for warning in found[-1].meta.warnings)


def kept(kind: str, path: Path) -> list[bytes]:
    """The subjects of what a backup holds, by others' readers."""
    if kind == "eml":
        return sorted(each.read_bytes().split(b"\r\n")[0] for each in path.glob("*.eml"))
    box: Any = mailbox.Maildir(path, create=False) if kind == "maildir" else mailbox.mbox(path, create=False)
    with contextlib.closing(box):
        return sorted(b"Subject: " + str(each["subject"]).encode() for each in box)


EXPECTED = sorted(b"Subject: message %d" % n for n in range(COUNT))


@pytest.mark.parametrize("kind", ["eml", "maildir", "mbox"])
def test_a_backup_that_was_killed_is_resumed_without_loss_or_duplicate(
    dovecot: Service, user: str, tmp_path: Path, kind: str
) -> None:
    for n in range(COUNT):
        dovecot.facts["deliver"](user, raw(n, 20_000))
    place = tmp_path / "backup"
    command = [sys.executable, "-m", "nettools.cli.main", "imap", "save", "--all", "--format", kind, "-o", str(place)]
    command += ["-u", user, "--tls", "off", dovecot.url() + "/INBOX"]
    environment = {**os.environ, "NETTOOLS_PASSWORD": dovecot.password, "PYTHONUNBUFFERED": "1"}
    for lines in (7, 13):  # killed twice, in the middle
        slow = [*command, "--limit-rate", "1M"]
        with subprocess.Popen(slow, env=environment, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as process:
            assert process.stdout is not None
            for _ in range(lines):
                assert process.stdout.readline()
            process.send_signal(signal.SIGKILL)
        assert process.returncode == -signal.SIGKILL
    for _ in range(2):
        done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
        assert kept(kind, place) == EXPECTED
    assert done.stdout == ""  # everything was there


@pytest.mark.parametrize("kind", ["eml", "maildir", "mbox"])
def test_a_backup_is_resumed_after_the_server_was(
    dovecot: Service, user: str, tmp_path: Path, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("nettools.protocols.imap.fetching.BATCH_MESSAGES", 10)
    monkeypatch.setattr("nettools.protocols.imap.fetching.FEW", 0)
    for n in range(COUNT):
        dovecot.facts["deliver"](user, raw(n, 20_000))
    place = tmp_path / "backup"

    def save(after: int, then: Callable[[], None]) -> None:
        store = open_store(kind, place, user)
        with nettools.connect(dovecot.url(), **options(dovecot, user)) as session:
            mail: Any = session
            for done, _ in enumerate(mail.save(store, folder="INBOX")):
                if done == after:
                    then()

    with pytest.raises((DisconnectedError, ConnectError)):
        save(35, dovecot.facts["restart"])
    assert 35 < len(kept(kind, place)) < COUNT
    save(-1, lambda: None)
    assert kept(kind, place) == EXPECTED
