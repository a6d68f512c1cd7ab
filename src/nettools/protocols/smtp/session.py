"""A conversation with a mail server: greeting, EHLO, STARTTLS, AUTH, messages (RFC 5321, 3207, 4954).

One message is MAIL, RCPT for each recipient and DATA, written at once where the server takes PIPELINING (RFC 2920),
then the body, dot-stuffed and streamed. Until the final dot everything may be repeated; from then on nothing is.
"""

from __future__ import annotations

import base64
import platform
import smtplib
from collections.abc import Iterable, Mapping
from typing import Any, cast

from nettools import sasl
from nettools.errors import (
    AuthError,
    DeniedError,
    DisconnectedError,
    NettoolsError,
    ProtocolError,
    RecipientsError,
    ReplyError,
    TooLargeError,
    UnsupportedError,
    UsageError,
)
from nettools.parse.compose import Prepared, compose, prepare
from nettools.protocols.smtp.client import SMTPClient
from nettools.results import Reply, SendReport
from nettools.session import Session, operation
from nettools.wire.text import check, dot_stuff

__all__ = ["SMTPSession", "classify", "draft_message"]

BLOCK = 256 * 1024  # octets of a body that are written at once


def reply_error(reply: Reply, what: str, kind: type[ReplyError] | None = None, **more: Any) -> ReplyError:
    """The error for a reply that says no."""
    code = cast("int", reply.code)
    if kind is None:
        kind = AuthError if code in (530, 534, 535, 538) else ReplyError
    error = kind(
        f"{what}: the server answered {reply}",
        code=code,
        text=reply.text,
        temporary=400 <= code < 500,
        reply=reply,
        **more,
    )
    if code == 530 and "TLS" in reply.text.upper():
        error.hint = "the server wants TLS first: tls='starttls', --tls starttls"
    elif code == 530:
        error.hint = "the server wants a login: auth=, -u"
    return error


def classify(error: Exception) -> NettoolsError | None:
    """smtplib's exceptions in nettools' terms."""
    if isinstance(error, smtplib.SMTPResponseException):
        text = error.smtp_error
        text = text.decode("utf-8", "replace") if isinstance(text, bytes) else str(text)
        return reply_error(Reply(error.smtp_code, text), "refused")
    if isinstance(error, smtplib.SMTPServerDisconnected):
        return DisconnectedError("the server closed the connection")
    if isinstance(error, smtplib.SMTPNotSupportedError):
        return UnsupportedError(str(error))
    if isinstance(error, smtplib.SMTPException):
        return ProtocolError(f"the server broke the protocol: {error}")
    return None


