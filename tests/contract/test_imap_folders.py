"""Folders renamed and removed, and conversations, over the fake and over dovecot."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

import nettools
from contract.mailboxes import DOVECOT, KINDS, deliver
from nettools import NotFoundError, Query, ReplyError, UnsupportedError, UsageError
from nettools.testing import Sandbox, servers

Site = Any
ALICE = ("alice", "secret")


@pytest.fixture(params=[*KINDS, *DOVECOT])
def site(request: pytest.FixtureRequest) -> Site:
    server, _, kind = request.param.rpartition("-")
    if server:
        return request.getfixturevalue("daemon_site")("dovecot", "imap", kind)
    return request.getfixturevalue("fake_site")("imap", kind)


@pytest.fixture
def fakes() -> Iterator[Sandbox]:
    with servers("imap") as running:
        yield running


def names(site: Site) -> set[str]:
    return {each.name for each in nettools.list_folders(site.url, **site.options)}


def test_a_folder_is_renamed_with_its_messages_and_removed(site: Site) -> None:
    nettools.create_folder(site.url, "Grün", **site.options)
    nettools.append_mail(site.url, b"Subject: kept\r\n\r\n", folder="Grün", **site.options)
    nettools.rename_folder(site.url, "Grün", "Blau & mehr", **site.options)
    assert names(site) >= {"INBOX", "Blau & mehr"}
    assert "Grün" not in names(site)
    (kept,) = nettools.list_mail(site.url, folder="Blau & mehr", **site.options)
    assert kept.subject == "kept"
    with nettools.connect(site.url, **site.options) as session:
        mail: Any = session
        mail.select("Blau & mehr")
        mail.delete_folder("Blau & mehr")
        with pytest.raises(NotFoundError):
            mail.list(folder="Blau & mehr")
        mail.create_folder("Blau & mehr")
        assert mail.list(folder="Blau & mehr") == ()
        mail.delete_folder("Blau & mehr")
    assert "Blau & mehr" not in names(site)


def test_folders_that_are_not_there_or_are_in_the_way_are_refused(site: Site) -> None:
    nettools.create_folder(site.url, "There", **site.options)
    for act in (
        lambda: nettools.delete_folder(site.url, "none", **site.options),
        lambda: nettools.rename_folder(site.url, "none", "other", **site.options),
    ):
        with pytest.raises(NotFoundError):
            act()
    with pytest.raises(ReplyError):
        nettools.rename_folder(site.url, "Sent", "There", **site.options)
    with pytest.raises(ReplyError):
        nettools.delete_folder(site.url, "INBOX", **site.options)


def test_a_folder_that_is_not_there_is_known_by_the_servers_words(fakes: Sandbox) -> None:
    for verb in ("DELETE", "RENAME"):
        fakes.imap.on(verb).reply("NO Mailbox doesn't exist")
    with pytest.raises(NotFoundError):
        nettools.delete_folder(fakes.imap.url, "none", auth=ALICE)
    with pytest.raises(NotFoundError):
        nettools.rename_folder(fakes.imap.url, "none", "other", auth=ALICE)


@pytest.mark.parametrize("name", [None, 3, "", "a\r\nb", b"x"])
def test_what_is_no_name_of_a_folder_is_refused_before_anything_is_sent(fakes: Sandbox, name: Any) -> None:
    acts: tuple[Callable[[], object], ...] = (
        lambda: nettools.rename_folder(fakes.imap.url, "a", name, auth=ALICE),
        lambda: nettools.rename_folder(fakes.imap.url, name, "a", auth=ALICE),
        lambda: nettools.delete_folder(fakes.imap.url, name, auth=ALICE),
    )
    for act in acts:
        with pytest.raises(UsageError):
            act()
    assert fakes.imap.log.connections == 0


def reply(number: int, *answers: int) -> bytes:
    references = f"References: {' '.join(f'<{each}@x>' for each in answers)}\r\n" if answers else ""
    date = f"Date: {number} Jan 2026 12:00:00 +0000\r\n"
    return f"Message-ID: <{number}@x>\r\nSubject: {number}\r\n{date}{references}\r\nText\r\n".encode()


def test_conversations_are_nested_tuples_of_uids(site: Site) -> None:
    for raw in (reply(1), reply(2, 1), reply(3, 1, 2), reply(4, 1), reply(5)):
        deliver(site, raw)
    with nettools.connect(site.url, **site.options) as session:
        mail: Any = session
        assert mail.threads() == (("1", ("2", "3"), ("4",)), ("5",))
        assert mail.threads(Query(uid="5")) == (("5",),)
        assert mail.threads("SUBJECT nøne") == ()


def test_a_server_without_threads_says_so() -> None:
    missing = {"THREAD=REFERENCES", "THREAD=ORDEREDSUBJECT"}
    with (
        servers("imap", imap={"without": missing}) as running,
        nettools.connect(running.imap.url, auth=ALICE) as session,
    ):
        mail: Any = session
        with pytest.raises(UnsupportedError, match="the server has no THREAD"):
            mail.threads()
        with pytest.raises(UsageError):
            mail.threads(3)


def test_a_draft_is_made_of_what_send_mail_takes(fakes: Sandbox) -> None:
    draft = {"sender": "alice@x.example", "to": "b@c.example", "bcc": "Zoë <z@c.example>", "subject": "Grüße"}
    attached = [("a.txt", b"attached")]
    uid = nettools.append_mail(
        fakes.imap.url, {**draft, "text": "Later", "attachments": attached}, folder="Drafts", auth=ALICE
    )
    kept = nettools.fetch_mail(fakes.imap.url, uid, folder="Drafts", auth=ALICE)
    assert (kept.info.subject, kept.text, kept.attachments[0].data) == ("Grüße", "Later\n", b"attached")
    assert "z@c.example" in kept.headers["Bcc"]
    with pytest.raises(UsageError, match="a message is not made of partial"):
        nettools.append_mail(fakes.imap.url, {**draft, "partial": True}, auth=ALICE)


def test_a_folder_that_is_not_there_to_move_to_is_told_how_to_make(site: Site) -> None:
    nettools.append_mail(site.url, b"Subject: stays\r\n\r\n", **site.options)
    with pytest.raises(NotFoundError) as caught:
        nettools.move_mail(site.url, Query(subject="stays"), "Nowhere", **site.options)
    assert "create_folder()" in str(caught.value.hint)
