"""nntplib's classes, made to take a dialed socket, to read long lines, and to have several commands in flight.

Without a `dialer` they behave as their base. With one, `_create_socket` gives the guarded socket, and `_base_init`
reads the greeting and nothing more: CAPABILITIES, MODE READER, STARTTLS and AUTHINFO are the session's, in the order
that the server needs (RFC 3977 3.4.2, 4642, 4643). A reply line may have 64 KiB and a body line 1 MiB (nntplib stops
at 2048 octets), and an argument with a CR or LF is refused, which nntplib would send as a second command.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from nettools.errors import ProtocolError
from nettools.protocols._deadlib import nntplib
from nettools.protocols._dialed import Dial, Dialed
from nettools.results import Reply
from nettools.wire.text import BODY_LINE, check, command_line, read_dotted, read_ended_line

__all__ = ["NNTPClient", "NNTPTLSClient"]

_STATUS = re.compile(rb"([1-5]\d\d)(?:[ \t](.*))?", re.DOTALL)  # RFC 3977 3.2


class Lines:
    """What nntplib calls its file: bounded reading, and writing that `flush` makes one system call of."""

    def __init__(self, sock: Any) -> None:
        self._sock = sock
        self._written = bytearray()
        reader = sock.makefile("rb")
        self.readline, self.read, self.peek = reader.readline, reader.read, reader.peek
        self.close = reader.close

    def write(self, octets: bytes) -> int:
        """As io.BufferedWriter.write."""
        self._written += octets
        return len(octets)

    def flush(self) -> None:
        """As io.BufferedWriter.flush."""
        octets, self._written = bytes(self._written), bytearray()
        self._sock.sendall(octets)


class _Dialed(Dialed, nntplib.NNTP):
    """What the two classes have in common."""

    _line_end = b"\r\n"  # what the server ends its status lines with
    greeting: Reply

    def __init__(self, host: str, *args: Any, dialer: Dial | None = None, **keywords: Any) -> None:
        self._dialer = dialer
        super().__init__(host, *args, **keywords)

    def _base_init(self, readermode: Any) -> None:
        if getattr(self, "_dialer", None) is None:
            super()._base_init(readermode)  # type: ignore[misc]
            return
        self.debugging = 0
        self.nntp_version, self.nntp_implementation = 1, ""
        self._caps: dict[str, Any] = {}
        self.readermode_afterauth = self.tls_on = self.authenticated = False
        self.file.close()
        self.use(self.sock)
        self.greeting = self.read_reply()
        self.welcome = str(self.greeting)

    def use(self, sock: Any) -> None:
        """Speak over this socket from now on: after STARTTLS, its TLS twin."""
        self.sock = sock
        self.file: Any = Lines(sock)

    def _getline(self, strip_crlf: bool = True) -> bytes:
        if getattr(self, "_dialer", None) is None:
            return super()._getline(strip_crlf)  # type: ignore[misc,no-any-return]
        line, end = read_ended_line(self.file, BODY_LINE)
        return line if strip_crlf else line + end

    def _putcmd(self, line: str) -> None:
        if getattr(self, "_dialer", None) is not None:
            check(line, "a command")
        super()._putcmd(line)  # type: ignore[misc]

    # -- replies as values

    def read_reply(self) -> Reply:
        """One status line; a refusal is a reply like any other (RFC 3977 3.2)."""
        line, self._line_end = read_ended_line(self.file)
        match = _STATUS.fullmatch(line)
        if match is None:
            raise ProtocolError(
                f"this is no NNTP reply: {line[:80].decode('ascii', 'backslashreplace')!r}",
                hint="is it a news server, and does it expect TLS from the first byte (nntps://)?",
            )
        return Reply(int(match[1]), (match[2] or b"").decode("utf-8", "replace"), ())

    def read_body(self) -> Iterator[bytes]:
        """The blocks of a multi-line reply, its dots undone (RFC 3977 3.1.1).

        Raises:
            IncompleteError: the connection ended before the lone dot.
        """
        return read_dotted(self.file, line_end=self._line_end)

    def ask(self, line: str) -> Reply:
        """One command and its status line."""
        self.sock.sendall(command_line(line))
        return self.read_reply()


class NNTPClient(_Dialed):
    """`nntplib.NNTP` on a dialed socket."""


class NNTPTLSClient(_Dialed, nntplib.NNTP_SSL):
    """`nntplib.NNTP_SSL`; a `dialer` gives a socket that has TLS already."""
