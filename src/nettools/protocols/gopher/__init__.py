"""Gopher: `gopher_get`, `gopher_list`, `gopher_search`, and the session behind them (RFC 1436, RFC 4266)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from nettools.errors import NettoolsError
from nettools.protocols.gopher.client import GopherClient
from nettools.protocols.gopher.session import GopherSession
from nettools.results import GopherItem, Transfer
from nettools.session import Protocol, run

if TYPE_CHECKING:
    import os
    from typing import BinaryIO, Unpack

    from nettools.keywords import Keywords

__all__ = ["PROTOCOL", "GopherClient", "GopherSession", "gopher_get", "gopher_list", "gopher_search"]


def classify(error: Exception) -> NettoolsError | None:
    """No module is wrapped: there is nothing to translate."""
    del error
    return None


PROTOCOL = Protocol(name="gopher", schemes=("gopher", "gophers"), session=GopherSession, classify=classify)
GopherSession.PROTOCOL = PROTOCOL


def gopher_get(
    url: str,
    dest: str | os.PathLike[str] | BinaryIO | None = None,
    *,
    raw: bool = False,
    checksum: str | None = None,
    **opts: Unpack[Keywords],
) -> Transfer:
    """Fetch a text or file into a path (replaced atomically), a folder, a binary file, or, with None, into `.data`.

    Args:
        raw: exactly the octets that came: final dot, doubled dots and errors included.
        checksum: `"sha256:..."`; another content is a ChecksumError and leaves no file.

    >>> gopher_get(f"{gopher.url}/0/pub/hello.txt").data
    b'Hello, world.\\n'

    Raises:
        NotFoundError, DeniedError, ReplyError: the answer is an error item (type 3), told apart by its words.
        IncompleteError: TLS was cut. TooLargeError: more than `max_size`.
    """
    return run(PROTOCOL, url, lambda session: session.get(None, dest, raw=raw, checksum=checksum), opts)


def gopher_list(url: str, **opts: Unpack[Keywords]) -> tuple[GopherItem, ...]:
    """The items of a menu, in order, information lines (`i`) and errors (`3`) among them.

    >>> [(item.kind, item.title) for item in gopher_list(f"{gopher.url}/1/pub/sub")]
    [('0', 'deep.txt'), ('0', 'with space.txt')]

    Raises:
        NotFoundError, DeniedError, ReplyError: the menu is nothing but an error. ProtocolError: it is no menu.
    """
    return run(PROTOCOL, url, lambda session: session.list(), opts)


def gopher_search(url: str, words: str, **opts: Unpack[Keywords]) -> tuple[GopherItem, ...]:
    """The menu that a search gives; the URL is that of an item of type 7.

    >>> [item.selector for item in gopher_search(f"{gopher.url}/7/_search", "further down")]
    ['/pub/sub/deep.txt']

    Raises:
        UsageError: the words have a TAB, CR, LF or NUL in them. Others as `gopher_list`.
    """
    return run(PROTOCOL, url, lambda session: session.search(None, words), opts)
