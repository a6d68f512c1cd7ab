"""Less usual operations: mailboxes, news and files that lie about themselves, and writes whose answer is lost."""

from __future__ import annotations

import re
import socket

from threats.cases.tables.shared import ANY, ERROR, endless, says
from threats.engine import SECRET, USER, case
from threats.scripts import ART, MSG, ftp, hang_up, imap, nntp, pop3, send_then_close, smtp

LOGIN = dict(user=USER, password=SECRET, tls="none")


def played(script, scheme: str, path: str = ""):
    """Cases of one protocol, played on the facade's functions."""

    def table(name: str, function: str, over, expect, *given, at: str = path, **more) -> None:
        settings = {k: more.pop(k) for k in ("greeting", "caps", "msg", "listing", "data", "end") if k in more}
        args = dict(function=function, given=(f"{scheme}://127.0.0.1:{{main}}{at}", *given), **LOGIN, **more)
        case(name, "facade", **args, expect=expect)(lambda c, ctx: script(c, ctx, over, **settings))

    return table


# -- IMAP

mailbox = played(imap, "imap")
OK = b"{tag} OK done\r\n"
INJECTED = dict(ERROR, forbid={"main": [b"X1 DELETE", b"\nX1"]})
mailbox("imap-flag-space", "flag_mail", {}, INJECTED, 5, add="\\Seen) X1 DELETE INBOX")
mailbox("imap-flag-crlf", "flag_mail", {}, INJECTED, 5, add=["\\Seen\r\nX1 DELETE INBOX"])
mailbox("imap-move-crlf", "move_mail", {}, INJECTED, 5, "Trash\r\nX1 DELETE INBOX")
mailbox("imap-uid-crlf", "copy_mail", {}, INJECTED, "5\r\nX1 DELETE INBOX", "Trash")
mailbox("imap-uid-set", "delete_mail", {}, dict(ERROR, forbid={"main": [b"STORE 1:*"]}), "1:*")
mailbox("imap-uid-minus", "delete_mail", {}, ERROR, -5)
mailbox("imap-search-text-crlf", "search_mail", {}, INJECTED, "ALL\r\nX1 DELETE INBOX")
mailbox(
    "imap-search-literal", "search_mail", {}, dict(ANY, forbid={"main": [b"\nX1 DELETE"]}), 'SUBJECT "{5}\r\nX1 DELETE"'
)
mailbox("imap-append-flag", "append_mail", {}, INJECTED, MSG, flags=["\\Seen) {1}\r\nX1 DELETE"])
mailbox("imap-create-crlf", "create_folder", {}, INJECTED, "new\r\nX1 DELETE INBOX")
mailbox("imap-list-pattern", "list_folders", {}, INJECTED, pattern="*\r\nX1 DELETE INBOX")
LISTS = {
    "LIST": says(
        b'* LIST () "/" "&AAA"\r\n* LIST () "/" "&2AA-"\r\n* LIST () NIL {3}\r\na\0b\r\n* LIST () "//" x\r\n' + OK
    )
}
mailbox("imap-folder-names-odd", "list_folders", LISTS, ANY)
mailbox("imap-folders-flood", "list_folders", {"LIST": endless(b"", b'* LIST () "/" "a"\r\n')}, dict(ERROR, rss=900))
mailbox("imap-folders-deep", "list_folders", {"LIST": says(b"* LIST " + b"(" * 50_000 + b"\r\n" + OK)}, dict(ANY, by=3))
mailbox("imap-select-bye", "list_mail", {"EXAMINE": send_then_close(b"* BYE shutting down\r\n")}, ERROR)
mailbox("imap-select-no", "list_mail", {"EXAMINE": says(b"{tag} NO gone\r\n")}, ERROR)
mailbox("imap-select-exists-huge", "list_mail", {"EXAMINE": says(b"* 4294967295 EXISTS\r\n" + OK)}, dict(ANY, rss=300))
mailbox(
    "imap-select-exists-overflow",
    "list_mail",
    {"EXAMINE": says(b"* " + b"9" * 30_000 + b" EXISTS\r\n" + OK)},
    dict(ANY, by=4),
)
mailbox(
    "imap-login-bye",
    "list_mail",
    {"LOGIN": send_then_close(b"* BYE no\r\n"), "AUTHENTICATE": send_then_close(b"* BYE no\r\n")},
    ERROR,
)
ENVELOPE = b"* 1 FETCH (UID 5 FLAGS () RFC822.SIZE 9 ENVELOPE %b)\r\n" + OK
DEEP = b"(" * 60_000 + b")" * 60_000
mailbox(
    "imap-envelope-deep",
    "list_mail",
    {"FETCH": says(ENVELOPE % DEEP), "UID FETCH": says(ENVELOPE % DEEP)},
    dict(ANY, by=4, rss=300),
)
mailbox(
    "imap-envelope-short",
    "list_mail",
    {"FETCH": says(ENVELOPE % b"(NIL)"), "UID FETCH": says(ENVELOPE % b"(NIL)")},
    ANY,
)
NUL = b'("Mon\0day" "s\0ubject" ' + b"NIL " * 7 + b'"<\r\0x>")'
mailbox("imap-envelope-nul", "list_mail", {"FETCH": says(ENVELOPE % NUL), "UID FETCH": says(ENVELOPE % NUL)}, ANY)
EIGHT = b"* 1 FETCH (UID 5 BODY[] ~{5}\r\na\0b\0c)\r\n" + OK
mailbox("imap-literal8-nul", "fetch_mail", {"UID FETCH": says(EIGHT), "FETCH": says(EIGHT)}, ANY, 5)
mailbox("imap-validity", "fetch_mail", {}, ERROR, at="/INBOX;UIDVALIDITY=8/;UID=5")
COPIED = says(b"{tag} OK [COPYUID 7 1:4294967295 1:4294967295] moved\r\n")
mailbox("imap-copyuid-huge", "copy_mail", {"UID COPY": COPIED}, dict(ANY, by=4, rss=300), 5, "Trash")
mailbox(
    "imap-appenduid-words",
    "append_mail",
    {
        "APPEND": lambda c, a, st: (
            c.send(b"+ go\r\n"),
            c.exactly(len(MSG) + 2),
            c.send(st.tag + b" OK [APPENDUID x y] done\r\n"),
            None,
        )[-1]
    },
    ANY,
    MSG,
)
mailbox("imap-store-lost", "delete_mail", {"UID STORE": hang_up}, dict(ERROR, max_conns={"main": 1}), 5, retries=2)
mailbox(
    "imap-move-lost",
    "move_mail",
    {"UID MOVE": hang_up, "UID COPY": hang_up},
    dict(ERROR, max_conns={"main": 1}),
    5,
    "Trash",
    retries=2,
)
mailbox(
    "imap-idle-flood",
    "watch_mail",
    {"IDLE": endless(b"+ idling\r\n", b"* 1 EXISTS\r\n")},
    dict(ANY, rss=300, by=7),
    caps="IMAP4rev1 IDLE AUTH=PLAIN",
)
mailbox(
    "imap-idle-refused",
    "watch_mail",
    {"IDLE": says(b"{tag} BAD no\r\n")},
    dict(ANY, by=7),
    caps="IMAP4rev1 IDLE AUTH=PLAIN",
)

