"""Cases of fixtures/parsers: how they are loaded, and how what they expect is compared."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

FOLDER = Path(__file__).parents[1] / "fixtures" / "parsers"


def cases(name: str, *kinds: str) -> list[Any]:
    """The cases of a file as parameters of a test, those of these kinds if any are named."""
    rows = [json.loads(line) for line in (FOLDER / f"{name}.jsonl").read_text("ascii").splitlines()]
    return [
        pytest.param(row, id=f"{row.get('family') or row['kind']}-{row['id']}")
        for row in rows
        if not kinds or row["kind"] in kinds
    ]


def raw(case: dict[str, Any]) -> bytes:
    """The octets of a case's input."""
    text: str = case["input"]
    return (
        text.encode("latin-1")
        if case.get("input_is") == "bytes as latin-1"
        else text.encode("utf-8", "surrogateescape")
    )


def malformed(case: dict[str, Any]) -> bool:
    """Whether the input is none of its kind."""
    return any(case["expected"].get(key) for key in ("reject", "error", "invalid"))


def same(want: Any, got: Any) -> bool:
    """Whether a value is what a case allows: `{"any": [...]}` is any of these, a key that is absent is not judged."""
    if isinstance(want, dict) and set(want) == {"any"}:
        return any(same(each, got) for each in want["any"])
    if isinstance(want, dict):
        return isinstance(got, dict) and all(key in got and same(value, got[key]) for key, value in want.items())
    if isinstance(want, list):
        return isinstance(got, (list, tuple)) and len(want) == len(got) and all(map(same, want, got))
    return bool(want == got)


def plain(value: Any) -> Any:
    """Parsed values as the cases write them."""
    if isinstance(value, bytes):
        return value.decode("utf-8", "surrogateescape")
    if isinstance(value, (tuple, list)):
        return [plain(each) for each in value]
    return value
