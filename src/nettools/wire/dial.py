"""Dial: the one way to a connected socket, for every protocol and for FTP's data channel.

Names are looked up by `socket.getaddrinfo` in a thread that cannot outlive the deadline; addresses are raced as RFC
8305 has it (families interleaved, a head start of 250 ms); then the proxy's handshake, then TLS. Each stage is a timed
span of the trace. What comes back is a guarded socket. Knows no protocol: `host` and `port` are given.
"""

from __future__ import annotations

import contextlib
import errno
import functools
import itertools
import os
import select
import socket
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

from nettools.errors import ConnectError, ResolveError, UsageError
from nettools.wire.deadline import Deadline
from nettools.wire.guard import Guard, WireSocket
from nettools.wire.proxy import Route, tunnel
from nettools.wire.tls import describe

if TYPE_CHECKING:
    from nettools.wire.context import WireContext
    from nettools.wire.trace import Trace

__all__ = ["Address", "Dialer", "Network", "closing_on_error", "interleave", "race"]

_numbers = itertools.count(1)  # of the connections of this process
G = TypeVar("G", bound=Guard)

HEAD_START = 0.25  # seconds an attempt has before the next address is tried beside it (RFC 8305 5)


class Address(NamedTuple):
    """One place to connect to: an address family and what `connect` takes."""

    family: int
    sockaddr: Any

    def __str__(self) -> str:
        if isinstance(self.sockaddr, (str, bytes)):
            return os.fsdecode(self.sockaddr).replace("\0", "@")  # as Linux shows abstract names
        host, port = self.sockaddr[:2]
        return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def interleave(addresses: Sequence[Address]) -> list[Address]:
    """The addresses with their families taking turns, the resolver's order kept within each (RFC 8305 4)."""
    families: dict[int, list[Address]] = {}
    for address in addresses:
        families.setdefault(address.family, []).append(address)
    queues = list(families.values())
    result = []
    for place in range(max(map(len, queues), default=0)):
        result += [queue[place] for queue in queues if place < len(queue)]
    return result


class Network:
    """All contact with the operating system while connecting, so that a race can be played without one."""

    def begin(self, address: Address, source: tuple[str, int] | None) -> WireSocket:
        """A socket that has begun to connect; OSError when it cannot even begin."""
        sock = WireSocket(address.family, socket.SOCK_STREAM)
        try:
            sock.setblocking(False)
            if source is not None:
                sock.bind(source)
            code = sock.connect_ex(address.sockaddr)
            if code not in (0, errno.EINPROGRESS, errno.EWOULDBLOCK, errno.EINTR):
                raise OSError(code, os.strerror(code))
        except BaseException:
            sock.close()
            raise
        return sock

    def wait(self, sockets: Sequence[WireSocket], seconds: float | None) -> list[WireSocket]:
        """Those that have connected or failed by then."""
        poll = select.poll()
        by_number = {sock.fileno(): sock for sock in sockets}
        for number in by_number:
            poll.register(number, select.POLLOUT)
        events = poll.poll(None if seconds is None else max(0.0, seconds * 1000))
        return [by_number[number] for number, _ in events]

    def outcome(self, sock: WireSocket) -> int:
        """0 when a socket has connected, else its errno."""
        return sock.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)


def race(
    addresses: Sequence[Address],
    deadline: Deadline,
    *,
    network: Network | None = None,
    source: tuple[str, int] | None = None,
    head_start: float = HEAD_START,
) -> tuple[WireSocket, Address]:
    """The first of these addresses to answer.

    Raises:
        ConnectError: none answered; the reason of each is in the message.
        DeadlineError: time ran out first.
    """
    network = network or Network()
    waiting = interleave(addresses)
    running: dict[WireSocket, Address] = {}
    failures: list[tuple[Address, int]] = []
    next_start = deadline.clock()
    try:
        while waiting or running:
            deadline.check()
            if waiting and (not running or deadline.clock() >= next_start):
                address = waiting.pop(0)
                try:
                    running[network.begin(address, source)] = address
                except OSError as error:
                    failures.append((address, error.errno or 0))
                    continue
                next_start = deadline.clock() + head_start
            limit = deadline.shorter(next_start - deadline.clock() if waiting else None)
            for sock in network.wait(list(running), limit):
                address = running.pop(sock)
                code = network.outcome(sock)
                if code == 0:
                    return sock, address
                sock.close()
                failures.append((address, code))
                next_start = deadline.clock()  # RFC 8305 5: a failure does not make the next one wait
    finally:
        for sock in running:
            sock.close()
    raise _refused(failures)


def _refused(failures: Sequence[tuple[Address, int]]) -> ConnectError:
    reasons = "; ".join(f"{address}: {os.strerror(code).lower()}" for address, code in failures)
    codes = {code for _, code in failures}
    hint = None
    if codes == {errno.ECONNREFUSED}:
        hint = "nothing listens there: check the port, and that the server runs"
    elif codes & {errno.EHOSTUNREACH, errno.ENETUNREACH}:
        hint = "there is no route to that address from here"
    elif codes == {errno.EADDRNOTAVAIL}:
        hint = "source_address= must be an address of this machine"
    return ConnectError(f"cannot connect to {reasons or 'no address'}", hint=hint)


