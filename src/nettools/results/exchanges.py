"""What Gopher menus, Telnet dialogues and raw sockets give."""

from __future__ import annotations

from dataclasses import dataclass, field

from nettools.results.base import Result

__all__ = ["Dialogue", "Exchange", "GopherItem"]


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class GopherItem(Result):
    """One line of a menu (RFC 1436); `kind` is the type character, `url` None for kinds i and 3."""

    kind: str
    title: str
    selector: str
    host: str
    port: int | None
    url: str | None


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Dialogue(Result):
    """A Telnet dialogue: everything received as text and as bytes, and what each step received."""

    text: str
    data: bytes = field(repr=False)
    steps: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Exchange(Result):
    """An answer over a raw socket, and the address it came from."""

    data: bytes
    peer: str | None
