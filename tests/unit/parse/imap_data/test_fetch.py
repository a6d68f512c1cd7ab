"""FETCH: its items, ENVELOPE with its addresses, BODYSTRUCTURE with its sections."""

from __future__ import annotations

import datetime as dt
import pickle

import pytest

from nettools.errors import ProtocolError
from nettools.parse.imap_data import AddressGroup, FetchData, RawAddress, decode_addresses, parse_fetch
from nettools.results import Address

ANN = b'("Ann" NIL "ann" "mail.example")'


def one(items: bytes) -> FetchData:
    (row,) = parse_fetch(b"* 7 FETCH (" + items + b")\r\n")
    return row


def test_the_items_of_a_message_are_values() -> None:
    row = one(
        b'UID 12 FLAGS (\\Seen $Junk) RFC822.SIZE 4286 INTERNALDATE " 1-Feb-2024 02:44:25 -0730" '
        b"MODSEQ (9007199254740993)"
    )
    zone = dt.timezone(-dt.timedelta(hours=7, minutes=30))
    moment = dt.datetime(2024, 2, 1, 2, 44, 25, tzinfo=zone)
    assert row == FetchData(7, 12, ("\\Seen", "$Junk"), 4286, moment, 9007199254740993)
    assert row.internaldate is not None
    assert row.internaldate.utcoffset() == moment.utcoffset()


def test_sections_are_kept_by_their_names_in_upper_case() -> None:
    row = one(
        b'body[header.fields ("X-]" Date)]<0> {4}\r\na)\r\n BINARY[1.2] ~{2}\r\n\0) '
        b'BODY[TEXT] NIL X-GM-LABELS (a "b c" NIL)'
    )
    assert row.sections == {
        'BODY[HEADER.FIELDS ("X-]" DATE)]<0>': b"a)\r\n",
        "BINARY[1.2]": b"\0)",
        "BODY[TEXT]": None,
        "X-GM-LABELS": (b"a", b"b c", None),
    }


def test_what_is_told_of_a_message_in_pieces_is_put_together() -> None:
    rows = parse_fetch(
        b"* 1 FETCH (UID 5 BODY[1] a)\r\n* 3 EXISTS\r\n* 2 FETCH (UID 6)\r\n* 1 FETCH (FLAGS () BODY[2] b)\r\n"
    )
    assert rows == (FetchData(1, 5, (), sections={"BODY[1]": b"a", "BODY[2]": b"b"}), FetchData(2, 6))


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"* 1 EXISTS",
        b"* 1 FETCH ",
        b"* 1 FETCH (UID 1",
        b"* 1 FETCH (UID x)",
        b"* 1 FETCH (UID 0)",
        b"* 1 FETCH (BODY[1 x)",
        b"* 1 FETCH (FLAGS)",
        b"* 123456789012345678901 FETCH (UID 1)",
    ],
)
def test_what_is_no_fetch_is_an_error(data: bytes) -> None:
    with pytest.raises(ProtocolError):
        parse_fetch(data)


@pytest.mark.parametrize(
    "date", [b'"31-Feb-2024 00:00:00 +0000"', b'"1-Foo-2024 00:00:00 +0000"', b'"now"', b"NIL", b"()"]
)
def test_a_date_that_is_none_does_not_lose_the_rest(date: bytes) -> None:
    row = one(b"INTERNALDATE " + date + b" UID 5")
    assert (row.internaldate, row.uid) == (None, 5)


@pytest.mark.parametrize("subject", [b'"a \\"b\\""', b'{5}\r\na "b"'])
def test_an_envelope_reads_the_same_from_quoted_strings_and_literals(subject: bytes) -> None:
    people = b"(" + ANN + b") (" + ANN + b') NIL ((NIL NIL "bo" "b.example")) () NIL'
    row = one(b'ENVELOPE ("Thu, 1 Feb 2024" ' + subject + b" " + people + b' NIL "<1@x>") UID 5')
    assert row.uid == 5
    envelope = row.envelope
    assert envelope is not None
    ann = RawAddress(b"Ann", None, b"ann", b"mail.example")
    assert (envelope.date, envelope.subject, envelope.message_id) == (b"Thu, 1 Feb 2024", b'a "b"', b"<1@x>")
    assert (envelope.from_, envelope.sender, envelope.reply_to) == ((ann,), (ann,), ())
    assert (envelope.to, envelope.cc, envelope.in_reply_to) == (
        (RawAddress(None, None, b"bo", b"b.example"),),
        (),
        None,
    )


