"""Bodies of requests: bytes, JSON, forms, files and iterables, streamed (RFC 9110 6.4, RFC 7578).

A file is never read into memory, and what can be read again can be sent again. A body whose size is not known is sent
in chunks. Knows no socket and no headers but the type of what it holds.
"""

from __future__ import annotations

import io
import json as json_module
import os
import re
import stat
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from nettools.errors import FileError, NettoolsError, UsageError
from nettools.files import file_error

__all__ = ["Body", "make_body"]

BLOCK = 256 * 1024


class Body:
    """A body: `data` as given (None for none, bytes where it is held), its `size` (None: not known), and its `kind`."""

    repeatable = True

    def __init__(self, data: bytes | None = None, kind: str | None = None) -> None:
        self.data: Any = data
        self.kind = kind
        self.size: int | None = 0 if data is None else len(data)

    def blocks(self) -> Iterator[bytes]:
        """The octets, from the beginning where that can be had."""
        if self.data:
            yield self.data

    def promise(self, size: int) -> None:
        """The caller says how long a body is whose size is not known."""
        self.size = size


class _Stream(Body):
    """A binary file from where it stands, or an iterable of bytes."""

    def __init__(self, data: Any, kind: str | None = None) -> None:
        super().__init__(None, kind)
        self.data = data
        self._start, self.size = _extent(data)
        self.repeatable = self._start is not None

    def blocks(self) -> Iterator[bytes]:
        if callable(getattr(self.data, "read", None)):
            if self._start is not None:
                self.data.seek(self._start)
            yield from _read(self.data, self.size, getattr(self.data, "name", "the file"))
            return
        sent = 0
        for block in _each(self.data):
            if not isinstance(block, (bytes, bytearray, memoryview)):
                raise UsageError(f"data= is an iterable of bytes, not of {type(block).__name__}")
            sent += len(block)
            if self.size is not None and sent > self.size:
                break
            if len(block):
                yield bytes(block)
        if self.size is not None and sent != self.size:
            raise UsageError(f"data= does not have the {self.size} octets that Content-Length promises")


def _each(blocks: Iterable[Any]) -> Iterator[Any]:
    """The blocks of an iterable of the caller's, which may raise anything."""
    try:
        yield from blocks
    except NettoolsError:
        raise
    except Exception as error:
        raise FileError(f"cannot read (iterable): {error}", exit_code=26, stage="local") from error


def _extent(data: Any) -> tuple[int | None, int | None]:
    """Where a file stands, and how much is left of it; None for what cannot be told."""
    if isinstance(data, io.TextIOBase):
        raise UsageError("a body is a binary file", hint="open it with 'rb'")
    try:
        if not data.seekable():
            return None, None
        start = data.tell()
        end = data.seek(0, os.SEEK_END)
        data.seek(start)
    except (AttributeError, OSError, ValueError):
        return None, None
    return start, end - start


def _read(file: Any, size: int | None, name: object) -> Iterator[bytes]:
    """The next `size` octets of a file; all that is left if None."""
    left = size
    while left is None or left:
        try:
            block = file.read(BLOCK if left is None else min(left, BLOCK))
        except NettoolsError:
            raise
        except Exception as error:  # a file of the caller's may raise anything
            raise FileError(f"cannot read {name}: {error}", filename=str(name), exit_code=26) from error
        if not isinstance(block, (bytes, bytearray, memoryview)):
            raise UsageError(f"a binary file gives bytes, not {type(block).__name__}", hint="open it with 'rb'")
        if not block:
            if left:
                raise FileError(f"{name} became shorter while it was sent", filename=str(name), exit_code=26)
            return
        if left is not None:
            left -= len(block)
        yield bytes(block)


def make_body(data: Any, json: Any, files: Any) -> Body:
    """The body that `data=`, `json=` and `files=` mean; `json` goes with neither of the others.

    Raises:
        UsageError, FileError (exit code 26).
    """
    if json is not None:
        if data is not None or files:
            raise UsageError("json= does not go with data= or files=")
        try:
            text = json_module.dumps(json, ensure_ascii=False, allow_nan=False)
            return Body(text.encode("utf-8"), "application/json")
        except (TypeError, ValueError, RecursionError) as error:
            raise UsageError(f"json= cannot be written as JSON: {error}") from error
    if files:
        return _Form(data, files)
    if data is None:
        return Body()
    if isinstance(data, str):
        return Body(_encoded(data))
    if isinstance(data, (bytes, bytearray, memoryview)):
        return Body(bytes(data))
    if isinstance(data, Mapping) or (isinstance(data, (list, tuple)) and all(isinstance(e, tuple) for e in data)):
        return Body(_urlencoded(data), "application/x-www-form-urlencoded")
    if callable(getattr(data, "read", None)) or isinstance(data, Iterable):
        return _Stream(data)
    raise UsageError(
        f"data= is bytes, str, a mapping, a binary file or an iterable of bytes, not {type(data).__name__}"
    )


def _encoded(text: str) -> bytes:
    try:
        return text.encode("utf-8")
    except UnicodeEncodeError as error:
        raise UsageError(f"text that UTF-8 cannot carry: {error.reason}") from None


