"""A string that does not show, and the forms in which it might.

The lowest of all: an address may hold a secret, so this knows nothing of addresses, nor of where secrets are found.
"""

from __future__ import annotations

import base64

from nettools.errors import UsageError

__all__ = ["Secret", "secret_forms"]


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
        return "***"

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
