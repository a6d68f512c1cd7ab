"""INN: NNTP, reading for all and posting for the user, STARTTLS on the clear port and TLS only on another.

Groups: local.test (two articles from the start, the second a follow-up), local.empty, local.moderated.
`facts["new_group"]()` makes a group of a test's own.
"""

from __future__ import annotations

import itertools
import os
import socket
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

from daemons.base import HOST, PASSWORD, USER, Failed, Home, Service, free_ports, give

PACKAGES = ("inn2",)
BIN = Path("/usr/lib/news/bin")
AS_NEWS = ("setpriv", "--reuid=news", "--regid=news", "--clear-groups")

CONF = """
mta: "/bin/false %s"
ovmethod: tradindexed
hismethod: hisv6
pathhost: news.example.test
domain: example.test
fromhost: news.example.test
organization: "nettools"
moderatormailer: moderator@example.test
pathnews: /usr/lib/news
pathbin: {bin}
pathdb: {home}/db
pathetc: {home}/etc
pathfilter: {home}/filter
pathlog: {home}/log
pathrun: {home}/run
pathtmp: {home}/tmp
pathspool: {home}/spool
patharticles: {home}/spool/articles
pathincoming: {home}/spool/incoming
pathoutgoing: {home}/spool/outgoing
pathoverview: {home}/spool/overview
patharchive: {home}/spool/archive
pathhttp: {home}/tmp
bindaddress: {host}
bindaddress6: "::1"
port: {port}
runasuser: news
runasgroup: news
doinnwatch: false
docnfsstat: false
enableoverview: true
storeonxref: true
pgpverify: false
artcutoff: 0
nnrpdloadlimit: 0
clienttimeout: 120
initialtimeout: 60
tlscafile: {home}/ca.pem
tlscertfile: {home}/cert.pem
tlskeyfile: {home}/etc/key.pem
"""

READERS = """
auth "all" {{
  hosts: "*"
  auth: "ckpasswd -f {home}/etc/users"
  default: "<anonymous>"
}}
access "anonymous" {{
  users: "<anonymous>"
  newsgroups: "*"
  access: R
}}
access "known" {{
  users: "{user}*"
  newsgroups: "*"
  access: RPN
}}
"""

GROUPS = {
    "control": "n", "control.cancel": "n", "control.checkgroups": "n", "control.newgroup": "n", "control.rmgroup": "n",
    "junk": "n", "local.empty": "y", "local.moderated": "m", "local.test": "y",
}  # fmt: skip
NAMES = "local.empty\tNothing here\nlocal.moderated\tPosts go to a moderator\nlocal.test\tA group to test with\n"
HEAD = (
    b"From: Ann <ann@example.test>\nNewsgroups: local.test\nDate: Mon, 02 Jan 2023 03:04:05 +0000\nPath: not-for-mail\n"
)
ARTICLES = (
    HEAD + b"Subject: first article\nMessage-ID: <a1@example.test>\n\nfirst line\n.leading dot\n..\nlast line\n",
    HEAD
    + b"Subject: =?utf-8?q?za=C5=BC=C3=B3=C5=82=C4=87?=\nMessage-ID: <a2@example.test>\nReferences: <a1@example.test>\n"
    b"MIME-Version: 1.0\nContent-Type: text/plain; charset=utf-8\nContent-Transfer-Encoding: 8bit\n\n"
    + "zażółć\n".encode(),
)


def start(home: Home, label: str) -> list[Service]:
    port, tls_port = free_ports(2)
    _settle(home, port)
    env = {"INNCONF": str(home.path / "etc/inn.conf")}
    for argv in (("makehistory",), ("makedbz", "-i", "-o", "-s", "1000")):
        subprocess.run(
            [*AS_NEWS, BIN / argv[0], *argv[1:]],
            env={**os.environ, **env}, cwd=home.path / "db", capture_output=True, check=False,
        )  # fmt: skip
    home.spawn("innd", *AS_NEWS, BIN / "innd", "-f", "-P", port, env=env)
    home.wait_for(port)
    home.spawn("nnrpd", *AS_NEWS, BIN / "nnrpd", "-D", "-f", "-S", "-p", tls_port, "-b", HOST, env=env)
    home.wait_for(tls_port)
    for number, article in enumerate(ARTICLES, 1):
        _feed(home.path / "run/nntpin", f"<a{number}@example.test>", article)
    facts = {"group": "local.test", "empty_group": "local.empty", "new_group": _group_maker(env)}
    return [Service("nntp", port, tls_port, True, home.ca, home.other_ca, label, facts=facts)]


def _settle(home: Home, port: int) -> None:
    for name in ("etc", "db", "run", "tmp", "filter", "spool", "log"):
        home.folder(name)
    for name in ("articles", "incoming", "overview", "outgoing", "archive", "innfeed"):
        home.folder(f"spool/{name}")
    hashed = subprocess.run(
        ["openssl", "passwd", "-6", "-stdin"], input=PASSWORD, capture_output=True, text=True, check=True
    ).stdout.strip()
    home.write("etc/key.pem", home.key.read_bytes(), mode=0o640)
    home.write("etc/inn.conf", CONF.format(home=home.path, bin=BIN, host=HOST, port=port))
    home.write("etc/storage.conf", "method tradspool {\n  newsgroups: *\n  class: 0\n}\n")
    home.write("etc/newsfeeds", "ME:*::\n")
    home.write("etc/incoming.conf", "streaming: true\nmax-connections: 8\n")
    home.write("etc/expire.ctl", "/remember/:11\n*:A:1:10:never\n")
    home.write("etc/moderators", "*:moderator@example.test\n")
    for name in (
        "control.ctl",
        "distrib.pats",
        "cycbuff.conf",
        "nntpsend.ctl",
        "innfeed.conf",
        "passwd.nntp",
        "subscriptions",
    ):
        home.write(f"etc/{name}", "")
    home.write("etc/users", f"{USER}:{hashed}\n", mode=0o640)
    home.write("etc/readers.conf", READERS.format(home=home.path, user=USER))
    home.write("db/active", "".join(f"{name} 0000000000 0000000001 {posting}\n" for name, posting in GROUPS.items()))
    home.write("db/newsgroups", NAMES)
    home.write(
        "db/active.times",
        "".join(f"{name} {int(time.time())} news@example.test\n" for name in ("local.test", "local.empty")),
    )
    for name in ("etc", "db", "run", "spool", "tmp", "log", "filter"):
        give(home.path / name, "news")


def _feed(path: Path, message_id: str, article: bytes) -> None:
    """One article through innd's own socket, by IHAVE."""
    with socket.socket(socket.AF_UNIX) as sock, sock.makefile("rwb") as stream:
        sock.connect(str(path))
        lines = [b"." + line if line.startswith(b".") else line for line in article.splitlines()]
        for data, wanted in (
            (b"", b"20"),
            (f"IHAVE {message_id}\r\n".encode(), b"335"),
            (b"\r\n".join(lines) + b"\r\n.\r\n", b"235"),
            (b"QUIT\r\n", b"205"),
        ):
            stream.write(data)
            stream.flush()
            reply = stream.readline()
            if not reply.startswith(wanted):
                raise Failed(f"inn2: {data[:40]!r} was answered by {reply!r}")


def _group_maker(env: dict[str, str]) -> Callable[[], str]:
    numbers = itertools.count(1)

    def make() -> str:
        name = f"local.group{next(numbers)}"
        argv = [*AS_NEWS, BIN / "ctlinnd", "-s", "newgroup", name, "y", "news@example.test"]
        subprocess.run(argv, env={**os.environ, **env}, check=True, capture_output=True)
        return name

    return make
