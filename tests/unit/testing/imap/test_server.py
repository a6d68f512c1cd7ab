"""The IMAP fake's connection, asked by imaplib and octet by octet."""

from __future__ import annotations

import asyncio
import base64
import imaplib
import ssl
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from nettools.testing.imap import IMAPServer
from nettools.testing.server import loop

RAW = b"Subject: one\r\nFrom: bob@example.org\r\n\r\nbody\r\n"
Connect = Callable[[IMAPServer], Any]


@pytest.fixture
def server() -> Iterator[IMAPServer]:
    with IMAPServer() as running:
        running.world.inbox("alice").append(RAW)
        yield running


def login(talk: Any, folder: bytes = b"INBOX") -> None:
    """Log in and select a folder."""
    talk.send(b"l LOGIN alice secret\r\ns SELECT " + folder + b"\r\n")
    talk.until(b"s OK")


def test_imaplib_reads_stores_and_appends(server: IMAPServer) -> None:
    with imaplib.IMAP4(server.host, server.port, timeout=10) as imap:
        assert imap.login("alice", "secret")[0] == "OK"
        assert imap.select() == ("OK", [b"1"])
        assert imap.search(None, "FROM", '"bob"') == ("OK", [b"1"])
        assert imap.fetch("1", "(UID BODY.PEEK[])") == ("OK", [(b"1 (UID 1 BODY[] {45}", RAW), b")"])
        assert imap.store("1", "+FLAGS", "\\Deleted") == ("OK", [b"1 (FLAGS (\\Deleted \\Recent))"])
        assert imap.append("Sent", "(\\Seen)", None, RAW)[0] == "OK"  # type: ignore[arg-type]
        assert imap.expunge() == ("OK", [b"1"])
        assert imap.status("Sent", "(MESSAGES)") == ("OK", [b"Sent (MESSAGES 1)"])
    assert server.world.folder("alice", "Sent")[0].raw == RAW
    assert len(server.world.inbox("alice")) == 0


def test_a_wrong_password_is_refused(server: IMAPServer) -> None:
    imap = imaplib.IMAP4(server.host, server.port, timeout=10)
    with pytest.raises(imaplib.IMAP4.error, match="AUTHENTICATIONFAILED"):
        imap.login("alice", "wrong")
    imap.logout()


def test_authenticate_works_with_imaplibs_mechanisms(server: IMAPServer) -> None:
    with imaplib.IMAP4(server.host, server.port, timeout=10) as imap:
        assert imap.login_cram_md5("alice", "secret")[0] == "OK"
    with imaplib.IMAP4(server.host, server.port, timeout=10) as imap:
        assert imap.authenticate("PLAIN", lambda _: b"\0alice\0secret")[0] == "OK"


def test_authenticate_takes_an_initial_response(server: IMAPServer, wire: Connect) -> None:
    talk = wire(server)
    secret = base64.b64encode(b"\0alice\0secret")
    assert talk.ask(b"a AUTHENTICATE GSSAPI")[:4] == b"a NO"
    assert talk.ask(b"b AUTHENTICATE PLAIN %%%")[:5] == b"b BAD"
    assert talk.ask(b"c AUTHENTICATE PLAIN") == b"+ "
    assert talk.ask(b"*") == b"c BAD Authentication cancelled"
    assert talk.ask(b"d AUTHENTICATE PLAIN " + secret)[:4] == b"d OK"
    assert secret.decode() not in str(server.log)


def test_starttls_changes_the_capabilities(trusting: ssl.SSLContext) -> None:
    with IMAPServer(tls=True) as server, imaplib.IMAP4("localhost", server.port, timeout=10) as imap:
        assert "STARTTLS" in imap.capabilities
        imap.starttls(ssl_context=trusting)
        assert "STARTTLS" not in imap.capabilities
        assert imap.login("alice", "secret")[0] == "OK"
        assert imap.select() == ("OK", [b"0"])


