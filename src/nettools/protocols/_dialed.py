"""What a class of the standard library needs to take a socket that is there already.

For those that connect by `_create_socket` (poplib, imaplib, nntplib): without a `dialer` they behave as their base.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

__all__ = ["Dial", "Dialed"]

Dial = Callable[[str, int], Any]  # host and port to a connected socket


class Dialed:
    """Mixed in before the class of the standard library."""

    host: str
    port: int
    _dialer: Dial | None

    def _create_socket(self, timeout: float | None = None) -> Any:
        if self._dialer is None:
            return super()._create_socket(timeout)  # type: ignore[misc]
        return self._dialer(self.host, self.port)
