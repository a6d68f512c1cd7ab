"""What the README says of others: each row of its table that can be seen is seen here, and of nettools the contrary.

A library that is not installed skips its tests. Loopback stands for another machine by a name that is resolved to it.
"""

from __future__ import annotations

import ftplib
import gc
import imaplib
import inspect
import poplib
import smtplib
import socket
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import requests

import nettools
from nettools.testing import Sandbox, World
from nettools.testing.ftp import FTPServer
from nettools.testing.http import HTTPServer
from nettools.testing.smtp import SMTPServer

LONG = 50_000


# --- certificates, of an authority that nobody here trusts


def test_modules_for_mail_and_ftp_take_any_certificate(running: Sandbox) -> None:
    imaplib.IMAP4_SSL(running.imap.host, running.imap.tls_port).logout()
    smtplib.SMTP_SSL(running.smtp.host, running.smtp.tls_port).quit()
    poplib.POP3_SSL(running.pop3.host, running.pop3.tls_port).quit()
    with ftplib.FTP_TLS() as ftp:
        ftp.connect(running.ftp.host, running.ftp.port)
        assert ftp.login("alice", "secret").startswith("230")


def test_imap_tools_takes_any_certificate(running: Sandbox) -> None:
    box = pytest.importorskip("imap_tools").MailBox(running.imap.host, port=running.imap.tls_port)
    with box.login("alice", "secret") as mailbox:
        assert mailbox.folder.exists("INBOX")


def test_yagmail_takes_any_certificate(running: Sandbox) -> None:
    yagmail = pytest.importorskip("yagmail")
    with yagmail.SMTP("alice", "secret", host=running.smtp.host, port=running.smtp.tls_port) as smtp:
        smtp.login()


def test_requests_curl_and_nettools_do_not(running: Sandbox, program: Callable[..., bytes]) -> None:
    with pytest.raises(requests.exceptions.SSLError):
        requests.get(running.http.tls_url, timeout=10)
    program("curl", "-sS", running.http.tls_url, code=60)
    for url in (running.imap.tls_url, running.smtp.tls_url, running.pop3.tls_url, running.ftp.tls_url):
        with pytest.raises(nettools.CertificateError):
            nettools.connect(url, auth=("alice", "secret"))


# --- time


@pytest.mark.parametrize(
    ("module", "name"), [("requests", "Session.request"), ("imap_tools", "MailBox"), ("imapclient", "IMAPClient")]
)
def test_others_wait_for_ever_unless_they_are_told_otherwise(module: str, name: str) -> None:
    function: Any = pytest.importorskip(module)
    for part in name.split("."):
        function = getattr(function, part)
    assert inspect.signature(function).parameters["timeout"].default is None
    assert socket.getdefaulttimeout() is None
    assert nettools.Timeout().idle == 30


# --- secrets in clear


def test_a_password_goes_in_clear_to_another_machine_with_curl_and_not_with_nettools(
    running: Sandbox, program: Callable[..., bytes]
) -> None:
    far = f"http://far.example:{running.http.port}/_anything"
    shown = program("curl", "-s", "-u", "a:b", "--resolve", f"far.example:{running.http.port}:127.0.0.1", far)
    assert b"Basic" in shown
    with pytest.raises(nettools.ClearTextError):
        nettools.fetch_page(far, auth=("a", "b"), resolve={("far.example", running.http.port): ["127.0.0.1"]})


def test_a_password_goes_in_clear_to_another_machine_with_requests(
    running: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = socket.getaddrinfo
    monkeypatch.setattr(socket, "getaddrinfo", lambda host, *more, **named: real("127.0.0.1", *more, **named))
    page = requests.get(f"http://far.example:{running.http.port}/_anything", auth=("a", "b"), timeout=10)
    assert page.json()["headers"]["authorization"].startswith("Basic")


# --- downloads that are cut


@pytest.fixture
def cut_page(http_server: HTTPServer, world: World) -> str:
    world.files["pub/long.bin"] = bytes(LONG)
    http_server.on("GET").truncate(LONG // 2)
    return f"{http_server.url}/pub/long.bin"


def test_curl_leaves_what_was_cut_under_the_final_name(
    cut_page: str, program: Callable[..., bytes], tmp_path: Path
) -> None:
    program("curl", "-s", "-o", tmp_path / "long.bin", cut_page, code=18)
    assert 0 < (tmp_path / "long.bin").stat().st_size < LONG


def test_requests_tells_of_what_was_cut(cut_page: str) -> None:
    with pytest.raises(requests.exceptions.RequestException):
        requests.get(cut_page, timeout=10)


def test_nettools_tells_of_it_and_leaves_no_file_of_that_name(cut_page: str, tmp_path: Path) -> None:
    with pytest.raises(nettools.IncompleteError):
        nettools.download(cut_page, tmp_path / "long.bin")
    assert [each.name for each in tmp_path.iterdir() if not each.name.startswith("long.bin.part")] == []


def test_ftputil_takes_half_a_file_for_the_whole_and_nettools_does_not(
    ftp_server: FTPServer, world: World, tmp_path: Path
) -> None:
    ftputil = pytest.importorskip("ftputil")
    world.files["pub/long.bin"] = bytes(LONG)
    ftp_server.data.truncate(LONG // 2)

    class Client(ftplib.FTP):
        def __init__(self, host: str, user: str, password: str) -> None:
            super().__init__()
            self.connect(host, ftp_server.port)
            self.login(user, password)

    with ftputil.FTPHost(ftp_server.host, "alice", "secret", session_factory=Client) as host:
        host.download("/pub/long.bin", str(tmp_path / "theirs"))
    assert (tmp_path / "theirs").stat().st_size == LONG // 2
    with pytest.raises(nettools.IncompleteError):
        nettools.ftp_get(f"{ftp_server.url}/pub/long.bin", tmp_path / "ours", tls="off")
    assert not (tmp_path / "ours").exists()


# --- turns


TO = [f"alice@{host}.example" for host in "abc"]


def test_mails_to_three_take_smtplib_six_turns_each_and_nettools_one(smtp_server: SMTPServer) -> None:
    turns = smtp_server.log.round_trips
    with smtplib.SMTP(smtp_server.host, smtp_server.port, "localhost") as plain:
        plain.sendmail("b@x.org", TO, b"text")
        before = turns()
        for _ in range(10):
            plain.sendmail("b@x.org", TO, b"text")
        assert turns() - before == 60
    before = turns()
    notes = [{"sender": "b@x.org", "to": TO, "text": "text"} for _ in range(10)]
    nettools.send_mails(smtp_server.url, notes, tls="off")
    assert turns() - before <= 10 + 6


@pytest.mark.filterwarnings("ignore::ResourceWarning", "ignore::pytest.PytestUnraisableExceptionWarning")
def test_mails_to_three_take_yagmail_ten_turns_each_for_it_connects_for_each(smtp_server: SMTPServer) -> None:
    yagmail = pytest.importorskip("yagmail")
    host, port = smtp_server.host, smtp_server.port
    with yagmail.SMTP("alice", "secret", host=host, port=port, smtp_ssl=False, smtp_starttls=False) as smtp:
        for number in range(10):
            smtp.send(TO, f"mail {number}", "text")
    del smtp
    gc.collect()  # sockets that it left open
    assert 95 <= smtp_server.log.round_trips() <= 105
