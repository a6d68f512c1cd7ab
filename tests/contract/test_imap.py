"""IMAP over the fake and over dovecot, in clear and under TLS; then what only the fake can be made to do."""

from __future__ import annotations

import datetime as dt
import imaplib
import re
from collections.abc import Callable
from typing import Any

import pytest

import nettools
from contract.mailboxes import DOVECOT, KINDS, again_and_again, deliver, filled
from nettools import (
    Auth,
    AuthError,
    DeadlineError,
    DisconnectedError,
    NotFoundError,
    ProtocolError,
    Query,
    ReplyError,
    StaleError,
    TLSError,
    TooLargeError,
    UsageError,
)
from nettools.parse.imap_data import encode_folder

Site = Any
RAW = (
    "From: Bob <b{n}@x.org>\r\nTo: alice@x.org, Group: a@b.c;\r\nSubject: =?utf-8?q?Gr=C3=BC=C3=9Fe?= {n}\r\n"
    "Date: Tue, 24 Nov 2026 10:0{n}:00 +0100\r\nMessage-ID: <{n}@x>\r\n\r\nbody {n}\r\n"
)


def fill(site: Site, count: int = 4) -> Site:
    return filled(site, RAW, count)


def messages(site: Site, folder: str = "INBOX") -> dict[int, set[str]]:
    """UIDs and flags as they are, by the World or by imaplib."""
    if site.service is None:
        return {message.uid: set(message.flags) for message in site.server.world.folder("alice", folder)}
    user, password = site.options["auth"]
    with imaplib.IMAP4(site.service.host, site.service.port) as client:
        client.login(user, password)
        client.select('"' + encode_folder(folder).decode() + '"', readonly=True)
        rows = client.uid("FETCH", "1:*", "(FLAGS)")[1]
    found = {}
    for row in filter(None, rows):
        match = re.search(rb"UID (\d+)", row)
        assert match is not None
        found[int(match[1])] = {flag.decode() for flag in imaplib.ParseFlags(row)} - {"\\Recent"}
    return found


@pytest.fixture(params=[*KINDS, *DOVECOT])
def site(request: pytest.FixtureRequest) -> Site:
    server, _, kind = request.param.rpartition("-")
    if server:
        return fill(request.getfixturevalue("daemon_site")(server, "imap", kind))
    return fill(request.getfixturevalue("fake_site")("imap", kind))


@pytest.fixture
def plain(fake_site: Callable[..., Site]) -> Site:
    return fill(fake_site("imap", "plain"))


def uids(site: Site, folder: str = "INBOX") -> list[int]:
    return [*messages(site, folder)]


def test_mail_is_listed_newest_first_and_decoded(site: Site) -> None:
    infos = nettools.list_mail(site.url, limit=3, **site.options)
    assert [info.uid for info in infos] == ["4", "3", "2"]
    newest = infos[0]
    assert newest.subject == "Grüße 3"
    assert str(newest.sender) == "Bob <b3@x.org>"
    assert [each.address for each in newest.to] == ["alice@x.org", "a@b.c"]
    assert newest.date == dt.datetime(2026, 11, 24, 9, 3, tzinfo=dt.UTC)
    assert (newest.message_id, newest.folder, newest.size) == ("<3@x>", "INBOX", len(RAW.format(n=3)))


def test_a_whole_mail_is_its_exact_octets_and_stays_unseen(site: Site) -> None:
    mail = nettools.fetch_mail(site.url, 2, **site.options)
    assert mail.raw == RAW.format(n=1).encode()
    assert (mail.text, mail.info.uid, mail.info.number) == ("body 1\n", "2", 2)
    assert "\\Seen" not in messages(site)[2]
    nettools.fetch_mail(site.url, "2", mark_seen=True, **site.options)
    assert "\\Seen" in messages(site)[2]


def test_queries_find_what_they_say(site: Site) -> None:
    query = Query(subject="grüße 1") | Query(sender="b2@")
    assert nettools.search_mail(site.url, query, **site.options) == ("2", "3")
    assert nettools.search_mail(site.url, 'SUBJECT "Grüße 0"', **site.options) == ("1",)
    found = nettools.list_mail(site.url, query=Query(unseen=True, larger=10, since="7d"), limit=2, **site.options)
    assert [info.uid for info in found] == ["4", "3"]


def test_mail_goes_through_folders_with_any_name(site: Site) -> None:
    name = "Prüfung & Test/日本"
    nettools.create_folder(site.url, name, **site.options)
    assert name in [folder.name for folder in nettools.list_folders(site.url, **site.options)]
    moment = dt.datetime(2020, 1, 2, 3, 4, 5, tzinfo=dt.UTC)
    uid = nettools.append_mail(
        site.url, b"Subject: x\n\nhi\n", folder=name, flags=["\\Seen", "kw"], date=moment, **site.options
    )
    assert uid == "1"
    (info,) = nettools.list_mail(site.url, folder=name, **site.options)
    assert {"\\Seen", "kw"} <= set(info.flags)
    assert info.date == moment
    assert nettools.copy_mail(site.url, [1, 2], name, **site.options) == ("2", "3")
    assert nettools.move_mail(site.url, "3", name, **site.options) == ("4",)
    assert uids(site) == [1, 2, 4]
    assert uids(site, name) == [1, 2, 3, 4]


