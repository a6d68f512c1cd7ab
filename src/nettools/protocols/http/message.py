"""Requests: what the caller gives, checked and made ready to be written (RFC 9110, RFC 9112, RFC 7578).

Nothing that came from the caller can begin a header or a request of its own. Bodies are streamed: a file is never read
into memory, and one that can be read again can be sent again.
"""

from __future__ import annotations

import json as json_module
import mimetypes
import re
import secrets
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from nettools._version import __version__
from nettools.errors import FileError, UsageError
from nettools.files import file_error

__all__ = ["Body", "header_pairs", "make_body", "method_name", "with_params"]

TOKEN = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
USER_AGENT = f"nettools/{__version__}"

HeaderPairs = list[tuple[str, str | None]]


def method_name(method: str) -> str:
    """A method, if it is one."""
    if not isinstance(method, str) or not TOKEN.fullmatch(method):
        raise UsageError(f"{method!r} is no HTTP method")
    return method.upper() if method.lower() in ("get", "head", "post", "put", "patch", "delete", "options") else method


def header_pairs(headers: Mapping[str, Any] | Iterable[tuple[str, Any]] | None) -> HeaderPairs:
    """Headers as pairs; None as a value means not to be sent.

    Raises:
        UsageError: a name or value has what no header has.
    """
    if headers is None:
        return []
    pairs = list(headers.items() if isinstance(headers, Mapping) else headers)
    result: HeaderPairs = []
    for pair in pairs:
        if not isinstance(pair, tuple) or len(pair) != 2:
            raise UsageError("headers= is a mapping, or (name, value) pairs")
        name, value = pair
        if not isinstance(name, str) or not TOKEN.fullmatch(name):
            raise UsageError(f"{name!r} is no header name")
        if value is None:
            result.append((name, None))
            continue
        text = value.decode("latin-1") if isinstance(value, bytes) else str(value)
        if re.search(r"[\r\n\0]", text):
            raise UsageError(f"the header {name} has a CR, LF or NUL in it")
        try:
            text.encode("latin-1")
        except UnicodeEncodeError:
            raise UsageError(f"the header {name} has characters that HTTP headers cannot carry") from None
        result.append((name, text.strip(" \t")))
    return result


def with_params(url: str, params: Any) -> str:
    """The URL with a query added."""
    if not params:
        return url
    pairs = list(params.items()) if isinstance(params, Mapping) else params
    query = pairs if isinstance(pairs, str) else urlencode([(k, v) for k, v in pairs if v is not None], doseq=True)
    front, mark, fragment = url.partition("#")
    return front + ("&" if "?" in front else "?") + query + mark + fragment


class Body:
    """A body: `headers` it needs, and `data` for requests; `again()` makes it ready to be sent once more."""

    def __init__(self, data: Any = None, kind: str | None = None, *, start: int | None = None) -> None:
        self.data = data
        self.kind = kind
        self._start = start

    @property
    def repeatable(self) -> bool:
        """Whether it can be sent again."""
        return self.data is None or isinstance(self.data, (bytes, Multipart)) or self._start is not None

    def again(self) -> None:
        """Begin at its beginning."""
        if self._start is not None:
            self.data.seek(self._start)


def make_body(data: Any, json: Any, files: Any) -> Body:
    """The body that `data=`, `json=` and `files=` mean; at most one of `data` and `json`.

    Raises:
        UsageError, FileError (exit code 26).
    """
    if json is not None:
        if data is not None or files:
            raise UsageError("json= does not go with data= or files=")
        try:
            text = json_module.dumps(json, ensure_ascii=False, allow_nan=False)
        except (TypeError, ValueError) as error:
            raise UsageError(f"json= cannot be written as JSON: {error}") from error
        return Body(text.encode("utf-8", "surrogatepass"), "application/json")
    if files:
        return _multipart(data, files)
    if data is None:
        return Body()
    if isinstance(data, str):
        return Body(data.encode("utf-8"))
    if isinstance(data, (bytes, bytearray, memoryview)):
        return Body(bytes(data))
    if isinstance(data, Mapping) or (isinstance(data, (list, tuple)) and all(isinstance(e, tuple) for e in data)):
        pairs = list(data.items()) if isinstance(data, Mapping) else data
        text = urlencode([(key, value) for key, value in pairs if value is not None], doseq=True)
        return Body(text.encode("ascii"), "application/x-www-form-urlencoded")
    if callable(getattr(data, "read", None)):
        try:
            start = data.tell() if data.seekable() else None
        except (AttributeError, OSError):
            start = None
        return Body(data, start=start)
    if isinstance(data, Iterable):
        return Body(_blocks(data))
    raise UsageError(
        f"data= is bytes, str, a mapping, a binary file or an iterable of bytes, not {type(data).__name__}"
    )


