"""The mechanisms: what a client says first, and what it answers to each challenge.

RFC 4422 (EXTERNAL), 4616 (PLAIN), 2195 (CRAM-MD5), 5802 and 7677 (SCRAM, by the `scramp` package), 7628 (OAUTHBEARER),
Google's XOAUTH2, and LOGIN, which no RFC has. Knows neither a protocol nor which mechanism is tried when; octets in,
octets out, without base64. The variants with channel binding are left alone: Python's TLS cannot give what RFC 9266
wants.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar, Literal

from nettools.errors import AuthError, UsageError

if TYPE_CHECKING:
    from nettools.target import Target

__all__ = ["MECHANISMS", "Mechanism", "MechanismError"]

LEAST_ITERATIONS = 4096  # RFC 5802 5.1, RFC 7677 4: fewer would let a false server guess the password from the proof
MOST_ITERATIONS = 2_000_000  # of SCRAM's key derivation: about a second, which no deadline can interrupt


class MechanismError(Exception):
    """A challenge made no sense; the mechanism is cancelled. Never leaves `authenticate`."""


def _utf8(text: str, what: str) -> bytes:
    if "\0" in text:
        raise UsageError(f"the {what} has a NUL in it, which SASL cannot carry")
    return text.encode("utf-8", "surrogateescape")


class Mechanism:
    """One mechanism for one attempt. `clear`: the secret itself travels."""

    name: ClassVar[str]
    clear: ClassVar[bool] = False
    needs: ClassVar[Literal["password", "token", "certificate"]] = "password"
    authorizes: ClassVar[bool] = False  # carries an authorization identity that is not the user's own

    def __init__(self, user: str, secret: str, authzid: str | None, target: Target | None) -> None:
        self.user, self.secret, self.authzid, self.target = user, secret, authzid, target

    def initial(self) -> bytes | None:
        """What is said first, None where the server has to begin."""
        return None

    def respond(self, challenge: bytes) -> bytes:
        """The answer to a challenge."""
        raise MechanismError(f"{self.name} expects no challenge")

    def accepted(self, data: bytes) -> None:
        """The server says it is satisfied: is the mechanism?"""


class External(Mechanism):
    """The client certificate says who it is (RFC 4422 appendix A)."""

    name = "EXTERNAL"
    needs = "certificate"
    authorizes = True

    def initial(self) -> bytes:
        return _utf8(self.authzid or "", "authorization identity")

    def respond(self, challenge: bytes) -> bytes:
        return self.initial()


class Plain(Mechanism):
    """RFC 4616: identity, user and password with NULs between."""

    name = "PLAIN"
    clear = True
    authorizes = True

    def initial(self) -> bytes:
        parts = (self.authzid or "", "authorization identity"), (self.user, "user name"), (self.secret, "password")
        return b"\0".join(_utf8(text, what) for text, what in parts)

    def respond(self, challenge: bytes) -> bytes:
        return self.initial()


class Login(Mechanism):
    """User and password, each asked for."""

    name = "LOGIN"
    clear = True

    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        self._answers = [(self.user, "user name"), (self.secret, "password")]

    def respond(self, challenge: bytes) -> bytes:
        if not self._answers:
            raise MechanismError("LOGIN asks for user and password only")
        return _utf8(*self._answers.pop(0))


class CramMD5(Mechanism):
    """RFC 2195: a keyed digest of the challenge."""

    name = "CRAM-MD5"

    def respond(self, challenge: bytes) -> bytes:
        if not challenge:
            raise MechanismError("an empty challenge")
        import hashlib  # with OpenSSL's part of it, which other mechanisms have no use for
        import hmac

        digest = hmac.new(_utf8(self.secret, "password"), challenge, hashlib.md5).hexdigest()
        return _utf8(self.user, "user name") + b" " + digest.encode()


class _Header:
    """SCRAM's GS2 header with an authorization identity and no channel binding (RFC 5802 7), as scramp asks for it."""

    def __init__(self, authzid: str) -> None:
        self._text = f"n,a={_saslname(authzid)},"

    def __str__(self) -> str:
        return self._text

    def make_cbind_input(self, binding: object) -> bytes:
        return self._text.encode("utf-8")


