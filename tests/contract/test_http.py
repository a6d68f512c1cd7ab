"""HTTP over the fake, in clear and under TLS, and over pytest-localserver."""

from __future__ import annotations

import gzip
import hashlib
import io
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from pytest_localserver.http import WSGIServer

import nettools
from nettools import (
    Auth,
    AuthError,
    CertificateError,
    ChecksumError,
    ClearTextError,
    DeadlineError,
    DisconnectedError,
    HTTPStatusError,
    IncompleteError,
    NotFoundError,
    ProtocolError,
    ProxyError,
    RedirectError,
    ReplyTooLongError,
    TooLargeError,
    TransferError,
    UnsupportedError,
    UsageError,
)
from nettools.testing.http import Response

Site = Any


def application(environ: dict[str, Any], start: Any) -> list[bytes]:
    """What the referee serves: enough of the fake's routes for the tests that both run."""
    length = int(environ.get("CONTENT_LENGTH") or 0)
    body = environ["wsgi.input"].read(length)
    path = environ["PATH_INFO"]
    if path == "/pub/hello.txt":
        start("200 OK", [("Content-Type", "text/plain; charset=utf-8"), ("Content-Length", "14")])
        return [b"Hello, world.\n"]
    if path == "/_echo":
        start("200 OK", [("Content-Type", environ.get("CONTENT_TYPE", "")), ("Content-Length", str(length))])
        return [body]
    if path == "/_redirect/2":
        start("302 Found", [("Location", "/pub/hello.txt"), ("Content-Length", "0")])
        return []
    start("404 Not Found", [("Content-Type", "text/plain"), ("Content-Length", "10")])
    return [b"not found\n"]


@pytest.fixture(params=["plain", "implicit", "localserver"])
def site(request: pytest.FixtureRequest, fake_site: Callable[..., Site], make_site: Any) -> Iterator[Site]:
    if request.param != "localserver":
        yield fake_site("http", request.param)
        return
    server = WSGIServer(application=application)
    server.start()
    yield make_site(server.url, {"timeout": 20}, None, "localserver")
    server.stop()


@pytest.fixture
def plain(fake_site: Callable[..., Site]) -> Site:
    return fake_site("http", "plain")


def test_a_page_is_fetched(site: Site) -> None:
    page = nettools.fetch_page(site.at("pub/hello.txt"), **site.anonymous)
    assert (page.status, page.text, page.encoding) == (200, "Hello, world.\n", "utf-8")
    assert page.headers["content-TYPE"] == "text/plain; charset=utf-8"
    assert (page.meta.tls is not None) == (site.kind == "implicit")


def test_every_kind_of_body_arrives(site: Site) -> None:
    def echo(**body: Any) -> nettools.Page:
        return nettools.fetch_page(site.at("_echo"), method="POST", **body, **site.anonymous)

    assert echo(data={"a": "b c", "d": ["1", "2"]}).content == b"a=b+c&d=1&d=2"
    assert echo(json={"ü": [1, None]}).json() == {"ü": [1, None]}
    assert echo(data="grün").text.encode() == "grün".encode()
    assert echo(data=io.BytesIO(b"file")).content == b"file"
    assert echo(data=b"").content == b""


def test_a_status_of_400_or_above_is_an_error_with_the_body_kept(site: Site) -> None:
    with pytest.raises(NotFoundError) as caught:
        nettools.fetch_page(site.at("nix"), **site.anonymous)
    assert isinstance(caught.value, HTTPStatusError)
    assert caught.value.page.content == b"not found\n"
    assert caught.value.exit_code == 22
    assert nettools.fetch_page(site.at("nix"), check=False, **site.anonymous).status == 404


def test_redirects_are_followed_and_remembered(site: Site) -> None:
    page = nettools.fetch_page(site.at("_redirect/2"), **site.anonymous)
    assert page.text == "Hello, world.\n"
    assert page.history[0].status == 302
    assert nettools.fetch_page(site.at("_redirect/2"), follow=0, **site.anonymous).status == 302


def test_a_download_is_a_file_with_its_digest(site: Site, tmp_path: Path) -> None:
    done = nettools.download(site.at("pub/hello.txt"), tmp_path, **site.anonymous)
    assert done.path == tmp_path / "hello.txt"
    assert done.path.read_bytes() == b"Hello, world.\n"
    assert done.sha256 == hashlib.sha256(b"Hello, world.\n").hexdigest()
    assert [path.name for path in tmp_path.iterdir()] == ["hello.txt"]


