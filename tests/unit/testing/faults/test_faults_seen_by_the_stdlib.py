"""Every fault, seen by a client of the standard library: it happened, and not something like it."""

from __future__ import annotations

import contextlib
import http.client
import imaplib
import poplib
import smtplib
import socket
import ssl
import time
import urllib.request
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from nettools.testing.server import Server

RAW = b"Subject: one\r\n\r\n" + b"line of the body\r\n" * 20
Servers = Callable[..., Server]


@contextlib.contextmanager
def pop3(server: Server) -> Iterator[poplib.POP3]:
    client = poplib.POP3(server.host, server.port, timeout=10)
    try:
        client.user("alice")
        client.pass_("secret")
        yield client
    finally:
        client.close()


@contextlib.contextmanager
def smtp(server: Server) -> Iterator[smtplib.SMTP]:
    client = smtplib.SMTP(server.host, server.port, local_hostname="me", timeout=10)
    try:
        yield client
    finally:
        client.close()


@pytest.fixture
def pop3_here(pop3_server: Server) -> Server:
    pop3_server.world.inbox("alice").append(RAW)
    return pop3_server


def test_reply_takes_the_place_of_the_answer(smtp_server: Server) -> None:
    rule = smtp_server.on("MAIL").reply("451 4.3.0 later", times=1)
    with smtp(smtp_server) as client:
        client.ehlo()
        assert client.docmd("MAIL", "FROM:<a@b.example>") == (451, b"4.3.0 later")
        assert client.docmd("MAIL", "FROM:<a@b.example>")[0] == 250
    assert rule.hits == 1


def test_a_reply_of_imaps_gets_the_commands_tag(imap_server: Server) -> None:
    imap_server.on("SELECT").reply("NO [NOPERM] not today")
    with imaplib.IMAP4(imap_server.host, imap_server.port, timeout=10) as client:
        client.login("alice", "secret")
        assert client.select() == ("NO", [b"[NOPERM] not today"])


def test_a_reply_of_https_is_a_whole_response(http_server: Server) -> None:
    http_server.on("GET").reply("503 Busy")
    client = http.client.HTTPConnection(http_server.host, http_server.port, timeout=10)
    client.request("GET", "/pub/hello.txt")
    response = client.getresponse()
    assert (response.status, response.reason, response.read()) == (503, "Busy", b"")
    client.close()


def test_delay_answers_later(pop3_here: Server) -> None:
    pop3_here.on("STAT").delay(0.2)
    with pop3(pop3_here) as client:
        began = time.monotonic()
        assert client.stat() == (1, len(RAW))
        assert time.monotonic() - began >= 0.2


@pytest.mark.parametrize("action", ["drop", "close_after", "truncate"])
def test_drop_ends_the_connection_in_order(pop3_here: Server, action: str) -> None:
    rule = pop3_here.on("RETR")
    if action == "truncate":
        rule.truncate(30)
    else:
        getattr(rule, action)()
    with pop3(pop3_here) as client:
        if action == "close_after":
            assert client.retr(1)[1][0] == b"Subject: one"
        with pytest.raises(poplib.error_proto, match="EOF"):
            client.retr(1)


def test_truncate_sends_so_many_octets_and_no_more(pop3_here: Server) -> None:
    pop3_here.on("RETR").truncate(30)
    with pop3(pop3_here) as client:
        client.sock.sendall(b"RETR 1\r\n")
        got = client.file.read()
    assert got == (f"+OK {len(RAW)} octets\r\n".encode() + RAW)[:30]


def test_reset_cuts_the_connection(pop3_here: Server) -> None:
    pop3_here.on("STAT").reset()
    with pop3(pop3_here) as client, pytest.raises(ConnectionResetError):
        client.stat()


def test_hang_says_nothing(pop3_here: Server) -> None:
    pop3_here.on("STAT").hang()
    with pop3(pop3_here) as client:
        client.sock.settimeout(0.1)
        with pytest.raises(TimeoutError):
            client.stat()


def test_garbage_is_sent_as_it_is(pop3_here: Server) -> None:
    pop3_here.on("STAT").garbage(b"\x00\xff no reply at all\r\n")
    with pop3(pop3_here) as client, pytest.raises(poplib.error_proto):
        client.stat()


def test_a_command_is_refused_in_the_protocols_words(pop3_here: Server, smtp_server: Server) -> None:
    pop3_here.on("RETR").refuse()
    with pop3(pop3_here) as client, pytest.raises(poplib.error_proto, match="SYS/PERM"):
        client.retr(1)
    smtp_server.on("EHLO").refuse()
    with smtp(smtp_server) as client:
        assert client.ehlo()[0] == 502


def test_a_refused_connection_is_refused_by_the_system(smtp_server: Server) -> None:
    rule = smtp_server.on_connect().refuse()
    with pytest.raises(ConnectionRefusedError):
        smtplib.SMTP(smtp_server.host, smtp_server.port, timeout=10)
    smtp_server.rules.remove(rule)
    with smtp(smtp_server) as client:
        assert client.noop()[0] == 250


def test_a_counted_refusal_resets_before_the_greeting(smtp_server: Server) -> None:
    rule = smtp_server.on_connect().refuse(times=1)
    with pytest.raises((ConnectionResetError, smtplib.SMTPServerDisconnected)):
        smtplib.SMTP(smtp_server.host, smtp_server.port, timeout=10)
    with smtp(smtp_server) as client:
        assert client.noop()[0] == 250
    assert rule.hits == 1


