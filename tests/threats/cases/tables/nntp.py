"""NNTP: articles that are cut, endless, or others; names with commands in them."""

from __future__ import annotations

from threats.cases.common import NEWS
from threats.cases.tables.shared import ANY, ERROR, endless
from threats.engine import SECRET, USER, case
from threats.scripts import ART, nntp, send_then_close


def reading(name: str, over, expect, **more) -> None:
    script = {key: more.pop(key) for key in ("greeting", "caps", "cert") if key in more}
    case(name, "nntp_article", **dict(NEWS, **more), expect=expect)(lambda c, ctx: nntp(c, ctx, over, **script))


GROUP = dict(user=USER, password=SECRET, tls="none")
reading("nntp-greeting-garbage", {}, ERROR, greeting=b"hi\r\n")
reading("nntp-480-loop", {"GROUP": b"480 login\r\n"}, dict(ERROR, max_sent={"main": 2000}), **GROUP)
reading("nntp-483-clear", {"GROUP": b"483 TLS first\r\n"}, dict(ERROR, secret_not_plain=True))
reading("nntp-article-lf-dot", {"ARTICLE": send_then_close(b"220 1 <1@a>\r\nSubject: a\r\n\r\nx\n.\n")}, ANY)
reading("nntp-article-430", {"ARTICLE": b"430 no\r\n"}, ERROR)
reading("nntp-article-garbage", {"ARTICLE": b"220\r\n" + ART + b".\r\n"}, ANY)
reading("nntp-article-code", {"ARTICLE": b"250 1 <1@a>\r\n" + ART + b".\r\n"}, ERROR)
reading("nntp-group-garbage", {"GROUP": b"211 x y z\r\n"}, ANY)
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


def announced_in_clear(c, arg, st):
    """What was announced before TLS is not what holds behind it."""
    c.send(b"101 caps\r\nVERSION 2\r\nREADER\r\n" + (b"" if c.is_tls else b"STARTTLS\r\nAUTHINFO USER\r\n") + b".\r\n")


LOGIN_OVER_TLS = dict(GROUP, tls="starttls", cafile="{ca}")
reading(
    "nntp-starttls-stale",
    {"CAPABILITIES": announced_in_clear, "GROUP": b"480 login\r\n"},
    dict(ANY, secret_not_plain=True),
    **LOGIN_OVER_TLS,
)
reading("nntp-starttls-refused", {"STARTTLS": b"580 no\r\n"}, dict(ERROR, secret_not_plain=True), **LOGIN_OVER_TLS)
YENC = b"220 1 <1@a>\r\nSubject: x\r\n\r\n%b.\r\n"


def encoded(name: str, body: bytes) -> None:
    """An article with yEnc or uuencode in it, whose attachments are looked at."""
    args = dict(function="fetch_article", given=("nntp://127.0.0.1:{main}/g.test/1",), take=("attachments", "text"))
    case(f"nntp-{name}", "facade", **args, **GROUP, expect=dict(ANY, rss=300))(
        lambda c, ctx: nntp(c, ctx, {"ARTICLE": YENC % body})
    )


END = b"abc\r\n=yend size=3 crc32=deadbeef\r\n"
encoded("yenc-size", b"=ybegin line=128 size=99999999999999 name=../../evil\r\n" + END)
encoded("yenc-digits", b"=ybegin line=128 size=" + b"9" * 50_000 + b" name=a\r\n" + END)
encoded("yenc-part", b"=ybegin part=1 total=9 line=128 size=9 name=a\r\n=ypart begin=99999999999 end=1\r\n" + END)
encoded("yenc-begins", b"=ybegin line=128 size=3 name=a\r\nabc\r\n" * 20_000)
encoded("uu-begins", b"begin 644 ../../a\r\n" * 20_000 + b"end\r\n")
