"""FTP servers that break off, lie, flood and attack: a typed error, nothing lost, nothing out of step."""

from __future__ import annotations

import datetime as dt
import select
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

import nettools
from nettools import (
    AuthError,
    ConnectError,
    DeadlineError,
    DeniedError,
    DisconnectedError,
    FileError,
    IncompleteError,
    NotFoundError,
    ProtocolError,
    ReplyError,
    ReplyTooLongError,
    TLSError,
    TooLargeError,
    UnsupportedError,
    UsageError,
)
from nettools.wire.guard import Guard

Site = Any
BIG = bytes(range(256)) * 2000


@pytest.fixture
def plain(fake_site: Callable[..., Site]) -> Site:
    site = fake_site("ftp", "plain")
    site.server.world.files["big"] = BIG
    return site


@pytest.fixture
def tls(fake_site: Callable[..., Site]) -> Site:
    site = fake_site("ftp", "implicit")
    site.server.world.files["big"] = BIG
    return site


def test_a_data_connection_that_is_reset_keeps_the_part_and_is_continued(plain: Site, tmp_path: Path) -> None:
    plain.server.data.reset(after=100_000, times=1)
    with pytest.raises((IncompleteError, DisconnectedError)):
        nettools.ftp_get(plain.at("big"), tmp_path / "x", **plain.options)
    assert [path.name for path in sorted(tmp_path.iterdir())] == ["x.part", "x.part.json"]
    done = nettools.ftp_get(plain.at("big"), tmp_path / "x", resume=True, **plain.options)
    assert (tmp_path / "x").read_bytes() == BIG
    assert 0 < (done.resumed_from or 0) <= 100_000


def test_an_interrupted_download_is_tried_again_when_the_caller_says_so(plain: Site, tmp_path: Path) -> None:
    plain.server.data.reset(after=100_000, times=1)
    options = {**plain.options, "retry": nettools.Retry(attempts=2, backoff=0)}
    done = nettools.ftp_get(plain.at("big"), tmp_path / "x", **options)
    assert (tmp_path / "x").read_bytes() == BIG
    assert done.meta.attempts == 2


def test_everything_and_no_226_is_incomplete(plain: Site, tmp_path: Path) -> None:
    plain.server.data.no_226()
    with pytest.raises((IncompleteError, DeadlineError)):
        nettools.ftp_get(plain.at("big"), tmp_path / "x", **{**plain.options, "timeout": nettools.Timeout(idle=0.2)})
    assert not (tmp_path / "x").exists()


@pytest.mark.parametrize("reply", ["426 aborted", "451 disk trouble", "425 no"])
def test_a_transfer_that_the_server_calls_off_is_incomplete(plain: Site, tmp_path: Path, reply: str) -> None:
    async def half(client: Any, arg: str) -> str:
        await plain.server.send(client, BIG[:1000], "half of it")
        return reply

    plain.server.do_RETR = half
    with nettools.connect(plain.url, **plain.options) as session:
        with pytest.raises(IncompleteError) as caught:
            session.get("big", tmp_path / "x")
        assert (caught.value.received, caught.value.expected) == (1000, len(BIG))
        assert session.info("pub/hello.txt").size == 14
    assert not (tmp_path / "x").exists()


def test_a_server_that_drops_an_upload_says_why(plain: Site) -> None:
    async def full(client: Any, arg: str) -> str:
        async with plain.server.data_connection(client, "150 a little") as data:
            await data.read(10)
            data.abort()
        return "452 disk full"

    plain.server.do_STOR = full
    with pytest.raises(ReplyError, match="disk full") as caught:
        nettools.ftp_put(BIG * 20, plain.at("x"), **plain.options)
    assert caught.value.temporary
    assert "x" not in plain.server.world.files


def test_an_upload_whose_end_is_not_confirmed_is_an_unknown_outcome(plain: Site) -> None:
    async def silent(client: Any, arg: str) -> str:
        await plain.server.receive(client, "x.part", b"")
        client.conn.abort()
        return ""

    plain.server.do_STOR = silent
    with pytest.raises(DisconnectedError) as caught:
        nettools.ftp_put(b"x", plain.at("x"), **{**plain.options, "retry": 3})
    assert caught.value.outcome_unknown
    assert plain.server.log.connections == 1


def test_fewer_octets_at_the_other_end_are_noticed_before_the_name_is_given(plain: Site) -> None:
    plain.server.world.files["x"] = b"old"
    plain.server.on("SIZE").reply("213 1")
    with pytest.raises(IncompleteError, match="1 octets there"):
        nettools.ftp_put(b"new one", plain.at("x"), **plain.options)
    assert plain.server.world.files["x"] == b"old"


