"""Mail messages (RFC 5322, 2045-2049): headers as people read them, and the parts of a body. Pure; never fails on bad
MIME.

`headers` has the fields and their text, `addresses`, `dates` and `parameters` what some of them say; `mime` the tree of
parts and `parse_mail`; `deferred` is a message parsed as far as it is looked at: whoever wants its octets pays for
no parser.
"""

from nettools._lazy import lazy

_HOMES = {
    "addresses": "parse_addresses",
    "dates": "parse_date",
    "deferred": "deferred_mail",
    "headers": "decode_header parse_headers raw_fields split_message",
    "mime": "mail_info parse_mail",
    "parameters": "parse_parameters",
}

__getattr__, __dir__, __all__ = lazy(__name__, _HOMES)
