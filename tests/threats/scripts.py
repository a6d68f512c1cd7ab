"""Well-behaved protocol scripts, in which a case overrides what it wants to go wrong.

`over` maps a command to octets to send instead, or to a callable that sends by itself and returns False to stop.
"""

from __future__ import annotations

import contextlib
import functools
import re
import zlib

from threats.certificates import server_context
from threats.engine import MB, State


def reply(body=b"ok", status="200 OK", *headers):
    h = "".join(x + "\r\n" for x in headers)
    return f"HTTP/1.1 {status}\r\nContent-Length: {len(body)}\r\nConnection: close\r\n{h}\r\n".encode("latin-1") + body


def redirect(to, code="302 Found", *headers):
    return reply(b"", code, "Location: " + to, *headers)


def http_ok(c, ctx):
    if c.http():
        c.send(reply(b"ok"))


def gz(data):
    z = zlib.compressobj(9, zlib.DEFLATED, 31)
    return z.compress(data) + z.flush()


@functools.lru_cache(None)
def gz_bomb(mb):
    z = zlib.compressobj(9, zlib.DEFLATED, 31)
    block = b"\0" * MB
    return b"".join(z.compress(block) for _ in range(mb)) + z.flush()


def _dispatch(c, over, cmd, arg, st):
    """An override: bytes are sent; a callable may send by itself and returns False to stop."""
    o = over.get(cmd)
    if o is None:
        return None
    if callable(o):
        r = o(c, arg, st)
        return True if r is None else r
    c.send(o)
    return True


def ftp(
    c,
    ctx,
    over=None,
    data=b"hello ftp\r\n" * 50,
    listing=b"",
    greeting=b"220 exam FTP\r\n",
    end=b"226 done\r\n",
    size=None,
    tls_data=False,
    cert="good",
    pasv_host="127,0,0,1",
    data_addr="127.0.0.1",
    greet=True,
):
    over, st = over or {}, State(data=data, rest=0)
    st.sctx = None
    if greet:
        c.send(greeting)

    def opened():
        k, _ = st.ls.accept()
        k.settimeout(15)
        if st.prot == "P":
            k = st.sctx.wrap_socket(k, server_side=True)
        return k

    st.opened = opened
    while True:
        line = c.line()
        if line is None:
            return
        cmd, _, arg = line.decode("latin-1").partition(" ")
        cmd = cmd.upper()
        r = _dispatch(c, over, cmd, arg, st)
        if r is False:
            return
        if r:
            continue
        if cmd == "USER":
            c.send(b"331 password\r\n")
        elif cmd == "PASS":
            c.send(b"230 in\r\n")
        elif cmd == "AUTH":
            c.send(b"234 go\r\n")
            st.sctx = server_context(ctx.certs, cert, tls12=True)
            c.s = st.sctx.wrap_socket(c.s, server_side=True)
            c.is_tls, c.buf = True, b""
        elif cmd == "PBSZ":
            c.send(b"200 PBSZ=0\r\n")
        elif cmd == "PROT":
            st.prot = arg
            c.send(b"200 PROT\r\n")
        elif cmd in ("EPSV", "PASV"):
            st.ls = ctx.data_listener(data_addr)
            p = st.ls.getsockname()[1]
            c.send(
                f"229 ext (|||{p}|)\r\n".encode()
                if cmd == "EPSV"
                else f"227 pasv ({pasv_host},{p >> 8},{p & 255})\r\n".encode()
            )
        elif cmd == "SIZE":
            c.send(f"213 {len(st.data) if size is None else size}\r\n".encode())
        elif cmd == "MDTM":
            c.send(b"213 " + (st.mdtm or b"20240101000000") + b"\r\n")
        elif cmd == "REST":
            st.rest = int(arg) if arg.isdigit() else 0
            c.send(b"350 rest\r\n")
        elif cmd in ("RETR", "LIST", "NLST", "MLSD"):
            c.send(b"150 opening\r\n")
            k = opened()
            k.sendall(st.data[st.rest :] if cmd == "RETR" else (listing(cmd) if callable(listing) else listing))
            if st.prot == "P":
                with contextlib.suppress(OSError):
                    k.unwrap()
            k.close()
            st.rest = 0
            c.send(end)
        elif cmd == "STOR":
            c.send(b"150 send\r\n")
            k = opened()
            got = b""
            while d := k.recv(65536):
                got += d
            ctx.bag.setdefault("stor", []).append((arg, got))
            k.close()
            c.send(b"226 stored\r\n")
        elif cmd == "QUIT":
            c.send(b"221 bye\r\n")
            return
        elif cmd == "PWD":
            c.send(b'257 "/" is cwd\r\n')
        elif cmd == "CWD":
            c.send(b"250 ok\r\n")
        elif cmd == "FEAT":
            c.send(b"211-Features\r\n EPSV\r\n MLST type*;size*;modify*;\r\n211 End\r\n")
        else:
            c.send(b"200 ok\r\n" if cmd in ("TYPE", "NOOP", "OPTS", "MODE", "STRU", "SYST") else b"502 no\r\n")


