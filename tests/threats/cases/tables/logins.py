"""Logins against a server that lies: challenges too big, proofs that prove nothing, secrets asked for in clear."""

from __future__ import annotations

import base64
import re

from threats.cases.common import MAILBOX, SMTP_LOGIN
from threats.cases.tables.shared import CLEAR, ERROR
from threats.engine import SECRET, TOKEN, USER, case
from threats.scripts import imap, pop3, smtp

UNPROVEN = base64.b64encode(b"c=biws")  # how the client's proof begins


def b64(text: bytes) -> bytes:
    return base64.b64encode(text)


def scram(first: bytes, final: bytes, ask: bytes = b"334 ", done: bytes = b"235 in\r\n"):
    """SCRAM with these two messages of the server; {nonce} is the client's, {tag} IMAP's."""

    def serve(c, arg, st):
        words = arg.split(" ")
        if words[-1] != "SCRAM-SHA-256":
            initial = words[-1].encode()
        else:
            c.send(ask + b"\r\n")
            initial = c.line() or b""
        nonce = re.search(rb"r=([^,]*)", base64.b64decode(initial + b"=="))[1]
        c.send(ask + b64(first.replace(b"{nonce}", nonce)) + b"\r\n")
        if c.line() in (None, b"*"):
            c.send(done.replace(b"235 in", b"501 no").replace(b"OK in", b"BAD no").replace(b"{tag}", st.tag or b""))
            return
        if final:
            c.send(ask + b64(final) + b"\r\n")
            c.line()
        c.send(done.replace(b"{tag}", st.tag or b""))

    return serve


def smtp_login(name: str, auth, caps="AUTH SCRAM-SHA-256", **expect) -> None:
    expect = dict(dict(ERROR, mails_max=0, secret_not_plain=True), **expect)
    case(f"smtp-login-{name}", "smtp_send", **SMTP_LOGIN, tls="none", expect=expect)(
        lambda c, ctx: smtp(c, ctx, {"AUTH": auth}, caps=[caps])
    )


SALT = b"s=c2FsdHNhbHQ="
FINAL = b"v=" + b64(b"0" * 32)
smtp_login("scram-one-iteration", scram(b"r={nonce}x," + SALT + b",i=1", FINAL), forbid={"main": [UNPROVEN]})
smtp_login("scram-no-iterations", scram(b"r={nonce}x," + SALT + b",i=0", FINAL), forbid={"main": [UNPROVEN]})
smtp_login("scram-negative", scram(b"r={nonce}x," + SALT + b",i=-4096", FINAL), forbid={"main": [UNPROVEN]})
smtp_login("scram-two-gig", scram(b"r={nonce}x," + SALT + b",i=2147483648", FINAL), forbid={"main": [UNPROVEN]}, by=3)
smtp_login("scram-digits", scram(b"r={nonce}x," + SALT + b",i=" + b"9" * 9000, FINAL), by=3)
smtp_login("scram-same-nonce", scram(b"r={nonce}," + SALT + b",i=4096", FINAL), forbid={"main": [UNPROVEN]})
smtp_login("scram-other-nonce", scram(b"r=evil," + SALT + b",i=4096", FINAL), forbid={"main": [UNPROVEN]})
smtp_login("scram-shorter-nonce", scram(b"r=," + SALT + b",i=4096", FINAL), forbid={"main": [UNPROVEN]})
smtp_login("scram-no-salt", scram(b"r={nonce}x,i=4096", FINAL), forbid={"main": [UNPROVEN]})
smtp_login("scram-extension", scram(b"m=must,r={nonce}x," + SALT + b",i=4096", FINAL))
smtp_login("scram-wrong-signature", scram(b"r={nonce}x," + SALT + b",i=4096", FINAL))
smtp_login("scram-no-signature", scram(b"r={nonce}x," + SALT + b",i=4096", b"v="))
smtp_login("scram-error-and-success", scram(b"r={nonce}x," + SALT + b",i=4096", b"e=other-error"))
smtp_login("scram-signature-left-out", scram(b"r={nonce}x," + SALT + b",i=4096", b""))
smtp_login("scram-control", scram(b"r={nonce}\0\x1b," + SALT + b",i=4096", FINAL))


def asks(challenge: bytes):
    def serve(c, arg, st):
        c.send(challenge)
        if c.line() == b"*":
            c.send(b"501 cancelled\r\n")
        else:
            c.send(b"535 no\r\n")

    return serve


