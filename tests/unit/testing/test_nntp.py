"""The NNTP fake, asked by the standard library's nntplib and by octets."""

from __future__ import annotations

import datetime as dt
import ssl
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from nettools.protocols._deadlib import nntplib
from nettools.testing import make_server
from nettools.testing.nntp import NNTPServer
from nettools.testing.world import Group

Connect = Callable[[Any], Any]
HEAD = "From: Bob <bob@x.org>\r\nNewsgroups: local.test\r\nSubject: Number {n}\r\nMessage-ID: <{n}@x.org>\r\n"
RAW = HEAD + "References: <a@x.org>\r\n <b@x.org>\r\n\r\nbody {n}\r\n.dot\r\n"


@pytest.fixture
def server(ca: Any) -> Iterator[NNTPServer]:
    with make_server("nntp", tls=True) as running:
        assert isinstance(running, NNTPServer)
        for n in range(1, 4):
            running.world.groups["local.test"].add(RAW.format(n=n).encode())
        running.world.groups["local.empty"] = Group("local.empty", "Nothing here", last=7)
        yield running


@pytest.fixture
def client(server: NNTPServer) -> Iterator[Any]:
    with nntplib.NNTP(server.host, server.port, timeout=10) as connected:
        yield connected


# --- nntplib


def test_groups_articles_and_overviews_are_what_nntplib_expects(client: Any) -> None:
    _, groups = client.list()
    assert [tuple(group) for group in groups] == [
        ("local.empty", "0000000007", "0000000008", "y"), ("local.test", "0000000003", "0000000001", "y"),
    ]  # fmt: skip
    assert client.descriptions("local.*")[1]["local.empty"] == "Nothing here"
    assert client.group("local.test")[1:] == (3, 1, 3, "local.test")
    assert client.group("local.empty")[1:4] == (0, 8, 7)
    client.group("local.test")
    _, rows = client.over((1, 2))
    assert [(number, row["subject"], row["references"]) for number, row in rows] == [
        (1, "Number 1", "<a@x.org> <b@x.org>"), (2, "Number 2", "<a@x.org> <b@x.org>"),
    ]  # fmt: skip
    assert rows[0][1]["xref"] == "localhost local.test:1"
    assert rows[0][1][":bytes"] == str(len(RAW.format(n=1)))
    assert client.xover(2, 3)[1][1][0] == 3
    assert client.xhdr("subject", "1-2")[1] == [("1", "Number 1"), ("2", "Number 2")]
    assert client.xhdr("nothing", "1")[1] == [("1", "(none)")]


def test_the_current_article_moves(client: Any) -> None:
    client.group("local.test")
    assert client.stat()[1:] == (1, "<1@x.org>")
    assert client.next()[1] == 2
    assert client.last()[1] == 1
    with pytest.raises(nntplib.NNTPTemporaryError, match="422"):
        client.last()
    info = client.article("<2@x.org>")[1]
    assert (info.number, info.message_id) == (0, "<2@x.org>")
    assert info.lines == RAW.format(n=2).encode().splitlines()
    assert client.head(3)[1].lines[2] == b"Subject: Number 3"
    assert client.body(3)[1].lines == [b"body 3", b".dot"]
    assert client.stat()[1] == 3


def test_an_article_that_is_posted_is_there_with_what_the_server_adds(client: Any, server: NNTPServer) -> None:
    client.post(b"From: a@x.org\r\nNewsgroups: local.test\r\nSubject: Hi\r\n\r\n.\r\n..\r\nend\r\n")
    client.group("local.test")
    lines = client.article(4)[1].lines
    assert lines[-3:] == [b".", b"..", b"end"]
    assert {line.partition(b":")[0] for line in lines[:6]} >= {b"Path", b"Date", b"Message-ID"}
    client.ihave("<i@x.org>", RAW.format(n="i").encode())
    assert client.stat("<i@x.org>")[1] == 0
    with pytest.raises(nntplib.NNTPTemporaryError, match="435"):
        client.ihave("<i@x.org>", b"")


