"""Personalities and capability expressions, as the standard library's clients see them."""

from __future__ import annotations

import ftplib
import imaplib
import poplib
import smtplib
from collections.abc import Callable, Iterable

import pytest

from nettools import testing
from nettools.testing import ALL
from nettools.testing.personalities import PERSONALITIES, Capabilities
from nettools.testing.server import Server

Make = Callable[..., Server]


def ehlo(server: Server) -> dict[str, str]:
    with smtplib.SMTP(server.host, server.port, local_hostname="me", timeout=5) as client:
        client.ehlo()
        return dict(client.esmtp_features)


def capabilities(server: Server) -> set[str]:
    with imaplib.IMAP4(server.host, server.port, timeout=5) as client:
        return set(client.capabilities)


def capa(server: Server) -> dict[str, list[str]]:
    client = poplib.POP3(server.host, server.port, timeout=5)
    try:
        return client.capa()
    finally:
        client.quit()


def folders(server: Server) -> list[str]:
    with imaplib.IMAP4(server.host, server.port, timeout=5) as client:
        client.login("alice", "secret")
        return [row.decode() for row in client.list()[1] if isinstance(row, bytes)]


def test_gmail_announces_its_own_by_imap_and_does_not_sort(net_servers: Make) -> None:
    server = net_servers("imap", personality="gmail", tls=False)
    names = capabilities(server)
    assert {"X-GM-EXT-1", "LITERAL-", "CONDSTORE", "AUTH=XOAUTH2"} <= names
    assert names.isdisjoint({"SORT", "LITERAL+", "STARTTLS", "AUTH=LOGIN", "AUTH=SCRAM-SHA-256"})
    with imaplib.IMAP4(server.host, server.port, timeout=5) as client:
        client.login("alice", "secret")
        client.select()
        with pytest.raises(imaplib.IMAP4.error):
            client.sort("DATE", "UTF-8", "ALL")


def test_gmail_has_its_special_folders_below_a_name_that_is_none(net_servers: Make) -> None:
    rows = folders(net_servers("imap", personality="gmail", tls=False))
    assert sum("\\All" in row and row.endswith('"[Gmail]/All Mail"') for row in rows) == 1
    assert any("\\Noselect" in row and row.endswith('"[Gmail]"') for row in rows)
    assert not any(row.endswith(("/ Sent", "/ Archive", '"Trash"')) for row in rows)


def test_gmail_takes_short_literals_at_once_and_refuses_long_ones(net_servers: Make) -> None:
    server = net_servers("imap", personality="gmail", tls=False)
    for size, status in (("6", b"1 OK"), ("4097", b"1 BAD")):
        with imaplib.IMAP4(server.host, server.port, timeout=5) as client:
            client.send(b"1 LOGIN alice {%s+}\r\n%s\r\n" % (size.encode(), b"secret".ljust(int(size), b"x")))
            assert client.readline().startswith(status)


def test_gmail_by_pop3_and_smtp(net_servers: Make) -> None:
    found = capa(net_servers("pop3", personality="gmail", tls=False))
    assert found["EXPIRE"] == ["0"]
    assert found["SASL"] == ["PLAIN", "XOAUTH2", "OAUTHBEARER"]
    assert "PIPELINING" not in found
    features = ehlo(net_servers("smtp", personality="gmail", tls=False))
    assert "dsn" not in features
    assert {"pipelining", "chunking", "smtputf8"} <= set(features)
    assert features["auth"].split() == ["PLAIN", "LOGIN", "XOAUTH2", "OAUTHBEARER"]


def test_exchange_names_its_folders_and_hides_what_they_are_for(net_servers: Make) -> None:
    server = net_servers("imap", personality="exchange", tls=False)
    assert capabilities(server) >= {"IMAP4", "UIDPLUS", "MOVE", "LITERAL+"}
    assert capabilities(server).isdisjoint({"SPECIAL-USE", "ESEARCH", "SORT", "CONDSTORE"})
    rows = folders(server)
    assert any(row.endswith('"Sent Items"') for row in rows)
    assert not any("\\Sent" in row for row in rows)


def test_dovecot_sorts_and_threads_and_takes_plain_passwords_only(net_servers: Make) -> None:
    names = capabilities(net_servers("imap", personality="dovecot", tls=False))
    assert names >= {"SORT", "THREAD=REFERENCES", "LITERAL+", "MOVE"}
    assert {name for name in names if name.startswith("AUTH=")} == {"AUTH=PLAIN", "AUTH=LOGIN"}
    assert capa(net_servers("pop3", personality="dovecot", tls=False))["SASL"] == ["PLAIN", "LOGIN"]


