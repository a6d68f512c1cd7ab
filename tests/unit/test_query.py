"""Queries: as the arguments of SEARCH, and evaluated on what the headers of a message tell."""

from __future__ import annotations

import datetime as dt
import operator
import pickle
from typing import Any

import pytest

from nettools import Query, UnsupportedError, UsageError
from nettools.parse.message import parse_headers, parse_mail
from nettools.results import MailInfo

DAY = dt.date(2026, 11, 5)
RAW = (
    b"Subject: =?utf-8?q?Gr=C3=BC=C3=9Fe?=\r\nFrom: Bob <bob@x.org>\r\nTo: alice@x.org\r\n"
    b"Date: Thu, 05 Nov 2026 23:30:00 +0100\r\nX-Note: One\r\nX-Note: Two\r\n\r\nbody\r\n"
)


def info(**fields: Any) -> MailInfo:
    found = parse_mail(RAW).info
    return MailInfo(
        "1", 1, "INBOX", found.subject, found.sender, found.to, found.cc, fields.get("date", found.date), size=len(RAW)
    )


@pytest.mark.parametrize(
    ("terms", "tokens"),
    [
        ({}, [b"ALL"]),
        ({"subject": "Grüße", "text": "x"}, [b"SUBJECT", "Grüße", b"TEXT", "x"]),
        ({"sender": "bob", "to": "alice", "body": "b"}, [b"FROM", "bob", b"TO", "alice", b"BODY", "b"]),
        ({"header": ("X-Note", "One")}, [b"HEADER", "X-Note", "One"]),
        (
            {"since": DAY, "before": dt.datetime(2026, 12, 1, 9, tzinfo=dt.UTC)},
            [b"SINCE", b"5-Nov-2026", b"BEFORE", b"1-Dec-2026"],
        ),
        ({"larger": 10, "smaller": 0}, [b"LARGER", b"10", b"SMALLER", b"0"]),
        ({"unseen": True, "flagged": False, "answered": True}, [b"UNSEEN", b"UNFLAGGED", b"ANSWERED"]),
        ({"seen": True}, [b"SEEN"]),
        ({"uid": [7, "9:*"]}, [b"UID", b"7,9:*"]),
    ],
)
def test_a_term_is_an_argument_of_search(terms: dict[str, Any], tokens: list[Any]) -> None:
    assert list(Query(**terms).to_imap()) == tokens


def test_queries_combine_and_groups_stand_in_parentheses() -> None:
    either = Query(seen=True) | Query(subject="a", to="b")
    assert list((either & ~Query(flagged=True)).to_imap()) == [
        *(b"OR", b"SEEN", b"(", b"SUBJECT", "a", b"TO", "b", b")"),
        *(b"NOT", b"FLAGGED"),
    ]
    assert list((~Query()).to_imap()) == [b"NOT", b"ALL"]
    assert "SUBJECT a" in repr(either)


@pytest.mark.parametrize(
    ("terms", "holds"),
    [
        ({"subject": "grüsse"}, True),
        ({"subject": "other"}, False),
        ({"sender": "BOB@x"}, True),
        ({"to": "nobody"}, False),
        ({"header": ("x-note", "tw")}, True),
        ({"header": ("x-none", "")}, False),
        ({"on": DAY}, True),
        ({"since": dt.date(2026, 11, 6)}, False),
        ({"before": dt.date(2026, 11, 6)}, True),
        ({"larger": len(RAW) - 1, "smaller": len(RAW) + 1}, True),
        ({"smaller": len(RAW)}, False),
    ],
)
def test_headers_tell_whether_it_holds(terms: dict[str, Any], holds: bool) -> None:
    query, headers = Query(**terms), parse_headers(RAW)
    query.require_headers_only()
    assert query.matches(info(), headers) is holds
    assert (~query).matches(info(), headers) is not holds
    assert (query | Query(subject="nothing")).matches(info(), headers) is holds


def test_a_message_without_a_date_is_of_no_day() -> None:
    for term in ("since", "before", "on"):
        assert not Query(**{term: DAY}).matches(info(date=None), parse_headers(RAW))


def test_what_only_the_server_knows_is_not_told_from_headers() -> None:
    for query in (Query(text="x"), Query(subject="a") | ~Query(seen=True), Query(uid=1)):
        with pytest.raises(UnsupportedError):
            query.require_headers_only()
    with pytest.raises(UnsupportedError):
        Query(flagged=True).matches(info(), parse_headers(RAW))


@pytest.mark.parametrize(
    "terms",
    [
        {"subject": b"x"},
        {"text": "a\r\nb"},
        {"header": "X-Note"},
        {"header": ("X Note", "x")},
        {"larger": -1},
        {"smaller": True},
        {"seen": True, "unseen": True},
        {"uid": "1 2"},
        {"since": "soon"},
    ],
)
def test_a_term_that_makes_no_sense_is_refused(terms: dict[str, Any]) -> None:
    with pytest.raises(UsageError):
        Query(**terms)


def test_queries_are_values() -> None:
    query = Query(subject="a") & Query(seen=False)
    assert query == pickle.loads(pickle.dumps(query))
    assert {query, Query(subject="a") & Query(unseen=True)} == {query}
    assert query != "SUBJECT a"
    for combine in (operator.and_, operator.or_):
        with pytest.raises(TypeError):
            combine(query, "SEEN")
    with pytest.raises(UsageError, match="no truth value"):
        bool(query)
