"""News over the fake, in clear and under TLS, and over INN."""

from __future__ import annotations

import datetime as dt
import email.message
import itertools
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest

import nettools
from nettools import (
    Auth,
    AuthError,
    ClearTextError,
    DeadlineError,
    DeniedError,
    DisconnectedError,
    IncompleteError,
    NotFoundError,
    ProtocolError,
    ReplyError,
    ReplyTooLongError,
    TLSError,
    TooLargeError,
    UsageError,
)
from nettools.testing.world import Group

Site = Any

DAEMON = pytest.mark.daemon
KINDS = ["plain", "starttls", "implicit"]
ALL_KINDS = [*KINDS, *(pytest.param(f"inn2-{kind}", marks=DAEMON) for kind in KINDS)]
ARTICLE = (
    "From: Bob <bob@example.org>\r\nNewsgroups: local.test\r\nSubject: =?utf-8?q?N=C2=B0?= {n}\r\n"
    "Date: {date}\r\nMessage-ID: <{n}@x.org>\r\nReferences: <a@x.org>\r\n <b@x.org>\r\n\r\nbody {n}\r\n.dot\r\n"
)
NATIVE = Auth("alice", "secret", mechanism="native")


def fill(site: Site, count: int, start: int = 1) -> Site:
    group = site.server.world.groups["local.test"]
    for n in range(start, start + count):
        moment = dt.datetime(2026, 1, 1, tzinfo=dt.UTC) + dt.timedelta(days=n)
        group.add(ARTICLE.format(n=n, date=moment.strftime("%a, %d %b %Y %H:%M:%S +0000")).encode())
    return site


@dataclass
class News:
    """A server, and a group on it that nobody else uses."""

    site: Site
    group: str

    @property
    def url(self) -> str:
        return self.site.at(self.group)

    def post(self, subject: str, text: str = "text\n", **more: Any) -> str:
        report = nettools.post_article(
            self.url, sender="Bob <bob@example.org>", subject=subject, text=text, **more, **self.site.options
        )
        assert report.message_id
        return report.message_id


@pytest.fixture(params=ALL_KINDS)
def news(request: pytest.FixtureRequest, fake_site: Callable[..., Site]) -> News:
    server, _, kind = request.param.rpartition("-")
    if server:
        site = request.getfixturevalue("daemon_site")(server, "nntp", kind)
        return News(site, site.service.facts["new_group"]())
    site = fake_site("nntp", kind)
    site.server.world.groups["local.own"] = Group("local.own", "A test's own")
    return News(site, "local.own")


@pytest.fixture
def plain(fake_site: Callable[..., Site]) -> Site:
    return fake_site("nntp", "plain")


# --- over every server


def test_groups_are_listed_with_their_descriptions(news: News) -> None:
    groups = {group.name: group for group in nettools.list_groups(news.site.url, **news.site.options)}
    assert groups["local.test"].description == "A group to test with"
    assert groups["local.test"].posting == "y"
    assert (groups[news.group].count, news.group in groups) == (0, True)
    only = nettools.list_groups(news.site.url, pattern="local.*,!local.test", **news.site.options)
    assert "local.test" not in {group.name for group in only}
    assert news.group in {group.name for group in only}


def test_an_article_is_posted_and_read_back(news: News) -> None:
    text = "Grüße\n.\n..\n.leading dot\n" + "long " * 600 + "\nend\n"
    identity = news.post("Zażółć", text, references=["<a@x.org>", "<b@x.org>"], headers={"X-Own": "yes"})
    (info,) = nettools.list_articles(news.url, **news.site.options)
    assert (info.subject, info.message_id, info.references) == ("Zażółć", identity, ("<a@x.org>", "<b@x.org>"))
    assert info.sender is not None
    assert (info.sender.name, info.sender.address) == ("Bob", "bob@example.org")
    article = nettools.fetch_article(news.url, info.number, **news.site.options)
    assert article.text == text
    assert article.headers["x-own"] == "yes"
    assert (article.info.number, article.info.message_id) == (info.number, identity)
    assert nettools.fetch_article(news.site.url, identity, **news.site.options).text == text
    assert article.defects == ()


