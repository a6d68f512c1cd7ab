"""The language of faults: text and JSON say the same as the methods, and nonsense is refused by name."""

from __future__ import annotations

import json
import smtplib
from collections.abc import Callable
from typing import Any

import pytest

from nettools.testing.faults import Fault, FaultError, load_faults, parse_fault
from nettools.testing.ftp import FTPServer
from nettools.testing.server import Server
from nettools.testing.smtp import SMTPServer

NAMES = ("smtp", "ftp", "imap")
TEXTS = {
    "smtp RCPT arg='bob@' reply='451 4.3.0 later' times=2": Fault(
        "smtp", "RCPT", "reply", "451 4.3.0 later", {"arg": "bob@"}, {"times": 2}
    ),
    "RCPT drop": Fault(None, "RCPT", "drop"),
    "smtp hang": Fault("smtp", "*", "hang"),
    "smtp connect refuse after=1": Fault("smtp", "connect", "refuse", None, {}, {"after": 1}),
    "ftp data reset after=100000": Fault("ftp", "data", "reset", None, {}, {"after": 100_000}),
    "smtp tls expired times=1": Fault("smtp", "tls", "expired", None, {}, {"times": 1}),
    r"* garbage='\x00\xff\r\n' close": Fault(None, "*", "garbage", b"\0\xff\r\n", {}, {"close": True}),
    "imap 'UID FETCH' delay=0.5 user=alice": Fault("imap", "UID FETCH", "delay", 0.5, {"user": "alice"}),
    "dribble chunk=3 every=0.01": Fault(None, "*", "dribble", None, {}, {"chunk": 3, "every": 0.01}),
    "corrupt seed=4": Fault(None, "*", "corrupt", None, {}, {"seed": 4}),
    "corrupt=2 probability=0.5 optional": Fault(None, "*", "corrupt", 2, {}, {"probability": 0.5, "optional": True}),
    "MAIL bandwidth=100 connection=2 nth=3": Fault(None, "MAIL", "bandwidth", 100, {"connection": 2}, {"nth": 3}),
}
NONSENSE = {
    "": "exactly one action",
    "RCPT": "exactly one action",
    "RCPT drop reset": "drop and reset",
    "smtp RCPT foo drop": "one word too many",
    "RCPT shout=1": "'shout'",
    "RCPT reply": "needs a value",
    "RCPT drop=3": "takes no value",
    "RCPT delay=soon": "is no number",
    "RCPT drop times=many": "is no number",
    "RCPT drop optional=perhaps": "neither true nor false",
    "RCPT reply='451": "No closing quotation",
    r"garbage='\x0'": "no octets",
    '{"drop": true': "no JSON",
    '{"garbage": 3}': "octets are text",
}


@pytest.mark.parametrize(("text", "fault"), TEXTS.items())
def test_text_says_what_json_says(text: str, fault: Fault) -> None:
    assert parse_fault(text, NAMES) == fault
    assert parse_fault(json.dumps(fault.to_dict())) == fault


@pytest.mark.parametrize(("text", "problem"), NONSENSE.items())
def test_nonsense_is_refused_by_name(text: str, problem: str) -> None:
    with pytest.raises(FaultError, match=problem):
        parse_fault(text, NAMES)


INSTALLABLE: list[tuple[Callable[..., Server], str, dict[str, Any]]] = [
    (SMTPServer, "RCPT arg=bob reply='451 no' times=2", {"verb": "RCPT", "data": b"451 no", "times": 2}),
    (SMTPServer, "connect bandwidth=10", {"verb": "(connect)", "octets": 10}),
    (SMTPServer, "tls wrong_host nth=2", {"verb": "(tls)", "action": "wrong_host", "nth": 2}),
    (SMTPServer, "tls inject_after_starttls='250 EVIL\\r\\n'", {"data": b"250 EVIL\r\n"}),
    (FTPServer, "data reset after=10 arg=RETR", {"verb": "(data)", "octets": 10}),
    (SMTPServer, "data reset", {"verb": "DATA"}),
    (FTPServer, "data dead_port", {"action": "dead_port"}),
    (FTPServer, "data dribble chunk=2 every=1", {"octets": 2, "seconds": 1.0}),
]


@pytest.mark.parametrize(("make", "text", "expected"), INSTALLABLE, ids=lambda each: str(each))
def test_a_fault_becomes_a_rule(make: Callable[..., Server], text: str, expected: dict[str, Any]) -> None:
    rule = make(tls=True).fault(text)
    assert {name: getattr(rule, name) for name in expected} == expected


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("tls drop", "nothing that can happen"),
        ("connect expired", "nothing that can happen"),
        ("connect drop user=alice", "user"),
        ("RCPT drop chunk=3", "chunk"),
        ("RCPT drop probability=7", "between 0 and 1"),
        ("RCPT arg='(' drop", "no regular expression"),
    ],
)
def test_what_a_server_does_not_have_is_refused(text: str, problem: str) -> None:
    with pytest.raises(ValueError, match=problem):
        SMTPServer(tls=True).fault(text)


def test_a_file_has_a_fault_a_line_or_an_array() -> None:
    lines = "# for the nightly run\nsmtp RCPT drop\n\nimap hang\n"
    array = '[{"protocol": "smtp", "verb": "RCPT", "drop": true}, "imap hang"]'
    assert list(load_faults(lines, NAMES)) == list(load_faults(array, NAMES))
    with pytest.raises(FaultError, match="no JSON"):
        list(load_faults("[1,"))


def test_a_fault_from_text_is_seen_by_smtplib(smtp_server: Server) -> None:
    smtp_server.fault("NOOP reply='451 4.3.0 later' times=1")
    with smtplib.SMTP(smtp_server.host, smtp_server.port, local_hostname="me", timeout=10) as client:
        assert [client.noop()[0], client.noop()[0]] == [451, 250]
