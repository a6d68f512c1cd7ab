"""A Query in place of UIDs: what it finds is fetched, flagged, moved, copied, deleted, kept; nothing is no error."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

import nettools
from nettools import Query, UnsupportedError, UsageError
from nettools.testing import Sandbox, servers

ALICE = ("alice", "secret")
SUBJECTS = ("red one", "blue one", "red two", "blue two")


@pytest.fixture
def box() -> Iterator[Sandbox]:
    with servers("imap", "pop3") as running:
        for subject in SUBJECTS:
            running.world.deliver(
                "alice@x.example", f"From: a@b.example\r\nSubject: {subject}\r\n\r\nText\r\n".encode()
            )
        yield running


def subjects(running: Sandbox, folder: str = "INBOX") -> list[str]:
    return [message.subject for message in running.world.folder("alice", folder)]


@pytest.mark.parametrize("protocol", ["imap", "pop3"])
def test_what_a_query_finds_is_fetched_in_one_conversation(box: Sandbox, protocol: str) -> None:
    server = getattr(box, protocol)
    found = nettools.fetch_mails(server.url, Query(subject="red"), auth=ALICE)
    assert [mail.info.subject for mail in found] == ["red one", "red two"]
    assert server.log.connections == 1
    assert [*nettools.fetch_mails(server.url, Query(subject="green"), auth=ALICE)] == []


@pytest.mark.parametrize("protocol", ["imap", "pop3"])
def test_what_a_query_finds_is_deleted_and_nothing_else(box: Sandbox, protocol: str) -> None:
    url = getattr(box, protocol).url
    nettools.delete_mail(url, Query(subject="green"), auth=ALICE)
    assert subjects(box) == list(SUBJECTS)
    nettools.delete_mail(url, Query(subject="blue"), auth=ALICE)
    assert subjects(box) == ["red one", "red two"]


def test_what_a_query_finds_is_moved_copied_and_flagged(box: Sandbox) -> None:
    url = box.imap.url
    assert nettools.copy_mail(url, Query(subject="one"), "Archive", auth=ALICE) == ("1", "2")
    assert nettools.move_mail(url, Query(subject="blue"), "Trash", auth=ALICE) == ("1", "2")
    nettools.flag_mail(url, ~Query(subject="two"), add="\\Flagged", auth=ALICE)
    assert (subjects(box, "Archive"), subjects(box, "Trash")) == (["red one", "blue one"], ["blue one", "blue two"])
    assert nettools.search_mail(url, Query(flagged=True), auth=ALICE) == ("1",)
    assert nettools.move_mail(url, Query(subject="blue"), "Trash", auth=ALICE) == ()


def test_a_query_for_nothing_sends_no_expunge_where_uidplus_is_missing() -> None:
    with servers("imap", imap={"without": {"UIDPLUS"}}) as running:
        running.world.folder("alice").append(b"Subject: x\r\n\r\n", flags=["\\Deleted"])
        nettools.delete_mail(running.imap.url, Query(subject="green"), auth=ALICE)
        assert len(running.world.folder("alice")) == 1


def test_a_session_finds_what_came_since_it_opened_the_folder(box: Sandbox) -> None:
    with nettools.connect(box.imap.url, auth=ALICE) as session:
        mail: Any = session
        assert len(mail.list()) == 4
        box.world.deliver("alice@x.example", b"Subject: red three\r\n\r\nText\r\n")
        mail.delete(Query(subject="red"))
    assert subjects(box) == ["blue one", "blue two"]


def test_pop3_takes_queries_of_headers_alone(box: Sandbox) -> None:
    with pytest.raises(UnsupportedError, match="seen="):
        nettools.delete_mail(box.pop3.url, Query(unseen=True), auth=ALICE)
    assert len(subjects(box)) == 4


def test_a_query_names_no_single_message(box: Sandbox) -> None:
    for protocol in ("imap", "pop3"):
        wanted: Any = Query(subject="red one")
        with pytest.raises(UsageError, match="message, by uid or number="):
            nettools.fetch_mail(getattr(box, protocol).url, wanted, auth=ALICE)