@pytest.mark.parametrize(
    ("head", "reason"),
    [
        (b"Newsgroups: local.test\r\nSubject: x\r\n\r\n", "no From"),
        (b"From: a@x\r\nSubject: x\r\n\r\n", "no Newsgroups"),
        (b"From: a@x\r\nNewsgroups: no.such\r\nSubject: x\r\n\r\n", "no such group"),
        (b"From: a@x\r\nNewsgroups: local.test\r\nSubject: x\r\nMessage-ID: <1@x.org>\r\n\r\n", "already"),
        (b"From: a@x\r\nNewsgroups: local.test\r\nSubject: x\r\nMessage-ID: nonsense\r\n\r\n", "Message-ID"),
        (b"From: a@x\r\nnonsense\r\n\r\n", "no field"),
    ],
)
def test_what_is_no_article_is_refused(client: Any, head: bytes, reason: str) -> None:
    with pytest.raises(nntplib.NNTPTemporaryError, match=f"441.*{reason}"):
        client.post(head + b"text\r\n")


def test_moderated_and_closed_groups(client: Any, server: NNTPServer) -> None:
    group = server.world.groups["local.empty"]
    article = b"From: a@x\r\nNewsgroups: local.empty\r\nSubject: x\r\n\r\ntext\r\n"
    group.posting = "n"
    with pytest.raises(nntplib.NNTPTemporaryError, match="441"):
        client.post(article)
    group.posting = "m"
    client.post(article)
    assert group.articles == {}


def test_what_is_new_is_told(client: Any, server: NNTPServer) -> None:
    server.world.groups["local.test"].arrived[1] = dt.datetime(2020, 1, 1, tzinfo=dt.UTC)
    assert client.newnews("local.*", dt.date(2025, 1, 1))[1] == ["<2@x.org>", "<3@x.org>"]
    assert client.newnews("*,!local.*", dt.date(2025, 1, 1))[1] == []
    assert len(client.newgroups(dt.date(2025, 1, 1))[1]) == 2
    assert abs(client.date()[1] - dt.datetime.now(dt.UTC).replace(tzinfo=None)) < dt.timedelta(minutes=1)
    assert "ARTICLE" in client.help()[1]


def test_nntplib_logs_in_and_upgrades(server: NNTPServer, trusting: ssl.SSLContext) -> None:
    with nntplib.NNTP("localhost", server.port, timeout=10) as client:
        client.starttls(trusting)
        client.login("alice", "secret")
        assert "AUTHINFO" not in client.getcapabilities()
    with nntplib.NNTP_SSL("localhost", server.tls_port, ssl_context=trusting, timeout=10) as client:
        with pytest.raises(nntplib.NNTPTemporaryError, match="481"):
            client.login("alice", "wrong")
        assert client.group("local.test")[1] == 3


# --- octets


@pytest.mark.parametrize(
    ("line", "code"),
    [
        (b"NONSENSE", b"500"), (b"", b"500"), (b"ARTICLE 1", b"412"), (b"GROUP no.such", b"411"),
        (b"MODE STREAM", b"501"), (b"LIST NONSENSE", b"503"), (b"AUTHINFO PASS x", b"482"), (b"AUTHINFO", b"501"),
        (b"AUTHINFO SASL NONSENSE", b"503"), (b"AUTHINFO SASL PLAIN !!!", b"482"), (b"NEWNEWS * 1 2", b"501"),
        (b"NEWNEWS * 20260230 000000", b"501"), (b"NEWGROUPS 700101 000000 GMT", b"231"), (b"LIST ACTIVE [a]", b"501"),
        (b"IHAVE nonsense", b"501"), (b"OVER <none@x>", b"430"), (b"XHDR", b"501"), (b"x" * 20_000, b"501"),
        (b"LISTGROUP", b"412"), (b"NEXT", b"412"), (b"HDR subject <1@x.org>", b"225"), (b"LIST COUNTS", b"215"),
        (b"LIST ACTIVE.TIMES", b"215"), (b"LIST HEADERS RANGE", b"215"), (b"LIST DISTRIB.PATS", b"215"),
    ],
)  # fmt: skip
def test_every_line_has_its_answer(server: NNTPServer, wire: Connect, line: bytes, code: bytes) -> None:
    assert wire(server).ask(line)[:3] == code


@pytest.mark.parametrize(
    ("line", "code"),
    [
        (b"ARTICLE 9", b"423"), (b"ARTICLE x", b"501"), (b"OVER 7-9", b"423"), (b"OVER x", b"501"), (b"OVER", b"224"),
        (b"HDR :bytes 1-", b"225"), (b"LISTGROUP local.test 2-", b"211"), (b"NEXT", b"223"), (b"LAST", b"422"),
    ],
)  # fmt: skip
def test_with_a_group_every_line_has_its_answer(server: NNTPServer, wire: Connect, line: bytes, code: bytes) -> None:
    connected = wire(server)
    assert connected.ask(b"GROUP local.test") == b"211 3 1 3 local.test"
    assert connected.ask(line)[:3] == code


