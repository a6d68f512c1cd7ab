"""poplib's class on a socket that somebody else has dialed."""

from __future__ import annotations

import poplib
import socket

import pytest

from nettools.protocols.pop3 import POP3Client


def test_a_greeting_that_is_none_leaves_no_socket_open() -> None:
    ours, theirs = socket.socketpair()
    with theirs:
        theirs.sendall(b"-ERR too many of you\r\n")
        with pytest.raises(poplib.error_proto):
            POP3Client("mail.example", dialer=lambda host, port: ours)
    assert ours.fileno() == -1
