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
talking(
    "telnet-linemode",
    lambda c, ctx: (c.send(b"\xff\xfd\x22\xff\xfa\x22\x03" + b"\1\2\3" * 100_000 + b"\xff\xf0login:"), c.hold(1), None)[
        -1
    ],
    max_sent={"main": 2000},
)
talking(
    "telnet-starttls",
    lambda c, ctx: (c.send(b"\xff\xfd\x2e\xff\xfd\x25\xff\xfd\x26login:"), c.hold(1), None)[-1],
    forbid={"main": [b"\xff\xfb\x2e", b"\xff\xfb\x25", b"\xff\xfb\x26"]},
)
case(
    "telnet-clear-by-name",
    "telnet_talk",
    **dict(SOCKET, host="t.test"),
    dns={"t.test": ["127.0.0.1"]},
    send=SECRET.encode(),
    secret_send=True,
    expect_bytes=b"ok",
    expect=dict(ERROR, secret_not_plain=True),
)(lambda c, ctx: c.hold(1))
