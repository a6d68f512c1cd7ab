"""Runs CPython's own tests of a module with our classes in place of the module's, in a process of its own.

    python dropin.py test.test_smtplib smtplib SMTP=nettools.protocols.smtp:SMTPClient ...

prints one JSON object: how many tests ran, and `Class.test_name` with the last line of the reason for each that failed.
Without replacements it tells what fails on this machine anyway.
"""

from __future__ import annotations

import contextlib
import importlib
import json
import subprocess
import sys
import unittest
import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

REMOTE = ("Networked", "Remote")  # test classes that would go to the Internet begin so


class StandIn(ModuleType):
    """A module with some names of its own; all others are read from, and written to, the real one.

    The module itself keeps its names: its classes refer to one another by them.
    """

    def __init__(self, real: ModuleType, own: dict[str, Any]) -> None:
        super().__init__(real.__name__)
        self.__dict__.update(own, _real=real)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.__dict__["_real"], name)

    def __setattr__(self, name: str, value: Any) -> None:
        setattr(self.__dict__["_real"], name, value)

    def __delattr__(self, name: str) -> None:
        delattr(self.__dict__["_real"], name)

    def __dir__(self) -> list[str]:
        return dir(self.__dict__["_real"])


@dataclass(frozen=True)
class Outcome:
    """What a run of the tests gave."""

    ran: int
    failed: dict[str, str]


def run(test_module: str, module: str, replacements: Mapping[str, str], *, timeout: float = 300) -> Outcome:
    """Run the tests of `test_module` with `module`'s names replaced by `package:Class` ones."""
    words = [f"{name}={place}" for name, place in replacements.items()]
    command = [sys.executable, str(Path(__file__)), test_module, module, *words]
    done = subprocess.run(command, capture_output=True, text=True, timeout=timeout, check=False)
    assert done.returncode == 0, done.stderr[-4000:]
    found = json.loads(done.stdout.splitlines()[-1])
    return Outcome(found["ran"], found["failed"])


def _main(test_module: str, module: str, *words: str) -> None:
    warnings.simplefilter("ignore")
    home = importlib.import_module(module)
    importlib.import_module("test.support").use_resources = []  # nothing that needs the Internet, or half a minute
    tests = importlib.import_module(test_module)
    own: dict[str, Any] = {}
    for word in words:
        name, _, place = word.partition("=")
        package, _, attribute = place.partition(":")
        own[name] = getattr(importlib.import_module(package), attribute)
        if hasattr(tests, name):  # `from smtplib import SMTP`
            setattr(tests, name, own[name])
    if own:
        setattr(tests, module, StandIn(home, own))
    suite = unittest.TestSuite(
        unittest.defaultTestLoader.loadTestsFromTestCase(each)
        for each in vars(tests).values()
        if isinstance(each, type) and issubclass(each, unittest.TestCase) and not each.__name__.startswith(REMOTE)
    )
    with open("/dev/null", "w") as nowhere, contextlib.redirect_stdout(nowhere):  # some of the tests print
        result = unittest.TextTestRunner(stream=nowhere, verbosity=0).run(suite)
    failed = {}
    for test, text in (*result.failures, *result.errors):
        name = ".".join(test.id().split(".")[-2:])
        failed[name] = (text.strip().splitlines() or [""])[-1]
    print(json.dumps({"ran": result.testsRun, "failed": failed}))


if __name__ == "__main__":
    _main(*sys.argv[1:])
