"""The HTTP fake: HTTP/1.1 by hand over the World's files, with routes to try a client on (RFC 9110, 9112).

Files: GET and HEAD with one byte range, ETag, Last-Modified and their conditions; a folder gives an index. Routes under
`/_`: echo, status, redirect, redirect-to, delay, headers, gzip, deflate, chunked, basic-auth, digest-auth, bearer,
cookies, form. `route(path, handler)` adds one: a function (or coroutine) of a `Request` that gives a `Response`.
"""

from __future__ import annotations

import asyncio
import base64
import datetime as dt
import email.utils
import gzip
import hashlib
import html
import inspect
import json
import mimetypes
import re
import zlib
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl, quote, unquote, urlsplit

from nettools.testing.server import Connection, LineTooLongError, Server
from nettools.testing.world import World

__all__ = ["HTTPServer", "Request", "Response"]

REASONS = {
    200: "OK", 201: "Created", 204: "No Content", 206: "Partial Content", 301: "Moved Permanently", 302: "Found",
    303: "See Other", 304: "Not Modified", 307: "Temporary Redirect", 308: "Permanent Redirect", 400: "Bad Request",
    401: "Unauthorized", 403: "Forbidden", 404: "Not Found", 405: "Method Not Allowed", 411: "Length Required",
    416: "Range Not Satisfiable", 429: "Too Many Requests", 500: "Internal Server Error", 503: "Service Unavailable",
}  # fmt: skip
MOST_HEADERS = 100


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


@dataclass(frozen=True, slots=True)
class Response:
    """What it gets; `chunked` sends the body in chunks."""

    status: int = 200
    body: bytes = b""
    headers: dict[str, str] = field(default_factory=dict)
    cookies: tuple[str, ...] = ()
    chunked: bool = False


class BadRequest(Exception):  # noqa: N818  # a refusal on its way out
    """A request that makes no sense."""


Handler = Callable[[Request], Any]


