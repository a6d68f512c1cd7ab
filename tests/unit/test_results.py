"""Results: frozen, picklable, JSON."""

from __future__ import annotations

import copy
import dataclasses
import datetime as dt
import json
import pickle
from pathlib import Path

import pytest

from nettools.errors import ReplyError
from nettools.parse.message import deferred_mail, parse_mail
from nettools.results import (
    Address,
    Attachment,
    FileEntry,
    Headers,
    Mail,
    MailInfo,
    Meta,
    MirrorReport,
    Outcome,
    Page,
    Reply,
    SendReport,
    TLSInfo,
    Transfer,
    attach,
)

WHEN = dt.datetime(2026, 1, 2, 3, 4, 5, tzinfo=dt.UTC)
PAGE = Page(
    "http://h/d/p.html",
    200,
    "OK",
    Headers([("Content-Type", "text/html"), ("X-A", "1"), ("x-a", "2")], separator=", "),
    b"<title>A &amp;\n b</title><a href='x?y'>x</a><a href=/z>z</a><a href=/z>again</a>",
    "utf-8",
)
MAIL = Mail(
    MailInfo("7", 1, "INBOX", "Hi", Address("Bob", "bob", "example.org"), date=WHEN),
    "text",
    None,
    (Attachment("a.bin", "application/octet-stream", b"\0\1", 2),),
    Headers([("Subject", "Hi")]),
    b"Subject: Hi\r\n\r\ntext",
)


@pytest.mark.parametrize(
    "value", [PAGE, MAIL, Transfer(Path("f"), size=3), Reply(250, "ok", (b"x",)), Meta(peer="h:1")]
)
def test_results_pickle_and_refuse_to_be_changed(value: object) -> None:
    assert pickle.loads(pickle.dumps(value)) == value
    for name in (dataclasses.fields(value)[0].name, "no_such_field"):  # type: ignore[arg-type]
        with pytest.raises(dataclasses.FrozenInstanceError, match=f"assign to field '{name}'"):
            setattr(value, name, None)
        with pytest.raises(dataclasses.FrozenInstanceError, match=f"delete field '{name}'"):
            delattr(value, name)


@pytest.mark.parametrize(
    "value",
    [
        PAGE,
        MAIL,
        FileEntry("f", "d/f", facts={"type": "file"}),
        SendReport(("a@x.org",), {"b@x.org": ReplyError(code=550)}, "<1@x.org>", Reply(250, "ok")),
        MirrorReport(("a",), failed={"b": ReplyError()}),
        Outcome("http://h/", True, ["anything"]),
        Meta(timings={"total": 1.0}),
    ],
)
def test_equal_results_hash_alike_whatever_they_hold(value: object) -> None:
    assert {value: 1}[copy.copy(value)] == 1


def test_title_and_links_of_a_page_are_folded_absolute_and_unique() -> None:
    assert PAGE.title == "A & b"
    assert PAGE.links == ("http://h/d/x?y", "http://h/z")


def test_only_html_has_a_title() -> None:
    page = Page("http://h/", 200, "OK", Headers([("Content-Type", "text/plain")]), b"<title>no</title>")
    assert (page.title, page.links) == (None, ())


def test_an_encoding_that_python_does_not_know_is_read_as_utf_8() -> None:
    assert Page("http://h/", 200, "OK", Headers(), "é".encode(), "x-unknown").text == "é"


def test_headers_are_case_insensitive_and_keep_repeated_fields() -> None:
    headers = PAGE.headers
    assert headers["X-A"] == "1, 2"
    assert headers.get_all("x-A") == ("1", "2")
    assert "CONTENT-type" in headers
    assert list(headers) == ["Content-Type", "X-A"]
    assert Headers([("A", "1"), ("A", "2")])["a"] == "1"


def test_json_leaves_bytes_out_but_for_size_and_digest_unless_asked() -> None:
    plain = json.loads(json.dumps(MAIL.to_dict()))
    assert "raw" not in plain
    assert plain["size"] == len(MAIL.raw)
    assert plain["attachments"][0]["size"] == 2
    assert plain["info"]["date"] == "2026-01-02T03:04:05+00:00"
    full = json.loads(json.dumps(MAIL.to_dict(include_data=True)))
    assert full["attachments"][0]["data"] == "AAE="


def test_json_of_a_page_has_its_text_title_and_links() -> None:
    plain = json.loads(json.dumps(PAGE.to_dict()))
    assert plain["title"] == "A & b"
    assert plain["links"] == ["http://h/d/x?y", "http://h/z"]
    assert plain["headers"]["X-A"] == ["1", "2"]
    assert plain["status"] == 200


def test_meta_is_attached_to_each_of_many_and_takes_no_part_in_equality() -> None:
    infos = (MailInfo("1", 1, "INBOX"), MailInfo("2", 2, "INBOX"))
    meta = Meta("h:1", TLSInfo("TLSv1.3", "X", not_after=WHEN), {"total": 0.5}, round_trips=3)
    attach(infos, meta)
    assert [info.meta.round_trips for info in infos] == [3, 3]
    assert infos[0] == MailInfo("1", 1, "INBOX")
    assert infos[0].to_dict()["meta"]["tls"]["not_after"] == "2026-01-02T03:04:05+00:00"


def test_a_deferred_mail_is_parsed_when_it_is_looked_at_and_cannot_be_told_from_a_parsed_one() -> None:
    raw = b"Subject: =?utf-8?q?Gr=C3=BC=C3=9Fe?=\r\nDate: Tue, 24 Nov 2026 10:00:00 +0100\r\n\r\nHallo\r\n"
    mail = deferred_mail(raw, uid="7", number=3, folder="INBOX", flags=("\\Seen",))
    with pytest.raises(AttributeError):
        object.__getattribute__(mail, "text")  # not yet
    assert (mail.raw, mail.text, mail.info.subject, mail.info.uid, mail.info.flags) == (
        raw, "Hallo\n", "Grüße", "7", ("\\Seen",)
    )  # fmt: skip
    whole = parse_mail(raw)
    again = deferred_mail(raw)
    assert pickle.loads(pickle.dumps(again)) == whole
    assert again.to_dict() == whole.to_dict()
    with pytest.raises(AttributeError, match="nonsense"):
        _ = mail.nonsense  # type: ignore[attr-defined]


def test_a_mail_without_a_date_takes_that_of_its_arrival() -> None:
    received = dt.datetime(2026, 1, 2, tzinfo=dt.UTC)
    assert deferred_mail(b"Subject: x\r\n\r\n", received=received).info.date == received


@pytest.mark.parametrize("encoding", ["nonsense", "idna", "punycode", "undefined", "a\0b"])
def test_a_page_in_an_encoding_that_cannot_be_is_read_as_utf_8(encoding: str) -> None:
    page = Page("http://h/", 200, "OK", Headers(), content=b"\xc3\xa4\xff", encoding=encoding)
    assert page.text == "ä\ufffd"


def test_a_page_is_ok_below_400() -> None:
    assert [Page("http://h/", status, "", Headers()).ok for status in (200, 304, 399, 400, 503)] == [True] * 3 + [
        False
    ] * 2
