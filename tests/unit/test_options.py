"""Options: coercion, precedence, and keywords that make no sense."""

from __future__ import annotations

import contextlib
import dataclasses
import inspect
import pickle
from pathlib import Path
from typing import Any

import pytest

from nettools import (
    TLS,
    Auth,
    FileError,
    Options,
    Proxy,
    Retry,
    Secret,
    Timeout,
    UsageError,
    keywords,
    option_names,
    post_article,
    send_mail,
)
from nettools.config import load_profile
from nettools.credentials import ProfileAuth, find
from nettools.errors import UnknownOptionError
from nettools.options import ELSEWHERE, resolve_options
from nettools.target import parse_url


def test_the_defaults_are_those_of_the_contract() -> None:
    options = resolve_options("http", {})
    assert options.times == Timeout(connect=10, idle=30, total=None)
    assert options.security == TLS(mode="auto", verify=True, min_version="1.2")
    assert options.retries == Retry(attempts=1, backoff=0.5, max_delay=30)
    assert (options.proxy, options.netrc, options.max_size) == ("env", False, 64 * 1024 * 1024)


@pytest.mark.parametrize(
    ("given", "name", "wanted"),
    [
        ({"timeout": 5}, "timeout", Timeout(10, 30, 5)),
        ({"timeout": None}, "timeout", Timeout(None, None, None)),
        ({"tls": "off"}, "tls", TLS(mode="off")),
        ({"tls": False}, "tls", TLS(mode="off")),
        ({"auth": ("me", "word")}, "auth", Auth("me", "word")),
        ({"retry": 3}, "retry", Retry(3)),
        ({"proxy": "socks5h://p:1"}, "proxy", Proxy("socks5h://p:1")),
        ({"proxy": None}, "proxy", None),
    ],
)
def test_short_forms_are_accepted(given: dict[str, Any], name: str, wanted: object) -> None:
    assert getattr(resolve_options("http", given), name) == wanted


def test_keywords_win_over_reusable_options() -> None:
    base = Options(timeout=5, family=4)
    options = resolve_options("ftp", {"options": base, "timeout": 7, "active": True})
    assert (options.times.total, options.family, options.active) == (7, 4, True)


@pytest.mark.parametrize(
    "given",
    [
        {"timeout": -1},
        {"timeout": "soon"},
        {"timeout": True},
        {"tls": "sometimes"},
        {"tls": 3},
        {"tls": TLS},
        {"auth": "me"},
        {"retry": 0},
        {"proxy": 3},
        {"max_size": -1},
        {"family": 5},
        {"limit_rate": 0},
        {"encoding": "utf-99"},
        {"on_event": "print"},
        {"options": {"timeout": 3}},
    ],
)
def test_a_value_that_makes_no_sense_is_a_usage_error(given: dict[str, Any]) -> None:
    with pytest.raises(UsageError):
        resolve_options("http", given)


def test_an_unknown_keyword_is_a_type_error_too_and_names_the_nearest() -> None:
    with pytest.raises(UsageError, match="time_out") as caught:
        resolve_options("http", {"time_out": 3})
    assert isinstance(caught.value, TypeError)
    assert "'timeout'" in (caught.value.hint or "")


def test_a_keyword_of_another_protocol_is_refused_and_says_whose_it_is() -> None:
    with pytest.raises(UsageError, match="one of ftp's"):
        resolve_options("http", {"active": True})
    assert "active" in option_names("ftps")
    assert "active" not in option_names("http")


def test_options_pickle_with_their_secrets_and_never_show_them() -> None:
    options = Options(auth=("me", "hunter2"), proxy=Proxy("http://u:hunter2@p:1"))
    assert pickle.loads(pickle.dumps(options)) == options
    assert "hunter2" not in repr(options)


def test_backoff_doubles_up_to_its_maximum() -> None:
    assert [Retry(9, 0.5, 3).delay(n) for n in (1, 2, 3, 4)] == [0.5, 1, 2, 3]


