"""The configuration file: profiles of options, as TOML in the platform's config folder.

    [profile.work]
    user = "me@mail.example"
    password_command = "pass show mail"
    timeout = 20
    tls = "starttls"

A profile holds keywords of the facade and `user`, `password_command`. Passwords themselves have no place in it. Only
the command line reads it unasked; a library call does with `profile="work"`.
"""

from __future__ import annotations

import functools
import os
import shlex
import stat
import subprocess
import threading
import tomllib
from pathlib import Path
from typing import Any

from nettools.credentials import ProfileAuth
from nettools.errors import FileError, UsageError
from nettools.policies import TLS, Timeout
from nettools.secret import Secret
from nettools.settings import read_settings

__all__ = ["config_path", "load_profile", "profiles", "run_password_command"]

KEYS = (
    "timeout", "connect_timeout", "idle_timeout", "tls", "ca", "cert", "key", "min_version", "proxy", "retry",
    "netrc", "encoding", "max_size", "family", "source_address", "limit_rate", "ehlo", "active", "data_host",
    "user", "mechanism", "password_command",
)  # fmt: skip

PATIENCE = 120.0  # seconds that a password command may take
MOST_OUTPUT = 64 * 1024  # octets that it may print


def config_path() -> Path:
    """Where the configuration stands; NETTOOLS_CONFIG overrides it."""
    if named := os.environ.get("NETTOOLS_CONFIG"):
        return Path(named)
    import platformdirs

    return Path(platformdirs.user_config_dir("nettools")) / "config.toml"


def profiles() -> dict[str, dict[str, Any]]:
    """All profiles; empty when there is no file.

    Raises:
        FileError: the file cannot be read (exit code 26). UsageError: it is no TOML, or has what no profile has.
    """
    found = _read()
    for name in found:
        _check_profile(name, found[name])
    return found


def _read() -> dict[str, Any]:
    """The tables of the file as they stand there."""
    path = config_path()
    try:
        text, status = read_settings(path)
        data = tomllib.loads(text.decode("utf-8"))
    except FileNotFoundError:
        return {}
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, RecursionError) as error:
        raise UsageError(f"{path} is no TOML: {error}") from error
    _check_owner(path, status)
    found = data.get("profile", {})
    if not isinstance(found, dict):
        raise UsageError(f"{path}: profiles are tables named [profile.NAME]")
    return found


def _check_profile(name: str, values: Any) -> None:
    path = config_path()
    if not isinstance(values, dict):
        raise UsageError(f"{path}: profiles are tables named [profile.NAME]")
    for key in values:
        if key == "password":
            raise UsageError(
                f"{path}: profile {name!r} holds a password",
                hint="name a password_command instead, such as `pass show`",
            )
        if key not in KEYS:
            raise UsageError(f"{path}: profile {name!r} has an unknown key {key!r}", hint="known: " + ", ".join(KEYS))


def _check_owner(path: Path, status: os.stat_result) -> None:
    """Its commands are run as this user: nobody else may have written them."""
    foreign = hasattr(os, "getuid") and status.st_uid not in (os.getuid(), 0)
    if foreign or status.st_mode & (stat.S_IWGRP | stat.S_IWOTH):
        raise FileError(
            f"{path} can be written by others",
            filename=str(path),
            hint=f"it can name commands that are run: chown and chmod go-w {path}",
            exit_code=26,
        )


def load_profile(name: str) -> dict[str, Any]:
    """A profile as keywords of the facade; what is wrong with another one does not count.

    Raises:
        FileError: the file cannot be read. UsageError: there is no such profile, or it has what no profile has.
    """
    found = _read()
    if name not in found:
        there = ", ".join(sorted(found)) or "none"
        raise UsageError(f"there is no profile {name!r} in {config_path()}", hint=f"profiles there: {there}")
    _check_profile(name, found[name])
    return _keywords(dict(found[name]))


def _keywords(values: dict[str, Any]) -> dict[str, Any]:
    times = {
        field: values.pop(key)
        for field, key in (("connect", "connect_timeout"), ("idle", "idle_timeout"), ("total", "timeout"))
        if key in values
    }
    if times:
        values["timeout"] = Timeout(**times)
    tls = {key: values.pop(key) for key in ("ca", "cert", "key", "min_version") if key in values}
    if tls:
        mode = values.get("tls", "auto")
        if isinstance(mode, bool):
            mode = "required" if mode else "off"
        values["tls"] = TLS(mode=mode, **tls)
    user, command, mechanism = (
        values.pop("user", None),
        values.pop("password_command", None),
        values.pop("mechanism", None),
    )
    if user is not None or command is not None:
        asked = functools.partial(run_password_command, timeout=values["timeout"].total if times else None)
        password = None if command is None else functools.partial(asked, command)  # it pickles
        values["auth"] = ProfileAuth(user, password, mechanism=mechanism)
    return values


def run_password_command(command: str, timeout: float | None = None) -> Secret:
    """The first line that a command prints; it is run without a shell, its other output goes to stderr.

    Args:
        timeout: seconds that it may take, two minutes at most: somebody may have to type a passphrase.

    Raises:
        UsageError: it cannot be run, fails, takes too long, or prints no line or far too much. The message has neither
        its output nor the secret.
    """
    try:
        done = subprocess.Popen(shlex.split(command), stdout=subprocess.PIPE)  # noqa: S603  # the user's own command
    except (OSError, ValueError, IndexError) as error:
        raise UsageError("the password command cannot be run", hint=str(error), exit_code=67) from error
    said = b""

    def read() -> None:
        nonlocal said
        assert done.stdout is not None
        with done.stdout as output:
            said = output.read(MOST_OUTPUT)
            if len(said) < MOST_OUTPUT:  # else it is ended below
                done.wait()

    # not this thread: whatever the command has started may hold its output open for good
    reader = threading.Thread(target=read, name="nettools-password", daemon=True)
    try:
        reader.start()
        reader.join(PATIENCE if timeout is None else min(timeout, PATIENCE))
    finally:
        ended = done.poll()
        if ended is None:
            done.kill()
            done.wait()
    if ended is None or len(said) == MOST_OUTPUT:
        raise UsageError("the password command was ended: it took too long, or printed too much", exit_code=67)
    word = said.split(b"\n", 1)[0].rstrip(b"\r").decode("utf-8", "replace")
    if ended or not word:
        raise UsageError(f"the password command gave no password (exit code {ended})", exit_code=67)
    return Secret(word)
