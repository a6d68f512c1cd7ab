"""The XML-RPC session: calls as POST requests of an HTTP session, with all that that brings.

A call is never repeated: whether the server acted on one whose answer was lost is not known. A redirect that would turn
it into a GET is refused. Faults are `FaultError`s.
"""

from __future__ import annotations

import xmlrpc.client
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from nettools.errors import FaultError, NettoolsError, ProtocolError, RedirectError, UsageError
from nettools.protocols.http.redirect import Request
from nettools.protocols.http.session import HTTPSession
from nettools.protocols.http.session import classify as classify_http
from nettools.protocols.xmlrpc.client import XMLRPCClient
from nettools.protocols.xmlrpc.codec import MOST_VALUES, marshal, method_name, unmarshal
from nettools.results import Page
from nettools.session import operation
from nettools.target import Target

if TYPE_CHECKING:
    from nettools.options import Options

__all__ = ["XMLRPCSession", "classify"]

PATH = "/RPC2"  # xmlrpc.client's, where a URL has none
HEADERS = {"Content-Type": "text/xml", "Accept": "text/xml, application/xml"}


def classify(error: Exception) -> NettoolsError | None:
    """A fault, or what HTTP knows."""
    if isinstance(error, xmlrpc.client.Fault):
        return fault_error(error.faultCode, error.faultString)
    return classify_http(error)


def fault_error(code: Any, text: Any) -> FaultError:
    """A fault in nettools' terms."""
    return FaultError(
        f"the server answered fault {code}: {text}",
        code=code if isinstance(code, (int, str)) else str(code),
        text=str(text),
        value={"faultCode": code, "faultString": text},
        reply=f"{code} {text}",
    )


class Method:
    """A remote method by its name, dots included: `session.system.listMethods()`."""

    def __init__(self, session: XMLRPCSession, name: str) -> None:
        self._session = session
        self._name = name

    def __getattr__(self, name: str) -> Method:
        if name.startswith("__"):
            raise AttributeError(name)
        return Method(self._session, f"{self._name}.{name}")

    def __call__(self, *args: Any) -> Any:
        return self._session.call(self._name, *args)

    def __repr__(self) -> str:
        return f"<XML-RPC method {self._name} of {self._session.url}>"


class XMLRPCSession(HTTPSession):
    """`connect("http://.../RPC2")`: `call multicall methods`, and remote methods as attributes.

    A remote method whose name is also one of the session's is called by `call("name")`.
    """

    def __init__(self, target: Target, options: Options) -> None:
        super().__init__(target if target.path else target._replace(path=PATH), options)
        self._client: XMLRPCClient | None = None

    def __getattr__(self, name: str) -> Method:
        if name.startswith("_"):
            raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}")
        return Method(self, name)

    @property
    def raw(self) -> XMLRPCClient:
        """xmlrpc.client's ServerProxy, over the connections of this session."""
        if self._client is None:
            self._client = XMLRPCClient(self.url, allow_none=True, post=self.post)
        return self._client

    @operation("call")
    def post(self, body: bytes) -> Page:
        """Send a call that is marshalled already, and give the answer as it came."""
        return self.fetch(None, method="POST", data=body, headers=HEADERS)

    def redirected(self, request: Request, status: int, location: str) -> Request:
        """As HTTP has it, but a call stays one."""
        if status not in (307, 308):
            raise RedirectError(
                f"a redirect ({status}) that would turn the call into a GET is not followed",
                code=status,
                hint="call the other URL if you trust it",
            )
        return super().redirected(request, status, location)

    @operation("call")
    def call(self, method: str, *args: Any) -> Any:
        """Call a remote method; see `call_xmlrpc`."""
        page = self.post(marshal(method, args))
        most = None if self.options.max_size is None else MOST_VALUES
        return unmarshal(page.content, kind=page.headers.get("Content-Type"), most=most, check=self._deadline.check)

    @operation("call")
    def multicall(self, calls: Iterable[tuple[Any, ...]]) -> tuple[Any, ...]:
        """Many calls in one request; see `nettools.multicall`."""
        batch = []
        if not isinstance(calls, Iterable):
            raise UsageError("calls are (method, *args) tuples")
        for each in calls:
            if not isinstance(each, (tuple, list)) or not each:
                raise UsageError("calls are (method, *args) tuples")
            batch.append({"methodName": method_name(each[0]), "params": list(each[1:])})
        if not batch:
            return ()
        answers = self.call("system.multicall", batch)
        if not isinstance(answers, list) or len(answers) != len(batch):
            raise ProtocolError(f"system.multicall of {len(batch)} calls has another number of answers")
        return tuple(_answer(each) for each in answers)

    @operation("call")
    def methods(self) -> tuple[str, ...]:
        """The names of the server's methods, by introspection (system.listMethods)."""
        names = self.call("system.listMethods")
        if not isinstance(names, list) or not all(isinstance(each, str) for each in names):
            raise ProtocolError("system.listMethods gives no names")
        return tuple(names)


def _answer(item: Any) -> Any:
    """One answer of a multicall: a list of one value, or a fault."""
    if isinstance(item, dict) and "faultCode" in item:
        return fault_error(item["faultCode"], item.get("faultString", ""))
    if isinstance(item, list) and len(item) == 1:
        return item[0]
    raise ProtocolError("an answer of system.multicall is neither a value nor a fault")
