"""What an IMAP server says, as values, and arguments as what it is told (RFC 3501, 9051 and their extensions).

Pure: whole responses in, their literals inside, frozen values out; ProtocolError for what is no such thing. `tokens` is
the lexer, `responses` the kinds of response, `fetch`, `envelope` and `bodystructure` what is told of messages,
`folders`, `search` and `quotas` the rest; `arguments` is the way back.
"""

from nettools._lazy import lazy

_HOMES = {
    "arguments": "Literal encode_astring quote",
    "bodystructure": "Part parts_of",
    "envelope": "AddressGroup Envelope RawAddress decode_addresses scan_envelope",
    "fetch": "FetchData parse_fetch",
    "folders": "decode_folder encode_folder parse_list",
    "responses": "Response parse_esearch parse_namespace parse_quota parse_quotaroot parse_response parse_search"
    " parse_sort parse_status parse_thread response_of",
    "tokens": "parse_tokens",
}

__getattr__, __dir__, __all__ = lazy(__name__, _HOMES)
