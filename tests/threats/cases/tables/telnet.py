"""Telnet: options without end, and what the other side would like to know."""

from __future__ import annotations

from threats.cases.common import SOCKET
from threats.cases.tables.shared import ANY, ERROR, endless
from threats.engine import MB, SECRET, case

IAC, SB, SE, DO, WILL = 255, 250, 240, 253, 251


def talking(name: str, serve, **expect) -> None:
    case(
        name,
        "telnet_talk",
        **SOCKET,
        send=b"",
        expect_bytes=b"login:",
        max_bytes=MB,
        expect=dict(ANY, rss=200, **expect),
    )(serve)


talking("telnet-iac-flood", endless(b"", bytes((IAC, DO, 1)) * 1000), max_sent={"main": 20000})
talking(
    "telnet-environ",
    lambda c, ctx: (
        c.send(bytes((IAC, DO, 39, IAC, SB, 39, 1, IAC, SE, IAC, DO, 36, IAC, SB, 36, 1, IAC, SE))),
        c.send(b"login:"),
        c.hold(2),
        None,
    )[-1],
    forbid={"main": [b"USER", b"HOME", b"xterm"]},
)
talking(
    "telnet-ttype",
    lambda c, ctx: (c.send(bytes((IAC, DO, 24, IAC, SB, 24, 1, IAC, SE)) * 500), c.send(b"login:"), c.hold(2), None)[
        -1
    ],
    max_sent={"main": 20000},
)
talking(
    "telnet-dm-ao-ip",
    lambda c, ctx: (c.send(bytes((IAC, 242, IAC, 244, IAC, 245, IAC, 246, IAC, 0, IAC)) + b"login:"), c.hold(2), None)[
        -1
    ],
)
talking("telnet-iac-at-end", lambda c, ctx: (c.send(b"log" + bytes((IAC,))), None)[-1], outcome="error")
talking("telnet-cut", lambda c, ctx: (c.send(b"log"), None)[-1], outcome="error")
talking("telnet-drip", lambda c, ctx: c.drip(b"a" * 100), outcome="error")
case(
    "telnet-secret-echo",
    "telnet_talk",
    **SOCKET,
    send=SECRET.encode() + b"\r\n",
    expect_bytes=b"welcome",
    secret_send=True,
    verbose=True,
    expect=dict(ERROR, secret_not_in_output=True),
)(lambda c, ctx: (c.line(), c.send(b"no such: " + SECRET.encode() + b"\r\n"), None)[-1])
case(
    "telnet-send-iac",
    "telnet_talk",
    **SOCKET,
    send=b"\xff\xf4\r\n",
    expect_bytes=b"ok",
    expect=dict(outcome="ok", require={"main": [b"\xff\xff\xf4"]}),
)(lambda c, ctx: (c.line(), c.send(b"ok"), None)[-1])
