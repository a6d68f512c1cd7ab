"""`nettools nntp`, every verb of it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from in_process import Run

RAW = (
    "From: Bob <bob@x.org>\r\nNewsgroups: local.test\r\nSubject: Number {n}\r\n"
    "Date: Tue, 24 Nov 2026 10:00:00 +0000\r\nMessage-ID: <{n}@x.org>\r\n\r\nbody {n}\r\n"
)


@pytest.fixture(name="nettools")
def _nettools(nettools: Run) -> Run:
    """Without the TLS that the sandbox offers."""
    return lambda *args, **more: nettools(*args, "--tls", "off", **more)


@pytest.fixture
def group(sandbox: Any) -> str:
    for n in range(1, 4):
        sandbox.world.groups["local.test"].add(RAW.format(n=n).encode())
    return f"{sandbox.nntp.url}/local.test"


def test_groups_are_what_is_shown_first(nettools: Run, sandbox: Any, group: str) -> None:
    assert nettools("nntp", sandbox.nntp.url).text == "local.test\t3\ty\tA group to test with\n"
    (entry,) = nettools("nntp", "groups", sandbox.nntp.url, "--pattern", "local.*", "--json").lines
    assert (entry["name"], entry["first"], entry["last"]) == ("local.test", 1, 3)
    assert nettools("nntp", sandbox.nntp.url, "--pattern", "no.*").text == ""


def test_articles_are_listed(nettools: Run, group: str) -> None:
    rows = nettools("nntp", "list", group, "--json").lines
    assert [row["subject"] for row in rows] == ["Number 3", "Number 2", "Number 1"]
    assert nettools("nntp", "list", group, "--limit", "1", "--oldest-first").text.split("\t")[0] == "1"
    assert len(nettools("list", group, "--first", "2", "--limit", "all", "--json").lines) == 2
    assert nettools("nntp", "list", group, "--since", "2027-01-01").text == ""
    assert nettools("nntp", "list", f"{group}x").code == 78


def test_articles_are_shown_and_written(nettools: Run, sandbox: Any, group: str, tmp_path: Path) -> None:
    shown = nettools("nntp", "fetch", group, "2").text
    assert shown.startswith("From: Bob <bob@x.org>\nNewsgroups: local.test\n")
    assert shown.endswith("\n\nbody 2\n")
    assert nettools("get", f"{group}/3", "--raw").out == RAW.format(n=3).encode()
    assert nettools("nntp", "fetch", group, "1", "--raw", "-o", tmp_path / "one").code == 0
    assert (tmp_path / "one").read_bytes() == RAW.format(n=1).encode()
    done = nettools("nntp", "fetch", group, "1", "9", "<2@x.org>", "-o", f"{tmp_path}/", "--json")
    assert [each["info"]["number"] for each in done.lines] == [1, None]
    assert "there is no article 9" in done.err
    assert {path.name for path in tmp_path.iterdir()} == {"one", "1.eml", "2@x.org.eml"}
    assert nettools("nntp", "fetch", group, "9").code == 78


def test_a_news_url_needs_a_server(nettools: Run, sandbox: Any, group: str, monkeypatch: pytest.MonkeyPatch) -> None:
    host = f"127.0.0.1:{sandbox.nntp.port}"
    assert nettools("nntp", "fetch", "news:2@x.org").code == 3
    assert nettools("nntp", "fetch", "news:2@x.org", "--server", host).text.endswith("body 2\n")
    assert nettools("get", "news:2@x.org", "--server", sandbox.nntp.url).text.endswith("body 2\n")
    assert nettools("nntp", "fetch", group, "1", "--server", host).code == 3
    monkeypatch.setenv("NNTPSERVER", host)
    assert len(nettools("nntp", "list", "news:local.test", "--json").lines) == 3


def test_an_article_is_posted_from_words_a_file_or_stdin(
    nettools: Run, sandbox: Any, group: str, tmp_path: Path
) -> None:
    me = ("-u", "alice:secret")
    words = ("--from", "a@x.org", "-s", "Grüße", "--body", "-")
    done = nettools("nntp", "post", group, *words, *me, stdin="Hö\n".encode())
    assert done.code == 0
    assert nettools("nntp", "fetch", sandbox.nntp.url, done.text.strip()).text.endswith("Hö\n")
    (tmp_path / "article").write_bytes(RAW.format(n="own").encode())
    report = nettools("nntp", "post", group, tmp_path / "article", "--json").json
    assert (report["message_id"], report["reply"]["code"]) == ("<own@x.org>", 240)
    assert nettools("put", group, "-", stdin=RAW.format(n="in").encode()).text == "<in@x.org>\n"
    assert nettools("nntp", "post", group, tmp_path / "article").code == 55
    dry = nettools("nntp", "post", group, "--from", "a@x.org", "-s", "x", "--body", "y", "-H", "X-A: b", "--dry-run")
    assert b"X-A: b\r\n" in dry.out
    assert len(sandbox.world.groups["local.test"].articles) == 6


@pytest.mark.parametrize(
    ("args", "code"),
    [
        (("post", "{group}"), 2),
        (("post", "{group}", "/no/such/file"), 26),
        (("post", "{group}", "file", "-s", "x"), 2),
        (("post", "{group}", "--body", "x", "-H", "nonsense"), 2),
        (("fetch", "{group}"), 2),
        (("fetch", "{group}", "nonsense here"), 2),
        (("list", "{group}", "--first", "0"), 2),
        (("command", "{group}", "NONSENSE"), 8),
    ],
)
def test_exit_codes(nettools: Run, group: str, args: tuple[str, ...], code: int) -> None:
    assert nettools("nntp", *(each.format(group=group) for each in args)).code == code


def test_a_command_is_sent_as_it_is(nettools: Run, group: str) -> None:
    assert nettools("nntp", "command", group, "LIST OVERVIEW.FMT").text.startswith("Subject:\nFrom:\n")
    assert json.loads(nettools("nntp", "command", group, "DATE", "--json").text)["code"] == 111


def test_a_body_keeps_a_last_line_that_says_what_the_reply_says(nettools: Run, group: str, sandbox: Any) -> None:
    sandbox.nntp.on("HELP").garbage(b"100 the same\r\nother\r\nthe same\r\n.\r\n")
    assert nettools("nntp", "command", group, "HELP").text == "other\nthe same\n100 the same\n"


def test_several_articles_do_not_overwrite_one_file(nettools: Run, tmp_path: Path) -> None:
    done = nettools("nntp", "fetch", "nntp://127.0.0.1:1/local.test", "1", "2", "--raw", "-o", tmp_path / "a.eml")
    assert (done.code, "name a folder" in done.err) == (2, True)