def test_minimal_has_nothing_that_came_after_the_first_standards(net_servers: Make) -> None:
    assert capabilities(net_servers("imap", personality="minimal", tls=False)) == {"IMAP4REV1"}
    assert ehlo(net_servers("smtp", personality="minimal", tls=False)) == {}
    with pytest.raises(poplib.error_proto):
        capa(net_servers("pop3", personality="minimal", tls=False))
    server = net_servers("ftp", personality="minimal", tls=False)
    with ftplib.FTP() as client:
        client.connect(server.host, server.port, timeout=5)
        client.login("alice", "secret")
        for command in ("FEAT", "EPSV", "SIZE pub/hello.txt", "MDTM pub/hello.txt", "MLSD"):
            with pytest.raises(ftplib.error_perm, match="500"):
                client.sendcmd(command)
        assert "hello.txt" in client.nlst("pub")


@pytest.mark.parametrize(
    ("name", "protocol"), [(name, protocol) for name, spoken in PERSONALITIES.items() for protocol in spoken]
)
def test_every_personality_serves_a_standard_client(net_servers: Make, name: str, protocol: str) -> None:
    server = net_servers(protocol, personality=name, tls=False)
    server.world.inbox("alice").append(b"Subject: One\r\n\r\nText\r\n")
    if protocol == "imap":
        with imaplib.IMAP4(server.host, server.port, timeout=5) as imap:
            imap.login("alice", "secret")
            assert imap.select()[1] == [b"1"]
    elif protocol == "pop3":
        pop3 = poplib.POP3(server.host, server.port, timeout=5)
        pop3.user("alice")
        pop3.pass_("secret")
        assert pop3.stat()[0] == 1
        pop3.quit()
    elif protocol == "smtp":
        with smtplib.SMTP(server.host, server.port, local_hostname="me", timeout=5) as smtp:
            assert smtp.sendmail("me@example.org", "alice@example.org", b"Subject: Two\r\n\r\nText\r\n") == {}
    else:
        with ftplib.FTP() as ftp:
            ftp.connect(server.host, server.port, timeout=5)
            ftp.login("alice", "secret")
            assert ftp.pwd() == "/"


@pytest.mark.net_server("imap", personality="gmail")
def test_a_marker_gives_a_fixture_its_personality(imap_server: Server) -> None:
    assert "X-GM-EXT-1" in capabilities(imap_server)


def test_a_capability_that_is_taken_away_is_gone(net_servers: Make) -> None:
    features = ehlo(net_servers("smtp", tls=False, capabilities=ALL - {"pipelining"} | {"X-MINE"}))
    assert "pipelining" not in features
    assert {"x-mine", "size"} <= set(features)


def test_a_personality_can_be_changed(net_servers: Make) -> None:
    names = capabilities(
        net_servers("imap", tls=False, personality="gmail", capabilities=ALL - {"MOVE", "X-GM-EXT-1"} | {"SORT"})
    )
    assert "SORT" in names
    assert names.isdisjoint({"MOVE", "X-GM-EXT-1"})


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        (ALL, ((), ())),
        (ALL - ["a", "B"], (("A", "B"), ())),
        (ALL - {"A"} | {"a"}, ((), ())),
        (ALL | ["x"] | ["x", "y"], ((), ("x", "y"))),
        ((ALL | ["x"]) - {"X"}, (("X",), ())),
    ],
)
def test_capabilities_are_an_expression(given: Capabilities, expected: tuple[Iterable[str], Iterable[str]]) -> None:
    assert (tuple(sorted(given.removed)), given.added) == expected


def test_a_lone_string_is_no_set_of_names() -> None:
    with pytest.raises(TypeError, match="SORT"):
        ALL - "SORT"


@pytest.mark.parametrize(
    ("name", "protocol", "words"), [("gmial", "imap", "dovecot, gmail"), ("gmail", "ftp", "does not speak ftp")]
)
def test_what_a_personality_is_not_is_said(name: str, protocol: str, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        testing.make_server(protocol, personality=name)


def test_folders_keep_their_mail_when_they_are_named_otherwise_and_later_users_have_them_too() -> None:
    world = testing.World()
    world.folder("alice", "Sent").append(b"Subject: Kept\r\n\r\n")
    world.folder("alice", "Archive").append(b"Subject: Kept too\r\n\r\n")
    world.name_folders({"Sent Items": "\\Sent", "Everything": "\\All"})
    assert len(world.folder("alice", "Sent Items")) == len(world.folder("alice", "Archive")) == 1
    assert set(world.mail["alice"].folders) == {"INBOX", "Sent Items", "Everything", "Archive"}
    assert set(world.add_user("bob", "x").folders) == {"INBOX", "Sent Items", "Everything"}