def test_many_downloads_come_as_they_complete(site: Site, tmp_path: Path) -> None:
    urls = [site.at("pub/hello.txt"), site.at("nix"), site.at("pub/hello.txt")]
    outcomes = list(nettools.download_many(urls, tmp_path, **site.anonymous))
    assert sorted(outcome.ok for outcome in outcomes) == [False, True, True]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["hello (1).txt", "hello.txt"]


def test_a_session_keeps_its_connection(site: Site) -> None:
    with nettools.connect(site.url, **site.anonymous) as session:
        for _ in range(3):
            assert session.fetch("/pub/hello.txt").status == 200
        assert session.peer is not None
    if site.server is not None:
        assert site.server.log.connections == 1


# --- the fake alone


@pytest.mark.parametrize("route", ["_gzip", "_deflate", "_deflate/raw"])
def test_compressed_bodies_are_undone_within_bounds(plain: Site, route: str) -> None:
    assert nettools.fetch_page(plain.at(route)).content == b"compressed\n" * 100
    with pytest.raises(TooLargeError):
        nettools.fetch_page(plain.at(route), max_size=1099)
    assert nettools.fetch_page(plain.at(route), decode=False).content != b"compressed\n" * 100


def test_credentials_are_sent_as_the_server_wants_them(plain: Site) -> None:
    alice = ("alice", "secret")
    assert nettools.fetch_page(plain.at("_basic-auth"), auth=alice).json() == {"user": "alice"}
    for algorithm in ("MD5", "SHA-256"):
        page = nettools.fetch_page(plain.at(f"_digest-auth?algorithm={algorithm}"), auth=alice)
        assert page.json() == {"user": "alice"}
    assert nettools.fetch_page(plain.at("_bearer"), auth=Auth(token="token-of-alice")).status == 200
    with pytest.raises(AuthError):
        nettools.fetch_page(plain.at("_digest-auth"), auth=("alice", "wrong"))


def test_a_password_does_not_go_in_clear_beyond_this_machine(plain: Site) -> None:
    url = f"http://www.example:{plain.server.port}/_digest-auth"
    resolve = {("www.example", plain.server.port): ["127.0.0.1"]}
    with pytest.raises(ClearTextError):
        nettools.fetch_page(url, auth=("alice", "secret"), resolve=resolve)
    assert plain.server.log.connections == 0
    digest = Auth("alice", "secret", mechanism="digest")  # a challenge shows nothing
    assert nettools.fetch_page(url, auth=digest, resolve=resolve).status == 200


def test_credentials_and_own_headers_stay_with_their_origin(plain: Site, net_servers: Callable[..., Any]) -> None:
    other = net_servers("http", tls=False)
    target = f"{plain.url}/_redirect-to?url={other.url}/_headers"
    page = nettools.fetch_page(
        target, auth=("alice", "secret"), headers={"X-Token": "t", "Accept-Language": "de"}, cookies={"sid": "1"}
    )
    seen = page.json()
    assert "accept-language" in seen
    assert not {"authorization", "x-token", "cookie"} & set(seen)


def test_a_body_is_not_sent_on_and_https_does_not_become_http(
    fake_site: Callable[..., Site], net_servers: Callable[..., Any]
) -> None:
    other = net_servers("http", tls=False)
    secure = fake_site("http", "implicit")
    with pytest.raises(RedirectError):
        nettools.fetch_page(secure.at(f"_redirect-to?url={other.url}/"), **secure.anonymous)
    with pytest.raises(RedirectError):
        nettools.fetch_page(f"{other.url}/_redirect-to?status=307&url={secure.url}/_echo", method="POST", data=b"x")
    with pytest.raises(RedirectError) as caught:
        nettools.fetch_page(f"{other.url}/_redirect/9", follow=3)
    assert caught.value.exit_code == 47


def test_cookies_are_kept_by_a_session(plain: Site) -> None:
    with nettools.connect(plain.url, cookies={"own": "1"}) as session:
        session.fetch("/_cookies/set?a=b")
        assert session.fetch("/_cookies").json() == {"a": "b", "own": "1"}


def test_a_form_with_files_is_streamed_with_its_length(plain: Site, tmp_path: Path) -> None:
    path = tmp_path / "grün.bin"
    path.write_bytes(b"x" * 300_000)
    form = nettools.fetch_page(
        plain.at("_form"), method="POST", data={"k": "v"}, files={"f": path, "g": ("n.txt", b"hi", "text/plain")}
    ).json()
    assert form["fields"] == {"k": "v"}
    assert form["files"]["f"]["filename"] == "grün.bin"
    assert form["files"]["f"]["sha256"] == hashlib.sha256(b"x" * 300_000).hexdigest()
    assert b"Content-Length: 300" in plain.server.log.client_bytes()


