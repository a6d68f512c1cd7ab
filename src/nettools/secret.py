"""A string that does not show, and the forms in which it might.

The lowest of all: an address may hold a secret, so this knows nothing of addresses, nor of where secrets are found.
"""

from __future__ import annotations

import base64
import re

from nettools.errors import UsageError

__all__ = ["MASK", "Secret", "mask_named", "secret_forms"]

MASK = "***"


class Secret:
    """A string that shows as `***` wherever it is printed; `reveal()` gives it. Its memory is not wiped."""

    __slots__ = ("_value",)

    def __init__(self, value: str) -> None:
        if not isinstance(value, str):
            raise UsageError(f"a secret is a str, not {type(value).__name__}")
        self._value = value

    def reveal(self) -> str:
        """The string itself."""
        return self._value

    def __repr__(self) -> str:
        return "Secret('***')"

    def __str__(self) -> str:
        return MASK

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and self._value == other._value

    def __hash__(self) -> int:
        return hash(self._value)

    def __bool__(self) -> bool:
        return bool(self._value)


def secret_forms(secret: str) -> tuple[str, ...]:
    """Every form in which a secret may stand in a message or on the wire, the longest first."""
    from urllib.parse import quote, quote_plus  # nobody may ever ask

    octets = secret.encode("utf-8", "surrogateescape")
    text = secret.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")  # XML-RPC's
    forms = {
        secret,
        base64.b64encode(octets).decode("ascii"),
        base64.urlsafe_b64encode(octets).decode("ascii"),
        quote(octets, safe=""),
        quote(octets),
        quote_plus(octets),
        secret.replace("\\", "\\\\").replace('"', '\\"'),
        text,
        text.replace('"', "&quot;").replace("'", "&apos;"),
        repr(secret)[1:-1],
    }
    return tuple(sorted((form for form in forms if form), key=len, reverse=True))


# strings, compiled for those who watch the wire
_NAMES = rb"(?:token|secret|passwo?r?d|api[_-]?key|access[_-]?key)"
_USERINFO = rb"(://[^\s/@:\"'<>]*:)[^\s/\"'<>]+@"  # up to the last @: a password may have one
_HEADER = (
    rb"(?mi)^((?:proxy-)?authorization[ \t]{0,9}:[ \t]*(?!digest[ \t])(?:[a-z-]{1,20}[ \t]+)?"  # Digest's has none
    rb"|[\w-]{0,40}?" + _NAMES + rb"[\w-]{0,40}[ \t]{0,9}:[ \t]*)\S[^\r\n]*"
)
_SET_COOKIE = rb"(?mi)^(set-cookie[ \t]{0,9}:[^=;\r\n]*=)[^\s;][^;\r\n]*"
_COOKIES = rb"(?mi)^cookie[ \t]{0,9}:[^\r\n]+"
_FIELD = rb"(?mi)((?:^|[?&])[\w-]{0,40}?" + _NAMES + rb"[\w-]{0,40}=)[^&#\s\"'<>]+"


def mask_named(data: bytes) -> bytes:
    """Lines of the wire without what is secret by where it stands, whoever has put it there.

    That is the password of a URL, the value of a cookie, of Authorization, and of a header or a field of a form whose
    name has `token`, `password` and their like in it.

    >>> mask_named(b"Cookie: sid=123; lang=en")
    b'Cookie: sid=***; lang=***'
    """
    mask = rb"\1" + MASK.encode()
    if b"://" in data and b"@" in data:
        data = re.sub(_USERINFO, mask + b"@", data)
    if b":" in data:
        data = re.sub(_HEADER, mask, data)
        data = re.sub(_SET_COOKIE, mask, data)
        data = re.sub(_COOKIES, lambda match: re.sub(rb"=[^;\r\n]+", b"=" + MASK.encode(), match[0]), data)
    if b"=" in data:
        data = re.sub(_FIELD, mask, data)
    return data
