"""Where credentials are found, which of them wins, and when they may travel."""

from __future__ import annotations

import base64
import os
from pathlib import Path

import pytest

from nettools import Auth, ClearTextError, FileError, Secret, UsageError
from nettools.config import config_path, run_password_command
from nettools.credentials import find, netrc_lookup, require_private, secret_forms
from nettools.target import parse_url


@pytest.fixture
def netrc(tmp_path: Path) -> Path:
    path = tmp_path / "netrc"
    path.touch(0o600)
    return path


def revealed(auth: Auth | None) -> tuple[str | None, str | None] | None:
    if auth is None:
        return None
    password = auth.get_password()
    return auth.user, None if password is None else password.reveal()


@pytest.mark.parametrize(
    ("url", "auth", "wanted"),
    [
        ("imap://h/", None, None),
        ("imap://me@h/", None, ("me", None)),
        ("imap://me:word@h/", None, ("me", "word")),
        ("imap://me:word@h/", Auth("you", "other"), ("you", "other")),
        ("imap://me:word@h/", Auth("you"), ("you", None)),  # the URL's password is not yours
        ("imap://me:word@h/", Auth("me"), ("me", "word")),
        ("imap://me:word@h/", Auth(mechanism="PLAIN"), ("me", "word")),
        ("imap://me@h/", Auth(None, "word"), ("me", "word")),
        ("imap://h/", Auth("me", lambda: "asked"), ("me", "asked")),
    ],
)
def test_what_the_call_gives_wins_over_the_url(
    url: str, auth: Auth | None, wanted: tuple[str | None, str | None] | None
) -> None:
    assert revealed(find(parse_url(url), auth, False)) == wanted


def test_the_mechanism_may_stand_in_the_url() -> None:
    found = find(parse_url("imap://me;AUTH=SCRAM-SHA-1@h/"), None, False)
    assert found is not None
    assert found.mechanism == ("SCRAM-SHA-1",)
    found = find(parse_url("imap://me;AUTH=SCRAM-SHA-1@h/"), Auth("me", "x", mechanism="plain"), False)
    assert found is not None
    assert found.mechanism == ("PLAIN",)


def test_netrc_is_asked_for_the_host_as_written_and_the_user_that_was_named(netrc: Path) -> None:
    netrc.write_text(
        "# mine\nmachine mail.example login me password one\nmachine mail.example login you password two\n"
        'machine other.example\n  login me\n  account x\n  password "with \\"quotes\\" and space"\n'
        "macdef init\ncd /pub\n\nmachine last.example password three\ndefault login any password any\n"
    )
    assert revealed(netrc_lookup(netrc, "MAIL.example", None)) == ("me", "one")
    assert revealed(netrc_lookup(netrc, "mail.example", "you")) == ("you", "two")
    assert netrc_lookup(netrc, "mail.example", "nobody") is None
    assert revealed(netrc_lookup(netrc, "other.example", None)) == ("me", 'with "quotes" and space')
    assert revealed(netrc_lookup(netrc, "last.example", None)) == (None, "three")
    assert netrc_lookup(netrc, "unknown.example", None) is None  # `default` would give a password to any host
    assert netrc_lookup(netrc, "a.mail.example", None) is None


def test_a_url_with_a_password_or_an_auth_excludes_netrc(netrc: Path) -> None:
    netrc.write_text("machine h login me password word\n")
    assert revealed(find(parse_url("ftp://h/"), None, netrc)) == ("me", "word")
    assert revealed(find(parse_url("ftp://me:x@h/"), None, netrc)) == ("me", "x")
    assert revealed(find(parse_url("ftp://h/"), Auth("me", "y"), netrc)) == ("me", "y")
    assert revealed(find(parse_url("ftp://you@h/"), None, netrc)) == ("you", None)


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o620])
def test_a_netrc_that_others_can_read_is_refused_with_what_to_do(netrc: Path, mode: int) -> None:
    netrc.write_text("machine h login me password word\nmachine anon login ftp\n")
    netrc.chmod(mode)
    with pytest.raises(FileError) as caught:
        netrc_lookup(netrc, "h", None)
    assert (caught.value.exit_code, caught.value.hint) == (26, f"chmod 600 {netrc}")
    assert revealed(netrc_lookup(netrc, "anon", None)) == ("ftp", None)  # nothing secret in it


def test_a_netrc_that_was_named_has_to_be_there_and_the_usual_one_not(
    tmp_path: Path, netrc: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert netrc_lookup(True, "h", None) is None
    with pytest.raises(FileError) as caught:
        netrc_lookup(tmp_path / "none", "h", None)
    assert caught.value.exit_code == 26
    with pytest.raises(FileError):
        netrc_lookup(tmp_path, "h", None)
    netrc.write_text("machine h login me password word\n")
    monkeypatch.setenv("NETRC", str(netrc))
    assert revealed(netrc_lookup(True, "h", None)) == ("me", "word")


@pytest.mark.parametrize("text", ["login me\n", "machine h\nnonsense x\n", "hello\n"])
def test_a_malformed_netrc_is_a_usage_error_that_names_the_line(netrc: Path, text: str) -> None:
    netrc.write_text(text)
    with pytest.raises(UsageError, match=r"line \d"):
        netrc_lookup(netrc, "h", None)


@pytest.mark.parametrize(
    ("url", "tls_on", "allowed", "goes"),
    [
        ("imap://h/", False, False, False),
        ("imap://h/", True, False, True),
        ("imap://h/", False, True, True),
        ("imap://localhost/", False, False, True),
        ("imap://LOCALHOST./", False, False, True),
        ("imap://127.1.2.3/", False, False, True),
        ("imap://[::1]/", False, False, True),
        ("imap://localhost.example/", False, False, False),
        ("imap://127.0.0.1.example/", False, False, False),
        ("imap://10.0.0.1/", False, False, False),
        ("unix:///run/x", False, False, True),
    ],
)
def test_a_secret_goes_in_clear_only_to_this_machine_as_written(
    url: str, tls_on: bool, allowed: bool, goes: bool
) -> None:
    target = parse_url(url)
    if goes:
        require_private(target, tls_on=tls_on, clear_allowed=allowed, what="the password")
        return
    with pytest.raises(ClearTextError, match="in clear") as caught:
        require_private(target, tls_on=tls_on, clear_allowed=allowed, what="the password")
    assert caught.value.exit_code == 64


def test_a_secret_has_many_forms_the_longest_first() -> None:
    forms = secret_forms('a"b c/ü&')
    assert base64.b64encode('a"b c/ü&'.encode()).decode() in forms
    assert {'a\\"b c/ü&', "a%22b%20c%2F%C3%BC%26", "a%22b+c%2F%C3%BC%26", 'a"b c/ü&amp;'} <= set(forms)
    assert sorted(forms, key=len, reverse=True) == list(forms)


def test_a_password_command_gives_its_first_line() -> None:
    assert run_password_command("printf 'one\\r\\ntwo'") == Secret("one")


@pytest.mark.parametrize("command", ["false", "true", "no-such-program", "'unclosed", ""])
def test_a_password_command_that_gives_none_says_so_and_no_more(command: str) -> None:
    with pytest.raises(UsageError) as caught:
        run_password_command(command)
    assert caught.value.exit_code == 67


def test_the_configuration_stands_in_the_platforms_folder(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NETTOOLS_CONFIG", raising=False)
    assert config_path() == Path(os.environ["XDG_CONFIG_HOME"]) / "nettools" / "config.toml"
