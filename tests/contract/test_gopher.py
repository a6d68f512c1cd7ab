"""Gopher over the fake, in clear and under TLS, and over gophernicus."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import nettools
from nettools import (
    ChecksumError,
    DeniedError,
    DisconnectedError,
    NotFoundError,
    ProtocolError,
    ReplyError,
    TooLargeError,
    UnsupportedError,
    UsageError,
)
from nettools.testing import World

Site = Any

DAEMON = pytest.mark.daemon
KINDS = [
    "plain",
    "implicit",
    pytest.param("gophernicus-plain", marks=DAEMON),
    pytest.param("gophernicus-implicit", marks=DAEMON),
]
FILES = dict(World().files)


@pytest.fixture(params=KINDS)
def site(request: pytest.FixtureRequest, fake_site: Callable[..., Site]) -> Site:
    server, _, kind = request.param.rpartition("-")
    if server:
        return request.getfixturevalue("daemon_site")(server, "gopher", kind)
    return fake_site("gopher", kind)


def text(site: Site, name: str) -> bytes:
    """A text as the server has it: gophernicus sends every line end as CR LF."""
    return FILES[name].replace(b"\n", b"\r\n") if site.service else FILES[name]


def test_a_text_comes_as_it_is(site: Site) -> None:
    transfer = nettools.gopher_get(site.at("0/pub/hello.txt"), **site.options)
    assert transfer.data == text(site, "pub/hello.txt")
    assert transfer.sha256 == hashlib.sha256(transfer.data).hexdigest()
    assert (transfer.meta.tls is not None) == (site.kind == "implicit")


def test_a_binary_goes_to_a_file_octet_by_octet(site: Site, tmp_path: Path) -> None:
    sizes: list[int] = []
    transfer = nettools.gopher_get(
        site.at("9/pub/bytes.bin"), tmp_path, progress=lambda done, total: sizes.append(done), **site.options
    )
    assert transfer.path == tmp_path / "bytes.bin"
    assert transfer.path.read_bytes() == FILES["pub/bytes.bin"]
    assert sizes[-1] == transfer.size == len(FILES["pub/bytes.bin"])
    assert list(tmp_path.iterdir()) == [transfer.path]


def test_a_menu_names_what_is_there_and_its_links_work(site: Site) -> None:
    items = nettools.gopher_list(site.at("1/pub"), **site.options)
    titles = {item.selector.rpartition("/")[2]: item for item in items if item.kind not in "i3"}
    assert titles["hello.txt"].kind == "0"
    assert titles["pixel.png"].kind == "I"
    scheme = "gophers" if site.kind == "implicit" else "gopher"
    assert (
        titles["hello.txt"].url == f"{scheme}://{titles['hello.txt'].host}:{titles['hello.txt'].port}/0/pub/hello.txt"
    )
    assert nettools.gopher_get(titles["hello.txt"].url, **site.options).data == text(site, "pub/hello.txt")


def test_odd_names_are_asked_for_as_they_are(site: Site) -> None:
    with nettools.connect(site.url, **site.options) as session:
        assert session.get("/pub/grüße.txt").data == text(site, "pub/grüße.txt")
        assert session.get("/pub/sub/with space.txt").data == text(site, "pub/sub/with space.txt")
    url = site.at("0/pub/gr%C3%BC%C3%9Fe.txt")
    assert nettools.gopher_get(url, **site.options).data == text(site, "pub/grüße.txt")


def test_a_search_gives_a_menu(site: Site) -> None:
    selector = site.service.facts["search"] if site.service else "/_search"
    found = nettools.gopher_search(site.at(f"7{selector}"), "hello world", **site.options)
    assert [item.selector for item in found if item.selector == "/pub/hello.txt"]
    assert nettools.gopher_list(site.at(f"7{selector}%09hello%20world"), **site.options) == found
    assert nettools.gopher_list(site.at(f"7{selector}?hello%20world"), **site.options) == found


def test_what_is_not_there_is_a_not_found_error_and_leaves_no_file(site: Site, tmp_path: Path) -> None:
    for path in ("0/missing.txt", "9/missing.bin"):
        with pytest.raises(NotFoundError) as caught:
            nettools.gopher_get(site.at(path), tmp_path / "x", **site.options)
        assert caught.value.exit_code == 78
    assert list(tmp_path.iterdir()) == []


def test_a_session_asks_many_times_each_over_its_own_connection(site: Site) -> None:
    with nettools.connect(site.url, **site.options) as session:
        assert (session.peer, session.tls, session.capabilities) == (None, None, frozenset())
        session.ping()
        assert session.peer is not None
        items = session.list("/pub")
        wanted = next(item for item in items if item.selector == "/pub/hello.txt")
        if wanted.host == session.target.host:
            assert session.get(wanted).data == text(site, "pub/hello.txt")
        assert any(line.startswith(b"0hello.txt") for line in session.command("/pub").lines)
        assert session.meta.attempts == 1
    if site.server:
        assert site.server.log.connections == 4


def test_download_takes_gopher_too(site: Site, tmp_path: Path) -> None:
    digest = hashlib.sha256(FILES["pub/pixel.png"]).hexdigest()
    url = site.at("I/pub/pixel.png")
    transfer = nettools.download(url, tmp_path / "p.png", resume=True, checksum=f"sha256:{digest}", **site.options)
    assert transfer.path is not None
    assert transfer.path.read_bytes() == FILES["pub/pixel.png"]
    with pytest.raises(ChecksumError):
        nettools.download(url, tmp_path / "q.png", checksum="sha256:" + "0" * 64, **site.options)
    assert [path.name for path in tmp_path.iterdir()] == ["p.png"]


# --- the fake alone: what is written, and what goes wrong


@pytest.fixture
def plain(fake_site: Callable[..., Site]) -> Site:
    return fake_site("gopher", "plain")


def test_the_request_is_a_line_and_nothing_else(plain: Site) -> None:
    nettools.gopher_get(plain.at("0/pub/hello.txt"))
    nettools.gopher_list(plain.url)
    nettools.gopher_search(plain.at("7/_search"), "two words")
    assert plain.server.log.client_bytes() == b"/pub/hello.txt\r\n\r\n/_search\ttwo words\r\n"
    assert plain.server.log.round_trips() == 3


@pytest.mark.parametrize("way", [{"dots": True}, {"bare_lf": True}, {"plus": True}])
def test_the_ways_of_real_servers_are_all_understood(fake_site: Callable[..., Site], way: dict[str, Any]) -> None:
    site = fake_site("gopher", "plain", **way)
    site.server.world.files["dots.txt"] = b".one\r\n..two\r\n.\r\nlast\r\n"
    assert nettools.gopher_get(site.at("0/dots.txt")).data == b".one\r\n..two\r\n.\r\nlast\r\n"
    assert [item.title for item in nettools.gopher_list(site.at("1/pub/sub"))] == ["deep.txt", "with space.txt"]


def test_raw_gives_the_dots_and_the_errors_as_they_came(fake_site: Callable[..., Site]) -> None:
    site = fake_site("gopher", "plain", dots=True)
    assert nettools.gopher_get(site.at("0/pub/hello.txt"), raw=True).data == b"Hello, world.\r\n.\r\n"
    assert (nettools.gopher_get(site.at("0/x"), raw=True).data or b"").startswith(b"3'/x' was not found\t")


def test_a_connection_that_stays_open_after_the_final_dot_is_not_waited_for(plain: Site) -> None:
    async def answer(conn: Any) -> None:
        await conn.readline()
        await conn.write(b"text\r\n.\r\n")
        await conn.read()  # until the client goes

    plain.server.session = answer
    assert nettools.gopher_get(plain.at("0/x"), timeout=20).data == b"text\r\n"


def test_the_main_menu_has_information_a_search_and_a_link(plain: Site) -> None:
    items = nettools.gopher_list(plain.url)
    by_kind = {item.kind: item for item in items}
    assert by_kind["i"].url is None
    assert by_kind["7"].url == plain.at("7/_search")
    assert by_kind["h"].url == "https://www.rfc-editor.org/rfc/rfc1436"


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        ("3Forbidden\t\terror.host\t1", DeniedError),
        ("3Too many connections\t\terror.host\t1", ReplyError),
        ("3Gone\t\terror.host\t1\r\nifor ever\t\terror.host\t1\r\n.", ReplyError),
    ],
)
def test_an_answer_that_is_nothing_but_an_error_is_one(plain: Site, answer: str, error: type[ReplyError]) -> None:
    plain.server.on("GET").reply(answer)
    for call in (lambda: nettools.gopher_get(plain.at("0/x")), lambda: nettools.gopher_list(plain.at("1/x"))):
        with pytest.raises(error) as caught:
            call()
        assert type(caught.value) is error
        assert caught.value.code == "3"
        assert caught.value.text == answer[1:].partition("\t")[0]


def test_an_error_among_other_items_is_an_item(plain: Site) -> None:
    plain.server.on("GET").reply("3No such host\t\terror.host\t1\r\n0Next\t/n\th\t70\r\n.")
    assert [item.kind for item in nettools.gopher_list(plain.url)] == ["3", "0"]


def test_a_text_that_begins_with_a_three_is_a_text(plain: Site) -> None:
    plain.server.world.files["3.txt"] = b"3 apples\tand pears\r\n" * 3
    assert nettools.gopher_get(plain.at("0/3.txt")).data == b"3 apples\tand pears\r\n" * 3


@pytest.mark.parametrize("path", ["0/a%0D%0Ab", "0/a%00", "0/a%09b", "7/s%09a%09b", "%09", "7/s%09%0a"])
def test_what_would_be_another_request_is_refused_before_anything_is_sent(plain: Site, path: str) -> None:
    for call in (nettools.gopher_get, nettools.gopher_list):
        with pytest.raises(UsageError) as caught:
            call(plain.at(path))
        assert caught.value.exit_code == 3
    assert plain.server.log.connections == 0


@pytest.mark.parametrize("words", ["a\tb", "a\r\nb", "a\nb", "a\0b", " ", ""])
def test_words_that_are_no_words_are_refused(plain: Site, words: str) -> None:
    with pytest.raises(UsageError):
        nettools.gopher_search(plain.at("7/_search"), words)
    assert plain.server.log.connections == 0


def test_only_this_server_is_asked(plain: Site) -> None:
    with nettools.connect(plain.url) as session:
        elsewhere = nettools.GopherItem("0", "x", "/x", "127.0.0.1", 25, "gopher://127.0.0.1:25/0/x")
        link = nettools.GopherItem("h", "x", "URL:file:///etc/passwd", "127.0.0.1", plain.server.port, None)
        for item in (elsewhere, link, "gopher://other.example/0/x"):
            with pytest.raises(UsageError):
                session.get(item)
        assert session.get(plain.at("0/pub/hello.txt")).data == FILES["pub/hello.txt"]
        assert session.search("hello")
        with pytest.raises(UsageError):
            session.search("/_search", " ")
    assert plain.server.log.connections == 2


def test_a_url_of_something_else_is_no_menu(plain: Site) -> None:
    with pytest.raises(UsageError, match="not a menu") as caught:
        nettools.gopher_list(plain.at("0/pub/hello.txt"))
    assert caught.value.hint
    with pytest.raises(UsageError, match="not a search"):
        nettools.gopher_search(plain.at("0/pub"), "x")
    with pytest.raises(UsageError, match="no users"):
        nettools.gopher_get("gopher://me@127.0.0.1/0/x")
    with pytest.raises(UnsupportedError):
        nettools.gopher_get(plain.at("8/x"))


def test_what_is_no_menu_is_a_protocol_error(plain: Site) -> None:
    plain.server.on("GET").garbage(b"HTTP/1.1 400 Bad Request\r\nServer: x\r\n\r\n")
    with pytest.raises(ProtocolError) as caught:
        nettools.gopher_list(plain.url)
    assert caught.value.exit_code == 8


@pytest.mark.parametrize("path", ["0/big.txt", "9/big.bin"])
def test_more_than_max_size_is_refused_and_leaves_no_file(plain: Site, path: str, tmp_path: Path) -> None:
    plain.server.world.files[path[2:]] = b"0123456789" * 1000
    url = plain.at(path)
    assert len(nettools.gopher_get(url, max_size=10_000).data or b"") == 10_000
    for dest in (None, tmp_path / "x", io.BytesIO()):
        with pytest.raises(TooLargeError) as caught:
            nettools.gopher_get(url, dest, max_size=9_999)
        assert caught.value.exit_code == 63
    with pytest.raises(TooLargeError):
        nettools.gopher_list(plain.at("1/pub"), max_size=20)
    assert list(tmp_path.iterdir()) == []


def test_a_connection_that_is_cut_is_no_success(plain: Site, tmp_path: Path) -> None:
    rule = plain.server.on("GET").reset()
    with pytest.raises(DisconnectedError):
        nettools.gopher_get(plain.at("9/pub/bytes.bin"), tmp_path / "x")
    assert rule.hits == 1
    assert list(tmp_path.iterdir()) == []


def test_tls_that_is_cut_is_an_incomplete_transfer(fake_site: Callable[..., Site]) -> None:
    site = fake_site("gopher", "implicit")

    async def answer(conn: Any) -> None:
        await conn.readline()
        await conn.write(b"half of it")
        conn.writer.transport.get_extra_info("socket").shutdown(2)

    site.server.session = answer
    with pytest.raises(nettools.IncompleteError) as caught:
        nettools.gopher_get(site.at("9/x"), **site.options)
    assert caught.value.received == 10


def test_attempts_are_repeated_when_asked_for(plain: Site) -> None:
    plain.server.on("GET").reset(times=1)
    retry = nettools.Retry(attempts=2, backoff=0)
    transfer = nettools.gopher_get(plain.at("0/pub/hello.txt"), retry=retry)
    assert transfer.meta.attempts == 2


def test_another_encoding_goes_both_ways(plain: Site) -> None:
    plain.server.on("GET", arg="list").garbage(b"0gr\xfc\xdfe\t/gr\xfc\xdfe\th\t70\r\n")
    items = nettools.gopher_list(plain.at("1list"), encoding="latin-1")
    assert (items[0].title, items[0].url) == ("grüße", "gopher://h/0/gr%FC%DFe")
    plain.server.on("GET", arg="\udcfc").garbage(b"yes")
    assert nettools.gopher_get(plain.at("0/%FC"), encoding="latin-1").data == b"yes"
    assert plain.server.log.client_bytes().endswith(b"/\xfc\r\n")
