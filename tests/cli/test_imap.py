"""`nettools imap`: messages into files and stores, waiting, and wrong input."""

from __future__ import annotations

import mailbox
from pathlib import Path
from typing import Any

import pytest

from contract.mailboxes import again_and_again
from in_process import Run

ME = ("-u", "alice:secret", "--tls", "off")
RAW = b"From: Bob <b@x.org>\r\nSubject: mail %d\r\n\r\nbody\r\n"


@pytest.fixture
def box(sandbox: Any) -> str:
    for n in range(3):
        sandbox.world.inbox("alice").append(RAW % n)
    return f"{sandbox.imap.url}/INBOX"


def test_a_message_is_written_as_it_is(nettools: Run, box: str, tmp_path: Path) -> None:
    done = nettools("imap", "fetch", box, "2", "--raw", "-o", tmp_path / "m.eml", *ME)
    assert (done.code, (tmp_path / "m.eml").read_bytes()) == (0, RAW % 1)
    done = nettools("imap", "fetch", f"{box}/;UID=3", "-o", f"{tmp_path}/", "--json", *ME)
    assert done.json["path"] == str(tmp_path / "3.eml")
    assert nettools("imap", "fetch", box, "1", "--mark-seen", "-o", f"{tmp_path}/", *ME).code == 0
    assert nettools("imap", "fetch", box, "9", "--raw", "-o", tmp_path / "none", *ME).code == 78
    assert not (tmp_path / "none").exists()


@pytest.mark.parametrize("kind", ["eml", "maildir", "mbox"])
def test_a_folder_is_saved_once(nettools: Run, box: str, tmp_path: Path, kind: str) -> None:
    out = tmp_path / "out"
    first = nettools("imap", "save", box, "--all", "--format", kind, "-o", out, "--json", *ME)
    assert [(line["uid"], line["skipped"]) for line in first.lines] == [("1", False), ("2", False), ("3", False)]
    again = nettools("imap", "save", box, "--all", "--format", kind, "-o", out, *ME)
    assert (again.code, again.out) == (0, b"")
    assert "3 already there" in again.err
    if kind == "eml":
        assert sorted(path.name for path in out.iterdir()) == ["1.eml", "2.eml", "3.eml"]
        assert (out / "1.eml").read_bytes() == RAW % 0
    else:
        store: Any = mailbox.Maildir(out) if kind == "maildir" else mailbox.mbox(out)
        assert sorted(message["subject"] for message in store) == ["mail 0", "mail 1", "mail 2"]
        store.close()


def test_pop3_saves_into_the_same_stores(nettools: Run, box: str, sandbox: Any, tmp_path: Path) -> None:
    url, out = sandbox.pop3.url, tmp_path / "out"
    assert len(nettools("pop3", "save", url, "--all", "--format", "maildir", "-o", out, *ME).text.splitlines()) == 3
    assert nettools("pop3", "save", url, "--all", "--format", "maildir", "-o", out, *ME).out == b""
    assert len(nettools("pop3", "save", url, "--all", "-o", tmp_path / "eml", "--delete", *ME).text.splitlines()) == 3
    assert len(sandbox.world.inbox("alice")) == 0


def test_saving_may_delete_what_is_safe_and_says_what_it_would_do(
    nettools: Run, box: str, sandbox: Any, tmp_path: Path
) -> None:
    done = nettools("imap", "save", box, "--all", "--delete", "--dry-run", "-o", tmp_path / "out", *ME)
    assert "would save 3" in done.err
    assert len(sandbox.world.inbox("alice")) == 3
    assert nettools("imap", "save", box, "1", "3", "--delete", "-o", tmp_path / "out", *ME).code == 0
    assert [message.uid for message in sandbox.world.inbox("alice")] == [2]


