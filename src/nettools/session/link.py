"""A link to one server: how it is reached, and what may go over it.

Address and options become a dialer here; whether TLS begins at once, by an upgrade or never is decided here, and so is
whether a secret may travel. A link neither reads nor writes: the stages of a conversation over it are `conversation`'s,
what is said is the protocol's. The clear-text rule itself is `credentials.require_private`.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, ClassVar

from nettools import credentials
from nettools.credentials import Auth
from nettools.errors import DisconnectedError, ProtocolError, TLSError, UsageError
from nettools.options import Options
from nettools.results import TLSInfo
from nettools.session.protocol import Protocol
from nettools.target import Target, tls_scheme
from nettools.wire.deadline import Deadline
from nettools.wire.dial import Dialer, source_address
from nettools.wire.guard import Guard, WireSocket
from nettools.wire.proxy import route_for
from nettools.wire.tls import describe
from nettools.wire.trace import Trace

if TYPE_CHECKING:
    from collections.abc import Collection

    from nettools.sasl import Channel
    from nettools.wire.context import WireContext

__all__ = ["Link"]


class Link:
    """What a session is connected by, and the rules of what may go over it. `_socks` are its sockets, latest last."""

    PROTOCOL: ClassVar[Protocol[Any]]

    def __init__(self, target: Target, options: Options) -> None:
        self.target = target
        self.options = options
        self._deadline = Deadline(options.times.total)
        self._trace = Trace(self._deadline, options.on_event)
        self._socks: list[Guard] = []
        self._closed = False
        self._check_tls_mode()
        scheme = "http" if target.protocol == "http" and target.scheme.tls == "none" else target.scheme.name
        self.dialer = Dialer(
            deadline=self._deadline,
            trace=self._trace,
            make_context=self._context,
            idle=options.times.idle,
            rate=options.limit_rate,
            family=options.family,
            source=source_address(options.source_address),
            resolve=options.resolve,
            route=route_for(options.proxy, scheme),
        )
        if options.security.has_files:
            self._context()  # that a file cannot be read is told before anything is connected
        self.auth = self._find_credentials()
        self._check_route()

    # -- reaching the server

    def _alpn(self) -> tuple[str, ...] | None:
        """The protocols that TLS is told of, where there is a choice."""
        return None

    def _context(self) -> WireContext:
        from nettools.wire.context import context_for  # with the trust store's package, which clear text has no use for

        return context_for(self.options.security, self._alpn())

    def _connect(self) -> WireSocket:
        """A socket to the target, after TLS where TLS is implicit."""
        sock = self.dialer.open(self.target.host, self.target.port, tls=self.implicit_tls)
        self._socks = [sock]
        self._check_closed()
        return sock

    def _check_closed(self) -> None:
        """Raise DisconnectedError where another thread has closed the session before it could see `_socks`."""
        if self._closed:
            raise DisconnectedError("the session was closed meanwhile")

    @contextlib.contextmanager
    def connecting(self) -> Iterator[None]:
        """The part of `_establish` that `Timeout(connect=)` bounds: look-up, TCP, proxy, TLS, greeting."""
        with self._deadline.within(self.options.times.connect, "connect"):
            yield

    # -- what is known of the connection

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

    # -- TLS

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

    def upgrade_refused(self, reply: object) -> TLSError:
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
        self._check_closed()

    # -- secrets

    def _find_credentials(self) -> Auth | None:
        """Who to log in as, if anybody; the trace masks the password from now on."""
        netrc = self.options.netrc
        auth = credentials.find(self.target, self.options.credentials, netrc)
        for secret in (self.target.password, auth.static_password if auth else None):
            if secret is not None:
                self._trace.add_secret(secret.reveal())
        return auth

    def _check_route(self) -> None:
        """A proxy's password that was given as a secret is not shown to the proxy in clear either."""
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

    def prove(self, channel: Channel, auth: Auth, offered: Collection[str], *, native: bool) -> None:
        """Log in by SASL: the best of the `offered` mechanisms, or the protocol's own command if `native`.

        Raises:
            as `sasl.authenticate`.
        """
        from nettools.sasl import authenticate  # the protocols that log in otherwise have no use for it

        authenticate(
            channel,
            auth,
            offered,
            native=native,
            target=self.target,
            private=self.private,
            tls=self.tls is not None,
            client_certificate=self.options.security.cert is not None,
            mask=self._trace.add_secret,
        )

    @property
    def private(self) -> bool:
        """Whether a secret may go over this connection as it is now."""
        return self.tls is not None or self.target.is_loopback or self.options.security.mode == "off"
