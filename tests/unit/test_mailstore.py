"""Stores of mail: what they hold they find again, whatever stopped them."""

from __future__ import annotations

import datetime as dt
import io
import mailbox
import os
from pathlib import Path

import pytest

from nettools.errors import FileError, UsageError
from nettools.mailstore import Key, open_store

RAW = b"Subject: x\r\n\r\nFrom me\r\n>From you\r\nno end"
DATE = dt.datetime(2020, 1, 2, 3, 4, 5, tzinfo=dt.UTC)


def key(uid: str = "7", validity: int = 1, raw: bytes = RAW) -> Key:
    return Key(uid, validity, len(raw), DATE, ("\\Seen", "\\Flagged", "kw"))


@pytest.mark.parametrize("kind", ["eml", "maildir", "mbox"])
def test_what_was_put_is_found_by_another(kind: str, tmp_path: Path) -> None:
    path = tmp_path / "a" / "store"
    store = open_store(kind, path, "imap://h/INBOX")
    assert store.find(key()) is None
    put = store.put(key(), io.BytesIO(RAW))
    again = open_store(kind, path, "imap://h/INBOX")
    assert again.find(key()) == put
    assert again.find(key("8")) is None


@pytest.mark.parametrize("kind", ["maildir", "mbox"])
def test_another_mailbox_or_uidvalidity_is_something_else(kind: str, tmp_path: Path) -> None:
    open_store(kind, tmp_path / "s", "imap://h/INBOX").put(key(), io.BytesIO(RAW))
    assert open_store(kind, tmp_path / "s", "imap://h/Other").find(key()) is None
    assert open_store(kind, tmp_path / "s", "imap://h/INBOX").find(key(validity=2)) is None


def test_a_message_of_the_same_name_and_octets_is_not_kept_twice(tmp_path: Path) -> None:
    store = open_store("eml", tmp_path, "x")
    assert store.put(Key("a/../b"), io.BytesIO(RAW)) == store.put(Key("a/../b"), io.BytesIO(RAW))
    assert store.put(Key("a/../b"), io.BytesIO(b"other")) != store.put(Key("a/../b"), io.BytesIO(RAW))
    assert len(list(tmp_path.iterdir())) == 2
    assert store.find(Key("a/../b")) is None  # without size and date only the octets tell


def test_a_maildir_keeps_flags_and_lines_as_mail_programs_do(tmp_path: Path) -> None:
    path = open_store("maildir", tmp_path, "x").put(key(), io.BytesIO(RAW))
    assert path.name.endswith(":2,FS")
    assert path.read_bytes() == b"Subject: x\n\nFrom me\n>From you\nno end\n"
    path.rename(path.with_name(path.name + "T"))  # a mail program has marked it
    assert open_store("maildir", tmp_path, "x").find(key()) is not None


@pytest.mark.parametrize("kind", ["eml", "maildir", "mbox"])
def test_what_is_kept_is_on_the_disk(tmp_path: Path, kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    sizes: list[int] = []
    monkeypatch.setattr(os, "fsync", lambda descriptor: sizes.append(os.fstat(descriptor).st_size))
    path = open_store(kind, tmp_path / "kept", "x").put(key(), io.BytesIO(RAW))
    assert path.stat().st_size in sizes


def test_an_mbox_quotes_what_looks_like_a_beginning(tmp_path: Path) -> None:
    path = open_store("mbox", tmp_path / "box", "x").put(key(), io.BytesIO(RAW))
    text = path.read_bytes()
    assert b"\n>From me\n>>From you\nno end\n" in text
    assert text.startswith(b"From nettools-V1U7-S")
    assert b" Thu Jan  2 03:04:05 2020\n" in text
    box = mailbox.mbox(path)
    assert len(box) == 1
    box.close()


@pytest.mark.parametrize("cut", [1, 20, 60])
def test_a_message_that_was_cut_off_is_taken_out_of_an_mbox(tmp_path: Path, cut: int) -> None:
    path = tmp_path / "box"
    store = open_store("mbox", path, "x")
    store.put(key("1"), io.BytesIO(RAW))
    whole = path.read_bytes()
    store.put(key("2"), io.BytesIO(RAW))
    path.write_bytes(path.read_bytes()[:-cut])
    again = open_store("mbox", path, "x")
    assert path.read_bytes() == whole
    assert again.find(key("1")) == path
    assert again.find(key("2")) is None


def test_mail_of_others_in_an_mbox_stays(tmp_path: Path) -> None:
    path = tmp_path / "box"
    foreign = b"From bob@x Thu Jan  1 00:00:00 2026\nSubject: y\n\nbody\n\n"
    path.write_bytes(foreign)
    open_store("mbox", path, "x").put(key(), io.BytesIO(RAW))
    assert path.read_bytes().startswith(foreign + b"From nettools-")


def test_long_lines_and_line_ends_at_the_edge_of_a_block_are_kept(tmp_path: Path) -> None:
    raw = b"x" * (256 * 1024 - 1) + b"\r\n" + b"y" * 600_000 + b"\r\nFrom z"
    path = open_store("mbox", tmp_path / "box", "x").put(key(raw=raw), io.BytesIO(raw))
    body = path.read_bytes().split(b"\n", 1)[1]
    assert body == raw.replace(b"\r\n", b"\n").replace(b"\nFrom", b"\n>From") + b"\n\n"


def test_what_cannot_be_written_is_a_file_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    for kind in ("eml", "maildir", "mbox"):
        with pytest.raises(FileError):
            open_store(kind, tmp_path / "file" / "below", "x")
    with pytest.raises(UsageError):
        open_store("pst", tmp_path, "x")
