"""Mail messages (RFC 5322, 2045-2049): headers as people read them, and the parts of a body. Pure; never fails on bad
MIME.

`headers` has the fields: encoded words, addresses, dates, parameters; `mime` the tree of parts and `parse_mail`;
`deferred` is a message parsed as far as it is looked at: whoever wants its octets pays for no parser.
"""

from nettools._lazy import lazy

_HOMES = {
    "deferred": "deferred_mail",
    "headers": """
        decode_header parse_addresses parse_date parse_headers parse_parameters raw_fields split_message
    """,
    "mime": "mail_info parse_mail",
}

__getattr__, __dir__, __all__ = lazy(__name__, _HOMES)
