"""More cases of FTP, TLS, Telnet, Gopher, XML-RPC and plain sockets."""

from __future__ import annotations

from threats.cases.common import FTP, SOCKET, XMLRPC, XMLRPC_OK, datagrams, xml_answer
from threats.engine import MB, SECRET, case
from threats.scripts import ftp, gz_bomb, hang_up, http_ok, reply

ERROR = dict(outcome="error")
ANY = dict(outcome="any")


def endless(start: bytes, chunk: bytes):
    def serve(c, *a):
        c.send(start)
        c.flood(chunk)
        return False

    return serve


# -- FTP


def getting(name: str, over, expect, op="ftp_get", **more) -> None:
    script = {
        k: more.pop(k)
        for k in ("greeting", "data", "listing", "end", "size", "pasv_host", "data_addr", "cert")
        if k in more
    }
    place = (
        dict(path="/pub")
        if op == "ftp_list"
        else dict(path="/pub", dir="{dl}")
        if op == "ftp_mirror"
        else dict(path="f.txt")
    )
    args = dict(FTP, **place)
    args.update(more)
    case(name, op, **args, expect=expect)(lambda c, ctx: ftp(c, ctx, over, **script))


def opened(answer: bytes, data: bytes, end: bytes, chunk: bytes = b""):
    """RETR or LIST by hand: the answer, the data, the end of it."""

    def serve(c, arg, st):
        c.send(answer)
        k = st.opened()
        k.sendall(data)
        if chunk:
            c.s, k = k, c.s
            c.flood(chunk)
        k.close()
        c.send(end)

    return serve


