"""How a conversation with a news server begins: greeting, CAPABILITIES, STARTTLS, MODE READER, AUTHINFO.

The order is RFC 3977's and its extensions' (4642, 4643): what a server announces may change after each step, and is
asked for again where something depends on it. A server without CAPABILITIES (RFC 977) is taken as it is: MODE READER is
tried, XOVER, AUTHINFO USER, and one command at a time. What is read and written afterwards is `session`'s business.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING, TypeVar, cast

from nettools import sasl
from nettools.credentials import Auth
from nettools.errors import AuthError, TooLargeError, UsageError
from nettools.parse.nntp import parse_capabilities, parse_group
from nettools.protocols.nntp.address import group_name, place_of, with_server
from nettools.protocols.nntp.client import NNTPClient
from nettools.protocols.nntp.errors import reply_error
from nettools.results import Group, Reply
from nettools.sasl.lines import LineChannel
from nettools.session import Session, operation
from nettools.wire.text import check, command_line, gather, lines_of

if TYPE_CHECKING:
    from nettools.options import Options
    from nettools.target import Target

__all__ = ["Conversation"]

MOST_ENTRIES = 1_000_000  # of a list
WITH_BODY = frozenset({100, 101, 215, 220, 221, 222, 224, 225, 230, 231, 282})  # RFC 3977 3.2, RFC 2980

T = TypeVar("T")


class Conversation(Session):
    """What every operation on a news server stands on."""

    client: NNTPClient

    def __init__(self, target: Target, options: Options) -> None:
        target = with_server(target, options.server)
        self.place = place_of(target)
        self._default_group = group_name(options.group) if options.group is not None else self.place.group
        super().__init__(target, options)
        self._forget()

    def _forget(self) -> None:
        self._features: dict[str, tuple[str, ...]] = {}
        self._selected: str | None = None  # the current group (RFC 3977 6.1.1)
        self._overview_command = "OVER"
        self.posting = False  # whether the greeting allows posting; a login may change it

    # -- opening

    def _establish(self) -> None:
        self._forget()
        with self.connecting():
            sock = self._connect()
            with self._trace.span("greeting"):
                self.client = NNTPClient(self.target.host, self.target.port, dialer=lambda host, port: sock)
                self._welcome(self.client.greeting, "greeting")
                self._ask_capabilities()
            if self.upgrade_wanted("STARTTLS" in self._features):
                self._starttls()
            early = self._reader_mode()
        if self.auth is not None and (self.auth.has_secret or self.auth.mechanism or self.options.security.cert):
            with self._trace.span("login"):
                self._login()
            if not early:
                self._reader_mode()
        self._overview_command = "OVER" if "OVER" in self._features else "XOVER"

    def _welcome(self, reply: Reply, what: str) -> None:
        """200 allows posting, 201 does not (RFC 3977 5.1.1)."""
        if reply.code not in (200, 201):
            raise reply_error(reply, what)
        self.posting = reply.code == 200

    def _ask_capabilities(self) -> None:
        reply = self.client.ask("CAPABILITIES")
        self._features = {}
        if reply.code == 101:
            self._features = parse_capabilities(gather(self.client.read_body(), 1 << 20, "the list of capabilities"))
        elif reply.code == 400:
            raise reply_error(reply, "CAPABILITIES")
        client = self.client
        client._caps = {name: list(words) for name, words in self._features.items()}
        versions = self._features.get("VERSION", ())
        client.nntp_version = max((int(word) for word in versions if re.fullmatch(r"[1-9]", word)), default=1)

    def _starttls(self) -> None:
        with self._trace.span("tls"):
            reply = self.client.ask("STARTTLS")
            if reply.code != 382:
                raise self.upgrade_refused(reply)
            client = self.client
            client.use(self.dialer.context.wrap_socket(client.sock, server_hostname=self.target.host))
            client.tls_on = True
            self.upgraded(client.sock)
            self._ask_capabilities()

    def _reader_mode(self) -> bool:
        """MODE READER where the server is not in it (RFC 3977 5.3); False when it wants a login before."""
        if "READER" in self._features or (self._features and "MODE-READER" not in self._features):
            return True
        reply = self.client.ask("MODE READER")
        if reply.code == 480:
            return False
        if reply.code in (200, 201):
            self.posting = reply.code == 200
            if self._features:
                self._ask_capabilities()
        elif reply.code in (400, 502):
            raise reply_error(reply, "MODE READER")
        return True

    def _login(self) -> None:
        auth = self.auth
        assert auth is not None
        authinfo = self._features.get("AUTHINFO", ())
        native = auth.token is None and ("USER" in authinfo or not self._features)
        if native and self.private and auth.password is not None and auth.mechanism is None and auth.authzid is None:
            # INN's SASL asks another list of users than its AUTHINFO USER does, and announces both whether or not
            # anybody is on it: what every reader uses comes first wherever a password may go as it is
            auth = Auth(auth.user, auth.password, mechanism=sasl.NATIVE)
        offered = self._features.get("SASL", ()) if "SASL" in authinfo or not authinfo else ()
        self.prove(_Channel(self), auth, offered, native=native)
        self.client.authenticated = True

    def _arrive(self) -> None:
        """Go to the group that the URL or `group=` names; after a login, see what is offered now (RFC 4643 2.2)."""
        if self.client.authenticated and self._features:
            self._ask_capabilities()
        if self._default_group is not None and not re.search(r"[*?]", self._default_group):
            self._select(self._default_group)

    def _goodbye(self) -> None:
        self.client.ask("QUIT")

    # -- what operations use

    def _group(self, given: str | None) -> str:
        """The group that is meant."""
        name = self._default_group if given is None else given
        if name is None:
            raise UsageError("no group is named", hint="give group=, or a URL such as nntp://server/group")
        return group_name(name)

    def _select(self, name: str) -> Group:
        """Make a group the current one, and learn its numbers."""
        self._selected = None
        reply = self.client.ask(f"GROUP {name}")
        if reply.code != 211:
            raise reply_error(reply, f"group {name}")
        self._selected = name
        return parse_group(f"211 {reply.text}")

    def _body(self, what: str) -> bytes:
        """The body of a reply, in memory, within `max_size` and so many lines."""
        octets = gather(self.client.read_body(), self.options.max_size, what)
        if octets.count(b"\n") > MOST_ENTRIES:
            raise TooLargeError(f"{what} has more than {MOST_ENTRIES} lines")
        return octets

    def _ask_many(self, lines: Iterable[str], receive: Callable[[], T]) -> Iterator[T]:
        """Many commands, written ahead where the server is of a kind that must take them so (RFC 3977 3.5)."""
        ahead = self.client.nntp_version >= 2
        return self.in_flight(map(command_line, lines), self.client.sock.sendall, receive, ahead=ahead)

    # -- what every session shows

    @property
    def capabilities(self) -> frozenset[str]:
        return frozenset(self._features)

    def capability(self, name: str) -> str | None:
        words = self._features.get(name.upper())
        return None if words is None else " ".join(words)

    @operation("command")
    def command(self, line: str, *, multiline: bool | None = None) -> Reply:
        """Send one command and give its reply; whether a body follows its code tells where `multiline` is None.

        Raises:
            ReplyError: the reply's code is 400 or above. UsageError: the command would need something sent after it.
        """
        verb, _, rest = check(line, "a command").strip().upper().partition(" ")
        if verb in ("POST", "IHAVE", "TAKETHIS", "STARTTLS", "COMPRESS") or (verb, rest[:4]) == ("AUTHINFO", "SASL"):
            raise UsageError(f"{verb} is not done with its reply", hint="post(), tls= and auth= do it")
        reply = self.client.ask(line)
        if cast("int", reply.code) >= 400:
            raise reply_error(reply, verb)
        if verb in ("GROUP", "LISTGROUP"):
            self._selected = None
        if multiline is None:
            multiline = reply.code in WITH_BODY or (reply.code == 211 and verb == "LISTGROUP")
        return Reply(reply.code, reply.text, tuple(lines_of(self._body("the reply"))) if multiline else ())

    @operation("ping")
    def ping(self) -> None:
        """DATE: any answer shows that the connection is alive; a dead one is made anew."""
        reply = self.client.ask("DATE")
        if reply.code == 400:
            raise reply_error(reply, "DATE")


class _Channel(LineChannel):
    """How SASL, and AUTHINFO USER, speak NNTP (RFC 4643)."""

    COMMAND = "AUTHINFO SASL"
    LONGEST = 510  # RFC 3977 3.1
    EMPTY = "="

    def __init__(self, session: Conversation) -> None:
        self.session = session

    def step(self, line: str) -> sasl.Step:
        reply = self.session.client.ask(line)
        if reply.code in (281, 283):
            return sasl.Step("ok", b"" if reply.code == 281 else reply.text.strip().encode("ascii", "replace"))
        if reply.code in (381, 383):
            text = reply.text.strip() if reply.code == 383 else ""
            return sasl.Step("challenge", b"" if text == "=" else text.encode("ascii", "replace"))
        if reply.code in (481, 482, 502):
            return sasl.Step("refused", b"", reply_error(reply, "login", AuthError))
        if reply.code == 400:
            raise reply_error(reply, "login")
        return sasl.Step("unusable", b"", reply_error(reply, "login", AuthError))

    def cancel(self) -> sasl.Step:
        step = super().cancel()
        if step.kind == "refused":  # 481 is what the RFC has for a cancelled exchange
            return sasl.Step("unusable", b"", step.error)
        return step

    def login(self, user: str, password: str) -> sasl.Step:
        step = self.step(f"AUTHINFO USER {user}")
        return self.step(f"AUTHINFO PASS {password}") if step.kind == "challenge" else step
