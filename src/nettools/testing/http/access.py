"""Who may see what on the HTTP fake: Basic (RFC 7617), Digest (RFC 7616) and bearer tokens (RFC 6750) of its World."""

from __future__ import annotations

import base64
import binascii
import hashlib
import re
import secrets

from nettools.testing.http.message import Request, Response
from nettools.testing.world import World

__all__ = ["Access"]

REALM = "nettools"
_ALGORITHMS = {"MD5": "md5", "SHA-256": "sha256", "SHA-512-256": "sha512_256"}


class Access:
    """Asks for credentials, and looks at those that come."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._nonces: set[str] = set()
        self._counts: dict[str, int] = {}

    def user(self, request: Request, scheme: str) -> str | None:
        """Who a request comes from, None where it does not prove it by that scheme."""
        given, _, value = request.headers.get("authorization", "").partition(" ")
        if given.lower() != scheme:
            return None
        check = {"basic": self._basic, "digest": self._digest, "bearer": self._bearer}[scheme]
        user: str | None = check(request, value.strip())
        return user

    def refusal(self, scheme: str, *, algorithm: str = "MD5", qop: str = "auth") -> Response:
        """401, with a challenge."""
        challenge = f'{scheme.capitalize()} realm="{REALM}"'
        if scheme == "digest":
            nonce = secrets.token_hex(16)
            self._nonces.add(nonce)
            challenge += f', nonce="{nonce}", algorithm={algorithm}' + (f', qop="{qop}"' if qop else "")
        if scheme == "basic":
            challenge += ', charset="UTF-8"'
        return Response(401, b"who are you?\n", {"WWW-Authenticate": challenge, "Content-Type": "text/plain"})

    def _basic(self, request: Request, value: str) -> str | None:
        try:
            user, _, password = base64.b64decode(value, validate=True).decode("utf-8").partition(":")
        except (binascii.Error, UnicodeDecodeError):
            return None
        return user if self._world.check_password(user, password) else None

    def _bearer(self, request: Request, value: str) -> str | None:
        return next((name for name, token in self._world.tokens.items() if token == value), None)

    def _digest(self, request: Request, value: str) -> str | None:
        given: dict[str, str] = {name.lower(): quoted or plain for name, quoted, plain in _PARAMETER.findall(value)}
        user, nonce, count = given.get("username", ""), given.get("nonce", ""), given.get("nc", "")
        name = given.get("algorithm", "MD5").upper()
        hash_name = _ALGORITHMS.get(name.removesuffix("-SESS"))
        if hash_name is None or nonce not in self._nonces or given.get("uri") != request.target:
            return None
        if user not in self._world.users:
            return None

        def hashed(text: str) -> str:
            return hashlib.new(hash_name, text.encode(), usedforsecurity=False).hexdigest()

        first = hashed(f"{user}:{REALM}:{self._world.users[user]}")
        if name.endswith("-SESS"):
            first = hashed(f"{first}:{nonce}:{given.get('cnonce', '')}")
        second = f"{request.method}:{request.target}"
        if given.get("qop") == "auth-int":
            second += ":" + hashlib.new(hash_name, request.body, usedforsecurity=False).hexdigest()
        middle = nonce if "qop" not in given else f"{nonce}:{count}:{given.get('cnonce', '')}:{given['qop']}"
        if given.get("response") != hashed(f"{first}:{middle}:{hashed(second)}"):
            return None
        if "qop" in given:  # a count that does not go up is a replay
            try:
                number = int(count, 16)
            except ValueError:
                return None
            if number <= self._counts.get(nonce, 0):
                return None
            self._counts[nonce] = number
        return user


_PARAMETER = re.compile(r'(\w+)\s*=\s*(?:"([^"]*)"|([^",\s]+))')
