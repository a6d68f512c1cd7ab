"""ftplib's classes, made to take dialed sockets for control and data, and to read replies within bounds.

ftplib has no hook for a socket: `connect` and `ntransfercmd` are overridden. Without a `dialer` everything is as in the
base. With one, lines may have 64 KiB and a reply 1 MiB, the address in the answer to PASV is not trusted (RFC 2577 3),
and the data connection resumes the TLS session of the control connection, without which many servers refuse it.
"""

from __future__ import annotations

import ftplib
from typing import Any

from nettools.errors import DisconnectedError, ProtocolError, ReplyTooLongError
from nettools.parse.ftp_reply import parse_reply
from nettools.results import Reply
from nettools.wire.dial import Dialer
from nettools.wire.text import check, read_line

__all__ = ["FTPClient", "FTPTLSClient"]

REPLY_LIMIT = 1024 * 1024  # octets of all lines of one reply


class _Dialed(ftplib.FTP):
    """What the two classes have in common."""

    sock: Any
    file: Any

    def __init__(self, host: str = "", *args: Any, dialer: Dialer | None = None, **keywords: Any) -> None:
        self._dialer = dialer
        super().__init__(host, *args, **keywords)

    def connect(self, host: str = "", port: int = 0, *args: Any, **keywords: Any) -> str:
        """As ftplib's; with a dialer the other arguments are the dialer's business."""
        if self._dialer is None:
            return super().connect(host, port, *args, **keywords)
        return self.attach(self._dialer(host or self.host, port or self.port), host or self.host, port or self.port)

    def attach(self, sock: Any, host: str, port: int) -> str:
        """Take a connected socket, and read the greeting from it."""
        self.take(sock, host, port)
        self.welcome = self.getresp()
        return self.welcome

    def take(self, sock: Any, host: str, port: int) -> None:
        """Take a connected socket; the greeting is still to be read."""
        self.host, self.port = host, port
        self.af = sock.family
        self.secured(sock)

    def secured(self, sock: Any) -> None:
        """Go on over the TLS twin of the control socket."""
        self.sock = sock
        self.file = sock.makefile("rb")

    def getline(self) -> str:
        """As ftplib's."""
        if self._dialer is None:
            return super().getline()
        line = read_line(self.file)
        return line.decode(self.encoding, "surrogateescape")

    def read_reply(self) -> Reply:
        """One reply, whatever its code (RFC 959 4.2).

        Raises:
            DisconnectedError, ProtocolError, ReplyTooLongError.
        """
        if self.file is None:
            raise DisconnectedError("the connection is closed")
        lines = [read_line(self.file)]
        octets = len(lines[0])
        if lines[0][3:4] == b"-":
            code = lines[0][:3]
            while not (lines[-1][:4] == code + b" " or lines[-1] == code) or len(lines) == 1:
                lines.append(read_line(self.file))
                octets += len(lines[-1]) + 1
                if octets > REPLY_LIMIT:
                    raise ReplyTooLongError(f"a reply of the server's has more than {REPLY_LIMIT} octets")
        try:
            return parse_reply(b"\n".join(lines))
        except ProtocolError as error:
            error.hint = "is it an FTP server, and does it expect TLS from the first byte (ftps://)?"
            raise

    def send(self, *lines: str | bytes) -> None:
        """Commands, in one piece."""
        self.sock.sendall(b"".join(self._octets(line) + b"\r\n" for line in lines))

    def _octets(self, line: str | bytes) -> bytes:
        if isinstance(line, str):
            return check(line, "a path").encode(self.encoding, "surrogateescape")
        if b"\r" in line or b"\n" in line or b"\0" in line:
            raise ProtocolError("a name on the server has a CR, LF or NUL in it, and cannot be asked for")
        return line

    def ask(self, line: str | bytes) -> Reply:
        """One command and its reply."""
        self.send(line)
        return self.read_reply()


class FTPClient(_Dialed):
    """`ftplib.FTP` on a dialed socket."""


class FTPTLSClient(_Dialed, ftplib.FTP_TLS):
    """`ftplib.FTP_TLS` on a dialed socket."""

    def ntransfercmd(self, cmd: str, rest: int | str | None = None) -> tuple[Any, int | None]:
        """As ftplib's; the data connection is dialed as the control connection is, and resumes its TLS session."""
        if self._dialer is None:
            return super().ntransfercmd(cmd, rest)
        host, port = self.makepasv()
        conn: Any = self._dialer.plain(host, port)
        try:
            if rest is not None:
                self.sendcmd(f"REST {rest}")
            reply = self.sendcmd(cmd)
            if reply[0] == "2":
                reply = self.getresp()
            if reply[0] != "1":
                raise ftplib.error_reply(reply)
            if getattr(self, "_prot_p", False):
                conn = self._dialer.secure(conn, self.host, session=self.sock.session)
        except BaseException:
            conn.close()
            raise
        return conn, ftplib.parse150(reply) if reply.startswith("150") else None
