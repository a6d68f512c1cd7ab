"""The POP3 fake, asked by poplib and octet by octet."""

from __future__ import annotations

import base64
import contextlib
import hashlib
import poplib
import ssl
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from nettools.testing.pop3 import POP3Server

FIRST = b"Subject: one\r\n\r\nline 1\r\n.\r\n..two dots\r\nline 4\r\n"
Connect = Callable[[POP3Server], Any]


@pytest.fixture
def server() -> Iterator[POP3Server]:
    with POP3Server() as running:
        running.world.inbox("alice").append(FIRST)
        running.world.inbox("alice").append(b"Subject: two\n\nunix line ends")
        yield running


@contextlib.contextmanager
def client(server: POP3Server) -> Iterator[poplib.POP3]:
    """Yield a client that has logged in; it just goes at the end unless it has quit."""
    pop = poplib.POP3(server.host, server.port, timeout=10)
    try:
        pop.user("alice")
        pop.pass_("secret")
        yield pop
    finally:
        pop.close()


def test_messages_are_listed_and_read(server: POP3Server) -> None:
    with client(server) as pop:
        assert pop.stat() == (2, len(FIRST) + 32)
        assert pop.list()[1] == [b"1 47", b"2 32"]
        assert pop.uidl()[1] == [b"1 1.1", b"2 1.2"]
        assert pop.list(2) == b"+OK 2 32"
        assert pop.uidl(2) == b"+OK 2 1.2"
        assert b"\r\n".join(pop.retr(1)[1]) + b"\r\n" == FIRST
        assert pop.retr(2)[1] == [b"Subject: two", b"", b"unix line ends"]


def test_top_gives_the_header_and_some_lines(server: POP3Server) -> None:
    with client(server) as pop:
        assert pop.top(1, 0)[1] == [b"Subject: one", b""]
        assert pop.top(1, 2)[1] == [b"Subject: one", b"", b"line 1", b"."]
        assert len(pop.top(1, 99)[1]) == 6


def test_deletions_happen_at_quit_only(server: POP3Server) -> None:
    with client(server) as pop:
        pop.dele(1)
        assert pop.stat()[0] == 1
        assert pop.list()[1] == [b"2 32"]
        with pytest.raises(poplib.error_proto, match="No such message"):
            pop.retr(1)
        pop.rset()
        assert pop.stat()[0] == 2
        pop.dele(1)
    assert len(server.world.inbox("alice")) == 2
    with client(server) as pop:
        pop.dele(1)
        pop.quit()
    assert [message.uid for message in server.world.inbox("alice")] == [2]


def test_a_session_keeps_the_numbers_it_began_with(server: POP3Server) -> None:
    with client(server) as pop:
        server.world.deliver("alice", FIRST)
        server.world.inbox("alice").remove([1])
        assert pop.stat()[0] == 2
        assert pop.retr(1)[1][0] == b"Subject: one"


@pytest.mark.parametrize(("name", "password"), [("alice", "wrong"), ("mallory", "secret")])
def test_a_wrong_login_is_refused_with_its_code(server: POP3Server, wire: Connect, name: str, password: str) -> None:
    talk = wire(server)
    assert talk.ask(f"USER {name}".encode())[:3] == b"+OK"
    assert talk.ask(f"PASS {password}".encode()) == b"-ERR [AUTH] Invalid credentials"
    assert talk.ask(b"PASS secret")[:4] == b"-ERR"
    assert talk.ask(f"APOP {name} {'0' * 32}".encode()) == b"-ERR [AUTH] Invalid credentials"
    assert talk.ask(b"STAT") == b"-ERR Log in first"


def test_apop_digests_the_banner(server: POP3Server) -> None:
    pop = poplib.POP3(server.host, server.port, timeout=10)
    pop.apop("alice", "secret")
    assert pop.stat()[0] == 2
    pop.quit()


def test_auth_takes_an_initial_response(server: POP3Server, wire: Connect) -> None:
    talk = wire(server)
    assert talk.ask(b"AUTH PLAIN " + base64.b64encode(b"\0alice\0wrong")) == b"-ERR [AUTH] Invalid credentials"
    assert talk.ask(b"AUTH PLAIN") == b"+ "
    assert talk.ask(b"*") == b"-ERR Authentication cancelled"
    assert talk.ask(b"AUTH GSSAPI")[:4] == b"-ERR"
    assert talk.ask(b"AUTH PLAIN %") == b"-ERR Malformed authentication exchange"
    assert talk.ask(b"AUTH LOGIN") == b"+ " + base64.b64encode(b"Username:")
    assert talk.ask(base64.b64encode(b"alice")) == b"+ " + base64.b64encode(b"Password:")
    assert talk.ask(base64.b64encode(b"secret")) == b"+OK 2 messages"
    assert talk.ask(b"AUTH PLAIN")[:4] == b"-ERR"


def test_capabilities_are_told_and_each_can_be_left_out(wire: Connect) -> None:
    names = {"TOP", "UIDL", "USER", "PIPELINING", "RESP-CODES", "AUTH-RESP-CODE", "SASL", "STLS", "UTF8"}
    for missing in (set(), *({name} for name in names)):
        with POP3Server(tls=True, without=missing) as server:
            talk = wire(server)
            talk.send(b"CAPA\r\n")
            assert {line.split()[0].decode() for line in talk.until(b".")[1:-1]} == names - missing