def test_escaped_quotes_in_the_names_of_addresses_are_undone() -> None:
    row = one(b'ENVELOPE (NIL "" (("A \\"x\\" \\\\ B" NIL "a" "b")) NIL NIL NIL NIL NIL NIL NIL)')
    assert row.envelope is not None
    assert row.envelope.subject == b""
    assert row.envelope.from_ == (RawAddress(b'A "x" \\ B', None, b"a", b"b"),)


def test_an_envelope_with_nonsense_in_it_keeps_the_rest() -> None:
    envelope = one(b"ENVELOPE ((x) subject (((a) NIL b c) x (y)) z)").envelope
    assert envelope is not None
    assert (envelope.date, envelope.subject, envelope.message_id) == (None, b"subject", None)
    assert envelope.from_ == (RawAddress(None, None, b"b", b"c"), RawAddress(b"y", None, None, None))


def test_addresses_are_decoded_and_groups_are_kept_together() -> None:
    group = RawAddress(None, None, b"=?utf-8?q?Gr=C3=BC=C3=9Fe?=", None)
    joerg = RawAddress(b"=?utf-8?b?SsO2cmc=?=", None, b"joerg", b"mail.example")
    end = RawAddress(None, None, None, None)
    assert decode_addresses((joerg, group, joerg, end, group, end)) == (
        Address("Jörg", "joerg", "mail.example"),
        AddressGroup("Grüße", (Address("Jörg", "joerg", "mail.example"),)),
        AddressGroup("Grüße", ()),
    )


def test_a_group_that_is_not_closed_ends_where_the_next_begins() -> None:
    a, b = (RawAddress(None, None, name, None) for name in (b"a", b"b"))
    bo = RawAddress(None, None, b"bo", b"b.example")
    assert decode_addresses((a, bo, b)) == (AddressGroup("a", (Address("", "bo", "b.example"),)), AddressGroup("b", ()))


def test_the_parts_of_a_message_in_a_message_are_numbered_as_they_are_asked_for() -> None:
    text = b'("TEXT" "PLAIN" ("CHARSET" "UTF-8") NIL NIL "7BIT" 10 1)'
    inner = b"((" + text + text + b' "ALTERNATIVE")' + text + b' "MIXED")'
    message = b'("MESSAGE" "RFC822" NIL NIL NIL "7BIT" 99 (NIL "inside" NIL NIL NIL NIL NIL NIL NIL NIL) %s 12)'
    row = one(b"BODYSTRUCTURE (" + message % inner + message % text + b' "MIXED")')
    assert row.parts is not None
    assert [(part.section, part.type) for part in row.parts] == [
        ("", "multipart/mixed"),
        ("1", "message/rfc822"),
        ("1", "multipart/mixed"),
        ("1.1", "multipart/alternative"),
        ("1.1.1", "text/plain"),
        ("1.1.2", "text/plain"),
        ("1.2", "text/plain"),
        ("2", "message/rfc822"),
        ("2.1", "text/plain"),
    ]
    assert row.parts[1].envelope is not None
    assert (row.parts[1].envelope.subject, row.parts[1].lines, row.parts[4].lines) == (b"inside", 12, 1)


@pytest.mark.parametrize(
    "parameters",
    [
        b'("FILENAME" "=?utf-8?q?na=C3=AFve?=")',
        b'("FILENAME*" "utf-8\'\'na%C3%AFve")',
        b'("FILENAME*0*" "utf-8\'\'na" "FILENAME*1*" "%C3%AFve")',
        b'("FILENAME" {6}\r\nna\xc3\xafve)',
    ],
)
def test_a_filename_is_read_however_it_is_written(parameters: bytes) -> None:
    row = one(
        b'BODYSTRUCTURE ("APPLICATION" "PDF" ("NAME" "x") "<id>" "d" "BASE64" 8 NIL ("ATTACHMENT" ' + parameters + b"))"
    )
    assert row.parts is not None
    (part,) = row.parts
    assert (part.section, part.type, part.size, part.encoding) == ("1", "application/pdf", 8, "base64")
    assert (part.disposition, part.filename, part.params) == ("attachment", "naïve", {"name": "x"})


def test_values_go_through_pickle() -> None:
    row = one(b"UID 12 ENVELOPE (NIL NIL (" + ANN + b") NIL NIL NIL NIL NIL NIL NIL) BODY[] {1}\r\nx")
    assert pickle.loads(pickle.dumps(row)) == row
