"""Credentials: who to log in as, where that is found, and when a secret may travel.

`Auth` is what a call is given; `find` is the order in which it is looked for: the call, the URL, netrc (the command
line adds the environment, password commands, the keyring and a prompt). `require_private` is the clear-text rule.
Nothing here is sent, and nothing is asked on a terminal.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Sequence

from nettools.errors import ClearTextError, NettoolsError, UsageError
from nettools.frozen import Frozen, field
from nettools.secret import Secret
from nettools.target import Target

__all__ = ["Auth", "Given", "ProfileAuth", "find", "require_private"]


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
    try:
        given = value()
    except NettoolsError:
        raise
    except Exception as error:  # its words may hold the secret: they are not shown as the cause either
        raise UsageError(f"the callable for {what}= failed: {type(error).__name__}", exit_code=67) from None
    if isinstance(given, str):
        return Secret(given)
    if not isinstance(given, Secret):
        raise UsageError(f"the callable for {what}= gave a {type(given).__name__}, not a str or a Secret")
    return given


class Auth(Frozen):
    """Who to log in as, and with what.

    `password` and `token` are a str, a `Secret`, or a callable that gives one each time it is needed. `mechanism` is
    one or several names in order of preference; None takes the strongest that the server announces and the channel
    allows.
    """

    user: str | None = None
    password: Secret | Callable[[], str | Secret] | None = field(default=None, repr=False)
    token: Secret | Callable[[], str | Secret] | None = field(default=None, repr=False)
    mechanism: tuple[str, ...] | None = None
    authzid: str | None = None

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


class ProfileAuth(Auth):
    """What a profile says. The URL comes before it: one with another user, or a password, is not overruled by it."""

    __slots__ = ()

    def fits(self, target: Target) -> bool:
        """Whether the URL leaves the login to the profile."""
        return target.password is None and target.user in (None, self.user)


def find(target: Target, auth: Auth | None, netrc: bool | str | os.PathLike[str]) -> Auth | None:
    """The credentials of a call: those given, then the URL's, then the profile's, then netrc's; None where there are
    none.
    """
    if isinstance(auth, ProfileAuth) and not auth.fits(target):
        auth = None
    if auth is not None:
        user = target.user if auth.user is None else auth.user
        password = auth.password if auth.has_secret or user != target.user else target.password
        mechanism = auth.mechanism or target.mechanism
        return Auth(user, password, token=auth.token, mechanism=mechanism, authzid=auth.authzid)
    if target.password is None and netrc:
        from pathlib import Path

        from nettools.netrc import netrc_lookup  # most calls look at no file

        found = netrc_lookup(netrc if isinstance(netrc, bool) else Path(os.fspath(netrc)), target.host, target.user)
        if found is not None:
            return Auth(*found)
    if target.user is None and target.mechanism is None:
        return None
    return Auth(target.user, target.password, mechanism=target.mechanism)


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
