"""What every call gives back: frozen, slotted, picklable values with `to_dict()`.

This module knows no protocol and no wire; it is where the words of all protocols meet, so that a script that can read
one result can read them all. Conventions: dates are aware datetimes; sizes are octets; text is decoded; tuples, never
lists. `meta` says how the result came about (peer, TLS, timings, bytes, round trips, attempts) and never takes part in
equality.
"""

from __future__ import annotations

import base64
import contextlib
import datetime as dt
import hashlib
import json
import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any, Literal, Self

__all__ = [
    "Address",
    "Article",
    "ArticleInfo",
    "Attachment",
    "Dialogue",
    "Event",
    "Exchange",
    "FileEntry",
    "Folder",
    "FolderStatus",
    "GopherItem",
    "Group",
    "Headers",
    "Mail",
    "MailInfo",
    "Meta",
    "MirrorReport",
    "Outcome",
    "Page",
    "PostReport",
    "Reply",
    "Result",
    "SendReport",
    "TLSInfo",
    "Transfer",
]


class Headers(Mapping[str, str]):
    """Header fields in the order received: a case-insensitive mapping that keeps repeated fields.

    `h["Name"]` is the first value, or all of them joined by `separator` where one was given (HTTP: RFC 9110 5.3);
    `h.get_all("Name")` is a tuple of all; `h.pairs` has every field as it came.
    """

    __slots__ = ("_index", "_separator", "pairs")

    pairs: tuple[tuple[str, str], ...]

    def __init__(self, pairs: Iterable[tuple[str, str]] = (), *, separator: str | None = None) -> None:
        self.pairs = tuple((str(name), str(value)) for name, value in pairs)
        self._separator = separator
        index: dict[str, list[str]] = {}
        for name, value in self.pairs:
            index.setdefault(name.lower(), []).append(value)
        self._index = index

    def __getitem__(self, name: str) -> str:
        values = self._index[name.lower()]
        return values[0] if self._separator is None else self._separator.join(values)

    def get_all(self, name: str) -> tuple[str, ...]:
        """Every value of a field, in order; empty when there is none."""
        return tuple(self._index.get(name.lower(), ()))

    def __contains__(self, name: object) -> bool:
        return isinstance(name, str) and name.lower() in self._index

    def __iter__(self) -> Iterator[str]:
        seen: set[str] = set()
        for name, _ in self.pairs:
            if name.lower() not in seen:
                seen.add(name.lower())
                yield name

    def __len__(self) -> int:
        return len(self._index)

    def __eq__(self, other: object) -> bool:
        if isinstance(other, Headers):
            return self.pairs == other.pairs
        if isinstance(other, Mapping):
            return dict(self) == dict(other)
        return NotImplemented

    def __hash__(self) -> int:
        return hash(self.pairs)

    def __repr__(self) -> str:
        return f"Headers({list(self.pairs)!r})"

    def __reduce__(self) -> tuple[Any, ...]:
        return _restore_headers, (self.pairs, self._separator)

    def to_dict(self) -> dict[str, str | list[str]]:
        """{name: value}, a list of values where the field is repeated."""
        return {name: values[0] if len(values := self._index[name.lower()]) == 1 else list(values) for name in self}


def _restore_headers(pairs: tuple[tuple[str, str], ...], separator: str | None) -> Headers:
    return Headers(pairs, separator=separator)


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


def _to_dict(value: Any, include_data: bool) -> dict[str, Any]:
    result: dict[str, Any] = {}
    for each in fields(value):
        item = getattr(value, each.name)
        if isinstance(item, bytes) and not include_data:
            result.setdefault("size", len(item))
            result.setdefault("sha256", hashlib.sha256(item).hexdigest())
            continue
        name = each.name
        result[name] = plain(item, include_data=include_data)
    return result


@dataclass(frozen=True, slots=True)
class TLSInfo:
    """The TLS of a connection: `version` ("TLSv1.3"), `cipher`, `subject`, `issuer`, `not_after`."""

    version: str
    cipher: str
    subject: str | None = None
    issuer: str | None = None
    not_after: dt.datetime | None = None

    def to_dict(self, *, include_data: bool = False) -> dict[str, Any]:
        """As JSON can carry it."""
        return _to_dict(self, include_data)


