"""Mail messages (RFC 5322, 2045-2049): headers as people read them, and the parts of a body. Pure; never fails on bad
MIME.

`headers` has the fields: encoded words, addresses, dates, parameters; `mime` the tree of parts and `parse_mail`;
`deferred` is a message parsed as far as it is looked at: whoever wants its octets pays for no parser.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from nettools._lazy import lazily

if TYPE_CHECKING:
    from nettools.parse.message.deferred import deferred_mail
    from nettools.parse.message.headers import (
        decode_header,
        parse_addresses,
        parse_date,
        parse_headers,
        parse_parameters,
        raw_fields,
        split_message,
    )
    from nettools.parse.message.mime import mail_info, parse_mail

__all__ = [
    "decode_header",
    "deferred_mail",
    "mail_info",
    "parse_addresses",
    "parse_date",
    "parse_headers",
    "parse_mail",
    "parse_parameters",
    "raw_fields",
    "split_message",
]

_MODULES = {"deferred_mail": "deferred", "mail_info": "mime", "parse_mail": "mime"}
__getattr__ = lazily(__name__, {name: f"{__name__}.{_MODULES.get(name, 'headers')}" for name in __all__})
