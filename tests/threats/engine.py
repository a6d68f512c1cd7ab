"""The engine of the hostile servers: scripted listeners on loopback, and a record of what the client sent.

A case is a handler (one thread a connection) for each of its listeners, the operation that the client under
examination is asked for, and what has to hold afterwards (see `exam.judge`). Knows no protocol but the head of an HTTP
request. Standard library only.
"""

from __future__ import annotations

import base64
import binascii
import contextlib
import os
import re
import socket
import ssl
import struct
import threading
import time

from threats.certificates import server_context

USER, SECRET, TOKEN = "alice", "S3cr3tHunter2x", "tok-5ecre7-Bearer77"
SECRETS = (SECRET.encode(), TOKEN.encode())
MB = 1 << 20
CASES: dict[str, Case] = {}


class Case:
    def __init__(self, id, op, fn, listen, expect, kw):
        self.id, self.op, self.fn, self.listen, self.expect, self.kw = id, op, fn, listen, expect, kw
        self.at = ""  # the module of `cases` that it stands in


def shown_processes(root):
    """What everybody sees of the processes of the case whose folder this is."""
    shown = []
    for each in os.listdir("/proc"):
        with contextlib.suppress(OSError):
            if each.isdigit() and os.readlink(f"/proc/{each}/cwd").startswith(root):
                with open(f"/proc/{each}/cmdline", "rb") as f:
                    shown.append(f.read())
    return shown


def case(id, op, listen=None, expect=None, **kw):
    """Register a case.

    `kw` are the operation's arguments: '{main}', '{other}', ... become port numbers, '{root}', '{dl}', '{ca}', '{home}'
    paths. `listen` is {name: handler, (address, handler), 'dead' or 'blackhole'}.
    """

    def deco(fn):
        assert id not in CASES, id
        CASES[id] = new = Case(id, op, fn, listen or {}, expect or {}, kw)
        new.at = fn.__module__.removeprefix("threats.cases.").replace(".", "/")
        return fn

    return deco


def leaks(data):
    """True if a secret is in data, in clear or inside a base64 token."""
    if any(s in data for s in SECRETS):
        return True
    for tok in re.findall(rb"[A-Za-z0-9+/_-]{12,}={0,2}", data):
        for k in range(4):
            t = tok[k:]
            t = t.rstrip(b"=")
            t += b"=" * (-len(t) % 4)
            try:
                d = base64.b64decode(t.replace(b"-", b"+").replace(b"_", b"/"))
            except (binascii.Error, ValueError):
                continue
            if any(s in d for s in SECRETS):
                return True
    return False


class Record:
    """What the client sent: chunks of (time, listener, connection number, inside TLS?, bytes)."""

    def __init__(self):
        self.lock, self.chunks, self.conns, self.notes, self.t0 = threading.Lock(), [], {}, [], time.monotonic()

    def conn(self, name):
        with self.lock:
            self.conns[name] = self.conns.get(name, 0) + 1
            return self.conns[name]

    def got(self, name, n, tls, data):
        with self.lock:
            self.chunks.append((round(time.monotonic() - self.t0, 3), name, n, tls, data))

    def note(self, text):
        with self.lock:
            self.notes.append(text)

    def bytes(self, name=None, tls=None):
        with self.lock:
            return b"".join(
                c[4] for c in self.chunks if (name is None or c[1] == name) and (tls is None or c[3] == tls)
            )


