"""`session.raw`: a requests.Session that sends over the connections of a nettools session.

It has the session's dial, proxy, TLS, limits, deadline, trace and cookies; redirects and credentials are requests' own.
requests takes any object with `send` as the transport of a prefix (`mount`), and makes its response of urllib3's.
"""

from __future__ import annotations

import http.client
from typing import TYPE_CHECKING, Any

import requests
import urllib3
from requests.adapters import HTTPAdapter

from nettools.protocols.http.form import make_body
from nettools.protocols.http.redirect import Request
from nettools.target import parse_url

if TYPE_CHECKING:
    from nettools.protocols.http.exchanges import Exchanges

__all__ = ["requests_session"]


class Adapter(HTTPAdapter):
    """requests' transport, over a nettools session."""

    def __init__(self, owner: Exchanges) -> None:
        super().__init__(max_retries=0)
        self._owner = owner

    def send(self, request: requests.PreparedRequest, *args: Any, **keywords: Any) -> requests.Response:
        """As requests has it; time, TLS and proxies are the session's, whatever is said here."""
        with self._owner.outside():
            response: requests.Response = self.build_response(request, self._exchanged(request))
            if not keywords.get("stream", False):
                response.content  # noqa: B018  # read now, as requests does
            return response

    def _exchanged(self, request: requests.PreparedRequest) -> urllib3.HTTPResponse:
        """The response as urllib3 has it, its body still to be read."""
        fields: list[tuple[str, str | None]] = [
            (_text(name), _text(value)) for name, value in (request.headers or {}).items()
        ]
        target = parse_url(str(request.url), ("http", "https"))
        wire = self._owner.exchange(Request(str(request.method), target, fields, make_body(request.body, None, None)))
        message = http.client.HTTPMessage()
        for name, value in wire.headers.pairs:
            message[name] = value
        wire.headers = wire.msg = message
        return urllib3.HTTPResponse(
            body=wire,
            headers=urllib3.HTTPHeaderDict(message.items()),
            status=wire.status,
            version=wire.version,
            reason=wire.reason,
            preload_content=False,
            decode_content=False,
            original_response=wire,
            request_method=request.method,
            request_url=request.url,
        )


def _text(value: Any) -> str:
    return value.decode("latin-1") if isinstance(value, bytes) else str(value)


def requests_session(owner: Exchanges) -> requests.Session:
    """A requests.Session for a nettools session."""
    session = requests.Session()
    session.trust_env = False
    session.cookies = owner.cookies
    for prefix in ("http://", "https://"):
        session.mount(prefix, Adapter(owner))
    return session
