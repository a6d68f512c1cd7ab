"""The data connection: who connects to whom, whose address is believed, and what a refusal means."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import nettools
from nettools import ConnectError, ReplyError, UnsupportedError
from nettools.wire.dial import Dialer

Site = Any
ALICE = {"auth": ("alice", "secret"), "tls": "off", "timeout": 20}


@pytest.fixture
def plain(fake_site: Callable[..., Site]) -> Site:
    return fake_site("ftp", "plain")


def test_the_address_in_the_answer_is_believed_when_the_caller_says_so(fake_site: Callable[..., Site]) -> None:
    site = fake_site("ftp", "plain", without={"EPSV"})
    assert nettools.ftp_get(site.at("pub/hello.txt"), data_host="reply", **ALICE).size == 14
    lying = fake_site("ftp", "plain", without={"EPSV"}, pasv_host="127.0.0.9")
    with pytest.raises(ConnectError):
        nettools.ftp_get(lying.at("pub/hello.txt"), data_host="reply", **ALICE)


def test_eprt_that_is_announced_and_refused_is_replaced_by_port(plain: Site) -> None:
    plain.server.on("EPRT").reply("522 no")
    assert nettools.ftp_get(plain.at("pub/hello.txt"), active=True, **ALICE).size == 14
    assert "PORT" in "".join(plain.server.log.commands())


def test_in_active_mode_downloads_are_continued_and_uploads_stored(plain: Site, tmp_path: Path) -> None:
    (tmp_path / "x.part").write_bytes(b"Hello")
    done = nettools.ftp_get(plain.at("pub/hello.txt"), tmp_path / "x", resume=True, active=True, **ALICE)
    assert (done.resumed_from, (tmp_path / "x").read_bytes()) == (5, b"Hello, world.\n")
    nettools.ftp_put(b"up", plain.at("up"), active="127.0.0.1", **ALICE)
    assert plain.server.world.files["up"] == b"up"
    with pytest.raises(nettools.NotFoundError):
        nettools.ftp_get(plain.at("nix"), active=True, **ALICE)


def test_another_address_may_be_named_and_is_the_servers_to_refuse(plain: Site) -> None:
    with pytest.raises(ReplyError, match="501"):
        nettools.ftp_get(plain.at("pub/hello.txt"), active="192.0.2.1", **ALICE)


def test_nobody_else_may_connect_to_the_data_port(plain: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    accept = Dialer.accept

    def another(self: Dialer, listener: Any) -> Any:
        sock, _ = accept(self, listener)
        return sock, "192.0.2.66"

    monkeypatch.setattr(Dialer, "accept", another)
    with pytest.raises(ConnectError, match=r"somebody else \(192.0.2.66\)"):
        nettools.ftp_get(plain.at("pub/hello.txt"), active=True, **ALICE)


def test_active_mode_and_a_proxy_exclude_each_other(plain: Site, net_servers: Callable[..., Any]) -> None:
    proxy = net_servers("proxy")
    options = {**ALICE, "proxy": f"socks5h://127.0.0.1:{proxy.port}"}
    with pytest.raises(UnsupportedError, match="proxy"):
        nettools.ftp_get(plain.at("pub/hello.txt"), active=True, **options)


def test_a_range_stops_the_server_in_the_middle(plain: Site) -> None:
    plain.server.world.files["big"] = bytes(5_000_000)
    with nettools.connect(plain.url, **ALICE) as session:
        assert session.get("big", range=(10, 19)).data == bytes(10)
        assert session.get("pub/hello.txt").size == 14
    assert plain.server.log.connections == 1


def test_a_server_that_cannot_open_its_side_calls_it_off(plain: Site) -> None:
    plain.server.data.refuse()
    with pytest.raises((ConnectError, ReplyError)):  # which of the two connections is sooner is chance
        nettools.ftp_get(plain.at("pub/hello.txt"), **ALICE)
