"""What a socket can do with nothing above it: no library, no limits, no deadline, and no mistakes on either side."""

from __future__ import annotations

import fcntl
import os
import socket
from pathlib import Path
from typing import IO

BLOCK = 1 << 20


def _expect(lines: IO[bytes], code: bytes) -> bytes:
    while not (line := lines.readline()).startswith(code + b" "):
        if not line.startswith(code):
            raise SystemExit(f"{line!r} instead of {code!r}")
    return line


def smtp_send(host: str, port: str, message: str, count: str) -> int:
    """RFC 2920 as far as it goes: the envelope of a message behind the dot of the one before."""
    body = Path(message).read_bytes().replace(b"\r\n.", b"\r\n..") + b".\r\n"
    envelope = b"MAIL FROM:<a@example.org>\r\nRCPT TO:<b1@example.org>\r\nDATA\r\n"
    with socket.create_connection((host, int(port))) as sock, sock.makefile("rb") as lines:
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        _expect(lines, b"220")
        sock.sendall(b"EHLO bench\r\n")
        _expect(lines, b"250")
        sock.sendall(envelope)
        for number in range(1, int(count) + 1):
            for code in (b"250", b"250", b"354"):
                _expect(lines, code)
            sock.sendall(body + (envelope if number < int(count) else b"QUIT\r\n"))
            _expect(lines, b"250")
        _expect(lines, b"221")
    return int(count)


def _ftp_data(control: socket.socket, lines: IO[bytes], host: str, command: str) -> socket.socket:
    """A data connection on which a command has begun to act."""
    _expect(lines, b"220")
    control.sendall(b"USER anonymous\r\nPASS x\r\nTYPE I\r\nEPSV\r\n")
    for code in (b"331", b"230", b"200"):
        _expect(lines, code)
    data = socket.create_connection((host, int(_expect(lines, b"229").split(b"|")[3])))
    control.sendall(f"{command}\r\n".encode())
    _expect(lines, b"150")
    return data


def ftp_get(host: str, port: str, path: str, dest: str) -> int:
    """From socket to file by splice, which copies nothing."""
    with socket.create_connection((host, int(port))) as control, control.makefile("rb") as lines:
        with _ftp_data(control, lines, host, f"RETR {path}") as data, Path(dest).open("wb") as file:
            source, sink = os.pipe()
            fcntl.fcntl(sink, fcntl.F_SETPIPE_SZ, BLOCK)
            while moved := os.splice(data.fileno(), sink, BLOCK):
                while moved:
                    moved -= os.splice(source, file.fileno(), moved)
            os.close(source)
            os.close(sink)
        _expect(lines, b"226")
    return 1


def ftp_put(host: str, port: str, source: str, path: str) -> int:
    """From file to socket by sendfile."""
    with socket.create_connection((host, int(port))) as control, control.makefile("rb") as lines:
        with _ftp_data(control, lines, host, f"STOR {path}") as data, Path(source).open("rb") as file:
            data.sendfile(file)
        _expect(lines, b"226")
    return 1