# -- POP3

maildrop = played(pop3, "pop3")
maildrop("pop3-stat-lies", "list_mail", {"STAT": b"+OK 99999999 1\r\n"}, dict(ANY, rss=300))
maildrop(
    "pop3-uidl-gap",
    "fetch_mail",
    {"UIDL": lambda c, a, st: c.send(b"+OK 7 other\r\n" if a else b"+OK\r\n1 u1\r\n7 u7\r\n.\r\n")},
    dict(ANY, by=5),
    "u7",
)
maildrop(
    "pop3-uidl-same-twice",
    "delete_mail",
    {"UIDL": lambda c, a, st: c.send(b"+OK 1 u1\r\n" if a else b"+OK\r\n1 u1\r\n2 u1\r\n.\r\n")},
    dict(ERROR, forbid={"main": [b"DELE 2"]}),
    "u1",
)
maildrop("pop3-uidl-long", "list_mail", {"UIDL": says(b"+OK\r\n1 " + b"u" * 60_000 + b"\r\n.\r\n")}, ANY)
maildrop("pop3-uidl-flood", "list_mail", {"UIDL": endless(b"+OK\r\n", b"1 u\r\n")}, dict(ERROR, rss=900))
maildrop("pop3-number-crlf", "fetch_mail", {}, dict(ERROR, forbid={"main": [b"\nDELE"]}), number="1\r\nDELE 1")
maildrop("pop3-uid-crlf", "fetch_mail", {}, dict(ERROR, forbid={"main": [b"\nDELE"]}), "u1\r\nDELE 1")
maildrop("pop3-top-flood", "list_mail", {"TOP": endless(b"+OK\r\n", b"X-A: b\r\n")}, dict(ERROR, rss=300))
maildrop(
    "pop3-top-whole", "list_mail", {"TOP": says(b"+OK\r\n" + MSG + b"x\r\n" * 200_000 + b".\r\n")}, dict(ANY, rss=300)
)
maildrop(
    "pop3-dele-other-then-lost",
    "delete_mail",
    {"QUIT": hang_up},
    dict(ERROR, max_conns={"main": 1}),
    numbers=1,
    retries=2,
)

