"""What sending mail gives."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from nettools.results.base import Reply, Result

__all__ = ["SendReport"]


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class SendReport(Result):
    """What became of a mail: addresses accepted, {address: ReplyError} refused, Message-ID, the server's last reply."""

    accepted: tuple[str, ...]
    refused: Mapping[str, Exception] = field(hash=False)
    message_id: str | None
    reply: Reply | None
