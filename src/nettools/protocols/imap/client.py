"""imaplib's classes, made to take a dialed socket, and to give whole responses as values.

Without a `dialer` they behave as their base. With one, `_create_socket` gives the guarded socket (never `open`, which
is another in Python 3.14), the greeting does not cost a CAPABILITY, and commands are run here: arguments always quoted
or sent as literals, several commands in one segment where the caller says so (`hold`), responses read with their
literals inside bounds and parsed by `parse.imap_data`. imaplib's own methods go on working on the same connection.

What one command may make the server send is bounded: each line, each literal, and all of it together.
"""

from __future__ import annotations

import imaplib
import re
from collections.abc import Callable, Iterator
from typing import Any

from nettools.errors import DisconnectedError, IncompleteError, ProtocolError, TooLargeError
from nettools.frozen import Frozen
from nettools.parse.imap_data import FetchData, Literal, Response, parse_response, response_of
from nettools.parse.imap_data import encode_astring as astring
from nettools.protocols._dialed import Dial, Dialed
from nettools.wire.text import BODY_LINE, read_line

__all__ = ["Answer", "Argument", "Each", "IMAP4Client", "IMAP4TLSClient", "Literal", "Refused", "Sink", "astring"]

Argument = bytes | Literal
Each = Callable[[FetchData], object]  # takes the FETCH responses of a command as they come
Sink = Callable[[bytes], object]  # takes the octets of a message as they come

_LITERAL = re.compile(rb"\{(\d{1,20})\+?\}\Z")
_MARK = 24  # octets that one has at most
_BODY = re.compile(rb"BODY\[[^\]]{0,2000}+\](?:<\d{1,20}>)? ?~?\Z", re.IGNORECASE)
_BODY_ENDS = (b"] ", b"> ", b"] ~", b"> ~", b"]", b">", b"]~", b">~")
_NAME = 2048  # octets that one has at most
_RESPONSES = 1_000_000  # untagged responses to one command
_OVERHEAD = 1024 * 1024  # octets that responses may have besides what max_size is about
_BLOCK = 256 * 1024


class Answer(Frozen):
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


