"""The command: no secret and no control character on the terminal or in a trace, whatever a server says."""

from __future__ import annotations

import base64

from threats.cases.tables.shared import says
from threats.engine import SECRET, USER, case
from threats.scripts import ART, ftp, imap, nntp, pop3, redirect, reply, smtp

EVIL = b"\x1b]0;title\x07\x1b[2J\xc2\x9b31m\xe2\x80\xae\x08\x05"
SAFE = dict(outcome="ok", tty_clean=True, secret_not_in_output=True, secret_not_in_files=True)
ACCOUNT = ("-u", f"{USER}:{SECRET}", "--tls", "off")


def typed(name: str, serve, *words: str, expect=SAFE, **more) -> None:
    case(f"command-{name}", "command", words=(*words, "--no-progress"), expect=expect, **more)(serve)


def web(answer: bytes):
    return lambda c, ctx: c.http() and c.send(answer)


BASIC = base64.b64encode(f"{USER}:{SECRET}".encode())
ECHO = reply(b"you are " + BASIC + b" " + SECRET.encode() + EVIL, "401 No " + EVIL.decode("latin-1"))
PAGE = "http://127.0.0.1:{main}/"
for flag in ("-v", "-vv", "--json", "-i", "-q"):
    body = reply(EVIL + b"hello", "403 No", "X-Echo: " + EVIL.decode("latin-1"))
    typed(f"http-{flag.strip('-')}", web(body), "http", PAGE, flag, *ACCOUNT)
typed("http-trace", web(ECHO), "http", PAGE, "--trace", "trace.txt", "-o", "x", *ACCOUNT)
typed("http-trace-json", web(ECHO), "http", PAGE, "--trace", "trace.json", "--json", "-o", "x", *ACCOUNT)
typed("http-token-trace", web(reply(b"ok")), "http", PAGE, "--token", SECRET, "--tls", "off", "--trace", "t", "-vv")
typed(
    "http-redirect-secret",
    web(redirect("http://alice:" + SECRET + "@127.0.0.1:1/" + EVIL.decode("latin-1"))),
    "http",
    PAGE,
    "-vv",
)
typed(
    "http-url-password",
    web(reply(b"ok", "500 No")),
    "http",
    "http://alice:" + SECRET + "@127.0.0.1:{main}/",
    "-vv",
    "--tls",
    "off",
    "--trace",
    "t",
)
typed(
    "http-name",
    web(
        reply(b"x", "200 OK", "Content-Disposition: attachment; filename*=UTF-8''" + "".join(f"%{b:02x}" for b in EVIL))
    ),
    "http",
    "download",
    PAGE,
)
typed(
    "http-links",
    web(reply(b"<title>" + EVIL + b'</title><a href="' + EVIL + b'">x</a>', "200 OK", "Content-Type: text/html")),
    "http",
    PAGE,
    "--json",
)
typed(
    "http-set-cookie",
    web(reply(b"x", "200 OK", "Set-Cookie: a=" + EVIL.decode("latin-1"))),
    "http",
    PAGE,
    "-i",
    "-v",
    "--cookie-jar",
    "jar",
)
typed("http-bad-status", lambda c, ctx: (c.http(), c.send(EVIL * 50 + b"\r\n\r\n"), None)[-1], "http", PAGE, "-vv")


def talking(script, over, **settings):
    return lambda c, ctx: script(c, ctx, over, **settings)


FTP = "ftp://127.0.0.1:{main}/"
FACTS = b"type=file;size=3; a" + EVIL + b"\r\ntype=dir; " + EVIL + b"\r\n"
for flag in ("-v", "-vv", "--json", "-q"):
    typed(
        f"ftp-list-{flag.strip('-')}",
        talking(ftp, {}, listing=FACTS, greeting=b"220 " + EVIL + b"\r\n"),
        "ftp",
        "list",
        FTP,
        flag,
        *ACCOUNT,
    )
typed("ftp-mirror", talking(ftp, {}, listing=FACTS, data=b"abc"), "ftp", "mirror", FTP, "there", "-vv", *ACCOUNT)
typed(
    "ftp-pass-echo",
    talking(ftp, {"PASS": lambda c, a, st: c.send(b"530-" + a.encode() + EVIL + b"\r\n530 " + a.encode() + b"\r\n")}),
    "ftp",
    "get",
    FTP + "x",
    "-vv",
    "--trace",
    "t",
    *ACCOUNT,
)
typed("ftp-dash-name", talking(ftp, {}, data=b"abc"), "ftp", "get", FTP + "-rf", "-O", *ACCOUNT)

