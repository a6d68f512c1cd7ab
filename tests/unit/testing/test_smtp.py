"""The SMTP fake, asked by smtplib and octet by octet."""

from __future__ import annotations

import base64
import contextlib
import smtplib
import ssl
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from nettools.testing.smtp import LMTPServer, SMTPServer

RAW = b"Subject: hi\r\n\r\n.one dot\r\n..two\r\n.\r\nend\r\n"
Connect = Callable[[SMTPServer], Any]


@pytest.fixture
def server() -> Iterator[SMTPServer]:
    with SMTPServer() as running:
        yield running


@contextlib.contextmanager
def client(server: SMTPServer) -> Iterator[smtplib.SMTP]:
    with smtplib.SMTP(server.host, server.port, local_hostname="me.example", timeout=10) as connected:
        connected.ehlo()
        yield connected


def begin(wire: Any, mail: bytes = b"MAIL FROM:<a@b.example>") -> None:
    """Say hello and begin a transaction."""
    wire.send(b"EHLO me\r\n")
    wire.until(b"250 ")
    assert wire.ask(mail).startswith(b"250")


def test_mail_arrives_octet_for_octet(server: SMTPServer) -> None:
    with client(server) as smtp:
        assert smtp.sendmail("bob@b.example", ["ALICE@any.example", "alice@x"], RAW) == {}
    (message,) = server.world.inbox("alice")
    assert message.raw == RAW
    (envelope,) = server.envelopes
    assert (envelope.sender, envelope.recipients, envelope.raw) == (
        "bob@b.example",
        ("ALICE@any.example", "alice@x"),
        RAW,
    )


def test_nobodys_mail_is_refused(server: SMTPServer) -> None:
    with client(server) as smtp, pytest.raises(smtplib.SMTPRecipientsRefused) as caught:
        smtp.sendmail("a@b.example", ["mallory@x.example"], RAW)
    assert caught.value.recipients == {"mallory@x.example": (550, b"5.1.1 No such user here")}


def test_all_capabilities_are_announced_and_each_can_be_left_out() -> None:
    names = {"pipelining", "size", "8bitmime", "smtputf8", "enhancedstatuscodes", "auth", "starttls", "chunking", "dsn"}
    for missing in (set(), *({name} for name in names)):
        with SMTPServer(tls=True, without=missing) as server, client(server) as smtp:
            assert set(smtp.esmtp_features) == names - missing


def test_starttls_hides_the_login_and_forgets_the_greeting(trusting: ssl.SSLContext) -> None:
    with SMTPServer(tls=True) as server, client(server) as smtp:
        smtp.starttls(context=trusting)
        assert smtp.docmd("MAIL", "FROM:<a@b.example>") == (503, b"5.5.1 Say EHLO first")
        smtp.ehlo()
        assert not smtp.has_extn("STARTTLS")
        assert smtp.login("alice", "secret") == (235, b"2.7.0 Authentication succeeded")
        smtp.sendmail("a@b.example", ["alice@x"], RAW)
    assert server.envelopes[0].user == "alice"


def test_the_tls_port_speaks_tls_from_the_first_octet(trusting: ssl.SSLContext) -> None:
    with SMTPServer(tls=True) as server:
        assert server.tls_port is not None
        with smtplib.SMTP_SSL(server.host, server.tls_port, context=trusting, local_hostname="me", timeout=10) as smtp:
            smtp.sendmail("a@b.example", ["alice@x"], RAW)
        assert server.world.inbox("alice")[0].raw == RAW


@pytest.mark.parametrize("mechanism", ["PLAIN", "LOGIN", "CRAM-MD5"])
def test_the_right_password_logs_in_and_a_wrong_one_does_not(mechanism: str) -> None:
    others = {"PLAIN", "LOGIN", "CRAM-MD5"} - {mechanism}
    with SMTPServer(without=others) as server, client(server) as smtp:
        with pytest.raises(smtplib.SMTPAuthenticationError) as caught:
            smtp.login("alice", "wrong")
        assert caught.value.smtp_code == 535
        assert smtp.login("alice", "secret")[0] == 235
        assert smtp.docmd("AUTH", "PLAIN =")[0] == 503


def test_login_can_be_required() -> None:
    with SMTPServer(require_auth=True) as server, client(server) as smtp:
        assert smtp.mail("a@b.example") == (530, b"5.7.0 Authentication required")
        smtp.login("alice", "secret")
        assert smtp.mail("a@b.example")[0] == 250


def test_a_long_token_fits_on_the_line(server: SMTPServer) -> None:
    server.world.tokens["alice"] = "t" * 8000
    token = base64.b64encode(b"user=alice\1auth=Bearer " + b"t" * 8000 + b"\1\1").decode()
    with client(server) as smtp:
        assert smtp.docmd("AUTH", f"XOAUTH2 {token}")[0] == 235


