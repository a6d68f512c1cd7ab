"""`imaplib`'s own tests with our classes: what they promise as `session.raw` they keep, without an exception."""

from __future__ import annotations

import importlib.util

import pytest

from unit.stdlib.dropin import run

OURS = {"IMAP4": "nettools.protocols.imap:IMAP4Client", "IMAP4_SSL": "nettools.protocols.imap:IMAP4TLSClient"}

pytestmark = pytest.mark.skipif(
    importlib.util.find_spec("test") is None or importlib.util.find_spec("test.test_imaplib") is None,
    reason="this Python has no tests of imaplib",
)


def test_the_modules_own_tests_pass_with_our_classes() -> None:
    ours = run("test.test_imaplib", "imaplib", OURS)
    assert ours.ran > 80
    assert ours.failed == {}