def test_articles_are_listed_newest_first_within_limits(news: News) -> None:
    for n in range(5):
        news.post(f"Number {n}")
    options = news.site.options

    def listed(**given: Any) -> list[str]:
        return [info.subject[-1] for info in nettools.list_articles(news.url, **given, **options)]

    assert listed() == ["4", "3", "2", "1", "0"]
    assert listed(limit=2) == ["4", "3"]
    assert listed(limit=2, newest_first=False) == ["0", "1"]
    numbers = [info.number for info in nettools.list_articles(news.url, **options)]
    assert listed(first=numbers[3], last=numbers[1]) == ["3", "2", "1"]
    assert listed(since="1d", limit=None, newest_first=False) == ["0", "1", "2", "3", "4"]
    assert listed(since=dt.datetime.now(dt.UTC) + dt.timedelta(days=1)) == []
    assert listed(limit=0) == []


def test_an_empty_group_has_no_articles(news: News) -> None:
    assert nettools.list_articles(news.url, **news.site.options) == ()


def test_what_is_missing_does_not_end_a_batch(news: News) -> None:
    identities = [news.post(f"Number {n}") for n in range(3)]
    wanted = [identities[0], "<none@example.org>", identities[2]]
    articles = list(nettools.fetch_articles(news.site.url, wanted, **news.site.options))
    assert [article.info.message_id for article in articles] == [identities[0], identities[2]]
    assert articles[1].meta.warnings == ("there is no article <none@example.org>",)
    found = nettools.fetch_articles(news.url, range(1, 20), **news.site.options)
    assert [article.info.message_id for article in found] == identities


def test_what_is_not_there_is_not_found(news: News) -> None:
    options = news.site.options
    with pytest.raises(NotFoundError) as caught:
        nettools.list_articles(news.site.at("no.such.group"), **options)
    assert (caught.value.code, caught.value.exit_code) == (411, 78)
    with pytest.raises(NotFoundError):
        nettools.fetch_article(news.url, 99999, **options)
    with pytest.raises(NotFoundError):
        nettools.fetch_article(news.site.url, "<none@example.org>", **options)
    with pytest.raises(NotFoundError):
        nettools.connect(news.site.at("no.such.group"), **options)


def test_a_ready_message_is_posted_as_it_is(news: News) -> None:
    message = email.message.EmailMessage()
    message["From"], message["Subject"] = "bob@example.org", "Ready"
    message["Message-ID"] = f"<{secrets.token_hex(8)}@example.org>"
    message.set_content("first\n.second\n")
    message.add_attachment(bytes(range(256)), maintype="application", subtype="octet-stream", filename="all.bin")
    report = nettools.post_article(news.url, message, **news.site.options)
    assert report.message_id == message["Message-ID"]
    article = nettools.fetch_article(news.site.url, report.message_id, **news.site.options)
    assert (article.text, article.headers["newsgroups"]) == ("first\n.second\n", news.group)
    assert [(each.name, each.data) for each in article.attachments] == [("all.bin", bytes(range(256)))]


def test_wrong_credentials_are_refused(news: News) -> None:
    options = {**news.site.options, "auth": ("alice", "wrong-word")}
    with pytest.raises(AuthError) as caught:
        nettools.list_groups(news.site.url, **options)
    assert caught.value.exit_code == 67
    assert "wrong-word" not in str(caught.value) + repr(caught.value.__dict__)


def test_a_session_does_many_things_over_one_connection(news: News) -> None:
    identities = [news.post(f"Number {n}") for n in range(3)]
    with nettools.connect(news.url, **news.site.options) as session:
        assert abs(session.date() - dt.datetime.now(dt.UTC)) < dt.timedelta(hours=1)
        session.ping()
        assert {"READER", "OVER"} <= session.capabilities
        assert "ACTIVE" in session.capability("LIST")
        assert session.capability("NONSENSE") is None
        reply = session.command(f"LISTGROUP {news.group}")
        assert (reply.code, len(reply.lines)) == (211, 3)
        stream = session.fetch_many(identities)
        assert next(stream).info.message_id == identities[0]
        assert session.fetch(identities[2]).info.message_id == identities[2]
        assert session.list(limit=1)[0].message_id == identities[2]
        assert [article.info.message_id for article in stream] == identities[1:]
        assert (session.tls is not None) == (news.site.kind != "plain")
        assert session.raw.group(news.group)[1] == 3