def test_in_an_empty_group_there_is_no_current_article(server: NNTPServer, wire: Connect) -> None:
    connected = wire(server)
    assert connected.ask(b"GROUP local.empty") == b"211 0 8 7 local.empty"
    assert [connected.ask(each)[:3] for each in (b"STAT", b"NEXT", b"OVER 1-9")] == [b"420", b"420", b"423"]


def test_commands_written_ahead_are_answered_in_order_in_one_turn(server: NNTPServer, wire: Connect) -> None:
    connected = wire(server)
    connected.send(b"GROUP local.test\r\nSTAT 1\r\nSTAT 9\r\nSTAT 3\r\n")
    assert [connected.line()[:5] for _ in range(4)] == [b"211 3", b"223 1", b"423 T", b"223 3"]
    assert server.log.round_trips() == 2


@pytest.mark.parametrize(
    ("without", "line"),
    [("OVER", b"OVER 1"), ("XOVER", b"XOVER 1"), ("CAPABILITIES", b"CAPABILITIES"), ("HDR", b"HDR")],
)
def test_what_was_left_out_is_not_known(wire: Connect, without: str, line: bytes) -> None:
    with make_server("nntp", without={without}) as server:
        assert wire(server).ask(line)[:3] == b"500"


def test_a_server_without_posting_says_so_in_its_greeting(wire: Connect) -> None:
    with make_server("nntp", without={"POST"}) as server:
        connected = wire(server)
        assert server.log.server_bytes().startswith(b"201 ")
        assert connected.ask(b"POST")[:3] == b"440"


def test_a_field_whose_name_is_no_text_is_in_no_article(wire: Connect) -> None:
    with make_server("nntp") as server:
        server.world.groups["local.test"].add(b"From: a\r\nSubject: b\r\nMessage-ID: <a@b>\r\n\r\n")
        connected = wire(server)
        connected.send(b"GROUP local.test\r\nHDR \xff 1\r\n")
        assert connected.until(b"1 ")[-2:] == [b"225 They follow", b"1 "]


def test_a_transit_server_wants_mode_reader(wire: Connect) -> None:
    with make_server("nntp", without={"READER"}) as server:
        connected = wire(server)
        assert connected.ask(b"GROUP local.test")[:3] == b"502"
        connected.send(b"CAPABILITIES\r\n")
        assert b"MODE-READER" in connected.until(b".")
        assert connected.ask(b"MODE READER")[:3] == b"200"
        assert connected.ask(b"GROUP local.test")[:3] == b"211"


def test_a_server_that_wants_a_login_shows_nothing_before(wire: Connect) -> None:
    with make_server("nntp", login=True) as server:
        connected = wire(server)
        assert connected.ask(b"LIST")[:3] == b"480"
        assert connected.ask(b"AUTHINFO USER alice")[:3] == b"381"
        assert connected.ask(b"AUTHINFO PASS secret")[:3] == b"281"
        assert connected.ask(b"AUTHINFO USER alice")[:3] == b"502"
        assert connected.ask(b"LIST")[:3] == b"215"
        assert "secret" not in str(server.log)


@pytest.mark.parametrize(
    ("answers", "code"),
    [([b"AGFsaWNlAHNlY3JldA=="], b"281"), ([b"AGFsaWNlAHdyb25n"], b"481"), ([b"*"], b"481"), ([b"=!"], b"482")],
)
def test_sasl_asks_and_is_answered(server: NNTPServer, wire: Connect, answers: list[bytes], code: bytes) -> None:
    connected = wire(server)
    assert connected.ask(b"AUTHINFO SASL PLAIN") == b"383 ="
    assert [connected.ask(each)[:3] for each in answers] == [code]


def test_an_upgrade_drops_what_was_sent_behind_it(server: NNTPServer, wire: Connect) -> None:
    connected = wire(server)
    connected.send(b"STARTTLS\r\nDATE\r\n")
    assert connected.line() == b"382 Begin TLS"
    assert server.log.commands() == ["STARTTLS"]


def test_two_upgrades_are_one_too_many(server: NNTPServer, trusting: ssl.SSLContext) -> None:
    with nntplib.NNTP_SSL("localhost", server.tls_port, ssl_context=trusting, timeout=10) as client:
        assert "STARTTLS" not in client.getcapabilities()
        with pytest.raises(nntplib.NNTPPermanentError, match="502"):
            client._shortcmd("STARTTLS")
