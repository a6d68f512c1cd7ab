"""Spoiled input: real octets, cut, doubled, spliced and strewn with what has a meaning to the protocol."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol, TypeVar

from hypothesis import strategies as st

__all__ = ["Chance", "Transcript", "octets", "spoil", "spoil_transcript", "transcripts"]

T = TypeVar("T")

LIMIT = 20_000  # octets of one input
SWOLLEN = 200_000  # and of one that takes longer than it may where time grows as the square
TOKENS = (
    b"\r\n", b"\n", b"\r", b"\0", b" ", b"\t", b".", b"\r\n.\r\n", b"-", b",", b";", b":", b"=", b"*", b"%", b"\\",
    b'"', b"'", b"(", b")", b"((((((((", b"<", b">", b"[", b"]", b"{", b"}", b"{9999999999}", b"{5}\r\n", b"|",
    b"\xff", b"\xff\xff", b"\xff\xfa", b"\xff\xf0", b"\xc3", b"\xe2\x82", b"\xed\xa0\x80", b"\x1b[2J", b"0", b"-1",
    b"00000000000000000001", b"99999999999999999999", b"4294967296", b"NIL", b"=?utf-8?b?", b"?=", b"=?x?q?=FF?=",
    b"100 ", b"220 ", b"+OK ", b"* ", b"Content-Length: -1\r\n", b"Transfer-Encoding: chunked\r\n",
    b"Content-Encoding: gzip\r\n", b"Location: /\r\n",
)  # fmt: skip


@dataclass(frozen=True)
class Transcript:
    """What a server says, turn by turn, what it sends on a data connection, and what its client's tags begin with."""

    pieces: tuple[bytes, ...]
    data: bytes = b""
    tag: bytes = b""


class Choice(Protocol):
    """Where the accidents come from."""

    def number(self, first: int, last: int) -> int: ...
    def one_of(self, values: Sequence[T]) -> T: ...
    def octets(self, most: int) -> bytes: ...


class Chance(random.Random):
    """Accidents by a generator of random numbers: fast, for long runs."""

    number = random.Random.randint
    one_of = random.Random.choice

    def octets(self, most: int) -> bytes:
        return self.randbytes(self.randint(0, most))


class Drawn:
    """Accidents drawn by hypothesis, which makes a failing example small."""

    def __init__(self, draw: st.DrawFn) -> None:
        self._draw = draw

    def number(self, first: int, last: int) -> int:
        return self._draw(st.integers(first, last))

    def one_of(self, values: Sequence[T]) -> T:
        return self._draw(st.sampled_from(values))

    def octets(self, most: int) -> bytes:
        return self._draw(st.binary(max_size=most))


def spoil(choice: Choice, seeds: Sequence[bytes], tokens: Sequence[bytes] = TOKENS) -> bytes:
    """Octets that look like one of the seeds, and are not quite; now and then very many of them."""
    most = LIMIT
    data = bytearray(choice.one_of(seeds) if choice.number(0, 9) else choice.octets(60))
    for _ in range(choice.number(0, 5)):
        place = choice.number(0, len(data))
        size = choice.number(0, 30)
        match choice.one_of(("insert", "octets", "replace", "delete", "repeat", "cut", "splice", "flip", "swell")):
            case "insert":
                data[place:place] = choice.one_of(tokens)
            case "octets":
                data[place:place] = choice.octets(8)
            case "replace":
                data[place : place + size] = choice.one_of(tokens)
            case "delete":
                del data[place : place + size]
            case "repeat":
                data[place:place] = data[place : place + size] * choice.number(1, 200)
            case "cut":
                del data[place:]
            case "splice":
                other = choice.one_of(seeds)
                data[place:] = other[choice.number(0, len(other)) :]
            case "flip" if place < len(data):
                data[place] ^= 1 << choice.number(0, 7)
            case "swell" if not choice.number(0, 9):
                piece = choice.one_of(tokens) + bytes(data[place : place + choice.number(0, 6)])
                most = SWOLLEN
                data[place:place] = piece * (most // len(piece))
    return bytes(data[:most])


def spoil_transcript(choice: Choice, seeds: Sequence[Transcript]) -> Transcript:
    """A conversation of which a turn or two went wrong."""
    seed = choice.one_of(seeds)
    pieces = list(seed.pieces)
    for _ in range(choice.number(1, 3)):
        place = choice.number(0, max(0, len(pieces) - 1))
        match choice.one_of(("spoil", "spoil", "spoil", "drop", "double", "swap", "end")):
            case "spoil" if pieces:
                pieces[place] = spoil(choice, [pieces[place]])
            case "drop" if pieces:
                del pieces[place]
            case "double" if pieces:
                pieces.insert(place, pieces[place])
            case "swap" if pieces:
                pieces[place], pieces[-1] = pieces[-1], pieces[place]
            case "end":
                del pieces[place + 1 :]
    data = spoil(choice, [seed.data]) if choice.number(0, 1) else seed.data
    return Transcript(tuple(pieces), data, seed.tag)


@st.composite
def octets(draw: st.DrawFn, seeds: Sequence[bytes]) -> bytes:
    """`spoil` for hypothesis."""
    return spoil(Drawn(draw), seeds)


@st.composite
def transcripts(draw: st.DrawFn, seeds: Sequence[Transcript]) -> Transcript:
    """`spoil_transcript` for hypothesis."""
    return spoil_transcript(Drawn(draw), seeds)
