"""Raw sockets over the fakes, TLS, socat, and the server and client that everybody writes first, in both directions."""

from __future__ import annotations

import errno
import re
import shutil
import socket
import subprocess
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from pytest_socket import socket_allow_hosts

import nettools
from nettools import (
    TLS,
    ConnectError,
    DeadlineError,
    DisconnectedError,
    Event,
    IncompleteError,
    Timeout,
    TLSError,
    TooLargeError,
    UnsupportedError,
    UsageError,
    exchange,
    listen,
)
from nettools.wire.guard import WireSocket

STREAMS = ["tcp", "tls", "unix", "socat"]


class Echo:
    """A server that sends back what comes, and how to reach it."""

    def __init__(self, url: str, **options: Any) -> None:
        self.url = url
        self.options = {"timeout": 20, **options}

    def __call__(self, data: bytes | str, **more: Any) -> nettools.Exchange:
        return exchange(self.url, data, **{**self.options, **more})


@pytest.fixture
def socat(tmp_path: Path) -> Iterator[str]:
    """socat as an echo server on a Unix socket: nobody here wrote it."""
    if shutil.which("socat") is None:
        pytest.skip("socat is not installed")
    path = tmp_path / "s"
    with subprocess.Popen(["socat", f"UNIX-LISTEN:{path},fork", "EXEC:cat"]) as process:
        with socket.socket(socket.AF_UNIX) as probe:
            while probe.connect_ex(str(path)):  # no name yet, or nobody listens there yet
                assert process.poll() is None
        yield f"unix://{path}"
        process.terminate()


@pytest.fixture(params=STREAMS)
def stream(request: pytest.FixtureRequest, net_servers: Callable[..., Any], tls_ca: Path) -> Echo:
    if request.param == "socat":
        return Echo(request.getfixturevalue("socat"))
    server = net_servers("unix" if request.param == "unix" else "tcp")
    return Echo(server.tls_url, tls=TLS(ca=tls_ca)) if request.param == "tls" else Echo(server.url)


def test_an_answer_ends_where_it_is_said_to_end(stream: Echo) -> None:
    assert stream(b"one\r\ntwo\r\n", until=b"\r\n").data == b"one\r\n"
    assert stream("Grüße", until=7).data == "Grüße".encode()
    assert stream(b"a1b22c", until=re.compile(rb"\d\d")).data == b"a1b22"
    with nettools.connect(stream.url, **stream.options) as session:
        session.exchange(b"x", until=1)  # it is there, and has started what it has to
        assert session.exchange(b"some", until=0.1).data == b"some"
    assert stream(b"", until=0).data == b""


def test_a_session_keeps_what_came_behind_an_answer(stream: Echo) -> None:
    with nettools.connect(stream.url, **stream.options) as session:
        assert session.exchange(b"one\ntwo\nthr", until=b"\n").data == b"one\n"
        assert session.receive(until=b"\n").data == b"two\n"
        session.send(b"ee\n")
        assert session.receive(until=b"\n").data == b"three\n"
        session.ping()


@pytest.mark.parametrize("stream", [kind for kind in STREAMS if kind != "tls"], indirect=True)  # TLS has no half-close
def test_without_an_end_the_peer_ends_the_answer_after_a_half_close(stream: Echo) -> None:
    data = b"0123456789abcdef" * 200_000  # more than any buffer: both directions have to move at once
    assert stream(data, max_size=None).data == data
    assert stream(b"").data == b""


def test_much_goes_both_ways_at_once(stream: Echo) -> None:
    data = bytes(range(256)) * 12_000
    assert stream(data, until=len(data)).data == data


def test_a_result_says_how_it_came_about(tcp_echo: Any) -> None:
    result = exchange(tcp_echo.url, b"PING\n", until=b"\n")
    assert result.peer == f"127.0.0.1:{tcp_echo.port}"
    assert (result.meta.bytes_sent, result.meta.bytes_received, result.meta.round_trips) == (5, 5, 1)
    assert {"resolve", "connect", "first_byte", "total"} == set(result.meta.timings)
    assert result.to_dict()["size"] == 5
    assert tcp_echo.log.client_bytes() == b"PING\n"