def _saslname(text: str) -> str:
    """RFC 5801 4: a name with the two characters that would end it escaped."""
    return text.replace("=", "=3D").replace(",", "=2C")


class _Scram(Mechanism):
    """RFC 5802, by scramp: the server proves that it knows the password too."""

    authorizes = True

    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        import scramp

        _utf8(self.user, "user name"), _utf8(self.secret, "password")
        try:
            self._client: Any = scramp.ScramClient([self.name], self.user, self.secret)
        except Exception as error:
            raise UsageError(f"{self.name} cannot carry this user name or password") from error
        if self.authzid:
            _utf8(self.authzid, "authorization identity")
            self._client.gs2_header = _Header(self.authzid)
        self._round = 0

    def initial(self) -> bytes:
        first: str = self._client.get_client_first()
        return first.encode()

    def respond(self, challenge: bytes) -> bytes:
        self._round += 1
        try:
            text = challenge.decode("utf-8")
            if self._round == 1:
                self._client.set_server_first(text)
                if not LEAST_ITERATIONS <= int(self._client.iterations) <= MOST_ITERATIONS:
                    raise ValueError("a proof easily guessed, or more work than a login is worth")
                final: str = self._client.get_client_final()
                return final.encode()
            if self._round == 2:
                self._client.set_server_final(text)
                return b""
        except Exception as error:
            if self._round == 2:
                raise AuthError(
                    "the server could not prove that it knows the password",
                    hint="it may be another server than the one you mean; nothing more was sent",
                ) from error
            raise MechanismError(f"{self.name}: a challenge that makes no sense") from error
        raise MechanismError(f"{self.name} has no third challenge")

    def accepted(self, data: bytes) -> None:
        if self._round == 1 and data:  # the proof came with the success (RFC 5802 5, SASL's "additional data")
            self.respond(data)
        if self._round < 2:
            raise AuthError(
                "the server said yes without proving that it knows the password",
                hint="it may be another server than the one you mean",
            )


class ScramSHA1(_Scram):
    """RFC 5802."""

    name = "SCRAM-SHA-1"


class ScramSHA256(_Scram):
    """RFC 7677."""

    name = "SCRAM-SHA-256"


class _Bearer(Mechanism):
    clear = True
    needs = "token"

    def initial(self) -> bytes:
        raise NotImplementedError  # each has its own form

    def respond(self, challenge: bytes) -> bytes:
        """A challenge is a refusal in JSON; the answer makes the server say so in its own words (RFC 7628 3.2.3)."""
        try:
            import json

            found = json.loads(challenge)
            self.reason = str(found.get("status", ""))[:100] if isinstance(found, dict) else ""
        except (ValueError, RecursionError):
            raise MechanismError(f"{self.name}: a challenge that makes no sense") from None
        return self.answer

    answer: ClassVar[bytes] = b""
    reason = ""


class OAuthBearer(_Bearer):
    """RFC 7628."""

    name = "OAUTHBEARER"
    answer = b"\x01"
    authorizes = True

    def initial(self) -> bytes:
        identity = _saslname(self.authzid or self.user)
        where = "" if self.target is None else f"host={self.target.host}\x01port={self.target.port}\x01"
        return _bearer(f"n,{f'a={identity}' if identity else ''},\x01{where}auth=Bearer {self.secret}\x01\x01", self)


class XOAuth2(_Bearer):
    """Google's, of before RFC 7628."""

    name = "XOAUTH2"

    def initial(self) -> bytes:
        return _bearer(f"user={self.user}\x01auth=Bearer {self.secret}\x01\x01", self)


def _bearer(text: str, mechanism: _Bearer) -> bytes:
    """The message, if neither name nor token has the octet in it that would end its field."""
    if "\x01" in mechanism.user + mechanism.secret + (mechanism.authzid or ""):
        raise UsageError(f"a control character in the user name or token, which {mechanism.name} cannot carry")
    return _utf8(text, "token")


MECHANISMS: dict[str, type[Mechanism]] = {
    each.name: each for each in (External, ScramSHA256, ScramSHA1, CramMD5, Plain, Login, OAuthBearer, XOAuth2)
}
