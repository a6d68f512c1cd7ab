"""The cases of xmlrpc."""

from __future__ import annotations

from threats.cases.common import XMLRPC, xml_answer
from threats.engine import SECRET, case
from threats.scripts import http_ok, redirect


@case("xmlrpc-html", "xmlrpc_call", **XMLRPC, expect=dict(outcome="error"))
def _(c, ctx):
    xml_answer(b"<html><p>login<br></html>")(c, ctx)


@case(
    "xmlrpc-redirect",
    "xmlrpc_call",
    **dict(XMLRPC, url="http://alice:" + SECRET + "@127.0.0.1:{main}/RPC2"),
    listen={"other": http_ok},
    expect=dict(outcome="any", secret_not_on=["other"]),
)
def _(c, ctx):
    c.http() and c.send(redirect(f"http://localhost:{ctx.ports['other']}/RPC2"))
