"""The simple server: bind, listen, accept, and a handler for every connection or datagram, in bounded threads.

One thread waits for clients; a semaphore keeps it from accepting more than can be handled. What a handler raises ends
its own connection and is reported; what a client does wrong ends nothing else. `close` stops waiting, ends the
connections that are open, and gives their handlers a moment to notice.
"""

from __future__ import annotations

import collections
import contextlib
import logging
import queue
import threading
import time
from collections.abc import Callable, Mapping
from types import TracebackType
from typing import Any, Self

from nettools.errors import NettoolsError, UsageError
from nettools.options import Options, resolve_options
from nettools.results import Exchange, TLSInfo
from nettools.session import translate
from nettools.target import Target, decode
from nettools.wire.context import server_context
from nettools.wire.guard import WireSocket
from nettools.wire.listen import Limits, Listener, finish, secure_client
from nettools.wire.stream import End, Stream, Until
from nettools.wire.text import octets
from nettools.wire.tls import describe

__all__ = ["Connection", "Server", "start_server"]

STOP = 2.0  # seconds that handlers have to notice that the server was closed
KEPT = 100  # errors that are remembered

_log = logging.getLogger("nettools.listen")


class Connection:
    """A client of a stream server; `raw` is its socket, and the socket's own words work too."""

    def __init__(self, sock: WireSocket, options: Options) -> None:
        self.raw = sock
        self.peer: str = sock.peer or ""
        self._stream = Stream(sock, limit=options.max_size)
        self._encoding = options.encoding or "utf-8"
        self._finished = False
        self._files: list[Any] = []

    @property
    def tls(self) -> TLSInfo | None:
        """The TLS of the connection, None where there is none."""
        return describe(self.raw)

    def send(self, data: bytes | str) -> int:
        """Send all of it; how many octets that were."""
        given = octets(data, self._encoding)
        self._stream.send(given)
        return len(given)

    sendall = send

    def receive(self, until: End = None) -> Exchange:
        """What the client sends, up to `until` (see `exchange`); None: until it has nothing more to send."""
        return Exchange(self._stream.receive(Until(until, self._encoding)), self.peer)

    def recv(self, size: int = 65536) -> bytes:
        """What is there, at most so many octets; b"" when the client has nothing more to send."""
        return self._stream.some(size)

    def makefile(self, *args: Any, **keywords: Any) -> Any:
        """A file over the connection, as `socket.makefile`; it is flushed and closed with the connection."""
        file = self.raw.makefile(*args, **keywords)
        self._files.append(file)
        return file

    def close(self) -> None:
        """End the connection so that the client gets all it was sent; closing twice is no error."""
        if not self._finished:
            self._finished = True
            for file in self._files:  # each keeps the socket open
                with contextlib.suppress(OSError, ValueError):
                    file.close()
            finish(self.raw)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


