"""Thousands of operations over all protocols while the wire is cut, late and torn, and servers are restarted.

    python -m benchmarks.soak [SECONDS] [SEED]

Every server is a fake behind a fault proxy whose faults are drawn by a seeded generator. Each operation gives what is
right, or a NettoolsError; at the end every message, article and file is where it was said to be: what was reported sent
is there once, what was reported failed is not there, what was reported in doubt (`outcome_unknown`) at most once; no
socket, thread or temporary file is left. Prints the counts; exits with 1 when anything was lost.
"""

from __future__ import annotations

import collections
import contextlib
import hashlib
import os
import random
import sys
import tempfile
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import nettools
from nettools import NettoolsError
from nettools.testing import make_server
from nettools.testing.fault_proxy import FaultProxy
from nettools.testing.world import World

WORKERS = 4
ALICE = ("alice", "secret")
OPTIONS: dict[str, Any] = {"timeout": nettools.Timeout(connect=2, idle=2, total=6), "tls": "off"}
PROTOCOLS = ("http", "ftp", "smtp", "pop3", "imap", "nntp", "telnet", "gopher", "xmlrpc", "tcp")
BIG = random.Random(11).randbytes(300_000)
RESTART_EVERY = 5.0  # seconds


class Soak:
    """The servers, their proxies, and what every operation came to."""

    def __init__(self, seed: int, folder: Path) -> None:
        self.seed, self.folder = seed, folder
        self.world = World()
        self.world.files["soak/big.bin"] = BIG
        self.world.deliver("alice@example.org", b"From: bob@example.org\r\nSubject: first\r\n\r\nfirst\r\n")
        self.servers = {name: make_server(name, self.world) for name in PROTOCOLS}
        self.proxies: dict[str, FaultProxy] = {}
        self.counts: collections.Counter[tuple[str, str]] = collections.Counter()
        self.said: dict[str, tuple[str, str]] = {}  # what was written -> where, and what was reported of it
        self.wrong: list[str] = []
        self.lock = threading.Lock()

    @contextlib.contextmanager
    def running(self) -> Iterator[None]:
        with contextlib.ExitStack() as stack:
            for name, server in self.servers.items():
                server.start()
                proxy = stack.enter_context(FaultProxy(upstream=server))
                self.proxies[name] = proxy
                self._faults(proxy, random.Random(f"{self.seed}/{name}"))
            try:
                yield
            finally:
                for server in self.servers.values():
                    server.stop()

    def _faults(self, proxy: FaultProxy, draw: random.Random) -> None:
        def chance(probability: float) -> dict[str, Any]:
            return {"probability": probability, "seed": draw.randrange(1 << 30), "optional": True}

        for way in (proxy.up, proxy.down):
            way.reset(after=draw.randrange(20, 2000), **chance(0.04))
            way.truncate(draw.randrange(1, 4000), **chance(0.04))
            way.delay(0.05, **chance(0.10))
            way.dribble(7, 0.001, **chance(0.05))
        proxy.on_connect().refuse(times=1000, **chance(0.03))
        proxy.on_connect().drop(times=1000, **chance(0.03))

    def url(self, name: str, path: str = "") -> str:
        proxy = self.proxies[name]
        scheme = {"xmlrpc": "http"}.get(name, name)
        return f"{scheme}://127.0.0.1:{proxy.port}{path}"

    # -- running

    def work(self, number: int, until: float) -> None:
        draw = random.Random(f"{self.seed}/worker/{number}")
        operations = list(OPERATIONS)
        while time.monotonic() < until:
            operation = draw.choice(operations)
            name = operation.__name__
            try:
                outcome = operation(self, draw)
            except NettoolsError as error:
                outcome = type(error).__name__ + (" (in doubt)" if in_doubt(error) else "")
            except Exception as error:  # what must not be
                outcome = f"NOT OURS: {error!r}"
                self.complain(f"{name}: {error!r}")
            with self.lock:
                self.counts[name, outcome] += 1

    def restart(self, until: float) -> None:
        """Now and then a server goes away for a moment, and comes back at the same port."""
        draw = random.Random(f"{self.seed}/restarts")
        while time.monotonic() + RESTART_EVERY < until:
            time.sleep(RESTART_EVERY)
            name = draw.choice(PROTOCOLS)
            server = self.servers[name]
            server.stop()
            self.counts["restart", name] += 1
            server.start()

    def complain(self, text: str) -> None:
        with self.lock:
            self.wrong.append(text)

    def write(self, where: str, mark: str, action: Callable[[], object]) -> str:
        """Do what may happen once at most, and note what was reported."""
        try:
            action()
        except NettoolsError as error:
            said = "in doubt" if in_doubt(error) else "failed"
            with self.lock:
                self.said[mark] = (where, said)
            raise
        with self.lock:
            self.said[mark] = (where, "done")
        return "done"

    # -- the reckoning

    def there(self) -> dict[str, collections.Counter[str]]:
        """How often each mark is where it was written."""
        found: dict[str, collections.Counter[str]] = collections.defaultdict(collections.Counter)
        for where, raws in (
            ("inbox", [message.raw for message in self.world.inbox("alice")]),
            ("archive", [message.raw for message in self.world.folder("alice", "Archive")]),
            ("group", list(self.world.groups["local.test"].articles.values())),
        ):
            for raw in raws:
                for line in raw.splitlines():
                    if line.startswith(b"Subject: mark-"):
                        found[where][line.removeprefix(b"Subject: ").decode()] += 1
        return found

    def reckon(self) -> None:
        found = self.there()
        for mark, (where, said) in self.said.items():
            count = found[where][mark]
            right = {"done": count == 1, "failed": count == 0, "in doubt": count <= 1}[said]
            if not right:
                self.complain(f"{mark} was reported {said} and is {count} times in {where}")
        for where, marks in found.items():
            self.wrong += [f"{mark} is in {where} and nobody wrote it" for mark in marks if mark not in self.said]