LISTS = ("LIST", "NLST", "MLSD")
getting("ftp-greeting-421-2", {}, dict(ERROR, secret_not_on=["main"]), greeting=b"421 busy\r\n")
getting("ftp-greeting-120-loop", {}, dict(ERROR, secret_not_on=["main"]), greeting=b"120 soon\r\n" * 5)
getting("ftp-greeting-garbage", {}, dict(ERROR, secret_not_on=["main"]), greeting=b"SSH-2.0-x\r\n")
getting("ftp-greeting-code", {}, dict(ERROR, secret_not_on=["main"]), greeting=b"999 hi\r\n")
getting("ftp-greeting-flood", {}, dict(ERROR, rss=200), greeting=b"220-" + b"x" * 2000000)
getting("ftp-pass-331-loop", {"PASS": b"331 again\r\n"}, dict(ERROR, max_sent={"main": 2000}))
getting("ftp-pass-332", {"PASS": b"332 account\r\n"}, dict(ERROR, max_sent={"main": 2000}))
getting("ftp-user-230", {"USER": b"230 in\r\n"}, dict(ANY, secret_not_on=["main"]))
PASV = {"EPSV": b"500 no\r\n"}
getting("ftp-pasv-numbers", dict(PASV, PASV=b"227 (300,1,1,1,999,999)\r\n"), ERROR)
getting("ftp-pasv-few", dict(PASV, PASV=b"227 (127,0,0,1)\r\n"), ERROR)
getting("ftp-pasv-port-zero", dict(PASV, PASV=b"227 (127,0,0,1,0,0)\r\n"), ERROR)
getting("ftp-pasv-negative", dict(PASV, PASV=b"227 (127,0,0,-1,1,1)\r\n"), ERROR)
getting("ftp-pasv-words", dict(PASV, PASV=b"227 " + b"1," * 30000 + b"\r\n"), dict(ERROR, by=3))
getting("ftp-pasv-dead", dict(PASV, PASV=b"227 (127,0,0,1,0,9)\r\n"), ERROR)
getting("ftp-epsv-host", {"EPSV": b"229 (|1|127.0.0.9|80|)\r\n", "PASV": b"500 no\r\n"}, ERROR)
getting("ftp-epsv-zero", {"EPSV": b"229 (|||0|)\r\n", "PASV": b"500 no\r\n"}, ERROR)
getting("ftp-epsv-delimiter", {"EPSV": b"229 (11110111)\r\n", "PASV": b"500 no\r\n"}, ERROR)
getting("ftp-size-short", {}, ERROR, size=5)
getting("ftp-size-long", {}, ERROR, size=5000)
getting("ftp-size-overflow", {}, ANY, size="9" * 5000)
getting("ftp-size-negative", {}, ANY, size=-5)
getting("ftp-mdtm-garbage", {"MDTM": b"213 99999999999999\r\n"}, ANY)
getting(
    "ftp-retr-550-late",
    {"RETR": opened(b"150 go\r\n", b"half", b"550 no\r\n")},
    dict(ERROR, absent=["f.txt"]),
    dest="{dl}/f.txt",
)
getting(
    "ftp-retr-451",
    {"RETR": opened(b"150 go\r\n", b"half", b"451 disk\r\n")},
    dict(ERROR, absent=["f.txt"]),
    dest="{dl}/f.txt",
)
getting(
    "ftp-retr-500-twice",
    {"RETR": opened(b"150 go\r\n150 again\r\n", b"half", b"426 cut\r\n")},
    dict(ERROR, absent=["f.txt"]),
    dest="{dl}/f.txt",
)
getting("ftp-retr-226-no-data", {"RETR": b"226 done\r\n", "SIZE": b"550 no\r\n"}, ERROR)
getting(
    "ftp-retr-silent-end",
    {"RETR": opened(b"150 go\r\n", b"half", b"")},
    dict(ERROR, absent=["f.txt"]),
    dest="{dl}/f.txt",
)
getting(
    "ftp-retr-endless", {"RETR": opened(b"150 go\r\n", b"", b"", b"x" * 65536)}, dict(ERROR, rss=200), max_bytes=16 * MB
)
getting(
    "ftp-list-flood", {n: opened(b"150 go\r\n", b"", b"", b"x\r\n") for n in LISTS}, dict(ERROR, rss=900), op="ftp_list"
)
getting(
    "ftp-list-line-flood",
    {n: opened(b"150 go\r\n", b"", b"", b"x" * 65536) for n in LISTS},
    dict(ERROR, rss=300),
    op="ftp_list",
)
getting(
    "ftp-list-cut", {n: opened(b"150 go\r\n", b"type=file; a\r\n", b"426 cut\r\n") for n in LISTS}, ERROR, op="ftp_list"
)
getting("ftp-path-crlf-2", {}, dict(ERROR, forbid={"main": [b"\nDELE"]}), path="a\r\nDELE x")
getting("ftp-path-nul", {}, ERROR, path="a\0b")
getting("ftp-path-iac", {}, ANY, path="a\u00ffb")
getting("ftp-user-crlf-2", {}, dict(ERROR, forbid={"main": [b"\nDELE"]}), user="a\r\nDELE x")
getting("ftp-password-lf", {}, dict(ERROR, forbid={"main": [b"\nDELE"]}), password="a\nDELE x")
getting("ftp-quit-silent", {"QUIT": lambda c, a, st: c.hold() or False}, dict(outcome="ok"))
getting(
    "ftp-rest-refused",
    {"REST": b"502 no\r\n"},
    dict(ANY, file_not_mixed="f"),
    dest="{dl}/f",
    resume=True,
    data=b"B" * 20,
    dl={"f.part": b"AAAAA", "f": b"AAAAA"},
)
getting(
    "ftp-resume-changed",
    {"MDTM": b"213 20990101000000\r\n"},
    dict(ANY, file_not_mixed="f"),
    dest="{dl}/f",
    resume=True,
    data=b"B" * 20,
    dl={"f.part": b"AAAAA"},
)
FTPS = dict(tls="starttls", cafile="{ca}")
getting("ftps-auth-refused", {"AUTH": b"502 no\r\n"}, dict(ERROR, secret_not_plain=True), **FTPS)
getting("ftps-auth-close", {"AUTH": hang_up}, dict(ERROR, secret_not_plain=True), **FTPS)
getting(
    "ftps-auth-inject",
    {"AUTH": lambda c, a, st: (c.send(b"234 go\r\n230 in\r\n"), c.tls(), None)[-1]},
    dict(ERROR, secret_not_on=["main"]),
    **FTPS,
)
getting("ftps-wronghost", {}, dict(ERROR, secret_not_on=["main"]), cert="wronghost", **FTPS)
getting("ftps-expired", {}, dict(ERROR, secret_not_on=["main"]), cert="expired", **FTPS)
getting("ftps-prot-refused", {"PROT": b"536 no\r\n"}, dict(ERROR, forbid={"main": [b"RETR"]}), **FTPS)
getting(
    "ftps-pbsz-refused", {"PBSZ": b"500 no\r\n", "PROT": b"503 no\r\n"}, dict(ERROR, forbid={"main": [b"RETR"]}), **FTPS
)
getting("ftps-data-clear", {"PROT": b"200 yes\r\n"}, dict(ERROR, absent=["f.txt"]), dest="{dl}/f.txt", **FTPS)


