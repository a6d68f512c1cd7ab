"""A conversation with one server: opened, used for operations, closed.

Here, and nowhere else, live the total deadline of an operation, its attempts and what may be repeated, the one
reconnection of a kept connection that turns out dead, and the bounded goodbye. What is said is the protocol's.

Repetition: an operation runs again only when its error says that it may help (`retryable`), attempts are left, and it
has not passed `committed()`, the point from which the server may act on what it was sent. Past that point a lost
answer is an error with `outcome_unknown=True`.
"""

from __future__ import annotations

import contextlib
from _thread import get_ident  # not by `threading`, which a call without a thread of its own has no use for
from collections.abc import Callable, Iterable, Iterator
from types import TracebackType
from typing import Any, Self, TypeVar, cast

from nettools.errors import (
    DeadlineError,
    DisconnectedError,
    NettoolsError,
    ProtocolError,
    ReplyError,
    UnsupportedError,
    UsageError,
)
from nettools.options import Options
from nettools.results import Meta, attach
from nettools.session.link import Link
from nettools.session.translation import complete, translate, translate_over
from nettools.target import Target
from nettools.wire.pipeline import Pipeline
from nettools.wire.trace import CallbackRaised, Progress

__all__ = ["GOODBYE", "Session"]

GOODBYE = 2.0  # seconds that the answer to QUIT or LOGOUT is worth

T = TypeVar("T")