class Server:
    """A running server; a context manager. `errors` are the last exceptions of handlers and handshakes."""

    def __init__(
        self, target: Target, listener: Listener, handler: Callable[..., Any], options: Options, most: int, context: Any
    ) -> None:
        self.errors: collections.deque[Exception] = collections.deque(maxlen=KEPT)
        self._target = target
        self._listener = listener
        self._handler = handler
        self._options = options
        self._context = context
        self._address = listener.address
        self._slots = threading.BoundedSemaphore(most)
        self._lock = threading.Lock()
        self._open: dict[threading.Thread, WireSocket | None] = {}
        self._closing = False  # no Event: a signal's handler may interrupt what waits or closes, and would wait for it
        self._ended: queue.SimpleQueue[None] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._serve, name="nettools-listen", daemon=True)
        try:
            self._thread.start()
        except BaseException:  # interrupted, maybe with the thread running: nobody else can close it
            self.close()
            raise

    @property
    def address(self) -> tuple[str, int] | str:
        """Host and port, or the path of a Unix socket."""
        return self._address

    @property
    def url(self) -> str:
        """Where clients of this machine reach it."""
        if isinstance(self._address, str):
            return self._target.url
        host, port = self._address
        host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)  # noqa: S104  # any address is this machine's too
        return f"{self._target.scheme.name}://{f'[{host}]' if ':' in host else host}:{port}"

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.url} {'closed' if self._closing else 'listening'}>"

    def serve_forever(self) -> None:
        """Wait until `close()` is called, from a handler, another thread or a signal's handler."""
        self._ended.get()
        self._ended.put(None)  # others may wait too

    def close(self) -> None:
        """Stop listening, and end what is still open; closing twice is no error."""
        if self._closing:
            return
        self._closing = True
        try:
            self._listener.wake()
            with contextlib.suppress(ValueError):
                self._slots.release()  # the thread may be waiting for one
            end = time.monotonic() + STOP
            _join(self._thread, end)
            with self._lock:
                running = dict(self._open)
            for sock in running.values():
                if sock is not None:
                    sock.interrupt()
            for thread in running:
                _join(thread, end)
        finally:  # an interruption takes the moment to notice, and nothing else
            self._listener.close()
            self._ended.put(None)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    # -- the thread that waits

    def _serve(self) -> None:
        try:
            while not self._closing:
                self._slots.acquire()
                if not self._next():
                    with contextlib.suppress(ValueError):
                        self._slots.release()
        finally:
            if not self._listener.sock.is_datagram:  # answers still go out through the socket of datagrams
                self._listener.close()

    def _next(self) -> bool:
        """Wait for a client, and hand it to a thread; False when none came."""
        if self._listener.sock.is_datagram:
            came = self._listener.receive()
            if came is None:
                return False
            self._start(None, self._answer, *came)
            return True
        sock = self._listener.accept()
        if sock is None:
            return False
        if self._closing:
            sock.close()
            return False
        self._start(sock, self._handle, sock)
        return True

    def _start(self, sock: WireSocket | None, action: Callable[..., None], *args: Any) -> None:
        def work() -> None:
            try:
                action(*args)
            finally:
                with self._lock:
                    self._open.pop(thread, None)
                with contextlib.suppress(ValueError):
                    self._slots.release()

        thread = threading.Thread(target=work, name="nettools-handler", daemon=True)
        with self._lock:
            self._open[thread] = sock
        thread.start()

    # -- the threads that handle

    def _handle(self, sock: WireSocket) -> None:
        peer = sock.peer or ""
        try:
            if self._context is not None:
                with sock.deadline.within(self._options.times.connect):
                    sock = secure_client(sock, self._context)
                with self._lock:
                    self._open[threading.current_thread()] = sock
        except Exception as error:
            self._report(error, peer)
            return
        with Connection(sock, self._options) as connection:
            try:
                self._handler(connection)
            except Exception as error:  # before the close, so that a client that sees it finds it reported
                self._report(error, peer)
            with self._lock:
                self._open[threading.current_thread()] = None  # what is left to be sent is not cut off by close()

    def _answer(self, data: bytes, sender: Any) -> None:
        try:
            answer = self._handler(data, str(sender))
            if answer is not None:
                self._listener.answer(octets(answer, self._options.encoding or "utf-8"), sender)
        except Exception as error:
            self._report(error, str(sender))

    def _report(self, error: Exception, peer: str) -> None:
        """Keep and tell what went wrong; nothing is told of what close() itself has ended."""
        if self._closing and isinstance(error, OSError):
            return
        self.errors.append(error)
        if isinstance(error, (NettoolsError, OSError)):  # the client's doing, or the network's
            ours = error if isinstance(error, NettoolsError) else translate(error, peer)
            _log.info("%s: %s", peer, ours)
        else:
            _log.error("the handler failed for %s", peer, exc_info=error)


def _join(thread: threading.Thread, end: float) -> None:
    """Wait until a thread has ended, or the moment has come; one that never began has."""
    if thread is not threading.current_thread():
        with contextlib.suppress(RuntimeError):
            thread.join(max(0.0, end - time.monotonic()))


def start_server(target: Target, handler: Callable[..., Any], most: object, keywords: Mapping[str, Any]) -> Server:
    """A Server that listens already."""
    if not callable(handler):
        raise UsageError(f"a handler is a callable, not {type(handler).__name__}")
    if isinstance(most, bool) or not isinstance(most, int) or most < 1:
        raise UsageError(f"max_connections= is a number from 1, not {most!r}")
    options = resolve_options(target.protocol, keywords)
    secure = target.scheme.tls == "implicit" or options.security.mode in ("implicit", "required")
    if secure and target.protocol != "tcp":
        raise UsageError(f"a {target.scheme.name}:// socket has no TLS")
    context = server_context(options.security) if secure else None
    limits = Limits(options.times.total, options.times.idle, options.limit_rate, options.on_event)
    try:
        if target.protocol == "unix":
            listener = Listener.on_path(decode(target.path), limits, datagram=bool(options.datagram))
        else:
            datagram = target.protocol == "udp"
            listener = Listener.on_host(target.host, target.port, limits, datagram=datagram, family=options.family)
    except NettoolsError as error:
        error.url, error.protocol, error.stage = target.url, target.protocol, "listen"
        raise
    return Server(target, listener, handler, options, most, context)
