"""The IMAP fake's commands over a World, without a connection: what is answered, and what changed."""

from __future__ import annotations

from weakref import WeakKeyDictionary

import pytest

from nettools.testing.imap.commands import execute
from nettools.testing.imap.grammar import Cursor
from nettools.testing.imap.session import Session
from nettools.testing.sasl import Accounts
from nettools.testing.world import Folder, World

CAPABILITIES = (
    "IMAP4rev1 STARTTLS AUTH=PLAIN IDLE NAMESPACE ID ENABLE UIDPLUS MOVE UNSELECT CHILDREN LIST-EXTENDED LIST-STATUS "
    "SPECIAL-USE ESEARCH STATUS=SIZE UTF8=ACCEPT"
)
RAW = b"Subject: one\r\n\r\nbody\r\n"


class Client:
    """Sessions on one World, and what each is answered."""

    def __init__(self, world: World, reported: WeakKeyDictionary[Folder, int], *, without: str = "") -> None:
        capabilities = tuple(name for name in CAPABILITIES.split() if name not in without.split())
        self.session = Session(world, capabilities, Accounts(world.users), reported)

    def __call__(self, command: str) -> list[str]:
        """Run a command and return its untagged responses and, last, its tagged one."""
        cursor = Cursor(command.encode(), utf8=self.session.utf8)
        name = cursor.keyword()
        if name == "UID":
            cursor.space()
            name = f"UID {cursor.keyword()}"
        text = execute(self.session, name, cursor)
        lines = b"".join(self.session.responses).decode().removesuffix("\r\n").split("\r\n* ")
        self.session.responses.clear()
        return [*(line.removeprefix("* ") for line in lines if line), text]


@pytest.fixture
def mail() -> World:
    world = World()
    for flags in ((), ("\\Seen",), ("\\Deleted", "work")):
        world.inbox("alice").append(RAW, flags=flags)
    return world


@pytest.fixture
def reported() -> WeakKeyDictionary[Folder, int]:
    return WeakKeyDictionary()


@pytest.fixture
def alice(mail: World, reported: WeakKeyDictionary[Folder, int]) -> Client:
    client = Client(mail, reported)
    client('LOGIN alice "secret"')
    client("SELECT INBOX")
    return client


@pytest.fixture
def other(mail: World, reported: WeakKeyDictionary[Folder, int]) -> Client:
    client = Client(mail, reported)
    client("LOGIN alice secret")
    client("SELECT INBOX")
    return client


@pytest.fixture
def stranger(mail: World, reported: WeakKeyDictionary[Folder, int]) -> Client:
    return Client(mail, reported)


def test_nothing_but_the_password_logs_in(stranger: Client) -> None:
    assert stranger("SELECT INBOX") == ["BAD log in first"]
    assert stranger("LOGIN alice wrong") == ["NO [AUTHENTICATIONFAILED] Invalid credentials"]
    assert stranger("LOGIN mallory secret") == ["NO [AUTHENTICATIONFAILED] Invalid credentials"]
    (reply,) = stranger("LOGIN ALICE {6}\r\nsecret")
    assert reply.startswith("OK [CAPABILITY IMAP4rev1 IDLE ")
    assert stranger("LOGIN alice secret") == ["BAD already logged in"]


def test_select_tells_the_state_of_the_folder(mail: World, stranger: Client) -> None:
    stranger("LOGIN alice secret")
    assert stranger("SELECT inbox") == [
        "FLAGS (\\Answered \\Flagged \\Deleted \\Seen \\Draft work)",
        "3 EXISTS",
        "3 RECENT",
        "OK [UNSEEN 1] First unseen message",
        "OK [PERMANENTFLAGS (\\Answered \\Flagged \\Deleted \\Seen \\Draft work \\*)] Flags that are kept",
        "OK [UIDVALIDITY 1] UIDs valid",
        "OK [UIDNEXT 4] Predicted next UID",
        "OK [READ-WRITE] SELECT completed",
    ]


def test_examine_changes_nothing(mail: World, alice: Client) -> None:
    assert alice("EXAMINE INBOX")[-1] == "OK [READ-ONLY] EXAMINE completed"
    assert alice("FETCH 1 BODY[TEXT]")[-1] == "OK FETCH completed"
    assert alice("STORE 1 +FLAGS (\\Seen)")[-1].startswith("NO [READ-ONLY]")
    assert alice("EXPUNGE")[-1].startswith("NO [READ-ONLY]")
    assert alice("CLOSE") == ["OK CLOSE completed"]
    assert [sorted(m.flags) for m in mail.inbox("alice")] == [[], ["\\Seen"], ["\\Deleted", "work"]]


