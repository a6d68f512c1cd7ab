"""What the protocols read for themselves, against cases from many servers and programs: fixtures/parsers."""

from __future__ import annotations

import datetime as dt
import decimal
import xmlrpc.client
from typing import Any

import pytest

from corpora import cases, raw, same
from nettools.errors import NettoolsError
from nettools.protocols.http import auth, cookies, fields
from nettools.protocols.xmlrpc.codec import Parser, unmarshal
from nettools.results import Headers


def kept(case: dict[str, Any]) -> str | None:
    """What goes back to a server, or to its neighbour, after it has set cookies."""
    jar = cookies.new_jar()
    cookies.store(jar, case["url"], Headers([("Set-Cookie", each) for each in case["input"].split("\n")]))
    return cookies.header(jar, case["to"])


def field_values(case: dict[str, Any]) -> dict[str, Any]:
    text = case["input"]
    match case["kind"]:
        case "disposition":
            return {"filename": fields.disposition_name(text)}
        case "challenge":
            return {"challenges": [[each.scheme, each.parameters] for each in auth.challenges([text])]}
        case "set_cookie":
            return {"sent": kept(case)}
        case "cookie_date":
            moment = cookies.cookie_date(text)
            return {"date": moment and moment.strftime("%Y-%m-%dT%H:%M:%S")}
        case "http_date":
            moment = fields.http_date(text)
            return {"date": moment and moment.isoformat()}
        case "content_range":
            return {"range": fields.content_range(text)}
    return {"charset": fields.media_type(text)[1]}


@pytest.mark.parametrize("case", cases("http_fields"))
def test_an_http_field_is_read_as_its_rfc_has_it(case: dict[str, Any]) -> None:
    assert same(case["expected"], field_values(case))


RESPONSE = "<?xml version='1.0'?><methodResponse><params><param><value>{}</value></param></params></methodResponse>"


def shown(value: Any) -> Any:
    """A value of XML-RPC as the cases write it."""
    match value:
        case bytes():
            return {"octets": value.decode("latin-1")}
        case dt.datetime():
            return {"moment": value.isoformat()}
        case list():
            return [shown(each) for each in value]
        case dict():
            return {"struct": [[name, shown(each)] for name, each in value.items()]}
        case decimal.Decimal():
            return {"other": str(value)}
    return value


@pytest.mark.parametrize("case", cases("xmlrpc"))
def test_an_xmlrpc_response_is_a_value_a_fault_or_an_error(case: dict[str, Any]) -> None:
    data = RESPONSE.format(case["input"]).encode() if case.get("wrapped") else raw(case)
    try:
        got = {"value": shown(unmarshal(data))}
    except xmlrpc.client.Fault as fault:
        got = {"fault": [fault.faultCode, fault.faultString]}
    except NettoolsError:
        got = {"error": True}
    assert got == case["expected"]


def test_an_answer_is_given_to_expat_in_one_piece(monkeypatch: pytest.MonkeyPatch) -> None:
    """An old one reads a token anew with each piece of it: a comment of a hostile server's took quadratic time."""
    feed, sizes = Parser.feed, []

    def counted(parser: Parser, data: bytes) -> None:
        sizes.append(len(data))
        feed(parser, data)

    monkeypatch.setattr(Parser, "feed", counted)
    comment = b"<!--" + b"x" * 1_000_000 + b"-->"
    value = b"<params><param><value>1</value></param></params>"
    assert unmarshal(b"\r\n<methodResponse>" + comment + value + b"</methodResponse>") == "1"
    assert len(sizes) == 1
