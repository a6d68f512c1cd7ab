"""How a conversation with a POP3 server begins and ends: greeting, CAPA, STLS, login, QUIT.

RFC 1939, 2449, 2595, 5034. What is done with messages in between is `session`'s business, but for one thing: DELE takes
effect at QUIT, so after a deletion the answer to QUIT is part of it, and when that is lost the outcome is unknown.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING, TypeVar

from nettools import sasl
from nettools.credentials import Auth
from nettools.errors import AuthError, DeadlineError, DisconnectedError, ReplyError, TooLargeError, UsageError
from nettools.protocols.pop3.client import POP3Client
from nettools.protocols.pop3.errors import reply_error
from nettools.results import Reply
from nettools.sasl.lines import LineChannel
from nettools.session import Session, operation
from nettools.target import decode
from nettools.wire.text import check, command_line, gather, lines_of

if TYPE_CHECKING:
    from nettools.options import Options
    from nettools.target import Target

__all__ = ["Conversation"]

T = TypeVar("T")

MOST_ENTRIES = 1_000_000  # of a list


class Conversation(Session):
    """What every operation on a POP3 server stands on."""

    client: POP3Client

    def __init__(self, target: Target, options: Options) -> None:
        super().__init__(target, options)
        if decode(target.path).strip("/"):
            raise UsageError("a POP3 URL has no path: there is one folder", exit_code=3)
        self._features: dict[str, str] = {}
        self._uids: dict[int, str] | None = None
        self._identified = False  # whether these are UIDLs, and no mere numbers
        self._deleted = False

    # -- opening

    def _establish(self) -> None:
        self._uids, self._deleted, self._features = None, False, {}
        with self.connecting():
            sock = self._connect()
            with self._trace.span("greeting"):
                self.client = POP3Client(self.target.host, self.target.port, dialer=lambda host, port: sock)
                greeting = self.client.welcome.decode("utf-8", "replace")
                self._capa()
            if self.upgrade_wanted("STLS" in self._features):
                self._stls()
        with self._trace.span("login"):
            self._login(greeting)
            if self._features and not {"TOP", "UIDL"} <= set(self._features):
                self._capa()  # RFC 2449 5: some capabilities are announced after the login only

    def _capa(self) -> None:
        reply = self.client.ask("CAPA")
        self._features = {}
        if reply.code == "+OK":
            for line in self._body(1000):
                name, _, rest = line.decode("utf-8", "replace").partition(" ")
                self._features[name.upper()] = rest.strip()

    def _stls(self) -> None:
        with self._trace.span("tls"):
            reply = self.client.ask("STLS")
            if reply.code != "+OK":
                raise self.upgrade_refused(reply)
            client = self.client
            client.sock = self.dialer.context.wrap_socket(client.sock, server_hostname=self.target.host)
            client.file = client.sock.makefile("rb")
            client._tls_established = True  # type: ignore[attr-defined]
            self.upgraded(client.sock)
            self._capa()

    def _login(self, greeting: str) -> None:
        auth = self.auth
        if auth is None:
            raise AuthError("POP3 needs a login", hint="give auth=(user, password), or -u USER")
        offered = tuple(self._features.get("SASL", "").upper().split())
        native = auth.token is None and ("USER" in self._features or not self._features)
        if "APOP" in (auth.mechanism or ()):
            there = {*offered, sasl.NATIVE} if native else set(offered)
            timestamp = re.search(r"<[^<>@\s]+@[^<>\s]+>", greeting)
            usable = {*there, "APOP"} if timestamp is not None else there
            first = next((name for name in auth.mechanism or () if name in usable), None)
            if first == "APOP" and timestamp is not None:
                self._apop(timestamp[0])
                return
            others = tuple(name for name in auth.mechanism or () if name != "APOP")
            if not others:
                raise AuthError("the server announces no APOP; nothing was sent")
            auth = Auth(auth.user, auth.password, token=auth.token, mechanism=others, authzid=auth.authzid)
        self.prove(_Channel(self), auth, offered, native=native)

    def _apop(self, timestamp: str) -> None:
        """RFC 1939 7: a digest of the greeting's timestamp and the password."""
        assert self.auth is not None
        password = self.auth.get_password()
        word = password.reveal() if password is not None else ""
        self._trace.add_secret(word)
        import hashlib  # with OpenSSL's part of it, which other logins have no use for

        digest = hashlib.md5((timestamp + word).encode(), usedforsecurity=False).hexdigest()
        reply = self.client.ask(f"APOP {self.auth.user or ''} {digest}")
        if reply.code != "+OK":
            raise reply_error(reply, "login", AuthError)

    def _goodbye(self) -> None:
        reply = self.client.ask("QUIT")
        if self._deleted and reply.code != "+OK":
            raise reply_error(reply, "QUIT, which makes deletions last")

    def _end(self) -> None:
        """Say goodbye; after a deletion the answer to QUIT is waited for, and its loss is an error."""
        if not self._deleted or self.client is None:
            super()._end()
            return

        def quit_() -> None:
            self.catch_up()
            with self._trace.span("goodbye"), self.committed():
                self._goodbye()

        try:
            self.perform(quit_, continued=True)
        except (DisconnectedError, DeadlineError) as error:
            error.outcome_unknown = True
            raise
        finally:
            self._deleted = False
            self._discard()

    # -- what every session shows

    @property
    def capabilities(self) -> frozenset[str]:
        return frozenset(self._features)

    def capability(self, name: str) -> str | None:
        return self._features.get(name.upper())

    @operation("command")
    def command(self, line: str, *, multiline: bool | None = None) -> Reply:
        """Send one command and give its reply; `multiline` is guessed from the command where it is None.

        Raises:
            ReplyError: the server answered -ERR.
        """
        verb, _, rest = check(line, "a command").partition(" ")
        verb = verb.upper()
        if verb in ("AUTH", "STLS", "QUIT"):
            raise UsageError(f"{verb} is not done with its reply", hint="auth=, tls= and close() do it")
        reply = self.client.ask(line)
        if reply.code != "+OK":
            raise reply_error(reply, verb)
        if multiline is None:
            multiline = verb in ("CAPA", "RETR", "TOP") or (verb in ("LIST", "UIDL") and not rest.strip())
        if verb == "DELE":
            self._deleted, self._uids = True, None
        elif verb == "RSET":
            self._deleted, self._uids = False, None
        lines = tuple(self._body()) if multiline else ()
        return Reply(reply.code, reply.text, lines)

    @operation("ping")
    def ping(self) -> None:
        """NOOP: the connection is alive, or made anew."""
        self._expect("NOOP")

    def _expect(self, line: str, kind: type[ReplyError] | None = None) -> Reply:
        reply = self.client.ask(line)
        if reply.code != "+OK":
            raise reply_error(reply, line.split(" ", 1)[0], kind)
        return reply

    def _body(self, most: int = MOST_ENTRIES) -> list[bytes]:
        """The lines of a list, so many at the most."""
        octets = gather(self.client.read_body(), self.options.max_size, "the server's list")
        if octets.count(b"\n") > most:
            raise TooLargeError(f"the server's list has more than {most} entries")
        return lines_of(octets)

    def _ask_many(self, lines: Iterable[str], receive: Callable[[], T]) -> Iterator[T]:
        """Many commands, written ahead where the server takes PIPELINING (RFC 2449 6.6)."""
        commands = map(command_line, lines)
        return self.in_flight(commands, self.client.sock.sendall, receive, ahead="PIPELINING" in self._features)


