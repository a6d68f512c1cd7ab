"""SMTP over the fake, in clear and under TLS, over aiosmtpd, and over postfix."""

from __future__ import annotations

import email.policy
from collections.abc import Callable, Iterator
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult

import nettools
from nettools import (
    Auth,
    AuthError,
    ClearTextError,
    DeniedError,
    DisconnectedError,
    RecipientsError,
    ReplyError,
    TLSError,
    TooLargeError,
    UnsupportedError,
    UsageError,
)

Site = Any

KINDS = [
    "plain",
    "starttls",
    "implicit",
    "aiosmtpd",
    "one by one",
    *(pytest.param(f"postfix {kind}", marks=pytest.mark.daemon) for kind in ("plain", "starttls", "implicit")),
]


class Inbox:
    """aiosmtpd's handler: keeps what arrives."""

    def __init__(self) -> None:
        self.raw: list[bytes] = []

    async def handle_RCPT(self, server: Any, session: Any, envelope: Any, address: str, options: Any) -> str:
        if address.startswith("nobody@"):
            return "550 5.1.1 No such user"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:
        self.raw.append(envelope.content)
        return "250 OK"


@pytest.fixture(params=KINDS)
def site(request: pytest.FixtureRequest, fake_site: Callable[..., Site], make_site: Any) -> Iterator[Site]:
    name, _, kind = request.param.partition(" ") if request.param.startswith("postfix") else ("", "", request.param)
    if kind == "one by one":
        yield fake_site("smtp", "starttls", without={"PIPELINING", "CHUNKING"})
        return
    if name:
        yield request.getfixturevalue("daemon_site")(name, "smtp", kind)
        return
    if kind != "aiosmtpd":
        yield fake_site("smtp", kind)
        return
    inbox = Inbox()

    def check(server: Any, session: Any, envelope: Any, mechanism: str, data: Any) -> AuthResult:
        return AuthResult(success=data.password == b"secret", handled=False)

    controller = Controller(
        inbox, hostname="127.0.0.1", port=free_port(), authenticator=check, auth_require_tls=False, enable_SMTPUTF8=True
    )
    controller.start()
    url = f"smtp://127.0.0.1:{controller.port}"
    options = {"auth": Auth("alice", "secret", mechanism="PLAIN"), "tls": "off", "timeout": 20}
    yield make_site(url, options, None, "aiosmtpd")
    controller.stop()


def free_port() -> int:
    import socket

    with socket.socket() as sock:  # aiosmtpd cannot be told port 0
        sock.bind(("127.0.0.1", 0))
        port: int = sock.getsockname()[1]
        return port


def test_a_mail_arrives_as_it_was_meant(site: Site) -> None:
    report = nettools.send_mail(
        site.url,
        sender="Bob <bob@example.org>",
        to=["alice@example.org"],
        bcc="alice@hidden.example",
        subject="Grüße",
        text="Hello\n.\n.dots\n",
        html="<p>Hello",
        attachments=[("naïve.bin", bytes(range(256)))],
        **site.options,
    )
    assert report.accepted == ("alice@example.org", "alice@hidden.example")
    assert report.refused == {}
    assert report.reply is not None
    assert report.reply.code == 250
    if site.server is None:
        return
    mail = nettools.parse_mail(site.server.world.inbox("alice")[0].raw)
    assert mail.info.subject == "Grüße"
    assert mail.info.message_id == report.message_id
    assert mail.text == "Hello\n.\n.dots\n"
    assert mail.attachments[0].name == "naïve.bin"
    assert mail.attachments[0].data == bytes(range(256))
    assert "bcc" not in mail.headers
    assert b"hidden" not in mail.raw
    assert mail.defects == ()


def test_what_one_recipient_is_refused_the_others_get(site: Site) -> None:
    report = nettools.send_mail(
        site.url, sender="b@example.org", to=["nobody@example.org", "alice@example.org"], text="x", **site.options
    )
    assert report.accepted == ("alice@example.org",)
    assert isinstance(report.refused["nobody@example.org"], DeniedError)


def test_all_or_nobody_sends_to_nobody(site: Site) -> None:
    with pytest.raises(RecipientsError) as caught:
        nettools.send_mail(
            site.url,
            sender="b@example.org",
            to=["alice@example.org", "nobody@example.org"],
            text="x",
            partial=False,
            **site.options,
        )
    assert list(caught.value.refused) == ["nobody@example.org"]
    if site.server is not None:
        assert not site.server.world.inbox("alice").messages


def test_nobody_left_is_an_error_and_the_connection_goes_on(site: Site) -> None:
    with nettools.connect(site.url, **site.options) as session:
        with pytest.raises(RecipientsError) as caught:
            session.send(sender="b@example.org", to="nobody@example.org", text="x")
        assert caught.value.exit_code == 9
        assert session.send(sender="b@example.org", to="alice@example.org", text="y").accepted
    if site.server is not None:
        assert len(site.server.world.inbox("alice").messages) == 1


