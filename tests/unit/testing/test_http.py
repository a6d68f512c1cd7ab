"""The HTTP fake, asked by the standard library's client and in octets."""

from __future__ import annotations

import http.client
import json
import socket
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from nettools.testing.http import HTTPServer, Request, Response


@pytest.fixture
def server() -> Iterator[HTTPServer]:
    with HTTPServer() as running:
        yield running


class Answer:
    """A response, read whole."""

    def __init__(self, response: http.client.HTTPResponse) -> None:
        self.status, self.headers, self.body = response.status, response.headers, response.read()

    @property
    def json(self) -> Any:
        return json.loads(self.body)


@pytest.fixture
def ask(server: HTTPServer) -> Iterator[Callable[..., Answer]]:
    """Asks over one kept connection."""
    connection = http.client.HTTPConnection(server.host, server.port, timeout=10)

    def request(method: str, path: str, body: Any = None, **headers: str) -> Answer:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        connection.request(method, path, body, named)
        return Answer(connection.getresponse())

    yield request
    connection.close()


@pytest.fixture
def say(server: HTTPServer) -> Callable[[bytes], bytes]:
    """Sends octets, and gives all that comes until the server closes."""

    def send(octets: bytes) -> bytes:
        with socket.create_connection((server.host, server.port), timeout=10) as sock:
            sock.sendall(octets)
            return b"".join(iter(lambda: sock.recv(65536), b""))

    return send


