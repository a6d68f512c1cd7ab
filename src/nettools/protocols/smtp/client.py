"""smtplib's classes, made to take a dialed socket and to read replies within bounds.

Without a `dialer` they behave as their base. With one, `_get_socket` gives the guarded socket, replies are bounded
(RFC 5321 4.5.3.1.5 says 512 octets a line; servers send more) and anything that is no reply is a ProtocolError. Added:
`send_commands` and `read_reply`, which pipelining is made of (RFC 2920).
"""

from __future__ import annotations

import re
import smtplib
from collections.abc import Iterable
from functools import lru_cache
from typing import Any

from nettools.errors import DisconnectedError, ProtocolError, ReplyTooLongError
from nettools.protocols._dialed import Dial
from nettools.results import Reply
from nettools.wire.text import read_line

__all__ = ["LMTPClient", "SMTPClient", "SMTPTLSClient"]

REPLY_LIMIT = 1024 * 1024  # octets of all lines of one reply
LINE_COST = 64  # what a line costs in memory beside its octets: empty ones count, too

_LINE = re.compile(rb"[0-9]{3}(?:[ -].*)?", re.DOTALL)


@lru_cache(maxsize=16)
def _short_reply(line: bytes) -> Reply:
    """A reply of one line, as nearly all are; to MAIL and RCPT a server says the same again and again."""
    text = line[4:].strip()
    return Reply(int(line[:3]), text.decode("utf-8", "replace"), (text,))


class _Dialed(smtplib.SMTP):
    """What the three classes have in common."""

    def __init__(self, host: str = "", port: int = 0, *args: Any, dialer: Dial | None = None, **keywords: Any) -> None:
        self._dialer = dialer
        super().__init__(host, port, *args, **keywords)

    def _get_socket(self, host: str, port: int, timeout: float) -> Any:
        if self._dialer is None:
            return super()._get_socket(host, port, timeout)  # type: ignore[misc]
        return self._dialer(host, port)

    def getreply(self) -> tuple[int, bytes]:
        """As smtplib's: code and text, the lines joined by LF."""
        if self._dialer is None:
            return super().getreply()
        reply = self.read_reply()
        assert isinstance(reply.code, int)
        return reply.code, b"\n".join(reply.lines)

    def read_reply(self) -> Reply:
        """One reply, all its lines (RFC 5321 4.2.1).

        Raises:
            DisconnectedError, ProtocolError, ReplyTooLongError: then the connection is closed.
        """
        if self.sock is None:
            raise DisconnectedError("the connection is closed")
        if self.file is None:
            self.file = self.sock.makefile("rb")
        try:
            line = read_line(self.file)
            return _short_reply(line) if line[3:4] == b" " and line[:3].isdigit() else self._whole_reply(line)
        except BaseException:
            self.close()
            raise

    def _whole_reply(self, line: bytes) -> Reply:
        """A reply of several lines, of which the first is read, or what is none."""
        assert self.file is not None
        first, lines, octets = line[:3], list[bytes](), 0
        while True:
            octets += len(line) + LINE_COST
            if octets > REPLY_LIMIT:
                raise ReplyTooLongError(f"a reply of the server's has more than {REPLY_LIMIT} octets")
            if not _LINE.fullmatch(line):
                raise ProtocolError(
                    f"this is no SMTP reply: {line[:80].decode('ascii', 'backslashreplace')!r}",
                    hint="is it a mail server, and does it expect TLS from the first byte (smtps://)?",
                )
            if line[:3] != first:
                raise ProtocolError("the lines of one reply have different codes")
            lines.append(line[4:].strip(b" \t"))
            if line[3:4] != b"-":
                return Reply(int(first), b"\n".join(lines).decode("utf-8", "replace"), tuple(lines))
            line = read_line(self.file)

    def send_commands(self, commands: Iterable[str], *, encoding: str = "ascii") -> None:
        """Several command lines in one write; each was checked for CR and LF."""
        self.send("".join(f"{command}\r\n" for command in commands).encode(encoding))


class SMTPClient(_Dialed):
    """`smtplib.SMTP` on a dialed socket."""


class SMTPTLSClient(_Dialed, smtplib.SMTP_SSL):
    """`smtplib.SMTP_SSL`; a `dialer` gives a socket that has TLS already."""


class LMTPClient(_Dialed, smtplib.LMTP):
    """`smtplib.LMTP` on a dialed socket, with an answer for each recipient after the message (RFC 2033 4.2).

    smtplib reads one, and takes the next for the answer to what it says next. `sendmail` gives those who were refused
    then with those who were refused at once; when that was everybody it raises SMTPDataError.
    """

    def mail(self, sender: str, options: Any = ()) -> tuple[int, bytes]:
        """As smtplib's."""
        self._accepted: list[str] = []
        self._late: dict[str, tuple[int, bytes]] = {}
        return super().mail(sender, options)

    def rcpt(self, recip: str, options: Any = ()) -> tuple[int, bytes]:
        """As smtplib's."""
        code, text = super().rcpt(recip, options)
        if code in (250, 251):
            self._accepted.append(recip)
        return code, text

    def data(self, msg: Any) -> tuple[int, bytes]:
        """As smtplib's: 250 if one recipient has it, else the first answer."""
        first = super().data(msg)
        answers = [first, *(self.getreply() for _ in self._accepted[1:])]
        pairs = zip(self._accepted, answers, strict=False)
        self._late = {recipient: answer for recipient, answer in pairs if answer[0] != 250}
        return next((answer for answer in answers if answer[0] == 250), first)

    def sendmail(self, *args: Any, **keywords: Any) -> dict[str, tuple[int, bytes]]:
        """As smtplib's."""
        return {**super().sendmail(*args, **keywords), **self._late}