@pytest.mark.parametrize("kind", ["tcp_echo", "unix_echo"])
def test_the_end_before_the_answer_is_whole_is_incomplete(request: pytest.FixtureRequest, kind: str) -> None:
    server = request.getfixturevalue(kind)
    server.on("DATA").garbage(b"par", close=True)
    with pytest.raises(IncompleteError) as caught:
        exchange(server.url, b"x", until=10)
    assert (caught.value.received, caught.value.expected, caught.value.exit_code) == (3, 10, 18)
    with pytest.raises(IncompleteError):
        exchange(server.url, b"x", until=b"\n")


def test_a_connection_that_is_reset_has_an_unknown_outcome_and_is_not_made_again(tcp_echo: Any) -> None:
    tcp_echo.on("DATA").reset()
    with pytest.raises(DisconnectedError) as caught:
        exchange(tcp_echo.url, b"x", until=b"\n", retry=3)
    assert caught.value.outcome_unknown
    assert tcp_echo.log.connections == 1


def test_silence_and_slowness_end_in_time(tcp_echo: Any) -> None:
    tcp_echo.on("DATA").hang()
    with pytest.raises(DeadlineError) as caught:
        exchange(tcp_echo.url, b"x", timeout=Timeout(idle=0.05))
    assert caught.value.kind == "idle"
    with pytest.raises(DeadlineError) as caught:
        exchange(tcp_echo.url, b"x" * 50_000_000, timeout=0.3)
    assert caught.value.kind == "total"


def test_an_answer_without_bounds_is_refused_and_a_known_size_before_it_is_asked(tcp_echo: Any) -> None:
    with pytest.raises(TooLargeError, match="max_size=10"):
        exchange(tcp_echo.url, b"x" * 11, max_size=10)
    tcp_echo.log.clear()
    with pytest.raises(TooLargeError):
        exchange(tcp_echo.url, b"x", until=11, max_size=10)
    assert tcp_echo.log.client_bytes() == b""
    assert exchange(tcp_echo.url, b"x" * 11, until=3, max_size=10).data == b"xxx"


def test_a_peer_that_answers_without_listening_is_heard_and_that_is_said() -> None:
    def curt(connection: Any) -> None:
        connection.send(b"no")

    with listen("tcp://127.0.0.1:0", curt) as server:
        result = exchange(server.url, b"x" * 30_000_000)
    assert result.data == b"no"
    assert "without taking the last" in result.meta.warnings[0]


def test_a_session_goes_on_with_a_new_connection_after_the_peer_closed(tcp_echo: Any) -> None:
    with nettools.connect(tcp_echo.url) as session:
        assert [session.exchange(b"a").data, session.exchange(b"b").data] == [b"a", b"b"]
    assert tcp_echo.log.connections == 2


def test_a_ping_notices_that_the_peer_has_closed(tcp_echo: Any) -> None:
    tcp_echo.on("DATA").garbage(b"x", close=True)
    with nettools.connect(tcp_echo.url) as session:
        session.exchange(b"q", until=1)
        assert session.raw.ready(5)
        with pytest.raises(DisconnectedError):
            session.ping()


def test_the_certificate_is_verified_and_plain_text_is_noticed(net_servers: Any, tls_ca: Path) -> None:
    with pytest.raises(nettools.CertificateError):
        exchange(net_servers("tcp", certificate="wrong_host").tls_url, b"x", until=1, tls=TLS(ca=tls_ca))
    plain = net_servers("pop3")
    with pytest.raises(TLSError, match="plain text"):
        exchange(plain.url.replace("pop3", "tls"), b"x", until=1)
    result = exchange(net_servers("tcp").tls_url, b"x", until=1, tls=TLS(ca=tls_ca))
    assert result.meta.tls is not None


# -- datagrams


@pytest.fixture(params=["udp", "unix"])
def datagram(request: pytest.FixtureRequest, net_servers: Callable[..., Any], tmp_path: Path) -> Iterator[Echo]:
    if request.param == "udp":
        yield Echo(net_servers("udp").url)
        return
    # one at a time: answers of handlers side by side may overtake each other
    with listen(f"unix://{tmp_path}/d", lambda data, peer: data, datagram=True, max_connections=1) as server:
        yield Echo(server.url)


def test_a_datagram_is_answered_by_one(datagram: Echo) -> None:
    assert datagram(b"hello").data == b"hello"
    assert datagram(b"").data == b""
    assert datagram(b"x" * 60_000).data == b"x" * 60_000


