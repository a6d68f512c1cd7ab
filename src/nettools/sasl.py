"""SASL: how a password or token is shown to a server, one implementation for SMTP, IMAP, POP3 and NNTP.

Pure: mechanisms turn challenges into responses, and `authenticate` is the one loop that chooses among them, over a
`Channel` that a protocol gives. RFC 4422 (SASL), 4616 (PLAIN), 2195 (CRAM-MD5), 5802 and 7677 (SCRAM, by the `scramp`
package), 7628 (OAUTHBEARER), Google's XOAUTH2, and LOGIN, which no RFC has.

Rules: a mechanism that was not announced is not used; a secret goes in clear only where the clear-text rule allows;
refused credentials end it at once; a mechanism that turns out unusable is cancelled and the next one tried, but after
a challenge mechanism has failed no clear one follows without TLS: that is what an attacker in between would wait for.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import json
from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import Any, ClassVar, Literal, Protocol

from nettools.credentials import Auth, Secret, require_private
from nettools.errors import AuthError, ProtocolError, ReplyError, UsageError
from nettools.target import Target

__all__ = ["MECHANISMS", "Channel", "Mechanism", "MechanismError", "Step", "authenticate"]

MOST_CHALLENGES = 10  # no mechanism here needs more than three


class MechanismError(Exception):
    """A challenge made no sense; the mechanism is cancelled. Never leaves `authenticate`."""


@dataclass(frozen=True, slots=True)
class Step:
    """A server's answer: a challenge (`data` in base64, as received), success, a refusal, or no use for it."""

    kind: Literal["challenge", "ok", "refused", "unusable"]
    data: bytes = b""
    error: ReplyError | None = None


class Channel(Protocol):
    """How a protocol carries SASL."""

    initial_response: bool

    def start(self, mechanism: str, initial: bytes | None) -> Step:
        """Begin with a mechanism, and its initial response where there is one and the protocol can carry it."""

    def respond(self, data: bytes) -> Step:
        """Answer a challenge."""

    def cancel(self) -> Step:
        """Give up this mechanism."""

    def login(self, user: str, password: str) -> Step:
        """The protocol's own command for user and password."""


def _utf8(text: str, what: str) -> bytes:
    if "\0" in text:
        raise UsageError(f"the {what} has a NUL in it, which SASL cannot carry")
    if not text.isascii():
        import unicodedata

        text = unicodedata.normalize("NFKC", text)  # RFC 4013 2.2
    return text.encode("utf-8", "surrogateescape")


class Mechanism:
    """One mechanism for one attempt. `clear`: the secret itself travels."""

    name: ClassVar[str]
    clear: ClassVar[bool] = False
    needs: ClassVar[Literal["password", "token", "certificate"]] = "password"

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

    def initial(self) -> bytes:
        return _utf8(self.authzid or "", "authorization identity")

    def respond(self, challenge: bytes) -> bytes:
        return self.initial()


class Plain(Mechanism):
    """RFC 4616: identity, user and password with NULs between."""

    name = "PLAIN"
    clear = True

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
        digest = hmac.new(_utf8(self.secret, "password"), challenge, hashlib.md5).hexdigest()
        return _utf8(self.user, "user name") + b" " + digest.encode()


class _Scram(Mechanism):
    """RFC 5802, by scramp: the server proves that it knows the password too."""

    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        import scramp

        _utf8(self.user, "user name"), _utf8(self.secret, "password")
        try:
            self._client = scramp.ScramClient([self.name], self.user, self.secret)
        except Exception as error:
            raise UsageError(f"{self.name} cannot carry this user name or password") from error
        self._round = 0

    def initial(self) -> bytes:
        first: str = self._client.get_client_first()
        if self.authzid:
            raise MechanismError("scramp sends no authorization identity")
        return first.encode()

    def respond(self, challenge: bytes) -> bytes:
        if not challenge and self._round == 0:
            return self.initial()
        self._round += 1
        try:
            text = challenge.decode("utf-8")
            if self._round == 1:
                self._client.set_server_first(text)
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

    def respond(self, challenge: bytes) -> bytes:
        """A challenge is a refusal in JSON; the answer makes the server say so in its own words (RFC 7628 3.2.3)."""
        if not challenge:
            return self.initial() or b""
        try:
            found = json.loads(challenge)
            self.reason = str(found.get("status", "")) if isinstance(found, dict) else ""
        except ValueError:
            self.reason = ""
        return self.answer

    answer: ClassVar[bytes] = b""
    reason = ""


class OAuthBearer(_Bearer):
    """RFC 7628."""

    name = "OAUTHBEARER"
    answer = b"\x01"

    def initial(self) -> bytes:
        identity = (self.authzid or self.user).replace("=", "=3D").replace(",", "=2C")
        where = "" if self.target is None else f"host={self.target.host}\x01port={self.target.port}\x01"
        return f"n,{f'a={identity}' if identity else ''},\x01{where}auth=Bearer {self.secret}\x01\x01".encode()


class XOAuth2(_Bearer):
    """Google's, of before RFC 7628."""

    name = "XOAUTH2"

    def initial(self) -> bytes:
        return f"user={self.user}\x01auth=Bearer {self.secret}\x01\x01".encode()


MECHANISMS: dict[str, type[Mechanism]] = {
    each.name: each for each in (External, ScramSHA256, ScramSHA1, CramMD5, Plain, Login, OAuthBearer, XOAuth2)
}
WITH_PASSWORD = ("SCRAM-SHA-256", "SCRAM-SHA-1", "CRAM-MD5", "PLAIN", "LOGIN")
WITH_TOKEN = ("OAUTHBEARER", "XOAUTH2")
NATIVE = "NATIVE"


