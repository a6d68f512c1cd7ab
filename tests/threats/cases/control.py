"""The cases of control."""

from __future__ import annotations

import re

from threats.cases.common import (
    FTP,
    MAILBOX,
    NEWS,
    SMTP,
    SMTP_LOGIN,
    SOCKET,
    XMLRPC,
    XMLRPC_OK,
    datagrams,
    echo,
    xml_answer,
)
from threats.engine import SECRET, USER, case
from threats.scripts import ftp, gz, http_ok, imap, nntp, pop3, redirect, reply, smtp


@case("control-http", "http_get", url="http://127.0.0.1:{main}/", expect=dict(outcome="ok", value_has=b"ok"))
def _(c, ctx):
    http_ok(c, ctx)


@case(
    "control-https",
    "http_get",
    url="https://127.0.0.1:{main}/",
    cafile="{ca}",
    expect=dict(outcome="ok", value_has=b"ok"),
)
def _(c, ctx):
    c.tls()
    http_ok(c, ctx)


@case(
    "control-http-file",
    "http_get",
    url="http://127.0.0.1:{main}/a",
    dest="f.bin",
    expect=dict(outcome="ok", file_in={"f.bin": [b"0123456789" * 30000]}),
)
def _(c, ctx):
    r = c.http()
    if r and r["path"] == "/a":
        c.send(redirect("/b"))
    elif r:
        b = b"0123456789" * 30000
        c.send(
            reply(gz(b), "200 OK", "Content-Encoding: gzip")
            if "gzip" in r["headers"].get("accept-encoding", "")
            else reply(b)
        )


@case(
    "control-http-resume",
    "http_get",
    url="http://127.0.0.1:{main}/f.bin",
    dest="f.bin",
    resume=True,
    dl={"f.bin": b"01234"},
    expect=dict(outcome="ok", file_in={"f.bin": [b"0123456789"]}),
)
def _(c, ctx):
    r = c.http()
    if r and "range" in r["headers"]:
        c.send(reply(b"56789", "206 Partial Content", "Content-Range: bytes 5-9/10"))
    elif r:
        c.send(reply(b"0123456789"))


@case(
    "control-http-dir",
    "http_get",
    url="http://127.0.0.1:{main}/x",
    dir="{dl}",
    expect=dict(outcome="ok", file_in={"report.txt": [b"good"]}),
)
def _(c, ctx):
    c.http() and c.send(reply(b"good", "200 OK", 'Content-Disposition: attachment; filename="report.txt"'))


@case(
    "control-ftp",
    "ftp_get",
    **FTP,
    path="f.txt",
    dest="f.txt",
    expect=dict(outcome="ok", file_in={"f.txt": [b"hello ftp\r\n" * 50]}),
)
def _(c, ctx):
    ftp(c, ctx)


@case(
    "control-ftps",
    "ftp_get",
    host="127.0.0.1",
    port="{main}",
    user=USER,
    password=SECRET,
    tls="starttls",
    cafile="{ca}",
    path="f.txt",
    dest="f.txt",
    expect=dict(outcome="ok", file_in={"f.txt": [b"hello ftp\r\n" * 50]}, secret_not_plain=True),
)
def _(c, ctx):
    ftp(c, ctx)


@case("control-ftp-list", "ftp_list", **FTP, path="/", expect=dict(outcome="ok", value_has=b"b.txt"))
def _(c, ctx):
    ftp(
        c,
        ctx,
        listing=lambda cmd: (
            b"a.txt\r\nb.txt\r\n"
            if cmd == "NLST"
            else b"type=file;size=1; a.txt\r\ntype=file;size=1; b.txt\r\n"
            if cmd == "MLSD"
            else b"-rw-r--r-- 1 a a 550 Jan  1 00:00 a.txt\r\n-rw-r--r-- 1 a a 550 Jan  1 00:00 b.txt\r\n"
        ),
    )


@case(
    "control-ftp-mirror",
    "ftp_mirror",
    **FTP,
    path="/",
    dir="{dl}",
    expect=dict(outcome="ok", file_in={"a.txt": [b"hello ftp\r\n" * 50], "b.txt": [b"hello ftp\r\n" * 50]}),
)
def _(c, ctx):
    ftp(
        c,
        ctx,
        listing=lambda cmd: (
            b"a.txt\r\nb.txt\r\n"
            if cmd == "NLST"
            else b"type=file;size=550; a.txt\r\ntype=file;size=550; b.txt\r\n"
            if cmd == "MLSD"
            else b"-rw-r--r-- 1 a a 550 Jan  1 00:00 a.txt\r\n-rw-r--r-- 1 a a 550 Jan  1 00:00 b.txt\r\n"
        ),
    )


@case("control-smtp", "smtp_send", **SMTP, tls="none", expect=dict(outcome="ok", require={"main": [b"hello"]}))
def _(c, ctx):
    smtp(c, ctx)


