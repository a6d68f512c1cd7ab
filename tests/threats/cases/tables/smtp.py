"""SMTP: replies out of turn or of two minds, floods, and what an address or a message may carry."""

from __future__ import annotations

from threats.cases.common import SMTP, SMTP_LOGIN
from threats.cases.tables.shared import ANY, ERROR, endless
from threats.engine import SECRET, USER, case
from threats.scripts import hang_up, send_then_close, smtp


def sending(name: str, over, expect, *, caps=(), **more) -> None:
    args = dict(SMTP if "user" not in more else SMTP_LOGIN, **more)
    greeting = args.pop("greeting", b"220 exam ESMTP\r\n")
    script = dict(caps=caps, greeting=greeting, **({"caps_tls": args.pop("caps_tls")} if "caps_tls" in args else {}))
    args.setdefault("tls", "none")
    case(name, "smtp_send", **args, expect=expect)(lambda c, ctx: smtp(c, ctx, over, **script))


LOGIN = dict(user=USER, password=SECRET)
PLAIN = ["AUTH PLAIN LOGIN"]
sending("smtp-greeting-421", {}, dict(ERROR, mails_max=0), greeting=b"421 busy\r\n")
sending("smtp-greeting-garbage", {}, dict(ERROR, mails_max=0), greeting=b"HTTP/1.1 400 Bad Request\r\n\r\n")
sending("smtp-greeting-short-code", {}, dict(ERROR, mails_max=0), greeting=b"22 hi\r\n")
sending("smtp-greeting-escape", {}, dict(ERROR, mails_max=0), greeting=b"554 \x1b[2J\x00\xff\r\n")
sending("smtp-ehlo-codes-differ", {"EHLO": b"250-a\r\n550 b\r\n"}, ERROR)
sending("smtp-ehlo-twice", {"EHLO": b"250 a\r\n250 b\r\n"}, ANY)
sending("smtp-data-250", {"DATA": b"250 fine\r\n"}, dict(ERROR, forbid={"main": [b"hello"]}))
sending("smtp-data-220", {"DATA": b"220 fine\r\n"}, dict(ERROR, forbid={"main": [b"hello"]}))
sending("smtp-final-354", {"DATA-END": b"354 more\r\n"}, dict(ERROR, mails_max=1))
sending("smtp-final-garbage", {"DATA-END": b"okay then\r\n"}, dict(ERROR, mails_max=1))
sending("smtp-final-cut", {"DATA-END": send_then_close(b"250-queu")}, dict(ERROR, mails_max=1), retries=3)
sending("smtp-final-reset", {"DATA-END": lambda c, a, st: c.rst() or False}, dict(ERROR, mails_max=1), retries=3)
sending("smtp-final-421", {"DATA-END": send_then_close(b"421 shutting down\r\n")}, dict(ERROR, mails_max=4), retries=3)
sending("smtp-final-flood", {"DATA-END": endless(b"", b"250-queued\r\n")}, dict(ERROR, mails_max=1, rss=200))
sending("smtp-final-250-twice", {"DATA-END": b"250 ok\r\n550 no\r\n"}, dict(outcome="ok", mails_max=1))
sending("smtp-mail-552", {"MAIL": b"552 too large\r\n"}, dict(ERROR, mails_max=0))
sending(
    "smtp-rcpt-one-refused",
    {"RCPT": lambda c, a, st: c.send(b"550 no\r\n" if "nobody" in a else b"250 ok\r\n")},
    dict(ANY, check="refused"),
    rcpts=["b@b.test", "nobody@b.test"],
)
sending("smtp-rcpt-all-refused", {"RCPT": b"550 no\r\n"}, dict(ERROR, mails_max=0))
sending("smtp-rcpt-refused-echo", {"RCPT": b"550 " + b"x" * 70000 + b"\r\n"}, dict(ERROR, mails_max=0, rss=200))
sending("smtp-rcpt-close", {"RCPT": hang_up}, dict(ERROR, mails_max=0))
sending("smtp-size", {}, dict(ERROR, mails_max=0, forbid={"main": [b"hello"]}), caps=["SIZE 10"])
sending(
    "smtp-size-garbage",
    {},
    ANY,
    caps=["SIZE 99999999999999999999999999x", "SIZE", "SIZE -1", "8BITMIME 8BITMIME", "=", "\x1b[2J"],
)
sending("smtp-auth-none-offered", {}, dict(ERROR, mails_max=0, secret_not_plain=True), caps=[], **LOGIN)
sending(
    "smtp-auth-unknown-only", {}, dict(ERROR, mails_max=0, secret_not_plain=True), caps=["AUTH X-EVIL GSSAPI"], **LOGIN
)
sending(
    "smtp-auth-refused",
    {"AUTH": lambda c, a, st: c.send(b"535 no " + a.encode() + b"\r\n")},
    dict(ERROR, mails_max=0, secret_not_in_output=True, max_conns={"main": 2}),
    caps=PLAIN,
    **LOGIN,
)
sending(
    "smtp-auth-echo-decoded",
    {"AUTH": b"535 no " + SECRET.encode() + b"\r\n"},
    dict(ERROR, secret_not_in_output=True),
    caps=PLAIN,
    verbose=True,
    **LOGIN,
)
sending(
    "smtp-auth-downgrade",
    {"AUTH": lambda c, a, st: c.send(b"535 no\r\n") if "CRAM" in a else None},
    dict(ERROR, mails_max=0, secret_not_plain=True),
    caps=["AUTH CRAM-MD5 PLAIN"],
    **LOGIN,
)
sending("smtp-auth-close", {"AUTH": hang_up}, dict(ERROR, mails_max=0), caps=PLAIN, **LOGIN)
sending("smtp-sender-params", {}, dict(ERROR, forbid={"main": [b"SIZE=1 "]}), sender="a@a.test> SIZE=1 <x")
sending("smtp-sender-nul", {}, ERROR, sender="a\0@a.test")
sending("smtp-rcpt-space", {}, dict(ANY, forbid={"main": [b"<b @"]}), rcpts=["b @b.test"])
sending("smtp-rcpt-quoted-crlf", {}, ERROR, rcpts=['"b\r\n"@b.test'])
sending("smtp-rcpt-empty", {}, ERROR, rcpts=[""])
sending("smtp-rcpt-none", {}, ERROR, rcpts=[])
sending("smtp-rcpt-comma", {}, dict(ANY, forbid={"main": [b"b@b.test,evil"]}), rcpts=["b@b.test,evil@e.test"])
sending("smtp-rcpt-route", {}, dict(ANY, forbid={"main": [b"<@e.test:"]}), rcpts=["@e.test:b@b.test"])
sending("smtp-helo-crlf", {}, dict(ERROR, forbid={"main": [b"\nMAIL FROM:<evil"]}), helo="x\r\nMAIL FROM:<evil@e.test>")
sending("smtp-helo-space", {}, ERROR, helo="x y")
sending("smtp-subject-lf", {}, dict(ERROR, forbid={"main": [b"\nBcc:"]}), subject="hi\nBcc: evil@e.test")
sending("smtp-subject-nul", {}, ERROR, subject="hi\0x")
sending("smtp-body-nul", {}, ANY, body="a\0b\n")
sending(
    "smtp-bcc-hidden",
    {},
    dict(outcome="ok", forbid={"main": [b"\nbcc:"]}, require={"main": [b"hidden@e.test"]}),
    bcc=["hidden@e.test"],
)
sending("smtp-raw-no-end", {}, dict(outcome="ok", mails_max=1), raw=b"Subject: s\r\n\r\nno newline.")
sending("smtp-raw-only-dot", {}, dict(outcome="ok", mails_max=1, check="smuggle"), raw=b"Subject: s\r\n\r\n.")
sending(
    "smtp-smuggle-mixed",
    {},
    dict(ANY, check="smuggle", mails_max=1),
    raw=b"Subject: s\r\n\r\nx\r.\r\n\n.\r\r\n.\n\r\n.\r\n\r\nMAIL FROM:<e@e.test>\r\n",
)
sending(
    "smtp-smuggle-chunking",
    {},
    dict(ANY, mails_max=1),
    caps=["CHUNKING", "BINARYMIME", "PIPELINING"],
    raw=b"Subject: s\r\n\r\nx\n.\nMAIL FROM:<e@e.test>\n",
)
sending(
    "smtp-pipelined-extra",
    {"MAIL": b"250 ok\r\n250 ok\r\n354 go\r\n250 queued\r\n"},
    ERROR,
    caps=["PIPELINING"],
)
sending("smtp-pipelined-close", {"RCPT": hang_up}, dict(ERROR, mails_max=0), caps=["PIPELINING"])
sending("smtp-quit-silent", {"QUIT": lambda c, a, st: c.hold() or False}, dict(outcome="ok", mails_max=1))
sending("smtp-quit-close", {"QUIT": hang_up}, dict(outcome="ok", mails_max=1))
sending(
    "smtp-starttls-454",
    {"STARTTLS": b"454 not now\r\n"},
    dict(ERROR, mails_max=0, secret_not_plain=True, forbid_plain=[b"MAIL FROM"]),
    caps=["STARTTLS", "AUTH PLAIN"],
    cafile="{ca}",
    **dict(LOGIN, tls="starttls"),
)
sending(
    "smtp-starttls-close",
    {"STARTTLS": hang_up},
    dict(ERROR, mails_max=0, secret_not_plain=True, forbid_plain=[b"MAIL FROM"]),
    caps=["STARTTLS", "AUTH PLAIN"],
    cafile="{ca}",
    **dict(LOGIN, tls="starttls"),
)
sending(
    "smtp-starttls-garbage",
    {"STARTTLS": b"220 go\r\nnot tls at all, no\r\n"},
    dict(ERROR, mails_max=0, secret_not_plain=True),
    caps=["STARTTLS", "AUTH PLAIN"],
    cafile="{ca}",
    **dict(LOGIN, tls="starttls"),
)


