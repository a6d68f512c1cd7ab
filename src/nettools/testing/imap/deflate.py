"""COMPRESS=DEFLATE (RFC 4978): both directions of a connection through raw deflate streams.

Replies are flushed, or the client would wait for the rest of a block. What the client had sent behind the command was
compressed already, so the octets that the reader holds are the first to be inflated.
"""

from __future__ import annotations

import asyncio
import zlib
from typing import Any

from nettools.testing.connection import LINE_LIMIT, Connection

_WINDOW = -15  # raw deflate, without zlib's header
_MOST = 1 << 20  # octets that are inflated at once: a bomb has to come in pieces


class _Writer:
    """A StreamWriter whose octets are deflated on their way."""

    def __init__(self, writer: asyncio.StreamWriter) -> None:
        self._writer = writer
        self._deflate = zlib.compressobj(wbits=_WINDOW)

    def write(self, data: bytes) -> None:
        self._writer.write(self._deflate.compress(data) + self._deflate.flush(zlib.Z_SYNC_FLUSH))

    def __getattr__(self, name: str) -> Any:
        return getattr(self._writer, name)


def compress(conn: Connection) -> None:
    """From here on, the connection is compressed."""
    raw, plain = conn.reader, asyncio.StreamReader(limit=LINE_LIMIT * 4)
    conn.reader = plain
    writer: Any = _Writer(conn.writer)
    conn.writer = writer
    writer.pump = asyncio.ensure_future(_inflate(raw, plain))


async def _inflate(raw: asyncio.StreamReader, plain: asyncio.StreamReader) -> None:
    stream = zlib.decompressobj(wbits=_WINDOW)
    try:
        while data := await raw.read(65536):
            while data:
                plain.feed_data(stream.decompress(data, _MOST))
                data = stream.unconsumed_tail
    except (zlib.error, ConnectionError):
        pass  # nobody can be told: the stream has no more meaning
    finally:
        plain.feed_eof()
