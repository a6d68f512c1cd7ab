"""What all results are made of: `Result` with its `meta`, fields that are worked out later, and the way to JSON."""

from __future__ import annotations

import base64
import datetime as dt
from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Any, ClassVar, Self

from nettools.frozen import Frozen, field
from nettools.results.headers import Headers

__all__ = ["NO_META", "Deferred", "Event", "Meta", "Reply", "Result", "TLSInfo", "as_dict", "attach", "plain"]


def plain(value: object, *, include_data: bool = False) -> Any:
    """A value as JSON can carry it: dates as ISO 8601 with their offset, paths as str, bytes as base64."""
    match value:
        case None | bool() | int() | float() | str():
            return value
        case bytes() | bytearray():
            return base64.b64encode(value).decode("ascii")
        case dt.datetime() | dt.date():
            return value.isoformat()
        case Result() | Meta() | TLSInfo():
            return value.to_dict(include_data=include_data)
        case Headers():
            return value.to_dict()
        case Mapping():
            return {str(key): plain(item, include_data=include_data) for key, item in value.items()}
        case set() | frozenset():
            return sorted(plain(item) for item in value)
        case Iterable():
            return [plain(item, include_data=include_data) for item in value]
    to_dict = getattr(value, "to_dict", None)
    return to_dict() if callable(to_dict) else str(value)


def as_dict(value: Any, include_data: bool) -> dict[str, Any]:
    """The fields of a dataclass as JSON can carry them; of bytes, size and SHA-256 unless they are wanted."""
    import hashlib  # OpenSSL's part of it is a twentieth of a small call

    result: dict[str, Any] = {}
    for name in value._fields:
        item = getattr(value, name)
        if isinstance(item, bytes) and not include_data:
            result.setdefault("size", len(item))
            result.setdefault("sha256", hashlib.sha256(item).hexdigest())
            continue
        result[name] = plain(item, include_data=include_data)
    return result


class TLSInfo(Frozen):
    """The TLS of a connection: `version` ("TLSv1.3"), `cipher`, `subject`, `issuer`, `not_after`."""

    version: str
    cipher: str
    subject: str | None = None
    issuer: str | None = None
    not_after: dt.datetime | None = None

    def to_dict(self, *, include_data: bool = False) -> dict[str, Any]:
        """As JSON can carry it."""
        return as_dict(self, include_data)


class Meta(Frozen):
    """How a result came about.

    `timings` are seconds by stage (resolve, connect, proxy, tls, greeting, login, first_byte, total); bytes are
    those on the wire, TLS records not counted; `round_trips` is how often the client had to wait for the server.
    """

    peer: str | None = None
    tls: TLSInfo | None = None
    timings: Mapping[str, float] = field(default_factory=dict, hash=False)
    bytes_sent: int = 0
    bytes_received: int = 0
    round_trips: int = 0
    attempts: int = 1
    warnings: tuple[str, ...] = ()

    def to_dict(self, *, include_data: bool = False) -> dict[str, Any]:
        """As JSON can carry it."""
        return as_dict(self, include_data)


NO_META = Meta()


class Result(Frozen):
    """The base of all results. Those with equal fields are equal, and hash alike; mappings take no part in the hash."""

    meta: Meta = field(default=NO_META, compare=False, repr=False, kw_only=True)

    def to_dict(self, *, include_data: bool = False) -> dict[str, Any]:
        """As JSON can carry it: bytes are left out but for `size` and `sha256`, unless `include_data` (base64)."""
        result = as_dict(self, include_data)
        result["meta"] = result.pop("meta")  # last, for the reader
        return result


class Deferred(Result):
    """A result some of whose fields are worked out when they are first asked for, and kept.

    `work_out(name)` gives the values of the field `name` and of those that come with it. Comparing, pickling, `to_dict`
    and repr ask for all fields, so that nobody can tell such a result from a complete one.
    """

    __slots__ = ("_work_out",)
    __match_args__: ClassVar[tuple[str, ...]]

    @classmethod
    def deferred(cls, work_out: Callable[[str], Mapping[str, Any]], **known: Any) -> Self:
        """One that has the fields of `known` already."""
        result = cls.__new__(cls)
        put = object.__setattr__
        put(result, "meta", NO_META)
        put(result, "_work_out", work_out)
        for name, value in known.items():
            put(result, name, value)
        return result

    if not TYPE_CHECKING:  # to type checkers there are the fields and nothing else

        def __getattr__(self, name: str) -> Any:  # asked only where the slot is still empty
            if name not in self.__match_args__:  # the fields but `meta`, which is always there
                raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}")
            found = self._work_out(name)
            for each, value in found.items():
                object.__setattr__(self, each, value)
            return found[name]


def attach(value: Any, meta: Meta) -> Any:
    """Give a result (or each of several) its meta; anything else is returned as it is."""
    if isinstance(value, Result):
        object.__setattr__(value, "meta", meta)
    elif isinstance(value, (tuple, list)):
        for item in value:
            if isinstance(item, Result):
                object.__setattr__(item, "meta", meta)
    return value


class Reply(Result):
    """A server's reply: `code` (int, "+OK", "OK"), its text, and its lines (bytes, without line ends)."""

    code: int | str
    text: str = ""
    lines: tuple[bytes, ...] = ()

    def __str__(self) -> str:
        return f"{self.code} {self.text}".rstrip()

    def to_dict(self, *, include_data: bool = False) -> dict[str, Any]:
        """As JSON can carry it; lines as text."""
        lines = [line.decode("utf-8", "replace") for line in self.lines]
        return {
            "code": self.code,
            "text": self.text,
            "lines": lines,
            "meta": plain(self.meta, include_data=include_data),
        }


class Event(Frozen):
    """One moment of a call, for `on_event`: seconds since its start, stage, kind, text and bytes, secrets masked.

    Of what went over the wire also: the `connection`'s number in this process, whether it was inside `tls`, and whether
    `beside` the call's own connection, as FTP's data is.
    """

    time: float
    stage: str
    kind: str
    text: str = ""
    bytes: bytes = b""
    connection: int = 0
    tls: bool = False
    beside: bool = False
