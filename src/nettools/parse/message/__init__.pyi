"""The names of `nettools.parse.message` for type checkers, written by `tests/unit/test_public_names.py`."""

from nettools.parse.message.addresses import parse_addresses as parse_addresses
from nettools.parse.message.dates import parse_date as parse_date
from nettools.parse.message.deferred import deferred_mail as deferred_mail
from nettools.parse.message.headers import decode_header as decode_header
from nettools.parse.message.headers import parse_headers as parse_headers
from nettools.parse.message.headers import raw_fields as raw_fields
from nettools.parse.message.headers import split_message as split_message
from nettools.parse.message.mime import mail_info as mail_info
from nettools.parse.message.mime import parse_mail as parse_mail
from nettools.parse.message.parameters import parse_parameters as parse_parameters
