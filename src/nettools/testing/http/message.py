"""Requests as the HTTP fake reads them, responses as it writes them (RFC 9112), by hand.

A request that makes no sense is a `BadRequest` with the status it deserves. Knows no files and no routes.
"""

from __future__ import annotations

import email.utils
import gzip
import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

from nettools.testing.connection import Connection, LineTooLongError

__all__ = ["BadRequest", "Request", "Response", "as_response", "json_response", "read_request", "write_response"]

MOST_HEADERS = 100
MOST_BODY = 1 << 30
CHUNK = 16 * 1024
COMPRESSED_FROM = 1024  # octets: smaller texts are not worth it
_NEVER = re.compile(r"q=0(\.0{0,3})?")  # RFC 9110 12.4.2
_TEXTUAL = re.compile(r"text/|application/(json|javascript|xml|xhtml\+xml)|image/svg\+xml")


@dataclass(frozen=True, slots=True)
class Request:
    """What a client asked: `path` is decoded, `query` a dict of last values, `headers` by lower-case name."""

    method: str
    target: str
    path: str
    query: dict[str, str]
    headers: dict[str, str]
    body: bytes
    version: str = "HTTP/1.1"
    peer: tuple[str, int] = ("", 0)
    tls: bool = False

    @property
    def cookies(self) -> dict[str, str]:
        """The cookies that came."""
        pairs = (each.strip().partition("=") for each in self.headers.get("cookie", "").split(";"))
        return {name: value for name, equals, value in pairs if equals}

    @property
    def keeps(self) -> bool:
        """Whether the client wants the connection to stay open."""
        words = {each.strip().lower() for each in self.headers.get("connection", "").split(",")}
        return "keep-alive" in words if self.version == "HTTP/1.0" else "close" not in words

    def json(self) -> Any:
        """The body as JSON, None where it is none."""
        try:
            return json.loads(self.body)
        except ValueError:
            return None


@dataclass(frozen=True, slots=True)
class Response:
    """What it gets; `chunked` sends the body in chunks, `cookies` are Set-Cookie fields."""

    status: int = 200
    body: bytes = b""
    headers: dict[str, str] = field(default_factory=dict)
    cookies: tuple[str, ...] = ()
    chunked: bool = False


class BadRequest(Exception):  # noqa: N818  # a refusal on its way out
    """A request that is answered with an error, and the connection closed."""

    def __init__(self, text: str, status: int = 400) -> None:
        super().__init__(text)
        self.status = status


