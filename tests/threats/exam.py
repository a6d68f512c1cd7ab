"""One case in a process of its own: how it is set up, run and ended.

Every case runs in a fresh directory: `canary.txt` must never be read or changed, `home/` is HOME, `work/dl/` is where
files may be written; a new or changed file anywhere else fails it. The process has limits (address space, CPU, file
size, wall clock). What has to hold afterwards is for `verdict.judge`.

    python -m threats.exam --child JOB      is how the process starts itself
"""

from __future__ import annotations

import ast
import contextlib
import os
import re
import resource
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import traceback
from pathlib import Path
from typing import Any

from threats.engine import CASES, Ctx
from threats.verdict import judge

TESTS = Path(__file__).parents[1]
TIMEOUT, DEADLINE, WALL = 1.5, 4.0, 10.0  # seconds: without progress, in all, ended after
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


def snapshot(root):
    out = {}
    for d, dirs, files in os.walk(root):
        for n in files + [x for x in dirs if os.path.islink(os.path.join(d, x))]:
            p = os.path.join(d, n)
            try:
                out[os.path.relpath(p, root)] = os.readlink(p) if os.path.islink(p) else Path(p).read_bytes()[: 2 << 20]
            except OSError:
                out[os.path.relpath(p, root)] = None
    return out


def fill(v, names):
    if isinstance(v, str):
        for k, x in names.items():
            v = v.replace("{" + k + "}", str(x))
        return v
    if isinstance(v, dict):
        return {k: fill(x, names) for k, x in v.items()}
    if isinstance(v, list):
        return [fill(x, names) for x in v]
    if isinstance(v, tuple):
        return tuple(fill(x, names) for x in v)
    return v


def run_case(cid, certs):
    """Play a case against nettools; what happened, with `why`, the reasons against it."""
    import threats.cases  # noqa: F401  # registers them

    c = CASES[cid]
    e = c.expect
    top = tempfile.mkdtemp(prefix="exam-")
    root = os.path.join(top, "root")
    dl, home = os.path.join(root, "work", "dl"), os.path.join(root, "home")
    os.makedirs(dl)
    os.makedirs(home)
    with open(os.path.join(root, "canary.txt"), "w") as f:
        f.write("CANARY")
    kw = dict(c.kw)
    for n, t in kw.pop("home", {}).items():
        with open(os.path.join(home, n), "w") as f:
            f.write(t)
        os.chmod(os.path.join(home, n), 0o600)
    for n, t in kw.pop("dl", {}).items():
        with open(os.path.join(dl, n), "wb") as f:
            f.write(t)
    for n, t in kw.pop("symlink", {}).items():
        os.symlink(t, os.path.join(dl, n))
    ctx = Ctx(c, certs, root)
    try:
        names = dict(ctx.ports, root=root, dl=dl, home=home, ca=os.path.join(certs, "ca.pem"))
        dns, fsize, repeat, env = kw.pop("dns", None), kw.pop("fsize", 0), kw.pop("repeat", 1), kw.pop("env", {})
        kw = fill(kw, names)
        for k in ("port",):
            if k in kw:
                kw[k] = int(kw[k])
        kw.setdefault("timeout", TIMEOUT)
        kw.setdefault("deadline", DEADLINE)
        deadline = kw["deadline"]
        job = os.path.join(top, "job")
        with open(job, "w") as f:
            f.write(repr(dict(op=c.op, kw=kw, dns=dns, fsize=fsize, repeat=repeat)))
        before = snapshot(root)
        environ = {
            "PATH": os.environ.get("PATH", ""),
            "HOME": home,
            "LANG": "C.UTF-8",
            "TERM": "xterm",
            "PYTHONPATH": os.pathsep.join(filter(None, [str(TESTS), os.environ.get("PYTHONPATH")])),
            "PYTHONDONTWRITEBYTECODE": "1",
            **env,
        }
        p = subprocess.Popen(
            [sys.executable, "-m", "threats.exam", "--child", job],
            cwd=dl,
            env=environ,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            start_new_session=True,
        )
        bufs = {"o": b"", "e": b""}
        ready = threading.Event()

        def pump(k, f):
            for d in iter(lambda: os.read(f.fileno(), 65536), b""):
                if len(bufs[k]) < 1 << 20:
                    bufs[k] += d
                if b"@@READY" in bufs["o"]:
                    ready.set()

        ts = [threading.Thread(target=pump, args=a, daemon=True) for a in (("o", p.stdout), ("e", p.stderr))]
        for t in ts:
            t.start()
        ready.wait(15)
        t0 = time.monotonic()
        kill, kill_took = e.get("kill"), None
        hung = False

        def group(sig):
            with contextlib.suppress(ProcessLookupError):
                os.killpg(p.pid, sig)  # the child's own session: itself and what it started

        if kill:
            try:
                p.wait(kill[1])
            except subprocess.TimeoutExpired:
                group(getattr(signal, "SIG" + kill[0]))
                k0 = time.monotonic()
                try:
                    p.wait(4)
                    kill_took = time.monotonic() - k0
                except subprocess.TimeoutExpired:
                    pass
        limit = max(WALL, deadline * repeat + 5)
        try:
            p.wait(max(0.1, limit - (time.monotonic() - t0)))
        except subprocess.TimeoutExpired:
            hung = True
        group(signal.SIGKILL)
        p.wait()
        for t in ts:
            t.join(1)
        p.stdout.close()
        p.stderr.close()
        time.sleep(0.05)
        out = bufs["o"].replace(b"@@READY\n", b"")
        r = {
            "outcome": "hang" if hung else "died",
            "value": None,
            "exc": "",
            "text": "",
            "typed": True,
            "elapsed": round(time.monotonic() - t0, 2),
            "rss": 0,
            "trace": "",
            "rc": p.returncode,
        }
        if b"@@RESULT" in out:
            out, _, x = out.partition(b"@@RESULT")
            r.update(ast.literal_eval(x.decode()))
        elif os.path.exists(job + ".out"):
            with open(job + ".out") as f:
                r.update(ast.literal_eval(f.read()))
        if kill and r["outcome"] in ("died", "interrupted", "hang", "error"):
            r["outcome"] = "killed" if kill_took is not None else r["outcome"]
        r["kill_took"], r["output"] = kill_took, out + b"\n" + bufs["e"]
        ctx.stop.set()
        time.sleep(0.05)
        r["why"] = (
            []
            if r["outcome"] == "unsupported"
            else judge(c, r, ctx, before, snapshot(root), dl, root, deadline * repeat)
        )
        r["verdict"] = "unsupported" if r["outcome"] == "unsupported" else "fail" if r["why"] else "pass"
        r["sent"] = {n: next(x.decode("latin-1")[:300] for x in [ctx.rec.bytes(n)]) for n in ctx.ports}
        r["notes"] = ctx.rec.notes[:5]
        return r
    finally:
        ctx.close()
        shutil.rmtree(top, ignore_errors=True)


if __name__ == "__main__" and sys.argv[1:2] == ["--child"]:
    child(sys.argv[2])
