"""What an IMAP server says, as values (RFC 3501, 9051 and their extensions). Pure: whole responses in, values out.

`tokens` is the lexer, `responses` the kinds of response, `fetch` what is told of messages, `folders` names and LIST.
"""

from nettools.parse.imap_data.fetch import (
    AddressGroup,
    Envelope,
    FetchData,
    Part,
    RawAddress,
    decode_addresses,
    parse_fetch,
)
from nettools.parse.imap_data.folders import decode_folder, encode_folder, parse_list
from nettools.parse.imap_data.responses import (
    Response,
    parse_esearch,
    parse_namespace,
    parse_quota,
    parse_quotaroot,
    parse_response,
    parse_search,
    parse_sort,
    parse_status,
    parse_thread,
)
from nettools.parse.imap_data.tokens import parse_tokens

__all__ = [
    "AddressGroup",
    "Envelope",
    "FetchData",
    "Part",
    "RawAddress",
    "Response",
    "decode_addresses",
    "decode_folder",
    "encode_folder",
    "parse_esearch",
    "parse_fetch",
    "parse_list",
    "parse_namespace",
    "parse_quota",
    "parse_quotaroot",
    "parse_response",
    "parse_search",
    "parse_sort",
    "parse_status",
    "parse_thread",
    "parse_tokens",
]
