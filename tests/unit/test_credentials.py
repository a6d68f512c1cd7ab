"""Where credentials are found, which of them wins, and when they may travel."""

from __future__ import annotations

import base64
import os
from pathlib import Path

import pytest

from nettools import Auth, ClearTextError, Secret, UsageError
from nettools.config import config_path, run_password_command
from nettools.credentials import find, require_private
from nettools.secret import mask_named, secret_forms
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


def test_a_url_with_a_password_or_an_auth_excludes_netrc(netrc: Path) -> None:
    netrc.write_text("machine h login me password word\n")
    assert revealed(find(parse_url("ftp://h/"), None, netrc)) == ("me", "word")
    assert revealed(find(parse_url("ftp://me:x@h/"), None, netrc)) == ("me", "x")
    assert revealed(find(parse_url("ftp://h/"), Auth("me", "y"), netrc)) == ("me", "y")
    assert revealed(find(parse_url("ftp://you@h/"), None, netrc)) == ("you", None)


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


@pytest.mark.parametrize(
    ("command", "timeout"), [("yes", None), ("cat /dev/zero", None), ("tail -f /dev/null", 0.01)], ids=str
)
def test_a_password_command_that_goes_on_for_ever_is_ended(command: str, timeout: float | None) -> None:
    with pytest.raises(UsageError, match="took too long, or printed too much") as caught:
        run_password_command(command, timeout)
    assert caught.value.exit_code == 67


@pytest.mark.parametrize(
    ("line", "shown"),
    [
        ("Authorization: Basic YTpi", "Authorization: Basic ***"),
        ("proxy-authorization : word", "proxy-authorization : ***"),
        ('Authorization: Digest username="a", response="b"', 'Authorization: Digest username="a", response="b"'),
        ("Cookie: a=1; b=2", "Cookie: a=***; b=***"),
        ("Set-Cookie: sid=1=2; Path=/; Secure", "Set-Cookie: sid=***; Path=/; Secure"),
        ("Set-Cookie: sid=; Path=/", "Set-Cookie: sid=; Path=/"),
        ("X-Api-Key: k\r\nAccept: */*", "X-Api-Key: ***\r\nAccept: */*"),
        ("X-Auth-Token:t", "X-Auth-Token:***"),
        ("X-Auth-Token: t;u", "X-Auth-Token: ***"),
        ("Authorization: Bearer t;u; v", "Authorization: Bearer ***"),
        ("GET /?q=1&access_token=t&x=2 HTTP/1.1", "GET /?q=1&access_token=***&x=2 HTTP/1.1"),
        ("user=a&password=b", "user=a&password=***"),
        ("see ftp://a:b@c@h/", "see ftp://a:***@h/"),
        ("Password: ", "Password: "),
        ("Subject: about tokens", "Subject: about tokens"),
    ],
)
def test_what_is_secret_by_where_it_stands_is_masked(line: str, shown: str) -> None:
    assert mask_named(line.encode()) == shown.encode()


def test_the_configuration_stands_in_the_platforms_folder(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NETTOOLS_CONFIG", raising=False)
    assert config_path() == Path(os.environ["XDG_CONFIG_HOME"]) / "nettools" / "config.toml"
