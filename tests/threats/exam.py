"""One case in a process of its own: how it is set up, run and ended.

Every case runs in a fresh directory: `canary.txt` must never be read or changed, `home/` is HOME, `work/dl/` is where
files may be written; a new or changed file anywhere else fails it. The process comes from `nursery` and has limits
(address space, CPU, file size, wall clock); `child` is what it does, and what has to hold afterwards is for
`verdict.judge`.
"""

from __future__ import annotations

import ast
import contextlib
import os
import shutil
import signal
import tempfile
import threading
import time
from pathlib import Path

from threats.engine import CASES, Ctx
from threats.verdict import judge

TIMEOUT, DEADLINE, WALL = 1.5, 4.0, 10.0  # seconds: without progress, in all, ended after


def snapshot(root):
    out = {}
    for d, dirs, files in os.walk(root):
        for n in files + [x for x in dirs if os.path.islink(os.path.join(d, x))]:
            p = os.path.join(d, n)
            try:
                regular = os.path.isfile(p)  # reading a pipe would wait
                data = os.readlink(p) if os.path.islink(p) else Path(p).read_bytes()[: 2 << 20] if regular else None
                out[os.path.relpath(p, root)] = data
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


def run_case(cid, certs, nursery):
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
    for n, t in kw.pop("home", {}).items():  # text, (text, mode), or None for a pipe
        text, mode = t if isinstance(t, tuple) else (t, 0o600)
        path = os.path.join(home, n)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        if text is None:
            os.mkfifo(path)
        else:
            with open(path, "w") as f:
                f.write(text)
        os.chmod(path, mode)
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
        p = nursery.start(job, dl, {"HOME": home, "TERM": "xterm", **env})
        bufs = {"o": b"", "e": b""}
        ready = threading.Event()

        def pump(k, f):
            for d in iter(lambda: os.read(f, 65536), b""):
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
            except TimeoutError:
                group(getattr(signal, "SIG" + kill[0]))
                k0 = time.monotonic()
                try:
                    p.wait(4)
                    kill_took = time.monotonic() - k0
                except TimeoutError:
                    pass
        limit = max(WALL, deadline * repeat + 5)
        try:
            p.wait(max(0.1, limit - (time.monotonic() - t0)))
        except TimeoutError:
            hung = True
        group(signal.SIGKILL)
        p.wait()
        for t in ts:
            t.join(1)
        os.close(p.stdout)
        os.close(p.stderr)
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
