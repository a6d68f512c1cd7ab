"""Every verb of the command over every real server: in clear, by STARTTLS, and TLS from the first octet.

Besides: a wrong password, an authority that did not sign, large files, odd names, transfers that go on.
"""

from __future__ import annotations

import hashlib
import json
import random
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

from contract.mailboxes import again_and_again
from contract.test_every_function import RAW, SERVERS, WITH_FILE, deliver
from in_process import Done, Run, runner
from nettools.cli.main import cli

pytestmark = pytest.mark.daemon

ODD = [
    "with space.txt",
    'it\'s "quoted".txt',
    "größe €.txt",
    "semi;colon#hash?.txt",
    "-dash",
    "per%cent",
    "\U0001f389.bin",
]
BIG = random.Random(8).randbytes(8 << 20)


class Command:
    """`command("get", url)`: a verb of the protocol, with what reaches the server; it has to succeed."""

    def __init__(self, site: Any, folder: Path, run: Run) -> None:
        self.site, self.folder, self.run = site, folder, run

    def at(self, path: str) -> str:
        found: str = self.site.at(path)
        return found

    def shared(self) -> list[str]:
        service, kind = self.site.service, self.site.kind
        login = [] if service.protocol in ("http", "gopher", "telnet") else ["-u", self.site.options["auth"][0]]
        tls = {"plain": ["--tls", "off"], "starttls": ["--tls", "starttls"], "implicit": []}[kind]
        return [*login, *tls, "--cacert", str(service.ca), "-m", "20"]

    def tried(self, verb: str, *args: object, stdin: bytes = b"", more: tuple[str, ...] = ()) -> Done:
        return self.run(self.site.service.protocol, verb, *self.shared(), *more, *args, stdin=stdin)

    def __call__(self, verb: str, *args: object, stdin: bytes = b"") -> Done:
        done = self.tried(verb, *args, stdin=stdin)
        assert done.code == 0, done.err
        return done


@pytest.fixture
def run(capfdbinary: pytest.CaptureFixture[bytes], monkeypatch: pytest.MonkeyPatch) -> Run:
    monkeypatch.setenv("NETTOOLS_PASSWORD", "secret")
    return runner(capfdbinary, monkeypatch)


Check = Callable[[Command], object]

# --- files


def ftp_get(do: Command) -> object:
    do("put", "-", do.at("large.bin"), stdin=BIG)
    (do.folder / "large.bin").write_bytes(BIG[: 3 << 20])
    do("get", "-C", do.at("large.bin"), do.folder / "large.bin")
    do("get", do.at("large.bin"), "--checksum", "sha256:" + hashlib.sha256(BIG).hexdigest(), "-o", do.folder / "second")
    assert (do.folder / "second").read_bytes() == BIG
    return (do.folder / "large.bin").read_bytes() == BIG and do("get", do.at("pub/hello.txt")).out == b"Hello, world.\n"


def ftp_put(do: Command) -> object:
    for name in ODD:
        (do.folder / name).write_bytes(name.encode())
        do("put", "--", do.folder / name, do.at(""))
    listed = {each["name"] for each in do("list", "--json", do.at("")).lines}
    assert set(ODD) <= listed
    return all(do("get", do.at(quote(name))).out == name.encode() for name in ODD)


def ftp_list(do: Command) -> object:
    (do.site.service.facts["root"] / b"gr\xfcn.txt".decode("utf-8", "surrogateescape")).write_bytes(b"latin-1")
    found = {each["name"]: each["size"] for each in do("list", "--json", do.at("")).lines}
    assert found["grün.txt"] == 7
    assert do("get", "--encoding", "latin-1", do.at("gr%FCn.txt")).out == b"latin-1"
    return "pub/hello.txt" in do("list", "-R", do.at("")).out.decode()


def ftp_rm(do: Command) -> object:
    for name in ODD:
        do("put", "-", do.at(quote(name)), stdin=b"x")
        do("rm", "-y", do.at(quote(name)))
    assert do.tried("rm", "-y", do.at("missing")).code == 78
    return not set(ODD) & {each["name"] for each in do("list", "--json", do.at("")).lines}


def ftp_mv(do: Command) -> object:
    do("put", "-", do.at("before"), stdin=b"x")
    for old, new in zip(["before", *ODD], ODD, strict=False):
        do("mv", "--", do.at(quote(old)), new)
    return do("get", do.at(quote(ODD[-1]))).out == b"x"


