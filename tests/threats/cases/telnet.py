"""The cases of telnet."""

from __future__ import annotations

from threats.cases.common import SOCKET
from threats.engine import MB, case


@case(
    "telnet-option-storm",
    "telnet_talk",
    **SOCKET,
    send=b"",
    expect_bytes=b"login:",
    expect=dict(outcome="any", max_sent={"main": 20000}),
)
def _(c, ctx):
    for _ in range(60):
        c.send(b"".join(bytes((255, w, o)) for w in (253, 251) for o in range(1, 200)))
        c.sleep(0.02)
    c.send(b"login: ")
    c.hold(2)


@case(
    "telnet-flood",
    "telnet_talk",
    **SOCKET,
    send=b"",
    expect_bytes=b"login:",
    max_bytes=16 * MB,
    expect=dict(outcome="error", rss=200),
)
def _(c, ctx):
    c.flood(b"a" * 65536, mb=200)


@case("telnet-escape", "cli_telnet", **SOCKET, expect=dict(outcome="any", tty_clean=True))
def _(c, ctx):
    c.send(b"hi \x1b[21t\x1b]52;c;cHduZWQ=\x07\x05\r\n")
