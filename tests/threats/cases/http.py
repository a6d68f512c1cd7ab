"""The cases of http."""

from __future__ import annotations

import os
import re
import time

from threats.engine import MB, SECRET, TOKEN, USER, case
from threats.scripts import gz, gz_bomb, http_ok, redirect, reply


@case(
    "http-redir-auth-origin",
    "http_get",
    url="http://127.0.0.1:{main}/",
    user=USER,
    password=SECRET,
    listen={"other": http_ok},
    expect=dict(outcome="any", secret_not_on=["other"]),
)
def _(c, ctx):
    c.http() and c.send(redirect(f"http://127.0.0.1:{ctx.ports['other']}/x"))


@case(
    "http-redir-cookie-header",
    "http_get",
    url="http://127.0.0.1:{main}/",
    headers={"Cookie": "sid=" + SECRET},
    listen={"other": http_ok},
    expect=dict(outcome="any", secret_not_on=["other"]),
)
def _(c, ctx):
    c.http() and c.send(redirect(f"http://localhost:{ctx.ports['other']}/x"))


@case(
    "http-redir-bearer",
    "http_get",
    url="http://127.0.0.1:{main}/",
    bearer=TOKEN,
    netrc=True,
    home={".netrc": "machine localhost login bob password other-pass\n"},
    listen={"other": http_ok},
    expect=dict(outcome="any", forbid={"other": [TOKEN.encode()]}),
)
def _(c, ctx):
    c.http() and c.send(redirect(f"http://localhost:{ctx.ports['other']}/x"))


@case(
    "http-redir-downgrade",
    "http_get",
    url="https://127.0.0.1:{main}/",
    user=USER,
    password=SECRET,
    cafile="{ca}",
    listen={"other": http_ok},
    expect=dict(outcome="any", secret_not_plain=True),
)
def _(c, ctx):
    c.tls()
    c.http() and c.send(redirect(f"http://127.0.0.1:{ctx.ports['other']}/x"))


@case(
    "http-redir-307-body",
    "http_get",
    url="http://127.0.0.1:{main}/",
    method="POST",
    data=b"password=" + SECRET.encode(),
    listen={"other": http_ok},
    expect=dict(outcome="any", secret_not_on=["other"]),
)
def _(c, ctx):
    c.http() and c.send(redirect(f"http://localhost:{ctx.ports['other']}/x", "307 Temporary Redirect"))


@case("http-redir-file", "http_get", url="http://127.0.0.1:{main}/", expect=dict(outcome="error", value_not=b"CANARY"))
def _(c, ctx):
    c.http() and c.send(redirect("file://" + os.path.join(ctx.root, "canary.txt")))


@case(
    "http-redir-userinfo",
    "http_get",
    url="http://127.0.0.1:{main}/",
    listen={"other": "dead"},
    expect=dict(outcome="error", secret_not_in_output=True),
)
def _(c, ctx):
    c.http() and c.send(redirect(f"http://{USER}:{SECRET}@localhost:{ctx.ports['other']}/x"))


