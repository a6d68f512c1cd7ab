"""SASL: how a password or token is shown to a server, one implementation for SMTP, IMAP, POP3 and NNTP.

Pure: mechanisms turn challenges into responses, and `authenticate` is the one loop that chooses among them, over a
`Channel` that a protocol gives. RFC 4422 (SASL), 4616 (PLAIN), 2195 (CRAM-MD5), 5802 and 7677 (SCRAM, by the `scramp`
package), 7628 (OAUTHBEARER), Google's XOAUTH2, and LOGIN, which no RFC has.

Rules: a mechanism that was not announced is not used; a secret goes in clear only where the clear-text rule allows;
refused credentials end it at once; a mechanism that turns out unusable is cancelled and the next one tried, but after
a challenge mechanism has failed no clear one follows without TLS: that is what an attacker in between would wait for.
A mechanism that cannot carry the authorization identity that was asked for is never used in its place. The variants
with channel binding are left alone: Python's TLS cannot give what RFC 9266 wants.
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

from nettools.credentials import Auth, require_private
from nettools.errors import AuthError, ProtocolError, ReplyError, UsageError
from nettools.target import Target

__all__ = ["MECHANISMS", "Channel", "Mechanism", "MechanismError", "Step", "authenticate"]

MOST_CHALLENGES = 10  # no mechanism here needs more than three
MOST_ITERATIONS = 2_000_000  # of SCRAM's key derivation: about a second, which no deadline can interrupt


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
                if int(self._client.iterations) > MOST_ITERATIONS:
                    raise ValueError("more work than a login is worth")
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
WITH_PASSWORD = ("SCRAM-SHA-256", "SCRAM-SHA-1", "CRAM-MD5", "PLAIN", "LOGIN")
WITH_TOKEN = ("OAUTHBEARER", "XOAUTH2")
NATIVE = "NATIVE"


def _usable(auth: Auth, name: str) -> bool:
    """Whether these credentials are what a mechanism needs, the authorization identity with them."""
    if name not in MECHANISMS:  # the protocol's own
        return auth.password is not None and not auth.authzid
    mechanism = MECHANISMS[name]
    if auth.authzid and not mechanism.authorizes:
        return False
    there = {"password": auth.password is not None, "token": auth.token is not None, "certificate": True}
    return there[mechanism.needs]


def _unfit(auth: Auth, name: str) -> AuthError:
    needs = MECHANISMS[name].needs if name in MECHANISMS else "password"
    if auth.authzid and (auth.token if needs == "token" else auth.password) is not None:
        return AuthError(f"{name} cannot carry an authorization identity; nothing was sent")
    hint = (
        "give Auth(user, token=...), or --token" if needs == "token" else "give auth=(user, password), or -u USER:PASS"
    )
    return AuthError(f"{name} needs a {needs}; nothing was sent", hint=hint)


def _candidates(
    auth: Auth, offered: Collection[str], *, client_certificate: bool, native: bool, own: Collection[str]
) -> list[str]:
    """The mechanisms to try, the best first.

    Raises:
        UsageError: one that was asked for is unknown, or the credentials are not what it needs.
        AuthError: those that were asked for are not announced, or none fits.
    """
    there = {name.upper() for name in offered} | ({NATIVE} if native else set())
    announces = "it announces " + (", ".join(sorted(there)) or "none")
    if auth.mechanism is not None:
        unknown = [name for name in auth.mechanism if name not in MECHANISMS and name != NATIVE and name not in own]
        if unknown:
            raise UsageError(f"{unknown[0]} is no mechanism that nettools has", hint=", ".join((*MECHANISMS, "native")))
        wanted = [name for name in auth.mechanism if name in there or name in own]
        if not wanted:
            raise AuthError(
                f"the server does not announce {', '.join(auth.mechanism)}; nothing was sent", hint=announces
            )
        usable = [name for name in wanted if _usable(auth, name)]
        if not usable:
            raise _unfit(auth, wanted[0])
        return usable
    fitting = [*(WITH_TOKEN if auth.token is not None else ())]
    if auth.password is not None:
        fitting += [*WITH_PASSWORD, NATIVE]
    if not fitting and client_certificate:
        fitting = ["EXTERNAL"]
    if not fitting:
        raise AuthError(f"there is no password for {auth.user}", hint="give auth=(user, password), or -u USER:PASS")
    usable = [name for name in fitting if name in there and _usable(auth, name)]
    if not usable:
        raise AuthError(
            "the server announces no mechanism that fits these credentials; nothing was sent",
            hint=f"{announces}; some do only after STARTTLS",
        )
    return usable


class _Secrets:
    """The password and the token of one login, each asked for once, and only when it is needed."""

    def __init__(self, auth: Auth, mask: Callable[[str], None]) -> None:
        self._auth, self._mask = auth, mask
        self._known: dict[str, str] = {}

    def get(self, name: str) -> str:
        """What a mechanism needs; "" for a certificate."""
        needs = MECHANISMS[name].needs if name in MECHANISMS else "password"
        if needs == "certificate":
            return ""
        if needs not in self._known:
            secret = self._auth.get_token() if needs == "token" else self._auth.get_password()
            word = secret.reveal() if secret is not None else ""
            self._mask(word)
            self._known[needs] = word
        return self._known[needs]


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
    secrets = _Secrets(auth, mask)
    tried: list[str] = []
    last: ReplyError | None = None
    for name in names:
        clear = name not in MECHANISMS or MECHANISMS[name].clear
        if clear and not private:
            continue
        if clear and not tls and any(each in MECHANISMS and not MECHANISMS[each].clear for each in tried):
            continue  # what an attacker in between would wait for
        tried.append(name)
        last = _attempt(channel, name, auth, target, secrets.get(name), mask)
        if last is None:
            return name
    if last is not None:
        raise AuthError(
            f"no mechanism worked ({', '.join(tried)}): {last.message}",
            code=last.code,
            text=last.text,
            reply=last.reply,
            hint=None if len(tried) == len(names) else "others would show the password, and there is no TLS",
        )
    require_private(target, tls_on=tls, clear_allowed=False, what="the token" if auth.token else "the password")
    raise AuthError("no mechanism may carry these credentials")


def _attempt(
    channel: Channel, name: str, auth: Auth, target: Target, secret: str, mask: Callable[[str], None]
) -> ReplyError | None:
    """Try one mechanism: None when it worked, the error when it was of no use."""
    user = auth.user or ""
    if name not in MECHANISMS:
        return _outcome(channel.login(user, secret), None)
    mechanism = MECHANISMS[name](user, secret, auth.authzid, target)

    def masked(data: bytes) -> bytes:
        if data:
            mask(base64.b64encode(data).decode("ascii"))
        return data

    try:
        first = mechanism.initial()
        asked = first is not None and channel.initial_response
        step = channel.start(name, masked(first) if first is not None and asked else None)
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
        if step.kind in ("ok", "challenge"):
            raise ProtocolError("the server does not let a login be cancelled") from error
        if step.error is None:
            return AuthError(str(error))
        return AuthError(f"{error}: {step.error.message}", code=step.error.code, text=step.error.text)
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