# -- NNTP

news = played(nntp, "nntp", "/g.test")
news("nntp-id-crlf", "fetch_article", {}, dict(ERROR, forbid={"main": [b"\nPOST"]}), "<a@b>\r\nPOST")
news("nntp-id-space", "fetch_article", {}, ERROR, "<a b@c> POST")
news("nntp-id-long", "fetch_article", {}, dict(ERROR, max_sent={"main": 2000}), "<" + "x" * 5000 + "@c>")
news(
    "nntp-other-id", "fetch_article", {"ARTICLE": says(b"220 0 <other@a> article\r\n" + ART + b".\r\n")}, ERROR, "<1@b>"
)
OVER = b"224 over\r\n"
LIES = (
    OVER
    + b"1\tonly\r\nx\ty\tz\r\n"
    + b"1\t"
    + b"a\t" * 9000
    + b"\r\n99999999999999999999\ts\tf\td\t<i>\t\t1\t1\r\n.\r\n"
)
news("nntp-over-lies", "list_articles", {"OVER": says(LIES), "XOVER": says(LIES)}, ANY)
news(
    "nntp-over-flood",
    "list_articles",
    {n: endless(OVER, b"1\ts\tf\td\t<i>\t\t1\t1\r\n") for n in ("OVER", "XOVER")},
    dict(ERROR, rss=900),
)
news(
    "nntp-over-other-range",
    "list_articles",
    {n: says(OVER + b"77\tevil\tf\td\t<i>\t\t1\t1\r\n.\r\n") for n in ("OVER", "XOVER")},
    dict(ANY, value_not=b"evil"),
)
news(
    "nntp-active-flood",
    "list_groups",
    {"LIST": endless(b"215 list\r\n", b"a.b 1 1 y\r\n")},
    dict(ERROR, rss=900),
    at="/",
)
news(
    "nntp-active-words",
    "list_groups",
    {"LIST": says(b"215 list\r\na.b x y z\r\n\r\n \r\na\0b 1 1 y\r\n" + b"9" * 9000 + b" 1 1 y\r\n.\r\n")},
    ANY,
    at="/",
)
news(
    "nntp-group-count-huge",
    "list_articles",
    {"GROUP": says(b"211 9 1 " + b"9" * 6000 + b" g.test\r\n")},
    dict(ANY, by=4),
)
POST = dict(sender="a@a.test", subject="s", text="t")


def swallow(c, arg, st):
    c.send(b"340 go\r\n")
    c.until(b"\r\n.\r\n")
    return False


news("nntp-post-lost", "post_article", {"POST": swallow}, dict(ERROR, max_conns={"main": 1}), retries=3, **POST)
news("nntp-post-240-early", "post_article", {"POST": says(b"240 ok\r\n")}, dict(ERROR, max_conns={"main": 1}), **POST)
news(
    "nntp-post-header-crlf",
    "post_article",
    {},
    dict(ERROR, forbid={"main": [b"\nApproved"]}),
    **dict(POST, subject="s\r\nApproved: me"),
)
news(
    "nntp-post-group-crlf",
    "post_article",
    {},
    dict(ERROR, forbid={"main": [b"\nControl"]}),
    group="g\r\nControl: cancel",
    **POST,
)
news(
    "nntp-post-control",
    "post_article",
    {},
    dict(ERROR, forbid={"main": [b"\nControl"]}),
    headers={"X-A": "b\nControl: cancel"},
    **POST,
)

