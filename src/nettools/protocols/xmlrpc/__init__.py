"""XML-RPC: remote procedure calls as XML over HTTP, by xmlrpc.client over our HTTP session (https://xmlrpc.com/spec.md)."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from nettools.protocols.xmlrpc.client import XMLRPCClient
from nettools.protocols.xmlrpc.session import XMLRPCSession, classify
from nettools.session import Protocol, run

if TYPE_CHECKING:
    from typing import Unpack

    from nettools.keywords import HTTPKeywords

__all__ = ["PROTOCOL", "XMLRPCClient", "XMLRPCSession", "call_xmlrpc", "multicall"]

PROTOCOL = Protocol(name="xmlrpc", schemes=("http", "https"), session=XMLRPCSession, classify=classify)
XMLRPCSession.PROTOCOL = PROTOCOL


def call_xmlrpc(url: str, method: str, *args: Any, **opts: Unpack[HTTPKeywords]) -> Any:
    """Call a remote method, and give its value.

    Values: None, bool, int of 64 bits, float, str, bytes, datetime (without zone; one with a zone is sent in UTC), list
    and dict with str keys. The path is /RPC2 where the URL has none.

    >>> call_xmlrpc(xmlrpc.url, "add", 2, 3)
    5

    Raises:
        FaultError: the server's own, with `code`, `text` and `value`. UsageError: XML-RPC cannot carry an argument.
        DisconnectedError, DeadlineError: with `outcome_unknown`; a call is never sent twice.
        ProtocolError: the answer is no XML-RPC, or has a DTD, or is too deep.
    """
    return run(PROTOCOL, url, lambda session: session.call(method, *args), opts)


def multicall(url: str, calls: Iterable[tuple[Any, ...]], **opts: Unpack[HTTPKeywords]) -> tuple[Any, ...]:
    """Call many remote methods in one request (system.multicall).

    Their values in order; one that failed has a FaultError in its place, which does not stop the rest.

    >>> multicall(xmlrpc.url, [("add", 1, 2), ("echo", "text")])
    (3, 'text')
    """
    return run(PROTOCOL, url, lambda session: session.multicall(calls), opts)
