"""More cases of mail and news: replies that do not fit, floods, injections, and what belongs to another message."""

from __future__ import annotations

import base64

from threats.cases.common import MAILBOX, NEWS, SMTP, SMTP_LOGIN
from threats.engine import MB, SECRET, USER, case
from threats.scripts import ART, MSG, hang_up, imap, nntp, pop3, send_then_close, smtp

ERROR = dict(outcome="error")
ANY = dict(outcome="any")
CLEAR = dict(MAILBOX, tls="none")


def endless(start: bytes, chunk: bytes):
    def serve(c, *a):
        c.send(start)
        c.flood(chunk)
        return False

    return serve


def says(data: bytes):
    """Send this, with the tag of the command for {tag}, and go on."""

    def serve(c, arg, st):
        c.send(data.replace(b"{tag}", st.tag or b""))

    return serve


# -- SMTP


def sending(name: str, over, expect, *, caps=(), **more) -> None:
    args = dict(SMTP if "user" not in more else SMTP_LOGIN, **more)
    greeting = args.pop("greeting", b"220 exam ESMTP\r\n")
    args.setdefault("tls", "none")
    case(name, "smtp_send", **args, expect=expect)(lambda c, ctx: smtp(c, ctx, over, caps=caps, greeting=greeting))


LOGIN = dict(user=USER, password=SECRET)
PLAIN = ["AUTH PLAIN LOGIN"]
sending("smtp-greeting-554-2", {}, dict(ERROR, mails_max=0), greeting=b"554 go away\r\n")
sending("smtp-greeting-421", {}, dict(ERROR, mails_max=0), greeting=b"421 busy\r\n")
sending("smtp-greeting-garbage", {}, dict(ERROR, mails_max=0), greeting=b"HTTP/1.1 400 Bad Request\r\n\r\n")
sending("smtp-greeting-short-code", {}, dict(ERROR, mails_max=0), greeting=b"22 hi\r\n")
sending("smtp-greeting-escape", {}, dict(ERROR, mails_max=0), greeting=b"554 \x1b[2J\x00\xff\r\n")
sending("smtp-ehlo-flood-2", {"EHLO": endless(b"", b"250-X\r\n")}, dict(ERROR, rss=200))
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
sending(
    "smtp-auth-bad-challenge",
    {"AUTH": lambda c, a, st: (c.send(b"334 !!!!not base64\r\n"), c.line(), c.send(b"535 no\r\n"), None)[-1]},
    dict(ERROR, mails_max=0),
    caps=["AUTH CRAM-MD5"],
    **LOGIN,
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
sending(
    "smtp-scram-no-nonce",
    {
        "AUTH": lambda c, a, st: (
            c.send(b"334 " + base64.b64encode(b"r=evil,s=AAAA,i=1") + b"\r\n"),
            c.line(),
            c.send(b"235 in\r\n"),
            None,
        )[-1]
    },
    dict(ERROR, mails_max=0),
    caps=["AUTH SCRAM-SHA-256"],
    **LOGIN,
)
sending(
    "smtp-scram-iterations",
    {
        "AUTH": lambda c, a, st: (
            c.send(b"334 \r\n"),
            c.send(
                b"334 "
                + base64.b64encode(b"r=" + base64.b64decode(c.line() or a.split()[-1])[-24:] + b"x,s=AAAA,i=999999999")
                + b"\r\n"
            ),
            c.line(),
            c.send(b"235 in\r\n"),
            None,
        )[-1]
    },
    dict(ERROR, mails_max=0),
    caps=["AUTH SCRAM-SHA-256"],
    **LOGIN,
)
sending(
    "smtp-scram-accepted-early", {"AUTH": b"235 in\r\n"}, dict(ERROR, mails_max=0), caps=["AUTH SCRAM-SHA-256"], **LOGIN
)
sending("smtp-sender-params", {}, dict(ERROR, forbid={"main": [b"SIZE=1 "]}), sender="a@a.test> SIZE=1 <x")
sending("smtp-sender-crlf-2", {}, dict(ERROR, forbid={"main": [b"\nRSET"]}), sender="a@a.test>\r\nRSET")
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
sending(
    "smtp-raw-bcc-hidden",
    {},
    dict(outcome="ok", forbid={"main": [b"\nbcc:"]}),
    raw=b"From: a@a.test\r\nBcc: x@e.test\r\nSubject: s\r\n\r\nhi\r\n",
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
    "smtp-starttls-inject",
    {"STARTTLS": lambda c, a, st: (c.send(b"220 go\r\n250-exam\r\n250 AUTH PLAIN\r\n"), c.tls(), None)[-1]},
    dict(ERROR, mails_max=0, secret_not_on=["main"]),
    caps=["STARTTLS"],
    cafile="{ca}",
    **dict(LOGIN, tls="starttls"),
)
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


# -- POP3


def popping(name: str, over, expect, op="pop3_get", **more) -> None:
    script = {key: more.pop(key) for key in ("greeting", "caps", "msg", "cert") if key in more}
    args = dict(CLEAR, **({"index": 1} if op == "pop3_get" else {}))
    args.update(more)
    case(name, op, **args, expect=expect)(lambda c, ctx: pop3(c, ctx, over, **script))


popping("pop3-greeting-err", {}, dict(ERROR, secret_not_on=["main"]), greeting=b"-ERR no\r\n")
popping("pop3-greeting-http", {}, dict(ERROR, secret_not_on=["main"]), greeting=b"HTTP/1.1 400 Bad\r\n")
popping("pop3-greeting-lower", {}, ANY, greeting=b"+ok hi\r\n")
popping("pop3-capa-flood-2", {"CAPA": endless(b"+OK\r\n", b"X\r\n")}, dict(ERROR, rss=200))
popping("pop3-retr-err", {"RETR": b"-ERR no such message\r\n"}, ERROR)
popping("pop3-retr-flood", {"RETR": endless(b"+OK\r\n", b"line\r\n")}, dict(ERROR, rss=200), max_bytes=16 * MB)
popping("pop3-retr-line-flood", {"RETR": endless(b"+OK\r\n", b"x" * 65536)}, dict(ERROR, rss=200))
popping("pop3-retr-no-status", {"RETR": MSG + b".\r\n"}, ERROR)
popping("pop3-retr-lf-dot", {"RETR": send_then_close(b"+OK\r\nSubject: a\r\n\r\nhi\n.\n")}, ANY)
popping("pop3-retr-extra", {"RETR": b"+OK\r\n" + MSG + b".\r\n+OK\r\nevil\r\n.\r\n"}, dict(ANY, value_not=b"evil"))
popping(
    "pop3-pass-echo",
    {"PASS": lambda c, a, st: c.send(b"-ERR bad " + a.encode() + b"\r\n"), "AUTH": b"-ERR no\r\n"},
    dict(ERROR, secret_not_in_output=True),
)
popping("pop3-apop-missing", {}, dict(ERROR, secret_not_plain=True), apop=True)
popping("pop3-apop-control", {}, dict(ANY, secret_not_plain=True), apop=True, greeting=b"+OK <a\x00\x1b@b>\r\n")
popping(
    "pop3-apop-refused",
    {"APOP": b"-ERR no\r\n"},
    dict(ERROR, secret_not_plain=True),
    apop=True,
    greeting=b"+OK <1.2@b>\r\n",
)
popping("pop3-user-crlf-2", {}, dict(ERROR, forbid={"main": [b"\nDELE"]}), user="a\r\nDELE 1")
popping("pop3-password-lf", {}, dict(ANY, forbid={"main": [b"\nDELE"]}), password="x\nDELE 1")
popping("pop3-dele-lost-2", {"DELE": hang_up}, ERROR, delete=True)
popping("pop3-dele-err", {"DELE": b"-ERR no\r\n"}, ERROR, delete=True)
popping("pop3-quit-drop", {"QUIT": hang_up}, ERROR, delete=True)
popping("pop3-list-flood", {"LIST": endless(b"+OK\r\n", b"1 1\r\n")}, dict(ERROR, rss=700), op="pop3_list")
popping("pop3-list-negative", {"LIST": b"+OK\r\n-1 -5\r\n.\r\n"}, ERROR, op="pop3_list")
popping("pop3-list-twice", {"LIST": b"+OK\r\n1 5\r\n1 6\r\n.\r\n"}, ANY, op="pop3_list")
popping(
    "pop3-list-digits", {"LIST": b"+OK\r\n1 " + b"9" * 60000 + b"\r\n.\r\n", "UIDL": b"-ERR\r\n"}, ANY, op="pop3_list"
)
popping("pop3-list-cut", {"LIST": send_then_close(b"+OK\r\n1 5\r\n")}, ERROR, op="pop3_list")
popping("pop3-uidl-twice", {"UIDL": b"+OK\r\n1 u1\r\n2 u1\r\n.\r\n"}, ANY, op="pop3_list")
popping("pop3-uidl-garbage", {"UIDL": b"+OK\r\n1\r\nx u\r\n1 " + b"u" * 5000 + b"\x1b\r\n.\r\n"}, ANY, op="pop3_list")
popping("pop3-stls-missing", {}, dict(ERROR, secret_not_plain=True), tls="starttls", cafile="{ca}")
popping(
    "pop3-stls-wronghost",
    {},
    dict(ERROR, secret_not_on=["main"]),
    tls="starttls",
    cafile="{ca}",
    caps=["STLS"],
    cert="wronghost",
)
popping(
    "pop3-stls-expired",
    {},
    dict(ERROR, secret_not_on=["main"]),
    tls="starttls",
    cafile="{ca}",
    caps=["STLS"],
    cert="expired",
)


# -- IMAP


def fetching(name: str, over, expect, op="imap_fetch", **more) -> None:
    script = {key: more.pop(key) for key in ("greeting", "caps", "caps_tls", "msg", "cert") if key in more}
    args = dict(
        CLEAR, **({"uid": 5} if op == "imap_fetch" else {"header": ("Subject", "x")} if op == "imap_search" else {})
    )
    args.update(more)
    case(name, op, **args, expect=expect)(lambda c, ctx: imap(c, ctx, over, **script))


def fetched(name: str, data: bytes, expect, **more) -> None:
    """UID FETCH and FETCH are answered with this."""
    fetching(name, {"UID FETCH": says(data), "FETCH": says(data)}, expect, **more)


OK = b"{tag} OK f\r\n"
fetched("imap-literal-huge-2", b"* 1 FETCH (UID 5 BODY[] {9999999999}\r\nabc", dict(ERROR, rss=200))
fetched(
    "imap-literal-overflow", b"* 1 FETCH (UID 5 BODY[] {" + b"9" * 400 + b"}\r\nabc)\r\n" + OK, dict(ERROR, rss=200)
)
fetched("imap-literal-negative-2", b"* 1 FETCH (UID 5 BODY[] {-1}\r\nabc)\r\n" + OK, ERROR)
fetched("imap-literal-letters", b"* 1 FETCH (UID 5 BODY[] {abc}\r\nabc)\r\n" + OK, ERROR)
fetched("imap-literal-short", b"* 1 FETCH (UID 5 BODY[] {3}\r\nabcdef)\r\n" + OK, ERROR)
fetched(
    "imap-literal-in-flags",
    b"* 1 FETCH (UID 5 FLAGS ({3}\r\nabc) BODY[] {3}\r\nabc)\r\n" + OK,
    dict(ANY, value_not=b"FLAGS"),
)
fetched("imap-body-nil", b"* 1 FETCH (UID 5 BODY[] NIL)\r\n" + OK, ANY)
fetched("imap-body-empty", b'* 1 FETCH (UID 5 BODY[] "")\r\n' + OK, ANY)
fetched("imap-body-list", b"* 1 FETCH (UID 5 BODY[] (a b))\r\n" + OK, ERROR)
fetched(
    "imap-body-twice",
    b"* 1 FETCH (UID 5 BODY[] {3}\r\nabc)\r\n* 2 FETCH (UID 6 BODY[] {4}\r\nevil)\r\n" + OK,
    dict(ANY, value_not=b"evil"),
)
fetched("imap-fetch-no-uid", b"* 1 FETCH (BODY[] {4}\r\nevil)\r\n" + OK, dict(ANY, value_not=b"evil"))
fetched("imap-fetch-uid-letters", b"* 1 FETCH (UID five BODY[] {4}\r\nevil)\r\n" + OK, dict(ANY, value_not=b"evil"))
fetched(
    "imap-fetch-other-section", b"* 1 FETCH (UID 5 BODY[1.MIME] {4}\r\nevil)\r\n" + OK, dict(ANY, value_not=b"evil")
)
fetched("imap-fetch-partial", b"* 1 FETCH (UID 5 BODY[]<10> {4}\r\nevil)\r\n" + OK, dict(ANY, value_not=b"evil"))
fetched("imap-fetch-open", b"* 1 FETCH (UID 5 BODY[] {3}\r\nabc\r\n" + OK, ERROR)
fetched("imap-fetch-deep", b"* 1 FETCH (UID 5 BODYSTRUCTURE " + b"(" * 30000 + b")\r\n" + OK, ERROR)
fetched("imap-fetch-no", b"* 1 FETCH (UID 5 BODY[] {3}\r\nabc)\r\n{tag} NO failed\r\n", ERROR)
fetched("imap-fetch-bad", b"{tag} BAD what\r\n", ERROR)
fetched("imap-fetch-wrong-tag", b"* 1 FETCH (UID 5 BODY[] {3}\r\nabc)\r\nX999 OK f\r\n", ERROR)
fetched(
    "imap-fetch-expunged", b"* 1 EXPUNGE\r\n* 1 FETCH (UID 6 BODY[] {4}\r\nevil)\r\n" + OK, dict(ANY, value_not=b"evil")
)
fetched("imap-fetch-plus", b"+ go on\r\n* 1 FETCH (UID 5 BODY[] {3}\r\nabc)\r\n" + OK, ANY)
fetched("imap-fetch-seq-zero", b"* 0 FETCH (UID 5 BODY[] {3}\r\nabc)\r\n" + OK, ANY)
fetched("imap-fetch-seq-huge", b"* 99999999999999999999 FETCH (UID 5 BODY[] {3}\r\nabc)\r\n" + OK, ANY)
fetched("imap-no-echo", b"{tag} NO no " + SECRET.encode() + b" \x1b[2J\r\n", dict(ERROR, secret_not_in_output=True))
fetching(
    "imap-untagged-flood",
    {"SELECT": endless(b"", b"* 1 EXISTS\r\n"), "EXAMINE": endless(b"", b"* 1 EXISTS\r\n")},
    dict(ERROR, rss=300),
)
fetching(
    "imap-line-flood",
    {"SELECT": endless(b"* OK ", b"x" * 65536), "EXAMINE": endless(b"* OK ", b"x" * 65536)},
    dict(ERROR, rss=200),
)
fetching(
    "imap-literals-flood",
    {"EXAMINE": endless(b"* X ", b"{1}\r\na "), "SELECT": endless(b"* X ", b"{1}\r\na ")},
    dict(ERROR, rss=300),
)
fetching("imap-fetch-flood", {"UID FETCH": endless(b"", b"* 1 FETCH (UID 5 FLAGS (\\Seen))\r\n")}, dict(ERROR, rss=700))
fetching("imap-greeting-bye", {}, dict(ERROR, secret_not_on=["main"]), greeting=b"* BYE go\r\n")
fetching("imap-greeting-garbage", {}, dict(ERROR, secret_not_on=["main"]), greeting=b"+OK POP3\r\n")
fetching("imap-greeting-preauth", {}, ANY, greeting=b"* PREAUTH hi\r\n")
fetching("imap-logindisabled-2", {}, dict(ERROR, secret_not_plain=True), caps="IMAP4rev1 LOGINDISABLED")
fetching(
    "imap-starttls-inject",
    {
        "STARTTLS": lambda c, a, st: (
            c.send(st.tag + b" OK go\r\n* CAPABILITY IMAP4rev1 AUTH=PLAIN\r\n"),
            c.tls(),
            None,
        )[-1]
    },
    dict(ERROR, secret_not_on=["main"]),
    tls="starttls",
    cafile="{ca}",
)
fetching(
    "imap-starttls-logindisabled",
    {},
    dict(ERROR, secret_not_on=["main"]),
    tls="starttls",
    cafile="{ca}",
    caps_tls="IMAP4rev1 LOGINDISABLED",
)
fetching(
    "imap-starttls-wronghost", {}, dict(ERROR, secret_not_on=["main"]), tls="starttls", cafile="{ca}", cert="wronghost"
)
fetching(
    "imap-preauth-starttls",
    {},
    dict(ERROR, forbid_plain=[b"SELECT", b"EXAMINE"]),
    tls="starttls",
    cafile="{ca}",
    greeting=b"* PREAUTH hi\r\n",
)
fetching("imap-capability-empty", {"CAPABILITY": says(b"{tag} OK\r\n")}, ANY)
fetching(
    "imap-capability-garbage", {"CAPABILITY": says(b"* CAPABILITY \x1b[2J \xff {5}\r\nhello ( \r\n{tag} OK\r\n")}, ANY
)
fetching("imap-password-quotes", {}, dict(outcome="ok", check="imap_pw"), password='a"b\\c', caps="IMAP4rev1")
fetching(
    "imap-user-crlf", {}, dict(ANY, check="imap_literal"), user='x"\r\nX1 STORE 1 +FLAGS (\\Deleted)', caps="IMAP4rev1"
)
fetching("imap-folder-crlf-2", {}, dict(ANY, check="imap_literal"), mailbox='x"\r\nX1 STORE 1 +FLAGS (\\Deleted)')
fetching("imap-folder-nul", {}, ERROR, mailbox="a\0b")
fetching(
    "imap-search-crlf",
    {},
    dict(ANY, check="imap_literal"),
    op="imap_search",
    header=("Subject", 'x"\r\nX1 STORE 1 +FLAGS (\\Deleted)'),
)
fetching(
    "imap-search-name", {}, dict(ANY, check="imap_literal"), op="imap_search", header=('Sub"ject\r\nX1 STORE', "x")
)
fetching("imap-search-garbage", {"UID SEARCH": says(b"* SEARCH abc 5\r\n{tag} OK s\r\n")}, ERROR, op="imap_search")
fetching("imap-search-none", {"UID SEARCH": says(b"{tag} OK s\r\n")}, ANY, op="imap_search")
fetching(
    "imap-search-huge",
    {"UID SEARCH": says(b"* ESEARCH UID ALL 1:4294967295\r\n* SEARCH " + b"9" * 5000 + b"\r\n{tag} OK s\r\n")},
    dict(ANY, rss=300),
    op="imap_search",
)
fetching(
    "imap-esearch-range",
    {"UID SEARCH": says(b'* ESEARCH (TAG "x") UID ALL 1:4294967295\r\n{tag} OK s\r\n')},
    dict(ANY, rss=300),
    op="imap_search",
    caps="IMAP4rev1 ESEARCH AUTH=PLAIN",
)
fetching("imap-search-flood", {"UID SEARCH": endless(b"* SEARCH", b" 5")}, dict(ERROR, rss=700), op="imap_search")
APPEND = dict(op="imap_append", mailbox="Sent", raw=MSG)
fetching(
    "imap-append-refused",
    {"APPEND": says(b"{tag} NO full\r\n")},
    dict(ERROR, forbid={"main": [b"body line"]}),
    **APPEND,
)
fetching(
    "imap-append-lost-2",
    {"APPEND": lambda c, a, st: (c.send(b"+ go\r\n"), c.until(b"body line\r\n"), False)[-1]},
    dict(ERROR, max_conns={"main": 1}),
    retries=3,
    **APPEND,
)
fetching(
    "imap-append-bye",
    {"APPEND": lambda c, a, st: (c.send(b"+ go\r\n"), c.until(b"body line\r\n"), c.send(b"* BYE\r\n"), False)[-1]},
    dict(ERROR, max_conns={"main": 1}),
    retries=3,
    **APPEND,
)
fetching("imap-append-early-ok", {"APPEND": says(b"{tag} OK done\r\n")}, ERROR, **APPEND)


@case("cli-imap-escape", "cli_imap_list", **CLEAR, expect=dict(ANY, tty_clean=True))
def _(c, ctx):
    who = b'(("\x1b]0;x\x07" NIL "a\x1b[2J" "b.test"))'
    env = (
        b'("\x1b[2J" "=?utf-8?B?G1sySuKArg==?= \xc2\x9b" ' + who * 1 + b" NIL NIL " + who + b' NIL NIL NIL "<\x1b[1m>")'
    )
    data = says(
        b'* 1 FETCH (UID 5 FLAGS (\\Seen $\x1b[2J) INTERNALDATE "01-Jan-2024 00:00:00 +0000" RFC822.SIZE 5 ENVELOPE '
        + env
        + b")\r\n"
        + OK
    )
    imap(c, ctx, {"UID FETCH": data, "FETCH": data})


@case("cli-imap-no-escape", "cli_imap_list", **CLEAR, expect=dict(ANY, tty_clean=True))
def _(c, ctx):
    no = says(b"{tag} NO [ALERT] \x1b[2J\xc2\x9b2J\xe2\x80\xae\r\n")
    imap(c, ctx, {"EXAMINE": no, "SELECT": no})


# -- NNTP


def reading(name: str, over, expect, **more) -> None:
    script = {key: more.pop(key) for key in ("greeting", "caps", "cert") if key in more}
    case(name, "nntp_article", **dict(NEWS, **more), expect=expect)(lambda c, ctx: nntp(c, ctx, over, **script))


GROUP = dict(user=USER, password=SECRET, tls="none")
reading("nntp-greeting-502-2", {}, ERROR, greeting=b"502 no\r\n")
reading("nntp-greeting-400", {}, ERROR, greeting=b"400 busy\r\n")
reading("nntp-greeting-garbage", {}, ERROR, greeting=b"hi\r\n")
reading("nntp-480-loop", {"GROUP": b"480 login\r\n"}, dict(ERROR, max_sent={"main": 2000}), **GROUP)
reading("nntp-483-clear", {"GROUP": b"483 TLS first\r\n"}, dict(ERROR, secret_not_plain=True))
reading("nntp-article-cut", {"ARTICLE": send_then_close(b"220 1 <1@a>\r\nSubject: a\r\n")}, ERROR)
reading("nntp-article-lf-dot", {"ARTICLE": send_then_close(b"220 1 <1@a>\r\nSubject: a\r\n\r\nx\n.\n")}, ANY)
reading(
    "nntp-article-other",
    {"ARTICLE": b"220 2 <2@a>\r\nSubject: evil\r\n\r\nevil\r\n.\r\n"},
    dict(ANY, value_not=b"evil"),
)
reading("nntp-article-line-flood", {"ARTICLE": endless(b"220 1 <1@a>\r\n", b"x" * 65536)}, dict(ERROR, rss=200))
reading("nntp-article-430", {"ARTICLE": b"430 no\r\n"}, ERROR)
reading("nntp-article-garbage", {"ARTICLE": b"220\r\n" + ART + b".\r\n"}, ANY)
reading("nntp-article-code", {"ARTICLE": b"250 1 <1@a>\r\n" + ART + b".\r\n"}, ERROR)
reading("nntp-article-bye", {"ARTICLE": send_then_close(b"400 timeout\r\n")}, ERROR)
reading("nntp-group-garbage", {"GROUP": b"211 x y z\r\n"}, ANY)
reading("nntp-group-crlf-2", {}, dict(ERROR, forbid={"main": [b"\nPOST"]}), group="g\r\nPOST")
reading("nntp-group-space", {}, ERROR, group="g POST")
reading("nntp-caps-flood", {"CAPABILITIES": endless(b"101\r\n", b"X\r\n")}, dict(ANY, rss=200))
reading(
    "nntp-pass-echo",
    {
        "AUTHINFO": lambda c, a, st: c.send(
            b"381 more\r\n" if a.upper().startswith("USER") else b"481 no " + a.encode() + b"\r\n"
        ),
        "GROUP": b"480 login\r\n",
    },
    dict(ERROR, secret_not_in_output=True),
    **GROUP,
)
reading(
    "nntp-pass-lf",
    {"GROUP": b"480 login\r\n"},
    dict(ERROR, forbid={"main": [b"\nPOST"]}),
    user=USER,
    password="x\nPOST",
    tls="none",
)
reading(
    "nntp-starttls-inject",
    {"STARTTLS": lambda c, a, st: (c.send(b"382 go\r\n281 in\r\n"), c.tls(), None)[-1]},
    dict(ERROR, secret_not_on=["main"]),
    cafile="{ca}",
    **dict(GROUP, tls="starttls"),
)
reading(
    "nntp-starttls-wronghost",
    {},
    dict(ERROR, secret_not_on=["main"]),
    cafile="{ca}",
    cert="wronghost",
    **dict(GROUP, tls="starttls"),
)


# -- attachments


def saved(name: str, filename: str, *absent: str, **more) -> None:
    head = "Subject: s\r\nMIME-Version: 1.0\r\nContent-Type: application/octet-stream\r\n"
    raw = f"{head}Content-Disposition: attachment; {filename}\r\n\r\nevil\r\n"
    expect = dict(ANY, names_clean=True, absent=list(absent), **more.pop("expect", {}))
    case(name, "mail_save", raw=raw.encode(), dir="{dl}", expect=expect, **more)(lambda c, ctx: None)


saved("mail-name-traversal", 'filename="../../evil.txt"')
saved("mail-name-absolute-2", 'filename="/tmp/evil.txt"')
saved("mail-name-rfc2231", "filename*0*=UTF-8''..%2F..; filename*1*=%2Fevil.txt")
saved("mail-name-rfc2047", 'filename="=?utf-8?B?Li4vLi4vZXZpbC50eHQ=?="')
saved("mail-name-dotfile", 'filename=".bashrc"', ".bashrc")
saved("mail-name-device-2", 'filename="aux.txt"', "aux.txt")
saved("mail-name-control", "filename*=UTF-8''a%1b%5B2J%00%0ab.txt")
saved("mail-name-long-2", f'filename="{"x" * 5000}.txt"')
saved("mail-name-overwrite", 'filename="a.txt"', dl={"a.txt": b"old"}, expect=dict(file_in={"a.txt": [b"old"]}))
saved("mail-name-case", 'filename="A.TXT"', dl={"a.txt": b"old"}, expect=dict(file_in={"a.txt": [b"old"]}))
saved("mail-name-symlink", 'filename="a.txt"', symlink={"a.txt": "../../canary.txt"})
saved("mail-name-charset", "filename*=zlib_codec''%FF%FE; filename*0*=x-none''%41")


def parsed(name: str, raw: bytes, **expect) -> None:
    case(name, "mail_save", raw=raw, dir="{dl}", expect=dict(ANY, by=4, rss=500, **expect))(lambda c, ctx: None)


MIXED = b'Content-Type: multipart/mixed; boundary="b"\r\n\r\n'
parsed("mail-parts-many", MIXED + b"--b\r\nContent-Disposition: attachment\r\n\r\nx\r\n" * 300 + b"--b--\r\n")
parsed(
    "mail-parts-deep",
    b"".join(b'Content-Type: multipart/mixed; boundary="%d"\r\n\r\n--%d\r\n' % (n, n) for n in range(3000)),
)
parsed("mail-rfc822-deep", b"Content-Type: message/rfc822\r\n\r\n" * 5000)
parsed("mail-headers-many", b"X-A: b\r\n" * 200000 + b"\r\nhi")
parsed("mail-header-long", b"Subject: " + b"=?utf-8?Q?a?= " * 100000 + b"\r\n\r\nhi")
parsed("mail-header-comments", b"To: " + b"(" * 200000 + b"\r\nContent-Type: a/b; " + b"(" * 100000 + b"\r\n\r\nhi")
parsed("mail-header-quotes", b"To: " + b'"\\' * 200000 + b"\r\nContent-Type: " + b'a/b; x="\\' * 50000 + b"\r\n\r\nhi")
parsed("mail-params-many", b"Content-Type: a/b" + b"; a*0*=x" * 50000 + b"\r\n\r\nhi")
parsed(
    "mail-base64-junk",
    b"Content-Type: a/b\r\nContent-Disposition: attachment; filename=a\r\nContent-Transfer-Encoding: base64\r\n\r\n"
    + b"=A===\xff\r\n" * 100000,
)
parsed(
    "mail-qp-junk",
    b"Content-Type: text/plain; charset=\x1b\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n"
    + b"=\r\n=ZZ=" * 100000,
)
parsed(
    "mail-charset-codec",
    b"Subject: =?zlib_codec?B?eJw=?= =?unicode_escape?Q?=5Cx1b?= =?idna?Q?xn--?=\r\n"
    b"Content-Type: text/plain; charset=rot13\r\n\r\nhi",
)
parsed("mail-boundary-empty", b'Content-Type: multipart/mixed; boundary=""\r\n\r\n' + b"--\r\n" * 50000)