@pytest.mark.parametrize(
    ("auth", "answer", "code"),
    [
        (b"AUTH GSSAPI", b"", b"504"),
        (b"AUTH PLAIN", b"*", b"501"),
        (b"AUTH PLAIN", b"%%", b"501"),
        (b"AUTH", b"", b"501"),
    ],
)
def test_a_login_that_makes_no_sense_is_refused(
    server: SMTPServer, wire: Connect, auth: bytes, answer: bytes, code: bytes
) -> None:
    talk = wire(server)
    talk.send(b"EHLO me\r\n")
    talk.until(b"250 ")
    reply = talk.ask(auth)
    if answer:
        assert reply == b"334 "
        reply = talk.ask(answer)
    assert reply[:3] == code


def test_a_pipelined_transaction_is_answered_in_order(server: SMTPServer, wire: Connect) -> None:
    talk = wire(server)
    talk.send(b"EHLO me\r\n")
    talk.until(b"250 ")
    talk.send(b"MAIL FROM:<>\r\nRCPT TO:<alice@x>\r\nRCPT TO:<bob@x>\r\nDATA\r\n")
    assert [talk.line()[:3] for _ in range(4)] == [b"250", b"250", b"550", b"354"]
    talk.send(b"A: b\r\n\r\n..\r\n.\r\nQUIT\r\n")
    assert [talk.line()[:3] for _ in range(3)] == [b"250", b"221", b""]
    assert server.world.inbox("alice")[0].raw == b"A: b\r\n\r\n.\r\n"
    assert server.log.round_trips() == 4


@pytest.mark.parametrize(
    ("mail", "code"),
    [
        (b"MAIL FROM:<a@b> SIZE=100", b"250"),
        (b"MAIL FROM:<a@b> SIZE=101", b"552"),
        (b"MAIL FROM:<a@b> SIZE=x", b"501"),
        (b"MAIL FROM:<a@b> BODY=8BITMIME SMTPUTF8", b"250"),
        (b"MAIL FROM:<a@b> BODY=BINARYMIME", b"501"),
        (b"MAIL FROM:<a@b> RET=FULL ENVID=QQ+2B1", b"250"),
        (b"MAIL FROM:<a@b> RET=SOME", b"501"),
        (b"MAIL FROM:<a@b> ENVID=a+b", b"501"),
        (b"MAIL FROM:<a@b> BY=120", b"555"),
        (b"MAIL FROM:<a@b> SIZE=1 SIZE=2", b"501"),
        (b"MAIL FROM: <a@b>", b"501"),
        (b"MAIL FROM:a@b", b"501"),
        (b"MAIL FROM:<a@b@c>", b"501"),
        (b'MAIL FROM:<"a@b"@c>', b"250"),
        ("MAIL FROM:<ü@b>".encode(), b"553"),
        ("MAIL FROM:<ü@b> SMTPUTF8".encode(), b"250"),
        (b"MAIL FROM:<\xfc@b>", b"500"),
        (b"mail from:<@relay.example:a@b>", b"250"),
    ],
)
def test_mail_is_checked(wire: Connect, mail: bytes, code: bytes) -> None:
    with SMTPServer(size=100) as server:
        talk = wire(server)
        talk.send(b"EHLO me\r\n")
        talk.until(b"250 ")
        assert talk.ask(mail)[:3] == code


def test_parameters_not_announced_are_refused(wire: Connect) -> None:
    with SMTPServer(without={"SIZE", "8BITMIME", "SMTPUTF8", "DSN"}) as server:
        talk = wire(server)
        begin(talk)
        assert talk.ask(b"RCPT TO:<alice@x> NOTIFY=NEVER")[:3] == b"555"
        assert talk.ask(b"RSET")[:3] == b"250"
        for parameter in (b"SIZE=1", b"BODY=8BITMIME", b"SMTPUTF8"):
            assert talk.ask(b"MAIL FROM:<a@b> " + parameter)[:3] == b"555"


@pytest.mark.parametrize(
    "body", [b"bare\nline feed\r\n", b"bare\rreturn\r\n", b"smuggled\n.\r\nMAIL FROM:<x@y>\r\n", b"x\r\n.\nRSET\r\n"]
)
def test_a_message_with_a_bare_line_end_is_read_to_its_end_and_refused(
    server: SMTPServer, wire: Connect, body: bytes
) -> None:
    talk = wire(server)
    begin(talk)
    assert talk.ask(b"RCPT TO:<alice@x>")[:3] == b"250"
    assert talk.ask(b"DATA")[:3] == b"354"
    talk.send(body + b".\r\nNOOP\r\n")
    assert [talk.line()[:3], talk.line()[:3]] == [b"550", b"250"]
    assert len(server.world.inbox("alice")) == 0


def test_an_empty_message_ends_at_once(server: SMTPServer, wire: Connect) -> None:
    talk = wire(server)
    begin(talk)
    talk.send(b"RCPT TO:<alice@x>\r\nDATA\r\n.\r\n")
    assert [talk.line()[:3] for _ in range(3)] == [b"250", b"354", b"250"]
    assert server.world.inbox("alice")[0].raw == b""