def smtp(
    c, ctx, over=None, caps=(), caps_tls=("AUTH PLAIN LOGIN",), greeting=b"220 exam ESMTP\r\n", cert="good", greet=True
):
    over, st = over or {}, State()
    mails = ctx.bag.setdefault("mails", [])
    if greet:
        c.send(greeting)
    while True:
        line = c.line()
        if line is None:
            return
        cmd = line.decode("latin-1").split(" ")[0].split(":")[0].upper()
        arg = line.decode("latin-1")
        r = _dispatch(c, over, cmd, arg, st)
        if r is False:
            return
        if r:
            continue
        if cmd in ("EHLO", "HELO"):
            cs = list(caps_tls if c.is_tls else caps)
            ls = ["exam.test"] + (cs if cmd == "EHLO" else [])
            c.send("".join(f"250{'-' if i < len(ls) - 1 else ' '}{x}\r\n" for i, x in enumerate(ls)).encode())
        elif cmd == "STARTTLS":
            c.send(b"220 go\r\n")
            c.tls(cert)
        elif cmd == "AUTH":
            p = arg.split(" ")
            mech = p[1].upper() if len(p) > 1 else ""
            if mech == "LOGIN":
                if len(p) < 3:
                    c.send(b"334 VXNlcm5hbWU6\r\n")
                    c.line()
                c.send(b"334 UGFzc3dvcmQ6\r\n")
                c.line()
            elif len(p) < 3:
                c.send(b"334 \r\n")
                c.line()
            c.send(b"235 ok\r\n")
        elif cmd == "DATA":
            c.send(b"354 go\r\n")
            body = c.until(b"\r\n.\r\n")
            mails.append(body)
            r = _dispatch(c, over, "DATA-END", "", st)
            if r is False:
                return
            if not r:
                c.send(b"250 queued\r\n")
        elif cmd == "QUIT":
            c.send(b"221 bye\r\n")
            return
        else:
            c.send(b"250 ok\r\n" if cmd in ("MAIL", "RCPT", "RSET", "NOOP") else b"502 no\r\n")


MSG = b"From: a@a.test\r\nTo: b@b.test\r\nSubject: hi\r\n\r\nbody line\r\n"


def pop3(
    c,
    ctx,
    over=None,
    caps=("USER", "UIDL", "TOP", "SASL PLAIN"),
    msg=MSG,
    greeting=b"+OK exam POP3\r\n",
    cert="good",
    greet=True,
):
    over, st = over or {}, State()
    if greet:
        c.send(greeting)
    while True:
        line = c.line()
        if line is None:
            return
        cmd, _, arg = line.decode("latin-1").partition(" ")
        cmd = cmd.upper()
        r = _dispatch(c, over, cmd, arg, st)
        if r is False:
            return
        if r:
            continue
        if cmd == "CAPA":
            c.send(b"+OK\r\n" + "".join(x + "\r\n" for x in caps).encode() + b".\r\n")
        elif cmd == "STLS":
            c.send(b"+OK go\r\n")
            c.tls(cert)
        elif cmd == "AUTH":
            if len(arg.split(" ")) < 2:
                c.send(b"+ \r\n")
                c.line()
            c.send(b"+OK in\r\n")
        elif cmd == "STAT":
            c.send(f"+OK 1 {len(msg)}\r\n".encode())
        elif cmd == "LIST":
            c.send(f"+OK\r\n1 {len(msg)}\r\n.\r\n".encode() if not arg else f"+OK 1 {len(msg)}\r\n".encode())
        elif cmd == "UIDL":
            c.send(b"+OK\r\n1 u1\r\n.\r\n" if not arg else b"+OK 1 u1\r\n")
        elif cmd in ("RETR", "TOP"):
            c.send(b"+OK\r\n" + re.sub(rb"(?m)^\.", b"..", msg) + b".\r\n")
        elif cmd == "QUIT":
            c.send(b"+OK bye\r\n")
            return
        else:
            c.send(b"+OK\r\n" if cmd in ("USER", "PASS", "APOP", "NOOP", "RSET", "DELE") else b"-ERR no\r\n")