def ftp_chmod(do: Command) -> object:
    do("put", "-", do.at("script.sh"), stdin=b"x")
    do("chmod", do.at("script.sh"), "750")
    assert do.tried("chmod", do.at("missing"), "750").code in (9, 78)
    return b"rwxr-x---" in do("list", "--method", "list", do.at("")).out


def ftp_mkdir(do: Command) -> object:
    do("mkdir", do.at("a b/" + quote("größe") + "/"))
    return do("info", "--json", do.at("a%20b/" + quote("größe"))).lines[0]["kind"] == "dir"


def ftp_mirror(do: Command) -> object:
    tree = do.folder / "tree"
    for name in ODD:
        (tree / "süb dir" / name).parent.mkdir(parents=True, exist_ok=True)
        (tree / "süb dir" / name).write_bytes(name.encode() * 1000)
    do("mirror", tree, do.at("copy/"))
    do("mirror", do.at("copy/"), do.folder / "back")
    assert do("mirror", "--json", do.at("copy/"), do.folder / "back").lines[0]["transferred"] == []
    return all((do.folder / "back" / "süb dir" / name).read_bytes() == name.encode() * 1000 for name in ODD)


def http_get(do: Command) -> object:
    do("put", do.at("large.bin"), "-d", "@-", stdin=BIG)
    (do.folder / "large.bin").write_bytes(BIG[: 3 << 20])
    do("get", "-C", "-o", do.folder / "large.bin", do.at("large.bin"))
    for name in ODD:
        do("put", "-d", name, do.at(quote(name)))
        assert do("get", do.at(quote(name))).out == name.encode()
    assert do.tried("get", do.at("missing")).code == 22
    return (do.folder / "large.bin").read_bytes() == BIG


def http_download(do: Command) -> object:
    do("download", do.at("pub/hello.txt"), do.folder)
    return (do.folder / "hello.txt").read_bytes() == b"Hello, world.\n"


def http_delete(do: Command) -> object:
    do("put", "-d", "x", do.at("gone.txt"))
    do("delete", do.at("gone.txt"))
    return do.tried("head", do.at("gone.txt")).code == 22


# --- mail

MAIL = b"From: bob@example.org\r\nTo: alice@example.org\r\nSubject: by hand\r\n\r\nhello\r\n"


def ready(do: Command) -> list[str]:
    deliver(do.site, RAW, WITH_FILE)
    return [str(each["uid"]) for each in do("list", "--json", "--oldest-first", do.site.url).lines]


def smtp_send(do: Command) -> object:
    (do.folder / "größe 1.bin").write_bytes(BIG[:100_000])
    people = ("--from", "bob@example.org", "--to", "alice@example.org,carol@example.test")
    words = ("-s", "Grüße", "--body", "-", "-a", do.folder / "größe 1.bin", "--json")
    assert do("send", do.site.url, *people, *words, stdin="Zażółć\n".encode()).lines[0]["refused"] == {}
    return do.tried("send", do.site.url, *people[:2], "--to", "reject@example.org", "--body", "x").code == 9


def mailbox_fetch(do: Command) -> object:
    first, second = ready(do)
    do("fetch", do.site.url, first, second, "-o", f"{do.folder}/")
    assert b"see attached" in do("fetch", do.site.url, second).out
    return do("fetch", "--raw", do.site.url, first).out == RAW


def mailbox_search(do: Command) -> object:
    _, second = ready(do)
    return do("search", do.site.url, "--subject", "two").out.decode().split() == [second]


def mailbox_save(do: Command) -> object:
    ready(do)
    do("save", "--all", "-o", do.folder / "mails", do.site.url)
    do("save", "--all", "--attachments", "-o", do.folder / "files", do.site.url)
    again = do("save", "--all", "-o", do.folder / "mails", do.site.url)  # POP3 tells too little to leave any out
    assert do.site.service.protocol == "pop3" or "2 already there" in again.err
    return len([*(do.folder / "mails").iterdir()]) == 2 and (do.folder / "files" / "a.txt").exists()


def mailbox_watch(do: Command) -> object:
    with again_and_again(lambda: deliver(do.site, RAW), every=0.3):
        done = do("watch", "--json", "--limit", 1, do.site.url)
    return [each["subject"] for each in done.lines] == ["one"]


def mailbox_rm(do: Command) -> object:
    first, second = ready(do)
    do("rm", "-y", do.site.url, first)
    return [str(each["uid"]) for each in do("list", "--json", do.site.url).lines] == [second]


