"""A server that says what it is told, turn by turn, whatever the client says: one thread, one conversation at a time.

A turn is played when the client has said something, or after a moment in which it has not (it may be waiting for more
of the last one). Then our side is closed, and what the client still says is read, so that it sees no reset. A second
port plays the data connections of FTP: it sends the transcript's data, and takes what comes.
"""

from __future__ import annotations

import contextlib
import re
import socket
import threading

from fuzz.strategies import Transcript

__all__ = ["Player"]

PATIENCE = 0.01  # seconds that a turn waits for the client
TAG = re.compile(rb"([A-P]{4})\d+ ")
LINGER = 1.0  # seconds that the client may take to close


class Player:
    """A context manager; `port` is where clients go, `play` sets what they hear."""

    def __init__(self) -> None:
        self._transcript = Transcript(())
        self._control, self._data = (socket.create_server(("127.0.0.1", 0)) for _ in range(2))
        self.port: int = self._control.getsockname()[1]
        self.data_port: int = self._data.getsockname()[1]
        self._threads = [
            threading.Thread(target=self._serve, args=(listener, talk), daemon=True)
            for listener, talk in ((self._control, self._converse), (self._data, self._transfer))
        ]

    def play(self, transcript: Transcript) -> None:
        """What the next clients hear; ports of data connections become ours."""
        high, low = divmod(self.data_port, 256)
        pieces = []
        for piece in transcript.pieces:
            piece = re.sub(rb"\(\|\|\|\d+\|\)", b"(|||%d|)" % self.data_port, piece)
            pieces.append(re.sub(rb"\(127,0,0,1,\d+,\d+\)", b"(127,0,0,1,%d,%d)" % (high, low), piece))
        self._transcript = Transcript(tuple(pieces), transcript.data, transcript.tag)

    def _serve(self, listener: socket.socket, talk: object) -> None:
        assert callable(talk)
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
            conn.settimeout(PATIENCE)
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
        for listener in (self._control, self._data):
            with contextlib.suppress(OSError):
                listener.shutdown(socket.SHUT_RDWR)
            listener.close()
        for thread in self._threads:
            thread.join(LINGER)
