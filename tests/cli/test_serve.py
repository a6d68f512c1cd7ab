"""`nettools serve` as a process: what it says, serves, saves and spoils, and that it ends when it is told."""

from __future__ import annotations

import contextlib
import imaplib
import json
import os
import signal
import smtplib
import socket
import ssl
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import nettools
from in_process import Run
from nettools.testing import FAKES, World, load_world, save_world
from nettools.testing.log import Record, write_records
from nettools.testing.server import Server

TRANSCRIPTS = Path(__file__).parents[2] / "fixtures" / "transcripts"
KEYS = {"protocol", "host", "port", "url", "tls_port", "tls_url", "starttls"}


@contextlib.contextmanager
def serving(*args: object, **environ: str) -> Iterator[Any]:
    """A running `nettools serve --json`; gives what it said, ends it by SIGTERM."""
    command = [sys.executable, "-m", "nettools.cli.main", "serve", "--json", *map(str, args)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env={**os.environ, **environ}) as process:
        assert process.stdout is not None
        try:
            yield json.loads(process.stdout.readline())
        finally:
            process.send_signal(signal.SIGTERM)
            assert process.wait(10) == 0


def noops(port: int, count: int) -> list[int]:
    with smtplib.SMTP("127.0.0.1", port, local_hostname="me", timeout=5) as client:
        return [client.noop()[0] for _ in range(count)]


def test_every_protocol_is_served_and_described(tmp_path: Path) -> None:
    with serving("--tls", "--ready-file", tmp_path / "ready") as said:
        servers = said["servers"]
        assert list(servers) == [name for name in FAKES if name != "proxy"]
        assert json.loads((tmp_path / "ready").read_text()) == said
        for name, entry in servers.items():
            assert set(entry) == KEYS | ({"path"} if name == "unix" else set())
            assert entry["protocol"] == name
            assert (entry["tls_port"] is None) == (name in ("udp", "unix"))
        assert servers["smtp"]["starttls"] is True
        assert servers["http"]["starttls"] is False
        with socket.socket(socket.AF_UNIX) as client:
            client.connect(servers["unix"]["path"])
    assert not Path(servers["unix"]["path"]).exists()


def test_without_tls_there_is_none() -> None:
    with serving("imap", "udp") as said:
        assert said["ca"] is None
        assert {entry["tls_port"] for entry in said["servers"].values()} == {None}


def test_ports_can_be_chosen() -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    with serving("smtp", "--port", f"smtp={port}") as said:
        assert said["servers"]["smtp"]["port"] == port
        assert noops(port, 1) == [250]


def test_faults_are_rules_of_the_servers(tmp_path: Path) -> None:
    (tmp_path / "faults").write_text("# slow\nsmtp RSET reply='450 no'\n")
    with serving("smtp", "--fault", "smtp NOOP reply='451 4.3.0 later' times=2", "--fault", f"@{tmp_path}/faults") as s:
        assert noops(s["servers"]["smtp"]["port"], 3) == [451, 451, 250]
        with smtplib.SMTP("127.0.0.1", s["servers"]["smtp"]["port"], local_hostname="me") as client:
            assert client.rset()[0] == 450


def test_a_world_is_saved_at_the_end_and_loaded_again(tmp_path: Path) -> None:
    for subject in ("one", "two"):
        options = ["--load", tmp_path / "world"] if subject == "two" else ["--user", "bob:b"]
        with (
            serving("smtp", *options, "--save", tmp_path / "world") as said,
            smtplib.SMTP("127.0.0.1", said["servers"]["smtp"]["port"], local_hostname="me") as client,
        ):
            client.sendmail("a@b.example", ["bob@x"], f"Subject: {subject}\r\n\r\nx\r\n")
    world = load_world(World(), tmp_path / "world")
    assert [message.raw[:12] for message in world.inbox("bob")] == [b"Subject: one", b"Subject: two"]


def test_a_transcript_is_served(tmp_path: Path) -> None:
    said = [("S", b"220 recorded\r\n"), ("C", b"NOOP\r\n"), ("S", b"250 recorded\r\n")]
    write_records(tmp_path / "t.jsonl", [Record(0, "smtp", 1, each, False, octets) for each, octets in said])  # type: ignore[arg-type]
    with serving("--replay", tmp_path / "t.jsonl") as answer:
        for _ in range(2):
            with contextlib.closing(
                socket.create_connection(("127.0.0.1", answer["servers"]["smtp"]["port"]))
            ) as client:
                client.sendall(b"NOOP\r\n")
                with client.makefile("rb") as file:
                    assert file.read() == b"220 recorded\r\n250 recorded\r\n"


