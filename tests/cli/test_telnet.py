"""`nettools telnet`: scripts, pipes, and a person at a terminal."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from in_process import Run
from nettools.cli.demo import ROWS
from nettools.testing import Sandbox, servers
from terminal import AtTerminal

LOGIN = ("--expect", "login: ", "--send", "alice", "--expect=Password: ", "--secret", "WORD")


@pytest.fixture
def telnet() -> Iterator[Any]:
    with servers("telnet") as running:
        yield running.telnet


@pytest.fixture(autouse=True)
def _word(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WORD", "secret")


# --- scripts


def test_steps_are_taken_in_the_order_in_which_they_stand(nettools: Run, telnet: Any) -> None:
    words = (*LOGIN, telnet.url, "--match", r"\$ $", "--send", "echo a b", "--expect", "a b")
    done = nettools("telnet", "run", *words)
    assert (done.code, done.err) == (0, "")
    assert done.out == b"login: Password: \r\nWelcome alice\r\n$ a b"


def test_a_script_comes_from_a_file_or_from_stdin(nettools: Run, telnet: Any, tmp_path: Path) -> None:
    text = (
        "# log in\nexpect login: \nsend alice\nexpect Password: \nsecret WORD\n\nmatch [$] $\nsend exit\nexpect bye\n"
    )
    (tmp_path / "s").write_text(text)
    done = nettools("telnet", "run", telnet.url, "--script", tmp_path / "s", "--json")
    assert done.json["steps"] == ["login: ", "Password: ", "\r\nWelcome alice\r\n$ ", "bye"]
    assert nettools("telnet", "run", telnet.url, "--script", "-", stdin=text.encode()).out.endswith(b"bye")


def test_what_does_not_come_ends_with_28_and_says_what_was_seen(nettools: Run, telnet: Any) -> None:
    done = nettools("telnet", "run", telnet.url, "--expect", "nope", "--step-time", "0.3")
    assert done.code == 28
    assert "'nope' did not come" in done.err
    assert "last seen: 'login: '" in done.err


@pytest.mark.parametrize(
    "words",
    [
        ("--expect",),
        (),
        ("--script", "-", "--send", "x"),
        ("--match", "("),
        ("--secret", "NO_SUCH_VARIABLE"),
        ("--script", "-"),
        ("--expect", "a", "--", "b", "c"),
    ],
)
def test_what_is_no_script_is_a_usage_error(nettools: Run, telnet: Any, words: tuple[str, ...]) -> None:
    assert nettools("telnet", "run", telnet.url, *words, stdin=b"say hello\n").code == 2
    assert telnet.log.connections == 0


def test_a_command_is_a_line_and_what_comes_until_it_is_quiet(nettools: Run, telnet: Any) -> None:
    assert nettools("telnet", "command", telnet.url, "alice").text.splitlines()[0] == "login: Password: "


# --- pipes


def test_a_pipe_is_a_dialogue_with_and_without_the_verb(nettools: Run, telnet: Any) -> None:
    lines = b"alice\nsecret\necho h\xc3\xb6\nexit\n"
    for words in (["telnet"], ["telnet", "session"]):
        done = nettools(*words, telnet.url, stdin=lines)
        assert (done.code, done.out.decode()) == (0, "login: Password: \r\nWelcome alice\r\n$ hö\r\n$ bye\r\n")
    assert nettools("telnet", f"127.0.0.1:{telnet.port}", "--json", stdin=lines).json["size"] == 48
    assert telnet.log.client_bytes().count(b"echo h\xc3\xb6\r\n") == 3


def test_a_server_that_says_nothing_more_ends_with_28(nettools: Run, telnet: Any) -> None:
    done = nettools("telnet", telnet.url, "--idle-timeout", "0.3", stdin=b"alice\n")
    assert (done.code, done.out) == (28, b"login: Password: ")


def test_control_characters_are_visible_on_a_terminal(
    nettools: Run, telnet: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def session(conn: Any) -> None:
        for piece in (b"hi \x1b[21t\x1b]52;c;x\x07\x05\r", b"\nthere\r\n", b"end\r"):
            await conn.write(piece)

    telnet.session = session
    monkeypatch.setattr("nettools.cli.render.Output.is_terminal", True)
    assert nettools("telnet", telnet.url).text == "hi \\x1b[21t\\x1b]52;c;x\\x07\\x05\nthere\nend\\r"
    assert b"\x1b" in nettools("telnet", "session", telnet.url, "--raw").out
    assert b"\x1b" not in nettools("telnet", "run", telnet.url, "--expect", "there").out


# --- a person


def sit(server: Any, *options: str, size: tuple[int, int] = (80, 24)) -> AtTerminal:
    command = [sys.executable, "-m", "nettools.cli.main", "telnet", server.url, *options]
    return AtTerminal(command, {**os.environ, "TERM": "vt220"}, size)


@pytest.mark.parametrize("echo", [False, True])
def test_a_person_logs_in_and_out_and_gets_the_terminal_back(echo: bool) -> None:
    options = {"echo": echo, "options": [("DO", 24), ("DO", 31)], "ask": b"\xff\xfa\x18\x01\xff\xf0"}
    with servers("telnet", telnet=options) as running, sit(running.telnet, size=(100, 30)) as person:
        before = person.mode
        person.wait_for(b"login: ")
        assert person.mode != before
        person.type(b"alicf\x7fe\r" if not echo else b"alice\r")
        person.wait_for(b"Password: ")
        person.type(b"secret\r")
        person.wait_for(b"$ ")
        person.resize(120, 40)
        person.type(b"echo by hand\r")
        person.wait_for(b"by hand\r\n")
        person.wait_for(b"by hand\r\n")
        person.type(b"exit\r")
        person.wait_for(b"bye")
        person.wait_for(b"connection closed")
        assert person.end() == 0
        assert person.mode == before
        assert b"secret" not in person.screen
        sizes = [content for option, content in running.telnet.told if option == 31]
        assert sizes == [b"\0\x64\0\x1e", b"\0\x78\0\x28"]
        assert (24, b"\0vt220") in running.telnet.told


def test_the_escape_character_gives_a_menu(telnet: Any) -> None:
    with sit(telnet) as person:
        before = person.mode
        person.wait_for(b"login: ")
        person.type(b"\x1d")
        person.wait_for(b"nettools telnet> ")
        person.type(b"what\r")
        person.wait_for(b"quit, or Enter")
        person.type(b"send ayt\r")
        person.wait_for(b"[Yes]")
        person.type(b"\x1d")
        person.wait_for(b"nettools telnet> ")
        person.type(b"\r")
        person.wait_for_raw_mode()
        person.type(b"bob\x15carol\x03alice\r")
        person.wait_for(b"Password: ")
        person.type(b"\x1d")
        person.wait_for(b"nettools telnet> ")
        person.type(b"quit\r")
        person.wait_for(b"connection closed")
        assert person.end() == 0
        assert person.mode == before
    assert b"\xff\xf4" in telnet.log.client_bytes()
    assert b"alice\r\n" in telnet.log.client_bytes()
    assert b"carol" not in telnet.log.client_bytes()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_a_signal_gives_the_terminal_back(telnet: Any, number: int) -> None:
    with sit(telnet) as person:
        before = person.mode
        person.wait_for(b"login: ")
        person.process.send_signal(number)
        assert person.end() == 128 + number
        assert person.mode == before


def test_a_server_that_vanishes_gives_the_terminal_back(telnet: Any) -> None:
    telnet.on("LOGIN").reset()
    with sit(telnet) as person:
        before = person.mode
        person.wait_for(b"login: ")
        person.type(b"alice\r")
        assert person.end() == 56
        assert person.mode == before


def test_the_demo_knows_telnet(sandbox: Sandbox) -> None:
    assert ROWS["telnet"](sandbox).startswith("logged in, 4 steps")
