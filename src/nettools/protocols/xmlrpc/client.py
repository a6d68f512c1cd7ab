"""xmlrpc.client's proxy, over the connections of a nettools session.

Hook: `Transport.single_request(host, handler, request_body, verbose)`. Without a session the class is its base.
"""

from __future__ import annotations

import xmlrpc.client
from collections.abc import Callable
from typing import Any

from nettools.protocols.xmlrpc.codec import unmarshal
from nettools.results import Page

__all__ = ["XMLRPCClient"]

Post = Callable[[bytes], Page]  # sends a call, and gives the answer as it came


class _Transport(xmlrpc.client.Transport):
    """Calls go out by way of a session: its dial, TLS, proxy, limits, deadline and trace. Nothing is sent twice."""

    def __init__(self, post: Post, builtin: bool) -> None:
        super().__init__(use_builtin_types=builtin)
        self._post = post
        self._builtin = builtin

    def single_request(self, host: Any, handler: str, request_body: Any, verbose: bool = False) -> tuple[Any, ...]:
        body = request_body if isinstance(request_body, bytes) else str(request_body).encode()
        page = self._post(body)
        return (unmarshal(page.content, kind=page.headers.get("Content-Type"), builtin=self._builtin),)


class XMLRPCClient(xmlrpc.client.ServerProxy):
    """`XMLRPCClient(uri, ...).method(arguments)`; `post` is a session's way to send a call."""

    def __init__(self, uri: str, *args: Any, post: Post | None = None, **keywords: Any) -> None:
        if post is not None:
            keywords["transport"] = _Transport(post, bool(keywords.get("use_builtin_types")))
        super().__init__(uri, *args, **keywords)