@case(
    "control-smtp-starttls",
    "smtp_send",
    **SMTP_LOGIN,
    tls="starttls",
    cafile="{ca}",
    expect=dict(outcome="ok", require={"main": [b"hello"]}, secret_not_plain=True),
)
def _(c, ctx):
    smtp(c, ctx, caps=["STARTTLS"])


@case(
    "control-smtps",
    "smtp_send",
    **SMTP_LOGIN,
    tls="implicit",
    cafile="{ca}",
    expect=dict(outcome="ok", require={"main": [b"hello"]}),
)
def _(c, ctx):
    c.tls()
    smtp(c, ctx)


@case("control-pop3", "pop3_get", **MAILBOX, tls="none", index=1, expect=dict(outcome="ok", value_has=b"body line"))
def _(c, ctx):
    pop3(c, ctx)


@case(
    "control-pop3-stls",
    "pop3_get",
    **MAILBOX,
    tls="starttls",
    cafile="{ca}",
    index=1,
    expect=dict(outcome="ok", value_has=b"body line", secret_not_plain=True),
)
def _(c, ctx):
    pop3(c, ctx, caps=["STLS", "USER"])


@case("control-pop3-list", "pop3_list", **MAILBOX, tls="none", expect=dict(outcome="ok", value_has=b"1"))
def _(c, ctx):
    pop3(c, ctx)


@case("control-imap", "imap_fetch", **MAILBOX, tls="none", uid=5, expect=dict(outcome="ok", value_has=b"body line"))
def _(c, ctx):
    imap(c, ctx)


@case(
    "control-imap-starttls",
    "imap_fetch",
    **MAILBOX,
    tls="starttls",
    cafile="{ca}",
    uid=5,
    expect=dict(outcome="ok", value_has=b"body line", secret_not_plain=True),
)
def _(c, ctx):
    imap(c, ctx)


@case(
    "control-imap-search",
    "imap_search",
    **MAILBOX,
    tls="none",
    header=("Message-ID", "x@y"),
    expect=dict(outcome="ok", value_has=b"5"),
)
def _(c, ctx):
    imap(c, ctx)


@case(
    "control-imap-append",
    "imap_append",
    **MAILBOX,
    tls="none",
    mailbox="Sent",
    raw=b"Subject: p\r\n\r\nappended text\r\n",
    expect=dict(outcome="ok", require={"main": [b"appended text"]}),
)
def _(c, ctx):
    def app(c, arg, st):
        n = int(re.search(r"\{(\d+)\+?\}$", arg)[1])
        if not arg.endswith("+}"):
            c.send(b"+ go\r\n")
        c.exactly(n)
        c.line()
        c.send(st.tag + b" OK appended\r\n")

    imap(c, ctx, {"APPEND": app})


@case("control-nntp", "nntp_article", **NEWS, tls="none", expect=dict(outcome="ok", value_has=b"line one"))
def _(c, ctx):
    nntp(c, ctx)


@case(
    "control-nntp-starttls",
    "nntp_article",
    **NEWS,
    user=USER,
    password=SECRET,
    tls="starttls",
    cafile="{ca}",
    expect=dict(outcome="ok", value_has=b"line one", secret_not_plain=True),
)
def _(c, ctx):
    nntp(c, ctx)


@case(
    "control-telnet",
    "telnet_talk",
    **SOCKET,
    send=b"hi\r\n",
    expect_bytes=b"login:",
    expect=dict(outcome="ok", value_has=b"login:"),
)
def _(c, ctx):
    c.send(b"\xff\xfd\x18\xff\xfb\x01welcome\r\nlogin: ")
    c.hold(3)


@case(
    "control-gopher",
    "gopher_get",
    url="gopher://127.0.0.1:{main}/0x",
    expect=dict(outcome="ok", value_has=b"some text"),
)
def _(c, ctx):
    c.line()
    c.send(b"some text\r\n.\r\n")


@case("control-xmlrpc", "xmlrpc_call", **XMLRPC, expect=dict(outcome="ok", value_has=b"41"))
def _(c, ctx):
    xml_answer(XMLRPC_OK % b"<int>41</int>")(c, ctx)


@case("control-tcp", "tcp_talk", **SOCKET, send=b"x\n", until=b"\n", expect=dict(outcome="ok", value_has=b"pong\n"))
def _(c, ctx):
    c.line()
    c.send(b"pong\n")


@case(
    "control-udp",
    "udp_talk",
    host="127.0.0.1",
    port="{u}",
    send=b"q",
    listen={"u": datagrams(echo)},
    expect=dict(outcome="ok", value_has=b"pong"),
)
def _(c, ctx):
    pass


@case(
    "control-mail-save",
    "mail_save",
    dir="{dl}",
    raw=(
        b"From: a@a\r\nMIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=B\r\n\r\n"
        b"--B\r\nContent-Type: application/octet-stream\r\n"
        b"Content-Disposition: attachment; filename=a.txt\r\n\r\none\r\n--B--\r\n"
    ),
    expect=dict(outcome="ok", file_in={"a.txt": [b"one"]}),
)
def _(c, ctx):
    pass