def test_a_failed_select_leaves_nothing_selected(alice: Client) -> None:
    assert alice("SELECT Nowhere") == ["NO [NONEXISTENT] No such folder"]
    assert alice("FETCH 1 FLAGS") == ["BAD select a folder first"]


def test_reading_a_body_sets_seen_and_says_so(mail: World, alice: Client) -> None:
    assert alice("FETCH 1 BODY.PEEK[TEXT]") == ["1 FETCH (BODY[TEXT] {6}\r\nbody\r\n)", "OK FETCH completed"]
    assert alice("FETCH 1:2 (BODY[TEXT])") == [
        "1 FETCH (BODY[TEXT] {6}\r\nbody\r\n FLAGS (\\Recent \\Seen))",
        "2 FETCH (BODY[TEXT] {6}\r\nbody\r\n)",
        "OK FETCH completed",
    ]
    assert mail.inbox("alice")[0].flags == {"\\Seen"}


def test_uid_fetch_always_tells_the_uid_and_passes_over_missing_ones(alice: Client) -> None:
    assert alice("UID FETCH 3:9 RFC822.SIZE") == ["3 FETCH (UID 3 RFC822.SIZE 22)", "OK FETCH completed"]
    assert alice("UID FETCH 9 FLAGS") == ["OK FETCH completed"]
    assert alice("FETCH 4 FLAGS") == ["BAD no such message"]


def test_store_replaces_adds_and_removes(mail: World, alice: Client) -> None:
    assert alice("STORE 3 FLAGS (\\flagged $Label1)")[0] == "3 FETCH (FLAGS (\\Flagged \\Recent $Label1))"
    assert alice("UID STORE 3 +FLAGS.SILENT \\Seen") == ["OK STORE completed"]
    assert alice("STORE 3 -FLAGS (\\Flagged $LABEL1)")[0] == "3 FETCH (FLAGS (\\Recent \\Seen))"
    assert alice("STORE 3 +FLAGS (\\Recent)")[-1].startswith("BAD")
    assert mail.inbox("alice")[2].flags == {"\\Seen"}


def test_expunge_counts_down(mail: World, alice: Client) -> None:
    alice("STORE 1 +FLAGS.SILENT (\\Deleted)")
    assert alice("EXPUNGE") == ["3 EXPUNGE", "1 EXPUNGE", "OK EXPUNGE completed"]
    assert [m.uid for m in mail.inbox("alice")] == [2]


def test_uid_expunge_takes_only_what_it_names(mail: World, alice: Client) -> None:
    alice("STORE 1:3 +FLAGS.SILENT (\\Deleted)")
    assert alice("UID EXPUNGE 1:2") == ["2 EXPUNGE", "1 EXPUNGE", "OK EXPUNGE completed"]
    assert [m.uid for m in mail.inbox("alice")] == [3]


def test_close_expunges_without_a_word(mail: World, alice: Client) -> None:
    assert alice("CLOSE") == ["OK CLOSE completed"]
    assert [m.uid for m in mail.inbox("alice")] == [1, 2]


def test_unselect_keeps_deleted_messages(mail: World, alice: Client) -> None:
    assert alice("UNSELECT") == ["OK UNSELECT completed"]
    assert len(mail.inbox("alice")) == 3


def test_sessions_see_each_others_changes_when_their_commands_end(mail: World, alice: Client, other: Client) -> None:
    alice("STORE 2 +FLAGS (\\Flagged)")
    alice("EXPUNGE")
    mail.deliver("alice@example.org", RAW)
    assert other("SEARCH ALL") == [
        "SEARCH 1 2",
        "4 EXISTS",
        "1 RECENT",
        "2 FETCH (FLAGS (\\Flagged \\Seen))",
        "OK SEARCH completed",
    ]
    assert other("FETCH 3 FLAGS")[-1].startswith("NO [EXPUNGEISSUED]")
    assert other("NOOP") == ["3 EXPUNGE", "OK NOOP completed"]
    assert other("FETCH 3 UID")[0] == "3 FETCH (UID 4)"


def test_only_one_session_is_told_that_a_message_is_recent(alice: Client, other: Client) -> None:
    assert alice("SEARCH RECENT")[0] == "SEARCH 1 2 3"
    assert other("SEARCH RECENT")[0] == "SEARCH"


def test_copy_tells_the_new_uids_and_keeps_flags_and_date(mail: World, alice: Client) -> None:
    assert alice("UID COPY 1,3 Archive") == ["OK [COPYUID 1 1,3 1:2] COPY completed"]
    copies, originals = mail.folder("alice", "Archive"), mail.inbox("alice")
    assert [m.flags for m in copies] == [originals[0].flags, originals[2].flags]
    assert [m.internaldate for m in copies] == [originals[0].internaldate, originals[2].internaldate]