def _candidates(
    auth: Auth, offered: Collection[str], *, client_certificate: bool, native: bool, own: Collection[str]
) -> list[str]:
    """The mechanisms to try, the best first.

    Raises:
        AuthError: those that were asked for are not announced, or none fits.
    """
    there = {name.upper() for name in offered} | ({NATIVE} if native else set())
    if auth.mechanism is not None:
        unknown = [name for name in auth.mechanism if name not in MECHANISMS and name != NATIVE and name not in own]
        if unknown:
            raise UsageError(f"{unknown[0]} is no mechanism that nettools has", hint=", ".join((*MECHANISMS, "native")))
        wanted = [name for name in auth.mechanism if name in there or name in own]
        if not wanted:
            raise AuthError(
                f"the server does not announce {', '.join(auth.mechanism)}; nothing was sent",
                hint="it announces " + (", ".join(sorted(there)) or "none"),
            )
        return wanted
    if auth.token is not None:
        wanted = list(WITH_TOKEN)
    elif auth.password is not None:
        wanted = [*WITH_PASSWORD, NATIVE]
    elif client_certificate:
        wanted = ["EXTERNAL"]
    else:
        raise AuthError(f"there is no password for {auth.user}", hint="give auth=(user, password), or -u USER:PASS")
    usable = [name for name in wanted if name in there]
    if not usable:
        raise AuthError(
            "the server announces no mechanism that fits these credentials; nothing was sent",
            hint="it announces " + (", ".join(sorted(there)) or "none") + "; some do only after STARTTLS",
        )
    return usable


def authenticate(
    channel: Channel,
    auth: Auth,
    offered: Collection[str],
    *,
    target: Target,
    private: bool,
    tls: bool,
    client_certificate: bool = False,
    native: bool = True,
    own: Collection[str] = (),
    mask: Callable[[str], None] = lambda secret: None,
) -> str:
    """Log in; the name of the mechanism that did it.

    Args:
        offered: what the server announced. native: the protocol has a login command of its own, and it may be used.
        own: names that `auth.mechanism` may have and that the protocol handles itself (POP3's APOP).
        private: a secret may go as it is (TLS, loopback, or allowed). tls: TLS is on.
        mask: told every secret, and every response that holds one, before it is sent.

    Raises:
        AuthError: refused, or nothing fits. ClearTextError: only mechanisms that show the secret, and no TLS.
        ProtocolError: a server that challenges for ever.
    """
    names = _candidates(auth, offered, client_certificate=client_certificate, native=native, own=own)
    last: ReplyError | None = None
    exposed = False  # a challenge mechanism has failed
    skipped = False
    for name in names:
        clear = name == NATIVE or MECHANISMS[name].clear
        if clear and not private:
            skipped = True
            continue
        if clear and exposed and not tls and not target.is_loopback:
            break
        error = _attempt(channel, name, auth, target, mask)
        if error is None:
            return name
        last = error
        exposed |= not clear
    if last is not None:
        raise AuthError(
            f"no mechanism worked ({', '.join(names)}): {last.message}",
            code=last.code,
            text=last.text,
            reply=last.reply,
        )
    assert skipped
    require_private(target, tls_on=tls, clear_allowed=False, what="the token" if auth.token else "the password")
    raise AuthError("no mechanism may carry these credentials")


def _attempt(channel: Channel, name: str, auth: Auth, target: Target, mask: Callable[[str], None]) -> ReplyError | None:
    """Try one mechanism: None when it worked, the error when it was of no use."""
    user = auth.user or ""
    secret = auth.get_token() if name in WITH_TOKEN else auth.get_password()
    word = (secret or Secret("")).reveal()
    mask(word)
    if name == NATIVE:
        return _outcome(channel.login(user, word), None)
    mechanism = MECHANISMS[name](user, word, auth.authzid, target)

    def masked(data: bytes) -> bytes:
        if data:
            mask(base64.b64encode(data).decode("ascii"))
        return data

    try:
        first = mechanism.initial()
        with_start = first is not None and channel.initial_response
        step = channel.start(name, masked(first) if with_start and first is not None else None)
        asked = with_start
        for _ in range(MOST_CHALLENGES):
            if step.kind != "challenge":
                if step.kind == "ok":
                    mechanism.accepted(_decode(step.data))
                return _outcome(step, mechanism)
            challenge = _decode(step.data)
            if first is not None and not asked:
                asked = True
                step = channel.respond(masked(first))
                continue
            step = channel.respond(masked(mechanism.respond(challenge)))
    except MechanismError as error:
        step = channel.cancel()
        if step.kind == "ok":
            raise ProtocolError("the server took a cancelled login for a good one") from error
        return step.error or AuthError(str(error))
    raise ProtocolError(f"the server goes on challenging after {MOST_CHALLENGES} answers")


def _outcome(step: Step, mechanism: Mechanism | None) -> ReplyError | None:
    if step.kind == "ok":
        return None
    error = step.error or AuthError("the login was refused")
    reason = getattr(mechanism, "reason", "")
    if step.kind == "refused" or reason:
        if not isinstance(error, AuthError):
            error = AuthError(error.message, code=error.code, text=error.text, reply=error.reply)
        if reason:
            error.args = (f"{error.message} (status {reason})",)
        raise error
    return error


def _decode(data: bytes) -> bytes:
    try:
        return base64.b64decode(data, validate=True)
    except (binascii.Error, ValueError):
        raise MechanismError("a challenge that is no base64") from None