def _urlencoded(data: Any) -> bytes:
    pairs = list(data.items()) if isinstance(data, Mapping) else data
    try:
        return urlencode([(key, value) for key, value in pairs if value is not None], doseq=True).encode("ascii")
    except (TypeError, ValueError) as error:
        raise UsageError(f"data= is no form: {error}") from None


# --- multipart/form-data


class _Form(Body):
    """A form whose files are read while it is sent; its size is known unless one of them is a stream."""

    def __init__(self, data: Any, files: Any) -> None:
        boundary = os.urandom(16).hex()
        super().__init__(None, f"multipart/form-data; boundary={boundary}")
        self._parts = [
            (_head(boundary, name, None, None), _Held(each if isinstance(each, bytes) else _encoded(str(each))))
            for name, value in _pairs(data, "data")
            for each in (value if isinstance(value, (list, tuple)) else (value,))
            if each is not None
        ]
        for name, value in _pairs(files, "files"):
            filename, content, kind = _file(value)
            self._parts.append((_head(boundary, name, filename, kind), content))
        self._end = f"--{boundary}--\r\n".encode()
        self.data = self._parts
        self.repeatable = all(content.repeatable for _, content in self._parts)
        sizes = [content.size for _, content in self._parts]
        self.size = len(self._end) + sum(len(head) + 2 for head, _ in self._parts)
        for size in sizes:
            self.size = None if size is None or self.size is None else self.size + size

    def blocks(self) -> Iterator[bytes]:
        for head, content in self._parts:
            yield head
            yield from content.blocks()
            yield b"\r\n"
        yield self._end


_Held = Body


class _OnDisk(Body):
    """A file by its path."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self._path = path
        try:
            if stat.S_ISFIFO(path.stat().st_mode):  # it can be opened once, and nobody knows how long it is
                self.size, self.repeatable = None, False
                return
            with path.open("rb") as file:
                self.size = os.fstat(file.fileno()).st_size
        except (OSError, ValueError) as error:
            if isinstance(error, OSError):
                raise file_error(error, "read", path, reading=True) from error
            raise UsageError(f"{str(path)!r} is no path: {error}") from error

    def blocks(self) -> Iterator[bytes]:
        try:
            with self._path.open("rb") as file:
                yield from _read(file, self.size, self._path)
        except OSError as error:
            if isinstance(error, NettoolsError):
                raise
            raise file_error(error, "read", self._path, reading=True) from error


def _pairs(given: Any, what: str) -> list[tuple[str, Any]]:
    pairs = given.items() if isinstance(given, Mapping) else given or ()
    if not isinstance(pairs, Iterable):
        raise UsageError(f"{what}= of a form is a mapping, or (name, value) pairs")
    result = list(pairs)
    for pair in result:
        if not isinstance(pair, tuple) or len(pair) != 2 or not isinstance(pair[0], str):
            raise UsageError(f"{what}= of a form is a mapping, or (name, value) pairs")
    return result


def _file(value: Any) -> tuple[str | None, Body, str | None]:
    """What a file of a form is: its name, its content and its type; (None, text) is a plain field."""
    kind: str | None = None
    filename: str | None
    if isinstance(value, tuple):
        if len(value) not in (2, 3):
            raise UsageError("a file of a form is a path, or (name, content) or (name, content, type)")
        filename, content = value[:2]
        kind = value[2] if len(value) == 3 else None
        if isinstance(content, str):
            content = _encoded(content)
    elif isinstance(value, (str, os.PathLike)):
        filename, content = Path(value).name, Path(value)
    elif callable(getattr(value, "read", None)):
        filename, content = Path(str(getattr(value, "name", "file"))).name, value
    else:
        filename, content = "file", value
    if kind is None and filename is not None:
        import mimetypes  # it reads the system's tables

        kind = mimetypes.guess_type(filename)[0] or "application/octet-stream"
    if isinstance(content, (bytes, bytearray, memoryview)):
        return filename, _Held(bytes(content)), kind
    if isinstance(content, os.PathLike):
        return filename, _OnDisk(Path(content)), kind
    if callable(getattr(content, "read", None)):
        return filename, _Stream(content), kind
    raise UsageError(f"a file of a form has bytes, a path or a binary file, not {type(content).__name__}")


def _head(boundary: str, name: str, filename: str | None, kind: str | None) -> bytes:
    head = f'--{boundary}\r\nContent-Disposition: form-data; name="{_quoted(name)}"'
    if filename is not None:
        head += f'; filename="{_quoted(filename)}"'
    if kind is not None:
        if not isinstance(kind, str) or re.search(r"[\r\n\0]", kind):
            raise UsageError("a content type is a str without CR, LF and NUL")
        head += f"\r\nContent-Type: {kind}"
    return _encoded(head + "\r\n\r\n")


def _quoted(text: object) -> str:
    """A name in a form, as browsers write it (HTML Living Standard 4.10.22.7)."""
    return str(text).replace('"', "%22").replace("\r", "%0D").replace("\n", "%0A").replace("\0", "%00")