def test_headers_can_be_left_out_and_given(plain: Site) -> None:
    headers = {"X-A": "1", "User-Agent": None, "Accept-Encoding": None, "Accept": None}
    seen = nettools.fetch_page(plain.at("_headers"), headers=headers, params={"q": "a&b"}).json()
    assert seen == {"host": f"127.0.0.1:{plain.server.port}", "x-a": "1"}
    assert plain.server.log.commands()[0] == "GET /_headers?q=a%26b HTTP/1.1"


def test_ranges_and_conditions(plain: Site, tmp_path: Path) -> None:
    data = plain.server.world.files["pub/bytes.bin"]
    url = plain.at("pub/bytes.bin")
    assert nettools.fetch_page(url, range=(10, 19)).content == data[10:20]
    assert nettools.fetch_page(url, range=(-5, None)).content == data[-5:]
    with pytest.raises(UnsupportedError):
        nettools.fetch_page(plain.at("_echo"), range=(0, 1))
    (tmp_path / "new").touch()
    assert nettools.fetch_page(url, newer_than=tmp_path / "new").status == 304
    assert nettools.download(url, tmp_path / "x", newer_than=tmp_path / "new").skipped
    assert not (tmp_path / "x").exists()


def test_a_download_goes_on_where_it_was_cut_if_the_file_is_the_same(plain: Site, tmp_path: Path) -> None:
    data = plain.server.world.files["pub/bytes.bin"]
    url, path = plain.at("pub/bytes.bin"), tmp_path / "b.bin"
    head = f"HTTP/1.1 200 OK\r\nContent-Length: {len(data)}\r\n"
    etag = hashlib.sha256(data).hexdigest()[:16]
    cut = f'{head}ETag: "{etag}"\r\n\r\n'.encode() + data[:5000]
    plain.server.on("GET").garbage(cut, close=True, times=1)
    path.write_bytes(b"the old file")
    with pytest.raises(IncompleteError) as caught:
        nettools.download(url, path)
    assert (caught.value.received, caught.value.expected) == (5000, len(data))
    assert caught.value.hint == "b.bin.part is kept: resume=True, or -C, goes on with it"
    assert path.read_bytes() == b"the old file"
    done = nettools.download(url, path, resume=True)
    assert done.resumed_from == 5000
    assert path.read_bytes() == data
    assert {"Range: bytes=5000-", f'If-Range: "{etag}"'} <= set(plain.server.log.commands())
    assert [each.name for each in tmp_path.iterdir()] == ["b.bin"]
    assert nettools.download(url, path, resume=True).resumed_from == len(data)


BIG = bytes(range(256)) * 16 * 1024  # 4 MiB: from 1 MiB on, octets go to the file without passing through Python


def test_a_redirect_to_the_same_host_in_other_letters_keeps_credentials_and_connection(plain: Site) -> None:
    there = f"http://LOCALHOST:{plain.server.port}/_headers"
    start = f"http://localhost:{plain.server.port}/_redirect-to?url={there}"
    page = nettools.fetch_page(start, auth=("alice", "secret"), headers={"X-Token": "t"}, cookies={"a": "b"})
    assert {"authorization", "x-token", "cookie"} <= set(page.json())
    assert plain.server.log.connections == 1


@pytest.mark.parametrize("kind", ["plain", "implicit"])
def test_a_big_file_comes_whole_and_is_counted(fake_site: Callable[..., Site], tmp_path: Path, kind: str) -> None:
    site = fake_site("http", kind)
    site.server.world.files["big"] = BIG
    told: list[tuple[int, int | None]] = []
    done = nettools.download(site.at("big"), tmp_path / "big", progress=lambda *now: told.append(now), **site.anonymous)
    assert done.path is not None
    assert done.path.read_bytes() == BIG
    assert done.meta.bytes_received > len(BIG)
    assert told[-1] == (len(BIG), len(BIG))
    with nettools.connect(site.url, **site.anonymous) as session:
        for name in ("a", "b"):
            session.download("/big", tmp_path / name, checksum=f"sha256:{hashlib.sha256(BIG).hexdigest()}")  # type: ignore[attr-defined]
    assert site.server.log.connections == 2


