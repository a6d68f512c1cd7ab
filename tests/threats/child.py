"""The process that a case is played in: limits, one operation of the adapter, and what came of it, handed back.

A case's time, memory (the peak resident size of the process), signals and files are its own: nothing here may be
imported that a client in its own process would not have. What has to hold afterwards is for `verdict.judge`, outside.
"""

from __future__ import annotations

import ast
import os
import re
import resource
import signal
import socket
import subprocess
import sys
import time
import traceback
from typing import Any

AS_LIMIT = 1536 << 20


class Unsupported(Exception):  # noqa: N818
    """The client has no such operation."""


class Adapter:
    """The client under examination: a method an operation, keyword arguments only.

    Every method also gets `timeout` (seconds without progress) and `deadline` (seconds in all). `tls` is "starttls" (a
    required upgrade), "implicit", "none" (the caller allows clear text), or absent (the client's own default). TYPED
    are the exceptions that count as documented.
    """

    TYPED = (OSError,)
    NAME = "adapter"

    def typed(self, exc):
        return isinstance(exc, self.TYPED) and not isinstance(exc, (MemoryError, RecursionError))

    def __getattr__(self, name):
        raise Unsupported(name)

    def on_pty(self, argv, wait=6):
        """Run argv with a terminal as stdout and stderr; return the bytes the terminal would get."""
        import pty
        import select

        m, s = pty.openpty()
        p = subprocess.Popen(argv, stdin=subprocess.DEVNULL, stdout=s, stderr=s, start_new_session=True)
        os.close(s)
        out, end = b"", time.monotonic() + wait
        while time.monotonic() < end and len(out) < 1 << 20:
            if select.select([m], [], [], 0.1)[0]:
                try:
                    d = os.read(m, 65536)
                except OSError:
                    break
                if not d:
                    break
                out += d
            elif p.poll() is not None:
                break
        if p.poll() is None:
            p.kill()
        p.wait()
        os.close(m)
        return out


def child(job):
    with open(job) as f:
        j = ast.literal_eval(f.read())
    from threats.adapter import Nettools

    adapter: Any = Nettools()
    if j["dns"]:
        real = socket.getaddrinfo

        def fake(host, port, family=0, type=0, proto=0, flags=0):
            h = host.decode() if isinstance(host, bytes) else host
            if h not in j["dns"]:
                return real(host, port, family, type, proto, flags)
            if j["dns"][h] == "hang":
                time.sleep(60)
            out = []
            for a in j["dns"][h]:
                fam = socket.AF_INET6 if ":" in a else socket.AF_INET
                if family in (0, fam):
                    out += real(a, port, fam, type or socket.SOCK_STREAM, proto, flags)
            if not out:
                raise socket.gaierror(socket.EAI_NONAME, "no address of this family")
            return out

        socket.getaddrinfo = fake
    if j["dns"]:
        j["kw"]["dns"] = j["dns"]
    resource.setrlimit(resource.RLIMIT_AS, (AS_LIMIT, AS_LIMIT))
    resource.setrlimit(resource.RLIMIT_CPU, (20, 25))
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    signal.signal(signal.SIGINT, signal.default_int_handler)  # a background shell may have left it ignored
    if j["fsize"]:
        resource.setrlimit(resource.RLIMIT_FSIZE, (j["fsize"], j["fsize"]))
    r = {"outcome": "error", "value": None, "exc": "", "text": "", "typed": True, "trace": ""}
    print("@@READY", flush=True)
    t0 = time.monotonic()
    try:
        for _ in range(j["repeat"]):
            r.update(outcome="error", value=None, exc="", text="", typed=True)
            try:
                v = getattr(adapter, j["op"])(**j["kw"])
                r["outcome"] = "ok"
                if isinstance(v, (bytes, bytearray)) and len(v) > 400000:
                    v = bytes(v[:200000]) + bytes(v[-200000:])
                r["value"] = (
                    v if isinstance(v, (bytes, bytearray, str, int, float, list, tuple, dict, type(None))) else repr(v)
                )
            except Unsupported as e:
                r["outcome"] = "unsupported"
                r["text"] = str(e)
                break
            except BaseException as e:
                r["exc"] = type(e).__module__ + "." + type(e).__qualname__
                try:
                    r["text"] = str(e)[:4000] + " | " + repr(e)[:4000]
                except Exception as e2:
                    r["text"] = f"(unprintable: {type(e2).__name__})"
                r["typed"] = bool(adapter.typed(e))
                x, n = e, 0
                while x is not None and n < 20:
                    if isinstance(x, (MemoryError, RecursionError)):
                        r["inner"] = type(x).__name__
                    x, n = x.__context__, n + 1
                r["trace"] = traceback.format_exc(limit=-3)[-800:]
                if isinstance(e, KeyboardInterrupt):
                    r["outcome"] = "interrupted"
                del e
    finally:
        r["elapsed"] = round(time.monotonic() - t0, 2)
        with open("/proc/self/status") as f:  # ru_maxrss of the process itself would hold its parent's peak
            own = int(re.search(r"VmHWM:\s+(\d+)", f.read())[1])
        r["rss"] = max(own, resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss) // 1024
    try:
        out = repr(r)
        ast.literal_eval(out)
    except (ValueError, SyntaxError):
        r["value"] = repr(r["value"])
        out = repr(r)
    if j["fsize"]:
        sys.stdout.write("@@RESULT" + out + "\n")
        sys.stdout.flush()
    else:
        with open(job + ".out", "w", errors="backslashreplace") as f:
            f.write(out)
    sys.stdout.flush()
    os._exit(0)
