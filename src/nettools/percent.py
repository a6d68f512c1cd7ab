"""Percent-encoding (RFC 3986 2.1), by `urllib.parse`, which is imported where there is something to encode or decode.

Most addresses have nothing; its import would be a twentieth of a small call.
"""

from __future__ import annotations

import re

__all__ = ["decoded", "encoded"]

_UNRESERVED = r"[A-Za-z0-9._~-]*"


def decoded(text: str) -> bytes:
    """The octets that a text stands for.

    >>> decoded("a%20b")
    b'a b'
    """
    if "%" not in text:
        return text.encode("utf-8")
    from urllib.parse import unquote_to_bytes

    return unquote_to_bytes(text)


def encoded(text: str) -> str:
    """A text fit for any part of a URL; octets that are no UTF-8 may stand in it as surrogates.

    >>> encoded("a b/ü")
    'a%20b%2F%C3%BC'
    """
    if re.fullmatch(_UNRESERVED, text):
        return text
    from urllib.parse import quote

    return quote(text, safe="", errors="surrogateescape")
