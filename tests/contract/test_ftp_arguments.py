"""What FTP's functions take, and what they say to what they do not take."""

from __future__ import annotations

import datetime as dt
import ftplib
import hashlib
import io
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import nettools
from nettools import (
    DeniedError,
    FileError,
    NettoolsError,
    NotFoundError,
    ProtocolError,
    ReplyError,
    UnsupportedError,
    UsageError,
)
from nettools.protocols.ftp.errors import classify

Site = Any
ALICE = {"auth": ("alice", "secret"), "tls": "off", "timeout": 20}
SCHEME = 3  # exit code of an address that is none


@pytest.fixture
def plain(fake_site: Callable[..., Site]) -> Site:
    return fake_site("ftp", "plain")


WRONG = {
    "range backwards": ("get", {"range": (5, 2)}),
    "range of text": ("get", {"range": "0-4"}),
    "range of truth": ("get", {"range": (True, None)}),
    "range beyond the end": ("get", {"range": (100, None)}),
    "range and resume": ("get", {"range": (0, 4), "resume": True}),
    "newer than a number": ("get", {"newer_than": 3}),
    "a keyword of another protocol": ("get", {"group": "x"}),
    "an active number": ("get", {"active": 3}),
    "an active word": ("get", {"active": "nonsense"}),
    "another data host": ("get", {"data_host": "x"}),
    "no encoding": ("get", {"encoding": "nonsense"}),
    "a line end in the password": ("get", {"auth": ("alice", "x\r\nDELE y")}),
    "a number as destination": ("get", {"dest": 3}),
    "no destination": ("get", {"dest": ""}),
    "no method": ("list", {"method": "x"}),
    "no such checksum": ("get", {"checksum": "sha256:0"}),
    "resume and append": ("put", {"resume": True, "append": True}),
}


@pytest.mark.parametrize("name", WRONG)
def test_arguments_that_make_no_sense_are_usage_errors(plain: Site, name: str) -> None:
    verb, keywords = WRONG[name]
    call = {
        "get": nettools.ftp_get,
        "list": nettools.ftp_list,
        "put": lambda url, **k: nettools.ftp_put(b"x", url, **k),
    }
    with pytest.raises(UsageError):
        call[verb](plain.at("pub/hello.txt"), **{**ALICE, **keywords})
    assert not [line for line in plain.server.log.commands() if line.startswith(("RETR", "STOR", "APPE"))]


@pytest.mark.parametrize("path", ["", "pub/", "pub;type=d", "%2F"])
def test_a_folder_is_no_file(plain: Site, path: str) -> None:
    for call in (lambda url: nettools.ftp_get(url, **ALICE), lambda url: nettools.ftp_put(b"x", url, **ALICE)):
        with pytest.raises(UsageError, match="is a folder"):
            call(plain.at(path))


@pytest.mark.parametrize(
    "path", ["pub/hello.txt", "%2Fpub/hello.txt", "/pub/hello.txt", "pub/hello.txt;type=I", "pub/./hello.txt"]
)
def test_a_file_has_many_addresses(plain: Site, path: str) -> None:
    assert nettools.ftp_get(f"{plain.url}/{path}", **ALICE).size == 14


def test_ranges_end_where_the_file_ends(plain: Site, tmp_path: Path) -> None:
    url = plain.at("pub/hello.txt")
    assert nettools.ftp_get(url, range=(-100, None), **ALICE).data == b"Hello, world.\n"
    assert nettools.ftp_get(url, range=(7, 100), **ALICE).data == b"world.\n"
    assert nettools.ftp_get(plain.at("pub/empty.txt"), range=(-1, None), **ALICE).data == b""
    plain.server.on("SIZE").reply("502 no")
    assert nettools.ftp_get(url, tmp_path / "x", range=(7, 11), **ALICE).size == 5
    with pytest.raises(UnsupportedError, match="size"):
        nettools.ftp_get(url, range=(-1, None), **ALICE)


def test_what_is_not_newer_is_not_transferred(plain: Site, tmp_path: Path) -> None:
    (tmp_path / "x").write_bytes(b"")
    url = plain.at("pub/hello.txt")
    done = nettools.ftp_get(url, tmp_path / "y", newer_than=tmp_path / "x", **ALICE)
    assert (done.skipped, done.path) == (True, tmp_path / "y")
    assert not (tmp_path / "y").exists()
    assert nettools.ftp_get(url, newer_than=dt.datetime(2001, 1, 1, tzinfo=dt.UTC), **ALICE).size == 14
    assert nettools.ftp_get(url, newer_than=tmp_path / "none", **ALICE).size == 14


def test_the_files_time_is_kept_unless_the_caller_does_not_want_it(plain: Site, tmp_path: Path) -> None:
    url = plain.at("pub/hello.txt")
    done = nettools.ftp_get(url, tmp_path / "x", **ALICE)
    assert done.modified is not None
    assert (tmp_path / "x").stat().st_mtime == done.modified.timestamp()
    nettools.ftp_get(url, tmp_path / "y", keep_time=False, **ALICE)
    assert (tmp_path / "y").stat().st_mtime > done.modified.timestamp()


