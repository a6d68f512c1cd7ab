"""Which protocol a URL means, and a session with it."""

from __future__ import annotations

import importlib
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, TypeVar, overload

from nettools.session import Protocol, Session, open_session
from nettools.target import parse_url

if TYPE_CHECKING:
    from typing import Unpack

    from nettools.keywords import AnyKeywords

    class AnySession(Session):
        """What `connect` gives where no `kind` is named, for type checkers: its URL says which operations it has."""

        def __getattr__(self, name: str) -> Any: ...


S = TypeVar("S", bound=Session)

__all__ = ["connect", "protocol_for", "protocol_named"]

XMLRPC_PATHS = ("rpc2", "xmlrpc", "xmlrpc.php")  # last part of a path, in lower case, behind which calls are answered


def protocol_named(name: str) -> Protocol[Any]:
    """The record of a protocol, its module imported now."""
    if name in ("tcp", "udp", "unix"):  # one module for the three
        sockets: dict[str, Protocol[Any]] = importlib.import_module("nettools.protocols.sock").PROTOCOLS
        return sockets[name]
    module = importlib.import_module(f"nettools.protocols.{name}")
    protocol: Protocol[Any] = module.PROTOCOL
    return protocol


def protocol_for(url: str, schemes: Iterable[str] | None = None) -> Protocol[Any]:
    """The record of the protocol that a URL names.

    Raises:
        UsageError: exit code 3; no URL, an unknown scheme, or one that is not among `schemes`.
    """
    return protocol_named(parse_url(url, None if schemes is None else tuple(schemes)).protocol)


def _conversation(url: str, kind: type[Session] | None) -> Protocol[Any]:
    """The protocol of a session: XML-RPC where it is asked for or HTTP servers have it, else as the scheme says."""
    target = parse_url(url)
    calls = target.protocol == "http" and target.path.rpartition("/")[2].lower() in XMLRPC_PATHS
    asked = getattr(getattr(kind, "PROTOCOL", None), "name", None)
    return protocol_named("xmlrpc" if calls or (target.protocol, asked) == ("http", "xmlrpc") else target.protocol)


@overload
def connect(url: str, *, kind: None = None, **opts: Unpack[AnyKeywords]) -> AnySession: ...
@overload
def connect(url: str, *, kind: type[S], **opts: Unpack[AnyKeywords]) -> S: ...
def connect(url: str, *, kind: type[Session] | None = None, **opts: Unpack[AnyKeywords]) -> Session:
    """A session with any server: connected, secured, logged in, ready for many operations over one connection.

    Its methods are the functions' names without protocol and noun: `ftp_get(url)` is `connect(url).get(path)`. Leaving
    its context says goodbye; after an exception it just closes. A URL of HTTP whose path ends in `/RPC2`, `/xmlrpc` or
    `/xmlrpc.php` gives an XML-RPC session, with the remote methods as attributes, which is an HTTP session too.

    Args:
        kind: the class that is expected, such as `nettools.IMAPSession`: type checkers and editors then know its
            methods, and another one is a UsageError. `XMLRPCSession` makes one of HTTP at any path.

    >>> with connect(imap.url, auth=alice) as mail:
    ...     [folder.name for folder in mail.folders()][:2]
    ['INBOX', 'Archive']

    Raises:
        NettoolsError: as every function does; ConnectError and its kin, AuthError.
    """
    session: Session = open_session(_conversation(url, kind), url, opts, kind)
    return session
