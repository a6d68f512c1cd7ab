"""What is given to the test kit by mistake is refused at once, in words that help."""

from __future__ import annotations

from collections.abc import Callable
from email.message import EmailMessage
from typing import Any

import pytest

from nettools.testing import World, make_server, servers


def _idle_options() -> None:
    with servers("smtp", imap={"without": {"IDLE"}}):
        pass


@pytest.mark.parametrize(
    ("call", "error", "said"),
    [
        (_idle_options, ValueError, "imap, which is not among the servers: smtp"),
        (lambda: make_server("imap", without={"IDEL"}), ValueError, "imap has no 'IDEL'"),
        (lambda: make_server("ftp", without={"EPVS"}), ValueError, "ftp has no 'EPVS'"),
        (lambda: make_server("nntp", without={"XOVR"}), ValueError, "nntp has no 'XOVR'"),
        (lambda: make_server("pop3", extra="SASL"), TypeError, "a set of names"),
        (lambda: make_server("smtp").on("RCPT").reply(b"550 no"), TypeError, "a reply is text"),
        (lambda: make_server("smtp").on("RCPT").garbage("550 no"), TypeError, "garbage is bytes"),
        (lambda: make_server("http").route("x", "y"), ValueError, "begins with a slash"),
        (lambda: World().wait_for_mail(user="bob"), KeyError, "no user 'bob', but alice"),
        (lambda: World().folder("alice", "Nix"), KeyError, "no folder 'Nix', but INBOX, Archive"),
        (lambda: World().deliver("bob@example.org", b""), KeyError, "bob@example.org is nobody's address"),
        (lambda: World().deliver("alice@example.org", "Subject: x"), TypeError, "not str"),
        (lambda: World().files.update(x=5), TypeError, "bytes or text, not int"),
    ],
)
def test_a_mistake_is_told(call: Callable[[], Any], error: type[Exception], said: str) -> None:
    with pytest.raises(error) as caught:
        call()
    assert said in str(caught.value)


def test_a_rule_without_an_action_says_that_it_has_none() -> None:
    server = make_server("smtp")
    server.on("RCPT")
    with pytest.raises(AssertionError, match="RCPT without an action"):
        server.check_rules()


def test_a_port_that_is_taken_is_named() -> None:
    with make_server("tcp") as first, pytest.raises(OSError, match=f"127.0.0.1, port {first.port}"):
        make_server("tcp", port=first.port).start()


def test_a_message_of_the_email_package_is_delivered_with_the_line_ends_of_mail() -> None:
    message = EmailMessage()
    message["Subject"] = "Grüße"
    message.set_content("one\ntwo\n")
    found = World().deliver("alice@example.org", message)
    assert (found.subject, found.text) == ("Grüße", "one\ntwo\n")
    assert b"\r\none\r\ntwo\r\n" in found.raw


@pytest.mark.parametrize(
    ("protocol", "names"),
    [
        ("imap", {"QRESYNC", "IDLE", "SEARCHRES", "ESORT", "THREAD=REFS", "IMAP4rev2", "AUTH=SCRAM-SHA-512"}),
        ("smtp", {"BINARYMIME", "SCRAM-SHA-256-PLUS", "size"}),
        ("ftp", {"MFCT", "XSIZE", "SPSV"}),
    ],
)
def test_what_a_fake_never_had_may_be_left_out(protocol: str, names: set[str]) -> None:
    assert {name.upper() for name in names} <= make_server(protocol, without=names).without
