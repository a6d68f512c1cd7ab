"""Credentials: secrets that do not show, where they are found, and when they may travel.

A `Secret` never shows in a repr, a message or a log. `Auth` is what a call is given; `find` is the order in which it is
looked for: the call, the URL, netrc (the command line adds the environment, password commands, the keyring and a
prompt). `require_private` is the clear-text rule. Nothing here is sent, and nothing is asked on a terminal.
"""

from __future__ import annotations

import base64
import os
import re
import stat
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote, quote_plus

from nettools.errors import ClearTextError, FileError, UsageError

if TYPE_CHECKING:
    from nettools.target import Target

__all__ = ["Auth", "Secret", "find", "netrc_lookup", "require_private", "secret_forms"]


class Secret:
    """A string that shows as `***` wherever it is printed; `reveal()` gives it. Its memory is not wiped."""

    __slots__ = ("_value",)

    def __init__(self, value: str) -> None:
        if not isinstance(value, str):
            raise UsageError(f"a secret is a str, not {type(value).__name__}")
        self._value = value

    def reveal(self) -> str:
        """The string itself."""
        return self._value

    def __repr__(self) -> str:
        return "Secret('***')"

    def __str__(self) -> str:
        return "***"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and self._value == other._value

    def __hash__(self) -> int:
        return hash(self._value)

    def __bool__(self) -> bool:
        return bool(self._value)


def _mechanisms(value: object) -> tuple[str, ...] | None:
    names = (value,) if isinstance(value, str) else tuple(value) if isinstance(value, Iterable) else None
    if value is not None and (names is None or not all(isinstance(name, str) for name in names)):
        raise UsageError("mechanism= is a name, or several in order of preference")
    return tuple(name.strip().upper() for name in names or ()) or None


Given = str | Secret | Callable[[], "str | Secret"] | None


def _secret(value: Given, what: str) -> Secret | Callable[[], str | Secret] | None:
    if value is None or isinstance(value, Secret) or callable(value):
        return value
    if isinstance(value, str):
        return Secret(value)
    raise UsageError(f"{what}= is a str, a Secret or a callable, not {type(value).__name__}")


def _ask(value: Secret | Callable[[], str | Secret] | None, what: str) -> Secret | None:
    if value is None or isinstance(value, Secret):
        return value
    given = value()
    if isinstance(given, str):
        return Secret(given)
    if not isinstance(given, Secret):
        raise UsageError(f"the callable for {what}= gave a {type(given).__name__}, not a str or a Secret")
    return given


@dataclass(frozen=True, slots=True, init=False)
class Auth:
    """Who to log in as, and with what.

    `password` and `token` are a str, a `Secret`, or a callable that gives one each time it is needed. `mechanism` is
    one or several names in order of preference; None takes the strongest that the server announces and the channel
    allows.
    """

    user: str | None
    password: Secret | Callable[[], str | Secret] | None = field(repr=False)
    token: Secret | Callable[[], str | Secret] | None = field(repr=False)
    mechanism: tuple[str, ...] | None
    authzid: str | None

    def __init__(
        self,
        user: str | None = None,
        password: Given = None,
        *,
        token: Given = None,
        mechanism: str | Sequence[str] | None = None,
        authzid: str | None = None,
    ) -> None:
        for name, value in (("user", user), ("authzid", authzid)):
            if value is not None and not isinstance(value, str):
                raise UsageError(f"{name}= is a str, not {type(value).__name__}")
            if value is not None and any(char in value for char in "\r\n\0"):
                raise UsageError(f"{name}= has a CR, LF or NUL in it")
        put = object.__setattr__
        put(self, "user", user)
        put(self, "password", _secret(password, "password"))
        put(self, "token", _secret(token, "token"))
        put(self, "mechanism", _mechanisms(mechanism))
        put(self, "authzid", authzid)

    @classmethod
    def of(cls, value: object) -> Auth | None:
        """An Auth as given, or a `(user, password)` pair."""
        if value is None or isinstance(value, Auth):
            return value
        if isinstance(value, tuple) and len(value) == 2:
            return cls(*value)
        raise UsageError(
            "auth= is an Auth or a (user, password) pair", hint="Auth(user, password), Auth(user, token=...)"
        )

    def get_password(self) -> Secret | None:
        """The password, asked for now where it is a callable."""
        return _ask(self.password, "password")

    def get_token(self) -> Secret | None:
        """The token, asked for now where it is a callable."""
        return _ask(self.token, "token")

    @property
    def static_password(self) -> Secret | None:
        """The password if it is known without asking."""
        return self.password if isinstance(self.password, Secret) else None

    @property
    def has_secret(self) -> bool:
        """Whether there is a password or a token."""
        return self.password is not None or self.token is not None


