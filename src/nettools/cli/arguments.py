"""Options: those that every command shares, declared once, and the types that option values have.

They are a table, of which `shared_options` makes those of one command; `Settings` is what a command gets: the values,
and the keywords for the facade that follow from them. Letters mean what they mean in curl. Knows no protocol.
"""

from __future__ import annotations

import datetime as dt
import functools
import math
import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, ClassVar

import click

from nettools.errors import UsageError
from nettools.frozen import Frozen, field, replace

__all__ = [
    "AMOUNT",
    "LIMIT",
    "MOMENT",
    "NEWER_OPTION",
    "RANGE_OPTION",
    "SECONDS",
    "Settings",
    "defaults",
    "shared_options",
]


class _Amount(click.ParamType):  # type: ignore[type-arg,unused-ignore]
    """A number of octets: 4096, 64k, 1.5M, 2G (powers of 1024, as curl has them)."""

    name = "size"
    UNITS: ClassVar[dict[str, int]] = {"": 1, "k": 1024, "m": 1024**2, "g": 1024**3, "t": 1024**4}

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:
        if isinstance(value, int):
            return value
        match = re.fullmatch(r"(\d{1,15}(?:\.\d+)?)([kmgt]?)(?:i?b)?", str(value).strip(), re.IGNORECASE)
        if match is None:
            self.fail(f"{value!r} is no size; a size is a number with k, M or G behind it, such as 64M", param, ctx)
        return int(float(match[1]) * self.UNITS[match[2].lower()])


class _Limit(click.ParamType):  # type: ignore[type-arg,unused-ignore]
    """A number of entries, or `all`."""

    name = "n|all"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        if value is None or isinstance(value, int) or str(value).lower() == "all":
            return "all" if isinstance(value, str) else value
        if not re.fullmatch(r"\d{1,15}", str(value)):
            self.fail(f"{value!r} is neither a number nor `all`", param, ctx)
        return int(value)


class _Moment(click.ParamType):  # type: ignore[type-arg,unused-ignore]
    """A date, or an age such as 7d."""

    name = "date|age"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        if isinstance(value, dt.datetime):
            return value
        from nettools.moments import moment

        try:
            return moment(value)
        except UsageError as error:
            self.fail(f"{error.message}; {error.hint}", param, ctx)


class _Range(click.ParamType):  # type: ignore[type-arg,unused-ignore]
    """A range of octets as curl has it: 0-499, 500-, -500."""

    name = "first-last"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> tuple[int, int | None]:
        if isinstance(value, tuple):
            return value
        match = re.fullmatch(r"(\d{0,18})-(\d{0,18})", str(value))
        if match is None or match[0] == "-":
            self.fail(f"{value!r} is no range; a range is 0-499, 500- or -500", param, ctx)
        if not match[1]:
            return -int(match[2]), None
        return int(match[1]), int(match[2]) if match[2] else None


class _Seconds(click.FloatRange):
    """A number of seconds, 0 or more."""

    name = "number of seconds"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        number = super().convert(value, param, ctx)
        if math.isnan(number):  # which no comparison refuses
            self.fail(f"{value!r} is no number of seconds", param, ctx)
        return number


AMOUNT, LIMIT, MOMENT, RANGE, SECONDS = _Amount(), _Limit(), _Moment(), _Range(), _Seconds(min=0)

# those that several commands have, and not all
RANGE_OPTION = click.option("-r", "--range", "range_", type=RANGE, help="These octets only.")
NEWER_OPTION = click.option("-z", "--newer-than", "newer", metavar="FILE|DATE", help="Only if it changed since.")