def test_tls_that_ends_without_saying_so_is_a_cut_where_nothing_else_tells_the_length(tls: Site) -> None:
    async def cut(client: Any, arg: str) -> str:
        async with tls.server.data_connection(client, "150 a part") as data:
            await data.write(b"type=file;size=1; x\r\n")
            data.close_silently()
        return "226 done"

    tls.server.do_RETR = tls.server.do_MLSD = cut
    tls.server.on("SIZE").reply("502 no")
    for call in (
        lambda: nettools.ftp_get(tls.at("big"), **tls.options),
        lambda: nettools.ftp_list(tls.at("pub/"), **tls.options),
    ):
        with pytest.raises(IncompleteError, match="without closing TLS"):
            call()


def test_replies_without_end_are_cut_off(plain: Site) -> None:
    plain.server.on("MLST").garbage(b"250-\r\n" + b"250-more\r\n" * 200_000)
    with pytest.raises(ReplyTooLongError):
        nettools.ftp_info(plain.at("pub/hello.txt"), **plain.options)
    plain.server.on("MLST").garbage(b"250 " + b"x" * 100_000)
    with pytest.raises(ReplyTooLongError):
        nettools.ftp_info(plain.at("pub/hello.txt"), **plain.options)


def test_a_listing_without_end_is_cut_off(plain: Site) -> None:
    async def flood(client: Any, arg: str) -> str:
        return str(await plain.server.send(client, b"type=file;size=1; x\r\n" * 20_000, "a flood"))

    plain.server.do_MLSD = flood
    with pytest.raises(TooLargeError, match="max_size=100000"):
        nettools.ftp_list(plain.at("pub/"), max_size=100_000, **plain.options)


def test_text_behind_auth_tls_is_an_attack(fake_site: Callable[..., Site]) -> None:
    site = fake_site("ftp", "starttls")
    site.server.on("AUTH").garbage(b"234 go\r\n230 you are in\r\n")
    with pytest.raises((ProtocolError, TLSError)):
        nettools.ftp_list(site.url, **site.options)
    assert not [line for line in site.server.log.commands() if line.startswith(("USER", "PASS"))]


@pytest.mark.parametrize("reply", ["234 go", "200 ok", "500 no", "421 bye"])
def test_a_required_upgrade_that_does_not_happen_sends_no_password(fake_site: Callable[..., Site], reply: str) -> None:
    site = fake_site("ftp", "starttls")
    site.server.on("AUTH").reply(reply, close=True)
    with pytest.raises(TLSError):
        nettools.ftp_list(site.url, **site.options)
    assert site.server.log.commands() == ["AUTH TLS"]


def test_a_server_that_will_not_protect_the_data_is_not_used(fake_site: Callable[..., Site]) -> None:
    site = fake_site("ftp", "starttls")
    site.server.on("PROT").reply("536 no")
    with pytest.raises(TLSError, match="protect the data"):
        nettools.ftp_get(site.at("pub/hello.txt"), **site.options)
    assert "RETR" not in "".join(site.server.log.commands())


@pytest.mark.parametrize("evil", ["../evil", "/tmp/evil", "a/b", "..", "", "con\x1b[2J", "nul", "a\\b"])
def test_a_tree_that_is_removed_has_names_and_nothing_else(plain: Site, evil: str) -> None:
    async def lying(client: Any, arg: str) -> str:
        return str(await plain.server.send(client, f"type=file;size=4; {evil}\r\n".encode(), "lies"))

    plain.server.do_MLSD = lying
    with pytest.raises((ProtocolError, ReplyError, NotFoundError)):
        nettools.ftp_remove(plain.at("pub"), recursive=True, **plain.options)
    deleted = [line for line in plain.server.log.commands() if line.startswith("DELE")]
    assert all(line.startswith("DELE pub/") and ".." not in line for line in deleted)


def test_a_dead_port_is_a_connect_error_with_a_hint(plain: Site) -> None:
    plain.server.data.dead_port()
    with pytest.raises(ConnectError) as caught:
        nettools.ftp_put(b"x", plain.at("x"), **plain.options)
    assert "active=True" in (caught.value.hint or "")


def test_silence_on_the_data_connection_is_a_deadline(plain: Site, tmp_path: Path) -> None:
    plain.server.data.hang()
    with pytest.raises(DeadlineError) as caught:
        nettools.ftp_get(plain.at("big"), tmp_path / "x", **{**plain.options, "timeout": nettools.Timeout(idle=0.1)})
    assert caught.value.kind == "idle"


def test_a_refusal_reaches_the_caller_though_nobody_listens_for_data(plain: Site) -> None:
    plain.server.data.dead_port()
    with pytest.raises(NotFoundError):
        nettools.ftp_get(plain.at("nix"), **plain.options)


def test_an_account_is_given_when_it_is_asked_for(plain: Site) -> None:
    plain.server.on("PASS").reply("332 and the account")
    plain.server.on("ACCT").reply("230 in")
    with pytest.raises(AuthError, match="wants an account"):
        nettools.ftp_get(plain.at("pub/hello.txt"), **plain.options)
    with pytest.raises(ReplyError):  # the fake does not believe it
        nettools.ftp_get(plain.at("pub/hello.txt"), account="books", **plain.options)
    assert "ACCT books" in plain.server.log.commands()