def mirrored(name: str, *names: str, **more) -> None:
    def lines(command):
        facts = b"type=file;size=3; " if command == "MLSD" else b""
        return b"".join(facts + name.encode() + b"\r\n" for name in names)

    expect = dict(ANY, names_clean=True, **more.pop("expect", {}))
    getting(name, {}, expect, op="ftp_mirror", listing=lines, data=b"abc", **more)


mirrored("ftp-mirror-backslash", "..\\evil.txt", "a\\b.txt")
mirrored("ftp-mirror-drive", "C:evil.txt", "C:\\evil.txt")
mirrored("ftp-mirror-dots", "..", ".", "...", "/", "//", "a/../../evil.txt")
mirrored("ftp-mirror-control", "a\x1b[2Jb", "a\x01b", "a\u009bb")
mirrored("ftp-mirror-device", "CON", "nul.txt", "aux")
mirrored("ftp-mirror-case", "A.txt", "a.txt", "A.TXT")
mirrored("ftp-mirror-same", "a.txt", "a.txt", "a.txt")
mirrored("ftp-mirror-long", "x" * 400)
mirrored("ftp-mirror-symlink", "sub/evil.txt", "a.txt", symlink={"sub": "../..", "a.txt": "../../canary.txt"})
mirrored("ftp-mirror-part", "a.txt.part", "a.txt")


@case("ftp-mirror-endless-depth", "ftp_mirror", **FTP, path="/", dir="{dl}", expect=dict(ERROR, rss=300, by=8))
def _(c, ctx):
    ftp(c, ctx, listing=b"type=dir; d\r\ntype=dir; e\r\n")


@case("ftp-mirror-link", "ftp_mirror", **FTP, path="/", dir="{dl}", expect=ANY)
def _(c, ctx):
    ftp(
        c,
        ctx,
        listing=b"type=OS.unix=slink:/etc; link\r\ntype=OS.unix=symlink; l2\r\ntype=cdir; /x\r\ntype=pdir; ..\r\n",
    )


@case("cli-ftp-escape", "cli_ftp_list", **FTP, path="/", expect=dict(ANY, tty_clean=True, secret_not_in_output=True))
def _(c, ctx):
    ftp(
        c,
        ctx,
        {"PASS": b"230-\x1b[2J\x9b\r\n230 \xc2\x9bS3cr\xe2\x80\xae in\r\n", "SYST": b"215 \x1b]0;x\x07\r\n"},
        listing=b"type=file;size=3;unix.owner=\x1b[1m; a\x1b[2J\xc2\x9b\xe2\x80\xaeb\r\n",
        greeting=b"220-\x1b[2J\r\n220 \x05\r\n",
    )


@case(
    "cli-ftp-error-escape", "cli_ftp_list", **FTP, path="/", expect=dict(ANY, tty_clean=True, secret_not_in_output=True)
)
def _(c, ctx):
    ftp(c, ctx, {"PASS": lambda c, a, st: c.send(b"530 \x1b[2J\xc2\x9b " + a.encode() + b"\r\n")})


