"""The Telnet codec: any octets, in any pieces, give data and short answers; what was sent is received."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from nettools.parse.telnet import Codec, Option

PIECES = st.sampled_from(
    [
        b"\xff",
        b"\xfa",
        b"\xf0",
        b"\xfb",
        b"\xfc",
        b"\xfd",
        b"\xfe",
        b"\r",
        b"\n",
        b"\0",
        b"\1",
        b"\x18",
        b"\x1f",
        b"*",
        b"a",
    ]
)
OCTETS = st.binary(max_size=300) | st.lists(PIECES, max_size=100).map(b"".join)


def make() -> Codec:
    return Codec(local=[Option.TTYPE, Option.NAWS, Option.CHARSET], remote=[Option.ECHO, Option.BINARY])


@given(OCTETS, st.lists(st.integers(1, 7), min_size=1))
def test_pieces_make_no_difference(octets: bytes, sizes: list[int]) -> None:
    whole, pieces = make(), make()
    data = answer = b""
    place = turn = 0
    while place < len(octets):
        size = sizes[turn % len(sizes)]
        more = pieces.receive(octets[place : place + size])
        data, answer = data + more[0], answer + more[1]
        place, turn = place + size, turn + 1
    assert whole.receive(octets) == (data, answer)
    assert len(data) <= len(octets)
    assert pieces.options == whole.options


@given(st.binary(max_size=200))
def test_what_is_sent_is_received(data: bytes) -> None:
    text = data.replace(b"\r", b"").replace(b"\n", b"\r\n")
    assert Codec().receive(Codec().send(data.replace(b"\r", b""))) == (text, b"")


@given(OCTETS)
def test_two_ends_that_talk_to_each_other_come_to_an_end(octets: bytes) -> None:
    left, right = make(), make()
    answer = left.receive(octets)[1] + left.enable(local=Option, remote=Option)
    for _ in range(50):
        answer = right.receive(answer)[1]
        left, right = right, left
        if not answer:
            return
    raise AssertionError("they are still talking")
