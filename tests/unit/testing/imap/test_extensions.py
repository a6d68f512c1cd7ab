"""SORT, THREAD, CONDSTORE, QUOTA, BINARY and COMPRESS of the IMAP fake, without a connection; each can be left out."""

from __future__ import annotations

from weakref import WeakKeyDictionary

import pytest

from nettools.testing.imap.commands import execute
from nettools.testing.imap.grammar import Cursor
from nettools.testing.imap.server import _CAPABILITIES
from nettools.testing.imap.session import Session
from nettools.testing.imap.sorting import base_subject
from nettools.testing.sasl import Accounts
from nettools.testing.world import World


class Client:
    def __init__(self, world: World, without: tuple[str, ...] = ()) -> None:
        names = tuple(name for name in _CAPABILITIES if name not in without)
        self.session = Session(world, names, Accounts(world.users), WeakKeyDictionary(), user="alice", tag="t")

    def __call__(self, command: bytes) -> list[bytes]:
        cursor = Cursor(command)
        name = cursor.keyword()
        if name == "UID":
            cursor.space()
            name = f"UID {cursor.keyword()}"
        text = execute(self.session, name, cursor)
        lines, self.session.responses = self.session.responses, []
        return [*(line.removeprefix(b"* ").removesuffix(b"\r\n") for line in lines), text.encode()]


def message(subject: str, *, name: str = "", references: str = "", sender: str = "bob@x", size: int = 1) -> bytes:
    lines = [f"Subject: {subject}", f"From: {sender}", f"Message-ID: <{name or subject}@x>"]
    lines += [f"References: {references}"] if references else []
    return "\r\n".join([*lines, "", "x" * size, ""]).encode()


@pytest.fixture
def world() -> World:
    return World()


@pytest.fixture
def alice(world: World) -> Client:
    client = Client(world)
    client(b"SELECT INBOX")
    return client


@pytest.mark.parametrize(
    ("text", "base", "reply"),
    [
        ("Re: [list] Re: Hello (fwd)", "hello", True),
        ("[list] Hello", "hello", False),
        ("[Fwd: Hello]", "hello", True),
        ("[only]", "[only]", False),
        ("  two   words ", "two words", False),
    ],
)
def test_a_base_subject_is_what_is_left(text: str, base: str, reply: bool) -> None:
    assert base_subject(text) == (base, reply)


def test_sort_follows_its_criteria_in_turn(world: World, alice: Client) -> None:
    for subject, sender, size in (("b", "z@x", 5), ("Re: a", "y@x", 9), ("a", "z@x", 7)):
        world.inbox("alice").append(message(subject, sender=sender, size=size))
    alice(b"NOOP")
    assert alice(b"SORT (SUBJECT) UTF-8 ALL")[0] == b"SORT 2 3 1"
    assert alice(b"UID SORT (FROM REVERSE SIZE) US-ASCII ALL")[0] == b"SORT 2 3 1"
    assert alice(b"SORT (REVERSE ARRIVAL DATE CC TO) UTF-8 SUBJECT a")[0] == b"SORT 2 3"
    assert alice(b"SORT (COLOUR) UTF-8 ALL") == [b"BAD unknown sort criterion"]
    assert alice(b"SORT (SUBJECT) KOI8-R ALL")[-1].startswith(b"NO [BADCHARSET")


def test_threads_are_made_of_references_and_of_subjects(world: World, alice: Client) -> None:
    inbox = world.inbox("alice")
    inbox.append(message("one", name="1"))
    inbox.append(message("Re: one", name="2", references="<1@x>"))
    inbox.append(message("Re: one", name="3", references="<1@x> <2@x>"))
    inbox.append(message("Re: one", name="4", references="<1@x> <gone@x>"))
    inbox.append(message("lost", name="5", references="<nowhere@x>"))
    inbox.append(message("again", name="5"))
    alice(b"NOOP")
    assert alice(b"THREAD REFERENCES UTF-8 ALL")[0] == b"THREAD (1 (2 3)(4))(5)(6)"
    assert alice(b"UID THREAD ORDEREDSUBJECT UTF-8 ALL")[0] == b"THREAD (1 (2)(3)(4))(5)(6)"
    assert alice(b"THREAD REFS UTF-8 ALL") == [b"BAD unknown command or option"]