IMAP = "imap://127.0.0.1:{main}/INBOX"
SUBJECT = b'"' + EVIL.replace(b"\x08", b"") + b'"'
ROW = (
    b"* 1 FETCH (UID 5 FLAGS (\\Seen \x1b[1m) RFC822.SIZE 5 ENVELOPE (NIL "
    + SUBJECT
    + b" (("
    + SUBJECT
    + b' NIL "a" '
    + SUBJECT
    + b")) NIL NIL NIL NIL NIL NIL NIL))\r\n{tag} OK\r\n"
)
for flag in ("-v", "-vv", "--json", "-q"):
    typed(
        f"imap-list-{flag.strip('-')}",
        talking(imap, {"FETCH": says(ROW), "UID FETCH": says(ROW)}),
        "imap",
        "list",
        IMAP,
        flag,
        *ACCOUNT,
    )
typed(
    "imap-folders",
    talking(imap, {"LIST": says(b'* LIST (\\x\x1b[1m) "/" ' + SUBJECT + b"\r\n{tag} OK\r\n")}),
    "imap",
    "folders",
    IMAP,
    *ACCOUNT,
)
MESSAGE = b"From: " + EVIL + b" <a@b>\r\nSubject: =?utf-8?q?=1B]0;x=07=C2=9B?=\r\n\r\n" + EVIL + b"\r\n"
typed("imap-fetch", talking(imap, {}, msg=MESSAGE), "imap", "fetch", IMAP, "5", *ACCOUNT)
typed(
    "imap-no",
    talking(
        imap,
        {
            "LOGIN": says(b"{tag} NO [ALERT] " + EVIL + SECRET.encode() + b"\r\n"),
            "AUTHENTICATE": says(b"{tag} NO " + EVIL + SECRET.encode() + b"\r\n"),
        },
    ),
    "imap",
    "list",
    IMAP,
    "-vv",
    "--trace",
    "t",
    *ACCOUNT,
)

POP3 = "pop3://127.0.0.1:{main}/"
for flag in ("-vv", "--json", "-q"):
    typed(
        f"pop3-list-{flag.strip('-')}",
        talking(
            pop3,
            {"UIDL": lambda c, a, st: c.send(b"+OK 1 u\x1b[2J\r\n" if a else b"+OK\r\n1 u\x1b[2J\xc2\x9b\r\n.\r\n")},
            msg=MESSAGE,
        ),
        "pop3",
        "list",
        POP3,
        flag,
        *ACCOUNT,
    )
typed("pop3-fetch", talking(pop3, {}, msg=MESSAGE), "pop3", "fetch", POP3, "u1", *ACCOUNT)
typed(
    "pop3-error",
    talking(
        pop3, {"PASS": b"-ERR " + EVIL + SECRET.encode() + b"\r\n", "AUTH": b"-ERR " + EVIL + SECRET.encode() + b"\r\n"}
    ),
    "pop3",
    "list",
    POP3,
    "-vv",
    *ACCOUNT,
)

SMTP = "smtp://127.0.0.1:{main}/"
SEND = ("smtp", "send", SMTP, "--from", "a@a.test", "--to", "b@b.test", "-s", "s", "--body", "x")
for flag in ("-vv", "--json", "-q"):
    typed(
        f"smtp-refused-{flag.strip('-')}",
        talking(
            smtp,
            {"RCPT": b"550-" + EVIL + b"\r\n550 5.1.1 " + EVIL + b"\r\n"},
            greeting=b"220 " + EVIL + b"\r\n",
            caps=("AUTH PLAIN LOGIN",),
        ),
        *SEND,
        flag,
        *ACCOUNT,
    )
typed("smtp-login-trace", talking(smtp, {}, caps=("AUTH LOGIN",)), *SEND, "-vv", "--trace", "t", *ACCOUNT)
typed(
    "smtp-queued", talking(smtp, {"DATA-END": b"250 queued " + EVIL + b"\r\n"}, caps=("AUTH PLAIN",)), *SEND, *ACCOUNT
)

NEWS = "nntp://127.0.0.1:{main}/g.test"
CLEAR = ("--tls", "off")
OVER = b"224 over\r\n1\t" + EVIL + b"\t" + EVIL + b"\t1 Jan 2024\t<" + EVIL + b">\t\t1\t1\r\n.\r\n"
for flag in ("-vv", "--json", "-q"):
    typed(
        f"nntp-list-{flag.strip('-')}",
        talking(nntp, {"OVER": says(OVER), "XOVER": says(OVER)}),
        "nntp",
        "list",
        NEWS,
        flag,
        *CLEAR,
    )
