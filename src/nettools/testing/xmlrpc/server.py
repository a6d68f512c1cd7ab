"""The XML-RPC fake: functions by name over the HTTP fake, with introspection and multicall.

    xmlrpc.register("mail.count", lambda user: 3)        xmlrpc.on("mail.count").delay(0.2)

`echo` and `add` are there to begin with; a function says no by raising `Fault(code, text)`. Rules name the HTTP method
(`POST`) or the method that is called. Fault codes are those that servers have agreed on
(https://xmlrpc-epi.sourceforge.net/specs/rfc.fault_codes.php).
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

from nettools.testing.connection import Connection
from nettools.testing.http.message import Request, Response
from nettools.testing.http.server import HTTPServer
from nettools.testing.world import World
from nettools.testing.xmlrpc.values import NotXMLRPC, fault_response, read_call, value_response

__all__ = ["Fault", "XMLRPCServer"]

NOT_WELL_FORMED, NO_METHOD, BAD_PARAMETERS, BROKEN = -32700, -32601, -32602, -32500


class Fault(Exception):  # noqa: N818  # the protocol's word
    """What a function raises to be answered with a fault."""

    def __init__(self, code: int, text: str) -> None:
        super().__init__(text)
        self.code = code
        self.text = text


class XMLRPCServer(HTTPServer):
    """A server of functions, at `/RPC2`."""

    protocol = "xmlrpc"

    def __init__(self, world: World | None = None, **options: Any) -> None:
        super().__init__(world, **options)
        self.functions: dict[str, Callable[..., Any]] = {}
        first: dict[str, Callable[..., Any]] = {
            "echo": _echo,
            "add": _add,
            "system.listMethods": self._methods,
            "system.methodHelp": self._help,
            "system.methodSignature": self._signature,
            "system.multicall": self._multicall,
        }
        for name, function in first.items():
            self.register(name, function)

    def register(self, name: str, function: Callable[..., Any]) -> None:
        """Let a function be called by this name; its first line of documentation is its help."""
        self.functions[name] = function

    def _url(self, scheme: str, port: int) -> str:
        return super()._url("https" if scheme == "https" else "http", port) + "/RPC2"

    # -- calls

    async def answer(self, conn: Connection, request: Request) -> Response | None:
        """A call, or what the HTTP fake has."""
        if request.path not in ("/RPC2", "/") or (request.path == "/" and request.method != "POST"):
            return await super().answer(conn, request)
        if request.method != "POST":
            return Response(405, b"calls are posted\n", {"Allow": "POST"})
        if (refusal := self._guarded(request)) is not None:
            return refusal
        try:
            method, arguments = read_call(request.body)
        except NotXMLRPC as error:
            return _xml(fault_response(NOT_WELL_FORMED, str(error)))
        if await self.intercept(conn, method, repr(arguments)):
            return None
        try:
            return _xml(value_response(self._call(method, arguments)))
        except Fault as fault:
            return _xml(fault_response(fault.code, fault.text))
        except (TypeError, RecursionError) as error:
            return _xml(fault_response(BROKEN, f"the result cannot be sent: {error}"))

    def _call(self, method: str, arguments: list[Any]) -> Any:
        function = self.functions.get(method)
        if function is None:
            raise Fault(NO_METHOD, f"there is no method {method!r}")
        try:
            inspect.signature(function).bind(*arguments)
        except TypeError as error:
            raise Fault(BAD_PARAMETERS, f"{method}: {error}") from error
        try:
            return function(*arguments)
        except Fault:
            raise
        except Exception as error:  # a function of the test's own: its caller is told, as by any server
            raise Fault(BROKEN, f"{type(error).__name__}: {error}") from error

    # -- introspection

    def _methods(self) -> list[str]:
        """The names of all methods."""
        return sorted(self.functions)

    def _help(self, name: str) -> str:
        """What a method does."""
        return (inspect.getdoc(self._function(name)) or "").partition("\n")[0]

    def _signature(self, name: str) -> Any:
        """The types of a method: they are not declared."""
        self._function(name)
        return "undef"

    def _function(self, name: str) -> Callable[..., Any]:
        if name not in self.functions:
            raise Fault(NO_METHOD, f"there is no method {name!r}")
        return self.functions[name]

    def _multicall(self, calls: list[Any]) -> list[Any]:
        """Many calls in one."""
        return [self._one_of_many(each) for each in calls]

    def _one_of_many(self, call: Any) -> Any:
        try:
            if not isinstance(call, dict) or not isinstance(call.get("params"), list):
                raise Fault(BAD_PARAMETERS, "a call is a struct of methodName and params")
            name = call.get("methodName")
            if name == "system.multicall":
                raise Fault(BAD_PARAMETERS, "a multicall in a multicall")
            return [self._call(str(name), call["params"])]
        except Fault as fault:
            return {"faultCode": fault.code, "faultString": fault.text}


def _xml(body: bytes) -> Response:
    return Response(200, body, {"Content-Type": "text/xml"})


def _echo(value: Any) -> Any:
    """What it is given."""
    return value


def _add(first: Any, second: Any) -> Any:
    """The sum of two numbers."""
    if any(isinstance(each, bool) or not isinstance(each, (int, float)) for each in (first, second)):
        raise Fault(BAD_PARAMETERS, "two numbers are added")
    return first + second
