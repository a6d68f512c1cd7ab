"""What Gopher menus, Telnet dialogues and raw sockets give."""

from __future__ import annotations

from nettools.frozen import field
from nettools.results.base import Result

__all__ = ["Dialogue", "Exchange", "GopherItem"]


class GopherItem(Result):
    """One line of a menu (RFC 1436); `kind` is the type character, `url` None for kinds i and 3."""

    kind: str
    title: str
    selector: str
    host: str
    port: int | None
    url: str | None


class Dialogue(Result):
    """A Telnet dialogue: everything received as text and as bytes, and what each step received."""

    text: str
    data: bytes = field(repr=False)
    steps: tuple[str, ...] = ()


class Exchange(Result):
    """An answer over a raw socket, and the address it came from."""

    data: bytes
    peer: str | None
