"""The cases of nntp."""

from __future__ import annotations

from threats.cases.common import NEWS
from threats.engine import MB, SECRET, USER, case
from threats.scripts import drip_line, nntp


@case(
    "nntp-strip",
    "nntp_article",
    **NEWS,
    user=USER,
    password=SECRET,
    tls="starttls",
    cafile="{ca}",
    expect=dict(outcome="error", secret_not_plain=True, forbid_plain=[b"AUTHINFO"]),
)
def _(c, ctx):
    nntp(c, ctx, {"STARTTLS": b"580 no\r\n"})


@case("nntp-flood", "nntp_article", **NEWS, tls="none", max_bytes=16 * MB, expect=dict(outcome="error", rss=200))
def _(c, ctx):
    def f(c, arg, st):
        c.send(b"220 1 <1@a>\r\n")
        c.flood(b"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\r\n", mb=200)
        return False

    nntp(c, ctx, {"ARTICLE": f})


@case("nntp-drip", "nntp_article", **NEWS, tls="none", expect=dict(outcome="error"))
def _(c, ctx):
    nntp(c, ctx, {"ARTICLE": drip_line(b"220 1 <1@a>\r\n" + b"a" * 300)})
