"""The HTTP fake: the World's files with ranges, conditions and uploads, its routes, and routes to try a client on.

Order: a rule, a route of this server (`route`), a route of the World (`world.routes`), `/_...` (see `routes`), a file.
What needs a user is named by `protect`. Capabilities that can be left out by name: KEEP-ALIVE RANGES GZIP ETAG.
"""

from __future__ import annotations

import datetime as dt
import email.utils
import hashlib
import html
import inspect
import mimetypes
import re
from collections.abc import Callable
from typing import Any
from urllib.parse import quote

from nettools.testing.connection import Connection, Hangup
from nettools.testing.http.access import Access
from nettools.testing.http.form import parts_of
from nettools.testing.http.message import (
    BadRequest,
    Request,
    Response,
    as_response,
    compressed,
    json_response,
    read_request,
    write_response,
)
from nettools.testing.http.routes import Routes
from nettools.testing.server import Server
from nettools.testing.world import World

__all__ = ["HTTPServer"]

MOST_RANGES = 20

Handler = Callable[[Request], Any]


class HTTPServer(Routes, Server):
    """A web server over its World; `writable=False` refuses PUT, POST and DELETE on files."""

    protocol = "http"
    tls_scheme = "https"
    has_starttls = False
    refusal = "403 Forbidden"

    def __init__(self, world: World | None = None, *, writable: bool = True, **options: Any) -> None:
        super().__init__(world, **options)
        self.writable = writable
        self.routes: dict[str, Any] = {}
        self.access = Access(self.world)
        self._protected: dict[str, str] = {}

    def route(self, path: str, handler: Any) -> None:
        """Answer a path: a function (or coroutine function) of the request, or what it is to give."""
        self.routes[path] = handler

    def protect(self, path: str, scheme: str = "basic") -> None:
        """Ask for credentials (basic, digest or bearer) below a path."""
        self._protected[path] = scheme

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
                request = await read_request(conn)
            except (BadRequest, ValueError) as error:
                await write_response(conn, None, _refused(error), keep=False)
                raise Hangup from error
            if request is None:
                return
            if await self.intercept(conn, request.method, request.target):
                continue
            response = await self.answer(conn, request)
            if response is None:
                continue
            keep = request.keeps and self.offers("KEEP-ALIVE")
            await write_response(conn, request, response, keep=keep)
            if not keep:
                return

    async def answer(self, conn: Connection, request: Request) -> Response | None:
        """The response to a request; None where it has been answered."""
        try:
            given = self._guarded(request) or self._chosen(request)
            response = as_response(await given if inspect.isawaitable(given) else given)
        except BadRequest as error:
            return _refused(error)
        return compressed(request, response) if self.offers("GZIP") else response

    def _guarded(self, request: Request) -> Response | None:
        """The refusal of a path that needs a user; None for who may pass."""
        for path, scheme in self._protected.items():
            inside = request.path == path or request.path.startswith(path.rstrip("/") + "/")
            user = self.access.user(request, scheme) if inside else ""
            if user is None:
                return self.access.refusal(scheme)
        return None

    def _chosen(self, request: Request) -> Any:
        for routes in (self.routes, self.world.routes):
            if request.path in routes:
                handler = routes[request.path]
                return handler(request) if callable(handler) else handler
        if request.path.startswith("/_"):
            name, _, rest = request.path[2:].partition("/")
            route = getattr(self, "do_" + name.replace("-", "_"), None)
            return (404, "no such route\n") if route is None else route(request, rest)
        match request.method:
            case "GET" | "HEAD":
                return self._file(request)
            case "PUT" | "DELETE" | "POST" if self.writable:
                return self._change(request)
            case "OPTIONS":
                return Response(204, b"", {"Allow": self._allowed()})
        return Response(405, b"not allowed\n", {"Allow": self._allowed()})

    def _allowed(self) -> str:
        return "GET, HEAD, OPTIONS" + (", PUT, DELETE, POST" if self.writable else "")

    # -- files that are changed

    def _change(self, request: Request) -> Any:
        files, name = self.world.files, request.path.strip("/")
        if request.method == "POST":
            return self._upload(request)
        there = files.file(request.path)
        if request.path.endswith("/") or files.is_folder(request.path):
            return 405, "a folder is no file\n"
        if not _agrees(request, None if there is None else _etag(there.data)):
            return 412
        if request.method == "DELETE":
            if there is None:
                return 404, "not found\n"
            del files[name]
            return 204
        if "content-range" in request.headers:
            return 400, "a part is not taken (RFC 9110 14.4)\n"
        files[name] = request.body
        headers = {"ETag": _etag(request.body)}
        return Response(204, b"", headers) if there is not None else Response(201, b"", headers)

    def _upload(self, request: Request) -> Any:
        """The files of a form, stored in a folder."""
        there = self.world.files.is_folder(request.path) or self.world.files.file(request.path) is not None
        if not there and not request.path.endswith("/"):
            return 404, "not found\n"
        parts = parts_of(request)
        if parts is None or not request.path.endswith("/"):
            return Response(405, b"a form can be posted to a folder\n", {"Allow": self._allowed()})
        stored = []
        for part in parts:
            plain = (part.filename or "").replace("\\", "/").rpartition("/")[2]
            if plain and plain not in (".", ".."):
                self.world.files[request.path.strip("/") + "/" + plain] = part.content
                stored.append(request.path + plain)
        return json_response({"stored": stored}, 201 if stored else 400)

    # -- files that are read

    def _file(self, request: Request) -> Response:
        files = self.world.files
        file = files.file(request.path)
        if file is None:
            if not files.is_folder(request.path):
                return Response(404, b"not found\n", {"Content-Type": "text/plain"})
            if not request.path.endswith("/"):
                return Response(301, b"", {"Location": quote(request.path) + "/"})
            return self._index(request.path)
        etag = _etag(file.data)
        modified = email.utils.format_datetime(file.modified.astimezone(dt.UTC), usegmt=True)
        kind = mimetypes.guess_type(request.path)[0] or "application/octet-stream"
        if kind.startswith("text/"):
            kind += "; charset=utf-8"
        headers = {"ETag": etag, "Last-Modified": modified, "Accept-Ranges": "bytes", "Content-Type": kind}
        if not self.offers("ETAG"):
            del headers["ETag"], headers["Last-Modified"]
        if not self.offers("RANGES"):
            del headers["Accept-Ranges"]
        asked = request.headers
        if "if-none-match" in asked:
            if _listed(asked["if-none-match"], etag, weak=True):
                return Response(304, b"", headers)
        elif _since(asked.get("if-modified-since"), file.modified):
            return Response(304, b"", headers)
        if not _agrees(request, etag):
            return Response(412, b"", headers)
        if self.offers("RANGES") and "range" in asked and asked.get("if-range", etag) in (etag, modified):
            return _ranges(asked["range"], file.data, headers)
        return Response(200, file.data, headers)

    def _index(self, path: str) -> Response:
        rows = []
        for name, file, _ in self.world.files.children(path):
            shown = name if file is not None else name + "/"
            rows.append(f'<li><a href="{quote(shown)}">{html.escape(shown)}</a>')
        text = f"<!DOCTYPE html>\n<title>Index of {html.escape(path)}</title>\n<ul>\n" + "\n".join(rows) + "\n</ul>\n"
        return Response(200, text.encode(), {"Content-Type": "text/html; charset=utf-8"})