# -- FTP

files = played(ftp, "ftp", "/f.txt")
ONE = dict(ERROR, max_conns={"main": 1})


def stored(end: bytes, take: bool = True):
    def serve(c, arg, st):
        c.send(b"150 send\r\n")
        data = st.opened()
        while take and data.recv(65536):
            pass
        data.close()
        if not end:
            return False
        c.send(end)
        return True

    return serve


for name, answer in {
    "lost": stored(b""),
    "426": stored(b"426 cut\r\n"),
    "552": stored(b"552 full\r\n"),
    "nonsense": stored(b"xyzzy\r\n"),
    "early": b"226 done\r\n",
    "reset": stored(b"426 gone\r\n", take=False),
}.items():
    case(
        f"ftp-put-{name}",
        "facade",
        function="ftp_put",
        given=(b"data" * 100_000, "ftp://127.0.0.1:{main}/f.txt"),
        retries=3,
        **LOGIN,
        expect=ONE,
    )(lambda c, ctx, answer=answer: ftp(c, ctx, {"STOR": answer}))
files("ftp-rename-crlf", "ftp_rename", {}, dict(ERROR, forbid={"main": [b"\nDELE"]}), "new\r\nDELE x")
files("ftp-rename-lost", "ftp_rename", {"RNFR": b"350 go\r\n", "RNTO": hang_up}, ONE, "new", retries=3)
files("ftp-remove-lost", "ftp_remove", {"DELE": hang_up}, ONE, retries=3)
files("ftp-pwd-quotes", "ftp_list", {"PWD": b'257 "' + b'"' * 60_000 + b"\r\n"}, dict(ANY, by=4), at="/")
files("ftp-feat-flood", "ftp_get", {"FEAT": endless(b"211-Features\r\n", b" X\r\n")}, dict(ERROR, rss=200))
FACTS = (
    b"type=file;size="
    + b"9" * 5000
    + b"; big\r\ntype=file;modify=99999999999999; when\r\ntype=; none\r\n;;;; x\r\ntype=file\r\n"
)
files("ftp-facts-odd", "ftp_list", {}, ANY, at="/", listing=FACTS)
files(
    "ftp-names-crlf",
    "ftp_list",
    {},
    dict(ANY, value_not=b"\r\nx"),
    at="/",
    listing=b"type=file; a\rx\r\ntype=file; a\0b\r\n",
)
files(
    "ftp-info-lies",
    "ftp_info",
    {
        "MLST": b"250-x\r\n type=file;size=-1;modify=x; /other\r\n250 end\r\n",
        "SIZE": b"213 x\r\n",
        "MDTM": b"213 x\r\n",
    },
    ANY,
)


def intruder(c, arg, st):
    """Somebody else comes to the port that was opened for the server."""
    numbers = re.findall(r"\d+", arg)
    port = int(numbers[-1]) if "|" in arg else int(numbers[-2]) * 256 + int(numbers[-1])
    c.send(b"200 ok\r\n")
    with socket.create_connection(("127.0.0.1", port), source_address=("127.0.0.2", 0)) as evil:
        st.evil = True
        evil.sendall(b"EVIL" * 10)


def no_data(c, arg, st):
    c.send(b"150 opening\r\n")
    c.sleep(0.3)
    c.send(b"226 done\r\n")


files(
    "ftp-active-intruder",
    "ftp_get",
    {"PORT": intruder, "EPRT": intruder, "RETR": no_data, "SIZE": b"502 no\r\n"},
    dict(ERROR, value_not=b"EVIL"),
    active=True,
)


def other_certificate(name: str):
    def switch(c, arg, st):
        from threats.certificates import server_context

        st.prot, st.sctx = arg, server_context(c.ctx.certs, name, tls12=True)
        c.send(b"200 ok\r\n")

    return switch


