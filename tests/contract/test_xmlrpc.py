"""XML-RPC over the fake, in clear and under TLS, and over the standard library's server."""

from __future__ import annotations

import datetime as dt
import gc
import threading
import xmlrpc.client
from collections.abc import Callable, Iterator
from typing import Any
from xmlrpc.server import SimpleXMLRPCRequestHandler, SimpleXMLRPCServer

import pytest

import nettools
from nettools import (
    AuthError,
    DeadlineError,
    DisconnectedError,
    FaultError,
    NotFoundError,
    ProtocolError,
    RedirectError,
    TooLargeError,
    UsageError,
)
from nettools.protocols.xmlrpc import XMLRPCClient, session

Site = Any

NAIVE = dt.datetime.fromisoformat("2026-01-02T03:04:05")  # XML-RPC's moments have no zone


class Referee(SimpleXMLRPCServer):
    """xmlrpc.server's, with what the fake has."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), SimpleXMLRPCRequestHandler, False, True, use_builtin_types=True)
        self.register_introspection_functions()
        self.register_multicall_functions()
        self.register_function(lambda value: value, "echo")
        self.register_function(lambda first, second: first + second, "add")


@pytest.fixture(params=["plain", "implicit", "xmlrpc.server"])
def site(request: pytest.FixtureRequest, fake_site: Callable[..., Site], make_site: Any) -> Iterator[Site]:
    if request.param != "xmlrpc.server":
        yield fake_site("xmlrpc", request.param)
        return
    with Referee() as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield make_site(f"http://127.0.0.1:{server.server_address[1]}/RPC2", {"timeout": 20}, None, "xmlrpc.server")
        server.shutdown()
        thread.join()


@pytest.fixture
def plain(fake_site: Callable[..., Site]) -> Site:
    return fake_site("xmlrpc", "plain")


def answer(plain: Site, xml: bytes, kind: str = "text/xml") -> None:
    """Let the fake answer this."""
    head = f"HTTP/1.1 200 OK\r\nContent-Type: {kind}\r\nContent-Length: {len(xml)}\r\n\r\n".encode()
    plain.server.on("POST").garbage(head + xml)


@pytest.mark.parametrize(
    "value",
    [
        0, -(2**31), True, 1.5, -0.0, 1e300, "", "Grüße & <b>\n\t'\"", "\U0001f600", b"", b"\x00\xff" * 50, [],
        [1, "a", [b"x"]], {}, {"a": {"b": [1, 2]}, "": "empty name", "ü<": 1}, NAIVE, None,
    ],
)  # fmt: skip
def test_values_go_there_and_back(site: Site, value: object) -> None:
    answer = nettools.call_xmlrpc(site.url, "echo", value, **site.anonymous)
    assert answer == value
    assert type(answer) is type(value)


def test_line_ends_survive_xml(plain: Site) -> None:
    assert nettools.call_xmlrpc(plain.url, "echo", "a\r\nb\rc\n") == "a\r\nb\rc\n"


def test_integers_of_64_bits_are_i8(plain: Site) -> None:
    for number in (2**31, 2**63 - 1, -(2**63)):
        assert nettools.call_xmlrpc(plain.url, "echo", number) == number
    assert b"<i8>2147483648</i8>" in plain.server.log.client_bytes()


def test_a_moment_with_a_zone_is_sent_in_utc_and_one_that_comes_with_one_keeps_it(plain: Site) -> None:
    zone = dt.timezone(dt.timedelta(hours=2))
    sent = NAIVE.replace(tzinfo=zone)
    assert nettools.call_xmlrpc(plain.url, "echo", sent) == NAIVE.replace(hour=1)
    value = b"<dateTime.iso8601>2026-01-02T03:04:05+02:00</dateTime.iso8601>"
    answer(plain, b"<methodResponse><params><param><value>%b</value></param></params></methodResponse>" % value)
    assert nettools.call_xmlrpc(plain.url, "echo", 1) == sent


def test_a_fault_is_an_error_with_the_servers_own_code(site: Site) -> None:
    with pytest.raises(FaultError) as caught:
        nettools.call_xmlrpc(site.url, "no.such.method", **site.anonymous)
    error = caught.value
    assert isinstance(error.code, int)
    assert error.text
    assert error.value == {"faultCode": error.code, "faultString": error.text}
    assert (error.protocol, error.exit_code) == ("xmlrpc", 8)


def test_a_session_calls_by_attribute_over_one_connection(site: Site) -> None:
    session: Any = nettools.connect(site.url, **site.anonymous)
    with session:
        assert session.add(2, 3) == session.call("add", 2, 3) == 5
        assert {"add", "echo"} <= set(session.methods())
        assert session.system.listMethods() == list(session.methods())
        assert session.meta.round_trips >= 1
    if site.server is not None:
        assert site.server.log.connections == 1


def test_many_calls_travel_in_one_request_and_a_fault_does_not_stop_the_rest(site: Site) -> None:
    calls = [("add", 1, 2), ("no.such.method",), ("echo", ["x"])]
    total, fault, echo = nettools.multicall(site.url, calls, **site.anonymous)
    assert (total, echo) == (3, ["x"])
    assert isinstance(fault, FaultError)
    assert nettools.multicall(site.url, [], **site.anonymous) == ()
    if site.server is not None:
        assert site.server.log.connections == 1


def test_the_clients_class_is_the_standard_librarys(site: Site) -> None:
    session: Any = nettools.connect(site.url, **site.anonymous)
    with session:
        assert isinstance(session.raw, xmlrpc.client.ServerProxy)
        assert session.raw.add(1, 2) == 3
        with pytest.raises(xmlrpc.client.Fault):
            session.raw.nothing()
        batch = xmlrpc.client.MultiCall(session.raw)
        batch.add(1, 1)
        assert tuple(batch()) == (2,)
    if site.kind != "implicit":
        with XMLRPCClient(site.url, allow_none=True, use_builtin_types=True) as proxy:
            assert proxy.echo([None, b"x"]) == [None, b"x"]


def test_the_path_is_rpc2_where_the_url_has_none(plain: Site) -> None:
    assert nettools.call_xmlrpc(plain.url.removesuffix("/RPC2"), "add", 1, 2) == 3
    assert plain.server.log.commands()[0] == "POST /RPC2 HTTP/1.1"


def test_an_http_session_at_another_path_has_no_calls(plain: Site) -> None:
    with nettools.connect(plain.url.removesuffix("RPC2")) as session, pytest.raises(AttributeError):
        session.add(1, 2)  # type: ignore[attr-defined]
    with nettools.connect(plain.url) as session, pytest.raises(AttributeError):
        session._private  # noqa: B018


def test_credentials_are_http_ones(plain: Site) -> None:
    plain.server.protect("/RPC2", "digest")
    assert nettools.call_xmlrpc(plain.url, "add", 1, 2, auth=("alice", "secret")) == 3
    with pytest.raises(AuthError):
        nettools.call_xmlrpc(plain.url, "add", 1, 2)


def test_a_call_whose_answer_is_lost_is_never_sent_again(plain: Site) -> None:
    rule = plain.server.on("add").drop()
    with pytest.raises(DisconnectedError) as caught:
        nettools.call_xmlrpc(plain.url, "add", 1, 2, retry=5)
    assert caught.value.outcome_unknown
    assert rule.hits == 1
    plain.server.on("add").hang()
    with pytest.raises(DeadlineError) as late:
        nettools.call_xmlrpc(plain.url, "add", 1, 2, timeout=nettools.Timeout(idle=0.1))
    assert late.value.outcome_unknown


ONE = b"<methodResponse><params><param><value>%s</value></param></params></methodResponse>"


@pytest.mark.parametrize(
    ("xml", "error"),
    [
        (b"<html><p>login<br></html>", ProtocolError),
        (b"<html></html>", ProtocolError),
        (b"", ProtocolError),
        (b"\x00\xff", ProtocolError),
        (b"<methodResponse></methodResponse>", ProtocolError),
        (
            b"<methodResponse><params><param><value><int>x</int></value></param></params></methodResponse>",
            ProtocolError,
        ),
        (b"<methodResponse><fault><value><int>1</int></value></fault></methodResponse>", ProtocolError),
        (b'<!DOCTYPE a [<!ENTITY b "c">]><methodResponse/>', ProtocolError),
        (b"<methodResponse>" + b"<params>" * 1000, ProtocolError),
        (b"<methodResponse><params>" + b"<param><value/></param>" * 2 + b"</params></methodResponse>", ProtocolError),
        (b"<methodCall><methodName>x</methodName><params/></methodCall>", ProtocolError),
        (
            b"<methodResponse><params><param><value><base64>!!</base64></value></param></params></methodResponse>",
            ProtocolError,
        ),
        (ONE % b"<int>1_0</int>", ProtocolError),
    ],
)
def test_what_is_no_answer_is_a_typed_error(plain: Site, xml: bytes, error: type[Exception]) -> None:
    answer(plain, xml, "text/html")
    with pytest.raises(error):
        nettools.call_xmlrpc(plain.url, "echo", 1, timeout=20)


def test_an_answer_has_no_more_than_a_million_values(plain: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    assert session.MOST_VALUES == 1_000_000
    monkeypatch.setattr(session, "MOST_VALUES", 1000)
    answer(plain, b"<methodResponse><params>" + b"<value/>" * 1001)
    with pytest.raises(TooLargeError):
        nettools.call_xmlrpc(plain.url, "echo", 1)


def array(*values: bytes) -> bytes:
    inner = b"".join(b"<value>%b</value>" % value for value in values)
    array = b"<array><data>%b</data></array>" % inner
    return b"<methodResponse><params><param><value>%b</value></param></params></methodResponse>" % array


def test_an_answer_of_many_calls_has_as_many_answers(plain: Site) -> None:
    for xml in (array(), array(b"<int>1</int>"), array(b"<array><data></data></array>")):
        answer(plain, xml)
        with pytest.raises(ProtocolError):
            nettools.multicall(plain.url, [("add", 1, 2)])
    for odd in ([()], [3], ["add"]):
        with pytest.raises(UsageError):
            nettools.multicall(plain.url, odd)


def test_names_of_methods_are_text(plain: Site) -> None:
    session: Any = nettools.connect(plain.url)
    with session:
        assert "add" in repr(session.add)
        with pytest.raises(AttributeError):
            session.add.__wrapped__  # noqa: B018
        answer(plain, array(b"<int>1</int>"))
        with pytest.raises(ProtocolError):
            session.methods()


def test_dates_that_are_none_stay_text(plain: Site) -> None:
    value = b"<dateTime.iso8601>00000000T00:00:00</dateTime.iso8601>"
    answer(plain, array(value))
    assert nettools.call_xmlrpc(plain.url, "dates") == ["00000000T00:00:00"]
    session: Any = nettools.connect(plain.url)
    with session:
        assert isinstance(session.raw.dates()[0], xmlrpc.client.DateTime)
        assert isinstance(nettools.call_xmlrpc(plain.url, "x", xmlrpc.client.Binary(b"x")), list)


def test_the_error_names_what_came_instead(plain: Site) -> None:
    answer(plain, b"<html><p>login<br></html>", "text/html; charset=utf-8")
    with pytest.raises(ProtocolError, match="text/html; charset=utf-8"):
        nettools.call_xmlrpc(plain.url, "echo", 1)


def test_answers_are_bounded_by_max_size(plain: Site) -> None:
    with pytest.raises(TooLargeError):
        nettools.call_xmlrpc(plain.url, "echo", "x" * 2000, max_size=1000)


def test_a_status_is_an_http_error(plain: Site) -> None:
    with pytest.raises(NotFoundError):
        nettools.call_xmlrpc(plain.url.replace("RPC2", "none"), "add", 1, 2)


def test_a_call_is_not_turned_into_a_get(plain: Site) -> None:
    plain.server.route("/old", lambda request: (302, "elsewhere"))
    plain.server.on("POST", arg="/old").garbage(b"HTTP/1.1 302 Found\r\nLocation: /RPC2\r\nContent-Length: 0\r\n\r\n")
    with pytest.raises(RedirectError):
        nettools.call_xmlrpc(plain.url.replace("RPC2", "old"), "add", 1, 2)
    plain.server.on("POST", arg="/old").garbage(b"HTTP/1.1 308 Found\r\nLocation: /RPC2\r\nContent-Length: 0\r\n\r\n")
    assert nettools.call_xmlrpc(plain.url.replace("RPC2", "old"), "add", 1, 2) == 3


class Thing:
    """No value of XML-RPC's."""

    def __init__(self) -> None:
        self.password = "secret"


