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


calling("xmlrpc-deep-open", value(b"<struct><member><name>a</name><value>" * 200000), ERROR)
calling("xmlrpc-int-range", value(b"<i4>99999999999</i4>"), ANY)
calling("xmlrpc-int-words", value(b"<int>five</int>"), ERROR)
calling("xmlrpc-int-underscore", value(b"<int>1_0</int>"), ERROR)
calling("xmlrpc-double-words", value(b"<double>x</double>"), ERROR)
calling("xmlrpc-date-bad", value(b"<dateTime.iso8601>99999999T99:99:99</dateTime.iso8601>"), ANY)
calling("xmlrpc-type-unknown", value(b"<evil>1</evil>"), ERROR)
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
calling("xmlrpc-encoding-unknown", b'<?xml version="1.0" encoding="x-evil"?>' + value(b"<int>1</int>")[21:], ERROR)
calling("xmlrpc-attributes", b"<methodResponse " + b"a='b' " * 50000 + b"/>", ERROR)
calling("xmlrpc-method-control", value(b"<int>1</int>"), ERROR, method="m\r\nx")
calling("xmlrpc-method-empty", value(b"<int>1</int>"), ERROR, method="")
case("xmlrpc-500", "xmlrpc_call", **XMLRPC, expect=ERROR)(
    lambda c, ctx: c.http() and c.send(reply(b"\x1b[2J" + SECRET.encode(), "500 No"))
)
case("xmlrpc-drip", "xmlrpc_call", **XMLRPC, expect=ERROR)(
    lambda c, ctx: c.http() and c.drip(reply(value(b"<int>1</int>")))
)
calling(
    "xmlrpc-dtd-utf16",
    '<?xml version="1.0" encoding="utf-16"?><!DOCTYPE r [<!ENTITY a "b">]><methodResponse/>'.encode("utf-16"),
    ERROR,
)
calling("xmlrpc-utf7", b'<?xml version="1.0" encoding="utf-7"?><methodResponse/>', ERROR)

# -- what takes long to read, once it has come

LATE = dict(ERROR, by=6, rss=400)
MEMBER = b"<member><name>a</name><value><int>1</int></value></member>"
calling("xmlrpc-million-members", value(b"<struct>" + MEMBER * 1_000_000 + b"</struct>"), LATE)