class SMTPSession(Session):
    """`connect("smtp://...")`: `send`, `send_many`, `check`, `command`, `ping`."""

    client: SMTPClient

    def __init__(self, target: Any, options: Any) -> None:
        super().__init__(target, options)
        if target.path.strip("/"):
            raise UsageError(f"an SMTP URL has no path: {target.path!r}", exit_code=3)
        self._features: dict[str, str] = {}

    # -- opening

    def _establish(self) -> None:
        with self.connecting():
            sock = self._connect()
            with self._trace.span("greeting"):
                self.client = SMTPClient(dialer=lambda host, port: sock, local_hostname=self._ehlo_name(sock))
                self.client._host = self.target.host  # type: ignore[attr-defined]  # the name that starttls verifies
                code, text = self.client.connect(self.target.host, self.target.port)
                if code != 220:
                    raise reply_error(Reply(code, text.decode("utf-8", "replace")), "greeting")
                self._ehlo()
            if self.upgrade_wanted("STARTTLS" in self._features):
                self._starttls()
        if self.auth is not None and (self.auth.has_secret or self.auth.mechanism or self.options.security.cert):
            with self._trace.span("login"):
                self._login()

    def _ehlo_name(self, sock: Any) -> str:
        if self.options.ehlo is not None:
            return check(self.options.ehlo, "ehlo=")
        name = platform.node()
        if "." in name.strip(".") and name.isascii() and " " not in name:
            return name
        address = sock.getsockname()
        host = address[0] if isinstance(address, tuple) else "127.0.0.1"
        return f"[IPv6:{host.partition('%')[0]}]" if ":" in host else f"[{host}]"

    def _ehlo(self) -> None:
        """EHLO, or HELO where the server does not know it; what it announced is remembered."""
        self._features = {}
        name = self.client.local_hostname
        reply = self._command(f"EHLO {name}")
        if reply.code == 250:
            for line in reply.lines[1:]:
                word, _, rest = line.decode("utf-8", "replace").partition(" ")
                word, equals, more = word.partition("=")  # AUTH=LOGIN PLAIN, of before RFC 2554
                key = word.upper()
                found = " ".join(filter(None, (self._features.get(key), more if equals else "", rest.strip())))
                self._features[key] = found
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
        offered = tuple(self._features.get("AUTH", "").upper().split())
        sasl.authenticate(
            _Channel(self),
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
        return frozenset(self._features)

    def capability(self, name: str) -> str | None:
        return self._features.get(name.upper())

    @operation("command")
    def command(self, line: str, *, multiline: bool | None = None) -> Reply:
        """Send one command and give its reply.

        Raises:
            ReplyError: the reply's code is 400 or above.
        """
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

    @operation("send")
    def send(self, **keywords: Any) -> SendReport:
        """Send one message; the keywords are those of `send_mail`."""
        partial = keywords.pop("partial", True)
        options = keywords.pop("mail_options", ()), keywords.pop("rcpt_options", ())
        message = draft_message(self.auth.user if self.auth else None, **keywords)
        return self._send(message, partial, *map(tuple, options))

    def send_many(self, messages: Iterable[Any], **keywords: Any) -> tuple[SendReport, ...]:
        """Send many messages over this connection, in order; one that is refused does not stop the rest.

        Args:
            messages: EmailMessage, bytes, or a dict of `send_mail`'s keywords each.
        """
        reports = []
        for message in messages:
            given = {**keywords, **message} if isinstance(message, Mapping) else {**keywords, "message": message}
            try:
                reports.append(self.send(**given))
            except RecipientsError as error:
                reports.append(SendReport((), dict(error.refused), None, _reply_of(error)))
            except ReplyError as error:
                draft = draft_message(self.auth.user if self.auth else None, **_envelope(given))
                reports.append(
                    SendReport((), dict.fromkeys(draft.recipients, error), draft.message_id, _reply_of(error))
                )
        return tuple(reports)

    def _send(
        self, message: Prepared, partial: bool, mail_options: tuple[str, ...], rcpt_options: tuple[str, ...]
    ) -> SendReport:
        mail, rcpts, encoding = self._envelope(message, mail_options, rcpt_options)
        accepted, refused, data = self._offer(mail, rcpts, message.recipients, encoding, partial)
        if data is None:
            data = self._command("DATA")
        if data.code != 354:
            if not accepted:
                raise self._nobody(refused)
            raise reply_error(data, "DATA", exit_code=55)
        reply = self._body(message)
        if reply.code != 250:
            raise reply_error(reply, "the message was refused", exit_code=55)
        return SendReport(tuple(accepted), refused, message.message_id, reply)

    def _envelope(
        self, message: Prepared, mail_options: tuple[str, ...], rcpt_options: tuple[str, ...]
    ) -> tuple[str, list[str], str]:
        """MAIL and RCPT as command lines, with the parameters that the message needs and the server announced."""
        features = self._features
        parameters = [check(each, "mail_options=") for each in mail_options]
        for each in (*mail_options, *rcpt_options):
            self._announced(each)
        utf8 = message.needs_smtputf8
        if utf8 and "SMTPUTF8" not in features:
            raise UnsupportedError(
                "an address has characters beyond ASCII, and the server does not take SMTPUTF8",
                hint="a domain is sent as IDNA; a local part cannot be",
            )
        if utf8:
            parameters.append("SMTPUTF8")
        if message.needs_8bit and ("8BITMIME" in features):
            parameters.append("BODY=8BITMIME")
        if "SIZE" in features and message.size is not None:
            limit = features["SIZE"].strip()
            if limit.isdigit() and 0 < int(limit) < message.size:
                raise TooLargeError(f"the message has {message.size} octets; the server takes {limit}", exit_code=63)
            parameters.append(f"SIZE={message.size}")
        mail = " ".join([f"MAIL FROM:<{message.sender}>", *parameters])
        more = "".join(f" {check(each, 'rcpt_options=')}" for each in rcpt_options)
        return mail, [f"RCPT TO:<{each}>{more}" for each in message.recipients], "utf-8" if utf8 else "ascii"

    def _announced(self, parameter: str) -> None:
        name = parameter.partition("=")[0].upper()
        needed = {"BODY": "8BITMIME", "RET": "DSN", "ENVID": "DSN", "NOTIFY": "DSN", "ORCPT": "DSN", "BY": "DELIVERBY"}
        if needed.get(name, name) not in self._features:
            raise UnsupportedError(f"the server does not announce {needed.get(name, name)}, which {name} needs")

    def _offer(
        self, mail: str, rcpts: list[str], recipients: tuple[str, ...], encoding: str, partial: bool
    ) -> tuple[list[str], dict[str, ReplyError], Reply | None]:
        """MAIL, RCPT*, and DATA where it may be written ahead: who was accepted, who refused, and DATA's reply."""
        ahead = "PIPELINING" in self._features
        # all or nobody: DATA waits for every answer, since a DATA that was accepted cannot be taken back (RFC 2920 3.1)
        with_data = ahead and (partial or len(rcpts) == 1)
        client = self.client
        if ahead:
            client.send_commands([mail, *rcpts, *(["DATA"] if with_data else [])], encoding=encoding)
        else:
            client.send_commands([mail], encoding=encoding)
        first = client.read_reply()
        refusal = None if first.code == 250 else reply_error(first, "the sender was refused", _refusal(first))
        if refusal is not None and not ahead:
            self._reset()
            raise refusal
        accepted: list[str] = []
        refused: dict[str, ReplyError] = {}
        for address, line in zip(recipients, rcpts, strict=True):
            if not ahead:
                client.send_commands([line], encoding=encoding)
            reply = client.read_reply()
            if reply.code in (250, 251, 252):
                accepted.append(address)
            else:
                refused[address] = reply_error(reply, f"{address} was refused", _refusal(reply))
                if reply.code == 421:
                    raise refused[address]
                if not partial and not ahead:
                    break
        data = client.read_reply() if with_data else None
        if refusal is not None or not accepted or (refused and not partial):
            if data is not None and data.code == 354:
                client.send(b".\r\n")  # RFC 2920 3.1: DATA was taken although nobody was: an empty message
                client.read_reply()
            elif data is None or data.code != 421:
                self._reset()
            raise refusal if refusal is not None else self._nobody(refused)
        return accepted, refused, data

    def _nobody(self, refused: dict[str, ReplyError]) -> ReplyError:
        if not refused:
            return ReplyError("no recipient was accepted")
        first = next(iter(refused.values()))
        who = "the recipient was" if len(refused) == 1 else f"{len(refused)} recipients were"
        return RecipientsError(
            f"{who} refused, nothing was sent: {first.message}",
            refused=refused,
            code=first.code,
            text=first.text,
            temporary=all(each.temporary for each in refused.values()),
            reply=first.reply,
        )

    def _reset(self) -> None:
        """RSET, so that the next message begins afresh."""
        self._command("RSET")

    def _body(self, message: Prepared) -> Reply:
        """The body in blocks, then the last of it with the final dot: from there on the server may have the message."""
        client, total, done = self.client, message.size, 0
        held = bytearray()
        for block in dot_stuff(message.blocks()):
            if len(held) >= BLOCK:
                client.send(bytes(held))
                done += len(held)
                held.clear()
                self.progress(done, total)
            held += block
        with self.committed():
            client.send(bytes(held) + b".\r\n")
            self.progress(total or done + len(held), total, final=True)
            return client.read_reply()


def _refusal(reply: Reply) -> type[ReplyError]:
    code = cast("int", reply.code)
    if code in (530, 535):
        return AuthError
    return DeniedError if code >= 500 else ReplyError


def _reply_of(error: ReplyError) -> Reply | None:
    return error.reply if isinstance(error.reply, Reply) else None


def _envelope(given: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in given.items() if name not in ("partial", "mail_options", "rcpt_options")}


def draft_message(user: str | None = None, *, message: Any = None, **given: Any) -> Prepared:
    """A message ready to be sent: composed from `send_mail`'s keywords, or taken as it is.

    Raises:
        UsageError: an address or header makes no sense, there is no recipient or sender, or both kinds are mixed.
    """
    envelope = {name: given.pop(name, None) for name in ("sender", "to", "cc", "bcc")}
    content = {name: value for name, value in given.items() if value not in (None, "", (), [], {})}
    unknown = set(given) - {"subject", "text", "html", "attachments", "headers", "date", "message_id"}
    if unknown:
        raise UsageError(f"send_mail takes no {', '.join(sorted(unknown))}")
    if message is not None and content:
        raise UsageError(f"message= is whole: {', '.join(content)} do not go with it")
    if message is not None:
        return prepare(message, default_sender=user, **envelope)
    return prepare(compose(default_sender=user, **envelope, **given), default_sender=user, **envelope)


class _Channel:
    """How SASL speaks SMTP (RFC 4954)."""

    initial_response = True

    def __init__(self, session: SMTPSession) -> None:
        self.session = session

    def _step(self, line: str) -> sasl.Step:
        reply = self.session._command(line)
        code = reply.code
        if code == 334:
            return sasl.Step("challenge", reply.lines[-1] if reply.lines else b"")
        if code == 235:
            return sasl.Step("ok", b"")
        error = reply_error(reply, "login", AuthError)
        if code == 535:
            return sasl.Step("refused", b"", error)
        if code == 421 or cast("int", code) in (454, 432):
            raise reply_error(reply, "login", ReplyError)
        return sasl.Step("unusable", b"", error)

    def start(self, mechanism: str, initial: bytes | None) -> sasl.Step:
        if initial is None:
            return self._step(f"AUTH {mechanism}")
        return self._step(f"AUTH {mechanism} {base64.b64encode(initial).decode('ascii') or '='}")

    def respond(self, data: bytes) -> sasl.Step:
        return self._step(base64.b64encode(data).decode("ascii"))

    def cancel(self) -> sasl.Step:
        return self._step("*")

    def login(self, user: str, password: str) -> sasl.Step:
        raise NotImplementedError  # SMTP has no login of its own
