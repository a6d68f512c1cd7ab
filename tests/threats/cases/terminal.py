"""What servers say, on a terminal: nothing of it may act there."""

from __future__ import annotations

from threats.cases.common import FTP, MAILBOX, SOCKET
from threats.engine import SECRET, case
from threats.scripts import ftp, imap, redirect, reply

EVIL = b"\x1b]0;title\x1b\\\\\x1b[2J\xc2\x9b31m\xe2\x80\xae"  # a title, an erased screen, colours, an override
CLEAN = dict(outcome="ok", tty_clean=True)
HTTP = dict(url="http://127.0.0.1:{main}/")


def page(name, answer, **arguments):
    @case(f"cli-http-{name}", "cli_http", **HTTP, **arguments, expect=CLEAN)
    def _(c, ctx):
        c.http()
        c.send(answer)


text = EVIL.decode("latin-1")
page("body", reply(EVIL + b"hello"))
page("fields", b"HTTP/1.1 200 O" + EVIL + b"K\r\nX: " + EVIL + b"\r\nContent-Length: 2\r\n\r\nok", show_headers=True)
page("reason", reply(b"", "404 " + text))
page("location", redirect("foo:" + text))


@case("cli-imap-subject", "cli_imap_list", **MAILBOX, tls="none", expect=CLEAN)
def _(c, ctx):
    word = b'"=?utf-8?q?=1b[2Jx=c2=9b=e2=80=ae?="'
    envelope = b"(NIL %b ((%b NIL %b %b)) NIL NIL NIL NIL NIL NIL NIL)" % (word, word, b'"a"', b'"b"')

    def fetch(c, arg, st):
        c.send(b"* 1 FETCH (UID 5 FLAGS (\\Seen) RFC822.SIZE 5 ENVELOPE " + envelope + b")\r\n" + st.tag + b" OK\r\n")

    imap(c, ctx, {"UID FETCH": fetch, "FETCH": fetch})


@case("cli-imap-alert", "cli_imap_list", **MAILBOX, tls="none", expect=CLEAN)
def _(c, ctx):
    def refuse(c, arg, st):
        c.send(st.tag + b" NO [ALERT] " + EVIL + b"\r\n")

    imap(c, ctx, {"LOGIN": refuse, "AUTHENTICATE": refuse}, greeting=b"* OK " + EVIL + b"\r\n")


@case("cli-ftp-trace", "cli_ftp_list", **FTP, path="/", expect=dict(CLEAN, secret_not_in_output=True))
def _(c, ctx):
    greeting = b"220 " + EVIL + b"\r\n"
    ftp(c, ctx, {"PASS": b"530 no " + EVIL + SECRET.encode() + b"\r\n"}, greeting=greeting)


@case("cli-gopher-text", "cli_gopher", url="gopher://127.0.0.1:{main}/0x", expect=CLEAN)
def _(c, ctx):
    c.recv()
    c.send(EVIL + b"\r\n.\r\n")


@case("cli-telnet-text", "cli_telnet", **SOCKET, expect=CLEAN)
def _(c, ctx):
    c.send(EVIL + b"login:")
    c.hold()
