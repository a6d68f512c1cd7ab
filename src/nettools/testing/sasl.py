"""The server's side of SASL (RFC 4422), shared by the SMTP, POP3, IMAP and NNTP fakes.

A mechanism is a generator: it yields challenges (octets), is sent the client's responses (octets), and returns the name
of the user who proved to be one, or raises `Refused`. How a challenge looks on the wire ("334 ...", "+ ...") is the
caller's business: `authenticate` takes a function for it, and does what the protocols have in common: base64,
the initial response, "=" for an empty one, "*" to cancel.

Mechanisms: PLAIN (RFC 4616), LOGIN (an expired draft, in use everywhere), CRAM-MD5 (RFC 2195), SCRAM-SHA-1 and
SCRAM-SHA-256 (RFC 5802, 7677; without channel binding), OAUTHBEARER (RFC 7628), XOAUTH2 (Google's), and EXTERNAL
(RFC 4422 appendix A). Built on hmac and hashlib alone, so that no misreading is shared with a client's library.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import json
import re
import secrets
import stringprep
import time
import unicodedata
from collections.abc import Awaitable, Callable, Generator, Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from nettools.testing.world import World

Exchange = Generator[bytes, bytes, str]

SCRAM_ITERATIONS = 4096  # RFC 5802 section 5.1: the least that a server should ask for


class SASLError(Exception):
    """An exchange that did not end with a user; its kinds are answered differently by each protocol."""


class Refused(SASLError):  # noqa: N818  # it is an answer, not a fault
    """The credentials are wrong."""


class Cancelled(SASLError):  # noqa: N818
    """The client sent "*" (RFC 4954 section 4, RFC 3501 section 6.2.2)."""


class Malformed(SASLError):  # noqa: N818
    """Base64 that is none, or a message outside the mechanism's grammar."""


class UnknownMechanism(SASLError):  # noqa: N818
    """The mechanism is not known here, or was not offered."""


@dataclass(frozen=True)
class Accounts:
    """Who may log in: passwords and bearer tokens by user name, and the name the TLS layer vouches for, if any."""

    passwords: Mapping[str, str]
    tokens: Mapping[str, str] = field(default_factory=dict)
    external: str | None = None

    def find(self, name: str) -> str | None:
        """Return the account's own spelling of `name`: case and a domain do not count (bob@any is bob)."""
        for candidate in (name, name.partition("@")[0]):
            for account in self.passwords:
                if account.casefold() == candidate.casefold():
                    return account
        return None

    def login(self, name: str, password: str) -> str:
        """Return the account for a right password; raise `Refused` for any other."""
        account = self.find(name)
        expected = self.passwords[account] if account is not None else secrets.token_hex()
        if account is None or not hmac.compare_digest(expected.encode(), password.encode("utf-8", "surrogateescape")):
            raise Refused(name)
        return account

    def bearer(self, name: str, token: str) -> str:
        """Return the account whose token this is; an empty name means whoever owns the token."""
        for account, expected in self.tokens.items():
            named = not name or self.find(name) == account
            if named and hmac.compare_digest(expected.encode(), token.encode("utf-8", "surrogateescape")):
                return account
        raise Refused(name)


def accounts(world: World, ssl_object: Any = None) -> Accounts:
    """Return the accounts of a World, and the name in the client's certificate if the connection has one."""
    certificate = ssl_object.getpeercert() if ssl_object is not None else None
    names = {key: value for parts in (certificate or {}).get("subject", ()) for key, value in parts}
    found = Accounts(world.users, world.tokens)
    return replace(found, external=found.find(names.get("commonName", "")))


def _saslname(text: str | None) -> str:
    """Undo the two escapes of a saslname (RFC 5801 section 4)."""
    return (text or "").replace("=2C", ",").replace("=3D", "=")


def _text(octets: bytes) -> str:
    try:
        return octets.decode("utf-8")
    except UnicodeDecodeError:
        raise Malformed("not UTF-8") from None


def _authorized(account: str, authzid: str, accounts: Accounts) -> str:
    """Nobody may act for another: an authorization identity has to name the same account."""
    if authzid and accounts.find(authzid) != account:
        raise Refused(authzid)
    return account


def _plain(accounts: Accounts) -> Exchange:
    fields = _text((yield b"")).split("\0")
    if len(fields) != 3:
        raise Malformed("PLAIN has three fields")
    authzid, authcid, password = fields
    return _authorized(accounts.login(authcid, password), authzid, accounts)


def _login(accounts: Accounts) -> Exchange:
    name = _text((yield b"Username:"))
    return accounts.login(name, _text((yield b"Password:")))


def _cram_md5(accounts: Accounts) -> Exchange:
    challenge = f"<{secrets.randbits(40)}.{int(time.time())}@localhost>".encode()
    name, _, digest = _text((yield challenge)).rpartition(" ")
    account = accounts.find(name)
    password = accounts.passwords[account] if account is not None else secrets.token_hex()
    expected = hmac.new(password.encode(), challenge, hashlib.md5).hexdigest()
    if account is None or not hmac.compare_digest(expected.encode(), digest.encode()):
        raise Refused(name)
    return account


_CLIENT_FIRST = re.compile(
    r"(?P<gs2>(?P<flag>[ny]|p=[^,]+),(?:a=(?P<authzid>[^,]*))?,)"
    r"(?P<bare>n=(?P<name>[^,]*),r=(?P<nonce>[^,]+))"
)
_CLIENT_FINAL = re.compile(r"(?P<bare>c=(?P<binding>[^,]+),r=(?P<nonce>[^,]+)),p=(?P<proof>[^,]+)")


