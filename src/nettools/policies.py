"""Policies: how long, how secure, through which proxy, how often; frozen values that check themselves.

Each takes what people write (`timeout=5`, `tls="starttls"`, `retry=3`) by its `of`, and refuses what makes no sense
before anything happens. Knows no wire: what these values do is for `wire` and `session`.
"""

from __future__ import annotations

import math
import os
import re
from collections.abc import Iterable
from typing import Literal

from nettools.credentials import Auth
from nettools.errors import UsageError
from nettools.frozen import Frozen
from nettools.target import masked

__all__ = ["PATH", "TLS", "Proxy", "Retry", "Timeout", "expect", "words"]


def _seconds(name: str, value: object) -> float | None:
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not value > 0 or math.isnan(value):
        raise UsageError(f"{name} is a number of seconds above 0, or None, not {value!r}")
    return None if math.isinf(value) else float(value)


PATH = (str, os.PathLike)


def expect(name: str, value: object, what: str, *kinds: type) -> None:
    """Refuse what is of none of these types; None passes, a bool only where it is named. The value is not shown."""
    if value is not None and (not isinstance(value, kinds) or (isinstance(value, bool) and bool not in kinds)):
        raise UsageError(f"{name} is {what}, not {type(value).__name__}")


def words(name: str, value: object) -> tuple[str, ...]:
    """One word or several, as a tuple."""
    words = (value,) if isinstance(value, str) else tuple(value) if isinstance(value, Iterable) else None
    if words is None or not all(isinstance(word, str) for word in words):
        raise UsageError(f"{name} is a str, or several")
    return words


class Timeout(Frozen):
    """Seconds: to connect (look-up, TCP, proxy, TLS, greeting), without an octet, and in all; None lifts a limit."""

    connect: float | None = 10.0
    idle: float | None = 30.0
    total: float | None = None

    def __post_init__(self) -> None:
        for name in self._fields:
            object.__setattr__(self, name, _seconds(name, getattr(self, name)))

    @classmethod
    def of(cls, value: Timeout | float | None) -> Timeout:
        """A Timeout as given; a number is the total; None lifts all limits."""
        if isinstance(value, Timeout):
            return value
        return cls(None, None, None) if value is None else cls(total=_seconds("timeout", value))


_MODES = ("auto", "off", "starttls", "implicit")
_VERSIONS = ("1.0", "1.1", "1.2", "1.3")


class TLS(Frozen):
    """Transport security.

    `mode`: auto (a TLS scheme is implicit; others take STARTTLS where it is announced), off, starttls (required) or
    implicit. `ca` is a file, a folder or PEM text, beside the system's store; `cert` and `key` are PEM files of a
    client certificate; `keylog` a file for NSS key log lines.
    """

    mode: Literal["auto", "off", "starttls", "implicit", "required"] = "auto"
    verify: bool = True
    ca: str | os.PathLike[str] | None = None
    cert: str | os.PathLike[str] | None = None
    key: str | os.PathLike[str] | None = None
    min_version: str = "1.2"
    server_name: str | None = None
    alpn: tuple[str, ...] | None = None
    keylog: str | os.PathLike[str] | None = None

    def __post_init__(self) -> None:
        if self.mode not in (*_MODES, "required"):
            raise UsageError(f"{self.mode!r} is no TLS mode", hint=f"the modes are {', '.join(_MODES)}")
        version = str(self.min_version).removeprefix("TLSv").removeprefix("TLS")
        if version not in _VERSIONS:
            raise UsageError(f"{self.min_version!r} is no TLS version", hint=f"one of {', '.join(_VERSIONS)}")
        object.__setattr__(self, "min_version", version)
        expect("TLS(verify=)", self.verify, "True or False", bool)
        for name in ("ca", "cert", "key", "keylog"):
            expect(f"TLS({name}=)", getattr(self, name), "a path", *PATH)
        expect("TLS(server_name=)", self.server_name, "a host name", str)
        if self.server_name is not None and not re.fullmatch(r"[^\s\0.][^\s\0]*", self.server_name):
            raise UsageError(f"TLS(server_name=) is a host name, not {self.server_name!r}")
        if self.alpn is not None:
            names = words("TLS(alpn=)", self.alpn)
            if not all(name.isascii() and 0 < len(name) < 256 for name in names):
                raise UsageError("TLS(alpn=) are names of 1 to 255 ASCII characters")
            object.__setattr__(self, "alpn", names)
        if self.key is not None and self.cert is None:
            raise UsageError("TLS(key=...) without cert=", hint="name the certificate that the key belongs to")

    @property
    def has_files(self) -> bool:
        """Whether it names files, which may not be there."""
        return any(each is not None for each in (self.ca, self.cert, self.keylog))

    @classmethod
    def of(cls, value: TLS | str | bool | None) -> TLS:
        """A TLS as given; a mode; True = required (implicit or STARTTLS by the scheme); False = off."""
        match value:
            case TLS():
                return value
            case None:
                return cls()
            case True:
                return cls(mode="required")
            case False:
                return cls(mode="off")
            case str():
                return cls(mode=value)  # type: ignore[arg-type]  # __post_init__ checks it
        raise UsageError(f"tls= is a TLS, a mode or a bool, not {type(value).__name__}")


class Proxy(Frozen):
    """A proxy for every protocol: socks4, socks4a, socks5 (resolves here), socks5h (resolves there) or http (CONNECT).

    `bypass`: hosts that are reached directly (names, .suffixes, addresses, networks). `tunnel` (http scheme, plain HTTP
    requests only): True asks for CONNECT, False for absolute-form requests, None lets the protocol choose.
    """

    url: str
    auth: Auth | None = None
    bypass: tuple[str, ...] = ()
    tunnel: bool | None = None

    def __init__(
        self,
        url: str,
        *,
        auth: Auth | tuple[str, str] | None = None,
        bypass: str | Iterable[str] = (),
        tunnel: bool | None = None,
    ) -> None:
        if not isinstance(url, str):
            raise UsageError(f"a proxy is a URL, not {type(url).__name__}")
        expect("Proxy(tunnel=)", tunnel, "True, False or None", bool)
        object.__setattr__(self, "url", url)
        object.__setattr__(self, "auth", Auth.of(auth))
        object.__setattr__(self, "bypass", words("Proxy(bypass=)", bypass))
        object.__setattr__(self, "tunnel", tunnel)

    def __repr__(self) -> str:
        return f"Proxy({masked(self.url)!r})"


class Retry(Frozen):
    """How often in all (`attempts` counts the first), after how many seconds, doubled each time up to `max_delay`."""

    attempts: int = 1
    backoff: float = 0.5
    max_delay: float = 30.0

    def __post_init__(self) -> None:
        if isinstance(self.attempts, bool) or not isinstance(self.attempts, int) or self.attempts < 1:
            raise UsageError(f"Retry(attempts=) is a number from 1, not {self.attempts!r}")
        for name in ("backoff", "max_delay"):
            value = getattr(self, name)
            if isinstance(value, bool) or not isinstance(value, (int, float)) or not value >= 0:
                raise UsageError(f"Retry({name}=) is a number of seconds, 0 or more")

    @classmethod
    def of(cls, value: Retry | int | None) -> Retry:
        """A Retry as given; a number is the attempts; None is one attempt."""
        if isinstance(value, Retry):
            return value
        return cls() if value is None else cls(attempts=value)

    def delay(self, attempt: int) -> float:
        """Seconds to wait after attempt 1, 2, ..."""
        return float(min(self.max_delay, self.backoff * 2.0 ** min(attempt - 1, 100)))
