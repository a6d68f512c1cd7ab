"""What the shared options become: keywords of the facade, each value looked at before anything is connected."""

from __future__ import annotations

import datetime as dt
from typing import Any

import click
import pytest

from in_process import Run
from nettools import TLS, NettoolsError, Retry, Timeout
from nettools.cli.arguments import AMOUNT, LIMIT, MOMENT, RANGE, Settings
from nettools.cli.commands import Verb


def keywords(*words: str) -> dict[str, Any]:
    """What a command with these options would call the facade with."""
    seen: list[Settings] = []

    @click.command(cls=Verb)
    def probe(settings: Settings) -> None:
        seen.append(settings)

    probe.main(list(words), standalone_mode=False)
    return seen[0].keywords()


@pytest.mark.parametrize(
    ("words", "wanted"),
    [
        ("", {}),
        ("-m 20", {"timeout": Timeout(total=20)}),
        ("--connect-timeout 3 --idle-timeout 0", {"timeout": Timeout(connect=3, idle=None)}),
        ("-k", {"tls": TLS(verify=False)}),
        (
            "--tls starttls --cacert a --cert b --key c --tls-min 1.3 --server-name h",
            {"tls": TLS(mode="starttls", ca="a", cert="b", key="c", min_version="1.3", server_name="h")},
        ),
        ("--retry 2", {"retry": Retry(attempts=3)}),
        ("-x socks5h://p:1", {"proxy": "socks5h://p:1"}),
        ("-x=", {"proxy": "="}),
        ("-4", {"family": 4}),
        ("-6", {"family": 6}),
        (
            "--resolve H:80:[::1],127.0.0.1 --resolve h:80:10.0.0.1",
            {"resolve": {("h", 80): ["::1", "127.0.0.1", "10.0.0.1"]}},
        ),
        ("--max-size 1.5k --limit-rate 2M", {"max_size": 1536, "limit_rate": 2 * 1024 * 1024}),
        ("--encoding latin-1 --source-address 127.0.0.1", {"encoding": "latin-1", "source_address": "127.0.0.1"}),
    ],
)
def test_options_become_keywords(words: str, wanted: dict[str, Any]) -> None:
    assert keywords(*words.split()) == wanted


def test_an_empty_proxy_is_none_at_all() -> None:
    assert keywords("--proxy", "") == {"proxy": None}


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ("-4 -6", "exclude each other"),
        ("--resolve host:80", "is not HOST:PORT:ADDRESS"),
        ("--tls-min 9", "is no TLS version"),
    ],
)
def test_options_that_make_no_sense_together_or_alone(words: str, said: str) -> None:
    with pytest.raises(NettoolsError, match=said):
        keywords(*words.split())


def test_a_setting_that_is_none_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="nonsense"):
        Settings({}).nonsense  # noqa: B018


@pytest.mark.parametrize(
    ("kind", "text", "wanted"),
    [
        (AMOUNT, "64k", 65536),
        (AMOUNT, "1.5M", 1572864),
        (AMOUNT, "2GiB", 2 * 1024**3),
        (LIMIT, "all", "all"),
        (LIMIT, "7", 7),
        (RANGE, "0-499", (0, 499)),
        (RANGE, "500-", (500, None)),
        (RANGE, "-500", (-500, None)),
        (MOMENT, "2026-01-31", dt.datetime(2026, 1, 31, tzinfo=dt.UTC)),
    ],
)
def test_values_have_the_forms_that_curl_and_people_write(kind: click.ParamType, text: str, wanted: Any) -> None:
    assert kind.convert(text, None, None) == wanted
    assert kind.convert(wanted, None, None) == wanted  # a default passes once more


@pytest.mark.parametrize(
    ("kind", "text", "said"),
    [
        (AMOUNT, "many", "is no size"),
        (LIMIT, "some", "neither a number nor `all`"),
        (RANGE, "-", "is no range"),
        (RANGE, "a-b", "is no range"),
        (MOMENT, "yesterday", "is no date or age"),
    ],
)
def test_values_of_no_such_form_are_told_with_one_that_is(kind: click.ParamType, text: str, said: str) -> None:
    with pytest.raises(click.UsageError, match=said):
        kind.convert(text, None, None)


def test_a_nul_in_an_argument_is_refused(nettools: Run) -> None:
    done = nettools("http", "http://h/\0")
    assert (done.code, done.err.splitlines()[0]) == (2, "nettools: an argument has a NUL in it")


def test_without_words_the_help_is_shown_and_it_is_a_usage_error(nettools: Run) -> None:
    for words in ([], ["imap"]):
        done = nettools(*words)
        assert (done.code, done.out) == (2, b"")
        assert "Commands:" in done.err


@pytest.mark.parametrize(
    "words",
    [
        ("http", "h", "-m", "nan"),
        ("http", "h", "--max-size", "9" * 400),
        ("imap", "list", "h", "--limit", "\N{SUPERSCRIPT TWO}"),
        ("tcp", "send", "h:1", "--data", "x", "--until-idle", "-1"),
        ("serve", "http", "--port", "http=\N{SUPERSCRIPT TWO}"),
    ],
)
def test_numbers_that_are_none_are_refused(nettools: Run, words: tuple[str, ...]) -> None:
    done = nettools(*words)
    assert (done.code, done.out) == (2, b"")


def test_an_option_about_files_is_not_ignored_in_silence(nettools: Run, tcp_echo: Any) -> None:
    done = nettools("tcp", "send", tcp_echo.url, "--data", "x", "-O", "-C")
    assert (done.code, done.out) == (0, b"x")
    assert done.err == "warning: -O makes no difference here\nwarning: -C makes no difference here\n"
    assert nettools("tcp", "send", tcp_echo.url, "--data", "x", "-O", "-q").err == ""


@pytest.mark.parametrize("words", [("-v",), ("--json",), ("ftp", "-m", "3")])
def test_options_alone_are_told_what_is_missing(nettools: Run, words: tuple[str, ...]) -> None:
    done = nettools(*words)
    assert (done.code, "Missing command" in done.err + done.text) == (2, True)


def test_what_is_not_typed_yet_is_not_missing_to_the_shell(nettools: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("_NETTOOLS_COMPLETE", "bash_complete")
    monkeypatch.setenv("COMP_WORDS", "nettools ftp --tls off ")
    monkeypatch.setenv("COMP_CWORD", "4")
    done = nettools()
    assert (done.code, done.err, "plain,get" in done.text.splitlines()) == (0, "", True)
