"""The language of faults, as text and as JSON: what `server.on(...).reply(...)` says, for a command line or a file.

    smtp RCPT arg='bob@' reply='451 4.3.0 later' times=2       {"protocol": "smtp", "verb": "RCPT", "reply": "451 ..."}
    imap connect bandwidth=10000                                http GET truncate=100 probability=0.1 seed=7
    ftp data reset after=100000                                 smtp tls expired times=1

A fault is an optional protocol, a verb (`*` is any, the default) or a point in lower case - `connect`, `tls`, FTP's
`data`, a proxy's `up` and `down` - then settings as `name=value` or bare words. Exactly one of them is an action; its
value is the method's first argument, and the others are the method's other arguments. Octets are written with Python's
escapes. In JSON the same names are keys, and an action without a value is true.
"""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from nettools.testing.rules import Rule

__all__ = ["ACTIONS", "Fault", "FaultError", "load_faults", "parse_fault"]


class Ruled(Protocol):
    """What takes rules: a server. FTP's has `data` besides, a proxy `up` and `down`."""

    def on(self, verb: str, arg: str | None = None, *, user: str | None = None, connection: int | None = None) -> Rule:
        """A rule for a command."""

    def on_connect(self, *, connection: int | None = None) -> Rule:
        """A rule for a new connection."""


class FaultError(ValueError):
    """What was given is no fault; the message says why."""


def _octets(value: Any) -> bytes:
    if not isinstance(value, str):
        raise FaultError(f"octets are text with escapes, not {value!r}")
    try:
        return value.encode("latin-1", "backslashreplace").decode("unicode_escape").encode("latin-1")
    except UnicodeError:
        raise FaultError(f"{value!r} are no octets: escapes are \\r \\n \\x00") from None


def _flag(value: Any) -> bool:
    if value in (True, "", "true", "yes", "1"):
        return True
    if value in (False, "false", "no", "0"):
        return False
    raise FaultError(f"{value!r} is neither true nor false")


ACTIONS: dict[str, Any] = {
    "reply": str,
    "garbage": _octets,
    "delay": float,
    "truncate": int,
    "bandwidth": int,
    "corrupt": int,
    "inject_after_starttls": _octets,
    **dict.fromkeys(("dribble", "drop", "reset", "hang", "refuse", "close_after", "dead_port", "no_226")),
    **dict.fromkeys(("expired", "wrong_host", "untrusted", "old_version", "plaintext", "cut_handshake")),
    **dict.fromkeys(("no_close_notify", "strip_starttls")),
}
SETTINGS: dict[str, Any] = {
    **dict.fromkeys(("times", "after", "nth", "seed", "chunk"), int),
    **dict.fromkeys(("probability", "every"), float),
    **dict.fromkeys(("optional", "close"), _flag),
}
NARROWING: dict[str, Any] = {"arg": str, "user": str, "connection": int}
PLACES = ("protocol", "verb")
POINTS = ("connect", "data", "tls", "up", "down")


@dataclass(frozen=True, slots=True)
class Fault:
    """One fault: for which protocol (None: any), at which verb or point, narrowed how, what, and when."""

    protocol: str | None
    verb: str
    action: str
    value: Any = None
    narrowing: Mapping[str, Any] = field(default_factory=dict)
    settings: Mapping[str, Any] = field(default_factory=dict)

    def install(self, server: Ruled) -> Rule:
        """Make it a rule of a server.

        Raises:
            FaultError: this server, or this point, has no such action.
        """
        try:
            target, narrowing = self._target(server)
            act = getattr(target, self.action, None)
            if act is None:
                raise FaultError(f"{self.action} is nothing that can happen at {self.verb!r}")
            rule: Rule = act(*(() if self.value is None else (self.value,)), **narrowing, **self.settings)
        except TypeError as error:  # the method takes no such argument
            raise FaultError(f"{self.verb} {self.action}: {str(error).partition(' ')[2]}") from None
        except re.error as error:
            raise FaultError(f"arg={self.narrowing.get('arg')!r} is no regular expression: {error}") from None
        return rule

    def _target(self, server: Ruled) -> tuple[Any, Mapping[str, Any]]:
        """What has the action's method, and what of the narrowing is the method's business."""
        if self.verb == "connect":
            return server.on_connect(**self.narrowing), {}
        if self.verb in POINTS and hasattr(server, self.verb):
            return getattr(server, self.verb), self.narrowing
        return server.on(self.verb, **self.narrowing), {}  # SMTP has a verb DATA

    def to_dict(self) -> dict[str, Any]:
        """The fault as JSON has it."""
        value = True if self.value is None else self.value
        if isinstance(value, bytes):
            value = value.decode("latin-1").encode("unicode_escape").decode("ascii")
        found = {"protocol": self.protocol, "verb": self.verb, **self.narrowing, self.action: value, **self.settings}
        return {name: each for name, each in found.items() if each is not None}


