"""Where a call goes: a URL becomes a Target; and the one table of schemes, ports and modules.

Knows the grammar of addresses and no protocol: what a path means (a file, a folder, a mailbox with a UID) is for the
protocol's folder. A malformed address is a UsageError with exit code 3 before anything is resolved or sent.

    schemes   the table of protocols and schemes
    endpoint  host and port, in URLs and in the words of Python's sockets
    url       a URL, taken apart
"""

from nettools.target.endpoint import Endpoint, parse_endpoint
from nettools.target.schemes import PROTOCOLS, SCHEMES, ProtocolRow, Scheme, tls_scheme
from nettools.target.url import Target, decode, masked, parse_url

__all__ = [
    "PROTOCOLS",
    "SCHEMES",
    "Endpoint",
    "ProtocolRow",
    "Scheme",
    "Target",
    "decode",
    "masked",
    "parse_endpoint",
    "parse_url",
    "tls_scheme",
]
