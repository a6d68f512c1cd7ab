"""Responses: status with its codes, counts, numbers, and what is none of them."""

from __future__ import annotations

from typing import Any

import pytest

from nettools.errors import ProtocolError
from nettools.parse.imap_data import Response, parse_esearch, parse_response, parse_search, parse_sort, parse_thread


@pytest.mark.parametrize(
    ("line", "code", "text"),
    [
        (b"* OK hello [you]", None, "hello [you]"),
        (b"* ok [ALERT] Mind [this]", "ALERT", "Mind [this]"),
        (b"* OK [UIDNEXT 4392] next", ("UIDNEXT", 4392), "next"),
        (b"* OK [PERMANENTFLAGS (\\Seen \\*)]", ("PERMANENTFLAGS", ("\\Seen", "\\*")), None),
        (b"* OK [PERMANENTFLAGS (a]b)] x", ("PERMANENTFLAGS", ("a]b",)), "x"),
        (b"* OK [PERMANENTFLAGS ()] x", ("PERMANENTFLAGS", ()), "x"),
        (b"* OK [APPENDUID 38505 3955] x", ("APPENDUID", ("38505", "3955")), "x"),
        (b"* OK [COPYUID 1 304,319:320 3956:3958] x", ("COPYUID", ("1", "304,319:320", "3956:3958")), "x"),
        (b"* OK [MODIFIED 7,9] x", ("MODIFIED", ("7,9",)), "x"),
        (b'* NO [BADCHARSET (UTF-8 "x ]y")] x', ("BADCHARSET", ("UTF-8", "x ]y")), "x"),
        (b"* BYE [UNAVAILABLE", None, "[UNAVAILABLE"),
        (b"* OK [X 123456789012345678901] x", ("X", ("123456789012345678901",)), "x"),
        (b"* NO [X (] x", ("X", ("(",)), "x"),
        (b"* PREAUTH Gr\xfc\xdfe", None, "Gr\ufffd\ufffde"),
    ],
)
def test_a_status_has_its_code_apart_from_its_text(line: bytes, code: object, text: str | None) -> None:
    response = parse_response(line + b"\r\n")
    assert (response.kind, response.tag, response.code, response.text) == ("status", None, code, text)
    assert response.status == line.split()[1].decode().upper()


@pytest.mark.parametrize(
    ("line", "response"),
    [
        (b"A1 OK done", Response("status", "A1", "OK", None, "done")),
        (b"+ idling", Response("continuation", text="idling")),
        (b"+", Response("continuation")),
        (b"* 23 EXISTS", Response("exists", data=23)),
        (b"* 1 expunge", Response("expunge", data=1)),
        (b"* CAPABILITY IMAP4rev1 auth=PLAIN ", Response("capability", data=("IMAP4REV1", "AUTH=PLAIN"))),
        (b"* ENABLED CONDSTORE", Response("enabled", data=("CONDSTORE",))),
        (b"* FLAGS (\\Seen $x)", Response("flags", data=("\\Seen", "$x"))),
        (b'* ID ("name" "Cyrus" "os" NIL)', Response("id", data={"name": "Cyrus", "os": None})),
        (b"* ID NIL", Response("id", data={})),
        (b"* VANISHED (EARLIER) 41,43:116", Response("vanished", data=(("41", "43:116"), True))),
        (b"* VANISHED 405", Response("vanished", data=(("405",), False))),
        (b"* SEARCH", Response("search", data=((), None))),
        (b"* STATUS x (UNSEEN 1)", Response("mailbox", data=("x", {"unseen": 1}))),
        (b"* NAMESPACE NIL NIL NIL", Response("namespace", data=(None, None, None))),
        (b"* X-NEW some (thing", Response("x-new", text="some (thing")),
    ],
)
def test_each_kind_of_response_has_its_data(line: bytes, response: Response) -> None:
    assert parse_response(line + b"\r\n") == response


@pytest.mark.parametrize(
    "line",
    [
        b"",
        b"\r\n",
        b"*",
        b"* ",
        b"A1",
        b"A1 DONE x",
        b"(A OK",
        b"* (",
        b"* EXISTS",
        b"* 999999999999999999999 EXISTS",
        b"* FETCH (UID 1)",
        b"* 1 FETCH UID",
        b"* 5 SEARCH 1",
        b"* SEARCH 1 x",
        b"* THREAD (x)",
        b"* LIST x",
    ],
)
def test_what_is_no_response_is_an_error(line: bytes) -> None:
    with pytest.raises(ProtocolError):
        parse_response(line)


def test_a_modseq_may_stand_amid_the_numbers_and_an_esearch_may_name_its_folder() -> None:
    assert parse_search(b"* SEARCH 1 2 (modseq 9) 3 4\r\n") == ((1, 2, 3, 4), 9)
    found = parse_esearch(b'* ESEARCH (TAG "a" MAILBOX "f" UIDVALIDITY 1) UID ALL 4,6:7\r\n')
    assert found == {"tag": "a", "mailbox": "f", "uidvalidity": "1", "uid": True, "all": ("4", "6:7")}


def test_numbers_of_several_responses_are_put_together() -> None:
    assert parse_search(b"* SEARCH 2 84 (MODSEQ 5)\r\n* SEARCH\r\n* SEARCH 3 (modseq 4)\r\n") == ((2, 84, 3), 5)
    assert parse_sort(b"* SORT 5 3 4 1 2\r\n") == ((5, 3, 4, 1, 2), None)


@pytest.mark.parametrize("data", [b"", b"* SORT 1", b"* SEARCH 1 2 x", b"* SEARCH -1", b"* SEARCH " + b"1" * 5000])
def test_what_is_no_search_is_an_error(data: bytes) -> None:
    with pytest.raises(ProtocolError):
        parse_search(data)


@pytest.mark.parametrize(
    ("rest", "value"),
    [
        (b'(TAG "A1") UID MIN 2 MAX 9 COUNT 3', {"tag": "A1", "uid": True, "min": 2, "max": 9, "count": 3}),
        (b"ALL 2,5:7 MODSEQ 77", {"all": ("2", "5:7"), "modseq": 77}),
        (
            b"UID PARTIAL (1:500 NIL) RELEVANCY (4 99)",
            {"uid": True, "partial": ("1:500", None), "relevancy": ("4", "99")},
        ),
        (b"COUNT \xc2\xb2", {"count": "²"}),
        (b"", {}),
    ],
)
def test_esearch_tells_what_was_asked_for(rest: bytes, value: dict[str, Any]) -> None:
    assert parse_esearch(b"* ESEARCH " + rest + b"\r\n") == value


def test_an_esearch_item_without_its_value_is_an_error() -> None:
    with pytest.raises(ProtocolError):
        parse_esearch(b"* ESEARCH MIN 1 COUNT")


def test_threads_are_nested() -> None:
    assert parse_thread(b"* THREAD (2)(3 6 (4 23)(44 7 96))((5)(6))\r\n") == (
        (2,),
        (3, 6, (4, 23), (44, 7, 96)),
        ((5,), (6,)),
    )
    assert parse_thread(b"* THREAD\r\n") == ()
