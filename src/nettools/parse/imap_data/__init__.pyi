"""The names of `nettools.parse.imap_data` for type checkers, written by `tests/unit/test_public_names.py`."""

from nettools.parse.imap_data.arguments import Literal as Literal
from nettools.parse.imap_data.arguments import encode_astring as encode_astring
from nettools.parse.imap_data.arguments import quote as quote
from nettools.parse.imap_data.bodystructure import Part as Part
from nettools.parse.imap_data.bodystructure import parts_of as parts_of
from nettools.parse.imap_data.envelope import AddressGroup as AddressGroup
from nettools.parse.imap_data.envelope import Envelope as Envelope
from nettools.parse.imap_data.envelope import RawAddress as RawAddress
from nettools.parse.imap_data.envelope import decode_addresses as decode_addresses
from nettools.parse.imap_data.envelope import scan_envelope as scan_envelope
from nettools.parse.imap_data.fetch import FetchData as FetchData
from nettools.parse.imap_data.fetch import parse_fetch as parse_fetch
from nettools.parse.imap_data.folders import decode_folder as decode_folder
from nettools.parse.imap_data.folders import encode_folder as encode_folder
from nettools.parse.imap_data.folders import parse_list as parse_list
from nettools.parse.imap_data.responses import Response as Response
from nettools.parse.imap_data.responses import parse_esearch as parse_esearch
from nettools.parse.imap_data.responses import parse_namespace as parse_namespace
from nettools.parse.imap_data.responses import parse_quota as parse_quota
from nettools.parse.imap_data.responses import parse_quotaroot as parse_quotaroot
from nettools.parse.imap_data.responses import parse_response as parse_response
from nettools.parse.imap_data.responses import parse_search as parse_search
from nettools.parse.imap_data.responses import parse_sort as parse_sort
from nettools.parse.imap_data.responses import parse_status as parse_status
from nettools.parse.imap_data.responses import parse_thread as parse_thread
from nettools.parse.imap_data.tokens import parse_tokens as parse_tokens
