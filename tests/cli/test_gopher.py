"""`nettools gopher`: what it prints, where it writes, and with which code it ends."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from in_process import Run
from nettools.cli.demo import ROWS
from nettools.cli.serve import _paste
from nettools.testing import Sandbox, servers


@pytest.fixture
def gopher() -> Any:
    with servers("gopher") as running:
        yield running.gopher


def test_a_text_is_printed_with_and_without_the_verb(nettools: Run, gopher: Any) -> None:
    for words in (["gopher"], ["gopher", "get"], ["get"]):
        done = nettools(*words, f"{gopher.url}/0/pub/hello.txt")
        assert (done.code, done.out, done.err) == (0, b"Hello, world.\n", "")


def test_a_bare_host_is_a_gopher_server(nettools: Run, gopher: Any) -> None:
    assert nettools("gopher", f"127.0.0.1:{gopher.port}").out.startswith(b"iA World of files\t")


def test_a_file_is_written_under_its_own_or_another_name(
    nettools: Run, gopher: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    gopher.world.files["up/..%evil"] = b"x"
    assert nettools("gopher", "get", f"{gopher.url}/9/pub/bytes.bin", "-O").code == 0
    assert nettools("gopher", f"{gopher.url}/9/pub/bytes.bin", "-o", "b").code == 0
    assert nettools("gopher", "get", f"{gopher.url}/9/pub/bytes.bin", "c").err == "c: 16384 octets\n"
    assert nettools("gopher", "get", f"{gopher.url}/0/../../../hello.txt", "-O").code == 78
    assert sorted(path.name for path in tmp_path.iterdir()) == ["b", "bytes.bin", "c"]


def test_json_is_the_transfer(nettools: Run, gopher: Any) -> None:
    done = nettools("gopher", f"{gopher.url}/0/pub/hello.txt", "--json", "--include-data")
    assert done.json["size"] == 14
    assert done.json["data"] == "SGVsbG8sIHdvcmxkLgo="


def test_a_menu_is_listed_as_lines_and_as_json(nettools: Run, gopher: Any) -> None:
    done = nettools("gopher", "list", f"{gopher.url}/1/pub/sub")
    assert done.text.splitlines()[0] == f"0\tdeep.txt\t{gopher.url}/0/pub/sub/deep.txt"
    items = nettools("list", f"{gopher.url}/1/pub/sub", "--json").lines
    assert items[0]["selector"] == "/pub/sub/deep.txt"
    assert items[0]["kind"] == "0"


def test_a_search_takes_several_words(nettools: Run, gopher: Any) -> None:
    done = nettools("gopher", "search", f"{gopher.url}/7/_search", "further", "down")
    assert done.text.split("\t")[1] == "deep.txt"
    assert nettools("gopher", "search", f"{gopher.url}/7/_search").code == 2
    assert nettools("gopher", "search", f"{gopher.url}/7/_search", "a\tb").code == 2


def test_a_command_is_a_line(nettools: Run, gopher: Any) -> None:
    assert nettools("gopher", "command", gopher.url, "/pub/hello.txt").text.startswith("Hello, world.\n")


def test_exit_codes_and_hints(nettools: Run, gopher: Any) -> None:
    missing = nettools("gopher", f"{gopher.url}/0/x")
    assert (missing.code, missing.out) == (78, b"")
    assert "'/x' was not found" in missing.err
    assert nettools("gopher", f"{gopher.url}/0/a%0d%0ab").code == 3
    assert nettools("gopher", f"{gopher.url}/9/pub/bytes.bin", "--max-size", "1k").code == 63
    assert nettools("gopher", f"{gopher.url}/0/pub/hello.txt", "-C").code == 2
    assert nettools("gopher", "list", f"{gopher.url}/0/x", "--json").code == 2
    assert nettools("put", gopher.url, "x").code == 3


def test_control_characters_are_visible_unless_raw_is_asked_for(
    nettools: Run, gopher: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    gopher.on("GET").garbage(b"0a\x1b]0;pwned\x07\x1b[2J\t/x\th\t70\r\n.\r\n")
    listed = nettools("gopher", "list", gopher.url)
    assert "0\ta\\x1b]0;pwned\\x07\\x1b[2J\t" in listed.text
    monkeypatch.setattr("nettools.cli.render.Output.is_terminal", True)
    assert b"\x1b" not in nettools("gopher", gopher.url).out
    assert b"\x1b" in nettools("gopher", "get", gopher.url, "--raw").out


def test_serve_and_demo_know_gopher(sandbox: Sandbox) -> None:
    assert _paste("gopher", {"url": "gopher://h"}, "alice", "secret") == "nettools gopher list gopher://h"
    assert ROWS["gopher"](sandbox).startswith("menu of 8 items, 14 octets of text")
