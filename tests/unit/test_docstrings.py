"""Every example in a docstring runs, against the fake servers that its names stand for."""

from __future__ import annotations

import datetime as dt
import doctest
import importlib
from pathlib import Path

import pytest

import nettools
from nettools.testing import servers

MODULES = [
    "batch", "charsets", "facade", "files.names", "options", "query", "parse.ftp_reply", "parse.imap_data.arguments",
    "parse.imap_data.envelope", "parse.imap_data.folders", "parse.imap_data.responses", "parse.imap_data.tokens",
    "parse.message.headers", "protocols.ftp", "protocols.gopher", "protocols.http", "protocols.smtp", "parse.gopher",
    "protocols.nntp", "parse.nntp",
    "protocols.sock", "target",
    "parse.telnet.codec", "protocols.telnet",
    "protocols.xmlrpc", "protocols.http.auth",
]  # fmt: skip


@pytest.mark.parametrize("name", MODULES)
def test_examples_in_docstrings_are_true(name: str, tmp_path: Path) -> None:
    module = importlib.import_module(f"nettools.{name}")
    with servers() as sandbox:
        names = {each: getattr(nettools, each) for each in nettools.__all__}
        names |= {**sandbox.running, "alice": ("alice", "secret"), "folder": str(tmp_path) + "/", "dt": dt}
        result = doctest.testmod(module, extraglobs=names)
    assert result.attempted > 0
    assert result.failed == 0
