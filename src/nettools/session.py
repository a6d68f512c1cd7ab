"""The conductor: the one way from a call to a conversation and back to a result.

    target -> options -> credentials -> attempts -> dial -> client -> upgrade -> login -> operation -> result

A function of the facade is a session opened, used once and closed (`run`); `connect` gives the same session to keep.
Here, and nowhere else, live: the total deadline of an operation, the attempts and what may be repeated, the one
reconnection of a kept connection that turns out dead, the rule that no secret goes in clear, the translation of every
exception, the masking of every message, and the bounded goodbye. A protocol brings a `Protocol` record and a `Session`
subclass, and knows none of this.

Repetition: an operation runs again only when its error says that it may help (`retryable`), attempts are left, and it
has not passed `committed()`, the point from which the server may act on what it was sent. Past that point a lost
answer is an error with `outcome_unknown=True`.
"""

from __future__ import annotations

import contextlib
import functools
import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, ClassVar, Generic, TypeVar, cast

from nettools import credentials
from nettools.credentials import Auth
from nettools.errors import (
    DeadlineError,
    DisconnectedError,
    FileError,
    NettoolsError,
    ProtocolError,
    ReplyError,
    TLSError,
    UnsupportedError,
    UsageError,
)
from nettools.options import Options, resolve_options
from nettools.results import Meta, TLSInfo, attach
from nettools.target import Target, parse_url, tls_scheme
from nettools.wire.dial import Dialer, source_address
from nettools.wire.guard import Deadline, Guard, WireSocket
from nettools.wire.pipeline import Pipeline
from nettools.wire.proxy import route_for
from nettools.wire.tls import TLS_ERRORS, context_for, describe, tls_error
from nettools.wire.trace import CallbackRaised, Progress, Trace

__all__ = [
    "Protocol",
    "Session",
    "make_session",
    "open_session",
    "operation",
    "run",
    "run_stream",
    "stream",
    "translate",
]

GOODBYE = 2.0  # seconds that the answer to QUIT or LOGOUT is worth

T = TypeVar("T")
S = TypeVar("S", bound="Session")
F = TypeVar("F", bound=Callable[..., Any])


@dataclass(frozen=True, slots=True, kw_only=True)
class Protocol(Generic[S]):
    """What one protocol is: the record that drives the facade, the command line and the contract tests.

    `classify` turns an exception of the wrapped module into nettools' own, None where it knows none better;
    `schemes` are those its functions take; `upgrade` the name of its STARTTLS command, None where it has none.
    """

    name: str
    schemes: tuple[str, ...]
    session: type[S]
    classify: Callable[[Exception], NettoolsError | None]
    upgrade: str | None = None