def test_a_big_file_that_is_cut_is_incomplete_and_goes_on(plain: Site, tmp_path: Path) -> None:
    plain.server.world.files["big"] = BIG
    etag = hashlib.sha256(BIG).hexdigest()[:16]
    head = f'HTTP/1.1 200 OK\r\nContent-Length: {len(BIG)}\r\nETag: "{etag}"\r\n\r\n'.encode()
    plain.server.on("GET").garbage(head + BIG[:3_000_000], close=True, times=1)
    with pytest.raises(IncompleteError) as caught:
        nettools.download(plain.at("big"), tmp_path / "big")
    assert (caught.value.received, caught.value.expected) == (3_000_000, len(BIG))
    done = nettools.download(plain.at("big"), tmp_path / "big", resume=True)
    assert done.resumed_from == 3_000_000
    assert (tmp_path / "big").read_bytes() == BIG


def test_a_part_is_not_taken_for_the_whole(plain: Site, tmp_path: Path) -> None:
    part = b"HTTP/1.1 206 Partial Content\r\nContent-Range: bytes 0-1/4\r\nContent-Length: 2\r\n\r\nab"
    plain.server.on("GET").garbage(part)
    with pytest.raises(ProtocolError):
        nettools.download(plain.at("x"), tmp_path / "x")
    with pytest.raises(ProtocolError):
        nettools.fetch_page(plain.at("x"))
    with pytest.raises(ProtocolError):
        nettools.fetch_page(plain.at("x"), range=(2, 3))
    assert nettools.fetch_page(plain.at("x"), headers={"Range": "bytes=0-1"}).content == b"ab"
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("answer", [b"101 Switching Protocols\r\nUpgrade: h2c", b"304 Not Modified"])
def test_an_answer_to_what_was_not_asked_is_no_file(plain: Site, tmp_path: Path, answer: bytes) -> None:
    plain.server.on("GET").garbage(b"HTTP/1.1 " + answer + b"\r\n\r\n", close=True)
    with pytest.raises(ProtocolError):
        nettools.download(plain.at("x"), tmp_path / "x")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("content_range", "sent", "kind"),
    [
        ("bytes 2-5/10", "cdef", nettools.ProtocolError),
        ("bytes 2-2/10", "c", nettools.IncompleteError),
        ("bytes 2-3/10", "c", nettools.IncompleteError),
    ],
)
def test_a_part_ends_where_it_was_asked_to(plain: Site, content_range: str, sent: str, kind: type) -> None:
    head = (
        f"HTTP/1.1 206 Partial Content\r\nContent-Range: {content_range}\r\nContent-Length: {len(sent)}\r\n\r\n{sent}"
    )
    plain.server.on("GET").garbage(head.encode())
    with pytest.raises(kind):
        nettools.fetch_page(plain.at("x"), range=(2, 3))


@pytest.mark.parametrize("wanted", [(0, 9), (0, None)])
def test_a_part_of_a_whole_whose_size_is_not_told_may_be_short(plain: Site, wanted: tuple[int, int | None]) -> None:
    head = b"HTTP/1.1 206 Partial Content\r\nContent-Range: bytes 0-3/*\r\nContent-Length: 4\r\n\r\nabcd"
    plain.server.on("GET").garbage(head, times=2)
    assert nettools.fetch_page(plain.at("x"), range=wanted).content == b"abcd"
    assert nettools.download(plain.at("x"), None, range=wanted).data == b"abcd"


def test_the_last_octets_are_not_more_than_were_asked_for(plain: Site) -> None:
    head = b"HTTP/1.1 206 Partial Content\r\nContent-Range: bytes 0-3/*\r\nContent-Length: 4\r\n\r\nabcd"
    plain.server.on("GET").garbage(head, times=2)
    for call in (nettools.fetch_page, lambda url, **more: nettools.download(url, None, **more)):
        with pytest.raises(ProtocolError, match="the last 2 asked for"):
            call(plain.at("x"), range=(-2, None))


def test_the_head_of_a_part_has_no_octets(plain: Site) -> None:
    head = b"HTTP/1.1 206 Partial Content\r\nContent-Range: bytes 2-3/10\r\nContent-Length: 2\r\n\r\n"
    plain.server.on("HEAD").garbage(head)
    page = nettools.fetch_page(plain.at("x"), method="HEAD", range=(2, 3))
    assert (page.status, page.content) == (206, b"")


@pytest.mark.parametrize(
    "content_range", ["", "bytes 5-3/10", "bytes 0-9/5", "bytes */10", "lines 0-9/10", "bytes 6000-16383/16384"]
)
def test_a_part_that_makes_no_sense_is_never_joined(plain: Site, tmp_path: Path, content_range: str) -> None:
    (tmp_path / "b.part").write_bytes(b"x" * 5000)
    head = f"HTTP/1.1 206 Partial Content\r\nContent-Range: {content_range}\r\nContent-Length: 4\r\n\r\nabcd"
    plain.server.on("GET").garbage(head.encode())
    with pytest.raises(ProtocolError):
        nettools.download(plain.at("pub/bytes.bin"), tmp_path / "b", resume=True)
    assert not (tmp_path / "b").exists()