@dataclass(frozen=True, slots=True)
class Meta:
    """How a result came about.

    `timings` are seconds by stage (resolve, connect, proxy, tls, greeting, login, first_byte, total); bytes are
    those on the wire, TLS records not counted; `round_trips` is how often the client had to wait for the server.
    """

    peer: str | None = None
    tls: TLSInfo | None = None
    timings: Mapping[str, float] = field(default_factory=dict)
    bytes_sent: int = 0
    bytes_received: int = 0
    round_trips: int = 0
    attempts: int = 1
    warnings: tuple[str, ...] = ()

    def to_dict(self, *, include_data: bool = False) -> dict[str, Any]:
        """As JSON can carry it."""
        return _to_dict(self, include_data)


NO_META = Meta()


@dataclass(frozen=True, slots=True)
class Result:
    """The base of all results."""

    meta: Meta = field(default=NO_META, compare=False, repr=False, kw_only=True)

    def to_dict(self, *, include_data: bool = False) -> dict[str, Any]:
        """As JSON can carry it: bytes are left out but for `size` and `sha256`, unless `include_data` (base64)."""
        result = _to_dict(self, include_data)
        result["meta"] = result.pop("meta")  # last, for the reader
        return result


class Deferred(Result):
    """A result some of whose fields are worked out when they are first asked for, and kept.

    `work_out(name)` gives the values of the field `name` and of those that come with it. Comparing, pickling, `to_dict`
    and repr ask for all fields, so that nobody can tell such a result from a complete one.
    """

    __slots__ = ("_work_out",)

    @classmethod
    def deferred(cls, work_out: Callable[[str], Mapping[str, Any]], **known: Any) -> Self:
        """One that has the fields of `known` already."""
        result = cls.__new__(cls)
        for name, value in {"meta": NO_META, "_work_out": work_out, **known}.items():
            object.__setattr__(result, name, value)
        return result

    def __getattr__(self, name: str) -> Any:  # asked only where the slot is still empty
        if name == "_work_out" or name not in {each.name for each in fields(self)}:
            raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}")
        for each, value in self._work_out(name).items():
            object.__setattr__(self, each, value)
        return object.__getattribute__(self, name)


def attach(value: Any, meta: Meta) -> Any:
    """Give a result (or each of a tuple of them) its meta; anything else is returned as it is."""
    if isinstance(value, Result):
        object.__setattr__(value, "meta", meta)
    elif isinstance(value, tuple):
        for item in value:
            if isinstance(item, Result):
                object.__setattr__(item, "meta", meta)
    return value


@dataclass(frozen=True, slots=True)
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


@dataclass(frozen=True, slots=True)
class Event:
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


# --- HTTP


@dataclass(frozen=True, slots=True)
class Page(Result):
    """An HTTP answer (RFC 9110). `content` is without Content-Encoding; `text` by `encoding`; `links` are absolute."""

    url: str
    status: int
    reason: str
    headers: Headers
    content: bytes = field(default=b"", repr=False)
    encoding: str | None = None
    history: tuple[Page, ...] = ()
    cookies: Mapping[str, str] = field(default_factory=dict)

    @property
    def text(self) -> str:
        """The content as text; octets that the encoding does not have become U+FFFD."""
        try:
            return self.content.decode(self.encoding or "utf-8", "replace")
        except (LookupError, ValueError):  # no such encoding, or one that replaces nothing
            return self.content.decode("utf-8", "replace")

    @property
    def title(self) -> str | None:
        """The text of an HTML page's `<title>`, None where there is none."""
        return self._outline()[0]

    @property
    def links(self) -> tuple[str, ...]:
        """The targets of an HTML page's `<a href>`, absolute, in order, each once."""
        return self._outline()[1]

    def _outline(self) -> tuple[str | None, tuple[str, ...]]:
        from nettools.parse.html import outline  # only a page that is asked pays for the parser

        kind = self.headers.get("Content-Type", "").partition(";")[0].strip().lower()
        if kind not in ("text/html", "application/xhtml+xml"):
            return None, ()
        return outline(self.text, self.url)

    def json(self) -> Any:
        """The content as JSON; ValueError where it is none."""
        return json.loads(self.content)

    def to_dict(self, *, include_data: bool = False) -> dict[str, Any]:
        """As JSON can carry it, text, title and links included."""
        result = _to_dict(self, include_data)
        history, meta = result.pop("history"), result.pop("meta")
        title, links = self._outline()
        return {**result, "text": self.text, "title": title, "links": list(links), "history": history, "meta": meta}