class Session:
    """A conversation with one server; a context manager. A session belongs to one thread at a time.

    A subclass gives `_establish` (make `self.client` on a dialed socket, upgrade, log in) and `_goodbye`, and decorates
    its public methods with `operation`.
    """

    PROTOCOL: ClassVar[Protocol[Any]]

    def __init__(self, target: Target, options: Options) -> None:
        self.target = target
        self.options = options
        self.client: Any = None
        self._deadline = Deadline(options.times.total)
        self._trace = Trace(self._deadline, options.on_event)
        self.progress = Progress(options.progress, self._deadline.clock)
        self._socks: list[Guard] = []
        self._flight: Pipeline[Any] | None = None  # commands whose replies are under way
        self._depth = 0
        self._committed = False
        self._kept = False  # the connection was made by an earlier operation
        self.single = False  # opened for one operation: the goodbye may travel with its last command
        self._check_tls_mode()
        tls = options.security
        scheme = "http" if target.protocol == "http" and target.scheme.tls == "none" else target.scheme.name
        self.dialer = Dialer(
            deadline=self._deadline,
            trace=self._trace,
            context=context_for(tls, self._alpn()),
            idle=options.times.idle,
            rate=options.limit_rate,
            family=options.family,
            source=source_address(options.source_address),
            resolve=options.resolve,
            route=route_for(options.proxy, scheme),
        )
        self._find_credentials()
        self._check_route()

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

    def _alpn(self) -> tuple[str, ...] | None:
        return None

    # -- TLS and secrets

    def _check_tls_mode(self) -> None:
        mode, own = self.options.security.mode, self.target.scheme.tls
        name = self.target.scheme.name
        if mode == "off" and own in ("implicit", "required"):
            raise UsageError(f"tls='off' contradicts {name}://", hint="use the scheme without TLS")
        if mode == "starttls" and (own == "implicit" or self.PROTOCOL.upgrade is None):
            raise UsageError(
                f"{name}:// has no STARTTLS", hint="its TLS begins with the first byte" if own == "implicit" else None
            )
        if mode == "required" and own == "none":
            secure = tls_scheme(self.target.protocol)
            raise UsageError(f"{name}:// has no TLS", hint=secure and f"use {secure}://", exit_code=64)

    @property
    def implicit_tls(self) -> bool:
        """Whether TLS begins with the first octet."""
        return self.target.scheme.tls == "implicit" or self.options.security.mode == "implicit"

    @property
    def upgrade_required(self) -> bool:
        """Whether nothing but the upgrade may be sent before it."""
        return not self.implicit_tls and (
            self.target.scheme.tls == "required" or self.options.security.mode in ("starttls", "required")
        )

    def upgrade_wanted(self, offered: bool) -> bool:
        """Whether to send STARTTLS now, given what the server announced.

        Raises:
            TLSError: it is required and not offered (exit code 64).
        """
        if self.implicit_tls or self.options.security.mode == "off":
            return False
        if self.upgrade_required and not offered:
            raise TLSError(
                f"TLS is required, and {self.target.netloc} does not offer {self.PROTOCOL.upgrade}",
                hint="the server has none, or somebody in between removed the offer (an attack): nothing was sent",
                exit_code=64,
            )
        return offered

    def upgrade_refused(self, error: Exception | None, reply: object = None) -> TLSError:
        """The error for an upgrade that the server offered, or that was required, and then refused."""
        return TLSError(
            f"{self.target.netloc} refused {self.PROTOCOL.upgrade}", reply=str(reply) if reply else None, exit_code=64
        )

    def upgraded(self, sock: object) -> None:
        """Take note of the TLS twin that an upgrade left behind; an upgrade that left none is not believed."""
        self._trace.tls = describe(sock)
        if self._trace.tls is None or not isinstance(sock, Guard):
            raise ProtocolError(f"{self.PROTOCOL.upgrade} left the connection in clear")
        self._socks.append(sock)

    def _find_credentials(self) -> None:
        netrc = self.options.netrc
        where = netrc if isinstance(netrc, bool) else Path(os.fspath(netrc))
        self.auth: Auth | None = credentials.find(self.target, self.options.credentials, where)
        for secret in (self.target.password, self.auth.static_password if self.auth else None):
            if secret is not None:
                self._trace.add_secret(secret.reveal())

    def _check_route(self) -> None:
        """The same for the proxy's password: none that was given as a secret is shown to a proxy in clear."""
        route = self.dialer.route
        if route is not None and route.explicit_auth and route.password is not None:
            credentials.require_private(
                Target(self.target.scheme, route.host, route.port),
                tls_on=False,
                clear_allowed=self.options.security.mode == "off",
                what="the proxy's password",
            )

    def require_private(self, what: str = "the password") -> None:
        """The clear-text rule: raise ClearTextError unless a secret may go over this connection as it is now."""
        credentials.require_private(
            self.target,
            tls_on=self.tls is not None,
            clear_allowed=self.options.security.mode == "off",
            what=what,
        )

    @property
    def private(self) -> bool:
        """Whether a secret may go over this connection as it is now."""
        return self.tls is not None or self.target.is_loopback or self.options.security.mode == "off"

    # -- what every session shows

    @property
    def url(self) -> str:
        """The address, without a password."""
        return self.target.url

    @property
    def peer(self) -> str | None:
        """Address and port of the other end (of the proxy, where there is one)."""
        return self._trace.peer

    @property
    def tls(self) -> TLSInfo | None:
        """The TLS of the connection, None where there is none."""
        return self._trace.tls

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

    # -- opening and closing

    def _connect(self) -> WireSocket:
        """A socket to the target, after TLS where TLS is implicit."""
        sock = self.dialer.open(self.target.host, self.target.port, tls=self.implicit_tls)
        self._socks = [sock]
        return sock

    def _open(self) -> None:
        if self.client is not None:
            return
        self._kept = False
        self._trace.tls = self._trace.peer = None
        try:
            self._establish()
        except BaseException:
            self._discard()
            for sock in self._socks:  # a client that its greeting stopped was never ours to close
                with contextlib.suppress(OSError):
                    sock.close()  # type: ignore[attr-defined]
            raise

    @contextlib.contextmanager
    def connecting(self) -> Iterator[None]:
        """The part of `_establish` that `Timeout(connect=)` bounds: look-up, TCP, proxy, TLS, greeting."""
        with self._deadline.within(self.options.times.connect, "connect"):
            yield

    def close(self) -> None:
        """End the conversation properly, within two seconds; closing twice is no error."""
        if self.client is None:
            return
        try:
            with self._deadline.within(GOODBYE):
                self.catch_up()
                self._goodbye()
        except Exception:  # noqa: S110  # an error at goodbye never spoils a result
            pass
        finally:
            self._discard()
            self._trace.flush()

    def __enter__(self: S) -> S:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if error is None:
            self.close()
        else:
            self._discard()

    def __del__(self) -> None:
        if getattr(self, "client", None) is not None:
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
        try:
            return action()
        except CallbackRaised as raised:
            raise raised.error from None
        except NettoolsError as error:
            raise self._complete(error) from error.__cause__
        except OSError as error:
            raise self._complete(translate(error, self.target.host)) from error
        except Exception as error:
            raise self._complete(UsageError(f"the arguments make no sense: {error}")) from error

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
            return action()
        self._depth += 1
        try:
            if not continued:
                self._begin()
            result = self._attempts(action, repeatable=not continued)
            return cast("T", attach(result, self._trace.meta()))
        except CallbackRaised as raised:
            self._discard()
            raise raised.error from None
        except NettoolsError:
            raise
        except Exception as error:
            raise self._complete(self._translate(error)) from error
        except BaseException:
            self._discard()  # interrupted: nothing more is said
            raise
        finally:
            self._depth -= 1
            self._trace.flush()

    def _begin(self) -> None:
        self._deadline.restart(self.options.times.total)
        self._trace.begin()
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
                if repeatable:
                    self.catch_up()
                return action()
            except Exception as caught:
                error = self._complete(self._translate(caught))
                if error is not caught:
                    error.__cause__ = caught
                if self._breaks(error):
                    dead = self._kept and not revived and isinstance(error, DisconnectedError)
                    self._discard()
                    if dead and repeatable and not self._committed and self._trace.bytes_received == received:
                        revived = True
                        self._trace.warn("the kept connection was dead; the operation ran on a fresh one")
                        continue
                last = attempt >= retries.attempts or not repeatable
                if self._committed or last or not error.retryable:
                    raise error from error.__cause__
                self._discard()
                self._trace.warn(f"attempt {attempt} failed: {error.message}")
                self._deadline.pause(self._retry_delay(error, retries.delay(attempt)))
                attempt += 1

    def _breaks(self, error: NettoolsError) -> bool:
        """Whether the connection is out of step after this error, and must not be used again."""
        in_step = isinstance(error, (ReplyError, UsageError, UnsupportedError))
        return not in_step or any(sock.failure is not None for sock in self._socks)

    def _retry_delay(self, error: NettoolsError, delay: float) -> float:
        """Seconds before the next attempt; a protocol that is told how long (Retry-After) overrides it."""
        return delay

    # -- errors

    def _translate(self, error: Exception) -> NettoolsError:
        """Any exception as nettools' own: what the guard knows, what the protocol knows, what the system says."""
        link: BaseException | None = error
        seen: set[int] = set()
        while link is not None and id(link) not in seen:
            if isinstance(link, NettoolsError):
                return link
            seen.add(id(link))
            link = link.__cause__ or link.__context__
        for sock in self._socks:
            if sock.failure is not None:
                return sock.failure
        ours = self.PROTOCOL.classify(error)
        if ours is not None:
            return ours
        return translate(error, self.target.host)

    def _complete(self, error: NettoolsError) -> NettoolsError:
        """Fill in what an error does not know of itself, and mask what it must not tell."""
        trace = self._trace
        error.url = error.url or self.target.url
        error.protocol = error.protocol or self.PROTOCOL.name
        error.stage = error.stage or trace.stage
        implicit = tls_scheme(self.target.protocol)
        if error.hint is None or isinstance(error, DeadlineError):
            silent = error.stage == "greeting" and isinstance(error, (DeadlineError, DisconnectedError))
            if silent and self.tls is None and implicit is not None:
                port = self.target.port
                error.hint = f"if the server on port {port} expects TLS from the first byte: use {implicit}://"
        error.args = (trace.mask(error.message),)
        error.url = trace.mask(error.url)
        if error.hint is not None:
            error.hint = trace.mask(error.hint)
        if isinstance(error.reply, str):
            error.reply = trace.mask(error.reply)
        if isinstance(error, ReplyError):
            error.text = trace.mask(error.text)
        trace.stage = "start"
        return error