def test_requests_share_a_connection_and_may_be_pipelined(
    server: HTTPServer, ask: Callable[..., Answer], say: Callable[[bytes], bytes]
) -> None:
    assert [ask("GET", "/pub/hello.txt").body for _ in range(3)] == [b"Hello, world.\n"] * 3
    assert server.log.connections == 1
    both = say(b"GET /_ip HTTP/1.1\r\nHost: a\r\n\r\nGET /_ip HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
    assert both.count(b"HTTP/1.1 200 OK") == 2
    old = say(b"GET /pub/hello.txt HTTP/1.0\r\n\r\n")
    assert old.endswith(b"Hello, world.\n")
    assert b"Connection: close" in old


def test_keep_alive_and_other_capabilities_can_be_left_out() -> None:
    with HTTPServer(without={"KEEP-ALIVE", "RANGES", "ETAG", "GZIP"}) as server:
        for _ in range(2):
            connection = http.client.HTTPConnection(server.host, server.port, timeout=10)
            connection.request("GET", "/pub/hello.txt", headers={"Range": "bytes=0-1", "Accept-Encoding": "gzip"})
            answer = Answer(connection.getresponse())
            connection.close()
            assert (answer.status, answer.headers["Connection"], answer.headers["ETag"]) == (200, "close", None)
        assert server.log.connections == 2


def test_ranges_one_several_none(server: HTTPServer, ask: Callable[..., Answer]) -> None:
    data = server.world.files["pub/bytes.bin"]
    size = len(data)
    one = ask("GET", "/pub/bytes.bin", Range="bytes=10-19")
    assert (one.status, one.body, one.headers["Content-Range"]) == (206, data[10:20], f"bytes 10-19/{size}")
    assert ask("GET", "/pub/bytes.bin", Range="bytes=-5").body == data[-5:]
    assert ask("GET", "/pub/bytes.bin", Range=f"bytes={size - 2}-{size + 10}").body == data[-2:]
    several = ask("GET", "/pub/bytes.bin", Range="bytes=0-1, 5-6,-1")
    assert several.headers.get_content_type() == "multipart/byteranges"
    assert several.body.count(b"Content-Range: bytes") == 3
    assert b"\r\n\r\n" + data[5:7] + b"\r\n--" in several.body
    beyond = ask("GET", "/pub/bytes.bin", Range=f"bytes={size}-")
    assert (beyond.status, beyond.headers["Content-Range"]) == (416, f"bytes */{size}")
    for nonsense in ("lines=1-2", "bytes=-", "bytes=a-b", "bytes=" + ",".join(["0-1"] * 50)):
        assert ask("GET", "/pub/bytes.bin", Range=nonsense).status == 200


def test_conditions_of_reading_and_writing(ask: Callable[..., Answer]) -> None:
    first = ask("GET", "/pub/hello.txt")
    etag, modified = first.headers["ETag"], first.headers["Last-Modified"]
    for condition in ({"If-None-Match": etag}, {"If-None-Match": f'"x", W/{etag}'}, {"If-Modified-Since": modified}):
        assert ask("GET", "/pub/hello.txt", **condition).status == 304
    assert ask("GET", "/pub/hello.txt", **{"If-Match": '"x"'}).status == 412
    assert ask("GET", "/pub/hello.txt", Range="bytes=0-1", **{"If-Range": '"x"'}).status == 200
    assert ask("PUT", "/pub/hello.txt", b"new", **{"If-None-Match": "*"}).status == 412
    assert ask("PUT", "/pub/hello.txt", b"new", **{"If-Match": etag}).status == 204
    assert ask("GET", "/pub/hello.txt", **{"If-Modified-Since": "no date"}).body == b"new"


def test_files_are_stored_and_removed(server: HTTPServer, ask: Callable[..., Answer]) -> None:
    assert ask("PUT", "/up/a%20b.txt", b"stored").status == 201
    assert server.world.files["up/a b.txt"] == b"stored"
    assert ask("PUT", "/up/c", iter([b"in ", b"chunks"])).status == 201
    assert server.world.files["up/c"] == b"in chunks"
    assert ask("DELETE", "/up/c").status == 204
    assert ask("DELETE", "/up/c").status == 404
    assert ask("PUT", "/up/", b"").status == 405
    assert ask("PUT", "/up/d", b"x", Content_Range="bytes 0-0/2").status == 400
    server.writable = False
    assert ask("PUT", "/up/d", b"").status == 405
    assert ask("OPTIONS", "/up/d").headers["Allow"] == "GET, HEAD, OPTIONS"


def test_a_form_stores_its_files_in_a_folder_and_nowhere_else(server: HTTPServer, ask: Callable[..., Answer]) -> None:
    body = (
        b'--X\r\nContent-Disposition: form-data; name="note"\r\n\r\ntext\r\n'
        b'--X\r\nContent-Disposition: form-data; name="f"; filename="../../a.txt"\r\n\r\ncontent\r\n--X--\r\n'
    )
    kind = {"Content-Type": "multipart/form-data; boundary=X"}
    assert ask("POST", "/pub/", body, **kind).json == {"stored": ["/pub/a.txt"]}
    assert server.world.files["pub/a.txt"] == b"content"
    assert ask("POST", "/pub/hello.txt", body, **kind).status == 405
    assert ask("POST", "/none", body, **kind).status == 404
    assert ask("POST", "/_form", body, **kind).json["fields"] == {"note": "text"}
    assert ask("POST", "/_form", b"--X\r\n", **kind).status == 400


def test_texts_are_compressed_for_who_takes_it(server: HTTPServer, ask: Callable[..., Answer]) -> None:
    server.world.files["long.txt"] = b"word " * 1000
    packed = ask("GET", "/long.txt", Accept_Encoding="br, gzip;q=0.5")
    assert (packed.headers["Content-Encoding"], packed.headers["Vary"]) == ("gzip", "Accept-Encoding")
    assert packed.headers["ETag"].startswith("W/")
    assert len(packed.body) < 100
    for accepted in ("identity", "gzip;q=0", ""):
        assert ask("GET", "/long.txt", Accept_Encoding=accepted).body == b"word " * 1000


def test_routes_are_functions_of_the_request_or_answers(server: HTTPServer, ask: Callable[..., Answer]) -> None:
    async def later(request: Request) -> Response:
        return Response(201, request.body, chunked=True)

    server.world.routes |= {"/text": "plain", "/json": {"a": 1}, "/teapot": (418, "short"), "/empty": 204}
    server.route("/later", later)
    server.route("/sum", lambda request: int(request.query["a"]) + 200)
    assert ask("GET", "/text").body == b"plain"
    assert ask("GET", "/json").json == {"a": 1}
    assert (ask("GET", "/teapot").status, ask("GET", "/empty").body) == (418, b"")
    assert ask("POST", "/later", b"x").body == b"x"
    assert ask("GET", "/sum?a=4").status == 204


@pytest.mark.parametrize("scheme", ["basic", "digest", "bearer"])
def test_a_path_can_be_for_users(server: HTTPServer, ask: Callable[..., Answer], scheme: str) -> None:
    server.protect("/pub", scheme)
    answer = ask("GET", "/pub/hello.txt")
    assert answer.status == 401
    assert answer.headers["WWW-Authenticate"].lower().startswith(scheme)
    assert ask("GET", "/public").status == 404
    if scheme == "bearer":
        assert ask("GET", "/pub/hello.txt", Authorization="Bearer token-of-alice").status == 200
    assert ask("GET", "/pub/hello.txt", Authorization=f"{scheme} nonsense").status == 401


def test_the_routes_to_try_a_client_on(ask: Callable[..., Answer]) -> None:
    everything = ask("POST", "/_anything?a=b", b'{"c": 1}', Content_Type="application/json", Cookie="d=e").json
    assert (everything["method"], everything["args"], everything["json"]) == ("POST", {"a": "b"}, {"c": 1})
    assert ask("GET", "/_anything?a=b&c=d&a=e").json["args"] == {"a": ["b", "e"], "c": "d"}
    form = ask("POST", "/_form", b"a=b&c=d&a=e", Content_Type="application/x-www-form-urlencoded").json
    assert form["fields"] == {"a": ["b", "e"], "c": "d"}
    assert ask("GET", "/_status/418").status == 418
    assert ask("GET", "/_status/401").headers["WWW-Authenticate"]
    assert ask("GET", "/_redirect/2").headers["Location"] == "/_redirect/1"
    assert ask("GET", "/_absolute-redirect/1").headers["Location"].startswith("http://")
    assert ask("GET", "/_redirect-to?url=/x&status=307").headers["Location"] == "/x"
    assert ask("GET", "/_delay/0").body == b"late\n"
    assert ask("GET", "/_bytes/100").body == ask("GET", "/_stream-bytes/100").body
    assert len(ask("GET", "/_stream/3").body.splitlines()) == 3
    assert ask("GET", "/_cookies/set?a=b").headers["Set-Cookie"] == "a=b; Path=/"
    assert "Max-Age=0" in ask("GET", "/_cookies/delete?a=").headers["Set-Cookie"]
    assert ask("GET", "/_cookies", Cookie="a=b; c=d").json == {"a": "b", "c": "d"}
    assert ask("GET", "/_response-headers?X-A=1").headers["X-A"] == "1"
    assert ask("GET", "/_user-agent", User_Agent="me").json == {"user-agent": "me"}
    assert ask("GET", "/_ip").json == {"origin": "127.0.0.1"}
    assert ask("GET", "/_encoding/latin-1").body == "Grüße, café, naïve\n".encode("latin-1")
    assert ask("GET", "/_etag/x", **{"If-None-Match": '"x"'}).status == 304
    assert ask("GET", "/_etag/x", **{"If-Match": '"y"'}).status == 412
    assert ask("GET", "/_base64/aGk").body == b"hi"
    assert ask("POST", "/_sha256", b"abc").json["size"] == 3
    assert ask("GET", "/_none").status == 404
    assert ask("HEAD", "/pub/hello.txt").headers["Content-Length"] == "14"
    assert ask("GET", "/pub").headers["Location"] == "/pub/"
    assert b'href="hello.txt"' in ask("GET", "/pub/").body


@pytest.mark.parametrize(
    "path", ["_status/x", "_status/99", "_delay/x", "_delay/-1", "_delay/1e9", "_bytes/-1", "_bytes/99999999999",
             "_redirect/x", "_redirect-to?status=200", "_encoding/none", "_base64/%21"],
)  # fmt: skip
def test_a_route_refuses_nonsense(ask: Callable[..., Answer], path: str) -> None:
    assert ask("GET", "/" + path).status == 400


@pytest.mark.parametrize(
    ("octets", "status"),
    [
        (b"HELLO\r\n\r\n", 400),
        (b"GET / HTTP/2.0\r\n\r\n", 505),
        (b"GET / HTTP/1.1\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\nHost: a\r\nA b: c\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\nHost: a\r\nContent-Length: -1\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip\r\n\r\n", 501),
        (b"GET / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nx\r\n", 400),
        (b"GET / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nabc", 400),
        (b"GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 99999999999\r\n\r\n", 413),
        (b"GET / HTTP/1.1\r\nHost: a\r\n" + b"A: b\r\n" * 200 + b"\r\n", 431),
        (b"GET / HTTP/1.1\r\nHost: a\r\nA: " + b"b" * 70000 + b"\r\n\r\n", 431),
        (b"GET /" + b"a" * 70000 + b" HTTP/1.1\r\n\r\n", 414),
    ],
)
def test_a_request_that_makes_no_sense_is_refused(say: Callable[[bytes], bytes], octets: bytes, status: int) -> None:
    assert say(octets).startswith(b"HTTP/1.1 %d " % status)


def test_who_asks_first_is_told_to_go_on(say: Callable[[bytes], bytes]) -> None:
    head = b"POST /_echo HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 2\r\nConnection: close\r\n\r\n"
    assert say(head + b"ok").startswith(b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\n")


def test_a_rule_can_answer_with_a_status(server: HTTPServer, ask: Callable[..., Answer]) -> None:
    server.on("GET", arg="hello").reply("503 Busy", times=1)
    assert [ask("GET", "/pub/hello.txt").status for _ in range(2)] == [503, 200]


def test_not_modified_claims_no_length_and_reset_content_has_none(ask: Callable[..., Answer]) -> None:
    etag = ask("GET", "/pub/hello.txt").headers["ETag"]
    assert ask("GET", "/pub/hello.txt", If_None_Match=etag).headers["Content-Length"] is None
    reset = ask("GET", "/_status/205")
    assert (reset.body, reset.headers["Content-Length"]) == (b"", "0")


def test_conditions_are_asked_in_the_order_of_the_standard(ask: Callable[..., Answer]) -> None:
    first = ask("GET", "/pub/hello.txt").headers
    old, made = "Thu, 01 Jan 1970 00:00:00 GMT", first["Last-Modified"]
    for headers, status in (
        ({"If_Match": '"x"', "If_None_Match": first["ETag"]}, 412),
        ({"If_Unmodified_Since": old}, 412),
        ({"If_Unmodified_Since": made}, 200),
        ({"If_Unmodified_Since": old, "If_Match": first["ETag"]}, 200),
        ({"If_None_Match": '"x"', "If_Modified_Since": made}, 200),
    ):
        assert ask("GET", "/pub/hello.txt", **headers).status == status, headers
    assert ask("PUT", "/pub/hello.txt", b"x", If_Unmodified_Since=old).status == 412


@pytest.mark.parametrize("given", ["bytes=" + "9" * 5000 + "-", "bytes=5-1", "lines=1-2", "bytes=x"])
def test_a_range_that_is_none_is_passed_over(ask: Callable[..., Answer], given: str) -> None:
    assert ask("GET", "/pub/hello.txt", Range=given).status == 200


def test_ranges_are_for_get_alone(ask: Callable[..., Answer]) -> None:
    assert ask("HEAD", "/pub/hello.txt", Range="bytes=0-1").status == 200
    several = ask("GET", "/pub/hello.txt", Range="bytes=0-1, -3")
    assert several.status == 206
    assert several.body.count(b"Content-Range: bytes ") == 2


def test_a_refused_method_names_those_that_there_are(ask: Callable[..., Answer]) -> None:
    assert ask("PUT", "/pub/", b"x").headers["Allow"] == "GET, HEAD, OPTIONS, POST"
    assert ask("MKCOL", "/pub/hello.txt").headers["Allow"] == "GET, HEAD, OPTIONS, PUT, DELETE"
    assert ask("GET", "/_status/405").headers["Allow"] == "GET"


def test_a_file_is_no_folder(ask: Callable[..., Answer], server: HTTPServer) -> None:
    assert ask("GET", "/pub/hello.txt/").status == 404
    assert ask("PUT", "/pub/hello.txt/x", b"x").status == 409
    assert "pub/hello.txt/x" not in server.world.files


def test_the_whole_url_may_be_the_target(ask: Callable[..., Answer], server: HTTPServer) -> None:
    assert ask("GET", "http://elsewhere.example/_anything").json["url"] == "http://elsewhere.example/_anything"


def test_a_route_that_fails_is_answered_500_and_told_when_the_server_stops() -> None:
    server = HTTPServer().start()
    server.route("/mine", lambda request: {}["missing"])
    connection = http.client.HTTPConnection(server.host, server.port, timeout=10)
    connection.request("GET", "/mine")
    assert connection.getresponse().status == 500
    connection.close()
    with pytest.raises(KeyError, match="missing"):
        server.stop()


def test_names_that_are_no_utf_8_are_listed_as_the_octets_they_came_as(ask: Callable[..., Answer]) -> None:
    assert ask("PUT", "/odd%ff/%fe", b"x").status == 201
    assert ask("GET", "/odd%ff").headers["Location"] == "/odd%FF/"
    assert b'href="%FE"' in ask("GET", "/odd%ff/").body
    assert ask("GET", "/odd%ff/%fe").body == b"x"
