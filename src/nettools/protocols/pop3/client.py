"""poplib's classes, made to take a dialed socket, to read long lines, and to have several commands in flight.

Without a `dialer` they behave as their base. With one, `_create_socket` gives the guarded socket, a reply line may have
64 KiB and a body line 1 MiB (poplib stops at 2048 octets, which mail exceeds), and an argument with a CR or LF is
refused, which poplib would send as a second command.
"""

from __future__ import annotations

import contextlib
import poplib
from collections.abc import Iterator
from typing import Any, cast

from nettools.errors import ProtocolError
from nettools.protocols._dialed import Dial, Dialed
from nettools.results import Reply
from nettools.wire.text import BODY_LINE, BlockReader, check, command_line, read_dotted, read_ended_line, read_line

__all__ = ["POP3Client", "POP3TLSClient"]


class _Dialed(Dialed, poplib.POP3):
    """What the two classes have in common."""

    _line_end = b"\r\n"  # what the server ends its status lines with

    def __init__(self, host: str, *args: Any, dialer: Dial | None = None, **keywords: Any) -> None:
        self._dialer = dialer
        self.sock: Any = None
        self.file: Any = None
        try:
            super().__init__(host, *args, **keywords)
        except BaseException:
            with contextlib.suppress(OSError):
                self.close()  # nobody else has the socket yet; the greeting was none
            raise

    def _getline(self) -> tuple[bytes, int]:
        if self._dialer is None:
            return super()._getline()  # type: ignore[misc,no-any-return]
        line = read_line(self.file, BODY_LINE)
        return line, len(line) + 2

    def _putcmd(self, line: str) -> None:
        if self._dialer is not None:
            check(line, "a command")
        super()._putcmd(line)  # type: ignore[misc]

    # -- replies as values

    def read_reply(self) -> Reply:
        """One status line; -ERR is a reply like any other (RFC 1939 3)."""
        line, self._line_end = read_ended_line(self.file)
        word, _, text = line.partition(b" ")
        if word not in (b"+OK", b"-ERR", b"+"):
            raise ProtocolError(
                f"this is no POP3 reply: {line[:80].decode('ascii', 'backslashreplace')!r}",
                hint="is it a POP3 server, and does it expect TLS from the first byte (pop3s://)?",
            )
        return Reply(word.decode(), text.decode("utf-8", "replace"), ())

    def read_body(self) -> Iterator[bytes]:
        """The blocks of a multi-line reply, its dots undone (RFC 1939 3).

        Raises:
            IncompleteError: the connection ended before the lone dot.
        """
        return read_dotted(cast("BlockReader", self.file), line_end=self._line_end)

    def send_command(self, line: str) -> None:
        """One command line."""
        self.sock.sendall(command_line(line))

    def ask(self, line: str) -> Reply:
        """One command and its status line."""
        self.send_command(line)
        return self.read_reply()


class POP3Client(_Dialed):
    """`poplib.POP3` on a dialed socket."""


class POP3TLSClient(_Dialed, poplib.POP3_SSL):
    """`poplib.POP3_SSL`; a `dialer` gives a socket that has TLS already."""
