"""`ftplib`'s own tests with our classes: what they promise as `session.raw` they keep."""

from __future__ import annotations

import importlib.util

import pytest

from unit.stdlib.dropin import run

OURS = {"FTP": "nettools.protocols.ftp:FTPClient", "FTP_TLS": "nettools.protocols.ftp:FTPTLSClient"}
# `Class.test_name` and why it differs, also in docs/design.md
KNOWN = {"MiscTestCase.test__all__": "asks which classes were defined in ftplib itself; ours were not"}

pytestmark = pytest.mark.skipif(
    importlib.util.find_spec("test") is None or importlib.util.find_spec("test.test_ftplib") is None,
    reason="this Python was installed without the tests of its standard library",
)


def test_the_modules_own_tests_pass_with_our_classes() -> None:
    ours = run("test.test_ftplib", "ftplib", OURS)
    assert ours.ran > 50
    assert set(ours.failed) == set(KNOWN)