def in_doubt(error: NettoolsError) -> bool:
    return bool(getattr(error, "outcome_unknown", False))


# --- operations


def page(soak: Soak, draw: random.Random) -> str:
    content = nettools.fetch_page(soak.url("http", "/soak/big.bin"), **OPTIONS).content
    return "right" if content == BIG else _bad(soak, "page: other octets")


def download(soak: Soak, draw: random.Random) -> str:
    """Into one of a few files, going on where an earlier one was cut."""
    scheme = draw.choice(("http", "ftp", "gopher"))
    path = {"http": "/soak/big.bin", "ftp": "/%2Fsoak/big.bin", "gopher": "/9/soak/big.bin"}[scheme]
    dest = soak.folder / f"{scheme}-{threading.get_ident()}.bin"
    more = {} if scheme == "gopher" else {"resume": True}
    options = OPTIONS if scheme != "ftp" else {**OPTIONS, "auth": ALICE}
    dest.unlink(missing_ok=True)
    try:
        nettools.download(soak.url(scheme, path), dest, **more, **options)
    except NettoolsError:
        if dest.exists():
            _bad(soak, f"download: a failed {scheme} transfer left a file under the final name")
        raise
    data = dest.read_bytes()
    if scheme == "gopher" and BIG.startswith(data) and data != BIG:
        return (
            "short by gopher"  # its files have no length: one whose end is closed early cannot be told from a whole one
        )
    return "right" if data == BIG else _bad(soak, f"download: other octets by {scheme}")


def upload(soak: Soak, draw: random.Random) -> str:
    """Over an old file: what is there afterwards is the old one or the new one, whole."""
    name = f"soak/up-{threading.get_ident()}.bin"
    before = soak.world.files.get(name)
    data = draw.randbytes(draw.randrange(200_000))
    try:
        nettools.ftp_put(data, soak.url("ftp", f"/%2F{name}"), auth=ALICE, **OPTIONS)
    except NettoolsError:
        after = soak.world.files.get(name)
        if after not in (before, data):
            _bad(soak, "upload: neither the old file nor the new one")
        raise
    return "right" if soak.world.files.get(name) == data else _bad(soak, "upload: other octets")


def send(soak: Soak, draw: random.Random) -> str:
    mark = f"mark-{uuid.uuid4()}"
    return soak.write(
        "inbox",
        mark,
        lambda: nettools.send_mail(
            soak.url("smtp"), sender="bob@example.org", to="alice@example.org", subject=mark,
            text="x" * draw.randrange(5000), retry=nettools.Retry(attempts=3, backoff=0.01), **OPTIONS,
        ),
    )  # fmt: skip


def append(soak: Soak, draw: random.Random) -> str:
    mark = f"mark-{uuid.uuid4()}"
    raw = f"Subject: {mark}\r\n\r\nbody\r\n".encode()
    retry = nettools.Retry(attempts=3, backoff=0.01)
    return soak.write(
        "archive",
        mark,
        lambda: nettools.append_mail(soak.url("imap"), raw, folder="Archive", auth=ALICE, retry=retry, **OPTIONS),
    )


def post(soak: Soak, draw: random.Random) -> str:
    mark = f"mark-{uuid.uuid4()}"
    return soak.write(
        "group",
        mark,
        lambda: nettools.post_article(
            soak.url("nntp"), group="local.test", sender="bob@example.org", subject=mark, text="hello", auth=ALICE,
            **OPTIONS,
        ),
    )  # fmt: skip


