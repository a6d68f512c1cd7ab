"""FTP: replies, data connections and listings that go wrong, in clear and under TLS."""

from __future__ import annotations

import socket

from threats.cases.common import FTP
from threats.cases.tables.shared import ANY, ERROR
from threats.engine import case
from threats.scripts import ftp, hang_up


def getting(name: str, over, expect, op="ftp_get", **more) -> None:
    script = {
        k: more.pop(k)
        for k in ("greeting", "data", "listing", "end", "size", "pasv_host", "data_addr", "cert")
        if k in more
    }
    place = (
        dict(path="/pub")
        if op == "ftp_list"
        else dict(path="/pub", dir="{dl}")
        if op == "ftp_mirror"
        else dict(path="f.txt")
    )
    args = dict(FTP, **place)
    args.update(more)
    case(name, op, **args, expect=expect)(lambda c, ctx: ftp(c, ctx, over, **script))


def opened(answer: bytes, data: bytes, end: bytes, chunk: bytes = b""):
    """RETR or LIST by hand: the answer, the data, the end of it."""

    def serve(c, arg, st):
        c.send(answer)
        k = st.opened()
        k.sendall(data)
        if chunk:
            c.s, k = k, c.s
            c.flood(chunk)
        k.close()
        c.send(end)

    return serve


LISTS = ("LIST", "NLST", "MLSD")
getting("ftp-greeting-120-loop", {}, dict(ERROR, secret_not_on=["main"]), greeting=b"120 soon\r\n" * 5)
getting("ftp-greeting-garbage", {}, dict(ERROR, secret_not_on=["main"]), greeting=b"SSH-2.0-x\r\n")
getting("ftp-greeting-code", {}, dict(ERROR, secret_not_on=["main"]), greeting=b"999 hi\r\n")
getting("ftp-greeting-flood", {}, dict(ERROR, rss=200), greeting=b"220-" + b"x" * 2000000)
getting("ftp-pass-331-loop", {"PASS": b"331 again\r\n"}, dict(ERROR, max_sent={"main": 2000}))
getting("ftp-user-230", {"USER": b"230 in\r\n"}, dict(ANY, secret_not_on=["main"]))
PASV = {"EPSV": b"500 no\r\n"}
getting("ftp-pasv-port-zero", dict(PASV, PASV=b"227 (127,0,0,1,0,0)\r\n"), ERROR)
getting("ftp-pasv-negative", dict(PASV, PASV=b"227 (127,0,0,-1,1,1)\r\n"), ERROR)
getting("ftp-pasv-words", dict(PASV, PASV=b"227 " + b"1," * 30000 + b"\r\n"), dict(ERROR, by=3))
getting("ftp-pasv-dead", dict(PASV, PASV=b"227 (127,0,0,1,0,9)\r\n"), ERROR)
getting("ftp-epsv-host", {"EPSV": b"229 (|1|127.0.0.9|80|)\r\n", "PASV": b"500 no\r\n"}, ERROR)
getting("ftp-epsv-delimiter", {"EPSV": b"229 (11110111)\r\n", "PASV": b"500 no\r\n"}, ERROR)
getting("ftp-size-overflow", {}, ANY, size="9" * 5000)
getting("ftp-mdtm-garbage", {"MDTM": b"213 99999999999999\r\n"}, ANY)
getting(
    "ftp-retr-550-late",
    {"RETR": opened(b"150 go\r\n", b"half", b"550 no\r\n")},
    dict(ERROR, absent=["f.txt"]),
    dest="{dl}/f.txt",
)
getting(
    "ftp-retr-500-twice",
    {"RETR": opened(b"150 go\r\n150 again\r\n", b"half", b"426 cut\r\n")},
    dict(ERROR, absent=["f.txt"]),
    dest="{dl}/f.txt",
)
getting(
    "ftp-retr-silent-end",
    {"RETR": opened(b"150 go\r\n", b"half", b"")},
    dict(ERROR, absent=["f.txt"]),
    dest="{dl}/f.txt",
)
getting(
    "ftp-list-flood", {n: opened(b"150 go\r\n", b"", b"", b"x\r\n") for n in LISTS}, dict(ERROR, rss=900), op="ftp_list"
)
getting(
    "ftp-list-line-flood",
    {n: opened(b"150 go\r\n", b"", b"", b"x" * 65536) for n in LISTS},
    dict(ERROR, rss=300),
    op="ftp_list",
)
getting(
    "ftp-list-cut", {n: opened(b"150 go\r\n", b"type=file; a\r\n", b"426 cut\r\n") for n in LISTS}, ERROR, op="ftp_list"
)
getting("ftp-path-nul", {}, ERROR, path="a\0b")
getting("ftp-path-iac", {}, ANY, path="a\u00ffb")
getting("ftp-password-lf", {}, dict(ERROR, forbid={"main": [b"\nDELE"]}), password="a\nDELE x")
getting("ftp-quit-silent", {"QUIT": lambda c, a, st: c.hold() or False}, dict(outcome="ok"))
getting(
    "ftp-rest-refused",
    {"REST": b"502 no\r\n"},
    dict(ANY, file_not_mixed="f"),
    dest="{dl}/f",
    resume=True,
    data=b"B" * 20,
    dl={"f.part": b"AAAAA", "f": b"AAAAA"},
)
getting(
    "ftp-resume-changed",
    {"MDTM": b"213 20990101000000\r\n"},
    dict(ANY, file_not_mixed="f"),
    dest="{dl}/f",
    resume=True,
    data=b"B" * 20,
    dl={"f.part": b"AAAAA"},
)
FTPS = dict(tls="starttls", cafile="{ca}")
getting("ftps-auth-close", {"AUTH": hang_up}, dict(ERROR, secret_not_plain=True), **FTPS)
getting("ftps-wronghost", {}, dict(ERROR, secret_not_on=["main"]), cert="wronghost", **FTPS)
getting("ftps-expired", {}, dict(ERROR, secret_not_on=["main"]), cert="expired", **FTPS)
getting(
    "ftps-pbsz-refused", {"PBSZ": b"500 no\r\n", "PROT": b"503 no\r\n"}, dict(ERROR, forbid={"main": [b"RETR"]}), **FTPS
)


