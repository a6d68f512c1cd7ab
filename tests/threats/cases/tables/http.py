"""The cases of HTTP's secrets: cookies, challenges, proxies, and what a URL or a header may smuggle."""

from __future__ import annotations

import struct

from threats.cases.tables.http_framing import ERROR, URL, head, raw
from threats.engine import MB, SECRET, TOKEN, USER, case
from threats.scripts import http_ok, redirect, reply

LOGIN = dict(URL, user=USER, password=SECRET, tls="none")
CHALLENGE = 'WWW-Authenticate: Digest realm="{realm}", nonce="{nonce}", qop="{qop}", algorithm={algorithm}'
USUAL = dict(realm="r", nonce="n", qop="auth", algorithm="MD5")


def challenged(name: str, line: str, **expect) -> None:
    def serve(c, ctx):
        for _ in range(8):
            if c.http() is None:
                return
            c.send(head(line, "Content-Length: 0", status="401 No"))

    case(
        name,
        "http_get",
        **LOGIN,
        digest=True,
        expect=dict(dict(outcome="any", secret_not_on=["main"], max_conns={"main": 6}), **expect),
    )(serve)


challenged("http-digest-to-basic", 'WWW-Authenticate: Basic realm="r"')
challenged("http-digest-no-nonce", 'WWW-Authenticate: Digest realm="r"')
challenged("http-digest-empty", "WWW-Authenticate: Digest")
challenged("http-digest-algorithm", CHALLENGE.format(**dict(USUAL, algorithm="ROT13")))
challenged("http-digest-auth-int", CHALLENGE.format(**dict(USUAL, qop="auth-int")))
challenged("http-digest-quote", CHALLENGE.format(**dict(USUAL, realm='a\\"b\\\\')), forbid={"main": [b'realm="a"b']})
challenged("http-digest-open-quote", 'WWW-Authenticate: Digest realm="r, nonce="n, qop=auth')
challenged("http-digest-twice", CHALLENGE.format(**USUAL) + ", " + CHALLENGE[18:].format(**USUAL))
challenged("http-digest-nonce-long", CHALLENGE.format(**dict(USUAL, nonce="n" * 60000)))
challenged("http-digest-control", CHALLENGE.format(**dict(USUAL, realm="a\x0bb\x1b", nonce="\x7f\xff")))
challenged("http-digest-commas", "WWW-Authenticate: Digest " + "," * 60000, by=3)
challenged("http-digest-quotes", "WWW-Authenticate: Digest " + '"\\' * 30000, by=3)
challenged("http-digest-equals", "WWW-Authenticate: Digest " + "a=" * 30000, by=3)


def cookie_not_sent(name: str, line: str, host: str = "other.test") -> None:
    def serve(c, ctx):
        if c.http():
            c.send(redirect(f"http://{host}:{ctx.ports['other']}/", "302 Found", "Set-Cookie: " + line))

    case(
        name,
        "http_get",
        url="http://one.test:{main}/",
        dns={
            "one.test": ["127.0.0.1"],
            "other.test": ["127.0.0.1"],
            "notone.test": ["127.0.0.1"],
            "sub.one.test": ["127.0.0.1"],
        },
        cookies=True,
        listen={"other": http_ok},
        expect=dict(outcome="any", forbid={"other": [TOKEN.encode()]}, secret_not_on=["other"]),
    )(serve)


cookie_not_sent("http-cookie-domain-other", f"a={TOKEN}; Domain=other.test")
cookie_not_sent("http-cookie-domain-tld", f"a={TOKEN}; Domain=test")
cookie_not_sent("http-cookie-domain-dot", f"a={TOKEN}; Domain=.")
cookie_not_sent("http-cookie-domain-tail", f"a={TOKEN}; Domain=one.test", "notone.test")
cookie_not_sent("http-cookie-host-only", f"a={TOKEN}", "sub.one.test")
cookie_not_sent("http-cookie-prefix-host", f"__Host-a={TOKEN}; Domain=one.test; Path=/", "sub.one.test")
cookie_not_sent("http-cookie-secure", f"a={TOKEN}; Secure; Domain=one.test", "sub.one.test")
cookie_not_sent("http-cookie-path", f"a={TOKEN}; Domain=one.test; Path=/deep", "sub.one.test")
cookie_not_sent("http-cookie-expired", f"a={TOKEN}; Domain=one.test; Max-Age=0", "sub.one.test")


