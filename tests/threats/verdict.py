"""The verdict on a case: the reasons, in words, why what happened is not what must be; none is a pass."""

from __future__ import annotations

import base64
import os
import re

from threats.engine import leaks

GRACE = 2.0  # seconds over the deadline
DL = "work/dl/"


def flat(v):
    if isinstance(v, (bytes, bytearray)):
        return bytes(v)
    if isinstance(v, str):
        return v.encode("utf-8", "surrogateescape")
    if isinstance(v, dict):
        return b"\n".join(flat(x) for kv in v.items() for x in kv)
    if isinstance(v, (list, tuple)):
        return b"\n".join(flat(x) for x in v)
    return repr(v).encode()


def judge(c, r, ctx, before, after, dl, root, deadline):
    e, why, o, rec = c.expect, [], r["outcome"], ctx.rec
    val = flat(r["value"])
    want = e.get("outcome", "any")
    if o == "hang":
        why.append(f"no end after {r['elapsed']} s")
    elif o == "died":
        why.append(f"process died without a result (exit {r.get('rc')}: memory limit or crash)")
    elif want == "error" and o == "ok":
        why.append("reported success: " + repr(val[:60]))
    elif want == "ok" and o != "ok":
        why.append(f"failed: {r['exc']}: {r['text'][:120]}")
    elif want == "killed" and o == "ok":
        why.append("ended before the signal")
    by = e.get("by", deadline + GRACE)
    if o in ("ok", "error") and r["elapsed"] > by:
        why.append(f"took {r['elapsed']} s, limit {by} s")
    if o == "error" and e.get("typed", True) and not r["typed"]:
        why.append("untyped error " + r["exc"])
    if r.get("inner") and r["inner"] not in r["exc"]:
        why.append(r["inner"] + " behind the error")
    if e.get("rss") and r["rss"] > e["rss"]:
        why.append(f"memory {r['rss']} MB, limit {e['rss']} MB")
    if "value_has" in e and o == "ok" and e["value_has"] not in val:
        why.append("result lacks " + repr(e["value_has"][:20]))
    if "value_not" in e and e["value_not"] in val:
        why.append("result has " + repr(e["value_not"]))
    for n in e.get("secret_not_on", ()):
        if leaks(rec.bytes(n)):
            why.append(f"credential sent to {n}")
    if e.get("secret_not_plain") and leaks(b"\n".join(x[4] for x in rec.chunks if not x[3])):
        why.append("credential sent in clear")
    plain = rec.bytes(tls=False)
    for x in e.get("forbid_plain", ()):
        if x.upper() in plain.upper():
            why.append(f"{x!r} sent in clear")
    for n, xs in e.get("forbid", {}).items():
        for x in xs:
            if x.lower() in rec.bytes(n).lower():
                why.append(f"{x!r} on the wire")
    for n, xs in e.get("require", {}).items():
        for x in xs:
            if x not in rec.bytes(n):
                why.append(f"{x!r} not on the wire")
    for n in e.get("no_conn", ()):
        if rec.conns.get(n):
            why.append(f"connected to {n}")
    for n, m in e.get("max_conns", {}).items():
        if rec.conns.get(n, 0) > m:
            why.append(f"{rec.conns[n]} connections/requests to {n}, limit {m}")
    for n, m in e.get("max_sent", {}).items():
        k = len(rec.bytes(n))
        if k > m:
            why.append(f"sent {k} bytes, limit {m}")
    if "mails_max" in e and len(ctx.bag.get("mails", ())) > e["mails_max"]:
        why.append(f"{len(ctx.bag['mails'])} copies of the mail sent")
    for n in e.get("absent", ()):
        if DL + n in after:
            why.append(f"file {n} exists ({len(after[DL + n] or b'')} bytes)")
    for n, ok in e.get("file_in", {}).items():
        if after.get(DL + n) not in ok:
            why.append(f"file {n} is {(after.get(DL + n) or b'')[:24]!r} ({len(after.get(DL + n) or b'')} bytes)")
    if "file_not_mixed" in e:
        x = after.get(DL + e["file_not_mixed"]) or b""
        if b"A" in x and b"B" in x:
            why.append("file is a mix of two versions")
    for n in set(before) | set(after):
        if not n.startswith((DL, "home/")) and before.get(n) != after.get(n):
            why.append("touched outside the directory: " + n)
    if e.get("names_clean") and any(re.search("[\x00-\x1f\x7f]", n) for n in after):
        why.append("control characters in a file name")
    if e.get("secret_not_in_output"):
        if leaks(r["output"]):
            why.append("credential in the output or log")
        if leaks(r["text"].encode("utf-8", "replace")):
            why.append("credential in the error text")
        if c.op.startswith(("cli", "command")) and leaks(val):
            why.append("credential on the terminal")
    if e.get("secret_not_in_files"):
        for n, x in after.items():
            if n.startswith(DL) and leaks(x or b""):
                why.append("credential in the file " + n)
    for n in e.get("private", ()):
        mode = os.stat(os.path.join(dl, n)).st_mode if DL + n in after else 0o600
        if mode & 0o077:
            why.append(f"others can read {n}")
    if e.get("tty_clean") and o == "ok" and re.search(rb"\x1b|\xc2[\x80-\x9f]|\x9b", val):
        why.append("raw escape bytes reach the terminal")
    if e.get("kill_by") and (r["kill_took"] is None or r["kill_took"] > e["kill_by"]):
        why.append(f"took {r['kill_took']} s to end after the signal")
    if e.get("check"):
        x = CHECKS[e["check"]](c, r, ctx)
        if x:
            why.append(x)
    return why


