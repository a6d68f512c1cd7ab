"""Raw sockets: `exchange`, `listen`, and the sessions behind `connect("tcp://...")`, for tcp, tls, udp and unix.

One vocabulary for streams and datagrams: `session` converses, `server` listens. Addresses are those of
`target.parse_endpoint`; the wire does the rest.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from nettools.protocols.sock.server import Connection, Server, start_server
from nettools.protocols.sock.session import DatagramSession, SocketSession, StreamSession, UnixSession, classify
from nettools.results import Exchange
from nettools.session import Protocol, make_session
from nettools.target import parse_url
from nettools.wire.stream import End

if TYPE_CHECKING:
    from typing import Unpack

    from nettools.keywords import UnixKeywords

__all__ = ["PROTOCOLS", "Connection", "Server", "SocketSession", "exchange", "listen"]

PROTOCOLS: dict[str, Protocol[Any]] = {}
for _name, _schemes, _session in (
    ("tcp", ("tcp", "tls"), StreamSession),
    ("udp", ("udp",), DatagramSession),
    ("unix", ("unix",), UnixSession),
):
    _session.PROTOCOL = PROTOCOLS[_name] = Protocol(name=_name, schemes=_schemes, session=_session, classify=classify)
SCHEMES = ("tcp", "tls", "udp", "unix")


def exchange(url: str, data: bytes | str, *, until: End = None, **opts: Unpack[UnixKeywords]) -> Exchange:
    """Send octets to a raw socket and receive the answer.

    Args:
        url: `tcp://host:port`, `tls://host:port`, `udp://host:port` or `unix:///path`; a port may be a service's name.
        data: what is sent; a datagram, or all that is written to a stream.
        until: where the answer ends: bytes (included), a number of octets, a pattern of bytes, or a float: so many
            seconds without an octet. None: a stream says that it is done (half-close; TLS does not) and is read until
            the peer closes; of datagrams one is taken, from the peer that was asked.

    >>> exchange(tcp.url, b"PING", until=4).data
    b'PING'

    Raises:
        IncompleteError: the peer closed before `until`. TooLargeError: the answer goes over max_size, or a datagram is
            too long to be sent. UnsupportedError: UDP through a proxy.
    """
    protocol = PROTOCOLS[parse_url(url, SCHEMES).protocol]
    with make_session(protocol, url, opts) as session:
        result: Exchange = session.exchange(data, until=until)
    return result


def listen(
    url: str, handler: Callable[..., Any], *, max_connections: int = 100, **opts: Unpack[UnixKeywords]
) -> Server:
    """Serve a raw socket: it listens when this returns, and ends with the context or `close()`.

    Args:
        url: as for `exchange`; without a host any address, with port 0 any free port; `server.url` says which.
        handler: for streams `handler(connection)`, in a thread of its own; the connection is closed behind it. For
            datagrams `handler(data, peer)`, which gives the answer (bytes) or None.
        max_connections: how many are handled at once; more wait until one has ended.

    >>> with listen("tcp://127.0.0.1:0", lambda connection: connection.send(b"Thank you for connecting")) as server:
    ...     exchange(server.url, b"").data
    b'Thank you for connecting'

    An exception of the handler ends that connection only: it is logged, told to `on_event`, kept in `server.errors`.

    Raises:
        ConnectError: the address is not free, or not this machine's.
    """
    return start_server(parse_url(url, SCHEMES), handler, max_connections, opts)
