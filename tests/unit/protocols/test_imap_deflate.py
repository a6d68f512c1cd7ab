"""COMPRESS=DEFLATE on the reading side: lines and octets out of a raw deflate stream, wherever it is cut or ended."""

from __future__ import annotations

import io
import zlib
from typing import Any

import pytest

from nettools.errors import ProtocolError
from nettools.protocols.imap.deflate import deflate

LINES = b"* 1 FETCH (UID 7)\r\n* BYE\r\nA1 OK out\r\n"


class Trickle(io.RawIOBase):
    """Gives so many octets at a time."""

    def __init__(self, octets: bytes, size: int) -> None:
        self._octets, self._size = io.BytesIO(octets), size

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        piece = self._octets.read(min(self._size, len(buffer)))
        buffer[: len(piece)] = piece
        return len(piece)


def deflated(octets: bytes, mode: int = zlib.Z_SYNC_FLUSH) -> bytes:
    stream = zlib.compressobj(wbits=-15)
    return stream.compress(octets) + stream.flush(mode)


def reader(octets: bytes, size: int = 1 << 16) -> Any:
    return deflate(None, io.BufferedReader(Trickle(octets, size)))[1]


@pytest.mark.parametrize("mode", [zlib.Z_SYNC_FLUSH, zlib.Z_FINISH])
@pytest.mark.parametrize("size", [1, 7, 1 << 16])
def test_lines_come_one_by_one_also_where_the_stream_ends_behind_them(mode: int, size: int) -> None:
    file = reader(deflated(LINES, mode), size)
    assert [file.readline(100) for _ in range(4)] == [*LINES.splitlines(keepends=True), b""]


def test_octets_and_lines_take_turns() -> None:
    file = reader(deflated(b"{5}\r\nab\r\nc)\r\n", zlib.Z_FINISH))
    assert [file.readline(100), file.read(5), file.readline(100)] == [b"{5}\r\n", b"ab\r\nc", b")\r\n"]
    assert file.read(1) == b""


def test_a_line_without_end_is_given_up_to_its_limit_and_no_more_is_inflated() -> None:
    file = reader(deflated(bytes(10_000_000)))
    assert len(file.readline(1000)) == 1000
    assert file.pending
    assert len(file._buffer) < 1 << 17


def test_what_is_no_deflate_stream_is_a_protocol_error() -> None:
    with pytest.raises(ProtocolError):
        reader(b"\xff" * 10).readline(100)
