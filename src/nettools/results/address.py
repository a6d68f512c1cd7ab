"""Who mail and news are from and to."""

from __future__ import annotations

from typing import Any

from nettools.results.base import Result

__all__ = ["Address"]


class Address(Result):
    """A mail address (RFC 5322 3.4): display name, mailbox (local part) and host."""

    name: str = ""
    mailbox: str = ""
    host: str = ""

    @property
    def address(self) -> str:
        """`mailbox@host`."""
        return f"{self.mailbox}@{self.host}" if self.host else self.mailbox

    def __str__(self) -> str:
        return f"{self.name} <{self.address}>" if self.name else self.address

    def to_dict(self, *, include_data: bool = False) -> dict[str, Any]:
        """As JSON can carry it."""
        return {"name": self.name, "mailbox": self.mailbox, "host": self.host, "address": self.address}
