"""How a verb is found, what its help shows, and what is said of a word that is none."""

from __future__ import annotations

from typing import Any

import pytest

from in_process import Run

ALICE = ("-u", "alice:secret", "--tls", "off")


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["htp", "get", "http://h/"], "No such command 'htp'. Did you mean 'http'?"),
        (["http", "gt", "http://h/"], "No such verb 'gt'. Did you mean 'get'?"),
        (["pop3", "-q", "folders", "pop3://h/"], "No such verb 'folders'"),
        (["http", "get", "--hedaer", "a: b", "http://h/"], "No such option '--hedaer'"),
        (["http", "get"], "Missing argument 'URL'"),
    ],
)
def test_what_is_misspelt_is_one_line_with_what_is_near_and_where_to_look(
    nettools: Run, words: list[str], said: str
) -> None:
    done = nettools(*words)
    first, hint, *rest = done.err.splitlines()
    assert (done.code, done.out, rest) == (2, b"", [])
    assert first.startswith(f"nettools: {said}")
    assert "--help` says what there is" in hint


def test_a_url_without_a_command_is_told_where_it_goes_and_not_repeated(nettools: Run) -> None:
    done = nettools("http://me:topsecret@h/")
    assert done.code == 2
    assert "`nettools get URL` fetches what it names" in done.err
    assert "topsecret" not in done.err


def test_a_bare_host_is_no_misspelt_verb_whatever_urls_options_hold(nettools: Run) -> None:
    done = nettools("http", "localhost", "-x", "http://127.0.0.1:1", "-H", "Referer: http://h/")
    assert done.code == 97


def test_help_shows_a_verbs_own_options_apart_and_its_examples() -> None:
    from click.testing import CliRunner

    from nettools.cli.main import cli

    shown = CliRunner().invoke(cli, ["ftp", "get", "--help"]).output
    own, shared = shown.split("Options that all commands have:")
    assert "--no-keep-time" in own
    assert "--cacert" in shared
    assert "--cacert" not in own
    assert "nettools ftp get ftp://host/pub/x.iso -C -o ." in shared
    assert "nettools ftp mirror" not in shown


def test_what_gives_nothing_is_null_in_json(nettools: Run, sandbox: Any) -> None:
    ftp, imap = sandbox.ftp.url, sandbox.imap.url
    assert nettools("ftp", "mkdir", f"{ftp}/a", *ALICE, "--json").out == b"null\n"
    assert nettools("ftp", "rm", f"{ftp}/a/", *ALICE, "-y", "--json").out == b"null\n"
    nettools("imap", "append", imap, "-", *ALICE, stdin=b"Subject: Hi\n\nHello\n")
    assert nettools("imap", "flag", imap, "1", "--add", "\\Seen", *ALICE, "--json").out == b"null\n"
    assert nettools("imap", "rm", imap, "1", *ALICE, "-y").out == b""


def test_articles_that_are_not_there_are_told_after_those_that_are(nettools: Run, sandbox: Any) -> None:
    url = f"{sandbox.nntp.url}/local.test"
    nettools("nntp", "post", url, "--from", "b@x.org", "-s", "Hi", "--body", "Hello", "--tls", "off")
    done = nettools("nntp", "fetch", url, "1", "7", "<no@x.org>", "--tls", "off")
    assert done.code == 78
    assert "Subject: Hi" in done.text
    assert done.err == "nettools: nntp: not there: 7, no@x.org\n"