def test_a_profile_fills_in_what_the_call_leaves_open(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    file = tmp_path / "config.toml"
    file.write_text('[profile.work]\nuser = "me"\npassword_command = "echo s3cret"\ntimeout = 20\nfamily = 4\n')
    monkeypatch.setenv("NETTOOLS_CONFIG", str(file))
    options = resolve_options("imap", {"profile": "work", "family": 6})
    assert (options.times.total, options.family) == (20, 6)
    assert options.credentials is not None
    password = options.credentials.get_password()
    assert password is not None
    assert password.reveal() == "s3cret"
    with pytest.raises(UsageError, match="no profile 'home'"):
        resolve_options("imap", {"profile": "home"})


@pytest.mark.parametrize(
    ("url", "wanted"),
    [
        ("imap://h/", ("me", "s3cret")),
        ("imap://me@h/", ("me", "s3cret")),
        ("imap://me:word@h/", ("me", "word")),
        ("imap://you@h/", ("you", None)),
    ],
)
def test_a_url_that_names_another_user_is_not_overruled_by_the_profile(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, url: str, wanted: tuple[str, str | None]
) -> None:
    file = tmp_path / "config.toml"
    file.write_text('[profile.work]\nuser = "me"\npassword_command = "echo s3cret"\n')
    monkeypatch.setenv("NETTOOLS_CONFIG", str(file))
    found = find(parse_url(url), resolve_options("imap", {"profile": "work"}).credentials, False)
    assert found is not None
    password = found.get_password()
    assert (found.user, password and password.reveal()) == wanted


@pytest.mark.parametrize(
    ("scheme", "kind"),
    [
        ("https", keywords.HTTPKeywords),
        ("ftp", keywords.FTPKeywords),
        ("smtps", keywords.SMTPKeywords),
        ("imap", keywords.Keywords),
        ("pop3", keywords.Keywords),
        ("nntp", keywords.NNTPKeywords),
        ("telnet", keywords.Keywords),
        ("gopher", keywords.Keywords),
        ("unix", keywords.UnixKeywords),
    ],
)
def test_type_checkers_are_told_the_keywords_that_a_call_takes_and_their_types(scheme: str, kind: Any) -> None:
    told = {name: each.__forward_arg__ for name, each in kind.__annotations__.items()}
    assert set(told) == set(option_names(scheme)) - {"group"}  # which is an argument of the functions' own
    for name, text in told.items():
        assert name == "options" or text == Options.__annotations__[name]


@pytest.mark.parametrize(
    ("function", "kind", "left_out"),
    [
        (send_mail, keywords.MessageKeywords, {"url"}),
        (post_article, keywords.ArticleKeywords, {"url", "message", "group"}),
    ],
)
def test_a_session_takes_what_its_function_takes(function: Any, kind: Any, left_out: set[str]) -> None:
    own = inspect.signature(function).parameters.values()
    wanted = {
        each.name: each.annotation for each in own if each.kind is not each.VAR_KEYWORD and each.name not in left_out
    }
    assert {name: each.__forward_arg__ for name, each in kind.__annotations__.items()} == wanted


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("connect_timeout = 3\nidle_timeout = 4", {"timeout": Timeout(3, 4, None)}),
        ('tls = true\nca = "a.pem"', {"tls": TLS(mode="required", ca="a.pem")}),
        ('tls = false\nmin_version = "1.3"', {"tls": TLS(mode="off", min_version="1.3")}),
        ('tls = "starttls"\ncert = "c"\nkey = "k"', {"tls": TLS(mode="starttls", cert="c", key="k")}),
        ('user = "me"\nmechanism = "plain"', {"auth": ProfileAuth("me", mechanism="PLAIN")}),
        ('proxy = "socks5h://p:1"\nretry = 3', {"proxy": "socks5h://p:1", "retry": 3}),
    ],
)
def test_a_profile_is_keywords_of_the_facade(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, text: str, wanted: dict[str, Any]
) -> None:
    file = tmp_path / "config.toml"
    file.write_text(f"[profile.work]\n{text}\n")
    monkeypatch.setenv("NETTOOLS_CONFIG", str(file))
    assert load_profile("work") == wanted


