"""Standard streams that are closed or full: one line says so, with the exit code of a file, and never a traceback."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from in_process import Run

COMMAND = f"{sys.executable} -m nettools"


def shell(line: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(["bash", "-c", line], capture_output=True, text=True, check=False, input="")


@pytest.mark.parametrize(
    "words", ["http {url}/pub/hello.txt", "http {url}/pub/bytes.bin --raw", "http {url}/ --json", "protocols", "-h"]
)
def test_a_full_disk_behind_stdout_is_a_file_that_cannot_be_written(http_server: Any, words: str) -> None:
    done = shell(f"{COMMAND} {words.format(url=http_server.url)} >/dev/full")
    assert done.returncode == 23
    assert "cannot write to stdout: no space left on device" in done.stderr
    assert "Traceback" not in done.stderr
    assert "Exception ignored" not in done.stderr


def test_an_error_over_a_full_stdout_keeps_its_code(http_server: Any) -> None:
    assert shell(f"{COMMAND} http {http_server.url}/_status/404 -o /nowhere/x >/dev/full").returncode == 22
    assert shell(f"{COMMAND} ftp get http://h/ >/dev/full").returncode == 3


def test_a_closed_stdout_is_a_file_that_cannot_be_written(http_server: Any) -> None:
    done = shell(f"{COMMAND} http {http_server.url}/pub/hello.txt >&-")
    assert (done.returncode, done.stderr) == (23, "nettools: cannot write to stdout: it is closed\n")


def test_a_closed_stdin_is_a_file_that_cannot_be_read_where_it_is_read(http_server: Any) -> None:
    done = shell(f"{COMMAND} http post {http_server.url}/_echo -d @- <&-")
    assert (done.returncode, done.stderr) == (26, "nettools: cannot read stdin: it is closed\n")
    assert shell(f"{COMMAND} http {http_server.url}/pub/hello.txt <&-").stdout == "Hello, world.\n"


def test_without_stderr_notes_and_errors_do_not_turn_up_in_the_data(http_server: Any) -> None:
    done = shell(f"{COMMAND} -vv http {http_server.url}/pub/hello.txt 2>&-")
    assert (done.returncode, done.stdout) == (0, "Hello, world.\n")
    assert shell(f"{COMMAND} ftp get http://h/ 2>&-").stdout == ""


def test_output_that_cannot_be_written_is_told_with_its_name(nettools: Run, tmp_path: Path) -> None:
    for place in (tmp_path / "none" / "x", tmp_path):
        done = nettools("protocols", "-o", place)
        assert (done.code, done.out) == (23, b"")
        assert done.err.startswith(f"nettools: cannot write {place}: ")
    assert shell(f"{COMMAND} protocols -o /dev/full").stderr == (
        "nettools: cannot write /dev/full: no space left on device\n"
    )


def test_a_bug_is_not_dressed_up_as_an_error(nettools: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken() -> None:
        raise RuntimeError("a bug")

    monkeypatch.setattr("nettools.config.profiles", broken)
    with pytest.raises(RuntimeError, match="a bug"):
        nettools("config")


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="this system has no full disk to lend")
@pytest.mark.parametrize("option", ["--trace", "-o"])
def test_a_full_disk_is_told_with_the_name_of_the_file(nettools: Run, http_server: Any, option: str) -> None:
    done = nettools("http", f"{http_server.url}/pub/hello.txt", option, "/dev/full")
    assert (done.code, "cannot write /dev/full: no space left" in done.err) == (23, True)
