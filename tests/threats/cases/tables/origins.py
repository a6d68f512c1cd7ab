"""HTTP across origins: what goes along with a redirect or through a proxy, and what an answer may claim of a range."""

from __future__ import annotations

from threats.cases.tables.http_framing import head
from threats.cases.tables.shared import ANY, ERROR
from threats.engine import SECRET, TOKEN, USER, case
from threats.scripts import http_ok, redirect, reply

ORIGIN = "http://origin.test:{main}/"
NAMES = {"origin.test": ["127.0.0.1"], "sub.origin.test": ["127.0.0.2"], "origin.test.evil.test": ["127.0.0.2"]}


def neighbour(c, ctx):
    """Another host on the same port."""
    http_ok(c, ctx)


neighbour.same_port = "main"


def led_away(
    name: str, location: str, *headers: str, code: str = "302 Found", op="http_get", expect=ANY, **given
) -> None:
    """A redirect to a host that must not learn what this one was told."""

    def serve(c, ctx):
        request = c.http()
        while request is not None:
            to = location.replace("{main}", str(ctx.ports["main"])).replace("{other}", str(ctx.ports["other"]))
            c.send(redirect(to, code, *headers) if request["path"] == "/" else reply(b"ok"))
            request = None

    case(
        f"http-away-{name}",
        op,
        **dict(dict(url=ORIGIN, dns=NAMES), **given),
        listen={"other": ("127.0.0.2", neighbour)},
        expect=dict(expect, secret_not_on=["other"]),
    )(serve)


SUB = "http://sub.origin.test:{main}/x"
LOGIN = dict(user=USER, password=SECRET, tls="none")
led_away("subdomain-basic", SUB, **LOGIN)
led_away("subdomain-bearer", SUB, bearer=TOKEN, tls="none")
led_away("subdomain-header", SUB, headers={"Authorization": "Bearer " + TOKEN})
led_away("subdomain-key", SUB, headers={"X-Api-Key": SECRET})
led_away("subdomain-proxy-header", SUB, headers={"Proxy-Authorization": "Basic " + SECRET})
led_away("subdomain-cookie", SUB, headers={"cookie": "sid=" + SECRET})
led_away("subdomain-referer", SUB, url="http://alice:" + SECRET + "@origin.test:{main}/", tls="none")
led_away("query", SUB, url=ORIGIN + "?token=" + SECRET)
led_away("suffix", "http://origin.test.evil.test:{main}/x", **LOGIN)
led_away("userinfo", "http://origin.test@sub.origin.test:{main}/x", **LOGIN)
led_away("backslash", "http://sub.origin.test:{main}\\@origin.test/x", **LOGIN)
led_away("two-slashes", "//sub.origin.test:{main}/x", **LOGIN)
led_away("three-slashes", "///sub.origin.test:{main}/x", **LOGIN)
led_away("backslashes", "\\\\sub.origin.test:{main}/x", **LOGIN)
led_away("tab-inside", "http://sub.origin\t.test:{main}/x", **LOGIN)
led_away("spaces", "  http://sub.origin.test:{main}/x  ", **LOGIN)
led_away("case", "HTTP://SUB.ORIGIN.TEST:{main}/x", **LOGIN)
led_away("fullwidth", "http://sub\uff0eorigin.test:{main}/x".encode().decode("latin-1"), **LOGIN)
led_away("308-put", SUB, code="308 Permanent Redirect", method="PUT", data=SECRET.encode(), expect=ERROR)
led_away("301-delete", SUB, code="301 Moved Permanently", method="DELETE", **LOGIN)
led_away("303-post", SUB, code="303 See Other", method="POST", data=b"password=" + SECRET.encode())
led_away("refresh", "/y", "Refresh: 0;url=http://sub.origin.test/", **LOGIN)
led_away("twice", SUB, "Location: http://127.0.0.2:1/", **LOGIN)
led_away("netrc-default", SUB, netrc=True, home={".netrc": f"default login {USER} password {SECRET}\n"}, tls="none")
led_away("set-cookie-domain", SUB, f"Set-Cookie: a={SECRET}; Domain=test")
led_away("set-cookie-port", SUB, f"Set-Cookie: a={SECRET}; Domain=.origin.test:80")
led_away("set-cookie-host", SUB, f"Set-Cookie: __Host-a={SECRET}; Domain=origin.test; Path=/; Secure")
for scheme in ("gopher", "ftp", "telnet", "dict", "smb", "ldap", "blob", "HTTP+UNIX", "ws"):
    led_away(
        f"scheme-{scheme.lower()}", f"{scheme}://sub.origin.test:{{main}}/x", expect=dict(ERROR, no_conn=["other"])
    )


def through_proxy(c, ctx):
    if c.http():
        c.send(b"HTTP/1.1 200 OK\r\n\r\n")
        c.name = "inner"
        c.tls()
        http_ok(c, ctx)