def test_a_wrong_password_is_refused_before_anything_is_sent(site: Site) -> None:
    options = {**site.options, "auth": Auth("alice", "wrong-word", mechanism="PLAIN")}
    with pytest.raises(AuthError) as caught:
        nettools.send_mail(site.url, sender="b@example.org", to="alice@example.org", text="x", **options)
    assert caught.value.exit_code == 67
    assert "wrong-word" not in str(caught.value) + repr(caught.value) + repr(caught.value.__dict__)


def test_many_mails_go_over_one_connection_and_one_refused_does_not_stop_the_rest(site: Site) -> None:
    messages = [{"sender": "b@x.org", "to": f"{name}@x.org", "text": name} for name in ("alice", "nobody", "alice")]
    reports = nettools.send_mails(site.url, messages, **site.options)
    assert [len(each.accepted) for each in reports] == [1, 0, 1]
    assert list(reports[1].refused) == ["nobody@x.org"]
    if site.server is not None:
        assert site.server.log.connections == 1


def test_check_sends_no_mail(site: Site) -> None:
    with nettools.connect(site.url, **site.options) as session:
        capabilities = session.check()
        assert "8BITMIME" in capabilities
        assert session.capability("SIZE")
        assert session.command("NOOP").code == 250


# --- the fake alone: what is written, and what goes wrong


@pytest.fixture
def plain(fake_site: Callable[..., Site]) -> Site:
    return fake_site("smtp", "plain")


def test_one_mail_to_three_recipients_takes_five_round_trips(plain: Site) -> None:
    nettools.send_mail(
        plain.url, sender="b@x.org", to=["alice@a.org", "alice@b.org", "alice@c.org"], text="x", tls="off"
    )
    log = plain.server.log
    assert log.round_trips() == 5
    commands = log.commands()
    assert commands[1].startswith("MAIL FROM:<b@x.org> SIZE=")
    assert commands[2:6] == ["RCPT TO:<alice@a.org>", "RCPT TO:<alice@b.org>", "RCPT TO:<alice@c.org>", "DATA"]
    assert commands[-2:] == [".", "QUIT"]


def test_without_pipelining_each_command_waits_and_the_outcome_is_the_same(fake_site: Callable[..., Site]) -> None:
    site = fake_site("smtp", "plain", without={"PIPELINING"})
    report = nettools.send_mail(site.url, sender="b@x.org", to=["alice@a.org", "nobody@a.org"], text="x", tls="off")
    assert report.accepted == ("alice@a.org",)
    assert list(report.refused) == ["nobody@a.org"]
    assert not any(record.note == "ahead" for record in site.server.log.records)


def test_the_whole_conversation_is_as_written(plain: Site) -> None:
    message = b"From: b@x.org\nTo: alice@x.org\nBcc: alice@y.org\nSubject: s\n\n.hidden\nend"
    nettools.send_mail(plain.url, message=message, ehlo="client.example", tls="off")
    assert plain.server.log.client_bytes() == (
        b"EHLO client.example\r\n"
        b"MAIL FROM:<b@x.org> SIZE=58\r\nRCPT TO:<alice@x.org>\r\nRCPT TO:<alice@y.org>\r\nDATA\r\n"
        b"From: b@x.org\r\nTo: alice@x.org\r\nSubject: s\r\n\r\n..hidden\r\nend\r\n.\r\nQUIT\r\n"
    )


def test_a_ready_message_is_sent_with_its_own_envelope(plain: Site) -> None:
    message = EmailMessage(policy=email.policy.SMTP)
    message["From"], message["To"], message["Subject"] = "b@x.org", "Alice <alice@x.org>", "Üb"
    message["Resent-From"], message["Resent-To"] = "c@x.org", "alice@z.org"
    message.set_content("text")
    nettools.send_mail(plain.url, message=message, tls="off")
    envelope = plain.server.envelopes[0]
    assert (envelope.sender, envelope.recipients) == ("c@x.org", ("alice@z.org",))


def test_an_attachment_on_the_disk_is_streamed(plain: Site, tmp_path: Path) -> None:
    path = tmp_path / "big.bin"
    path.write_bytes(bytes(range(256)) * 4000)
    nettools.send_mail(plain.url, sender="b@x.org", to="alice@x.org", text="x", attachments=[path], tls="off")
    mail = nettools.parse_mail(plain.server.world.inbox("alice")[0].raw)
    assert mail.attachments[0].data == path.read_bytes()


def test_a_message_that_the_server_takes_not_is_not_begun(fake_site: Callable[..., Site]) -> None:
    site = fake_site("smtp", "plain", size=1000)
    with pytest.raises(TooLargeError):
        nettools.send_mail(site.url, sender="b@x.org", to="alice@x.org", text="x" * 2000, tls="off")
    assert not any(line.startswith("MAIL") for line in site.server.log.commands())


