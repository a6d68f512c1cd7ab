"""Mail messages (RFC 5322, 2045-2049): headers as people read them, and the parts of a body. Pure; never fails on bad
MIME.

`headers` has the fields: encoded words, addresses, dates, parameters; `mime` the tree of parts and `parse_mail`.
"""

from nettools.parse.message.headers import (
    decode_header,
    parse_addresses,
    parse_date,
    parse_headers,
    parse_parameters,
    split_message,
)
from nettools.parse.message.mime import deferred_mail, mail_info, parse_mail

__all__ = [
    "decode_header",
    "deferred_mail",
    "mail_info",
    "parse_addresses",
    "parse_date",
    "parse_headers",
    "parse_mail",
    "parse_parameters",
    "split_message",
]
