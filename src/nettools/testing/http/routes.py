"""Routes of the HTTP fake to try a client on, beside the files: `/_echo`, `/_status/418`, `/_redirect/3`, ...

A route is a method `do_NAME` (`-` in a URL is `_`) that gets the request and the rest of the path behind its name; what
it gives is a Response or what `as_response` takes. Numbers that are none get 400.
"""

from __future__ import annotations

import asyncio
import base64
import gzip
import hashlib
import json
import random
import zlib
from typing import Any
from urllib.parse import parse_qsl, urljoin, urlsplit

from nettools.testing.http.access import Access
from nettools.testing.http.form import described, parts_of, together
from nettools.testing.http.message import BadRequest, Request, Response, json_response

__all__ = ["Routes"]

SAMPLE = b"compressed\n" * 100
MOST = 10 * 1024 * 1024  # octets of a route's body
LONGEST = 60.0  # seconds of a delay


def _number(text: str, least: int = 0, most: int = MOST) -> int:
    if not (text.isascii() and text.isdigit() and len(text) <= 12 and least <= int(text) <= most):
        raise BadRequest(f"a number from {least} to {most} is needed")
    return int(text)


def _seconds(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = -1.0
    if not 0 <= value <= LONGEST:
        raise BadRequest(f"seconds from 0 to {LONGEST:g} are needed")
    return value


def _octets(count: int) -> bytes:
    return random.Random(count).randbytes(count)  # noqa: S311  # the same for all who ask


class Routes:
    """The routes, as a mixin of the server."""

    access: Access

    # -- what came

    def do_echo(self, request: Request, rest: str) -> Any:
        """The request's body, with its type."""
        return Response(
            200, request.body, {"Content-Type": request.headers.get("content-type", "application/octet-stream")}
        )

    def do_anything(self, request: Request, rest: str) -> Any:
        """The whole request as JSON."""
        parts = parts_of(request)
        return {
            "method": request.method,
            "url": urljoin(f"{'https' if request.tls else 'http'}://{request.headers.get('host', '')}", request.target),
            "args": together(parse_qsl(urlsplit(request.target).query, keep_blank_values=True)),
            "headers": request.headers,
            "data": "" if parts is not None else request.body.decode("utf-8", "replace"),
            "form": described(parts or []),
            "json": request.json(),
            "origin": request.peer[0],
        }

    def do_headers(self, request: Request, rest: str) -> Any:
        """The request's headers."""
        return request.headers

    def do_ip(self, request: Request, rest: str) -> Any:
        """Where the request came from."""
        return {"origin": request.peer[0]}

    def do_user_agent(self, request: Request, rest: str) -> Any:
        """What the client calls itself."""
        return {"user-agent": request.headers.get("user-agent")}

    def do_form(self, request: Request, rest: str) -> Any:
        """What a form held: fields, and files with name, type, size and digest."""
        parts = parts_of(request)
        return (400, "no form\n") if parts is None else described(parts)

    def do_cookies(self, request: Request, rest: str) -> Any:
        """The cookies that came; `set?name=value` sets some, `delete?name` deletes some."""
        if rest == "set":
            return Response(
                200, b"set\n", cookies=tuple(f"{name}={value}; Path=/" for name, value in request.query.items())
            )
        if rest == "delete":
            return Response(200, b"deleted\n", cookies=tuple(f"{name}=; Path=/; Max-Age=0" for name in request.query))
        return request.cookies

    # -- what is answered

    def do_status(self, request: Request, rest: str) -> Any:
        """That status."""
        status = _number(rest, 200, 999)
        headers = {"Content-Type": "text/plain"}
        if status == 401:
            return self.access.refusal("basic")
        if status == 405:
            headers["Allow"] = "GET"
        if status in (301, 302, 303, 307, 308):
            headers["Location"] = "/"
        return Response(status, f"{status}\n".encode(), headers)

    def do_redirect(self, request: Request, rest: str) -> Any:
        """So many redirects, then the greeting."""
        left = _number(rest or "1", 0, 1000)
        return Response(302, b"", {"Location": "/pub/hello.txt" if left <= 1 else f"/_redirect/{left - 1}"})

    def do_absolute_redirect(self, request: Request, rest: str) -> Any:
        """The same, by whole URLs."""
        left = _number(rest or "1", 0, 1000)
        base = f"{'https' if request.tls else 'http'}://{request.headers.get('host', '')}"
        path = "/pub/hello.txt" if left <= 1 else f"/_absolute-redirect/{left - 1}"
        return Response(302, b"", {"Location": base + path})

    def do_redirect_to(self, request: Request, rest: str) -> Any:
        """A redirect to `url`, with `status`."""
        status = _number(request.query.get("status", "302"), 300, 399)
        return Response(status, b"", {"Location": request.query.get("url", "/")})

    async def do_delay(self, request: Request, rest: str) -> Any:
        """An answer after so many seconds."""
        await asyncio.sleep(_seconds(rest))
        return "late\n"

    def do_response_headers(self, request: Request, rest: str) -> Any:
        """The parameters as headers."""
        return Response(200, b"", {name: value for name, value in request.query.items() if name.isascii()})

    def do_bytes(self, request: Request, rest: str) -> Any:
        """So many octets, the same for all who ask."""
        return _octets(_number(rest))

    def do_stream_bytes(self, request: Request, rest: str) -> Any:
        """The same in chunks."""
        return Response(200, _octets(_number(rest)), {"Content-Type": "application/octet-stream"}, chunked=True)

    def do_stream(self, request: Request, rest: str) -> Any:
        """So many lines of JSON, in chunks."""
        lines = [json.dumps({"id": number, "url": request.target}) + "\n" for number in range(_number(rest, 0, 1000))]
        return Response(200, "".join(lines).encode(), {"Content-Type": "application/json"}, chunked=True)

    def do_chunked(self, request: Request, rest: str) -> Any:
        """A text in chunks."""
        return Response(200, b"in chunks\n" * 5000, {"Content-Type": "text/plain"}, chunked=True)

    def do_gzip(self, request: Request, rest: str) -> Any:
        """Compressed by gzip."""
        body = gzip.compress(SAMPLE, mtime=0)
        return Response(200, body, {"Content-Encoding": "gzip", "Content-Type": "text/plain"})

    def do_deflate(self, request: Request, rest: str) -> Any:
        """Compressed by deflate, `raw` without zlib's header."""
        data = zlib.compress(SAMPLE)
        body = data[2:-4] if rest == "raw" else data
        return Response(200, body, {"Content-Encoding": "deflate", "Content-Type": "text/plain"})

    def do_encoding(self, request: Request, rest: str) -> Any:
        """A text in that encoding, said so."""
        try:
            body = "Grüße, café, naïve\n".encode(rest or "utf-8")
        except (LookupError, UnicodeError):
            raise BadRequest("no encoding") from None
        return Response(200, body, {"Content-Type": f"text/plain; charset={rest or 'utf-8'}"})

    def do_etag(self, request: Request, rest: str) -> Any:
        """Something with that ETag, and its conditions."""
        etag = f'"{rest}"'
        if request.headers.get("if-none-match", "") in (etag, "*"):
            return Response(304, b"", {"ETag": etag})
        if request.headers.get("if-match", etag) not in (etag, "*"):
            return 412
        return Response(200, b"tagged\n", {"ETag": etag, "Content-Type": "text/plain"})

    def do_base64(self, request: Request, rest: str) -> Any:
        """The rest of the path, decoded."""
        try:
            return base64.b64decode(rest + "=" * (-len(rest) % 4), b"-_", validate=True)
        except ValueError:
            raise BadRequest("no base64") from None

    def do_sha256(self, request: Request, rest: str) -> Any:
        """Size and digest of what was sent."""
        return {"size": len(request.body), "sha256": hashlib.sha256(request.body).hexdigest()}

    # -- for users

    def _for_user(self, request: Request, scheme: str, **challenge: str) -> Any:
        user = self.access.user(request, scheme)
        return self.access.refusal(scheme, **challenge) if user is None else json_response({"user": user})

    def do_basic_auth(self, request: Request, rest: str) -> Any:
        """For users who say so by Basic."""
        return self._for_user(request, "basic")

    def do_digest_auth(self, request: Request, rest: str) -> Any:
        """For users who prove it by Digest; `algorithm` and `qop` as the query says."""
        return self._for_user(
            request, "digest", algorithm=request.query.get("algorithm", "MD5"), qop=request.query.get("qop", "auth")
        )

    def do_bearer(self, request: Request, rest: str) -> Any:
        """For users who have their token."""
        return self._for_user(request, "bearer")