def test_a_refusal_of_the_message_itself_is_exit_code_55(plain: Site) -> None:
    plain.server.on(".").reply("554 5.7.1 smells of spam")
    with pytest.raises(ReplyError) as caught:
        nettools.send_mail(plain.url, sender="b@x.org", to="alice@x.org", text="x", tls="off")
    assert (caught.value.code, caught.value.exit_code) == (554, 55)


def test_a_lost_answer_to_the_final_dot_is_an_unknown_outcome_and_never_sent_again(plain: Site) -> None:
    rule = plain.server.on(".").drop()
    with pytest.raises(DisconnectedError) as caught:
        nettools.send_mail(plain.url, sender="b@x.org", to="alice@x.org", text="x", tls="off", retry=5)
    assert caught.value.outcome_unknown
    assert rule.hits == 1
    assert plain.server.log.connections == 1


def test_a_temporary_refusal_is_tried_again_when_attempts_are_left(plain: Site) -> None:
    plain.server.on("RCPT").reply("451 4.3.0 later", times=1)
    retry = nettools.Retry(attempts=2, backoff=0)
    report = nettools.send_mail(plain.url, sender="b@x.org", to="alice@x.org", text="x", tls="off", retry=retry)
    assert report.meta.attempts == 2
    assert len(plain.server.world.inbox("alice").messages) == 1


def test_a_kept_connection_that_died_is_made_anew_once(plain: Site) -> None:
    with nettools.connect(plain.url, tls="off") as session:
        plain.server.on("MAIL").drop(times=1)
        report = session.send(sender="b@x.org", to="alice@x.org", text="x")
    assert report.accepted
    assert any("dead" in warning for warning in report.meta.warnings)
    assert plain.server.log.connections == 2


def test_starttls_that_is_required_and_not_offered_sends_nothing_more(fake_site: Callable[..., Site]) -> None:
    site = fake_site("smtp", "starttls", without={"STARTTLS"})
    with pytest.raises(TLSError) as caught:
        nettools.send_mail(site.url, sender="b@x.org", to="alice@x.org", text="x", **site.options)
    assert caught.value.exit_code == 64
    assert [line.split()[0] for line in site.server.log.commands()] == ["EHLO"]


def test_a_password_does_not_go_in_clear_beyond_this_machine(fake_site: Callable[..., Site]) -> None:
    challenges = {"CRAM-MD5", "SCRAM-SHA-1", "SCRAM-SHA-256"}
    site = fake_site("smtp", "plain", without={"STARTTLS", *challenges})
    with pytest.raises(ClearTextError) as caught:
        nettools.send_mail(
            f"smtp://mail.example:{site.server.port}",
            sender="b@x.org",
            to="alice@x.org",
            text="x",
            auth=("alice", "secret"),
            resolve={("mail.example", site.server.port): ["127.0.0.1"]},
        )
    assert caught.value.exit_code == 64
    assert [line.split()[0] for line in site.server.log.commands()] == ["EHLO"]


def test_an_address_beyond_ascii_needs_smtputf8(fake_site: Callable[..., Site]) -> None:
    site = fake_site("smtp", "plain", without={"SMTPUTF8"})
    with pytest.raises(UnsupportedError, match="SMTPUTF8"):
        nettools.send_mail(site.url, sender="b@x.org", to="älice@x.org", text="x", tls="off")


@pytest.mark.parametrize(
    "keywords",
    [
        {"to": "a@b.c\r\nDATA"},
        {"to": "a@b@c.d"},
        {"to": "a@"},
        {"to": ()},
        {"sender": "x y@z"},
        {"subject": "a\nBcc: x@y.z"},
        {"headers": {"X: y": "z"}},
        {"headers": {"X": "z\r\n\r\nbody"}},
        {"attachments": [("a\nb", b"")]},
        {"message": b"From: a@b.c\n\n", "text": "both"},
    ],
)
def test_what_makes_no_sense_is_refused_before_a_mail_is_begun(plain: Site, keywords: dict[str, Any]) -> None:
    given = {"sender": "b@x.org", "to": "alice@x.org", **keywords}
    with pytest.raises(UsageError):
        nettools.send_mail(plain.url, tls="off", **given)
    assert not any(line.startswith("MAIL") for line in plain.server.log.commands())


@pytest.mark.parametrize("mechanism", ["PLAIN", "LOGIN", "CRAM-MD5", "SCRAM-SHA-1", "SCRAM-SHA-256"])
def test_every_mechanism_logs_in_and_shows_nothing_in_the_trace(plain: Site, mechanism: str) -> None:
    events: list[nettools.Event] = []
    auth = Auth("alice", "secret", mechanism=mechanism)
    with nettools.connect(plain.url, auth=auth, tls="off", on_event=events.append):
        pass
    text = "".join(event.text for event in events)
    assert f"AUTH {mechanism}" in text
    assert "secret" not in text
    assert "c2VjcmV0" not in text


def test_the_strongest_mechanism_is_taken(plain: Site) -> None:
    with nettools.connect(plain.url, auth=("alice", "secret"), tls="off"):
        pass
    assert any(line.startswith("AUTH SCRAM-SHA-256") for line in plain.server.log.commands())