def test_posting_needs_what_the_server_wants(news: News) -> None:
    options = {**news.site.anonymous}
    if news.site.server is None:
        with pytest.raises(DeniedError) as caught:
            nettools.post_article(news.url, sender="b@example.org", subject="x", text="y", **options)
        assert caught.value.code in (440, 480)
    with pytest.raises(ReplyError) as refused:
        nettools.post_article(
            news.site.url, group="no.such.group", sender="b@example.org", subject="x", text="y", **news.site.options
        )
    assert refused.value.exit_code == 55


# --- how it is said


def test_a_hundred_articles_take_six_round_trips(plain: Site) -> None:
    site = fill(plain, 100)
    options = {**site.options, "auth": NATIVE}
    articles = list(nettools.fetch_articles(site.at("local.test"), range(1, 101), **options))
    assert [article.info.number for article in articles] == list(range(1, 101))
    # greeting, CAPABILITIES, AUTHINFO USER, AUTHINFO PASS, GROUP and the articles, QUIT
    assert site.server.log.round_trips() == 6
    assert site.server.log.commands()[:4] == [
        "CAPABILITIES", "AUTHINFO USER alice", "AUTHINFO PASS secret", "GROUP local.test",
    ]  # fmt: skip


def test_a_thousand_articles_are_never_asked_for_all_at_once(plain: Site) -> None:
    site = fill(plain, 1000)
    found = nettools.fetch_articles(site.at("local.test"), range(1, 1001), **site.anonymous)
    assert sum(1 for _ in found) == 1000
    ahead = max(len(each.bytes) for each in site.server.log.records if each.direction == "C")
    assert ahead < 8192


def test_a_server_of_the_first_rfc_is_served_one_command_at_a_time(fake_site: Callable[..., Site]) -> None:
    without = {"CAPABILITIES", "OVER", "XOVER", "LISTGROUP", "DATE", "NEWSGROUPS"}
    site = fill(fake_site("nntp", "plain", without=without), 3)
    infos = nettools.list_articles(site.at("local.test"), **{**site.options, "auth": NATIVE})
    assert [(info.number, info.subject) for info in infos] == [(3, "N° 3"), (2, "N° 2"), (1, "N° 1")]
    assert infos[0].references == ("<a@x.org>", "<b@x.org>")
    assert "MODE READER" in site.server.log.commands()
    assert not any("ahead" in each.note for each in site.server.log.records)
    assert nettools.list_groups(site.url, **site.anonymous)[0].description is None
    with nettools.connect(site.url, **site.anonymous) as session:
        session.ping()
        assert session.capabilities == frozenset()


def test_xover_is_used_where_over_is_missing(fake_site: Callable[..., Site]) -> None:
    site = fill(fake_site("nntp", "plain", without={"OVER"}), 3)
    assert len(nettools.list_articles(site.at("local.test"), **site.anonymous)) == 3
    assert "XOVER 1-3" in site.server.log.commands()


def test_mode_reader_is_said_where_it_is_needed_and_nowhere_else(fake_site: Callable[..., Site]) -> None:
    site = fill(fake_site("nntp", "plain", without={"READER"}), 1)
    assert nettools.fetch_article(site.at("local.test/1"), **site.options).info.number == 1
    commands = site.server.log.commands()
    assert commands[:3] == ["CAPABILITIES", "MODE READER", "CAPABILITIES"]
    other = fill(fake_site("nntp", "plain"), 1)
    nettools.fetch_article(other.at("local.test/1"), **other.anonymous)
    assert other.server.log.commands() == ["CAPABILITIES", "GROUP local.test", "ARTICLE 1", "QUIT"]