def imap_append(do: Command) -> object:
    uid = do("append", "--json", "--folder", "Archive", "--flag", "\\Seen", do.site.url, "-", stdin=MAIL).lines[0][
        "uid"
    ]
    return do("fetch", "--raw", "--folder", "Archive", do.site.url, uid).out == MAIL


def imap_flag(do: Command) -> object:
    first, _ = ready(do)
    do("flag", do.site.url, first, "--add", "\\Flagged", "--add", "$Work")
    do("flag", do.site.url, first, "--remove", "$Work")
    rows = do("list", "--json", "--oldest-first", do.site.url).lines
    return "\\Flagged" in rows[0]["flags"] and "$Work" not in rows[0]["flags"]


def imap_to_folder(verb: str, left: int) -> Check:
    def check(do: Command) -> object:
        first, _ = ready(do)
        (new,) = do(verb, "--json", do.site.url, first, "Archive").lines
        assert do("fetch", "--raw", "--folder", "Archive", do.site.url, new).out == RAW
        return len(do("list", "--json", do.site.url).lines) == left

    return check


# --- the rest


def nntp_post(do: Command) -> object:
    group = do.site.service.facts["new_group"]()
    words = ("--from", "bob@example.org", "-s", "Grüße", "--body", "Zażółć\n.\n..")
    do("post", do.at(group), *words)
    return "Zażółć\n.\n..".encode() in do("fetch", do.at(group), 1).out


def telnet_session(do: Command) -> object:
    done = do("session", do.site.url, stdin=b"alice\nsecret\necho hello there\nexit\n")
    return b"hello there" in done.out


def telnet_run(do: Command) -> object:
    login = ("--expect", "login: ", "--send", "alice", "--expect", "Password: ", "--secret", "NETTOOLS_PASSWORD")
    return (
        b"hello there"
        in do("run", do.site.url, *login, "--expect", "$ ", "--send", "echo hello there", "--expect", "$ ").out
    )


def imap_folders(do: Command) -> object:
    do("mkdir", do.at("Gr%C3%BCn"))
    do("rename", do.at("Gr%C3%BCn"), "Blau & mehr")
    assert "Blau & mehr" in do("folders", do.site.url).out.decode()
    do("rmdir", "-y", do.at("Blau%20&%20mehr"))
    return "Blau" not in do("folders", do.site.url).out.decode()


def gopher_get(do: Command) -> object:
    do("get", do.at("0/pub/hello.txt"), "-o", do.folder / "hello")
    return do("get", do.at("0/pub/hello.txt")).out.splitlines() == [b"Hello, world."]


