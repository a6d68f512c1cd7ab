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

    def work_out(name: str) -> dict[str, Any]:
        from nettools.parse.message.headers import decode_header, raw_fields, split_message
        from nettools.parse.message.mime import mail_info, parse_mail

        head, _ = split_message(octets)
        if name == "info":
            fields = raw_fields(head)
            info = mail_info(fields, uid=uid, number=number, folder=folder, flags=flags, size=len(octets))
            return {"info": info if info.date or received is None else replace(info, date=received)}
        if name == "headers":
            return {"headers": Headers((each, decode_header(value)) for each, value in raw_fields(head))}
        whole = parse_mail(octets)
        return {each: getattr(whole, each) for each in ("text", "html", "attachments", "defects")}

    return Mail.deferred(work_out, raw=octets)