def imap(
    c,
    ctx,
    over=None,
    caps="IMAP4rev1 STARTTLS AUTH=PLAIN",
    caps_tls="IMAP4rev1 AUTH=PLAIN",
    greeting=None,
    msg=MSG,
    cert="good",
    greet=True,
):
    over, st = over or {}, State()
    if greet:
        c.send(greeting if greeting is not None else b"* OK exam IMAP4rev1\r\n")
    while True:
        line = c.line()
        if line is None:
            return
        p = line.decode("latin-1").split(" ", 2)
        tag, cmd, arg = p[0], (p[1] if len(p) > 1 else "").upper(), p[2] if len(p) > 2 else ""
        if cmd == "UID":
            cmd, _, arg = arg.partition(" ")
            cmd = "UID " + cmd.upper()
        label = tag.encode()
        st.tag = label
        m = re.search(r"\{(\d+)(\+?)\}$", arg)
        while m and cmd != "APPEND":
            if not m[2]:
                c.send(b"+ go\r\n")
            c.exactly(int(m[1]))
            m = re.search(r"\{(\d+)(\+?)\}$", (c.line() or b"").decode("latin-1"))
        r = _dispatch(c, over, cmd, arg, st)
        if r is False:
            return
        if r:
            continue
        if cmd == "CAPABILITY":
            c.send(b"* CAPABILITY " + (caps_tls if c.is_tls else caps).encode() + b"\r\n" + label + b" OK done\r\n")
        elif cmd == "STARTTLS":
            c.send(label + b" OK go\r\n")
            c.tls(cert)
        elif cmd == "AUTHENTICATE":
            if len(arg.split(" ")) < 2:
                c.send(b"+ \r\n")
                c.line()
            c.send(label + b" OK in\r\n")
        elif cmd in ("SELECT", "EXAMINE"):
            c.send(
                b"* 1 EXISTS\r\n* 0 RECENT\r\n* FLAGS (\\Seen)\r\n* OK [UIDVALIDITY 7] u\r\n"
                + label
                + b" OK [READ-WRITE] sel\r\n"
            )
        elif cmd in ("FETCH", "UID FETCH"):
            u = b"UID 5 " if cmd.startswith("UID") else b""
            item = re.search(r"BODY(?:\.PEEK)?(\[[^\]]*\])", arg)
            name = ("BODY" + item[1]).encode() if item else b"RFC822"
            c.send(b"* 1 FETCH (" + u + name + b" {%d}\r\n" % len(msg) + msg + b")\r\n" + label + b" OK f\r\n")
        elif cmd in ("SEARCH", "UID SEARCH"):
            c.send(b"* SEARCH 5\r\n" + label + b" OK s\r\n")
        elif cmd == "LIST":
            c.send(b'* LIST () "/" INBOX\r\n' + label + b" OK line\r\n")
        elif cmd == "LOGOUT":
            c.send(b"* BYE bye\r\n" + label + b" OK done\r\n")
            return
        else:
            c.send(
                label
                + (b" OK ok\r\n" if cmd in ("LOGIN", "NOOP", "CLOSE", "UNSELECT", "ID", "ENABLE") else b" BAD no\r\n")
            )


ART = b"From: a@a.test\r\nSubject: art\r\nMessage-ID: <1@a>\r\n\r\nline one\r\n..dotted\r\n"


def nntp(
    c,
    ctx,
    over=None,
    caps=("VERSION 2", "READER", "STARTTLS", "AUTHINFO USER"),
    greeting=b"200 exam NNTP\r\n",
    cert="good",
    greet=True,
):
    over, st = over or {}, State()
    if greet:
        c.send(greeting)
    while True:
        line = c.line()
        if line is None:
            return
        cmd, _, arg = line.decode("latin-1").partition(" ")
        cmd = cmd.upper()
        r = _dispatch(c, over, cmd, arg, st)
        if r is False:
            return
        if r:
            continue
        if cmd == "CAPABILITIES":
            c.send(b"101 caps\r\n" + "".join(x + "\r\n" for x in caps).encode() + b".\r\n")
        elif cmd == "STARTTLS":
            c.send(b"382 go\r\n")
            c.tls(cert)
        elif cmd == "AUTHINFO":
            c.send(b"381 more\r\n" if arg.upper().startswith("USER") else b"281 in\r\n")
        elif cmd == "GROUP":
            c.send(b"211 1 1 1 " + arg.encode("latin-1") + b"\r\n")
        elif cmd == "MODE":
            c.send(b"200 ok\r\n")
        elif cmd in ("ARTICLE", "BODY", "HEAD"):
            c.send(b"220 1 <1@a> article\r\n" + ART + b".\r\n")
        elif cmd == "QUIT":
            c.send(b"205 bye\r\n")
            return
        else:
            c.send(b"500 no\r\n")


def drip_line(line):
    def f(c, arg, st):
        c.drip(line)
        c.hold()
        return False

    return f


def silent(c, *a):
    c.hold()
    return False


def hang_up(c, *a):
    return False


def send_then_close(data):
    def f(c, arg, st):
        c.send(data)
        return False

    return f
