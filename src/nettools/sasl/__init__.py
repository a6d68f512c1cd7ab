"""SASL: how a password or token is shown to a server, one implementation for SMTP, IMAP, POP3 and NNTP (RFC 4422).

Pure: mechanisms (`sasl.mechanisms`) turn challenges into responses, and `authenticate` is the one loop that chooses
among them, over a `Channel` that a protocol gives.

Rules: a mechanism that was not announced is not used; a secret goes in clear only where the clear-text rule allows;
refused credentials end it at once; a mechanism that turns out unusable is cancelled and the next one tried, but after
a challenge mechanism has failed no clear one follows without TLS: that is what an attacker in between would wait for.
A mechanism that cannot carry the authorization identity that was asked for is never used in its place.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable, Collection
from typing import TYPE_CHECKING, Literal, NamedTuple, Protocol

from nettools.credentials import Auth, require_private
from nettools.errors import AuthError, ProtocolError, ReplyError, UnsupportedError
from nettools.sasl.mechanisms import MECHANISMS, Mechanism, MechanismError

if TYPE_CHECKING:
    from nettools.target import Target

__all__ = ["MECHANISMS", "NATIVE", "Channel", "Mechanism", "MechanismError", "Step", "authenticate"]

MOST_CHALLENGES = 10  # no mechanism here needs more than three


class Step(NamedTuple):
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


def _candidates(auth: Auth, offered: Collection[str], *, client_certificate: bool, native: bool) -> list[str]:
    """The mechanisms to try, the best first.

    Raises:
        AuthError: those that were asked for are not announced, or the credentials are not what they need.
        UnsupportedError: of those that were asked for, only what nettools has not is announced.
    """
    there = {name.upper() for name in offered} | ({NATIVE} if native else set())
    announces = "it announces " + (", ".join(sorted(there)) or "none")
    if auth.mechanism is not None:
        announced = [name for name in auth.mechanism if name in there]
        if not announced:
            raise AuthError(
                f"the server does not announce {', '.join(auth.mechanism)}; nothing was sent", hint=announces
            )
        wanted = [name for name in announced if name in MECHANISMS or name == NATIVE]
        if not wanted:
            raise UnsupportedError(
                f"{announced[0]} is no mechanism that nettools has",
                side="nettools",
                hint="it has " + ", ".join((*MECHANISMS, "native")),
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
    mask: Callable[[str], None] = lambda secret: None,
) -> str:
    """Log in; the name of the mechanism that did it.

    Args:
        offered: what the server announced. native: the protocol has a login command of its own, and it may be used.
        private: a secret may go as it is (TLS, loopback, or allowed). tls: TLS is on.
        mask: told every secret, and every response that holds one, before it is sent.

    Raises:
        AuthError: refused, or nothing fits. ClearTextError: only mechanisms that show the secret, and no TLS.
        ProtocolError: a server that challenges for ever.
    """
    names = _candidates(auth, offered, client_certificate=client_certificate, native=native)
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