class HTTPServer(Server):
    """A web server over its World; `writable` lets PUT and DELETE change the files."""

    protocol = "http"
    tls_scheme = "https"
    has_starttls = False

    def __init__(self, world: World | None = None, *, writable: bool = False, **options: Any) -> None:
        super().__init__(world, **options)
        self.writable = writable
        self.routes: dict[str, Handler] = {}
        self.nonces: set[str] = set()

    def route(self, path: str, handler: Handler) -> None:
        """Answer a path by a function of the request."""
        self.routes[path] = handler

    refusal = "403 Forbidden"

    def render(self, text: str, tag: str = "") -> bytes:
        """A rule's reply: `503 Busy` is a whole response of that status."""
        if text.startswith("HTTP/"):
            return super().render(text)
        return f"HTTP/1.1 {text}\r\nContent-Length: 0\r\n\r\n".encode("latin-1")

    # -- the connection

    async def session(self, conn: Connection) -> None:
        """Requests one after the other, until one of the sides has enough."""
        while True:
            try:
                request = await self._request(conn)
            except (BadRequest, LineTooLongError, ValueError) as error:
                await self._respond(conn, None, Response(400, f"{error}\n".encode()))
                return
            if request is None:
                return
            if await self.intercept(conn, request.method, request.target):
                continue
            response = self._answer(request)
            if inspect.isawaitable(response):
                response = await response
            await self._respond(conn, request, response)
            keep = request.headers.get("connection", "").lower()
            if keep == "close" or (request.version == "HTTP/1.0" and keep != "keep-alive"):
                return

    async def _request(self, conn: Connection) -> Request | None:
        line = await conn.readline()
        if not line.strip():
            return None
        match = re.fullmatch(rb"([!-~]+) ([!-~]+) (HTTP/1\.[01])\r?\n", line)
        if match is None:
            raise BadRequest("no request line")
        headers: dict[str, str] = {}
        while (line := await conn.readline()) not in (b"\r\n", b"\n", b""):
            name, colon, value = line.decode("latin-1").partition(":")
            if not colon or not name or name != name.strip() or len(headers) > MOST_HEADERS:
                raise BadRequest("no header")
            key = name.lower()
            headers[key] = f"{headers[key]}, {value.strip()}" if key in headers else value.strip()
        if "host" not in headers and match[3] == b"HTTP/1.1":
            raise BadRequest("no Host")
        body = await self._body(conn, headers)
        target = match[2].decode("ascii")
        parts = urlsplit(target)
        query = dict(parse_qsl(parts.query, keep_blank_values=True))
        return Request(match[1].decode(), target, unquote(parts.path), query, headers, body, match[3].decode())

    async def _body(self, conn: Connection, headers: dict[str, str]) -> bytes:
        if headers.get("expect", "").lower() == "100-continue":
            await conn.write(b"HTTP/1.1 100 Continue\r\n\r\n")
        if "chunked" in headers.get("transfer-encoding", "").lower():
            body = bytearray()
            while size := int((await conn.readline()).split(b";")[0], 16):
                body += await conn.readexactly(size)
                await conn.readline()
            while (await conn.readline()).strip():
                pass
            return bytes(body)
        length = int(headers.get("content-length", "0"))
        if length < 0:
            raise BadRequest("a negative length")
        return await conn.readexactly(length) if length else b""

    async def _respond(self, conn: Connection, request: Request | None, response: Response) -> None:
        reason = REASONS.get(response.status, "Status")
        headers = {"Date": email.utils.formatdate(usegmt=True), "Server": "nettools.testing", **response.headers}
        bodiless = response.status in (204, 304) or response.status < 200
        if response.chunked:
            headers["Transfer-Encoding"] = "chunked"
        elif not bodiless or response.status == 304:
            headers.setdefault("Content-Length", str(len(response.body)))
        if request is None:
            headers["Connection"] = "close"
        lines = [f"HTTP/1.1 {response.status} {reason}", *(f"{name}: {value}" for name, value in headers.items())]
        lines += [f"Set-Cookie: {cookie}" for cookie in response.cookies]
        head = "\r\n".join((*lines, "", "")).encode("utf-8")
        body = b"" if bodiless or (request is not None and request.method == "HEAD") else response.body
        if response.chunked and body:
            pieces = [body[place : place + 1000] for place in range(0, len(body), 1000)]
            body = b"".join(b"%x\r\n%b\r\n" % (len(piece), piece) for piece in pieces)
        if response.chunked and request is not None and request.method != "HEAD":
            body += b"0\r\n\r\n"
        await conn.write(head + body)

    # -- what is answered

    def _answer(self, request: Request) -> Any:
        if request.path in self.routes:
            return self.routes[request.path](request)
        if request.path.startswith("/_"):
            name, _, rest = request.path[2:].partition("/")
            handler = getattr(self, "do_" + name.replace("-", "_"), None)
            return Response(404, b"no such route\n") if handler is None else handler(request, rest)
        if request.method in ("GET", "HEAD"):
            return self._file(request)
        if not self.writable or request.method not in ("PUT", "DELETE"):
            return Response(405, b"not allowed\n", {"Allow": "GET, HEAD"})
        name = request.path.strip("/")
        if request.method == "PUT":
            status = 204 if name in self.world.files else 201
            self.world.files[name] = request.body
            return Response(status)
        if name not in self.world.files:
            return Response(404, b"not found\n")
        del self.world.files[name]
        return Response(204)

    def _file(self, request: Request) -> Response:
        files = self.world.files
        file = files.file(request.path)
        if file is None:
            if not files.is_folder(request.path):
                return Response(404, b"not found\n", {"Content-Type": "text/plain"})
            if not request.path.endswith("/"):
                return Response(301, b"", {"Location": quote(request.path) + "/"})
            return self._index(request.path)
        etag = '"' + hashlib.sha256(file.data).hexdigest()[:16] + '"'
        modified = email.utils.format_datetime(file.modified.astimezone(dt.UTC), usegmt=True)
        kind = mimetypes.guess_type(request.path)[0] or "application/octet-stream"
        if kind.startswith("text/"):
            kind += "; charset=utf-8"
        headers = {"ETag": etag, "Last-Modified": modified, "Accept-Ranges": "bytes", "Content-Type": kind}
        asked = request.headers
        if asked.get("if-none-match") in (etag, "*"):
            return Response(304, b"", headers)
        if "if-none-match" not in asked and _since(asked.get("if-modified-since"), file.modified):
            return Response(304, b"", headers)
        if "range" in asked and asked.get("if-range", etag) in (etag, modified):
            return self._range(asked["range"], file.data, headers)
        return Response(200, file.data, headers)

    def _range(self, text: str, data: bytes, headers: dict[str, str]) -> Response:
        match = re.fullmatch(r"bytes=(\d*)-(\d*)", text.strip())
        if match is None or match[0] == "bytes=-":
            return Response(200, data, headers)
        if not match[1]:
            first, last = max(0, len(data) - int(match[2])), len(data) - 1
        else:
            first, last = int(match[1]), min(int(match[2] or len(data) - 1), len(data) - 1)
        if first > last:
            return Response(416, b"", {**headers, "Content-Range": f"bytes */{len(data)}"})
        headers["Content-Range"] = f"bytes {first}-{last}/{len(data)}"
        return Response(206, data[first : last + 1], headers)

    def _index(self, path: str) -> Response:
        rows = []
        for name, file, _ in self.world.files.children(path):
            shown = name if file is not None else name + "/"
            rows.append(f'<li><a href="{quote(shown)}">{html.escape(shown)}</a>')
        text = f"<!DOCTYPE html>\n<title>Index of {html.escape(path)}</title>\n<ul>\n" + "\n".join(rows) + "\n</ul>\n"
        return Response(200, text.encode(), {"Content-Type": "text/html; charset=utf-8"})

    # -- routes to try a client on

    def do_echo(self, request: Request, rest: str) -> Response:
        """The request's body, with its type."""
        return Response(
            200, request.body, {"Content-Type": request.headers.get("content-type", "application/octet-stream")}
        )

    def do_status(self, request: Request, rest: str) -> Response:
        """That status."""
        status = int(rest) if rest.isdigit() and 200 <= int(rest) <= 599 else 400
        return Response(status, f"{status}\n".encode(), {"Content-Type": "text/plain"})

    def do_redirect(self, request: Request, rest: str) -> Response:
        """So many redirects, then the greeting."""
        left = int(rest) if rest.isdigit() else 1
        return Response(302, b"", {"Location": "/pub/hello.txt" if left <= 1 else f"/_redirect/{left - 1}"})

    def do_redirect_to(self, request: Request, rest: str) -> Response:
        """A redirect to `url`, with `status`."""
        return Response(int(request.query.get("status", "302")), b"", {"Location": request.query.get("url", "/")})

    async def do_delay(self, request: Request, rest: str) -> Response:
        """An answer after so many seconds."""
        await asyncio.sleep(float(rest))
        return Response(200, b"late\n", {"Content-Type": "text/plain"})

    def do_headers(self, request: Request, rest: str) -> Response:
        """The request's headers."""
        return _json(request.headers)

    def do_gzip(self, request: Request, rest: str) -> Response:
        """Compressed by gzip."""
        return Response(
            200, gzip.compress(b"compressed\n" * 100), {"Content-Encoding": "gzip", "Content-Type": "text/plain"}
        )

    def do_deflate(self, request: Request, rest: str) -> Response:
        """Compressed by deflate, `raw` without zlib's header."""
        data = zlib.compress(b"compressed\n" * 100)
        body = data[2:-4] if rest == "raw" else data
        return Response(200, body, {"Content-Encoding": "deflate", "Content-Type": "text/plain"})

    def do_chunked(self, request: Request, rest: str) -> Response:
        """In chunks."""
        return Response(200, b"in chunks\n" * 500, {"Content-Type": "text/plain"}, chunked=True)

    def do_form(self, request: Request, rest: str) -> Response:
        """What a form held: fields, and files with name, type, size and digest."""
        kind = request.headers.get("content-type", "")
        if kind.startswith("application/x-www-form-urlencoded"):
            return _json({"fields": dict(parse_qsl(request.body.decode(), keep_blank_values=True)), "files": {}})
        match = re.search(r"boundary=\"?([^\";]+)", kind)
        return Response(400, b"no form\n") if match is None else _json(_multipart(request.body, match[1].encode()))

    def do_cookies(self, request: Request, rest: str) -> Response:
        """The cookies that came; `set?name=value` sets some."""
        if rest == "set":
            return Response(
                200, b"set\n", cookies=tuple(f"{name}={value}; Path=/" for name, value in request.query.items())
            )
        pairs = [
            each.strip().partition("=")[::2] for each in request.headers.get("cookie", "").split(";") if "=" in each
        ]
        return _json(dict(pairs))

    def do_basic_auth(self, request: Request, rest: str) -> Response:
        """For users who say so by Basic."""
        scheme, _, value = request.headers.get("authorization", "").partition(" ")
        if scheme.lower() == "basic":
            user, _, password = base64.b64decode(value).decode("utf-8", "replace").partition(":")
            if self.world.check_password(user, password):
                return _json({"user": user})
        return Response(401, b"who are you?\n", {"WWW-Authenticate": 'Basic realm="nettools"'})

    def do_bearer(self, request: Request, rest: str) -> Response:
        """For users who have their token."""
        scheme, _, value = request.headers.get("authorization", "").partition(" ")
        user = next(
            (name for name, token in self.world.tokens.items() if scheme.lower() == "bearer" and token == value), None
        )
        if user is None:
            return Response(401, b"no token\n", {"WWW-Authenticate": 'Bearer realm="nettools"'})
        return _json({"user": user})

    def do_digest_auth(self, request: Request, rest: str) -> Response:
        """For users who prove it by Digest (RFC 7616), by MD5 or by SHA-256 where `algorithm` says so."""
        name = request.query.get("algorithm", "MD5")
        algorithm = hashlib.sha256 if name == "SHA-256" else hashlib.md5
        given = dict(re.findall(r'(\w+)="?([^",]*)"?', request.headers.get("authorization", "")))

        def digest(text: str) -> str:
            return algorithm(text.encode()).hexdigest()

        user, nonce = given.get("username", ""), given.get("nonce", "")
        if user in self.world.users and nonce in self.nonces and given.get("uri") == request.target:
            first = digest(f"{user}:nettools:{self.world.users[user]}")
            second = digest(f"{request.method}:{request.target}")
            middle = f"{nonce}:{given.get('nc', '')}:{given.get('cnonce', '')}:auth"
            if given.get("response") == digest(f"{first}:{middle}:{second}"):
                return _json({"user": user})
        fresh = hashlib.sha256(f"{len(self.nonces)}{id(self)}".encode()).hexdigest()[:32]
        self.nonces.add(fresh)
        challenge = f'Digest realm="nettools", qop="auth", algorithm={name}, nonce="{fresh}"'
        return Response(401, b"prove it\n", {"WWW-Authenticate": challenge})