typed(
    "nntp-groups",
    talking(nntp, {"LIST": says(b"215 list\r\na" + EVIL + b" 1 1 y\r\n.\r\n")}),
    "nntp",
    "groups",
    "nntp://127.0.0.1:{main}/",
    *CLEAR,
)
typed(
    "nntp-fetch",
    talking(nntp, {"ARTICLE": says(b"220 1 <1@a>\r\n" + ART + EVIL + b"\r\n.\r\n")}),
    "nntp",
    "fetch",
    NEWS,
    "1",
    *CLEAR,
)

GOPHER = "gopher://127.0.0.1:{main}/"
typed(
    "gopher-json",
    lambda c, ctx: (c.line(), c.send(b"0" + EVIL + b"\t/" + EVIL + b"\th\t70\r\n.\r\n"), None)[-1],
    "gopher",
    "list",
    GOPHER + "1/",
    "--json",
)
typed(
    "gopher-verbose", lambda c, ctx: (c.line(), c.send(EVIL + b"\r\n"), None)[-1], "gopher", "get", GOPHER + "0x", "-vv"
)
FAULT = b"".join(
    (
        b"<?xml version='1.0'?><methodResponse><fault><value><struct>",
        b"<member><name>faultCode</name><value><int>1</int></value></member>",
        b"<member><name>faultString</name><value><string>x\xc2\x9b\xe2\x80\xae</string></value></member>",
        b"</struct></value></fault></methodResponse>",
    )
)
typed("xmlrpc-fault", web(reply(FAULT, "200 OK", "Content-Type: text/xml")), "xmlrpc", "call", PAGE + "RPC2", "m")
typed(
    "xmlrpc-verbose",
    web(reply(FAULT + EVIL, "200 OK", "Content-Type: text/xml")),
    "xmlrpc",
    "call",
    PAGE + "RPC2",
    "m",
    "-vv",
    *ACCOUNT,
)
typed(
    "tcp-verbose",
    lambda c, ctx: (c.recv(), c.send(EVIL + b"\n"), None)[-1],
    "tcp",
    "send",
    "tcp://127.0.0.1:{main}",
    "--data",
    "x",
    "--until",
    "\\n",
    "-vv",
)
typed(
    "telnet-secret",
    lambda c, ctx: (c.send(b"login: " + EVIL), c.line(), c.send(SECRET.encode()), None)[-1],
    "telnet",
    "run",
    "telnet://127.0.0.1:{main}",
    "--expect",
    "login:",
    "--send",
    "x",
    "-vv",
    expect=dict(SAFE, secret_not_in_output=False),
)
typed("get-unknown-scheme", lambda c, ctx: None, "get", "evil\x1b[2J://127.0.0.1:{main}/")
typed("url-escape", lambda c, ctx: None, "http", "http://127.0.0.1:{dead}/\x1b[2J\u202e", listen={"dead": "dead"})

# -- time and memory, arguments, files and certificates, as a user of the command meets them

IN_TIME = dict(outcome="ok", tty_clean=True, by=7)
BOUNDED = dict(outcome="ok", tty_clean=True, rss=300, by=8)
typed("drip", lambda c, ctx: c.http() and c.drip(b"HTTP/1.1 200 OK\r\n" * 9), "http", PAGE, expect=IN_TIME)
typed("silent", lambda c, ctx: c.hold(), "imap", "list", IMAP, *ACCOUNT, expect=IN_TIME)
typed("ftp-silent", lambda c, ctx: c.hold(), "ftp", "list", FTP, *ACCOUNT, expect=IN_TIME)
typed("tcp-endless", lambda c, ctx: c.drip(b"a" * 99, gap=0.2), "tcp", "send", "tcp://127.0.0.1:{main}", expect=IN_TIME)


def endless(c, ctx):
    if c.http():
        c.send(b"HTTP/1.1 200 OK\r\n\r\n")
        c.flood(b"a" * 65536, mb=200)


typed("flood-limited", endless, "http", PAGE, "--max-size", "1000000", expect=BOUNDED)
typed("flood-json", endless, "http", PAGE, "--json", expect=BOUNDED)
typed("line-flood", lambda c, ctx: c.flood(b"a" * 65536, mb=200), "smtp", "check", SMTP, expect=BOUNDED)


