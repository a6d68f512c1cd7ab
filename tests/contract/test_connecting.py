"""`connect`: which session it gives, that one may say which is expected, and how it shows itself."""

from __future__ import annotations

import pytest

import nettools
from nettools import UsageError, connect
from nettools.testing import servers

KINDS = {
    "http": "HTTPSession",
    "xmlrpc": "XMLRPCSession",
    "ftp": "FTPSession",
    "smtp": "SMTPSession",
    "pop3": "POP3Session",
    "imap": "IMAPSession",
    "nntp": "NNTPSession",
    "telnet": "TelnetSession",
    "gopher": "GopherSession",
    "tcp": "SocketSession",
    "udp": "SocketSession",
    "unix": "SocketSession",
}


@pytest.mark.parametrize(("protocol", "kind"), KINDS.items())
def test_the_kind_of_a_session_may_be_named(protocol: str, kind: str) -> None:
    auth = ("alice", "secret") if protocol in ("imap", "pop3") else None
    with servers(protocol) as s, connect(getattr(s, protocol).url, kind=getattr(nettools, kind), auth=auth) as session:
        assert isinstance(session, getattr(nettools, kind))
        assert isinstance(session, nettools.Session)


def test_a_session_of_another_kind_is_refused_before_anything_is_connected() -> None:
    with servers("imap") as s:
        with pytest.raises(UsageError, match="a session of IMAPSession, not of FTPSession") as caught:
            connect(s.imap.url, kind=nettools.FTPSession)
        assert caught.value.exit_code == 3
        assert s.imap.log.commands() == []
        with pytest.raises(UsageError, match="kind= is a class of sessions"):
            connect(s.imap.url, kind=int)  # type: ignore[type-var]


def test_a_session_for_calls_is_to_be_had_at_any_path() -> None:
    with servers("http") as s, connect(f"{s.http.url}/api", kind=nettools.XMLRPCSession) as session:
        assert session.url.endswith("/api")


def test_a_session_and_a_server_say_where_and_how_they_are() -> None:
    with servers("imap") as s:
        session = connect(s.imap.url, auth=("alice", "secret"))
        assert repr(session) == f"<IMAPSession {session.url} open>"
        session.close()
        assert repr(session) == f"<IMAPSession {session.url} closed>"
        assert "secret" not in repr(session)
    server = nettools.listen("tcp://127.0.0.1:0", lambda connection: None)
    assert repr(server) == f"<Server {server.url} listening>"
    server.close()
    assert repr(server).endswith(" closed>")
