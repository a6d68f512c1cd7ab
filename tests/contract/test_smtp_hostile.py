"""Servers that say what they should not: each is an error of ours, in time, with nothing sent that must not be."""

from __future__ import annotations

import smtplib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import nettools
from nettools import (
    Auth,
    AuthError,
    ClearTextError,
    DeadlineError,
    DisconnectedError,
    FileError,
    NettoolsError,
    ProtocolError,
    RecipientsError,
    ReplyError,
    ReplyTooLongError,
    Timeout,
    TLSError,
    TooLargeError,
    UnsupportedError,
    UsageError,
)
from nettools.protocols.smtp import classify
from nettools.testing.smtp import SMTPServer

MAIL: dict[str, Any] = {"sender": "b@x.org", "to": "alice@x.org", "text": "x", "timeout": 10}


@pytest.fixture
def server(net_servers: Callable[..., SMTPServer]) -> SMTPServer:
    return net_servers("smtp", tls=False)


def verbs(server: SMTPServer) -> list[str]:
    return [line.split(" ")[0] for line in server.log.commands()]


# --- opening


@pytest.mark.parametrize(
    ("greeting", "error", "text"),
    [
        (b"554 5.3.2 no service\r\n", ReplyError, "554"),
        (b"421 4.3.2 later\r\n", ReplyError, "421"),
        (b"HTTP/1.1 400 Bad Request\r\n\r\n", ProtocolError, "no SMTP reply"),
        (b"220", DisconnectedError, "middle of a line"),
        (b"", DisconnectedError, "closed"),
        (b"220-one\r\n221 two\r\n", ProtocolError, "different codes"),
        (b"220-" + b"x" * 70_000 + b"\r\n220 x\r\n", ReplyTooLongError, "65536"),
        (b"220-\r\n" * 30_000, ReplyTooLongError, "1048576"),
        (b"\xff\xfe\x00\r\n", ProtocolError, "no SMTP reply"),
    ],
)
def test_a_greeting_that_is_none(server: SMTPServer, greeting: bytes, error: type[NettoolsError], text: str) -> None:
    server.on_connect().garbage(greeting, close=True)
    with pytest.raises(error, match=text) as caught:
        nettools.send_mail(server.url, **MAIL)
    assert caught.value.stage == "greeting"
    assert verbs(server) == []


def test_a_silent_server_is_left_in_time_and_the_hint_names_tls(server: SMTPServer) -> None:
    server.on_connect().hang()
    with pytest.raises(DeadlineError) as caught:
        nettools.send_mail(server.url, **{**MAIL, "timeout": Timeout(connect=0.2)})
    assert "smtps://" in str(caught.value.hint)


def test_a_server_that_knows_no_ehlo_is_greeted_with_helo(server: SMTPServer) -> None:
    server.on("EHLO").reply("502 5.5.1 what?")
    with nettools.connect(server.url) as session:
        assert session.send(sender="b@x.org", to="alice@x.org", text="x").accepted
        assert session.capabilities == frozenset()
    assert verbs(server)[:3] == ["EHLO", "HELO", "MAIL"]


@pytest.mark.parametrize(("ehlo", "helo"), [("502 no", "502 no"), ("421 4.3.2 bye", "")])
def test_a_server_that_will_not_be_greeted(server: SMTPServer, ehlo: str, helo: str) -> None:
    server.on("EHLO").reply(ehlo)
    if helo:
        server.on("HELO").reply(helo)
    with pytest.raises(ReplyError):
        nettools.send_mail(server.url, **MAIL)


@pytest.mark.parametrize("ehlo", ["a b", "a\r\nMAIL", "", "ü"])
def test_a_name_that_is_none_is_refused_before_connecting(server: SMTPServer, ehlo: str) -> None:
    with pytest.raises(UsageError):
        nettools.send_mail(server.url, ehlo=ehlo, **MAIL)
    assert server.log.connections == 0


# --- TLS


def test_starttls_that_is_offered_and_refused(net_servers: Callable[..., SMTPServer]) -> None:
    server = net_servers("smtp", tls=True)
    server.on("STARTTLS").reply("454 4.7.0 TLS not available")
    with pytest.raises(TLSError) as caught:
        nettools.send_mail(server.url, auth=("alice", "secret"), **MAIL)
    assert caught.value.exit_code == 64
    assert verbs(server) == ["EHLO", "STARTTLS"]


