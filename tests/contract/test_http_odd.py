"""What HTTP servers do seldom, and what is then done: early answers, waits, cuts, parts that are others'."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import nettools
from nettools import (
    DeadlineError,
    DisconnectedError,
    HTTPStatusError,
    IncompleteError,
    NettoolsError,
    ProtocolError,
    UsageError,
)

Site = Any


@pytest.fixture
def plain(fake_site: Callable[..., Site]) -> Site:
    return fake_site("http", "plain")


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        (b"HTTP/1.1 413 Too large\r\nContent-Length: 0\r\n\r\n", HTTPStatusError),
        (b"nonsense\r\n", ProtocolError),
        (b"", DisconnectedError),
    ],
)
def test_an_answer_that_comes_before_the_body_was_taken_counts_if_it_is_one(
    answer: bytes, kind: type[NettoolsError]
) -> None:
    def refuse(connection: nettools.protocols.sock.Connection) -> None:  # type: ignore[name-defined]
        connection.receive(b"\r\n\r\n")
        connection.raw.sendall(answer)
        connection.raw.close()  # with the body unread: the client sees a reset

    with nettools.listen("tcp://127.0.0.1:0", refuse) as server, pytest.raises(kind):
        nettools.fetch_page(server.url.replace("tcp", "http"), method="PUT", data=b"x" * 8_000_000)


def test_a_date_in_retry_after_is_waited_for(plain: Site) -> None:
    busy = b"HTTP/1.1 503 Busy\r\nContent-Length: 0\r\nRetry-After: Thu, 01 Jan 2026 00:00:00 GMT\r\n\r\n"
    plain.server.on("GET").garbage(busy, times=1)
    assert nettools.fetch_page(plain.at("pub/hello.txt"), retry=2).meta.attempts == 2
    plain.server.on("GET").garbage(busy.replace(b"Thu, 01 Jan 2026", b"Tue, 01 Jan 2999"), times=1)
    with nettools.connect(plain.url, retry=2, timeout=5) as session, pytest.raises(DeadlineError) as caught:
        session.fetch("/pub/hello.txt")  # type: ignore[attr-defined]
    assert (caught.value.url, caught.value.protocol) == (plain.url, "http")
    assert isinstance(caught.value.__context__, HTTPStatusError)


def test_another_error_than_a_status_is_tried_again_without_retry_after(plain: Site) -> None:
    plain.server.on("GET").drop(times=1)
    page = nettools.fetch_page(plain.at("pub/hello.txt"), retry=nettools.Retry(attempts=2, backoff=0))
    assert (page.status, page.meta.attempts) == (200, 2)


@pytest.mark.parametrize("url", [3, b"/x", "http://other:word@127.0.0.2/x"])
def test_a_session_refuses_what_is_no_url_of_its(plain: Site, url: Any) -> None:
    with nettools.connect(plain.url) as session, pytest.raises(UsageError) as caught:
        session.fetch(url)  # type: ignore[attr-defined]
    assert caught.value.exit_code == 3


def test_a_body_that_the_close_ends_must_end_by_close_notify(fake_site: Callable[..., Site]) -> None:
    site = fake_site("http", "implicit")
    site.server.on("GET").garbage(b"HTTP/1.1 200 OK\r\n\r\nhalf of", close=True)
    site.server.tls.no_close_notify()
    with pytest.raises(IncompleteError, match="close_notify"):
        nettools.fetch_page(site.url, **site.anonymous)


def test_a_short_body_that_nobody_wants_is_read_and_a_long_one_ends_its_connection(plain: Site) -> None:
    head = "HTTP/1.1 302 Found\r\nLocation: /pub/hello.txt\r\nContent-Length: {}\r\n\r\n"
    for path, size in (("/short", 3), ("/long", 400_000)):
        plain.server.on("GET", arg=path).garbage(head.format(size).encode() + b"x" * size)
    with nettools.connect(plain.url) as session:
        for path, connections in (("/short", 1), ("/long", 2)):
            assert session.download(path, None).data == b"Hello, world.\n"  # type: ignore[attr-defined]
            assert plain.server.log.connections == connections


@pytest.mark.parametrize(("content_range", "size"), [("3-19/20", 17), ("10-14/20", 5), ("10-19/*", 9)])
def test_a_part_is_joined_only_to_what_was_asked_for(
    plain: Site, tmp_path: Path, content_range: str, size: int
) -> None:
    (tmp_path / "b.part").write_bytes(b"x" * 10)
    head = f"HTTP/1.1 206 Partial Content\r\nContent-Range: bytes {content_range}\r\nContent-Length: {size}\r\n\r\n"
    plain.server.on("GET").garbage(head.encode() + b"y" * size)
    with pytest.raises(ProtocolError):
        nettools.download(plain.at("b"), tmp_path / "b", resume=True)
    assert (tmp_path / "b.part").read_bytes() == b"x" * 10


def test_what_is_begun_anew_has_the_name_that_it_has_now(plain: Site, tmp_path: Path) -> None:
    moved = b"HTTP/1.1 302 Found\r\nLocation: /pub/hello.txt\r\nContent-Length: 0\r\n\r\n"
    plain.server.on("GET", arg="/latest").garbage(moved)
    done = nettools.download(plain.at("latest"), tmp_path)
    assert done.path == tmp_path / "hello.txt"


def test_a_condition_on_a_file_that_is_not_here_is_none(plain: Site, tmp_path: Path) -> None:
    page = nettools.fetch_page(plain.at("pub/hello.txt"), newer_than=tmp_path / "nothing")
    assert page.status == 200
    assert not any(line.startswith("If-Modified-Since") for line in plain.server.log.commands())


def test_requests_own_session_ends_with_ours_and_gives_callbacks_exceptions_back(plain: Site) -> None:
    def stop(event: Any) -> None:
        if "X-Stop" in event.text:
            raise LookupError("mine")

    with nettools.connect(plain.url, on_event=stop) as session:
        raw = session.raw
        assert raw.get(plain.at("pub/hello.txt")).text == "Hello, world.\n"
        with pytest.raises(LookupError, match="mine"):
            raw.get(plain.at("pub/hello.txt"), headers={"X-Stop": "1"})
    with pytest.raises(UsageError, match="this session is closed"):
        raw.get(plain.at("pub/hello.txt"))
