"""The Gopher client: one request a connection (RFC 1436 2).

There is none in the standard library. It knows a way to get a connected socket (`dial`), the request line and the end
of the answer; what the octets mean is for `parse.gopher`, and time, TLS and limits of time are the socket's own.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from typing import Any

from nettools.errors import IncompleteError
from nettools.parse.gopher import Text
from nettools.wire.guard import BLOCK

__all__ = ["GopherClient"]

GRACE = 1.0  # seconds that a server has to close the connection after the final dot; some never do


class GopherClient:
    """Sends a request, gives the answer in blocks; `sock` is the connection of the request under way."""

    def __init__(self, dial: Callable[[], Any]) -> None:
        self._dial = dial
        self.sock: Any = None

    def request(self, line: bytes, *, dotted: bool) -> Iterator[bytes]:
        """Connect, send a line (without its CR LF), and give the answer as it comes.

        Args:
            dotted: the answer may end with a line of one dot; then a connection that stays open is not waited for.

        Raises:
            IncompleteError: TLS was cut before the server had said that this is all.
        """
        self.close()
        self.sock = self._dial()
        self.sock.sendall(line + b"\r\n")
        return self._answer(Text(), dotted)

    def _answer(self, text: Text, dotted: bool) -> Iterator[bytes]:
        sock = self.sock
        while not (dotted and text.dot and not sock.ready(GRACE)):
            block = sock.recv(BLOCK)
            if not block:
                break
            text.feed(block)
            yield block
        if sock.ragged and not (dotted and text.dot):
            raise IncompleteError(
                "the connection was cut: TLS was not closed properly", received=text.received, expected=None
            )

    def close(self) -> None:
        """Close the connection, if there is one."""
        sock, self.sock = self.sock, None
        if sock is not None:
            with contextlib.suppress(OSError):
                sock.close()