def test_replies_in_clear_behind_starttls_are_an_attack(net_servers: Callable[..., SMTPServer]) -> None:
    server = net_servers("smtp", tls=True)
    server.on("STARTTLS").garbage(b"220 go\r\n250-mail.example\r\n250 AUTH PLAIN\r\n")
    with pytest.raises(ProtocolError, match="plain text behind"):
        nettools.send_mail(server.url, auth=("alice", "secret"), **MAIL)
    assert verbs(server) == ["EHLO", "STARTTLS"]


# --- login


def test_a_server_that_wants_a_login_says_so(net_servers: Callable[..., SMTPServer]) -> None:
    server = net_servers("smtp", tls=False, require_auth=True)
    with pytest.raises(AuthError) as caught:
        nettools.send_mail(server.url, **MAIL)
    assert "auth=" in str(caught.value.hint)
    server.on("MAIL").reply("530 5.7.0 Must issue a STARTTLS command first")
    with pytest.raises(AuthError) as caught:
        nettools.send_mail(server.url, **MAIL)
    assert "starttls" in str(caught.value.hint)


def test_a_login_that_is_put_off_is_no_refused_password(server: SMTPServer) -> None:
    server.on("AUTH").reply("454 4.7.0 later", times=1)
    with pytest.raises(ReplyError) as caught:
        nettools.connect(server.url, auth=("alice", "secret"))
    assert not isinstance(caught.value, AuthError)
    assert caught.value.temporary


@pytest.mark.parametrize("code", [504, 534, 538])
def test_a_mechanism_that_is_refused_as_such_is_followed_by_the_next_challenge(server: SMTPServer, code: int) -> None:
    server.on("AUTH", arg="SCRAM").reply(f"{code} 5.5.4 not that")
    nettools.connect(server.url, auth=("alice", "secret")).close()
    assert [line.split(" ")[1] for line in server.log.commands() if line.startswith("AUTH")] == [
        "SCRAM-SHA-256",
        "SCRAM-SHA-1",
        "CRAM-MD5",
    ]


@pytest.mark.parametrize("challenge", ["334 %%%", "334", "334 " + "A" * 60_000])
def test_nonsense_in_every_challenge_never_leads_to_a_password_in_clear(server: SMTPServer, challenge: str) -> None:
    server.on("AUTH", arg="SCRAM|CRAM").reply(challenge)
    server.on("*", arg="^$").reply("501 5.7.0 cancelled").optional = True
    with pytest.raises(NettoolsError):
        nettools.connect(server.url, auth=("alice", "secret"), timeout=10)
    assert not any(line.startswith(("AUTH PLAIN", "AUTH LOGIN")) for line in server.log.commands())


def test_a_password_stays_here_where_the_challenges_are_gone(net_servers: Callable[..., SMTPServer]) -> None:
    server = net_servers("smtp", tls=False, without={"CRAM-MD5", "SCRAM-SHA-1", "SCRAM-SHA-256"})
    there = {("mail.example", server.port): ["127.0.0.1"]}
    with pytest.raises(ClearTextError):
        nettools.connect(f"smtp://mail.example:{server.port}", auth=("alice", "secret"), resolve=there)
    assert verbs(server) == ["EHLO"]


def test_a_long_token_waits_to_be_asked_for(server: SMTPServer) -> None:
    server.world.tokens["alice"] = token = "t" * 800
    nettools.connect(server.url, auth=Auth("alice", token=token, mechanism="XOAUTH2")).close()
    assert server.log.commands()[1] == "AUTH XOAUTH2"


def test_a_token_may_be_called_for_and_does_not_show(server: SMTPServer) -> None:
    server.world.tokens["alice"] = "T0KEN-T0KEN"
    events: list[Any] = []
    nettools.connect(server.url, auth=Auth("alice", token=lambda: "T0KEN-T0KEN"), on_event=events.append).close()
    assert "OAUTHBEARER" in str(events)
    assert "T0KEN" not in str(events)


# --- sending


@pytest.mark.parametrize(
    ("verb", "reply", "error", "code"),
    [
        ("MAIL", "550 5.7.1 not you", nettools.DeniedError, 9),
        ("MAIL", "451 4.3.0 later", ReplyError, 8),
        ("MAIL", "552 5.3.4 Message size exceeds limit", TooLargeError, 63),
        ("RCPT", "550 5.1.1 nobody", RecipientsError, 9),
        ("RCPT", "452 4.2.2 full", RecipientsError, 9),
        ("RCPT", "530 5.7.0 log in", RecipientsError, 9),
        ("DATA", "554 5.5.1 no", ReplyError, 55),
        (".", "552 5.3.4 too large", ReplyError, 55),
        (".", "451 4.3.0 later", ReplyError, 55),
    ],
)
def test_a_refusal_at_each_step(
    server: SMTPServer, verb: str, reply: str, error: type[NettoolsError], code: int
) -> None:
    server.on(verb).reply(reply)
    with pytest.raises(error) as caught:
        nettools.send_mail(server.url, **MAIL)
    assert caught.value.exit_code == code
    assert str(reply[:3]) in str(caught.value)
    assert not server.envelopes