_TABLE: tuple[tuple[tuple[str, ...], dict[str, Any]], ...] = (
    (("-u", "--user"), {"metavar": "USER[:PASS]", "help": "Log in as this user."}),
    (("--password-command",), {"metavar": "CMD", "help": "Run this; its first line of output is the password."}),
    (("--token",), {"metavar": "TOKEN", "help": "An OAuth 2 or bearer token."}),
    (("--mechanism",), {"metavar": "NAME[,NAME]", "help": "SASL or HTTP authentication mechanisms, in order."}),
    (("--authzid",), {"metavar": "USER", "help": "Act as this user (SASL authorization identity)."}),
    (("--no-netrc",), {"is_flag": True, "help": "Do not look into ~/.netrc."}),
    (("--profile",), {"metavar": "NAME", "help": "Take options from this profile of the configuration."}),
    (("--tls",), {"type": click.Choice(["auto", "off", "starttls", "implicit"]), "help": "When to use TLS."}),
    (("-k", "--insecure"), {"is_flag": True, "help": "Accept any certificate."}),
    (("--cacert",), {"metavar": "FILE|DIR", "help": "Trust these authorities besides the system's."}),
    (("--cert",), {"metavar": "FILE", "help": "Client certificate (PEM)."}),
    (("--key",), {"metavar": "FILE", "help": "Its private key (PEM)."}),
    (("--tls-min",), {"metavar": "1.2|1.3", "help": "The lowest TLS version to accept."}),
    (("--server-name",), {"metavar": "NAME", "help": "Expect this name in the certificate."}),
    (
        ("--connect-timeout",),
        {"type": SECONDS, "metavar": "SECONDS", "help": "To connect, TLS and greeting included."},
    ),
    (
        ("--idle-timeout",),
        {"type": SECONDS, "metavar": "SECONDS", "help": "Without an octet from the server."},
    ),
    (
        ("-m", "--max-time"),
        {"type": SECONDS, "metavar": "SECONDS", "help": "For everything, retries included."},
    ),
    (
        ("--retry",),
        {"type": click.IntRange(0), "metavar": "N", "help": "Try again this often what may be repeated."},
    ),
    (("-x", "--proxy"), {"metavar": "URL", "help": "socks4, socks4a, socks5, socks5h or http proxy; '' for none."}),
    (("-4", "--ipv4", "ipv4"), {"is_flag": True, "help": "Use IPv4 only."}),
    (("-6", "--ipv6", "ipv6"), {"is_flag": True, "help": "Use IPv6 only."}),
    (("--resolve",), {"multiple": True, "metavar": "HOST:PORT:ADDR", "help": "Take this address for that host."}),
    (("--source-address",), {"metavar": "ADDR", "help": "Connect from this address."}),
    (("--encoding",), {"metavar": "NAME", "help": "Encoding of names and text that say none."}),
    (("-o", "--output"), {"metavar": "FILE|DIR|-", "help": "Write to this file, or into this folder."}),
    (("-O", "--remote-name"), {"is_flag": True, "help": "Write to a file with the remote name."}),
    (("-C", "--continue", "resume"), {"is_flag": True, "help": "Continue an interrupted transfer."}),
    (("--checksum",), {"metavar": "sha256:HEX", "help": "What the file must have."}),
    (("--max-size",), {"type": AMOUNT, "help": "Refuse more octets than this."}),
    (("--limit-rate",), {"type": AMOUNT, "help": "Octets a second."}),
    (("--json", "json"), {"is_flag": True, "help": "Print JSON: one object, or a line each."}),
    (("--include-data",), {"is_flag": True, "help": "With --json: contents too, in base64."}),
    (("-q", "--quiet"), {"is_flag": True, "help": "Print nothing but data and errors."}),
    (("-v", "--verbose"), {"count": True, "help": "Say more; twice: every line on the wire."}),
    (("--trace",), {"metavar": "FILE", "help": "Write every line on the wire as JSON Lines."}),
    (("--progress/--no-progress",), {"default": None, "help": "A progress bar (default: on a terminal)."}),
    (("--dry-run",), {"is_flag": True, "help": "Say what would be done, and change nothing."}),
    (("-y", "--yes"), {"is_flag": True, "help": "Do not ask."}),
)