def _convert(kind: Any, name: str, value: Any) -> Any:
    if isinstance(value, bool) and kind is not _flag:
        raise FaultError(f"{name} needs a value")
    try:
        return kind(value)
    except FaultError:
        raise
    except (TypeError, ValueError):
        raise FaultError(f"{name}={value!r} is no {'number' if kind in (int, float) else kind.__name__}") from None


def _from_mapping(given: Any) -> Fault:
    if not isinstance(given, Mapping):
        raise FaultError(f"a fault in JSON is an object, not {given!r}")
    if not isinstance(given.get("protocol"), str | None):
        raise FaultError(f"{given['protocol']!r} is no protocol")
    actions = [name for name in given if name in ACTIONS]
    known = {*PLACES, *NARROWING, *SETTINGS, *ACTIONS}
    if unknown := [name for name in given if name not in known]:
        raise FaultError(f"{unknown[0]!r} is neither an action ({', '.join(sorted(ACTIONS))}) nor a setting")
    if len(actions) != 1:
        raise FaultError("a fault has exactly one action" + (f", not {' and '.join(actions)}" if actions else ""))
    action, kind = actions[0], ACTIONS[actions[0]]
    value = given[action]
    if kind is None and value not in (True, ""):
        raise FaultError(f"{action} takes no value")
    bare = kind is None or (action == "corrupt" and value is True)
    return Fault(
        given.get("protocol"),
        str(given.get("verb", "*")),
        action,
        None if bare else _convert(kind, action, value),
        {name: _convert(kind, name, given[name]) for name, kind in NARROWING.items() if name in given},
        {name: _convert(kind, name, given[name]) for name, kind in SETTINGS.items() if name in given},
    )


def parse_fault(given: str | Mapping[str, Any], protocols: Iterable[str] = ()) -> Fault:
    """A fault from its text, or from JSON's object; `protocols` are the names that a text may begin with.

    Raises:
        FaultError: it is none.
    """
    if not isinstance(given, str):
        return _from_mapping(given)
    if given.lstrip().startswith("{"):
        try:
            return _from_mapping(json.loads(given))
        except (json.JSONDecodeError, RecursionError) as error:
            raise FaultError(f"this is no JSON: {error}") from None
    try:
        words = shlex.split(given)
    except ValueError as error:
        raise FaultError(f"{given!r}: {error}") from None
    found: dict[str, Any] = {}
    places = ["protocol", "verb"] if words and words[0] in protocols else ["verb"]
    for word in words:
        name, equals, value = word.partition("=")
        if equals:
            found[name] = value
        elif word in ACTIONS or word in ("optional", "close"):
            found[word] = True
        elif places:
            found[places.pop(0)] = word
        else:
            raise FaultError(f"{given!r}: {word!r} is one word too many; values are name=value")
    return _from_mapping(found)


def load_faults(text: str, protocols: Iterable[str] = ()) -> Iterator[Fault]:
    """The faults of a file: a JSON array of objects, or one fault's text a line; `#` begins a remark.

    Raises:
        FaultError: something in it is none.
    """
    if text.lstrip().startswith("["):
        try:
            given = json.loads(text)
        except (json.JSONDecodeError, RecursionError) as error:
            raise FaultError(f"this is no JSON: {error}") from None
        yield from (parse_fault(each, protocols) for each in given)
        return
    for line in text.splitlines():
        if line.strip() and not line.lstrip().startswith("#"):
            yield parse_fault(line, protocols)