def test_references_that_bite_their_tail_make_no_loop(world: World, alice: Client) -> None:
    world.inbox("alice").append(message("a", name="a", references="<b@x>"))
    world.inbox("alice").append(message("b", name="b", references="<a@x>"))
    alice(b"NOOP")
    assert alice(b"THREAD REFERENCES UTF-8 ALL")[0] in (b"THREAD (2 1)", b"THREAD (1 2)")


def test_changes_have_numbers_and_can_be_asked_for_since_one(world: World, alice: Client) -> None:
    for subject in "ab":
        world.inbox("alice").append(message(subject))
    answer = alice(b"SELECT INBOX (CONDSTORE)")
    assert b"OK [HIGHESTMODSEQ 3] Highest" in answer
    assert alice(b"UID STORE 2 +FLAGS.SILENT (\\Seen)") == [b"2 FETCH (UID 2 MODSEQ (4))", b"OK STORE completed"]
    assert alice(b"FETCH 1:2 (UID) (CHANGEDSINCE 3)")[:-1] == [b"2 FETCH (UID 2 MODSEQ (4))"]
    assert alice(b"SEARCH MODSEQ 4")[0] == b"SEARCH 2 (MODSEQ 4)"
    assert alice(b'SEARCH RETURN (ALL) MODSEQ "/flags/\\\\Seen" all 4')[0] == b'ESEARCH (TAG "t") ALL 2 MODSEQ 4'
    assert alice(b"STORE 1:2 (UNCHANGEDSINCE 3) +FLAGS.SILENT (\\Flagged)")[-1] == b"OK [MODIFIED 2] Changed meanwhile"
    assert alice(b"STATUS INBOX (HIGHESTMODSEQ)")[0] == b"STATUS INBOX (HIGHESTMODSEQ 5)"
    world.inbox("alice").set_flags(1, ())
    assert alice(b"NOOP")[0] == b"1 FETCH (UID 1 FLAGS (\\Recent) MODSEQ (6))"


def test_a_quota_is_told_and_kept(world: World, alice: Client) -> None:
    world.mail["alice"].quota = 1
    assert alice(b"GETQUOTAROOT INBOX")[:-1] == [b'QUOTAROOT INBOX "user"', b'QUOTA "user" (STORAGE 0 1)']
    assert alice(b"APPEND INBOX {2000}\r\n" + b"x" * 2000)[-1].startswith(b"NO [OVERQUOTA]")
    assert alice(b'SETQUOTA "user" (STORAGE 9)')[-1].startswith(b"NO [NOPERM]")
    assert alice(b'GETQUOTA "other"')[-1].startswith(b"NO [NONEXISTENT]")
    world.mail["alice"].quota = None
    assert alice(b'GETQUOTA "user"')[0] == b'QUOTA "user" ()'


def test_binary_parts_go_both_ways(world: World, alice: Client) -> None:
    raw = b"Content-Type: image/png\r\nContent-Transfer-Encoding: base64\r\n\r\nAAEC\r\n"
    world.inbox("alice").append(raw)
    world.inbox("alice").append(raw.replace(b"base64", b"rot13"))
    alice(b"NOOP")
    assert alice(b"FETCH 1 (BINARY.SIZE[1] BINARY.PEEK[1]<1.2>)")[0] == (
        b"1 FETCH (BINARY.SIZE[1] 3 BINARY[1]<1> {2}\r\n\1\2)"
    )
    assert alice(b"FETCH 1 BINARY.PEEK[1]")[0] == b"1 FETCH (BINARY[1] ~{3}\r\n\0\1\2)"
    assert alice(b"FETCH 1 BINARY.PEEK[7]")[0] == b"1 FETCH (BINARY[7] NIL)"
    assert alice(b"FETCH 2 BINARY[1]")[-1].startswith(b"NO [UNKNOWN-CTE]")
    assert alice(b"FETCH 1 BINARY[HEADER]") == [b"BAD BINARY is of parts"]
    assert alice(b"APPEND INBOX ~{3}\r\na\0b")[-1].startswith(b"OK [APPENDUID")


def test_compression_is_switched_on_once(alice: Client) -> None:
    assert alice(b"COMPRESS LZW") == [b"BAD unknown mechanism"]
    assert alice(b"COMPRESS DEFLATE") == [b"OK COMPRESS completed"]
    assert alice(b"COMPRESS DEFLATE")[0].startswith(b"NO [COMPRESSIONACTIVE]")