def translate(error: Exception, host: str) -> NettoolsError:
    """An exception of the system or the standard library that no protocol has a better name for."""
    if isinstance(error, TLS_ERRORS):
        return tls_error(error, host)
    if isinstance(error, TimeoutError):
        return DeadlineError(f"{host} did not answer in time", kind="idle")
    if isinstance(error, (ConnectionError, EOFError)):
        how = "reset" if isinstance(error, ConnectionResetError) else "closed"
        return DisconnectedError(f"{host} {how} the connection")
    if isinstance(error, OSError):
        return FileError(f"{error.strerror or error}", errno=error.errno, filename=_text(error.filename), stage="local")
    if isinstance(error, UnicodeError):
        return UsageError(f"text cannot be encoded: {error.reason if hasattr(error, 'reason') else error}")
    return ProtocolError(f"{host} sent what cannot be understood: {type(error).__name__}")


def _text(value: object) -> str | None:
    return None if value is None else os.fsdecode(value) if isinstance(value, (str, bytes, os.PathLike)) else str(value)


def operation(stage: str) -> Callable[[F], F]:
    """Make a method an operation: opened if need be, timed as `stage`, errors translated, its result given meta."""

    def decorate(method: F) -> F:
        @functools.wraps(method)
        def wrapper(self: Session, /, *args: Any, **keywords: Any) -> Any:
            def action() -> Any:
                with self._trace.span(stage):
                    return method(self, *args, **keywords)

            return self.perform(action)

        return cast("F", wrapper)

    return decorate