class _GivingBack:
    """See `Session._giving_back`. No generator: out of one no StopIteration comes as it was raised (PEP 479)."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def __enter__(self) -> None:
        pass

    def __exit__(self, kind: object, error: BaseException | None, traceback: object) -> None:
        if isinstance(error, CallbackRaised) and not (self._session._depth or self._session._preparing):
            raise error.error from error.error.__cause__


class Session(Link):
    """A conversation with one server; a context manager. A session belongs to one thread at a time.

    A subclass gives `_establish` (make `self.client` on a dialed socket, upgrade, log in) and `_goodbye`, and decorates
    its public methods with `operation`.
    """

    client: Any = None  # the protocol's, on a dialed socket; also of a session whose options were refused

    def __init__(self, target: Target, options: Options) -> None:
        super().__init__(target, options)
        self.progress = Progress(options.progress, self._deadline.clock)
        self.single = False  # opened for one operation: the goodbye may travel with its last command
        self._flight: Pipeline[Any] | None = None  # commands whose replies are under way
        self._depth = 0
        self._thread = 0  # that an operation is under way in
        self._shared_time = False  # several operations share one deadline
        self._preparing = 0
        self._committed = False
        self._kept = False  # the connection was made by an earlier operation
        self._before = 0  # octets that had passed when the connection was up and the action began

    # -- what a protocol gives

    def _establish(self) -> None:
        raise NotImplementedError  # every protocol has its own

    def _arrive(self) -> None:
        """What `connect(url)` does besides logging in: go where the URL points."""

    def _goodbye(self) -> None:
        """Say that this is the end, and wait for the answer; errors here are nobody's concern."""

    def _discard(self) -> None:
        """Drop the connection without a word."""
        client, self.client, self._flight = self.client, None, None
        sock = getattr(client, "sock", None)
        for each in (getattr(client, "file", None), sock):
            if each is not None:
                with contextlib.suppress(OSError, ValueError):
                    each.close()

    # -- what every session shows

    @property
    def meta(self) -> Meta:
        """How the last operation went, or is going."""
        return self._trace.meta()

    @property
    def raw(self) -> Any:
        """The wrapped object of the standard library (or requests), for what nettools does not offer."""
        return self.client

    @property
    def capabilities(self) -> frozenset[str]:
        """What the server announced, in upper case."""
        return frozenset()

    def capability(self, name: str) -> str | None:
        """The parameters of a capability ("" where it has none), None when it was not announced."""
        return "" if name.upper() in self.capabilities else None

    def __repr__(self) -> str:
        state = "closed" if self._closed else "open" if self.client is not None else "not connected"
        return f"<{type(self).__name__} {self.url} {state}>"

    # -- opening and closing

    def _open(self) -> None:
        if self.client is not None:
            return
        self._kept = False
        self._trace.tls = self._trace.peer = None
        try:
            self._establish()
            self._check_closed()
        except BaseException:
            self._discard()
            for sock in self._socks:  # a client that its greeting stopped was never ours to close
                sock.drop()
            raise

    def close(self) -> None:
        """End the conversation properly, within two seconds; closing twice is no error.

        From another thread than the one that uses it: at once, and what is under way is a DisconnectedError there.
        """
        if self._depth and self._thread != get_ident():
            self._interrupt()
            return
        try:
            self._end()
        finally:
            self._closed = True
        if self._depth and self._thread != get_ident():  # it was put to work meanwhile
            self._interrupt()

    def _end(self) -> None:
        """Say goodbye and drop the connection; a session that is not closed can make another."""
        if self.client is None:
            return
        with self._giving_back():
            try:
                with self._deadline.within(GOODBYE):
                    self.catch_up()
                    self._goodbye()
            except Exception:  # noqa: S110  # an error at goodbye never spoils a result
                pass
            finally:
                self._discard()
                self._trace.flush()

    def _interrupt(self) -> None:
        """End it from another thread: whatever it waits for is over, and it is closed."""
        self._closed = True
        self._deadline.restart(0)
        for sock in tuple(self._socks):
            sock.interrupt()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if error is None:
            self.close()
        else:
            self._closed = True
            self._discard()

    def __del__(self) -> None:
        if self.client is not None:
            self._discard()

    # -- operations

    @contextlib.contextmanager
    def committed(self) -> Iterator[None]:
        """From here on the server may act on what it is sent: the operation is never repeated.

        An error that leaves open whether it did says so (nonsense in place of a reply does, too); a reply settles it,
        even a refusal.
        """
        self._committed = True
        try:
            yield
        except (DisconnectedError, DeadlineError, ProtocolError) as error:
            error.outcome_unknown = True
            raise
        except NettoolsError:
            raise
        except Exception as error:
            ours = self._translate(error)
            if isinstance(ours, (DisconnectedError, DeadlineError, ProtocolError)):
                ours.outcome_unknown = True
            raise ours from error

    def settled(self) -> None:
        """The server has answered all that was committed: what comes next in this operation may be repeated again."""
        self._committed = False

    def prepare(self, action: Callable[[], T]) -> T:
        """Run what an operation needs before anything is connected: errors become an operation's, what no error of ours
        is becomes a UsageError, for only arguments can have caused it.
        """
        with self._giving_back():
            self._preparing += 1
            try:
                return action()
            except NettoolsError as error:
                raise self._complete(error) from error.__cause__
            except Exception as error:
                raise self._complete(translate(error, self.target.host, spoken=False)) from error
            finally:
                self._preparing -= 1

    def in_flight(
        self, commands: Iterable[bytes], send: Callable[[bytes], object], receive: Callable[[], T], *, ahead: bool
    ) -> Iterator[T]:
        """The replies to many commands, read one by one as they are asked for; `ahead`: many are written before.

        Other operations may come in between: they have what is under way read first. A new connection ends it, for what
        was meant (a number, a current group) belongs to the old one.
        """
        client = self.client
        flight: Pipeline[T] = Pipeline(
            commands, send, receive, ahead=ahead, before_sending=lambda: self.catch_up(flight)
        )
        try:
            while True:
                if self.client is not client:
                    raise DisconnectedError("the connection was lost before everything that was asked for had come")
                try:
                    reply = next(flight)
                except StopIteration:
                    return
                yield reply
        finally:
            flight.abandon()

    def catch_up(self, fresh: Pipeline[Any] | None = None) -> None:
        """Have the replies that are under way read, so that what is said next is answered next."""
        flight, self._flight = self._flight, fresh
        if flight is not None and flight is not fresh:
            flight.catch_up()

    def perform(self, action: Callable[[], T], *, continued: bool = False) -> T:
        """Run an operation: attempts, deadline, translation, meta. Operations inside operations are part of them.

        `continued`: it goes on with what an earlier one began: same deadline, same counters, never repeated.
        """
        if self._depth:
            if self._thread != get_ident():
                raise UsageError(
                    "this session is at work in another thread", hint="open one for each thread", url=self.url
                )
            return action()
        self._require_open()
        with self._giving_back():
            self._thread, self._depth = get_ident(), self._depth + 1  # in this order: others look at the depth first
            try:
                if not continued:
                    self._begin()
                result = self._attempts(action, repeatable=not continued)
                return cast("T", attach(result, self._trace.meta()))
            except NettoolsError as error:
                if not self._closed:
                    self._complete(error)  # such as one of the wait before another attempt
                    raise
                self._discard()
                ended = DisconnectedError("the session was closed meanwhile")
                ended.outcome_unknown = error.outcome_unknown
                raise self._complete(ended) from error
            except Exception as error:
                raise self._complete(self._translate(error)) from error
            except BaseException:
                self._discard()  # interrupted: nothing more is said
                raise
            finally:
                self._depth -= 1
                self._trace.flush()

    def _giving_back(self) -> contextlib.AbstractContextManager[None]:
        """An exception of the caller's callback goes back as it was raised, by the outermost of what it ends."""
        return _GivingBack(self)

    def _require_open(self) -> None:
        if self._closed:
            raise UsageError("this session is closed", hint="open another one with connect()", url=self.url)

    @contextlib.contextmanager
    def together(self, other: Session | None = None) -> Iterator[None]:
        """The operations in this context are one as to time: its total begins now, or is the one of another session."""
        if other is None:
            self._deadline.restart(self.options.times.total)
        else:
            self._deadline.follow(other._deadline)
        self._shared_time = True
        try:
            yield
        finally:
            self._shared_time = False

    def _begin(self) -> None:
        if not self._shared_time:
            self._deadline.restart(self.options.times.total)
        self._trace.begin()
        self._before = 0
        self._kept = self.client is not None

    def _attempts(self, action: Callable[[], T], *, repeatable: bool) -> T:
        retries = self.options.retries
        attempt, revived = 1, False
        while True:
            self._committed = False
            self.progress.restart()
            self._trace.attempts = attempt
            received = self._trace.bytes_received
            try:
                self._open()
                self._before = self._passed()
                if repeatable:
                    self.catch_up()
                return action()
            except Exception as caught:
                error = self._complete(self._translate(caught))
                if error is not caught:
                    error.__cause__ = caught
                if self._breaks(error):
                    dead = self._kept and not (revived or self._closed) and isinstance(error, DisconnectedError)
                    self._discard()
                    if dead and repeatable and not self._committed and self._trace.bytes_received == received:
                        revived = True
                        self._trace.warn("the kept connection was dead; the operation ran on a fresh one")
                        continue
                last = attempt >= retries.attempts or not repeatable or self._closed
                if self._committed or last or not error.retryable:
                    raise error from error.__cause__
                self._discard()
                self._trace.warn(f"attempt {attempt} failed: {error.message}")
                self._deadline.pause(self._retry_delay(error, retries.delay(attempt)))
                attempt += 1

    def _breaks(self, error: NettoolsError) -> bool:
        """Whether the connection is out of step after this error, and must not be used again."""
        if isinstance(error, ReplyError):
            in_step = error.code is None or error.code != self.PROTOCOL.closing
        else:
            in_step = isinstance(error, (UsageError, UnsupportedError))
        return not in_step or any(sock.failure is not None for sock in self._socks)

    def _retry_delay(self, error: NettoolsError, delay: float) -> float:
        """Seconds before the next attempt; a protocol that is told how long (Retry-After) overrides it."""
        return delay

    # -- errors

    def _passed(self) -> int:
        return self._trace.bytes_sent + self._trace.bytes_received

    def _translate(self, error: Exception) -> NettoolsError:
        spoken = self._passed() > self._before
        return translate_over(self._socks, self.PROTOCOL.classify, error, self.target.host, spoken=spoken)

    def _complete(self, error: NettoolsError) -> NettoolsError:
        return complete(error, self.target, self.PROTOCOL.name, self._trace)
