"""POP3 over the fake, in clear and under TLS; there is no other server in Python to referee."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import nettools
from nettools import (
    Auth,
    AuthError,
    DisconnectedError,
    IncompleteError,
    NotFoundError,
    Query,
    TooLargeError,
    UnsupportedError,
)

Site = Any
RAW = (
    "From: Bob <bob@x.org>\r\nTo: alice@x.org\r\nSubject: =?utf-8?q?N=C2=B0?= {n}\r\n"
    "Date: Tue, 24 Nov 2026 10:0{n}:00 +0100\r\n\r\nbody {n}\r\n.dot\r\n"
)


def fill(site: Site, count: int = 3) -> Site:
    for n in range(count):
        site.server.world.deliver("alice@x.org", RAW.format(n=n).encode())
    return site


@pytest.fixture(params=["plain", "starttls", "implicit"])
def site(request: pytest.FixtureRequest, fake_site: Callable[..., Site]) -> Site:
    return fill(fake_site("pop3", request.param))


@pytest.fixture
def plain(fake_site: Callable[..., Site]) -> Site:
    return fill(fake_site("pop3", "plain"))


def test_mail_is_listed_newest_first_without_its_bodies(site: Site) -> None:
    infos = nettools.list_mail(site.url, **site.options)
    assert [info.subject for info in infos] == ["N° 2", "N° 1", "N° 0"]
    assert infos[0].sender is not None
    assert infos[0].sender.address == "bob@x.org"
    assert infos[0].size == len(RAW.format(n=2))
    assert [info.number for info in infos] == [3, 2, 1]
    assert not any(line.startswith("RETR") for line in site.server.log.commands())


def test_a_whole_mail_is_its_exact_octets(site: Site) -> None:
    uid = nettools.list_mail(site.url, limit=1, **site.options)[0].uid
    mail = nettools.fetch_mail(site.url, uid, **site.options)
    assert mail.raw == RAW.format(n=2).encode()
    assert mail.text == "body 2\n.dot\n"
    assert (mail.info.uid, mail.info.number) == (uid, 3)
    assert nettools.fetch_mail(site.url, number=1, **site.options).info.subject == "N° 0"


def test_all_mails_come_one_by_one_with_their_meta(site: Site) -> None:
    mails = list(nettools.fetch_mails(site.url, **site.options))
    assert [mail.info.subject for mail in mails] == ["N° 0", "N° 1", "N° 2"]
    assert all(mail.meta.peer for mail in mails)


def test_a_deletion_takes_effect_when_the_session_ends(site: Site) -> None:
    with nettools.connect(site.url, **site.options) as session:
        first = session.list(newest_first=False)[0]
        session.delete(first.uid)
        assert len(site.server.world.inbox("alice").messages) == 3
    assert len(site.server.world.inbox("alice").messages) == 2


def test_what_is_not_there_is_not_found(site: Site) -> None:
    with pytest.raises(NotFoundError) as caught:
        nettools.fetch_mail(site.url, "no-such-uid", **site.options)
    assert caught.value.exit_code == 78
    with pytest.raises(NotFoundError):
        nettools.fetch_mail(site.url, number=9, **site.options)


def test_wrong_passwords_are_refused(site: Site) -> None:
    with pytest.raises(AuthError):
        nettools.list_mail(site.url, **{**site.options, "auth": ("alice", "wrong")})


def test_headers_can_be_searched_and_nothing_else(plain: Site) -> None:
    found = nettools.list_mail(plain.url, query=Query(subject="n° 1") | Query(subject="n° 2"), **plain.options)
    assert [info.subject for info in found] == ["N° 2", "N° 1"]
    assert nettools.search_mail(plain.url, ~Query(header=("Subject", "N° 1")), **plain.options) == ("1.1", "1.3")
    with pytest.raises(UnsupportedError):
        nettools.search_mail(plain.url, Query(unseen=True), **plain.options)


@pytest.mark.parametrize(("without", "window"), [(set(), "ahead"), ({"PIPELINING"}, "one at a time")])
def test_tops_are_written_ahead_where_that_is_announced(
    fake_site: Callable[..., Site], without: set[str], window: str
) -> None:
    site = fill(fake_site("pop3", "plain", without=without), 20)
    options = {**site.options, "auth": Auth("alice", "secret", mechanism="native")}
    infos = nettools.list_mail(site.url, **options)
    assert len(infos) == 20
    # greeting, CAPA, USER, PASS, LIST, UIDL, the TOPs, QUIT
    assert site.server.log.round_trips() == (8 if window == "ahead" else 27)


def test_without_top_and_uidl_mail_is_listed_all_the_same(fake_site: Callable[..., Site]) -> None:
    site = fill(fake_site("pop3", "plain", without={"TOP", "UIDL"}))
    infos = nettools.list_mail(site.url, **site.options)
    assert [(info.uid, info.subject) for info in infos] == [("3", "N° 2"), ("2", "N° 1"), ("1", "N° 0")]


@pytest.mark.parametrize("mechanism", ["native", "apop", "PLAIN", "LOGIN", "CRAM-MD5", "SCRAM-SHA-1", "SCRAM-SHA-256"])
def test_every_mechanism_logs_in(plain: Site, mechanism: str) -> None:
    auth = Auth("alice", "secret", mechanism=mechanism)
    with nettools.connect(plain.url, auth=auth, tls="off") as session:
        assert session.command("STAT").text.startswith("3 ")


def test_a_message_that_is_cut_is_incomplete_and_never_a_shorter_one(plain: Site) -> None:
    plain.server.on("RETR").garbage(b"+OK\r\nSubject: x\r\n\r\nhalf", close=True)
    with pytest.raises(IncompleteError):
        nettools.fetch_mail(plain.url, number=1, **plain.options)


def test_a_lost_answer_to_quit_after_a_deletion_is_an_unknown_outcome(plain: Site) -> None:
    plain.server.on("QUIT").drop()
    with pytest.raises(DisconnectedError) as caught:
        nettools.delete_mail(plain.url, numbers=1, **plain.options)
    assert caught.value.outcome_unknown


def test_a_message_over_max_size_is_refused(plain: Site) -> None:
    with pytest.raises(TooLargeError) as caught:
        nettools.fetch_mail(plain.url, number=1, max_size=20, **plain.options)
    assert caught.value.exit_code == 63


def test_attachments_are_saved_under_harmless_names(plain: Site, tmp_path: Path) -> None:
    raw = (
        b'Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\nContent-Type: text/plain; name="../../evil.txt"\r\n'
        b"Content-Disposition: attachment\r\n\r\ncontent\r\n--b--\r\n"
    )
    plain.server.world.deliver("alice@x.org", raw)
    uid = nettools.list_mail(plain.url, limit=1, **plain.options)[0].uid
    (path,) = nettools.save_attachments(plain.url, tmp_path / "in", uid=uid, **plain.options)
    assert path == tmp_path / "in" / "evil.txt"
    assert path.read_bytes() == b"content"