def mirrored(name: str, *names: str, **more) -> None:
    def lines(command):
        facts = b"type=file;size=3; " if command == "MLSD" else b""
        return b"".join(facts + name.encode() + b"\r\n" for name in names)

    expect = dict(ANY, names_clean=True, **more.pop("expect", {}))
    getting(name, {}, expect, op="ftp_mirror", listing=lines, data=b"abc", **more)


mirrored("ftp-mirror-backslash", "..\\evil.txt", "a\\b.txt")
mirrored("ftp-mirror-device", "CON", "nul.txt", "aux")
mirrored("ftp-mirror-case", "A.txt", "a.txt", "A.TXT")
mirrored("ftp-mirror-same", "a.txt", "a.txt", "a.txt")
mirrored("ftp-mirror-part", "a.txt.part", "a.txt")


@case("ftp-mirror-link", "ftp_mirror", **FTP, path="/", dir="{dl}", expect=ANY)
def _(c, ctx):
    ftp(
        c,
        ctx,
        listing=b"type=OS.unix=slink:/etc; link\r\ntype=OS.unix=symlink; l2\r\ntype=cdir; /x\r\ntype=pdir; ..\r\n",
    )


@case("cli-ftp-escape", "cli_ftp_list", **FTP, path="/", expect=dict(ANY, tty_clean=True, secret_not_in_output=True))
def _(c, ctx):
    ftp(
        c,
        ctx,
        {"PASS": b"230-\x1b[2J\x9b\r\n230 \xc2\x9bS3cr\xe2\x80\xae in\r\n", "SYST": b"215 \x1b]0;x\x07\r\n"},
        listing=b"type=file;size=3;unix.owner=\x1b[1m; a\x1b[2J\xc2\x9b\xe2\x80\xaeb\r\n",
        greeting=b"220-\x1b[2J\r\n220 \x05\r\n",
    )


@case(
    "cli-ftp-error-escape", "cli_ftp_list", **FTP, path="/", expect=dict(ANY, tty_clean=True, secret_not_in_output=True)
)
def _(c, ctx):
    ftp(c, ctx, {"PASS": lambda c, a, st: c.send(b"530 \x1b[2J\xc2\x9b " + a.encode() + b"\r\n")})


NAMED = dict(host="ftp.test", dns={"ftp.test": ["127.0.0.1"]}, tls=None)
getting("ftp-clear-by-name", {}, dict(ERROR, secret_not_plain=True), **NAMED)
getting("ftp-auth-stripped", {"AUTH": b"502 no\r\n"}, dict(ERROR, secret_not_plain=True), **NAMED)
getting("ftp-pasv-six", dict(PASV, PASV=b"227 Entering (::1)\r\n"), ERROR)
getting("ftp-epsv-digits", {"EPSV": b"229 (|||" + b"1" * 60_000 + b"|)\r\n", "PASV": b"500 no\r\n"}, ERROR)
getting("ftp-grows", {}, ERROR, size=5000, data=b"x" * 6000)
getting("ftp-facts-many", {"FEAT": b"211-x\r\n MLST " + b"a*;" * 3000 + b"\r\n211 e\r\n"}, ANY)
mirrored("ftp-mirror-file-and-folder", "home", "home", "home/x", "./x")


@case("ftp-mirror-thousands", "ftp_mirror", **FTP, path="/pub", dir="{dl}", expect=dict(ERROR, rss=200, by=6))
def _(c, ctx):
    ftp(c, ctx, data=b"abc", listing=b"".join(b"type=file;size=3; f%d\r\n" % number for number in range(20_000)))


def cut_tls(c, arg, st):
    c.send(b"150 go\r\n")
    data = st.opened()
    data.sendall(st.data[:100])
    socket.socket.shutdown(data, socket.SHUT_RDWR)
    data.close()
    c.send(b"226 done\r\n")


getting("ftps-data-cut", {"RETR": cut_tls, "SIZE": b"502 no\r\n"}, dict(ERROR, absent=["f"]), dest="{dl}/f", **FTPS)