def test_a_session_sends_and_receives_datagrams(datagram: Echo) -> None:
    with nettools.connect(datagram.url) as session:
        session.send(b"one")
        session.send(b"two")
        assert [session.receive().data, session.receive().data] == [b"one", b"two"]
        session.send(b"a")
        session.send(b"b\n")
        assert session.receive(until=b"\n").data == b"ab\n"
        session.ping()


def test_only_the_peer_that_was_asked_is_heard() -> None:
    with (
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asked,
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as other,
    ):
        asked.bind(("127.0.0.1", 0))

        def answer() -> None:
            _, client = asked.recvfrom(100)
            other.sendto(b"forged", client)
            asked.sendto(b"genuine", client)

        thread = threading.Thread(target=answer)
        thread.start()
        assert exchange(f"udp://127.0.0.1:{asked.getsockname()[1]}", b"?").data == b"genuine"
        thread.join()


def test_a_datagram_that_cannot_be_is_refused_with_its_limit(udp_echo: Any, datagram: Echo) -> None:
    with pytest.raises(TooLargeError, match="65507"):
        exchange(udp_echo.url, b"x" * 70_000)
    with pytest.raises(TooLargeError):
        datagram(b"x" * 10_000_000)
    with pytest.raises(TooLargeError):
        datagram(b"x" * 11, max_size=10)
    assert udp_echo.log.client_bytes() == b""


def test_a_refused_datagram_goes_to_the_next_address_and_is_an_error_at_last(udp_echo: Any) -> None:
    port = udp_echo.port
    found = exchange(f"udp://h.example:{port}", b"x", resolve={("h.example", port): ["::1", "127.0.0.1"]})
    assert found.peer == f"127.0.0.1:{port}"
    with pytest.raises(ConnectError, match="nothing listens"):
        exchange("udp://127.0.0.1:1", b"x")


def test_the_limits_of_time_hold_for_datagrams_and_the_trace_sees_them(udp_echo: Any) -> None:
    udp_echo.on("DATAGRAM", arg="hang").hang()
    udp_echo.on("DATAGRAM", arg="PING").garbage(b"PONG")
    events: list[Event] = []
    assert exchange(udp_echo.url, b"PING", on_event=events.append).data == b"PONG"
    assert [event.bytes for event in events if event.kind in ("send", "receive")] == [b"PING", b"PONG"]
    with pytest.raises(DeadlineError) as caught:
        exchange(udp_echo.url, b"hang", timeout=0.05)
    assert caught.value.kind == "total"


def test_a_broadcast_may_be_answered_by_anybody() -> None:
    socket_allow_hosts(["127.0.0.1", "127.255.255.255"])  # of this machine alone, too
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as server:
        server.bind(("", 0))
        port = server.getsockname()[1]

        def answer() -> None:
            data, client = server.recvfrom(100)
            server.sendto(data.upper(), client)

        thread = threading.Thread(target=answer)
        thread.start()
        found = exchange(f"udp://127.255.255.255:{port}", b"who?", source_address="127.0.0.1")
        thread.join()
    assert (found.data, found.peer) == (b"WHO?", f"127.0.0.1:{port}")


