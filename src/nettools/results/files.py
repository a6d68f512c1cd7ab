"""What moving and listing files gives, whatever the protocol."""

from __future__ import annotations

import contextlib
import datetime as dt
import os
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, Generic, Literal

from nettools.frozen import field
from nettools.results.base import Deferred, Result, plain

if TYPE_CHECKING:
    from pathlib import Path

    from typing_extensions import TypeVar

    from nettools.errors import NettoolsError

    T = TypeVar("T", default=Any)  # so that a bare `Outcome` is one of anything
else:
    from typing import TypeVar

    T = TypeVar("T")

__all__ = ["Digest", "FileEntry", "MirrorReport", "Outcome", "Transfer", "digest_of"]

Digest = str | Callable[[], "str | None"] | None


class Transfer(Deferred):
    """A file that was moved. `data` is set where no destination was named; `resumed_from` is an offset in octets.

    `sha256` of `data`, and of a file of at most 1 MiB whose size was told, is of what was moved. Of a bigger file it is
    worked out when it is asked for, by reading it; it is None if it was changed, moved or removed since.
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
        defaults = {name: each.default for name, each in cls._fields.items() if name not in ("sha256", "meta")}
        return cls.deferred(lambda _: {"sha256": digest()}, **{**defaults, **known})

    def to_dict(self, *, include_data: bool = False) -> dict[str, Any]:
        """As JSON can carry it."""
        result = {name: plain(getattr(self, name)) for name in self._fields if name != "data"}
        if include_data and self.data is not None:
            result["data"] = plain(self.data)
        result["meta"] = result.pop("meta")
        return result


def digest_of(source: bytes | Path | None) -> Callable[[], str | None]:
    """What gives the SHA-256 of octets, or of a file as it is now: for `Transfer.sha256`, when it is asked for."""
    status = None if source is None or isinstance(source, bytes) else _version(os.stat(source))

    def work_out() -> str | None:
        import hashlib  # OpenSSL's part of it is a twentieth of a small call

        if source is None or isinstance(source, bytes):
            return None if source is None else hashlib.sha256(source).hexdigest()
        with contextlib.suppress(OSError), source.open("rb") as file:
            if _version(os.fstat(file.fileno())) == status:
                return hashlib.file_digest(file, "sha256").hexdigest()
        return None

    return work_out


def _version(status: os.stat_result) -> tuple[int, ...]:
    return status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns


class FileEntry(Deferred):
    """One entry of a listing. `kind` is file, dir, link or other; `precision` (of `modified`) day, minute or second."""

    name: str
    path: str
    kind: Literal["file", "dir", "link", "other"] = "file"
    size: int | None = None
    modified: dt.datetime | None = None
    permissions: str | None = None
    raw: str = field(default="", repr=False)
    target: str | None = None
    facts: Mapping[str, str] = field(default_factory=dict, repr=False, hash=False)
    precision: Literal["day", "minute", "second"] | None = None


class MirrorReport(Result):
    """What a mirror did: relative paths transferred, skipped, deleted; `failed` is {path: error}."""

    transferred: tuple[str, ...] = ()
    skipped: tuple[str, ...] = ()
    deleted: tuple[str, ...] = ()
    failed: Mapping[str, NettoolsError] = field(default_factory=dict, hash=False)


class Outcome(Result, Generic[T]):
    """One of many calls: `value` where it went well, `error` where it did not."""

    url: str
    ok: bool
    value: T | None = field(default=None, hash=False)
    error: Exception | None = None

    def result(self) -> T:
        """The value, or the error raised: as `result()` of a Future."""
        if self.error is not None:
            raise self.error
        return self.value  # type: ignore[return-value]  # None is one of T's here
