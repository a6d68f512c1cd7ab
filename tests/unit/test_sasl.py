"""SASL over a channel that plays a server: what is said, in which order, and what is never said."""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Callable
from typing import Any

import pytest

from nettools import (
    Auth,
    AuthError,
    ClearTextError,
    ProtocolError,
    ReplyError,
    Secret,
    UnsupportedError,
    UsageError,
    sasl,
)
from nettools.sasl import Step
from nettools.target import parse_url

HERE, FAR = parse_url("smtp://127.0.0.1"), parse_url("smtp://mail.example:587")
NO = Step("unusable", b"", AuthError("not that one", code=504))
REFUSED = Step("refused", b"", AuthError("wrong", code=535))
YES = Step("ok")

SALT = b"salt of sixteen."

Answer = Step | Callable[[bytes], Step]


def challenge(text: bytes | str) -> Step:
    return Step("challenge", base64.b64encode(text.encode() if isinstance(text, str) else text))


class Server:
    """A channel with answers by mechanism; `said` is everything it was told."""

    def __init__(self, initial_response: bool = True, **answers: list[Answer]) -> None:
        self.initial_response = initial_response
        self.answers = {name.replace("_", "-"): list(each) for name, each in answers.items()}
        self.cancelled: Step = NO
        self.said: list[Any] = []
        self._now: list[Answer] = []

    def _answer(self, data: bytes) -> Step:
        answer = self._now.pop(0)
        return answer if isinstance(answer, Step) else answer(data)

    def start(self, mechanism: str, initial: bytes | None) -> Step:
        self.said.append((mechanism, initial))
        self._now = self.answers[mechanism]
        return self._answer(initial or b"")

    def respond(self, data: bytes) -> Step:
        self.said.append(data)
        return self._answer(data)

    def cancel(self) -> Step:
        self.said.append("*")
        return self.cancelled

    def login(self, user: str, password: str) -> Step:
        self.said.append(("NATIVE", user, password))
        return self.answers["NATIVE"][0]  # type: ignore[return-value]

    def authenticate(self, auth: Auth, *, target: Any = FAR, tls: bool = True, **more: Any) -> str:
        private = more.pop("clear", False) or tls or target.is_loopback
        native = "NATIVE" in self.answers
        return sasl.authenticate(
            self, auth, self.answers, target=target, private=private, tls=tls, native=native, **more
        )


def scram(algorithm: str, password: str = "pencil", *, cheat: bool = False, iterations: int = 4096) -> list[Answer]:
    """A server of RFC 5802 that knows the password, or only pretends to."""
    state: dict[str, str] = {}

    def first(data: bytes) -> Step:
        text = data.decode()
        state["gs2"] = text[: text.index("n=", 2)]
        state["bare"] = text[len(state["gs2"]) :]
        nonce = state["bare"].rpartition("r=")[2]
        state["first"] = f"r={nonce}server,s={base64.b64encode(SALT).decode()},i={iterations}"
        return challenge(state["first"])

    def final(data: bytes) -> Step:
        without, _, proof = data.decode().rpartition(",p=")
        assert base64.b64decode(without.split(",")[0][2:]).decode() == state["gs2"]
        salted = hashlib.pbkdf2_hmac(algorithm, password.encode(), SALT, iterations)
        message = f"{state['bare']},{state['first']},{without}".encode()
        key = hmac.digest(salted, b"Client Key", algorithm)
        signature = hmac.digest(hashlib.new(algorithm, key).digest(), message, algorithm)
        if base64.b64decode(proof) != bytes(a ^ b for a, b in zip(key, signature, strict=True)):
            return REFUSED
        server = hmac.digest(hmac.digest(salted, b"Server Key", algorithm), message, algorithm)
        return challenge("v=" + base64.b64encode(b"?" * len(server) if cheat else server).decode())

    return [first, final, YES]


# --- what each mechanism says


def test_plain_says_identity_user_and_password_at_once() -> None:
    server = Server(PLAIN=[YES])
    assert server.authenticate(Auth("ü", "pä ss", authzid="boss")) == "PLAIN"
    assert server.said == [("PLAIN", b"boss\0\xc3\xbc\0p\xc3\xa4 ss")]


def test_without_initial_responses_the_first_words_wait_for_an_empty_challenge() -> None:
    server = Server(initial_response=False, PLAIN=[challenge(""), YES])
    server.authenticate(Auth("u", "p"))
    assert server.said == [("PLAIN", None), b"\0u\0p"]


