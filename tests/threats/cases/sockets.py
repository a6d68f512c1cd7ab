"""The cases of sockets."""

from __future__ import annotations

import socket

from threats.cases.common import SOCKET, datagrams, spoof, two
from threats.engine import MB, case
from threats.scripts import http_ok


@case("tcp-drip", "tcp_talk", **SOCKET, send=b"x\n", until=b"\n", expect=dict(outcome="error"))
def _(c, ctx):
    c.drip(b"a" * 200)


@case("tcp-no-read", "tcp_talk", **SOCKET, send=b"x" * (16 * MB), until=b"\n", expect=dict(outcome="error"))
def _(c, ctx):
    c.sleep(14)


@case(
    "tcp-refused",
    "tcp_talk",
    host="127.0.0.1",
    port="{dead}",
    send=b"x",
    until=b"\n",
    listen={"dead": "dead"},
    expect=dict(outcome="error", by=1.5),
)
def _(c, ctx):
    pass


@case(
    "tcp-split-delimiter",
    "tcp_talk",
    **SOCKET,
    send=b"x\n",
    until=b"\r\n",
    expect=dict(outcome="ok", value_has=b"hello\r\n"),
)
def _(c, ctx):
    c.s.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    c.line()
    c.send(b"hello\r")
    c.sleep(0.3)
    c.send(b"\n")


@case(
    "udp-spoof",
    "udp_talk",
    host="127.0.0.1",
    port="{u}",
    send=b"q",
    listen={"u": datagrams(spoof)},
    expect=dict(outcome="ok", value_has=b"genuine", value_not=b"SPOOFED"),
)
def _(c, ctx):
    pass


@case(
    "udp-oversize",
    "udp_talk",
    host="127.0.0.1",
    port="{u}",
    send=b"q" * 70000,
    listen={"u": datagrams(two)},
    expect=dict(outcome="error"),
)
def _(c, ctx):
    pass


@case("dns-slow", "http_get", url="http://slow.test:{main}/", dns={"slow.test": "hang"}, expect=dict(outcome="error"))
def _(c, ctx):
    http_ok(c, ctx)


@case(
    "dns-rebind-order",
    "tcp_talk",
    host="many.test",
    port="{main}",
    send=b"x\n",
    until=b"\n",
    timeout=2,
    deadline=5,
    dns={"many.test": ["127.0.0.2"] * 12 + ["127.0.0.1"]},
    listen={"bh": ("127.0.0.2", "blackhole:main")},
    expect=dict(outcome="any", by=6.5),
)
def _(c, ctx):
    c.line()
    c.send(b"hi\n")
