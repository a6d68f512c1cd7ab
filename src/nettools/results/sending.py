"""What sending mail gives."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from nettools.frozen import field
from nettools.results.base import Reply, Result

if TYPE_CHECKING:
    from nettools.errors import ReplyError

__all__ = ["SendReport"]


class SendReport(Result):
    """What became of a mail: addresses accepted, {address: ReplyError} refused, Message-ID, the server's last reply."""

    accepted: tuple[str, ...]
    refused: Mapping[str, ReplyError] = field(hash=False)
    message_id: str | None
    reply: Reply | None
