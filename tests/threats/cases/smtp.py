"""The cases of smtp."""

from __future__ import annotations

from threats.cases.common import SMTP, SMTP_LOGIN
from threats.engine import case
from threats.scripts import hang_up, silent, smtp


@case(
    "smtp-strip",
    "smtp_send",
    **SMTP_LOGIN,
    tls="starttls",
    cafile="{ca}",
    expect=dict(outcome="error", secret_not_plain=True, forbid_plain=[b"MAIL FROM", b"AUTH "]),
)
def _(c, ctx):
    smtp(c, ctx, caps=["AUTH PLAIN LOGIN"])


@case(
    "smtp-tls-default-verify",
    "smtp_send",
    **dict(SMTP_LOGIN, host="localhost"),
    tls="starttls",
    expect=dict(outcome="error", secret_not_on=["main"]),
)
def _(c, ctx):
    smtp(c, ctx, caps=["STARTTLS"], cert="selfsigned")


@case(
    "smtp-clear-default",
    "smtp_send",
    **dict(SMTP_LOGIN, host="mail.test"),
    dns={"mail.test": ["127.0.0.1"]},
    expect=dict(outcome="any", secret_not_plain=True),
)
def _(c, ctx):
    smtp(c, ctx, caps=["AUTH PLAIN LOGIN"])


@case(
    "smtp-crlf-rcpt",
    "smtp_send",
    **dict(SMTP, rcpts=["b@b.test>\r\nRCPT TO:<evil@e.test"]),
    tls="none",
    expect=dict(outcome="error", forbid={"main": [b"\nRCPT TO:<evil"]}),
)
def _(c, ctx):
    smtp(c, ctx)


@case(
    "smtp-header-inject",
    "smtp_send",
    **dict(SMTP, subject="hi\r\nBcc: evil@e.test"),
    tls="none",
    expect=dict(outcome="error", forbid={"main": [b"\nBcc: evil", b"RCPT TO:<evil"]}),
)
def _(c, ctx):
    smtp(c, ctx)


@case(
    "smtp-address-confusion",
    "smtp_send",
    **dict(SMTP, rcpts=["alice@good.test@evil.test"]),
    tls="none",
    expect=dict(outcome="error", forbid={"main": [b"RCPT TO:"]}),
)
def _(c, ctx):
    smtp(c, ctx)


@case(
    "smtp-smuggle-lf",
    "smtp_send",
    **dict(SMTP, raw=b"Subject: s\r\n\r\nx\n.\r\nMAIL FROM:<evil@e.test>\r\nend\r\n"),
    tls="none",
    expect=dict(outcome="any", check="smuggle"),
)
def _(c, ctx):
    smtp(c, ctx)


@case(
    "smtp-smuggle-cr",
    "smtp_send",
    **dict(SMTP, raw=b"Subject: s\r\n\r\nx\r.\rMAIL FROM:<evil@e.test>\rend\n.\nmore\r\n"),
    tls="none",
    expect=dict(outcome="any", check="smuggle"),
)
def _(c, ctx):
    smtp(c, ctx)


@case(
    "smtp-dot-line",
    "smtp_send",
    **dict(SMTP, raw=b"Subject: s\r\n\r\na\r\n.\r\n..x\r\nend\r\n"),
    tls="none",
    expect=dict(outcome="ok", check="dots"),
)
def _(c, ctx):
    smtp(c, ctx)


@case("smtp-dup-data", "smtp_send", **SMTP, tls="none", retries=2, expect=dict(outcome="error", mails_max=1))
def _(c, ctx):
    smtp(c, ctx, {"DATA-END": hang_up})


@case("smtp-dup-timeout", "smtp_send", **SMTP, tls="none", retries=2, expect=dict(outcome="error", mails_max=1))
def _(c, ctx):
    smtp(c, ctx, {"DATA-END": silent})


@case("smtp-quit-500", "smtp_send", **SMTP, tls="none", expect=dict(outcome="ok", mails_max=1))
def _(c, ctx):
    smtp(c, ctx, {"QUIT": b"500 what\r\n"})


@case("smtp-line-huge", "smtp_send", **SMTP, tls="none", expect=dict(outcome="error", rss=200))
def _(c, ctx):
    c.send(b"220 ")
    c.flood(b"a" * 65536)


@case("smtp-auth-loop", "smtp_send", **SMTP_LOGIN, tls="none", expect=dict(outcome="error", max_sent={"main": 20000}))
def _(c, ctx):
    def auth(c, arg, st):
        while True:
            c.send(b"334 VXNlcm5hbWU6\r\n")
            if c.line() is None:
                return False
            c.sleep(0.01)

    smtp(c, ctx, {"AUTH": auth}, caps=["AUTH LOGIN"])


@case(
    "smtp-debug-secret",
    "smtp_send",
    **SMTP_LOGIN,
    tls="none",
    verbose=True,
    expect=dict(outcome="ok", secret_not_in_output=True),
)
def _(c, ctx):
    smtp(c, ctx, caps=["AUTH PLAIN LOGIN"])


@case(
    "smtp-utf8-addr",
    "smtp_send",
    **dict(SMTP, rcpts=["m\u00fcller@b.test"]),
    tls="none",
    expect=dict(outcome="error", forbid={"main": ["m\u00fcller".encode(), "m\u00fcller".encode("latin-1")]}),
)
def _(c, ctx):
    smtp(c, ctx)