def test_a_compressed_file_stays_compressed_under_its_name(plain: Site, tmp_path: Path) -> None:
    packed = gzip.compress(b"content")
    answer = {"Content-Encoding": "gzip", "Content-Type": "application/x-tar"}
    for path in ("/x.tar.gz", "/x"):
        plain.server.route(path, Response(200, packed, answer))
    assert nettools.download(plain.at("x.tar.gz"), tmp_path).path.read_bytes() == packed  # type: ignore[union-attr]
    assert nettools.download(plain.at("x"), tmp_path).path.read_bytes() == b"content"  # type: ignore[union-attr]


def test_a_download_can_be_a_form_and_no_redirect_stands_for_a_file(plain: Site, tmp_path: Path) -> None:
    done = nettools.download(
        plain.at("_form"), tmp_path / "a", method="POST", files={"f": ("n", b"x")}, data={"k": "v"}
    )
    assert b'"k": "v"' in done.path.read_bytes()  # type: ignore[union-attr]
    with pytest.raises(RedirectError):
        nettools.download(plain.at("_redirect/3"), tmp_path / "b", follow=0)
    with pytest.raises(NotFoundError) as caught:
        nettools.download(plain.at("nix"), tmp_path / "b")
    assert caught.value.page.meta.bytes_received > 0  # type: ignore[attr-defined]
    with pytest.raises(UsageError):
        nettools.download(plain.at("x"), tmp_path / "b", resume=True, range=(0, 1))
    assert nettools.download(plain.at("pub/hello.txt"), None, range=(0, 4)).data == b"Hello"


def test_two_versions_are_never_joined(plain: Site, tmp_path: Path) -> None:
    path = tmp_path / "b.bin"
    (tmp_path / "b.bin.part").write_bytes(b"x" * 5000)
    (tmp_path / "b.bin.part.json").write_text(json.dumps({"url": plain.at("pub/bytes.bin"), "etag": '"another"'}))
    nettools.download(plain.at("pub/bytes.bin"), path, resume=True)
    assert path.read_bytes() == plain.server.world.files["pub/bytes.bin"]


def test_a_wrong_checksum_leaves_no_file(plain: Site, tmp_path: Path) -> None:
    with pytest.raises(ChecksumError):
        nettools.download(plain.at("pub/hello.txt"), tmp_path / "x", checksum="sha256:" + "0" * 64)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (b"", DisconnectedError),
        (b"HELLO\r\n\r\n", ProtocolError),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nshort", IncompleteError),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nshort!", ProtocolError),
        (b"HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n", ProtocolError),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nContent-Length: 3\r\n\r\n0\r\n\r\n", ProtocolError),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nab", IncompleteError),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\nab", ProtocolError),
        (b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 4\r\n\r\nnope", TransferError),
        (b"HTTP/1.1 100 Continue\r\n\r\n" * 50, ProtocolError),
        (b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 500 + b"\r\n", ProtocolError),
        (b"HTTP/1.1 200 OK\r\nX: " + b"y" * 70000 + b"\r\n\r\n", ProtocolError),
        (b"HTTP/1.1 200 " + b"x" * 70000 + b"\r\n\r\n", ReplyTooLongError),
        (
            b"HTTP/1.1 200 OK\r\nX: y\r\n" + b" folded" * 9000 + b"\r\n" + b" folded" * 9000 + b"\r\n a\r\n",
            ReplyTooLongError,
        ),
        (b"HTTP/1.1 200 OK\r\nX: y", DisconnectedError),
        (b"HTTP/1.1 200 OK\r\n: y\r\n\r\n", ProtocolError),
        (b"HTTP/1.1 200 OK\r\nX y\r\n\r\n", ProtocolError),
        (b"HTTP/1.1 200 OK\r\nX: y\0z\r\n\r\n", ProtocolError),
        (b"HTTP/1.1 200 OK\r\n folded\r\n\r\n", ProtocolError),
        (b"HTTP/1.1 099 OK\r\n\r\n", ProtocolError),
        (b"HTTP/2 200\r\n\r\n", ProtocolError),
        (b"ICY 200 OK\r\n\r\n", ProtocolError),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 99999999999999999999\r\n\r\n", ProtocolError),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n", ProtocolError),
        (b"HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", ProtocolError),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nabX\r\n0\r\n\r\n", ProtocolError),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n-2\r\nab\r\n0\r\n\r\n", ProtocolError),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n5", IncompleteError),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab", IncompleteError),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n" + b"A: b\r\n" * 500 + b"\r\n", ProtocolError),
    ],
)
def test_a_server_that_breaks_the_protocol_gets_a_typed_error(
    plain: Site, answer: bytes, error: type[Exception]
) -> None:
    plain.server.on("GET").garbage(answer, close=True)
    with pytest.raises(error):
        nettools.fetch_page(plain.at("x"), timeout=10)