class _Dialed(Dialed, imaplib.IMAP4):
    """What the two classes have in common."""

    max_size: int | None = None  # octets of one literal, and about those of all that one command brings

    sock: Any
    file: Any
    tagpre: Any
    tagre: Any

    def __init__(
        self, host: str = "", port: int = 143, *args: Any, dialer: Dial | None = None, **keywords: Any
    ) -> None:
        self._dialer = dialer
        self.greeting: Response | None = None
        self.alert: Callable[[str], object] = lambda text: None  # told what the user has to see (RFC 3501 7.1, ALERT)
        self._held = bytearray()  # commands that travel with the next one
        self._waiting: set[str] = set()  # tags of commands that are not answered yet
        self._early: list[Response] = []  # what was said while a literal waited
        self.capabilities: tuple[str, ...] = ()
        self._taken = 0  # octets that the command in progress has brought
        super().__init__(host, port, *args, **keywords)

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

    def read_response(self, sink: Sink | None = None) -> Response:
        """One response, its literals inside; with a `sink` the octets of a body go there, and are empty here.

        Raises:
            ProtocolError, ReplyTooLongError: it is none. TooLargeError: it is more than `max_size` allows.
        """
        bodies: dict[int, bytes] = {}
        response = response_of(self.read_octets(bodies, sink), bodies)
        if response.code is not None and response.code[:5] == "ALERT":
            self.alert(response.text or "")
        return response

    def read_alone(self) -> Response:
        """A response that belongs to no command: one that IDLE brings."""
        self._taken = 0
        return self.read_response()

    def read_octets(self, bodies: dict[int, bytes] | None = None, sink: Sink | None = None) -> bytes:
        """One response as it came, its literals inside.

        Args:
            bodies: takes the literals that are bodies, by the places where they would stand: they are not copied.
            sink: takes the octets of these; they are empty in `bodies` then.
        """
        line = read_line(self.file, BODY_LINE)
        self._take(len(line))
        if not line.endswith(b"}"):
            return line
        pieces: list[bytes] = []
        place = 0
        while (match := _LITERAL.search(line, max(0, len(line) - _MARK))) is not None:
            count = int(match[1])
            pieces += [line, b"\r\n"]
            place += len(line) + 2
            if bodies is None or not _is_body(line, match.start()):
                pieces.append(self._exactly(count))
                place += count
            elif sink is None:
                bodies[place] = self._exactly(count)
            else:
                self._pour(count, sink)
                bodies[place] = b""
            line = read_line(self.file, BODY_LINE)
            self._take(len(line))
        pieces.append(line)
        return b"".join(pieces)

    def _take(self, count: int, *, literal: bool = False) -> None:
        """Count octets before they are read, so that no number a server names makes room for itself."""
        self._taken += count
        limit = self.max_size
        if limit is not None and (self._taken > limit + _OVERHEAD or (literal and count > limit)):
            what = f"a literal of {count} octets" if literal else f"{self._taken} octets so far"
            raise TooLargeError.over(limit, f"the server answers with {what},")

    def _blocks(self, count: int) -> Iterator[bytes]:
        left = count
        while left:
            data: bytes = self.file.read(min(left, _BLOCK))
            if not data:
                raise _cut(count - left, count)
            left -= len(data)
            yield data

    def _exactly(self, count: int) -> bytes:
        self._take(count, literal=True)
        if count > _BLOCK:
            return b"".join(self._blocks(count))
        data: bytes = self.file.read(count)
        if len(data) < count:
            raise _cut(len(data), count)
        return data

    def _pour(self, count: int, sink: Sink) -> None:
        for block in self._blocks(count):
            sink(block)

    # -- commands

    def literal_plus(self, size: int) -> bool:
        """Whether a literal of this size need not wait for the server (RFC 7888)."""
        return "LITERAL+" in self.capabilities or ("LITERAL-" in self.capabilities and size <= 4096)

    def start(self, *arguments: Argument, hold: bool = False) -> str:
        """Send a command up to its end, waiting where a literal has to wait; its tag.

        `hold`: it goes out together with the next one (RFC 3501 5.5).
        """
        tag = str(self._new_tag().decode("ascii"))
        self.tagged_commands.pop(tag.encode(), None)
        self._waiting.add(tag)
        buffer = self._held
        buffer += tag.encode()
        for argument in arguments:
            buffer += b" "
            if isinstance(argument, bytes):
                buffer += argument
                continue
            size = len(argument.data)
            buffer += argument.head
            if self.literal_plus(size):
                self._send(b"{%d+}\r\n" % size, argument.data, argument.tail)
                continue
            self._send(b"{%d}\r\n" % size)
            self._early += self.await_continuation(tag)[:-1]
            self._send(argument.data, argument.tail)
        buffer += b"\r\n"
        if not hold:
            self._send()
        return tag

    def _send(self, *pieces: bytes) -> None:
        """What is held, and these behind it; large ones are not copied."""
        for piece in pieces:
            if len(piece) > _BLOCK:
                self.flush()
                self.sock.sendall(piece)
            else:
                self._held += piece
        self.flush()

    def hold(self, octets: bytes) -> None:
        """Have something go out together with the next command."""
        self._held += octets

    def flush(self) -> None:
        """Send what is held."""
        if self._held:
            data = bytes(self._held)
            self._held.clear()
            self.sock.sendall(data)

    def answered(self, tag: str) -> None:
        """Take note that a command was answered, to whoever read that."""
        self._waiting.discard(tag)

    def await_continuation(self, tag: str) -> tuple[Response, ...]:
        """Read until the server asks for more; what it says meanwhile, and that.

        Raises:
            Refused: it ended the command instead. ProtocolError: as done.
        """
        told: list[Response] = []
        while len(told) < _RESPONSES:
            told.append(response := self.read_response())
            if response.kind == "continuation":
                return tuple(told)
            if response.tag == tag:
                self._waiting.discard(tag)
                if response.status == "OK":
                    raise ProtocolError("the server takes a command for done that it has not had the whole of")
                raise Refused(Answer(response, tuple(told[:-1])))
        raise TooLargeError(f"the server answered with more than {_RESPONSES} responses")

    def execute(self, *arguments: Argument, each: Each | None = None, sink: Sink | None = None) -> Answer:
        """Run a command; the answer, whatever it says.

        Raises:
            DisconnectedError: the server said BYE, or closed.
        """
        self._taken = 0
        self._early.clear()
        try:
            tag = self.start(*arguments)
        except Refused as refused:
            return refused.answer
        return self.finish(tag, each=each, sink=sink)

    def finish(self, tag: str, *, each: Each | None = None, sink: Sink | None = None) -> Answer:
        """Read until a command's tagged response; `each` takes the FETCH responses, which are then not kept."""
        untagged: list[Response] = [*self._early]
        self._early.clear()
        self._taken = 0
        bye: Response | None = None
        count = 0
        while True:
            try:
                response = self.read_response(sink)
            except DisconnectedError as error:
                if bye is not None:
                    raise DisconnectedError(f"the server said goodbye: {bye.text or 'BYE'}") from error
                raise
            if response.tag is not None:
                if response.tag not in self._waiting:
                    raise ProtocolError(f"the server answers a command that was not sent: {response.tag[:40]}")
                self._waiting.discard(response.tag)
                if response.tag == tag:
                    return Answer(response, tuple(untagged))
                continue  # a command that was sent again, because its answer seemed lost
            count += 1 if response.kind != "search" else max(1, len(response.data[0]))
            if count > _RESPONSES:
                raise TooLargeError(f"the server answered with more than {_RESPONSES} responses or numbers")
            if each is not None and response.kind == "fetch":
                each(response.data)
                continue
            if response.status == "BYE":
                bye = response
            if response.kind == "status" and response.code is None:
                continue  # words for people: nobody asks for them
            if untagged and response.kind == untagged[-1].kind == "exists":
                untagged.pop()  # only the last count holds
            untagged.append(response)

    def run_line(self, line: bytes) -> tuple[Response, tuple[bytes, ...]]:
        """Run a command as it stands; its tagged response, and the untagged ones as they came, without `* `.

        Raises:
            ProtocolError: the server waits for something to follow.
        """
        self._taken = 0
        tag = self.start(line)
        lines: list[bytes] = []
        while True:
            octets = self.read_octets()
            if octets.startswith(tag.encode() + b" "):
                self._waiting.discard(tag)
                return parse_response(octets), tuple(lines)
            if octets.startswith(b"+"):
                raise ProtocolError("the server waits for more of this command, which is not there")
            lines.append(octets.removeprefix(b"* "))


def _cut(received: int, expected: int) -> IncompleteError:
    return IncompleteError("the connection ended in the middle of a literal", received=received, expected=expected)


def _is_body(line: bytes, end: int) -> bool:
    """Whether what ends there names a section of a body, with the mark of a literal8 perhaps."""
    return line.endswith(_BODY_ENDS, 0, end) and _BODY.search(line, max(0, end - _NAME), end) is not None


class Refused(Exception):  # noqa: N818  # an answer that came early, and is told as one
    """The server ended a command instead of asking for what comes next: a literal, or the end of IDLE."""

    def __init__(self, answer: Answer) -> None:
        super().__init__()
        self.answer = answer


class IMAP4Client(_Dialed):
    """`imaplib.IMAP4` on a dialed socket."""


class IMAP4TLSClient(_Dialed, imaplib.IMAP4_SSL):
    """`imaplib.IMAP4_SSL`; a `dialer` gives a socket that has TLS already."""