def test_what_is_sent_in_clear_behind_starttls_is_not_carried_out(wire: Connect, trusting: ssl.SSLContext) -> None:
    with IMAPServer(tls=True) as server:
        talk = wire(server)
        assert talk.ask(b"a STARTTLS\r\nb LOGIN alice secret")[:4] == b"a OK"
        secure = trusting.wrap_socket(talk.socket, server_hostname="localhost")
        secure.sendall(b"c NOOP\r\n")
        assert secure.recv(100) == b"c OK NOOP completed\r\n"
        secure.close()


def test_the_tls_port_speaks_tls_from_the_first_octet(trusting: ssl.SSLContext) -> None:
    with IMAPServer(tls=True) as server:
        assert server.tls_port is not None
        with imaplib.IMAP4_SSL("localhost", server.tls_port, ssl_context=trusting, timeout=10) as imap:
            assert imap.login("alice", "secret")[0] == "OK"


def test_literals_are_asked_for_and_non_synchronizing_ones_are_not(server: IMAPServer, wire: Connect) -> None:
    talk = wire(server)
    assert talk.ask(b"a LOGIN {5}") == b"+ Go ahead"
    assert talk.ask(b"alice {6}") == b"+ Go ahead"
    assert talk.ask(b"secret")[:4] == b"a OK"
    assert talk.ask(b"b APPEND Sent {11+}\r\nA: b\r\n\r\nc\r\n") == b"b OK [APPENDUID 1 1] APPEND completed"
    assert server.world.folder("alice", "Sent")[0].raw == b"A: b\r\n\r\nc\r\n"
    assert "secret" not in str(server.log)


def test_literal_plus_can_be_left_out(wire: Connect) -> None:
    with IMAPServer(without={"LITERAL+"}) as server:
        talk = wire(server)
        assert talk.ask(b"a LOGIN alice {6+}\r\nsecret") == b"a BAD LITERAL+ is not offered"
        assert talk.ask(b"b LOGIN alice secret")[:4] == b"b OK"


def test_each_capability_can_be_left_out(wire: Connect) -> None:
    with IMAPServer(tls=True) as server, imaplib.IMAP4(server.host, server.port, timeout=10) as imap:
        names = set(imap.capabilities)
    assert {"IDLE", "MOVE", "UIDPLUS", "AUTH=PLAIN", "STARTTLS"} <= names
    for missing in names - {"IMAP4REV1"}:
        with IMAPServer(tls=True, without={missing}) as server:
            talk = wire(server)
            talk.send(b"a CAPABILITY\r\n")
            assert set(talk.line().decode().upper().split()[2:]) == names - {missing}


def test_login_can_be_disabled(wire: Connect) -> None:
    with IMAPServer(extra={"LOGINDISABLED"}) as server:
        assert wire(server).ask(b"a LOGIN alice secret")[:23] == b"a NO [PRIVACYREQUIRED] "


def test_idle_tells_what_happens_as_it_happens(server: IMAPServer, wire: Connect) -> None:
    talk = wire(server)
    login(talk)
    assert talk.ask(b"i IDLE") == b"+ Idling"
    server.world.deliver("alice@example.org", RAW)
    assert [talk.line(), talk.line()] == [b"* 2 EXISTS", b"* 2 RECENT"]
    server.world.inbox("alice").set_flags(1, {"\\Flagged"})
    assert talk.line() == b"* 1 FETCH (FLAGS (\\Flagged \\Recent))"
    server.world.inbox("alice").remove([1])
    assert talk.line() == b"* 1 EXPUNGE"
    assert talk.ask(b"DONE") == b"i OK IDLE completed"
    assert talk.ask(b"j IDLE") == b"+ Idling"
    assert talk.ask(b"x NOOP") == b"j BAD DONE expected"


def test_a_client_that_goes_while_idling_leaves_nothing_behind(server: IMAPServer, wire: Connect) -> None:
    talk = wire(server)
    login(talk)
    assert talk.ask(b"i IDLE") == b"+ Idling"
    talk.close()
    server.world.deliver("alice", RAW)
    server.stop()
    assert server.errors == []