def test_a_long_message_is_taken_whole_and_one_over_the_size_refused(wire: Connect) -> None:
    body = b"x" * 998 + b"\r\n"
    with SMTPServer(size=700_000) as server:
        talk = wire(server)
        for count, code in ((600, b"250"), (701, b"552")):
            begin(talk)
            talk.send(b"RCPT TO:<alice@x>\r\nDATA\r\n" + body * count + b".\r\n")
            assert [talk.line()[:3] for _ in range(3)] == [b"250", b"354", code]
        assert [len(message.raw) for message in server.world.inbox("alice")] == [600_000]


@pytest.mark.parametrize(
    ("command", "code"),
    [
        (b"RCPT TO:<alice@x>", b"503"),
        (b"DATA", b"503"),
        (b"MAIL FROM:<a@b>", b"503"),
        (b"EHLO", b"501"),
        (b"FOO", b"500"),
        (b"_WRITE x", b"500"),
        (b"STARTTLS", b"503"),
        (b"LHLO me", b"500"),
        (b"NOOP\n", b"500"),
        (b"VRFY alice", b"250"),
        (b"VRFY mallory", b"550"),
        (b"HELP", b"214"),
        (b"x" * 20_000, b"500"),
        (b"HELO me", b"250"),
    ],
)
def test_a_command_out_of_place_is_refused_and_the_connection_goes_on(
    server: SMTPServer, wire: Connect, command: bytes, code: bytes
) -> None:
    talk = wire(server)
    if command.endswith(b"\n"):
        talk.send(command)
        assert talk.line()[:3] == code
    else:
        assert talk.ask(command)[:3] == code
    assert talk.ask(b"NOOP")[:3] == b"250"


def test_no_message_is_taken_without_a_recipient(server: SMTPServer, wire: Connect) -> None:
    talk = wire(server)
    begin(talk)
    assert talk.ask(b"RCPT TO:<nobody@x>")[:3] == b"550"
    assert talk.ask(b"DATA")[:3] == b"554"
    with LMTPServer() as lmtp:
        talk = wire(lmtp)
        talk.send(b"LHLO me\r\nMAIL FROM:<>\r\n")
        talk.until(b"250 2.1.0")
        assert talk.ask(b"DATA")[:3] == b"503"


@pytest.mark.parametrize("size", ["9" * 5000, "²", "x", ""])
def test_a_size_that_is_no_number_is_refused(server: SMTPServer, wire: Connect, size: str) -> None:
    talk = wire(server)
    talk.send(b"EHLO me\r\n")
    talk.until(b"250 ")
    assert talk.ask(f"MAIL FROM:<a@b> SIZE={size}".encode())[:3] == b"501"


def test_enhanced_codes_are_left_out_when_they_are_not_offered(wire: Connect) -> None:
    with SMTPServer(without={"ENHANCEDSTATUSCODES"}) as server:
        assert wire(server).ask(b"RCPT TO:<a@b>") == b"503 MAIL first"


def test_rules_answer_in_place_of_the_fake(server: SMTPServer, wire: Connect) -> None:
    full = server.on("RCPT", arg="alice").reply("452 4.2.2 Mailbox full", times=1)
    lost = server.on(".").reply("451 4.3.0 Disk full")
    talk = wire(server)
    begin(talk)
    assert talk.ask(b"RCPT TO:<alice@x>") == b"452 4.2.2 Mailbox full"
    assert talk.ask(b"RCPT TO:<alice@x>")[:3] == b"250"
    assert talk.ask(b"DATA")[:3] == b"354"
    assert talk.ask(b"x\r\n.") == b"451 4.3.0 Disk full"
    assert (full.hits, lost.hits, len(server.world.inbox("alice"))) == (1, 1, 0)


def test_lmtp_answers_for_each_recipient(wire: Connect) -> None:
    with LMTPServer() as server:
        talk = wire(server)
        assert talk.ask(b"EHLO me")[:3] == b"500"
        talk.send(b"LHLO me\r\n")
        talk.until(b"250 ")
        talk.send(b"MAIL FROM:<>\r\nRCPT TO:<alice@x>\r\nRCPT TO:<alice@y>\r\nDATA\r\nA: b\r\n.\r\n")
        assert [talk.line()[:3] for _ in range(4)] == [b"250", b"250", b"250", b"354"]
        assert [talk.line(), talk.line()] == [b"250 2.1.5 <alice@x> delivered", b"250 2.1.5 <alice@y> delivered"]


def test_the_shown_log_keeps_secrets_and_pipelined_commands_are_one_turn(server: SMTPServer, wire: Connect) -> None:
    talk = wire(server)
    talk.send(b"EHLO me\r\n")
    talk.until(b"250 ")
    assert talk.ask(b"AUTH PLAIN") == b"334 "
    assert talk.ask(base64.b64encode(b"\0alice\0secret"))[:3] == b"235"
    shown = str(server.log)
    assert "C: AUTH PLAIN" in shown
    assert base64.b64encode(b"\0alice\0secret").decode() not in shown
    assert server.log.round_trips() == 4