def test_mechanisms_are_taken_in_the_order_that_was_given(plain: Site) -> None:
    digest_first = Auth("alice", "secret", mechanism=("digest", "basic"))
    assert nettools.fetch_page(plain.at("_digest-auth"), auth=digest_first).status == 200
    assert b"Authorization: Basic" not in plain.server.log.client_bytes()
    assert nettools.fetch_page(plain.at("_basic-auth"), auth=digest_first).status == 200
    anything = Auth("alice", "secret", mechanism="any")
    assert nettools.fetch_page(plain.at("_basic-auth"), auth=anything).status == 200
    with pytest.raises(AuthError):
        nettools.fetch_page(plain.at("_basic-auth"), auth=Auth("alice", "secret", mechanism="digest"))
    for name in ("ntlm", "negotiate"):
        with pytest.raises(UnsupportedError) as caught:
            nettools.fetch_page(plain.at("_basic-auth"), auth=Auth("alice", "secret", mechanism=name))
        assert caught.value.side == "nettools"


def test_a_body_survives_a_challenge_and_one_that_cannot_is_answered_as_it_is(plain: Site) -> None:
    alice = Auth("alice", "secret", mechanism="digest")
    page = nettools.fetch_page(plain.at("_digest-auth?qop=auth-int"), method="POST", data=b"body", auth=alice)
    assert page.json() == {"user": "alice"}
    with pytest.raises(AuthError):
        nettools.fetch_page(plain.at("_digest-auth"), method="POST", data=iter([b"body"]), auth=alice)


def test_requests_is_there_to_drop_down_to_over_the_same_connection(plain: Site) -> None:
    session: Any = nettools.connect(plain.url)
    with session:
        session.fetch("/_cookies/set?a=b")
        assert session.raw.get(plain.at("_cookies")).json() == {"a": "b"}
        assert session.raw.post(plain.at("_echo"), data={"k": "v"}).text == "k=v"
        assert session.raw.get(plain.at("_gzip"), stream=True).content == b"compressed\n" * 100
        assert [each.status_code for each in session.raw.get(plain.at("_redirect/2")).history] == [302, 302]
        assert session.raw is session.raw
        assert session.cookies["a"] == "b"
    assert plain.server.log.connections == 1


def test_a_server_that_refuses_a_body_before_it_is_read_is_heard(plain: Site) -> None:
    answer = b"HTTP/1.1 413 Too Large\r\nContent-Length: 3\r\nConnection: close\r\n\r\nbig"
    plain.server.on_connect().garbage(answer, close=True)
    with pytest.raises((HTTPStatusError, DisconnectedError)):
        nettools.fetch_page(plain.at("_echo"), method="POST", data=iter([b"x" * 65536] * 100))


def test_octets_that_nobody_asked_for_end_the_connection_and_answer_nothing(plain: Site) -> None:
    poison = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nokHTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\npoison"
    plain.server.on("GET").garbage(poison, times=1)
    with nettools.connect(plain.url) as session:
        assert session.fetch("/x").content == b"ok"  # type: ignore[attr-defined]
        assert session.fetch("/pub/hello.txt").content == b"Hello, world.\n"  # type: ignore[attr-defined]
    assert plain.server.log.connections == 2


@pytest.mark.parametrize(
    ("answer", "content"),
    [
        (b"HTTP/1.1 200 OK\nContent-Length : 2\nX: a\n\tb\n\nok", b"ok"),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: identity\r\nContent-Length: 2\r\n\r\nok", b"ok"),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2;a=b\r\nok\r\n000\r\nT: v\r\n\r\n", b"ok"),
        (b"HTTP/1.1 299 Odd\r\n\r\nuntil the end", b"until the end"),
        (b"HTTP/1.1 205 Reset\r\nContent-Length: 0\r\n\r\n", b""),
        (b"HTTP/1.0 200 OK\r\nContent-Length: 2\r\nConnection: keep-alive\r\n\r\nok", b"ok"),
    ],
)
def test_odd_answers_that_are_sound_are_understood(plain: Site, answer: bytes, content: bytes) -> None:
    plain.server.on("GET").garbage(answer, close=True)
    assert nettools.fetch_page(plain.at("x"), timeout=10).content == content


