"""IMAP beyond listing and fetching, over the fake and over dovecot; then what only the fake can be made to do."""

from __future__ import annotations

import mailbox
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

import nettools
from contract.mailboxes import DOVECOT, KINDS, again_and_again, deliver, once_sent
from contract.test_imap import RAW, fill, messages
from nettools import (
    Auth,
    DisconnectedError,
    NotFoundError,
    ProtocolError,
    RedirectError,
    ReplyError,
    StaleError,
    TLSError,
    TooLargeError,
    UnsupportedError,
    UsageError,
)
from nettools.mailstore import open_store
from nettools.protocols.imap import client, fetching, keeping, reading, watching
from nettools.testing.imap import IMAPServer

Site = Any
BLOB = bytes(range(256)) * 400
PLAIN = Auth("alice", "secret", mechanism="PLAIN")


def with_attachment(blob: bytes = BLOB) -> bytes:
    import base64

    return (
        b"Subject: big\r\nMIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n"
        b"--b\r\nContent-Type: text/plain\r\n\r\nhello\r\n"
        b'--b\r\nContent-Type: application/octet-stream; name="=?utf-8?q?gr=C3=BC=C3=9Fe=2Ebin?="\r\n'
        b"Content-Disposition: attachment\r\nContent-Transfer-Encoding: base64\r\n\r\n"
        + base64.encodebytes(blob).replace(b"\n", b"\r\n")
        + b"--b\r\nContent-Type: text/x-log; name=a.log\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n"
        b"a=3Db=\r\nc\r\n--b--\r\n"
    )


@pytest.fixture(params=[KINDS[0], KINDS[2], *DOVECOT[:1]])
def site(request: pytest.FixtureRequest) -> Site:
    server, _, kind = request.param.rpartition("-")
    if server:
        return fill(request.getfixturevalue("daemon_site")(server, "imap", kind))
    return fill(request.getfixturevalue("fake_site")("imap", kind))


@pytest.fixture
def plain(fake_site: Callable[..., Site]) -> Site:
    return fill(fake_site("imap", "plain"))


# --- over every server


def test_a_message_goes_into_a_file_as_it_is(site: Site, tmp_path: Path) -> None:
    with nettools.connect(site.url, **site.options) as mail:
        done = mail.fetch_to(tmp_path, 2)
        assert done.path == tmp_path / "2.eml"
        assert done.path.read_bytes() == RAW.format(n=1).encode()
        assert mail.fetch_to(tmp_path / "first", number=1).size == len(RAW.format(n=0))
        with pytest.raises(NotFoundError):
            mail.fetch_to(tmp_path / "none", 99)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["2.eml", "first"]


@pytest.mark.parametrize("large", [False, True])
def test_attachments_are_the_same_by_parts_and_from_the_whole(
    site: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, large: bool
) -> None:
    deliver(site, with_attachment())
    if large:
        monkeypatch.setattr(reading, "BATCH_OCTETS", 1000)
    paths = nettools.save_attachments(site.url, tmp_path, uid=5, **site.options)
    assert [path.name for path in paths] == ["grüße.bin", "a.log"]
    assert paths[0].read_bytes() == BLOB
    assert paths[1].read_bytes() == b"a=bc"
    assert nettools.save_attachments(site.url, tmp_path, uid=5, pattern="*.log", **site.options)[0].name != "a.log"


def kept(kind: str, path: Path) -> list[bytes]:
    if kind == "eml":
        return [each.read_bytes().replace(b"\r\n", b"\n") for each in sorted(path.glob("*.eml"))]
    box: Any = mailbox.Maildir(path) if kind == "maildir" else mailbox.mbox(path)
    try:
        return sorted(box.get_bytes(name) for name in list(box.iterkeys()))
    finally:
        box.close()


