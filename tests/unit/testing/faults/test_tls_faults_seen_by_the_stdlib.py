"""What goes wrong with TLS, seen by a client of the standard library that verifies."""

from __future__ import annotations

import ftplib
import imaplib
import smtplib
import socket
import ssl
from collections.abc import Callable
from typing import Any

import pytest

from nettools.testing.rules import UnusedRuleError
from nettools.testing.server import Server
from nettools.testing.smtp import SMTPServer

CERTIFICATES = {
    "expired": "certificate has expired",
    "wrong_host": "mismatch",
    "untrusted": "unable to get local issuer",
}


@pytest.fixture
def context(tls_ca: Any) -> ssl.SSLContext:
    return ssl.create_default_context(cafile=str(tls_ca))


def implicit(server: Server, context: ssl.SSLContext) -> smtplib.SMTP_SSL:
    assert server.tls_port is not None
    return smtplib.SMTP_SSL("localhost", server.tls_port, context=context, local_hostname="me", timeout=10)


def explicit(server: Server, context: ssl.SSLContext) -> smtplib.SMTP:
    client = smtplib.SMTP("localhost", server.port, local_hostname="me", timeout=10)
    try:
        client.starttls(context=context)
    except BaseException:
        client.close()
        raise
    return client


@pytest.mark.parametrize("connect", [implicit, explicit])
@pytest.mark.parametrize(("fault", "message"), CERTIFICATES.items())
def test_a_bad_certificate_is_shown(
    smtp_server: Server, context: ssl.SSLContext, connect: Callable[..., Any], fault: str, message: str
) -> None:
    rule = getattr(smtp_server.tls, fault)(times=1)
    with pytest.raises(ssl.SSLCertVerificationError, match=message):
        connect(smtp_server, context)
    connect(smtp_server, context).close()
    assert rule.hits == 1


@pytest.mark.parametrize("connect", [implicit, explicit])
def test_an_old_version_is_spoken(smtp_server: Server, context: ssl.SSLContext, connect: Callable[..., Any]) -> None:
    smtp_server.tls.old_version()
    with pytest.raises(ssl.SSLError, match=r"UNSUPPORTED_PROTOCOL|PROTOCOL_VERSION"):
        connect(smtp_server, context)


@pytest.mark.parametrize("connect", [implicit, explicit])
def test_plain_text_answers_the_handshake(
    smtp_server: Server, context: ssl.SSLContext, connect: Callable[..., Any]
) -> None:
    smtp_server.tls.plaintext()
    with pytest.raises(ssl.SSLError, match="WRONG_VERSION_NUMBER"):
        connect(smtp_server, context)


@pytest.mark.parametrize("connect", [implicit, explicit])
def test_the_handshake_is_cut(smtp_server: Server, context: ssl.SSLContext, connect: Callable[..., Any]) -> None:
    smtp_server.tls.cut_handshake()
    with pytest.raises(ssl.SSLEOFError):
        connect(smtp_server, context)


def test_starttls_is_stripped(smtp_server: Server, imap_server: Server, ftp_server: Server) -> None:
    for server in (smtp_server, imap_server, ftp_server):
        server.tls.strip_starttls(times=1)
    with smtplib.SMTP("localhost", smtp_server.port, local_hostname="me", timeout=10) as smtp:
        smtp.ehlo()
        assert not smtp.has_extn("STARTTLS")
        assert smtp.docmd("STARTTLS")[0] == 503
    with imaplib.IMAP4("localhost", imap_server.port, timeout=10) as imap:
        assert "STARTTLS" not in imap.capabilities
    with ftplib.FTP() as ftp:
        ftp.connect("localhost", ftp_server.port, timeout=10)
        assert "AUTH TLS" not in ftp.sendcmd("FEAT")
    with smtplib.SMTP("localhost", smtp_server.port, local_hostname="me", timeout=10) as smtp:
        smtp.ehlo()
        assert smtp.has_extn("STARTTLS")


def test_plain_text_is_injected_in_one_segment_with_the_answer(smtp_server: Server) -> None:
    smtp_server.tls.inject_after_starttls(b"250 EVIL\r\n")
    with socket.create_connection((smtp_server.host, smtp_server.port), timeout=10) as client:
        client.recv(1000)
        client.sendall(b"EHLO me\r\n")
        client.recv(1000)
        client.sendall(b"STARTTLS\r\n")
        assert client.recv(1000) == b"220 2.0.0 Ready to start TLS\r\n250 EVIL\r\n"


def test_tls_ends_without_a_close_notify(http_server: Server, context: ssl.SSLContext) -> None:
    def fetch() -> bytes:
        with (
            socket.create_connection(("localhost", http_server.tls_port or 0), timeout=10) as plain,
            context.wrap_socket(plain, server_hostname="localhost", suppress_ragged_eofs=False) as client,
        ):
            client.sendall(b"GET /pub/hello.txt HTTP/1.0\r\n\r\n")
            data = b""
            while block := client.recv(65536):
                data += block
            return data

    assert fetch().endswith(b"Hello, world.\n")
    http_server.tls.no_close_notify()
    with pytest.raises(ssl.SSLEOFError):
        fetch()


def test_a_failed_handshake_is_in_the_log(smtp_server: Server) -> None:
    with pytest.raises(ssl.SSLCertVerificationError):
        implicit(smtp_server, ssl.create_default_context())
    with smtplib.SMTP("localhost", smtp_server.port, local_hostname="me", timeout=10):
        pass
    assert any("TLS: the handshake failed" in line for line in smtp_server.log.lines())


def test_a_handshake_that_never_came_is_an_unused_rule() -> None:
    with SMTPServer(tls=True) as server:
        server.tls.expired()
        with pytest.raises(UnusedRuleError, match=r"\(tls\) expired"):
            server.check_rules()


def test_a_server_without_tls_takes_no_rules_for_it() -> None:
    with pytest.raises(ValueError, match="no TLS"):
        SMTPServer().tls.expired()