def test_another_protocol_that_was_not_asked_for_is_an_error(plain: Site) -> None:
    plain.server.on("GET").garbage(b"HTTP/1.1 101 Switching Protocols\r\n\r\nother", close=True)
    with pytest.raises(ProtocolError, match="101"):
        nettools.fetch_page(plain.at("x"))


def test_a_session_keeps_a_bounded_number_of_connections(net_servers: Callable[..., Any]) -> None:
    servers = [net_servers("http", tls=False) for _ in range(20)]
    session: Any = nettools.connect(servers[0].url)
    with session:
        for server in servers:
            session.fetch(f"{server.url}/pub/hello.txt")
        session.fetch(f"{servers[0].url}/pub/hello.txt")
        session.fetch(f"{servers[19].url}/pub/hello.txt")
        assert len(session.client.sockets) <= 16
    assert (servers[0].log.connections, servers[19].log.connections) == (2, 1)


def test_what_is_here_already_is_checked_before_it_is_continued(plain: Site, tmp_path: Path) -> None:
    data = plain.server.world.files["pub/bytes.bin"]
    url, part, note = plain.at("pub/bytes.bin"), tmp_path / "b.part", tmp_path / "b.part.json"
    for there, told in (
        (len(data), {"url": url, "etag": '"another"'}),  # whole, of another version
        (len(data) + 5, {"url": url}),  # longer than the file
        (100, {"url": url, "etag": 'W/"weak"'}),  # a weak validator says nothing
    ):
        part.write_bytes(b"x" * there)
        note.write_text(json.dumps(told))
        nettools.download(url, tmp_path / "b", resume=True)
        assert (tmp_path / "b").read_bytes() == data
        (tmp_path / "b").unlink()


def test_a_part_that_comes_compressed_is_not_continued(plain: Site, tmp_path: Path) -> None:
    head = b"HTTP/1.1 206 Partial Content\r\nContent-Range: bytes 5-9/10\r\nContent-Encoding: gzip\r\n"
    plain.server.on("GET").garbage(head + b"Content-Length: 5\r\n\r\nabcde", times=1)
    (tmp_path / "b.part").write_bytes(b"x" * 5)
    nettools.download(plain.at("pub/hello.txt"), tmp_path / "b", resume=True)
    assert (tmp_path / "b").read_bytes() == b"Hello, world.\n"


def test_pages_of_one_session_cost_one_round_trip_each(plain: Site) -> None:
    with nettools.connect(plain.url) as session:
        metas = [session.fetch("/pub/hello.txt").meta for _ in range(3)]  # type: ignore[attr-defined]
    assert [meta.round_trips for meta in metas] == [1, 1, 1]
    assert plain.server.log.connections == 1


def test_a_zone_and_dots_and_odd_characters_are_written_as_they_should_be(plain: Site) -> None:
    nettools.fetch_page(plain.at("pub/../pub/./hello.txt"))
    nettools.fetch_page(plain.at("_headers?q=a b&ü=%20"), headers=[("X-A", "1"), ("X-A", "2"), ("X-B", b"b")])
    first, second = (line for line in plain.server.log.commands() if line.startswith("GET"))
    assert first == "GET /pub/hello.txt HTTP/1.1"
    assert second == "GET /_headers?q=a%20b&%C3%BC=%20 HTTP/1.1"
    assert plain.server.log.client_bytes().count(b"X-A: ") == 2


def test_tls_can_be_asked_for_whatever_the_scheme_says(fake_site: Callable[..., Site], tls_ca: Path) -> None:
    site = fake_site("http", "implicit")
    url = site.at("_basic-auth").replace("https://", "http://")
    tls = nettools.TLS(mode="implicit", ca=tls_ca)
    page = nettools.fetch_page(url, tls=tls, auth=("alice", "secret"))
    assert page.json() == {"user": "alice"}
    assert page.meta.tls is not None


def test_an_error_names_the_url_that_it_is_about(plain: Site, net_servers: Callable[..., Any]) -> None:
    other = net_servers("http", tls=False)
    other.on("GET").drop()
    with pytest.raises(DisconnectedError) as caught:
        nettools.fetch_page(plain.at(f"_redirect-to?url={other.url}/x"))
    assert caught.value.url == f"{other.url}/x"


def test_an_answer_in_tls_to_a_request_in_clear_has_a_hint(plain: Site) -> None:
    plain.server.on("GET").garbage(b"\x15\x03\x01\x00\x02\x02\x16", close=True)
    with pytest.raises(ProtocolError) as caught:
        nettools.fetch_page(plain.at("x"))
    assert "https" in str(caught.value.hint)


