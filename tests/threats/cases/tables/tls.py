"""TLS: certificates and handshakes that are not to be believed."""

from __future__ import annotations

from threats.cases.tables.shared import ANY, ERROR
from threats.engine import case
from threats.scripts import http_ok

URL = dict(url="https://127.0.0.1:{main}/")


def handshake(name: str, serve, **expect) -> None:
    case(name, "http_get", **URL, cafile="{ca}", expect=dict(ERROR, **expect))(serve)


handshake("tls-wronghost", lambda c, ctx: http_ok(c.tls("wronghost"), ctx), forbid={"main": [b"GET "]})
handshake("tls-expired", lambda c, ctx: http_ok(c.tls("expired"), ctx), forbid={"main": [b"GET "]})
handshake("tls-old", lambda c, ctx: http_ok(c.tls(old=True), ctx), forbid={"main": [b"GET "]})
handshake("tls-to-plain", http_ok)
handshake(
    "tls-garbage", lambda c, ctx: (c.recv(), c.send(b"\x16\x03\x03\xff\xff" + b"\0" * 70000), c.hold(5), None)[-1]
)
handshake("tls-alert", lambda c, ctx: (c.recv(), c.send(b"\x15\x03\x03\x00\x02\x02\x28"), None)[-1])
handshake(
    "tls-warning-flood", lambda c, ctx: (c.recv(), c.flood(b"\x15\x03\x03\x00\x02\x01\x5a", mb=20), None)[-1], rss=200
)
handshake("tls-close", lambda c, ctx: c.recv() and None)
handshake("tls-reset", lambda c, ctx: (c.recv(), c.rst(), None)[-1])
handshake("tls-silent", lambda c, ctx: c.hold(8))
handshake("tls-cut-head", lambda c, ctx: (c.tls(), c.http(), c.send(b"HTTP/1.1 200 OK\r\nContent-"), c.cut(), None)[-1])
handshake(
    "tls-cut-length",
    lambda c, ctx: (c.tls(), c.http(), c.send(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nab"), c.cut(), None)[-1],
)
case(
    "tls-name-alternative",
    "http_get",
    url="https://a.b.test:{main}/",
    dns={"a.b.test": ["127.0.0.1"]},
    cafile="{ca}",
    expect=dict(ERROR, forbid={"main": [b"GET "]}),
)(lambda c, ctx: http_ok(c.tls(), ctx))
case(
    "tls-name-dot",
    "http_get",
    url="https://localhost.:{main}/",
    dns={"localhost.": ["127.0.0.1"], "localhost": ["127.0.0.1"]},
    cafile="{ca}",
    expect=ANY,
)(lambda c, ctx: http_ok(c.tls(), ctx))
case(
    "tls-ip-not-named",
    "http_get",
    url="https://127.0.0.2:{main}/",
    listen={"b": ("127.0.0.2", http_ok)},
    cafile="{ca}",
    expect=ERROR,
)(lambda c, ctx: http_ok(c.tls(), ctx))