def _since(value: str | None, modified: dt.datetime) -> bool:
    """Whether a file has not changed since."""
    if value is None:
        return False
    try:
        return modified.replace(microsecond=0) <= email.utils.parsedate_to_datetime(value)
    except (TypeError, ValueError):
        return False


def _json(value: Any) -> Response:
    return Response(200, (json.dumps(value) + "\n").encode(), {"Content-Type": "application/json"})


def _multipart(body: bytes, boundary: bytes) -> dict[str, Any]:
    fields: dict[str, str] = {}
    files: dict[str, Any] = {}
    for part in body.split(b"--" + boundary)[1:-1]:
        head, _, content = part.removeprefix(b"\r\n").partition(b"\r\n\r\n")
        content = content.removesuffix(b"\r\n")
        text = head.decode("utf-8")
        name = re.search(r'name="([^"]*)"', text)
        filename = re.search(r'filename="([^"]*)"', text)
        kind = re.search(r"(?i)content-type: *(\S+)", text)
        if name is None:
            continue
        if filename is None:
            fields[name[1]] = content.decode("utf-8", "replace")
        else:
            files[name[1]] = {
                "filename": filename[1],
                "type": kind[1] if kind else None,
                "size": len(content),
                "sha256": hashlib.sha256(content).hexdigest(),
            }
    return {"fields": fields, "files": files}