def test_everything_is_here_already(plain: Site, tmp_path: Path) -> None:
    url = plain.at("pub/hello.txt")
    for _ in range(2):
        done = nettools.ftp_get(url, tmp_path, resume=True, **ALICE)
    assert (done.path, done.resumed_from) == (tmp_path / "hello.txt", 14)
    assert plain.server.log.commands().count("RETR pub/hello.txt") == 1


def test_text_is_transferred_as_text(plain: Site) -> None:
    assert nettools.ftp_get(plain.at("pub/hello.txt;type=a"), **ALICE).data == b"Hello, world.\r\n"
    nettools.ftp_put(b"x\r\n", plain.at("t.txt;type=a"), **ALICE)
    assert plain.server.world.files["t.txt"] == b"x\n"
    assert "TYPE A" in plain.server.log.commands()
    with pytest.raises(UsageError, match="type=a"):
        nettools.ftp_put(b"x", plain.at("t.txt;type=a"), resume=True, **ALICE)


@pytest.mark.parametrize("make", [lambda d: d, io.BytesIO, lambda d: iter([d[:2], b"", d[2:]]), bytearray])
def test_sources_of_every_kind_are_stored_and_digested(plain: Site, make: Callable[[bytes], Any]) -> None:
    done = nettools.ftp_put(make(b"abc"), plain.at("x"), **ALICE)
    assert plain.server.world.files["x"] == b"abc"
    assert (done.size, done.sha256) == (3, hashlib.sha256(b"abc").hexdigest())


def test_uploads_add_and_continue(plain: Site) -> None:
    for _ in range(2):
        nettools.ftp_put(b"ab", plain.at("x"), append=True, **ALICE)
    assert plain.server.world.files["x"] == b"abab"
    assert nettools.ftp_put(b"ababc", plain.at("x"), resume=True, **ALICE).resumed_from == 4
    assert nettools.ftp_put(b"ababc", plain.at("x"), resume=True, **ALICE).resumed_from == 5
    assert nettools.ftp_put(b"new", plain.at("y"), resume=True, **ALICE).resumed_from is None
    with pytest.raises(UsageError, match="more than the source"):
        nettools.ftp_put(b"a", plain.at("x"), resume=True, **ALICE)
    with pytest.raises(UnsupportedError):
        nettools.ftp_put(iter([b"ababcdef"]), plain.at("x"), resume=True, **ALICE)
    assert plain.server.world.files["x"] == b"ababc"


def test_a_file_that_shrinks_while_it_is_sent_is_noticed(plain: Site, tmp_path: Path) -> None:
    path = tmp_path / "x"
    path.write_bytes(b"x" * 10_000_000)

    def shrink(done: int, total: int | None) -> None:
        os.truncate(path, 100)

    with pytest.raises(FileError, match="changed while"):
        nettools.ftp_put(path, plain.at("x"), progress=shrink, **ALICE)
    assert "x" not in plain.server.world.files


def test_folders_are_listed_by_every_method(plain: Site) -> None:
    for method, kind in (("mlsd", "file"), ("list", "file"), ("nlst", "other")):
        entries = {each.name: each for each in nettools.ftp_list(plain.at("pub/"), method=method, **ALICE)}
        assert (entries["hello.txt"].path, entries["hello.txt"].kind) == ("pub/hello.txt", kind)
        with pytest.raises(NotFoundError):
            nettools.ftp_list(plain.at("pub/hello.txt"), method=method, **ALICE)
    paths = [each.path for each in nettools.ftp_list(plain.at("pub"), recursive=True, pattern="sub/*", **ALICE)]
    assert paths == ["pub/sub/deep.txt", "pub/sub/with space.txt"]
    first, *_ = nettools.ftp_list(plain.at("%2Fpub/sub"), **ALICE)
    assert first.path == "/pub/sub/deep.txt"


def test_the_root_is_a_folder_with_and_without_mlst(fake_site: Callable[..., Site]) -> None:
    for without in (set(), {"MLST", "MLSD"}):
        site = fake_site("ftp", "plain", without=without)
        assert nettools.ftp_info(site.url, **ALICE).kind == "dir"
        assert nettools.ftp_info(site.at("%2F"), **ALICE).path == "/"
        assert nettools.ftp_info(site.at("pub/sub/"), **ALICE).name == "sub"


def test_names_change_and_nothing_else(plain: Site) -> None:
    assert nettools.ftp_rename(plain.at("pub/hello.txt"), "/moved", **ALICE).path == "/moved"
    for old, new, error in (("nix", "y", NotFoundError), ("moved", "nix/y", DeniedError), ("moved", "", UsageError)):
        with pytest.raises(error):
            nettools.ftp_rename(plain.at(old), new, **ALICE)
    with pytest.raises(UsageError):
        nettools.ftp_rename(plain.at(""), "y", **ALICE)
    for path in ("", "%2F", ".", ".."):
        with pytest.raises(UsageError, match="is not removed"):
            nettools.ftp_remove(plain.at(path), recursive=True, **ALICE)
    for path in ("pub", "pub/"):
        with pytest.raises(DeniedError) as caught:
            nettools.ftp_remove(plain.at(path), missing_ok=True, **ALICE)
        assert caught.value.exit_code == 9
    nettools.ftp_remove(plain.at("nix"), missing_ok=True, **ALICE)
    nettools.ftp_remove(plain.at("moved"), recursive=True, **ALICE)
    assert "moved" not in plain.server.world.files