def _blocks(data: Iterable[Any]) -> Iterator[bytes]:
    for block in data:
        if not isinstance(block, (bytes, bytearray, memoryview)):
            raise UsageError(f"data= is an iterable of bytes, not of {type(block).__name__}")
        if len(block):
            yield bytes(block)


# --- multipart/form-data


class Multipart:
    """A form as a body whose length is known and whose files are read while it is sent."""

    def __init__(self, parts: list[tuple[bytes, bytes | Path, int]], boundary: str) -> None:
        self.parts = parts
        self.end = f"--{boundary}--\r\n".encode()
        self.len = sum(len(head) + size + 2 for head, _, size in parts) + len(self.end)

    def __len__(self) -> int:
        return self.len

    def __iter__(self) -> Iterator[bytes]:
        for head, content, size in self.parts:
            yield head
            if isinstance(content, bytes):
                if content:
                    yield content
            else:
                yield from self._file(content, size)
            yield b"\r\n"
        yield self.end

    @staticmethod
    def _file(path: Path, size: int) -> Iterator[bytes]:
        left = size
        try:
            with path.open("rb") as file:
                while left and (block := file.read(min(left, 256 * 1024))):
                    left -= len(block)
                    yield block
        except OSError as error:
            raise file_error(error, "read", path, reading=True) from error
        if left:
            raise FileError(f"{path} became shorter while it was sent", filename=str(path), exit_code=26)


def _multipart(data: Any, files: Any) -> Body:
    boundary = secrets.token_hex(16)
    parts: list[tuple[bytes, bytes | Path, int]] = []
    fields = list(data.items()) if isinstance(data, Mapping) else list(data or ())
    for name, value in fields:
        for each in value if isinstance(value, (list, tuple)) else (value,):
            content = each if isinstance(each, bytes) else str(each).encode()
            parts.append((_head(boundary, name, None, None), content, len(content)))
    for name, value in files.items() if isinstance(files, Mapping) else files:
        parts.append(_part(boundary, name, value))
    return Body(Multipart(parts, boundary), f"multipart/form-data; boundary={boundary}")


def _part(boundary: str, name: str, value: Any) -> tuple[bytes, bytes | Path, int]:
    kind = None
    filename: str | None
    if isinstance(value, tuple):
        if len(value) not in (2, 3):
            raise UsageError("a file of a form is a path, or (name, content) or (name, content, type)")
        filename, content = value[:2]
        kind = value[2] if len(value) == 3 else None
    elif hasattr(value, "read"):
        filename, content = Path(str(getattr(value, "name", "file"))).name, value
    else:
        filename, content = (Path(value).name, Path(value)) if isinstance(value, (str, Path)) else ("file", value)
    if hasattr(content, "read"):
        content = content.read()
    if isinstance(content, str):
        content = content.encode() if isinstance(value, tuple) else Path(content)
    if isinstance(content, Path):
        try:
            size = content.stat().st_size
            with content.open("rb"):
                pass
        except OSError as error:
            raise file_error(error, "read", content, reading=True) from error
    elif isinstance(content, (bytes, bytearray, memoryview)):
        content = bytes(content)
        size = len(content)
    else:
        raise UsageError(f"a file of a form has bytes, a path or a binary file, not {type(content).__name__}")
    if kind is None and filename is not None:
        kind = mimetypes.guess_type(filename)[0] or "application/octet-stream"
    return _head(boundary, name, filename, kind), content, size


def _head(boundary: str, name: str, filename: str | None, kind: str | None) -> bytes:
    head = f'--{boundary}\r\nContent-Disposition: form-data; name="{_quoted(name)}"'
    if filename is not None:
        head += f'; filename="{_quoted(filename)}"'
    if kind is not None:
        if re.search(r"[\r\n\0]", kind):
            raise UsageError("a content type has a CR, LF or NUL in it")
        head += f"\r\nContent-Type: {kind}"
    return (head + "\r\n\r\n").encode()


def _quoted(text: str) -> str:
    """A name in a form, as browsers write it (HTML Living Standard 4.10.22.7)."""
    return str(text).replace('"', "%22").replace("\r", "%0D").replace("\n", "%0A").replace("\0", "%00")