_END = object()


def stream(stage: str) -> Callable[[F], F]:
    """Make a generator method of a Session an operation whose results come one by one, each with its meta.

    The generator must leave the connection in step at every `yield`: whatever it has asked for it has read, or
    `in_flight` keeps account of it. The total deadline spans the whole of it. Only its first step is ever repeated,
    before anything was given to the caller.
    """

    def decorate(method: F) -> F:
        @functools.wraps(method)
        def wrapper(self: Session, /, *args: Any, **keywords: Any) -> Iterator[Any]:
            steps: Iterator[Any] = iter(())

            def first() -> Any:
                nonlocal steps
                steps = method(self, *args, **keywords)
                return following()

            def following() -> Any:
                with self._trace.span(stage):
                    return next(steps, _END)

            item = self.perform(first)
            while item is not _END:
                yield item
                item = self.perform(following, continued=True)

        return cast("F", wrapper)

    return decorate


def make_session(protocol: Protocol[S], url: str, keywords: Mapping[str, Any]) -> S:
    """A session that has not connected yet: address, options and credentials are settled and checked."""
    options = resolve_options(protocol.name, keywords)
    target = parse_url(url, protocol.schemes)
    try:
        return protocol.session(target, options)
    except NettoolsError as error:
        error.url, error.protocol = error.url or target.url, error.protocol or protocol.name
        raise


def open_session(protocol: Protocol[S], url: str, keywords: Mapping[str, Any]) -> S:
    """A session, connected and logged in: what `connect(url)` gives."""
    session = make_session(protocol, url, keywords)
    session.perform(session._arrive)
    return session


def run(protocol: Protocol[S], url: str, action: Callable[[S], T], keywords: Mapping[str, Any]) -> T:
    """A session opened, used once and closed: what every function of the facade is.

    The operation opens it, so that arguments that make no sense are told before anything is connected.
    """
    session = make_session(protocol, url, keywords)
    session.single = True
    with session:
        return session.prepare(lambda: action(session))


def run_stream(
    protocol: Protocol[S], url: str, action: Callable[[S], Iterator[T]], keywords: Mapping[str, Any]
) -> Iterator[T]:
    """As `run`, for a generator: the session is open until the last item was taken, or the generator closed.

    Address and options are checked at once, not when the first item is asked for.
    """
    session = make_session(protocol, url, keywords)
    session.single = True

    def items() -> Iterator[T]:
        with session:
            yield from action(session)

    return items()