def test_a_server_that_stops_ends_an_idle_and_leaves_no_task(server: IMAPServer, wire: Connect) -> None:
    talk = wire(server)
    login(talk)
    assert talk.ask(b"i IDLE") == b"+ Idling"
    with IMAPServer():  # keeps the loop when the other one stops
        server.stop()
        assert talk.line() == b""
        assert [task for task in asyncio.all_tasks(loop()) if "readline" in repr(task) or "wait" in repr(task)] == []


def test_idle_can_be_left_out(wire: Connect) -> None:
    with IMAPServer(without={"IDLE"}) as server:
        talk = wire(server)
        login(talk)
        assert talk.ask(b"i IDLE")[:5] == b"i BAD"


@pytest.mark.parametrize(
    ("line", "reply"),
    [
        (b"", b"* BAD"),
        (b"a", b"a BAD"),
        (b"a FOO", b"a BAD"),
        (b"a UID", b"a BAD"),
        (b"a+ NOOP", b"a BAD"),
        (b"( NOOP", b"* BAD"),
        (b"a NOOP\xff", b"a BAD"),
        (b"a LOGIN alice {99999999999", b"a BAD"),
        (b"a LOGIN alice {999999999}", b"a BAD"),
        (b"a LOGIN " + b"x" * 100_000, b"* BAD"),
        (b"a STARTTLS", b"a BAD"),
    ],
)
def test_what_is_malformed_is_bad_and_the_connection_goes_on(
    server: IMAPServer, wire: Connect, line: bytes, reply: bytes
) -> None:
    talk = wire(server)
    assert talk.ask(line).startswith(reply)
    assert talk.ask(b"z NOOP") == b"z OK NOOP completed"


def test_lines_end_with_cr_lf(server: IMAPServer, wire: Connect) -> None:
    talk = wire(server)
    talk.send(b"a NOOP\n")
    assert talk.line() == b"a BAD lines end with CR LF"


def test_rules_get_the_tag_and_see_uid_commands(server: IMAPServer, wire: Connect) -> None:
    both = server.on("FETCH", arg="BODY").reply("NO [SERVERBUG] Sorry")
    only = server.on("UID FETCH", arg="FLAGS").reply("NO Not by UID")
    talk = wire(server)
    login(talk)
    assert talk.ask(b"a FETCH 1 BODY[]") == b"a NO [SERVERBUG] Sorry"
    assert talk.ask(b"b UID FETCH 1 BODY[]") == b"b NO [SERVERBUG] Sorry"
    assert talk.ask(b"c UID FETCH 1 FLAGS") == b"c NO Not by UID"
    assert talk.ask(b"d FETCH 1 FLAGS").startswith(b"* 1 FETCH")
    assert (both.hits, only.hits) == (2, 1)


def test_an_answer_leaves_in_one_write_and_pipelined_commands_are_one_turn(server: IMAPServer, wire: Connect) -> None:
    talk = wire(server)
    login(talk)
    before = server.log.round_trips()
    talk.send(b"a FETCH 1 FLAGS\r\nb FETCH 1 UID\r\nc LOGOUT\r\n")
    assert talk.until(b"c OK")[-2:] == [b"* BYE Goodbye", b"c OK LOGOUT completed"]
    assert talk.line() == b""
    assert server.log.round_trips() == before + 1
    assert [r.bytes for r in server.log.records if r.bytes.startswith(b"* 1 FETCH (UID")] == [
        b"* 1 FETCH (UID 1)\r\nb OK FETCH completed\r\n"
    ]


@pytest.mark.parametrize("command", [b"IDLE", b"AUTHENTICATE PLAIN"])
def test_a_line_without_end_inside_a_command_is_bad_and_no_fault_of_the_server(
    server: IMAPServer, wire: Connect, command: bytes
) -> None:
    talk = wire(server)
    if command == b"IDLE":
        login(talk)
    assert talk.ask(b"a " + command).startswith(b"+")
    talk.send(b"x" * 200_000 + b"\r\n")
    assert talk.line() == b"a BAD line too long"
    assert server.errors == []
