"""XML-RPC: values that are none, too deep or too many."""

from __future__ import annotations

from threats.cases.common import XMLRPC, XMLRPC_OK, xml_answer
from threats.cases.tables.shared import ANY, ERROR
from threats.engine import SECRET, case
from threats.scripts import reply


def calling(name: str, body: bytes, expect, *headers: str, **more) -> None:
    case(name, "xmlrpc_call", **dict(XMLRPC, **more), expect=dict(dict(by=4, rss=300), **expect))(
        xml_answer(body, *headers)
    )


def value(inner: bytes) -> bytes:
    return XMLRPC_OK % inner


BOMB = (
    b'<?xml version="1.0"?><!DOCTYPE r [<!ENTITY a0 "'
    + b"a" * 1000
    + b'">'
    + b"".join(b'<!ENTITY a%d "%s">' % (n, b"&a%d;" % (n - 1) * 10) for n in range(1, 10))
    + b"]><methodResponse><params><param><value>&a9;</value></param></params></methodResponse>"
)
calling("xmlrpc-entities", BOMB, ERROR)
calling(
    "xmlrpc-external",
    b'<?xml version="1.0"?><!DOCTYPE r [<!ENTITY x SYSTEM "file:///etc/hostname">]><methodResponse><params><param><value>&x;</value></param></params></methodResponse>',
    ERROR,
)
calling("xmlrpc-deep", value(b"<array><data><value>" * 10000 + b"</value></data></array>" * 10000), ERROR)
calling("xmlrpc-deep-open", value(b"<struct><member><name>a</name><value>" * 200000), ERROR)
calling("xmlrpc-int-huge", value(b"<int>" + b"9" * 100000 + b"</int>"), ERROR)
calling("xmlrpc-int-range", value(b"<i4>99999999999</i4>"), ANY)
calling("xmlrpc-int-words", value(b"<int>five</int>"), ERROR)
calling("xmlrpc-int-underscore", value(b"<int>1_0</int>"), ERROR)
calling("xmlrpc-boolean-2", value(b"<boolean>2</boolean>"), ERROR)
calling("xmlrpc-double-words", value(b"<double>x</double>"), ERROR)
calling("xmlrpc-base64-bad", value(b"<base64>!!!</base64>"), ERROR)
calling("xmlrpc-date-bad", value(b"<dateTime.iso8601>99999999T99:99:99</dateTime.iso8601>"), ANY)
calling("xmlrpc-type-unknown", value(b"<evil>1</evil>"), ERROR)
calling("xmlrpc-nul", value(b"<string>a\0b</string>"), ERROR)
calling("xmlrpc-empty", b"", ERROR)
calling(
    "xmlrpc-two-params",
    b"<methodResponse><params><param><value><int>1</int></value></param><param><value><int>2</int></value></param></params></methodResponse>",
    ERROR,
)
calling(
    "xmlrpc-fault-and-params",
    b"<methodResponse><params><param><value><int>1</int></value></param></params><fault><value><int>2</int></value></fault></methodResponse>",
    ERROR,
)
calling("xmlrpc-fault-bad", b"<methodResponse><fault><value><int>1</int></value></fault></methodResponse>", ERROR)
calling(
    "xmlrpc-request",
    b"<methodCall><methodName>x</methodName><params><param><value><int>1</int></value></param></params></methodCall>",
    ERROR,
)
calling("xmlrpc-encoding-unknown", b'<?xml version="1.0" encoding="x-evil"?>' + value(b"<int>1</int>")[21:], ERROR)
calling("xmlrpc-member-unnamed", value(b"<struct><member><value><int>1</int></value></member></struct>"), ERROR)
calling("xmlrpc-attributes", b"<methodResponse " + b"a='b' " * 50000 + b"/>", ERROR)
calling(
    "xmlrpc-method-name",
    value(b"<int>1</int>"),
    dict(ERROR, forbid={"main": [b"</methodName><params>"]}),
    method="m</methodName><params>",
)
calling("xmlrpc-method-control", value(b"<int>1</int>"), ERROR, method="m\r\nx")
calling("xmlrpc-method-empty", value(b"<int>1</int>"), ERROR, method="")
calling(
    "xmlrpc-param-control", value(b"<int>1</int>"), dict(ANY, forbid={"main": [b"\x00", b"\x1b"]}), params=("a\0\x1b",)
)
calling(
    "xmlrpc-param-markup",
    value(b"<int>1</int>"),
    dict(outcome="ok", forbid={"main": [b"<evil"]}),
    params=("</string><evil>]]>",),
)
case("xmlrpc-lost", "xmlrpc_call", **XMLRPC, retries=3, expect=dict(ERROR, max_conns={"main": 1}))(
    lambda c, ctx: c.http() and None
)
case("xmlrpc-500", "xmlrpc_call", **XMLRPC, expect=ERROR)(
    lambda c, ctx: c.http() and c.send(reply(b"\x1b[2J" + SECRET.encode(), "500 No"))
)
case("xmlrpc-drip", "xmlrpc_call", **XMLRPC, expect=ERROR)(
    lambda c, ctx: c.http() and c.drip(reply(value(b"<int>1</int>")))
)