class Conn:
    def __init__(self, sock, ctx, name):
        self.s, self.ctx, self.name, self.n, self.is_tls, self.buf = sock, ctx, name, ctx.rec.conn(name), False, b""
        sock.settimeout(15)

    def send(self, data):
        self.s.sendall(data)

    def recv(self, n=65536):
        d = self.s.recv(n)
        if d:
            self.ctx.rec.got(self.name, self.n, self.is_tls, d)
        return d

    def until(self, mark, limit=4 * MB):
        while mark not in self.buf and len(self.buf) < limit:
            d = self.recv()
            if not d:
                out, self.buf = self.buf, b""
                return out
            self.buf += d
        i = self.buf.find(mark) + len(mark)
        out, self.buf = self.buf[:i], self.buf[i:]
        return out

    def line(self):
        line = self.until(b"\n")
        return line.rstrip(b"\r\n") if line else None

    def exactly(self, n):
        while len(self.buf) < n:
            d = self.recv()
            if not d:
                break
            self.buf += d
        out, self.buf = self.buf[:n], self.buf[n:]
        return out

    def http(self):
        head = self.until(b"\r\n\r\n")
        if not head.strip():
            return None
        lines = head.decode("latin-1").split("\r\n")
        h = {}
        for line in lines[1:]:
            if ":" in line:
                k, v = line.split(":", 1)
                h[k.strip().lower()] = v.strip()
        body = self.exactly(int(h["content-length"])) if h.get("content-length", "").isdigit() else b""
        p = lines[0].split(" ")
        return dict(method=p[0], path=p[1] if len(p) > 1 else "", headers=h, body=body)

    def sleep(self, t):
        if self.ctx.stop.wait(t):
            raise ConnectionAbortedError

    def drip(self, data, gap=0.4, total=14):
        end = time.monotonic() + total
        for i in range(len(data)):
            self.send(data[i : i + 1])
            self.sleep(gap)
            if time.monotonic() > end:
                break

    def flood(self, chunk, mb=96, total=12):
        if len(chunk) < 65536:
            chunk = chunk * (65536 // len(chunk) + 1)
        end, sent = time.monotonic() + total, 0
        while sent < mb * MB and time.monotonic() < end and not self.ctx.stop.is_set():
            self.send(chunk)
            sent += len(chunk)
        self.ctx.rec.note(f"flood sent {sent // MB} MB")
        self.hold()

    def hold(self, t=14):
        """Keep the connection open, noting what arrives, until the client leaves."""
        end = time.monotonic() + t
        self.s.settimeout(0.5)
        while time.monotonic() < end and not self.ctx.stop.is_set():
            try:
                if not self.recv():
                    return
            except (TimeoutError, ssl.SSLWantReadError):
                pass

    def tls(self, cert="good", **kw):
        self.s = server_context(self.ctx.certs, cert, **kw).wrap_socket(self.s, server_side=True)
        self.is_tls, self.buf = True, b""
        return self

    def rst(self):
        self.s.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.s.close()

    def close(self):
        try:
            if self.is_tls:
                self.s.settimeout(1)
                self.s = self.s.unwrap()
        except (OSError, ValueError):
            pass
        with contextlib.suppress(OSError):
            self.s.shutdown(socket.SHUT_WR)
        try:  # let the client read everything before a reset can happen
            self.s.settimeout(0.3)
            while self.s.recv(65536):
                pass
        except (OSError, ValueError):
            pass
        self.s.close()

    def cut(self):
        """Close the TCP connection without a TLS close_notify."""
        socket.socket.shutdown(self.s, socket.SHUT_RDWR)
        self.s.close()


class Ctx:
    """One running case: its listeners, its record and a scratch 'bag' the handlers share."""

    def __init__(self, case, certs, root=None):
        self.case, self.certs, self.rec, self.stop = case, certs, Record(), threading.Event()
        self.ports, self.socks, self.bag, self.lock = {}, [], {}, threading.Lock()
        self.root = root or os.getcwd()
        want = {"main": case.fn}
        want.update(case.listen)
        for name, spec in want.items():
            addr, fn = spec if isinstance(spec, tuple) else ("127.0.0.1", spec)
            self.open(name, addr, fn)

    def open(self, name, addr, fn):
        if isinstance(fn, str) and fn.startswith("udp"):
            return
        if getattr(fn, "udp", False):
            s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
            s.bind((addr, 0))
            self.ports[name] = s.getsockname()[1]
            self.socks.append(s)
            threading.Thread(target=self._udp, args=(s, name, fn), daemon=True).start()
            return
        if addr.startswith("/"):  # a Unix socket below the case's folder; its "port" is the path
            s = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
            s.bind(self.root + addr)
            self.ports[name] = self.root + addr
            self.socks.append(s)
            s.listen(32)
            threading.Thread(target=self._accept, args=(s, name, fn), daemon=True).start()
            return
        fam = socket.AF_INET6 if ":" in addr else socket.AF_INET
        s = socket.socket(fam, socket.SOCK_STREAM)
        s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        port = 0
        if isinstance(fn, str) and ":" in fn:  # 'blackhole:main' = same port number as main
            fn, other = fn.split(":")
            port = self.ports[other]
        elif not isinstance(fn, str) and hasattr(fn, "same_port"):
            port = self.ports[fn.same_port]
        s.bind((addr, port))
        self.ports[name] = s.getsockname()[1]
        if fn == "dead":
            s.close()
            return
        self.socks.append(s)
        if fn == "blackhole":  # a full backlog: further SYNs are dropped
            s.listen(0)
            for _ in range(6):
                x = socket.socket(fam, socket.SOCK_STREAM)
                x.setblocking(False)
                x.connect_ex((addr, self.ports[name]))
                self.socks.append(x)
            return
        s.listen(32)
        threading.Thread(target=self._accept, args=(s, name, fn), daemon=True).start()

    def _udp(self, s, name, fn):
        s.settimeout(0.5)
        while not self.stop.is_set():
            try:
                d, peer = s.recvfrom(65536)
            except TimeoutError:
                continue
            except OSError:
                return
            self.rec.conn(name)
            self.rec.got(name, 1, False, d)
            fn(s, d, peer, self)

    def _accept(self, s, name, fn):
        while not self.stop.is_set():
            try:
                k, _ = s.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(k, name, fn), daemon=True).start()

    def _serve(self, k, name, fn):
        c = Conn(k, self, name)
        try:
            fn(c, self)
            c.close()
        except Exception as e:
            if not isinstance(e, OSError):
                self.rec.note(f"server {name}: {type(e).__name__}: {e}")
            with contextlib.suppress(OSError):
                c.s.close()

    def data_listener(self, addr="127.0.0.1"):
        s = socket.socket()
        s.bind((addr, 0))
        s.listen(4)
        s.settimeout(8)
        with self.lock:
            self.socks.append(s)
        return s

    def close(self):
        self.stop.set()
        for s in self.socks:
            with contextlib.suppress(OSError):
                s.close()


class State(dict):
    __getattr__ = dict.get
    __setattr__ = dict.__setitem__
