"""The cases of tls."""

from __future__ import annotations

import ssl

from threats.engine import SECRET, case
from threats.scripts import http_ok


@case(
    "tls-selfsigned",
    "http_get",
    url="https://localhost:{main}/",
    headers={"X-Api-Key": SECRET},
    expect=dict(outcome="error", secret_not_on=["main"]),
)
def _(c, ctx):
    c.tls("selfsigned")
    http_ok(c, ctx)


@case(
    "tls-sni",
    "http_get",
    url="https://mail.test:{main}/",
    cafile="{ca}",
    dns={"mail.test": ["127.0.0.1"]},
    expect=dict(outcome="ok", value_has=b"ok"),
)
def _(c, ctx):
    c.tls(sni=lambda n: None if n == "mail.test" else ssl.ALERT_DESCRIPTION_UNRECOGNIZED_NAME)
    http_ok(c, ctx)


@case("tls-handshake-drip", "http_get", url="https://127.0.0.1:{main}/", cafile="{ca}", expect=dict(outcome="error"))
def _(c, ctx):
    c.recv()
    c.drip(b"\x16\x03\x03\x40\x00\x02\x00\x3f\xfc\x03\x03" + b"\x11" * 3000)
