"""The modules that Python 3.13 no longer has, from wherever they come."""

from __future__ import annotations

import importlib
import sys
import warnings

import pytest

from nettools import MissingExtraError
from nettools.protocols import _deadlib


@pytest.mark.parametrize(("name", "cls"), [("nntplib", "NNTP"), ("telnetlib", "Telnet")])
def test_a_module_that_left_the_standard_library_is_imported_without_a_warning(
    name: str, cls: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delitem(sys.modules, name, raising=False)
    monkeypatch.delitem(vars(_deadlib), name, raising=False)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert isinstance(getattr(getattr(_deadlib, name), cls), type)


def test_where_it_is_missing_the_package_to_install_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(vars(_deadlib), "nntplib", raising=False)
    monkeypatch.setitem(sys.modules, "nntplib", None)
    with pytest.raises(MissingExtraError) as caught:
        _deadlib.nntplib  # noqa: B018
    assert caught.value.hint == "pip install standard-nntplib"


def test_nothing_else_is_there() -> None:
    with pytest.raises(AttributeError):
        importlib.import_module("nettools.protocols._deadlib").smtpd  # noqa: B018
