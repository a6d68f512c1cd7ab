"""How often FTP waits for its server: commands travel together where that works, one by one where it does not."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import nettools
from nettools import NotFoundError, TooLargeError
from nettools.protocols.ftp import control

Site = Any
ONE_BY_ONE = "the server does not take commands sent ahead; it is asked one thing at a time"


@pytest.fixture
def plain(fake_site: Callable[..., Site]) -> Site:
    return fake_site("ftp", "plain")


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(control, "PATIENCE", 0.05)


def verbs(site: Site, connection: int | None = None) -> list[str]:
    return [line.split(" ")[0] for line in site.server.log.commands(connection)]


def test_a_file_is_fetched_in_six_turns(plain: Site) -> None:
    done = nettools.ftp_get(plain.at("pub/hello.txt"), **plain.options)
    assert verbs(plain) == ["USER", "PASS", "FEAT", "TYPE", "SIZE", "MDTM", "EPSV", "RETR", "QUIT"]
    assert plain.server.log.round_trips() == 6  # greeting, USER, PASS, what can be asked, RETR, QUIT
    assert done.meta.round_trips <= 6


def test_with_the_offer_of_tls_to_look_for_it_is_one_turn_more(plain: Site, fake_site: Callable[..., Site]) -> None:
    bare = fake_site("ftp", "plain", without={"STARTTLS"})
    nettools.ftp_get(bare.at("pub/hello.txt"), auth=("alice", "secret"), timeout=20)
    assert bare.server.log.round_trips() == 7
    assert verbs(bare)[:3] == ["FEAT", "USER", "PASS"]


def test_nobody_in_particular_fetches_a_file_in_six_turns_with_the_look_for_tls(
    fake_site: Callable[..., Site],
) -> None:
    site = fake_site("ftp", "plain", without={"STARTTLS"})
    assert nettools.ftp_get(site.at("pub/hello.txt"), timeout=20).size == 14
    assert verbs(site)[:4] == ["FEAT", "USER", "PASS", "OPTS"]
    assert site.server.log.round_trips() == 6


def test_over_tls_nobody_says_so_again(fake_site: Callable[..., Site], tls_ca: Path) -> None:
    site = fake_site("ftp", "starttls")
    options = {"tls": nettools.TLS(ca=tls_ca), "timeout": 20}
    assert nettools.ftp_get(site.at("pub/hello.txt"), **options).meta.tls is not None
    assert verbs(site)[:5] == ["FEAT", "USER", "AUTH", "USER", "PASS"]


def test_a_file_is_stored_and_named_in_eight_turns(plain: Site) -> None:
    nettools.ftp_put(b"new", plain.at("new"), **plain.options)
    assert verbs(plain)[2:] == ["FEAT", "TYPE", "EPSV", "STOR", "OPTS", "SIZE", "RNFR", "RNTO", "QUIT"]
    assert plain.server.log.round_trips() == 8


def test_a_folder_is_listed_in_seven_turns(plain: Site) -> None:
    nettools.ftp_list(plain.at("pub/"), **plain.options)
    assert verbs(plain)[2:] == ["FEAT", "OPTS", "TYPE", "EPSV", "MLSD", "QUIT"]
    assert plain.server.log.round_trips() == 7


def test_over_tls_the_protection_of_the_data_travels_with_the_first_question(fake_site: Callable[..., Site]) -> None:
    site = fake_site("ftp", "implicit", require_reuse=True)
    nettools.ftp_get(site.at("pub/hello.txt"), **site.options)
    assert verbs(site)[2:8] == ["PBSZ", "PROT", "FEAT", "TYPE", "SIZE", "MDTM"]
    assert site.server.log.round_trips() == 6


def test_the_next_file_of_a_session_takes_two_turns(plain: Site) -> None:
    with nettools.connect(plain.url, **plain.options) as session:
        session.get("pub/hello.txt")
        before = plain.server.log.round_trips()
        session.get("pub/data.json")
        assert plain.server.log.round_trips() - before == 2


@pytest.mark.usefixtures("impatient")
def test_a_server_that_forgets_what_was_sent_ahead_is_asked_one_thing_at_a_time(
    fake_site: Callable[..., Site], tmp_path: Path
) -> None:
    site = fake_site("ftp", "plain", without={"PIPELINING"})
    with nettools.connect(site.url, **site.options) as session:
        done = session.get("pub/hello.txt", tmp_path / "x")
        assert (tmp_path / "x").read_bytes() == b"Hello, world.\n"
        assert [entry.name for entry in session.list("pub/sub")] == ["deep.txt", "with space.txt"]
        session.put(b"x", "new")
        assert session.meta.warnings == ()
    assert site.server.log.connections == 2
    assert done.size == 14


@pytest.mark.usefixtures("impatient")
def test_a_server_that_forgets_it_before_the_login_is_asked_one_thing_at_a_time(fake_site: Callable[..., Site]) -> None:
    site = fake_site("ftp", "plain", without={"STARTTLS", "PIPELINING"})
    assert nettools.ftp_get(site.at("pub/hello.txt"), timeout=20).size == 14
    assert verbs(site, 2)[:3] == ["FEAT", "USER", "PASS"]


@pytest.mark.parametrize("answer", ["226 what is this", "xyz"])
@pytest.mark.usefixtures("impatient")
def test_answers_that_do_not_fit_begin_anew(plain: Site, answer: str) -> None:
    plain.server.on("SIZE").reply(answer, times=1)
    done = nettools.ftp_get(plain.at("pub/hello.txt"), **plain.options)
    assert done.data == b"Hello, world.\n"
    assert done.meta.warnings == (ONE_BY_ONE,)
    assert plain.server.log.connections == 2


@pytest.mark.usefixtures("impatient")
def test_a_server_that_hangs_up_on_a_batch_is_asked_one_thing_at_a_time(plain: Site) -> None:
    plain.server.on("SIZE").drop(times=1)
    done = nettools.ftp_get(plain.at("pub/hello.txt"), **plain.options)
    assert done.data == b"Hello, world.\n"
    assert done.meta.warnings == (ONE_BY_ONE,)


def test_a_proven_server_that_breaks_the_order_is_an_error(plain: Site) -> None:
    with nettools.connect(plain.url, **plain.options) as session:
        session.get("pub/hello.txt")
        plain.server.on("MDTM").drop(times=1)
        with pytest.raises(nettools.DisconnectedError):
            session.get("pub/data.json")
        assert session.get("pub/hello.txt").size == 14


def test_refusals_in_a_batch_are_no_disorder(fake_site: Callable[..., Site]) -> None:
    site = fake_site("ftp", "plain", without={"SIZE", "MDTM", "EPSV"})
    assert nettools.ftp_get(site.at("pub/hello.txt"), **site.options).size == 14
    assert site.server.log.connections == 1
    with pytest.raises(NotFoundError):
        nettools.ftp_get(site.at("nix"), **site.options)


def test_a_port_that_was_asked_for_in_vain_is_not_used_later(plain: Site) -> None:
    with nettools.connect(plain.url, **{**plain.options, "max_size": 20}) as session:
        with pytest.raises(TooLargeError):
            session.get("pub/data.json" if plain.server.world.files["pub/data.json"][20:] else "pub/bytes.bin")
        assert session.get("pub/hello.txt").size == 14
    commands = plain.server.log.commands()
    assert commands.count("EPSV") == 2


def test_a_name_in_utf_8_waits_until_that_is_agreed_on(plain: Site) -> None:
    nettools.ftp_get(plain.at("pub/gr%C3%BC%C3%9Fe.txt"), **plain.options)
    assert verbs(plain)[2:6] == ["FEAT", "OPTS", "TYPE", "SIZE"]


def test_a_mirror_asks_for_nothing_that_the_listing_told(plain: Site, tmp_path: Path) -> None:
    report = nettools.ftp_mirror(plain.at("pub/"), tmp_path / "m", workers=1, **plain.options)
    assert report.failed == {}
    assert not {"SIZE", "MDTM"} & set(verbs(plain))
    assert verbs(plain).count("RETR") == len(report.transferred)
    again = nettools.ftp_mirror(plain.at("pub/"), tmp_path / "m", **plain.options)
    assert again.transferred == ()


def test_a_mirror_of_many_files_uses_several_connections_and_each_many_times(plain: Site, tmp_path: Path) -> None:
    for number in range(40):
        plain.server.world.files[f"many/{number}"] = b"x" * number
    report = nettools.ftp_mirror(plain.at("many/"), tmp_path / "m", workers=4, **plain.options)
    assert len(report.transferred) == 40
    assert 1 < plain.server.log.connections <= 4