def test_an_interim_response_is_passed_over(plain: Site) -> None:
    hints = b"HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n"
    plain.server.on("GET").garbage(hints + b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
    assert nettools.fetch_page(plain.at("x")).content == b"ok"


def test_silence_and_slowness_end_in_time(plain: Site) -> None:
    plain.server.on("GET").hang()
    with pytest.raises(DeadlineError) as caught:
        nettools.fetch_page(plain.at("x"), timeout=nettools.Timeout(idle=0.1))
    assert caught.value.kind == "idle"


def test_later_is_tried_again_after_the_time_that_the_server_says(plain: Site) -> None:
    busy = b"HTTP/1.1 503 Busy\r\nRetry-After: 0\r\nContent-Length: 0\r\n\r\n"
    plain.server.on("GET").garbage(busy, times=2)
    page = nettools.fetch_page(plain.at("pub/hello.txt"), retry=3)
    assert (page.status, page.meta.attempts) == (200, 3)
    plain.server.on("GET").garbage(busy.replace(b"After: 0", b"After: 3600"))
    with pytest.raises(DeadlineError):
        nettools.fetch_page(plain.at("pub/hello.txt"), retry=3, timeout=5)


def test_a_post_whose_answer_is_lost_is_an_unknown_outcome_and_never_sent_again(plain: Site) -> None:
    rule = plain.server.on("POST").drop()
    with pytest.raises(DisconnectedError) as caught:
        nettools.fetch_page(plain.at("_echo"), method="POST", data=b"x", retry=5)
    assert caught.value.outcome_unknown
    assert rule.hits == 1


def test_a_kept_connection_that_died_is_made_anew_once(plain: Site) -> None:
    with nettools.connect(plain.url) as session:
        session.fetch("/pub/hello.txt")
        plain.server.on("GET").drop(times=1)
        assert session.fetch("/pub/hello.txt").status == 200


@pytest.mark.parametrize(
    "call",
    [
        {"headers": {"A": "b\r\nc"}},
        {"headers": {"A b": "c"}},
        {"method": "GET / HTTP/1.1\r\n"},
        {"cookies": {"a": "b\r\nc"}},
        {"json": float("nan")},
        {"data": 3},
        {"range": (5, 2)},
        {"nonsense": 1},
        {"headers": 3},
        {"headers": [("a",)]},
        {"headers": {"X": "\u20ac"}},
        {"params": 3},
        {"range": (1,)},
        {"range": 5},
        {"follow": -1},
        {"follow": True},
        {"cookies": 3},
        {"cookies": {"a": "\u20ac"}},
        {"auth": Auth("a:b", "c")},
        {"auth": Auth(token="a b\r\nc")},
        {"newer_than": 3},
    ],
)
def test_what_makes_no_sense_is_refused_before_anything_is_sent(plain: Site, call: dict[str, Any]) -> None:
    with pytest.raises(UsageError):
        nettools.fetch_page(plain.at("x"), **call)
    assert plain.server.log.connections == 0


def test_an_unknown_authority_is_refused(fake_site: Callable[..., Site]) -> None:
    with pytest.raises(CertificateError):
        nettools.fetch_page(fake_site("http", "implicit").url)


def test_a_plain_request_goes_to_an_http_proxy_as_a_whole_url(plain: Site, net_servers: Callable[..., Any]) -> None:
    proxy = net_servers("http", tls=False)
    url = "http://www.example/pub/hello.txt"
    page = nettools.fetch_page(url, proxy=proxy.url.replace("//", "//user:word@"))
    assert page.status == 404 or page.text
    assert proxy.log.commands()[0] == "GET http://www.example/pub/hello.txt HTTP/1.1"
    assert any(line.startswith("Proxy-Authorization: Basic") for line in proxy.log.commands())
    proxy.on("GET").garbage(b"HTTP/1.1 407 No\r\nContent-Length: 0\r\n\r\n")
    with pytest.raises(ProxyError) as caught:
        nettools.fetch_page(url, proxy=proxy.url)
    assert caught.value.exit_code == 97


def test_a_unix_socket_is_a_way_to_a_server(tmp_path: Path) -> None:
    import socket
    import threading

    path = str(tmp_path / "s")
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(path)
        listener.listen(1)

        def answer() -> None:
            conn, _ = listener.accept()
            with conn:
                conn.recv(65536)
                conn.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nunix")

        thread = threading.Thread(target=answer)
        thread.start()
        assert nettools.fetch_page("http://localhost/x", unix_socket=path).content == b"unix"
        thread.join()
