"""A conversation with a POP3 server (RFC 1939, 2449, 2595, 5034): one folder, INBOX, and messages by number or UIDL.

Lists, TOPs and RETRs are written ahead where the server takes PIPELINING. DELE takes effect at QUIT, so after a
deletion the answer to QUIT is part of it: when it is lost, the outcome is unknown.
"""

from __future__ import annotations

import base64
import fnmatch
import hashlib
import poplib
import re
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any, NoReturn

from nettools import sasl
from nettools.errors import (
    AuthError,
    DeadlineError,
    DisconnectedError,
    NettoolsError,
    NotFoundError,
    ProtocolError,
    ReplyError,
    TooLargeError,
    UnsupportedError,
    UsageError,
)
from nettools.files import save_all
from nettools.parse.message import deferred_mail, mail_info, parse_headers
from nettools.parse.message.headers import raw_fields
from nettools.protocols.pop3.client import POP3Client, command_line
from nettools.query import Query
from nettools.results import Attachment, Folder, Mail, MailInfo, Reply
from nettools.session import Session, operation, stream
from nettools.target import decode
from nettools.wire.text import gather

__all__ = ["POP3Session", "classify"]

MOST_ENTRIES = 1_000_000
POLL = 30.0  # seconds between two looks of `watch`: POP3 has no other way

Uid = str | int


def reply_error(reply: Reply, what: str, kind: type[ReplyError] | None = None) -> ReplyError:
    """The error for -ERR, by its response code where it has one (RFC 2449 8, 3206)."""
    match = re.match(r"\[([A-Z0-9/-]+)\]", reply.text, re.IGNORECASE)
    code = match[1].upper() if match else ""
    temporary = code in ("SYS/TEMP", "IN-USE", "LOGIN-DELAY")
    if code == "AUTH":
        kind = AuthError
    elif temporary:
        kind = ReplyError
    return (kind or ReplyError)(
        f"{what}: the server answered {reply}", code=reply.code, text=reply.text, temporary=temporary, reply=reply
    )


def classify(error: Exception) -> NettoolsError | None:
    """poplib's exception in nettools' terms."""
    if isinstance(error, poplib.error_proto):
        text = error.args[0] if error.args else b""
        text = text.decode("utf-8", "replace") if isinstance(text, bytes) else str(text)
        if text == "-ERR EOF":
            return DisconnectedError("the server closed the connection")
        if text.startswith("-ERR"):
            return reply_error(Reply("-ERR", text[5:]), "refused")
        return ProtocolError(f"the server broke the protocol: {text}")
    return None


# inside the class `list` is a method
Numbers = list[int]


