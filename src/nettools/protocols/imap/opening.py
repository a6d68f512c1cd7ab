"""A conversation with an IMAP server: greeting, STARTTLS, login, capabilities, commands (RFC 3501, 9051).

Folders are in `folders`, messages in `reading`, `changing` and `watching`. What the server tells unasked is taken note
of: capabilities are asked for only where neither greeting nor login told them, and not before they are needed.

Turns are saved (RFC 3501 5.5): the login waits for the first command and takes a SELECT along, and where the session is
opened for one operation, LOGOUT travels with its last command. No other commands share a turn: what the server tells
between them belongs to none, and dovecot answers a FETCH before the NOOP in front of it.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from nettools.errors import AuthError, DisconnectedError, ReplyError, TLSError, UnsupportedError, UsageError
from nettools.protocols.imap.address import Place, parse_path
from nettools.protocols.imap.client import Answer, Argument, Each, IMAP4Client, Literal, Sink
from nettools.protocols.imap.deflate import deflate
from nettools.protocols.imap.errors import reply_error
from nettools.protocols.imap.login import Channel
from nettools.results import FolderStatus, Reply
from nettools.session import Session, operation
from nettools.wire.text import check

if TYPE_CHECKING:
    from nettools.options import Options
    from nettools.target import Target

__all__ = ["Conversation"]

WORTH_COMPRESSING = 1024 * 1024  # octets
PATIENCE = 5.0  # seconds after the login's answer; then a command sent with it was dropped (some proxies do)
_NEEDS_MORE = r"\{\d+\+?\}\Z"


class Conversation(Session):
    """The connection of `IMAPSession`."""

    client: IMAP4Client

    def __init__(self, target: Target, options: Options) -> None:
        self.place: Place = parse_path(target.path, target.query)
        super().__init__(target, options)
        self._reset()

    def _reset(self) -> None:
        self._names: tuple[str, ...] | None = None  # of capabilities
        self._logged_in = False
        self._status: FolderStatus | None = None  # of the folder that is open
        self._exists = 0
        self._grown = 0  # how often a folder was told to have more messages
        self._utf8 = False  # UTF8=ACCEPT is on (RFC 6855)
        self._compressed = False
        self._idles = True  # the server has not refused IDLE
        self._stale = False  # the folder was opened by an earlier operation, and may have changed
        self._farewell: str | None = None  # the tag of a LOGOUT that went out with the last command

    @property
    def url_uid(self) -> str | None:
        """The UID that the URL names."""
        return self.place.uid

    # -- opening

    def _establish(self) -> None:
        self._reset()
        with self.connecting():
            sock = self._connect()
            with self._trace.span("greeting"):
                self.client = IMAP4Client(self.target.host, self.target.port, dialer=lambda host, port: sock)
                self.client.max_size = self.options.max_size
                self.client.alert = self._alert
                greeting = self.client.greeting
                assert greeting is not None
                if greeting.code is not None and greeting.code[:5] == "ALERT":
                    self._alert(greeting.text or "")
                if greeting.status not in ("OK", "PREAUTH"):
                    raise self._unwelcome(greeting)
                self._learn(Answer(greeting, ()))
            self._logged_in = greeting.status == "PREAUTH"
            if self._logged_in and self.upgrade_required:
                raise TLSError(
                    "TLS is required, and the server says that the login is done already (PREAUTH)",
                    hint="somebody in between may have said so: nothing was sent",
                    exit_code=64,
                )
            if self._names is None:
                self._ask_capabilities()
            if not self._logged_in and self.upgrade_wanted("STARTTLS" in self._known):
                self._starttls()

    def _unwelcome(self, greeting: Any) -> Exception:
        if greeting.status != "BYE":
            return ReplyError(f"greeting: {greeting.text or greeting.status}", code=greeting.status)
        if isinstance(greeting.code, tuple) and greeting.code[0] == "REFERRAL":
            return reply_error(greeting, "greeting")
        return DisconnectedError(f"the server said goodbye: {greeting.text or 'BYE'}")

    def _alert(self, text: str) -> None:
        self._trace.warn(f"the server says: {text}")

    def _arrive(self) -> None:
        self._log_in()

    def _ask_capabilities(self) -> None:
        answer = self.client.execute(b"CAPABILITY")
        self._learn(answer)
        if answer.tagged.status != "OK":
            raise reply_error(answer.tagged, "CAPABILITY")
        if self._names is None:
            self._set_names(())

    def _learn(self, answer: Answer) -> None:
        """Take note of capabilities wherever they are told, and of how many messages there are."""
        for value in answer.codes("CAPABILITY"):
            if isinstance(value, tuple):
                self._set_names(value)
        for response in answer.untagged:
            match response.kind:
                case "exists":
                    self._grown += response.data > self._exists
                    self._exists = response.data
                case "expunge":
                    self._exists = max(0, self._exists - 1)
                case "capability":
                    self._set_names(response.data)

    def _set_names(self, names: tuple[str, ...]) -> None:
        self._names = tuple(name.upper() for name in names)
        self.client.capabilities = self._names

    def _starttls(self) -> None:
        with self._trace.span("tls"):
            answer = self.client.execute(b"STARTTLS")
            if answer.tagged.status != "OK":
                raise self.upgrade_refused(answer.tagged.text)
            client = self.client
            client.sock = self.dialer.context.wrap_socket(client.sock, server_hostname=self.target.host)
            client.file = client.sock.makefile("rb")
            client._tls_established = True  # type: ignore[attr-defined]
            self.upgraded(client.sock)
            self._names = None  # RFC 3501 6.2.1: what was announced before is forgotten
            self._ask_capabilities()

    # -- the login

    def _log_in(self, *ahead: Argument) -> str | None:
        """Log in, if that is still to be done; the tag of the command `ahead` where it went along."""
        if self._logged_in:
            return None
        try:
            with self._trace.span("login"):
                tag = self._authenticate(tuple(each for each in ahead if isinstance(each, bytes)) == ahead, ahead)
                self._logged_in = True
                self.client.state = "AUTH"
                if "UTF8=ONLY" in self.client.capabilities:  # RFC 6855 6: nothing else is to be had
                    self._enable(b"UTF8=ACCEPT")
                    self._utf8 = True
        except BaseException:
            self._discard()
            raise
        return tag

    def _authenticate(self, simple: bool, ahead: tuple[Any, ...]) -> str | None:
        if self.auth is None:
            raise AuthError("IMAP needs a login", hint="give auth=(user, password), or -u USER")
        names = self._known
        self._names = None
        channel = Channel(
            self.client,
            self._learn,
            initial_response="SASL-IR" in names,
            ahead=ahead if simple and "UTF8=ONLY" not in names else (),
        )
        try:
            self.prove(
                channel,
                self.auth,
                [name[5:] for name in names if name.startswith("AUTH=")],
                native=self.auth.token is None and "LOGINDISABLED" not in names,
            )
        except BaseException:
            self._names = names
            raise
        if self._names is None:  # not told: asked for when it matters; LITERAL+ does not go away with a login
            self.client.capabilities = names
        return channel.ahead_tag

    def _enable(self, *names: bytes) -> tuple[str, ...]:
        """Switch extensions on (RFC 5161); those that are on now."""
        answer = self.client.execute(b"ENABLE", *names)
        self._learn(answer)
        if answer.tagged.status != "OK":
            raise reply_error(answer.tagged, "ENABLE")
        return tuple(name.upper() for enabled in answer.of("enabled") for name in enabled)

    @operation("compress")
    def compress(self) -> None:
        """Have both directions compressed from here on (RFC 4978).

        Raises:
            UnsupportedError: the server does not offer it.
        """
        if not self._has("COMPRESS=DEFLATE"):
            raise UnsupportedError("the server has no COMPRESS=DEFLATE", side="peer")
        if not self._compressed:
            self._run(b"COMPRESS", b"DEFLATE")
            self.client.sock, self.client.file = deflate(self.client.sock, self.client.file)
            self._compressed = True

    def _compress_for(self, octets: int) -> None:
        """Compress where so much is to come that it is worth a turn, and the way is not within this machine."""
        if octets > WORTH_COMPRESSING and not self.target.is_loopback and self._has("COMPRESS=DEFLATE"):
            self.compress()

    def _news(self) -> bool:
        """Ask for the news of a folder that an earlier operation opened; False where it is known as it is."""
        stale, self._stale = self._stale, False
        if stale:
            self._run(b"NOOP")
        return stale

    def _goodbye(self) -> None:
        if self._farewell is not None:
            self.client.finish(self._farewell)
        else:
            self.client.execute(b"LOGOUT")

    # -- commands

    def _run(
        self,
        *arguments: Argument,
        what: str = "",
        each: Each | None = None,
        sink: Sink | None = None,
        last: bool = False,
    ) -> Answer:
        """A command that must succeed; `last`: nothing comes after it in this operation."""
        self._log_in()
        if last and self.single and not any(isinstance(argument, Literal) for argument in arguments):
            tag = self.client.start(*arguments, hold=True)
            self._farewell = self.client.start(b"LOGOUT")
            answer = self.client.finish(tag, each=each, sink=sink)
        else:
            answer = self.client.execute(*arguments, each=each, sink=sink)
        return self._checked(answer, what or (arguments[0].decode() if isinstance(arguments[0], bytes) else ""))

    def _checked(self, answer: Answer, what: str) -> Answer:
        self._learn(answer)
        if answer.tagged.status != "OK":
            raise reply_error(answer.tagged, what)
        return answer

    @property
    def _known(self) -> tuple[str, ...]:
        """The capabilities; asked for, inside an operation, where the server has not told them."""
        if self._names is None and self.client is not None:
            self._ask_capabilities()
        return self._names or ()

    def _has(self, name: str) -> bool:
        """Whether the server has this extension, now that the login is done."""
        self._log_in()
        return name in self._known

    @property
    def capabilities(self) -> frozenset[str]:
        if self._names is None and self.client is not None:
            self._tell()
        return frozenset(self._names or ())

    @operation("capabilities")
    def _tell(self) -> None:
        self._log_in()
        self._ask_capabilities()

    def capability(self, name: str) -> str | None:
        """The values of a capability such as AUTH= joined, "" for one without, None where it was not announced."""
        name = name.upper()
        names = self.capabilities
        values = sorted(each[len(name) + 1 :] for each in names if each.startswith(f"{name}="))
        if values:
            return " ".join(values)
        return "" if name in names else None

    def command(self, line: str, *, multiline: bool | None = None) -> Reply:
        """Send one command, without its tag, and give the status with the untagged responses as lines.

        Raises:
            ReplyError: the server answered NO or BAD.
        """
        del multiline
        return self._command(*self.prepare(lambda: _whole_command(line)))

    @operation("command")
    def _command(self, verb: str, octets: bytes) -> Reply:
        self._log_in()
        if verb in ("SELECT", "EXAMINE", "CLOSE", "UNSELECT", "DELETE", "RENAME"):
            self._status = None
        tagged, lines = self.client.run_line(octets)
        if tagged.status != "OK":
            raise reply_error(tagged, verb)
        return Reply("OK", tagged.text or "", lines)

    @operation("ping")
    def ping(self) -> None:
        """NOOP: the connection is alive, or made anew."""
        self._run(b"NOOP")


def _whole_command(line: str) -> tuple[str, bytes]:
    """The verb of a command, and its octets.

    Raises:
        UsageError: it is none, or one that the session needs to know of.
    """
    verb = line.split(" ", 1)[0].upper()
    if verb in ("IDLE", "AUTHENTICATE", "STARTTLS", "LOGOUT", "COMPRESS"):
        raise UsageError(f"{verb} is not for command(): the session does it")
    if not verb or re.search(_NEEDS_MORE, line):
        raise UsageError("a command is one line, without literals", hint="append() and search() send them")
    return verb, check(line, "a command").encode("utf-8", "surrogateescape")
