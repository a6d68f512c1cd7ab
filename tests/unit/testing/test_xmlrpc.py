"""The XML-RPC fake: functions, faults and nonsense, asked in octets."""

from __future__ import annotations

import http.client
import xmlrpc.client
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from nettools.testing.xmlrpc import Fault, XMLRPCServer


@pytest.fixture
def server() -> Iterator[XMLRPCServer]:
    with XMLRPCServer() as running:
        yield running


@pytest.fixture
def proxy(server: XMLRPCServer) -> Iterator[Any]:
    with xmlrpc.client.ServerProxy(server.url, allow_none=True, use_builtin_types=True) as client:
        yield client


@pytest.fixture
def post(server: XMLRPCServer) -> Callable[..., tuple[int, bytes]]:
    def send(body: bytes, path: str = "/RPC2", method: str = "POST") -> tuple[int, bytes]:
        connection = http.client.HTTPConnection(server.host, server.port, timeout=10)
        connection.request(method, path, body)
        response = connection.getresponse()
        answer = response.status, response.read()
        connection.close()
        return answer

    return send


def code(call: Callable[[], object]) -> int:
    with pytest.raises(xmlrpc.client.Fault) as caught:
        call()
    return int(caught.value.faultCode)


def test_functions_are_called_by_their_name(server: XMLRPCServer, proxy: Any) -> None:
    def refuse(user: str) -> None:
        raise Fault(7, f"not for {user}")

    server.register("mail.count", lambda user, folder="INBOX": len(user + folder))
    server.register("refuse", refuse)
    server.register("broken", lambda: 1 // 0)
    server.register("odd", object)
    assert proxy.mail.count("me") == 7
    assert code(lambda: proxy.refuse("me")) == 7
    assert (code(proxy.broken), code(proxy.odd)) == (-32500, -32500)
    assert (code(proxy.none), code(lambda: proxy.add(1)), code(lambda: proxy.add(True, "x"))) == (
        -32601,
        -32602,
        -32602,
    )


def test_introspection_and_many_calls_in_one(proxy: Any) -> None:
    assert set(proxy.system.listMethods()) >= {"add", "echo", "system.multicall"}
    assert proxy.system.methodSignature("add") == "undef"
    assert code(lambda: proxy.system.methodHelp("none")) == -32601
    calls = [{"methodName": "add", "params": [1, 2]}, {"methodName": "system.multicall", "params": []}, 3]
    good, nested, odd = proxy.system.multicall(calls)
    assert (good, nested["faultCode"], odd["faultCode"]) == ([3], -32602, -32602)


VALUE = b"<methodCall><methodName>echo</methodName><params><param>%b</param></params></methodCall>"


@pytest.mark.parametrize(
    "body",
    [
        b"", b"no XML", b"<methodCall/>", b"<a><methodName>echo</methodName></a>",
        b'<!DOCTYPE a [<!ENTITY b "c">]><methodCall><methodName>echo</methodName></methodCall>',
        VALUE % b"", VALUE % b"<value><int>x</int></value>", VALUE % b"<value><boolean>2</boolean></value>",
        VALUE % b"<value><odd/></value>", VALUE % b"<value><int>1</int><int>2</int></value>", VALUE % b"<int>1</int>",
        VALUE % (b"<value><array><data>" * 150 + b"</data></array></value>" * 150),
        VALUE % b"<value><base64>!</base64></value>",
        VALUE % b"<value><struct><member></member></struct></value>", VALUE % b"<value><int>1_0</int></value>",
        VALUE % (b"<value><i4>" + b"9" * 5000 + b"</i4></value>"), VALUE % b"<value><double>nan</double></value>",
    ],
)  # fmt: skip
def test_what_is_no_call_is_a_fault(post: Callable[..., tuple[int, bytes]], body: bytes) -> None:
    status, answer = post(body)
    assert status == 200
    assert b"<name>faultCode</name><value><i4>-32700</i4>" in answer


def test_values_are_as_the_specification_has_them(post: Callable[..., tuple[int, bytes]]) -> None:
    for value in (b"<value>text</value>", b"<value><string>text</string></value>"):
        assert b"<value><string>text</string></value>" in post(VALUE % value)[1]
    for value in (
        b"<value><i8>2147483648</i8></value>",
        b"<value><nil/></value>",
        b"<value><double>1.5</double></value>",
    ):
        assert value in post(VALUE % value)[1]


def test_calls_are_posted_to_one_path(post: Callable[..., tuple[int, bytes]], server: XMLRPCServer) -> None:
    assert post(b"", method="GET")[0] == 405
    assert post(b"", "/pub/hello.txt", "GET") == (200, b"Hello, world.\n")
    assert b"-32700" in post(b"", "/")[1]
    server.protect("/RPC2")
    assert post(b"")[0] == 401
    assert server.url.endswith("/RPC2")


def test_rules_name_the_method_that_is_called(server: XMLRPCServer, proxy: Any) -> None:
    server.on("add").reply("503 Busy", times=1)
    with pytest.raises(xmlrpc.client.ProtocolError):
        proxy.add(1, 2)
    assert proxy.add(1, 2) == 3