def json_response(value: Any, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    """A value as JSON."""
    body = (json.dumps(value) + "\n").encode()
    return Response(status, body, {"Content-Type": "application/json", **(headers or {})})


def as_response(value: Any) -> Response:
    """What a route gives: a Response, text, bytes, a status, `(status, body)`, or anything that JSON can carry."""
    match value:
        case Response():
            return value
        case bool():
            return json_response(value)
        case int():
            return Response(value)
        case str():
            return Response(200, value.encode(), {"Content-Type": "text/plain; charset=utf-8"})
        case bytes():
            return Response(200, value, {"Content-Type": "application/octet-stream"})
        case (int() as status, body):
            inner = as_response(body)
            return Response(status, inner.body, inner.headers, inner.cookies, inner.chunked)
    return json_response(value)


# --- reading


async def read_request(conn: Connection) -> Request | None:
    """The next request of a connection, None at its end.

    Raises:
        BadRequest: it makes no sense.
    """
    try:
        line = await conn.readline()
        while line in (b"\r\n", b"\n"):  # RFC 9112 2.2
            line = await conn.readline()
    except LineTooLongError:
        raise BadRequest("a longer URL than is good", 414) from None
    if not line.endswith(b"\n"):
        return None
    match = re.fullmatch(rb"([!#$%&'*+.^_`|~0-9A-Za-z-]+) ([!-~\x80-\xff]+) HTTP/(\d)\.(\d)\r?\n", line)
    if match is None:
        raise BadRequest("no request line")
    if match[3] != b"1":
        raise BadRequest("HTTP/1 is spoken here", 505)
    version = "HTTP/1.0" if match[4] == b"0" else "HTTP/1.1"
    headers = await _headers(conn)
    if version == "HTTP/1.1" and ("host" not in headers or "," in headers["host"]):
        raise BadRequest("one Host is needed")
    target = match[2].decode("latin-1")
    body = await _body(conn, headers, version)
    try:
        parts = urlsplit(target if target.startswith(("/", "http:", "https:")) else "/" + target)
    except ValueError:
        raise BadRequest("no request target") from None
    return Request(
        method=match[1].decode("ascii"),
        target=target,
        path=unquote(parts.path, errors="surrogateescape"),
        query=dict(parse_qsl(parts.query, keep_blank_values=True)),
        headers=headers,
        body=body,
        version=version,
        peer=conn.peer,
        tls=conn.tls,
    )


async def _headers(conn: Connection) -> dict[str, str]:
    headers: dict[str, str] = {}
    count = 0
    sound = True  # what is not is refused behind the empty line: an answer in the middle would meet a reset
    try:
        while (line := await conn.readline()) not in (b"\r\n", b"\n", b""):
            count += 1
            if count > MOST_HEADERS:
                raise BadRequest("too many headers", 431)
            match = re.fullmatch(rb"([!#$%&'*+.^_`|~0-9A-Za-z-]+):[ \t]*([^\0\r\n]*?)[ \t]*\r?\n", line)
            if match is None:
                sound = False
                continue
            name, value = match[1].decode("ascii").lower(), match[2].decode("latin-1")
            headers[name] = f"{headers[name]}, {value}" if name in headers else value
    except LineTooLongError:
        raise BadRequest("too long a header", 431) from None
    if not sound:
        raise BadRequest("no header")
    return headers


async def _body(conn: Connection, headers: dict[str, str], version: str) -> bytes:
    coding, length = headers.get("transfer-encoding"), headers.get("content-length")
    if coding is not None and (length is not None or version == "HTTP/1.0"):
        raise BadRequest("Content-Length and Transfer-Encoding")
    if coding is not None and coding.lower() != "chunked":
        raise BadRequest("chunked is the only Transfer-Encoding", 501)
    if length is not None and not re.fullmatch(r"[0-9]{1,18}", length, re.ASCII):
        raise BadRequest("no Content-Length")
    if length is not None and int(length) > MOST_BODY:
        raise BadRequest("too much", 413)
    if headers.get("expect", "").lower() == "100-continue" and version == "HTTP/1.1":
        await conn.write(b"HTTP/1.1 100 Continue\r\n\r\n")
    if coding is None:
        return await conn.readexactly(int(length)) if length is not None and int(length) else b""
    body = bytearray()
    while size := await _chunk_size(conn):
        body += await conn.readexactly(size)
        if len(body) > MOST_BODY:
            raise BadRequest("too much", 413)
        if await conn.readexactly(2) != b"\r\n":
            raise BadRequest("a chunk that does not end where it says")
    await _headers(conn)  # trailers
    return bytes(body)


async def _chunk_size(conn: Connection) -> int:
    line = await conn.readline()
    match = re.fullmatch(rb"([0-9A-Fa-f]{1,15})[ \t]*(?:;[^\r\n]*)?\r?\n", line)
    if match is None:
        raise BadRequest("no size of a chunk")
    return int(match[1], 16)


# --- writing


def compressed(request: Request, response: Response) -> Response:
    """The response by gzip, where the client takes it and the body is a text that is worth it."""
    kind = response.headers.get("Content-Type", "")
    accepted = [each.partition(";") for each in request.headers.get("accept-encoding", "").lower().split(",")]
    wanted = any(name.strip() == "gzip" and not _NEVER.fullmatch(weight.strip()) for name, _, weight in accepted)
    if not (wanted and len(response.body) >= COMPRESSED_FROM and _TEXTUAL.match(kind) and response.status == 200):
        return response
    if "Content-Encoding" in response.headers or response.chunked:
        return response
    headers = {**response.headers, "Content-Encoding": "gzip", "Vary": "Accept-Encoding"}
    if "ETag" in headers:
        headers["ETag"] = "W/" + headers["ETag"]  # RFC 9110 8.8.1: other octets, the same meaning
    headers.pop("Accept-Ranges", None)
    return Response(response.status, gzip.compress(response.body, mtime=0), headers, response.cookies)


async def write_response(conn: Connection, request: Request | None, response: Response, *, keep: bool) -> None:
    """Head and body, in one piece."""
    old = request is not None and request.version == "HTTP/1.0"
    chunked = response.chunked and not old
    bodiless = response.status in (204, 205, 304) or response.status < 200
    headers = {"Date": email.utils.formatdate(usegmt=True), "Server": "nettools.testing", **response.headers}
    if chunked and not bodiless:
        headers["Transfer-Encoding"] = "chunked"
    elif response.status == 205:
        headers["Content-Length"] = "0"  # RFC 9110 15.3.6
    elif not bodiless:  # that of a 304 would have to be the file's (RFC 9110 8.6)
        headers.setdefault("Content-Length", str(len(response.body)))
    if not keep:
        headers["Connection"] = "close"
    elif old:
        headers["Connection"] = "keep-alive"
    lines = [f"HTTP/1.1 {response.status} {_reason(response.status)}"]
    lines += [f"{name}: {value}" for name, value in headers.items()]
    lines += [f"Set-Cookie: {cookie}" for cookie in response.cookies]
    head = "\r\n".join((*(re.sub(r"[\r\n]+", " ", line) for line in lines), "", "")).encode("utf-8")
    if bodiless or (request is not None and request.method == "HEAD"):
        await conn.write(head)
    elif chunked:
        await conn.write(head + b"".join(_chunks(response.body)))
    else:
        await conn.write(head + response.body)


def _chunks(body: bytes) -> Iterable[bytes]:
    for place in range(0, len(body), CHUNK):
        piece = body[place : place + CHUNK]
        yield b"%x\r\n%b\r\n" % (len(piece), piece)
    yield b"0\r\n\r\n"


def _reason(status: int) -> str:
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return "Status"
