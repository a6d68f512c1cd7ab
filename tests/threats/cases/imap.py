"""The cases of imap."""

from __future__ import annotations

from threats.cases.common import MAILBOX
from threats.engine import SECRET, TOKEN, USER, case
from threats.scripts import MSG, drip_line, imap, send_then_close


@case(
    "imap-strip",
    "imap_fetch",
    **MAILBOX,
    tls="starttls",
    cafile="{ca}",
    uid=5,
    expect=dict(outcome="error", secret_not_plain=True, forbid_plain=[b"LOGIN", b"AUTHENTICATE", b"SELECT"]),
)
def _(c, ctx):
    imap(c, ctx, {"STARTTLS": lambda c, a, st: c.send(st.tag + b" BAD no\r\n")}, caps="IMAP4rev1 AUTH=PLAIN")


@case(
    "imap-strip-plus",
    "imap_fetch",
    **MAILBOX,
    tls="starttls",
    cafile="{ca}",
    uid=5,
    expect=dict(outcome="error", secret_not_plain=True, forbid_plain=[b"LOGIN ", b"AUTHENTICATE", b"SELECT"]),
)
def _(c, ctx):
    imap(c, ctx, {"STARTTLS": lambda c, a, st: c.send(b"+ continue with something\r\n")})


@case(
    "imap-preauth-append",
    "imap_append",
    **MAILBOX,
    tls="starttls",
    cafile="{ca}",
    mailbox="Sent",
    raw=b"Subject: private\r\n\r\n" + TOKEN.encode() + b"\r\n",
    expect=dict(outcome="error", secret_not_plain=True),
)
def _(c, ctx):
    imap(
        c,
        ctx,
        {"APPEND": lambda c, a, st: (c.send(b"+ go\r\n"), c.line(), c.line(), c.line(), True)[-1]},
        greeting=b"* PREAUTH ready\r\n",
        caps="IMAP4rev1 STARTTLS",
    )


@case(
    "imaps-default-verify",
    "imap_fetch",
    **dict(MAILBOX, host="localhost"),
    tls="implicit",
    uid=5,
    expect=dict(outcome="error", secret_not_on=["main"]),
)
def _(c, ctx):
    c.tls("selfsigned")
    imap(c, ctx)


@case(
    "imap-tls-default-verify",
    "imap_fetch",
    **dict(MAILBOX, host="localhost"),
    tls="starttls",
    uid=5,
    expect=dict(outcome="error", secret_not_on=["main"]),
)
def _(c, ctx):
    imap(c, ctx, cert="selfsigned")


@case(
    "imap-fetch-other-uid",
    "imap_fetch",
    **MAILBOX,
    tls="none",
    uid=5,
    expect=dict(outcome="any", value_not=b"WRONG MAIL"),
)
def _(c, ctx):
    def f(c, arg, st):
        b = b"Subject: w\r\n\r\nWRONG MAIL\r\n"
        c.send(b"* 9 FETCH (UID 999 BODY[] {%d}\r\n" % len(b) + b + b")\r\n" + st.tag + b" OK done\r\n")

    imap(c, ctx, {"UID FETCH": f, "FETCH": f})


@case(
    "imap-fetch-flags-first",
    "imap_fetch",
    **MAILBOX,
    tls="none",
    uid=5,
    expect=dict(outcome="ok", value_has=b"body line"),
)
def _(c, ctx):
    def f(c, arg, st):
        c.send(
            b"* 3 FETCH (FLAGS (\\Seen))\r\n* 2 EXISTS\r\n* 1 FETCH (UID 5 BODY[] {%d}\r\n" % len(MSG)
            + MSG
            + b")\r\n"
            + st.tag
            + b" OK done\r\n"
        )

    imap(c, ctx, {"UID FETCH": f, "FETCH": f})


@case("imap-fetch-nobody", "imap_fetch", **MAILBOX, tls="none", uid=5, expect=dict(outcome="error"))
def _(c, ctx):
    def f(c, a, st):
        return c.send(st.tag + b" OK done\r\n")

    imap(c, ctx, {"UID FETCH": f, "FETCH": f})


@case("imap-bye-mid", "imap_fetch", **MAILBOX, tls="none", uid=5, expect=dict(outcome="error"))
def _(c, ctx):
    f = send_then_close(b"* BYE shutting down\r\n")
    imap(c, ctx, {"UID FETCH": f, "FETCH": f})


@case("imap-drip", "imap_fetch", **MAILBOX, tls="none", uid=5, expect=dict(outcome="error"))
def _(c, ctx):
    d = drip_line(b"* OK " + b"a" * 300)
    imap(c, ctx, {"SELECT": d, "EXAMINE": d})


@case(
    "imap-error-echo",
    "imap_fetch",
    **MAILBOX,
    tls="none",
    uid=5,
    expect=dict(outcome="error", secret_not_in_output=True),
)
def _(c, ctx):
    def f(c, a, st):
        return c.send(st.tag + b" NO failed: LOGIN " + USER.encode() + b" " + SECRET.encode() + b"\r\n")

    imap(c, ctx, {"LOGIN": f, "AUTHENTICATE": f})


@case(
    "imap-login-loop",
    "imap_fetch",
    **MAILBOX,
    tls="none",
    uid=5,
    expect=dict(outcome="error", max_sent={"main": 20000}),
)
def _(c, ctx):
    def f(c, arg, st):
        for _ in range(600):
            c.send(b"+ \r\n")
            c.sleep(0.02)
        return False

    imap(c, ctx, {"LOGIN": f, "AUTHENTICATE": f})
