"""From a command's options to a call of the facade: address, credentials, trace, progress, output.

Credentials, first found: -u or --token, the URL (with a warning), NETTOOLS_PASSWORD, --password-command or the
profile's, the keyring (extra), ~/.netrc, and at last a question on the terminal.
"""

from __future__ import annotations

import contextlib
import functools
import os
import re
import sys
from collections.abc import Iterator
from typing import Any

import click

from nettools.cli.arguments import Settings
from nettools.cli.render import Bar, Output, tracing, visible
from nettools.cli.streams import is_terminal
from nettools.credentials import Auth
from nettools.errors import AuthError, UsageError
from nettools.frozen import Frozen
from nettools.netrc import netrc_lookup
from nettools.secret import Secret
from nettools.target import SCHEMES, Target, parse_url

__all__ = ["Call", "absolute", "call", "confirm", "output"]


class Call(Frozen):
    """One call: the URL, the facade's keywords, and where its result goes."""

    url: str
    keywords: dict[str, Any]
    out: Output
    settings: Settings
    target: Target


def absolute(url: str, scheme: str) -> str:
    """A URL; a bare host, with or without port and path, is taken as the protocol's own scheme."""
    return url if re.match(r"[A-Za-z][A-Za-z0-9+.-]*:(//|(?!\d))", url) else f"{scheme}://{url}"


@contextlib.contextmanager
def output(settings: Settings, *, to_file: bool = True) -> Iterator[Output]:
    """Where a command prints; `to_file`: -o names a file for it."""
    out = Output(
        as_json=settings.json,
        include_data=settings.include_data,
        quiet=settings.quiet,
        verbose=settings.verbose,
        to=settings.output if to_file else None,
    )
    try:
        yield out
    finally:
        out.close()


@contextlib.contextmanager
def call(settings: Settings, scheme: str, url: str, *, to_file: bool = True, progress: bool = False) -> Iterator[Call]:
    """Everything a command needs to call the facade once or more.

    Args:
        to_file: -o is a file for what is printed; else the command itself does with it what it wants.
        progress: show a bar on a terminal.
    """
    url = absolute(url, scheme)
    target = parse_url(url, tuple(name for name, each in SCHEMES.items() if each.protocol == scheme))
    keywords = settings.keywords()
    with (
        output(settings, to_file=to_file) as out,
        tracing(settings.trace, settings.verbose, target.protocol) as on_event,
        Bar(settings.progress, settings.quiet or not progress) as bar,
    ):
        auth = find_auth(settings, target, out)
        if auth is not None:
            keywords["auth"] = auth
        if on_event is not None:
            keywords["on_event"] = on_event
        if bar.callback is not None:
            keywords["progress"] = bar.callback
        yield Call(url, keywords, out, settings, target)


def find_auth(settings: Settings, target: Target, out: Output) -> Auth | None:
    """The credentials of a call, None for none; those of a profile are left to the facade."""
    if target.protocol in ("tcp", "udp", "unix"):  # no login: -u is refused, netrc not asked
        return Auth(settings.user) if settings.user is not None else None
    named, colon, word = (settings.user or "").partition(":")
    user = named or target.user
    mechanism = tuple(settings.mechanism.split(",")) if settings.mechanism else None
    more: dict[str, Any] = {"mechanism": mechanism, "authzid": settings.authzid}
    if settings.token is not None:
        return Auth(user, token=settings.token, **more)
    if colon:
        return Auth(user, word, **more)
    if settings.password_command is not None:
        from nettools.config import run_password_command

        command = functools.partial(run_password_command, settings.password_command, timeout=settings.max_time)
        return Auth(user, command, **more)
    if target.password is not None and user == target.user:
        out.note("warning: a password in a URL is seen by everybody who sees the command line; use netrc or -u")
        return Auth(user, target.password, **more)
    profile = _profile(settings)
    if user is None and profile is not None:
        user = profile.user
    if user is not None and "NETTOOLS_PASSWORD" in os.environ:
        return Auth(user, Secret(os.environ["NETTOOLS_PASSWORD"]), **more)
    if profile is not None and profile.has_secret and user in (None, profile.user):
        word = profile.password
        if isinstance(word, functools.partial) and settings.max_time is not None:  # its command, in this call's time
            word = functools.partial(word, timeout=settings.max_time)
        return Auth(user, word, **{**more, "mechanism": mechanism or profile.mechanism})
    if user is not None and (word_kept := _keyring(target.host, user)) is not None:
        return Auth(user, word_kept, **more)
    if not settings.no_netrc:
        found = netrc_lookup(True, target.host, user)
        if found is not None:
            return Auth(*found, **more)
    if user is None or settings.cert is not None or user == "anonymous":
        return Auth(user, **more) if user is not None or mechanism else None
    if is_terminal(sys.stdin) and is_terminal(sys.stderr):
        return Auth(user, _ask(user, target.host), **more)
    if named:
        raise AuthError(
            f"no password for {named}, and no terminal to ask on",
            hint="give NETTOOLS_PASSWORD, --password-command, or an entry in ~/.netrc",
            url=target.url,
        )
    return Auth(user, **more)


def _profile(settings: Settings) -> Auth | None:
    """Who the profile logs in as."""
    if settings.profile is None:
        return None
    from nettools.config import load_profile

    auth: Auth | None = load_profile(settings.profile).get("auth")
    return auth


def _keyring(host: str, user: str) -> Secret | None:
    """A password that the system's keyring keeps, where there is one (extra `keyring`)."""
    try:
        import keyring  # type: ignore[import-not-found,unused-ignore]
    except ImportError:
        return None
    with contextlib.suppress(Exception):  # no back end, locked, no session bus: as if it had none
        word = keyring.get_password(host, user)
        if word is not None:
            return Secret(word)
    return None


def _ask(user: str, host: str) -> Secret:
    return Secret(click.prompt(f"Password of {visible(user)} at {visible(host)}", hide_input=True, err=True))


def confirm(settings: Settings, question: str) -> None:
    """Ask before something is destroyed; without a terminal -y is needed."""
    if settings.yes or settings.dry_run:
        return
    if not is_terminal(sys.stdin):
        raise UsageError(f"{question} needs -y when there is no terminal to ask on")
    if not click.confirm(f"{visible(question)}?", err=True):
        raise click.Abort
