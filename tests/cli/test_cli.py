"""The command: every verb against the fakes, output, exit codes."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from in_process import Run
from nettools.target import PROTOCOLS

ME = ("-u", "alice:secret", "--tls", "off")
CODES = {
    "usage": (("nosuch",), 2),
    "no URL": (("http", "://"), 3),
    "unknown scheme": (("get", "nope://h/"), 3),
    "foreign scheme": (("http", "get", "ftp://h/"), 3),
    "unknown option": (("http", "get", "--nonsense", "http://h/"), 2),
    "no such host": (("http", "http://nosuch.invalid/"), 6),
    "refused": (("http", "http://127.0.0.1:1/"), 7),
    "proxy not found": (("http", "http://h.example/", "-x", "http://nosuch.invalid:1"), 5),
    "proxy refused": (("http", "http://h.example/", "-x", "socks5h://127.0.0.1:1"), 97),
    "no password": (("imap", "imap://h.example/", "-u", "me"), 67),
    "unreadable": (("smtp", "smtp://127.0.0.1:1", "--to", "a@b.c", "-a", "/proc/nonexistent"), 26),
}


@pytest.mark.parametrize("name", CODES)
def test_exit_codes_are_those_of_the_contract(nettools: Run, name: str) -> None:
    args, code = CODES[name]
    done = nettools(*args)
    assert done.code == code
    assert done.out == b""
    assert "Traceback" not in done.err


def test_version_and_help(nettools: Run) -> None:
    assert nettools("--version").text.startswith("nettools, version ")
    assert "Examples:" in nettools("ftp", "--help").text
    assert "--max-time" in nettools("imap", "list", "--help").text


def test_a_page_is_printed_as_it_is_or_as_json(nettools: Run, sandbox: Any) -> None:
    url = sandbox.http.url
    assert nettools("http", f"{url}/pub/bytes.bin").out == sandbox.world.files["pub/bytes.bin"]
    page = nettools("--json", "http", "get", f"{url}/pub/index.html").json
    assert (page["status"], page["title"]) == (200, "A page")
    assert nettools("http", f"127.0.0.1:{sandbox.http.port}/pub/hello.txt").text == "Hello, world.\n"
    head = nettools("http", "-I", f"{url}/pub/hello.txt").text
    assert head.startswith("HTTP/1.1 200 OK\n")
    assert "Content-Length: 14" in head


def test_a_status_of_400_prints_the_body_and_says_22(nettools: Run, sandbox: Any) -> None:
    done = nettools("http", f"{sandbox.http.url}/nix")
    assert (done.code, done.out) == (22, b"not found\n")
    assert done.err.startswith("nettools: http: 404 Not Found")
    done = nettools("http", f"{sandbox.http.url}/nix", "--json")
    assert done.json["status"] == 404
    assert json.loads(done.err)["error"] == "HTTPStatusError"


def test_bodies_come_from_arguments_files_and_stdin(nettools: Run, sandbox: Any, tmp_path: Path) -> None:
    url = f"{sandbox.http.url}/_echo"
    (tmp_path / "body").write_bytes(b"from a file")
    assert nettools("http", "post", url, "-d", "a=1", "-d", "b=2").text == "a=1&b=2"
    assert nettools("http", url, "-d", f"@{tmp_path}/body").text == "from a file"
    assert nettools("http", "put", url, "-T", "-", stdin=b"from stdin").text == "from stdin"
    form = nettools("http", f"{sandbox.http.url}/_form", "-F", "k=v", "-F", f"f=@{tmp_path}/body").json
    assert form["fields"] == {"k": "v"}
    assert form["files"]["f"]["size"] == 11


def test_shared_options_stand_anywhere(nettools: Run, sandbox: Any) -> None:
    url = f"{sandbox.http.url}/_headers"
    for args in (
        ("--json", "http", "get", url, "-H", "X: 1"),
        ("http", "--json", "-H", "X: 1", "get", url),
        ("http", "-H", "X: 1", url, "--json"),
    ):
        page = nettools(*args).json
        assert json.loads(page["text"])["x"] == "1"


def test_a_download_goes_to_a_file_and_continues(
    nettools: Run, sandbox: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    url, data = f"{sandbox.http.url}/pub/bytes.bin", sandbox.world.files["pub/bytes.bin"]
    assert nettools("http", url, "-O").code == 0
    assert Path("bytes.bin").read_bytes() == data
    Path("x.part").write_bytes(data[:100])
    assert nettools("http", url, "-C", "-o", "x", "--json").json["resumed_from"] == 100
    assert Path("x").read_bytes() == data
    assert nettools("http", "download", url, "sub/").code == 0
    assert Path("sub/bytes.bin").read_bytes() == data
    assert nettools("http", url, "-o", "y", "--checksum", "sha256:" + "0" * 64).code == 18
    to_stdout = nettools("http", url, "--checksum", "sha256:" + "0" * 64)
    assert (to_stdout.code, to_stdout.out) == (18, b"")
    assert nettools("http", url, "-o", "y", "--max-size", "1k").code == 63
    assert not Path("y").exists()


def test_cookies_are_read_and_written(nettools: Run, sandbox: Any, tmp_path: Path) -> None:
    jar = tmp_path / "jar"
    assert nettools("http", f"{sandbox.http.url}/_cookies/set?a=b", "--cookie-jar", jar).code == 0
    assert nettools("http", f"{sandbox.http.url}/_cookies", "-b", jar, "-b", "c=d").json == {"a": "b", "c": "d"}
    assert jar.stat().st_mode & 0o077 == 0
    elsewhere = sandbox.http.url.replace("127.0.0.1", "localhost")
    assert nettools("http", f"{elsewhere}/_cookies", "-b", jar).json == {}


def test_files_go_by_ftp(nettools: Run, sandbox: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    url = sandbox.ftp.url
    names = [entry["name"] for entry in nettools("ftp", f"{url}/pub/", *ME, "--json").lines]
    assert "hello.txt" in names
    assert nettools("ftp", f"{url}/pub/hello.txt", *ME).text == "Hello, world.\n"
    Path("up.txt").write_text("up")
    assert nettools("ftp", "put", f"{url}/in/", "up.txt", *ME, "--parents").code == 0
    assert nettools("ftp", "put", "-", f"{url}/in/stdin", *ME, stdin=b"piped").code == 0
    assert sandbox.world.files["in/up.txt"] == b"up"
    assert sandbox.world.files["in/stdin"] == b"piped"
    assert nettools("ftp", "mv", f"{url}/in/stdin", "in/moved", *ME).code == 0
    assert "in/moved" in nettools("ftp", "info", f"{url}/in/moved", *ME, "--json").json["path"]
    assert nettools("ftp", "rm", f"{url}/in/moved", *ME).code == 2
    assert nettools("ftp", "rm", f"{url}/in/moved", *ME, "-y", "--dry-run").code == 0
    assert nettools("ftp", "rm", f"{url}/in/moved", *ME, "-y").code == 0
    assert "in/moved" not in sandbox.world.files
    assert nettools("ftp", "mkdir", f"{url}/new", *ME).code == 0
    report = nettools("ftp", "mirror", f"{url}/pub/", "m", *ME, "--json").json
    assert "hello.txt" in report["transferred"]
    assert nettools("ftp", "mirror", "m", f"{url}/copy", *ME, "--dry-run").text.startswith("would transfer")
    assert nettools("ftp", "command", f"{url}/", "SYST", *ME).text.startswith("215 UNIX")
    assert nettools("ftp", "get", f"{url}/nix", *ME).code == 78
    assert nettools("ftp", "put", f"{url}/x", "up.txt", "--tls", "off").code == 9
    assert nettools("get", f"{url}/pub/hello.txt", "--cacert", sandbox.ca).text == "Hello, world.\n"


def test_mail_is_sent_and_read_back(nettools: Run, sandbox: Any, tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("attached")
    smtp = sandbox.smtp.url
    nettools(
        "smtp", "send", smtp, "--tls", "off", "--from", "b@x.org", "--to", "alice@x.org", "-s", "Grüße", "--body", "0"
    )
    sent = nettools(
        "smtp", "send", smtp, "--tls", "off", "--from", "bob@x.org", "--to", "alice@x.org,alice@y.org", "-s", "Grüße",
        "--body", "-", "-a", tmp_path / "a.txt", "--json", stdin="Hällo\n".encode(),
    )  # fmt: skip
    assert sent.json["accepted"] == ["alice@x.org", "alice@y.org"]
    imap = f"{sandbox.imap.url}/INBOX"
    (first, _) = nettools("imap", "list", imap, *ME, "--json", "--subject", "Grüße", "--since", "1d").lines
    assert (first["uid"], first["subject"]) == ("2", "Grüße")
    assert nettools("imap", "search", imap, *ME, "--json", "--unseen").lines == ["1", "2"]
    shown = nettools("imap", "fetch", imap, "2", *ME).text
    assert "Subject: Grüße" in shown
    assert "Hällo" in shown
    raw = nettools("imap", "fetch", imap, "2", "--raw", *ME).out
    assert raw == sandbox.world.inbox("alice")[1].raw
    assert nettools("pop3", "fetch", sandbox.pop3.url, "1.2", "--raw", *ME).out == raw
    assert nettools("imap", "flag", imap, "1", "--add", "\\Flagged", *ME).code == 0
    assert nettools("imap", "cp", imap, "2", "Archive", *ME).text == "1\n"
    assert nettools("imap", "mv", imap, "1", "Archive", *ME).text == "2\n"
    saved = nettools("imap", "save", f"{sandbox.imap.url}/Archive", "--all", "-o", tmp_path / "out", *ME)
    assert sorted(Path(line).name for line in saved.text.splitlines()) == ["1.eml", "2.eml"]
    assert (tmp_path / "out" / "1.eml").read_bytes() == raw
    parts = nettools("imap", "save", imap, "2", "--attachments", "-o", tmp_path / "parts", *ME)
    assert Path(parts.text.strip()).read_text() == "attached"
    assert nettools("imap", "append", imap, tmp_path / "out" / "1.eml", "--folder", "Drafts", *ME).text == "1\n"
    assert "\\Drafts" in nettools("imap", "folders", imap, *ME).text
    assert nettools("imap", "rm", imap, "2", *ME, "-y").code == 0
    assert sandbox.world.inbox("alice").messages == []
    assert nettools("imap", "fetch", imap, "99", *ME).code == 78


def test_pop3_saves_and_then_deletes(nettools: Run, sandbox: Any, tmp_path: Path) -> None:
    sandbox.world.deliver("alice@x", b"Subject: one\r\n\r\n1\r\n")
    done = nettools("pop3", "save", sandbox.pop3.url, "--all", "--delete", "-o", tmp_path, *ME)
    assert Path(done.text.strip()).read_bytes() == b"Subject: one\r\n\r\n1\r\n"
    assert sandbox.world.inbox("alice").messages == []


def test_smtp_says_what_it_would_send_and_whom_it_was_refused(nettools: Run, sandbox: Any, tmp_path: Path) -> None:
    smtp = sandbox.smtp.url
    base = ("smtp", "send", smtp, "--tls", "off", "--from", "b@x.org", "--body", "x")
    dry = nettools(*base, "--to", "alice@x.org", "--dry-run")
    assert b"Subject: " in dry.out
    assert sandbox.smtp.log.connections == 0
    some = nettools(*base, "--to", "alice@x.org", "--to", "nobody@x.org")
    assert some.code == 9
    assert "refused: nobody@x.org" in some.err
    assert nettools(*base, "--to", "nobody@x.org").code == 9
    report = nettools("smtp", "check", smtp, "-u", "alice:secret", "--cacert", sandbox.ca, "--json").json
    assert report["tls"]["version"] == "TLSv1.3"
    assert "PLAIN" in report["mechanisms"]
    (tmp_path / "box").write_bytes(
        b"From a\nFrom: a@x.org\nTo: alice@x.org\n\n1\n\nFrom b\nFrom: a@x.org\nTo: alice@x.org\n\n2\n"
    )
    assert len(nettools("smtp", "send", smtp, "--tls", "off", "--mbox", tmp_path / "box", "--json").lines) == 2


def test_errors_are_one_line_with_a_hint_or_one_object(nettools: Run, sandbox: Any) -> None:
    done = nettools("imap", "list", sandbox.imap.url, "-u", "alice:wrong", "--tls", "off")
    assert done.code == 67
    assert len(done.err.splitlines()) == 1
    error = json.loads(nettools("imap", sandbox.imap.url, "-u", "alice:wrong", "--tls", "off", "--json").err)
    assert (error["error"], error["exit_code"], error["stage"]) == ("AuthError", 67, "login")
    assert "wrong" not in error["message"]
    assert nettools("http", sandbox.http.tls_url).code == 60
    assert nettools("http", sandbox.http.tls_url, "-k").code == 0
    assert nettools("http", f"{sandbox.http.url}/_delay/5", "-m", "0.2").code == 28


def test_passwords_come_from_where_they_are_kept(
    nettools: Run, sandbox: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    url = sandbox.imap.url.replace("//", "//alice@")
    args = ("imap", "list", url, "--tls", "off", "--json")
    assert nettools(*args, "--password-command", "echo secret").code == 0
    monkeypatch.setenv("NETTOOLS_PASSWORD", "secret")
    assert nettools(*args).code == 0
    monkeypatch.delenv("NETTOOLS_PASSWORD")
    netrc = Path(os.environ["HOME"]) / ".netrc"
    netrc.write_text("machine 127.0.0.1 login alice password secret\n")
    netrc.chmod(0o600)
    assert nettools(*args).code == 0
    assert nettools(*args, "--no-netrc").code == 67
    netrc.chmod(0o644)
    loose = nettools("imap", "list", url, "--tls", "off")
    assert loose.code == 26
    assert "chmod 600" in loose.err
    netrc.unlink()
    in_url = nettools("imap", "list", sandbox.imap.url.replace("//", "//alice:secret@"), "--tls", "off")
    assert in_url.code == 0
    assert "warning" in in_url.err
    (tmp_path / "c.toml").write_text('[profile.w]\nuser = "alice"\npassword_command = "echo secret"\ntls = "off"\n')
    monkeypatch.setenv("NETTOOLS_CONFIG", str(tmp_path / "c.toml"))
    assert nettools("imap", "list", sandbox.imap.url, "--profile", "w").code == 0
    assert "[profile.w]" in nettools("config").text


def test_the_wire_is_shown_and_recorded_without_secrets(nettools: Run, sandbox: Any, tmp_path: Path) -> None:
    done = nettools("-vv", "pop3", "list", sandbox.pop3.url, *ME, "--mechanism", "PLAIN", "--trace", tmp_path / "t")
    assert "> AUTH PLAIN ***" in done.err
    assert "< +OK" in done.err
    text = (tmp_path / "t").read_text()
    records = [json.loads(line) for line in text.splitlines()]
    assert {record["direction"] for record in records} == {"C", "S"}
    assert "secret" not in done.err + text
    assert (tmp_path / "t").stat().st_mode & 0o077 == 0


def test_text_from_servers_cannot_move_the_cursor(nettools: Run, sandbox: Any) -> None:
    sandbox.world.deliver("alice@x", b"Subject: =?utf-8?b?G1szMW1yZWTigK54?=\r\n\r\nx\r\n")
    shown = nettools("imap", "list", sandbox.imap.url, *ME).text
    assert "\\x1b[31mred\\u202ex" in shown
    assert "\x1b" not in shown


def test_protocols_and_completion(nettools: Run) -> None:
    rows = nettools("protocols", "--json").lines
    assert [row["protocol"] for row in rows][:6] == ["HTTP", "XML-RPC", "FTP", "SMTP", "POP3", "IMAP4"]
    assert "imaplib" in nettools("protocols").text
    for shell in ("bash", "zsh", "fish"):
        assert "_NETTOOLS_COMPLETE" in nettools("completion", shell).text


def test_demo_walks_every_row(nettools: Run) -> None:
    rows = nettools("demo", "--json").lines
    assert [(row["protocol"], row["ok"]) for row in rows] == [(row.title, True) for row in PROTOCOLS.values()]
    assert {"protocol", "port", "module", "ok", "seconds", "result"} == set(rows[0])


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_serve_says_where_everything_is_and_ends_when_told(number: int, tmp_path: Path) -> None:
    (tmp_path / "files").mkdir()
    (tmp_path / "files" / "x.txt").write_text("loaded")
    command = [sys.executable, "-m", "nettools.cli.main", "serve", "http", "imap", "--json", "--user", "bob:b", "--tls"]
    with subprocess.Popen([*command, "--load", tmp_path], stdout=subprocess.PIPE, text=True) as server:
        assert server.stdout is not None
        line = json.loads(server.stdout.readline())
        import nettools as library

        assert library.fetch_page(line["servers"]["http"]["url"] + "/x.txt").text == "loaded"
        entry = line["servers"]["imap"]
        tls = library.TLS(ca=line["ca"])
        assert library.list_mail(entry["tls_url"], auth=("bob", "b"), tls=tls) == ()
        assert entry["starttls"] is True
        assert line["users"] == {"alice": "secret", "bob": "b"}
        began = time.monotonic()
        server.send_signal(number)
        assert server.wait(5) == 0
        assert time.monotonic() - began < 3


def test_a_reader_that_closes_the_pipe_is_no_error() -> None:
    command = f"{sys.executable} -m nettools.cli.main protocols --json | true; exit ${{PIPESTATUS[0]}}"
    done = subprocess.run(["bash", "-c", command], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")


def test_the_reference_is_what_the_command_says() -> None:
    from nettools.cli.reference import reference

    path = Path(__file__).parents[2] / "docs" / "cli.md"
    assert path.read_text("utf-8") == reference(), "run: python -m nettools.cli.reference > docs/cli.md"
