"""The HTTP fake: the World's files with ranges, conditions and uploads, its routes, and routes to try a client on.

Order: a rule, a route of this server (`route`), a route of the World (`world.routes`), `/_...` (see `routes`), a file.
What needs a user is named by `protect`. Capabilities that can be left out by name: KEEP-ALIVE RANGES GZIP ETAG.
"""

from __future__ import annotations

import datetime as dt
import email.utils
import html
import inspect
import mimetypes
from collections.abc import Callable
from typing import Any
from urllib.parse import quote

from nettools.testing.connection import Connection, Hangup
from nettools.testing.http.access import Access
from nettools.testing.http.conditions import condition, etag_of, ranged
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
from nettools.testing.world import File, World

__all__ = ["HTTPServer"]

Handler = Callable[[Request], Any]


class HTTPServer(Routes, Server):
    """A web server over its World; `writable=False` refuses PUT, POST and DELETE on files."""

    protocol = "http"
    tls_scheme = "https"
    has_starttls = False
    refusal = "403 Forbidden"

    @classmethod
    def capabilities(cls) -> frozenset[str]:
        return frozenset({"KEEP-ALIVE", "RANGES", "GZIP", "ETAG"})

    def __init__(self, world: World | None = None, *, writable: bool = True, **options: Any) -> None:
        super().__init__(world, **options)
        self.writable = writable
        self.routes: dict[str, Any] = {}
        self.access = Access(self.world)
        self._protected: dict[str, str] = {}

    def route(self, path: str, handler: Any) -> None:
        """Answer a path: a function (or coroutine function) of the request, or what it is to give."""
        if not path.startswith("/"):
            raise ValueError(f"a path begins with a slash: {'/' + path!r}, not {path!r}")
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
        except Exception as error:  # a route of the test's own: the client is told, and so is who stops the server
            self.errors.append(error)
            response = Response(500, f"{type(error).__name__}: {error}\n".encode(), {"Content-Type": "text/plain"})
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
                return Response(204, b"", {"Allow": self._allowed(request)})
        return self._not_allowed(request, "no such method here")

    def _not_allowed(self, request: Request, text: str) -> Response:
        headers = {"Allow": self._allowed(request), "Content-Type": "text/plain"}
        return Response(405, f"{text}\n".encode(), headers)

    def _allowed(self, request: Request) -> str:
        """The methods of what is there: a form can be posted to a folder, a file be put or deleted."""
        changing = ", POST" if self.world.files.is_folder(request.path) else ", PUT, DELETE"
        return "GET, HEAD, OPTIONS" + (changing if self.writable else "")

    # -- files that are changed

    def _change(self, request: Request) -> Any:
        files, name = self.world.files, request.path.strip("/")
        if request.method == "POST":
            return self._upload(request)
        there = files.file(request.path)
        if request.path.endswith("/") or files.is_folder(request.path):
            return self._not_allowed(request, "a folder is no file")
        if self._condition(request, there) is not None:
            return 412
        if request.method == "DELETE":
            if there is None:
                return 404, "not found\n"
            del files[name]
            return 204
        if files.blocked(request.path):
            return 409, "there is a file where a folder would be\n"
        if "content-range" in request.headers:
            return 400, "a part is not taken (RFC 9110 14.4)\n"
        files[name] = request.body
        headers = {"ETag": etag_of(request.body)}
        return Response(204, b"", headers) if there is not None else Response(201, b"", headers)

    def _upload(self, request: Request) -> Any:
        """The files of a form, stored in a folder."""
        there = self.world.files.is_folder(request.path) or self.world.files.file(request.path) is not None
        if not there and not request.path.endswith("/"):
            return 404, "not found\n"
        parts = parts_of(request)
        if parts is None or not request.path.endswith("/"):
            return self._not_allowed(request, "a form can be posted to a folder")
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
        file = files.file(request.path) if not request.path.endswith("/") else None
        if file is None:
            if not files.is_folder(request.path):
                return Response(404, b"not found\n", {"Content-Type": "text/plain"})
            if not request.path.endswith("/"):
                return Response(301, b"", {"Location": _quoted(request.path) + "/"})
            return self._index(request.path)
        modified = email.utils.format_datetime(file.modified.astimezone(dt.UTC), usegmt=True)
        kind = mimetypes.guess_type(request.path)[0] or "application/octet-stream"
        if kind.startswith("text/"):
            kind += "; charset=utf-8"
        headers = {"ETag": etag_of(file.data), "Last-Modified": modified} if self.offers("ETAG") else {}
        headers |= {"Accept-Ranges": "bytes"} if self.offers("RANGES") else {}
        headers["Content-Type"] = kind
        if (status := self._condition(request, file)) is not None:
            return Response(status, b"", headers)
        return ranged(request, file.data, headers) if self.offers("RANGES") else Response(200, file.data, headers)

    def _condition(self, request: Request, file: File | None) -> int | None:
        """The status that conditions give, where the server has what they are about."""
        if not self.offers("ETAG"):
            return None
        return condition(request, *((None, None) if file is None else (etag_of(file.data), file.modified)))

    def _index(self, path: str) -> Response:
        rows = []
        for name, file, _ in self.world.files.children(path):
            shown = name if file is not None else name + "/"
            rows.append(f'<li><a href="{_quoted(shown)}">{html.escape(shown)}</a>')
        text = f"<!DOCTYPE html>\n<title>Index of {html.escape(path)}</title>\n<ul>\n" + "\n".join(rows) + "\n</ul>\n"
        octets = text.encode("utf-8", "surrogateescape")
        return Response(200, octets, {"Content-Type": "text/html; charset=utf-8"})


def _quoted(path: str) -> str:
    """A path for a URL, names that are no UTF-8 as the octets they came as."""
    return quote(path, errors="surrogateescape")


def _refused(error: Exception) -> Response:
    status = error.status if isinstance(error, BadRequest) else 400
    return Response(status, f"{error}\n".encode(), {"Content-Type": "text/plain; charset=utf-8"})
