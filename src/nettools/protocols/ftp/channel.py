"""The data channel: a connection for each transfer, passive or active, protected as the control connection is.

RFC 959, 2428 (EPSV, EPRT), 2577 (whose address is believed), 4217 (TLS). A transfer that only reads is asked for while
its data connection is still being made, which saves a round trip; one that writes waits for it, because the server may
empty the file before it sees that nobody comes.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Any, cast

from nettools.errors import (
    ConnectError,
    DisconnectedError,
    IncompleteError,
    NettoolsError,
    ReplyError,
    UnsupportedError,
)
from nettools.parse.ftp_reply import parse_epsv, parse_pasv
from nettools.protocols.ftp.control import Control, Line
from nettools.protocols.ftp.errors import reply_error
from nettools.results import Reply
from nettools.session import GOODBYE
from nettools.wire.tls import TLS_ERRORS

__all__ = ["Channel", "Data"]

DONE = (225, 226, 250)
BROKEN_OFF = (425, 426, 451)
CUTS: tuple[type[Exception], ...] = (ConnectionError, *TLS_ERRORS)


class Data:
    """An open data connection: `sock` to read or write, `finish` for the reply that ends the transfer."""

    def __init__(self, channel: Channel, sock: Any, what: str, *, writes: bool) -> None:
        self.channel, self.sock, self.what, self.writes = channel, sock, what, writes
        self.ragged = False

    def close(self) -> None:
        """End it from this side; with TLS by a close_notify, so that the server can tell it from a cut."""
        sock, self.sock = self.sock, None
        if sock is None:
            return
        self.ragged = sock.ragged
        sock.close_properly(GOODBYE)

    def finish(self, *, told: bool = False) -> Reply:
        """The server's last word: 226 or 250.

        Args:
            told: how much was to be read is known; else only a proper end of TLS tells that nothing was cut off.

        Raises:
            IncompleteError: it says that not everything went over, or, of what was to be read, says nothing.
        """
        self.close()
        try:
            reply = self.channel.client.read_reply()
        except DisconnectedError as error:
            if self.writes:
                raise
            raise IncompleteError(
                f"{self.what}: the connection ended before the server said that all is there"
            ) from error
        if reply.code not in DONE:
            raise self._failed(reply)
        if self.ragged and not (told or self.writes):
            raise IncompleteError(f"{self.what}: the server cut the data connection without closing TLS")
        return reply

    def _failed(self, reply: Reply) -> NettoolsError:
        if reply.code in BROKEN_OFF:
            return IncompleteError(f"{self.what}: the server broke off: {reply}", reply=reply)
        return reply_error(reply, self.what)

    def broken(self, error: Exception) -> NettoolsError:
        """The error for a data connection that was cut; on the other one the server may say why (a full disk)."""
        self.drop()
        with contextlib.suppress(NettoolsError):
            if self.channel.client.sock.ready(GOODBYE):
                reply = self.channel.client.read_reply()
                if cast("int", reply.code) >= 400:
                    return self._failed(reply)
        return DisconnectedError(f"{self.what}: the data connection broke: {error}")

    def drop(self) -> None:
        """Close without a word."""
        sock, self.sock = self.sock, None
        if sock is not None:
            sock.close()

    def stop(self) -> None:
        """The rest is not wanted: close, and read whatever the server says of it."""
        self.drop()
        reply = self.channel.client.read_reply()
        if reply.code not in DONE + BROKEN_OFF:
            raise reply_error(reply, self.what)


class Channel(Control):
    """The connections of `FTPSession`."""

    def _fresh(self) -> None:
        super()._fresh()
        self._epsv = True
        self._loose = False  # a transfer ended without the server's last word
        self._offer: Reply | None = None  # the answer to an EPSV that was sent ahead
        self._data: Data | None = None  # the transfer that is under way

    def _ask_for_data(self, *lines: Line) -> list[Reply]:
        """As `_ask_all`, with a data connection to come: the port for it is asked for in the same turn."""
        if not self._epsv or self.options.active is not False:
            return self._ask_all(*lines)
        *replies, offer = self._ask_all(*lines, "EPSV")
        self._offer, self._epsv = offer, offer.code == 229
        return replies

    def _ask_all(self, *lines: Line) -> list[Reply]:
        self._offer = None  # a port that was offered is for the very next command
        return super()._ask_all(*lines)

    def _breaks(self, error: NettoolsError) -> bool:
        return self._loose or super()._breaks(error)

    @contextlib.contextmanager
    def _transfer(self, line: Line, rest: int = 0, *, writes: bool = False) -> Iterator[Data]:
        """A data connection for this command; left by an error, it is closed at once."""
        what = self._shown(line)
        if self.options.active is not False:
            sock = self._open_active(line, rest)
        else:
            sock = self._open_passive(line, rest, writes)
        data = self._data = Data(self, sock, what, writes=writes)
        self._loose = True
        try:
            yield data
            self._loose = False
        except CUTS as error:
            if data.sock is None:  # it is the control connection's
                raise
            raise data.broken(error) from error
        finally:
            self._data = None
            data.drop()

    def _interrupt(self) -> None:
        super()._interrupt()
        data = self._data
        sock = data.sock if data is not None else None
        if sock is not None:
            sock.interrupt()

    # -- passive

    def _open_passive(self, line: Line, rest: int, writes: bool) -> Any:
        host, port = self._ask_for_port()
        if rest:
            self._ask_rest(rest)
        if writes:
            sock = self._dial_data(host, port)
            return self._begun(sock, line, sent=False)
        self.client.send(line)
        try:
            sock = self._dial_data(host, port)
        except ConnectError:
            self._raise_refusal(line)  # which may be why nobody listens
            raise
        return self._begun(sock, line, sent=True)

    def _ask_for_port(self) -> tuple[str | None, int]:
        """EPSV first, which says no address; PASV's address is not believed unless the call says so."""
        if self._epsv:
            reply = self._offer or self._try("EPSV")
            self._offer = None
            if reply.code == 229:
                return None, parse_epsv(reply.text)
            self._epsv = False
        host, port = parse_pasv(self._ask("PASV").text)
        return host if self.options.data_host == "reply" else None, port

    def _ask_rest(self, offset: int) -> None:
        reply = self._try(f"REST {offset}")
        if reply.code != 350:
            raise UnsupportedError(f"the server cannot continue a transfer: {reply}")

    def _begun(self, sock: Any, line: Line, *, sent: bool) -> Any:
        """The data connection when the server has agreed to use it."""
        try:
            if not sent:
                self.client.send(line)
            reply = self.client.read_reply()
            if cast("int", reply.code) >= 200:
                raise reply_error(reply, self._shown(line))
            return self._protect(sock)
        except BaseException:
            sock.close()
            raise

    def _raise_refusal(self, line: Line) -> None:
        """What the server has to say to a command for which there is no data connection, if it says so soon."""
        if self.client.sock.ready(GOODBYE):
            reply = self.client.read_reply()
            if cast("int", reply.code) >= 400 and reply.code not in BROKEN_OFF:
                raise reply_error(reply, self._shown(line))

    def _protect(self, sock: Any) -> Any:
        if not self._protected:
            return sock
        return self.dialer.secure(sock, self.target.host, session=self.client.sock.session)

    def _dial_data(self, host: str | None, port: int) -> Any:
        if host is None:
            host = self.client.sock.getpeername()[0] if self._direct else self.target.host
        try:
            with self.connecting():
                return self.dialer.plain(host, port)
        except ConnectError as error:
            error.hint = "the data connection failed: a firewall may be in between; try active=True, or proxy="
            raise

    @property
    def _direct(self) -> bool:
        """Whether there is no proxy in between."""
        route = self.dialer.route
        return route is None or route.bypasses(self.target.host, self.target.port)

    # -- active

    def _open_active(self, line: Line, rest: int) -> Any:
        """PORT or EPRT: the server connects to us, and only the server."""
        if not self._direct:
            raise UnsupportedError(
                "active mode does not work through a proxy", side="nettools", hint="use passive mode"
            )
        control = self.client.sock
        local = control.getsockname()[0]
        listener: Any = self.dialer.listen(local, control.family)
        try:
            shown = self.options.active if isinstance(self.options.active, str) else local
            self._offer_port(shown.partition("%")[0], listener.getsockname()[1])
            if rest:
                self._ask_rest(rest)
            reply = self.client.ask(line)
            if cast("int", reply.code) >= 200:
                raise reply_error(reply, self._shown(line))
            sock, peer = self.dialer.accept(listener)
        finally:
            listener.close()
        if peer != control.getpeername()[0]:
            sock.close()
            raise ConnectError(f"somebody else ({peer}) connected to the data port; refused")
        return self._protect(sock)

    def _offer_port(self, host: str, port: int) -> None:
        old = f"PORT {host.replace('.', ',')},{port >> 8},{port & 255}"
        if ":" not in host and "EPRT" not in self._features:
            self._ask(old)
            return
        try:
            self._ask(f"EPRT |{2 if ':' in host else 1}|{host}|{port}|")
        except ReplyError:
            if ":" in host:
                raise
            self._ask(old)
