"""How responses are taken off an IMAP connection: literals inside, bodies apart, and all of it counted."""

from __future__ import annotations

import io
from typing import Any

import pytest

from nettools.errors import IncompleteError, TooLargeError
from nettools.parse.imap_data import parse_response
from nettools.protocols.imap import IMAP4Client
from nettools.protocols.imap.values import info_of

ENVELOPE = (
    b'("Mon, 7 Feb 2022 21:52:25 -0800" {5}\r\nhello (("Bob" NIL "bob" "example.org")) NIL NIL NIL NIL NIL NIL "<1@x>")'
)


class Wire:
    """A socket that has said everything already."""

    def __init__(self, *responses: bytes) -> None:
        self.said = io.BytesIO(b"* OK hello\r\n" + b"\r\n".join(responses) + b"\r\n")

    def makefile(self, mode: str) -> io.BytesIO:
        return self.said

    def shutdown(self, how: int) -> None:
        pass

    def close(self) -> None:
        pass


def client(*responses: bytes, max_size: int | None = None) -> Any:
    wire: Any = Wire(*responses)
    made = IMAP4Client("localhost", 143, dialer=lambda host, port: wire)
    made.max_size = max_size
    return made


@pytest.mark.parametrize(
    "name", [b"BODY[] ", b"body[1.2.mime] ", b"BODY[]<0> ", b"BODY[HEADER.FIELDS (DATE)] ", b"BODY[] ~"]
)
def test_a_body_stands_apart_and_is_the_very_octets_that_were_read(name: bytes) -> None:
    bodies: dict[int, bytes] = {}
    octets = client(b"* 1 FETCH (UID 7 " + name + b"{5}\r\na\r\nb) FLAGS ())").read_octets(bodies)
    assert octets == b"* 1 FETCH (UID 7 " + name + b"{5}\r\n FLAGS ())"
    assert bodies == {octets.index(b"\r\n") + 2: b"a\r\nb)"}


def test_other_literals_stand_where_they_stood() -> None:
    bodies: dict[int, bytes] = {}
    line = b"* 1 FETCH (UID 7 ENVELOPE " + ENVELOPE + b" RFC822.HEADER {3}\r\na\r\n)"
    assert client(line).read_octets(bodies) == line
    assert bodies == {}


def test_several_bodies_of_a_response_go_to_their_own_sections() -> None:
    octets = b"* 1 FETCH (BODY[1] {2}\r\nab BODY[2] {0}\r\n UID 7 ENVELOPE " + ENVELOPE + b" BODY[3] {1}\r\nc)"
    data = client(octets).read_response().data
    assert data.sections == {"BODY[1]": b"ab", "BODY[2]": b"", "BODY[3]": b"c"}
    assert data == parse_response(octets).data
    assert data.envelope.subject == b"hello"


def test_a_sink_takes_the_octets_of_bodies_and_no_others() -> None:
    taken: list[bytes] = []
    data = client(b"* 1 FETCH (RFC822.HEADER {2}\r\nab BODY[] {3}\r\nxyz UID 7)").read_response(taken.append).data
    assert taken == [b"xyz"]
    assert (data.uid, data.sections) == (7, {"RFC822.HEADER": b"ab", "BODY[]": b""})


@pytest.mark.parametrize("name", [b"BODY[]", b"RFC822"])
def test_a_literal_is_refused_by_the_size_that_it_names_or_cut_is_an_error(name: bytes) -> None:
    line = b"* 1 FETCH (%b {2000000}\r\nab" % name
    with pytest.raises(TooLargeError, match="a literal of 2000000 octets"):
        client(line, max_size=1000).read_response()
    for count in (100, 2_000_000):
        with pytest.raises(IncompleteError) as caught:
            client(b"* 1 FETCH (%b {%d}\r\nab" % (name, count)).read_response()
        assert (caught.value.received, caught.value.expected) == (4, count)


def test_a_row_is_decoded_field_by_field_as_it_is_looked_at_and_once() -> None:
    info = info_of(parse_response(b"* 1 FETCH (UID 7 ENVELOPE " + ENVELOPE + b")").data, "INBOX")
    asked: list[str] = []
    decode: Any = info._work_out
    object.__setattr__(info, "_work_out", lambda name: asked.append(name) or decode(name))
    assert (info.uid, info.subject, info.subject) == ("7", "hello", "hello")
    assert asked == ["subject"]
    assert (str(info.sender), info.date and info.date.year) == ("Bob <bob@example.org>", 2022)
    assert (info.message_id, info.to, info.cc) == ("<1@x>", (), ())
    assert asked == ["subject", "sender", "date", "message_id", "to", "cc"]
