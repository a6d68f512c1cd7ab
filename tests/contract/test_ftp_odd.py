"""What FTP servers do seldom, and what is then done: late greetings, other ports, words that are missing."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import nettools
from nettools import (
    AuthError,
    DeniedError,
    IncompleteError,
    ProtocolError,
    Timeout,
    TooLargeError,
)
from nettools.protocols.ftp import listing

Site = Any


@pytest.fixture
def plain(fake_site: Callable[..., Site]) -> Site:
    return fake_site("ftp", "plain")


def without(fake_site: Callable[..., Site], *names: str) -> Site:
    return fake_site("ftp", "plain", without=set(names))


# --- the control conversation


def test_a_server_that_asks_for_patience_is_waited_for() -> None:
    def talk(connection: Any) -> None:
        connection.send("120 ready in a minute\r\n220 ready\r\n")
        replies = {b"USER": "230 in", b"NOOP": "200 here", b"QUIT": "221 bye"}
        verb = b""
        while verb != b"QUIT":
            verb = connection.receive(b"\n").data[:4]
            connection.send(f"{replies.get(verb, '502 no')}\r\n")

    with (
        nettools.listen("tcp://127.0.0.1:0", talk) as server,
        nettools.connect(server.url.replace("tcp", "ftp")) as files,
    ):
        files.ping()  # type: ignore[attr-defined]
    assert not server.errors


def test_a_user_without_a_password_is_told_before_anything_is_said(plain: Site) -> None:
    url = plain.url.replace("//", "//bob@")
    with pytest.raises(AuthError, match="there is no password for bob"):
        nettools.ftp_list(url, **plain.anonymous)
    assert "USER bob" not in plain.server.log.commands()


def test_a_name_that_looks_like_an_option_is_none(plain: Site) -> None:
    plain.server.world.files["-la"] = b"a file"
    with nettools.connect(plain.url, **plain.options) as files:
        assert files.get("-la").data == b"a file"  # type: ignore[attr-defined]
    assert "RETR ./-la" in plain.server.log.commands()


# --- the data channel


def test_active_mode_falls_back_to_the_older_command(plain: Site) -> None:
    plain.server.on("EPRT").reply("502 not here")
    assert nettools.ftp_get(plain.at("pub/hello.txt"), active=True, **plain.options).size == 14
    assert any(line.startswith("PORT 127,0,0,1,") for line in plain.server.log.commands())


def test_a_file_whose_end_the_server_did_not_confirm_is_not_whole(plain: Site, tmp_path: Path) -> None:
    plain.server.on("RETR").garbage(b"150 here it comes\r\n", close=True)
    with pytest.raises(IncompleteError):
        nettools.ftp_get(plain.at("pub/hello.txt"), tmp_path / "x", **plain.options)
    assert not (tmp_path / "x").exists()


# --- listings


def test_a_tree_without_end_is_left(plain: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    plain.server.world.files["a/b/c/d/e.txt"] = b"deep"
    monkeypatch.setattr(listing, "MOST_LEVELS", 2)
    with pytest.raises(ProtocolError, match="goes down more than 2 levels"):
        nettools.ftp_list(plain.at("a/"), recursive=True, **plain.options)
    monkeypatch.setattr(listing, "MOST_ENTRIES", 2)
    with pytest.raises(TooLargeError):
        nettools.ftp_list(plain.at("pub/"), recursive=True, **plain.options)


def test_a_file_that_no_listing_has_is_known_by_its_size_and_time(
    fake_site: Callable[..., Site], monkeypatch: pytest.MonkeyPatch
) -> None:
    site = without(fake_site, "MLST")
    site.server.world.files["pub/.hidden"] = b"12345"
    monkeypatch.setattr(listing.Folders, "_read_folder", lambda *_: ())
    info = nettools.ftp_info(site.at("pub/.hidden"), **site.options)
    assert (info.kind, info.size, info.precision) == ("file", 5, "second")


def test_facts_that_are_none_are_passed_over_for_a_listing(plain: Site) -> None:
    plain.server.on("MLST").reply("250-Listing\r\n250 End")
    info = nettools.ftp_info(plain.at("pub/hello.txt"), **plain.options)
    assert (info.name, info.size) == ("hello.txt", 14)


# --- mirrors


def test_what_cannot_be_removed_is_told_and_the_rest_is(plain: Site, tmp_path: Path) -> None:
    for name in ("one", "two"):
        plain.server.world.files[f"m/{name}"] = b"x"
    (tmp_path / "new").write_text("new")
    plain.server.on("DELE", arg="one").reply("550 Permission denied")
    report = nettools.ftp_mirror(tmp_path, plain.at("m/"), delete=True, **plain.options)
    assert (report.transferred, report.deleted) == (("new",), ("two",))
    assert isinstance(report.failed["one"], DeniedError)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may remove anything")
def test_a_local_file_that_cannot_be_removed_is_told(plain: Site, tmp_path: Path) -> None:
    (tmp_path / "kept").mkdir()
    (tmp_path / "kept" / "old").write_text("old")
    (tmp_path / "kept").chmod(0o500)
    report = nettools.ftp_mirror(plain.at("pub/"), tmp_path, delete=True, **plain.options)
    assert "kept/old" in report.failed


def test_an_interruption_ends_what_other_connections_do(plain: Site, tmp_path: Path) -> None:
    for name in ("a", "b", "c"):
        plain.server.world.files[f"m/{name}"] = name.encode()
    plain.server.on("RETR").hang(optional=True)  # what was sent may come after the end of the test
    hanging = threading.Event()

    def interrupt(event: Any) -> None:
        if event.kind == "send" and event.text.startswith("RETR"):
            if threading.current_thread() is not threading.main_thread():
                hanging.set()
            elif hanging.wait(40):
                raise KeyboardInterrupt

    options = {**plain.options, "timeout": Timeout(idle=None), "on_event": interrupt}
    with pytest.raises(KeyboardInterrupt):
        nettools.ftp_mirror(plain.at("m/"), tmp_path, workers=2, **options)
    assert not [each for each in threading.enumerate() if each.name.startswith("nettools-mirror")]
