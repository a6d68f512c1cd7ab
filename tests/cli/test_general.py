"""What holds for every command: exit codes, channels, interruption, secrets, colours, completion, configuration."""

from __future__ import annotations

import base64
import json
import os
import pty
import re
import signal
import socket
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from in_process import Run

ME = ("-u", "alice:secret", "--tls", "off")
COMMAND = [sys.executable, "-m", "nettools"]


def shell(*args: object, **more: Any) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*COMMAND, *map(str, args)], capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL, **more
    )


def heeding() -> None:
    """In a child: control-C is not ignored, whatever this process was started with."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


# -- many files


def test_many_files_are_fetched_from_a_list(nettools: Run, http_server: Any, tmp_path: Path) -> None:
    url = http_server.url
    (tmp_path / "urls").write_text(f"# a list\n{url}/pub/hello.txt\n\n{url}/pub/none\n")
    done = nettools("get", "--from", tmp_path / "urls", "-o", tmp_path / "d", "--workers", "2")
    assert done.code == 22
    assert done.text == f"{tmp_path}/d/hello.txt\t14\t{url}/pub/hello.txt\n"
    assert "404 Not Found" in done.err
    rows = nettools(
        "get", "--from", "-", "-o", tmp_path / "d", "--overwrite", "--json", stdin=f"{url}/pub/hello.txt".encode()
    )
    assert (rows.json["ok"], rows.json["value"]["size"]) == (True, 14)
    assert os.listdir(tmp_path / "d") == ["hello.txt"]


def test_a_list_takes_credentials_and_goes_on_with_what_is_there(
    nettools: Run, http_server: Any, tmp_path: Path
) -> None:
    http_server.world.files["big"] = b"x" * 1000
    (tmp_path / "d").mkdir()
    for words, sent in ((("-u", "me:word"), "Basic bWU6d29yZA=="), (("--token", "t0ken"), "Bearer t0ken")):
        done = nettools(
            "get", "--from", "-", "-o", tmp_path / "d", "-C", *words, stdin=f"{http_server.url}/big".encode()
        )
        assert done.code == 0
        assert any(f"Authorization: {sent}".encode() in record.bytes for record in http_server.log.records)


def test_a_scheduler_that_is_not_there_is_told(nettools: Run, tmp_path: Path, monkeypatch: Any) -> None:
    class Distributed:
        @staticmethod
        def Client(address: str, **_: Any) -> None:
            raise OSError(f"Timed out trying to connect to {address}")

    monkeypatch.setitem(sys.modules, "distributed", Distributed)
    (tmp_path / "urls").write_text("")
    done = nettools("get", "--from", tmp_path / "urls", "--dask", "tcp://127.0.0.1:1", "-o", tmp_path)
    assert done.code == 7
    assert "there is no dask scheduler at tcp://127.0.0.1:1" in done.err


def test_a_list_needs_a_file_and_whole_credentials(nettools: Run, tmp_path: Path, monkeypatch: Any) -> None:
    assert nettools("get", "--from", tmp_path / "none").code == 26
    (tmp_path / "urls").write_text("")
    assert nettools("get", "--from", tmp_path / "urls", "-u", "me", "-o", tmp_path).code == 2
    monkeypatch.setitem(sys.modules, "distributed", None)
    done = nettools("get", "--from", tmp_path / "urls", "--dask", "tcp://127.0.0.1:1", "-o", tmp_path)
    assert done.code == 1
    assert "nettools[dask]" in done.err


# -- one verb for all


def test_the_scheme_picks_the_protocol(nettools: Run, sandbox: Any, tmp_path: Path) -> None:
    ca = ("--cacert", sandbox.ca)
    (tmp_path / "up").write_text("up")
    sandbox.world.deliver("alice@x", b"Subject: one\r\n\r\n1\r\n")
    assert nettools("get", f"{sandbox.http.url}/pub/hello.txt").text == "Hello, world.\n"
    assert nettools("get", f"{sandbox.ftp.url}/pub/hello.txt", *ME).text == "Hello, world.\n"
    assert nettools("get", f"{sandbox.gopher.url}/0/pub/hello.txt").text == "Hello, world.\n"
    assert "Subject: one" in nettools("get", sandbox.imap.tls_url, "1", "-u", "alice:secret", *ca).text
    assert nettools("put", f"{sandbox.ftp.url}/up", tmp_path / "up", *ME).code == 0
    assert sandbox.world.files["up"] == b"up"
    assert "hello.txt" in nettools("list", f"{sandbox.ftp.url}/pub/", *ME).text
    assert "hello.txt" in nettools("list", f"{sandbox.gopher.url}/1/pub").text
    assert "one" in nettools("list", sandbox.pop3.url, *ME).text
    assert nettools("send", sandbox.tcp.url, "--data", "x").text == "x"
    assert nettools("send", sandbox.smtp.url, "--to", "alice@x.org", "--from", "b@x.org", "--body", "x", *ME).code == 0


@pytest.mark.parametrize(
    ("args", "code"),
    [(("get", "h"), 3), (("get", "nope://h"), 3), (("put", "smtp://h/"), 3), (("send", "http://h/"), 3), (("get",), 3)],
)
def test_what_no_protocol_does_is_refused(nettools: Run, args: tuple[str, ...], code: int) -> None:
    assert nettools(*args).code == code


def test_the_table_of_protocols_has_ports_and_modules(nettools: Run) -> None:
    rows = {row["protocol"]: row for row in nettools("protocols", "--json").lines}
    assert rows["SMTP"]["ports"][0] == 25
    assert rows["FTP"]["note"] == "20 is the data port"
    assert (rows["TCP"]["module"], rows["TCP"]["schemes"]) == ("socket", ["tcp", "tls"])
    text = nettools("protocols").text
    assert re.search(r"IMAP4\s+list_mail\s+143/993\s+imaplib\s+imap:// imaps://", text)


# -- channels


def test_data_goes_to_stdout_and_all_else_to_stderr(nettools: Run, http_server: Any) -> None:
    done = nettools("http", f"{http_server.url}/pub/hello.txt", "-v")
    assert done.out == b"Hello, world.\n"
    assert "1 round trip\n" in done.err
    assert nettools("http", f"{http_server.url}/pub/hello.txt", "-v", "-q").err == ""


def test_errors_are_json_where_that_was_asked_for(nettools: Run) -> None:
    for args, code in ((("http", "http://127.0.0.1:1/"), 7), (("http", "--nonsense"), 2), (("nosuch",), 2)):
        done = nettools(*args, "--json")
        error = json.loads(done.err)
        assert set(error) == {"error", "message", "stage", "reply", "hint", "exit_code", "url"}
        assert (done.code, error["exit_code"], done.out) == (code, code, b"")


def test_nothing_is_coloured_and_no_bar_drawn_where_no_terminal_is(http_server: Any, tmp_path: Path) -> None:
    done = shell("http", f"{http_server.url}/pub/bytes.bin", "-o", tmp_path / "x", env={**os.environ, "NO_COLOR": "1"})
    assert (done.returncode, done.stdout) == (0, "")
    assert "\x1b" not in done.stderr


def on_terminal(*args: object, **environ: str) -> str:
    """What a terminal would show of a command."""
    near, far = pty.openpty()
    process = subprocess.Popen(
        [*COMMAND, *map(str, args)], stdin=far, stdout=far, stderr=far, env={**os.environ, "TERM": "xterm", **environ}
    )
    os.close(far)
    shown = b""
    while True:
        try:
            block = os.read(near, 65536)
        except OSError:
            break
        if not block:
            break
        shown += block
    process.wait(10)
    os.close(near)
    return shown.decode()


def test_a_terminal_gets_a_table_and_a_bar_and_no_colour_where_that_is_asked(
    http_server: Any, ftp_server: Any, tmp_path: Path
) -> None:
    listed = on_terminal("ftp", "list", f"{ftp_server.url}/pub/", "-u", "alice:secret", "--tls", "off", NO_COLOR="")
    assert "hello.txt" in listed
    colour = re.compile(r"\x1b\[[0-9;]*3[0-7]")
    listed = on_terminal("ftp", "list", f"{ftp_server.url}/pub/", "-u", "alice:secret", "--tls", "off", NO_COLOR="1")
    assert not colour.search(listed)
    bar = on_terminal("http", f"{http_server.url}/pub/bytes.bin", "-o", tmp_path / "x", NO_COLOR="1")
    assert "bytes" in bar or "%" in bar or "kB" in bar
    assert not colour.search(bar)


# -- interruption


def test_control_c_ends_with_130_and_keeps_what_came(http_server: Any, tmp_path: Path) -> None:
    (tmp_path / "x").write_text("old")
    http_server.world.files["big.bin"] = b"x" * 3_000_000
    command = [*COMMAND, "http", f"{http_server.url}/big.bin", "-o", tmp_path / "x", "--limit-rate", "500k"]
    pipes: dict[str, Any] = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "preexec_fn": heeding}
    with subprocess.Popen(command, **pipes) as process:
        part = tmp_path / "x.part"
        while not (part.exists() and part.stat().st_size):
            assert process.poll() is None
        process.send_signal(signal.SIGINT)
        _, err = process.communicate(timeout=40)
    assert process.returncode == 130
    assert b"Traceback" not in err
    assert part.exists()
    assert (tmp_path / "x").read_text() == "old"


@pytest.mark.parametrize(
    "words", [("get", "--from", "{}/urls.txt", "-o", "{}/here"), ("ftp", "mirror", "{url}", "{}/here")]
)
def test_control_c_waits_for_none_of_many_files(ftp_server: Any, tmp_path: Path, words: tuple[str, ...]) -> None:
    for name in "abc":
        ftp_server.world.files[f"big/{name}.bin"] = b"x" * 3_000_000
    url = ftp_server.url + "/big/"
    (tmp_path / "urls.txt").write_text("".join(f"{url}{name}.bin\n" for name in "abc"))
    command = [*COMMAND, *(each.format(tmp_path, url=url) for each in words), "--limit-rate", "1k", "--tls", "off"]
    pipes: dict[str, Any] = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "preexec_fn": heeding}
    with subprocess.Popen(command, **pipes) as process:
        while not any(path.stat().st_size for path in tmp_path.glob("here/*.part")):
            assert process.poll() is None
        process.send_signal(signal.SIGINT)
        _, err = process.communicate(timeout=40)  # the files would take an hour
    assert (process.returncode, err) == (130, b"")


def test_a_reader_that_closes_the_pipe_is_no_error(http_server: Any) -> None:
    http_server.world.files["big.bin"] = b"x" * 3_000_000
    line = f"{' '.join(COMMAND)} http {http_server.url}/big.bin | head -c 10; exit ${{PIPESTATUS[0]}}"
    done = subprocess.run(["bash", "-c", line], capture_output=True, text=True, check=False)
    assert (done.stdout, done.stderr) == ("x" * 10, "")
    assert done.returncode in (0, 23)


# -- secrets


def test_no_secret_is_in_what_is_shown_or_recorded(nettools: Run, sandbox: Any, tmp_path: Path) -> None:
    sandbox.world.add_user("bob", 'p"ss wörd')
    for protocol, mechanism in (
        ("smtp", "PLAIN"),
        ("smtp", "LOGIN"),
        ("imap", "native"),
        ("pop3", "native"),
        ("imap", "PLAIN"),
    ):
        verb = "check" if protocol == "smtp" else "list"
        done = nettools(
            protocol, verb, getattr(sandbox, protocol).url, "-u", 'bob:p"ss wörd', "--tls", "off",
            "--mechanism", mechanism, "-vv", "--trace", tmp_path / "t",
        )  # fmt: skip
        assert done.code == 0, done.err
        shown = done.err + (tmp_path / "t").read_text()
        word = 'p"ss wörd'
        for form in (word, word.replace('"', '\\"'), base64.b64encode(word.encode()).decode(), "wörd", "w\\u00f6rd"):
            assert form not in shown
        assert base64.b64encode(f"\0bob\0{word}".encode()).decode() not in shown
        assert "***" in shown
        assert (tmp_path / "t").stat().st_mode & 0o077 == 0


def test_a_trace_is_nobody_elses_from_its_first_moment(tmp_path: Path, nettools: Run, http_server: Any) -> None:
    (tmp_path / "t").write_text("old")
    (tmp_path / "t").chmod(0o644)
    assert nettools("http", http_server.url, "--trace", tmp_path / "t").code in (0, 22)
    assert (tmp_path / "t").stat().st_mode & 0o777 == 0o600
    assert nettools("http", http_server.url, "--trace", tmp_path / "none" / "t").code == 23


def test_without_a_password_or_a_terminal_it_ends_at_once(imap_server: Any) -> None:
    done = shell("imap", "list", imap_server.url, "-u", "alice", "--tls", "off")
    assert (done.returncode, done.stdout) == (67, "")
    assert "NETTOOLS_PASSWORD" in done.stderr
    assert imap_server.log.connections == 0


# -- configuration


@pytest.fixture
def config(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    path = tmp_path / "config.toml"
    monkeypatch.setenv("NETTOOLS_CONFIG", str(path))
    return path


def test_the_configuration_is_shown_with_its_place(nettools: Run, config: Path) -> None:
    assert nettools("config").text == f"# {config} (not there)\n"
    config.write_text('[profile.w]\nuser = "me"\ntimeout = 2.5\nnetrc = true\n')
    assert nettools("config").text == f'# {config}\n[profile.w]\nuser = "me"\ntimeout = 2.5\nnetrc = true\n'
    assert nettools("config", "w", "--json").json["profiles"] == {"w": {"user": "me", "timeout": 2.5, "netrc": True}}
    assert nettools("config", "none").code == 2
    assert nettools("--profile", "none", "http", "http://127.0.0.1:1/").code == 2


def test_a_profile_is_not_spoilt_by_another(nettools: Run, http_server: Any, config: Path) -> None:
    url = f"{http_server.url}/pub/hello.txt"
    config.write_text("[profile]\nbad = 1\n[profile.worse]\npassword = 'x'\n[profile.good]\ntimeout = 20\n")
    assert nettools("http", url, "--profile", "good").code == 0
    assert [nettools("http", url, "--profile", name).code for name in ("bad", "worse")] == [2, 2]


@pytest.mark.parametrize(
    "text",
    ["profile = 3", "[profile.w]\npassword = 'x'", "[profile.w]\nnonsense = 1", "[[", "\xff", "[profile]\nw = 1"],
)
def test_a_configuration_that_makes_no_sense_is_refused(nettools: Run, config: Path, text: str) -> None:
    config.write_bytes(text.encode("latin-1"))
    done = nettools("config")
    assert done.code == 2
    assert "Traceback" not in done.err


def test_a_configuration_that_others_can_write_is_not_trusted(nettools: Run, config: Path) -> None:
    config.write_text('[profile.w]\npassword_command = "echo x"\n')
    config.chmod(0o666)
    done = nettools("config")
    assert done.code == 26
    assert "chmod go-w" in done.err


def test_a_configuration_in_the_working_folder_is_not_read(
    nettools: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "config.toml").write_text("[[")
    monkeypatch.chdir(tmp_path)
    assert nettools("config").code == 0


def test_credentials_are_taken_from_the_first_place_that_has_them(
    nettools: Run, imap_server: Any, config: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Option, URL, environment, profile, netrc: in each step only the place that is asked next has the right one."""
    imap_server.world.add_user("bob", "b")
    config.write_text('[profile.w]\nuser = "alice"\npassword_command = "echo secret"\ntls = "off"\n')
    netrc = Path(os.environ["HOME"]) / ".netrc"
    netrc.write_text("machine 127.0.0.1 login alice password secret\n")
    netrc.chmod(0o600)
    listing = ("imap", "list", "--tls", "off")
    url, mine = imap_server.url, imap_server.url.replace("//", "//alice@")
    wrong = imap_server.url.replace("//", "//alice:wrong@")
    assert nettools(*listing, url).code == 0  # netrc
    assert nettools(*listing, url, "--no-netrc").code == 67
    monkeypatch.setenv("NETTOOLS_PASSWORD", "wrong")
    assert nettools(*listing, mine).code == 67
    assert nettools(*listing, mine, "--profile", "w").code == 67  # the environment comes before the profile
    assert nettools(*listing, url, "--profile", "w").code == 67
    assert nettools(*listing, mine, "-u", "alice:secret").code == 0
    assert nettools(*listing, mine, "--password-command", "echo secret").code == 0
    assert nettools(*listing, wrong, "-u", "bob:b").code == 0  # -u wins over the URL's user
    monkeypatch.setenv("NETTOOLS_PASSWORD", "secret")
    assert nettools(*listing, wrong).code == 67
    assert nettools(*listing, mine).code == 0
    monkeypatch.delenv("NETTOOLS_PASSWORD")
    netrc.unlink()
    assert nettools("imap", "list", url, "--profile", "w").code == 0
    assert nettools("imap", "list", mine.replace("alice", "bob"), "--profile", "w").code == 67


