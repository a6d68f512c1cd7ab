"""How a call is made: policies as frozen values, and the one place where keywords become Options.

Every function takes the same keywords; a protocol may add a few of its own, listed here so that a wrong one is named
before anything happens. Precedence: the call's keyword, then the call's `options=`, then the profile, then the default.
Knows no wire: what these values do is for `wire` and `session`.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
import math
import os
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from nettools.credentials import Auth, Secret
from nettools.errors import UnknownOptionError, UsageError
from nettools.target import SCHEMES

if TYPE_CHECKING:
    from nettools.results import Event

__all__ = ["TLS", "Options", "Proxy", "Retry", "Timeout", "option_names", "resolve_options"]


class _Default(int):
    """A default that can be told from the same number given by the caller."""


DEFAULT_MAX_SIZE = _Default(64 * 1024 * 1024)


def _is_address(value: object) -> bool:
    import ipaddress  # rarely needed

    try:
        ipaddress.ip_address(value.partition("%")[0] if isinstance(value, str) else "")
    except ValueError:
        return False
    return True


def _seconds(name: str, value: object) -> float | None:
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not value > 0 or math.isnan(value):
        raise UsageError(f"{name} is a number of seconds above 0, or None, not {value!r}")
    return None if math.isinf(value) else float(value)


_PATH = (str, os.PathLike)


def _expect(name: str, value: object, what: str, *kinds: type) -> None:
    """Refuse what is of none of these types; None passes, a bool only where it is named. The value is not shown."""
    if value is not None and (not isinstance(value, kinds) or (isinstance(value, bool) and bool not in kinds)):
        raise UsageError(f"{name} is {what}, not {type(value).__name__}")


def _words(name: str, value: object) -> tuple[str, ...]:
    """One word or several, as a tuple."""
    words = (value,) if isinstance(value, str) else tuple(value) if isinstance(value, Iterable) else None
    if words is None or not all(isinstance(word, str) for word in words):
        raise UsageError(f"{name} is a str, or several")
    return words


@dataclass(frozen=True, slots=True)
class Timeout:
    """Seconds: to connect (look-up, TCP, proxy, TLS, greeting), without an octet, and in all; None lifts a limit."""

    connect: float | None = 10.0
    idle: float | None = 30.0
    total: float | None = None

    def __post_init__(self) -> None:
        for each in dataclasses.fields(self):
            object.__setattr__(self, each.name, _seconds(each.name, getattr(self, each.name)))

    @classmethod
    def of(cls, value: Timeout | float | None) -> Timeout:
        """A Timeout as given; a number is the total; None lifts all limits."""
        if isinstance(value, Timeout):
            return value
        return cls(None, None, None) if value is None else cls(total=_seconds("timeout", value))


_MODES = ("auto", "off", "starttls", "implicit")
_VERSIONS = ("1.0", "1.1", "1.2", "1.3")


@dataclass(frozen=True, slots=True)
class TLS:
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
        _expect("TLS(verify=)", self.verify, "True or False", bool)
        for name in ("ca", "cert", "key", "keylog"):
            _expect(f"TLS({name}=)", getattr(self, name), "a path", *_PATH)
        _expect("TLS(server_name=)", self.server_name, "a host name", str)
        if self.server_name is not None and not re.fullmatch(r"[^\s\0.][^\s\0]*", self.server_name):
            raise UsageError(f"TLS(server_name=) is a host name, not {self.server_name!r}")
        if self.alpn is not None:
            names = _words("TLS(alpn=)", self.alpn)
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


@dataclass(frozen=True, slots=True)
class Proxy:
    """A proxy for every protocol: socks4, socks4a, socks5 (resolves here), socks5h (resolves there) or http (CONNECT).

    `bypass`: hosts that are reached directly (names, .suffixes, addresses, networks). `tunnel` (http scheme, plain HTTP
    requests only): True asks for CONNECT, False for absolute-form requests, None lets the protocol choose.
    """

    url: str
    auth: Any = None
    bypass: tuple[str, ...] = ()
    tunnel: bool | None = None

    def __init__(self, url: str, *, auth: Any = None, bypass: Iterable[str] = (), tunnel: bool | None = None) -> None:
        if not isinstance(url, str):
            raise UsageError(f"a proxy is a URL, not {type(url).__name__}")
        _expect("Proxy(tunnel=)", tunnel, "True, False or None", bool)
        object.__setattr__(self, "url", url)
        object.__setattr__(self, "auth", Auth.of(auth))
        object.__setattr__(self, "bypass", _words("Proxy(bypass=)", bypass))
        object.__setattr__(self, "tunnel", tunnel)

    def __repr__(self) -> str:
        from nettools.target import _masked

        return f"Proxy({_masked(self.url)!r})"


@dataclass(frozen=True, slots=True)
class Retry:
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


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """The options of a call, reusable: `options=Options(timeout=5)`; keywords of the call win."""

    timeout: Timeout | float | None = Timeout()
    tls: TLS | str | bool | None = TLS()
    auth: Auth | tuple[str, str] | None = None
    proxy: Proxy | str | None = "env"
    retry: Retry | int | None = Retry()
    netrc: bool | str | os.PathLike[str] = False
    encoding: str | None = None
    max_size: int | None = DEFAULT_MAX_SIZE
    resolve: Mapping[tuple[str, int], Sequence[str]] = field(default_factory=dict)
    family: Literal[4, 6] | None = None
    source_address: str | tuple[str, int] | None = None
    limit_rate: float | None = None
    on_event: Callable[[Event], object] | None = None
    progress: Callable[[int, int | None], object] | None = None
    profile: str | None = None
    # one protocol's own
    cookies: Mapping[str, str] | None = None
    active: bool | str = False
    account: str | Secret | None = None
    data_host: Literal["peer", "reply"] = "peer"
    ehlo: str | None = None
    group: str | None = None
    server: str | None = None
    datagram: bool | None = None

    def __post_init__(self) -> None:
        put = object.__setattr__
        put(self, "timeout", Timeout.of(self.timeout))
        put(self, "tls", TLS.of(self.tls))
        put(self, "auth", Auth.of(self.auth))
        put(self, "retry", Retry.of(self.retry))
        if isinstance(self.proxy, str) and self.proxy != "env":
            put(self, "proxy", Proxy(self.proxy) if self.proxy else None)
        elif not isinstance(self.proxy, (Proxy, str, type(None))):
            raise UsageError('proxy= is a Proxy, a URL, "env" or None')
        _expect("max_size=", self.max_size, "a number of octets, or None", int)
        if self.max_size is not None and self.max_size < 0:
            raise UsageError("max_size= is a number of octets, or None")
        if self.family not in (None, 4, 6):
            raise UsageError(f"family= is 4, 6 or None, not {self.family!r}")
        _expect("limit_rate=", self.limit_rate, "a number of octets a second", int, float)
        if self.limit_rate is not None and not self.limit_rate > 0:
            raise UsageError("limit_rate= is a number of octets a second above 0")
        if not isinstance(self.active, bool) and not _is_address(self.active):
            raise UsageError(f"active= is True, False or an IP address, not {self.active!r}")
        if self.data_host not in ("peer", "reply"):
            raise UsageError('data_host= is "peer" or "reply"')
        _expect("encoding=", self.encoding, "the name of an encoding", str)
        if self.encoding is not None:
            try:
                "".encode(self.encoding)
            except (LookupError, ValueError):
                raise UsageError(f"{self.encoding!r} is no encoding that Python knows") from None
        for name in ("on_event", "progress"):
            if getattr(self, name) is not None and not callable(getattr(self, name)):
                raise UsageError(f"{name}= is a callable")
        put(self, "netrc", self.netrc or False)
        _expect("netrc=", self.netrc, "True, False or a path", bool, *_PATH)
        _expect("active=", self.active, "True, False or an address", bool, str)
        _expect("account=", self.account, "a str or a Secret", str, Secret)
        for name in ("profile", "ehlo", "group", "server"):
            _expect(f"{name}=", getattr(self, name), "a str", str)
        _expect("datagram=", self.datagram, "True, False or None", bool)
        put(self, "source_address", _source(self.source_address))
        put(self, "resolve", _resolve_table(self.resolve))

    # what __post_init__ has settled, with the type that the rest of nettools sees
    @property
    def times(self) -> Timeout:
        """`timeout` as a Timeout."""
        return self.timeout  # type: ignore[return-value]

    @property
    def security(self) -> TLS:
        """`tls` as a TLS."""
        return self.tls  # type: ignore[return-value]

    @property
    def retries(self) -> Retry:
        """`retry` as a Retry."""
        return self.retry  # type: ignore[return-value]

    @property
    def file_limit(self) -> int | None:
        """`max_size` for what goes to a file: only one that was given counts."""
        return None if isinstance(self.max_size, _Default) else self.max_size

    @property
    def credentials(self) -> Auth | None:
        """`auth` as an Auth."""
        return self.auth  # type: ignore[return-value]


def _source(value: object) -> str | tuple[str, int] | None:
    match value:
        case None | str():
            return value
        case (str(host), int(port)) if not isinstance(port, bool) and 0 <= port < 65536:
            return host, port
    raise UsageError("source_address= is an IP address of this machine, or a pair of address and port")


def _resolve_table(value: object) -> dict[tuple[str, int], tuple[str, ...]]:
    """`resolve` with its hosts in lower case, and tuples of addresses."""
    table: dict[tuple[str, int], tuple[str, ...]] = {}
    for key, addresses in value.items() if isinstance(value, Mapping) else [(value, ())]:
        match key:
            case (str(host), int(port)):
                table[host.lower(), port] = _words("resolve=", addresses)
            case _:
                raise UsageError("resolve= is {(host, port): [address]}")
    return table


_OWN: dict[str, frozenset[str]] = {
    "http": frozenset({"cookies"}),
    "xmlrpc": frozenset({"cookies"}),
    "ftp": frozenset({"active", "account", "data_host"}),
    "smtp": frozenset({"ehlo"}),
    "nntp": frozenset({"group", "server"}),
    "unix": frozenset({"datagram"}),
}
_ALL = frozenset(each.name for each in dataclasses.fields(Options))
_COMMON = _ALL - frozenset().union(*_OWN.values())


def option_names(scheme: str) -> tuple[str, ...]:
    """The keywords that a call to this scheme takes besides its own arguments, sorted.

    >>> "active" in option_names("ftp"), "active" in option_names("https")
    (True, False)
    """
    if not isinstance(scheme, str) or scheme not in SCHEMES:
        raise UsageError(f"unknown scheme {scheme!r}", exit_code=3)
    return tuple(sorted({*_COMMON, *_OWN.get(SCHEMES[scheme].protocol, ()), "options"}))


def resolve_options(protocol: str, keywords: Mapping[str, Any]) -> Options:
    """The Options of one call.

    Raises:
        UsageError: for a value that makes no sense, or (also a TypeError) an unknown or foreign keyword.
    """
    taken = _COMMON | _OWN.get(protocol, frozenset())
    for name in keywords:
        if name not in taken and name != "options":
            import difflib

            near = difflib.get_close_matches(name, sorted(taken), n=1, cutoff=0.5)
            foreign = [each for each, own in _OWN.items() if name in own]
            raise UnknownOptionError(
                f"{protocol} takes no keyword {name!r}" + (f": it is one of {foreign[0]}'s" if foreign else ""),
                hint=f"did you mean {near[0]!r}?" if near else "nettools.option_names(scheme) lists them",
            )
    given = dict(keywords)
    base = given.pop("options", None)
    if base is None:
        base = Options()
    elif not isinstance(base, Options):
        raise UsageError("options= is a nettools.Options")
    profile = given.get("profile", base.profile)
    if profile is not None:
        from nettools.config import load_profile

        given = {**{k: v for k, v in load_profile(profile).items() if getattr(base, k) == _DEFAULTS[k]}, **given}
    return dataclasses.replace(base, **given) if given else base


def since(value: str | dt.date | dt.datetime | Path) -> dt.datetime:
    """A moment: a datetime, a date, or an age such as "7d", "12h", "30m", "2w" before now."""
    if isinstance(value, dt.datetime):
        return value if value.tzinfo else value.astimezone()
    if isinstance(value, dt.date):
        return dt.datetime(value.year, value.month, value.day, tzinfo=dt.UTC)
    units = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days", "w": "weeks"}
    text = str(value).strip()
    try:
        if text[-1:] in units and text[:-1].isdigit():
            return dt.datetime.now(dt.UTC) - dt.timedelta(**{units[text[-1]]: int(text[:-1])})
        moment = dt.datetime.fromisoformat(text)
    except (ValueError, OverflowError):
        raise UsageError(
            f"{text!r} is no date or age", hint='a date is "2026-01-31", an age "7d", "12h" or "2w"'
        ) from None
    return moment if moment.tzinfo else moment.replace(tzinfo=dt.UTC)


_DEFAULTS: dict[str, Any] = {each.name: getattr(Options(), each.name) for each in dataclasses.fields(Options)}