@pytest.mark.parametrize(
    ("args", "code"),
    [
        (("save", "{}", "--all"), 2),
        (("save", "{}", "-o", "out"), 2),
        (("save", "{}", "--all", "--format", "pst", "-o", "out"), 2),
        (("save", "{}", "--all", "--pattern", "*.pdf", "-o", "out"), 2),
        (("save", "{}", "7", "-o", "out"), 78),
        (("fetch", "{}", "0"), 2),
        (("fetch", "{}"), 2),
        (("list", "{}", "--limit", "some"), 2),
        (("list", "{}", "--uid", "a:b"), 2),
        (("list", "{}", "--header", "colourless"), 2),
        (("list", "{}", "--query", "ALL", "--unseen"), 2),
        (("search", "{}", "--query", "NONSENSE KEY"), 8),
        (("flag", "{}", "1"), 2),
        (("flag", "{}", "1", "--add", "two words"), 2),
        (("mv", "{}", "1"), 2),
        (("mv", "{}", "1", "Nowhere"), 78),
        (("rm", "{}", "1"), 2),
        (("append", "{}", "/does/not/exist.eml"), 26),
        (("command", "{}", "IDLE"), 2),
        (("list", "{}/;UIDVALIDITY=0"), 3),
        (("list", "{}/;UID=x"), 3),
    ],
)
def test_wrong_input_is_told(nettools: Run, box: str, args: tuple[str, ...], code: int, tmp_path: Path) -> None:
    words = [word.replace("{}", box) if word != "out" else str(tmp_path / "out") for word in args]
    done = nettools("imap", *words, *ME)
    assert done.code == code, done.err
    assert "Traceback" not in done.err


def test_a_watch_ends_with_its_time_or_its_number(nettools: Run, box: str, sandbox: Any) -> None:
    assert nettools("imap", "watch", box, "-m", "0.3", *ME).code == 0
    with again_and_again(lambda: sandbox.world.deliver("alice@x", RAW % 9)):
        done = nettools("imap", "watch", box, "--limit", "1", "--json", *ME)
    assert done.json["subject"] == "mail 9"


def test_what_the_server_wants_seen_is_shown(nettools: Run, box: str, sandbox: Any) -> None:
    sandbox.imap.on("FETCH").reply("NO [ALERT] Move along")
    done = nettools("imap", "list", box, *ME)
    assert done.code == 8
    assert "Move along" in done.err


def test_what_to_look_for_may_stand_in_place_of_uids(nettools: Run, box: str, sandbox: Any, tmp_path: Path) -> None:
    inbox = sandbox.world.inbox("alice")
    assert [each["info"]["uid"] for each in nettools("imap", "fetch", box, "--uid", "2:3", "--json", *ME).lines] == [
        "2",
        "3",
    ]
    assert nettools("imap", "save", box, "--subject", "mail 1", "-o", tmp_path, *ME).code == 0
    assert [path.name for path in tmp_path.iterdir()] == ["2.eml"]
    assert nettools("imap", "flag", box, "--unseen", "--add", "\\Seen", *ME).code == 0
    assert all("\\Seen" in message.flags for message in inbox)
    assert nettools("imap", "cp", box, "--query", 'SUBJECT "mail 2"', "Archive", *ME).text == "1\n"
    assert "would delete 1, 2, 3" in nettools("imap", "rm", box, "--seen", "--dry-run", *ME).err
    assert nettools("imap", "rm", box, "--seen", *ME).code == 2
    assert nettools("imap", "mv", box, "--subject", "mail 0", "Trash", *ME).text == "1\n"
    assert nettools("imap", "search", box, "--unflagged", "--unanswered", *ME).text == "2\n3\n"
    assert nettools("imap", "search", box, "--smaller", "0", *ME).text == ""
    assert nettools("imap", "rm", box, "--unseen", *ME).code == 0  # nothing: nothing is asked
    assert nettools("pop3", "rm", sandbox.pop3.url, "--subject", "mail", "-y", *ME).code == 0
    assert (len(inbox), nettools("imap", "fetch", box, "--seen", *ME).code) == (0, 0)


@pytest.mark.parametrize("verb", [("rm", "-y"), ("mv", "Trash"), ("cp", "Trash"), ("flag", "--add", "x")])
def test_what_is_found_is_changed_over_the_same_connection(
    nettools: Run, box: str, sandbox: Any, verb: tuple[str, ...]
) -> None:
    done = nettools("imap", verb[0], box, *verb[1:], "--subject", "mail 1", *ME)
    assert (done.code, done.err) == (0, "")
    assert sandbox.imap.log.connections == 1
    assert any("SEARCH" in line for line in sandbox.imap.log.commands(1))


