"""What a peer writes by the book is read as it was meant: challenges, file names, cookies, paths, XML-RPC."""

from __future__ import annotations

import datetime as dt
from typing import Any
from urllib.parse import quote

from hypothesis import given
from hypothesis import strategies as st

from nettools.parse.ftp_reply import parse_pwd
from nettools.protocols.http import auth, cookies, fields
from nettools.protocols.xmlrpc.codec import marshal, unmarshal
from nettools.results import Headers

LINES = st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=40)
TOKENS = st.from_regex(r"[A-Za-z][A-Za-z0-9-]{0,9}", fullmatch=True)
NUMBERS = st.integers(-(2**63), 2**63 - 1) | st.floats(allow_nan=False, allow_infinity=False)
MOMENTS = st.datetimes(dt.datetime.fromisoformat("1000-01-01")).map(lambda moment: moment.replace(microsecond=0))
TEXTS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\ufffe\uffff").filter(str.isprintable))
VALUES = st.recursive(
    st.none() | st.booleans() | NUMBERS | TEXTS | st.binary(max_size=20) | MOMENTS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXTS, inner, max_size=4),
    max_leaves=12,
)


@given(value=VALUES)
def test_what_xmlrpc_carries_comes_back(value: Any) -> None:
    call = marshal("m", [value])
    answer = call.replace(b"<methodCall>\n<methodName>m</methodName>", b"<methodResponse>")
    assert unmarshal(answer.replace(b"</methodCall>", b"</methodResponse>")) == value


@given(path=LINES)
def test_a_path_in_quotes_comes_back(path: str) -> None:
    doubled = path.replace('"', '""')
    assert parse_pwd(f'257 "{doubled}" is "it"') == path


@given(name=LINES, fallback=TOKENS)
def test_a_file_name_by_rfc_8187_comes_back(name: str, fallback: str) -> None:
    value = f"attachment; filename={fallback}; filename*=UTF-8''{quote(name, safe='')}; size=3"
    assert fields.disposition_name(value) == name


@given(challenges=st.lists(st.tuples(TOKENS, st.dictionaries(TOKENS, LINES, max_size=4)), max_size=4))
def test_challenges_in_one_field_are_told_apart(challenges: list[tuple[str, dict[str, str]]]) -> None:
    def quoted(text: str) -> str:
        return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'

    value = ", ".join(
        f"{scheme} " + ", ".join(f"{name} = {quoted(text)}" for name, text in given.items())
        for scheme, given in challenges
    )
    found = [(each.scheme, each.parameters) for each in auth.challenges([value])]
    expected = []
    for scheme, parameters in challenges:
        first: dict[str, str] = {}
        for name, text in parameters.items():
            first.setdefault(name.lower(), text)
        expected.append((scheme.lower(), first))
    assert found == expected


@given(jar=st.dictionaries(TOKENS, st.from_regex(r"[!#-+\--:<-\[\]-~]{0,20}", fullmatch=True), max_size=6))
def test_cookies_go_back_as_they_came(jar: dict[str, str]) -> None:
    kept = cookies.new_jar()
    cookies.store(kept, "https://h.example/", Headers([("Set-Cookie", f"{name}={jar[name]}; Secure") for name in jar]))
    sent = cookies.header(kept, "https://h.example/x")
    assert dict(pair.split("=", 1) for pair in (sent or "").split("; ") if pair) == jar
