"""What is no protocol's own, against cases of many kinds: fixtures/parsers, each with its source."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from corpora import cases, malformed, raw
from nettools.errors import NettoolsError, RedirectError, UsageError
from nettools.netrc import netrc_lookup
from nettools.protocols.http.form import Body
from nettools.protocols.http.redirect import Request, redirected
from nettools.target import parse_url


@pytest.mark.parametrize("case", cases("netrc"))
def test_a_netrc_file_is_read_as_its_kin_read_it(case: dict[str, Any], tmp_path: Path) -> None:
    file = tmp_path / "netrc"
    file.touch(0o600)
    file.write_bytes(raw(case))
    if malformed(case):
        with pytest.raises(NettoolsError):
            netrc_lookup(file, case["host"], case["user"])
        return
    found = netrc_lookup(file, case["host"], case["user"])
    login = None if found is None else [found.user, None if found.password is None else found.password.reveal()]
    assert login == case["expected"]["login"]


@pytest.mark.parametrize("case", cases("urls", "url"))
def test_a_url_is_taken_apart_in_one_way_or_refused(case: dict[str, Any]) -> None:
    if malformed(case):
        with pytest.raises(UsageError):
            parse_url(case["input"])
        return
    target = parse_url(case["input"])
    got = {name: getattr(target, name) for name in ("host", "port", "path", "query", "user", "mechanism")}
    password = None if target.password is None else target.password.reveal()
    assert {**got, "scheme": target.scheme.name, "password": password} == case["expected"]


@pytest.mark.parametrize("case", cases("urls", "reference"))
def test_a_url_is_found_from_another_as_rfc_3986_has_it(case: dict[str, Any]) -> None:
    request = Request("GET", parse_url(case["base"]), [], Body())
    if malformed(case):
        with pytest.raises(RedirectError):
            redirected(request, 302, case["input"])
        return
    assert redirected(request, 302, case["input"]).url == case["expected"]["url"]
