"""The cases of ftp."""

from __future__ import annotations

import socket
import struct
import time

from threats.cases.common import FTP
from threats.engine import USER, case
from threats.scripts import ftp, silent


@case(
    "ftp-pasv-bounce",
    "ftp_get",
    **FTP,
    path="f.txt",
    dest="f.txt",
    listen={"trap": ("127.0.0.9", silent)},
    expect=dict(outcome="any", no_conn=["trap"]),
)
def _(c, ctx):
    p = ctx.ports["trap"]
    ftp(c, ctx, {"EPSV": b"502 no\r\n", "PASV": f"227 pasv (127,0,0,9,{p >> 8},{p & 255})\r\n".encode()})


@case("ftp-epsv-garbage", "ftp_get", **FTP, path="f.txt", dest="f.txt", expect=dict(outcome="error", absent=["f.txt"]))
def _(c, ctx):
    ftp(c, ctx, {"EPSV": b"229 ext (|||99999|)\r\n", "PASV": b"227 pasv (999,0,0,1,999,999)\r\n"})


@case(
    "ftp-crlf-url",
    "ftp_get",
    host="127.0.0.1",
    port="{main}",
    user=USER,
    password="x",
    tls="none",
    path="a\nDELE x",
    dest="f.txt",
    expect=dict(outcome="error", forbid={"main": [b"\nDELE"]}),
)
def _(c, ctx):
    ftp(c, ctx)


@case("ftp-226-missing", "ftp_get", **FTP, path="f.txt", dest="f.txt", expect=dict(outcome="error", absent=["f.txt"]))
def _(c, ctx):
    def retr(c, arg, st):
        c.send(b"150 opening\r\n")
        k = st.opened()
        k.sendall(b"x" * 300)
        k.close()
        return False

    ftp(c, ctx, {"RETR": retr})


@case("ftp-426", "ftp_get", **FTP, path="f.txt", dest="f.txt", expect=dict(outcome="error", absent=["f.txt"]))
def _(c, ctx):
    ftp(c, ctx, end=b"426 aborted\r\n")


@case("ftp-data-rst", "ftp_get", **FTP, path="f.txt", dest="f.txt", expect=dict(outcome="error", absent=["f.txt"]))
def _(c, ctx):
    def retr(c, arg, st):
        c.send(b"150 opening\r\n")
        k = st.opened()
        k.sendall(b"x" * 300)
        time.sleep(0.3)
        k.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        k.close()
        c.send(b"226 done\r\n")

    ftp(c, ctx, {"RETR": retr})


@case("ftp-multiline-flood", "ftp_get", **FTP, path="f.txt", dest="f.txt", expect=dict(outcome="error", rss=200))
def _(c, ctx):
    c.send(b"220-start\r\n")
    c.flood(b"220-aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\r\n", mb=200)


@case("ftp-data-silent", "ftp_get", **FTP, path="f.txt", dest="f.txt", expect=dict(outcome="error", absent=["f.txt"]))
def _(c, ctx):
    def retr(c, arg, st):
        c.send(b"150 opening\r\n")
        st.opened()
        c.hold()
        return False

    ftp(c, ctx, {"RETR": retr})


@case("ftp-mirror-traversal", "ftp_mirror", **FTP, path="/", dir="{dl}", expect=dict(outcome="any", inside=True))
def _(c, ctx):
    names = ["ok.txt", "../evil.txt", ctx.root + "/evil2.txt"]

    def lst(cmd):
        if cmd == "NLST":
            return "".join(n + "\r\n" for n in names).encode()
        if cmd == "MLSD":
            return "".join(f"type=file;size=550; {n}\r\n" for n in names).encode()
        return "".join(f"-rw-r--r-- 1 ftp ftp 550 Jan  1 00:00 {n}\r\n" for n in names).encode()

    ftp(c, ctx, listing=lst)


@case("ftp-list-escape", "cli_ftp_list", **FTP, path="/", expect=dict(outcome="ok", tty_clean=True))
def _(c, ctx):
    ftp(c, ctx, listing=b"-rw-r--r-- 1 a a 1 Jan 1 00:00 file\x1b(0\x1b]0;pwned\x07\r\n")


@case(
    "ftp-resume-shrunk",
    "ftp_get",
    **FTP,
    path="f.txt",
    dest="f.txt",
    resume=True,
    dl={"f.txt": b"x" * 20},
    expect=dict(outcome="any", file_in={"f.txt": [b"0123456789", b"x" * 20, None]}),
)
def _(c, ctx):
    ftp(c, ctx, {"REST": b"554 beyond the end\r\n"}, data=b"0123456789")


@case(
    "ftp-debug-secret",
    "ftp_get",
    **FTP,
    path="f.txt",
    dest="f.txt",
    verbose=True,
    expect=dict(outcome="ok", secret_not_in_output=True),
)
def _(c, ctx):
    ftp(c, ctx)


@case(
    "ftp-error-echo",
    "ftp_get",
    **FTP,
    path="f.txt",
    dest="f.txt",
    expect=dict(outcome="error", secret_not_in_output=True),
)
def _(c, ctx):
    def pw(c, arg, st):
        c.send(b"530 login incorrect: PASS " + arg.encode() + b"\r\n")

    ftp(c, ctx, {"PASS": pw})


@case(
    "ftp-kill9-mid",
    "ftp_get",
    **FTP,
    path="f.txt",
    dest="f.txt",
    timeout=8,
    deadline=20,
    expect=dict(outcome="killed", kill=("KILL", 1.8), absent=["f.txt"]),
)
def _(c, ctx):
    def retr(c, arg, st):
        c.send(b"150 opening\r\n")
        k = st.opened()
        k.sendall(b"x" * 200000)
        c.hold(10)
        return False

    ftp(c, ctx, {"RETR": retr}, size=1000000)


@case("ftp-list-odd", "ftp_list", **FTP, path="/", expect=dict(outcome="any"))
def _(c, ctx):
    ftp(c, ctx, listing=b"\r\n;\r\ntype=file\r\n type=file; \r\ntype=file;size=abc; ok\r\n\0\r\n=;=; =\r\n")
