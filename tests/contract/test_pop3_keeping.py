"""Backups of a POP3 mailbox: what is there already is not brought again, and nothing is taken for another."""

from __future__ import annotations

import mailbox
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import nettools
from contract.mailboxes import DOVECOT, KINDS, Site, deliver, filled
from nettools import TooLargeError, UnsupportedError
from nettools.mailstore import Saved, open_store
from nettools.protocols.pop3 import keeping

RAW = "From: bob@example.org\r\nSubject: N° {n}\r\n\r\nbody {n}\r\n"
STORES = ["eml", "maildir", "mbox"]


@pytest.fixture(params=[*KINDS, *DOVECOT])
def site(request: pytest.FixtureRequest, fake_site: Callable[..., Site]) -> Site:
    name, _, kind = request.param.rpartition("-")
    made = request.getfixturevalue("daemon_site")(name, "pop3", kind) if name else fake_site("pop3", kind)
    return filled(made, RAW, 3)


def save(site: Site, kind: str, path: Path, uids: Any = None) -> list[Saved]:
    with nettools.connect(site.url, **site.options) as mail:
        return list(mail.save(open_store(kind, path, site.url), uids))


def kept(kind: str, path: Path) -> list[bytes]:
    if kind == "eml":
        return sorted(each.read_bytes().replace(b"\r\n", b"\n") for each in path.glob("*.eml"))
    box: Any = mailbox.Maildir(path) if kind == "maildir" else mailbox.mbox(path)
    try:
        return sorted(box.get_bytes(name) for name in list(box.iterkeys()))
    finally:
        box.close()


def raw(n: int) -> bytes:
    return RAW.format(n=n).encode().replace(b"\r\n", b"\n")


@pytest.mark.parametrize("kind", STORES)
def test_a_mailbox_is_kept_and_only_what_is_new_is_brought(
    site: Site, tmp_path: Path, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(keeping, "IN_MEMORY", 1000)  # the large one goes through a file
    assert [each.skipped for each in save(site, kind, tmp_path / "kept")] == [False] * 3
    large = b"Subject: large\r\n\r\n" + (b"x" * 70 + b"\r\n") * 500
    deliver(site, large)
    assert [each.skipped for each in save(site, kind, tmp_path / "kept")] == [True] * 3 + [False]
    assert [each.skipped for each in save(site, kind, tmp_path / "kept")] == [True] * 4
    assert kept(kind, tmp_path / "kept") == sorted([raw(0), raw(1), raw(2), large.replace(b"\r\n", b"\n")])


@pytest.mark.parametrize("kind", STORES)
def test_what_is_there_costs_no_message_and_a_header_at_the_most(
    fake_site: Callable[..., Site], tmp_path: Path, kind: str
) -> None:
    site = filled(fake_site("pop3", "plain"), RAW, 3)
    save(site, kind, tmp_path / "kept")
    site.server.log.clear()
    save(site, kind, tmp_path / "kept")
    asked = [line.split()[0] for line in site.server.log.commands() if line[:4] in ("RETR", "TOP ")]
    assert asked == (["TOP"] * 3 if kind == "eml" else [])


@pytest.mark.parametrize("kind", STORES)
def test_without_uidl_a_number_is_not_taken_for_the_message_that_had_it(
    fake_site: Callable[..., Site], tmp_path: Path, kind: str
) -> None:
    site = filled(fake_site("pop3", "plain", without={"UIDL"}), RAW, 2)
    assert [each.skipped for each in save(site, kind, tmp_path / "kept")] == [False, False]
    nettools.delete_mail(site.url, numbers=1, **site.options)
    deliver(site, RAW.format(n=7).encode())  # number 1 is what was 2, and 2 is new
    assert [each.skipped for each in save(site, kind, tmp_path / "kept")] == [True, False]
    assert kept(kind, tmp_path / "kept") == [raw(0), raw(1), raw(7)]


@pytest.mark.parametrize("kind", STORES)
def test_messages_that_share_a_uidl_are_all_kept(fake_site: Callable[..., Site], tmp_path: Path, kind: str) -> None:
    site = filled(fake_site("pop3", "plain"), RAW, 3)
    site.server.on("UIDL").garbage(b"+OK\r\n1 same\r\n2 same\r\n3 own\r\n.\r\n")
    assert [each.uid for each in save(site, kind, tmp_path / "kept")] == ["same", "same", "own"]
    assert kept(kind, tmp_path / "kept") == [raw(0), raw(1), raw(2)]


def test_a_file_of_another_mailbox_with_the_same_uidl_is_no_message_of_this_one(
    fake_site: Callable[..., Site], tmp_path: Path
) -> None:
    site = filled(fake_site("pop3", "plain"), RAW, 1)
    (first,) = save(site, "eml", tmp_path)
    other = raw(9).replace(b"\n", b"\r\n")
    assert len(other) == first.size
    first.path.write_bytes(other)
    assert [each.skipped for each in save(site, "eml", tmp_path)] == [False]
    assert [each.skipped for each in save(site, "eml", tmp_path)] == [True]
    assert kept("eml", tmp_path) == [raw(0), raw(9)]


def test_a_message_over_max_size_is_not_kept(fake_site: Callable[..., Site], tmp_path: Path) -> None:
    site = filled(fake_site("pop3", "plain"), RAW + "x" * 5000, 1)
    options = {**site.options, "max_size": 2000}
    with nettools.connect(site.url, **options) as mail, pytest.raises(TooLargeError, match="max_size=2000"):
        list(mail.save(open_store("eml", tmp_path, site.url)))
    assert list(tmp_path.iterdir()) == []


def test_without_uidl_nothing_is_deleted_by_what_another_connection_called_it(fake_site: Callable[..., Site]) -> None:
    site = filled(fake_site("pop3", "plain", without={"UIDL"}), RAW, 3)
    with pytest.raises(UnsupportedError, match="no UIDL"):
        nettools.delete_mail(site.url, "2", **site.options)
    with nettools.connect(site.url, **site.options) as mail:
        mail.delete([info.uid for info in mail.list(newest_first=False)][1])
    assert [info.subject for info in nettools.list_mail(site.url, **site.options)] == ["N° 2", "N° 0"]
