"""Bodies of responses: Content-Encoding undone within bounds (RFC 9110 8.4), and the charset of a page. Pure."""

from __future__ import annotations

import codecs
import functools
import importlib
import re
import zlib
from collections.abc import Callable, Iterator
from typing import Any

from nettools.charsets import is_charset
from nettools.errors import IncompleteError, MissingExtraError, TooLargeError, TransferError, UnsupportedError
from nettools.protocols.http.fields import media_type

__all__ = ["charset_of", "codings", "decoded"]

MOST_CODINGS = 5  # layers of Content-Encoding
_OUTPUT = 256 * 1024  # octets that a decoder may give at a time, however little went in
_EXTRA = {"br": "brotli", "zstd": "backports.zstd"}


@functools.cache
def codings() -> tuple[str, ...]:
    """The content codings that are asked for: gzip and deflate, br and zstd where the extra `compression` is here."""
    return ("gzip", "deflate", *(name for name in _EXTRA if _module(name) is not None))


def _module(coding: str) -> Any:
    names = ("compression.zstd", "backports.zstd") if coding == "zstd" else ("brotli",)
    for name in names:
        try:
            return importlib.import_module(name)
        except ImportError:
            continue
    return None


def decoded(blocks: Iterator[Any], encoding: str, limit: int | None) -> Iterator[bytes | memoryview]:
    """The blocks with their Content-Encodings undone, at most `limit` octets.

    Raises:
        TransferError: they are not what the header says. IncompleteError: they end too early. TooLargeError.
        MissingExtraError: br or zstd, without the extra `compression`.
    """
    names = [name for each in encoding.split(",") if (name := each.strip().lower()) not in ("", "identity")]
    if len(names) > MOST_CODINGS:
        raise TransferError(f"the body has {len(names)} layers of Content-Encoding, more than {MOST_CODINGS}")
    for name in reversed(names):
        blocks = _undone(blocks, name)
    total = 0
    for block in blocks:
        total += len(block)
        if limit is not None and total > limit:
            raise TooLargeError.over(limit, "the body has")
        yield block


def _undone(blocks: Iterator[Any], name: str) -> Iterator[bytes]:
    if name in ("gzip", "x-gzip"):
        return _members(blocks, lambda _: zlib.decompressobj(zlib.MAX_WBITS | 16))
    if name == "deflate":
        return _members(blocks, lambda data: zlib.decompressobj(_window(data)), most=1)
    if name not in _EXTRA:
        raise UnsupportedError(
            f"the server sent Content-Encoding {name[:40]!r}, which was not asked for", side="nettools"
        )
    module = _module(name)
    if module is None:
        raise MissingExtraError(
            f"the server sent Content-Encoding {name}, and {_EXTRA[name]} is not installed",
            hint="pip install 'nettools[compression]'; or decode=False",
        )
    if name == "br":
        return _brotli(blocks, module)
    return _members(blocks, lambda _: _Zstandard(module))


class _Zstandard:
    """A Zstandard frame (RFC 8878) with the manners of zlib's decoder."""

    unconsumed_tail = b""  # it keeps for itself what it has not come to

    def __init__(self, module: Any) -> None:
        # RFC 9659: no window of more than 8 MiB in HTTP
        self._decoder = module.ZstdDecompressor(options={module.DecompressionParameter.window_log_max: 23})
        self._error = module.ZstdError

    def decompress(self, data: bytes, limit: int) -> bytes:
        """At most `limit` octets."""
        try:
            piece: bytes = self._decoder.decompress(data, limit)
        except self._error as error:
            raise zlib.error(str(error)) from error
        return piece

    @property
    def eof(self) -> bool:
        """Whether the frame is over."""
        return bool(self._decoder.eof)

    @property
    def unused_data(self) -> bytes:
        """What came behind it."""
        return bytes(self._decoder.unused_data)


def _members(blocks: Iterator[Any], make: Callable[[bytes], Any], most: int | None = None) -> Iterator[bytes]:
    """What is compressed in one member or several, `most` at most; the output bounded at every step.

    What stands behind the last member and is none is passed over, as gzip does and browsers do.
    """
    decoder: Any = None
    whole = 0  # members that were read to their end
    fresh = True  # nothing has come out of the member at hand
    data = b""
    for block in blocks:
        data += block
        if whole == most or (decoder is None and len(data) < 2):
            continue  # it takes two octets to tell what it is
        more = False  # the decoder may have output left although it has taken all of its input
        while (data or more) and whole != most:
            if decoder is None:
                decoder, fresh = make(data), True
            try:
                piece = decoder.decompress(data, _OUTPUT)
            except zlib.error as error:
                if whole and fresh:
                    decoder, most = None, whole
                    break
                raise TransferError("the body is not in the Content-Encoding that the server names") from error
            if piece:
                fresh = False
                yield piece
            data, more = decoder.unconsumed_tail, len(piece) >= _OUTPUT
            if decoder.eof:
                data, decoder, more, whole = decoder.unused_data, None, False, whole + 1
    if decoder is not None or (data and not whole):
        raise IncompleteError("the compressed body was cut")


def _brotli(blocks: Iterator[Any], module: Any) -> Iterator[bytes]:
    """What is compressed by Brotli (RFC 7932); the output bounded at every step."""
    decoder = module.Decompressor()
    started = False
    for block in blocks:
        data = bytes(block)
        started = started or bool(data)
        try:
            if piece := decoder.process(data, output_buffer_limit=_OUTPUT):
                yield piece
            while not decoder.can_accept_more_data() and not decoder.is_finished():
                if piece := decoder.process(b"", output_buffer_limit=_OUTPUT):
                    yield piece
        except module.error as error:
            raise TransferError("the body is not in the Content-Encoding that the server names") from error
    if started and not decoder.is_finished():
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
    kind, named = media_type(content_type)
    textual = kind.startswith("text/") or kind.endswith(("+xml", "+json", "/json", "/xml", "/javascript"))
    if named is not None or not textual:
        return named
    if "html" in kind:
        found = _META.search(content[:4096])
        if found is not None and is_charset(found[1].decode("ascii")):
            return found[1].decode("ascii").lower()
    try:
        content.decode("utf-8")
    except UnicodeDecodeError:
        return "cp1252"
    return "utf-8"