def test_folders_are_made(plain: Site) -> None:
    for _ in range(2):
        nettools.ftp_mkdir(plain.at("a/b"), **ALICE)
    for path in ("a", "c/d"):
        with pytest.raises(DeniedError):
            nettools.ftp_mkdir(plain.at(path), parents=False, **ALICE)
    nettools.ftp_mkdir(plain.at("e"), parents=False, **ALICE)
    with pytest.raises(DeniedError):
        nettools.ftp_mkdir(plain.at("pub/hello.txt/x"), **ALICE)
    with pytest.raises(UsageError):
        nettools.ftp_mkdir(plain.at(""), **ALICE)


def test_a_session_says_what_it_knows(plain: Site, tmp_path: Path) -> None:
    with nettools.connect(plain.at("pub/"), **ALICE) as session:
        assert {"SIZE", "REST", "MLST"} <= session.capabilities
        assert (session.capability("rest"), session.capability("SIZE"), session.capability("X")) == ("STREAM", "", None)
        assert session.command("SYST").text == "UNIX Type: L8"
        assert session.listing("sub", names_only=True) == b"deep.txt\r\nwith space.txt\r\n"
        for line, error in (("PASV", UnsupportedError), ("AUTH TLS", UnsupportedError), ("XYZZY", ReplyError)):
            with pytest.raises(error):
                session.command(line)
        with pytest.raises(UsageError):
            session.get(b"hello.txt")
        session.command("TYPE A")
        assert session.get("hello.txt").size == 14
        assert session.mirror("", tmp_path / "m").failed == {}
        assert session.mirror(tmp_path / "m", "up").failed == {}
        with pytest.raises(UsageError):
            session.mirror("a", "b")
    assert session.capabilities == frozenset(session.capabilities)


def test_the_wrapped_object_goes_on_over_our_connections(fake_site: Callable[..., Site]) -> None:
    for kind in ("plain", "implicit"):
        site = fake_site("ftp", kind, require_reuse=kind == "implicit")
        got = io.BytesIO()
        with nettools.connect(site.url, **site.options) as session:
            raw = session.raw
            assert isinstance(raw, ftplib.FTP_TLS)
            raw.retrbinary("RETR pub/hello.txt", got.write, rest=7)
            with pytest.raises(ftplib.error_perm, match="550"):
                raw.retrbinary("RETR nix", got.write)
            assert "hello.txt" in raw.nlst("pub")
        assert got.getvalue() == b"world.\n"


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (ftplib.error_perm("550 no such file"), NotFoundError),
        (ftplib.error_temp("450 denied"), DeniedError),
        (ftplib.error_proto("nonsense"), ProtocolError),
        (ftplib.error_reply("nonsense"), ProtocolError),
        (EOFError(), nettools.DisconnectedError),
    ],
)
def test_errors_of_the_wrapped_module_have_names_of_ours(error: Exception, kind: type[NettoolsError]) -> None:
    assert isinstance(classify(error), kind)
    assert classify(ValueError()) is None


@pytest.mark.parametrize("mode", [0o640, "640", "0640"])
def test_permissions_are_changed_by_site_chmod(fake_site: Callable[..., Any], mode: Any) -> None:
    site = fake_site("ftp", "plain")
    nettools.ftp_chmod(site.at("pub/hello.txt"), mode, **ALICE)
    (sent,) = [command for command in site.server.log.commands() if command.startswith("SITE")]
    assert sent in ("SITE CHMOD 640 pub/hello.txt", "SITE CHMOD 0640 pub/hello.txt")


@pytest.mark.parametrize("mode", [True, -1, "rwx", "9", "64", 0o77777, None])
def test_what_is_no_mode_is_refused_before_anything_is_connected(fake_site: Callable[..., Any], mode: Any) -> None:
    site = fake_site("ftp", "plain")
    with pytest.raises(UsageError, match="mode is permissions such as"):
        nettools.ftp_chmod(site.at("pub/hello.txt"), mode, **ALICE)
    assert not site.server.log.commands()


def test_permissions_that_cannot_be_changed_are_told_apart(fake_site: Callable[..., Any]) -> None:
    site = fake_site("ftp", "plain")
    with pytest.raises(DeniedError):
        nettools.ftp_chmod(site.at("pub/hello.txt"), 0o644, tls="off")  # as anonymous
    with pytest.raises(NotFoundError):
        nettools.ftp_chmod(site.at("pub/none.txt"), 0o644, **ALICE)
    site.server.on("SITE").reply("500 What?")
    with pytest.raises(UnsupportedError, match="no SITE CHMOD") as caught:
        nettools.ftp_chmod(site.at("pub/hello.txt"), 0o644, **ALICE)
    assert caught.value.side == "peer"