def test_flags_are_set_and_cleared_and_deletion_takes_only_what_is_named(site: Site) -> None:
    nettools.flag_mail(site.url, [1, 2], add=["\\Deleted", "urgent"], **site.options)
    nettools.flag_mail(site.url, 1, remove="urgent", **site.options)
    assert messages(site)[2] == {"\\Deleted", "urgent"}
    nettools.delete_mail(site.url, 3, **site.options)
    assert uids(site) == [1, 2, 4]


def test_special_uses_are_told(site: Site) -> None:
    uses = {folder.special_use: folder.name for folder in nettools.list_folders(site.url, **site.options)}
    assert uses["\\Sent"] == "Sent"
    assert uses["\\Trash"] == "Trash"


def test_new_mail_is_seen_as_it_arrives(site: Site) -> None:
    with nettools.connect(site.url, **site.options) as session:
        arriving = session.watch()
        with again_and_again(lambda: deliver(site, RAW.format(n=7).encode())):
            assert next(arriving).subject == "Grüße 7"
        arriving.close()
        assert session.ping() is None


def test_what_is_not_there_is_not_found(site: Site) -> None:
    for call in (
        lambda: nettools.fetch_mail(site.url, 99, **site.options),
        lambda: nettools.list_mail(site.url, folder="nix", **site.options),
        lambda: nettools.flag_mail(site.url, [1, 99], add="\\Seen", **site.options),
        lambda: nettools.move_mail(site.url, 1, "nix", **site.options),
        lambda: list(nettools.fetch_mails(site.url, [98, 99], **site.options)),
    ):
        with pytest.raises(NotFoundError):
            call()


def test_wrong_passwords_are_refused(site: Site) -> None:
    with pytest.raises(AuthError):
        nettools.list_mail(site.url, **{**site.options, "auth": ("alice", "wrong")})


# --- the fake alone


def test_listing_takes_few_round_trips_and_no_search(plain: Site) -> None:
    options = {**plain.options, "auth": Auth("alice", "secret", mechanism="PLAIN")}
    nettools.list_mail(plain.url, **options)
    commands = [line.split()[1] for line in plain.server.log.commands()]
    assert commands == ["AUTHENTICATE", "EXAMINE", "FETCH", "LOGOUT"]
    assert plain.server.log.round_trips() == 3  # the greeting; login and EXAMINE; FETCH and LOGOUT


def test_a_challenge_mechanism_costs_two_turns_more(plain: Site) -> None:
    auth = Auth("alice", "secret", mechanism="SCRAM-SHA-256")
    nettools.list_mail(plain.url, **{**plain.options, "auth": auth})
    assert plain.server.log.round_trips() == 5


def test_without_extensions_everything_works_all_the_same(fake_site: Callable[..., Site]) -> None:
    without = {"MOVE", "UIDPLUS", "LITERAL+", "SASL-IR", "ESEARCH", "LIST-EXTENDED", "SPECIAL-USE", "IDLE"}
    site = fill(fake_site("imap", "plain", without=without))
    nettools.flag_mail(site.url, 1, add="\\Deleted", **site.options)
    assert nettools.append_mail(site.url, b"Subject: x\n\nx\n", **site.options) is None
    nettools.move_mail(site.url, 2, "Archive", **site.options)
    nettools.delete_mail(site.url, 3, **site.options)
    assert uids(site) == [1, 4, 5]
    assert "\\Deleted" in site.server.world.inbox("alice")[0].flags
    assert len(nettools.list_folders(site.url, **site.options)) == 6


@pytest.mark.parametrize("mechanism", ["native", "PLAIN", "LOGIN", "CRAM-MD5", "SCRAM-SHA-1", "SCRAM-SHA-256"])
def test_every_mechanism_logs_in(plain: Site, mechanism: str) -> None:
    auth = Auth("alice", "secret", mechanism=mechanism)
    with nettools.connect(plain.url, auth=auth, tls="off") as session:
        assert session.select("INBOX").exists == 4


def test_logindisabled_and_starttls_stripped_send_no_password(fake_site: Callable[..., Site]) -> None:
    mechanisms = {f"AUTH={name}" for name in ("PLAIN", "LOGIN", "CRAM-MD5", "SCRAM-SHA-1", "SCRAM-SHA-256")}
    site = fake_site("imap", "plain", without=mechanisms, extra={"LOGINDISABLED"})
    with pytest.raises(AuthError):
        nettools.list_mail(site.url, **site.options)
    assert b"secret" not in site.server.log.client_bytes()
    stripped = fake_site("imap", "starttls", without={"STARTTLS"})
    with pytest.raises(TLSError) as caught:
        nettools.list_mail(stripped.url, **stripped.options)
    assert caught.value.exit_code == 64
    assert b"LOGIN" not in stripped.server.log.client_bytes()


