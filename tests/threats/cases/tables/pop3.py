"""POP3: greetings, lists and messages that are none, cut or endless."""

from __future__ import annotations

from threats.cases.tables.shared import ANY, CLEAR, ERROR, endless
from threats.engine import MB, case
from threats.scripts import MSG, pop3, send_then_close


def popping(name: str, over, expect, op="pop3_get", **more) -> None:
    script = {key: more.pop(key) for key in ("greeting", "caps", "msg", "cert") if key in more}
    args = dict(CLEAR, **({"index": 1} if op == "pop3_get" else {}))
    args.update(more)
    case(name, op, **args, expect=expect)(lambda c, ctx: pop3(c, ctx, over, **script))


popping("pop3-greeting-err", {}, dict(ERROR, secret_not_on=["main"]), greeting=b"-ERR no\r\n")
popping("pop3-greeting-lower", {}, ANY, greeting=b"+ok hi\r\n")
popping("pop3-retr-err", {"RETR": b"-ERR no such message\r\n"}, ERROR)
popping("pop3-retr-flood", {"RETR": endless(b"+OK\r\n", b"line\r\n")}, dict(ERROR, rss=200), max_bytes=16 * MB)
popping("pop3-retr-no-status", {"RETR": MSG + b".\r\n"}, ERROR)
popping("pop3-retr-lf-dot", {"RETR": send_then_close(b"+OK\r\nSubject: a\r\n\r\nhi\n.\n")}, ANY)
popping("pop3-retr-extra", {"RETR": b"+OK\r\n" + MSG + b".\r\n+OK\r\nevil\r\n.\r\n"}, dict(ANY, value_not=b"evil"))
popping("pop3-apop-control", {}, dict(ANY, secret_not_plain=True), apop=True, greeting=b"+OK <a\x00\x1b@b>\r\n")
popping(
    "pop3-apop-refused",
    {"APOP": b"-ERR no\r\n"},
    dict(ERROR, secret_not_plain=True),
    apop=True,
    greeting=b"+OK <1.2@b>\r\n",
)
popping("pop3-password-lf", {}, dict(ANY, forbid={"main": [b"\nDELE"]}), password="x\nDELE 1")
popping("pop3-dele-err", {"DELE": b"-ERR no\r\n"}, ERROR, delete=True)
popping("pop3-list-flood", {"LIST": endless(b"+OK\r\n", b"1 1\r\n")}, dict(ERROR, rss=700), op="pop3_list")
popping("pop3-list-twice", {"LIST": b"+OK\r\n1 5\r\n1 6\r\n.\r\n"}, ANY, op="pop3_list")
popping(
    "pop3-list-digits", {"LIST": b"+OK\r\n1 " + b"9" * 60000 + b"\r\n.\r\n", "UIDL": b"-ERR\r\n"}, ANY, op="pop3_list"
)
popping("pop3-list-cut", {"LIST": send_then_close(b"+OK\r\n1 5\r\n")}, ERROR, op="pop3_list")
popping("pop3-uidl-twice", {"UIDL": b"+OK\r\n1 u1\r\n2 u1\r\n.\r\n"}, ANY, op="pop3_list")
popping("pop3-uidl-garbage", {"UIDL": b"+OK\r\n1\r\nx u\r\n1 " + b"u" * 5000 + b"\x1b\r\n.\r\n"}, ANY, op="pop3_list")
popping("pop3-stls-missing", {}, dict(ERROR, secret_not_plain=True), tls="starttls", cafile="{ca}")
popping(
    "pop3-stls-wronghost",
    {},
    dict(ERROR, secret_not_on=["main"]),
    tls="starttls",
    cafile="{ca}",
    caps=["STLS"],
    cert="wronghost",
)
popping(
    "pop3-stls-expired",
    {},
    dict(ERROR, secret_not_on=["main"]),
    tls="starttls",
    cafile="{ca}",
    caps=["STLS"],
    cert="expired",
)
STARTTLS = dict(tls="starttls", cafile="{ca}")


def announced_in_clear(c, arg, st):
    """What was announced before TLS is not what holds behind it."""
    c.send(b"+OK\r\n" + (b"X" if c.is_tls else b"STLS\r\nUSER\r\nSASL PLAIN") + b"\r\n.\r\n")


popping("pop3-stls-stale", {"CAPA": announced_in_clear}, dict(ERROR, secret_not_on=["main"]), **STARTTLS)
popping("pop3-stls-err", {"STLS": b"-ERR no\r\n"}, dict(ERROR, secret_not_plain=True), caps=["STLS"], **STARTTLS)
popping("pop3-auth-flood", {"AUTH": endless(b"", b"+ \r\n")}, dict(ERROR, rss=200))
popping("pop3-dot-between", {"RETR": b"+OK\r\na\r\n.\r.\r\nb\r\n.\r\n"}, dict(ANY, value_not=b"OK"))