TABLE: dict[str, dict[str, Check]] = {
    "ftp": {
        "get": ftp_get, "put": ftp_put, "list": ftp_list, "rm": ftp_rm, "mv": ftp_mv, "mkdir": ftp_mkdir,
        "mirror": ftp_mirror,
        "chmod": ftp_chmod,
        "info": lambda do: do("info", "--json", do.at("pub/hello.txt")).lines[0]["size"] == 14,
        "command": lambda do: b"SIZE" in do("command", do.site.url, "FEAT").out,
    },
    "http": {
        "get": http_get, "download": http_download, "delete": http_delete,
        "head": lambda do: b"14" in do("head", do.at("pub/hello.txt")).out,
        "put": lambda do: do("put", "-d", "new", do.at("a/b.txt")) and do("get", do.at("a/b.txt")).out == b"new",
        "post": lambda do: do.tried("post", "-d", "a=b", do.at("pub/hello.txt")).code == 22,  # 405: these are files
        "patch": lambda do: do.tried("patch", "-d", "a=b", do.at("pub/hello.txt")).code == 22,
    },
    "smtp": {
        "send": smtp_send,
        "check": lambda do: "8BITMIME" in json.dumps(do("check", "--json", do.site.url).lines),
        "command": lambda do: b"OK" in do("command", do.site.url, "NOOP").out.upper(),
    },
    "imap": {
        "list": lambda do: len(ready(do)) == 2, "fetch": mailbox_fetch, "save": mailbox_save, "watch": mailbox_watch,
        "rm": mailbox_rm, "append": imap_append, "flag": imap_flag,
        "mv": imap_to_folder("mv", 1), "cp": imap_to_folder("cp", 2),
        "search": mailbox_search,
        "changed": lambda do: len(ready(do)) == len(do("changed", "--json", do.at("INBOX"), 0).lines),
        "mkdir": imap_folders, "rename": imap_folders, "rmdir": imap_folders,
        "folders": lambda do: b"Archive" in do("folders", do.site.url).out,
        "command": lambda do: b"STATUS" in do("command", do.site.url, "STATUS INBOX (MESSAGES)").out,
    },
    "pop3": {
        "list": lambda do: len(ready(do)) == 2, "fetch": mailbox_fetch, "save": mailbox_save, "watch": mailbox_watch,
        "rm": mailbox_rm,
        "search": mailbox_search,
        "command": lambda do: b"OK" in do("command", do.site.url, "NOOP").out,
    },
    "nntp": {
        "post": nntp_post,
        "groups": lambda do: b"local.test" in do("groups", do.site.url).out,
        "list": lambda do: len(do("list", "--json", do.at("local.test")).lines) >= 2,
        "fetch": lambda do: b"first article" in do("fetch", "--raw", do.at("local.test"), 1).out,
        "command": lambda do: b"20" in do("command", do.site.url, "DATE").out,
    },
    "telnet": {
        "run": telnet_run, "session": telnet_session,
        "command": lambda do: b"login: " in do("command", do.site.url, "alice").out,
    },
    "gopher": {
        "get": gopher_get,
        "list": lambda do: "hello" in json.dumps(do("list", "--json", do.at("1/pub")).lines),
        "search": lambda do: do("search", do.at("7" + do.site.service.facts["search"]), "two", "words").out,
        "command": lambda do: b"Hello" in do("command", do.site.url, "/pub/hello.txt").out,
    },
}  # fmt: skip
KINDS = {
    "http": ("plain", "implicit"), "telnet": ("plain", "implicit"), "gopher": ("plain", "implicit"),
}  # fmt: skip
EVERY = ("plain", "starttls", "implicit")
CASES = [
    pytest.param(protocol, verb, kind, id=f"{protocol}-{verb}-{kind}")
    for protocol, verbs in TABLE.items()
    for verb in verbs
    for kind in KINDS.get(protocol, EVERY)
]


@pytest.fixture(autouse=True)
def _look_often(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("nettools.protocols.pop3.session.POLL", 0.2)  # POP3 watches by asking again


@pytest.mark.parametrize(("protocol", "verb", "kind"), CASES)
def test_a_verb_does_what_it_says(
    daemon_site: Callable[..., Any], run: Run, tmp_path: Path, protocol: str, verb: str, kind: str
) -> None:
    site = daemon_site(SERVERS[protocol], protocol, kind)
    assert TABLE[protocol][verb](Command(site, tmp_path, run))


def test_no_verb_is_left_out() -> None:
    for protocol, verbs in TABLE.items():
        group: Any = cli.get_command(None, protocol)  # type: ignore[arg-type]
        assert set(group.list_commands(None)) == set(verbs)


QUIET: dict[str, tuple[str, ...]] = {  # a verb of each protocol that logs in
    "ftp": ("list",), "smtp": ("check",), "imap": ("list",), "pop3": ("list",), "nntp": ("command", "DATE"),
}  # fmt: skip


@pytest.mark.parametrize("kind", EVERY)
@pytest.mark.parametrize("protocol", QUIET)
def test_a_wrong_password_ends_with_67(
    daemon_site: Callable[..., Any], run: Run, tmp_path: Path, protocol: str, kind: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    monkeypatch.setenv("NETTOOLS_PASSWORD", "wrong-and-secret")
    do = Command(daemon_site(SERVERS[protocol], protocol, kind), tmp_path, run)
    verb, *args = QUIET[protocol]
    done = do.tried(verb, do.site.url, *args)
    assert (done.code, "wrong-and-secret" in done.err) == (67, False), done.err


@pytest.mark.parametrize("kind", EVERY[1:])
@pytest.mark.parametrize("protocol", TABLE)
def test_an_authority_that_did_not_sign_ends_with_60(
    daemon_site: Callable[..., Any], run: Run, tmp_path: Path, protocol: str, kind: str
) -> None:
    if kind not in KINDS.get(protocol, EVERY):
        kind = "implicit"
    site = daemon_site(SERVERS[protocol], protocol, kind)
    do = Command(site, tmp_path, run)
    verb, *args = QUIET.get(protocol, ("command", "x") if protocol != "http" else ("get",))
    done = do.tried(verb, site.url, *args, more=("--cacert", str(site.service.other_ca)))
    assert done.code == 60, done.err