def find(target: Target, auth: Auth | None, netrc: bool | Path) -> Auth | None:
    """The credentials of a call: those given, then the URL's, then netrc's; None where there are none."""
    if auth is not None:
        user = target.user if auth.user is None else auth.user
        password = auth.password if auth.has_secret or user != target.user else target.password
        mechanism = auth.mechanism or target.mechanism
        return Auth(user, password, token=auth.token, mechanism=mechanism, authzid=auth.authzid)
    if target.password is None and netrc:
        found = netrc_lookup(netrc, target.host, target.user)
        if found is not None:
            return found
    if target.user is None and target.mechanism is None:
        return None
    return Auth(target.user, target.password, mechanism=target.mechanism)


def netrc_lookup(path: bool | Path, host: str, user: str | None) -> Auth | None:
    """What a netrc file has for exactly this host, as written, and this user if one is named.

    The `default` entry is not used: it would give a password to any host whatever.

    Raises:
        FileError: others can read a file that holds the password; or a file that was named cannot be read (exit code
        26). UsageError: the file is malformed.
    """
    named = not isinstance(path, bool)
    file = Path(os.environ.get("NETRC") or Path.home() / ".netrc") if isinstance(path, bool) else Path(path)
    try:
        text = file.read_text("utf-8")
        status = file.stat()
    except FileNotFoundError:
        if not named:
            return None
        raise FileError(f"cannot read {file}: no such file", filename=str(file), exit_code=26) from None
    except (OSError, UnicodeDecodeError) as error:
        raise FileError(f"cannot read {file}", filename=str(file), exit_code=26) from error
    entries = _parse_netrc(text, file)
    for machine, login, password in entries:
        if machine.lower() != host.lower() or (user is not None and login != user):
            continue
        if password is not None and (status.st_mode & (stat.S_IRWXG | stat.S_IRWXO) or _foreign(status.st_uid)):
            raise FileError(
                f"{file} holds a password that others can read",
                filename=str(file),
                hint=f"chmod 600 {file}",
                exit_code=26,
            )
        return Auth(login, password)
    return None


def _foreign(owner: int) -> bool:
    return hasattr(os, "getuid") and owner not in (os.getuid(), 0)


_TOKEN = re.compile(r'"((?:\\.|[^"\\])*)"|(\S+)')
_FIELDS = {"login": 0, "user": 0, "account": 1, "password": 2}


def _parse_netrc(text: str, file: Path) -> list[tuple[str, str | None, str | None]]:
    """(machine, login, password) of each entry in order; several of one machine are kept, unlike the stdlib's."""
    entries: list[tuple[str, list[str | None]]] = []
    wanted: str | None = None  # the keyword whose value comes next
    in_macro = False
    for number, line in enumerate(text.splitlines(), 1):
        if in_macro:
            in_macro = bool(line.strip())
            continue
        for match in _TOKEN.finditer(line):
            token = match[2] if match[1] is None else re.sub(r"\\(.)", r"\1", match[1])
            if wanted == "machine":
                entries.append((token, [None, None, None]))
            elif wanted is not None:
                entries[-1][1][_FIELDS[wanted]] = token
            elif token.startswith("#"):
                break
            elif token == "macdef":
                in_macro = True
                break
            elif token == "default":
                entries.append(("", [None, None, None]))
            elif token != "machine" and not (token in _FIELDS and entries):
                raise UsageError(
                    f"{file}, line {number}: this is no netrc entry", hint="machine HOST login USER password PASSWORD"
                )
            wanted = token if wanted is None and token != "default" else None
    return [(name, values[0], values[2]) for name, values in entries if name]


def secret_forms(secret: str) -> tuple[str, ...]:
    """Every form in which a secret may stand in a message or on the wire, the longest first."""
    octets = secret.encode("utf-8", "surrogateescape")
    text = secret.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")  # XML-RPC's
    forms = {
        secret,
        base64.b64encode(octets).decode("ascii"),
        base64.urlsafe_b64encode(octets).decode("ascii"),
        quote(octets, safe=""),
        quote(octets),
        quote_plus(octets),
        secret.replace("\\", "\\\\").replace('"', '\\"'),
        text,
        text.replace('"', "&quot;").replace("'", "&apos;"),
        repr(secret)[1:-1],
    }
    return tuple(sorted((form for form in forms if form), key=len, reverse=True))


def require_private(target: Target, *, tls_on: bool, clear_allowed: bool, what: str) -> None:
    """The clear-text rule: a secret goes without TLS only to loopback as written, or where the call said so.

    Raises:
        ClearTextError: before anything secret is sent.
    """
    if tls_on or target.is_loopback or clear_allowed:
        return
    raise ClearTextError(
        f"{what} would go to {target.netloc} in clear",
        hint="use the TLS scheme or tls='starttls' (--tls starttls); tls='off' (--tls off) allows it for this call",
    )
