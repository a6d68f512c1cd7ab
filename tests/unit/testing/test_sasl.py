"""The server's side of SASL, checked against the examples of the RFCs and against exchanges made by hand."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import hmac
import json
from collections.abc import Awaitable, Callable

import pytest

from nettools.testing import sasl

ACCOUNTS = sasl.Accounts({"alice": "secret"}, {"alice": "T0KEN"})


def login(
    mechanism: str,
    *answers: Callable[[bytes], bytes] | bytes,
    initial: bytes | None = None,
    accounts: sasl.Accounts = ACCOUNTS,
) -> tuple[str, list[bytes]]:
    """Run an exchange whose client gives `answers` (not yet base64) and return the user and the challenges seen."""
    challenges: list[bytes] = []
    left = list(answers)

    def ask(challenge: bytes) -> Awaitable[bytes]:
        challenges.append(base64.b64decode(challenge))
        answer = left.pop(0)
        response = answer(challenges[-1]) if callable(answer) else answer
        done: asyncio.Future[bytes] = asyncio.get_running_loop().create_future()
        done.set_result(response if response == b"*" else base64.b64encode(response))
        return done

    user = asyncio.run(sasl.authenticate(mechanism, initial, accounts, ask))
    assert not left
    return user, challenges


def scram(algorithm: str, password: str, *, name: str = "alice", gs2: str = "n,,") -> list[Callable[[bytes], bytes]]:
    """Return the two answers of a SCRAM client, and the check of the server's signature as the third."""
    state: dict[str, bytes] = {}

    def first(_: bytes) -> bytes:
        state["bare"] = f"n={name},r=abc".encode()
        return gs2.encode() + state["bare"]

    def final(challenge: bytes) -> bytes:
        parts = dict(item.split(b"=", 1) for item in challenge.split(b","))
        salted = hashlib.pbkdf2_hmac(algorithm, password.encode(), base64.b64decode(parts[b"s"]), int(parts[b"i"]))
        key = hmac.new(salted, b"Client Key", algorithm).digest()
        bare = b"c=" + base64.b64encode(gs2.encode()) + b",r=" + parts[b"r"]
        message = state["bare"] + b"," + challenge + b"," + bare
        signature = hmac.new(hashlib.new(algorithm, key).digest(), message, algorithm).digest()
        server = hmac.new(hmac.new(salted, b"Server Key", algorithm).digest(), message, algorithm).digest()
        state["server"] = b"v=" + base64.b64encode(server)
        return bare + b",p=" + base64.b64encode(bytes(a ^ b for a, b in zip(key, signature, strict=True)))

    def verify(challenge: bytes) -> bytes:
        assert challenge == state["server"]
        return b""

    return [first, final, verify]


def test_plain_takes_the_initial_response_without_a_challenge() -> None:
    assert login("plain", initial=base64.b64encode(b"\0alice\0secret")) == ("alice", [])


def test_plain_asks_with_an_empty_challenge() -> None:
    assert login("PLAIN", b"alice@example.org\0ALICE\0secret") == ("alice", [b""])


@pytest.mark.parametrize("message", [b"\0alice\0wrong", b"\0mallory\0secret", b"bob\0alice\0secret", b"\0alice\0"])
def test_plain_refuses_what_is_not_the_users_password(message: bytes) -> None:
    with pytest.raises(sasl.Refused):
        login("PLAIN", message)


def test_login_asks_for_name_and_password() -> None:
    assert login("LOGIN", b"alice", b"secret") == ("alice", [b"Username:", b"Password:"])


def test_login_takes_the_name_as_initial_response() -> None:
    assert login("LOGIN", b"secret", initial=base64.b64encode(b"alice")) == ("alice", [b"Password:"])


