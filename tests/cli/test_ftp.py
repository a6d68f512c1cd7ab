"""`nettools ftp`: every verb, its options, and what it answers to what it cannot do."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from in_process import Run

ME = ("-u", "alice:secret", "--tls", "off")


@pytest.fixture
def ftp(nettools: Run, net_servers: Callable[..., Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """`ftp("get", "pub/x", "-o", "y")`: words without a dash are paths on the server, unless they begin with ./"""
    server = net_servers("ftp")
    monkeypatch.chdir(tmp_path)

    def run(verb: str, *words: str, **more: Any) -> Any:
        given = [f"{server.url}/{word.removeprefix('@')}" if word.startswith("@") else word for word in words]
        return nettools("ftp", *([verb] if verb else []), *given, *ME, **more)

    run.server = server  # type: ignore[attr-defined]
    return run


def test_a_file_goes_to_stdout_to_a_file_or_into_a_folder(ftp: Run, tmp_path: Path) -> None:
    assert ftp("get", "@pub/hello.txt").out == b"Hello, world.\n"
    assert ftp("", "@pub/hello.txt").out == b"Hello, world.\n"
    assert ftp("get", "@pub/hello.txt", "-o", "-").out == b"Hello, world.\n"
    for words in (("-o", "x"), ("y",), ("-O",), ("-C", "-o", ".")):
        assert ftp("get", "@pub/hello.txt", *words).code == 0
    assert sorted(path.name for path in tmp_path.iterdir()) == ["hello.txt", "x", "y"]
    assert ftp("get", "@pub/hello.txt", "-C").code == 2
    assert ftp("get", "@pub/hello.txt", "-o", "z", "--json").json["size"] == 14
    assert ftp("get", "@pub/hello.txt", "-o", "/dev/full").code == 23


def test_parts_of_a_file_and_files_that_changed(ftp: Run, tmp_path: Path) -> None:
    assert ftp("get", "@pub/hello.txt", "-r", "0-4").out == b"Hello"
    assert ftp("get", "@pub/hello.txt", "--range", "-2").out == b".\n"
    (tmp_path / "x").write_bytes(b"")
    done = ftp("get", "@pub/hello.txt", "-z", "x", "-o", "y", "--no-keep-time")
    assert (done.code, "not newer" in done.err) == (0, True)
    assert not (tmp_path / "y").exists()
    assert ftp("get", "@pub/hello.txt", "--max-size", "3", "-o", "y").code == 63
    assert ftp("get", "@pub/hello.txt", "--checksum", "md5:" + "0" * 32, "-o", "y").code == 18


def test_the_data_connection_is_chosen(ftp: Run) -> None:
    for words in (("--active", "yes"), ("--active", "127.0.0.1"), ("--data-host", "reply"), ("--account", "x")):
        assert ftp("get", "@pub/hello.txt", *words).out == b"Hello, world.\n"
    assert ftp("get", "@pub/hello.txt", "--active", "nonsense").code == 2


def test_a_file_is_stored_in_either_order(ftp: Run, tmp_path: Path) -> None:
    (tmp_path / "x").write_bytes(b"data")
    assert "4 octets" in ftp("put", "@one", "x").err
    assert ftp("put", "x", "@in/", "--parents", "--json").json["size"] == 4
    assert ftp("put", "-", "@two", stdin=b"piped").code == 0
    assert ftp("put", "@one", "-", "--append", stdin=b"more").code == 0
    assert ftp("put", "@three", "x", "--no-atomic").code == 0
    assert ftp("put", "@four", "x", "--dry-run").err.startswith("would store x")
    files = ftp.server.world.files
    assert {name: files[name] for name in ("one", "two", "three", "in/x")} == {
        "one": b"datamore", "two": b"piped", "three": b"data", "in/x": b"data",
    }  # fmt: skip
    assert "four" not in files
    for words, code in ((("@x/y", "x"), 9), (("@x", "none"), 26), (("@", "-"), 2)):
        assert ftp("put", *words).code == code


def test_folders_are_listed_with_names_or_with_paths(ftp: Run) -> None:
    assert [line.split("\t")[-1] for line in ftp("", "@pub/sub/").text.splitlines()] == ["deep.txt", "with space.txt"]
    done = ftp("list", "@pub", "-R", "--pattern", "d*.txt", "--method", "list")
    assert done.text.split("\t")[-1] == "pub/sub/deep.txt\n"
    assert [each["name"] for each in ftp("list", "@pub/sub/", "--json").lines] == ["deep.txt", "with space.txt"]
    assert ftp("list", "@nix/").code == 78
    assert "pub/sub/" in ftp("info", "@pub/sub").text


def test_what_destroys_asks_first(ftp: Run) -> None:
    files = ftp.server.world.files
    files["d/x"] = b""
    assert ftp("rm", "@d/x").code == 2
    assert ftp("rm", "@d/x", "--dry-run").err.startswith("would remove")
    assert "d/x" in files
    assert ftp("rm", "@d/", "-y").code == 9
    assert ftp("rm", "@d", "-r", "-y").code == 0
    assert ftp("rm", "@d", "-y").code == 78
    assert ftp("rm", "@d", "-y", "--missing-ok").code == 0


def test_names_and_folders(ftp: Run) -> None:
    ftp.server.world.files["x"] = b""
    assert ftp("mv", "@x", "y", "--dry-run").err.startswith("would rename")
    assert "now y" in ftp("mv", "@x", "y").err
    assert ftp("mkdir", "@a/b", "--dry-run").err.startswith("would make")
    assert ftp("mkdir", "@a/b", "--no-parents").code == 9
    assert ftp("mkdir", "@a/b").code == 0


def test_trees_go_down_and_up(ftp: Run, tmp_path: Path) -> None:
    assert "would transfer sub/deep.txt" in ftp("mirror", "@pub/", "./m", "--dry-run").text
    assert not (tmp_path / "m").exists()
    assert "9 transferred" in ftp("mirror", "@pub/", "./m").err
    (tmp_path / "m" / "extra").write_bytes(b"")
    assert ftp("mirror", "@pub/", "./m", "--delete").code == 2
    assert "delete extra" in ftp("mirror", "@pub/", "./m", "--delete", "-y").text
    assert len(ftp("mirror", "./m", "@copy", "--json", "--workers", "2").json["transferred"]) == 9
    ftp.server.on("RETR", arg="hello").reply("550 no such file")
    (tmp_path / "m" / "hello.txt").unlink()
    done = ftp("mirror", "@pub/", "./m")
    assert (done.code, "failed hello.txt" in done.err) == (78, True)


def test_one_command_is_sent(ftp: Run) -> None:
    assert ftp("command", "@", "SYST").text == "215 UNIX Type: L8\n"
    lines = ftp("command", "@", "FEAT").text.splitlines()
    assert (lines[0], lines.count(" SIZE"), lines[-1]) == ("Features", 1, "211 End")
    assert ftp("command", "@", "XYZZY").code == 8
    assert ftp("command", "@", "RETR x").code == 1


def test_files_by_a_pattern(ftp: Any, tmp_path: Path) -> None:
    files = ftp.server.world.files
    names = {"empty.txt", "grüße.txt", "hello.txt"}
    assert {line.rpartition("\t")[2] for line in ftp("list", "@pub/*.txt").text.splitlines()} == names
    assert ftp("get", "@pub/*.txt", "-o", str(tmp_path)).code == 0
    assert {path.name for path in tmp_path.iterdir()} == names
    assert ftp("get", "@pub/*.txt").code == 2
    assert (ftp("get", "@pub/*.none", "-o", str(tmp_path)).code, ftp("get", "@pub/%2A.txt").code) == (78, 78)
    for name in ("a.log", "b.log", "keep", "*.log"):
        files[f"old/{name}"] = "x"
    assert "would remove *.log, a.log, b.log" in ftp("rm", "@old/*.log", "--dry-run").err
    assert ftp("rm", "@old/*.log").code == 2  # nobody to ask
    assert ftp("rm", "@old/%2A.log", "-y").code == 0
    assert {name for name in files if name.startswith("old/")} == {"old/a.log", "old/b.log", "old/keep"}
    assert ftp("rm", "@old/*.log", "-y").code == 0
    assert {name for name in files if name.startswith("old/")} == {"old/keep"}


def test_a_folder_that_is_removed_as_a_file_is_told(ftp: Any) -> None:
    ftp.server.world.files["in/x"] = "x"
    done = ftp("rm", "@in", "-y")
    assert (done.code, "it is a folder" in done.err) == (9, True)
    assert ftp("rm", "@in", "-y", "-r").code == 0


def test_several_files_go_into_a_folder(ftp: Any, tmp_path: Path) -> None:
    files = ftp.server.world.files
    one, two = "one.txt", "zwei ü.txt"
    for name in (one, two):
        (tmp_path / name).write_text(name)
    assert ftp("put", "@in/", one, two, "--parents").code == 0
    assert ftp("put", one, two, "@out/", "--parents").code == 0
    assert {"in/one.txt", "in/zwei ü.txt", "out/one.txt", "out/zwei ü.txt"} <= set(files)
    assert "end the URL with /" in ftp("put", "@in/x", one, two).err
    assert ftp("put", "@in/", one, "-", stdin=b"x").code == 2
    assert "Missing arguments" in ftp("put", "@in/").err


@pytest.mark.parametrize(
    ("words", "code", "why"),
    [
        (("put", "{}/pub/", "-"), 2, "stdin has no name"),
        (("put", "{}/pub/", "nofile"), 26, "cannot read nofile: no such file"),
        (("put", "{}/pub/", "."), 26, "cannot read .: it is a folder"),
        (("mirror", "./here", "./there"), 2, "one side of a mirror is a URL"),
    ],
)
def test_what_cannot_be_is_told_before_anything_is_connected_to(
    nettools: Run, ftp_server: Any, words: tuple[str, ...], code: int, why: str
) -> None:
    done = nettools("ftp", *(each.format(ftp_server.url) for each in words))
    assert (done.code, why in done.err, ftp_server.log.connections) == (code, True, 0)