@pytest.mark.parametrize("action", ["drop", "reset", "hang"])
def test_a_connection_that_is_not_greeted(smtp_server: Server, action: str) -> None:
    getattr(smtp_server.on_connect(), action)()

    def greeting() -> bytes:
        with socket.create_connection((smtp_server.host, smtp_server.port), timeout=0.5) as client:
            return client.recv(100)

    if action == "drop":
        assert greeting() == b""
    else:
        with pytest.raises({"reset": ConnectionResetError, "hang": TimeoutError}[action]):
            greeting()


def test_a_greeting_can_be_another(smtp_server: Server) -> None:
    smtp_server.on_connect().reply("554 5.3.2 not accepting mail", close=True)
    with pytest.raises(smtplib.SMTPConnectError, match="not accepting"):
        smtplib.SMTP(smtp_server.host, smtp_server.port, timeout=10)


def test_dribble_sends_piece_by_piece(pop3_here: Server) -> None:
    pop3_here.on("RETR").dribble(chunk=7, every=0.001)
    with pop3(pop3_here) as client:
        assert b"\r\n".join(client.retr(1)[1]) + b"\r\n" == RAW
    pieces = [record.bytes for record in pop3_here.log.records if record.direction == "S"][3:]
    assert {len(piece) for piece in pieces[:-1]} == {7}


def test_bandwidth_slows_everything_on_a_connection(http_server: Server) -> None:
    http_server.world.files["big"] = bytes(2000)
    http_server.on_connect().bandwidth(10_000)
    began = time.monotonic()
    with urllib.request.urlopen(http_server.url + "/big", timeout=10) as response:
        assert len(response.read()) == 2000
    assert time.monotonic() - began > 0.2


def test_corrupt_changes_octets_and_the_seed_says_which(gopher_server: Server) -> None:
    gopher_server.world.files["zeros.bin"] = bytes(1000)

    def fetch(seed: int) -> bytes:
        gopher_server.on("GET").corrupt(3, seed=seed, times=1)
        with socket.create_connection((gopher_server.host, gopher_server.port), timeout=10) as client:
            client.sendall(b"/zeros.bin\r\n")
            with client.makefile("rb") as file:
                return file.read()

    first, again, other = fetch(1), fetch(1), fetch(2)
    assert first == again != other
    assert (len(first), len(first) - first.count(0)) == (1000, 3)


def test_a_truncated_response_is_an_incomplete_read(http_server: Server) -> None:
    http_server.on("GET").truncate(400)
    http_server.world.files["x"] = bytes(1000)
    with (
        urllib.request.urlopen(http_server.url + "/x", timeout=10) as response,
        pytest.raises(http.client.IncompleteRead),
    ):
        response.read()


COUNTS: list[tuple[dict[str, Any], str]] = [
    ({"times": 2}, "NNYYYY"),
    ({"after": 2}, "YYNNNN"),
    ({"nth": 3}, "YYNYYY"),
    ({"after": 1, "times": 2}, "YNNYYY"),
    ({"probability": 0.5, "seed": 3}, "NYNYYN"),
    ({"probability": 0.0, "optional": True}, "YYYYYY"),
]


@pytest.mark.parametrize(("counting", "expected"), COUNTS, ids=lambda each: str(each))
def test_rules_count(smtp_server: Server, counting: dict[str, Any], expected: str) -> None:
    rule = smtp_server.on("NOOP").reply("450 no", **counting)
    with smtp(smtp_server) as client:
        answers = "".join("Y" if client.noop()[0] == 250 else "N" for _ in expected)
    assert answers == expected
    assert rule.hits == expected.count("N")
    assert rule.seen == len(expected)


def test_rules_are_narrowed_by_argument_user_and_connection(imap_server: Server) -> None:
    imap_server.on("SELECT", "sent").reply("NO by argument")
    imap_server.on("NOOP", user="alice").reply("NO by user")
    imap_server.on("LOGIN", connection=2).reply("NO by connection")
    with imaplib.IMAP4(imap_server.host, imap_server.port, timeout=10) as client:
        assert client.noop()[0] == "OK"
        client.login("alice", "secret")
        assert client.noop()[0] == "NO"
        assert client.select("INBOX")[0] == "OK"
        assert client.select("Sent")[0] == "NO"
    with (
        imaplib.IMAP4(imap_server.host, imap_server.port, timeout=10) as client,
        pytest.raises(imaplib.IMAP4.error, match="by connection"),
    ):
        client.login("alice", "secret")


def test_the_last_rule_added_is_tried_first(smtp_server: Server) -> None:
    smtp_server.on("*").reply("450 any")
    smtp_server.on("NOOP").reply("451 noop", times=1)
    with smtp(smtp_server) as client:
        assert [client.noop()[0], client.noop()[0], client.rset()[0]] == [451, 450, 450]


def test_a_slow_connection_can_still_be_upgraded(smtp_server: Server, trusting: ssl.SSLContext) -> None:
    smtp_server.on_connect().bandwidth(10_000)
    client = smtplib.SMTP("localhost", smtp_server.port, local_hostname="me", timeout=10)
    client.starttls(context=trusting)
    assert client.ehlo()[0] == 250
    client.close()


def test_rules_that_are_cleared_are_forgotten_and_a_closed_port_is_open_again(smtp_server: Any) -> None:
    smtp_server.on("RCPT").reply("550 no")
    smtp_server.on_connect().refuse()
    with pytest.raises(ConnectionRefusedError):
        smtplib.SMTP(smtp_server.host, smtp_server.port, "me")
    smtp_server.rules.clear()
    with smtplib.SMTP(smtp_server.host, smtp_server.port, "me") as client:
        client.sendmail("a@b.example", ["alice@b.example"], "x")
    assert len(smtp_server.rules) == 0
