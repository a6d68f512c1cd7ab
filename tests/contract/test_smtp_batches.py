"""Many mails over one connection: the turns that they take, and outcomes that no way of sending changes.

The same batch is sent with commands written ahead, one by one, and in chunks; what was accepted and refused, and what
arrived, has to be the same.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import pytest

import nettools
from nettools import (
    DisconnectedError,
    FileError,
    ProtocolError,
    RecipientsError,
    ReplyError,
    Retry,
    SendReport,
    TooLargeError,
    UnsupportedError,
    UsageError,
)
from nettools.testing.smtp import SMTPServer

MODES = {"ahead": {"CHUNKING"}, "one by one": {"PIPELINING", "CHUNKING"}, "chunks": set[str]()}
THREE = ["alice@a.org", "alice@b.org", "alice@c.org"]


@pytest.fixture(params=MODES)
def server(request: pytest.FixtureRequest, net_servers: Callable[..., SMTPServer]) -> SMTPServer:
    return net_servers("smtp", tls=False, without=MODES[request.param])


@pytest.fixture
def ahead(net_servers: Callable[..., SMTPServer]) -> SMTPServer:
    return net_servers("smtp", tls=False, without=MODES["ahead"])


@pytest.fixture
def chunks(net_servers: Callable[..., SMTPServer]) -> SMTPServer:
    return net_servers("smtp", tls=False)


def note(text: str, *to: str, **more: Any) -> dict[str, Any]:
    return {"sender": "b@x.org", "to": list(to) or ["alice@x.org"], "text": text, **more}


def texts(server: SMTPServer) -> list[str]:
    return [nettools.parse_mail(each.raw).text.strip() for each in server.envelopes]


def outcome(report: SendReport) -> tuple[tuple[str, ...], list[tuple[str, int | str | None]]]:
    return report.accepted, [(who, error.code) for who, error in report.refused.items()]  # type: ignore[attr-defined]


# --- turns


def test_a_hundred_mails_to_three_recipients_take_104_turns(ahead: SMTPServer) -> None:
    nettools.send_mails(ahead.url, [note(str(n), *THREE) for n in range(100)])
    assert ahead.log.round_trips() <= 104
    assert texts(ahead) == [str(n) for n in range(100)]
    assert {each.recipients for each in ahead.envelopes} == {tuple(THREE)}


def test_chunks_take_fewer(chunks: SMTPServer) -> None:
    nettools.send_mails(chunks.url, [note(str(n), *THREE) for n in range(100)])
    assert chunks.log.round_trips() <= 60
    assert texts(chunks) == [str(n) for n in range(100)]


def test_what_was_written_ahead_is_octet_for_octet_as_it_should_be(ahead: SMTPServer) -> None:
    messages = [b"From: b@x.org\nTo: alice@x.org\n\n.%d" % n for n in range(2)]
    nettools.send_mails(ahead.url, messages, ehlo="me.example")
    envelope = b"MAIL FROM:<b@x.org> SIZE=36\r\nRCPT TO:<alice@x.org>\r\nDATA\r\n"
    head = b"From: b@x.org\r\nTo: alice@x.org\r\n\r\n"
    assert ahead.log.client_bytes() == (
        b"EHLO me.example\r\n" + envelope + head + b"..0\r\n.\r\n" + envelope + head + b"..1\r\n.\r\nQUIT\r\n"
    )


def test_a_thousand_recipients_are_asked_about_in_windows(ahead: SMTPServer) -> None:
    for n in range(1000):
        ahead.world.add_user(f"u{n}", "x")
    report = nettools.send_mail(ahead.url, **note("all", *(f"u{n}@x.org" for n in range(1000))))
    assert len(report.accepted) == 1000
    assert ahead.log.round_trips() < 60


def test_a_large_message_waits_for_its_recipients_before_it_goes(chunks: SMTPServer) -> None:
    large = "x" * 70 + "\n"
    reports = nettools.send_mails(chunks.url, [note(large * 2000, "nobody@x.org"), note("small")])
    assert [bool(each.accepted) for each in reports] == [False, True]
    assert len(chunks.log.client_bytes()) < 10_000


# --- outcomes


def test_each_mail_has_its_own_outcome_in_every_mode(server: SMTPServer) -> None:
    server.on("MAIL", arg="<evil@x.org>").reply("550 5.7.1 not you")
    server.on(".", arg="spam@x.org").reply("554 5.7.1 spam")
    server.world.add_user("spam", "x")
    reports = nettools.send_mails(
        server.url,
        [
            note("0"),
            note("1", "nobody@x.org"),
            note("2", "nobody@x.org", "alice@x.org"),
            note("3", sender="evil@x.org"),
            note("4", "spam@x.org"),
            note("5", "alice@x.org", "nobody@x.org", partial=False),
            note("6", "alice@x.org", "alice@y.org", partial=False),
            note("7"),
        ],
    )
    assert [outcome(each) for each in reports] == [
        (("alice@x.org",), []),
        ((), [("nobody@x.org", 550)]),
        (("alice@x.org",), [("nobody@x.org", 550)]),
        ((), [("alice@x.org", 550)]),
        ((), [("spam@x.org", 554)]),
        ((), [("nobody@x.org", 550)]),
        (("alice@x.org", "alice@y.org"), []),
        (("alice@x.org",), []),
    ]
    assert texts(server) == ["0", "2", "6", "7"]
    assert server.log.connections == 1


def test_what_the_server_cannot_take_is_reported_and_the_rest_go_on(net_servers: Callable[..., SMTPServer]) -> None:
    server = net_servers("smtp", tls=False, size=5000, without={"SMTPUTF8"})
    reports = nettools.send_mails(server.url, [note("0"), note("x" * 9000), note("2", "älice@x.org"), note("3")])
    assert texts(server) == ["0", "3"]
    large, foreign = reports[1].refused["alice@x.org"], reports[2].refused["älice@x.org"]
    assert isinstance(large, TooLargeError)
    assert isinstance(foreign, UnsupportedError)
    assert isinstance(large, ReplyError)
    assert large.url == server.url


def test_a_message_that_makes_no_sense_ends_it_and_says_what_was_done(server: SMTPServer) -> None:
    with pytest.raises(UsageError) as caught:
        nettools.send_mails(server.url, [note("0"), note("1"), note("2", "a@b@c"), note("3")])
    assert [each.accepted for each in caught.value.reports] == [("alice@x.org",)] * 2
    assert texts(server) == ["0", "1"]


def test_nothing_is_connected_for_a_first_message_that_makes_no_sense_or_for_none(server: SMTPServer) -> None:
    with pytest.raises(UsageError):
        nettools.send_mails(server.url, [note("0", "a@b@c")])
    assert nettools.send_mails(server.url, []) == ()
    assert server.log.connections == 0


def test_an_exception_of_the_callers_own_iterator_comes_back_as_it_is(server: SMTPServer) -> None:
    def messages() -> Iterator[dict[str, Any]]:
        yield note("0")
        raise LookupError("mine")

    with pytest.raises(LookupError, match="mine"):
        nettools.send_mails(server.url, messages())
    assert texts(server) == ["0"]


def test_messages_are_drawn_one_by_one_and_may_be_the_same_object_changed(server: SMTPServer) -> None:
    def messages() -> Iterator[EmailMessage]:
        message = EmailMessage()
        message["From"], message["To"] = "b@x.org", "alice@x.org"
        for n in range(12):
            message.set_content(str(n))
            yield message

    assert len(nettools.send_mails(server.url, messages())) == 12
    assert texts(server) == [str(n) for n in range(12)]


def test_a_refused_chunk_leaves_the_connection_fit_for_a_large_message(chunks: SMTPServer) -> None:
    large = ("x" * 70 + "\n") * 2000
    chunks.world.add_user("spam", "x")
    chunks.on(".", arg="spam@x.org").reply("554 5.7.1 spam")
    messages = [note("0", "nobody@x.org"), note(large), note("2", "spam@x.org"), note(large), note("4")]
    reports = nettools.send_mails(chunks.url, messages)
    assert [bool(each.accepted) for each in reports] == [False, True, False, True, True]
    assert chunks.log.connections == 1


def test_a_file_that_vanishes_before_its_turn_does_not_harm_the_message_before(
    ahead: SMTPServer, tmp_path: Path
) -> None:
    path = tmp_path / "a.txt"
    path.write_bytes(b"x" * 100)

    def vanish(event: nettools.Event) -> None:
        if event.text.startswith("MAIL") or "MAIL FROM" in event.text:
            path.unlink(missing_ok=True)

    messages = [note("0"), note("1", attachments=[path]), note("2")]
    with pytest.raises(FileError) as caught:
        nettools.send_mails(ahead.url, messages, on_event=vanish)
    assert [each.accepted for each in caught.value.reports] == [("alice@x.org",)]
    assert texts(ahead) == ["0"]


# --- connections that end


def test_a_lost_answer_is_in_doubt_never_sent_again_and_those_before_are_known(server: SMTPServer) -> None:
    server.on(".").drop(after=1)
    with pytest.raises(DisconnectedError) as caught:
        nettools.send_mails(server.url, [note(str(n)) for n in range(4)])
    assert caught.value.outcome_unknown
    assert len(caught.value.reports) == 1
    assert texts(server) == ["0"]
    assert server.log.connections == 1


def test_a_server_that_closes_between_messages_gets_the_rest_on_a_fresh_connection(ahead: SMTPServer) -> None:
    ahead.on("MAIL", arg="<third@x.org>").garbage(b"", times=1, close=True)
    senders = ["first@x.org", "second@x.org", "third@x.org", "fourth@x.org"]
    reports = nettools.send_mails(ahead.url, [note(str(n), sender=who) for n, who in enumerate(senders)])
    assert texts(ahead) == ["0", "1", "2", "3"]
    assert ahead.log.connections == 2
    assert any("closed" in each for each in reports[-1].meta.warnings)


def test_a_server_that_has_had_enough_gets_the_rest_on_a_fresh_connection(ahead: SMTPServer) -> None:
    ahead.on("MAIL", arg="<third@x.org>").reply("421 4.7.0 too many", times=1, close=True)
    senders = ["first@x.org", "second@x.org", "third@x.org", "fourth@x.org"]
    reports = nettools.send_mails(ahead.url, [note(str(n), sender=who) for n, who in enumerate(senders)])
    assert all(each.accepted for each in reports)
    assert texts(ahead) == ["0", "1", "2", "3"]


def test_a_server_that_has_had_enough_at_once_is_a_refusal(ahead: SMTPServer) -> None:
    ahead.on("MAIL").reply("421 4.7.0 go away", times=1, close=True)
    reports = nettools.send_mails(ahead.url, [note("0"), note("1")])
    assert [bool(each.accepted) for each in reports] == [False, True]
    assert ahead.log.connections == 2


def test_421_with_messages_on_their_way_leaves_them_in_doubt(chunks: SMTPServer) -> None:
    chunks.on("MAIL", arg="<second@x.org>").reply("421 4.7.0 too many", close=True)
    senders = ["first@x.org", "second@x.org", "third@x.org"]
    with pytest.raises(DisconnectedError) as caught:
        nettools.send_mails(chunks.url, [note(str(n), sender=who) for n, who in enumerate(senders)])
    assert caught.value.outcome_unknown
    assert [bool(each.accepted) for each in caught.value.reports] == [True, False]
    assert texts(chunks) == ["0"]


def test_temporary_refusals_are_tried_again_when_attempts_are_left(server: SMTPServer) -> None:
    server.on("RCPT", arg="alice@y.org").reply("451 4.3.0 later", times=1)
    messages = [note("0"), note("1", "alice@y.org"), note("2")]
    reports = nettools.send_mails(server.url, messages, retry=Retry(attempts=2, backoff=0))
    assert all(each.accepted for each in reports)
    assert texts(server) == ["0", "1", "2"]


def test_a_refusal_after_the_data_is_not_tried_again(server: SMTPServer) -> None:
    rule = server.on(".").reply("451 4.3.0 later", times=1)
    reports = nettools.send_mails(server.url, [note("0"), note("1")], retry=Retry(attempts=3, backoff=0))
    assert [bool(each.accepted) for each in reports] == [False, True]
    assert rule.hits == 1
    assert texts(server) == ["1"]


# --- servers that cannot follow


@pytest.mark.parametrize(
    ("verb", "reply"),
    [
        ("RCPT", "503 5.5.1 MAIL first"),
        ("DATA", "503 5.5.1 RCPT first"),
        ("MAIL", "554 5.5.0 SMTP protocol synchronization error"),
        ("DATA", "503 5.5.0 <DATA>: Data command rejected: Improper use of SMTP command pipelining"),
    ],
)
def test_after_the_first_disorder_commands_go_one_by_one(ahead: SMTPServer, verb: str, reply: str) -> None:
    ahead.on(verb).reply(reply, times=1)
    reports = nettools.send_mails(ahead.url, [note("0"), note("1")])
    assert all(each.accepted for each in reports)
    assert texts(ahead) == ["0", "1"]
    assert not any("ahead" in each.note for each in ahead.log.records if each.connection == 2)
    assert any("one at a time" in each for each in reports[0].meta.warnings)


def test_an_answer_to_the_message_that_comes_before_it_is_none(ahead: SMTPServer) -> None:
    ahead.on("DATA").garbage(b"354 go\r\n250 2.0.0 queued\r\n")
    with pytest.raises(ProtocolError, match="more than it was asked"):
        nettools.send_mail(ahead.url, **note("0"))


def test_a_mail_behind_the_dot_that_comes_out_of_turn_is_asked_again_alone(ahead: SMTPServer) -> None:
    ahead.on("MAIL").reply("503 5.5.1 Nested MAIL command", times=1, after=1)
    assert all(each.accepted for each in nettools.send_mails(ahead.url, [note("0"), note("1")]))
    assert texts(ahead) == ["0", "1"]


def test_out_of_step_all_the_same_is_the_refusal_that_it_is(ahead: SMTPServer) -> None:
    ahead.on("RCPT").reply("503 5.5.1 log in first")
    with pytest.raises(RecipientsError) as caught:
        nettools.send_mail(ahead.url, **note("0"))
    assert caught.value.code == 503


def test_a_server_that_announces_chunks_and_has_none_is_believed_no_longer(chunks: SMTPServer) -> None:
    rule = chunks.on("BDAT").reply("500 5.5.1 what?", times=1)
    with nettools.connect(chunks.url) as session:
        first = session.send_many([note(str(n)) for n in range(4)])
        again = session.send_many([note(str(n)) for n in range(4, 8)])
    assert [outcome(each)[1] for each in first] == [[], [], [], [("alice@x.org", 500)]]
    assert all(each.accepted for each in again)
    assert texts(chunks) == ["0", "1", "2", "4", "5", "6", "7"]
    assert (rule.hits, chunks.log.connections) == (1, 2)


def test_when_cleaning_up_fails_the_refusal_is_what_is_told(ahead: SMTPServer) -> None:
    ahead.on("RSET").drop()
    with nettools.connect(ahead.url) as session:
        with pytest.raises(RecipientsError):
            session.send(**note("0", "nobody@x.org", "nobody@y.org", partial=False))
        assert session.send(**note("1")).accepted
    assert ahead.log.connections == 2


def test_data_that_is_taken_although_nobody_was_gets_a_lone_dot(ahead: SMTPServer) -> None:
    ahead.on("RCPT").reply("550 5.1.1 nobody", times=1)
    ahead.on("DATA").reply("354 go ahead all the same", times=1)
    ahead.on(".").reply("554 5.5.1 nothing in it", times=1)
    with pytest.raises(RecipientsError):
        nettools.send_mail(ahead.url, **note("0"))
    assert ahead.log.commands()[-2:] == ["DATA", "."]
    assert texts(ahead) == []


def test_a_refused_data_leaves_the_connection_fit_for_the_next(server: SMTPServer) -> None:
    server.on("DATA").reply("451 4.3.0 not now", times=1)
    with nettools.connect(server.url) as session:
        with pytest.raises(ReplyError) as caught:
            session.send(**note("0"))
        assert (caught.value.code, caught.value.exit_code) == (451, 55)
        assert session.send(**note("1")).accepted
    assert server.log.connections == 1


# --- progress


def test_progress_of_a_batch_is_told_in_octets_without_a_total_until_the_end(server: SMTPServer) -> None:
    told: list[tuple[int, int | None]] = []
    nettools.send_mails(server.url, [note("x" * 1000)] * 5, progress=lambda done, total: told.append((done, total)))
    assert told[-1][0] == told[-1][1]
    assert told[-1][0] > 5000
    assert [done for done, _ in told] == sorted(done for done, _ in told)
