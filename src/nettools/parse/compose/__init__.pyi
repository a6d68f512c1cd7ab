"""The names of `nettools.parse.compose` for type checkers, written by `tests/unit/test_public_names.py`."""

from nettools.parse.compose.addresses import check_address as check_address
from nettools.parse.compose.building import compose as compose
from nettools.parse.compose.pieces import Draft as Draft
from nettools.parse.compose.pieces import Prepared as Prepared
from nettools.parse.compose.ready import prepare as prepare
from nettools.parse.compose.ready import wire_octets as wire_octets
