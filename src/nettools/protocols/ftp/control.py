"""The control conversation: greeting, TLS, login, features, commands one by one or several in one turn.

RFC 959, 2389 (FEAT), 2228 and 4217 (TLS), 2640 (UTF-8). No RFC promises that a server takes commands that were sent
ahead, so the first batch is a probe: replies that do not fit their commands, or do not come, mean that this server has
to be asked one thing at a time. The session then begins anew on a fresh connection and asks so; what is sent ahead only
asks, or sets what a new connection has to set again anyway, and never stands behind a transfer.

Commands that are due but not urgent (PROT, FEAT, OPTS) wait for the next batch to travel with.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, cast

from nettools.errors import (
    AuthError,
    DeniedError,
    DisconnectedError,
    NettoolsError,
    ProtocolError,
    TLSError,
    UnsupportedError,
)
from nettools.parse.ftp_reply import parse_feat
from nettools.protocols.ftp.client import FTPTLSClient
from nettools.protocols.ftp.errors import reply_error
from nettools.results import Reply
from nettools.session import Session, operation
from nettools.wire.text import check

if TYPE_CHECKING:
    from nettools.options import Options
    from nettools.target import Target

__all__ = ["Control"]

Line = str | bytes

NOBODY = ("anonymous", "ftp")
PATIENCE = 3.0  # seconds that the replies to the first batch may come apart from one another
# what a command that may be sent ahead is answered with, besides a refusal
FITTING = {
    "CWD": (200, 250), "EPSV": (229,), "FEAT": (211,), "MDTM": (213,), "MLST": (250,), "NOOP": (200,), "PBSZ": (200,),
    "PROT": (200,), "PWD": (257,), "RNFR": (350,), "SIZE": (213,), "TYPE": (200,), "USER": (230, 331, 332),
}  # fmt: skip
DATA_COMMANDS = {"RETR", "STOR", "APPE", "STOU", "LIST", "NLST", "MLSD", "PORT", "EPRT", "PASV", "EPSV"}
OWN_COMMANDS = {"AUTH", "PROT", "PBSZ", "CCC", "REIN", "USER", "PASS", "QUIT"}


class OutOfStepError(ProtocolError):
    """The server did not answer each of the commands that were sent ahead, in order."""


class Control(Session):
    """The control connection of `FTPSession`."""

    client: FTPTLSClient
    _one_by_one = False  # this server does not take commands that were sent ahead
    _proven = False  # it does

    def __init__(self, target: Target, options: Options) -> None:
        super().__init__(target, options)
        self._fresh()

    def _fresh(self) -> None:
        """What is known of a connection that has just been made: nothing."""
        self._known_features: dict[str, str] | None = None
        self._due: list[tuple[str, Callable[[Reply], object]]] = []
        self._type = ""
        self._protected = False
        self._greeted: Reply | None = None  # the answer to USER, where it was sent with FEAT

    # -- opening

    def _establish(self) -> None:
        try:
            self._open_control()
        except OutOfStepError:
            self._discard()
            self._one_by_one = True
            self._open_control()

    def _open_control(self) -> None:
        self._fresh()
        with self.connecting():
            sock = self._connect()
            with self._trace.span("greeting"):
                self.client = FTPTLSClient(
                    dialer=self.dialer, context=self.dialer.context, encoding=self.options.encoding or "utf-8"
                )
                self.client.take(sock, self.target.host, self.target.port)
                self._greet()
            self._secure()
        with self._trace.span("login"):
            self._login()
            self._prepare()

    def _greet(self) -> None:
        greeting = self.client.read_reply()
        while greeting.code == 120:
            greeting = self.client.read_reply()
        if greeting.code != 220:
            raise reply_error(greeting, "greeting")
        self.client.welcome = str(greeting)

    def _secure(self) -> None:
        """AUTH TLS where it is wanted (RFC 4217 4)."""
        if self.implicit_tls or self.options.security.mode == "off":
            return
        if not self.upgrade_required:
            reply = self._look_around()
            if reply.code == 211:  # else it may want a login first
                self._learn_features(reply)
            if not self.upgrade_wanted("TLS" in (self.capability("AUTH") or "").upper().replace(";", " ").split()):
                return
            self._fresh()  # what was said in clear is forgotten
        with self._trace.span("tls"):
            reply = self.client.ask("AUTH TLS")
            if reply.code != 234:
                raise self.upgrade_refused(reply)
            self.client.secured(self.dialer.context.wrap_socket(self.client.sock, server_hostname=self.target.host))
            self.upgraded(self.client.sock)

    def _look_around(self) -> Reply:
        """FEAT, before the login; who comes as nobody says so in the same turn."""
        if self._one_by_one or self._user not in NOBODY:
            return self.client.ask("FEAT")
        reply, self._greeted = self._ask_ahead(["FEAT", f"USER {self._user}"])
        return reply

    @property
    def _user(self) -> str:
        return (self.auth.user if self.auth else None) or "anonymous"

    def _complete(self, error: NettoolsError) -> NettoolsError:
        error = super()._complete(error)
        if isinstance(error, (AuthError, DeniedError)) and error.hint is None and self._user in NOBODY:
            error.hint = "the login was anonymous: give auth=(user, password), or -u USER"
        return error

    def _login(self) -> None:
        auth, user = self.auth, self._user
        secret = auth.get_password() if auth else None
        if secret is None:
            if user not in NOBODY:
                raise AuthError(f"there is no password for {user}", hint="give auth=(user, password), or -u USER:PASS")
            word = "anonymous@"
        else:
            word = secret.reveal()
            if user not in NOBODY:
                self.require_private()
                self._trace.add_secret(word)
        reply = self._greeted or self.client.ask("USER " + check(user, "the user name"))
        if reply.code == 331:
            reply = self.client.ask("PASS " + check(word, "the password"))
        if reply.code == 332:
            reply = self._account(reply)
        if reply.code not in (230, 202, 232):
            error = reply_error(reply, "login")
            if reply.code == 421 or isinstance(error, AuthError):
                raise error
            raise AuthError(error.message, code=error.code, text=error.text, temporary=error.temporary, reply=reply)

    def _account(self, wanted: Reply) -> Reply:
        account = self.options.account
        if account is None:
            raise AuthError("the server wants an account", hint="give account=, or --account", reply=wanted)
        text = account if isinstance(account, str) else account.reveal()
        self.require_private("the account")
        self._trace.add_secret(text)
        return self.client.ask("ACCT " + check(text, "account="))

    def _prepare(self) -> None:
        """Protect the data channel, and learn what the server can do: with the next commands that are sent."""
        if self.tls is not None:
            self._due.append(("PBSZ 0", lambda reply: None))
            self._due.append(("PROT P", self._protect_data))
        if self._known_features is None:
            self._due.append(("FEAT", self._learn_features))

    def _protect_data(self, reply: Reply) -> None:
        if cast("int", reply.code) >= 300:
            raise TLSError("the server refuses to protect the data channel", reply=str(reply), exit_code=64)
        self._protected = True
        self.client._prot_p = True  # type: ignore[attr-defined]

    def _learn_features(self, reply: Reply) -> None:
        lines = reply.lines[1:-1] if reply.code == 211 else ()
        self._known_features = parse_feat(b"\r\n".join(lines).decode("utf-8", "replace"))
        if "UTF8" in self._known_features and self.options.encoding is None:
            self._due.append(("OPTS UTF8 ON", lambda reply: None))

    def _goodbye(self) -> None:
        self.client.ask("QUIT")

    # -- what the server can do

    @property
    def _features(self) -> dict[str, str]:
        if self._known_features is None and self.client is not None and self._due:
            self._ask_all()
        return self._known_features or {}

    @property
    def capabilities(self) -> frozenset[str]:
        return frozenset(self._known_features or {})

    def capability(self, name: str) -> str | None:
        return (self._known_features or {}).get(name.upper())

    # -- commands

    def _ask_all(self, *lines: Line) -> list[Reply]:
        """The reply to each of several commands that need not wait for one another, whatever it is."""
        # nothing comes between RNFR and RNTO (RFC 959 4.1.3)
        if lines and self._shown(lines[0]).startswith("RNTO "):
            return [self.client.ask(line) for line in lines]
        # first FEAT, then OPTS: a name in UTF-8 is one only when that is agreed on; and what changes something is alone
        # where the server may hang up on what is sent ahead: it could have been done, or not
        alone = lines and self._committed and not self._proven
        while self._due and (alone or not all(line.isascii() for line in lines)):
            Control._ask_all(self)
        while True:
            due, self._due = self._due, []
            batch = [*(line for line, _ in due), *lines]
            if len(batch) == 1 or self._one_by_one:
                replies = [self.client.ask(line) for line in batch]
            else:
                try:
                    replies = self._ask_ahead(batch)
                except OutOfStepError:
                    self._begin_one_by_one()
                    continue
            for (_, done), reply in zip(due, replies, strict=False):
                done(reply)
            return replies[len(due) :]

    def _ask_ahead(self, batch: Sequence[Line]) -> list[Reply]:
        """All in one turn.

        Raises:
            OutOfStepError: the server does not answer each of them, in order.
        """
        self.client.send(*batch)
        replies: list[Reply] = []
        try:
            for line in batch:
                if replies and not self._proven and not self.client.sock.ready(PATIENCE):
                    raise OutOfStepError(f"no answer to {self._shown(line)} came")
                reply = self.client.read_reply()
                if not _fits(line, reply):
                    raise OutOfStepError(f"{self._shown(line)} was answered by {reply}")
                replies.append(reply)
        except (DisconnectedError, ProtocolError) as error:  # it hung up, or what came is no reply
            if self._proven or not replies or isinstance(error, OutOfStepError):
                raise
            raise OutOfStepError(error.message) from error
        self._proven = True
        return replies

    def _begin_one_by_one(self) -> None:
        """A fresh connection, on which nothing is sent ahead."""
        self._one_by_one = True
        self._trace.warn("the server does not take commands sent ahead; it is asked one thing at a time")
        self._discard()
        self._establish()

    def _ask(self, line: Line, what: str | None = None) -> Reply:
        """A command that must succeed."""
        (reply,) = self._ask_all(line)
        if cast("int", reply.code) >= 400:
            raise reply_error(reply, what or self._shown(line))
        return reply

    def _try(self, line: Line) -> Reply:
        """A command that may fail."""
        (reply,) = self._ask_all(line)
        return reply

    @staticmethod
    def _shown(line: Line) -> str:
        text = line if isinstance(line, str) else line.decode("utf-8", "replace")
        return text.encode("utf-8", "replace").decode("utf-8")

    @operation("command")
    def command(self, line: str, *, multiline: bool | None = None) -> Reply:
        """Send one command and give its reply; not for those that open a data connection.

        Raises:
            ReplyError: the reply's code is 400 or above.
            UnsupportedError: the command would put the session out of step.
        """
        del multiline  # a reply says itself whether it has several lines
        verb = check(line, "a command").split(" ", 1)[0].upper()
        if verb in DATA_COMMANDS:
            raise UnsupportedError(f"{verb} needs a data connection: use the session's methods", side="nettools")
        if verb in OWN_COMMANDS:
            raise UnsupportedError(f"{verb} is the session's own business", side="nettools")
        self._ask_all()
        if verb == "TYPE":
            self._type = ""
        return self._ask(check(line, "the command"), verb)

    @operation("ping")
    def ping(self) -> None:
        """NOOP: the connection is alive, or made anew."""
        self._ask("NOOP")

    def _typed(self, letter: str) -> tuple[str, ...]:
        """The command that sets the type, where it is another one; to be followed by `_type_is`."""
        return () if self._type == letter else (f"TYPE {letter}",)

    def _type_is(self, letter: str, replies: Sequence[Reply]) -> None:
        """The answer to `_typed`, if there was one."""
        for reply in replies:
            if cast("int", reply.code) >= 400:
                raise reply_error(reply, f"TYPE {letter}")
            self._type = letter


def _fits(line: Line, reply: Reply) -> bool:
    """Whether this can be the answer to this command."""
    verb = (line.decode("latin-1") if isinstance(line, bytes) else line).split(" ", 1)[0].upper()
    code = cast("int", reply.code)
    return code >= 400 or code in FITTING.get(verb, (code,))
