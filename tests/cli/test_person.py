"""A person at a terminal: asked for a password, asked before something goes, shown tables, free to interrupt."""

from __future__ import annotations

import os
import sys
from typing import Any

import pytest

from nettools.cli.render import report_error
from nettools.errors import DisconnectedError, ProxyError, ReplyError
from terminal import AtTerminal

CLEAR = ("--tls", "off")


def at_terminal(*words: str) -> AtTerminal:
    return AtTerminal([sys.executable, "-m", "nettools", *words], {**os.environ, "TERM": "vt220"}, (120, 30))


def test_a_password_is_asked_for_and_not_shown(imap_server: Any) -> None:
    imap_server.world.deliver("alice@x", b"Subject: Welcome\r\n\r\nHello\r\n")
    with at_terminal("imap", "list", imap_server.url, "-u", "alice", *CLEAR) as person:
        person.wait_for(b"Password of alice at 127.0.0.1: ")
        person.type(b"secret\n")
        person.wait_for(b"Welcome")
        assert person.end() == 0
        assert b"secret" not in person.screen
        assert b"uid" in person.screen


def test_control_c_at_a_question_ends_it_with_130(imap_server: Any) -> None:
    with at_terminal("imap", "list", imap_server.url, "-u", "alice", *CLEAR) as person:
        person.wait_for(b"Password of alice")
        person.type(b"\x03")
        assert person.end() == 130
    assert not imap_server.log.commands()


@pytest.mark.parametrize(("answer", "left"), [(b"n\n", True), (b"y\n", False)])
def test_what_would_be_lost_is_asked_about(ftp_server: Any, answer: bytes, left: bool) -> None:
    ftp_server.world.files["pub/old"] = b"old"
    with at_terminal("ftp", "rm", f"{ftp_server.url}/pub/old", "-u", "alice:secret", *CLEAR) as person:
        person.wait_for(b"remove ")
        person.wait_for(b"[y/N]: ")
        person.type(answer)
        assert person.end() == (130 if left else 0)
    assert ("pub/old" in ftp_server.world.files) is left


def test_server_text_on_a_terminal_has_no_control_characters_of_its_own(http_server: Any) -> None:
    http_server.world.files["pub/evil"] = b"a\x1b]0;title\x07b\x9bc\r\nd\n"
    with at_terminal("http", f"{http_server.url}/pub/evil") as person:
        assert person.end() == 0
        assert b"a\\x1b]0;title\\x07b" in person.screen
        assert b"\x1b]0;" not in person.screen


def test_an_error_is_told_with_the_servers_words_the_hint_and_what_is_in_doubt(
    capsys: pytest.CaptureFixture[str],
) -> None:
    report_error(ProxyError("the proxy refused", reply="403 Forbidden\x1b[2J", hint="try another"), as_json=False)
    assert capsys.readouterr().err == (
        "nettools: the proxy refused\n  server: 403 Forbidden\\x1b[2J\n  hint: try another\n"
    )
    lost = DisconnectedError("the server closed the connection", protocol="smtp", outcome_unknown=True)
    report_error(lost, as_json=False)
    first, doubt = capsys.readouterr().err.splitlines()
    assert first == "nettools: smtp: the server closed the connection"
    assert "whether the server acted on it is not known" in doubt
    report_error(ReplyError("no: 550 No", reply="550 No"), as_json=False)
    assert capsys.readouterr().err == "nettools: no: 550 No\n"  # the reply is in the message already