# --- files

Digest = str | Callable[[], "str | None"] | None


@dataclass(frozen=True, slots=True)
class Transfer(Deferred):
    """A file that was moved. `data` is set where no destination was named; `resumed_from` is an offset in octets.

    `sha256` of a file or of `data` is worked out when it is asked for; of a file that was changed since, it is None.
    """

    path: Path | None = None
    data: bytes | None = field(default=None, repr=False)
    size: int = 0
    sha256: str | None = field(default=None, repr=False)
    modified: dt.datetime | None = None
    resumed_from: int | None = None
    skipped: bool = False

    @classmethod
    def moved(cls, digest: Digest, **known: Any) -> Transfer:
        """One whose SHA-256 is known, or worked out by `digest` when it is asked for."""
        if not callable(digest):
            return cls(sha256=digest, **known)
        defaults = {each.name: each.default for each in fields(cls) if each.name not in ("sha256", "meta")}
        return cls.deferred(lambda _: {"sha256": digest()}, **{**defaults, **known})

    def to_dict(self, *, include_data: bool = False) -> dict[str, Any]:
        """As JSON can carry it."""
        result = {each.name: plain(getattr(self, each.name)) for each in fields(self) if each.name != "data"}
        if include_data and self.data is not None:
            result["data"] = plain(self.data)
        result["meta"] = result.pop("meta")
        return result


def digest_of(source: bytes | Path | None) -> Callable[[], str | None]:
    """What gives the SHA-256 of octets, or of a file as it is now: for `Transfer.sha256`, when it is asked for."""
    status = None if source is None or isinstance(source, bytes) else _version(os.stat(source))

    def work_out() -> str | None:
        if source is None or isinstance(source, bytes):
            return None if source is None else hashlib.sha256(source).hexdigest()
        with contextlib.suppress(OSError), source.open("rb") as file:
            if _version(os.fstat(file.fileno())) == status:
                return hashlib.file_digest(file, "sha256").hexdigest()
        return None

    return work_out


def _version(status: os.stat_result) -> tuple[int, ...]:
    return status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns


@dataclass(frozen=True, slots=True)
class FileEntry(Result):
    """One entry of a listing. `kind` is file, dir, link or other; `precision` (of `modified`) day, minute or second."""

    name: str
    path: str
    kind: Literal["file", "dir", "link", "other"] = "file"
    size: int | None = None
    modified: dt.datetime | None = None
    permissions: str | None = None
    raw: str = field(default="", repr=False)
    target: str | None = None
    facts: Mapping[str, str] = field(default_factory=dict, repr=False)
    precision: Literal["day", "minute", "second"] | None = None


@dataclass(frozen=True, slots=True)
class MirrorReport(Result):
    """What a mirror did: relative paths transferred, skipped, deleted; `failed` is {path: error}."""

    transferred: tuple[str, ...] = ()
    skipped: tuple[str, ...] = ()
    deleted: tuple[str, ...] = ()
    failed: Mapping[str, Exception] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Outcome(Result):
    """One of many calls: `value` where it went well, `error` where it did not."""

    url: str
    ok: bool
    value: Any = None
    error: Exception | None = None


# --- mail


@dataclass(frozen=True, slots=True)
class Address(Result):
    """A mail address (RFC 5322 3.4): display name, mailbox (local part) and host."""

    name: str = ""
    mailbox: str = ""
    host: str = ""

    @property
    def address(self) -> str:
        """`mailbox@host`."""
        return f"{self.mailbox}@{self.host}" if self.host else self.mailbox

    def __str__(self) -> str:
        return f"{self.name} <{self.address}>" if self.name else self.address

    def to_dict(self, *, include_data: bool = False) -> dict[str, Any]:
        """As JSON can carry it."""
        return {"name": self.name, "mailbox": self.mailbox, "host": self.host, "address": self.address}


