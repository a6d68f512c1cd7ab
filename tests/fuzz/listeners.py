"""One target a kind of server: what a client should not send, and then an ordinary client, which has to be served.

The servers are those of `listen`; the octets reach them on a plain socket, so what is spoiled for TLS is a handshake.
"""

from __future__ import annotations

import contextlib
import functools
import socket
import ssl
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import trustme

import nettools
from nettools import TLS, NettoolsError, Timeout

__all__ = ["LISTENERS", "hello"]

PATIENCE = 20.0  # seconds for either side: on a busy machine only who is stuck takes them, for all say when they leave
TIMES = Timeout(connect=PATIENCE, idle=PATIENCE, total=PATIENCE)

LARGEST = 65_507  # octets of a datagram


@functools.cache
def _certificates() -> tuple[TLS, TLS, object]:
    """What the server shows, what the client trusts, and the folder, which lasts as long as this."""
    authority = trustme.CA()
    folder = tempfile.TemporaryDirectory()
    own = Path(folder.name, "own.pem")
    authority.issue_cert("127.0.0.1").private_key_and_cert_chain_pem.write_to_path(str(own))
    return TLS(cert=own), TLS(ca=authority.cert_pem.bytes().decode("ascii")), folder


@functools.cache
def hello() -> bytes:
    """The first octets of a TLS client."""
    outgoing = ssl.MemoryBIO()
    client = ssl.create_default_context().wrap_bio(ssl.MemoryBIO(), outgoing, server_hostname="localhost")
    with contextlib.suppress(ssl.SSLWantReadError):
        client.do_handshake()
    return outgoing.read()


def _echo(connection: Any) -> None:
    connection.send(connection.receive(until=b"\n").data)


def _spoil(server: Any, data: bytes) -> None:
    """Say all of it, say that it is all, and be left alone; a server that takes its time over that is a finding."""
    try:
        with socket.create_connection(server.address, PATIENCE) as client:
            client.sendall(data)
            client.shutdown(socket.SHUT_WR)
            while client.recv(65536):
                pass
    except TimeoutError:
        raise
    except OSError:
        pass  # left alone before all was said


def _listen(scheme: str, handler: Callable[..., Any] = _echo) -> Callable[[bytes], None]:
    def serve(data: bytes) -> None:
        own, trusted = _certificates()[:2] if scheme == "tls" else (TLS("off"), TLS("off"))
        with nettools.listen(f"{scheme}://127.0.0.1:0", handler, tls=own, timeout=TIMES) as server:
            if scheme == "udp":
                with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
                    client.settimeout(PATIENCE)
                    client.sendto(data[:LARGEST], server.address)
                    client.recv(65536)  # its port may be the next client's
            else:
                _spoil(server, data)
            try:
                answer = nettools.exchange(server.url, b"PING\n", until=b"\n", tls=trusted, timeout=TIMES, proxy=None)
            except NettoolsError as error:
                raise AssertionError(f"the next client is not served: {error}") from error
            assert answer.data == b"PING\n"
            assert all(isinstance(each, (NettoolsError, OSError)) for each in server.errors), server.errors

    return serve


LISTENERS: dict[str, tuple[Callable[[bytes], None], Callable[[], list[bytes]]]] = {
    "listen-tcp": (_listen("tcp"), lambda: [b"one line\n"]),
    "listen-tls": (_listen("tls"), lambda: [hello()]),
    "listen-udp": (_listen("udp", lambda data, peer: data[:100]), lambda: [b"one datagram"]),
}
