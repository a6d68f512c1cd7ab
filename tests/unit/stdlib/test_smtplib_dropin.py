"""`smtplib`'s own tests with our classes: what they promise as `session.raw` they keep."""

from __future__ import annotations

import importlib.util

import pytest

from unit.stdlib.dropin import run

OURS = {
    "SMTP": "nettools.protocols.smtp:SMTPClient",
    "SMTP_SSL": "nettools.protocols.smtp:SMTPTLSClient",
    "LMTP": "nettools.protocols.smtp:LMTPClient",
}
KNOWN: dict[str, str] = {}  # `Class.test_name` and why it differs, also in docs/design.md: none

pytestmark = pytest.mark.skipif(
    importlib.util.find_spec("test") is None or importlib.util.find_spec("test.test_smtplib") is None,
    reason="this Python was installed without the tests of its standard library",
)


def test_the_modules_own_tests_pass_with_our_classes() -> None:
    ours = run("test.test_smtplib", "smtplib", OURS)
    anyway = run("test.test_smtplib", "smtplib", {}).failed if ours.failed.keys() != KNOWN.keys() else {}
    assert ours.ran > 50
    assert {name: why for name, why in ours.failed.items() if name not in anyway} == KNOWN
