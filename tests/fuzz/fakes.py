"""One target a fake server: what a client should not say, and then an ordinary client, which has to be served.

A fake that fails in its own code raises that when it stops, so any example tells of it. The folder `commands` has what
a client says that uses everything.
"""

from __future__ import annotations

import contextlib
import functools
import socket
from collections.abc import Callable
from pathlib import Path
from typing import Any

import nettools
from fuzz.sessions import ALICE, OPTIONS, asked
from nettools import NettoolsError
from nettools.testing import servers

__all__ = ["FAKES"]

PATIENCE = 0.2  # seconds without a word after which the spoiler leaves: the fake may wait for a data connection
PATIENT = OPTIONS | {"timeout": 30}  # one loop serves all clients, and has much to read

FOLDER = Path(__file__).parent / "commands"  # a file a protocol; its lines end with CR LF on the wire
OWN = {
    "telnet": (
        b"\xff\xfd\x03\xff\xfb\x1f\xff\xfa\x1f\0\x50\0\x18\xff\xf0\xff\xfa\x18\0xterm\xff\xf0alice\r\nsecret\r\0ls\r\n"
        b"\xff\xf6exit\r\n"
    ),
    "gopher": b"/pub\twords\t+$\r\n",
}


def _spoil(address: tuple[str, int], data: bytes) -> None:
    """Say all of it, hear what there is, and leave."""
    with socket.create_connection(address, PATIENCE) as client, contextlib.suppress(OSError):
        client.sendall(data)
        client.shutdown(socket.SHUT_WR)
        while client.recv(65536):
            pass


def _logged_in(url: str) -> None:
    nettools.connect(url, auth=ALICE, **PATIENT).close()


def _serve(protocol: str, visit: Callable[[str], Any]) -> Callable[[bytes], None]:
    def serve(data: bytes) -> None:
        with servers(protocol) as running:
            server = running.running[protocol]
            _spoil((server.host, server.port), data)
            try:
                visit(server.url)
            except NettoolsError as error:
                raise AssertionError(f"the next client is not served: {error}") from error

    return serve


def _seeds(protocol: str, *sessions: str) -> list[bytes]:
    """What an ordinary client says, and one that uses everything."""
    said = [asked(each) for each in sessions]
    if protocol in OWN:
        said.append(OWN[protocol])
    elif (file := FOLDER / f"{protocol}.txt").exists():
        said.append(file.read_bytes().replace(b"\n", b"\r\n"))
    return said


def _target(
    protocol: str, *sessions: str, visit: Callable[[str], Any] = _logged_in
) -> tuple[Callable[[bytes], None], Callable[[], list[bytes]]]:
    return _serve(protocol, visit), functools.partial(_seeds, protocol, *sessions)


FAKES = {
    "fake-http": _target(
        "http", "http-fetch", "http-download", visit=lambda url: nettools.fetch_page(url, check=False, **PATIENT)
    ),
    "fake-ftp": _target("ftp", "ftp-get", "ftp-list", "ftp-put"),
    "fake-smtp": _target("smtp", "smtp-send"),
    "fake-pop3": _target("pop3", "pop3-session"),
    "fake-imap": _target("imap", "imap-session"),
    "fake-nntp": _target("nntp", "nntp-session"),
    "fake-telnet": _target(
        "telnet", "telnet-run", visit=lambda url: nettools.telnet_run(url, [("login: ", None)], **PATIENT)
    ),
    "fake-gopher": _target(
        "gopher", "gopher-get", "gopher-list", visit=lambda url: nettools.gopher_list(url, **PATIENT)
    ),
    "fake-xmlrpc": _target(
        "xmlrpc", "xmlrpc-call", visit=lambda url: nettools.call_xmlrpc(url, "add", 1, 2, **PATIENT)
    ),
}
