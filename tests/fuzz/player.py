"""A server that says what it is told, turn by turn, whatever the client says: one thread, one conversation at a time.

A turn is played when the client has said something, or after a moment in which it has not (it may be waiting for more
of the last one). Then our side is closed, and what the client still says is read, so that it sees no reset. A second
port plays the data connections of FTP: it sends the transcript's data, and takes what comes. A Unix socket converses
as the port does; a UDP port answers each datagram with a piece.
"""

from __future__ import annotations

import contextlib
import re
import socket
import tempfile
import threading
from collections.abc import Callable

from fuzz.strategies import Transcript

__all__ = ["Player"]

PATIENCE = 0.01  # seconds that a turn waits for the client
TAG = re.compile(rb"([A-P]{4})\d+ ")
LINGER = 1.0  # seconds that the client may take to close


class Player:
    """A context manager; `url` is where clients go, `play` sets what they hear."""

    def __init__(self, patience: float = PATIENCE) -> None:
        self._patience = patience
        self._transcript = Transcript(())
        self._folder = tempfile.TemporaryDirectory()
        self._control, self._data = (socket.create_server(("127.0.0.1", 0)) for _ in range(2))
        self._local = socket.socket(socket.AF_UNIX)
        self._local.bind(f"{self._folder.name}/s")
        self._local.listen()
        self._datagrams = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._datagrams.bind(("127.0.0.1", 0))
        self._threads = [
            threading.Thread(target=self._serve, args=(listener, talk), daemon=True)
            for listener, talk in (
                (self._control, self._converse),
                (self._local, self._converse),
                (self._data, self._transfer),
            )
        ]
        self._threads.append(threading.Thread(target=self._answer, daemon=True))

    def url(self, protocol: str) -> str:
        """Where a client of this protocol goes."""
        if protocol == "unix":
            return f"unix://{self._folder.name}/s"
        listener = self._datagrams if protocol == "udp" else self._control
        address = f"127.0.0.1:{listener.getsockname()[1]}"
        return f"http://{address}/RPC2" if protocol == "xmlrpc" else f"{protocol}://{address}"

    def play(self, transcript: Transcript) -> None:
        """What the next clients hear; ports of data connections become ours."""
        data_port: int = self._data.getsockname()[1]
        high, low = divmod(data_port, 256)
        pieces = []
        for piece in transcript.pieces:
            piece = re.sub(rb"\(\|\|\|\d+\|\)", b"(|||%d|)" % data_port, piece)
            pieces.append(re.sub(rb"\(127,0,0,1,\d+,\d+\)", b"(127,0,0,1,%d,%d)" % (high, low), piece))
        self._transcript = Transcript(tuple(pieces), transcript.data, transcript.tag)

    def _serve(self, listener: socket.socket, talk: Callable[[socket.socket], None]) -> None:
        while True:
            try:
                conn, _ = listener.accept()
            except OSError:
                return  # closed: the end
            with conn, contextlib.suppress(OSError):
                talk(conn)

    def _converse(self, conn: socket.socket) -> None:
        tag = self._transcript.tag  # IMAP's tags begin with something else each time (imaplib)
        for number, piece in enumerate(self._transcript.pieces):
            conn.settimeout(self._patience)
            if number:
                with contextlib.suppress(TimeoutError):
                    said = TAG.match(conn.recv(65536))
                    tag = said[1] if said else tag
            conn.settimeout(LINGER)
            conn.sendall(piece.replace(self._transcript.tag, tag) if tag else piece)
        self._leave(conn)

    def _transfer(self, conn: socket.socket) -> None:
        conn.settimeout(LINGER)
        conn.sendall(self._transcript.data)
        self._leave(conn)

    def _answer(self) -> None:
        with contextlib.suppress(OSError):  # closed: the end
            while client := self._datagrams.recvfrom(65536)[1]:  # none: the end, too
                for piece in self._transcript.pieces:
                    with contextlib.suppress(OSError):  # the client has left, or it is no datagram
                        self._datagrams.sendto(piece, client)

    def _leave(self, conn: socket.socket) -> None:
        conn.shutdown(socket.SHUT_WR)
        conn.settimeout(LINGER)
        while conn.recv(65536):
            pass

    def __enter__(self) -> Player:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        for listener in (self._control, self._local, self._data, self._datagrams):
            with contextlib.suppress(OSError):
                listener.shutdown(socket.SHUT_RDWR)  # whoever waits for it is woken
            listener.close()
        for thread in self._threads:
            thread.join(LINGER)
        self._folder.cleanup()
