"""How a call is made: the one place where keywords become Options.

Every function takes the same keywords; a protocol may add a few of its own, listed here so that a wrong one is named
before anything happens. Precedence: the call's keyword, then the call's `options=`, then the profile, then the default.
Knows no wire: what these values do is for `wire` and `session`.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Literal

from nettools.credentials import Auth, Given
from nettools.errors import UnknownOptionError, UsageError
from nettools.frozen import Frozen, field, replace
from nettools.policies import PATH, TLS, Proxy, Retry, Timeout, expect, words
from nettools.secret import Secret
from nettools.target import SCHEMES

if TYPE_CHECKING:
    from nettools.results import Event

__all__ = ["Options", "option_names", "resolve_options"]


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


class Options(Frozen, kw_only=True):
    """The options of a call, reusable: `options=Options(timeout=5)`; keywords of the call win.

    Args:
        timeout: a Timeout, or the seconds in all. retry: a Retry, or how many attempts in all.
        tls: a TLS, its mode ("auto", "off", "starttls", "implicit"), True (required) or False (off).
        auth: (user, password), or an Auth, which has tokens and mechanisms too. netrc: True, or a path.
        proxy: a Proxy, a URL, "env" (the `*_proxy` variables) or None.
        encoding: of names and text that say none. max_size: octets held in memory; None lifts it.
        resolve: {(host, port): [address]}. family: 4 or 6. source_address: of this machine.
        limit_rate: octets a second. progress: called with octets done and in all, or None.
        on_event: called with an Event for every stage and line. profile: of the configuration file.
        cookies: HTTP's. active, account, data_host: FTP's. ehlo: SMTP's. group, server: NNTP's. datagram: of Unix
            sockets.
    """

    timeout: Timeout | float | None = Timeout()
    tls: TLS | str | bool | None = TLS()
    auth: Auth | tuple[str, Given] | None = None
    proxy: Proxy | str | None = "env"
    retry: Retry | int | None = Retry()
    netrc: bool | str | os.PathLike[str] = False
    encoding: str | None = None
    max_size: int | None = DEFAULT_MAX_SIZE
    resolve: Mapping[tuple[str, int], Sequence[str]] = field(default_factory=dict, hash=False)
    family: Literal[4, 6] | None = None
    source_address: str | tuple[str, int] | None = None
    limit_rate: float | None = None
    on_event: Callable[[Event], object] | None = None
    progress: Callable[[int, int | None], object] | None = None
    profile: str | None = None
    # one protocol's own
    cookies: Mapping[str, str] | None = field(default=None, hash=False)
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
        expect("max_size=", self.max_size, "a number of octets, or None", int)
        if self.max_size is not None and self.max_size < 0:
            raise UsageError("max_size= is a number of octets, or None")
        if self.family not in (None, 4, 6):
            raise UsageError(f"family= is 4, 6 or None, not {self.family!r}")
        expect("limit_rate=", self.limit_rate, "a number of octets a second", int, float)
        if self.limit_rate is not None and not self.limit_rate > 0:
            raise UsageError("limit_rate= is a number of octets a second above 0")
        if not isinstance(self.active, bool) and not _is_address(self.active):
            raise UsageError(f"active= is True, False or an IP address, not {self.active!r}")
        if self.data_host not in ("peer", "reply"):
            raise UsageError('data_host= is "peer" or "reply"')
        expect("encoding=", self.encoding, "the name of an encoding", str)
        if self.encoding is not None:
            try:
                "".encode(self.encoding)
            except (LookupError, ValueError):
                raise UsageError(f"{self.encoding!r} is no encoding that Python knows") from None
        for name in ("on_event", "progress"):
            if getattr(self, name) is not None and not callable(getattr(self, name)):
                raise UsageError(f"{name}= is a callable")
        put(self, "netrc", self.netrc or False)
        expect("netrc=", self.netrc, "True, False or a path", bool, *PATH)
        expect("active=", self.active, "True, False or an address", bool, str)
        expect("account=", self.account, "a str or a Secret", str, Secret)
        for name in ("profile", "ehlo", "group", "server"):
            expect(f"{name}=", getattr(self, name), "a str", str)
        expect("datagram=", self.datagram, "True, False or None", bool)
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
                table[host.lower(), port] = words("resolve=", addresses)
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
_ALL = frozenset(Options._fields)
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

            near = difflib.get_close_matches(name, sorted(taken), n=1, cutoff=0.6)
            foreign = [each for each, own in _OWN.items() if name in own]
            raise UnknownOptionError(
                f"{protocol} takes no keyword {name!r}" + (f": it is one of {foreign[0]}'s" if foreign else ""),
                hint=ELSEWHERE.get(name)
                or (f"did you mean {near[0]!r}?" if near else f'nettools.option_names("{protocol}") lists them'),
            )
    given = dict(keywords)
    base = given.pop("options", None)
    if base is None:
        base = Options()
    elif not isinstance(base, Options):
        raise UsageError("options= is a nettools.Options")
    profile = given.get("profile", base.profile)
    if profile is not None:
        from nettools.config import load_profile  # few calls have one

        default = Options()
        told = load_profile(profile).items()
        given = {**{name: value for name, value in told if getattr(base, name) == getattr(default, name)}, **given}
    return replace(base, **given) if given else base


# What other libraries, and the standard library, call by another name, and what it is here.
ELSEWHERE = {
    name: hint
    for names, hint in {
        "user username login password passwd": "auth=(user, password)",
        "verify check_hostname ca_certs cafile cacert": "tls=TLS(ca=...); TLS(verify=False) trusts anybody",
        "cert certfile keyfile": "tls=TLS(cert=..., key=...)",
        "ssl ssl_context sslcontext context use_ssl": "https://, imaps:// and their like are TLS; tls=TLS(...)",
        "starttls use_tls smtp_starttls smtp_ssl": 'tls="starttls", or smtps:// for TLS from the first octet',
        "host port": "host and port stand in the URL",
        "connect_timeout read_timeout": "timeout=Timeout(connect=..., idle=..., total=...)",
        "proxies": "proxy= is a URL, for all protocols",
        "allow_redirects follow_redirects max_redirects": "follow= is how many redirects at most",
        "raise_for_status": "check=False gives the page of an error, too",
        "headers params": "headers= and params= are of fetch_page, and of each fetch of a session",
        "stream": "download(url, dest) writes to a file, or to any object with write()",
        "session client": "connect(url) keeps a session",
        "content body contents payload msg": "data= or json= of HTTP, text= and html= of a mail",
        "from_ from_addr from_email mail_from": "sender=",
        "to_addrs to_addr recipients rcpt": "to=, cc= and bcc=",
        "attachment attach": "attachments=[...]",
        "reply_to": 'headers={"Reply-To": ...}',
        "mailbox": "folder=",
        "criteria search": "query=Query(...), or a str in the syntax of SEARCH",
        "passive pasv": "passive is the default; active=True is the other way",
        "rest offset": "resume=True goes on; range=(first, last) fetches a part",
        "debug debuglevel verbose": "on_event= is called with every stage and line",
    }.items()
    for name in names.split()
}
