"""Challenges and their answers, with the examples of the RFCs."""

from __future__ import annotations

import re

import pytest

from nettools import ProtocolError, UsageError
from nettools.protocols.http.auth import Challenge, basic, challenges, digest


@pytest.mark.parametrize(
    ("values", "schemes"),
    [
        (['Basic realm="simple"'], ["basic"]),
        (['Newauth realm="apps", type=1, title="Login to \\"apps\\"", Basic realm="simple"'], ["newauth", "basic"]),
        (["Negotiate, NTLM", 'Digest nonce="n"'], ["negotiate", "ntlm", "digest"]),
        (["NTLM TlRMTVNTUAACAAAA==, Basic realm=x"], ["ntlm", "basic"]),
        (['Basic realm="unfinished'], ["basic"]),
        (["", " , ,", "=", '"'], []),
    ],
)
def test_challenges_are_told_apart(values: list[str], schemes: list[str]) -> None:
    assert [each.scheme for each in challenges(values)] == schemes


def test_parameters_are_unquoted_and_the_first_of_a_name_counts() -> None:
    (found,) = challenges(['Digest realm="a \\"b\\", c", nonce=n, nonce=m'])
    assert found.parameters == {"realm": 'a "b", c', "nonce": "n"}


def test_basic_is_utf_8_and_no_user_has_a_colon() -> None:
    assert basic("Aladdin", "open sesame") == "QWxhZGRpbjpvcGVuIHNlc2FtZQ=="  # RFC 7617 2
    assert basic("test", "123£") == "dGVzdDoxMjPCow=="  # RFC 7617 2.1
    with pytest.raises(UsageError):
        basic("a:b", "c")


def fields(header: str) -> dict[str, str]:
    return {name: quoted or plain for name, quoted, plain in re.findall(r'(\w+)=(?:"([^"]*)"|([^ ,]+))', header)}


RFC_7616 = {
    "realm": "http-auth@example.org",
    "qop": "auth, auth-int",
    "nonce": "7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v",
    "opaque": "FQhe/qaU925kfnzjCev0ciny7QMkPqMAFRtzCUYo5tdS",
}


@pytest.mark.parametrize(
    ("algorithm", "response"),
    [
        ("MD5", "8ca523f5e9506fed4657c9700eebdbec"),
        ("SHA-256", "753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1"),
    ],
)
def test_the_examples_of_rfc_7616(algorithm: str, response: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("nettools.protocols.http.auth._nonce", lambda: "f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ")
    offered = [Challenge("digest", {**RFC_7616, "algorithm": algorithm})]
    answer = digest(offered, "GET", "/dir/index.html", "Mufasa", "Circle of Life", b"")
    assert answer is not None
    assert fields(answer)["response"] == response
    assert fields(answer)["nc"] == "00000001"


def test_the_strongest_digest_is_answered_and_an_unknown_one_is_not() -> None:
    weak, strong = ({"nonce": "n", "algorithm": name} for name in ("MD5", "SHA-256-sess"))
    answer = digest([Challenge("digest", weak), Challenge("digest", strong)], "GET", "/", "me", "word", None)
    assert answer is not None
    assert fields(answer)["algorithm"] == "SHA-256-sess"
    assert digest([Challenge("digest", {"nonce": "n", "algorithm": "X"})], "GET", "/", "me", "word", None) is None
    assert digest([Challenge("basic")], "GET", "/", "me", "word", None) is None
    with pytest.raises(ProtocolError):
        digest([Challenge("digest", {"realm": "r"})], "GET", "/", "me", "word", None)


def test_the_body_and_the_name_can_be_protected_too() -> None:
    asked = [Challenge("digest", {"nonce": "n", "qop": "auth-int", "userhash": "true", "realm": "r"})]
    answer = digest(asked, "POST", "/", 'm"e', "word", b"body")
    assert answer is not None
    assert "qop=auth-int, nc=00000001" in answer
    assert answer.endswith("userhash=true")
    assert len(fields(answer)["username"]) == 32
    assert digest(asked, "POST", "/", "me", "word", None) is None  # a body that is streamed has no digest yet
    plain = digest([Challenge("digest", {"nonce": "n"})], "GET", "/", 'm"e\\', "word", None)
    assert plain is not None
    assert r'username="m\"e\\"' in plain