for name in ("wronghost", "expired", "selfsigned"):
    case(
        f"ftps-data-{name}",
        "ftp_get",
        host="127.0.0.1",
        port="{main}",
        user=USER,
        password=SECRET,
        path="f.txt",
        tls="starttls",
        cafile="{ca}",
        dest="{dl}/f.txt",
        expect=dict(ERROR, absent=["f.txt"]),
    )(lambda c, ctx, name=name: ftp(c, ctx, {"PROT": other_certificate(name)}))

# -- SMTP

post = played(smtp, "smtp")
MAIL = dict(to="b@b.test", sender="a@a.test", subject="s", text="t\u00fc")
OPEN = ("AUTH PLAIN", "8BITMIME")
post(
    "smtp-options-crlf",
    "send_mail",
    {},
    dict(ERROR, forbid={"main": [b"\nRCPT TO:<evil"]}),
    mail_options=["BODY=8BITMIME\r\nRCPT TO:<evil@e>"],
    caps=OPEN,
    **MAIL,
)
post(
    "smtp-options-unannounced", "send_mail", {}, dict(ERROR, mails_max=0), mail_options=["RET=FULL"], caps=OPEN, **MAIL
)
post(
    "smtp-header-name-crlf",
    "send_mail",
    {},
    dict(ERROR, forbid={"main": [b"\nBcc: evil"]}),
    headers={"X\r\nBcc: evil@e\r\nY": "1"},
    caps=OPEN,
    **MAIL,
)
post(
    "smtp-attachment-name",
    "send_mail",
    {},
    dict(ANY, forbid={"main": [b"\nBcc: evil"]}),
    attachments=[('a"\r\nBcc: evil@e.txt', b"x")],
    caps=OPEN,
    **MAIL,
)
post(
    "smtp-attachment-type",
    "send_mail",
    {},
    dict(ERROR, forbid={"main": [b"\nBcc: evil"]}),
    attachments=[("a", b"x", "text/plain\r\nBcc: evil@e")],
    caps=OPEN,
    **MAIL,
)
post(
    "smtp-eight-bit-absent",
    "send_mail",
    {},
    dict(ANY, forbid={"main": ["t\u00fc".encode()]}),
    caps=("AUTH PLAIN",),
    **MAIL,
)
post(
    "smtp-name-crlf",
    "send_mail",
    {},
    dict(ERROR, forbid={"main": [b"\nBcc: evil"]}),
    caps=OPEN,
    **dict(MAIL, to="b <b@b.test>\r\nBcc: evil@e"),
)

# -- XML-RPC, Telnet, Gopher


def led_astray(c, ctx):
    from threats.scripts import redirect

    c.http() and c.send(redirect(f"http://127.0.0.2:{ctx.ports['other']}/RPC2", "307 Temporary"))


case(
    "xmlrpc-away-auth",
    "facade",
    function="call_xmlrpc",
    given=("http://127.0.0.1:{main}/RPC2", "m", "argument " + SECRET),
    listen={"other": ("127.0.0.2", lambda c, ctx: c.http())},
    **LOGIN,
    expect=dict(ERROR, secret_not_on=["other"]),
)(led_astray)
case(
    "xmlrpc-clear-default",
    "facade",
    function="call_xmlrpc",
    given=("http://rpc.test:{main}/RPC2", "m"),
    dns={"rpc.test": ["127.0.0.1"]},
    user=USER,
    password=SECRET,
    expect=dict(ERROR, secret_not_plain=True),
)(lambda c, ctx: c.http())


def said(name: str, data: bytes, expect, *script, pieces: bool = False) -> None:
    def serve(c, ctx):
        for place in range(0, len(data), 1 if pieces else len(data)):
            c.send(data[place : place + (1 if pieces else len(data))])
        c.hold(4)

    case(
        f"telnet-{name}",
        "facade",
        function="telnet_run",
        given=("telnet://127.0.0.1:{main}", list(script)),
        expect=expect,
    )(serve)


