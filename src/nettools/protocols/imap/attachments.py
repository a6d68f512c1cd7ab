"""The attachments of a message by its BODYSTRUCTURE, and their transfer encoding undone as the octets come.

What is an attachment is what `parse.message` calls one: every leaf that is no text, or has a name, or says so. Parts of
an enclosed message are not taken apart. Pure.
"""

from __future__ import annotations

import binascii
import quopri
import re
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from nettools.parse.imap_data import Part

__all__ = ["Decoder", "attached"]

_NO_BASE64 = rb"[^A-Za-z0-9+/]+"
ENCODINGS = (None, "7bit", "8bit", "binary", "base64", "quoted-printable")


def attached(parts: Iterable[Part]) -> list[Part]:
    """The parts that are attachments, in order."""
    found: list[Part] = []
    within: str | None = None  # the section of an enclosed message
    for part in parts:
        if within is not None and part.section.startswith(f"{within}."):
            continue
        kind = part.type or "text/plain"
        within = part.section if kind.startswith("message/") else None
        text = kind in ("text/plain", "text/html") and part.disposition != "attachment" and not part.filename
        if not text and not kind.startswith("multipart/"):
            found.append(part)
    return found


class Decoder:
    """Undoes a transfer encoding block by block; `write` takes what comes out, `close` the rest of it."""

    def __init__(self, encoding: str | None, write: Callable[[bytes], object]) -> None:
        self._feed = {"base64": self._base64, "quoted-printable": self._quoted}.get(encoding or "", self._plain)
        self._write = write
        self._rest = b""

    def feed(self, block: bytes) -> None:
        """The next octets."""
        self._feed(block, False)

    def close(self) -> None:
        """There are no more."""
        self._feed(b"", True)

    def _plain(self, block: bytes, end: bool) -> None:
        del end
        self._write(block)

    def _base64(self, block: bytes, end: bool) -> None:
        data = self._rest + re.sub(_NO_BASE64, b"", block)
        whole = len(data) - len(data) % 4
        self._rest = data[whole:]
        if end and len(self._rest) > 1:
            data, whole, self._rest = data + b"=" * (4 - len(self._rest)), whole + 4, b""
        self._write(binascii.a2b_base64(data[:whole]))

    def _quoted(self, block: bytes, end: bool) -> None:
        data = self._rest + block
        whole = len(data) if end else data.rfind(b"\n") + 1
        self._rest = data[whole:]
        self._write(quopri.decodestring(data[:whole]))