def test_a_recorded_login_with_a_challenge_is_carried_out_anew() -> None:
    with serving("--replay", TRANSCRIPTS / "imap-scram.jsonl", "--user", "alice:secret") as answer:
        auth = nettools.Auth("alice", "secret", mechanism="SCRAM-SHA-256")
        folders = nettools.list_folders(answer["servers"]["imap"]["url"], auth=auth, proxy=None)
    assert "INBOX" in [folder.name for folder in folders]


def test_a_proxy_spoils_the_wire_to_another_server(smtp_server: Server) -> None:
    where = f"{smtp_server.host}:{smtp_server.port}"
    with serving("proxy", "--upstream", where, "--latency", "0.01", "--fault", "proxy connect drop times=1") as said:
        port = said["servers"]["proxy"]["port"]
        with pytest.raises(smtplib.SMTPServerDisconnected):
            noops(port, 1)
        assert noops(port, 2) == [250, 250]


def test_an_authority_is_kept_in_the_users_folder(tmp_path: Path) -> None:
    found = []
    for _ in range(2):
        with serving("http", "--keep-ca", XDG_DATA_HOME=str(tmp_path)) as said:
            context = ssl.create_default_context(cafile=said["ca"])
            with socket.create_connection(("127.0.0.1", said["servers"]["http"]["tls_port"])) as plain:
                context.wrap_socket(plain, server_hostname="localhost").close()
            found.append(Path(said["ca"]).read_bytes())
    assert found[0] == found[1]
    key = tmp_path / "nettools" / "ca" / "ca.key"
    assert key.stat().st_mode & 0o077 == 0


