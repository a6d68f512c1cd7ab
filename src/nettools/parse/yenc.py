"""yEnc: how news carries files in 8 bits (the yEnc draft of 2002, which no RFC replaced).

Pure, linear in the length. A file stands between `=ybegin` and `=yend`, perhaps several of them in an article; what
does not fit together (size, checksum, a missing end) is told, and what could be decoded is kept.
"""

from __future__ import annotations

import re
import zlib

from nettools.parse.given import OCTETS, takes
from nettools.parse.message.headers import split_message, text_of
from nettools.results import Attachment

__all__ = ["decode_yenc", "take_out"]

_BLOCK = re.compile(
    rb"^=ybegin (?P<begin>[^\r\n]*)\r?\n(?:=ypart (?P<part>[^\r\n]*)\r?\n)?(?P<data>.*?)"
    rb"(?:^=yend(?P<end>[^\r\n]*)(?:\r?\n|\Z)|\Z)",
    re.DOTALL | re.MULTILINE,
)
_SHIFT = bytes((octet - 42) % 256 for octet in range(256))
_ESCAPED = bytes((octet - 64 - 42) % 256 for octet in range(256))


@takes(*OCTETS)
def decode_yenc(data: bytes) -> bytes:
    """The octets that encoded lines stand for; line ends mean nothing."""
    first, *rest = data.translate(None, b"\r\n").split(b"=")
    result = bytearray(first.translate(_SHIFT))
    escaped = iter(rest)
    for piece in escaped:
        if not piece:  # "==" is an escaped "=": the octet that was cut away stands for it
            follower = next(escaped, None)
            if follower is not None:
                result += b"=".translate(_ESCAPED) + follower.translate(_SHIFT)
            continue
        result += piece[:1].translate(_ESCAPED) + piece[1:].translate(_SHIFT)
    return bytes(result)


def _words(line: bytes | None) -> dict[str, str]:
    """`key=value` pairs; `name=` takes the rest of the line, spaces and all."""
    front, mark, name = (line or b"").partition(b"name=")
    found = {text_of(key): text_of(value) for key, value in re.findall(rb"(\w+)=(\S+)", front)}
    if mark:
        found["name"] = text_of(name).strip().strip('"')
    return found


def take_out(raw: bytes) -> tuple[bytes, tuple[Attachment, ...], tuple[str, ...]]:
    """An article without its encoded files, those files, and what is wrong with them."""
    _, body = split_message(raw)
    if b"=ybegin " not in body:
        return raw, (), ()
    files: list[Attachment] = []
    defects: list[str] = []
    rest = bytearray()
    place = 0
    for match in _BLOCK.finditer(body):
        rest += body[place : match.start()]
        place = match.end()
        files.append(_file(match, defects))
    rest += body[place:]
    return raw[: len(raw) - len(body)] + bytes(rest), tuple(files), tuple(defects)


def _file(match: re.Match[bytes], defects: list[str]) -> Attachment:
    begin, end = _words(match["begin"]), _words(match["end"])
    data = decode_yenc(match["data"])
    name = begin.get("name") or None
    called = name or "a yEnc file"
    if match["end"] is None:
        defects.append(f"{called} has no =yend")
    part = begin.get("part")
    if part is not None:
        total = begin.get("total")
        defects.append(f"{called} is part {part}" + (f" of {total}" if total else " of several"))
    expected = end.get("size") or ("" if part is not None else begin.get("size", ""))
    if expected.isdigit() and expected.lstrip("0") != str(len(data)).lstrip("0"):
        defects.append(f"{called} has {len(data)} octets instead of {expected[:20]}")
    checksum = end.get("pcrc32" if part is not None else "crc32", "")
    if re.fullmatch(r"[0-9A-Fa-f]{1,8}", checksum) and int(checksum, 16) != zlib.crc32(data):
        defects.append(f"{called} does not have its checksum")
    return Attachment(name, "application/octet-stream", data, len(data))
