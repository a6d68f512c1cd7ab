"""The hooks of the standard library that nettools relies on: they exist, and they are called.

Some are private. Where one of these fails on a new Python, its name says which file has to be looked at.
"""

from __future__ import annotations

import ftplib
import http.client
import imaplib
import io
import poplib
import smtplib
import socket
import ssl
from types import SimpleNamespace
from typing import Any

import pytest

from nettools.protocols._deadlib import telnetlib
from nettools.protocols.ftp import FTPClient
from nettools.protocols.http.connection import Response
from nettools.protocols.imap import IMAP4Client
from nettools.protocols.pop3 import POP3Client
from nettools.protocols.smtp import LMTPClient, SMTPClient
from nettools.protocols.telnet import TelnetClient


class Called(Exception):  # noqa: N818  # proof, not an error
    """The hook was called."""


def refuse(*args: Any) -> Any:
    raise Called(args)


def test_smtplib_asks_get_socket__protocols_smtp_client() -> None:
    for cls in (SMTPClient, LMTPClient):
        with pytest.raises(Called):
            cls("h", 25, "me", dialer=refuse)
    assert callable(smtplib.SMTP._get_socket)  # type: ignore[attr-defined]


def test_poplib_asks_create_socket__protocols_pop3_client() -> None:
    with pytest.raises(Called):
        POP3Client("h", 110, dialer=refuse)
    for name in ("_create_socket", "_getline", "_putcmd"):
        assert callable(getattr(poplib.POP3, name))


def test_imaplib_asks_create_socket__protocols_imap_client() -> None:
    with pytest.raises(Called):
        IMAP4Client("h", 143, dialer=refuse)
    for name in ("_create_socket", "_connect", "_new_tag"):
        assert callable(getattr(imaplib.IMAP4, name))
    assert callable(imaplib.Int2AP)  # type: ignore[attr-defined]


def test_ftplib_connects_by_connect__protocols_ftp_client() -> None:
    with pytest.raises(Called):
        FTPClient(dialer=refuse).connect("h", 21)  # type: ignore[arg-type]
    assert callable(ftplib.FTP.ntransfercmd)
    assert callable(ftplib.parse150)  # type: ignore[attr-defined]


def test_telnetlib_opens_by_open_and_reads_by_fill_rawq__protocols_telnet_client() -> None:
    with pytest.raises(Called):
        TelnetClient("h", 23, dialer=refuse)
    for name in ("fill_rawq", "process_rawq", "sock_avail", "read_until", "expect", "read_very_lazy"):
        assert callable(getattr(telnetlib.Telnet, name))
    client = TelnetClient()
    assert (client.rawq, client.irawq, client.cookedq, client.option_callback) == (b"", 0, b"", None)


def test_http_client_reads_a_response_by_these_methods__protocols_http_connection() -> None:
    for name in ("_close_conn", "_get_chunk_left", "_read_next_chunk_size", "_safe_read", "_check_close", "isclosed"):
        assert callable(getattr(http.client.HTTPResponse, name))
    assert callable(http.client.HTTPResponse._read_and_discard_trailer)  # type: ignore[attr-defined]
    octets = io.BufferedReader(
        io.BytesIO(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\nA: b\r\n\r\n")
    )
    stand_in = SimpleNamespace(makefile=lambda mode: octets, tls=False, close=octets.close)
    response = Response(stand_in, "GET")  # type: ignore[arg-type]
    response.begin()
    assert (response.read(), response.isclosed()) == (b"ok", True)


def test_ssl_makes_sockets_of_the_contexts_class__wire_tls() -> None:
    class Ours(ssl.SSLSocket):
        pass

    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    context.sslsocket_class = Ours
    left, right = socket.socketpair()
    with right, context.wrap_socket(left, do_handshake_on_connect=False) as wrapped:
        assert isinstance(wrapped, Ours)


def test_without_a_dialer_the_classes_are_their_bases() -> None:
    assert SMTPClient(local_hostname="me").getreply.__func__ is not None  # type: ignore[attr-defined]
    with pytest.raises(OSError, match=r"refused|denied|unreachable"):
        SMTPClient("127.0.0.1", 1, "me", timeout=1)
    with pytest.raises(OSError, match=r"refused|denied|unreachable"):
        POP3Client("127.0.0.1", 1, timeout=1)
    with pytest.raises(OSError, match=r"refused|denied|unreachable"):
        IMAP4Client("127.0.0.1", 1, timeout=1)
    with pytest.raises(OSError, match=r"refused|denied|unreachable"):
        FTPClient().connect("127.0.0.1", 1, timeout=1)