class _Channel(LineChannel):
    """How SASL speaks POP3 (RFC 5034)."""

    LONGEST = 253  # RFC 5034 4, RFC 2449 4

    def __init__(self, session: Conversation) -> None:
        self.session = session
        self.initial_response = "SASL" in session._features

    def step(self, line: str) -> sasl.Step:
        return self._outcome(self.session.client.ask(line), line)

    def _outcome(self, reply: Reply, line: str) -> sasl.Step:
        if reply.code == "+":
            return sasl.Step("challenge", reply.text.encode("ascii", "replace"))
        if reply.code == "+OK":
            return sasl.Step("ok")
        error = reply_error(reply, "login", AuthError)
        if isinstance(error, AuthError) and (error.text.upper().startswith("[AUTH]") or line.startswith("PASS")):
            return sasl.Step("refused", b"", error)
        if not isinstance(error, AuthError):
            raise error
        return sasl.Step("unusable", b"", error)

    def login(self, user: str, password: str) -> sasl.Step:
        client = self.session.client
        lines = command_line(f"USER {user}"), command_line(f"PASS {password}")
        if "PIPELINING" in self.session._features:
            client.sock.sendall(b"".join(lines))
            first = client.read_reply()
            second = client.read_reply()
        else:
            first = client.ask(f"USER {user}")
            second = client.ask(f"PASS {password}") if first.code == "+OK" else first
        if first.code != "+OK":
            return sasl.Step("refused", b"", reply_error(first, "login", AuthError))
        return self._outcome(second, "PASS")
