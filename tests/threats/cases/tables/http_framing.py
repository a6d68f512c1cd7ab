"""The cases of HTTP's framing: where an answer ends, and whose it is."""

from __future__ import annotations

from threats.engine import MB, SECRET, USER, case
from threats.scripts import MSG, gz, gz_bomb, redirect, reply

URL = dict(url="http://127.0.0.1:{main}/x")
ERROR = dict(outcome="error")


def raw(*pieces: bytes):
    """A server that answers each request of a connection with the next piece, and then closes."""

    def serve(c, ctx):
        for piece in pieces:
            if c.http() is None:
                return
            c.send(piece)

    return serve


def head(*lines: str, status: str = "200 OK", body: bytes = b"") -> bytes:
    return f"HTTP/1.1 {status}\r\n{''.join(line + chr(13) + chr(10) for line in lines)}\r\n".encode("latin-1") + body


def refused(name: str, *pieces: bytes, **expect) -> None:
    case(name, "http_get", **URL, expect=dict(ERROR, **expect))(raw(*pieces))


CHUNKED = "Transfer-Encoding: chunked"

refused("http-cl-differ", head("Content-Length: 5", "Content-Length: 3", body=b"hello"))
refused("http-cl-list-differ", head("Content-Length: 5, 3", body=b"hello"))
refused("http-cl-negative", head("Content-Length: -5", body=b"hello"))
refused("http-cl-sign", head("Content-Length: +5", body=b"hello"))
refused("http-cl-underscore", head("Content-Length: 1_0", body=b"helloworld"))
refused("http-cl-long", head("Content-Length: 50", body=b"hello"))
refused("http-te-unknown", head("Transfer-Encoding: squash", body=b"hello"))
refused("http-chunk-size-sign", head(CHUNKED, body=b"+5\r\nhello\r\n0\r\n\r\n"))
refused("http-chunk-size-prefix", head(CHUNKED, body=b"0x5\r\nhello\r\n0\r\n\r\n"))
refused("http-chunk-size-underscore", head(CHUNKED, body=b"1_0\r\n" + b"h" * 16 + b"\r\n0\r\n\r\n"))
refused("http-chunk-size-negative", head(CHUNKED, body=b"-5\r\nhello\r\n0\r\n\r\n"))
refused("http-chunk-size-huge", head(CHUNKED, body=b"f" * 40 + b"\r\nhello\r\n0\r\n\r\n"))
refused("http-chunk-size-empty", head(CHUNKED, body=b"\r\nhello\r\n0\r\n\r\n"))
refused("http-chunk-no-crlf", head(CHUNKED, body=b"5\r\nhelloX0\r\n\r\n"))
refused("http-chunk-trailer-cut", head(CHUNKED, body=b"5\r\nhello\r\n0\r\nX: 1\r\n"))
refused("http-101-unasked", head("Upgrade: evil", status="101 Switching Protocols", body=b"hello"))
refused("http-status-letters", head(status="abc OK", body=b"hello"))
refused("http-status-long", head(status="2000 OK", body=b"hello"))
refused("http-status-short", head(status="20 OK", body=b"hello"))
refused("http-status-zero", head(status="000 OK", body=b"hello"))
refused("http-09", b"<html>plain octets without a head</html>\n")
refused("http-version-9", b"HTTP/9.9 200 OK\r\nContent-Length: 2\r\n\r\nok")
refused("http-ssh-banner", b"SSH-2.0-OpenSSH_9.6\r\n")
refused(
    "http-206-unasked", head("Content-Length: 5", "Content-Range: bytes 0-4/10", status="206 Partial", body=b"hello")
)
refused("http-head-cut", b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nX-Ha")
refused("http-deflate-cut", head("Content-Encoding: deflate", "Content-Length: 4", body=b"\x78\x9c\xcb\x48"))
refused("http-gzip-no-gzip", head("Content-Encoding: gzip", "Content-Length: 5", body=b"hello"))
refused(
    "http-gzip-garbage-behind", head("Content-Encoding: gzip", "Connection: close", body=gz(b"hi")[:-4] + b"\0\0\0\0")
)
case("http-redir-no-location", "http_get", **URL, expect=dict(outcome="any", max_conns={"main": 1}))(
    raw(head("Content-Length: 0", status="302 Found"))
)
refused("http-redir-data", redirect("data:text/plain,hello"))
refused("http-redir-javascript", redirect("javascript:alert(1)"))
refused("http-redir-ftp", redirect("ftp://127.0.0.1:1/x"))
refused("http-redir-port-huge", redirect("http://127.0.0.1:99999/"))
refused("http-redir-port-letters", redirect("http://127.0.0.1:80a/"))
refused("http-redir-no-host", redirect("http:///x"))
refused("http-redir-unix", redirect("unix:///run/x.sock"))
refused("http-redir-tab-scheme", redirect("fi\tle:///etc/hostname"))


@case("http-te-cl", "http_get", **URL, expect=dict(outcome="any", value_not=b"5\r\nhello"))
def _(c, ctx):
    raw(head(CHUNKED, "Content-Length: 3", body=b"5\r\nhello\r\n0\r\n\r\n"))(c, ctx)


@case("http-chunk-ext-flood", "http_get", **URL, expect=dict(ERROR, rss=200))
def _(c, ctx):
    if c.http():
        c.send(head(CHUNKED, body=b"5;"))
        c.flood(b"x" * 65536)


@case("http-chunk-empty-flood", "http_get", **URL, max_bytes=MB, expect=dict(ERROR, rss=200))
def _(c, ctx):
    if c.http():
        c.send(head(CHUNKED))
        c.flood(b"1\r\nx\r\n")


@case("http-status-line-flood", "http_get", **URL, expect=dict(ERROR, rss=200))
def _(c, ctx):
    if c.http():
        c.send(b"HTTP/1.1 200 ")
        c.flood(b"O" * 65536)


@case("http-cookie-flood", "http_get", **URL, expect=dict(ERROR, rss=200))
def _(c, ctx):
    if c.http():
        c.send(b"HTTP/1.1 200 OK\r\n")
        c.flood(b"Set-Cookie: a=b\r\n")


@case("http-100-drip", "http_get", **URL, expect=ERROR)
def _(c, ctx):
    if c.http():
        for _ in range(40):
            c.send(b"HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n")
            c.sleep(0.3)


@case("http-head-drip", "http_get", **URL, expect=ERROR)
def _(c, ctx):
    if c.http():
        c.drip(b"HTTP/1.1 200 OK\r\nX-Long: " + b"a" * 100)


@case("http-deflate-bomb", "http_get", **URL, max_bytes=16 * MB, expect=dict(ERROR, rss=200))
def _(c, ctx):
    if c.http():
        c.send(reply(gz_bomb(300), "200 OK", "Content-Encoding: gzip"))


@case("http-gzip-bomb-default", "http_get", **URL, expect=dict(ERROR, rss=400))
def _(c, ctx):
    if c.http():
        c.send(reply(gz_bomb(300), "200 OK", "Content-Encoding: gzip"))


@case(
    "http-204-poison",
    "http_get2",
    **URL,
    url2="http://127.0.0.1:{main}/y",
    expect=dict(outcome="any", value_not=b"POISON"),
)
def _(c, ctx):
    raw(
        head(status="204 No Content", body=b"HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nPOISON"),
        head("Content-Length: 5", body=b"right"),
    )(c, ctx)


@case(
    "http-te-cl-poison",
    "http_get2",
    **URL,
    url2="http://127.0.0.1:{main}/y",
    expect=dict(outcome="any", value_not=b"POISON"),
)
def _(c, ctx):
    body = b"0\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nPOISON"
    raw(head(CHUNKED, f"Content-Length: {len(body)}", body=body), head("Content-Length: 5", body=b"right"))(c, ctx)


@case("http-head-body-poison", "http_get", **URL, method="HEAD", expect=dict(outcome="any", value_not=b"POISON"))
def _(c, ctx):
    raw(head("Content-Length: 6", body=b"POISON"))(c, ctx)


@case("http-gzip-members", "http_get", **URL, expect=dict(outcome="ok", value_has=b"onetwo"))
def _(c, ctx):
    raw(reply(gz(b"one") + gz(b"two"), "200 OK", "Content-Encoding: gzip"))(c, ctx)


@case("http-cl-same-twice", "http_get", **URL, expect=dict(outcome="any", value_not=b"hello world"))
def _(c, ctx):
    raw(head("Content-Length: 5", "Content-Length: 5", body=b"hello world"))(c, ctx)


@case("http-space-before-colon", "http_get", **URL, want_headers=True, expect=dict(outcome="any"))
def _(c, ctx):
    raw(head("Content-Length : 5", "X\x00Y: 1", ": empty", "no colon", body=b"hello"))(c, ctx)


@case("http-fold", "http_get", **URL, want_headers=True, expect=dict(outcome="any", value_not=b"\r"))
def _(c, ctx):
    raw(head("Content-Length: 5", "X-A: one", "\ttwo", " Set-Cookie: a=b", body=b"hello"))(c, ctx)


@case("http-bare-cr-header", "http_get", **URL, want_headers=True, expect=dict(outcome="any", value_not=b"X-Evil': "))
def _(c, ctx):
    raw(head("Content-Length: 5", "X-A: one\rX-Evil: 1", body=b"hello"))(c, ctx)


@case("http-redir-loop", "http_get", **URL, expect=dict(ERROR, max_conns={"main": 60}))
def _(c, ctx):
    while c.http():
        c.send(head("Location: /x", "Content-Length: 0", status="302 Found"))


@case("http-redir-crlf", "http_get", **URL, expect=dict(outcome="any", forbid={"main": [b"\nX-Evil"]}))
def _(c, ctx):
    raw(redirect("/a%0d%0aX-Evil:%201\x0bX-Evil: 2 HTTP/1.1"))(c, ctx)


@case("http-redir-body-endless", "http_get", **URL, max_bytes=MB, expect=dict(ERROR, rss=200))
def _(c, ctx):
    if c.http():
        c.send(head("Location: /y", status="302 Found"))
        c.flood(b"x" * 65536)


@case(
    "http-401-body-endless",
    "http_get",
    **URL,
    user=USER,
    password=SECRET,
    tls="none",
    digest=True,
    max_bytes=MB,
    expect=dict(outcome="error", rss=200),
)
def _(c, ctx):
    if c.http():
        c.send(head('WWW-Authenticate: Digest realm="r", nonce="n", qop="auth"', status="401 No"))
        c.flood(b"x" * 65536)


@case(
    "http-post-lost", "http_get", **URL, method="POST", data=MSG, retries=3, expect=dict(ERROR, max_conns={"main": 1})
)
def _(c, ctx):
    c.http()


@case(
    "http-post-503-lost",
    "http_get",
    **URL,
    method="POST",
    data=MSG,
    retries=3,
    expect=dict(ERROR, max_conns={"main": 1}),
)
def _(c, ctx):
    if c.http():
        c.send(b"HTTP/1.1 2")


@case("http-retry-after-negative", "http_get", **URL, retries=2, expect=dict(ERROR, max_conns={"main": 3}))
def _(c, ctx):
    raw(reply(b"", "503 Busy", "Retry-After: -99999"))(c, ctx)


@case("http-retry-after-garbage", "http_get", **URL, retries=2, expect=dict(ERROR, max_conns={"main": 3}))
def _(c, ctx):
    raw(reply(b"", "503 Busy", "Retry-After: Xed, 99 Foo 99999 99:99:99 GMT\xff"))(c, ctx)


@case("http-retry-after-date", "http_get", **URL, retries=2, expect=dict(ERROR, max_conns={"main": 3}))
def _(c, ctx):
    raw(reply(b"", "503 Busy", "Retry-After: Fri, 31 Dec 9999 23:59:59 GMT"))(c, ctx)


refused("http-cl-odd-space", head("Content-Length: \xa05", body=b"hello"))
refused("http-cl-nothing", head("Content-Length:", body=b"hello"))
refused("http-cl-hex", head("Content-Length: 0x5", body=b"hello"))
refused("http-cl-other-digits", "HTTP/1.1 200 OK\r\nContent-Length: \u0665\r\n\r\nhello".encode())
refused("http-te-tab", head("Transfer-Encoding: \x0bchunked", body=b"5\r\nhello\r\n0\r\n\r\n"))
refused("http-te-twice", head(CHUNKED, "Transfer-Encoding: identity", body=b"5\r\nhello\r\n0\r\n\r\n"))
refused("http-te-chunked-twice", head(CHUNKED + ", chunked", body=b"5\r\nhello\r\n0\r\n\r\n"))
refused("http-te-old-version", b"HTTP/1.0 200 OK\r\n" + CHUNKED.encode() + b"\r\n\r\n5\r\nhello\r\n0\r\n\r\n")
refused("http-chunk-bare-lf", head(CHUNKED, body=b"5\nhello\r\n0\r\n\r\n"))
refused("http-chunk-bare-cr", head(CHUNKED, body=b"5\rXX\r\nhello\r\n0\r\n\r\n"))
refused("http-chunk-ext-quoted", head(CHUNKED, body=b'5;a="\r\n"\r\nhello\r\n0\r\n\r\n'))
refused("http-chunk-leading-space", head(CHUNKED, body=b" 5\r\nhello\r\n0\r\n\r\n"))
refused("http-status-other-digits", "HTTP/1.1 \u0662\u0660\u0660 OK\r\n\r\nok".encode())
refused("http-status-sign", b"HTTP/1.1 +20 OK\r\n\r\nok")
refused("http-cr-for-line-ends", b"HTTP/1.1 200 OK\rContent-Length: 2\r\rok")
refused("http-2-preface", b"\0\0\x12\x04" + b"\0" * 40)
refused("http-br-no-br", reply(b"\0\xff" * 100, "200 OK", "Content-Encoding: br"))
refused("http-zstd-window", reply(b"\x28\xb5\x2f\xfd\x00\xf8\x01\0\0", "200 OK", "Content-Encoding: zstd"), rss=200)
refused("http-redir-nul", head("Location: /a\0b", "Content-Length: 0", status="302 Found"))
refused("http-redir-bracket", redirect("http://[::1"))
refused("http-redir-name-long", redirect("http://xn--" + "a" * 70 + ".test/"))


@case("http-gzip-members-flood", "http_get", **URL, expect=dict(ERROR, rss=200))
def _(c, ctx):
    if c.http():
        c.send(head("Content-Encoding: gzip"))
        c.flood(gz(b""))


@case("http-gzip-name-flood", "http_get", **URL, expect=dict(ERROR, rss=250))
def _(c, ctx):
    if c.http():
        c.send(head("Content-Encoding: gzip", body=b"\x1f\x8b\x08\x08\0\0\0\0\0\x03"))
        c.flood(b"n" * 65536)


@case("http-gzip-bomb-file", "http_get", **URL, dest="{dl}/f", max_bytes=16 * MB, expect=dict(ERROR, absent=["f"]))
def _(c, ctx):
    raw(reply(gz_bomb(300), "200 OK", "Content-Encoding: gzip"))(c, ctx)


@case("http-redir-slow", "http_get", **URL, expect=ERROR)
def _(c, ctx):
    while c.http():
        c.sleep(0.9)
        c.send(head("Location: /x", "Content-Length: 0", status="302 Found"))