ASK = ("login:", None)
said(
    "split-everywhere",
    b"\xff\xfd\x18\xff\xfa\x18\x01\xff\xf0\xff\xfb\x01a\xff\xffb login:",
    dict(outcome="ok", value_has=b"a\\xffb login:"),
    ASK,
    pieces=True,
)
said("se-without-sb", b"\xff\xf0\xff\xf0x\xff\xf1login:", dict(outcome="ok"), ASK)
said("sb-in-sb", b"\xff\xfa\x18\xff\xfa\x18\x01\xff\xf0login:", ANY, ASK)
said("unknown-command", b"\xff\x01\xff\x80login:", ANY, ASK)
said(
    "negotiates-all",
    b"".join(b"\xff\xfb%c\xff\xfd%c" % (n, n) for n in range(255)) + b"login:",
    dict(outcome="ok", max_sent={"main": 4000}),
    ASK,
)
said("will-wont-loop", b"\xff\xfb\x01\xff\xfc\x01" * 20_000 + b"login:", dict(ANY, max_sent={"main": 400_000}), ASK)
said("secret-prompt-never", b"login:", dict(ERROR, secret_not_on=["main"]), ("Password:", SECRET))
said("nul-and-cr", b"a\r\0b\0c\rlogin:", ANY, ASK)
said("backtracking", b"a" * 60_000, dict(ERROR, by=7, rss=200), (("b" * 50, "c" * 50), None))


def menu(name: str, lines: bytes, expect) -> None:
    case(f"gopher-{name}", "facade", function="gopher_list", given=("gopher://127.0.0.1:{main}/1/",), expect=expect)(
        lambda c, ctx: (c.line(), c.send(lines), None)[-1]
    )


menu("menu-script", b"hx\tURL:javascript:alert(1)\th\t70\r\n", ANY)
menu("menu-selector-crlf", b"0x\t/a\rQUIT\thost\t70\r\n.\r\n", dict(ANY, value_not=b"\rQUIT"))
menu("menu-host", b"0x\t/a\thost\0evil\t70\r\n0x\t/a\thost/@evil\t70\r\n0x\t/a\t[::1\t70\r\n0x\t/a\t\t70\r\n.\r\n", ANY)
menu("menu-port", b"0x\t/a\th\t-1\r\n0x\t/a\th\t0\r\n0x\t/a\th\t" + b"9" * 5000 + b"\r\n.\r\n", ANY)
menu("menu-dots", b".\r\n0evil\t/a\th\t70\r\n.\r\n", ANY)
menu("menu-binary", bytes(range(256)) * 200, ANY)
menu("menu-tabs", b"0" + b"\t" * 200_000 + b"\r\n", dict(ANY, by=3))

# -- what cannot be reached


def nowhere(name: str, function: str, *given, **more) -> None:
    case(name, "facade", function=function, given=given, **more, expect=ERROR)(lambda c, ctx: None)


nowhere("unix-too-long", "exchange", "unix:///" + "x" * 300, b"x")
nowhere("unix-nul", "exchange", "unix:///tmp/a%00b", b"x")
nowhere("unix-file", "exchange", "unix://{root}/canary.txt", b"x")
nowhere("unix-folder", "exchange", "unix://{dl}", b"x")
nowhere("unix-host", "exchange", "unix://evil.test/tmp/x", b"x")
nowhere("unix-missing", "exchange", "unix://{dl}/none", b"x")
nowhere("unix-link", "exchange", "unix://{dl}/link", b"x", symlink={"link": "../../canary.txt"})
nowhere("listen-unix-file", "listen", "unix://{root}/canary.txt")
nowhere("listen-unix-long", "listen", "unix:///" + "x" * 300)
nowhere("listen-tls-no-certificate", "listen", "tls://127.0.0.1:0")
nowhere("listen-port", "listen", "tcp://127.0.0.1:99999")
for kind, attack, count in (
    ("silent", b"", 20),
    ("line-flood", b"x" * 3_000_000, 3),
    ("binary", bytes(range(1, 10)) * 1000, 20),
):
    case(
        f"listen-{kind}",
        "listening",
        url="tcp://127.0.0.1:0",
        attack=attack,
        connections=count,
        expect=dict(outcome="ok", value_has=b"good", rss=200),
    )(lambda c, ctx: None)