HOLDS_ITSELF: list[Any] = []
HOLDS_ITSELF.append(HOLDS_ITSELF)


@pytest.mark.parametrize(
    "value",
    [
        2**63, float("nan"), float("inf"), "\x00", "\x1b", "\ud800", {1: 2}, {"\x00": 1}, {1, 2}, object(), Thing(),
        HOLDS_ITSELF,
    ],
    ids=lambda value: type(value).__name__,
)  # fmt: skip
def test_what_xml_rpc_cannot_carry_is_refused_before_anything_is_sent(plain: Site, value: object) -> None:
    with pytest.raises(UsageError):
        nettools.call_xmlrpc(plain.url, "echo", value)
    assert plain.server.log.client_bytes() == b""


@pytest.mark.parametrize("name", ["", "a b", "a<b>", "a\r\nb", "ü", None, "a" + "\0"])
def test_a_method_has_a_name(plain: Site, name: Any) -> None:
    with pytest.raises(UsageError):
        nettools.call_xmlrpc(plain.url, name)
    with pytest.raises(UsageError):
        nettools.multicall(plain.url, [(name,)])


def test_the_fake_talks_with_the_standard_librarys_client(plain: Site) -> None:
    with xmlrpc.client.ServerProxy(plain.url, allow_none=True, use_builtin_types=True) as proxy:
        assert proxy.add(2, 3) == 5
        assert proxy.system.methodHelp("add") == "The sum of two numbers."
        value = [NAIVE, b"x", None, {"a": "b"}]
        assert proxy.echo(value) == value
        for call in (lambda: proxy.add("a", 1), lambda: proxy.add(1), lambda: proxy.none()):
            with pytest.raises(xmlrpc.client.Fault):
                call()


def test_a_session_whose_options_are_refused_calls_nothing_as_it_goes(monkeypatch: pytest.MonkeyPatch) -> None:
    ignored: list[object] = []
    monkeypatch.setattr("sys.unraisablehook", ignored.append)
    with pytest.raises(UsageError, match="has no STARTTLS"):
        nettools.connect("http://127.0.0.1:9/RPC2", tls="starttls")
    gc.collect()
    assert not ignored