def mailbox(soak: Soak, draw: random.Random) -> str:
    scheme = draw.choice(("imap", "pop3"))
    infos = nettools.list_mail(soak.url(scheme), limit=20, auth=ALICE, **OPTIONS)
    whole = {hashlib.sha256(message.raw).digest() for message in soak.world.inbox("alice")}
    mail = nettools.fetch_mail(soak.url(scheme), draw.choice(infos).uid, auth=ALICE, **OPTIONS)
    right = hashlib.sha256(mail.raw).digest() in whole
    return f"right by {scheme}" if right else _bad(soak, f"mailbox: other octets by {scheme}")


def news(soak: Soak, draw: random.Random) -> str:
    infos = nettools.list_articles(soak.url("nntp"), group="local.test", limit=5, auth=ALICE, **OPTIONS)
    for info in infos[:1]:
        nettools.fetch_article(soak.url("nntp"), info.number, group="local.test", auth=ALICE, **OPTIONS)
    return "right"


def telnet(soak: Soak, draw: random.Random) -> str:
    script = [("login: ", "alice"), ("Password: ", nettools.Secret("secret")), ("$ ", "echo soaked"), ("$ ", "exit")]
    text = nettools.telnet_run(soak.url("telnet"), script, **OPTIONS).text
    return "right" if "soaked" in text else _bad(soak, "telnet: another text")


def menu(soak: Soak, draw: random.Random) -> str:
    kinds = {item.kind for item in nettools.gopher_list(soak.url("gopher", "/1/pub"), **OPTIONS)}
    return "right" if "0" in kinds else "short menu"  # a menu has no length, and not always an end


def call(soak: Soak, draw: random.Random) -> str:
    total = nettools.call_xmlrpc(soak.url("xmlrpc", "/RPC2"), "add", 19, 23, **OPTIONS)
    return "right" if total == 42 else _bad(soak, "call: another sum")


def echo(soak: Soak, draw: random.Random) -> str:
    line = draw.randbytes(500).hex().encode() + b"\n"
    data = nettools.exchange(soak.url("tcp"), line, until=b"\n", **OPTIONS).data
    return "right" if data == line else _bad(soak, "echo: other octets")


OPERATIONS = (page, download, upload, send, append, post, mailbox, news, telnet, menu, call, echo)


def _bad(soak: Soak, text: str) -> str:
    soak.complain(text)
    return "WRONG"


# --- the run


def descriptors() -> int:
    return len(os.listdir("/proc/self/fd"))


def settle(before: int) -> int:
    """Descriptors over those at the start, after what is closing has closed."""
    end = time.monotonic() + 3
    while descriptors() > before and time.monotonic() < end:
        time.sleep(0.05)
    return descriptors() - before


def main(seconds: float = 60.0, seed: int = 1) -> int:
    with tempfile.TemporaryDirectory() as scratch:
        folder, temporary = Path(scratch, "files"), Path(scratch, "tmp")
        folder.mkdir()
        temporary.mkdir()
        tempfile.tempdir = str(temporary)
        soak = Soak(seed, folder)
        with Soak(seed, folder).running():
            pass  # what is made once - the loop, imports - is made before anything is counted
        before, threads = descriptors(), threading.active_count()
        with soak.running():
            until = time.monotonic() + seconds
            workers = [threading.Thread(target=soak.work, args=(number, until)) for number in range(WORKERS)]
            workers.append(threading.Thread(target=soak.restart, args=(until,)))
            for worker in workers:
                worker.start()
            for worker in workers:
                worker.join()
            faults = sum(rule.hits for proxy in soak.proxies.values() for rule in proxy.rules)
        soak.reckon()
        if (leaked := settle(before)) > 0:
            soak.complain(f"{leaked} descriptors were left open")
        if threading.active_count() > threads:
            soak.complain(f"threads were left: {[thread.name for thread in threading.enumerate()]}")
        if left := [path.name for path in temporary.iterdir()]:
            soak.complain(f"temporary files were left: {left}")
        for (name, outcome), count in sorted(soak.counts.items()):
            print(f"{name:<10} {outcome:<44} {count}")
    operations = sum(count for (name, _), count in soak.counts.items() if name != "restart")
    said = collections.Counter(said for _, said in soak.said.values())
    print(
        f"\n{operations} operations, {faults} faults; written: {dict(said)}; lost, doubled or wrong: {len(soak.wrong)}"
    )
    for text in soak.wrong[:20]:
        print("  " + text)
    return 1 if soak.wrong else 0


if __name__ == "__main__":
    sys.exit(main(*(kind(value) for kind, value in zip((float, int), sys.argv[1:], strict=False))))
