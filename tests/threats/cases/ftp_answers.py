"""Answers of an FTP server that are none, that contradict each other, or that come too early."""

from __future__ import annotations

from threats.cases.common import FTP
from threats.engine import MB, case
from threats.scripts import ftp

ERROR = dict(outcome="error")


def answers(name, over=None, expect=ERROR, arguments=None, **script):
    """A download from a server that differs from a good one in this."""

    @case(f"ftp-{name}", "ftp_get", **{**FTP, "path": "/f.txt", **(arguments or {})}, expect=expect)
    def _(c, ctx):
        ftp(c, ctx, over, **script)


def early_reply(c, arg, st):
    c.send(b"234 go\r\n230 in\r\n")
    c.tls("good")


def endless(c, arg, st):
    c.send(b"150 opening\r\n")
    st.opened().sendall(b"x" * 64 * MB)
    c.send(b"226 done\r\n")


def from_the_start(c, arg, st):
    c.send(b"150 opening\r\n")
    with st.opened() as data:
        data.sendall(st.data)
    c.send(b"226 done\r\n")


STARTTLS = dict(tls="starttls", cafile="{ca}")

answers("tls-refused", {"AUTH": b"502 no\r\n"}, dict(ERROR, secret_not_plain=True), STARTTLS)
answers("tls-early-reply", {"AUTH": early_reply}, ERROR, STARTTLS)
answers("prot-refused", {"PROT": b"534 no\r\n"}, ERROR, STARTTLS)
answers("prot-ignored", {"PROT": b"200 ok\r\n"}, ERROR, STARTTLS)
answers("pasv-short", {"EPSV": b"502 no\r\n", "PASV": b"227 Entering (1,2,3)\r\n"})
answers("pasv-range", {"EPSV": b"502 no\r\n", "PASV": b"227 Entering (127,0,0,1,999,999)\r\n"})
answers("epsv-port-0", {"EPSV": b"229 (|||0|)\r\n", "PASV": b"502 no\r\n"})
answers("size-more", size=100_000)
answers("size-less", size=10)
answers("size-no-number", {"SIZE": b"213 -5\r\n"})
answers("end-451", end=b"451 disk error\r\n")
answers("end-nonsense", end=b"xyzzy\r\n")
answers("retr-done-at-once", {"RETR": b"226 done\r\n"})
answers("retr-550", {"RETR": b"550 gone\r\n"}, dict(ERROR, absent=["f.txt", "f.txt.part"]), dict(dest="{dl}/f.txt"))
answers("greeting-421", greeting=b"421 busy\r\n")
answers("account", {"PASS": b"332 account\r\n"})
answers("path-crlf", None, dict(ERROR, forbid={"main": [b"\nDELE"]}), dict(path="/a\r\nDELE x"))
answers("user-crlf", None, dict(ERROR, forbid={"main": [b"\nDELE"]}), dict(user="a\r\nDELE x"))
answers("body-over-limit", {"RETR": endless}, dict(ERROR, rss=200), dict(max_bytes=MB))
answers(
    "rest-ignored",
    {"RETR": from_the_start},
    dict(ERROR, absent=["f.txt"]),
    dict(dest="{dl}/f.txt", resume=True, dl={"f.txt.part": b"hello ftp\r\n" * 10}),
)
answers("disk-full", None, dict(ERROR, absent=["f.txt"]), dict(dest="{dl}/f.txt", fsize=100))
answers(
    "disk-full-old",
    None,
    dict(ERROR, file_in={"f.txt": [b"old"]}),
    dict(dest="{dl}/f.txt", fsize=100, dl={"f.txt": b"old"}),
)