def prepare(text: str) -> str:
    """Return `text` as SASLprep (RFC 4013 section 2.1 and 2.2) maps and normalizes it."""
    mapped = (" " if stringprep.in_table_c12(c) else c for c in text if not stringprep.in_table_b1(c))
    return unicodedata.normalize("NFKC", "".join(mapped))


def _scram(algorithm: str) -> Callable[[Accounts], Exchange]:
    def mac(key: bytes, data: bytes) -> bytes:
        return hmac.new(key, data, algorithm).digest()

    def exchange(accounts: Accounts) -> Exchange:
        first = _CLIENT_FIRST.fullmatch(_text((yield b"")))
        if first is None:
            raise Malformed("no client-first-message of RFC 5802")
        if first["flag"].startswith("p"):
            raise Refused("channel binding is not offered")
        name = _saslname(first["name"])
        account = accounts.find(name)
        password = accounts.passwords[account] if account is not None else secrets.token_hex()
        salt, nonce = secrets.token_bytes(16), first["nonce"] + secrets.token_urlsafe(18)
        challenge = f"r={nonce},s={base64.b64encode(salt).decode()},i={SCRAM_ITERATIONS}"
        final = _CLIENT_FINAL.fullmatch(_text((yield challenge.encode())))
        if final is None:
            raise Malformed("no client-final-message of RFC 5802")
        salted = hashlib.pbkdf2_hmac(algorithm, prepare(password).encode(), salt, SCRAM_ITERATIONS)
        signed = f"{first['bare']},{challenge},{final['bare']}".encode()
        client_key = mac(salted, b"Client Key")
        signature = mac(hashlib.new(algorithm, client_key).digest(), signed)
        proof = bytes(a ^ b for a, b in zip(client_key, signature, strict=True))
        right = (
            account is not None
            and final["nonce"] == nonce
            and _unbase64(final["binding"].encode()) == first["gs2"].encode()
            and hmac.compare_digest(_unbase64(final["proof"].encode()), proof)
        )
        if account is None or not right:
            raise Refused(name)
        verifier = base64.b64encode(mac(mac(salted, b"Server Key"), signed))
        if (yield b"v=" + verifier):
            raise Malformed("nothing may follow the server's signature")
        return _authorized(account, _saslname(first["authzid"]), accounts)

    return exchange


def _bearer(pattern: re.Pattern[str]) -> Callable[[Accounts], Exchange]:
    def exchange(accounts: Accounts) -> Exchange:
        match = pattern.fullmatch(_text((yield b"")))
        if match is None:
            raise Malformed("no bearer token in it")
        try:
            return accounts.bearer(_saslname(match["name"]), match["token"])
        except Refused:
            # RFC 7628 section 3.2.2: the reason is a challenge, and the client answers it before the failure.
            yield json.dumps({"status": "invalid_token", "schemes": "bearer", "scope": "mail"}).encode()
            raise

    return exchange


def _external(accounts: Accounts) -> Exchange:
    authzid = _text((yield b""))
    if accounts.external is None:
        raise Refused("no client certificate")
    return _authorized(accounts.external, authzid, accounts)


MECHANISMS: dict[str, Callable[[Accounts], Exchange]] = {
    "PLAIN": _plain,
    "LOGIN": _login,
    "CRAM-MD5": _cram_md5,
    "SCRAM-SHA-1": _scram("sha1"),
    "SCRAM-SHA-256": _scram("sha256"),
    "XOAUTH2": _bearer(re.compile(r"user=(?P<name>[^\x01]*)\x01auth=[Bb]earer (?P<token>[^\x01]+)\x01\x01")),
    "OAUTHBEARER": _bearer(
        re.compile(
            r"[ny],(?:a=(?P<name>[^,]*))?,\x01(?:(?!auth=)[a-z]+=[^\x01]*\x01)*"
            r"auth=[Bb]earer (?P<token>[^\x01]+)\x01(?:[a-z]+=[^\x01]*\x01)*\x01"
        )
    ),
    "EXTERNAL": _external,
}
_SERVER_FIRST = frozenset({"CRAM-MD5"})


def offered(accounts: Accounts, without: frozenset[str] = frozenset()) -> tuple[str, ...]:
    """Return the mechanisms to announce: EXTERNAL only with a certificate, the bearer ones only where tokens exist."""
    hidden = set(without)
    if accounts.external is None:
        hidden.add("EXTERNAL")
    if not accounts.tokens:
        hidden |= {"XOAUTH2", "OAUTHBEARER"}
    return tuple(name for name in MECHANISMS if name not in hidden)


def _unbase64(line: bytes) -> bytes:
    try:
        return base64.b64decode(line, validate=True)
    except binascii.Error:
        raise Malformed("not base64") from None


async def authenticate(
    mechanism: str, initial: bytes | None, accounts: Accounts, ask: Callable[[bytes], Awaitable[bytes]]
) -> str:
    """Run one exchange and return the account's name.

    `initial` is the initial response as it stood on the wire (base64, or "=" for an empty one), or None. `ask` sends a
    challenge (already base64) in the protocol's own form and returns the client's line without its line end.
    Raises `Refused`, `Cancelled`, `Malformed` or `UnknownMechanism`.
    """
    start = MECHANISMS.get(mechanism.upper())
    if start is None:
        raise UnknownMechanism(mechanism)
    if initial is not None and mechanism.upper() in _SERVER_FIRST:
        raise Malformed(f"{mechanism} takes no initial response")
    exchange = start(accounts)
    challenge = next(exchange)
    try:
        while True:
            if initial is not None:
                response, initial = (b"" if initial == b"=" else _unbase64(initial)), None
            else:
                line = await ask(base64.b64encode(challenge))
                if line == b"*":
                    raise Cancelled(mechanism)
                response = _unbase64(line)
            challenge = exchange.send(response)
    except StopIteration as end:
        return str(end.value)
    finally:
        exchange.close()