case(
    "proxy-secret-inside",
    "http_get",
    url="https://origin.test/",
    proxy="http://alice:" + SECRET + "@127.0.0.1:{main}",
    cafile="{ca}",
    expect=dict(outcome="ok", secret_not_on=["inner"]),
)(through_proxy)
case(
    "proxy-inner-secret-outside",
    "http_get",
    url="https://origin.test/",
    user=USER,
    password=SECRET,
    proxy="http://127.0.0.1:{main}",
    cafile="{ca}",
    expect=dict(outcome="ok", secret_not_plain=True, require={"inner": [b"Authorization"]}),
)(through_proxy)
case(
    "proxy-connect-content-length",
    "http_get",
    url="https://origin.test/",
    proxy="http://127.0.0.1:{main}",
    cafile="{ca}",
    expect=ANY,
)(lambda c, ctx: (c.http(), c.send(b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nEVIL"), c.hold(3), None)[-1])
case(
    "proxy-origin-407",
    "http_get",
    url="http://origin.test:{main}/",
    dns=NAMES,
    user=USER,
    password=SECRET,
    tls="none",
    expect=dict(ERROR, forbid={"main": [b"Proxy-Authorization"]}),
)(lambda c, ctx: c.http() and c.send(reply(b"", "407 No", 'Proxy-Authenticate: Basic realm="x"')))


def ranged(name: str, answer: bytes, expect=ERROR, **given) -> None:
    args = dict(dict(given=("http://127.0.0.1:{main}/f",), range=(5, 9)), **given)
    case(f"http-range-{name}", "facade", function="fetch_page", **args, expect=expect)(
        lambda c, ctx: c.http() and c.send(answer)
    )


def part(field: str, body: bytes = b"56789", *more: str) -> bytes:
    return head(f"Content-Range: {field}", f"Content-Length: {len(body)}", *more, status="206 Partial", body=body)


ranged("good", part("bytes 5-9/10"), dict(outcome="ok", value_has=b"56789"))
ranged("other", part("bytes 0-4/10"))
ranged("longer", part("bytes 5-12/20", b"56789abc"))
ranged("shorter-body", part("bytes 5-9/10", b"567"))
ranged("ignored", reply(b"0123456789"))
ranged("past-the-end", part("bytes 5-9/7"))
ranged("huge", part("bytes 5-9/" + "9" * 5000), ANY)
ranged("letters", part("bytes five-nine/ten"))
ranged("416", head("Content-Range: bytes */3", "Content-Length: 0", status="416 No"))
ranged(
    "multipart",
    head("Content-Type: multipart/byteranges; boundary=x", "Content-Length: 5", status="206 P", body=b"56789"),
)


def framed(name: str, answer: bytes, expect, **given) -> None:
    case(f"http-frame-{name}", "http_get", **dict(dict(url="http://127.0.0.1:{main}/"), **given), expect=expect)(
        lambda c, ctx: c.http() and c.send(answer)
    )


CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n"
framed("trailer-cookie", CHUNKED + b"X-Evil: 1\r\n\r\n", dict(ANY, value_not=b"X-Evil"), want_headers=True)
framed("trailer-length", CHUNKED + b"Content-Length: 1\r\n\r\n", dict(outcome="ok", value_has=b"hello"))
framed(
    "early-hints",
    b"HTTP/1.1 103 Early Hints\r\nX-Evil: 1\r\nSet-Cookie: a=b\r\n\r\n" + reply(b"ok"),
    dict(outcome="ok", value_not=b"X-Evil"),
    want_headers=True,
)
framed("encoding-unknown", reply(b"xx", "200 OK", "Content-Encoding: x-unknown"), ANY)
framed(
    "encodings-many", reply(b"xx", "200 OK", "Content-Encoding: " + "identity, " * 5000 + "identity"), dict(ANY, by=3)
)
framed("encoding-empty", reply(b"xx", "200 OK", "Content-Encoding: ,,,"), ANY)
framed("charset-codec", reply(b"x\x9c", "200 OK", "Content-Type: text/html; charset=zlib_codec"), ANY, text=True)
framed("charset-rot13", reply(b"uryyb", "200 OK", "Content-Type: text/html; charset=rot13"), ANY, text=True)
framed(
    "charset-long", reply(b"x", "200 OK", "Content-Type: text/html; charset=" + "x" * 60000), dict(ANY, by=3), text=True
)
framed("charset-nul", reply(b"x", "200 OK", 'Content-Type: text/html; charset="a\0b"'), ANY, text=True)


def looked_at(name: str, html: bytes) -> None:
    answer = reply(html, "200 OK", "Content-Type: text/html")
    args = dict(function="fetch_page", given=("http://127.0.0.1:{main}/",), take=("title", "links"))
    case(f"http-html-{name}", "facade", **args, expect=dict(ANY, by=4, rss=400))(
        lambda c, ctx: c.http() and c.send(answer)
    )


looked_at("open-tags", b"<a href=" * 60_000)
looked_at("open-comments", b"<!--" * 60_000)
looked_at("open-declarations", b"<![" * 60_000)
looked_at("titles", b"<title>" * 60_000)
looked_at("entities", b"&#x" * 60_000 + b"<title>" + b"&amp" * 60_000)
looked_at("attributes", b"<a " + b"x=1 " * 60_000 + b"href=y>")
looked_at("quotes", b"<a href='" + b"\"'" * 60_000)
looked_at("base", b'<base href="http://[">' + b'<a href="//[x">' * 1000)
