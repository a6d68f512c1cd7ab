"""The Telnet fake used by curl and by Debian's telnet, clients that nobody here wrote, and octet by octet."""

from __future__ import annotations

import contextlib
import shutil
import socket
import subprocess
from collections.abc import Callable, Iterator

import pytest

from nettools.testing.server import Server
from terminal import AtTerminal

IAC, SB, SE = 255, 250, 240


class Client:
    """A socket that sends what it is told, and reads up to something."""

    def __init__(self, server: Server) -> None:
        self.socket = socket.create_connection((server.host, server.port), timeout=10)

    def until(self, end: bytes) -> bytes:
        data = b""
        while not data.endswith(end):
            more = self.socket.recv(1)
            assert more, data
            data += more
        return data

    def log_in(self) -> bytes:
        self.until(b"login: ")
        self.socket.sendall(b"alice\r\n")
        self.until(b"Password: ")
        self.socket.sendall(b"secret\r\n")
        return self.until(b"$ ")

    def ask(self, line: bytes) -> bytes:
        self.socket.sendall(line)
        return self.until(b"$ ")


@pytest.fixture
def connect() -> Iterator[Callable[[Server], Client]]:
    with contextlib.ExitStack() as stack:

        def make(server: Server) -> Client:
            client = Client(server)
            stack.callback(client.socket.close)
            return client

        yield make


@pytest.mark.skipif(shutil.which("curl") is None, reason="curl is not installed")
def test_curl_has_a_dialogue(telnet_server: Server) -> None:
    lines = b"alice\r\nsecret\r\necho by curl\r\nexit\r\n"  # all at once: it reads nothing while it waits for stdin
    done = subprocess.run(["curl", "-q", "-sS", "-m", "20", telnet_server.url], input=lines, capture_output=True)
    assert done.stdout.endswith(b"Welcome alice\r\n$ by curl\r\n$ bye\r\n"), done


@pytest.mark.skipif(shutil.which("telnet") is None, reason="telnet is not installed")
@pytest.mark.parametrize("echo", [False, True])
def test_debians_telnet_has_a_dialogue_and_hides_the_password(net_servers: Callable[..., Server], echo: bool) -> None:
    server = net_servers("telnet", echo=echo, options=[("DO", 24), ("DO", 31)])
    command = ["telnet", "-E", server.host, str(server.port)]
    with AtTerminal(command, {"TERM": "vt220", "PATH": "/usr/bin:/bin"}, size=(100, 30)) as person:
        person.wait_for(b"login: ")
        person.type(b"alice\r")
        person.wait_for(b"Password: ")
        person.type(b"secret\r")
        person.wait_for(b"$ ")
        person.type(b"echo by hand\r")
        person.wait_for(b"by hand\r\n")
        person.wait_for(b"by hand\r\n")
        person.type(b"exit\r")
        person.wait_for(b"bye")
        person.end()
    assert b"secret" not in person.screen
    assert ("WILL", 24) in server.answers
    assert (31, b"\0\x64\0\x1e") in server.told


def test_line_ends_come_in_every_form(telnet_server: Server, connect: Callable[[Server], Client]) -> None:
    client = connect(telnet_server)
    assert client.log_in() == bytes([IAC, 252, 1]) + b"\r\nWelcome alice\r\n$ "
    for end in (b"\r\n", b"\n", b"\r\0", b"\r"):
        assert client.ask(b"echo x" + end) == b"x\r\n$ "


def test_commands_options_and_questions_are_taken_apart(
    telnet_server: Server, connect: Callable[[Server], Client]
) -> None:
    client = connect(telnet_server)
    client.log_in()
    told = bytes([IAC, SB, 24, 0]) + b"x\xff\xfft" + bytes([IAC, SE])
    assert client.ask(told + bytes([IAC, 253, 5, IAC, 241]) + b"whoami\r\n") == bytes([IAC, 252, 5]) + b"alice\r\n$ "
    assert client.ask(bytes([IAC, 246]) + b"nope\r\n") == b"[Yes]\r\nunknown command nope\r\n$ "
    assert client.ask(b"echo \xff\xff\r\n") == b"\xef\xbf\xbd\r\n$ "
    assert client.ask(b"help\r\n") == b"help, echo WORDS, whoami, exit\r\n$ "
    assert client.ask(b"\r\n") == b"$ "
    assert telnet_server.told == [(24, b"\0x\xfft")]
    assert telnet_server.answers == [("DO", 5)]


def test_three_wrong_passwords_are_enough(telnet_server: Server, connect: Callable[[Server], Client]) -> None:
    client = connect(telnet_server)
    for _ in range(3):
        client.until(b"login: ")
        client.socket.sendall(b"alice\r\n")
        client.until(b"Password: ")
        client.socket.sendall(b"wrong\r\n")
        client.until(b"Login incorrect\r\n")
    assert client.socket.recv(10) == b""
    assert "wrong" not in str(telnet_server.log)


@pytest.mark.parametrize(
    "said", [b"", b"ali", b"alice\r\nsec", bytes([IAC]), bytes([IAC, 253]), bytes([IAC, SB, 24, IAC])]
)
def test_a_client_that_goes_in_the_middle_is_no_bug(
    telnet_server: Server, connect: Callable[[Server], Client], said: bytes
) -> None:
    client = connect(telnet_server)
    client.until(b"login: ")
    client.socket.sendall(said)
    client.socket.shutdown(socket.SHUT_WR)
    while client.socket.recv(100):
        pass


def test_rules_answer_for_the_commands(telnet_server: Server, connect: Callable[[Server], Client]) -> None:
    telnet_server.on("PASSWORD").reply("try again", times=1)
    telnet_server.on("LOGIN", arg="bob").reply("not you")
    telnet_server.on("ECHO", arg="x").reply("from a rule")
    client = connect(telnet_server)
    client.until(b"login: ")
    client.socket.sendall(b"bob\r\n")
    client.until(b"not you\r\nLogin incorrect\r\nlogin: ")
    client.socket.sendall(b"alice\r\nsecret\r\n")
    client.until(b"try again\r\nLogin incorrect\r\n")
    client.log_in()
    assert client.ask(b"echo x\r\n") == b"from a rule\r\n$ "


def test_what_a_client_asks_for_is_declined_and_its_answers_are_not_answered(
    telnet_server: Server, connect: Callable[[Server], Client]
) -> None:
    client = connect(telnet_server)
    client.until(b"login: ")
    client.socket.sendall(bytes([IAC, 253, 3, IAC, 251, 24, IAC, 254, 5, IAC, 252, 6]))  # DO WILL DONT WONT
    assert client.until(bytes([IAC, 254, 24])) == bytes([IAC, 252, 3, IAC, 254, 24])
    client.socket.sendall(b"alice\r\n")
    assert client.until(b"Password: ") == bytes([IAC, 251, 1]) + b"Password: "
    client.socket.sendall(bytes([IAC, 253, 1]) + b"secret\r\n")
    assert client.until(b"$ ").startswith(bytes([IAC, 252, 1]) + b"\r\nWelcome")