@case(
    "http-cookie-control",
    "http_get",
    url="http://127.0.0.1:{main}/",
    cookies=True,
    expect=dict(outcome="any", forbid={"main": [b"\nX-Evil", b"\x1b", b"\x00"]}),
)
def _(c, ctx):
    if c.http():
        c.send(
            head(
                "Set-Cookie: a=b\x1b[2J\x01; Path=/",
                "Set-Cookie: c=d\rX-Evil: 1",
                "Location: /y",
                "Content-Length: 0",
                status="302 Found",
            )
        )
        if c.http():
            c.send(reply(b"ok"))


def bad_url(name: str, url: str, **more) -> None:
    listen = {"other": http_ok}
    expect = dict(ERROR, by=1.5, no_conn=["main", "other"])
    case(name, "http_get", url=url, listen=listen, expect=expect, **more)(http_ok)


bad_url("http-url-newline", "http://127.0.0.1:{main}/a\nX-Evil: 1")
bad_url("http-url-host-crlf", "http://127.0.0.1:{main}\r\nX-Evil: 1/")
bad_url("http-url-host-encoded", "http://127.0.0.1%0d%0aX:{main}/")
bad_url("http-url-host-nul", "http://127.0.0.1%00.evil.test:{main}/")
bad_url("http-url-port-huge", "http://127.0.0.1:99999/")
bad_url("http-url-port-negative", "http://127.0.0.1:-1/")
bad_url("http-url-port-unicode", "http://127.0.0.1:\u0668\u0660/")
bad_url("http-url-two-at", "http://a@127.0.0.1:{main}@127.0.0.1:{other}/")
bad_url("http-url-bracket", "http://[127.0.0.1:{main}/")
bad_url("http-url-fraction-slash", "http://127.0.0.1:{main}\uff0f@127.0.0.1:{other}/")
bad_url("http-url-empty-host", "http://:{main}/")
bad_url("http-url-label-long", "http://" + "a" * 64 + ".test:{main}/")
bad_url("http-url-no-scheme", "//127.0.0.1:{main}/")
bad_url("http-url-file", "file:///etc/hostname")
bad_url("http-header-name-crlf", "http://127.0.0.1:{main}/", headers={"X-A\r\nX-Evil": "1"})
bad_url("http-header-name-space", "http://127.0.0.1:{main}/", headers={"X A": "1"})
bad_url("http-header-name-empty", "http://127.0.0.1:{main}/", headers={"": "1"})
bad_url("http-header-value-lf", "http://127.0.0.1:{main}/", headers={"X-A": "1\nX-Evil: 1"})
bad_url("http-header-value-nul", "http://127.0.0.1:{main}/", headers={"X-A": "1\0"})
bad_url("http-method-space", "http://127.0.0.1:{main}/", method="GET /evil")
bad_url("http-method-empty", "http://127.0.0.1:{main}/", method="")
bad_url("http-user-colon", "http://127.0.0.1:{main}/", user="a:b", password=SECRET)
bad_url("http-proxy-crlf", "http://127.0.0.1:{main}/", proxy="http://127.0.0.1:{other}\r\n/")
bad_url("http-proxy-scheme", "http://127.0.0.1:{main}/", proxy="gopher://127.0.0.1:{other}/")


@case(
    "http-url-space",
    "http_get",
    url="http://127.0.0.1:{main}/a b\tc",
    expect=dict(outcome="any", forbid={"main": [b"/a b"]}),
)
def _(c, ctx):
    http_ok(c, ctx)


@case(
    "http-host-header-smuggle",
    "http_get",
    **URL,
    headers={"Content-Length": "99", "Transfer-Encoding": "chunked"},
    method="POST",
    data=b"hello",
    expect=dict(outcome="error", no_conn=["main"]),
)
def _(c, ctx):
    http_ok(c, ctx)


# -- proxies: HTTP CONNECT and SOCKS


def proxied(name: str, serve, scheme: str = "http", url: str = "https://127.0.0.1:1/", **expect) -> None:
    case(
        name,
        "http_get",
        url=url,
        proxy=scheme + "://alice:" + SECRET + "@127.0.0.1:{main}",
        expect=dict(dict(ERROR, secret_not_in_output=True), **expect),
    )(serve)


