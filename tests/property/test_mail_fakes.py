"""Whatever a client sends or a message holds, the mail fakes answer: any exception would be a bug of theirs."""

from __future__ import annotations

import contextlib
from weakref import WeakKeyDictionary

from hypothesis import given, settings
from hypothesis import strategies as st

from nettools.testing.imap import fetch, grammar, mime, structure
from nettools.testing.imap.commands import COMMANDS, execute
from nettools.testing.imap.grammar import Cursor, Malformed
from nettools.testing.imap.server import _CAPABILITIES
from nettools.testing.imap.session import Session
from nettools.testing.sasl import Accounts
from nettools.testing.world import World

_ATOMS = (
    b'( ) { } [ ] < > " \\ * % & , : ; @ . - + = INBOX Sent 1 1:* FLAGS +FLAGS (\\Seen) ALL NOT OR HEADER BODY[ BODY[]'
)
_PHRASES = (b" ", b"\r\n", b"\0", b"\xff", b"{3}\r\nabc", b'""', b'"x"', b"&AOQ-", b"RETURN (ALL)", b"CHARSET UTF-8")
_FIELDS = (b"From:", b"To: ", b"Content-Type: multipart/mixed; boundary=b\r\n", b"Content-Type: message/rfc822\r\n")
_PIECES = (
    b"--b\r\n",
    b"--b--",
    b"\r\n",
    b"\n",
    b" ",
    b"a@b",
    b'"',
    b"()",
    b"<",
    b">",
    b",",
    b":",
    b";",
    b"\\",
    b"\xe4",
)

ARGUMENTS = st.lists(st.sampled_from([*_ATOMS.split(), *_PHRASES]) | st.binary(max_size=4), max_size=12).map(b"".join)
MESSAGES = st.lists(st.sampled_from([*_FIELDS, *_PIECES]) | st.binary(max_size=3), max_size=30).map(b"".join)


@settings(max_examples=300, deadline=None)
@given(name=st.sampled_from(sorted(COMMANDS)), arguments=ARGUMENTS, selected=st.booleans())
def test_every_command_is_answered(name: str, arguments: bytes, selected: bool) -> None:
    world = World()
    world.inbox("alice").append(b"Subject: x\r\n\r\ny\r\n")
    session = Session(world, _CAPABILITIES, Accounts(world.users), WeakKeyDictionary(), user="alice", tag="t")
    if selected:
        execute(session, "SELECT", Cursor(b" INBOX"))
    text = execute(session, name, Cursor(b" " + arguments))
    assert text.startswith(("OK ", "NO ", "BAD "))
    assert "\r" not in text
    assert "\n" not in text


@settings(max_examples=300, deadline=None)
@given(raw=MESSAGES.filter(lambda raw: b"\0" not in raw))
def test_every_message_has_a_structure_that_can_be_read(raw: bytes) -> None:
    root = mime.parse(raw)
    for data in (structure.envelope(root), structure.body_structure(root, extended=True)):
        assert _read_list(Cursor(data)) == len(data)
    items = fetch.parse_items(
        Cursor(b"(BODY[] BODY[HEADER] BODY[TEXT] BODY[1.MIME] BODY[1.1.1] BODY[HEADER.FIELDS (TO)])")
    )
    whole, header, text = (item.section.octets(root) for item in items[:3] if item.section)
    assert whole == raw == (header or b"") + (text or b"")
    for item in items[3:]:
        assert item.section is not None
        item.section.octets(root)


def _read_list(cursor: Cursor) -> int:
    """Read nested lists of strings, numbers and NIL, and return where they end."""
    cursor.expect(b"(")
    while not cursor.accept(b")"):
        if cursor.peek(b"("):
            _read_list(cursor)
        elif cursor.data[cursor.at : cursor.at + 1].isdigit():
            cursor.number()
        else:
            cursor.nstring()
        cursor.accept(b" ")
    return cursor.at


@given(name=st.text(st.characters(blacklist_categories=["Cs"]), max_size=30))
def test_modified_utf7_comes_back(name: str) -> None:
    assert grammar.decode_utf7(grammar.encode_utf7(name)) == name


@given(octets=st.binary(max_size=30))
def test_modified_utf7_reads_or_refuses(octets: bytes) -> None:
    with contextlib.suppress(Malformed):
        assert grammar.encode_utf7(grammar.decode_utf7(octets)) == octets


@given(value=st.binary(max_size=60).filter(lambda value: b"\0" not in value))
def test_strings_come_back(value: bytes) -> None:
    cursor = Cursor(grammar.format_string(value))
    assert cursor.string() == value
    cursor.end()