def test_a_configuration_that_is_a_folder_cannot_be_read(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("NETTOOLS_CONFIG", str(tmp_path))
    with pytest.raises(FileError) as caught:
        load_profile("work")
    assert caught.value.exit_code == 26


@pytest.mark.parametrize("text", ["timeout = " + "[" * 9000, "timeout = \xff"])
def test_a_configuration_that_is_no_toml_is_told(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, text: str) -> None:
    file = tmp_path / "config.toml"
    file.write_bytes(f"[profile.work]\n{text}\n".encode("latin-1"))
    monkeypatch.setenv("NETTOOLS_CONFIG", str(file))
    with pytest.raises(UsageError, match=r"config\.toml is no TOML"):
        load_profile("work")


def test_a_configuration_without_an_end_is_not_read_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NETTOOLS_CONFIG", "/dev/zero")
    with pytest.raises(FileError, match="longer than 64 KiB"):
        load_profile("work")


ODD: list[Any] = [
    None, True, False, 0, -1, 1.5, float("nan"), float("inf"), 10**30, "", "x", "\r\n", "\0", "ü", b"x", [], (), {},
    (1, 2), ("a",), ("a", "b", "c"), object(), {"a": 1}, {("h", 1): "127.0.0.1"}, {("h", 1): 5}, {5: 5}, [None],
]  # fmt: skip


@pytest.mark.parametrize("name", [each.name for each in dataclasses.fields(Options)])
def test_no_value_of_an_option_is_any_other_error(name: str) -> None:
    for value in ODD:
        with contextlib.suppress(UsageError):
            Options(**{name: value})


@pytest.mark.parametrize("cls", [Timeout, TLS, Proxy, Retry, Auth])
def test_no_field_of_a_policy_is_any_other_error(cls: Any) -> None:
    for name in inspect.signature(cls).parameters:
        for value in ODD:
            given = {"url": "http://h:1", name: value} if cls is Proxy else {name: value}
            if cls is TLS:
                given = {"cert": "x", **given}
            with contextlib.suppress(UsageError):
                hash(cls(**given))


@pytest.mark.parametrize(
    ("given", "name", "wanted"),
    [
        ({"netrc": None}, "netrc", False),
        ({"proxy": ""}, "proxy", None),
        ({"resolve": {("Host.Example", 1): "127.0.0.1"}}, "resolve", {("host.example", 1): ("127.0.0.1",)}),
        ({"source_address": ("127.0.0.1", 9)}, "source_address", ("127.0.0.1", 9)),
        ({"retry": None}, "retry", Retry()),
    ],
)
def test_values_are_made_uniform(given: dict[str, Any], name: str, wanted: object) -> None:
    assert getattr(Options(**given), name) == wanted


def test_many_attempts_never_wait_longer_than_the_maximum() -> None:
    assert Retry(5000, 0.5, 3).delay(4999) == 3
    assert Retry(5, 0, 3).delay(4) == 0


def test_a_secret_shows_only_when_it_is_asked() -> None:
    secret = Secret("hunter2")
    assert "hunter2" not in f"{secret} {secret!r} {Auth('me', secret)!r} {Auth('me', token=secret)!r}"
    assert secret.reveal() == "hunter2"
    assert (bool(Secret("")), secret == Secret("hunter2"), len({secret, Secret("hunter2")})) == (False, True, 1)
    with pytest.raises(UsageError):
        Secret(b"x")  # type: ignore[arg-type]
    with pytest.raises(UsageError, match="gave a bytes"):
        Auth("me", lambda: b"x").get_password()  # type: ignore[arg-type,return-value]


@pytest.mark.parametrize(
    ("name", "hint"),
    [
        ("verify", "TLS(verify=False)"),
        ("allow_redirects", "follow="),
        ("password", "auth=(user, password)"),
        ("retries", "did you mean 'retry'?"),
        ("nonsense", 'nettools.option_names("http") lists them'),
    ],
)
def test_a_keyword_of_other_libraries_is_told_by_its_name_here(name: str, hint: str) -> None:
    with pytest.raises(UnknownOptionError) as caught:
        resolve_options("http", {name: 1})
    assert hint in str(caught.value.hint)


def test_what_is_called_otherwise_elsewhere_is_no_option_here() -> None:
    assert not ELSEWHERE.keys() & {*Options._fields}