@pytest.mark.parametrize(
    ("name", "command"),
    [
        ("SORT", b"SORT (DATE) UTF-8 ALL"),
        ("THREAD=REFERENCES", b"THREAD REFERENCES UTF-8 ALL"),
        ("CONDSTORE", b"SELECT INBOX (CONDSTORE)"),
        ("CONDSTORE", b"FETCH 1 MODSEQ"),
        ("CONDSTORE", b"SEARCH MODSEQ 1"),
        ("CONDSTORE", b"STATUS INBOX (HIGHESTMODSEQ)"),
        ("STATUS=SIZE", b"STATUS INBOX (SIZE)"),
        ("QUOTA", b'GETQUOTA "user"'),
        ("BINARY", b"FETCH 1 BINARY[1]"),
        ("BINARY", b"APPEND INBOX ~{1}\r\nx"),
        ("COMPRESS=DEFLATE", b"COMPRESS DEFLATE"),
    ],
)
def test_what_is_left_out_is_not_there(world: World, name: str, command: bytes) -> None:
    world.inbox("alice").append(message("a"))
    client = Client(world, (name,))
    client(b"SELECT INBOX")
    assert client(command)[-1].startswith(b"BAD ")


def test_recursivematch_shows_the_parents_of_what_is_looked_for(alice: Client) -> None:
    for command in (b"CREATE a/b", b"SUBSCRIBE a/b", b"UNSUBSCRIBE Sent"):
        alice(command)
    *found, text = alice(b'LIST (SUBSCRIBED RECURSIVEMATCH) "" %')
    assert b'LIST (\\HasChildren \\NonExistent \\Noselect) "/" a ("CHILDINFO" ("SUBSCRIBED"))' in found
    assert not any(b"Sent" in line for line in found)
    assert text.startswith(b"OK")
    assert alice(b'LIST (RECURSIVEMATCH) "" %')[-1].startswith(b"BAD")


def test_a_server_without_an_extension_of_list_does_not_speak_it(world: World) -> None:
    client = Client(world, without=("CHILDREN", "LIST-EXTENDED", "SPECIAL-USE"))
    assert client(b'LIST "" Sent') == [b'LIST () "/" Sent', b"OK LIST completed"]
    assert client(b'LIST "" (INBOX Sent)')[-1].startswith(b"BAD")
    assert Client(world, without=("SPECIAL-USE",))(b'LIST (SPECIAL-USE) "" *')[-1].startswith(b"BAD")


def test_a_folder_that_is_left_for_another_is_said_to_be_closed(alice: Client) -> None:
    assert alice(b"SELECT Sent")[0].startswith(b"OK [CLOSED]")
    alice(b"CLOSE")
    assert not alice(b"SELECT Sent")[0].startswith(b"OK [CLOSED]")


def test_reading_tells_the_new_modseq_once_condstore_is_on(world: World, alice: Client) -> None:
    world.inbox("alice").append(message("one"))
    alice(b"ENABLE CONDSTORE")
    assert alice(b"FETCH 1 BODY[TEXT]")[0].endswith(b"FLAGS (\\Recent \\Seen) MODSEQ (3))")


def test_a_folder_is_renamed_to_no_name_that_create_refuses(world: World, alice: Client) -> None:
    for name in (b'"x//y"', b'"x%"', b'"/x"', b"Drafts"):
        assert alice(b"RENAME Sent " + name)[-1].startswith(b"NO")
    world.inbox("alice").append(message("one"))
    alice(b"RENAME INBOX Old")
    assert alice(b"STATUS Old (MESSAGES HIGHESTMODSEQ)")[-2] == b"STATUS Old (MESSAGES 1 HIGHESTMODSEQ 2)"
    assert alice(b"STATUS INBOX (MESSAGES HIGHESTMODSEQ)")[-2] == b"STATUS INBOX (MESSAGES 0 HIGHESTMODSEQ 3)"


@pytest.mark.parametrize(
    "command", [b"ENABLE CONDSTORE", b"FETCH 1 MODSEQ", b"STORE 1 (UNCHANGEDSINCE 9) FLAGS ()", b"SEARCH MODSEQ 1"]
)
def test_the_first_command_of_condstore_tells_the_highest_modseq(world: World, alice: Client, command: bytes) -> None:
    world.inbox("alice").append(message("one"))
    alice(b"NOOP")
    told = b"OK [HIGHESTMODSEQ 2] Highest"
    assert alice(command)[0] == told
    assert told not in alice(command)
