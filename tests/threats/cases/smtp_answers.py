"""Replies of an SMTP server that are none, out of turn, or contradict each other."""

from __future__ import annotations

from threats.cases.common import SMTP, SMTP_LOGIN
from threats.engine import SECRET, case
from threats.scripts import send_then_close, smtp

ERROR = dict(outcome="error")
PLAIN = dict(SMTP, tls="none")
LOGIN = dict(SMTP_LOGIN, tls="none")
STARTTLS = dict(SMTP_LOGIN, tls="starttls", cafile="{ca}")


def answers(name, over=None, expect=ERROR, arguments=PLAIN, **script):
    """A mail to a server that differs from a good one in this."""

    @case(f"smtp-{name}", "smtp_send", **arguments, expect=expect)
    def _(c, ctx):
        smtp(c, ctx, over, **script)


def early_reply(c, arg, st):
    c.send(b"220 go\r\n250-early\r\n250 AUTH LOGIN\r\n")
    c.tls("good")


def flood(c, arg, st):
    c.flood(b"250-AAAAAAAAAAAAAAAA\r\n")
    return False


def echoed(c, arg, st):
    c.send(b"535 bad " + arg.encode() + b" " + SECRET.encode() + b"\r\n")


answers("no-354", {"DATA": b"250 ok\r\n"}, dict(ERROR, mails_max=0))
answers("greeting-554", None, dict(ERROR, forbid={"main": [b"MAIL FROM"]}), greeting=b"554 go away\r\n")
answers("ehlo-flood", {"EHLO": flood}, dict(ERROR, rss=200))
answers("two-codes", {"MAIL": b"250-ok\r\n550 no\r\n"}, dict(ERROR, mails_max=0))
answers("one-reply-more", {"MAIL": b"250 ok\r\n250 ok\r\n", "DATA-END": b"550 rejected\r\n"})
answers("421-between", {"RCPT": send_then_close(b"421 closing\r\n")})
answers("tls-early-reply", {"STARTTLS": early_reply}, ERROR, STARTTLS, caps=["STARTTLS"])
answers("auth-echo", {"AUTH": echoed}, dict(ERROR, secret_not_in_output=True), LOGIN, caps=["AUTH PLAIN"])
answers("auth-unproven", {"AUTH": b"235 ok\r\n"}, ERROR, LOGIN, caps=["AUTH SCRAM-SHA-256"])
answers("auth-no-base64", {"AUTH": b"334 !!!\r\n"}, ERROR, LOGIN, caps=["AUTH CRAM-MD5"])
answers("no-ehlo-no-tls", {"EHLO": b"502 what\r\n"}, dict(ERROR, secret_not_plain=True), STARTTLS)
answers("pipelined-all-refused", {"RCPT": b"550 no\r\n"}, dict(ERROR, forbid={"main": [b"hello"]}), caps=["PIPELINING"])
answers("sender-crlf", None, dict(ERROR, forbid={"main": [b"\nDATA"]}), dict(PLAIN, sender="a@a.test>\r\nDATA"))
answers("address-without-domain", None, dict(ERROR, forbid={"main": [b"RCPT"]}), dict(PLAIN, rcpts=["b@"]))
answers(
    "bcc-in-raw",
    None,
    dict(outcome="ok", forbid={"main": [b"bcc:"]}),
    dict(PLAIN, raw=b"From: a@a.test\r\nBcc: hidden@h.test\r\nSubject: s\r\n\r\nx\r\n"),
)