@pytest.mark.parametrize("verb", ["fetch", "save", "flag", "mv", "cp", "rm"])
def test_uids_and_what_to_look_for_exclude_each_other(nettools: Run, box: str, verb: str) -> None:
    more = {"save": ("-o", "x"), "flag": ("--add", "x"), "mv": ("Trash",), "cp": ("Trash",)}.get(verb, ())
    done = nettools("imap", verb, box, "1", *more, "--unseen", *ME)
    assert (done.code, "UIDs, --number and what to look for exclude each other" in done.err) == (2, True)
    if verb != "save":
        assert "Missing argument" in nettools("imap", verb, box, *more, *ME).err


def test_a_system_flag_needs_no_backslash(nettools: Run, box: str, sandbox: Any, tmp_path: Path) -> None:
    inbox = sandbox.world.inbox("alice")
    assert nettools("imap", "flag", box, "1", "--add", "Seen", "--add", "FLAGGED", "--add", "work", *ME).code == 0
    assert set(inbox[0].flags) == {"\\Seen", "\\Flagged", "work"}
    assert nettools("imap", "flag", box, "1", "--remove", "seen", "--remove", "\\Flagged", *ME).code == 0
    assert set(inbox[0].flags) == {"work"}
    (tmp_path / "m.eml").write_bytes(b"Subject: x\r\n\r\n")
    assert nettools("imap", "append", box, tmp_path / "m.eml", "--flag", "draft", *ME).code == 0
    assert set(inbox[-1].flags) == {"\\Draft"}


def test_folders_are_made_renamed_and_removed(nettools: Run, sandbox: Any) -> None:
    url = sandbox.imap.url
    assert nettools("imap", "mkdir", f"{url}/Gr%C3%BCn", *ME).code == 0
    assert "would rename Grün to Blau" in nettools("imap", "rename", f"{url}/Gr%C3%BCn", "Blau", "--dry-run", *ME).err
    assert nettools("imap", "rename", f"{url}/Gr%C3%BCn", "Blau", *ME).code == 0
    assert "Blau" in nettools("imap", "folders", url, *ME).text
    assert nettools("imap", "rmdir", f"{url}/Blau", *ME).code == 2  # nobody to ask
    assert nettools("imap", "rmdir", f"{url}/Blau", "-y", *ME).code == 0
    assert nettools("imap", "rmdir", f"{url}/Blau", "-y", *ME).code == 78
    assert "names no folder" in nettools("imap", "mkdir", url, *ME).err


def test_a_list_tells_how_it_went_when_it_is_asked(nettools: Run, box: str, sandbox: Any) -> None:
    assert "round trips" in nettools("imap", "list", box, "-v", *ME).err
    assert "round trips" in nettools("ftp", "list", f"{sandbox.ftp.url}/pub/", "-v", "--tls", "off").err
    assert nettools("imap", "list", box, *ME).err == ""


def test_messages_are_named_by_number_too(nettools: Run, box: str, sandbox: Any) -> None:
    assert nettools("imap", "flag", box, "--number", "1", "--numbers", "3", "--add", "\\Flagged", *ME).code == 0
    assert nettools("imap", "search", box, "--flagged", *ME).text == "1\n3\n"
    assert nettools("imap", "mv", box, "--numbers", "1", "Trash", *ME).text == "1\n"
    assert "would delete 2" in nettools("imap", "rm", box, "--numbers", "2", "--dry-run", *ME).err
    assert nettools("pop3", "rm", sandbox.pop3.url, "--numbers", "2", "-y", *ME).code == 0
    assert nettools("imap", "search", box, *ME).text == "2\n"
    assert nettools("imap", "rm", box, "2", "--numbers", "1", "-y", *ME).code == 2
    assert nettools("imap", "fetch", box, "2", "--numbers", "1", *ME).code == 2
    assert nettools("imap", "cp", box, "--numbers", "9", "Trash", *ME).code == 78


def test_several_messages_do_not_overwrite_one_file(nettools: Run, box: str, tmp_path: Path) -> None:
    for words in (("1", "2"), ("--subject", "mail"), ("--number", "1", "--number", "2")):
        done = nettools("imap", "fetch", box, *words, "--raw", "-o", tmp_path / "m.eml", *ME)
        assert (done.code, "name a folder" in done.err) == (2, True)
    assert not (tmp_path / "m.eml").exists()
    assert nettools("imap", "fetch", box, "--subject", "mail 1", "--raw", "-o", tmp_path / "m.eml", *ME).code == 0
