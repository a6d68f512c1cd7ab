"""Octets between a socket and a file, moved by the system without their passing through Python.

`splice` (Linux) and `sendfile` are used where both ends allow it: a plain socket, a regular file, nobody who wants to
see the octets. The limits hold all the same: every call is armed with idle timeout and deadline, counted and paced,
and able to end in the guard's errors. Where the system cannot, `None` says so before anything has moved, and the
caller reads and writes as usual.
"""

from __future__ import annotations

import contextlib
import errno
import os
import select
import ssl
from collections.abc import Callable
from types import TracebackType
from typing import Literal

from nettools.files import file_error
from nettools.wire.guard import Guard

try:
    import fcntl
except ImportError:  # no Unix, no splice
    fcntl = None  # type: ignore[assignment]

__all__ = ["Splice", "can_bypass", "send_file"]

PIECE = 1024 * 1024  # octets a call; also the pipe's size, where the system grants it
UNABLE = (errno.EINVAL, errno.ENOSYS, errno.EOPNOTSUPP, errno.ENOTSOCK, errno.EPERM)


def can_bypass(sock: Guard) -> bool:
    """Whether what this socket carries may be moved unseen: it is in clear, and nobody watches."""
    return not isinstance(sock, ssl.SSLSocket) and (sock.trace is None or not sock.trace.watched)


class Splice:
    """Moves what a socket receives into a file at its present place; a context manager, for the pipe in between."""

    def __init__(self, sock: Guard, descriptor: int, path: object) -> None:
        self._sock = sock
        self._file = descriptor
        self._path = path
        self._pipe: tuple[int, int] | None = None

    def __enter__(self) -> Splice:
        if hasattr(os, "splice") and can_bypass(self._sock):
            self._pipe = os.pipe()
            if fcntl is not None and hasattr(fcntl, "F_SETPIPE_SZ"):
                with contextlib.suppress(OSError):  # the user has too many of them: 64 KiB do as well
                    fcntl.fcntl(self._pipe[1], fcntl.F_SETPIPE_SZ, PIECE)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        for descriptor in self._pipe or ():
            os.close(descriptor)
        self._pipe = None

    def move(self, most: int = PIECE) -> int | None:
        """How many octets were moved, 0 at the end; None where the system cannot, and nothing was."""
        if self._pipe is None:
            return None
        source, sink = self._pipe
        try:
            count = _armed(
                self._sock, "receive", lambda: os.splice(self._sock.fileno(), sink, min(most, PIECE), flags=3)
            )
        except OSError as error:
            if error.errno not in UNABLE:
                raise
            return None
        try:
            self._empty(source, count)
        except OSError as error:
            raise file_error(error, "write", self._path) from error
        self._sock._received(count)
        return count

    def _empty(self, source: int, left: int) -> None:
        """What is in the pipe goes to the file, by hand where the file system cannot take it so."""
        while left:
            try:
                left -= os.splice(source, self._file, left)
            except OSError as error:
                if error.errno not in UNABLE:
                    raise
                view = memoryview(os.read(source, left))
                left -= len(view)
                while view:
                    view = view[os.write(self._file, view) :]


def send_file(sock: Guard, descriptor: int, offset: int, count: int) -> int | None:
    """How many octets of a file were sent, 0 at its end; None where the system cannot, and nothing was."""
    if not hasattr(os, "sendfile") or not can_bypass(sock):
        return None
    try:
        sent = _armed(sock, "send", lambda: os.sendfile(sock.fileno(), descriptor, offset, min(count, PIECE)))
    except OSError as error:
        if error.errno not in UNABLE:
            raise
        return None
    if sock.trace is not None:
        sock.trace.count_out(sent)
    if sock.rate is not None:
        sock._pace(sent)
    return sent


def _armed(sock: Guard, verb: Literal["receive", "send"], call: Callable[[], int]) -> int:
    """A system call within the guard's limits. A socket with a timeout does not block: waiting is ours to do."""
    while True:
        sock._arm()
        try:
            return call()
        except BlockingIOError:
            poll = select.poll()
            poll.register(sock, select.POLLIN if verb == "receive" else select.POLLOUT)
            if not poll.poll(None if sock._armed is None else sock._armed * 1000):
                raise sock._timed_out(verb) from None