def _refused(error: Exception) -> Response:
    status = error.status if isinstance(error, BadRequest) else 400
    return Response(status, f"{error}\n".encode(), {"Content-Type": "text/plain; charset=utf-8"})


def _etag(data: bytes) -> str:
    return '"' + hashlib.sha256(data).hexdigest()[:16] + '"'


def _listed(value: str, etag: str, *, weak: bool) -> bool:
    """Whether a list of ETags has this one (RFC 9110 8.8.3.2)."""
    tags = [each.strip() for each in value.split(",")]
    return "*" in tags or etag in ([each.removeprefix("W/") for each in tags] if weak else tags)


def _agrees(request: Request, etag: str | None) -> bool:
    """Whether If-Match, and If-None-Match of what changes something, allow it (RFC 9110 13.1)."""
    match, none = request.headers.get("if-match"), request.headers.get("if-none-match")
    if match is not None and (etag is None or not _listed(match, etag, weak=False)):
        return False
    return none is None or request.method in ("GET", "HEAD") or etag is None or not _listed(none, etag, weak=True)


def _since(value: str | None, modified: dt.datetime) -> bool:
    """Whether a file has not changed since."""
    if value is None:
        return False
    try:
        return modified.replace(microsecond=0) <= email.utils.parsedate_to_datetime(value)
    except (TypeError, ValueError):
        return False


def _ranges(text: str, data: bytes, headers: dict[str, str]) -> Response:
    """One range, or several as multipart/byteranges (RFC 9110 14.2)."""
    match = re.fullmatch(r"bytes=(.+)", text.strip())
    wanted = [re.fullmatch(r"\s*(\d*)-(\d*)\s*", each) for each in match[1].split(",")] if match else [None]
    if len(wanted) > MOST_RANGES or any(each is None or each[0].strip() == "-" for each in wanted):
        return Response(200, data, headers)
    found = []
    for each in wanted:
        assert each is not None
        if each[1]:
            first, last = int(each[1]), min(int(each[2] or len(data) - 1), len(data) - 1)
        else:
            first, last = max(0, len(data) - int(each[2])), len(data) - 1
        if first <= last:
            found.append((first, last))
    if not found:
        return Response(416, b"", {**headers, "Content-Range": f"bytes */{len(data)}"})
    spans = [(f"bytes {first}-{last}/{len(data)}", data[first : last + 1]) for first, last in found]
    if len(spans) == 1:
        return Response(206, spans[0][1], {**headers, "Content-Range": spans[0][0]})
    boundary = hashlib.sha256(text.encode()).hexdigest()[:24]
    kind = headers["Content-Type"]
    body = b"".join(
        f"--{boundary}\r\nContent-Type: {kind}\r\nContent-Range: {span}\r\n\r\n".encode() + octets + b"\r\n"
        for span, octets in spans
    )
    return Response(
        206,
        body + f"--{boundary}--\r\n".encode(),
        {**headers, "Content-Type": f"multipart/byteranges; boundary={boundary}"},
    )
