"""Messages on their way: one or many over one session, in order, in as few turns as the server allows.

What is written together, where the server takes PIPELINING (RFC 2920):

    MAIL RCPT.. DATA | body . MAIL RCPT.. DATA | body . ...           an envelope rides behind the dot of the one before
    MAIL RCPT.. BDAT body RSET MAIL RCPT.. BDAT body ... | ...        in a batch, where CHUNKING is announced (RFC 3030)

Without PIPELINING each command waits for its reply, and so it is for the rest of the session once a server's replies
show that it cannot follow. The outcome is the same in every mode: one for each recipient, and `partial=False` sends to
all or to none. From the last of its octets on a message is `committed`: it is never sent again, and when its answer is
lost the error says so. Knows replies and octets; how a message is made is `parse.compose`'s business.
"""

from __future__ import annotations

import contextlib
import re
from collections import deque
from collections.abc import Iterator, Mapping
from itertools import repeat, starmap
from typing import TYPE_CHECKING, Literal, cast

from nettools.errors import DisconnectedError, NettoolsError, ProtocolError, RecipientsError, ReplyError
from nettools.protocols.smtp.envelope import Envelope, Letter, address_for
from nettools.protocols.smtp.errors import envelope_error, nobody_error, reply_error, reply_of
from nettools.protocols.smtp.opening import Conversation
from nettools.results import Reply, SendReport
from nettools.wire.pipeline import OCTETS, WINDOW, Pipeline
from nettools.wire.text import dot_stuff
from nettools.wire.trace import CallbackRaised

if TYPE_CHECKING:
    from nettools.wire.guard import Guard

__all__ = ["Delivery"]

BLOCK = 256 * 1024  # octets of a body that are written at once
CHUNK = 64 * 1024  # octets of a message that is worth writing before its recipients were accepted
FLIGHT = 8  # chunked messages whose answers may be outstanding: so many are in doubt when the connection breaks

_AS_IT_IS = contextlib.nullcontext()
_GOOD = range(200, 300)
_OUT_OF_STEP = (500, 502, 503)  # what a server says to a command that it did not expect just then
_COMPLAINT = r"(?i)pipelin|synchroni[sz]"


class _Disorder(Exception):  # noqa: N818  # never leaves this module
    """The replies show that the server cannot follow commands that were written ahead."""


class _Exchange:
    """An envelope whose replies are awaited, and what was written behind it."""

    def __init__(self, letter: Letter, envelope: Envelope) -> None:
        self.letter, self.envelope = letter, envelope
        self.behind: Literal["nothing", "DATA", "BDAT"] = "nothing"
        self.ahead = False  # written in one piece; else command by command
        self.follows = False  # written behind another message
        self.reset = False  # begins with RSET, for a refused BDAT leaves its transaction open
        self.stuffed: bytes | None = None  # its body, made ready while the server was busy

    def octets(self) -> bytes:
        """What is written for it."""
        lines = [b"RSET\r\n"] if self.reset else []
        lines += self.envelope.lines
        if self.behind == "DATA":
            lines.append(b"DATA\r\n")
        elif self.behind == "BDAT":
            body = b"".join(self.envelope.message.blocks())
            if not body.endswith(b"\r\n"):
                body += b"\r\n"
            lines.append(b"BDAT %d LAST\r\n%b" % (len(body), body))
        return b"".join(lines)