def connect_with(*pieces: bytes):
    def serve(c, ctx):
        if c.http():
            for piece in pieces:
                c.send(piece)
            c.hold(6)

    return serve


def flooded(start: bytes, chunk: bytes):
    def serve(c, ctx):
        c.recv()
        c.send(start)
        c.flood(chunk)

    return serve


def socks(*answers: bytes):
    def serve(c, ctx):
        for answer in answers:
            if not c.recv():
                return
            c.send(answer)
        c.hold(6)

    return serve


proxied("proxy-connect-flood", flooded(b"HTTP/1.1 200 OK\r\n", b"X-A: b\r\n"), rss=200)
proxied("proxy-connect-line", flooded(b"HTTP/1.1 200 ", b"x" * 65536), rss=200)
proxied("proxy-connect-garbage", connect_with(b"\x15\x03\x01\x00\x02\x02\x28"))
proxied("proxy-connect-silent", connect_with(), by=6)
proxied("proxy-connect-100", flooded(b"", b"HTTP/1.1 100 Continue\r\n\r\n"), rss=200)
proxied(
    "proxy-connect-injected",
    connect_with(b"HTTP/1.1 200 OK\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nEVIL"),
    value_not=b"EVIL",
)
proxied(
    "proxy-connect-407",
    connect_with(b'HTTP/1.1 407 No\r\nProxy-Authenticate: Basic realm="\x1b[2J"\r\nContent-Length: 0\r\n\r\n'),
    max_conns={"main": 3},
)
proxied(
    "proxy-connect-redirect",
    connect_with(b"HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:1/\r\nContent-Length: 0\r\n\r\n"),
)
proxied("proxy-connect-drip", lambda c, ctx: c.http() and c.drip(b"HTTP/1.1 200 OK\r\nX: " + b"a" * 90))
proxied("socks5-version", socks(b"\x04\x00"), "socks5h")
proxied("socks5-no-method", socks(b"\x05\xff"), "socks5h", secret_not_on=["main"])
proxied("socks5-method-unasked", socks(b"\x05\x01"), "socks5h", secret_not_on=["main"])
proxied("socks5-auth-refused", socks(b"\x05\x02", b"\x01\x01"), "socks5h")
proxied("socks5-refused", socks(b"\x05\x00", b"\x05\x05\x00\x01\0\0\0\0\0\0"), "socks5h")
proxied("socks5-atyp", socks(b"\x05\x00", b"\x05\x00\x00\x09\0\0\0\0\0\0"), "socks5h")
proxied("socks5-code-unknown", socks(b"\x05\x00", b"\x05\xfe\x00\x01\0\0\0\0\0\0"), "socks5h")
proxied(
    "socks5-cut",
    lambda c, ctx: (c.recv(), c.send(b"\x05\x00"), c.recv(), c.send(b"\x05\x00\x00\x03\xff"), None)[-1],
    "socks5h",
)
proxied("socks5-silent", socks(b"\x05\x00"), "socks5h")
proxied("socks5-flood", flooded(b"\x05\x00\x05\x00\x00\x03\xff", b"a" * 65536), "socks5h", rss=200)
proxied("socks4-refused", socks(struct.pack(">BBHI", 0, 91, 0, 0)), "socks4a")
proxied("socks4-garbage", socks(b"HTTP/1.1 400 Bad\r\n\r\n"), "socks4a")


# -- files under the names that a server gives


def named(name: str, disposition: str, *absent: str, path: str = "/report.pdf", **more) -> None:
    def serve(c, ctx):
        if c.http():
            c.send(reply(b"evil", "200 OK", "Content-Disposition: " + disposition.replace("{root}", ctx.root)))

    expect = dict(outcome="any", names_clean=True, absent=list(absent), **more.pop("expect", {}))
    case(name, "http_get", url="http://127.0.0.1:{main}" + path, dir="{dl}", expect=expect, **more)(serve)