smtp_login("cram-giant", asks(b"334 " + b64(b"<" + b"x" * 2_000_000 + b">") + b"\r\n"), "AUTH CRAM-MD5", rss=200)
smtp_login("cram-empty", asks(b"334 \r\n"), "AUTH CRAM-MD5")
smtp_login("cram-no-base64", asks(b"334 <not base64>\r\n"), "AUTH CRAM-MD5")
smtp_login("cram-to-plain", asks(b"504 no\r\n"), "AUTH CRAM-MD5 PLAIN LOGIN", secret_not_plain=False)
smtp_login("digest-only", asks(b"334 " + b64(b'realm="x",nonce="y"') + b"\r\n"), "AUTH DIGEST-MD5 NTLM GSSAPI")
smtp_login("multiline", asks(b"334-a\r\n334 " + b64(b"<a@b>") + b"\r\n"), "AUTH CRAM-MD5")


def mailbox_login(name: str, over, **expect) -> None:
    expect = dict(dict(ERROR, secret_not_plain=True), **expect)
    caps = "IMAP4rev1 AUTH=SCRAM-SHA-256 AUTH=CRAM-MD5 LOGINDISABLED"
    case(f"imap-login-{name}", "imap_fetch", **CLEAR, uid=5, expect=expect)(
        lambda c, ctx: imap(c, ctx, over, caps=caps)
    )


ALMOST = dict(ask=b"+ ", done=b"{tag} OK in\r\n")
mailbox_login("scram-wrong-signature", {"AUTHENTICATE": scram(b"r={nonce}x," + SALT + b",i=4096", FINAL, **ALMOST)})
mailbox_login("scram-other-nonce", {"AUTHENTICATE": scram(b"r=evil," + SALT + b",i=4096", FINAL, **ALMOST)})
mailbox_login("scram-one-iteration", {"AUTHENTICATE": scram(b"r={nonce}x," + SALT + b",i=1", FINAL, **ALMOST)})


def stolen(c, arg, st):
    """The token comes back in the error, as base64 within JSON, as Google's servers have it."""
    c.send(b"334 " + b64(b'{"status":"401","echo":"' + TOKEN.encode() + b'"}') + b"\r\n")
    c.line()
    c.send(b"535 5.7.8 " + TOKEN.encode() + b" \x1b[2J no\r\n")


case(
    "smtp-login-token-echo",
    "facade",
    function="send_mail",
    given=("smtp://127.0.0.1:{main}",),
    to="b@b.test",
    sender="a@a.test",
    text="x",
    user=USER,
    token=TOKEN,
    tls="none",
    expect=dict(ERROR, secret_not_in_output=True, mails_max=0),
)(lambda c, ctx: smtp(c, ctx, {"AUTH": stolen}, caps=["AUTH XOAUTH2 OAUTHBEARER"]))
case(
    "smtp-login-token-in-clear",
    "facade",
    function="send_mail",
    given=("smtp://mail.test:{main}",),
    to="b@b.test",
    sender="a@a.test",
    text="x",
    user=USER,
    token=TOKEN,
    dns={"mail.test": ["127.0.0.1"]},
    expect=dict(ERROR, secret_not_plain=True, mails_max=0),
)(lambda c, ctx: smtp(c, ctx, caps=["AUTH XOAUTH2 OAUTHBEARER PLAIN"]))


def pop3_login(name: str, caps, over, **more) -> None:
    expect = dict(dict(ERROR, secret_not_plain=True), **more.pop("expect", {}))
    script = {k: more.pop(k) for k in ("greeting",) if k in more}
    args = dict(MAILBOX, index=1, **dict(dict(tls="none"), **more))
    case(f"pop3-login-{name}", "pop3_get", **args, expect=expect)(
        lambda c, ctx: pop3(c, ctx, over, caps=caps, **script)
    )


POP3_SCRAM = dict(ask=b"+ ", done=b"+OK in\r\n")
ONLY_SCRAM = ("SASL SCRAM-SHA-256", "UIDL")
pop3_login("scram-signature", ONLY_SCRAM, {"AUTH": scram(b"r={nonce}x," + SALT + b",i=4096", FINAL, **POP3_SCRAM)})
pop3_login("scram-nonce", ONLY_SCRAM, {"AUTH": scram(b"r=evil," + SALT + b",i=4096", FINAL, **POP3_SCRAM)})
pop3_login("apop-no-at", (), {}, greeting=b"+OK <1896.697170952>\r\n", apop=True)
pop3_login("apop-eight-bit", (), {}, greeting=b"+OK <1896\xff\xfe@x>\r\n", apop=True, expect=dict(outcome="any"))
pop3_login(
    "clear-by-name",
    ("USER", "UIDL"),
    {},
    host="mail.test",
    tls=None,
    dns={"mail.test": ["127.0.0.1"]},
    expect=dict(forbid={"main": [SECRET.encode()]}),
)