def test_copy_and_append_hint_that_the_folder_can_be_created(alice: Client) -> None:
    assert alice("COPY 1 Nowhere") == ["NO [TRYCREATE] No such folder"]
    assert alice("APPEND Nowhere {1}\r\nx") == ["NO [TRYCREATE] No such folder"]


def test_move_tells_the_uids_before_the_expunges(mail: World, alice: Client) -> None:
    assert alice("MOVE 1:2 Trash") == [
        "OK [COPYUID 1 1:2 1:2] Moved",
        "2 EXPUNGE",
        "1 EXPUNGE",
        "OK MOVE completed",
    ]
    assert len(mail.inbox("alice")) == 1
    assert len(mail.folder("alice", "Trash")) == 2


def test_append_keeps_octets_flags_and_date(mail: World, alice: Client) -> None:
    reply = alice(
        'APPEND Sent (\\seen work) " 7-Feb-2024 21:52:25 -0800" {24}\r\n' + "Subject: x\r\n\r\nf\r\n.\r\nü\r\n"[:24]
    )
    assert reply == ["OK [APPENDUID 1 1] APPEND completed"]
    message = mail.folder("alice", "Sent")[0]
    assert message.raw == "Subject: x\r\n\r\nf\r\n.\r\nü\r\n".encode()
    assert message.flags == {"\\Seen", "work"}
    assert message.internaldate.isoformat() == "2024-02-07T21:52:25-08:00"


def test_append_to_the_selected_folder_is_told(alice: Client) -> None:
    assert alice("APPEND INBOX {3}\r\nA:b") == ["4 EXISTS", "4 RECENT", "OK [APPENDUID 1 4] APPEND completed"]


def test_esearch_tells_what_was_asked(alice: Client) -> None:
    alice.session.tag = "t1"
    assert alice("UID SEARCH RETURN (MIN MAX COUNT) UNDELETED")[0] == 'ESEARCH (TAG "t1") UID MIN 1 MAX 2 COUNT 2'
    assert alice("SEARCH RETURN () ALL")[0] == 'ESEARCH (TAG "t1") ALL 1:3'
    assert alice("SEARCH RETURN (MIN COUNT) DRAFT")[0] == 'ESEARCH (TAG "t1") COUNT 0'


def test_an_unknown_charset_is_refused_with_those_known(alice: Client) -> None:
    assert alice("SEARCH CHARSET KOI8-R ALL") == ["NO [BADCHARSET (US-ASCII UTF-8)] Unknown charset"]


def test_list_shows_special_uses_and_children(mail: World, alice: Client) -> None:
    alice("CREATE Archive/2024/May")
    assert alice('LIST "" "*"')[:-1] == [
        'LIST (\\HasNoChildren) "/" INBOX',
        'LIST (\\HasChildren \\Archive) "/" Archive',
        'LIST (\\HasChildren \\NonExistent \\Noselect) "/" Archive/2024',
        'LIST (\\HasNoChildren) "/" Archive/2024/May',
        'LIST (\\HasNoChildren \\Drafts) "/" Drafts',
        'LIST (\\HasNoChildren \\Junk) "/" Junk',
        'LIST (\\HasNoChildren \\Sent) "/" Sent',
        'LIST (\\HasNoChildren \\Trash) "/" Trash',
    ]
    assert alice('LIST Archive/ "%"')[:-1] == ['LIST (\\HasChildren \\NonExistent \\Noselect) "/" Archive/2024']
    assert alice('LIST "" ""') == ['LIST (\\Noselect) "/" ""', "OK LIST completed"]
    assert alice('LIST "" inbox')[0] == 'LIST (\\HasNoChildren) "/" INBOX'


def test_extended_list_selects_and_returns(alice: Client) -> None:
    alice("UNSUBSCRIBE Junk")
    assert alice('LIST (SPECIAL-USE) "" ("S*" J%) RETURN (SUBSCRIBED STATUS (MESSAGES SIZE))')[:-1] == [
        'LIST (\\HasNoChildren \\Junk) "/" Junk',
        "STATUS Junk (MESSAGES 0 SIZE 0)",
        'LIST (\\HasNoChildren \\Sent \\Subscribed) "/" Sent',
        "STATUS Sent (MESSAGES 0 SIZE 0)",
    ]
    assert alice('LIST () "" "*" RETURN (FOO)') == ["BAD unknown option FOO"]


def test_lsub_shows_subscriptions_and_with_percent_their_parents(alice: Client) -> None:
    alice("CREATE a/b")
    alice("SUBSCRIBE a/b")
    alice("UNSUBSCRIBE INBOX")
    assert alice('LSUB "" "a%"')[:-1] == ['LSUB (\\Noselect) "/" a']
    assert alice('LSUB "" "a*"')[:-1] == ['LSUB () "/" a/b']
    assert alice('LSUB "" INBOX') == ["OK LSUB completed"]


