"""imaplib's classes, made to take a dialed socket, and to give whole responses as values.

Without a `dialer` they behave as their base. With one, `_create_socket` gives the guarded socket (never `open`, which
is another in Python 3.14), the greeting does not cost a CAPABILITY, and `execute` runs a command: arguments always
quoted or sent as literals, responses read with their literals inside bounds and parsed by `parse.imap_data`. imaplib's
own methods go on working on the same connection.
"""

from __future__ import annotations

import imaplib
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from nettools.errors import DisconnectedError, IncompleteError, TooLargeError
from nettools.parse.imap_data import Literal, Response, parse_response
from nettools.parse.imap_data import encode_astring as astring
from nettools.wire.text import BODY_LINE, read_line

__all__ = ["Answer", "IMAP4Client", "IMAP4TLSClient", "Literal", "astring"]

Dial = Callable[[str, int], Any]

_LITERAL = re.compile(rb"\{(\d{1,20})\+?\}\Z")
_RESPONSES = 1_000_000  # untagged responses to one command
Argument = bytes | Literal


@dataclass(frozen=True, slots=True)
class Answer:
    """What a command came to: the tagged response, and the untagged ones before it."""

    tagged: Response
    untagged: tuple[Response, ...]

    def of(self, kind: str) -> Iterator[Any]:
        """The data of the untagged responses of one kind."""
        return (response.data for response in self.untagged if response.kind == kind)

    def codes(self, name: str) -> Iterator[Any]:
        """The values of a response code, wherever it stood."""
        for response in (*self.untagged, self.tagged):
            if response.code == name:
                yield None
            elif isinstance(response.code, tuple) and response.code[0] == name:
                yield response.code[1]


class _Dialed(imaplib.IMAP4):
    """What the two classes have in common."""

    max_size: int | None = None  # octets of one literal

    file: Any
    tagpre: Any
    tagre: Any

    def __init__(
        self, host: str = "", port: int = 143, *args: Any, dialer: Dial | None = None, **keywords: Any
    ) -> None:
        self._dialer = dialer
        self.greeting: Response | None = None
        super().__init__(host, port, *args, **keywords)

    def _create_socket(self, timeout: float | None = None) -> Any:
        if self._dialer is None:
            return super()._create_socket(timeout)  # type: ignore[misc]
        return self._dialer(self.host, self.port)

    def _connect(self) -> None:
        if self._dialer is None:
            super()._connect()  # type: ignore[misc]
            return
        self.tagpre = imaplib.Int2AP(4096 + id(self) % 61000)
        self.tagre = re.compile(rb"(?P<tag>" + self.tagpre + rb"\d+) (?P<type>[A-Z]+) (?P<data>.*)", re.ASCII)
        if __debug__:  # imaplib keeps its last commands for its debug output
            self._cmd_log: dict[int, Any] = {}
            self._cmd_log_len, self._cmd_log_idx = 10, 0
        self.greeting = self.read_response()
        self.welcome = (self.greeting.text or "").encode()
        self.state = "AUTH" if self.greeting.status == "PREAUTH" else "NONAUTH"

    # -- responses

    def read_response(self) -> Response:
        """One response, its literals inside.

        Raises:
            ProtocolError, ReplyTooLongError: it is none. TooLargeError: a literal of more than `max_size` octets.
        """
        return parse_response(self._read_octets())

    def _read_octets(self) -> bytes:
        line = read_line(self.file, BODY_LINE)
        match = _LITERAL.search(line)
        if match is None:
            return line
        pieces: list[bytes] = []
        room = self.max_size
        while match is not None:
            count = int(match[1])
            if room is not None:
                room -= count
                if room < 0:
                    raise TooLargeError(
                        f"the server announces a literal of {count} octets, and max_size={self.max_size}",
                        hint="allow more with max_size= or --max-size",
                    )
            pieces += [line, b"\r\n", self._exactly(count)]
            line = read_line(self.file, BODY_LINE)
            match = _LITERAL.search(line)
        pieces.append(line)
        return b"".join(pieces)

    def _exactly(self, count: int) -> bytes:
        data: bytes = self.file.read(count)
        if len(data) < count:
            raise IncompleteError("the connection ended in the middle of a literal", received=len(data), expected=count)
        return data

    # -- commands

    def literal_plus(self, size: int) -> bool:
        """Whether a literal of this size need not wait for the server (RFC 7888)."""
        return "LITERAL+" in self.capabilities or ("LITERAL-" in self.capabilities and size <= 4096)

    def start(self, *arguments: Argument) -> str:
        """Send a command up to its end, waiting where a literal has to wait; its tag."""
        tag = str(self._new_tag().decode("ascii"))
        self.tagged_commands.pop(tag.encode(), None)
        buffer = bytearray(tag.encode())
        for argument in arguments:
            buffer += b" "
            if isinstance(argument, bytes):
                buffer += argument
                continue
            size = len(argument.data)
            if self.literal_plus(size):
                buffer += b"{%d+}\r\n" % size + argument.data + argument.tail
                continue
            self.sock.sendall(bytes(buffer) + b"{%d}\r\n" % size)
            buffer = bytearray(argument.data + argument.tail)
            self._await_continuation(tag)
        self.sock.sendall(bytes(buffer) + b"\r\n")
        return tag

    def _await_continuation(self, tag: str) -> None:
        """Read until the server asks for the literal; what it says meanwhile is kept for the command."""
        while True:
            response = self.read_response()
            if response.kind == "continuation":
                return
            self._early.append(response)
            if response.tag == tag:
                raise Refused(Answer(response, tuple(self._early)))

    @property
    def _early(self) -> list[Response]:
        return self.__dict__.setdefault("_early_responses", [])  # type: ignore[no-any-return]

    def execute(self, *arguments: Argument) -> Answer:
        """Run a command; the answer, whatever it says.

        Raises:
            DisconnectedError: the server said BYE, or closed.
        """
        self._early.clear()
        try:
            tag = self.start(*arguments)
        except Refused as refused:
            return refused.answer
        return self.finish(tag, leaving=arguments[0] == b"LOGOUT")

    def finish(self, tag: str, *, leaving: bool = False) -> Answer:
        """Read until a command's tagged response."""
        untagged: list[Response] = [*self._early]
        self._early.clear()
        bye: Response | None = None
        while True:
            try:
                response = self.read_response()
            except DisconnectedError as error:
                if bye is not None:
                    raise DisconnectedError(f"the server said goodbye: {bye.text or 'BYE'}") from error
                raise
            if response.tag == tag:
                return Answer(response, tuple(untagged))
            if response.status == "BYE" and not leaving:
                bye = response
            untagged.append(response)
            if len(untagged) > _RESPONSES:
                raise TooLargeError(f"the server answered with more than {_RESPONSES} responses")


class Refused(Exception):  # noqa: N818  # an answer that came early; never leaves `execute`
    """The server ended a command instead of asking for its literal."""

    def __init__(self, answer: Answer) -> None:
        super().__init__()
        self.answer = answer


class IMAP4Client(_Dialed):
    """`imaplib.IMAP4` on a dialed socket."""


class IMAP4TLSClient(_Dialed, imaplib.IMAP4_SSL):
    """`imaplib.IMAP4_SSL`; a `dialer` gives a socket that has TLS already."""
