"""`poplib`'s own tests with our classes: what they promise as `session.raw` they keep, without an exception."""

from __future__ import annotations

import importlib.util

import pytest

from unit.stdlib.dropin import run

OURS = {"POP3": "nettools.protocols.pop3:POP3Client", "POP3_SSL": "nettools.protocols.pop3:POP3TLSClient"}

pytestmark = pytest.mark.skipif(
    importlib.util.find_spec("test") is None or importlib.util.find_spec("test.test_poplib") is None,
    reason="this Python has no tests of poplib",
)


def test_the_modules_own_tests_pass_with_our_classes() -> None:
    ours = run("test.test_poplib", "poplib", OURS)
    assert ours.ran > 50
    assert ours.failed == {}