def test_status_counts(alice: Client) -> None:
    assert alice("STATUS INBOX (MESSAGES UNSEEN UIDNEXT UIDVALIDITY RECENT SIZE)")[0] == (
        "STATUS INBOX (MESSAGES 3 UNSEEN 2 UIDNEXT 4 UIDVALIDITY 1 RECENT 0 SIZE 66)"
    )
    assert alice("STATUS Nowhere (MESSAGES)") == ["NO [NONEXISTENT] No such folder"]


def test_folders_are_made_renamed_and_deleted(mail: World, alice: Client) -> None:
    assert alice("CREATE Entw&APw-rfe/") == ["OK CREATE completed"]
    assert alice("CREATE Entw&APw-rfe/alt") == ["OK CREATE completed"]
    assert alice("CREATE inbox") == ["NO [ALREADYEXISTS] Folder exists"]
    assert alice("RENAME Entw&APw-rfe Neu") == ["OK RENAME completed"]
    assert {"Neu", "Neu/alt"} <= set(mail.mail["alice"].folders)
    assert alice("DELETE Neu") == ["OK DELETE completed"]
    assert 'LIST (\\HasChildren \\NonExistent \\Noselect) "/" Neu' in alice('LIST "" *')
    assert alice("DELETE INBOX")[-1].startswith("NO")
    assert alice('CREATE "a//b"')[-1].startswith("NO [CANNOT]")


def test_renaming_inbox_moves_its_messages(mail: World, alice: Client) -> None:
    assert alice("RENAME INBOX Old") == ["3 EXPUNGE", "2 EXPUNGE", "1 EXPUNGE", "OK RENAME completed"]
    assert len(mail.folder("alice", "Old")) == 3


def test_a_folder_made_again_has_another_uidvalidity(mail: World, alice: Client) -> None:
    alice("CREATE a")
    first = mail.folder("alice", "a").uidvalidity
    alice("DELETE a")
    alice("CREATE a")
    assert mail.folder("alice", "a").uidvalidity > first


def test_utf8_names_travel_as_they_are_once_enabled(mail: World, alice: Client) -> None:
    alice("CREATE Entw&APw-rfe")
    assert alice("ENABLE FOO UTF8=ACCEPT") == ["ENABLED UTF8=ACCEPT", "OK ENABLE completed"]
    assert 'LIST (\\HasNoChildren) "/" "Entwürfe"' in alice('LIST "" "Entw*"')
    assert alice('APPEND "Entwürfe" UTF8 (~{12}\r\nSubject: ü\r\n)'.replace("{12}", "{13}")) == [
        "OK [APPENDUID 2 1] APPEND completed"
    ]
    assert alice("SEARCH CHARSET UTF-8 ALL")[-1].startswith("BAD")
    assert alice('SEARCH SUBJECT "öne"') == ["SEARCH", "OK SEARCH completed"]


def test_a_capability_that_is_off_takes_its_command_along(
    mail: World, reported: WeakKeyDictionary[Folder, int]
) -> None:
    client = Client(mail, reported, without="MOVE UIDPLUS ESEARCH NAMESPACE LIST-EXTENDED")
    client("LOGIN alice secret")
    client("SELECT INBOX")
    for command in ("MOVE 1 Trash", "UID MOVE 1 Trash", "UID EXPUNGE 1", "SEARCH RETURN () ALL", "NAMESPACE"):
        assert client(command)[-1].startswith("BAD"), command
    assert client('LIST "" "*" RETURN (SUBSCRIBED)')[-1].startswith("BAD")
    assert client("COPY 1 Trash") == ["OK COPY completed"]
    assert client("APPEND Trash {3}\r\nA:b") == ["OK APPEND completed"]


@pytest.mark.parametrize(
    "command",
    [
        "FOO",
        "SELECT",
        "SELECT a b",
        "FETCH x FLAGS",
        "STORE 1 FLAG (x)",
        "NOOP x",
        "LIST",
        "APPEND INBOX hello",
        "UID NOOP",
    ],
)
def test_what_is_malformed_is_bad(alice: Client, command: str) -> None:
    assert alice(command)[-1].startswith("BAD ")


def test_id_and_namespace_answer(alice: Client) -> None:
    assert alice('ID ("name" "x" "version" NIL)')[0] == 'ID ("name" "nettools.testing")'
    assert alice("NAMESPACE")[0] == 'NAMESPACE (("" "/")) NIL NIL'
    assert alice("CAPABILITY")[0].startswith("CAPABILITY IMAP4rev1 ")