def test_cram_md5_wants_the_keyed_digest_of_its_challenge() -> None:
    def answer(challenge: bytes) -> bytes:
        return b"alice " + hmac.new(b"secret", challenge, "md5").hexdigest().encode()

    assert login("CRAM-MD5", answer)[0] == "alice"
    with pytest.raises(sasl.Refused):
        login("CRAM-MD5", b"alice " + b"0" * 32)


def test_cram_md5_takes_no_initial_response() -> None:
    with pytest.raises(sasl.Malformed):
        login("CRAM-MD5", initial=b"=")


@pytest.mark.parametrize(("mechanism", "algorithm"), [("SCRAM-SHA-1", "sha1"), ("SCRAM-SHA-256", "sha256")])
def test_scram_proves_both_sides(mechanism: str, algorithm: str) -> None:
    user, challenges = login(mechanism, *scram(algorithm, "secret"))
    assert user == "alice"
    assert challenges[0] == b""
    assert challenges[1].startswith(b"r=abc")


def test_scram_prepares_the_password_before_hashing_it() -> None:
    accounts = sasl.Accounts({"alice": "I\u00adX\u00a0\u2168"})
    assert login("SCRAM-SHA-256", *scram("sha256", "IX IX"), accounts=accounts)[0] == "alice"


@pytest.mark.parametrize(("name", "password"), [("alice", "wrong"), ("mallory", "secret")])
def test_scram_refuses_after_the_proof(name: str, password: str) -> None:
    with pytest.raises(sasl.Refused):
        login("SCRAM-SHA-256", *scram("sha256", password, name=name)[:2])


def test_scram_does_not_act_for_another_user() -> None:
    with pytest.raises(sasl.Refused):
        login("SCRAM-SHA-256", *scram("sha256", "secret", gs2="n,a=bob,"))


def test_xoauth2_takes_the_users_token() -> None:
    assert login("XOAUTH2", b"user=alice@example.org\1auth=Bearer T0KEN\1\1") == ("alice", [b""])


def test_a_wrong_bearer_token_is_explained_before_it_is_refused() -> None:
    reasons: list[bytes] = []

    def accept(challenge: bytes) -> bytes:
        reasons.append(challenge)
        return b"\1"

    with pytest.raises(sasl.Refused):
        login("OAUTHBEARER", b"n,a=alice,\1host=h\1port=25\1auth=Bearer stale\1\1", accept)
    assert json.loads(reasons[0])["status"] == "invalid_token"


def test_oauthbearer_finds_the_user_by_the_token() -> None:
    assert login("OAUTHBEARER", b"n,,\1auth=Bearer T0KEN\1\1")[0] == "alice"


def test_external_trusts_the_certificate_alone() -> None:
    with pytest.raises(sasl.Refused):
        login("EXTERNAL", b"")
    assert login("EXTERNAL", initial=b"=", accounts=sasl.Accounts({"alice": "x"}, external="alice"))[0] == "alice"


def test_an_asterisk_cancels() -> None:
    with pytest.raises(sasl.Cancelled):
        login("PLAIN", b"*")


@pytest.mark.parametrize("initial", [b"%%%", b"YQ", base64.b64encode(b"no nul"), base64.b64encode(b"\0\xff\0x")])
def test_what_is_no_message_of_the_mechanism_is_malformed(initial: bytes) -> None:
    with pytest.raises(sasl.Malformed):
        login("PLAIN", initial=initial)


def test_an_unknown_mechanism_is_said_to_be_one() -> None:
    with pytest.raises(sasl.UnknownMechanism):
        login("GSSAPI")


def test_only_what_can_succeed_is_offered() -> None:
    assert "XOAUTH2" not in sasl.offered(sasl.Accounts({"a": "b"}))
    assert "EXTERNAL" not in sasl.offered(ACCOUNTS)
    assert "PLAIN" not in sasl.offered(ACCOUNTS, without=frozenset({"PLAIN"}))
    assert {"OAUTHBEARER", "SCRAM-SHA-256", "CRAM-MD5"} <= set(sasl.offered(ACCOUNTS))
