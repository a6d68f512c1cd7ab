"""A message that a server gave, parsed as far as it is looked at.

The parsers are imported with the first look: most who fetch many messages store their octets.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from nettools.frozen import replace
from nettools.results import Headers, Mail

if TYPE_CHECKING:
    import datetime as dt

__all__ = ["deferred_mail"]


def deferred_mail(
    octets: bytes,
    *,
    uid: str = "",
    number: int | None = None,
    folder: str | None = None,
    flags: tuple[str, ...] = (),
    received: dt.datetime | None = None,
) -> Mail:
    """A Mail of these octets, its other fields worked out when they are first asked for.

    Args:
        received: stands in for the date of a message that has none.
    """

    return Mail.deferred(_Reader(octets, (uid, number, folder, flags), received), raw=octets)


class _Reader:
    """Gives a Mail its fields."""

    __slots__ = ("_octets", "_place", "_received")

    def __init__(self, octets: bytes, place: tuple[Any, ...], received: dt.datetime | None) -> None:
        self._octets, self._place, self._received = octets, place, received

    def __call__(self, name: str) -> dict[str, Any]:
        from nettools.parse.message.headers import decode_header, raw_fields, split_message
        from nettools.parse.message.mime import mail_info, parse_mail

        head, _ = split_message(self._octets)
        if name == "info":
            uid, number, folder, flags = self._place
            size = len(self._octets)
            info = mail_info(raw_fields(head), uid=uid, number=number, folder=folder, flags=flags, size=size)
            return {"info": info if info.date or self._received is None else replace(info, date=self._received)}
        if name == "headers":
            return {"headers": Headers((each, decode_header(value)) for each, value in raw_fields(head))}
        whole = parse_mail(self._octets)
        return {each: getattr(whole, each) for each in ("text", "html", "attachments", "defects")}