def chk_smuggle(c, r, ctx):
    for m in ctx.bag.get("mails", ()):
        m = m[:-5]
        if re.search(rb"(?<!\r)\n|\r(?!\n)", m):
            return "bare CR or LF in the message on the wire"
    return None


def chk_dots(c, r, ctx):
    m = ctx.bag.get("mails") or [b""]
    got = re.sub(rb"(?m)^\.", b"", m[0])
    return None if b"a\r\n.\r\n..x\r\nend\r\n" in got else "dot lines damaged: " + repr(m[0][-40:])


def chk_refused(c, r, ctx):
    if r["outcome"] == "error":
        return None
    return None if b"nobody" in flat(r["value"]) else "plain success, the refused recipient is not named"


def chk_imap_literal(c, r, ctx):
    b = ctx.rec.bytes("main")
    i = b.find(b"\nX1 STORE")
    if (
        i >= 0
        and not re.search(rb"\{\d+\+?\}\r\n[^\n]{0,6}\r?$", b[:i])
        and not re.search(rb"\{\d+\+?\}\r\nx\"\r$", b[:i])
    ):
        return "injected command on the wire"
    return None


def chk_imap_pw(c, r, ctx):
    b = ctx.rec.bytes("main")
    if b'"a\\"b\\\\c"' in b or b'a"b\\c' in b:
        return None
    if any(
        b'a"b\\c' in base64.b64decode(t + b"=" * (-len(t) % 4))
        for t in re.findall(rb"[A-Za-z0-9+/]{8,}", b)
        if len(t) % 4 != 1
    ):
        return None
    return "the password does not arrive as given"


def chk_udp_whole(c, r, ctx):
    if r["outcome"] == "ok" and len(flat(r["value"])) != 9000:
        return f"reply cut to {len(flat(r['value']))} of 9000 bytes without an error"
    return None


def chk_processes(c, r, ctx):
    shown = ctx.bag.get("processes")
    if not shown:
        return "no process was seen"
    return "credential in the list of processes" if any(leaks(each) for each in shown) else None


CHECKS = dict(
    processes=chk_processes,
    smuggle=chk_smuggle,
    dots=chk_dots,
    refused=chk_refused,
    imap_literal=chk_imap_literal,
    imap_pw=chk_imap_pw,
    udp_whole=chk_udp_whole,
)
