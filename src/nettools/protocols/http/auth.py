"""Credentials of a request: Basic (RFC 7617), Digest (RFC 7616) and bearer tokens (RFC 6750).

What a server's challenges say, and the header that answers one. Pure but for the client's nonce; whether a secret may
travel is the session's business.
"""

from __future__ import annotations

import base64
import hashlib
import os
import re
from collections.abc import Iterable

from nettools.errors import ProtocolError, UsageError
from nettools.frozen import Frozen, field

__all__ = ["MECHANISMS", "Challenge", "basic", "challenges", "digest"]

MECHANISMS = frozenset({"BASIC", "DIGEST", "BEARER", "ANY"})

_SCHEME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_PARAMETER = re.compile(r'([!#$%&\'*+.^_`|~0-9A-Za-z-]+)[ \t]*=[ \t]*(?:"((?:[^"\\]|\\.)*)"|([^\s",;]*))')
_TOKEN68 = re.compile(r"[ \t]+[A-Za-z0-9._~+/-]+=*[ \t]*(?=,|$)")
_SEPARATOR = re.compile(r"[ \t,]*")
_LONGEST = 16 * 1024  # octets of one field; what is longer is no challenge

# strongest first: where a server has several Digest challenges, RFC 7616 3.7 lets the client take the one it likes
_HASHES = {"SHA-512-256": "sha512_256", "SHA-256": "sha256", "MD5": "md5"}


class Challenge(Frozen):
    """One challenge of WWW-Authenticate: its scheme in lower case, and its parameters."""

    scheme: str
    parameters: dict[str, str] = field(default_factory=dict)


def challenges(values: Iterable[str]) -> tuple[Challenge, ...]:
    """The challenges of all WWW-Authenticate fields; several may stand in one (RFC 9110 11.6.1).

    >>> [each.scheme for each in challenges(['Basic realm="a, b", Digest nonce=x, realm="c"'])]
    ['basic', 'digest']
    """
    found: list[Challenge] = []
    for value in values:
        place = 0
        text = value[:_LONGEST]
        while (place := _SEPARATOR.match(text, place).end()) < len(text):  # type: ignore[union-attr]  # matches nothing too
            parameter = _PARAMETER.match(text, place)
            if parameter is not None and found:
                name, quoted, plain = parameter.groups()
                worth = re.sub(r"\\(.)", r"\1", quoted) if quoted is not None else plain
                found[-1].parameters.setdefault(name.lower(), worth)
                place = parameter.end()
                continue
            scheme = _SCHEME.match(text, place)
            if scheme is None:
                break  # nonsense: what was understood stands
            found.append(Challenge(scheme[0].lower()))
            token = _TOKEN68.match(text, scheme.end())
            place = scheme.end() if token is None else token.end()
    return tuple(found)


def basic(user: str, word: str) -> str:
    """The value behind `Basic `."""
    if ":" in user:
        raise UsageError("a user name with a colon cannot be sent by Basic (RFC 7617 2)")
    return base64.b64encode(f"{user}:{word}".encode("utf-8", "surrogateescape")).decode("ascii")


def digest(
    challenge: Iterable[Challenge], method: str, uri: str, user: str, word: str, body: bytes | None
) -> str | None:
    """The Authorization header that answers the strongest Digest challenge, None where there is none to answer.

    Args:
        uri: the request target as it is sent. body: for `qop=auth-int`; None where it is not held in memory.
    """
    offered = [(_algorithm(each), each.parameters) for each in challenge if each.scheme == "digest"]
    known = [(list(_HASHES).index(name[0]), name, given) for name, given in offered if name is not None]
    if not known:
        return None
    _, (name, session), given = min(known, key=lambda row: row[0])
    if not given.get("nonce"):
        raise ProtocolError("a Digest challenge without a nonce")
    realm, nonce = given.get("realm", ""), given["nonce"]
    qops = {each.strip().lower() for each in given.get("qop", "").split(",")} - {""}
    qop = "auth" if "auth" in qops else "auth-int" if "auth-int" in qops and body is not None else None
    if qops and qop is None:
        return None

    def hashed(text: str | bytes) -> str:
        octets = text.encode("utf-8", "surrogateescape") if isinstance(text, str) else text
        return hashlib.new(_HASHES[name], octets, usedforsecurity=False).hexdigest()

    cnonce = _nonce()
    first = hashed(f"{user}:{realm}:{word}")
    if session:
        first = hashed(f"{first}:{nonce}:{cnonce}")
    second = f"{method}:{uri}" + (f":{hashed(body or b'')}" if qop == "auth-int" else "")
    middle = nonce if qop is None else f"{nonce}:00000001:{cnonce}:{qop}"
    userhash = given.get("userhash", "").lower() == "true"
    answer = {
        "username": hashed(f"{user}:{realm}") if userhash else user,
        "realm": realm,
        "nonce": nonce,
        "uri": uri,
        "response": hashed(f"{first}:{middle}:{hashed(second)}"),
        "opaque": given.get("opaque"),
    }
    text = ", ".join(f'{key}="{_escaped(value)}"' for key, value in answer.items() if value is not None)
    if "algorithm" in given:
        text += f", algorithm={name}{'-sess' if session else ''}"
    if qop is not None:
        text += f', qop={qop}, nc=00000001, cnonce="{cnonce}"'
    return f"Digest {text}" + (", userhash=true" if userhash else "")


def _algorithm(challenge: Challenge) -> tuple[str, bool] | None:
    """The hash's name, and whether it is a `-sess` one; None for what nobody here knows."""
    name = challenge.parameters.get("algorithm", "MD5").upper()
    session = name.endswith("-SESS")
    name = name.removesuffix("-SESS")
    return (name, session) if name in _HASHES and _HASHES[name] in hashlib.algorithms_available else None


def _escaped(value: str) -> str:
    return value.replace("\\", "\\\\").replace('"', '\\"')


def _nonce() -> str:
    return os.urandom(16).hex()