@pytest.mark.parametrize("verb", ["MAIL", "RCPT", "DATA", "."])
def test_silence_at_each_step_ends_in_time_and_only_the_last_is_in_doubt(server: SMTPServer, verb: str) -> None:
    server.on(verb).hang()
    with pytest.raises(DeadlineError) as caught:
        nettools.send_mail(server.url, **{**MAIL, "timeout": Timeout(idle=0.2)}, retry=3 if verb == "." else 1)
    assert caught.value.outcome_unknown == (verb == ".")
    assert server.log.connections == 1


@pytest.mark.parametrize("reply", [b"nonsense\r\n", b"25\r\n", b"2500 x\r\n", b"250+x\r\n", b"\r\n", b"999 x\r\n"])
def test_nonsense_after_the_data_is_no_success(server: SMTPServer, reply: bytes) -> None:
    server.on(".").garbage(reply, close=True)
    with pytest.raises((ProtocolError, ReplyError)):
        nettools.send_mail(server.url, **MAIL)


@pytest.mark.parametrize(
    "given",
    [
        {"mail_options": ["RET=HDRS SIZE=1"]},
        {"mail_options": ["RET=HDRS\r\nRCPT TO:<c@x.org>"]},
        {"mail_options": ["=x"]},
        {"mail_options": [5]},
        {"rcpt_options": "NOTIFY=NEVER> SIZE"},
        {"nonsense": 1},
        {"to": None},
    ],
)
def test_arguments_that_make_no_sense_connect_to_nothing(server: SMTPServer, given: dict[str, Any]) -> None:
    with pytest.raises(UsageError):
        nettools.send_mail(server.url, **{**MAIL, **given})
    assert server.log.connections == 0


def test_parameters_go_out_as_given_and_only_if_announced(net_servers: Callable[..., SMTPServer]) -> None:
    server = net_servers("smtp", tls=False)
    nettools.send_mail(server.url, mail_options="RET=HDRS", rcpt_options=["NOTIFY=NEVER"], **MAIL)
    assert server.envelopes[0].rcpt_options == (("NOTIFY=NEVER",),)
    without = net_servers("smtp", tls=False, without={"DSN"})
    with pytest.raises(UnsupportedError, match="DSN"):
        nettools.send_mail(without.url, rcpt_options=["NOTIFY=NEVER"], **MAIL)
    assert "MAIL" not in verbs(without)


@pytest.mark.parametrize("line", ["DATA", "bdat 5", "STARTTLS", "NOOP\r\nQUIT", "NOOP\0"])
def test_a_command_that_leaves_more_to_do_is_not_sent_alone(server: SMTPServer, line: str) -> None:
    with nettools.connect(server.url) as session:
        with pytest.raises(UsageError):
            session.command(line)
        assert session.command("NOOP").code == 250
    assert verbs(server) == ["EHLO", "NOOP", "QUIT"]


def test_a_message_that_breaks_off_is_never_ended_by_what_comes_later(server: SMTPServer, tmp_path: Path) -> None:
    path = tmp_path / "a.bin"
    path.write_bytes(b"x" * 1000)

    def change(event: nettools.Event) -> None:
        if "354 End data" in event.text:
            path.write_bytes(b"y")

    with nettools.connect(server.url, on_event=change) as session:
        with pytest.raises(FileError, match="changed"):
            session.send(sender="b@x.org", to="alice@x.org", attachments=[path])
        assert session.send(sender="b@x.org", to="alice@x.org", text="whole").accepted
    assert [each.raw.endswith(b"whole\r\n") for each in server.envelopes] == [True]
    assert server.log.connections == 2


# --- smtplib's own exceptions


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (smtplib.SMTPDataError(554, b"no"), ReplyError),
        (smtplib.SMTPAuthenticationError(535, "no"), AuthError),
        (smtplib.SMTPServerDisconnected("gone"), DisconnectedError),
        (smtplib.SMTPNotSupportedError("none"), UnsupportedError),
        (smtplib.SMTPException("odd"), ProtocolError),
    ],
)
def test_exceptions_of_smtplib_are_ours(error: Exception, kind: type[NettoolsError]) -> None:
    assert isinstance(classify(error), kind)
    assert classify(ValueError()) is None