def test_a_password_goes_as_it_was_given_and_is_not_normalized() -> None:
    server = Server(PLAIN=[YES])
    server.authenticate(Auth("u", "A\u030a \ufb01"))
    assert server.said[0][1] == "\0u\0A\u030a \ufb01".encode()


def test_login_answers_two_questions_and_no_third() -> None:
    server = Server(LOGIN=[challenge("Username:"), challenge("Password:"), challenge("Shoe size:")])
    server.cancelled = REFUSED
    with pytest.raises(AuthError):
        server.authenticate(Auth("u", "p"))
    assert server.said == [("LOGIN", None), b"u", b"p", "*"]


def test_cram_md5_is_the_example_of_the_rfc() -> None:
    server = Server(CRAM_MD5=[challenge("<1896.697170952@postoffice.reston.mci.net>"), YES])
    server.authenticate(Auth("tim", "tanstaaftanstaaf"))
    assert server.said[1] == b"tim b913a602c7eda7a495b4e6e7334d3890"


@pytest.mark.parametrize("algorithm", ["sha1", "sha256"])
@pytest.mark.parametrize("initial", [True, False])
def test_scram_proves_both_sides(algorithm: str, initial: bool) -> None:
    name = {"sha1": "SCRAM_SHA_1", "sha256": "SCRAM_SHA_256"}[algorithm]
    answers: list[Answer] = scram(algorithm) if initial else [challenge(""), *scram(algorithm)]
    server = Server(initial_response=initial, **{name: answers})
    assert server.authenticate(Auth("us,er=", "pencil")) == name.replace("_", "-")
    assert server.said[-1] == b""
    assert b"pencil" not in b"".join(each for each in server.said if isinstance(each, bytes))


def test_scram_carries_an_authorization_identity() -> None:
    server = Server(SCRAM_SHA_256=scram("sha256"))
    server.authenticate(Auth("user", "pencil", authzid="the=boss"))
    assert server.said[0][1].startswith(b"n,a=the=3Dboss,n=user,r=")


def test_a_server_that_cannot_prove_that_it_knows_the_password_is_not_believed() -> None:
    with pytest.raises(AuthError, match="could not prove"):
        Server(SCRAM_SHA_256=scram("sha256", cheat=True)).authenticate(Auth("user", "pencil"))
    with pytest.raises(AuthError, match="without proving"):
        Server(SCRAM_SHA_256=[*scram("sha256")[:1], YES]).authenticate(Auth("user", "pencil"))
    with pytest.raises(AuthError, match="without proving"):
        Server(SCRAM_SHA_256=[YES]).authenticate(Auth("user", "pencil"))


def test_scram_does_not_work_for_a_server_that_asks_too_much() -> None:
    first = scram("sha256", iterations=1_999_999_999)[0]
    server = Server(SCRAM_SHA_256=[first], SCRAM_SHA_1=scram("sha1"))
    assert server.authenticate(Auth("user", "pencil")) == "SCRAM-SHA-1"
    assert server.said[1] == "*"


@pytest.mark.parametrize("iterations", [1, 4095])
def test_a_proof_for_too_little_work_is_not_given(iterations: int) -> None:
    server = Server(SCRAM_SHA_256=[scram("sha256", iterations=iterations)[0]], SCRAM_SHA_1=scram("sha1"))
    assert server.authenticate(Auth("user", "pencil")) == "SCRAM-SHA-1"
    assert server.said[1] == "*"


@pytest.mark.parametrize(
    ("name", "first", "answer"),
    [
        ("XOAUTH2", b"user=u@x\x01auth=Bearer tok\x01\x01", b""),
        ("OAUTHBEARER", b"n,a=u@x,\x01host=mail.example\x01port=587\x01auth=Bearer tok\x01\x01", b"\x01"),
    ],
)
def test_a_refused_token_gets_its_answer_and_its_reason_is_told(name: str, first: bytes, answer: bytes) -> None:
    server = Server(**{name: [challenge('{"status":"401","schemes":"bearer"}'), NO]})
    with pytest.raises(AuthError, match="status 401"):
        server.authenticate(Auth("u@x", token="tok"))
    assert server.said == [(name, first), answer]


