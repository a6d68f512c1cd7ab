"""The head of a request: what the caller gives, checked and made ready to be written (RFC 9110, RFC 9112 3, RFC 3986).

Nothing that came from the caller can begin a header or a request of its own. Knows no socket and no session.
"""

from __future__ import annotations

import contextlib
import functools
import re
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlencode

from nettools._version import __version__
from nettools.errors import UsageError

if TYPE_CHECKING:
    from nettools.protocols.http.form import Body
    from nettools.target import Target

__all__ = ["Fields", "address", "cookie_field", "head", "header_pairs", "host_field", "method_name", "with_params"]

TOKEN = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
USER_AGENT = f"nettools/{__version__}"
_ZONE = re.compile(r"%25[^\]]*")
FRAMING = ("content-length", "transfer-encoding")

Fields = list[tuple[str, str | None]]  # None: the field is not to be sent, not even by default


def method_name(method: str) -> str:
    """A method, if it is one; the well-known ones in upper case."""
    if not isinstance(method, str) or not TOKEN.fullmatch(method):
        raise UsageError(f"{method!r} is no HTTP method")
    return method.upper() if method.lower() in ("get", "head", "post", "put", "patch", "delete", "options") else method


def header_pairs(headers: Mapping[str, Any] | Iterable[tuple[str, Any]] | None) -> Fields:
    """Headers as pairs; None as a value means not to be sent.

    Raises:
        UsageError: a name or value has what no header has.
    """
    if not headers:
        return []
    try:
        pairs = list(headers.items() if isinstance(headers, Mapping) else headers)
    except TypeError:
        raise UsageError("headers= is a mapping, or (name, value) pairs") from None
    return [_field(pair) for pair in pairs]


def _field(pair: object) -> tuple[str, str | None]:
    if not isinstance(pair, (tuple, list)) or len(pair) != 2:
        raise UsageError("headers= is a mapping, or (name, value) pairs")
    name, value = pair
    if not isinstance(name, str) or not TOKEN.fullmatch(name):
        raise UsageError(f"{name!r} is no header name")
    if value is None:
        return name, None
    text = value.decode("latin-1") if isinstance(value, bytes) else str(value)
    if re.search(r"[\r\n\0]", text):
        raise UsageError(f"the header {name} has a CR, LF or NUL in it")
    try:
        text.encode("latin-1")
    except UnicodeEncodeError:
        raise UsageError(f"the header {name} has characters that HTTP headers cannot carry") from None
    return name, text.strip(" \t")


def cookie_field(cookies: Any) -> str:
    """The `cookies=` option as a header field."""
    if not cookies:
        return ""
    try:
        pairs = [(str(name), str(value)) for name, value in dict(cookies).items()]
    except (TypeError, ValueError):
        raise UsageError("cookies= is a mapping of names to values") from None
    for name, value in pairs:
        if not TOKEN.fullmatch(name) or ";" in value or not (value.isprintable() and _latin(value)):
            raise UsageError(f"the cookie {name!r} has what no cookie has")
    return "; ".join(f"{name}={value}" for name, value in pairs)


def _latin(text: str) -> bool:
    with contextlib.suppress(UnicodeEncodeError):
        text.encode("latin-1")
        return True
    return False


# --- where it goes

_PATH_SAFE = "!$%&'()*+,/:;=@[]~|^"
_QUERY_SAFE = _PATH_SAFE + "?/`{}"


def address(target: Target) -> str:
    """What stands in the request line: path and query, percent-encoded, without dot segments (RFC 3986 5.2.4)."""
    return _encoded(target.path or "/", target.query)


@functools.lru_cache(512)
def _encoded(path: str, query: str | None) -> str:
    if "/." in path:
        path = _without_dots(path)
    path = quote(path, safe=_PATH_SAFE)
    return path if query is None else f"{path}?{quote(query, safe=_QUERY_SAFE)}"


def _without_dots(path: str) -> str:
    parts: list[str] = []
    segments = path.split("/")[1:]
    for segment in segments:
        if segment == "..":
            del parts[-1:]
        elif segment != ".":
            parts.append(segment)
    if segments[-1] in (".", ".."):
        parts.append("")
    return "/" + "/".join(parts)


def with_params(url: str, params: Any) -> str:
    """The URL with a query added."""
    if not params:
        return url
    try:
        pairs = list(params.items()) if isinstance(params, Mapping) else params
        query = pairs if isinstance(pairs, str) else urlencode([(k, v) for k, v in pairs if v is not None], doseq=True)
    except (TypeError, ValueError):
        raise UsageError("params= is a mapping, (name, value) pairs, or a query as str") from None
    front, mark, fragment = url.partition("#")
    return front + ("&" if "?" in front else "?") + query + mark + fragment


def host_field(target: Target) -> str:
    """The value of Host: as in the URL, but for a zone, which means something here only (RFC 6874 4)."""
    return _ZONE.sub("", target.netloc)


# --- the head


def head(method: str, line: str, defaults: Iterable[tuple[str, str]], own: Fields, body: Body) -> bytes:
    """Request line and header.

    Args:
        line: the request target. defaults: fields that `own` may replace or, by None, leave out.
        body: its size decides how it is framed; a Content-Length of the caller's must agree with it.
    """
    lines = [f"{method} {line} HTTP/1.1"]
    if own:
        named = {name.lower() for name, _ in own}
        lines += [f"{name}: {value}" for name, value in defaults if name.lower() not in named]
        lines += [f"{name}: {value}" for name, value in own if value is not None and name.lower() not in FRAMING]
        _agree(own, body)
    else:
        lines += [f"{name}: {value}" for name, value in defaults]
    if body.data is not None:
        lines.append("Transfer-Encoding: chunked" if body.size is None else f"Content-Length: {body.size}")
    elif method in ("POST", "PUT", "PATCH"):
        lines.append("Content-Length: 0")
    lines += ("", "")
    return "\r\n".join(lines).encode("latin-1")


def _agree(own: Fields, body: Body) -> None:
    """Take the length that the caller gives for a stream; refuse one that contradicts the body."""
    for name, value in own:
        if name.lower() == "transfer-encoding" and value is not None:
            if value.lower() != "chunked" or body.data is None:
                raise UsageError("Transfer-Encoding is chunked, with a body, or is left to nettools")
            body.size = None
        elif name.lower() == "content-length" and value is not None:
            if not re.fullmatch("[0-9]{1,18}", value) or (body.size is not None and int(value) != body.size):
                raise UsageError(f"Content-Length {value[:20]!r} is not the size of the body")
            body.promise(int(value))
