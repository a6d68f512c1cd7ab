"""COMPRESS=DEFLATE (RFC 4978): a guarded socket and its reader, seen through raw deflate streams.

What is inflated is bounded: a block at a time, and only as long as somebody asks for more. So the limits of lines,
literals and responses hold for what a bomb would become, not for what it weighs.
"""

from __future__ import annotations

import zlib
from typing import Any

from nettools.errors import ProtocolError

__all__ = ["deflate"]

_WINDOW = -15  # raw deflate, without zlib's header
_BLOCK = 64 * 1024


class _Reader:
    """A reader of what is inflated, as `io.BufferedReader` is one."""

    def __init__(self, file: Any) -> None:
        self._file = file
        self._stream = zlib.decompressobj(wbits=_WINDOW)
        self._tail = b""  # deflated octets that were too much for one block
        self._buffer = bytearray()

    @property
    def pending(self) -> bool:
        """Whether something can be read without the socket."""
        return bool(self._buffer or self._tail)

    def _fill(self) -> bool:
        """Inflate a block more; False at the end of the stream, which this block may be."""
        data = self._tail or self._file.read1(_BLOCK)
        if not data:
            return False
        try:
            self._buffer += self._stream.decompress(data, _BLOCK)
        except zlib.error as error:
            raise ProtocolError("the server sent what cannot be inflated") from error
        self._tail = self._stream.unconsumed_tail
        return not self._stream.eof

    def _taken(self, count: int) -> bytes:
        data = bytes(self._buffer[:count])
        del self._buffer[:count]
        return data

    def readline(self, limit: int = -1, /) -> bytes:
        """As io.BufferedReader.readline."""
        seen, more = 0, True
        while True:
            end = self._buffer.find(b"\n", seen) + 1
            if end or 0 <= limit <= len(self._buffer):
                return self._taken(end if end and not 0 <= limit < end else limit)
            if not more:
                return self._taken(len(self._buffer))
            seen = len(self._buffer)
            more = self._fill()  # the last of the stream may hold several lines

    def read(self, count: int, /) -> bytes:
        """As io.BufferedReader.read."""
        while len(self._buffer) < count and self._fill():
            pass
        return self._taken(count)

    def close(self) -> None:
        """Close what it reads from."""
        self._file.close()


class _Socket:
    """A socket whose octets are deflated on their way; everything else is the socket's own."""

    def __init__(self, sock: Any, reader: _Reader) -> None:
        self._sock, self._reader = sock, reader
        self._stream = zlib.compressobj(wbits=_WINDOW)

    def sendall(self, data: bytes) -> None:
        """Send all of it, and let the server see it now."""
        self._sock.sendall(self._stream.compress(data) + self._stream.flush(zlib.Z_SYNC_FLUSH))

    def ready(self, seconds: float | None) -> bool:
        """As the guard's."""
        return self._reader.pending or bool(self._sock.ready(seconds))

    def __getattr__(self, name: str) -> Any:
        return getattr(self._sock, name)


def deflate(sock: Any, file: Any) -> tuple[Any, Any]:
    """A socket and its reader in place of these."""
    reader = _Reader(file)
    return _Socket(sock, reader), reader
