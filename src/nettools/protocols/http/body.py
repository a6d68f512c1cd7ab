"""Bodies: octets off a response within bounds, Content-Encoding undone (RFC 9110 8.4), and the charset of a page."""

from __future__ import annotations

import codecs
import re
import zlib
from collections.abc import Iterator
from typing import Any

from nettools.errors import IncompleteError, ProtocolError, TooLargeError, TransferError, UnsupportedError
from nettools.wire.guard import BLOCK

__all__ = ["CODINGS", "charset_of", "decoded", "octets"]

CODINGS = ("gzip", "deflate")
_OUTPUT = 1024 * 1024  # octets that a decoder may give at a time, however little went in


def octets(response: Any, sock: Any) -> Iterator[memoryview]:
    """The body of an http.client response as it came, in big blocks; each is valid until the next.

    Raises:
        IncompleteError: it ended before its length, its last chunk, or TLS's close_notify.
    """
    buffer = memoryview(bytearray(BLOCK))
    received = 0
    expected = response.length
    by_close = expected is None and not response.chunked
    try:
        while count := response.readinto(buffer):
            received += count
            yield buffer[:count]
    except ProtocolError:
        raise
    except (ValueError, OverflowError) as error:
        raise ProtocolError("a chunk whose size makes no sense") from error
    except Exception as error:
        if type(error).__name__ == "IncompleteRead":
            if _caused_by_value(error):
                raise ProtocolError("a chunk whose size makes no sense") from error
            raise IncompleteError("the body was cut in the middle of a chunk", received=received) from error
        raise
    if expected is not None and received < expected:
        raise IncompleteError(f"{received} of {expected} octets came", received=received, expected=expected)
    if by_close and getattr(sock, "ragged", False):
        raise IncompleteError("the connection was cut without TLS's close_notify", received=received)


def _caused_by_value(error: BaseException) -> bool:
    """Whether a ValueError stands at the root: a chunk's size that is no number."""
    link: BaseException | None = error
    while link is not None and not isinstance(link, ValueError):
        link = link.__context__
    return link is not None


def decoded(blocks: Iterator[Any], encoding: str, limit: int | None) -> Iterator[bytes | memoryview]:
    """The blocks with their Content-Encodings undone, at most `limit` octets.

    Raises:
        TransferError: they are not what the header says. IncompleteError: they end too early. TooLargeError.
    """
    names = [each.strip().lower() for each in encoding.split(",") if each.strip()]
    for name in reversed(names):
        if name in ("identity", ""):
            continue
        if name in ("gzip", "x-gzip"):
            blocks = _inflate(blocks, zlib.MAX_WBITS | 16)
        elif name == "deflate":
            blocks = _inflate(blocks, None)
        else:
            raise UnsupportedError(
                f"the server sent Content-Encoding {name!r}, which was not asked for", side="nettools"
            )
    total = 0
    for block in blocks:
        total += len(block)
        if limit is not None and total > limit:
            raise TooLargeError(
                f"the body has more than max_size={limit} octets", hint="allow more with max_size= or --max-size"
            )
        yield block


def _inflate(blocks: Iterator[Any], window: int | None) -> Iterator[bytes]:
    """gzip (one member or several), or deflate with or without zlib's header; the output bounded at every step."""
    decoder: Any = None
    started = False
    for block in blocks:
        data = bytes(block)
        while data:
            if decoder is None:
                if started and not data.strip(b"\0"):
                    return  # padding behind the last member
                decoder = zlib.decompressobj(window if window is not None else _window(data))
                started = True
            try:
                piece = decoder.decompress(data, _OUTPUT)
            except zlib.error as error:
                raise TransferError("the body is not in the Content-Encoding that the server names") from error
            if piece:
                yield piece
            data = decoder.unconsumed_tail
            if decoder.eof:
                data, decoder = decoder.unused_data, None
    if decoder is not None:
        if piece := decoder.flush():
            yield piece
        raise IncompleteError("the compressed body was cut")


def _window(data: bytes) -> int:
    """Whether deflate has zlib's header (RFC 1950), as it should, or none, as some servers send it."""
    header = int.from_bytes(data[:2].ljust(2, b"\0"), "big")
    return zlib.MAX_WBITS if data[0] & 0x0F == 8 and header % 31 == 0 else -zlib.MAX_WBITS


_META = re.compile(rb"<meta[^>]+charset\s*=\s*[\"']?\s*([A-Za-z0-9_.:-]+)", re.IGNORECASE)
_BOMS = ((codecs.BOM_UTF8, "utf-8-sig"), (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"))


def charset_of(content_type: str, content: bytes) -> str | None:
    """How a text is encoded: BOM, Content-Type, `<meta>`, then UTF-8 if it is that; None for what is no text."""
    for mark, name in _BOMS:
        if content.startswith(mark):
            return name
    kind, _, parameters = content_type.partition(";")
    kind = kind.strip().lower()
    match = re.search(r"charset\s*=\s*[\"']?([^\s\"';]+)", parameters, re.IGNORECASE)
    if match is not None and _known(match[1]):
        return match[1].lower()
    textual = kind.startswith("text/") or kind.endswith(("+xml", "+json", "/json", "/xml", "/javascript"))
    if not textual:
        return None
    if "html" in kind:
        found = _META.search(content[:4096])
        if found is not None and _known(found[1].decode("ascii")):
            return found[1].decode("ascii").lower()
    try:
        content.decode("utf-8")
    except UnicodeDecodeError:
        return "cp1252"
    return "utf-8"


def _known(name: str) -> bool:
    try:
        return codecs.lookup(name)._is_text_encoding
    except LookupError:
        return False