@pytest.mark.parametrize("kind", ["eml", "maildir", "mbox"])
def test_a_folder_is_kept_and_only_what_is_new_is_brought(
    site: Site, tmp_path: Path, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(keeping, "BATCH_OCTETS", 20_000)  # the large one goes through a file
    monkeypatch.setattr(fetching, "BATCH_OCTETS", 20_000)
    path = tmp_path / "kept"

    def save() -> list[bool]:
        with nettools.connect(site.url, **site.options) as mail:
            return [each.skipped for each in mail.save(open_store(kind, path, mail.url))]

    assert save() == [False] * 4
    deliver(site, with_attachment())
    assert save() == [True] * 4 + [False]
    assert save() == [True] * 5
    wanted = [RAW.format(n=n).encode() for n in range(4)] + [with_attachment()]
    assert sorted(kept(kind, path)) == sorted(each.replace(b"\r\n", b"\n") for each in wanted)


def test_a_conversation_goes_on_compressed(site: Site) -> None:
    raw = b"Subject: large\r\n\r\n" + b"0123456789abcdef\r\n" * 20_000
    with nettools.connect(site.url, **site.options) as mail:
        mail.compress()
        mail.compress()  # once is enough
        assert len(mail.list()) == 4
        uid = mail.append(raw)
        before = mail.meta.bytes_received
        assert mail.fetch(uid).raw == raw
        assert mail.meta.bytes_received - before < len(raw) / 10
        arriving = mail.watch()
        with again_and_again(lambda: deliver(site, RAW.format(n=7).encode())):
            assert next(arriving).subject == "Grüße 7"
        arriving.close()


def test_quotas_namespaces_and_names_are_told(site: Site) -> None:
    with nettools.connect(site.url, **site.options) as mail:
        personal, _, _ = mail.namespaces()
        assert personal == (("", "/"),)
        for resources in mail.quota().values():
            assert all(used <= limit for used, limit in resources.values())
        assert mail.identify(name="nettools tests")["name"]


def test_a_folder_that_was_open_already_is_seen_as_it_is_now(site: Site) -> None:
    with nettools.connect(site.at("INBOX"), **site.options) as mail:
        assert len(mail.list()) == 4
        deliver(site, RAW.format(n=5).encode())
        assert mail.fetch(5).info.subject == "Grüße 5"
        deliver(site, RAW.format(n=6).encode())
        assert mail.search("ALL") == ("1", "2", "3", "4", "5", "6")
        nettools.delete_mail(site.url, [1, 2], **site.options)
        assert [info.uid for info in mail.list(limit=3)] == ["6", "5", "4"]
        assert [info.uid for info in mail.list(limit=2, newest_first=False)] == ["3", "4"]


def test_numbers_name_messages_too(site: Site) -> None:
    with nettools.connect(site.url, **site.options) as mail:
        assert mail.fetch(number=2).info.uid == "2"
        assert [each.info.uid for each in mail.fetch_many(numbers=[4, 1])] == ["4", "1"]
        mail.flag(numbers=[3], add="\\Flagged")
        mail.delete(numbers=1)
        with pytest.raises(NotFoundError):
            mail.fetch(number=4)
    assert messages(site)[3] == {"\\Flagged"}


def test_the_url_says_what_part_and_what_to_look_for(site: Site) -> None:
    with nettools.connect(site.at("INBOX/;UID=2/;SECTION=TEXT/;PARTIAL=0.4"), **site.options) as mail:
        assert mail.fetch_part() == b"body"
        assert mail.fetch_part(section="HEADER.FIELDS (Message-ID)") == b"Message-ID: <1@x>\r\n\r\n"
        if site.server is not None:  # dovecot gives an empty string for a part that is not there
            with pytest.raises(NotFoundError):
                mail.fetch_part(section="9")
    found = nettools.list_mail(site.at("INBOX?SUBJECT%20%22Gr%C3%BC%C3%9Fe%203%22"), **site.options)
    assert [info.uid for info in found] == ["4"]


# --- what the fake can be made to do


@pytest.mark.parametrize("named", [range(1, 101), None])
def test_fetching_a_hundred_mails_takes_four_turns(plain: Site, named: range | None) -> None:
    fill(plain, 96)
    with nettools.connect(plain.at("INBOX"), **{**plain.options, "auth": PLAIN}) as mail:
        assert len(list(mail.fetch_many(named))) == 100
    verbs = [line.split()[1] for line in plain.server.log.commands()]
    assert verbs == ["AUTHENTICATE", "EXAMINE", "UID", "LOGOUT"]
    assert plain.server.log.round_trips() == 4  # the greeting; login and EXAMINE; messages; LOGOUT


def test_fetching_many_mails_asks_for_their_sizes_first(plain: Site) -> None:
    fill(plain, 200)
    options = {**plain.options, "auth": PLAIN}
    assert len(list(nettools.fetch_mails(plain.url, range(1, 205), **options))) == 204
    assert plain.server.log.round_trips() == 4  # the greeting; login and EXAMINE; sizes; messages and LOGOUT


@pytest.mark.parametrize("batch", [8 * 1024 * 1024, 70_000])
def test_few_mails_are_whole_whatever_their_sizes_and_in_the_order_asked_for(
    site: Site, monkeypatch: pytest.MonkeyPatch, batch: int
) -> None:
    sizes = (fetching.BEGINNING - 1, fetching.BEGINNING, fetching.BEGINNING + 1, 3 * fetching.BEGINNING)
    raws = [b"Subject: large\r\n\r\n".ljust(size - 2, b"x") + b"\r\n" for size in sizes]
    monkeypatch.setattr(fetching, "BATCH_OCTETS", batch)
    for raw in raws:
        deliver(site, raw)
    with nettools.connect(site.url, **site.options) as mail:
        found = {each.info.uid: each.raw for each in mail.fetch_many([8, 1, 7, 5, 2, 6])}
        assert [*found] == ["8", "1", "7", "5", "2", "6"]
        assert [found[uid] for uid in ("5", "6", "7", "8")] == raws
        assert found["1"] == RAW.format(n=0).encode()
        with pytest.raises(NotFoundError):
            next(mail.fetch_many([1, 99]))


def test_capabilities_are_asked_for_only_where_nobody_told_them(plain: Site) -> None:
    plain.server.on("AUTHENTICATE", arg="PLAIN").reply("OK in", times=1)
    with nettools.connect(plain.url, auth=PLAIN, tls="off") as mail:
        with pytest.raises(ReplyError):
            mail.list()  # the fake itself knows of no login: what matters is what was asked
        assert [line.split()[1] for line in plain.server.log.commands()] == ["AUTHENTICATE", "EXAMINE"]
        assert "MOVE" in mail.capabilities
    assert [line.split()[1] for line in plain.server.log.commands()][2:] == ["CAPABILITY", "LOGOUT"]


def test_a_command_behind_the_login_that_was_dropped_is_sent_again(
    plain: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("nettools.protocols.imap.folders.PATIENCE", 0.05)
    plain.server.on("EXAMINE").garbage(b"", times=1)
    options = {**plain.options, "auth": PLAIN}
    (info, *_) = nettools.list_mail(plain.url, **options)
    assert info.uid == "4"
    assert any("sent again" in warning for warning in info.meta.warnings)


def test_alerts_are_warnings(plain: Site) -> None:
    plain.server.on("NOOP").reply("OK [ALERT] Disk is nearly full")
    with nettools.connect(plain.url, **plain.options) as mail:
        mail.ping()
        assert mail.meta.warnings == ("the server says: Disk is nearly full",)


@pytest.mark.parametrize(
    ("greeting", "error", "text"),
    [
        (b"* BYE too many connections\r\n", DisconnectedError, "too many"),
        (b"* BYE [REFERRAL imap://other.example/] Try there\r\n", RedirectError, "imap://other.example/"),
        (b"* NO go away\r\n", ReplyError, "go away"),
        (b"220 smtp.example ESMTP\r\n", ProtocolError, "smtp.example"),
    ],
)
def test_an_unfriendly_greeting_is_told(plain: Site, greeting: bytes, error: type[Exception], text: str) -> None:
    plain.server.on_connect().garbage(greeting, close=True)
    with pytest.raises(error, match=text):
        nettools.list_mail(plain.url, **plain.options)


def test_a_referral_at_login_is_not_followed(plain: Site) -> None:
    plain.server.on("AUTHENTICATE").reply("NO [REFERRAL imap://alice@other.example/] Elsewhere")
    with pytest.raises(RedirectError) as caught:
        nettools.list_mail(plain.url, **{**plain.options, "auth": PLAIN})
    assert "other.example" in str(caught.value)


def test_preauth_needs_no_login_and_never_stands_in_for_tls(fake_site: Callable[..., Site]) -> None:
    site = fake_site("imap", "starttls")
    site.server.on_connect().garbage(b"* PREAUTH [CAPABILITY IMAP4rev1 STARTTLS] in\r\n", close=True)
    with pytest.raises(TLSError) as caught:
        nettools.list_mail(site.url, **site.options)
    assert caught.value.exit_code == 64
    assert site.server.log.client_bytes() == b""


def test_a_server_that_takes_only_utf8_gets_it(fake_site: Callable[..., Site]) -> None:
    site = fill(fake_site("imap", "plain", extra={"UTF8=ONLY"}))
    with nettools.connect(site.url, **site.options) as mail:
        mail.create_folder('Prüfung "1"')
        assert mail.append(b"Subject: x\n\nx\n", folder='Prüfung "1"') == "1"
        assert mail.search('SUBJECT "Grüße 1"') == ("2",)
        assert mail.move(1, 'Prüfung "1"') == ("2",)
        assert 'Prüfung "1"' in [folder.name for folder in mail.folders(pattern="Pr*")]
    assert b"CHARSET" not in site.server.log.client_bytes()


def test_a_flood_of_responses_is_bounded(plain: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    assert client._RESPONSES == 1_000_000
    monkeypatch.setattr(client, "_RESPONSES", 1000)
    plain.server.on("FETCH").garbage(b"* OK more\r\n" * 1001)
    with pytest.raises(TooLargeError, match="1000 responses"):
        nettools.list_mail(plain.url, **plain.options)
    plain.server.on("SEARCH").garbage((b"* SEARCH" + b" 1" * 400 + b"\r\n") * 3)
    with pytest.raises(TooLargeError, match="1000 responses"):
        nettools.search_mail(plain.url, "ALL", **plain.options)


def test_what_one_command_brings_is_bounded_whatever_it_is(plain: Site) -> None:
    plain.server.on("FETCH").garbage((b"* OK " + b"x" * 60_000 + b"\r\n") * 30)
    with pytest.raises(TooLargeError, match="max_size=100000"):
        nettools.list_mail(plain.url, max_size=100_000, **plain.options)


def test_a_literal_waits_until_the_server_asks_for_it(
    fake_site: Callable[..., Site], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("nettools.testing.imap.server.LITERAL_LIMIT", 10)
    site = fake_site("imap", "plain", without={"LITERAL+"})
    with pytest.raises(ReplyError, match="literal too large"):
        nettools.append_mail(site.url, b"Subject: eleven and more octets\r\n\r\n", **site.options)
    assert b"eleven" not in site.server.log.client_bytes()


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (b"* 1 FETCH (UID 1 BODY[] {100}\r\nshort", (nettools.IncompleteError, DisconnectedError)),
        (b"* 1 FETCH (UID 1 BODY[] NIL)\r\n", ProtocolError),
        (b"* 1 FETCH " + b"(" * 5000 + b"\r\n", ProtocolError),
        (b"* 1 FETCH (UID 0 BODY[] {1}\r\nx)\r\n", ProtocolError),
        (b"Z999 OK done\r\n", ProtocolError),
    ],
)
def test_nonsense_is_an_error_of_ours(plain: Site, answer: bytes, error: Any) -> None:
    plain.server.on("UID FETCH", arg="BODY").garbage(answer, close=True)
    with pytest.raises(error):
        nettools.fetch_mail(plain.url, 1, **plain.options)


def test_what_cannot_be_inflated_is_an_error_of_ours(plain: Site) -> None:
    with nettools.connect(plain.url, **plain.options) as mail:
        tag = mail.raw.tagpre.decode() + str(mail.raw.tagnum)
        plain.server.on("COMPRESS").garbage(f"{tag} OK\r\n".encode() + b"\xff" * 50)
        mail.compress()
        with pytest.raises(ProtocolError):
            mail.list()


def test_what_the_server_lacks_is_named(fake_site: Callable[..., Site]) -> None:
    site = fake_site("imap", "plain", without={"COMPRESS=DEFLATE", "QUOTA", "NAMESPACE", "ID"})
    with nettools.connect(site.url, **site.options) as mail:
        for call, name in ((mail.compress, "COMPRESS"), (mail.quota, "QUOTA"), (mail.namespaces, "NAMESPACE")):
            with pytest.raises(UnsupportedError, match=name):
                call()


@pytest.mark.parametrize("line", ["", "SELECT {5}", "UID SEARCH TEXT {3+}", "IDLE", "LOGOUT"])
def test_command_takes_what_is_whole_and_harmless(plain: Site, line: str) -> None:
    with nettools.connect(plain.url, **plain.options) as mail:
        with pytest.raises(UsageError):
            mail.command(line)
        assert mail.command("CAPABILITY").lines[0].startswith(b"CAPABILITY IMAP4rev1")


def test_messages_over_the_servers_limit_or_quota_are_refused(fake_site: Callable[..., Site]) -> None:
    site = fake_site("imap", "plain", extra={"APPENDLIMIT=100"})
    with pytest.raises(TooLargeError, match="takes 100"):
        nettools.append_mail(site.url, b"Subject: x\n\n" + b"y" * 200, **site.options)
    site.server.world.mail["alice"].quota = 0
    with pytest.raises(ReplyError, match="OVERQUOTA"):
        nettools.append_mail(site.url, b"Subject: x\n\ny", **site.options)


NOWHERE = "imap://127.0.0.1:1/"


@pytest.mark.parametrize(
    "call",
    [
        lambda: nettools.list_mail(NOWHERE, limit=-1),
        lambda: nettools.list_mail(NOWHERE, folder="a\r\nb"),
        lambda: nettools.list_mail(NOWHERE, query='SUBJECT "a\nb"'),
        lambda: nettools.search_mail(NOWHERE, ""),
        lambda: nettools.search_mail(NOWHERE, "TEXT {5}"),
        lambda: nettools.fetch_mail(NOWHERE),
        lambda: nettools.fetch_mail(NOWHERE, [1, 2]),  # type: ignore[arg-type]
        lambda: nettools.fetch_mail(NOWHERE, 1, number=1),
        lambda: nettools.fetch_mail(NOWHERE, -1),
        lambda: list(nettools.fetch_mails(NOWHERE, object())),  # type: ignore[arg-type]
        lambda: nettools.list_folders(NOWHERE, pattern="a\0"),
        lambda: nettools.create_folder(NOWHERE, ""),
        lambda: nettools.append_mail(NOWHERE, b"Subject: x\n\n", flags="a)b"),
        lambda: nettools.append_mail(NOWHERE, b"Subject: x\n\n", date="today"),  # type: ignore[arg-type]
        lambda: nettools.move_mail(NOWHERE, 1),
        lambda: nettools.copy_mail(NOWHERE, [1], to_folder="x\n"),
        lambda: nettools.flag_mail(NOWHERE, 1),
        lambda: nettools.flag_mail(NOWHERE, add="\\Seen"),
        lambda: nettools.delete_mail(NOWHERE),
        lambda: list(nettools.watch_mail(NOWHERE, query="")),
        lambda: nettools.list_mail(NOWHERE + "INBOX/;UID=1/;PARTIAL=a"),
    ],
)
def test_arguments_that_make_no_sense_are_told_before_anything_is_connected(call: Callable[[], Any]) -> None:
    with pytest.raises(UsageError) as caught:
        call()
    assert caught.value.protocol == "imap"


def test_the_servers_last_words_are_told_although_ours_were_said(plain: Site) -> None:
    plain.server.on("FETCH").garbage(b"* BYE disk is on fire\r\n", close=True)
    with pytest.raises(DisconnectedError, match="on fire"):
        nettools.list_mail(plain.url, **plain.options)


# --- the login


def test_a_password_beyond_ascii_goes_as_a_literal(fake_site: Callable[..., Site]) -> None:
    site = fake_site("imap", "plain", without={"LITERAL+"})
    site.server.world.add_user("bob", "geheim-ß")
    auth = Auth("bob", "geheim-ß", mechanism="native")
    assert nettools.list_mail(site.url, auth=auth, tls="off") == ()
    with pytest.raises(nettools.AuthError):
        nettools.list_mail(site.url, auth=Auth("bob", "falsch-ß", mechanism="native"), tls="off")
    assert b"{9}" in site.server.log.client_bytes()


def test_a_mechanism_that_is_of_no_use_makes_way_for_the_next(plain: Site) -> None:
    plain.server.on("AUTHENTICATE", arg="PLAIN").reply("BAD not today")
    auth = Auth("alice", "secret", mechanism=("PLAIN", "native"))
    assert len(nettools.list_mail(plain.url, auth=auth, tls="off")) == 4


@pytest.mark.parametrize(
    ("answer", "error", "retryable"),
    [
        ("NO [UNAVAILABLE] database is down", ReplyError, True),
        ("NO [PRIVACYREQUIRED] use TLS", nettools.DeniedError, False),
        ("NO [AUTHENTICATIONFAILED] wrong", nettools.AuthError, False),
        ("NO [EXPIRED] old password", nettools.AuthError, False),
    ],
)
def test_why_a_login_failed_is_told(plain: Site, answer: str, error: type[ReplyError], retryable: bool) -> None:
    plain.server.on("AUTHENTICATE").reply(answer)
    with pytest.raises(error) as caught:
        nettools.list_mail(plain.url, auth=PLAIN, tls="off")
    assert caught.value.retryable is retryable


def test_a_goodbye_in_the_middle_of_a_login_is_told(plain: Site) -> None:
    plain.server.on("AUTHENTICATE").garbage(b"* BYE [UNAVAILABLE] restarting\r\n", close=True)
    with pytest.raises(DisconnectedError, match="restarting"):
        nettools.list_mail(plain.url, auth=PLAIN, tls="off")


def test_what_imaplib_raises_is_an_error_of_ours(plain: Site) -> None:
    import imaplib

    from nettools.protocols.imap.errors import classify

    assert isinstance(classify(imaplib.IMAP4.abort("gone")), DisconnectedError)
    assert isinstance(classify(imaplib.IMAP4.error("NO")), ReplyError)
    assert classify(KeyError("x")) is None


# --- watching


@pytest.fixture
def restarting() -> Iterator[tuple[IMAPServer, Callable[[], IMAPServer]]]:
    first = IMAPServer()
    first.start()
    running = [first]

    def restart() -> IMAPServer:
        running[0].stop()
        running[0] = IMAPServer(first.world, port=first.port).start()
        return running[0]

    yield first, restart
    running[0].stop()


def test_a_watch_survives_a_restart_and_misses_nothing(
    restarting: tuple[IMAPServer, Callable[[], IMAPServer]],
) -> None:
    server, restart = restarting

    def arrive(n: int) -> None:
        server.world.deliver("alice@x.org", RAW.format(n=n).encode())

    def interrupt() -> None:
        restart()
        arrive(3)

    at_first, at_third = once_sent(b"IDLE", lambda: arrive(1)), once_sent(b"IDLE", interrupt, times=3)
    told = [at_first, at_third]
    arriving = nettools.watch_mail(
        server.url, auth=PLAIN, tls="off", timeout=20, on_event=lambda event: [each(event) for each in told]
    )
    arrive(0)
    assert next(arriving).uid == "2"
    arrive(2)
    assert next(arriving).uid == "3"
    last = next(arriving)
    assert last.uid == "4"
    assert any("went on over another" in warning for warning in last.meta.warnings)


def test_a_watch_ends_when_the_uids_mean_other_messages(
    restarting: tuple[IMAPServer, Callable[[], IMAPServer]],
) -> None:
    server, restart = restarting

    def interrupt() -> None:
        server.world.inbox("alice").uidvalidity = 99
        restart()

    told = once_sent(b"IDLE", interrupt)
    with pytest.raises(StaleError):
        next(nettools.watch_mail(server.url, auth=PLAIN, tls="off", timeout=20, on_event=told))


def test_a_watch_gives_up_where_nothing_answers(plain: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(watching, "PAUSES", (0.0, 0.01))
    plain.server.on("IDLE").drop()
    plain.server.on_connect().drop(after=1)
    with pytest.raises(DisconnectedError):
        next(nettools.watch_mail(plain.url, **plain.options))


@pytest.mark.parametrize("without", [set(), {"IDLE"}])
def test_idle_is_issued_anew_and_polling_stands_in(
    fake_site: Callable[..., Site], monkeypatch: pytest.MonkeyPatch, without: set[str]
) -> None:
    monkeypatch.setattr(watching, "REISSUE", 0.01)
    monkeypatch.setattr(watching, "POLL", 0.01)
    site = fill(fake_site("imap", "plain", without=without))

    def arrive() -> None:
        for n in (5, 6):
            deliver(site, RAW.format(n=n).encode())

    third = once_sent(b"NOOP" if without else b"IDLE", arrive, times=3)
    arriving = nettools.watch_mail(site.url, query='SUBJECT "Grüße 6"', on_event=third, **site.options)
    assert next(arriving).uid == "6"
    assert site.server.log.client_bytes().count(b"NOOP" if without else b"DONE") >= 3


def test_asking_again_stands_in_where_idle_is_refused(plain: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(watching, "POLL", 0.01)
    plain.server.on("IDLE").reply("NO not today")
    delivery = once_sent(b"IDLE", lambda: deliver(plain, RAW.format(n=5).encode()))
    arriving = nettools.watch_mail(plain.url, on_event=delivery, **plain.options)
    assert next(arriving).uid == "5"
    arriving.close()


def test_an_expunge_while_idling_is_counted(plain: Site) -> None:
    def change() -> None:
        plain.server.world.inbox("alice").remove([1, 2])
        deliver(plain, RAW.format(n=5).encode())

    arriving = nettools.watch_mail(plain.url, on_event=once_sent(b"IDLE", change), **plain.options)
    assert next(arriving).uid == "5"


def test_the_farewell_goes_with_the_last_command_only_where_nothing_follows(plain: Site) -> None:
    with nettools.connect(plain.url, **{**plain.options, "auth": PLAIN}) as mail:
        mail.list()
        mail.list()
    assert [line.split()[1] for line in plain.server.log.commands()].count("LOGOUT") == 1


def test_what_was_announced_is_told_with_its_values(plain: Site) -> None:
    with nettools.connect(plain.url, **plain.options) as mail:
        assert "IDLE" in mail.capabilities
        assert mail.capability("thread") == "ORDEREDSUBJECT REFERENCES"
        assert (mail.capability("MOVE"), mail.capability("X-NONE")) == ("", None)


def test_an_own_command_that_leaves_the_folder_has_it_opened_anew(plain: Site) -> None:
    with nettools.connect(plain.url, **plain.options) as mail:
        assert len(mail.list()) == 4
        mail.command("CLOSE")
        assert len(mail.list()) == 4
    assert plain.server.log.client_bytes().count(b" EXAMINE ") == 2


@pytest.mark.parametrize("verb", ["ENABLE", "CAPABILITY"])
def test_a_server_that_refuses_what_it_announced_is_an_error(fake_site: Callable[..., Site], verb: str) -> None:
    site = fake_site("imap", "plain", extra={"UTF8=ONLY"})
    site.server.on(verb).reply("NO not today")
    with pytest.raises(ReplyError, match=verb), nettools.connect(site.url, **site.options) as mail:
        mail.command("CAPABILITY")


def test_a_watch_is_ended_by_a_close_from_another_thread(plain: Site) -> None:
    closing: list[threading.Thread] = []

    def close() -> None:
        closing.append(threading.Thread(target=mail.close))
        closing[0].start()

    options = {**plain.options, "timeout": nettools.Timeout(idle=None)}
    mail = nettools.connect(plain.url, on_event=once_sent(b"IDLE", close), **options)
    with pytest.raises(DisconnectedError, match="closed meanwhile"):
        next(mail.watch())  # type: ignore[attr-defined]
    closing[0].join()