named("http-name-star-traversal", "attachment; filename*=UTF-8''..%2F..%2Fevil.txt")
named("http-name-absolute", 'attachment; filename="{root}/evil.txt"')
named("http-name-star-absolute", "attachment; filename*=UTF-8''%2Ftmp%2Fevil.txt")
named("http-name-backslash", 'attachment; filename="..\\\\..\\\\evil.txt"', "..\\..\\evil.txt")
named("http-name-drive", 'attachment; filename="C:\\\\evil.txt"', "C:\\evil.txt", "C:evil.txt")
named("http-name-stream", 'attachment; filename="a.txt:evil"', "a.txt:evil")
named("http-name-device", 'attachment; filename="CON"', "CON")
named("http-name-device-ending", 'attachment; filename="nul.txt"', "nul.txt")
named("http-name-dots", 'attachment; filename=".."')
named("http-name-dot", 'attachment; filename="."')
named("http-name-slash", 'attachment; filename="/"')
named("http-name-empty", 'attachment; filename=""')
named("http-name-space", 'attachment; filename="   "', "   ")
named("http-name-trailing-dot", 'attachment; filename="evil.txt. . "', "evil.txt. . ", "evil.txt.")
named("http-name-nul", "attachment; filename*=UTF-8''evil.txt%00.pdf")
named("http-name-escape", "attachment; filename*=UTF-8''evil%1b%5B2J%0a.txt")
named("http-name-c1", "attachment; filename*=UTF-8''evil%C2%9B2J.txt", "evil\x9b2J.txt")
named("http-name-bidi", "attachment; filename*=UTF-8''evil%E2%80%AEfdp.exe", "evil\u202efdp.exe")
named("http-name-bad-utf8", "attachment; filename*=UTF-8''evil%FF%FE.txt")
named("http-name-bad-charset", "attachment; filename*=zlib_codec''evil%FF.txt")
named("http-name-bashrc", 'attachment; filename=".bashrc"', ".bashrc")
named("http-name-netrc", "attachment; filename*=UTF-8''.netrc", ".netrc")
named("http-name-tilde", 'attachment; filename="~/.profile"', ".profile", "~/.profile")
named("http-name-part", 'attachment; filename="x.part"')
named("http-name-many-params", "attachment; " + "filename*0=a; " * 4000)
named("http-name-path-encoded", "attachment", path="/..%2f..%2fevil.txt")
named("http-name-path-dotfile", "attachment", ".bashrc", path="/.bashrc%3f")
named("http-name-dir-symlink", 'attachment; filename="sub/evil.txt"', symlink={"sub": "../.."})
named("http-name-part-symlink", 'attachment; filename="report.pdf"', symlink={"report.pdf.part": "../../canary.txt"})


@case(
    "http-file-too-large",
    "http_get",
    **URL,
    dest="{dl}/f",
    max_bytes=MB,
    dl={"f": b"old"},
    expect=dict(ERROR, file_in={"f": [b"old"]}),
)
def _(c, ctx):
    if c.http():
        c.send(head("Connection: close"))
        c.flood(b"x" * 65536, mb=8)


@case(
    "http-file-error-page",
    "http_get",
    **URL,
    dest="{dl}/f",
    dl={"f": b"old"},
    expect=dict(ERROR, file_in={"f": [b"old"]}),
)
def _(c, ctx):
    raw(reply(b"<html>not here", "404 Not Found"))(c, ctx)


@case(
    "http-file-disk-full",
    "http_get",
    **URL,
    dest="{dl}/f",
    fsize=100000,
    dl={"f": b"old"},
    expect=dict(ERROR, file_in={"f": [b"old"]}),
)
def _(c, ctx):
    raw(reply(b"x" * 400000))(c, ctx)


def resumed(name: str, answer, *good: bytes) -> None:
    def serve(c, ctx):
        while (request := c.http()) is not None:
            c.send(
                answer
                if "range" in request["headers"]
                else head("Content-Length: 10", 'ETag: "v2"', body=b"BBBBBBBBBB")
            )

    case(
        name,
        "http_get",
        **URL,
        dest="{dl}/f",
        resume=True,
        dl={"f.part": b"AAAAA", "f": b"AAAAA"},
        expect=dict(outcome="any", file_not_mixed="f"),
    )(serve)


