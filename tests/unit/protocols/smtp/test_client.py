"""smtplib's classes as we extend them: replies within bounds, and LMTP's answer for each recipient."""

from __future__ import annotations

import smtplib
from collections.abc import Iterator

import pytest

from nettools import DisconnectedError
from nettools.protocols.smtp import LMTPClient, SMTPClient
from nettools.testing.smtp import LMTPServer, SMTPServer

RAW = b"Subject: s\r\n\r\nx\r\n"


@pytest.fixture
def lmtp() -> Iterator[LMTPServer]:
    with LMTPServer() as server:
        server.world.add_user("full", "x")
        yield server


def test_an_lmtp_client_hears_of_each_recipient_after_the_message(lmtp: LMTPServer) -> None:
    lmtp.on(".", arg="full@x").garbage(b"250 2.1.5 ok\r\n452 4.2.2 full\r\n")
    with LMTPClient(lmtp.host, lmtp.port, "me") as client:
        refused = client.sendmail("b@x", ["alice@x", "nobody@x", "full@x"], RAW)
        assert refused == {"nobody@x": (550, b"5.1.1 No such user here"), "full@x": (452, b"4.2.2 full")}
        assert client.noop()[0] == 250
        assert client.sendmail("b@x", "alice@x", RAW) == {}


def test_an_lmtp_message_that_everybody_refuses_is_an_error(lmtp: LMTPServer) -> None:
    lmtp.on(".").garbage(b"452 4.2.2 full\r\n550 5.7.1 no\r\n")
    with LMTPClient(lmtp.host, lmtp.port, "me") as client:
        with pytest.raises(smtplib.SMTPDataError) as caught:
            client.sendmail("b@x", ["alice@x", "full@x"], RAW)
        assert caught.value.smtp_code == 452
        assert client.noop()[0] == 250


def test_without_a_dialer_replies_are_read_as_smtplib_reads_them() -> None:
    with SMTPServer() as server, SMTPClient(server.host, server.port, "me") as client:
        assert client.ehlo()[0] == 250
        assert client.docmd("VRFY", "nobody") == (550, b"5.1.1 No such user here")


def test_a_closed_client_says_that_it_is_closed() -> None:
    with pytest.raises(DisconnectedError):
        SMTPClient(dialer=lambda host, port: None).read_reply()