@pytest.mark.parametrize("name", ["TOP", "UIDL", "APOP", "CAPA", "USER"])
def test_a_command_that_was_left_out_is_unknown(wire: Connect, name: str) -> None:
    with POP3Server(without={name}) as server:
        server.world.inbox("alice").append(FIRST)
        talk = wire(server)
        if name in ("TOP", "UIDL"):
            assert talk.ask(b"AUTH PLAIN " + base64.b64encode(b"\0alice\0secret"))[:3] == b"+OK"
        assert talk.ask(f"{name} 1 1".encode()) == b"-ERR Unknown command"


def test_the_banner_has_a_timestamp_only_for_apop() -> None:
    with POP3Server(without={"APOP"}) as server:
        pop = poplib.POP3(server.host, server.port, timeout=10)
        assert b"<" not in pop.getwelcome()
        pop.quit()


def test_stls_upgrades_once(trusting: ssl.SSLContext) -> None:
    with POP3Server(tls=True) as server:
        server.world.inbox("alice").append(FIRST)
        pop = poplib.POP3("localhost", server.port, timeout=10)
        pop.stls(context=trusting)
        assert "STLS" not in pop.capa()
        pop.user("alice")
        pop.pass_("secret")
        assert pop.stat() == (1, len(FIRST))
        pop.quit()


def test_the_tls_port_speaks_tls_from_the_first_octet(trusting: ssl.SSLContext) -> None:
    with POP3Server(tls=True) as server:
        assert server.tls_port is not None
        pop = poplib.POP3_SSL("localhost", server.tls_port, context=trusting, timeout=10)
        pop.user("alice")
        assert pop.pass_("secret") == b"+OK 0 messages"
        pop.quit()


def test_pipelined_commands_are_answered_in_order_and_byte_stuffed(server: POP3Server, wire: Connect) -> None:
    talk = wire(server)
    talk.send(b"USER alice\r\nPASS secret\r\nRETR 1\r\nSTAT\r\nQUIT\r\n")
    assert [talk.line(), talk.line()] == [b"+OK Now the password", b"+OK 2 messages"]
    assert talk.until(b"+OK 2 79") == [
        b"+OK 47 octets",
        *[b"Subject: one", b"", b"line 1", b"..", b"...two dots", b"line 4", b"."],
        b"+OK 2 79",
    ]
    assert [talk.line(), talk.line()] == [b"+OK Goodbye", b""]
    assert server.log.round_trips() == 2


@pytest.mark.parametrize(
    "command",
    [
        b"FOO",
        b"RETR",
        b"RETR x",
        b"RETR 0",
        b"RETR 3",
        b"TOP 1",
        b"TOP 1 x",
        b"DELE",
        b"STAT 1",
        b"USER x",
        b"NOOP x",
        b"x" * 20_000,
    ],
)
def test_a_bad_command_is_an_error_and_the_connection_goes_on(
    server: POP3Server, wire: Connect, command: bytes
) -> None:
    talk = wire(server)
    talk.send(b"USER alice\r\nPASS secret\r\n")
    talk.until(b"+OK 2")
    assert talk.ask(command)[:4] == b"-ERR"
    assert talk.ask(b"NOOP")[:3] == b"+OK"


@pytest.mark.parametrize("command", [b"NOOP", b"STAT", b"RSET", b"TOP 1 0"])
def test_the_maildrop_has_no_commands_before_login(server: POP3Server, wire: Connect, command: bytes) -> None:
    assert wire(server).ask(command) == b"-ERR Log in first"


def test_lines_end_with_cr_lf(server: POP3Server, wire: Connect) -> None:
    talk = wire(server)
    talk.send(b"NOOP\n")
    assert talk.line() == b"-ERR Lines end with CR LF"


def test_codes_are_left_out_when_they_are_not_offered(wire: Connect) -> None:
    with POP3Server(without={"RESP-CODES"}) as server:
        assert wire(server).ask(b"APOP alice 00") == b"-ERR Invalid credentials"


def test_rules_answer_in_place_of_the_fake(server: POP3Server, wire: Connect) -> None:
    rule = server.on("STAT").reply("-ERR [SYS/TEMP] Later", times=1)
    talk = wire(server)
    assert talk.ask(b"APOP alice " + b"0" * 32)[:4] == b"-ERR"
    assert talk.ask(b"STAT") == b"-ERR [SYS/TEMP] Later"
    assert talk.ask(b"STAT") == b"-ERR Log in first"
    assert rule.hits == 1


def test_the_digest_is_over_this_sessions_banner(server: POP3Server, wire: Connect) -> None:
    pop = poplib.POP3(server.host, server.port, timeout=10)
    banner = pop.getwelcome().split()[-1]
    pop.close()
    digest = hashlib.md5(banner + b"secret").hexdigest()
    assert wire(server).ask(f"APOP alice {digest}".encode())[:4] == b"-ERR"