@pytest.mark.parametrize("mechanism", ["native", "PLAIN", "LOGIN", "CRAM-MD5", "SCRAM-SHA-1", "SCRAM-SHA-256"])
def test_every_mechanism_logs_in(fake_site: Callable[..., Site], mechanism: str) -> None:
    site = fill(fake_site("nntp", "plain", login=True), 1)
    auth = Auth("alice", "secret", mechanism=mechanism)
    with nettools.connect(site.at("local.test"), auth=auth, tls="off") as session:
        assert session.fetch(1).info.number == 1
        assert session.capability("AUTHINFO") is None


def test_a_token_logs_in(fake_site: Callable[..., Site]) -> None:
    site = fake_site("nntp", "implicit", login=True)
    auth = Auth("alice", token="token-of-alice", mechanism="OAUTHBEARER")
    assert nettools.list_groups(site.url, auth=auth, tls=site.options["tls"])


def test_without_a_login_where_one_is_wanted_it_is_denied(fake_site: Callable[..., Site]) -> None:
    site = fake_site("nntp", "plain", login=True)
    with pytest.raises(DeniedError) as caught:
        nettools.list_groups(site.url, **site.anonymous)
    assert (caught.value.code, caught.value.exit_code) == (480, 9)
    assert caught.value.hint is not None
    assert "auth=" in caught.value.hint


def test_a_password_does_not_go_in_clear(plain: Site) -> None:
    resolve = {("news.example.org", plain.server.port): ["127.0.0.1"]}
    url = f"nntp://news.example.org:{plain.server.port}"
    plain.server.on("CAPABILITIES").garbage(b"101 list\r\nVERSION 2\r\nREADER\r\nAUTHINFO USER\r\n.\r\n")
    with pytest.raises(ClearTextError):
        nettools.list_groups(url, auth=("alice", "secret"), resolve=resolve, proxy=None)
    assert b"secret" not in plain.server.log.client_bytes()
    assert b"alice" not in plain.server.log.client_bytes()


@pytest.mark.parametrize("reply", ["580 no", "502 no", "382x"])
def test_an_upgrade_that_is_refused_is_the_end_where_it_is_required(fake_site: Callable[..., Site], reply: str) -> None:
    site = fake_site("nntp", "starttls")
    site.server.on("STARTTLS").reply(reply)
    with pytest.raises((TLSError, ProtocolError)):
        nettools.list_groups(site.url, **site.options)
    assert site.server.log.commands() == ["CAPABILITIES", "STARTTLS"]


def test_an_upgrade_that_is_not_offered_is_the_end_where_it_is_required(fake_site: Callable[..., Site]) -> None:
    site = fake_site("nntp", "starttls", without={"STARTTLS"})
    with pytest.raises(TLSError) as caught:
        nettools.list_groups(site.url, **site.options)
    assert caught.value.exit_code == 64


@pytest.mark.parametrize("code", [400, 502])
def test_a_greeting_that_refuses_is_the_servers_answer(plain: Site, code: int) -> None:
    plain.server.on_connect().garbage(f"{code} not now\r\n".encode(), close=True)
    with pytest.raises(ReplyError) as caught:
        nettools.list_groups(plain.url, **plain.anonymous)
    assert caught.value.code == code
    assert caught.value.temporary == (code == 400)


def test_what_is_no_reply_is_a_protocol_error(plain: Site) -> None:
    plain.server.on_connect().garbage(b"* OK IMAP4rev1\r\n", close=True)
    with pytest.raises(ProtocolError, match="no NNTP reply"):
        nettools.list_groups(plain.url, **plain.anonymous)


# --- addresses