def test_external_says_who_to_be_and_nothing_else() -> None:
    server = Server(EXTERNAL=[YES], PLAIN=[YES])
    assert server.authenticate(Auth(), client_certificate=True) == "EXTERNAL"
    assert server.said == [("EXTERNAL", b"")]


@pytest.mark.parametrize("answer", ["no JSON", "[1]", '{"a":' * 2000, '"text"'])
def test_a_refusal_of_a_token_in_no_known_words_is_one_all_the_same(answer: str) -> None:
    server = Server(XOAUTH2=[challenge(answer), NO])
    with pytest.raises(AuthError):
        server.authenticate(Auth("u", token="t"))


def test_a_name_that_scram_cannot_carry_is_refused_here() -> None:
    with pytest.raises(UsageError, match="cannot carry"):
        Server(SCRAM_SHA_256=[YES]).authenticate(Auth("\u0627\u0031x", "p"))


def test_scram_has_no_third_challenge() -> None:
    server = Server(SCRAM_SHA_256=[*scram("sha256")[:2], challenge("more")])
    with pytest.raises(AuthError, match="no third challenge"):
        server.authenticate(Auth("user", "pencil"))


@pytest.mark.parametrize(("mechanism", "words"), [("PLAIN", b"\0u\0p"), ("EXTERNAL", b"")])
def test_what_was_said_at_once_is_said_again_when_it_is_asked_for(mechanism: str, words: bytes) -> None:
    server = Server(**{mechanism: [challenge(""), YES]})
    server.authenticate(Auth("u", "p", mechanism=mechanism))
    assert server.said == [(mechanism, words), words]


# --- which one is tried


def test_the_strongest_that_is_announced_is_taken() -> None:
    names = ["SCRAM_SHA_256", "SCRAM_SHA_1", "CRAM_MD5", "PLAIN", "LOGIN", "NATIVE"]
    for place, name in enumerate(names):
        server = Server(**{each: [REFUSED] for each in names[place:]})
        with pytest.raises(AuthError):
            server.authenticate(Auth("u", "p"))
        assert len(server.said) == 1
        assert server.said[0][0] == name.replace("_", "-")


def test_a_token_comes_before_a_password_and_the_password_where_no_token_is_taken() -> None:
    both = Auth("u", "p", token="t")
    assert Server(OAUTHBEARER=[YES], XOAUTH2=[YES], PLAIN=[YES]).authenticate(both) == "OAUTHBEARER"
    assert Server(PLAIN=[YES]).authenticate(both) == "PLAIN"


def test_the_callers_order_is_kept_and_what_is_not_announced_passed_over() -> None:
    auth = Auth("u", "p", mechanism=("scram-sha-1", "login", "plain"))
    server = Server(PLAIN=[YES], LOGIN=[NO])
    assert server.authenticate(auth) == "PLAIN"
    assert server.said == [("LOGIN", None), ("PLAIN", b"\0u\0p")]


@pytest.mark.parametrize(
    ("auth", "message"),
    [
        (Auth("u", "p", mechanism="GSSAPI"), "does not announce GSSAPI"),
        (Auth("u", "p", mechanism="SCRAM-SHA-1"), "does not announce SCRAM-SHA-1"),
        (Auth("u", token="t"), "announces no mechanism that fits"),
        (Auth("u"), "no password for u"),
        (Auth("u", token="t", mechanism="PLAIN"), "needs a password"),
        (Auth("u", "p", mechanism="CRAM-MD5", authzid="boss"), "cannot carry an authorization identity"),
        (Auth("u", "p\0q"), "NUL"),
    ],
)
def test_what_cannot_be_done_is_said_and_nothing_is_sent(auth: Auth, message: str) -> None:
    server = Server(CRAM_MD5=[YES], PLAIN=[YES]) if auth.password is None or auth.mechanism else Server(PLAIN=[YES])
    with pytest.raises((AuthError, UsageError), match=message):
        server.authenticate(auth)
    assert server.said == []


def test_mechanisms_that_nettools_has_not_are_passed_over_and_alone_are_unsupported() -> None:
    server = Server(GSSAPI=[YES], PLAIN=[YES])
    with pytest.raises(UnsupportedError, match="GSSAPI is no mechanism that nettools has") as caught:
        server.authenticate(Auth("u", "p", mechanism=("GSSAPI", "NTLM")))
    assert (caught.value.side, server.said) == ("nettools", [])
    assert server.authenticate(Auth("u", "p", mechanism=("GSSAPI", "NTLM", "PLAIN"))) == "PLAIN"