@case(
    "http-chunk-cut",
    "http_get",
    url="http://127.0.0.1:{main}/f.bin",
    dest="f.bin",
    expect=dict(outcome="error", absent=["f.bin"]),
)
def _(c, ctx):
    c.http() and c.send(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n")


@case("http-noclen-stall", "http_get", url="http://127.0.0.1:{main}/", expect=dict(outcome="error"))
def _(c, ctx):
    if c.http():
        c.send(b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nhello")
        c.hold()


@case("http-gzip-cut", "http_get", url="http://127.0.0.1:{main}/", expect=dict(outcome="error"))
def _(c, ctx):
    b = gz(os.urandom(20000).hex().encode())[:9000]
    c.http() and c.send(reply(b, "200 OK", "Content-Encoding: gzip"))


@case("http-gzip-badcrc", "http_get", url="http://127.0.0.1:{main}/", expect=dict(outcome="error"))
def _(c, ctx):
    b = bytearray(gz(b"hello " * 1000))
    b[-6] ^= 0xFF
    c.http() and c.send(reply(bytes(b), "200 OK", "Content-Encoding: gzip"))


@case("http-tls-truncation", "http_get", url="https://127.0.0.1:{main}/", cafile="{ca}", expect=dict(outcome="error"))
def _(c, ctx):
    c.tls()
    if c.http():
        c.send(b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nhalf of it")
        c.cut()


@case("http-trailer-flood", "http_get", url="http://127.0.0.1:{main}/", expect=dict(outcome="error", rss=200))
def _(c, ctx):
    if c.http():
        c.send(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n")
        end = time.monotonic() + 12
        while time.monotonic() < end:
            c.send(b"X-T: aaaaaaaaaaaaaaaaaaaaaaaa\r\n" * 20)
            c.sleep(0.02)


@case("http-header-flood", "http_get", url="http://127.0.0.1:{main}/", expect=dict(outcome="error", rss=200))
def _(c, ctx):
    if c.http():
        c.send(b"HTTP/1.1 200 OK\r\n")
        c.flood(b"X-Header: aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\r\n")


@case("http-header-long-line", "http_get", url="http://127.0.0.1:{main}/", expect=dict(outcome="error", rss=200))
def _(c, ctx):
    if c.http():
        c.send(b"HTTP/1.1 200 OK\r\nX-Big: ")
        c.flood(b"a" * 65536)


@case("http-100-flood", "http_get", url="http://127.0.0.1:{main}/", expect=dict(outcome="error", rss=200))
def _(c, ctx):
    if c.http():
        end = time.monotonic() + 12
        while time.monotonic() < end:
            c.send(b"HTTP/1.1 100 Continue\r\n\r\n" * 20)
            c.sleep(0.02)


@case(
    "http-gzip-bomb",
    "http_get",
    url="http://127.0.0.1:{main}/",
    max_bytes=16 * MB,
    expect=dict(outcome="error", rss=200),
)
def _(c, ctx):
    c.http() and c.send(reply(gz_bomb(300), "200 OK", "Content-Encoding: gzip"))


@case(
    "http-gzip-chain",
    "http_get",
    url="http://127.0.0.1:{main}/",
    max_bytes=16 * MB,
    expect=dict(outcome="error", rss=200),
)
def _(c, ctx):
    b = b"x" * 1000
    for _ in range(40):
        b = gz(b)
    c.http() and c.send(reply(b, "200 OK", "Content-Encoding: " + ", ".join(["gzip"] * 40)))


@case(
    "http-body-endless",
    "http_get",
    url="http://127.0.0.1:{main}/",
    max_bytes=16 * MB,
    expect=dict(outcome="error", rss=200),
)
def _(c, ctx):
    if c.http():
        c.send(b"HTTP/1.1 200 OK\r\n\r\n")
        c.flood(b"a" * 65536, mb=300)


@case("http-cl-overflow", "http_get", url="http://127.0.0.1:{main}/", expect=dict(outcome="error", rss=200))
def _(c, ctx):
    c.http() and c.send(b"HTTP/1.1 200 OK\r\nContent-Length: 99999999999999999999999\r\n\r\nhello")


@case(
    "http-nul-header",
    "http_get",
    url="http://127.0.0.1:{main}/",
    want_headers=True,
    expect=dict(outcome="any", value_not=b"\0"),
)
def _(c, ctx):
    c.http() and c.send(b"HTTP/1.1 200 OK\r\nX-A: a\0b\r\nContent-Length: 2\r\n\r\nok")


@case(
    "http-resume-wrong-range",
    "http_get",
    url="http://127.0.0.1:{main}/f.bin",
    dest="f.bin",
    resume=True,
    dl={"f.bin": b"01234"},
    expect=dict(outcome="any", file_in={"f.bin": [b"0123456789", b"01234", None]}),
)
def _(c, ctx):
    r = c.http()
    if r and "range" in r["headers"]:
        c.send(reply(b"23456789", "206 Partial Content", "Content-Range: bytes 2-9/10"))
    elif r:
        c.send(reply(b"0123456789"))


@case(
    "http-resume-changed",
    "http_get",
    url="http://127.0.0.1:{main}/f.bin",
    dest="f.bin",
    resume=True,
    repeat=2,
    expect=dict(outcome="any", file_in={"f.bin": [b"B" * 300000, None]}, file_not_mixed="f.bin"),
)
def _(c, ctx):
    r = c.http()
    if not r:
        return
    n = ctx.bag["n"] = ctx.bag.get("n", 0) + 1
    if n == 1:
        c.send(
            b'HTTP/1.1 200 OK\r\nETag: "v1"\r\nAccept-Ranges: bytes\r\nContent-Length: 300000\r\n\r\n' + b"A" * 150000
        )
        c.sleep(0.2)
        return
    m = re.match(r"bytes=(\d+)-", r["headers"].get("range", ""))
    if m and r["headers"].get("if-range", '"v2"') == '"v2"':
        k = int(m[1])
        c.send(
            reply(b"B" * (300000 - k), "206 Partial Content", 'ETag: "v2"', f"Content-Range: bytes {k}-299999/300000")
        )
    else:
        c.send(reply(b"B" * 300000, "200 OK", 'ETag: "v2"'))


@case(
    "http-name-traversal",
    "http_get",
    url="http://127.0.0.1:{main}/x",
    dir="{dl}",
    expect=dict(outcome="any", inside=True),
)
def _(c, ctx):
    c.http() and c.send(reply(b"evil", "200 OK", 'Content-Disposition: attachment; filename="../../evil.txt"'))


@case(
    "http-name-overwrite",
    "http_get",
    url="http://127.0.0.1:{main}/x",
    dir="{dl}",
    dl={"precious.txt": b"precious"},
    expect=dict(outcome="any", file_in={"precious.txt": [b"precious"]}),
)
def _(c, ctx):
    c.http() and c.send(reply(b"evil", "200 OK", 'Content-Disposition: attachment; filename="precious.txt"'))


@case(
    "http-name-dotfile",
    "http_get",
    url="http://127.0.0.1:{main}/report.pdf",
    dir="{dl}",
    expect=dict(outcome="any", absent=[".bashrc"]),
)
def _(c, ctx):
    r = c.http()
    if r and r["path"] == "/report.pdf":
        c.send(redirect("/.bashrc"))
    elif r:
        c.send(reply(b"evil", "200 OK", 'Content-Disposition: attachment; filename=".bashrc"'))


@case(
    "http-name-long",
    "http_get",
    url="http://127.0.0.1:{main}/x",
    dir="{dl}",
    expect=dict(outcome="any", inside=True, typed=True),
)
def _(c, ctx):
    c.http() and c.send(reply(b"x", "200 OK", 'Content-Disposition: attachment; filename="' + "n" * 400 + '"'))


@case(
    "http-crlf-method",
    "http_get",
    url="http://127.0.0.1:{main}/",
    method="GET / HTTP/1.1\r\nX-Injected: 1\r\nZ:",
    expect=dict(outcome="error", forbid={"main": [b"\nX-Injected"]}),
)
def _(c, ctx):
    http_ok(c, ctx)


@case(
    "http-crlf-auth",
    "http_get",
    url="http://127.0.0.1:{main}/",
    bearer="t\r\nX-Injected: 1",
    expect=dict(outcome="error", forbid={"main": [b"\nX-Injected"]}),
)
def _(c, ctx):
    http_ok(c, ctx)


@case(
    "http-url-backslash",
    "http_get",
    url="http://127.0.0.1:{main}\\@127.0.0.1:{other}/",
    listen={"other": http_ok},
    expect=dict(outcome="error", no_conn=["main", "other"]),
)
def _(c, ctx):
    http_ok(c, ctx)


@case(
    "http-netrc-redirect",
    "http_get",
    url="http://127.0.0.1:{main}/",
    netrc=True,
    home={".netrc": f"machine 127.0.0.1\n login {USER}\n password {SECRET}\nmachine localhost\n login {USER}\n"},
    listen={"other": http_ok},
    expect=dict(outcome="any", secret_not_on=["other"]),
)
def _(c, ctx):
    c.http() and c.send(redirect(f"http://localhost:{ctx.ports['other']}/x"))


@case(
    "http-proxy-auth-redirect",
    "http_get",
    url="http://origin.test/",
    proxy="http://alice:" + SECRET + "@127.0.0.1:{main}",
    noproxy="127.0.0.1",
    listen={"other": http_ok},
    expect=dict(outcome="any", secret_not_on=["other"]),
)
def _(c, ctx):
    c.http() and c.send(redirect(f"http://127.0.0.1:{ctx.ports['other']}/x"))


@case(
    "http-connect-refused-body",
    "http_get",
    url="https://origin.test/",
    proxy="http://127.0.0.1:{main}",
    cafile="{ca}",
    expect=dict(outcome="error", value_not=b"PHISH"),
)
def _(c, ctx):
    c.http() and c.send(reply(b"<h1>PHISH</h1>", "403 Forbidden"))


@case(
    "http-keepalive-poison",
    "http_get2",
    url="http://127.0.0.1:{main}/a",
    url2="http://127.0.0.1:{main}/b",
    expect=dict(outcome="any", value_not=b"POISON"),
)
def _(c, ctx):
    while r := c.http():
        body = b"page" + r["path"].encode()
        c.send(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(body) + body)
        if r["path"] == "/a":
            c.send(b"HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nPOISON")
            c.sleep(0.2)


@case(
    "http-dns-dead-first",
    "http_get",
    url="http://multi.test:{main}/",
    timeout=4,
    deadline=9,
    dns={"multi.test": ["127.0.0.2", "127.0.0.1"]},
    listen={"bh": ("127.0.0.2", "blackhole:main")},
    expect=dict(outcome="ok", value_has=b"ok", by=2.5),
)
def _(c, ctx):
    http_ok(c, ctx)


@case(
    "http-sigint-mid",
    "http_get",
    url="http://127.0.0.1:{main}/f.bin",
    dest="f.bin",
    timeout=8,
    deadline=20,
    expect=dict(outcome="killed", kill=("INT", 1.8), kill_by=1.5, absent=["f.bin"]),
)
def _(c, ctx):
    if c.http():
        c.send(b"HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n" + b"a" * 200000)
        c.drip(b"a" * 100)


@case(
    "http-dest-keeps-old",
    "http_get",
    url="http://127.0.0.1:{main}/f.bin",
    dest="f.bin",
    dl={"f.bin": b"old and good"},
    expect=dict(outcome="error", file_in={"f.bin": [b"old and good"]}),
)
def _(c, ctx):
    c.http() and c.send(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\nabc")


@case(
    "http-secret-in-verbose",
    "http_get",
    url="http://127.0.0.1:{main}/",
    user=USER,
    password=SECRET,
    verbose=True,
    expect=dict(outcome="ok", secret_not_in_output=True),
)
def _(c, ctx):
    http_ok(c, ctx)


@case(
    "http-auth-redos",
    "http_get",
    url="http://127.0.0.1:{main}/",
    user=USER,
    password="x",
    digest=True,
    expect=dict(outcome="any", by=3),
)
def _(c, ctx):
    c.http() and c.send(reply(b"no", "401 Unauthorized", "WWW-Authenticate: Digest " + "," * 60000))


@case(
    "http-auth-loop",
    "http_get",
    url="http://127.0.0.1:{main}/",
    user=USER,
    password="x",
    digest=True,
    expect=dict(outcome="any", max_conns={"main": 6}),
)
def _(c, ctx):
    if c.http():
        c.send(
            reply(
                b"no",
                "401 Unauthorized",
                f'WWW-Authenticate: Digest realm="r", nonce="{os.urandom(8).hex()}", qop="auth", stale=true',
            )
        )


@case("http-idna-quadratic", "http_get", url="http://127.0.0.1:{main}/", expect=dict(outcome="error", by=2.5))
def _(c, ctx):
    c.http() and c.send(redirect("http://" + "\u00e9\u4e00" * 15000 + ".test/"))


@case(
    "http-download-symlink",
    "http_get",
    url="http://127.0.0.1:{main}/x",
    dir="{dl}",
    symlink={"f.txt": "../../canary.txt"},
    expect=dict(outcome="any", inside=True),
)
def _(c, ctx):
    c.http() and c.send(reply(b"evil", "200 OK", 'Content-Disposition: attachment; filename="f.txt"'))


@case("http-retry-after-bomb", "http_get", url="http://127.0.0.1:{main}/", retries=2, expect=dict(outcome="any", by=6))
def _(c, ctx):
    c.http() and c.send(reply(b"busy", "503 Busy", "Retry-After: 99999999"))
