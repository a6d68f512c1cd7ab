"""Pieces of a message: octets, and files that are read while they are sent, as base64 or as they are.

The size of every piece is known beforehand (RFC 1870, 3030), and a file that is not what it was when it was measured is
an error in the middle of sending, never a message that is cut or mixed.
"""

from __future__ import annotations

import binascii
import os
import re
from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING, Any

from nettools.errors import FileError, NettoolsError
from nettools.frozen import Frozen, field, replace

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["Draft", "Encoded", "Piece", "Prepared", "Verbatim", "base64_lines", "crlf", "read_all", "unreadable"]

_LINE = 57  # octets that make a line of base64 (RFC 2045 6.8)
_READ = _LINE * 4096
_BARE_LF = re.compile(rb"\n(?<!\r\n)")  # looked for by their first octet: half of what counting line ends costs
_BARE_CR = re.compile(rb"\r(?!\n)")


def crlf(octets: bytes) -> bytes:
    """Octets with every line end, bare CR and LF too, as CR LF."""
    if not (_BARE_LF.search(octets) or _BARE_CR.search(octets)):
        return octets
    if b"\r" in octets:
        octets = octets.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
    return octets.replace(b"\n", b"\r\n")


def crlf_blocks(blocks: Iterable[bytes]) -> Iterator[bytes]:
    """The same for blocks of them."""
    tail = b""
    for block in blocks:
        data = tail + block
        tail = b"\r" if data.endswith(b"\r") else b""  # half of a CR LF, perhaps
        yield crlf(data[: len(data) - len(tail)])
    if tail:
        yield b"\r\n"


def base64_lines(data: bytes) -> bytes:
    """Base64 in lines of 76 characters."""
    return b"".join(
        binascii.b2a_base64(data[place : place + _LINE], newline=False) + b"\r\n"
        for place in range(0, len(data), _LINE)
    )


def unreadable(path: object, error: Exception) -> FileError:
    """The error for a file that cannot be read; one of the caller's may raise anything."""
    reason = getattr(error, "strerror", None) or str(error)
    return FileError(
        f"cannot read {os.fspath(path) if isinstance(path, os.PathLike) else path}: {reason.lower()}",
        errno=getattr(error, "errno", None),
        filename=str(path),
        exit_code=26,
        stage="local",
    )


def read_all(file: Any) -> Any:
    """What a file of the caller's has left."""
    try:
        return file.read()
    except NettoolsError:
        raise
    except Exception as error:
        raise unreadable(getattr(file, "name", "(file)"), error) from error


def _changed(path: Path) -> FileError:
    return FileError(f"{path} changed while it was sent", filename=str(path), exit_code=26, stage="local")


def _read(path: Path) -> Iterator[bytes]:
    try:
        with path.open("rb") as file:
            while data := file.read(_READ):  # a buffered reader: short only at the end
                yield data
    except OSError as error:
        raise unreadable(path, error) from error


class Encoded(Frozen):
    """A file that is encoded as base64 while it is sent."""

    path: Path
    octets: int
    eight = False

    @property
    def size(self) -> int:
        """Its size in base64, line ends included."""
        encoded = -(-self.octets // 3) * 4
        return encoded + -(-encoded // 76) * 2

    def blocks(self) -> Iterator[bytes]:
        """Its base64, in blocks of whole lines."""
        left = self.octets
        for data in _read(self.path):
            left -= len(data)
            if left < 0:
                break
            yield base64_lines(data)
        if left:
            raise _changed(self.path)


class Verbatim(Frozen):
    """A file that is sent as it is but for its line ends, from the octet `start` (counted with CR LF) on."""

    path: Path
    start: int
    size: int
    eight: bool
    last: bytes  # its last two octets

    @classmethod
    def of(cls, path: Path, start: int = 0) -> Verbatim:
        """The file, measured."""
        total, eight, last = 0, False, b""
        for block in crlf_blocks(_read(path)):
            eight = eight or not block[max(0, start - total) :].isascii()
            total += len(block)
            last = (last + block[-2:])[-2:]
        return cls(path, start, total - start, eight, last)

    def blocks(self) -> Iterator[bytes]:
        """Its octets."""
        skip, left = self.start, self.size
        for block in crlf_blocks(_read(self.path)):
            data = block[skip:]
            skip = max(0, skip - len(block))
            left -= len(data)
            if left < 0:
                break
            if data:
                yield data
        if left:
            raise _changed(self.path)


Piece = bytes | Encoded | Verbatim


class Draft(Frozen):
    """A message that was built here: its pieces, and the addresses for the envelope."""

    pieces: list[Piece]
    sender: str | None
    recipients: tuple[str, ...]
    message_id: str


class Prepared(Frozen):
    """A message ready to be sent: envelope, size in octets with CR LF line ends, and `blocks()`, not dot-stuffed."""

    pieces: tuple[Piece, ...] = field(repr=False)
    sender: str
    recipients: tuple[str, ...]
    message_id: str | None
    needs_8bit: bool
    needs_smtputf8: bool
    size: int
    anew: Callable[[], tuple[Piece, ...]] | None = field(default=None, repr=False)

    @property
    def in_memory(self) -> bool:
        """Whether no file has to be read for it."""
        return all(isinstance(piece, bytes) for piece in self.pieces)

    def in_7bit(self) -> Prepared:
        """The same message encoded in ASCII, where that can be done without touching what was given."""
        if self.anew is None or self.needs_smtputf8:
            return self
        pieces = self.anew()
        return replace(self, pieces=pieces, needs_8bit=has_8bit(pieces), size=size_of(pieces), anew=None)

    def blocks(self) -> Iterator[bytes]:
        """The octets."""
        for piece in self.pieces:
            if isinstance(piece, bytes):
                yield piece
            else:
                yield from piece.blocks()


def size_of(pieces: Iterable[Piece]) -> int:
    """Octets on the wire, before dot-stuffing."""
    return sum(len(piece) if isinstance(piece, bytes) else piece.size for piece in pieces)


def has_8bit(pieces: Iterable[Piece]) -> bool:
    """Whether there are octets beyond ASCII."""
    return any(not piece.isascii() if isinstance(piece, bytes) else piece.eight for piece in pieces)
