"""Whatever an IMAP server sends, the parsers give a value or an error of ours; and what is written is read again."""

from __future__ import annotations

import contextlib
from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nettools.errors import NettoolsError
from nettools.parse import imap_data
from nettools.parse.imap_data import Envelope, Literal, RawAddress

_WORDS = """* ( ) " [ ] \\ ~ + NIL OK FETCH LIST STATUS SEARCH ESEARCH THREAD QUOTA QUOTAROOT NAMESPACE VANISHED ID
FLAGS UID MODSEQ ENVELOPE BODY BODYSTRUCTURE BODY[] BODY[1 INTERNALDATE TAG ALL MIN TEXT MESSAGE RFC822 FILENAME*
=?utf-8?q?=41?= &AOQ- & 1 7 99999999999999999999999 () (NIL) ((a))"""
_PHRASES = (
    b" ",
    b"\r\n",
    b'"x"',
    b"{3}\r\nabc",
    b"{9}\r\n",
    b"\xc2\xb2",
    b"\xff",
    b"\0",
    b"* 1 FETCH (",
    b"* LIST () NIL ",
    b'"/"',
)
_STARTS = (
    b"",
    b"* 1 FETCH (ENVELOPE (NIL NIL (",
    b"* 1 FETCH (BODYSTRUCTURE (",
    b"* OK [X ",
    b"* NAMESPACE ((",
    b"* ESEARCH ",
)
_PIECES = st.sampled_from([*(word.encode() + b" " for word in _WORDS.split()), *_PHRASES]) | st.binary(max_size=3)
RESPONSES = st.builds(
    lambda start, rest: start + b"".join(rest), st.sampled_from(_STARTS), st.lists(_PIECES, max_size=25)
)

PARSERS: list[Callable[[bytes], object]] = [
    getattr(imap_data, name) for name in imap_data.__all__ if name.startswith("parse_")
]


@settings(max_examples=300, deadline=None)
@pytest.mark.parametrize("parse", PARSERS, ids=lambda parse: parse.__name__)
@given(data=RESPONSES)
def test_any_octets_are_a_value_or_an_error_of_ours(parse: Callable[[bytes], object], data: bytes) -> None:
    with contextlib.suppress(NettoolsError):
        value = parse(data)
        assert value is not None
        for row in value if parse is imap_data.parse_fetch and isinstance(value, tuple) else ():
            for people in (row.envelope.from_, row.envelope.to) if row.envelope else ():
                imap_data.decode_addresses(people)


@given(name=st.text().filter(lambda text: not set(text) & set("\r\n\0")))
def test_a_folder_name_comes_back_from_the_wire(name: str) -> None:
    wire = imap_data.encode_folder(name)
    assert wire.isascii()
    assert imap_data.decode_folder(wire) == name


@given(wire=st.binary())
def test_any_octets_are_the_name_of_a_folder(wire: bytes) -> None:
    name = imap_data.decode_folder(wire)
    assert isinstance(name, str)
    with contextlib.suppress(NettoolsError):  # CR, LF, NUL
        again = imap_data.encode_folder(name)
        assert imap_data.decode_folder(again) == name


@given(value=st.binary(max_size=60).filter(lambda octets: b"\0" not in octets))
def test_an_argument_is_read_as_it_was(value: bytes) -> None:
    argument = imap_data.encode_astring(value)
    wire = b"{%d}\r\n" % len(argument.data) + argument.data if isinstance(argument, Literal) else argument
    assert imap_data.parse_tokens(wire) == [value]


STRINGS = st.none() | st.binary(max_size=12).filter(lambda octets: b"\0" not in octets)
PEOPLE = st.lists(st.builds(RawAddress, *[STRINGS] * 4), max_size=3).map(tuple)
ENVELOPES = st.builds(Envelope, *[STRINGS] * 2, *[PEOPLE] * 6, *[STRINGS] * 2)


def written(value: bytes | tuple[object, ...] | None) -> bytes:
    """A value on the wire: quoted where it can be, else a literal."""
    if value is None or value == ():
        return b"NIL"
    if isinstance(value, bytes):
        argument = imap_data.encode_astring(value)
        return b"{%d}\r\n" % len(argument.data) + argument.data if isinstance(argument, Literal) else argument
    joint = b"" if isinstance(value[0], RawAddress) else b" "
    return b"(" + joint.join(map(written, value)) + b")"  # type: ignore[arg-type]


@given(envelope=ENVELOPES)
def test_an_envelope_comes_back_from_the_wire(envelope: Envelope) -> None:
    fields = tuple(getattr(envelope, name) for name in Envelope.__dataclass_fields__)
    (row,) = imap_data.parse_fetch(b"* 1 FETCH (ENVELOPE " + written(fields) + b" UID 5)\r\n")
    assert (row.envelope, row.uid) == (envelope, 5)