class Dialer:
    """How one call connects; given to the protocol's client in place of `socket.create_connection`.

    `dialer(host, port)` is a plain guarded socket, `dialer.open(host, port, tls=True)` one after its handshake.
    `make_context` is asked once, and only where TLS is spoken.
    """

    def __init__(
        self,
        *,
        deadline: Deadline,
        trace: Trace,
        make_context: Callable[[], WireContext],
        idle: float | None = None,
        rate: float | None = None,
        family: int | None = None,
        source: tuple[str, int] | None = None,
        resolve: Mapping[tuple[str, int], Sequence[str]] | None = None,
        route: Route | None = None,
        network: Network | None = None,
    ) -> None:
        self.deadline, self.trace, self.idle, self.rate = deadline, trace, idle, rate
        self.family, self.source, self.resolve, self.route = family, source, resolve or {}, route
        self.network = network or Network()
        self._make_context = make_context

    @functools.cached_property
    def context(self) -> WireContext:
        """What TLS is made with."""
        return self._make_context()

    def __call__(self, host: str, port: int) -> WireSocket:
        """A plain guarded socket to host and port, through the proxy if there is one; the call's own connection."""
        self.trace.peer = None
        sock = self.plain(host, port)
        sock.side = False
        self.trace.peer = sock.peer
        return sock

    def plain(self, host: str, port: int) -> WireSocket:
        """The same for a connection beside the call's own, such as FTP's data channel."""
        route = self.route if self.route is not None and not self.route.bypasses(host, port) else None
        if route is None:
            sock = self.connect(host, port)
        else:
            sock = self.connect_proxy(route)
            with closing_on_error(sock), self.trace.span("proxy"):
                tunnel(sock, route, host, port, self.addresses)
        sock.side = True
        return sock

    def open(self, host: str, port: int, *, tls: bool = False, session: Any = None) -> WireSocket:
        """A guarded socket, after the TLS handshake if `tls`; `session` is a TLS session to resume."""
        sock = self(host, port)
        if not tls:
            return sock
        sock = self.secure(sock, host, session=session)
        self.trace.tls = describe(sock)
        return sock

    def secure(self, sock: WireSocket, host: str, *, session: Any = None) -> WireSocket:
        """The TLS twin of a connected socket; the plain one is closed when the handshake fails."""
        with closing_on_error(sock) as owned, self.trace.span("tls"):
            wrapped: Any = self.context.wrap_socket(sock, server_hostname=host, session=session)
            owned.append(wrapped)
        return wrapped  # type: ignore[no-any-return]

    def connect(self, host: str, port: int) -> WireSocket:
        """A direct connection: looked up, raced, guarded."""
        with self.trace.span("resolve"):
            addresses = self.addresses(host, port)
        with closing_on_error() as owned, self.trace.span("connect"):
            sock, address = race(addresses, self.deadline, network=self.network, source=self.source)
            owned.append(sock)
        sock.peer = str(address)
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return self.guard(sock)

    def connect_proxy(self, route: Route) -> WireSocket:
        """A connection to the proxy itself; its errors are ProxyErrors."""
        try:
            return self.connect(route.host, route.port)
        except ConnectError as error:
            raise route.unreachable(error) from error

    def connect_unix(self, path: str, *, datagram: bool | None = False) -> WireSocket:
        """A connection to a Unix socket: a stream, datagrams, or (None) whichever of them listens there."""
        with closing_on_error() as owned, self.trace.span("connect"):
            for kind in (False, True) if datagram is None else (datagram,):
                sock = self._begin_unix(check_path(path), kind)
                owned.append(sock)
                code = sock.connect_ex(path)
                if code != errno.EPROTOTYPE:
                    break
                sock.close()
            if code:
                raise _unix_refused(path, code)
        sock.peer = self.trace.peer = path
        return self.guard(sock)

    def _begin_unix(self, path: str, datagram: bool) -> WireSocket:
        sock = WireSocket(socket.AF_UNIX, socket.SOCK_DGRAM if datagram else socket.SOCK_STREAM)
        sock.settimeout(self.deadline.remaining())
        if datagram and sys.platform == "linux":
            sock.bind("")  # a name of its own in the abstract space, for the answers
        return sock

    def listen(self, host: str, family: int) -> WireSocket:
        """A guarded socket that listens on a free port of one address (FTP's active mode)."""
        sock = WireSocket(family, socket.SOCK_STREAM)
        with closing_on_error(sock):
            try:
                sock.bind((host, 0))
                sock.listen(1)
            except OSError as error:
                raise ConnectError(f"cannot listen on {host}: {os.strerror(error.errno or 0).lower()}") from error
        return sock

    def accept(self, listener: WireSocket) -> tuple[WireSocket, str]:
        """The next connection of a listening socket, guarded, and the address it comes from."""
        listener.settimeout(self.deadline.shorter(self.idle))
        try:
            plain, address = listener.accept()
        except TimeoutError as error:
            self.deadline.check()
            raise ConnectError("the server did not open the data connection", hint="use passive mode") from error
        sock = WireSocket(plain.family, plain.type, plain.proto, fileno=plain.detach())
        sock.peer, sock.side = str(Address(sock.family, address)), True
        return self.guard(sock), str(address[0])

    def guard(self, sock: G) -> G:
        """Put this call's limits and trace on a socket."""
        sock.deadline, sock.idle, sock.trace, sock.rate = self.deadline, self.idle, self.trace, self.rate
        sock.number = next(_numbers)
        sock.settimeout(self.idle)
        return sock

    def addresses(self, host: str, port: int) -> list[Address]:
        """Where a host is, in the resolver's order.

        Raises:
            ResolveError: the name has no address (of the wanted family).
            DeadlineError: the resolver did not answer in time.
        """
        names = self.resolve.get((host.lower(), port)) or (host,)
        family = {None: socket.AF_UNSPEC, 4: socket.AF_INET, 6: socket.AF_INET6}[self.family]
        found = [each for name in names for each in self._look_up(name, port, family)]
        if not found:
            raise ResolveError(f"{host} has no address")
        return found

    def _look_up(self, host: str, port: int, family: int) -> list[Address]:
        def look_up(name: str | bytes) -> list[Address]:
            rows = socket.getaddrinfo(name, port, family, socket.SOCK_STREAM)
            return [Address(each[0], each[4]) for each in rows]

        try:
            if _is_numeric(host):
                return look_up(host.encode())  # for a str the codec of IDNA would be imported
            found: list[Address] = _in_thread(lambda: look_up(host), self.deadline)
        except (socket.gaierror, UnicodeError) as error:
            wanted = f" IPv{self.family}" if self.family else ""
            code = getattr(error, "errno", None)
            if code == socket.EAI_AGAIN:
                raise ResolveError(
                    f"the name {host} could not be looked up", hint="the name server did not answer; try again"
                ) from error
            raise ResolveError(
                f"{host} has no{wanted} address", retryable=False, hint="check the spelling of the host name"
            ) from error
        return found