resumed("http-resume-no-range", head("Content-Length: 5", status="206 Partial", body=b"BBBBB"))
resumed(
    "http-resume-multipart",
    head("Content-Type: multipart/byteranges; boundary=x", "Content-Length: 5", status="206 Partial", body=b"BBBBB"),
)
resumed(
    "http-resume-unit", head("Content-Range: lines 5-9/10", "Content-Length: 5", status="206 Partial", body=b"BBBBB")
)
resumed("http-resume-star", head("Content-Range: bytes */10", "Content-Length: 5", status="206 Partial", body=b"BBBBB"))
resumed(
    "http-resume-backwards",
    head("Content-Range: bytes 9-5/10", "Content-Length: 5", status="206 Partial", body=b"BBBBB"),
)
resumed("http-resume-416", head("Content-Range: bytes */3", "Content-Length: 0", status="416 No"))
resumed("http-resume-304", head(status="304 Not Modified"))
resumed(
    "http-resume-gzip",
    head(
        "Content-Range: bytes 5-9/10",
        "Content-Encoding: gzip",
        "Content-Length: 5",
        'ETag: "v3"',
        status="206 Partial",
        body=b"BBBBB",
    ),
)
resumed("http-resume-200", head("Content-Length: 10", body=b"BBBBBBBBBB"))


def shown(name: str, answer: bytes) -> None:
    case(name, "cli_http", **URL, show_headers=True, expect=dict(outcome="any", tty_clean=True))(raw(answer))


shown("cli-http-header-escape", reply(b"ok", "200 OK", "X-A: \x1b]52;c;cHduZWQ=\x07"))
shown("cli-http-reason-escape", reply(b"ok", "200 \x1b[2J\x9bhi"))
shown("cli-http-error-escape", reply(b"\x1b[2Jno", "404 \x1b[2J", "Content-Type: text/plain"))
shown("cli-http-location-escape", redirect("file:///\x1b[2J"))
shown("cli-http-c1", reply("\u009b2J\u202e".encode(), "200 OK", "Content-Type: text/plain; charset=utf-8"))
shown("cli-http-charset", reply(b"+ABs-[2J", "200 OK", "Content-Type: text/plain; charset=utf-7"))
shown("cli-http-status-escape", b"\x1b[2J\x1b]0;x\x07 200\r\n\r\n")


def again(challenge: str):
    def serve(c, ctx):
        for number in range(99):
            if c.http() is None:
                return
            c.send(head(challenge % number, "Content-Length: 0", status="407 No" if "Proxy" in challenge else "401 No"))

    return serve


FEW = dict(max_sent={"main": 4000})
proxied("proxy-407-loop", again('Proxy-Authenticate: Basic realm="%d"'), url="http://origin.test/", **FEW)
proxied("proxy-407-digest", again('Proxy-Authenticate: Digest realm="x", nonce="%d"'), url="http://origin.test/", **FEW)
proxied("proxy-connect-407-loop", again('Proxy-Authenticate: Digest realm="x", nonce="%d"'), **FEW)
proxied("proxy-connect-page", connect_with(reply(b"portal")), value_not=b"portal")
proxied("proxy-connect-204", connect_with(head(status="204 No Content")))
proxied("proxy-connect-chunked", connect_with(head("Transfer-Encoding: chunked", body=b"5\r\nhello\r\n0\r\n\r\n")))
case("http-digest-stale", "http_get", **LOGIN, digest=True, expect=dict(outcome="any", **FEW))(
    again('WWW-Authenticate: Digest realm="r", nonce="n%d", stale=true')
)
case("http-ntlm", "http_get", **LOGIN, digest=True, expect=dict(outcome="any", secret_not_on=["main"], **FEW))(
    again("WWW-Authenticate: NTLM TlRMTVNTUAACAAAA%d")
)
LONG = "http://" + ".".join(["a" * 60] * 5) + ".test/"
for scheme in ("socks5h", "socks4a"):
    proxied(f"{scheme}-name-long", socks(b"\x05\x00"), scheme, url=LONG)
    proxied(f"{scheme}-http-answer", socks(reply(b"hi")), scheme, url="http://origin.test/")
    proxied(f"{scheme}-drip", lambda c, ctx: c.recv() and c.drip(b"\x05\x00" * 20), scheme, url="http://origin.test/")
case("socks5-password-long", "http_get", url=LONG[:30] + ".test/", expect=dict(ERROR, forbid={"main": [b"ppp"]}),
     proxy="socks5h://alice:" + "p" * 300 + "@127.0.0.1:{main}")(socks(b"\x05\x02"))  # fmt: skip