def failing() -> Iterator[bytes]:
    yield b"x" * 1000
    raise RuntimeError("the source broke")


def test_a_source_that_fails_leaves_the_session_in_step(plain: Site) -> None:
    with nettools.connect(plain.url, **plain.options) as session:
        with pytest.raises(FileError, match="the source broke"):
            session.put(failing(), "x")
        with pytest.raises(UsageError, match="bytes"):
            session.put(iter(["text"]), "x")
        assert session.get("pub/hello.txt").data == b"Hello, world.\n"
    assert "x" not in plain.server.world.files


def test_a_download_that_becomes_too_large_leaves_the_session_in_step(plain: Site) -> None:
    plain.server.on("SIZE").reply("502 no")
    with nettools.connect(plain.url, **{**plain.options, "max_size": 1000}) as session:
        with pytest.raises(TooLargeError):
            session.get("big")
        assert session.get("pub/hello.txt").size == 14


def test_a_removal_that_fails_for_an_unknown_reason_is_not_taken_for_a_missing_file(plain: Site) -> None:
    plain.server.on("RMD").reply("550 Remove directory operation failed.")
    with pytest.raises(DeniedError):
        nettools.ftp_remove(plain.at("pub/"), missing_ok=True, **plain.options)


def test_part_of_another_version_is_not_continued(plain: Site, tmp_path: Path) -> None:
    plain.server.data.reset(after=100_000, times=1)
    with pytest.raises((IncompleteError, DisconnectedError)):
        nettools.ftp_get(plain.at("big"), tmp_path / "x", **plain.options)
    plain.server.world.files.put("big", BIG[::-1], dt.datetime(2030, 1, 1, tzinfo=dt.UTC))
    done = nettools.ftp_get(plain.at("big"), tmp_path / "x", resume=True, **plain.options)
    assert (tmp_path / "x").read_bytes() == BIG[::-1]
    assert done.resumed_from is None


def test_a_server_without_rest_begins_anew(plain: Site, tmp_path: Path) -> None:
    plain.server.on("REST").reply("502 no")
    (tmp_path / "x.part").write_bytes(BIG[:1000])
    done = nettools.ftp_get(plain.at("big"), tmp_path / "x", resume=True, **plain.options)
    assert (tmp_path / "x").read_bytes() == BIG
    assert done.resumed_from is None
    assert "fetched anew" in done.meta.warnings[0]
    with pytest.raises(UnsupportedError):
        nettools.ftp_get(plain.at("big"), range=(5, 6), **plain.options)


def test_an_upload_without_appe_is_continued_by_rest(plain: Site) -> None:
    plain.server.on("APPE").reply("502 no")
    plain.server.world.files["up"] = BIG[:1000]
    done = nettools.ftp_put(BIG, plain.at("up"), resume=True, **plain.options)
    assert plain.server.world.files["up"] == BIG
    assert done.resumed_from == 1000


def test_a_folder_where_no_part_may_be_stored_gets_the_file_at_once(plain: Site) -> None:
    plain.server.on("STOR", arg=r"\.part$").reply("553 no such names here, not allowed")
    done = nettools.ftp_put(b"new", plain.at("x"), **plain.options)
    assert plain.server.world.files["x"] == b"new"
    assert "stored under its final name" in done.meta.warnings[0]


def test_a_folder_where_nothing_is_renamed_gets_the_file_at_once(plain: Site) -> None:
    plain.server.on("RNTO").reply("550 no renaming")
    done = nettools.ftp_put(b"newer", plain.at("x"), **plain.options)
    assert plain.server.world.files["x"] == b"newer"
    assert "renaming x.part was refused" in done.meta.warnings[0]
    with pytest.raises(DeniedError):
        nettools.ftp_put(iter([b"once"]), plain.at("y"), **plain.options)
    assert not {"x.part", "y", "y.part"} & set(plain.server.world.files)


def test_mlsd_that_is_announced_and_refused_is_replaced_by_list(plain: Site) -> None:
    plain.server.on("MLSD").reply("500 what?")
    entries = nettools.ftp_list(plain.at("pub/"), **plain.options)
    assert "hello.txt" in [entry.name for entry in entries]
    assert "LIST was used" in entries[0].meta.warnings[0]


def test_a_transfer_is_ended_by_a_close_from_another_thread(plain: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    arm, told = Guard._arm, []

    def about_to_wait(sock: Guard) -> None:
        arm(sock)
        if sock.side and not told:
            told.append(None)
            closing = threading.Thread(target=files.close)
            closing.start()
            closing.join()
            told.extend(select.select([sock], [], [], 5)[0])

    plain.server.data.hang()
    files = nettools.connect(plain.url, **plain.options)
    monkeypatch.setattr(Guard, "_arm", about_to_wait)
    with pytest.raises(DisconnectedError, match="closed meanwhile"):
        files.get("big")
    assert len(told) == 2, "the data connection was left as it was"
