"""Whoever gives a parser what it does not take is told so, by the argument's name."""

from __future__ import annotations

import functools
import importlib
import itertools
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from nettools import DeadlineError, Headers, NettoolsError, UsageError, run_many
from nettools.parse.ftp_listing import parse_listing
from nettools.parse.gopher import parse_menu
from nettools.parse.nntp import parse_active, parse_overview
from nettools.parse.telnet import Codec
from nettools.protocols.xmlrpc.codec import unmarshal

ONE = b"<methodResponse><params><param><value><array><data>%b</data></array></value></param></params></methodResponse>"

PARSERS = {
    "ftp_listing": "parse_listing",
    "ftp_reply": "parse_reply parse_pwd parse_pasv parse_epsv parse_mdtm parse_size parse_feat",
    "gopher": "parse_menu parse_url decode_body",
    "imap_data": "parse_tokens parse_response parse_fetch decode_addresses parse_list parse_status parse_search "
    "parse_sort parse_esearch parse_thread parse_quota parse_quotaroot parse_namespace decode_folder encode_folder",
    "message": "decode_header parse_addresses parse_date parse_parameters parse_headers parse_mail",
    "nntp": "parse_overview_fmt parse_overview parse_active parse_newsgroups parse_group parse_article parse_date "
    "parse_capabilities",
}


def parsers() -> Iterator[Any]:
    for module, names in PARSERS.items():
        for name in names.split():
            yield pytest.param(
                getattr(importlib.import_module(f"nettools.parse.{module}"), name), id=f"{module}.{name}"
            )
    yield pytest.param(Codec().receive, id="Codec.receive")
    yield pytest.param(Codec().send, id="Codec.send")


@pytest.mark.parametrize("parser", list(parsers()))
def test_a_parser_says_what_it_takes(parser: Callable[[Any], Any]) -> None:
    for value in (None, 5, object(), {1: 2}):
        with pytest.raises(UsageError, match=rf"^\w+ (is|are) [\w ]+, not {type(value).__name__}$"):
            parser(value)


@pytest.mark.parametrize("parser", list(parsers()))
@pytest.mark.parametrize("value", ["text", b"octets", bytearray(b"more"), [1], (1,)], ids=repr)
def test_what_is_near_is_taken_or_refused_in_our_words(parser: Callable[[Any], Any], value: Any) -> None:
    try:
        parser(value)
    except NettoolsError:
        return


def test_an_argument_by_its_name_is_looked_at_too() -> None:
    from nettools.parse.ftp_reply import parse_size

    assert parse_size(data="213 5") == 5
    with pytest.raises(UsageError, match=r"^data is bytes or str, not int$"):
        parse_size(data=5)  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="missing 1 required"):
        parse_size()  # type: ignore[call-arg]


@pytest.mark.parametrize("pairs", [5, [5], ["abc"], {"name": "value"}])
def test_headers_are_made_of_pairs(pairs: Any) -> None:
    with pytest.raises(UsageError, match="pairs"):
        Headers(pairs)


@pytest.mark.parametrize("calls", ["abc", b"abc", 5, None])
def test_calls_are_no_text(calls: Any) -> None:
    with pytest.raises(UsageError, match="calls are an iterable"):
        list(run_many(calls))


@pytest.mark.parametrize(
    ("parse", "line"),
    [
        (parse_listing, b"-rw-r--r-- 1 me us 3 Jan  1 2020 name\r\n"),
        (parse_listing, b"01-29-97  11:32PM       <DIR>          prog\r\n"),
        (functools.partial(parse_listing, mlsd=True), b"type=file;size=3; name\r\n"),
        (parse_menu, b"0title\t/selector\thost.test\t70\r\n"),
        (parse_active, b"a.b 2 1 y\r\n"),
        (parse_overview, b"1\tsubject\tme\t\t<i@d>\t\t1\t1\r\n"),
        (lambda data, check: unmarshal(ONE % data, check=check), b"<value>x</value>" * 10),
    ],
    ids=["LIST", "LIST of DOS", "MLSD", "gopher", "active", "overview", "xml-rpc"],
)
def test_long_work_looks_at_the_clock(parse: Callable[..., Any], line: bytes) -> None:
    looks = itertools.count(1)

    def check() -> None:
        if next(looks) > 3:
            raise DeadlineError("no time left")

    parse(line * 100, check=check)
    with pytest.raises(DeadlineError):
        parse(line * 3000, check=check)