def test_without_json_there_are_commands_to_paste(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "nettools.cli.main", "serve", "smtp", "imap", "--tls"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        lines = [process.stdout.readline() for _ in range(5)]
        process.send_signal(signal.SIGINT)
        assert process.wait(10) == 0
    assert "nettools smtp send smtp://127.0.0.1:" in lines[0]
    assert "imaps://127.0.0.1:" in lines[1]
    assert "(--cacert)" in lines[2]
    assert all(line.rstrip().endswith(f" --cacert {lines[2].split()[1]}") for line in lines[:2])  # or none would work


NONSENSE: dict[str, tuple[tuple[str, ...], int]] = {
    "no such server": (("nosuch",), 2),
    "not loopback": (("--host", "0.0.0.0"), 2),
    "no user": (("--user", "x"), 2),
    "no folder to load": (("--load", "{tmp}/nothing"), 2),
    "something else to load": (("--load", "{tmp}/other"), 2),
    "something else where to save": (("--save", "{tmp}/other"), 2),
    "nowhere to save": (("--save", "{tmp}/no/where"), 2),
    "a port of what is not served": (("http", "--port", "imap=1"), 2),
    "a port that is none": (("http", "--port", "http=many"), 2),
    "no fault": (("--fault", "smtp RCPT shout"), 2),
    "a fault of what is not served": (("imap", "--fault", "smtp RCPT drop"), 2),
    "a fault that cannot be": (("smtp", "--fault", "smtp tls expired"), 2),
    "no file of faults": (("--fault", "@{tmp}/nothing"), 26),
    "no transcript": (("--replay", "{tmp}/nothing"), 26),
    "a transcript that is none": (("--replay", "{tmp}/other/x"), 2),
    "a transcript and more": (("smtp", "--replay", "{tmp}/other/x"), 2),
    "no such personality": (("--personality", "gmial"), 2),
    "a personality that nothing has": (("gopher", "--personality", "gmail"), 2),
    "a personality for a transcript": (("--replay", "{tmp}/other/x", "--personality", "gmail"), 2),
    "an upstream for nothing": (("smtp", "--upstream", "localhost:25"), 2),
    "an upstream that is none": (("proxy", "--upstream", "localhost"), 2),
    "a latency that is none": (("proxy", "--upstream", "localhost:25", "--latency", "-1"), 2),
    "an address that is not ours": (("smtp", "--host", "192.0.2.1", "--expose"), 2),
    "nowhere to say that it is ready": (("smtp", "--ready-file", "{tmp}/no/where"), 23),
    "users that are no TOML": (("--load", "{tmp}/world"), 2),
    "a transcript of nothing": (("--replay", "{tmp}/empty.jsonl"), 2),
    "a transcript that is no text": (("--replay", "{tmp}/octets"), 2),
    "a transcript with a number for a protocol": (("--replay", "{tmp}/number.jsonl"), 2),
    "a folder for a transcript": (("--replay", "{tmp}/other"), 26),
    "faults that are no text": (("smtp", "--fault", "@{tmp}/octets"), 26),
    "faults that are numbers": (("smtp", "--fault", "@{tmp}/numbers.json"), 2),
    "a fault of no protocol": (("smtp", "--fault", '{"protocol": ["smtp"], "drop": true}'), 2),
    "a fault that goes back in time": (("smtp", "--fault", "smtp * delay=-1"), 2),
    "a fault with a broken expression": (("smtp", "--fault", "smtp RCPT arg=( drop"), 2),
}
FILES = {
    "other/x": b"x",
    "world/users.toml": b"= =",
    "empty.jsonl": b"",
    "octets": b"\xff\xfe",
    "numbers.json": b"[1, 2]",
    "number.jsonl": b'{"t": 0, "protocol": 7, "connection": 1, "direction": "S", "tls": false, "bytes": ""}',
}


@pytest.mark.parametrize("name", NONSENSE)
def test_what_makes_no_sense_is_refused_before_anything_listens(nettools: Run, name: str, tmp_path: Path) -> None:
    for each, octets in FILES.items():
        (tmp_path / each).parent.mkdir(exist_ok=True)
        (tmp_path / each).write_bytes(octets)
    args, code = NONSENSE[name]
    done = nettools("serve", *(each.replace("{tmp}", str(tmp_path)) for each in args))
    assert (done.code, done.out) == (code, b"")
    assert "Traceback" not in done.err


def test_a_port_that_is_taken_is_told(nettools: Run, smtp_server: Server) -> None:
    done = nettools("serve", "smtp", "--port", f"smtp={smtp_server.port}")
    assert (done.code, done.out) == (2, b"")
    assert "in use" in done.err


def test_a_fault_of_another_protocol_says_that_it_is_not_served(nettools: Run) -> None:
    assert "no smtp server is served" in nettools("serve", "imap", "--fault", "smtp RCPT drop").err


def test_flags_dates_folders_and_articles_survive(tmp_path: Path) -> None:
    world = World()
    world.add_user("bob", 'p"w\\')
    world.inbox("bob").append(b"Subject: flagged\r\n\r\n", flags=["\\Seen", "\\Flagged", "keyword"])
    world.mail["bob"].create("Work/2026").append(b"Subject: deep\r\n\r\n")
    world.mail["bob"].create("Work/2026/Empty")
    world.files["pub/new"] = b"\0\r\n"
    world.groups["local.test"].add(b"Subject: news\r\n\r\n")
    save_world(world, tmp_path / "w")
    again = load_world(World(), tmp_path / "w")
    assert again.users == world.users
    assert again.inbox("bob")[0].flags == {"\\Seen", "\\Flagged"}
    assert again.inbox("bob")[0].internaldate == world.inbox("bob")[0].internaldate
    assert set(again.mail["bob"].folders) == set(world.mail["bob"].folders)
    assert again.folder("bob", "Work/2026")[0].raw == b"Subject: deep\r\n\r\n"
    assert {name: again.files.file(name) for name in again.files} == {n: world.files.file(n) for n in world.files}
    assert list(again.groups["local.test"].articles.values()) == list(world.groups["local.test"].articles.values())


def test_saving_replaces_what_was_saved_and_touches_nothing_else(tmp_path: Path) -> None:
    world = World()
    save_world(world, tmp_path / "w")
    del world.files["pub/hello.txt"]
    save_world(world, tmp_path / "w")
    assert not (tmp_path / "w" / "files" / "pub" / "hello.txt").exists()
    (tmp_path / "w" / "mine").write_text("x")
    with pytest.raises(ValueError, match="mine"):
        save_world(world, tmp_path / "w")
    assert (tmp_path / "w" / "mine").exists()
    assert [path.name for path in tmp_path.iterdir()] == ["w"]


@pytest.mark.parametrize("name", ["..", "a/b", "a\0b", ""])
def test_a_name_that_is_no_files_name_is_not_saved(tmp_path: Path, name: str) -> None:
    world = World()
    world.add_user(name, "x")
    with pytest.raises(ValueError, match="name of a file"):
        save_world(world, tmp_path / "w")
    assert list(tmp_path.iterdir()) == []


def test_a_personality_is_what_its_protocols_appear_as() -> None:
    with serving("imap", "gopher", "--personality", "gmail") as said:
        with imaplib.IMAP4("127.0.0.1", said["servers"]["imap"]["port"], timeout=5) as client:
            assert "X-GM-EXT-1" in client.capabilities
        assert said["servers"]["gopher"]["port"]
