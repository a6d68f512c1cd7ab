"""POP3 over the fake and over dovecot, in clear and under TLS; then what only the fake can be made to do."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import nettools
from contract.mailboxes import DOVECOT, KINDS, deliver, filled, once_sent
from nettools import (
    Auth,
    AuthError,
    DisconnectedError,
    IncompleteError,
    NotFoundError,
    ProtocolError,
    Query,
    ReplyError,
    TLSError,
    TooLargeError,
    UnsupportedError,
    UsageError,
)

Site = Any
NATIVE = Auth("alice", "secret", mechanism="native")
RAW = (
    "From: Bob <bob@x.org>\r\nTo: alice@x.org\r\nSubject: =?utf-8?q?N=C2=B0?= {n}\r\n"
    "Date: Tue, 24 Nov 2026 10:0{n}:00 +0100\r\n\r\nbody {n}\r\n.dot\r\n"
)


def fill(site: Site, count: int = 3) -> Site:
    return filled(site, RAW, count)


@pytest.fixture(params=[*KINDS, *DOVECOT])
def site(request: pytest.FixtureRequest, fake_site: Callable[..., Site]) -> Site:
    name, _, kind = request.param.rpartition("-")
    return fill(request.getfixturevalue("daemon_site")(name, "pop3", kind) if name else fake_site("pop3", kind))


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
    assert site.service or not any(line.startswith("RETR") for line in site.server.log.commands())


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
        assert site.service or len(site.server.world.inbox("alice").messages) == 3
        assert [mail.info.subject for mail in session.fetch_many()] == ["N° 1", "N° 2"]
        assert len(session.list()) == 2
    assert [info.subject for info in nettools.list_mail(site.url, **site.options)] == ["N° 2", "N° 1"]


def test_a_deletion_is_not_made_when_the_session_ends_by_an_exception(site: Site) -> None:
    def fail_after_deleting() -> None:
        with nettools.connect(site.url, **site.options) as session:
            session.delete(numbers=[1, 2])
            raise KeyError

    with pytest.raises(KeyError):
        fail_after_deleting()
    assert len(nettools.list_mail(site.url, **site.options)) == 3


def test_a_part_is_the_whole_message_its_header_or_its_text(site: Site) -> None:
    raw = RAW.format(n=1).encode()
    with nettools.connect(site.url, **site.options) as session:
        uid = session.list()[1].uid
        assert session.fetch_part(uid) == raw
        assert session.fetch_part(number=2, section="header") == raw[: raw.index(b"body")]
        assert session.fetch_part(number=2, section="TEXT", partial=(2, 6)) == b"dy 1\r\n"
        assert session.fetch_part(number=2, partial=(len(raw) - 3, None)) == raw[-3:]
        with pytest.raises(UnsupportedError):
            session.fetch_part(number=2, section="1")


def test_a_message_goes_into_a_file_as_it_is(site: Site, tmp_path: Path) -> None:
    with nettools.connect(site.url, **site.options) as session:
        transfer = session.fetch_to(tmp_path / "one.eml", number=1)
        assert (tmp_path / "one.eml").read_bytes() == RAW.format(n=0).encode()
        assert transfer.size == len(RAW.format(n=0))
        with pytest.raises(NotFoundError):
            session.fetch_to(tmp_path / "two.eml", number=9)
    assert [path.name for path in tmp_path.iterdir()] == ["one.eml"]


def test_nobody_is_told_to_go_on_with_what_cannot_be_gone_on_with(plain: Site, tmp_path: Path) -> None:
    plain.server.on("RETR").truncate(60)
    with nettools.connect(plain.url, **plain.options) as mail, pytest.raises(IncompleteError) as caught:
        mail.fetch_to(tmp_path / "one.eml", number=1)
    assert (tmp_path / "one.eml.part").exists()
    assert caught.value.hint is None


def test_a_message_can_be_deleted_while_the_others_are_under_way(site: Site) -> None:
    with nettools.connect(site.url, **site.options) as session:
        for mail in session.fetch_many():
            if mail.info.subject == "N° 1":
                session.delete(mail.info.uid)
    assert [info.subject for info in nettools.list_mail(site.url, **site.options)] == ["N° 2", "N° 0"]


def test_long_lines_and_odd_octets_come_as_they_are(site: Site) -> None:
    raw = b"Subject: long\r\n\r\n" + b"x" * 200_000 + b"\r\n..\r\n.\r\n\xff\xfe\r\n.end\r\n"
    deliver(site, raw)
    assert nettools.fetch_mail(site.url, number=4, **site.options).raw == raw


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
    # greeting, CAPA, USER and PASS, LIST and UIDL, the TOPs, QUIT
    assert site.server.log.round_trips() == (6 if window == "ahead" else 27)


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


def test_a_hundred_mails_take_six_round_trips_or_one_each(fake_site: Callable[..., Site]) -> None:
    for without, turns in ((set(), 6), ({"PIPELINING"}, 106)):
        site = fake_site("pop3", "plain", without=without)
        while len(site.server.world.inbox("alice")) < 100:
            deliver(site, b"Subject: x\r\n\r\n" + b"y" * 5000 + b"\r\n")
        options = {**site.options, "auth": Auth("alice", "secret", mechanism="native")}
        assert sum(1 for _ in nettools.fetch_mails(site.url, **options)) == 100
        assert site.server.log.round_trips() == turns


def test_large_mails_ahead_of_a_reader_that_waits_are_no_deadlock(fake_site: Callable[..., Site]) -> None:
    site = fake_site("pop3", "plain")
    for _ in range(300):
        deliver(site, b"Subject: x\r\n\r\n" + b"y" * 78 * 100 + b"\r\n")
    assert sum(len(mail.raw) for mail in nettools.fetch_mails(site.url, **site.options)) == 300 * 7816


def test_a_capability_that_is_told_after_the_login_counts(fake_site: Callable[..., Site]) -> None:
    site = fill(fake_site("pop3", "plain"))
    site.server.on("CAPA").garbage(b"+OK\r\nUSER\r\n.\r\n", times=1)
    assert len(nettools.list_mail(site.url, **site.options)) == 3
    assert "TOP 1 0" in site.server.log.commands()


def test_a_server_without_capa_is_served_one_command_at_a_time(fake_site: Callable[..., Site]) -> None:
    site = fill(fake_site("pop3", "plain", without={"CAPA", "TOP", "UIDL"}))
    infos = nettools.list_mail(site.url, **site.options)
    assert [(info.uid, info.subject) for info in infos] == [("3", "N° 2"), ("2", "N° 1"), ("1", "N° 0")]
    assert not any("ahead" in record.note for record in site.server.log.records)


def test_two_messages_with_one_uidl_are_not_taken_for_one_another(plain: Site) -> None:
    plain.server.on("UIDL").garbage(b"+OK\r\n1 same\r\n2 same\r\n3 own\r\n.\r\n")
    with pytest.raises(ProtocolError):
        nettools.delete_mail(plain.url, "same", **plain.options)
    assert nettools.fetch_mail(plain.url, "own", **plain.options).info.number == 3
    assert nettools.fetch_mail(plain.url, number=1, **plain.options).info.uid == "same"


@pytest.mark.parametrize("verb", ["LIST", "UIDL"])
def test_lists_that_make_no_sense_are_errors(plain: Site, verb: str) -> None:
    plain.server.on(verb).garbage(b"+OK\r\none two\r\n.\r\n")
    with pytest.raises(ProtocolError):
        nettools.list_mail(plain.url, **plain.options)


@pytest.mark.parametrize(
    ("method", "args", "keywords"),
    [
        ("fetch", (), {}),
        ("fetch", ("a",), {"number": 1}),
        ("fetch", (None,), {"number": "1"}),
        ("fetch_many", ([1.5],), {}),
        ("fetch_part", (), {"number": 1, "partial": (-1, 2)}),
        ("delete", (), {}),
        ("command", ("QUIT",), {}),
        ("command", ("NOOP\r\nDELE 1",), {}),
    ],
)
def test_arguments_that_make_no_sense_are_refused_before_anything_is_asked(
    plain: Site, method: str, args: tuple[Any, ...], keywords: dict[str, Any]
) -> None:
    with nettools.connect(plain.url, **plain.options) as session:
        before = len(plain.server.log.commands())
        with pytest.raises(UsageError):
            getattr(session, method)(*args, **keywords)
        assert len(plain.server.log.commands()) == before


def test_what_pop3_has_not_it_says(plain: Site) -> None:
    with nettools.connect(plain.url, **plain.options) as session:
        for call in (
            lambda: session.select("INBOX"),
            lambda: session.move("1", "Sent"),
            lambda: session.copy("1", "Sent"),
            lambda: session.append(b""),
            lambda: session.create_folder("x"),
            lambda: session.flag("1", add="\\Seen"),
            lambda: session.search("UNSEEN"),
            lambda: session.list(query=Query(body="x")),
        ):
            with pytest.raises(UnsupportedError):
                call()
        with pytest.raises(NotFoundError):
            session.list(folder="Sent")
        assert [folder.name for folder in session.folders()] == ["INBOX"]
        assert session.folders(pattern="S*") == ()
        assert session.search("ALL") == ("1.1", "1.2", "1.3")
        session.ping()


def test_names_of_mechanisms_are_tried_in_the_order_given(fake_site: Callable[..., Site]) -> None:
    for without, mechanism, line in (
        (set(), ("apop", "PLAIN"), "APOP alice"),
        ({"APOP"}, ("apop", "PLAIN"), "AUTH PLAIN"),
        (set(), ("SCRAM-SHA-256", "apop"), "AUTH SCRAM-SHA-256"),
    ):
        site = fake_site("pop3", "plain", without=without)
        nettools.list_mail(site.url, **{**site.options, "auth": Auth("alice", "secret", mechanism=mechanism)})
        assert any(command.startswith(line) for command in site.server.log.commands())


def test_apop_that_is_not_announced_is_not_tried(fake_site: Callable[..., Site]) -> None:
    site = fake_site("pop3", "plain", without={"APOP"})
    with pytest.raises(AuthError):
        nettools.list_mail(site.url, **{**site.options, "auth": Auth("alice", "secret", mechanism="apop")})
    assert site.server.log.commands() == ["CAPA"]


def test_a_long_token_is_not_put_into_a_line_that_cannot_carry_it(fake_site: Callable[..., Site]) -> None:
    site = fake_site("pop3", "plain")
    site.server.world.add_user("bob", "x", token="t" * 1000)
    with nettools.connect(site.url, auth=Auth("bob", token="t" * 1000), tls="off") as session:
        session.ping()
    assert all(len(line) < 255 for line in site.server.log.commands() if line.startswith("AUTH"))


@pytest.mark.parametrize(
    ("text", "kind", "temporary"),
    [
        ("[AUTH] wrong", AuthError, False),
        ("[SYS/TEMP] later", ReplyError, True),
        ("[IN-USE] locked", ReplyError, True),
        ("no", AuthError, False),
    ],
)
def test_a_refused_login_is_told_by_its_code(plain: Site, text: str, kind: type[Exception], temporary: bool) -> None:
    plain.server.on("PASS").reply(f"-ERR {text}")
    options = {**plain.options, "auth": Auth("alice", "secret", mechanism="native")}
    with pytest.raises(ReplyError) as caught:
        nettools.list_mail(plain.url, **options)
    assert (type(caught.value), caught.value.temporary) == (kind, temporary)


def test_new_mail_is_watched_for(plain: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("nettools.protocols.pop3.session.POLL", 0.01)

    def arrive() -> None:
        deliver(plain, RAW.format(n=6).encode())
        deliver(plain, RAW.format(n=7).encode())

    left = once_sent(b"QUIT", arrive)
    stream = nettools.watch_mail(plain.url, query=Query(subject="N° 7"), on_event=left, **plain.options)
    assert next(stream).subject == "N° 7"
    stream.close()  # type: ignore[attr-defined]


def test_a_watch_goes_on_behind_the_first_mail(plain: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("nettools.protocols.pop3.session.POLL", 0.01)
    left = once_sent(b"QUIT", lambda: deliver(plain, RAW.format(n=6).encode()))
    arriving = nettools.watch_mail(plain.url, on_event=left, **plain.options)
    subjects = [next(arriving).subject]
    for number in (7, 8):
        deliver(plain, RAW.format(n=number).encode())
        subjects.append(next(arriving).subject)
    assert subjects == ["N° 6", "N° 7", "N° 8"]


def test_a_session_that_was_closed_after_a_deletion_stays_closed(plain: Site) -> None:
    with nettools.connect(plain.url, **plain.options) as mail:
        mail.delete(numbers=1)
    with pytest.raises(UsageError, match="this session is closed"):
        mail.ping()
    assert plain.server.log.commands().count("QUIT") == 1


def test_own_commands_delete_too_and_take_it_back(plain: Site) -> None:
    with nettools.connect(plain.url, **plain.options) as mail:
        for line in ("DELE 1", "RSET", "DELE 2"):
            mail.command(line)
        with pytest.raises(ReplyError):
            mail.command("RETR 99")
    assert [message.uid for message in plain.server.world.inbox("alice")] == [1, 3]


def test_a_deletion_by_an_own_command_makes_quit_count(plain: Site) -> None:
    plain.server.on("QUIT").drop()
    mail = nettools.connect(plain.url, **plain.options)
    mail.command("DELE 1")
    with pytest.raises(DisconnectedError) as caught:
        mail.close()
    assert caught.value.outcome_unknown


def test_what_was_announced_is_told(plain: Site) -> None:
    with nettools.connect(plain.url, **plain.options) as mail:
        assert {"UIDL", "TOP", "SASL"} <= mail.capabilities
        assert "PLAIN" in mail.capability("sasl").split()
        assert (mail.capability("TOP"), mail.capability("X-NONE")) == ("", None)


def test_a_mechanism_that_is_no_use_is_followed_by_the_next(plain: Site) -> None:
    plain.server.on("AUTH").reply("-ERR not today")
    options = {**plain.options, "auth": Auth("alice", "secret", mechanism=["PLAIN", "LOGIN", "native"])}
    assert len(nettools.list_mail(plain.url, **options)) == 3
    assert [line.split()[1] for line in plain.server.log.commands() if line.startswith("AUTH")] == ["PLAIN", "LOGIN"]


@pytest.mark.parametrize(("verb", "auth"), [("APOP", Auth("alice", "secret", mechanism="apop")), ("USER", NATIVE)])
def test_a_login_that_is_refused_at_once(plain: Site, verb: str, auth: Auth) -> None:
    plain.server.on(verb).reply("-ERR no")
    with pytest.raises(AuthError):
        nettools.list_mail(plain.url, **{**plain.options, "auth": auth})


def test_pop3_wants_a_login_and_no_path(plain: Site) -> None:
    with pytest.raises(AuthError, match="needs a login"):
        nettools.list_mail(plain.url, **plain.anonymous)
    with pytest.raises(UsageError) as caught:
        nettools.list_mail(plain.at("INBOX"), **plain.options)
    assert caught.value.exit_code == 3


@pytest.mark.parametrize(
    ("verb", "call", "kind"),
    [
        ("LIST", lambda mail: mail.list(), ReplyError),
        ("TOP", lambda mail: mail.list(), NotFoundError),
        ("TOP", lambda mail: mail.fetch_part(number=1, section="HEADER"), NotFoundError),
        ("RETR", lambda mail: mail.fetch(number=1), NotFoundError),
        ("RETR", lambda mail: mail.fetch_part(number=1), NotFoundError),
        ("RETR", lambda mail: mail.fetch_to(None, number=1), NotFoundError),
        ("DELE", lambda mail: mail.delete(numbers=1), NotFoundError),
        ("NOOP", lambda mail: mail.ping(), ReplyError),
    ],
)
def test_what_is_refused_is_told_and_the_session_goes_on(
    plain: Site, verb: str, call: Callable[[Any], Any], kind: type[Exception]
) -> None:
    plain.server.on(verb).reply("-ERR not now")
    with nettools.connect(plain.url, **plain.options) as mail:
        with pytest.raises(kind, match="not now"):
            call(mail)
        assert len(mail.search("ALL")) == 3  # type: ignore[attr-defined]
    assert plain.server.log.connections == 1
    assert len(plain.server.world.inbox("alice")) == 3


def test_a_refused_quit_leaves_what_was_deleted_in_doubt(plain: Site) -> None:
    plain.server.on("QUIT").reply("-ERR some deleted messages not removed")
    mail = nettools.connect(plain.url, **plain.options)
    mail.delete(numbers=1)  # type: ignore[attr-defined]
    with pytest.raises(ReplyError, match="which makes deletions last"):
        mail.close()


def test_no_uids_and_no_limits_that_mean_nothing(plain: Site) -> None:
    with nettools.connect(plain.url, **plain.options) as mail:
        assert mail.list(limit=0) == ()  # type: ignore[attr-defined]
        assert mail.command("TOP 1 0", multiline=True).lines  # type: ignore[attr-defined]
    assert not any(line.startswith("TOP 2") for line in plain.server.log.commands())


def test_an_upgrade_that_is_refused_ends_the_call(fake_site: Callable[..., Site]) -> None:
    site = fake_site("pop3", "starttls")
    site.server.on("STLS").reply("-ERR no")
    with pytest.raises(TLSError, match="refused STLS") as caught:
        nettools.list_mail(site.url, **site.options)
    assert caught.value.exit_code == 64


def test_a_list_without_end_is_left(plain: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("nettools.protocols.pop3.opening.POP3Client.read_body", lambda self: iter([b"1 2\r\n" * 2000]))
    with pytest.raises(TooLargeError, match="more than 1000 entries"):
        nettools.list_mail(plain.url, **plain.options)
