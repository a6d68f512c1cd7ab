"""CPython's own tests of the modules that we extend, with our classes: what they promise as `session.raw` they keep."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import pytest

from unit.stdlib.dropin import run

OURS = {
    "ftplib": {"FTP": "ftp:FTPClient", "FTP_TLS": "ftp:FTPTLSClient"},
    "smtplib": {"SMTP": "smtp:SMTPClient", "SMTP_SSL": "smtp:SMTPTLSClient", "LMTP": "smtp:LMTPClient"},
    "poplib": {"POP3": "pop3:POP3Client", "POP3_SSL": "pop3:POP3TLSClient"},
    "imaplib": {"IMAP4": "imap:IMAP4Client", "IMAP4_SSL": "imap:IMAP4TLSClient"},
    "nntplib": {"NNTP": "nntp:NNTPClient", "NNTP_SSL": "nntp:NNTPTLSClient"},
    "telnetlib": {"Telnet": "telnet:TelnetClient"},
}
# module: `Class.test_name` and why it differs; docs/design.md has the same
KNOWN = {"ftplib": {"MiscTestCase.test__all__": "asks which classes were defined in ftplib itself; ours were not"}}
LEAST = 15  # tests that each module has on every Python


@pytest.mark.parametrize("module", OURS)
def test_the_modules_own_tests_pass_with_our_classes(module: str) -> None:
    if importlib.util.find_spec("test") is None or importlib.util.find_spec(f"test.test_{module}") is None:
        pytest.skip(f"this Python has no tests of {module}")
    classes = {name: f"nettools.protocols.{place}" for name, place in OURS[module].items()}
    ours, known = run(f"test.test_{module}", module, classes), set(KNOWN.get(module, ()))
    surprises = ours.failed.keys() - known
    fails_anyway = run(f"test.test_{module}", module, {}).failed.keys() if surprises else set()
    assert ours.ran > LEAST
    assert {name: ours.failed[name] for name in surprises - fails_anyway} == {}
    assert known <= ours.failed.keys()  # what does not differ any more is no exception


def test_what_differs_is_in_the_notes() -> None:
    notes = (Path(__file__).parents[3] / "docs" / "design.md").read_text("utf-8")
    assert all(f"`{name}` ({module})" in notes for module, names in KNOWN.items() for name in names)