@pytest.mark.parametrize("url", ["news:2@x.org", "news:<2@x.org>", "news:///2@x.org", "news:%3C2@x.org%3E"])
def test_a_news_url_without_a_server_finds_one(plain: Site, url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    fill(plain, 3)
    host = f"127.0.0.1:{plain.server.port}"
    assert nettools.fetch_article(url, server=host, tls="off").info.subject == "N° 2"
    monkeypatch.setenv("NNTPSERVER", host)
    assert nettools.fetch_article(url, tls="off").info.subject == "N° 2"


def test_a_news_url_may_name_a_group_and_a_server_may_be_a_url(plain: Site) -> None:
    fill(plain, 3)
    assert len(nettools.list_articles("news:local.test", server=plain.url, tls="off")) == 3
    assert len(nettools.list_articles(f"news://127.0.0.1:{plain.server.port}/local.test", tls="off")) == 3
    assert [group.name for group in nettools.list_groups("news:local.*", server=plain.url, tls="off")] == ["local.test"]
    with nettools.connect(plain.url, group="local.test", tls="off") as session:
        assert session.fetch(3).info.number == 3


@pytest.mark.parametrize(
    ("url", "keywords"),
    [
        ("news:1@x.org", {}),
        ("nntp://127.0.0.1/a b", {}),
        ("nntp://127.0.0.1/group/nonsense", {}),
        ("nntp://127.0.0.1/group/0", {}),
        ("nntp://127.0.0.1/group", {"server": "other"}),
        ("nntp://127.0.0.1/a%0D%0Ab", {}),
        ("news:<a b@c>", {"server": "127.0.0.1"}),
        ("nntp://127.0.0.1", {"ehlo": "x"}),
    ],
)
def test_an_address_that_makes_no_sense_is_refused(url: str, keywords: dict[str, Any]) -> None:
    with pytest.raises(UsageError):
        nettools.list_groups(url, **keywords)


@pytest.mark.parametrize("article", [0, -1, True, "a b@c", "<a@b>\r\nQUIT", "<>", 1.5, "x" * 300])
def test_an_article_that_cannot_be_named_is_refused_before_anything_is_asked(plain: Site, article: Any) -> None:
    with pytest.raises(UsageError):
        nettools.fetch_article(plain.at("local.test"), article, **plain.anonymous)
    assert not any(line.startswith("ARTICLE") for line in plain.server.log.commands())


def test_a_number_needs_a_group_and_a_group_a_name(plain: Site) -> None:
    for call in (
        lambda: nettools.fetch_article(plain.url, 1, **plain.anonymous),
        lambda: nettools.fetch_article(plain.url, **plain.anonymous),
        lambda: nettools.list_articles(plain.url, **plain.anonymous),
        lambda: nettools.list_articles(plain.url, group="a b", **plain.anonymous),
        lambda: nettools.list_groups(plain.url, pattern="a b", **plain.anonymous),
    ):
        with pytest.raises(UsageError):
            call()


# --- posting


@pytest.mark.parametrize(
    "given",
    [
        {"subject": "x", "text": "y"},
        {"sender": "a@x.org", "text": "y"},
        {"sender": "a@x.org", "subject": "x\r\nBcc: y", "text": "y"},
        {"sender": "a@x.org", "subject": "x", "text": "y", "group": "a b"},
        {"sender": "a@x.org", "subject": "x", "text": "y", "references": ["nonsense here"]},
        {"sender": "a@x.org", "subject": "x", "text": "y", "headers": {"X-A": "1\n2"}},
        {"message": b"From: a@x.org\r\nSubject: x\r\n\r\ny", "text": "more"},
        {"message": b"From: a@x.org\r\nSubject: x\r\n\r\n\0"},
        {"message": b"Subject: x\r\n\r\ny"},
        {"message": 7},
    ],
)
def test_an_article_that_makes_no_sense_is_not_sent(plain: Site, given: dict[str, Any]) -> None:
    with pytest.raises(UsageError):
        nettools.post_article(plain.at("local.test"), **given, **plain.anonymous)
    assert "POST" not in plain.server.log.commands()


def test_an_article_without_a_group_is_not_sent(plain: Site) -> None:
    with pytest.raises(UsageError, match="Newsgroups"):
        nettools.post_article(plain.url, sender="a@x.org", subject="x", text="y", **plain.anonymous)


def test_an_article_goes_to_several_groups(plain: Site) -> None:
    plain.server.world.groups["local.two"] = Group("local.two")
    nettools.post_article(
        plain.url, group=["local.test", "local.two"], sender="a@x.org", subject="x", text="y", **plain.anonymous
    )
    assert [len(group.articles) for group in plain.server.world.groups.values()] == [1, 1]


def test_dots_and_line_ends_of_a_post_are_what_the_server_must_see(plain: Site) -> None:
    raw = b"From: a@x.org\nSubject: x\nMessage-ID: <m@x.org>\n\n.\n..a\r\nbare\rcr\nno end"
    nettools.post_article(plain.at("local.test"), raw, **plain.anonymous)
    sent = plain.server.log.client_bytes().partition(b"POST\r\n")[2].partition(b"QUIT")[0]
    assert sent == (
        b"Newsgroups: local.test\r\nFrom: a@x.org\r\nSubject: x\r\nMessage-ID: <m@x.org>\r\n\r\n"
        b"..\r\n...a\r\nbare\r\ncr\r\nno end\r\n.\r\n"
    )


def test_a_large_post_is_sent_in_blocks(plain: Site) -> None:
    text = "0123456789" * 7 + "\n"
    nettools.post_article(plain.at("local.test"), sender="a@x.org", subject="x", text=text * 10_000, **plain.anonymous)
    assert nettools.fetch_article(plain.at("local.test/1"), **plain.anonymous).text == text * 10_000


def test_a_group_that_is_closed_refuses_the_article(plain: Site) -> None:
    plain.server.world.groups["local.test"].posting = "n"
    with pytest.raises(ReplyError) as caught:
        nettools.post_article(plain.at("local.test"), sender="a@x.org", subject="x", text="y", **plain.anonymous)
    assert (caught.value.code, caught.value.exit_code) == (441, 55)


def test_where_posting_is_not_allowed_nothing_is_sent(plain: Site) -> None:
    plain.server.on("POST").reply("440 read only")
    with pytest.raises(DeniedError) as caught:
        nettools.post_article(plain.at("local.test"), sender="a@x.org", subject="x", text="y", **plain.anonymous)
    assert caught.value.code == 440


@pytest.mark.parametrize("fault", ["drop", "hang"])
def test_a_lost_answer_to_a_post_is_an_unknown_outcome_and_never_sent_again(plain: Site, fault: str) -> None:
    getattr(plain.server.on("."), fault)()
    options = {**plain.anonymous, "retry": 3, "timeout": nettools.Timeout(idle=0.3)}
    with pytest.raises((DisconnectedError, DeadlineError)) as caught:
        nettools.post_article(plain.at("local.test"), sender="a@x.org", subject="x", text="y", **options)
    assert caught.value.outcome_unknown
    assert plain.server.log.commands().count("POST") == 1


# --- what goes wrong


def test_an_article_that_is_cut_is_incomplete(plain: Site) -> None:
    plain.server.on("ARTICLE").garbage(b"220 1 <1@x.org>\r\nSubject: x\r\n\r\nhalf", close=True)
    with pytest.raises(IncompleteError):
        nettools.fetch_article(plain.url, "<1@x.org>", **plain.anonymous)


@pytest.mark.parametrize("status", ["220 2 <1@x.org>", "220 0 <other@x.org>", "220 nonsense", "220"])
def test_another_article_than_the_one_asked_for_is_not_taken_for_it(plain: Site, status: str) -> None:
    fill(plain, 2)
    plain.server.on("ARTICLE").garbage(f"{status}\r\nSubject: x\r\n\r\nother\r\n.\r\n".encode())
    with pytest.raises(ProtocolError):
        nettools.fetch_article(plain.at("local.test"), "<1@x.org>" if "other" in status else 1, **plain.anonymous)


def test_floods_are_bounded(plain: Site) -> None:
    fill(plain, 1)
    with pytest.raises(TooLargeError) as caught:
        nettools.fetch_article(plain.at("local.test/1"), max_size=40, **plain.anonymous)
    assert caught.value.exit_code == 63
    plain.server.on("GROUP").garbage(b"211 " + b"x" * 70_000 + b"\r\n")
    with pytest.raises(ReplyTooLongError):
        nettools.list_articles(plain.at("local.test"), **plain.anonymous)


def test_rows_that_were_not_asked_for_are_left_out(plain: Site) -> None:
    fill(plain, 3)
    plain.server.on("OVER").garbage(b"224 x\r\n2\tTwo\r\n2\tagain\r\nnonsense\r\n99\tother\r\n\r\n.\r\n")
    (info,) = nettools.list_articles(plain.at("local.test"), **plain.anonymous)
    assert (info.number, info.subject, info.sender, info.date, info.size) == (2, "again", None, None, None)


def test_gaps_in_the_numbers_cost_few_turns(plain: Site) -> None:
    fill(plain, 5)
    group = plain.server.world.groups["local.test"]
    group.last = 100_000
    fill(plain, 5, start=6)
    infos = nettools.list_articles(plain.at("local.test"), limit=8, **plain.anonymous)
    assert [info.subject for info in infos] == [f"N° {n}" for n in (10, 9, 8, 7, 6, 5, 4, 3)]
    oldest = nettools.list_articles(plain.at("local.test"), limit=8, newest_first=False, **plain.anonymous)
    assert [info.subject for info in oldest] == [f"N° {n}" for n in range(1, 9)]
    assert sum(line.startswith("OVER") for line in plain.server.log.commands()) < 20


def test_since_looks_no_further_than_it_must(plain: Site) -> None:
    fill(plain, 2000)
    since = dt.datetime(2026, 1, 1, tzinfo=dt.UTC) + dt.timedelta(days=1990)
    infos = nettools.list_articles(plain.at("local.test"), since=since, limit=None, **plain.anonymous)
    assert [info.number for info in infos] == list(range(2000, 1989, -1))
    assert [line for line in plain.server.log.commands() if line.startswith("OVER")] == [
        "OVER 1501-2000",
        "OVER 1-1500",
    ]


def test_a_refusal_in_the_middle_of_a_batch_ends_it(plain: Site) -> None:
    fill(plain, 3)
    plain.server.on("ARTICLE", arg="^2$").reply("403 broken")
    stream = nettools.fetch_articles(plain.at("local.test"), [1, 2, 3], **plain.anonymous)
    assert next(stream).info.number == 1
    with pytest.raises(ReplyError) as caught:
        next(stream)
    assert caught.value.temporary


def test_a_stream_that_is_left_leaves_the_session_in_step(plain: Site) -> None:
    fill(plain, 50)
    with nettools.connect(plain.at("local.test"), **plain.anonymous) as session:
        taken = [article.info.number for article in itertools.islice(session.fetch_many(range(1, 51)), 3)]
        assert taken == [1, 2, 3]
        assert session.command("DATE").code == 111
        one, two = session.fetch_many([1, 2, 3]), session.fetch_many([4, 5, 6])
        pairs = [(a.info.number, b.info.number) for a, b in zip(one, two, strict=True)]
        assert pairs == [(1, 4), (2, 5), (3, 6)]


def test_a_stream_whose_connection_is_gone_does_not_go_on_with_another(plain: Site) -> None:
    fill(plain, 300)
    with nettools.connect(plain.at("local.test"), **plain.anonymous) as session:
        stream = session.fetch_many(range(1, 301))
        next(stream)
        plain.server.on("DATE").drop()
        with pytest.raises(DisconnectedError):
            session.date()
        plain.server.on("DATE").reply("111 20260101000000")
        session.date()
        with pytest.raises(DisconnectedError):
            next(stream)


def test_a_session_that_was_dead_is_made_anew_with_its_group(plain: Site) -> None:
    fill(plain, 3)
    session = nettools.connect(plain.at("local.test"), **plain.anonymous)
    assert session.fetch(1).info.number == 1
    plain.server.on("ARTICLE").drop(times=1)
    article = session.fetch(2)
    assert article.info.number == 2
    assert article.meta.warnings
    session.close()


@pytest.mark.parametrize("line", ["POST", "IHAVE <a@b>", "STARTTLS", "authinfo sasl PLAIN", "DATE\r\nQUIT"])
def test_a_command_that_needs_more_than_its_line_is_refused(plain: Site, line: str) -> None:
    with nettools.connect(plain.url, **plain.anonymous) as session:
        with pytest.raises(UsageError):
            session.command(line)
        with pytest.raises(ReplyError):
            session.command("NONSENSE")
        assert session.command("HELP").lines[0] == b"ARTICLE"


def test_yenc_is_decoded_when_that_is_asked_for(plain: Site) -> None:
    data = bytes(range(256))
    encoded = bytearray()
    for octet in data:
        shifted = (octet + 42) % 256
        encoded += bytes([0x3D, (shifted + 64) % 256]) if shifted in (0, 10, 13, 0x3D) else bytes([shifted])
    raw = (
        b"Subject: a file\r\nMessage-ID: <y@x.org>\r\n\r\nHere:\r\n=ybegin line=128 size=256 name=all of it.bin\r\n"
        + bytes(encoded[:128]) + b"\r\n" + bytes(encoded[128:]) + b"\r\n=yend size=256 crc32=29058c73\r\nbye\r\n"
    )  # fmt: skip
    plain.server.world.groups["local.test"].add(raw)
    article = nettools.fetch_article(plain.url, "y@x.org", yenc=True, **plain.anonymous)
    assert (article.text, article.defects) == ("Here:\nbye\n", ())
    assert [(each.name, each.data) for each in article.attachments] == [("all of it.bin", data)]
    assert nettools.fetch_article(plain.url, "y@x.org", **plain.anonymous).attachments == ()


def test_reader_mode_that_wants_a_login_first_is_asked_for_behind_it(fake_site: Callable[..., Site]) -> None:
    site = fake_site("nntp", "plain", without={"READER"})
    site.server.on("MODE").reply("480 Log in first", times=1)
    assert nettools.list_groups(site.url, **site.options)
    verbs = [line.split()[0] for line in site.server.log.commands()]
    assert [verb for verb in verbs if verb in ("MODE", "AUTHINFO")] == ["MODE", "AUTHINFO", "AUTHINFO", "MODE"]


@pytest.mark.parametrize(
    ("verb", "reply", "kind"),
    [
        ("MODE", "502 Permanently unavailable", DeniedError),
        ("CAPABILITIES", "400 Going down", ReplyError),
        ("AUTHINFO", "400 Going down", ReplyError),
    ],
)
def test_a_server_that_does_not_let_anybody_in(
    fake_site: Callable[..., Site], verb: str, reply: str, kind: type[Exception]
) -> None:
    site = fake_site("nntp", "plain", without={"READER"})
    site.server.on(verb).reply(reply)
    auth = Auth("alice", "secret", mechanism="PLAIN")
    with pytest.raises(kind) as caught:
        nettools.list_groups(site.url, **{**site.options, "auth": auth})
    assert str(caught.value.reply) == reply


def test_a_challenge_that_is_none_is_cancelled_and_the_next_mechanism_tried(plain: Site) -> None:
    plain.server.on("AUTHINFO", arg="CRAM-MD5").reply("383 !!!")
    auth = Auth("alice", "secret", mechanism=["CRAM-MD5", "SCRAM-SHA-256"])
    assert nettools.list_groups(plain.url, **{**plain.options, "auth": auth})
    assert "*" in plain.server.log.commands()


@pytest.mark.parametrize(
    ("verb", "reply", "call"),
    [
        ("OVER", "400 Going down", lambda news: news.list(group="local.test")),
        ("DATE", "400 Going down", lambda news: news.ping()),
        ("DATE", "503 No clock", lambda news: news.date()),
    ],
)
def test_what_a_server_cannot_do_now_is_told(plain: Site, verb: str, reply: str, call: Callable[[Any], Any]) -> None:
    plain.server.world.groups["local.test"].add(b"Subject: x\r\nMessage-ID: <1@x.org>\r\n\r\n")
    plain.server.on(verb).reply(reply)
    with nettools.connect(plain.url, **plain.anonymous) as news, pytest.raises(ReplyError, match=reply):
        call(news)


def test_a_server_without_list_active_lists_its_groups(plain: Site) -> None:
    plain.server.on("LIST", arg="ACTIVE").reply("500 What?")
    assert "local.test" in {group.name for group in nettools.list_groups(plain.url, **plain.anonymous)}
