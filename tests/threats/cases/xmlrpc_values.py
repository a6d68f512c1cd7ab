"""Values of XML-RPC that are none, too many or too deep, and arguments that it cannot carry."""

from __future__ import annotations

from threats.cases.common import XMLRPC, XMLRPC_OK, xml_answer
from threats.engine import case
from threats.scripts import gz_bomb, reply

ENTITIES = b"".join(b'<!ENTITY a%d "%b">' % (level, b"&a%d;" % (level - 1) * 10) for level in range(1, 9))
BOMB = b'<!DOCTYPE b [<!ENTITY a0 "aaaaaaaaaa">' + ENTITIES + b"]>"
XML = b"<?xml version='1.0'?>"


def value(name, body, *fields, outcome="error", whole=False):
    """A call that is answered so."""
    answer = body if whole else XMLRPC_OK % body
    case(f"xmlrpc-{name}", "xmlrpc_call", **XMLRPC, expect=dict(outcome=outcome, rss=200))(xml_answer(answer, *fields))


def argument(name, given, outcome="error", **expect):
    """A call with such an argument."""
    expect = dict(outcome=outcome, **expect)
    case(f"xmlrpc-{name}", "xmlrpc_call", **dict(XMLRPC, **given), expect=expect)(xml_answer(XMLRPC_OK % b"1"))


value("entity-bomb", BOMB + (XMLRPC_OK % b"&a8;").removeprefix(XML), whole=True)
value(
    "entity-file",
    b'<!DOCTYPE b [<!ENTITY a SYSTEM "file:///etc/passwd">]>' + (XMLRPC_OK % b"&a;").removeprefix(XML),
    whole=True,
)
value("depth", XMLRPC_OK % (b"<array><data><value>" * 20_000 + b"</value></data></array>" * 20_000), whole=True)
value("integer-huge", b"<int>" + b"9" * 100_000 + b"</int>")
value("boolean-7", b"<boolean>7</boolean>")
value("base64-nonsense", b"<base64>!!!</base64>")
value("member-without-name", b"<struct><member><value>1</value></member></struct>")
value("nothing", b"", whole=True)
value("cut", (XMLRPC_OK % b"abc")[:-20], whole=True)
value("call-in-answer", XML + b"<methodCall><methodName>x</methodName><params/></methodCall>", whole=True)
value("control-character", b"a\x01b")
argument("method-markup", dict(method="m</methodName><x>"), forbid={"main": [b"<x>"]})
argument("argument-markup", dict(params=("</string></value><x>",)), "ok", forbid={"main": [b"<x>"]})
argument("argument-control", dict(params=("a\x01",)), forbid={"main": [b"\x01"]})
argument("argument-surrogate", dict(params=("a\ud800",)))


@case("xmlrpc-gzip-bomb", "xmlrpc_call", **XMLRPC, expect=dict(outcome="error", rss=200))
def _(c, ctx):
    c.http() and c.send(reply(gz_bomb(300), "200 OK", "Content-Type: text/xml", "Content-Encoding: gzip"))


@case("xmlrpc-answer-lost", "xmlrpc_call", **XMLRPC, retries=3, expect=dict(outcome="error", max_conns={"main": 1}))
def _(c, ctx):
    c.http()