class POP3Session(Session):
    """`connect("pop3://...")`: `list search fetch fetch_many delete save_attachments watch command ping`."""

    client: POP3Client

    def __init__(self, target: Any, options: Any) -> None:
        super().__init__(target, options)
        if decode(target.path).strip("/"):
            raise UsageError("a POP3 URL has no path: there is one folder", exit_code=3)
        self._features: dict[str, str] = {}
        self._uids: dict[int, str] | None = None
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
                raise self.upgrade_refused(None, reply)
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
        timestamp = re.search(r"<[^<>@\s]+@[^<>\s]+>", greeting)
        wanted = auth.mechanism or ()
        if "APOP" in wanted and timestamp is not None and auth.password is not None:
            self._apop(timestamp[0])
        else:
            sasl.authenticate(
                _Channel(self),
                auth,
                offered,
                target=self.target,
                private=self.private,
                tls=self.tls is not None,
                client_certificate=self.options.security.cert is not None,
                native=auth.token is None and ("USER" in self._features or not self._features),
                mask=self._trace.add_secret,
            )

    def _apop(self, timestamp: str) -> None:
        """RFC 1939 7: a digest of the greeting's timestamp and the password."""
        assert self.auth is not None
        password = self.auth.get_password()
        word = password.reveal() if password is not None else ""
        self._trace.add_secret(word)
        digest = hashlib.md5((timestamp + word).encode(), usedforsecurity=False).hexdigest()
        reply = self.client.ask(f"APOP {self.auth.user or ''} {digest}")
        if reply.code != "+OK":
            raise reply_error(reply, "login", AuthError)

    def _goodbye(self) -> None:
        reply = self.client.ask("QUIT")
        if self._deleted and reply.code != "+OK":
            raise reply_error(reply, "QUIT, which makes deletions last")

    def close(self) -> None:
        """End the conversation; after a deletion the answer to QUIT is waited for, and its loss is an error."""
        if not self._deleted or self.client is None:
            super().close()
            return

        def quit_() -> None:
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
        verb, _, rest = line.partition(" ")
        verb = verb.upper()
        reply = self.client.ask(line)
        if reply.code != "+OK":
            raise reply_error(reply, verb)
        if multiline is None:
            multiline = verb in ("CAPA", "RETR", "TOP") or (verb in ("LIST", "UIDL") and not rest.strip())
        if verb == "DELE":
            self._deleted = True
        elif verb == "RSET":
            self._deleted = False
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
        return octets.splitlines()

    def _ask_many(self, lines: Iterable[str], receive: Callable[[], Any]) -> Iterator[Any]:
        """Many commands, written ahead where the server takes PIPELINING (RFC 2449 6.6)."""
        commands = map(command_line, lines)
        return self.in_flight(commands, self.client.sock.sendall, receive, ahead="PIPELINING" in self._features)

    # -- messages

    def _numbers(self) -> dict[int, int]:
        """{number: size} of all messages."""
        self._expect("LIST")
        found: dict[int, int] = {}
        for line in self._body():
            words = line.split()
            if len(words) < 2 or not (words[0].isdigit() and words[1].isdigit()):
                raise ProtocolError(f"LIST gave {line[:80]!r}")
            found[int(words[0])] = int(words[1])
        return found

    def _uidls(self) -> dict[int, str]:
        """{number: UIDL}; str(number) where the server has no UIDL."""
        if self._uids is not None:
            return self._uids
        reply = self.client.ask("UIDL")
        if reply.code != "+OK":
            self._uids = {number: str(number) for number in self._numbers()}
            return self._uids
        found: dict[int, str] = {}
        for line in self._body():
            number, _, uid = line.decode("utf-8", "surrogateescape").strip().partition(" ")
            if not number.isdigit() or not uid.strip():
                raise ProtocolError(f"UIDL gave {line[:80]!r}")
            found[int(number)] = uid.strip()
        self._uids = found
        return found

    def _folder(self, folder: str | None) -> None:
        if folder is not None and folder.upper() != "INBOX":
            raise NotFoundError(f"POP3 has no folder {folder!r}", hint="it has one folder; IMAP has more")

    def _chosen(self, uids: Any, numbers: Any, *, all_if_none: bool = False) -> Numbers:
        """The numbers of the messages that are meant."""
        if uids is not None and numbers is not None:
            raise UsageError("either uids or numbers=, not both")
        if numbers is not None:
            wanted = [numbers] if isinstance(numbers, int) else list(numbers)
            there = self._uidls()
            for number in wanted:
                if number not in there:
                    raise NotFoundError(f"there is no message number {number}")
            return wanted
        known = self._uidls()
        if uids is None:
            if all_if_none:
                return list(known)
            raise UsageError("name a message, by uid or number=")
        by_uid = {uid: number for number, uid in known.items()}
        result = []
        for uid in [uids] if isinstance(uids, (str, int)) else uids:
            if str(uid) not in by_uid:
                raise NotFoundError(f"there is no message with the UIDL {uid}")
            result.append(by_uid[str(uid)])
        return result

    def _heads(self, numbers: Numbers) -> Iterator[bytes]:
        """The header of each message, by TOP, or by RETR where the server has no TOP."""
        client = self.client
        if "TOP" in self._features or not self._features:
            lines = (f"TOP {number} 0" for number in numbers)
        else:
            lines = (f"RETR {number}" for number in numbers)

        def receive() -> bytes | ReplyError:
            reply = client.read_reply()
            if reply.code != "+OK":
                return reply_error(reply, "TOP")
            return gather(client.read_body(), self.options.max_size, "the message")

        for answer in self._ask_many(lines, receive):
            if isinstance(answer, ReplyError):
                raise answer
            yield answer

    @operation("list")
    def list(
        self,
        *,
        folder: str | None = None,
        query: Query | str | None = None,
        limit: int | None = 50,
        newest_first: bool = True,
    ) -> tuple[MailInfo, ...]:
        """The messages, newest first; see `list_mail`."""
        self._folder(folder)
        if isinstance(query, str):
            raise UnsupportedError("POP3 cannot SEARCH", side="peer", hint="a Query of headers works")
        sizes, uids = self._numbers(), self._uidls()
        numbers = sorted(sizes, reverse=newest_first)
        if query is None and limit is not None:
            numbers = numbers[:limit]
        found: list[MailInfo] = []
        heads = self._heads(numbers)
        for number, head in zip(numbers, heads, strict=True):
            fields = [*raw_fields(head.partition(b"\r\n\r\n")[0])]
            info = mail_info(
                fields, uid=uids.get(number, str(number)), number=number, folder="INBOX", size=sizes[number]
            )
            if (query is None or query.matches(info, parse_headers(head))) and (limit is None or len(found) < limit):
                found.append(info)
        return tuple(found)

    @operation("search")
    def search(self, query: Query | str, *, folder: str | None = None) -> tuple[str, ...]:
        """The UIDLs of the messages for which a query of headers holds."""
        if isinstance(query, str) and query.strip().upper() == "ALL":
            self._folder(folder)
            return tuple(self._uidls().values())
        found = self.list(folder=folder, query=query, limit=None, newest_first=False)
        return tuple(info.uid for info in found)

    @operation("fetch")
    def fetch(
        self, uid: Uid | None = None, *, number: int | None = None, folder: str | None = None, mark_seen: bool = False
    ) -> Mail:
        """One whole message; see `fetch_mail`. POP3 keeps no flags: `mark_seen` changes nothing."""
        del mark_seen
        self._folder(folder)
        chosen = self._chosen(uid, number)
        return next(self._mails(chosen))

    @stream("fetch")
    def fetch_many(
        self,
        uids: Any = None,
        *,
        numbers: Any = None,
        folder: str | None = None,
        mark_seen: bool = False,
    ) -> Iterator[Mail]:
        """Many whole messages, one by one; all when none are named."""
        del mark_seen
        self._folder(folder)
        chosen = self._chosen(uids, numbers, all_if_none=True)
        yield from self._mails(chosen)

    def _mails(self, numbers: Numbers) -> Iterator[Mail]:
        client, known = self.client, self._uidls()

        def receive() -> bytes | ReplyError:
            reply = client.read_reply()
            if reply.code != "+OK":
                return reply_error(reply, "RETR", NotFoundError)
            return gather(client.read_body(), self.options.max_size, "the message")

        answers = self._ask_many((f"RETR {number}" for number in numbers), receive)
        for number, raw in zip(numbers, answers, strict=True):
            if isinstance(raw, ReplyError):
                raise raw
            yield deferred_mail(raw, uid=known.get(number, str(number)), number=number, folder="INBOX")

    @operation("delete")
    def delete(self, uids: Any = None, *, numbers: Any = None, folder: str | None = None) -> None:
        """Delete messages; it takes effect when the session is closed, and is an error then if it does not."""
        self._folder(folder)
        chosen = self._chosen(uids, numbers)
        for reply in self._ask_many((f"DELE {number}" for number in chosen), self.client.read_reply):
            if reply.code != "+OK":
                raise reply_error(reply, "DELE", NotFoundError)
            self._deleted = True

    def save_attachments(
        self, uid: Uid | None, dest_dir: Any, *, folder: str | None = None, pattern: str | None = None
    ) -> tuple[Path, ...]:
        """Write a message's attachments into a folder."""
        mail = self.fetch(uid, folder=folder)
        return save_all(_named(mail.attachments), dest_dir, pattern=pattern)

    @stream("watch")
    def watch(self, *, folder: str | None = None, query: Query | str | None = None) -> Iterator[MailInfo]:
        """New messages as they arrive: a POP3 session sees none, so it logs in anew every half minute."""
        self._folder(folder)
        known = set(self._uidls().values())
        while True:
            self._deadline.pause(POLL)
            self.close()
            self._open()
            fresh = [info for info in self.list(limit=None, newest_first=False) if info.uid not in known]
            known.update(info.uid for info in fresh)
            for info in fresh:
                if query is None or (isinstance(query, Query) and query.matches(info, parse_headers(b""))):
                    yield info

    # -- what POP3 has not

    def _lacking(self, what: str) -> NoReturn:
        raise UnsupportedError(f"POP3 has no {what}", side="peer", hint="IMAP has")

    def folders(self, *, pattern: str = "*") -> tuple[Folder, ...]:
        """One folder: INBOX."""
        return (Folder("INBOX", None),) if fnmatch.fnmatchcase("INBOX", pattern.upper()) else ()

    def fetch_part(self, *_: Any, **__: Any) -> NoReturn:
        """POP3 has no parts."""
        self._lacking("parts of messages")

    def select(self, *_: Any, **__: Any) -> NoReturn:
        """POP3 has no folders to select."""
        self._lacking("folders")

    create_folder = append = move = copy = select

    def flag(self, *_: Any, **__: Any) -> NoReturn:
        """POP3 has no flags."""
        self._lacking("flags")


def _named(attachments: Iterable[Attachment]) -> list[tuple[str, bytes]]:
    return [(each.name or f"part-{place}", each.data) for place, each in enumerate(attachments, 1)]


class _Channel:
    """How SASL speaks POP3 (RFC 5034)."""

    def __init__(self, session: POP3Session) -> None:
        self.session = session
        self.initial_response = "SASL" in session._features

    def _step(self, line: str) -> sasl.Step:
        reply = self.session.client.ask(line)
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

    def start(self, mechanism: str, initial: bytes | None) -> sasl.Step:
        if initial is None:
            return self._step(f"AUTH {mechanism}")
        return self._step(f"AUTH {mechanism} {base64.b64encode(initial).decode('ascii') or '='}")

    def respond(self, data: bytes) -> sasl.Step:
        return self._step(base64.b64encode(data).decode("ascii"))

    def cancel(self) -> sasl.Step:
        return self._step("*")

    def login(self, user: str, password: str) -> sasl.Step:
        reply = self.session.client.ask(f"USER {user}")
        if reply.code != "+OK":
            return sasl.Step("refused", b"", reply_error(reply, "login", AuthError))
        return self._step(f"PASS {password}")
