"""TLS: what is verified, and what is said when it is not good."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from nettools.errors import CertificateError, FileError, TLSError, UsageError
from nettools.options import TLS
from nettools.testing.server import Connection
from nettools.wire.dial import Dialer
from nettools.wire.tls import context_for

Dial = Callable[..., Dialer]


async def hello(conn: Connection) -> None:
    await conn.write(b"hello")
    await conn.read()


@pytest.mark.parametrize(
    ("certificate", "words", "hint"),
    [
        ("expired", "has expired", "renew"),
        ("wrong_host", "is not for 127.0.0.1", "server_name"),
        ("untrusted", "signed by nobody", "--cacert"),
    ],
)
def test_a_bad_certificate_is_refused_and_the_reason_said(
    serve: Any, dialer: Dial, tls_ca: Any, certificate: str, words: str, hint: str
) -> None:
    server = serve(hello, tls=True, certificate=certificate)
    with pytest.raises(CertificateError, match=words) as caught:
        dialer(tls=TLS(ca=tls_ca)).open(server.host, server.tls_port, tls=True)
    assert hint in (caught.value.hint or "")
    assert caught.value.exit_code == 60


@pytest.mark.parametrize("how", ["file", "folder", "text"])
def test_an_authority_is_a_file_a_folder_or_text(
    serve: Any, dialer: Dial, tls_ca: Any, tmp_path: Any, how: str
) -> None:
    import subprocess

    ca: Any = tls_ca
    if how == "text":
        ca = tls_ca.read_text()
    elif how == "folder":
        digest = subprocess.run(
            ["openssl", "x509", "-hash", "-noout", "-in", tls_ca], check=True, capture_output=True, text=True
        ).stdout.strip()
        (tmp_path / f"{digest}.0").write_bytes(tls_ca.read_bytes())
        ca = tmp_path
    server = serve(hello, tls=True)
    dial = dialer(tls=TLS(ca=ca))
    sock = dial.open(server.host, server.tls_port, tls=True)
    assert sock.recv(10) == b"hello"
    assert dial.trace.tls is not None
    assert dial.trace.tls.version == "TLSv1.3"
    assert "localhost" in (dial.trace.tls.subject or "")
    sock.close()


def test_unverified_is_possible_when_it_is_said(serve: Any, dialer: Dial) -> None:
    server = serve(hello, tls=True, certificate="untrusted")
    sock = dialer(tls=TLS(verify=False)).open(server.host, server.tls_port, tls=True)
    assert sock.recv(10) == b"hello"
    sock.close()


def test_another_name_can_be_expected(serve: Any, dialer: Dial, tls_ca: Any) -> None:
    server = serve(hello, tls=True, certificate="wrong_host")
    tls = TLS(ca=tls_ca, server_name="elsewhere.example")
    dialer(tls=tls).open(server.host, server.tls_port, tls=True).close()


def test_plain_text_where_tls_was_expected_is_said(serve: Any, dialer: Dial) -> None:
    server = serve(hello)
    with pytest.raises(TLSError, match="plain text") as caught:
        dialer().open(server.host, server.port, tls=True)
    assert "without s" in (caught.value.hint or "")


def test_files_that_cannot_be_read_are_named(tmp_path: Any) -> None:
    with pytest.raises(FileError, match="certificate authorities") as caught:
        context_for(TLS(ca=tmp_path / "none.pem"))
    assert caught.value.exit_code == 26
    (tmp_path / "bad.pem").write_text("no certificate")
    with pytest.raises(UsageError):
        context_for(TLS(ca=tmp_path / "bad.pem"))
    with pytest.raises(UsageError):
        context_for(TLS(cert=tmp_path / "bad.pem"))


def test_a_handshake_that_hangs_keeps_no_other_waiting(serve: Any, dialer: Dial, tls_ca: Any) -> None:
    asked = threading.Event()

    async def silent(conn: Connection) -> None:
        await conn.read()  # the ClientHello
        asked.set()
        await conn.read()

    stuck, server = serve(silent), serve(hello, tls=True)
    tls = TLS(ca=tls_ca)
    with ThreadPoolExecutor(1) as pool:
        hanging = pool.submit(dialer(tls=tls).open, stuck.host, stuck.port, tls=True)
        assert asked.wait(5)
        dialer(tls=tls).open(server.host, server.tls_port, tls=True).close()
        assert not hanging.done()
        stuck.stop()
        with pytest.raises(TLSError, match=r"closed|failed"):
            hanging.result()


def test_the_authorities_are_read_once_and_again_where_they_are_elsewhere(
    serve: Any, dialer: Dial, tls_ca: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    server = serve(hello, tls=True)
    dial = dialer(tls=TLS(alpn=("once",)))
    with pytest.raises(CertificateError):
        dial.open(server.host, server.tls_port, tls=True)
    monkeypatch.setenv("SSL_CERT_FILE", str(tls_ca))
    for _ in range(2):
        dial.open(server.host, server.tls_port, tls=True).close()
