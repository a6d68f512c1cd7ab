"""`nettools http` and `nettools xmlrpc`: every option, and what is wrong with it."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from in_process import Run


def test_bodies_are_sent_as_curl_has_them(nettools: Run, sandbox: Any, tmp_path: Path) -> None:
    url, file = sandbox.http.url, tmp_path / "f.txt"
    file.write_text("content")
    assert nettools("http", f"{url}/_echo", "-d", "a=b", "-d", f"@{file}").text == "a=b&content"
    assert nettools("http", "post", f"{url}/_echo", "-d", "@-", stdin=b"piped").out == b"piped"
    assert nettools("http", f"{url}/_echo", "-T", file).out == b"content"
    assert nettools("http", f"{url}/_echo", "-T", "-", stdin=b"piped").out == b"piped"
    form = nettools(
        "http", f"{url}/_form", "-F", "a=b", "-F", f"f=@{file};type=a/b;filename=g", "-F", f"t=<{file}"
    ).json
    assert form["fields"] == {"a": "b", "t": "content"}
    assert (form["files"]["f"]["filename"], form["files"]["f"]["type"]) == ("g", "a/b")
    piped = nettools("http", f"{url}/_form", "-F", "f=@-;filename=p", stdin=b"piped").json
    assert piped["files"]["f"]["size"] == 5


def test_a_pipe_in_a_form_is_read_to_its_end(nettools: Run, sandbox: Any) -> None:
    reader, writer = os.pipe()
    os.write(writer, b"piped")
    os.close(writer)
    form = nettools("http", f"{sandbox.http.url}/_form", "-F", f"f=@/dev/fd/{reader}").json
    os.close(reader)
    assert form["files"]["f"]["size"] == 5


def test_files_are_put_by_name_or_into_a_folder(nettools: Run, sandbox: Any, tmp_path: Path) -> None:
    url, file = sandbox.http.url, tmp_path / "f.txt"
    file.write_text("content")
    assert nettools("http", "put", f"{url}/in/a", file).code == 0
    assert nettools("http", "put", file, f"{url}/in/b").code == 0
    assert nettools("http", "put", f"{url}/in/", "-T", file).code == 0
    assert nettools("put", f"{url}/in/c", "-", stdin=b"piped").code == 0
    assert {name for name in sandbox.world.files if name.startswith("in/")} >= {"in/a", "in/b", "in/c", "in/f.txt"}
    assert nettools("http", "delete", f"{url}/in/a").code == 0
    done = nettools("http", "put", f"{url}/in/a", file, "--dry-run")
    assert (done.code, "would send PUT" in done.err, "in/a" in sandbox.world.files) == (0, True, False)


def test_what_is_shown_of_an_answer(nettools: Run, sandbox: Any) -> None:
    url = sandbox.http.url
    assert "ETag:" in nettools("http", "head", f"{url}/pub/hello.txt").text
    shown = nettools("http", f"{url}/pub/hello.txt", "-i").text
    assert shown.startswith("HTTP/1.1 200 OK\n")
    assert shown.endswith("\n\nHello, world.\n")
    assert nettools("http", f"{url}/pub/bytes.bin", "--raw").out == sandbox.world.files["pub/bytes.bin"]
    failed = nettools("http", f"{url}/nix")
    assert (failed.code, failed.out) == (22, b"not found\n")
    assert nettools("http", f"{url}/nix", "--no-check").code == 0
    failed = nettools("http", f"{url}/nix", "--json")
    assert (failed.code, failed.json["status"]) == (22, 404)
    assert nettools("http", f"{url}/_gzip", "--no-decode").out.startswith(b"\x1f\x8b")


def test_what_is_asked_for(nettools: Run, sandbox: Any, tmp_path: Path) -> None:
    url = sandbox.http.url
    seen = nettools(
        "http",
        f"{url}/_anything?a=b",
        "-X",
        "PATCH",
        "-H",
        "X-A: 1",
        "-H",
        "User-Agent:",
        "-H",
        "X-B;",
        "--params",
        "c=d",
    ).json
    assert (seen["method"], seen["args"]) == ("PATCH", {"a": "b", "c": "d"})
    assert (seen["headers"]["x-a"], seen["headers"]["x-b"], "user-agent" in seen["headers"]) == ("1", "", False)
    assert nettools("http", f"{url}/pub/hello.txt", "-r", "0-4").out == b"Hello"
    assert nettools("http", f"{url}/pub/hello.txt", "-z", "2100-01-01").out == b""
    (tmp_path / "new").touch()
    assert nettools("http", f"{url}/pub/hello.txt", "-z", tmp_path / "new").out == b""
    assert nettools("http", f"{url}/_redirect/3", "--max-redirs", "2").code == 47
    assert nettools("http", f"{url}/_bearer", "--token", "token-of-alice").json == {"user": "alice"}


def test_downloads_take_every_option(
    nettools: Run, sandbox: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    url = sandbox.http.url
    assert nettools("http", f"{url}/_form", "-F", "a=b", "-o", "form.json").code == 0
    assert '"a": "b"' in Path("form.json").read_text()
    assert nettools("http", f"{url}/_cookies/set?a=b", "-o", "x", "-c", "jar").code == 0
    assert "\ta\tb" in Path("jar").read_text()
    assert nettools("http", f"{url}/_redirect/2", "--max-redirs", "1", "-o", "y").code == 47
    assert nettools("http", f"{url}/pub/hello.txt", "-O", "-C").code == 0
    assert nettools("http", f"{url}/pub/hello.txt", "-z", "2100-01-01", "-o", "z").err.endswith("not newer\n")
    assert nettools("http", f"{url}/pub/hello.txt", "-C").code == 2
    assert nettools("http", "download", f"{url}/pub/hello.txt", "d/", "-H", "X-A: 1", "-z", "2000-01-01").code == 0
    assert Path("d/hello.txt").read_bytes() == b"Hello, world.\n"


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (("-H", "no colon"), 2), (("-F", "no equals"), 2), (("-F", "f=@/nonexistent"), 26),
        (("-T", "/nonexistent"), 26), (("-d", "@/nonexistent"), 26), (("-d", "a", "-F", "b=c"), 2),
        (("-b", "/nonexistent"), 26), (("-b", __file__), 2),
        (("-X", "A B"), 2), (("-r", "x"), 2), (("-z", "never"), 2), (("--cookie-jar", "/nonexistent/jar"), 23),
        (("--unix-socket", "/nonexistent"), 7),
    ],
)  # fmt: skip
def test_wrong_options_have_their_exit_code(nettools: Run, sandbox: Any, words: tuple[str, ...], code: int) -> None:
    done = nettools("http", f"{sandbox.http.url}/pub/hello.txt", *words)
    assert (done.code, "Traceback" in done.err) == (code, False)


def test_calls_are_made_in_json(nettools: Run, sandbox: Any) -> None:
    url = sandbox.xmlrpc.url
    assert nettools("xmlrpc", url, "add", "-2", "3").out == b"1\n"
    assert nettools("xmlrpc", "call", url, "add", "2", "3", "--json").json == 5
    assert nettools("xmlrpc", url, "echo", '"Grüße"').text == "Grüße\n"
    assert nettools("xmlrpc", url, "echo", '{"a": [1, null, true, 2147483648]}').json == {"a": [1, None, True, 2**31]}
    assert nettools("xmlrpc", url, "echo", "-", stdin=b"[1]").json == [1]
    assert "add" in nettools("xmlrpc", "methods", url).text.split()
    assert "echo" in nettools("xmlrpc", "methods", url, "--json").lines
    assert "add\tThe sum of two numbers." in nettools("xmlrpc", "methods", url, "-v").text
    bare = nettools("xmlrpc", url.removeprefix("http://"), "add", "1", "1")
    assert bare.out == b"2\n"


def test_what_is_wrong_with_a_call(nettools: Run, sandbox: Any) -> None:
    url = sandbox.xmlrpc.url
    assert nettools("xmlrpc", url, "none").code == 8
    assert nettools("xmlrpc", url, "echo", "no json").code == 2
    assert nettools("xmlrpc", url, "a b").code == 2
    assert nettools("xmlrpc", f"{sandbox.http.url}/pub/hello.txt", "add").code == 22
    done = nettools("xmlrpc", url, "none", "--json")
    assert '"error": "FaultError"' in done.err
    done = nettools("xmlrpc", url, "add", "1", "2", "--dry-run")
    assert (done.code, done.out) == (0, b"")


def test_json_is_sent_as_json(nettools: Run, sandbox: Any, tmp_path: Path) -> None:
    url = f"{sandbox.http.url}/_anything"
    (tmp_path / "body.json").write_text('{"a": 1}')
    for words, stdin in (('{"a": 1}', b""), (f"@{tmp_path}/body.json", b""), ("@-", b'{"a": 1}')):
        told = nettools("http", url, "--json-data", words, stdin=stdin).json
        assert (told["method"], told["json"]) == ("POST", {"a": 1})
        assert told["headers"]["content-type"] == "application/json"
    typed = nettools("http", "put", url, "--json-data", "[]", "-H", "Content-Type: application/merge-patch+json").json
    assert (typed["method"], typed["headers"]["content-type"]) == ("PUT", "application/merge-patch+json")
    assert "--json-data is no JSON" in nettools("http", url, "--json-data", "{").err
    assert nettools("http", url, "--json-data", "1", "-d", "2").code == 2


def test_options_are_curls(nettools: Run, sandbox: Any, tmp_path: Path) -> None:
    url = f"{sandbox.http.url}/_anything"
    told = nettools("http", "-fsSL", "--compressed", url, "-A", "me/1", "-e", "http://x.example/").json
    assert (told["headers"]["user-agent"], told["headers"]["referer"]) == ("me/1", "http://x.example/")
    (tmp_path / "text").write_text("ü&=")
    words = (
        "--data-urlencode",
        "q=a b&c",
        "--data-urlencode",
        f"r@{tmp_path}/text",
        "--data-urlencode",
        "ä",
        "-d",
        "s=1",
    )
    assert nettools("http", f"{sandbox.http.url}/_echo", *words).text == "s=1&q=a%20b%26c&r=%C3%BC%26%3D&%C3%A4"
    told = nettools("http", "-G", f"{url}?x=1", *words[:2], "-d", "s=1").json
    assert (told["method"], told["args"]) == ("GET", {"x": "1", "s": "1", "q": "a b&c"})
    for body in (("--json-data", "1"), ("-F", "a=b"), ("-T", tmp_path / "text")):
        assert nettools("http", "-G", url, *body).code == 2
    assert nettools("http", "-s", f"{sandbox.http.url}/pub/hello.txt", "-o", tmp_path / "x").err == ""
    assert nettools("http", f"{sandbox.http.url}/_echo", "--data-binary", f"@{tmp_path}/text").text == "ü&="
