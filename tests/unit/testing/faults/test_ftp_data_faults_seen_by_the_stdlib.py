"""What goes wrong with FTP's data connections, seen by ftplib."""

from __future__ import annotations

import contextlib
import ftplib
import io
import ssl
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

OCTETS = bytes(range(256)) * 1000


@pytest.fixture
def ftp(ftp_server: Any) -> Iterator[ftplib.FTP]:
    ftp_server.world.files["big"] = OCTETS
    with contextlib.closing(ftplib.FTP(timeout=5)) as client:  # without QUIT: some transfers never end
        client.connect(ftp_server.host, ftp_server.port)
        client.login("alice", "secret")
        yield client


def fetch(ftp: ftplib.FTP, into: bytearray | None = None) -> bytes:
    got = bytearray() if into is None else into
    ftp.retrbinary("RETR big", got.extend)
    return bytes(got)


def test_a_download_is_reset_after_exactly_so_many_octets(ftp: ftplib.FTP, ftp_server: Any) -> None:
    ftp_server.data.reset(after=100_000)
    got = bytearray()
    with pytest.raises(ConnectionResetError):
        fetch(ftp, got)
    assert got == OCTETS[:100_000]
    with pytest.raises(ftplib.error_temp, match="426"):
        ftp.voidresp()


def test_an_upload_is_reset_after_so_many_octets(ftp: ftplib.FTP, ftp_server: Any) -> None:
    ftp_server.data.reset(after=1000, arg="STOR")
    with pytest.raises((ConnectionError, ftplib.error_temp)):
        ftp.storbinary("STOR new", io.BytesIO(OCTETS * 20))
    with contextlib.suppress(ftplib.error_temp):
        ftp.voidresp()
    assert ftp_server.world.files["new"] == (OCTETS * 20)[:1000]


def test_a_dropped_download_looks_whole(ftp: ftplib.FTP, ftp_server: Any) -> None:
    ftp_server.data.drop(after=1000, times=1)
    assert fetch(ftp) == OCTETS[:1000]
    assert fetch(ftp) == OCTETS


def test_a_dead_port_refuses(ftp: ftplib.FTP, ftp_server: Any) -> None:
    ftp_server.data.dead_port(times=1)
    with pytest.raises(ConnectionRefusedError):
        fetch(ftp)
    assert fetch(ftp) == OCTETS


def test_a_refused_transfer_has_no_data_connection(ftp: ftplib.FTP, ftp_server: Any) -> None:
    ftp_server.data.refuse()
    with pytest.raises(ftplib.error_temp, match="425"):
        fetch(ftp)


def test_226_can_be_missing(ftp: ftplib.FTP, ftp_server: Any) -> None:
    ftp_server.data.no_226()
    got = bytearray()
    assert ftp.sock is not None
    ftp.sock.settimeout(0.2)
    with pytest.raises(TimeoutError):
        fetch(ftp, got)
    assert got == OCTETS


def test_a_download_can_hang(ftp: ftplib.FTP, ftp_server: Any) -> None:
    ftp_server.data.hang(after=10)
    ftp.timeout = 0.2
    got = bytearray()
    with pytest.raises(TimeoutError):
        fetch(ftp, got)
    assert got == OCTETS[:10]


def test_a_download_can_be_late(ftp: ftplib.FTP, ftp_server: Any) -> None:
    ftp_server.data.delay(0.2)
    began = time.monotonic()
    assert fetch(ftp) == OCTETS
    assert time.monotonic() - began >= 0.2


def test_a_download_can_be_slow_and_wrong(ftp: ftplib.FTP, ftp_server: Any) -> None:
    ftp_server.data.corrupt(1, seed=1, times=1)
    wrong = fetch(ftp)
    assert len(wrong) == len(OCTETS)
    assert wrong != OCTETS
    ftp_server.data.bandwidth(2_000_000, times=1)
    began = time.monotonic()
    assert fetch(ftp) == OCTETS
    assert time.monotonic() - began > 0.1
    ftp_server.world.files["big"] = b"in pieces"
    ftp_server.data.dribble(2, every=0.001)
    assert fetch(ftp) == b"in pieces"
    pieces = ftp_server.log.of(protocol="ftp-data")[-5:]
    assert [record.bytes for record in pieces] == [b"in", b" p", b"ie", b"ce", b"s"]


def test_every_octet_of_data_is_recorded_apart(ftp: ftplib.FTP, ftp_server: Any) -> None:
    fetch(ftp)
    ftp.storbinary("STOR new", io.BytesIO(b"up"))
    assert ftp_server.log.server_bytes(protocol="ftp-data") == OCTETS
    assert ftp_server.log.client_bytes(protocol="ftp-data") == b"up"
    assert b"up" not in ftp_server.log.client_bytes()
    assert ftp_server.log.connections == 1


def test_the_data_channel_ends_without_a_close_notify(ftps_server: Any, tls_ca: Path) -> None:
    context = ssl.create_default_context(cafile=str(tls_ca))
    ftps_server.tls.no_close_notify(after=1)
    with ftplib.FTP_TLS(context=context, timeout=5) as client:
        client.connect("localhost", ftps_server.port)
        client.login("alice", "secret")
        client.prot_p()
        client.voidcmd("TYPE I")
        data, _ = client.ntransfercmd("RETR pub/hello.txt")
        with data:
            data.suppress_ragged_eofs = False  # type: ignore[attr-defined]
            assert data.recv(100) == b"Hello, world.\n"
            with pytest.raises(ssl.SSLEOFError):
                data.recv(100)
