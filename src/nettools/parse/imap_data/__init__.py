"""What an IMAP server says, as values, and arguments as what it is told (RFC 3501, 9051 and their extensions).

Pure: whole responses in, their literals inside, frozen values out; ProtocolError for what is no such thing. `tokens` is
the lexer, `responses` the kinds of response, `fetch`, `envelope` and `bodystructure` what is told of messages,
`folders`, `search` and `quotas` the rest; `arguments` is the way back.
"""

from nettools.parse.imap_data.arguments import Literal, encode_astring, quote
from nettools.parse.imap_data.bodystructure import Part
from nettools.parse.imap_data.envelope import AddressGroup, Envelope, RawAddress, decode_addresses
from nettools.parse.imap_data.fetch import FetchData, parse_fetch
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
    "Literal",
    "Part",
    "RawAddress",
    "Response",
    "decode_addresses",
    "decode_folder",
    "encode_astring",
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
    "quote",
]