def announced_in_clear(c, arg, st):
    """What was announced before TLS is not what holds behind it."""
    c.send(b"250-x\r\n250 " + (b"SIZE" if c.is_tls else b"STARTTLS") + b"\r\n")


def reply_ahead(c, arg, st):
    """The answer to STARTTLS comes along with the one before it."""
    c.send(b"250-x\r\n250 STARTTLS\r\n220 go\r\n")


STARTED = dict(LOGIN, tls="starttls", cafile="{ca}")
sending(
    "smtp-starttls-stale", {"EHLO": announced_in_clear}, dict(ERROR, mails_max=0, secret_not_on=["main"]), **STARTED
)
sending("smtp-starttls-ahead", {"EHLO": reply_ahead}, dict(ERROR, mails_max=0, secret_not_on=["main"]), **STARTED)
sending(
    "smtp-auth-before-tls",
    {},
    dict(ERROR, mails_max=0, secret_not_plain=True),
    caps=["AUTH PLAIN", "STARTTLS"],
    caps_tls=(),
    **STARTED,
)
sending("smtp-greeting-flood", {}, dict(ERROR, rss=200), greeting=b"220-a\r\n" * 300_000)
sending("smtp-rcpt-forwarded", {"RCPT": b"551 try <evil@e.test>\r\n"}, dict(ERROR, forbid={"main": [b"evil"]}))
sending("smtp-rcpt-line-separator", {}, ERROR, rcpts=["b\u2028DATA@b.test"])
for name, mark in {"nel": "\x85", "separator": "\u2028", "tabs": "\x0b\x0c\x1c\x1d\x1e"}.items():
    sending(f"smtp-subject-{name}", {}, dict(ANY, forbid={"main": [b"\nbcc"]}), subject=f"hi{mark}Bcc: evil@e.test")