UNIX_LIMIT = 107  # octets of a path in sockaddr_un, its end not counted (Linux; a few less elsewhere)


def check_path(path: str) -> str:
    """The path of a Unix socket, if the system can take it."""
    if not isinstance(path, (str, os.PathLike)):
        raise UsageError(f"the path of a Unix socket is a str, not {type(path).__name__}")
    if len(os.fsencode(path)) > UNIX_LIMIT:
        raise UsageError(
            f"the path of a Unix socket has at most {UNIX_LIMIT} octets, this one {len(os.fsencode(path))}",
            hint="use a shorter path, or a link to its folder",
            exit_code=3,
        )
    return path


def _unix_refused(path: str, code: int) -> ConnectError:
    hint = {
        errno.ECONNREFUSED: "nothing listens there any more",
        errno.ENOENT: "check the path, and that the server runs",
        errno.EPROTOTYPE: "the other kind of socket listens there: datagram=",
    }.get(code)
    return ConnectError(f"cannot connect to {path}: {os.strerror(code).lower()}", hint=hint)


def _is_numeric(host: str) -> bool:
    literal = host.partition("%")[0]
    for family in (socket.AF_INET, socket.AF_INET6):
        with contextlib.suppress(OSError, ValueError):  # ValueError: a NUL, or a lone surrogate
            return bool(socket.inet_pton(family, literal))
    return False


def _in_thread(function: Any, deadline: Deadline) -> Any:
    """What a function that cannot be interrupted gives; if the deadline comes first, its thread is left behind."""
    import threading  # an address in numbers needs none

    outcome: list[Any] = []
    done = threading.Event()

    def work() -> None:
        try:
            outcome.extend((function(), None))
        except BaseException as error:  # handed to the caller, in the caller's thread
            outcome.extend((None, error))
        done.set()

    threading.Thread(target=work, name="nettools-resolve", daemon=True).start()
    if not done.wait(deadline.remaining()):
        raise deadline.error()
    value, error = outcome
    if error is not None:
        raise error
    return value


@contextlib.contextmanager
def closing_on_error(*socks: socket.socket) -> Iterator[list[socket.socket]]:
    """Close these, and those that are put into the list, if what is done with them fails; a watcher's callback, too."""
    owned = list(socks)
    try:
        yield owned
    except BaseException:
        for sock in owned:
            sock.close()
        raise


def source_address(value: str | tuple[str, int] | None) -> tuple[str, int] | None:
    """The `source_address` option as `bind` takes it."""
    if value is None:
        return None
    host, port = (value, 0) if isinstance(value, str) else value
    if not _is_numeric(host):
        raise UsageError(f"source_address= is an IP address of this machine, not {host!r}")
    return host, int(port)
