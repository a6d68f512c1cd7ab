"""Gopher: menus and files that are cut, endless, or lead elsewhere."""

from __future__ import annotations

from threats.cases.common import SOCKET
from threats.cases.tables.shared import ANY, ERROR, endless
from threats.engine import MB, case


def burrowing(name: str, serve, expect, op="gopher_get", path="/0/x", **more) -> None:
    case(name, op, url="gopher://127.0.0.1:{main}" + path, expect=expect, **more)(serve)


def selector(data: bytes):
    return lambda c, ctx: (c.line(), c.send(data), None)[-1]


burrowing("gopher-nul", selector(b"ok"), ERROR, path="/0/x%00y")
burrowing("gopher-tabs", selector(b"ok"), ANY, path="/0/x%09a%09+%09b")
burrowing("gopher-endless", endless(b"", b"x" * 65536), dict(ERROR, rss=200), max_bytes=MB)
burrowing("gopher-drip", lambda c, ctx: c.drip(b"a" * 100), ERROR)
burrowing("gopher-silent", lambda c, ctx: c.hold(8), ERROR)
burrowing("gopher-menu-flood", endless(b"", b"0a\tb\tc\t70\r\n"), dict(ERROR, rss=900), path="/1/", op="gopher_menu")
burrowing("gopher-menu-line", endless(b"0", b"a" * 65536), dict(ERROR, rss=300), path="/1/", op="gopher_menu")
burrowing(
    "gopher-menu-garbage",
    selector(b"\r\n\t\t\t\r\n0a\tb\tc\t99999999999999\r\n0\xff\tb\tc\tx\r\nhx\tURL:javascript:1\th\t70\r\n.\r\n"),
    ANY,
    path="/1/",
    op="gopher_menu",
)
burrowing(
    "cli-gopher-escape",
    selector(
        b"0\x1b[2J\t/\xc2\x9b\th\x1b[2J\t70\r\ni\xe2\x80\xae\t\tx\t0\r\nh\x07\tURL:http://\x1b[2J/\th\t70\r\n.\r\n"
    ),
    dict(ANY, tty_clean=True),
    path="/1/",
    op="cli_gopher",
)
burrowing(
    "cli-gopher-error-escape",
    selector(b"3\x1b[2J\xc2\x9b\t\terror.host\t1\r\n.\r\n"),
    dict(ANY, tty_clean=True),
    path="/1/",
    op="cli_gopher",
)
case("cli-telnet-c1", "cli_telnet", **SOCKET, expect=dict(ANY, tty_clean=True))(
    lambda c, ctx: (c.send("\u009b2J\u202e\x07\x0e\x1bc login:".encode()), None)[-1]
)
burrowing("gopher-plus-length", selector(b"+100\r\nabc"), ERROR, path="/1/", op="gopher_menu")
burrowing("gopher-http-answer", selector(b"HTTP/1.1 200 OK\r\n\r\n<html>"), ERROR, path="/1/", op="gopher_menu")
