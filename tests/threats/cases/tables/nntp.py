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
reading("nntp-greeting-400", {}, ERROR, greeting=b"400 busy\r\n")
reading("nntp-greeting-garbage", {}, ERROR, greeting=b"hi\r\n")
reading("nntp-480-loop", {"GROUP": b"480 login\r\n"}, dict(ERROR, max_sent={"main": 2000}), **GROUP)
reading("nntp-483-clear", {"GROUP": b"483 TLS first\r\n"}, dict(ERROR, secret_not_plain=True))
reading("nntp-article-cut", {"ARTICLE": send_then_close(b"220 1 <1@a>\r\nSubject: a\r\n")}, ERROR)
reading("nntp-article-lf-dot", {"ARTICLE": send_then_close(b"220 1 <1@a>\r\nSubject: a\r\n\r\nx\n.\n")}, ANY)
reading(
    "nntp-article-other",
    {"ARTICLE": b"220 2 <2@a>\r\nSubject: evil\r\n\r\nevil\r\n.\r\n"},
    dict(ANY, value_not=b"evil"),
)
reading("nntp-article-line-flood", {"ARTICLE": endless(b"220 1 <1@a>\r\n", b"x" * 65536)}, dict(ERROR, rss=200))
reading("nntp-article-430", {"ARTICLE": b"430 no\r\n"}, ERROR)
reading("nntp-article-garbage", {"ARTICLE": b"220\r\n" + ART + b".\r\n"}, ANY)
reading("nntp-article-code", {"ARTICLE": b"250 1 <1@a>\r\n" + ART + b".\r\n"}, ERROR)
reading("nntp-article-bye", {"ARTICLE": send_then_close(b"400 timeout\r\n")}, ERROR)
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
