"""The cases of pop3."""

from __future__ import annotations

from threats.cases.common import MAILBOX
from threats.engine import case
from threats.scripts import drip_line, pop3, send_then_close


@case(
    "pop3-strip",
    "pop3_get",
    **MAILBOX,
    tls="starttls",
    cafile="{ca}",
    index=1,
    expect=dict(outcome="error", secret_not_plain=True, forbid_plain=[b"USER "]),
)
def _(c, ctx):
    pop3(c, ctx, {"STLS": b"-ERR no\r\n"})


@case(
    "pop3-inject",
    "pop3_get",
    **MAILBOX,
    tls="starttls",
    cafile="{ca}",
    index=1,
    expect=dict(outcome="error", secret_not_plain=True),
)
def _(c, ctx):
    def stls(c, arg, st):
        c.send(b"+OK go\r\n+OK u\r\n+OK p\r\n+OK 5 5\r\n")
        c.tls()

    pop3(
        c,
        ctx,
        {"STLS": stls, "USER": b"-ERR no\r\n", "PASS": b"-ERR no\r\n", "AUTH": b"-ERR no\r\n", "RETR": b"-ERR no\r\n"},
        caps=["STLS", "USER"],
    )


@case(
    "pop3s-default-verify",
    "pop3_get",
    **dict(MAILBOX, host="localhost"),
    tls="implicit",
    index=1,
    expect=dict(outcome="error", secret_not_on=["main"]),
)
def _(c, ctx):
    c.tls("selfsigned")
    pop3(c, ctx)


@case("pop3-long-line", "pop3_get", **MAILBOX, tls="none", index=1, expect=dict(outcome="ok", value_has=b"z" * 60000))
def _(c, ctx):
    pop3(c, ctx, msg=b"Subject: l\r\n\r\n" + b"z" * 60000 + b"\r\n")


@case(
    "pop3-retr-cut",
    "pop3_get",
    **MAILBOX,
    tls="none",
    index=1,
    delete=True,
    expect=dict(outcome="error", forbid={"main": [b"DELE"]}),
)
def _(c, ctx):
    pop3(c, ctx, {"RETR": send_then_close(b"+OK\r\nSubject: x\r\n\r\nhalf")})


@case("pop3-quit-lost", "pop3_get", **MAILBOX, tls="none", index=1, delete=True, expect=dict(outcome="error"))
def _(c, ctx):
    pop3(c, ctx, {"QUIT": b"-ERR some messages not removed\r\n"})


@case("pop3-drip", "pop3_get", **MAILBOX, tls="none", index=1, expect=dict(outcome="error"))
def _(c, ctx):
    pop3(c, ctx, {"RETR": drip_line(b"+OK\r\n" + b"a" * 300)})


@case("pop3-apop-redos", "pop3_get", **MAILBOX, tls="none", index=1, apop=True, expect=dict(outcome="error", by=2))
def _(c, ctx):
    pop3(c, ctx, greeting=b"+OK " + b"<" * 1900 + b"\r\n")


@case("pop3-stat-garbage", "pop3_list", **MAILBOX, tls="none", expect=dict(outcome="error"))
def _(c, ctx):
    pop3(c, ctx, {"STAT": b"+OK abc def\r\n", "LIST": b"+OK\r\nx y\r\n.\r\n", "UIDL": b"+OK\r\nz\r\n.\r\n"})


@case("pop3-list-huge", "pop3_list", **MAILBOX, tls="none", expect=dict(outcome="any", rss=200))
def _(c, ctx):
    pop3(c, ctx, {"STAT": b"+OK 999999999999 1\r\n", "LIST": b"+OK\r\n.\r\n"})


@case("pop3-dot-stuff", "pop3_get", **MAILBOX, tls="none", index=1, expect=dict(outcome="ok", value_has=b"\n.x"))
def _(c, ctx):
    pop3(c, ctx, msg=b"Subject: d\r\n\r\n.x\r\n..y\r\nend\r\n")
