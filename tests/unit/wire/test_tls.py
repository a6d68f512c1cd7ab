"""TLS: what is verified, and what is said when it is not good."""

from __future__ import annotations

import contextlib
import shutil
import socket
import ssl
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
import trustme
from cryptography.hazmat.primitives import serialization

from nettools.errors import CertificateError, FileError, TLSError, UsageError
from nettools.policies import TLS
from nettools.testing.server import Connection
from nettools.wire.context import context_for, server_context
from nettools.wire.dial import Dialer
from nettools.wire.tls import tls_error

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
        if shutil.which("openssl") is None:
            pytest.skip("openssl is not installed")
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
    with pytest.raises(FileError, match=r"certificate authorities .*: no such file") as caught:
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


def test_a_server_that_is_too_old_is_refused_with_what_would_help(dialer: Dial, tls_ca: Any) -> None:
    old = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    old.maximum_version = ssl.TLSVersion.TLSv1_2
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def serve() -> None:
            client, _ = listener.accept()
            with client, contextlib.suppress(OSError):
                old.wrap_socket(client, server_side=True)

        thread = threading.Thread(target=serve)
        thread.start()
        with pytest.raises(TLSError, match="share no TLS version") as caught:
            dialer(tls=TLS(ca=tls_ca, min_version="1.3")).open(*listener.getsockname(), tls=True)
        thread.join()
    assert "min_version" in (caught.value.hint or "")


def test_the_keys_are_logged_where_that_is_asked_for(
    serve: Any, dialer: Dial, tls_ca: Any, tmp_path: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    server = serve(hello, tls=True)
    for name in ("option", "environment"):
        if name == "environment":
            monkeypatch.setenv("SSLKEYLOGFILE", str(tmp_path / name))
        tls = TLS(ca=tls_ca, keylog=tmp_path / name if name == "option" else None)
        dialer(tls=tls).open(server.host, server.tls_port, tls=True).close()
        assert "CLIENT_HANDSHAKE_TRAFFIC_SECRET" in (tmp_path / name).read_text()
    with pytest.raises(FileError) as caught:
        context_for(TLS(keylog=tmp_path / "none" / "x"))
    assert caught.value.exit_code == 23


def test_files_that_change_are_read_again(tmp_path: Any, tls_ca: Any) -> None:
    path = tmp_path / "ca.pem"
    path.write_bytes(tls_ca.read_bytes())
    first = context_for(TLS(ca=path))
    assert context_for(TLS(ca=path)) is first
    path.write_bytes(tls_ca.read_bytes() * 2)
    assert context_for(TLS(ca=path)) is not first


def test_a_folder_of_authorities_needs_no_hashed_names(serve: Any, dialer: Dial, tls_ca: Any, tmp_path: Any) -> None:
    (tmp_path / "ours.pem").write_bytes(tls_ca.read_bytes())
    (tmp_path / "notes.pem").write_text("no certificate")
    server = serve(hello, tls=True)
    dialer(tls=TLS(ca=tmp_path)).open(server.host, server.tls_port, tls=True).close()


@pytest.mark.parametrize("name", ["", ".example", "a b", "h\r\n", "h\0"])
def test_a_name_that_no_certificate_has_is_refused(name: str) -> None:
    with pytest.raises(UsageError):
        TLS(server_name=name)


def test_a_session_is_resumed_where_the_server_takes_it(serve: Any, dialer: Dial, tls_ca: Any) -> None:
    server = serve(hello, tls=True)
    dial = dialer(tls=TLS(ca=tls_ca))
    first: Any = dial.open(server.host, server.tls_port, tls=True)
    assert first.recv(10) == b"hello"  # TLS 1.3 sends its ticket behind the handshake
    second: Any = dial.open(server.host, server.tls_port, tls=True, session=first.session)
    assert second.session_reused
    for sock in (first, second):
        sock.close()


@pytest.mark.parametrize(
    ("reason", "words"),
    [
        ("[SSL: WRONG_VERSION_NUMBER] wrong version number (_ssl.c:1006)", "plain text"),
        ("[SSL: TLSV1_ALERT_PROTOCOL_VERSION] x", "share no TLS version"),
        ("[SSL: SSLV3_ALERT_HANDSHAKE_FAILURE] x", "refused the TLS handshake"),
        ("EOF occurred in violation of protocol", "closed the connection during"),
        ("[SSL: SOMETHING_ELSE] something else (_ssl.c:1)", "failed: something else"),
    ],
)
def test_openssls_words_are_put_into_ours(reason: str, words: str) -> None:
    assert words in str(tls_error(ssl.SSLError(1, reason), "h"))


@pytest.mark.parametrize(
    ("code", "words"),
    [(10, "has expired"), (9, "is not valid yet"), (18, "signed by nobody"), (79, "is not valid: odd")],
)
def test_what_is_wrong_with_a_certificate_is_told_by_its_code(code: int, words: str) -> None:
    error = ssl.SSLCertVerificationError(1, "failed")
    error.verify_code, error.verify_message = code, "odd"
    assert words in str(tls_error(error, "h"))


@pytest.mark.parametrize("version", ["1.0", "1.1"])
def test_an_old_version_has_old_ciphers_and_no_warning(version: str) -> None:
    context = context_for(TLS(min_version=version))
    assert context.minimum_version.name == f"TLSv{version.replace('.0', '').replace('.', '_')}"
    assert len(context.get_ciphers()) > len(context_for(TLS()).get_ciphers())


def certified(folder: Path, words: bytes = b"") -> tuple[Path, Path]:
    """A certificate and its key, which needs these words."""
    made = trustme.CA().issue_cert("localhost")
    key = serialization.load_pem_private_key(made.private_key_pem.bytes(), None)
    how = serialization.BestAvailableEncryption(words) if words else serialization.NoEncryption()
    octets = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, how)
    made.cert_chain_pems[0].write_to_path(folder / "cert.pem")
    (folder / "key.pem").write_bytes(octets)
    return folder / "cert.pem", folder / "key.pem"


def test_an_encrypted_key_is_refused_and_nobody_is_asked_for_its_words(tmp_path: Path) -> None:
    cert, key = certified(tmp_path, b"words")
    for make in (context_for, server_context):
        with pytest.raises(UsageError, match="is no certificate with its key"):
            make(TLS(cert=cert, key=key))


def test_a_close_notify_that_nobody_answers_is_not_waited_for(dialer: Dial, tmp_path: Any) -> None:
    context, done = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER), threading.Event()
    context.load_cert_chain(*certified(tmp_path))
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def serve() -> None:
            client, _ = listener.accept()
            with context.wrap_socket(client, server_side=True):
                done.wait()

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        sock = dialer(idle=None, tls=TLS(verify=False)).open(*listener.getsockname(), tls=True)
        sock.close_properly(0.05)
        assert sock.fileno() == -1
        done.set()
        thread.join()


def test_a_server_needs_a_certificate() -> None:
    with pytest.raises(UsageError, match="needs a certificate"):
        server_context(TLS())
