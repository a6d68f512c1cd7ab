"""Telnet streams: octets in, data and answers out (RFC 854, 855, 1143).

`codec` takes the stream apart and puts it together; `options` decides what both sides do, and cannot loop.
"""

from nettools.parse.telnet.codec import Codec
from nettools.parse.telnet.options import NAMES, Option

__all__ = ["NAMES", "Codec", "Option"]