def test_an_authorization_identity_keeps_to_mechanisms_that_carry_it() -> None:
    server = Server(CRAM_MD5=[YES], LOGIN=[YES], PLAIN=[YES], NATIVE=[YES])
    assert server.authenticate(Auth("u", "p", authzid="boss")) == "PLAIN"


def test_a_token_with_a_control_character_is_no_token() -> None:
    with pytest.raises(UsageError, match="control character"):
        Server(XOAUTH2=[YES]).authenticate(Auth("u", token="a\x01b"))


def test_callables_are_asked_once_and_only_when_needed() -> None:
    asked: list[str] = []

    def give() -> Secret:
        asked.append("password")
        return Secret("p")

    server = Server(CRAM_MD5=[challenge("x"), NO], PLAIN=[YES])
    server.authenticate(Auth("u", give))
    assert asked == ["password"]
    with pytest.raises(AuthError, match="announce"):
        Server(PLAIN=[YES]).authenticate(Auth("u", give, mechanism="LOGIN"))
    assert asked == ["password"]


# --- refused, useless, hostile


def test_refused_credentials_end_it_at_once() -> None:
    server = Server(CRAM_MD5=[challenge("x"), REFUSED], PLAIN=[YES])
    with pytest.raises(AuthError) as caught:
        server.authenticate(Auth("u", "p"))
    assert caught.value.code == 535
    assert len(server.said) == 2


def test_nonsense_is_cancelled_and_the_next_one_tried() -> None:
    server = Server(SCRAM_SHA_256=[challenge("x=1")], CRAM_MD5=[Step("challenge", b"%%%")], PLAIN=[YES])
    assert server.authenticate(Auth("u", "p")) == "PLAIN"
    assert server.said[1:] == ["*", ("CRAM-MD5", None), "*", ("PLAIN", b"\0u\0p")]


@pytest.mark.parametrize("target", [HERE, FAR])
def test_no_clear_mechanism_follows_a_challenge_one_without_tls(target: Any) -> None:
    server = Server(CRAM_MD5=[challenge("")], PLAIN=[YES], NATIVE=[YES])
    with pytest.raises(AuthError) as caught:
        server.authenticate(Auth("u", "p"), target=target, tls=False, clear=True)
    assert server.said == [("CRAM-MD5", None), "*"]
    assert "TLS" in str(caught.value.hint)


def test_a_clear_mechanism_alone_stays_here_or_under_tls() -> None:
    with pytest.raises(ClearTextError):
        Server(PLAIN=[YES]).authenticate(Auth("u", "p"), tls=False)
    assert Server(PLAIN=[YES]).authenticate(Auth("u", "p"), tls=False, target=HERE) == "PLAIN"
    server = Server(PLAIN=[YES], CRAM_MD5=[challenge("x"), YES])
    assert server.authenticate(Auth("u", "p"), tls=False) == "CRAM-MD5"


@pytest.mark.parametrize("after", [YES, challenge("more")])
def test_a_server_that_does_not_let_go_is_left(after: Step) -> None:
    server = Server(CRAM_MD5=[challenge("")], PLAIN=[YES])
    server.cancelled = after
    with pytest.raises(ProtocolError):
        server.authenticate(Auth("u", "p"))


def test_a_server_that_asks_for_ever_is_left() -> None:
    server = Server(PLAIN=[challenge("more")] * 20)
    with pytest.raises(ProtocolError, match="goes on challenging"):
        server.authenticate(Auth("u", "p"))
    assert len(server.said) <= 11


def test_when_nothing_worked_the_last_reason_is_told() -> None:
    with pytest.raises(AuthError, match=r"PLAIN, LOGIN.*not that one") as caught:
        Server(PLAIN=[NO], LOGIN=[NO]).authenticate(Auth("u", "p"))
    assert isinstance(caught.value, ReplyError)
    assert caught.value.code == 504


def test_every_secret_and_every_answer_that_holds_one_is_masked() -> None:
    masked: list[str] = []
    server = Server(LOGIN=[challenge("u"), challenge("p"), YES])
    server.authenticate(Auth("user", "word"), mask=masked.append)
    assert {"word", base64.b64encode(b"word").decode()} <= set(masked)