@dataclass(frozen=True, slots=True)
class SendReport(Result):
    """What became of a mail: addresses accepted, {address: ReplyError} refused, Message-ID, the server's last reply."""

    accepted: tuple[str, ...]
    refused: Mapping[str, Exception]
    message_id: str | None
    reply: Reply | None


@dataclass(frozen=True, slots=True)
class PostReport(Result):
    """What became of an article."""

    message_id: str | None
    reply: Reply | None


@dataclass(frozen=True, slots=True)
class MailInfo(Deferred):
    """One line of a mailbox. `uid` is the IMAP UID or POP3 UIDL, `number` the sequence or message number."""

    uid: str
    number: int | None
    folder: str | None
    subject: str = ""
    sender: Address | None = None
    to: tuple[Address, ...] = ()
    cc: tuple[Address, ...] = ()
    date: dt.datetime | None = None
    message_id: str | None = None
    flags: tuple[str, ...] = ()
    size: int | None = None


@dataclass(frozen=True, slots=True)
class Attachment(Result):
    """A part of a message that is a file, or an inline image (`inline`, `content_id`)."""

    name: str | None
    content_type: str
    data: bytes = field(repr=False)
    size: int = 0
    inline: bool = False
    content_id: str | None = None


@dataclass(frozen=True, slots=True)
class Mail(Deferred):
    """A whole message. `raw` is the exact octets; `defects` says what could not be read as the RFCs have it.

    Of a message that was fetched, the rest is read from `raw` when it is first asked for.
    """

    info: MailInfo
    text: str | None
    html: str | None
    attachments: tuple[Attachment, ...]
    headers: Headers
    raw: bytes = field(repr=False)
    defects: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Folder(Result):
    """A mailbox folder. `special_use` is an attribute of RFC 6154 such as `\\Sent`, None where it has none."""

    name: str
    delimiter: str | None
    flags: tuple[str, ...] = ()
    special_use: str | None = None


@dataclass(frozen=True, slots=True)
class FolderStatus(Result):
    """The state of a folder as SELECT or STATUS tells it (RFC 3501 6.3.1, 6.3.10)."""

    name: str
    exists: int | None = None
    unseen: int | None = None
    uid_next: int | None = None
    uid_validity: int | None = None
    flags: tuple[str, ...] = ()
    permanent_flags: tuple[str, ...] = ()
    highest_modseq: int | None = None
    readonly: bool | None = None


# --- news


@dataclass(frozen=True, slots=True)
class Group(Result):
    """A newsgroup (RFC 3977 6.1.1, 7.6.3); `posting` is the status letter as sent."""

    name: str
    count: int | None = None
    first: int | None = None
    last: int | None = None
    posting: str | None = None
    description: str | None = None


@dataclass(frozen=True, slots=True)
class ArticleInfo(Result):
    """One line of an overview (RFC 3977 8.3)."""

    number: int | None
    message_id: str | None
    subject: str = ""
    sender: Address | None = None
    date: dt.datetime | None = None
    references: tuple[str, ...] = ()
    size: int | None = None
    lines: int | None = None


@dataclass(frozen=True, slots=True)
class Article(Result):
    """A whole article (RFC 5536)."""

    info: ArticleInfo
    text: str | None
    attachments: tuple[Attachment, ...]
    headers: Headers
    raw: bytes = field(repr=False)
    defects: tuple[str, ...] = ()


# --- gopher, telnet, sockets


@dataclass(frozen=True, slots=True)
class GopherItem(Result):
    """One line of a menu (RFC 1436); `kind` is the type character, `url` None for kinds i and 3."""

    kind: str
    title: str
    selector: str
    host: str
    port: int | None
    url: str | None


@dataclass(frozen=True, slots=True)
class Dialogue(Result):
    """A Telnet dialogue: everything received as text and as bytes, and what each step received."""

    text: str
    data: bytes = field(repr=False)
    steps: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Exchange(Result):
    """An answer over a raw socket, and the address it came from."""

    data: bytes
    peer: str | None
