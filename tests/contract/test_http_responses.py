"""Responses of many kinds of server, sound and broken, as octets: fixtures/parsers/http.jsonl, each with its source."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import nettools
from nettools import DisconnectedError, NettoolsError, ProtocolError, TransferError

FOLDER = Path(__file__).parents[2] / "fixtures" / "parsers"
CASES = [json.loads(line) for line in (FOLDER / "http.jsonl").read_text("ascii").splitlines()]
ERRORS: dict[str, type[NettoolsError]] = {
    "closed": DisconnectedError,
    "protocol": ProtocolError,
    "decode": TransferError,
}


def fits(expected: dict[str, Any], page: nettools.Page | None, error: NettoolsError | None) -> bool:
    """Whether an answer, or an error, is what a case allows."""
    if "any_of" in expected:
        return any(fits(each, page, error) for each in expected["any_of"])
    if "error" in expected:
        names = expected["error"]["any"] if isinstance(expected["error"], dict) else [expected["error"]]
        return any(name in ERRORS and isinstance(error, ERRORS[name]) for name in names)
    if page is None:
        return False
    got = {
        "status": page.status,
        "body": page.content.decode("latin-1"),
        "text": page.text,
        "cookies": dict(page.cookies),
        "json": page.json() if "json" in expected else None,
        "headers": {name: page.headers.get(name) for name in expected.get("headers", ())},
    }
    return all(same(value, got[name]) for name, value in expected.items())


def same(want: Any, got: Any) -> bool:
    if isinstance(want, dict) and set(want) == {"any"}:
        return got in want["any"]
    if isinstance(want, dict):
        return all(same(value, got[name]) for name, value in want.items())
    return bool(want == got)


@pytest.mark.parametrize("case", CASES, ids=[case["id"] for case in CASES])
def test_a_response_is_read_as_its_source_says(net_servers: Callable[..., Any], case: dict[str, Any]) -> None:
    server = net_servers("http", tls=False)
    server.on("*").garbage(case["input"].encode("latin-1"), close=True)
    page, error = None, None
    try:
        page = nettools.fetch_page(server.url, method=case.get("method") or "GET", check=False, timeout=10)
    except NettoolsError as caught:
        error = caught
    assert fits(case["expected"], page, error), (page, error)
