"""`--dry-run`: every verb that writes says what it would do, and the server has nothing to tell of it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from in_process import Run

ALICE = ("-u", "alice:secret", "--tls", "off", "--dry-run")
WRITES = {"APPEND", "STORE", "COPY", "MOVE", "EXPUNGE", "DELE", "STOR", "RNTO", "RMD", "MKD", "DATA", "POST", "BDAT"}


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ("imap append {imap} {file} --folder Drafts", "would append {file} to Drafts"),
        ("imap flag {imap} 1 --add \\Seen", "would flag 1"),
        ("imap mv {imap} 1 2 Archive", "would mv 1, 2 to Archive"),
        ("imap cp {imap} 1 Archive", "would cp 1 to Archive"),
        ("imap rm {imap} 1 2", "would delete 1, 2"),
        ("imap save {imap} 1 -o {dir}", "would save 1"),
        ("pop3 rm {pop3} 1", "would delete 1"),
        ("ftp put {ftp}/x {file}", "would store {file} at {ftp}/x"),
        ("ftp rm {ftp}/x", "would remove {ftp}/x"),
        ("ftp mkdir {ftp}/x", "would make {ftp}/x"),
        ("ftp mv {ftp}/x y", "would rename {ftp}/x to y"),
        ("tcp send {tcp} --data hi", "would send 2 octets to {tcp}"),
    ],
)
def test_what_would_be_done_is_told_and_not_done(
    nettools: Run, sandbox: Any, tmp_path: Path, words: str, said: str
) -> None:
    file = tmp_path / "file"
    file.write_bytes(b"Subject: Hi\r\n\r\nHello\r\n")
    names: dict[str, Any] = {name: server.url for name, server in sandbox.running.items()}
    names |= {"file": file, "dir": tmp_path / "d"}
    user = ALICE[2:] if words.startswith("tcp") else ALICE
    done = nettools(*(word.format_map(names) for word in words.split()), *user)
    assert (done.code, done.err) == (0, f"{said.format_map(names)}\n")
    for server in sandbox.running.values():
        assert not WRITES & {word for line in server.log.commands() for word in line.upper().split()[:3]}


def test_what_needs_more_words_says_which(nettools: Run) -> None:
    for words, said in (
        (["imap", "flag", "imap://h", "1"], "flag needs --add or --remove"),
        (["imap", "mv", "imap://h", "1"], "Missing arguments: UID... FOLDER"),
        (["imap", "save", "imap://h", "1"], "save needs -o DIR"),
        (["imap", "save", "imap://h", "-o", "d"], "save needs UIDs, --all, or what to look for"),
        (["imap", "save", "imap://h", "1", "-o", "d", "--pattern", "*"], "--pattern goes with --attachments"),
        (["imap", "list", "imap://h", "--header", "X"], "--header is NAME:TEXT"),
        (["imap", "list", "imap://h", "--query", "ALL", "--seen"], "--query stands for itself"),
    ):
        done = nettools(*words)
        assert done.code == 2
        assert said in done.err


@pytest.mark.parametrize(
    "words",
    [
        ("ftp", "rm", "@ftp/pub/hello.txt"),
        ("ftp", "mkdir", "@ftp/new"),
        ("imap", "flag", "@imap", "1", "--add", "x"),
        ("imap", "mkdir", "@imap/New"),
        ("http", "delete", "@http/pub/hello.txt"),
        ("smtp", "send", "@smtp", "--from", "a@b.example", "--to", "c@d.example", "--body", "x"),
        ("nntp", "post", "@nntp/local.test", "--from", "a@b.example", "-s", "x", "--body", "y"),
        ("tcp", "send", "@tcp", "--data", "x"),
    ],
)
def test_what_would_be_done_is_a_document_too(nettools: Run, sandbox: Any, words: tuple[str, ...]) -> None:
    def at(word: str) -> str:
        name, slash, rest = word[1:].partition("/")
        return f"{getattr(sandbox, name).url}{slash}{rest}" if word.startswith("@") else word

    done = nettools(*map(at, words), "--dry-run", "--json")
    assert done.code == 0
    assert set(done.json) >= {"would"}
