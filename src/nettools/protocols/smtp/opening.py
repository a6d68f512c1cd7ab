"""A conversation with a mail server: greeting, EHLO, STARTTLS, AUTH, messages (RFC 5321, 3207, 4954).

How messages travel is `delivery`'s business, what goes into them `parse.compose`'s, how a password is shown `sasl`'s.
Uses smtplib's class for its socket and reader (`client`), and speaks for itself: smtplib has no reply with all its
lines, no pipelining, and forgets what it announced.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, cast

from nettools import sasl
from nettools.errors import NettoolsError, ReplyError, UsageError
from nettools.parse.compose import Prepared, compose, prepare
from nettools.protocols.smtp.client import SMTPClient
from nettools.protocols.smtp.delivery import Delivery
from nettools.protocols.smtp.envelope import Letter, parameters
from nettools.protocols.smtp.login import Channel
from nettools.protocols.smtp.replies import reply_error
from nettools.results import Reply, SendReport
from nettools.session import Session, operation
from nettools.wire.text import check
from nettools.wire.trace import CallbackRaised

__all__ = ["SMTPSession", "draft_message"]


class SMTPSession(Session):
    """`connect("smtp://...")`: `send`, `send_many`, `check`, `command`, `ping`."""

    client: SMTPClient

    def __init__(self, target: Any, options: Any) -> None:
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
                raise self.upgrade_refused(None, reply)
            client = self.client
            client.sock = self.dialer.context.wrap_socket(client.sock, server_hostname=self.target.host)
            client.file = None
            self.upgraded(client.sock)
            self._ehlo()  # RFC 3207 4.2: what was announced before is forgotten

    def _login(self) -> None:
        assert self.auth is not None
        offered = tuple(self.features.get("AUTH", "").upper().split())
        sasl.authenticate(
            Channel(self._command),
            self.auth,
            offered,
            private=self.private,
            tls=self.tls is not None,
            client_certificate=self.options.security.cert is not None,
            native=False,
            mask=self._trace.add_secret,
            target=self.target,
        )

    def _goodbye(self) -> None:
        self.client.send_commands(["QUIT"])
        self.client.read_reply()

    def _breaks(self, error: NettoolsError) -> bool:
        return super()._breaks(error) or (isinstance(error, ReplyError) and error.code == 421)

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
        return reply

    @operation("ping")
    def ping(self) -> None:
        """NOOP: the connection is alive, or made anew."""
        reply = self._command("NOOP")
        if reply.code != 250:
            raise reply_error(reply, "NOOP")

    @operation("check")
    def check(self) -> frozenset[str]:
        """Greeting, TLS, login, NOOP: what the server offers, and no mail sent."""
        self.ping()
        return self.capabilities

    # -- sending

    def send(self, **keywords: Any) -> SendReport:
        """Send one message; the keywords are those of `send_mail`."""
        return self._deliver(map(self._letter, [keywords]), batch=False)[0]

    def send_many(self, messages: Iterable[Any], **keywords: Any) -> tuple[SendReport, ...]:
        """Send many messages over this connection, in order; one that is refused does not stop the rest.

        Args:
            messages: EmailMessage, bytes, or a dict of `send_mail`'s keywords each; drawn a few ahead.
            keywords: `send_mail`'s, for all of them.

        Raises:
            What ends it (no refusal does); its `reports` are those of the messages before. With `outcome_unknown` the
            next message, and where CHUNKING is used up to seven behind it, may have been delivered.
        """
        return self._deliver(self._letters(messages, keywords), batch=True)

    def _letters(self, messages: Iterable[Any], keywords: Mapping[str, Any]) -> Iterator[Letter]:
        """The caller's messages, each made ready when it is drawn; one that comes again unchanged, once."""
        whole = isinstance(messages, (list, tuple))  # what stands in it is not changed between two draws
        last: Any = None
        for each in _caught(messages):
            if last is None or each is not last or not (whole or isinstance(each, bytes)):
                given = each if isinstance(each, Mapping) else {"message": each}
                letter = self._letter({**keywords, **given})
            last = each if not hasattr(each, "read") else None
            yield letter

    def _deliver(self, letters: Iterator[Letter], *, batch: bool) -> tuple[SendReport, ...]:
        """Messages on their way; the first is made before anything is connected."""
        delivery = Delivery(self, letters, batch=batch)
        if not self.prepare(delivery.ready):
            return ()

        def action() -> tuple[SendReport, ...]:
            with self._trace.span("send"):
                return delivery.run()

        try:
            return self.perform(action)
        except NettoolsError as error:
            error.reports = tuple(delivery.reports)
            raise

    def _letter(self, keywords: Mapping[str, Any]) -> Letter:
        """A message and how to deliver it, from `send_mail`'s keywords."""
        given = dict(keywords)
        partial = given.pop("partial", True)
        mail_options = parameters(given.pop("mail_options", ()), "mail_options")
        rcpt_options = parameters(given.pop("rcpt_options", ()), "rcpt_options")
        message = draft_message(self.auth.user if self.auth else None, **given)
        return Letter(message, partial, mail_options, rcpt_options)


def _caught(messages: Iterable[Any]) -> Iterator[Any]:
    """The caller's messages; an exception of the caller's own iterator goes back to the caller as it is."""
    try:
        source = iter(messages)
    except TypeError:
        raise UsageError(f"messages= is several of them, not {type(messages).__name__}") from None
    while True:
        try:
            each = next(source)
        except StopIteration:
            return
        except Exception as error:
            raise CallbackRaised(error) from error
        yield each


def draft_message(user: str | None = None, *, message: Any = None, **given: Any) -> Prepared:
    """A message ready to be sent: composed from `send_mail`'s keywords, or taken as it is.

    Raises:
        UsageError: an address or header makes no sense, there is no recipient or sender, or both kinds are mixed.
    """
    envelope = {name: given.pop(name, None) for name in ("sender", "to", "cc", "bcc")}
    content = {name: value for name, value in given.items() if value not in (None, "", (), [], {})}
    unknown = {str(name) for name in given} - {
        "subject",
        "text",
        "html",
        "attachments",
        "headers",
        "date",
        "message_id",
    }
    if unknown:
        raise UsageError(f"send_mail takes no {', '.join(sorted(unknown))}")
    if message is not None and content:
        raise UsageError(f"message= is whole: {', '.join(content)} do not go with it")
    if message is not None:
        return prepare(message, default_sender=user, **envelope)
    return prepare(compose(default_sender=user, **envelope, **given), default_sender=user, **envelope)
