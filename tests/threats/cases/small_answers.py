"""Answers of POP3, NNTP, Telnet and Gopher servers that are cut, too many, or to something else."""

from __future__ import annotations

from threats.cases.common import MAILBOX, NEWS, SOCKET
from threats.engine import MB, SECRET, USER, case
from threats.scripts import ART, MSG, hang_up, nntp, pop3, send_then_close

ERROR = dict(outcome="error")
POP3 = dict(MAILBOX, tls="none", index=1)
PLAIN_NEWS = dict(NEWS, tls="none")


def flood(before, piece):
    def answer(c, arg, st):
        c.send(before)
        c.flood(piece)
        return False

    return answer


def mailbox(name, over=None, expect=ERROR, arguments=POP3, op="pop3_get", **script):
    """A POP3 session with a server that differs from a good one in this."""

    @case(f"pop3-{name}", op, **arguments, expect=expect)
    def _(c, ctx):
        pop3(c, ctx, over, **script)


def news(name, over=None, expect=ERROR, arguments=PLAIN_NEWS, **script):
    """An article from a server that differs from a good one in this."""

    @case(f"nntp-{name}", "nntp_article", **arguments, expect=expect)
    def _(c, ctx):
        nntp(c, ctx, over, **script)


def echoed(c, arg, st):
    c.send(b"-ERR no " + SECRET.encode() + b"\r\n")


mailbox("other-greeting", None, dict(ERROR, secret_not_plain=True), greeting=b"SSH-2.0-x\r\n")
mailbox("capa-flood", {"CAPA": flood(b"+OK\r\n", b"X\r\n")}, dict(ERROR, rss=200))
mailbox("line-flood", {"RETR": flood(b"+OK\r\n", b"x" * 65536)}, dict(ERROR, rss=200), dict(POP3, max_bytes=MB))
mailbox("list-nonsense", {"LIST": b"+OK\r\nx y\r\n-1 -5\r\n.\r\n"}, ERROR, dict(MAILBOX, tls="none"), "pop3_list")
mailbox("error-echo", {"AUTH": echoed, "PASS": echoed}, dict(ERROR, secret_not_in_output=True))
mailbox("no-dot", {"RETR": send_then_close(b"+OK\r\n" + MSG)})
mailbox("dele-lost", {"DELE": hang_up}, ERROR, dict(POP3, delete=True))
mailbox("quit-refused", {"QUIT": b"-ERR not deleted\r\n"}, ERROR, dict(POP3, delete=True))
mailbox("no-apop", None, dict(ERROR, secret_not_plain=True), dict(POP3, apop=True))
mailbox("user-crlf", None, dict(ERROR, forbid={"main": [b"\nDELE"]}), dict(POP3, user="a\r\nDELE 1"), caps=())

news("greeting-502", None, greeting=b"502 no\r\n")
news("no-dot", {"ARTICLE": send_then_close(b"220 1 <1@a>\r\n" + ART)})
news("other-article", {"ARTICLE": b"220 9 <9@z> article\r\n" + ART + b".\r\n"})
news(
    "line-flood",
    {"ARTICLE": flood(b"220 1 <1@a>\r\n", b"x" * 65536)},
    dict(ERROR, rss=200),
    dict(PLAIN_NEWS, max_bytes=MB),
)
news("group-crlf", None, dict(ERROR, forbid={"main": [b"\nPOST"]}), dict(PLAIN_NEWS, group="g\r\nPOST"))
news("400-between", {"ARTICLE": send_then_close(b"400 shutdown\r\n")})
news(
    "clear-default",
    {"GROUP": b"480 login\r\n"},
    dict(outcome="any", secret_not_plain=True),
    dict(NEWS, host="news.test", user=USER, password=SECRET, dns={"news.test": ["127.0.0.1"]}),
    caps=("VERSION 2", "READER", "AUTHINFO USER"),
)


@case(
    "telnet-environment",
    "telnet_talk",
    **SOCKET,
    send=b"",
    expect_bytes=b"login:",
    env={"USER": "victim", "DISPLAY": "screen:7"},
    expect=dict(outcome="ok", forbid={"main": [b"victim", b"screen:7"]}),
)
def _(c, ctx):
    c.send(b"\xff\xfd\x27\xff\xfd\x18\xff\xfd\x23")
    c.recv()
    c.send(b"\xff\xfa\x27\x01\xff\xf0\xff\xfa\x18\x01\xff\xf0\xff\xfa\x23\x01\xff\xf0login:")
    c.hold()


@case(
    "telnet-subnegotiation-flood",
    "telnet_talk",
    **SOCKET,
    send=b"",
    expect_bytes=b"login:",
    expect=dict(ERROR, rss=150),
)
def _(c, ctx):
    c.send(b"\xff\xfa\x18")
    c.flood(b"a" * 65536)


@case("gopher-reset", "gopher_get", url="gopher://127.0.0.1:{main}/9x", dest="{dl}/x", expect=dict(ERROR, absent=["x"]))
def _(c, ctx):
    c.recv()
    c.send(b"data")
    c.sleep(0.2)
    c.rst()


@case(
    "gopher-refusal", "gopher_get", url="gopher://127.0.0.1:{main}/0x", dest="{dl}/x", expect=dict(ERROR, absent=["x"])
)
def _(c, ctx):
    c.recv()
    c.send(b"3'x' does not exist\terror\t\t1\r\n.\r\n")


@case(
    "gopher-crlf",
    "gopher_get",
    url="gopher://127.0.0.1:{main}/0x%0d%0aEHLO",
    expect=dict(ERROR, forbid={"main": [b"\nEHLO"]}),
)
def _(c, ctx):
    c.recv()
    c.send(b"x")
