"""How a conversation with a mail server begins: greeting, EHLO, STARTTLS, AUTH (RFC 5321, 3207, 4954).

Uses smtplib's class for its socket and reader (`client`), and speaks for itself: smtplib has no reply with all its
lines, no pipelining, and forgets what it announced. How messages travel is `delivery`'s business, how a password is
shown `sasl`'s.
"""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING, Any, cast

from nettools.errors import UsageError
from nettools.protocols.smtp.client import SMTPClient
from nettools.protocols.smtp.errors import reply_error
from nettools.results import Reply
from nettools.session import Session, operation
from nettools.wire.text import check

if TYPE_CHECKING:
    from nettools.options import Options
    from nettools.target import Target

__all__ = ["Conversation"]


class Conversation(Session):
    """What every operation on a mail server stands on."""

    client: SMTPClient

    def __init__(self, target: Target, options: Options) -> None:
        super().__init__(target, options)
        if target.path.strip("/"):
            raise UsageError(f"an SMTP URL has no path: {target.path!r}", exit_code=3)
        if options.ehlo is not None and not re.fullmatch(r"[!-~]+", options.ehlo):
            raise UsageError(f"ehlo= {options.ehlo!r} is no host name", hint="or an address literal: [192.0.2.1]")
        self.features: dict[str, str] = {}  # what EHLO announced, with its parameters
        self.greeting = ""  # what the server said first
        self.pipelining = True  # commands are written ahead where that was announced, until the server cannot follow
        self.chunking = True

    # -- opening

    def _establish(self) -> None:
        with self.connecting():
            sock = self._connect()
            with self._trace.span("greeting"):
                self.client = SMTPClient(dialer=lambda host, port: sock, local_hostname=self._ehlo_name(sock))
                self.client._host = self.target.host  # type: ignore[attr-defined]  # the name that starttls verifies
                code, text = self.client.connect(self.target.host, self.target.port)
                self.greeting = text.decode("utf-8", "replace")
                if code != 220:
                    raise reply_error(Reply(code, self.greeting), "greeting")
                self._ehlo()
            if self.upgrade_wanted("STARTTLS" in self.features):
                self._starttls()
        if self.auth is not None and (self.auth.has_secret or self.auth.mechanism or self.options.security.cert):
            with self._trace.span("login"):
                self._login()

    def _ehlo_name(self, sock: Any) -> str:
        if self.options.ehlo is not None:
            return self.options.ehlo
        name = os.uname().nodename
        if re.fullmatch(r"[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)+", name):
            return name
        address = sock.getsockname()
        host = address[0] if isinstance(address, tuple) else "127.0.0.1"
        return f"[IPv6:{host.partition('%')[0]}]" if ":" in host else f"[{host}]"

    def _ehlo(self) -> None:
        """EHLO, or HELO where the server does not know it; what it announced is remembered."""
        self.features = {}
        name = self.client.local_hostname
        reply = self._command(f"EHLO {name}")
        if reply.code == 250:
            for line in reply.lines[1:]:
                word, _, rest = line.decode("utf-8", "replace").partition(" ")
                word, equals, more = word.partition("=")  # AUTH=LOGIN PLAIN, of before RFC 2554
                key = word.upper()
                found = " ".join(filter(None, (self.features.get(key), more if equals else "", rest.strip())))
                self.features[key] = found
            return
        if reply.code == 421:
            raise reply_error(reply, "EHLO")
        reply = self._command(f"HELO {name}")
        if reply.code != 250:
            raise reply_error(reply, "HELO")

    def _starttls(self) -> None:
        with self._trace.span("tls"):
            reply = self._command("STARTTLS")
            if reply.code != 220:
                raise self.upgrade_refused(reply)
            client = self.client
            client.sock = self.dialer.context.wrap_socket(client.sock, server_hostname=self.target.host)
            client.file = None
            self.upgraded(client.sock)
            self._ehlo()  # RFC 3207 4.2: what was announced before is forgotten

    def _login(self) -> None:
        from nettools.protocols.smtp.login import Channel  # with SASL; servers among themselves have no use for it

        assert self.auth is not None
        offered = tuple(self.features.get("AUTH", "").upper().split())
        self.prove(Channel(self._command), self.auth, offered, native=False)

    def _goodbye(self) -> None:
        self.client.send_commands(["QUIT"])
        self.client.read_reply()

    def _command(self, line: str, *, encoding: str = "ascii") -> Reply:
        self.client.send_commands([check(line, "a command")], encoding=encoding)
        return self.client.read_reply()

    # -- what every session shows

    @property
    def capabilities(self) -> frozenset[str]:
        return frozenset(self.features)

    def capability(self, name: str) -> str | None:
        return self.features.get(name.upper())

    @operation("command")
    def command(self, line: str, *, multiline: bool | None = None) -> Reply:
        """Send one command and give its reply.

        Raises:
            ReplyError: the reply's code is 400 or above. UsageError: a command that leaves more to be done than a reply
                to be read.
        """
        verb = check(line, "a command").partition(" ")[0].upper()
        if verb in ("DATA", "BDAT", "STARTTLS"):
            raise UsageError(f"{verb} is no command of its own", hint="send() sends a message, tls= upgrades")
        reply = self._command(line, encoding="utf-8")
        if cast("int", reply.code) >= 400:
            raise reply_error(reply, line.split(" ", 1)[0])
        return Reply(reply.code, reply.text, reply.lines)  # one of the caller's own, for it gets the call's `meta`

    @operation("ping")
    def ping(self) -> None:
        """NOOP: the connection is alive, or made anew."""
        reply = self._command("NOOP")
        if reply.code != 250:
            raise reply_error(reply, "NOOP")