def shared_options(own: Iterable[click.Parameter] = ()) -> list[click.Option]:
    """The shared options, for a command whose own these are: what has the same name, or takes all of theirs, stands."""
    own = tuple(own)
    taken = {name for param in own for name in (*param.opts, *param.secondary_opts)}
    named = {param.name for param in own}
    shared = []
    for names, settings in _TABLE:
        option = click.Option(list(names), **settings)
        option.opts = [name for name in option.opts if name not in taken]
        if option.opts and option.name not in named:
            option.show_default = False
            shared.append(option)
    return shared


@functools.cache
def defaults() -> dict[str, Any]:
    """What the shared options are where they are not given, or not there."""
    context = click.Context(click.Command("nettools"))
    return {str(option.name): option.get_default(context) for option in shared_options()}


class Settings(Frozen):
    """The shared options of one command as given, and what the facade gets of them."""

    values: Mapping[str, Any]
    own: Mapping[str, Any] = field(default_factory=dict)  # the facade's keywords that this protocol's options gave

    def __getattr__(self, name: str) -> Any:
        try:
            return self.values[name]
        except KeyError:
            raise AttributeError(name) from None

    def having(self, **own: Any) -> Settings:
        """The same, with keywords of the facade that a protocol's own options gave; None was not given."""
        return replace(self, own={**self.own, **{name: value for name, value in own.items() if value is not None}})

    def keywords(self) -> dict[str, Any]:
        """The facade's keywords, all but `auth`, `on_event` and `progress`; only what was given."""
        from nettools.policies import TLS, Retry, Timeout

        values = self.values
        result: dict[str, Any] = {}
        times = {
            name: values[option] if values[option] > 0 else None
            for name, option in (("connect", "connect_timeout"), ("idle", "idle_timeout"), ("total", "max_time"))
            if values[option] is not None
        }
        if times:
            result["timeout"] = Timeout(**times)
        tls = {
            name: values[option]
            for name, option in (
                ("mode", "tls"),
                ("ca", "cacert"),
                ("cert", "cert"),
                ("key", "key"),
                ("min_version", "tls_min"),
                ("server_name", "server_name"),
            )
            if values[option] is not None
        }
        if values["insecure"]:
            tls["verify"] = False
        if tls:
            result["tls"] = TLS(**tls)
        if values["retry"] is not None:
            result["retry"] = Retry(attempts=values["retry"] + 1)
        if values["proxy"] is not None:
            result["proxy"] = values["proxy"] or None
        if values["ipv4"] and values["ipv6"]:
            raise UsageError("-4 and -6 exclude each other")
        if values["ipv4"] or values["ipv6"]:
            result["family"] = 4 if values["ipv4"] else 6
        if values["resolve"]:
            result["resolve"] = _resolve_map(values["resolve"])
        for name in ("source_address", "encoding", "max_size", "limit_rate", "profile"):
            if values[name] is not None:
                result[name] = values[name]
        return {**result, **self.own}

    @property
    def destination(self) -> str | None:
        """Where -o or -O want the data: None is stdout."""
        if self.values["output"] not in (None, "-"):
            return str(self.values["output"])
        if self.values["remote_name"]:
            return str(Path.cwd()) + "/"
        return None

    def place(self, dest: str | None = None) -> str | None:
        """Where a file goes: DEST, or what -o or -O say; None is stdout, where nothing can be continued."""
        found = dest or self.destination
        if found is None and self.values["resume"]:
            raise UsageError("-C needs -o FILE or -O to know what to continue")
        return found


def _resolve_map(entries: Iterable[str]) -> dict[tuple[str, int], list[str]]:
    result: dict[tuple[str, int], list[str]] = {}
    for entry in entries:
        match = re.fullmatch(r"([^:]+):(\d{1,5}):(.+)", entry)
        if match is None:
            raise UsageError(f"--resolve {entry!r} is not HOST:PORT:ADDRESS")
        addresses = [each.strip("[]") for each in match[3].split(",")]
        result.setdefault((match[1].lower(), int(match[2])), []).extend(addresses)
    return result