def test_udp_does_not_go_through_a_proxy(udp_echo: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(UnsupportedError) as caught:
        exchange(udp_echo.url, b"x", proxy="socks5://127.0.0.1:1")
    assert caught.value.side == "nettools"
    monkeypatch.setenv("ALL_PROXY", "socks5://127.0.0.1:1")
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    assert exchange(udp_echo.url, b"x").data == b"x"


def test_a_path_leads_to_the_kind_of_socket_that_listens_there(unix_echo: Any) -> None:
    with pytest.raises(ConnectError, match="wrong type"):
        exchange(unix_echo.url, b"x", datagram=True)
    with pytest.raises(UnsupportedError):
        exchange(unix_echo.url, b"x", proxy="socks5://127.0.0.1:1")
    with pytest.raises(UsageError, match="107"):
        exchange("unix:///" + "a" * 300, b"x")
    with pytest.raises(ConnectError, match="no such file"):
        exchange("unix:///nowhere/at/all", b"x")


@pytest.mark.parametrize(
    ("url", "options"),
    [
        ("tcp://h:1", {"auth": ("a", "b")}),
        ("tcp://h:1", {"tls": True}),
        ("tls://h:1", {"tls": "off"}),
        ("udp://h:1", {"tls": "implicit"}),
        ("tcp://:1", {}),
        ("tcp://h:0", {}),
        ("tcp://h:1", {"until": r"text"[:0]}),
        ("tcp://h:1", {"until": re.compile("text")}),
        ("tcp://h:1", {"until": True}),
        ("tcp://h:1", {"until": -1}),
        ("http://h/", {}),
        ("tcp://h:1", {"datagram": True}),
    ],
)
def test_what_makes_no_sense_is_refused_before_anything_is_sent(url: str, options: dict[str, Any]) -> None:
    with pytest.raises(UsageError):
        exchange(url, b"x", resolve={("h", 1): ["127.0.0.1"]}, **options)


def test_data_is_octets_or_text() -> None:
    with pytest.raises(UsageError):
        exchange("tcp://127.0.0.1:1", 7)  # type: ignore[arg-type]


def test_text_that_an_encoding_has_not_is_an_error_of_ours_for_a_handler_too() -> None:
    with listen("tcp://127.0.0.1:0", lambda client: client.send("ü"), encoding="ascii") as server:
        assert exchange(server.url, b"").data == b""
        (error,) = server.errors
    assert isinstance(error, UsageError)


# -- listening


def test_the_server_that_everybody_writes_first_is_understood() -> None:
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        server.listen(5)

        def serve() -> None:
            client, _ = server.accept()
            client.send(b"Thank you for connecting")
            client.close()

        thread = threading.Thread(target=serve)
        thread.start()
        assert exchange(f"tcp://127.0.0.1:{server.getsockname()[1]}", b"").data == b"Thank you for connecting"
        thread.join()


def test_the_client_that_everybody_writes_first_is_answered() -> None:
    with (
        listen("tcp://127.0.0.1:0", lambda connection: connection.send("Thank you for connecting")) as server,
        socket.socket() as client,
    ):
        client.connect(server.address)
        assert client.recv(1024) == b"Thank you for connecting"
        assert client.recv(1024) == b""


def echo(connection: Any) -> None:
    while data := connection.recv():
        connection.sendall(data)


@pytest.fixture
def certificate(tmp_path: Path) -> dict[str, Any]:
    import trustme

    authority = trustme.CA()
    authority.cert_pem.write_to_path(str(tmp_path / "ca.pem"))
    authority.issue_cert("127.0.0.1").private_key_and_cert_chain_pem.write_to_path(str(tmp_path / "server.pem"))
    authority.issue_cert("me@x").private_key_and_cert_chain_pem.write_to_path(str(tmp_path / "client.pem"))
    return {name: tmp_path / f"{name}.pem" for name in ("ca", "server", "client")}


def test_a_tls_server_shows_its_certificate_and_may_ask_for_the_clients(certificate: dict[str, Any]) -> None:
    own, ca = certificate["server"], certificate["ca"]
    with listen("tls://127.0.0.1:0", lambda c: c.send(c.receive(until=3).data), tls=TLS(cert=own)) as server:
        assert exchange(server.url, b"abc", tls=TLS(ca=ca)).data == b"abc"
        with pytest.raises(nettools.CertificateError):
            exchange(server.url, b"abc")
    asked: list[Any] = []
    with listen("tls://127.0.0.1:0", lambda c: asked.append(c.tls), tls=TLS(cert=own, ca=ca)) as server:
        exchange(server.url, b"", tls=TLS(ca=ca, cert=certificate["client"]))
        assert asked[0].version == "TLSv1.3"
        with pytest.raises(nettools.NettoolsError):
            exchange(server.url, b"", tls=TLS(ca=ca))
    with pytest.raises(UsageError, match="certificate"):
        listen("tls://127.0.0.1:0", echo)


def test_a_handler_that_fails_ends_its_own_connection_and_is_reported(caplog: pytest.LogCaptureFixture) -> None:
    def handler(connection: Any) -> None:
        if connection.receive(until=1).data == b"x":
            raise LookupError("odd")
        connection.send(b"fine")

    with listen("tcp://127.0.0.1:0", handler) as server:
        assert exchange(server.url, b"x").data == b""
        assert exchange(server.url, b"y").data == b"fine"
        assert [type(error) for error in server.errors] == [LookupError]
    assert "the handler failed for 127.0.0.1" in caplog.text

    def picky(data: bytes, peer: str) -> bytes | None:
        return None if data == b"ignore" else data[:1] * (1 // (data != b"fail"))

    with listen("udp://127.0.0.1:0", picky) as server:
        with nettools.connect(server.url) as session:
            for each in (b"fail", b"ignore", b"good"):
                session.send(each)
            assert session.receive().data == b"g"
        assert [type(error) for error in server.errors] == [ZeroDivisionError]


def test_a_handler_that_answers_with_a_number_sends_nothing_and_is_told() -> None:
    with (
        listen("udp://127.0.0.1:0", lambda data, peer: len(data) if data == b"a number" else data) as server,
        nettools.connect(server.url) as session,
    ):
        session.send(b"a number")
        assert session.exchange(b"octets").data == b"octets"
    assert [str(error) for error in server.errors] == ["data is bytes or str, not int"]


def test_no_more_connections_are_handled_at_once_than_were_allowed() -> None:
    begun, go = threading.Semaphore(0), threading.Event()

    def handler(connection: Any) -> None:
        begun.release()
        go.wait(10)

    with listen("tcp://127.0.0.1:0", handler, max_connections=2) as server:
        clients = [nettools.connect(server.url) for _ in range(5)]
        assert [begun.acquire(timeout=10) for _ in range(2)] == [True, True]
        assert not begun.acquire(timeout=0.1)
        go.set()
        for client in clients:
            with client:
                assert client.receive().data == b""  # type: ignore[attr-defined]
    assert [begun.acquire(timeout=10) for _ in range(3)] == [True] * 3


def test_close_ends_what_is_open_and_whoever_serves_for_ever() -> None:
    started = threading.Event()

    def handler(connection: Any) -> None:
        started.set()
        connection.receive()

    server = listen("tcp://127.0.0.1:0", handler)
    serving = threading.Thread(target=server.serve_forever)
    serving.start()
    with nettools.connect(server.url) as client:
        assert started.wait(5)
        server.close()
        server.close()
        assert client.receive().data == b""
    serving.join(5)
    assert not serving.is_alive()
    assert not [thread for thread in threading.enumerate() if thread.name in ("nettools-listen", "nettools-handler")]
    with pytest.raises(ConnectError):
        exchange(server.url, b"x")


def test_a_path_is_replaced_only_when_nobody_listens_and_removed_at_the_end(tmp_path: Path) -> None:
    path = tmp_path / "s"
    with socket.socket(socket.AF_UNIX) as dead:
        dead.bind(str(path))
    with listen(f"unix://{path}", echo) as server:
        assert server.address == str(path)
        assert exchange(server.url, b"x").data == b"x"
        with pytest.raises(ConnectError, match="in use"):
            listen(server.url, echo)
    assert not path.exists()
    path.write_text("a file")
    with pytest.raises(ConnectError, match="in use"):
        listen(f"unix://{path}", echo)
    assert path.read_text() == "a file"
    with pytest.raises(UsageError, match="107"):
        listen("unix:///" + "a" * 300, echo)


@pytest.mark.usefixtures("ipv6")
def test_an_address_of_ipv6_is_listened_on() -> None:
    with listen("tcp://[::1]:0", echo) as server:
        assert exchange(server.url, b"six").data == b"six"


def test_any_address_is_listened_on_and_a_taken_one_is_said(tcp_echo: Any) -> None:
    with listen("tcp://:0", echo) as server:
        assert server.address[0] == "0.0.0.0"
        assert exchange(server.url, b"x").data == b"x"
    with pytest.raises(ConnectError, match="in use") as caught:
        listen(tcp_echo.url, echo)
    assert (caught.value.stage, caught.value.url) == ("listen", tcp_echo.url)
    with pytest.raises(nettools.ResolveError):
        listen("tcp://nosuch.invalid:0", echo)


@pytest.mark.parametrize(
    ("url", "handler", "more"),
    [
        ("tcp://127.0.0.1:0", "no callable", {}),
        ("tcp://127.0.0.1:0", echo, {"max_connections": 0}),
        ("tcp://127.0.0.1:0", echo, {"nonsense": 1}),
        ("udp://127.0.0.1:0", echo, {"tls": True}),
        ("http://127.0.0.1:0", echo, {}),
    ],
)
def test_a_server_that_makes_no_sense_is_refused(url: str, handler: Any, more: dict[str, Any]) -> None:
    with pytest.raises(UsageError):
        listen(url, handler, **more)


def test_a_client_that_says_nothing_is_let_go_in_time() -> None:
    with listen("tcp://127.0.0.1:0", lambda c: c.receive(until=b"\n"), timeout=Timeout(idle=0.05)) as server:
        with nettools.connect(server.url) as client:
            assert client.receive().data == b""
        assert [type(error) for error in server.errors] == [DeadlineError]


def test_a_connection_is_a_file_too_and_may_be_closed_by_its_handler() -> None:
    def handler(connection: Any) -> None:
        with connection, connection.makefile("rwb") as file:
            file.write(file.readline().upper())

    with listen("tcp://127.0.0.1:0", handler) as server:
        assert exchange(server.url, b"line\n").data == b"LINE\n"
        assert not server.errors


def test_files_over_a_connection_are_flushed_and_closed_with_it() -> None:
    made: list[Any] = []

    def shout(connection: nettools.Connection) -> None:
        out = connection.makefile("wb")
        made.extend([out, connection.makefile("rb")])
        for line in made[1]:
            out.write(line.upper())

    with listen("tcp://127.0.0.1:0", shout) as server:
        assert exchange(server.url, b"one\ntwo\n").data == b"ONE\nTWO\n"
    assert [each.closed for each in made] == [True, True]
    assert made[1].raw._sock is None  # what a file holds on to would keep the socket open


def test_a_conversation_comes_from_the_address_that_was_named() -> None:
    with listen("tcp://127.0.0.1:0", lambda connection: connection.send(connection.peer)) as server:
        assert exchange(server.url, b"", source_address="127.0.0.2").data.startswith(b"127.0.0.2:")
    with listen("udp://127.0.0.1:0", lambda data, peer: str(peer).encode()) as server:
        assert b"127.0.0.2" in exchange(server.url, b"x", source_address="127.0.0.2").data


@pytest.mark.parametrize("scheme", ["tcp", "udp"])
def test_the_address_of_another_machine_cannot_be_the_source(scheme: str) -> None:
    with pytest.raises(ConnectError, match="cannot assign"):
        exchange(f"{scheme}://127.0.0.1:9", b"x", source_address="192.0.2.1")
    with pytest.raises(UsageError, match="source_address="):
        exchange(f"{scheme}://127.0.0.1:9", b"x", source_address="localhost")


def test_an_answer_that_the_end_of_tls_ends_is_whole_only_with_its_close_notify(
    net_servers: Callable[..., Any], tls_ca: Path
) -> None:
    server = net_servers("tcp", tls=True)
    server.on("DATA").close_after()
    assert exchange(server.tls_url, b"all of it", tls=TLS(ca=tls_ca)).data == b"all of it"
    server.tls.no_close_notify()
    with pytest.raises(IncompleteError, match="close_notify") as caught:
        exchange(server.tls_url, b"all of it", tls=TLS(ca=tls_ca))
    assert caught.value.received == 9


def test_a_server_without_room_for_another_connection_waits_for_it(monkeypatch: pytest.MonkeyPatch) -> None:
    accept, full = WireSocket.accept, [OSError(errno.EMFILE, "Too many open files"), OSError(errno.ECONNABORTED, "x")]

    def crowded(self: WireSocket) -> Any:
        if full:
            raise full.pop()
        return accept(self)

    monkeypatch.setattr(WireSocket, "accept", crowded)
    with listen("tcp://127.0.0.1:0", lambda connection: connection.send(b"welcome")) as server:
        assert exchange(server.url, b"").data == b"welcome"
    assert not full


def test_what_came_behind_an_answer_is_received_in_pieces() -> None:
    def handler(connection: Any) -> None:
        said.append(connection.receive(b"\n").data)
        said.extend([connection.recv(3), connection.recv(3)])

    said: list[bytes] = []
    with listen("tcp://127.0.0.1:0", handler) as server:
        exchange(server.url, b"line\nrest", until=None)
    assert said == [b"line\n", b"res", b"t"]