def test_another_uidvalidity_is_stale(plain: Site) -> None:
    with pytest.raises(StaleError):
        nettools.list_mail(f"{plain.url}/INBOX;UIDVALIDITY=77", **plain.options)


def test_the_url_names_folder_and_uid(plain: Site) -> None:
    with nettools.connect(f"{plain.url}/INBOX/;UID=3", **plain.options) as session:
        assert session.fetch().info.subject == "Grüße 2"
    with nettools.connect(plain.url.replace("//", "//alice;AUTH=PLAIN@"), auth=(None, "secret"), tls="off"):
        pass
    assert any("AUTHENTICATE PLAIN" in line for line in plain.server.log.commands())


def test_a_literal_over_max_size_is_refused_before_it_is_read(plain: Site) -> None:
    plain.server.on("UID FETCH", arg="BODY").garbage(b"* 1 FETCH (UID 1 BODY[] {9999999999}\r\n")
    with pytest.raises(TooLargeError, match="9999999999"):
        nettools.fetch_mail(plain.url, 1, **plain.options)


def test_another_messages_octets_are_never_given_for_those_asked_for(plain: Site) -> None:
    with nettools.connect(plain.url, **plain.options) as session:
        session.select("INBOX")
        tag = session.raw.tagpre.decode() + str(session.raw.tagnum)
        answer = f'* 2 FETCH (UID 2 BODY[] "x")\r\n{tag} OK done\r\n'
        plain.server.on("UID FETCH").garbage(answer.encode())
        with pytest.raises(ProtocolError, match="not asked for"):
            session.fetch(1)


def test_a_lost_answer_to_append_is_an_unknown_outcome_and_never_sent_again(plain: Site) -> None:
    rule = plain.server.on("APPEND").drop()
    with pytest.raises(DisconnectedError) as caught:
        nettools.append_mail(plain.url, b"Subject: x\n\nx\n", retry=5, **plain.options)
    assert caught.value.outcome_unknown
    assert rule.hits == 1


@pytest.mark.parametrize(("verb", "change"), [("COPY", nettools.copy_mail), ("MOVE", nettools.move_mail)])
def test_a_lost_answer_to_what_would_be_done_twice_is_an_unknown_outcome(
    plain: Site, verb: str, change: Callable[..., object]
) -> None:
    plain.server.on(f"UID {verb}").drop()
    with pytest.raises(DisconnectedError) as caught:
        change(plain.url, [1], "Archive", retry=3, **plain.options)
    assert caught.value.outcome_unknown
    assert plain.server.log.client_bytes().count(f" UID {verb} ".encode()) == 1


def test_bye_is_said_with_the_servers_words(plain: Site) -> None:
    plain.server.on("EXAMINE").garbage(b"* BYE shutting down\r\n", close=True)
    with pytest.raises(DisconnectedError, match="shutting down"):
        nettools.list_mail(plain.url, **plain.options)


def test_watching_ends_at_the_deadline(plain: Site) -> None:
    options = {**plain.options, "timeout": 0.3}
    with pytest.raises(DeadlineError) as caught:
        list(nettools.watch_mail(plain.url, **options))
    assert caught.value.kind == "total"


@pytest.mark.parametrize(
    "call",
    [
        lambda mail: mail.fetch("1\r\nA LOGOUT"),
        lambda mail: mail.select("IN\r\nBOX"),
        lambda mail: mail.search('SUBJECT "a\r\nb"'),
        lambda mail: mail.flag(1, add="a b"),
        lambda mail: mail.create_folder("a\0b"),
        lambda mail: mail.command("NOOP\r\nLOGOUT"),
        lambda mail: mail.fetch_part(1, section="1] BODY["),
    ],
)
def test_no_argument_becomes_a_command(plain: Site, call: Callable[[Any], Any]) -> None:
    with nettools.connect(plain.url, **plain.options) as mail:
        with pytest.raises(UsageError):
            call(mail)
        assert mail.command("NOOP").code == "OK"


def test_names_with_quotes_and_backslashes_are_quoted(plain: Site) -> None:
    name = 'a "b" \\c'
    nettools.create_folder(plain.url, name, **plain.options)
    assert nettools.list_mail(plain.url, folder=name, **plain.options) == ()


def test_commands_and_parts_are_at_hand(plain: Site) -> None:
    with nettools.connect(plain.url, **plain.options) as mail:
        assert mail.command("STATUS INBOX (MESSAGES)").lines == (b"STATUS INBOX (MESSAGES 4)",)
        assert mail.fetch_part(1, section="HEADER", partial=(0, 4)) == b"From"
        assert mail.fetch_part(1, section="TEXT") == b"body 0\r\n"
        with pytest.raises(ReplyError):
            mail.command("NONSENSE")
        assert mail.raw.noop()[0] == "OK"