class Delivery:
    """Letters to deliver over one session, and what became of those that were.

    `run` may be called again after an error, on a new connection: it goes on with the first letter not settled.

    Args:
        letters: drawn one by one, a few ahead of the first that is not settled.
        batch: a refused letter is reported and the rest go on; else its error is raised.
    """

    def __init__(self, session: Conversation, letters: Iterator[Letter], *, batch: bool) -> None:
        self.reports: list[SendReport] = []
        self._session = session
        self._letters = letters
        self._batch = batch
        self._drawn: deque[Letter | BaseException] = deque()  # the first is the one not settled
        self._flying: deque[_Exchange] = deque()  # those of the first letters
        self._next: tuple[_Exchange, bytes] | None = None  # the exchange to come, made ready while the server was busy
        self._settled_here = False  # this connection has settled a letter
        self._out_of_step = False  # this connection must not be used any more
        self._received = 0  # octets received when it did
        self._sent = 0  # octets of bodies, for `progress`

    def ready(self) -> bool:
        """Make the first letter; False when there is none."""
        return self._draw(0) is not None

    def run(self) -> tuple[SendReport, ...]:
        """Deliver what is left.

        Raises:
            What drawing a letter raised, when its turn comes, and every error that is no refusal of a letter.
        """
        session = self._session
        self._fresh()
        while (letter := self._draw(0)) is not None:
            session._open()
            try:
                report = self._deliver(letter)
            except _Disorder:
                session.pipelining = False
                self._reconnect("the server cannot follow commands written ahead: from here on one at a time")
                continue
            except DisconnectedError:
                silent = session._trace.bytes_received == self._received
                if not (self._settled_here and silent) or session._committed:
                    raise
                self._reconnect("the server closed the connection between messages: a fresh one was made")
                continue
            except ReplyError as error:
                if error.code == 421 and self._settled_here and not session._committed:
                    self._reconnect("the server had enough of the connection: a fresh one was made")
                    continue
                report = self._refused(letter, error)
            self._settle(letter, report)
        if self._batch:
            session.progress(self._sent, self._sent, final=True)
        return tuple(self.reports)

    # -- letters and their outcomes

    def _draw(self, place: int) -> Letter | None:
        """The letter so many places behind the first, None where there is none; what drawing the first one raised."""
        drawn = self._drawn
        while len(drawn) <= place and not (drawn and isinstance(drawn[-1], BaseException)):
            try:
                letter = next(self._letters, None)
            except (Exception, CallbackRaised) as error:  # raised when the letters before it are settled
                drawn.append(error)
                break
            if letter is None:
                return None
            drawn.append(letter)
        found = drawn[place] if place < len(drawn) else None
        if not isinstance(found, BaseException):
            return found
        if place:
            return None
        self._drawn.clear()
        raise found

    def _settle(self, letter: Letter, report: SendReport) -> None:
        self.reports.append(report)
        self._drawn.popleft()
        if self._flying and self._flying[0].letter is letter:
            self._flying.popleft()
        self._settled_here = self._session.client is not None
        self._received = self._session._trace.bytes_received
        if not self._in_doubt:
            self._session.settled()

    def _refused(self, letter: Letter, error: ReplyError) -> SendReport:
        """A refusal as a report, where the rest go on; raised where it is all there is, or may be tried again."""
        session = self._session
        message = letter.message
        left = session.options.retries.attempts - session._trace.attempts
        if not self._batch or (left > 0 and error.retryable and not session._committed):
            raise error
        refused = error.refused if isinstance(error, RecipientsError) else dict.fromkeys(message.recipients, error)
        report = SendReport((), self._told(refused), message.message_id, reply_of(error))
        if session._breaks(error) or self._out_of_step:
            lost = any(each.behind == "BDAT" for each in list(self._flying)[1:])
            session._discard()
            self._fresh()
            if lost:
                self.reports.append(report)
                raise DisconnectedError(
                    "the server closed the connection with messages on their way", outcome_unknown=True
                ) from error
        return report

    def _told(self, refused: Mapping[str, ReplyError]) -> dict[str, ReplyError]:
        """Refusals that are reported and not raised, told what the conductor tells those that are."""
        found = dict(refused)
        if not found:
            return found
        stage = self._session._trace.stage
        for error in found.values():
            self._session._complete(error)
            self._session._trace.stage = stage
        return found

    # -- the connection

    def _fresh(self) -> None:
        self._flying.clear()
        self._next = None
        self._settled_here = self._out_of_step = False

    def _reconnect(self, why: str) -> None:
        self._session._trace.warn(why)
        self._session._discard()
        self._fresh()
        self._session._open()

    @property
    def _ahead(self) -> bool:
        """Whether commands are written ahead on this connection."""
        return self._session.pipelining and "PIPELINING" in self._session.features

    @property
    def _in_doubt(self) -> bool:
        """Whether the server may be acting on a message that was written ahead."""
        return "BDAT" in [each.behind for each in self._flying]

    # -- writing

    def _exchange(self, letter: Letter) -> _Exchange:
        """The exchange for a letter, as this connection allows it; nothing is written yet."""
        session = self._session
        last = self._flying[-1] if self._flying else None
        same = last is not None and last.letter is letter
        exchange = _Exchange(letter, last.envelope if last and same else address_for(letter, session.features))
        lines = exchange.envelope.lines
        if not self._ahead:
            return exchange
        exchange.ahead = len(lines) <= WINDOW and sum(map(len, lines)) <= OCTETS
        alone = letter.partial or len(lines) == 2
        if alone:  # all or nobody: DATA waits for every answer, for it cannot be taken back (RFC 2920 3.1)
            exchange.behind = "BDAT" if exchange.ahead and self._chunked(letter) else "DATA"
        return exchange

    def _chunked(self, letter: Letter) -> bool:
        """Whether a letter goes by BDAT before its recipients were accepted: not where it might have to go again."""
        session = self._session
        return (
            self._batch
            and session.chunking
            and "CHUNKING" in session.features
            and session.options.retries.attempts == 1
            and (self._settled_here or not session._kept)
            and letter.message.size <= CHUNK
        )

    def _following(self, *, ended: bool = False) -> bytes:
        """What may be written behind the exchanges that are flying: the next ones, which are flying then.

        Args:
            ended: the first of them ends with what is being written now.
        """
        if self._next is not None and ended and len(self._flying) == 1 and self._next[0].letter is self._draw(1):
            following, octets = self._next
            self._next = None
            self._flying.append(following)
            return octets
        found: list[bytes] = []
        while self._batch and self._ahead and len(self._flying) < FLIGHT:
            last = self._flying[-1] if self._flying else None
            if last is not None and last.behind != "BDAT" and not (ended and len(self._flying) == 1):
                break
            try:
                letter = self._draw(len(self._flying))
                exchange = None if letter is None else self._exchange(letter)
                if exchange is None or not exchange.ahead:
                    break
                exchange.follows = last is not None
                exchange.reset = last is not None and last.behind == "BDAT"
                octets = exchange.octets()
            except NettoolsError:
                break  # raised when its turn comes
            self._flying.append(exchange)
            found.append(octets)
        return b"".join(found)

    def _deliver(self, letter: Letter) -> SendReport:
        """Write what is to be written now, and read what becomes of the first letter."""
        pending = b""
        if not self._flying:
            exchange = self._exchange(letter)
            pending = exchange.octets() if exchange.ahead else b""
            self._flying.append(exchange)
            if exchange.ahead:
                pending += self._following()
        elif len(self._flying) <= FLIGHT // 2:
            pending = self._following()
        with self._session.committed() if self._in_doubt else _AS_IT_IS:
            if pending:
                self._session.client.send(pending)
            return self._land(self._flying[0])

    # -- reading

    def _replies(self, exchange: _Exchange) -> Iterator[Reply]:
        """The replies to an envelope, each when it is asked for; 421 ends it all."""
        client = self._session.client
        if exchange.ahead:
            count = len(exchange.envelope.lines) + exchange.reset + (exchange.behind != "nothing")
            replies: Iterator[Reply] = starmap(client.read_reply, repeat((), count))
        else:
            lines = [*exchange.envelope.lines, *([b"DATA\r\n"] if exchange.behind == "DATA" else [])]
            replies = Pipeline(lines, client.send, client.read_reply, ahead=self._ahead)
        for reply in replies:
            if reply.code == 421:
                raise reply_error(reply, "the server closes the connection")
            yield reply

    def _land(self, exchange: _Exchange) -> SendReport:
        """From MAIL's reply to the last one.

        Raises:
            ReplyError: the sender, everybody, or the message was refused; the connection is in step.
        """
        message, partial = exchange.envelope.message, exchange.letter.partial
        serial = not self._ahead
        replies = self._replies(exchange)
        if exchange.reset:
            next(replies)
        first = next(replies)
        sender = None if _good(first) else envelope_error(first, "the sender was refused")
        if sender is not None and serial:
            raise sender
        accepted: list[str] = []
        refused: dict[str, ReplyError] = {}
        for address in message.recipients:
            reply = next(replies)
            if _good(reply):
                accepted.append(address)
            elif partial or not refused:  # all or nobody: the first refusal is the one that counts
                refused[address] = envelope_error(reply, f"{address} was refused")
                if serial and not partial:
                    break
        data = next(replies) if exchange.behind != "nothing" else None
        if not serial and exchange.behind != "BDAT" and _disordered(exchange, first, refused, accepted, data):
            raise _Disorder
        error: ReplyError | None = sender
        if error is None and (not accepted or (refused and not partial)):
            error = nobody_error(refused)
        if error is not None:
            self._abandon(exchange, data, begun=sender is None)
            raise error
        return SendReport(tuple(accepted), self._told(refused), message.message_id, self._end(exchange, data))

    def _end(self, exchange: _Exchange, data: Reply | None) -> Reply:
        """The reply to the message itself, which is sent now if it has not gone already."""
        session = self._session
        if exchange.behind == "BDAT":
            reply = cast("Reply", data)
            self._sent += exchange.envelope.message.size
            session.progress(self._sent, None)
        else:
            reply = data if data is not None else session._command("DATA")
            if reply.code != 354:
                self._abandon(exchange, reply, begun=True)
                raise reply_error(reply, "DATA", exit_code=55)
            reply = self._body(exchange)
        if not _good(reply):
            if exchange.behind == "BDAT" and reply.code in (500, 502):
                session.chunking = False
                self._out_of_step = True  # the message was read as commands
            elif exchange.behind == "BDAT":
                self._abandon(exchange, None, begun=True)
            raise reply_error(reply, "the message was refused", exit_code=55)
        return reply

    def _body(self, exchange: _Exchange) -> Reply:
        """The body in blocks, then the last of it with the final dot: from there on the server may have the message."""
        session, client, message = self._session, self._session.client, exchange.envelope.message
        total = None if self._batch else message.size
        held = bytearray()
        try:
            if cast("Guard", client.sock).unread():
                raise ProtocolError("the server answered more than it was asked, before it had the message")
            for block in dot_stuff(message.blocks(), clean=True) if exchange.stuffed is None else ():
                if len(held) >= BLOCK:
                    client.send(bytes(held))
                    self._sent += len(held)
                    session.progress(self._sent, total)
                    held.clear()
                held += block
            ending = b".\r\n" + self._following(ended=True)
        except BaseException:
            session._discard()  # a message that is not whole must not be ended by anything that comes later
            raise
        last = held if exchange.stuffed is None else exchange.stuffed
        self._sent += len(last)
        with session.committed():
            client.send(b"".join((last, ending)))
            session.progress(self._sent if total is None else total, total, final=not self._batch)
            self._make_ready()
            return client.read_reply()

    def _make_ready(self) -> None:
        """While the server is busy: stuff the body whose turn comes, and make the envelope to ride behind it."""
        if len(self._flying) != 2 or self._flying[1].behind != "DATA":
            return  # chunks are made ready as they are written
        exchange = self._flying[1]
        message = exchange.envelope.message
        if exchange.letter is self._flying[0].letter and self._flying[0].stuffed is not None:
            exchange.stuffed = self._flying[0].stuffed
        elif message.size <= CHUNK and message.in_memory:
            exchange.stuffed = b"".join(dot_stuff(message.blocks(), clean=True))
        letter = self._draw(2)
        if letter is None:
            return
        with contextlib.suppress(NettoolsError):  # raised when its turn comes
            following = self._exchange(letter)
            if following.ahead and following.behind == "DATA":
                following.follows = True
                self._next = following, following.octets()

    def _abandon(self, exchange: _Exchange, data: Reply | None, *, begun: bool) -> None:
        """Make the connection fit for the next message; when that cannot be done, drop it."""
        if exchange.behind == "BDAT" and len(self._flying) > 1:
            return  # the next one begins with RSET
        if data is not None and data.code == 354:
            ending = b".\r\n"  # RFC 2920 3.1: DATA was taken although nobody was: an empty message
        elif begun:
            ending = b"RSET\r\n"
        else:
            return
        try:
            self._session.client.send(ending + self._following(ended=True))
            self._session.client.read_reply()
        except (NettoolsError, OSError):
            self._session._discard()
            self._fresh()


def _good(reply: Reply) -> bool:
    return reply.code in _GOOD


def _disordered(
    exchange: _Exchange, first: Reply, refused: dict[str, ReplyError], accepted: list[str], data: Reply | None
) -> bool:
    """Whether these replies to commands written ahead are such as the same commands one by one would not get."""
    if _good(first) and not refused and (data is None or data.code == 354):
        return False
    errors = [first, *map(reply_of, refused.values()), data]
    if any(each is not None and each.code in range(500, 600) and re.search(_COMPLAINT, each.text) for each in errors):
        return True
    if not _good(first):
        return exchange.follows and first.code in _OUT_OF_STEP
    out_of_step = any(each.code in _OUT_OF_STEP for each in refused.values())
    return out_of_step or bool(accepted and data is not None and data.code in _OUT_OF_STEP)
