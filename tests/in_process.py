"""The command, run in this process: what it prints, and its exit code."""

from __future__ import annotations

import io
import json
import sys
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest

from nettools.cli.main import main

Run = Callable[..., "Done"]


@dataclass
class Done:
    """What a run of the command left."""

    code: int
    out: bytes
    err: str

    @property
    def text(self) -> str:
        return self.out.decode()

    @property
    def json(self) -> Any:
        return json.loads(self.out)

    @property
    def lines(self) -> list[Any]:
        """The JSON of each line."""
        return [json.loads(line) for line in self.out.splitlines()]


def runner(capture: pytest.CaptureFixture[bytes], monkeypatch: pytest.MonkeyPatch) -> Run:
    """`run("http", "get", url, stdin=b"...")`."""

    def run(*args: object, stdin: bytes = b"") -> Done:
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(stdin)))
        try:
            code = main([str(each) for each in args])
        except SystemExit as error:
            code = int(error.code or 0)
        sys.stdout.flush()
        out, err = capture.readouterr()
        return Done(code, out, err.decode())

    return run