def test_the_keyring_is_asked_where_there_is_one(
    nettools: Run, imap_server: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Keyring:
        @staticmethod
        def get_password(host: str, user: str) -> str | None:
            if user == "locked":
                raise RuntimeError("locked")
            return "secret" if (host, user) == ("127.0.0.1", "alice") else None

    monkeypatch.setitem(sys.modules, "keyring", Keyring)
    listing = ("imap", "list", imap_server.url, "--tls", "off", "-u")
    assert nettools(*listing, "alice").code == 0
    assert nettools(*listing, "locked").code == 67


# -- completion


@pytest.mark.parametrize("shell_name", ["bash", "zsh", "fish"])
def test_a_script_for_the_shell_is_printed(nettools: Run, shell_name: str) -> None:
    assert "_NETTOOLS_COMPLETE" in nettools("completion", shell_name).text


def test_bash_completes_with_the_script(nettools: Run, tmp_path: Path) -> None:
    (tmp_path / "nettools").write_text(f'#!/bin/sh\nexec {" ".join(COMMAND)} "$@"\n')
    (tmp_path / "nettools").chmod(0o755)
    (tmp_path / "script").write_bytes(nettools("completion", "bash").out)
    line = (
        f"PATH={tmp_path}:$PATH; source {tmp_path}/script; COMP_WORDS=(nettools imap fol); COMP_CWORD=2;"
        " _nettools_completion nettools; printf '%s\\n' \"${COMPREPLY[@]}\""
    )
    done = subprocess.run(["bash", "-c", line], capture_output=True, text=True, check=False)
    assert done.stdout == "folders\n", done.stderr


@pytest.mark.parametrize(
    ("words", "place", "expected"),
    [
        ("nettools ", 1, {"http", "imap", "tcp", "get", "serve"}),
        ("nettools im", 1, {"imap"}),
        ("nettools imap l", 2, {"list"}),
        ("nettools ftp get --chec", 3, {"--checksum"}),
        ("nettools tcp listen --ec", 3, {"--echo"}),
        ("nettools imap list --tls ", 4, {"auto", "off", "starttls", "implicit"}),
    ],
)
def test_the_shell_is_told_what_may_come(words: str, place: int, expected: set[str]) -> None:
    environ = {**os.environ, "_NETTOOLS_COMPLETE": "bash_complete", "COMP_WORDS": words, "COMP_CWORD": str(place)}
    done = shell(env=environ)
    found = {line.partition(",")[2] for line in done.stdout.splitlines()}
    assert expected <= found, done.stderr


# -- the list of processes


@pytest.mark.skipif(sys.platform != "linux", reason="other systems do not let a process write there")
@pytest.mark.parametrize(
    ("words", "shown"),
    [
        (["-u", "alice:s3cret", "--tls", "off"], b"alice:***"),
        (["-ualice:s3cret", "--tls", "off"], b"-ualice:***"),
        (["-su", "alice:s3cret", "--tls", "off"], b"alice:***"),
        (["--user=alice:s3cret", "--tls", "off"], b"--user=alice:***"),
        (["--token", "s3cret", "--tls", "off"], b"***"),
        (["-H", "Authorization: Bearer s3cret"], b"Authorization: Bearer ***"),
        (["-b", "sid=s3cret"], b"sid=***"),
        (["-d", "name=me&password=s3cret"], b"name=me&password=***"),
        (["--param", "access_token=s3cret"], b"access_token=***"),
    ],
)
def test_secrets_are_blanked_in_the_list_of_processes(words: list[str], shown: bytes) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        url = f"http://127.0.0.1:{server.getsockname()[1]}/"
        with (
            subprocess.Popen([*COMMAND, "http", *words, url], stderr=subprocess.DEVNULL) as process,
            server.accept()[0],
        ):
            seen = Path(f"/proc/{process.pid}/cmdline").read_bytes()  # while it waits for an answer
            process.kill()
    assert b"s3cret" not in seen
    assert shown in [word.rstrip() for word in seen.split(b"\0")]
