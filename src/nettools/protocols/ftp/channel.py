"""The control conversation and the data channel: greeting, TLS, login, features, and a connection for each transfer.

RFC 959, 2228 and 4217 (TLS), 2389 (FEAT), 2428 (EPSV, EPRT), 2640 (UTF-8), 3659. What files are is for `session`.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Any, cast

from nettools.errors import (
    AuthError,
    ConnectError,
    DisconnectedError,
    IncompleteError,
    NettoolsError,
    ReplyError,
    TLSError,
    UnsupportedError,
)
from nettools.parse.ftp_reply import parse_epsv, parse_feat, parse_pasv
from nettools.protocols.ftp.client import FTPTLSClient
from nettools.protocols.ftp.errors import refusal
from nettools.results import Reply
from nettools.session import Session, operation
from nettools.wire.text import check

__all__ = ["Channel", "Data"]

CLOSING = 2.0  # seconds for the other side to answer a TLS close


class Data:
    """An open data connection: `sock` to read or write, `finish` for the reply that ends the transfer."""

    def __init__(self, channel: Channel, sock: Any, what: str) -> None:
        self.channel, self.sock, self.what = channel, sock, what
        self.ragged = False

    def close(self) -> None:
        """End it from this side; with TLS by a close_notify, so that the server can tell it from a cut."""
        sock, self.sock = self.sock, None
        if sock is None:
            return
        self.ragged = sock.ragged
        unwrap = getattr(sock, "unwrap", None)
        if unwrap is not None and not sock.ragged:
            with contextlib.suppress(Exception), self.channel._deadline.within(CLOSING):
                unwrap()
        sock.close()

    def finish(self) -> Reply:
        """The server's last word: 226 or 250.

        Raises:
            IncompleteError: it says that not everything went over, or says nothing.
        """
        self.close()
        try:
            reply = self.channel.client.read_reply()
        except DisconnectedError as error:
            raise IncompleteError(
                f"{self.what}: the connection ended before the server said that all is there"
            ) from error
        code = cast("int", reply.code)
        if code not in (225, 226, 250):
            refused = refusal(reply, self.what)
            if code in (426, 425, 451):
                raise IncompleteError(f"{self.what}: the server broke off: {reply}", reply=reply) from refused
            raise refused
        return reply


class Channel(Session):
    """The connections of `FTPSession`."""

    client: FTPTLSClient

    def __init__(self, target: Any, options: Any) -> None:
        super().__init__(target, options)
        self._features: dict[str, str] = {}
        self._epsv = True
        self._type = ""
        self._protected = False

    # -- opening

    def _establish(self) -> None:
        self._features, self._epsv, self._type, self._protected = {}, True, "", False
        with self.connecting():
            sock = self._connect()
            with self._trace.span("greeting"):
                self.client = FTPTLSClient(
                    dialer=self.dialer, context=self.dialer.context, encoding=self.options.encoding or "utf-8"
                )
                # ftplib's own getresp raises for 4xx and 5xx; what the greeting says is wanted here
                client = self.client
                client.host, client.port, client.sock, client.af = self.target.host, self.target.port, sock, sock.family
                client.file = sock.makefile("rb")
                greeting = client.read_reply()
                while greeting.code == 120:
                    greeting = client.read_reply()
                if greeting.code != 220:
                    raise refusal(greeting, "greeting")
                client.welcome = str(greeting)
            self._secure()
        with self._trace.span("login"):
            self._login()
            self._after_login()

    def _secure(self) -> None:
        """AUTH TLS where it is wanted (RFC 4217 4)."""
        if self.implicit_tls or self.options.security.mode == "off":
            return
        if not self.upgrade_required:
            self._feat()
            if not self.upgrade_wanted("TLS" in self._features.get("AUTH", "").upper().replace(";", " ").split()):
                return
        with self._trace.span("tls"):
            reply = self.client.ask("AUTH TLS")
            if reply.code != 234:
                raise self.upgrade_refused(None, reply)
            self.client.secured(self.dialer.context.wrap_socket(self.client.sock, server_hostname=self.target.host))
            self.upgraded(self.client.sock)
            self._features = {}  # what was announced in clear is forgotten

    def _feat(self) -> None:
        reply = self.client.ask("FEAT")
        if reply.code == 211:
            text = b"\r\n".join(reply.lines[1:-1]).decode("utf-8", "replace")
            self._features = parse_feat(text)

    def _login(self) -> None:
        auth = self.auth
        user = (auth.user if auth else None) or "anonymous"
        secret = auth.get_password() if auth else None
        if secret is None:
            if user not in ("anonymous", "ftp"):
                raise AuthError(f"there is no password for {user}", hint="give auth=(user, password), or -u USER:PASS")
            word = "anonymous@"
        else:
            word = secret.reveal()
            if user not in ("anonymous", "ftp"):
                self.require_private()
                self._trace.add_secret(word)
        reply = self.client.ask("USER " + check(user, "the user name"))
        if reply.code == 331:
            reply = self.client.ask("PASS " + check(word, "the password"))
        if reply.code == 332:
            account = self.options.account
            if account is None:
                raise AuthError("the server wants an account", hint="give account=, or --account", reply=reply)
            text = account if isinstance(account, str) else account.reveal()
            reply = self.client.ask("ACCT " + check(text, "account="))
        if reply.code not in (230, 202, 232):
            error = refusal(reply, "login")
            if cast("int", reply.code) == 421:
                raise error
            raise AuthError(error.message, code=error.code, text=error.text, temporary=error.temporary, reply=reply)

    def _after_login(self) -> None:
        """Protect the data channel, and learn what the server can do."""
        if self.tls is not None:
            self.client.ask("PBSZ 0")
            reply = self.client.ask("PROT P")
            if cast("int", reply.code) >= 300:
                raise TLSError("the server refuses to protect the data channel", reply=str(reply), exit_code=64)
            self._protected = True
            self.client._prot_p = True  # type: ignore[attr-defined]
        if not self._features:
            self._feat()
        if "UTF8" in self._features and self.options.encoding is None:
            self.client.ask("OPTS UTF8 ON")

    def _goodbye(self) -> None:
        self.client.ask("QUIT")

    def _breaks(self, error: NettoolsError) -> bool:
        return super()._breaks(error) or (isinstance(error, ReplyError) and error.code == 421)

    # -- commands

    @property
    def capabilities(self) -> frozenset[str]:
        return frozenset(self._features)

    def capability(self, name: str) -> str | None:
        return self._features.get(name.upper())

    def _ask(self, line: str | bytes, what: str | None = None) -> Reply:
        """A command that must succeed."""
        reply = self.client.ask(line)
        if cast("int", reply.code) >= 400:
            raise refusal(reply, what or self._shown(line))
        return reply

    def _shown(self, line: str | bytes) -> str:
        text = line if isinstance(line, str) else line.decode("utf-8", "replace")
        return text.encode("utf-8", "replace").decode("utf-8")

    @operation("command")
    def command(self, line: str, *, multiline: bool | None = None) -> Reply:
        """Send one command and give its reply; not for those that open a data connection.

        Raises:
            ReplyError: the reply's code is 400 or above.
        """
        del multiline
        verb = line.split(" ", 1)[0].upper()
        if verb in (
            "RETR",
            "STOR",
            "APPE",
            "STOU",
            "LIST",
            "NLST",
            "MLSD",
            "PORT",
            "EPRT",
            "PASV",
            "EPSV",
            "AUTH",
            "PROT",
        ):
            raise UnsupportedError(f"{verb} needs a data connection: use the session's methods", side="nettools")
        if verb == "TYPE":
            self._type = ""
        return self._ask(line)

    @operation("ping")
    def ping(self) -> None:
        """NOOP: the connection is alive, or made anew."""
        self._ask("NOOP")

    def _set_type(self, letter: str = "I") -> None:
        if self._type != letter:
            self._ask(f"TYPE {letter}")
            self._type = letter

    # -- the data channel

    @contextlib.contextmanager
    def _transfer(self, line: str | bytes, rest: int = 0) -> Iterator[Data]:
        """A data connection for this command; left by an error, it is closed, and the reply is read if it can be."""
        sock = self._open_data(line, rest)
        data = Data(self, sock, self._shown(line))
        try:
            yield data
        finally:
            if data.sock is not None:
                data.sock.close()

    def _open_data(self, line: str | bytes, rest: int) -> Any:
        if self.options.active is not False:
            return self._open_active(line, rest)
        sock: Any = self._open_passive()
        try:
            self._begin_transfer(line, rest)
            return self._protect(sock)
        except BaseException:
            sock.close()
            raise

    def _begin_transfer(self, line: str | bytes, rest: int) -> None:
        if rest:
            reply = self.client.ask(f"REST {rest}")
            if reply.code != 350:
                raise UnsupportedError(f"the server cannot continue a transfer: {reply}")
        reply = self.client.ask(line)
        if cast("int", reply.code) >= 200:
            raise refusal(reply, self._shown(line))

    def _protect(self, sock: Any) -> Any:
        if not self._protected:
            return sock
        return self.dialer.secure(sock, self.target.host, session=self.client.sock.session)

    def _open_passive(self) -> Any:
        """EPSV first, which says no address; PASV's address is not believed unless the call says so."""
        if self._epsv:
            reply = self.client.ask("EPSV")
            if reply.code == 229:
                return self._dial_data(None, parse_epsv(reply.text))
            self._epsv = False
        reply = self._ask("PASV")
        host, port = parse_pasv(reply.text)
        return self._dial_data(host if self.options.data_host == "reply" else None, port)

    def _dial_data(self, host: str | None, port: int) -> Any:
        if host is None:
            route = self.dialer.route
            direct = route is None or route.bypasses(self.target.host, self.target.port)
            host = self.client.sock.getpeername()[0] if direct else self.target.host
        try:
            return self.dialer.plain(host, port)
        except ConnectError as error:
            error.hint = "the data connection failed: a firewall may be in between; try active=True, or proxy="
            raise

    def _open_active(self, line: str | bytes, rest: int) -> Any:
        """PORT or EPRT: the server connects to us, and only the server."""
        if self.dialer.route is not None and not self.dialer.route.bypasses(self.target.host, self.target.port):
            raise UnsupportedError(
                "active mode does not work through a proxy", side="nettools", hint="use passive mode"
            )
        control = self.client.sock
        local = control.getsockname()[0]
        listener: Any = self.dialer.listen(local, control.family)
        try:
            shown = self.options.active if isinstance(self.options.active, str) else local
            port = listener.getsockname()[1]
            if ":" in shown or (self._epsv and "EPRT" in self._features):
                self._ask(f"EPRT |{2 if ':' in shown else 1}|{shown}|{port}|")
            else:
                self._ask(f"PORT {shown.replace('.', ',')},{port >> 8},{port & 255}")
            self._begin_transfer(line, rest)
            sock, peer = self.dialer.accept(listener)
        finally:
            listener.close()
        if peer != control.getpeername()[0]:
            sock.close()
            raise ConnectError(f"somebody else ({peer}) connected to the data port; refused")
        return self._protect(sock)