def refused(name: str, evil: bytes, *words: str) -> None:
    """Words that would be something else on the wire."""

    def serve(c, ctx):
        c.send(b"220 hi\r\n")
        c.recv()

    expect = dict(outcome="ok", tty_clean=True, forbid={"main": [evil]})
    typed(name, serve, *words, expect=expect)


refused("method-crlf", b"\nX-Evil", "http", PAGE, "-X", "GET / HTTP/1.1\r\nX-Evil: 1\r\n")
refused("header-crlf", b"\nX-Evil", "http", PAGE, "-H", "A: b\r\nX-Evil: 1")
refused("cookie-crlf", b"\nX-Evil", "http", PAGE, "-b", "a=b\r\nX-Evil: 1")
refused("user-crlf", b"\nDELE", "ftp", "list", FTP, "-u", "a\r\nDELE x:y", "--tls", "off")
refused("command-crlf", b"\nDELE", "ftp", "command", FTP, "NOOP\r\nDELE x", *ACCOUNT)
refused("sender-crlf", b"\nRCPT TO:<evil", *(w if w != "a@a.test" else "a@a.test>\r\nRCPT TO:<evil@e" for w in SEND))
refused("folder-crlf", b"\nX1", "imap", "list", IMAP, "--folder", "x\r\nX1 DELETE INBOX", *ACCOUNT)
refused("article-crlf", b"\nPOST", "nntp", "fetch", NEWS, "<a@b>\r\nPOST")
refused("words-crlf", b"\nEVIL", "gopher", "search", GOPHER + "7/", "a\r\nEVIL")


def saved(name: str, disposition: str, *words: str, path: str = "report.pdf", expect=None, **more) -> None:
    answer = reply(b"evil", "200 OK", "Content-Disposition: attachment; " + disposition)
    expect = dict(outcome="ok", tty_clean=True, names_clean=True, **(expect or {}))
    typed(name, web(answer), "http", *words, PAGE + path, expect=expect, **more)


saved("save-traversal", 'filename="../../evil"', "download")
saved("save-bashrc", 'filename=".bashrc"', "download", expect=dict(absent=[".bashrc"]))
saved("save-dash", 'filename="-rf"', "download")
saved("save-existing", 'filename="a"', "download", dl={"a": b"old"}, expect=dict(file_in={"a": [b"old"]}))
saved("save-link", 'filename="a"', "download", symlink={"a": "../../canary.txt"})
saved("save-remote-name", 'filename="b"', "-O", path="..%2f..%2fevil")
saved("save-error", 'filename="b"', "-o", "a", path="x", dl={"a.part": b"half"})
typed(
    "mirror-up",
    talking(ftp, {}, listing=b"type=file; ../../evil\r\ntype=dir; ..\r\n"),
    "ftp",
    "mirror",
    FTP,
    ".",
    *ACCOUNT,
)


def encrypted(name: str, certificate: str, *words: str, needs: bytes) -> None:
    """A server whose certificate is not good: no word of the user's reaches it."""

    def serve(c, ctx):
        c.tls(certificate)
        c.recv()

    expect = dict(outcome="ok", tty_clean=True, value_has=needs, secret_not_on=["main"])
    typed(name, serve, *words, "--cacert", "{ca}", expect=expect)


for certificate in ("wronghost", "expired", "selfsigned"):
    encrypted(
        f"https-{certificate}", certificate, "http", "https://127.0.0.1:{main}/", *ACCOUNT[:2], needs=b"certificate"
    )
    encrypted(
        f"imaps-{certificate}", certificate, "imap", "list", "imaps://127.0.0.1:{main}/", *ACCOUNT[:2], needs=b"cert"
    )
    encrypted(f"gophers-{certificate}", certificate, "gopher", "get", "gophers://127.0.0.1:{main}/0x", needs=b"cert")
    encrypted(
        f"telnets-{certificate}",
        certificate,
        "telnet",
        "run",
        "telnets://127.0.0.1:{main}/",
        "--expect",
        "x",
        "--send",
        SECRET,
        needs=b"cert",
    )
    encrypted(
        f"tls-{certificate}", certificate, "tcp", "send", "tls://127.0.0.1:{main}", "--data", SECRET, needs=b"cert"
    )
    encrypted(
        f"xmlrpc-{certificate}",
        certificate,
        "xmlrpc",
        "call",
        "https://127.0.0.1:{main}/",
        "m",
        *ACCOUNT[:2],
        needs=b"cert",
    )