# -- TLS

URL = dict(url="https://127.0.0.1:{main}/")


def handshake(name: str, serve, **expect) -> None:
    case(name, "http_get", **URL, cafile="{ca}", expect=dict(ERROR, **expect))(serve)


handshake("tls-wronghost", lambda c, ctx: http_ok(c.tls("wronghost"), ctx), forbid={"main": [b"GET "]})
handshake("tls-expired", lambda c, ctx: http_ok(c.tls("expired"), ctx), forbid={"main": [b"GET "]})
handshake("tls-old", lambda c, ctx: http_ok(c.tls(old=True), ctx), forbid={"main": [b"GET "]})
handshake("tls-to-plain", http_ok)
handshake(
    "tls-garbage", lambda c, ctx: (c.recv(), c.send(b"\x16\x03\x03\xff\xff" + b"\0" * 70000), c.hold(5), None)[-1]
)
handshake("tls-alert", lambda c, ctx: (c.recv(), c.send(b"\x15\x03\x03\x00\x02\x02\x28"), None)[-1])
handshake(
    "tls-warning-flood", lambda c, ctx: (c.recv(), c.flood(b"\x15\x03\x03\x00\x02\x01\x5a", mb=20), None)[-1], rss=200
)
handshake("tls-close", lambda c, ctx: c.recv() and None)
handshake("tls-reset", lambda c, ctx: (c.recv(), c.rst(), None)[-1])
handshake("tls-silent", lambda c, ctx: c.hold(8))
handshake("tls-cut-head", lambda c, ctx: (c.tls(), c.http(), c.send(b"HTTP/1.1 200 OK\r\nContent-"), c.cut(), None)[-1])
handshake(
    "tls-cut-length",
    lambda c, ctx: (c.tls(), c.http(), c.send(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nab"), c.cut(), None)[-1],
)
case(
    "tls-name-alternative",
    "http_get",
    url="https://a.b.test:{main}/",
    dns={"a.b.test": ["127.0.0.1"]},
    cafile="{ca}",
    expect=dict(ERROR, forbid={"main": [b"GET "]}),
)(lambda c, ctx: http_ok(c.tls(), ctx))
case(
    "tls-name-dot",
    "http_get",
    url="https://localhost.:{main}/",
    dns={"localhost.": ["127.0.0.1"], "localhost": ["127.0.0.1"]},
    cafile="{ca}",
    expect=ANY,
)(lambda c, ctx: http_ok(c.tls(), ctx))
case(
    "tls-ip-not-named",
    "http_get",
    url="https://127.0.0.2:{main}/",
    listen={"b": ("127.0.0.2", http_ok)},
    cafile="{ca}",
    expect=ERROR,
)(lambda c, ctx: http_ok(c.tls(), ctx))


# -- Telnet

IAC, SB, SE, DO, WILL = 255, 250, 240, 253, 251


def talking(name: str, serve, **expect) -> None:
    case(
        name,
        "telnet_talk",
        **SOCKET,
        send=b"",
        expect_bytes=b"login:",
        max_bytes=MB,
        expect=dict(ANY, rss=200, **expect),
    )(serve)


talking("telnet-subnegotiation-flood-2", endless(bytes((IAC, SB, 24)), b"x" * 65536), outcome="error")
talking("telnet-iac-flood", endless(b"", bytes((IAC, DO, 1)) * 1000), max_sent={"main": 20000})
talking(
    "telnet-environ",
    lambda c, ctx: (
        c.send(bytes((IAC, DO, 39, IAC, SB, 39, 1, IAC, SE, IAC, DO, 36, IAC, SB, 36, 1, IAC, SE))),
        c.send(b"login:"),
        c.hold(2),
        None,
    )[-1],
    forbid={"main": [b"USER", b"HOME", b"xterm"]},
)
talking(
    "telnet-ttype",
    lambda c, ctx: (c.send(bytes((IAC, DO, 24, IAC, SB, 24, 1, IAC, SE)) * 500), c.send(b"login:"), c.hold(2), None)[
        -1
    ],
    max_sent={"main": 20000},
)
talking(
    "telnet-dm-ao-ip",
    lambda c, ctx: (c.send(bytes((IAC, 242, IAC, 244, IAC, 245, IAC, 246, IAC, 0, IAC)) + b"login:"), c.hold(2), None)[
        -1
    ],
)
talking("telnet-iac-at-end", lambda c, ctx: (c.send(b"log" + bytes((IAC,))), None)[-1], outcome="error")
talking("telnet-cut", lambda c, ctx: (c.send(b"log"), None)[-1], outcome="error")
talking("telnet-drip", lambda c, ctx: c.drip(b"a" * 100), outcome="error")
case(
    "telnet-secret-echo",
    "telnet_talk",
    **SOCKET,
    send=SECRET.encode() + b"\r\n",
    expect_bytes=b"welcome",
    secret_send=True,
    verbose=True,
    expect=dict(ERROR, secret_not_in_output=True),
)(lambda c, ctx: (c.line(), c.send(b"no such: " + SECRET.encode() + b"\r\n"), None)[-1])
case(
    "telnet-send-iac",
    "telnet_talk",
    **SOCKET,
    send=b"\xff\xf4\r\n",
    expect_bytes=b"ok",
    expect=dict(outcome="ok", require={"main": [b"\xff\xff\xf4"]}),
)(lambda c, ctx: (c.line(), c.send(b"ok"), None)[-1])


# -- Gopher


def burrowing(name: str, serve, expect, op="gopher_get", path="/0/x", **more) -> None:
    case(name, op, url="gopher://127.0.0.1:{main}" + path, expect=expect, **more)(serve)


def selector(data: bytes):
    return lambda c, ctx: (c.line(), c.send(data), None)[-1]


burrowing("gopher-crlf-2", selector(b"ok"), dict(ERROR, forbid={"main": [b"\nMAIL"]}), path="/0/x%0d%0aMAIL%20FROM:x")
burrowing("gopher-lf", selector(b"ok"), dict(ERROR, forbid={"main": [b"\nMAIL"]}), path="/0/x%0aMAIL%20FROM:x")
burrowing("gopher-nul", selector(b"ok"), ERROR, path="/0/x%00y")
burrowing("gopher-tabs", selector(b"ok"), ANY, path="/0/x%09a%09+%09b")
burrowing("gopher-endless", endless(b"", b"x" * 65536), dict(ERROR, rss=200), max_bytes=MB)
burrowing("gopher-drip", lambda c, ctx: c.drip(b"a" * 100), ERROR)
burrowing("gopher-reset-2", lambda c, ctx: (c.line(), c.send(b"ab"), c.rst(), None)[-1], ERROR)
burrowing("gopher-silent", lambda c, ctx: c.hold(8), ERROR)
burrowing(
    "gopher-refusal-2", selector(b"3no such thing\terror\terror.host\t1\r\n.\r\n"), ERROR, path="/1/x", op="gopher_menu"
)
burrowing("gopher-menu-flood", endless(b"", b"0a\tb\tc\t70\r\n"), dict(ERROR, rss=900), path="/1/", op="gopher_menu")
burrowing("gopher-menu-line", endless(b"0", b"a" * 65536), dict(ERROR, rss=300), path="/1/", op="gopher_menu")
burrowing(
    "gopher-menu-garbage",
    selector(b"\r\n\t\t\t\r\n0a\tb\tc\t99999999999999\r\n0\xff\tb\tc\tx\r\nhx\tURL:javascript:1\th\t70\r\n.\r\n"),
    ANY,
    path="/1/",
    op="gopher_menu",
)
burrowing(
    "cli-gopher-escape",
    selector(
        b"0\x1b[2J\t/\xc2\x9b\th\x1b[2J\t70\r\ni\xe2\x80\xae\t\tx\t0\r\nh\x07\tURL:http://\x1b[2J/\th\t70\r\n.\r\n"
    ),
    dict(ANY, tty_clean=True),
    path="/1/",
    op="cli_gopher",
)
burrowing(
    "cli-gopher-error-escape",
    selector(b"3\x1b[2J\xc2\x9b\t\terror.host\t1\r\n.\r\n"),
    dict(ANY, tty_clean=True),
    path="/1/",
    op="cli_gopher",
)
case("cli-telnet-c1", "cli_telnet", **SOCKET, expect=dict(ANY, tty_clean=True))(
    lambda c, ctx: (c.send("\u009b2J\u202e\x07\x0e\x1bc login:".encode()), None)[-1]
)


# -- XML-RPC


def calling(name: str, body: bytes, expect, *headers: str, **more) -> None:
    case(name, "xmlrpc_call", **dict(XMLRPC, **more), expect=dict(dict(by=4, rss=300), **expect))(
        xml_answer(body, *headers)
    )


def value(inner: bytes) -> bytes:
    return XMLRPC_OK % inner


BOMB = (
    b'<?xml version="1.0"?><!DOCTYPE r [<!ENTITY a0 "'
    + b"a" * 1000
    + b'">'
    + b"".join(b'<!ENTITY a%d "%s">' % (n, b"&a%d;" % (n - 1) * 10) for n in range(1, 10))
    + b"]><methodResponse><params><param><value>&a9;</value></param></params></methodResponse>"
)
calling("xmlrpc-entities", BOMB, ERROR)
calling(
    "xmlrpc-external",
    b'<?xml version="1.0"?><!DOCTYPE r [<!ENTITY x SYSTEM "file:///etc/hostname">]><methodResponse><params><param><value>&x;</value></param></params></methodResponse>',
    ERROR,
)
calling("xmlrpc-deep", value(b"<array><data><value>" * 10000 + b"</value></data></array>" * 10000), ERROR)
calling("xmlrpc-deep-open", value(b"<struct><member><name>a</name><value>" * 200000), ERROR)
calling("xmlrpc-int-huge", value(b"<int>" + b"9" * 100000 + b"</int>"), ERROR)
calling("xmlrpc-int-range", value(b"<i4>99999999999</i4>"), ANY)
calling("xmlrpc-int-words", value(b"<int>five</int>"), ERROR)
calling("xmlrpc-int-underscore", value(b"<int>1_0</int>"), ERROR)
calling("xmlrpc-boolean-2", value(b"<boolean>2</boolean>"), ERROR)
calling("xmlrpc-double-words", value(b"<double>x</double>"), ERROR)
calling("xmlrpc-base64-bad", value(b"<base64>!!!</base64>"), ERROR)
calling("xmlrpc-date-bad", value(b"<dateTime.iso8601>99999999T99:99:99</dateTime.iso8601>"), ANY)
calling("xmlrpc-type-unknown", value(b"<evil>1</evil>"), ERROR)
calling("xmlrpc-nul", value(b"<string>a\0b</string>"), ERROR)
calling("xmlrpc-cut-2", value(b"<int>1</int>")[:-20], ERROR)
calling("xmlrpc-empty", b"", ERROR)
calling(
    "xmlrpc-two-params",
    b"<methodResponse><params><param><value><int>1</int></value></param><param><value><int>2</int></value></param></params></methodResponse>",
    ERROR,
)
calling(
    "xmlrpc-fault-and-params",
    b"<methodResponse><params><param><value><int>1</int></value></param></params><fault><value><int>2</int></value></fault></methodResponse>",
    ERROR,
)
calling("xmlrpc-fault-bad", b"<methodResponse><fault><value><int>1</int></value></fault></methodResponse>", ERROR)
calling(
    "xmlrpc-request",
    b"<methodCall><methodName>x</methodName><params><param><value><int>1</int></value></param></params></methodCall>",
    ERROR,
)
calling("xmlrpc-encoding-unknown", b'<?xml version="1.0" encoding="x-evil"?>' + value(b"<int>1</int>")[21:], ERROR)
calling("xmlrpc-member-unnamed", value(b"<struct><member><value><int>1</int></value></member></struct>"), ERROR)
calling("xmlrpc-attributes", b"<methodResponse " + b"a='b' " * 50000 + b"/>", ERROR)
calling(
    "xmlrpc-method-name",
    value(b"<int>1</int>"),
    dict(ERROR, forbid={"main": [b"</methodName><params>"]}),
    method="m</methodName><params>",
)
calling("xmlrpc-method-control", value(b"<int>1</int>"), ERROR, method="m\r\nx")
calling("xmlrpc-method-empty", value(b"<int>1</int>"), ERROR, method="")
calling(
    "xmlrpc-param-control", value(b"<int>1</int>"), dict(ANY, forbid={"main": [b"\x00", b"\x1b"]}), params=("a\0\x1b",)
)
calling(
    "xmlrpc-param-markup",
    value(b"<int>1</int>"),
    dict(outcome="ok", forbid={"main": [b"<evil"]}),
    params=("</string><evil>]]>",),
)
calling("xmlrpc-gzip-bomb-2", gz_bomb(300), dict(ERROR, rss=400), "Content-Encoding: gzip", max_bytes=16 * MB)
case("xmlrpc-lost", "xmlrpc_call", **XMLRPC, retries=3, expect=dict(ERROR, max_conns={"main": 1}))(
    lambda c, ctx: c.http() and None
)
case("xmlrpc-500", "xmlrpc_call", **XMLRPC, expect=ERROR)(
    lambda c, ctx: c.http() and c.send(reply(b"\x1b[2J" + SECRET.encode(), "500 No"))
)
case("xmlrpc-drip", "xmlrpc_call", **XMLRPC, expect=ERROR)(
    lambda c, ctx: c.http() and c.drip(reply(value(b"<int>1</int>")))
)


# -- plain sockets

TALK = dict(SOCKET, send=b"x\n", until=b"\n")
case("tcp-flood", "tcp_talk", **TALK, max_bytes=MB, expect=dict(ERROR, rss=200))(endless(b"", b"a" * 65536))
case("tcp-end-early", "tcp_talk", **TALK, expect=ERROR)(lambda c, ctx: (c.line(), c.send(b"half"), None)[-1])
case("tcp-end-empty", "tcp_talk", **TALK, expect=ERROR)(lambda c, ctx: c.line() and None)
case("tcp-reset", "tcp_talk", **TALK, expect=ERROR)(lambda c, ctx: (c.line(), c.send(b"half"), c.rst(), None)[-1])
case("tcp-silent", "tcp_talk", **TALK, expect=ERROR)(lambda c, ctx: c.hold(8))
case("tcp-blackhole", "tcp_talk", **dict(TALK, port="{hole}"), listen={"hole": "blackhole"}, expect=ERROR)(
    lambda c, ctx: None
)
case("tcp-two-lines", "tcp_talk", **TALK, expect=dict(outcome="ok", value_not=b"evil"))(
    lambda c, ctx: (c.line(), c.send(b"one\nevil\n"), None)[-1]
)

UDP = dict(host="127.0.0.1", port="{u}", send=b"q")


def datagram(name: str, serve, **expect) -> None:
    case(name, "udp_talk", **UDP, listen={"u": datagrams(serve)}, expect=dict(ANY, **expect))(lambda c, ctx: None)


datagram("udp-whole", lambda s, d, peer, ctx: s.sendto(b"b" * 9000, peer), check="udp_whole")
datagram("udp-largest", lambda s, d, peer, ctx: s.sendto(b"b" * 65507, peer), outcome="ok")
datagram("udp-empty", lambda s, d, peer, ctx: s.sendto(b"", peer))
datagram("udp-silent", lambda s, d, peer, ctx: None, outcome="error")
datagram("udp-flood", lambda s, d, peer, ctx: [s.sendto(b"b" * 60000, peer) for _ in range(300)] and None, rss=200)
case("udp-refused", "udp_talk", **UDP, listen={"u": "dead"}, expect=ERROR)(lambda c, ctx: None)
