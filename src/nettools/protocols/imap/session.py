"""A conversation with an IMAP server: greeting, STARTTLS, login, folders (RFC 3501, 9051, and what servers announce).

What is done with messages is in `messages`. Folders are opened read-only unless they are written to, names are modified
UTF-7 on the wire only, and what the server tells unasked (EXISTS, capabilities) is taken note of, not asked for again.
"""

from __future__ import annotations

import base64
from typing import Any

from nettools import sasl
from nettools.errors import AuthError, DisconnectedError, ReplyError, StaleError, TLSError, UsageError
from nettools.parse.imap_data import encode_folder, parse_response
from nettools.protocols.imap.address import Place, parse_path
from nettools.protocols.imap.client import Answer, Argument, IMAP4Client, astring
from nettools.protocols.imap.errors import refusal
from nettools.results import Folder, FolderStatus, Reply
from nettools.session import Session, operation
from nettools.wire.text import check

__all__ = ["Mailbox"]


class Mailbox(Session):
    """The connection and the folders of `IMAPSession`."""

    client: IMAP4Client

    def __init__(self, target: Any, options: Any) -> None:
        self.place: Place = parse_path(target.path)
        super().__init__(target, options)
        self._names: tuple[str, ...] | None = None
        self._status: FolderStatus | None = None
        self._exists = 0

    @property
    def url_uid(self) -> str | None:
        """The UID that the URL names."""
        return self.place.uid

    # -- opening

    def _establish(self) -> None:
        self._names = self._status = None
        with self.connecting():
            sock = self._connect()
            with self._trace.span("greeting"):
                self.client = IMAP4Client(self.target.host, self.target.port, dialer=lambda host, port: sock)
                self.client.max_size = self.options.max_size
                greeting = self.client.greeting
                assert greeting is not None
                if greeting.status == "BYE":
                    raise DisconnectedError(f"the server said goodbye: {greeting.text or 'BYE'}")
                if greeting.status not in ("OK", "PREAUTH"):
                    raise ReplyError(f"greeting: {greeting.text or greeting.status}", code=greeting.status)
                self._learn(Answer(greeting, ()))
            known_in = greeting.status == "PREAUTH"
            if known_in and self.upgrade_required:
                raise TLSError(
                    "TLS is required, and the server says that the login is done already (PREAUTH)",
                    hint="somebody in between may have said so: nothing was sent",
                    exit_code=64,
                )
            if self._names is None:
                self._ask_capabilities()
            if not known_in and self.upgrade_wanted("STARTTLS" in self.capabilities):
                self._starttls()
        if not known_in:
            with self._trace.span("login"):
                self._login()
        self.client.state = "AUTH"

    def _ask_capabilities(self) -> None:
        self._learn(self._run(b"CAPABILITY"))
        if self._names is None:
            self._set_names(())

    def _learn(self, answer: Answer) -> None:
        """Take note of capabilities wherever they are told, and of how many messages there are."""
        for value in answer.codes("CAPABILITY"):
            if isinstance(value, tuple):
                self._set_names(value)
        for names in answer.of("capability"):
            self._set_names(names)
        for count in answer.of("exists"):
            self._exists = count

    def _set_names(self, names: tuple[str, ...]) -> None:
        self._names = tuple(name.upper() for name in names)
        self.client.capabilities = self._names

    def _starttls(self) -> None:
        with self._trace.span("tls"):
            answer = self.client.execute(b"STARTTLS")
            if answer.tagged.status != "OK":
                raise self.upgrade_refused(None, answer.tagged.text)
            client = self.client
            client.sock = self.dialer.context.wrap_socket(client.sock, server_hostname=self.target.host)
            client.file = client.sock.makefile("rb")
            client._tls_established = True  # type: ignore[attr-defined]
            self.upgraded(client.sock)
            self._names = None  # RFC 3501 6.2.1: what was announced before is forgotten
            self._ask_capabilities()

    def _login(self) -> None:
        if self.auth is None:
            raise AuthError("IMAP needs a login", hint="give auth=(user, password), or -u USER")
        names = self._names or ()
        self._names = None
        try:
            sasl.authenticate(
                _Channel(self, "SASL-IR" in names),
                self.auth,
                [name[5:] for name in names if name.startswith("AUTH=")],
                target=self.target,
                private=self.private,
                tls=self.tls is not None,
                client_certificate=self.options.security.cert is not None,
                native=self.auth.token is None and "LOGINDISABLED" not in names,
                mask=self._trace.add_secret,
            )
        finally:
            learned = self._names
            self._set_names(names if learned is None else learned)
        if learned is None:
            self._names = None
            self._ask_capabilities()

    def _goodbye(self) -> None:
        self.client.execute(b"LOGOUT")

    # -- commands

    def _run(self, *arguments: Argument, what: str = "") -> Answer:
        """A command that must succeed."""
        answer = self.client.execute(*arguments)
        self._learn(answer)
        if answer.tagged.status != "OK":
            first = arguments[0]
            raise refusal(answer.tagged, what or (first.decode() if isinstance(first, bytes) else "the command"))
        return answer

    @property
    def capabilities(self) -> frozenset[str]:
        return frozenset(self._names or ())

    def capability(self, name: str) -> str | None:
        """The values of a capability such as AUTH= joined, "" for one without, None where it was not announced."""
        name = name.upper()
        values = [each[len(name) + 1 :] for each in self._names or () if each.startswith(f"{name}=")]
        if values:
            return " ".join(values)
        return "" if name in self.capabilities else None

    @operation("command")
    def command(self, line: str, *, multiline: bool | None = None) -> Reply:
        """Send one command, without its tag, and give the status with the untagged responses as lines.

        Raises:
            ReplyError: the server answered NO or BAD.
        """
        del multiline
        verb = line.split(" ", 1)[0].upper()
        if verb in ("IDLE", "AUTHENTICATE", "STARTTLS", "LOGOUT", "COMPRESS"):
            raise UsageError(f"{verb} is not for command(): the session does it")
        client = self.client
        tag = client.start(check(line, "a command").encode("utf-8", "surrogateescape"))
        lines: list[bytes] = []
        read = client._read_octets
        while True:
            octets = read()
            if octets.startswith(tag.encode() + b" "):
                break
            lines.append(octets.removeprefix(b"* "))
        tagged = parse_response(octets)
        if verb in ("SELECT", "EXAMINE", "CLOSE", "UNSELECT"):
            self._status = None
        if tagged.status != "OK":
            raise refusal(tagged, verb)
        return Reply("OK", tagged.text or "", tuple(lines))

    @operation("ping")
    def ping(self) -> None:
        """NOOP: the connection is alive, or made anew."""
        self._run(b"NOOP")

    # -- folders

    def _name(self, folder: str | None) -> str:
        name = folder if folder is not None else self.place.folder or "INBOX"
        return "INBOX" if name.upper() == "INBOX" else name

    def _wire_name(self, folder: str) -> Argument:
        return astring(encode_folder(folder))

    @operation("select")
    def select(
        self, folder: str | None = None, *, readonly: bool = True, uid_validity: int | None = None
    ) -> FolderStatus:
        """Open a folder, anew; what the server says of it.

        Raises:
            NotFoundError: there is no such folder. StaleError: another UIDVALIDITY than the one given.
        """
        self._status = None
        name = self._name(folder)
        verb = b"EXAMINE" if readonly else b"SELECT"
        self._exists = 0
        answer = self._run(verb, self._wire_name(name), what=f"{verb.decode()} {name}")

        def number(code: str) -> int | None:
            return next((value for value in answer.codes(code) if isinstance(value, int)), None)

        flags = next(answer.of("flags"), ())
        permanent = next((value for value in answer.codes("PERMANENTFLAGS") if isinstance(value, tuple)), ())
        tagged = answer.tagged.code
        status = FolderStatus(
            name=name,
            exists=self._exists,
            unseen=number("UNSEEN"),
            uid_next=number("UIDNEXT"),
            uid_validity=number("UIDVALIDITY"),
            flags=tuple(flags),
            permanent_flags=permanent,
            highest_modseq=number("HIGHESTMODSEQ"),
            readonly=readonly or tagged == "READ-ONLY",
        )
        wanted = uid_validity if uid_validity is not None else self._wanted_validity(name)
        if wanted is not None and status.uid_validity != wanted:
            raise StaleError(
                f"{name} has another UIDVALIDITY: {status.uid_validity}, not {wanted}",
                code="UIDVALIDITY",
                text=str(status.uid_validity),
                hint="its UIDs are not those that you know: list it anew",
            )
        self._status = status
        self.client.state = "SELECTED"
        return status

    def _wanted_validity(self, name: str) -> int | None:
        return self.place.uid_validity if name == self._name(None) else None

    def _enter(self, folder: str | None, *, write: bool = False) -> bool:
        """Have a folder open, for reading at least; whether it was open already."""
        name, status = self._name(folder), self._status
        if status is not None and status.name == name and not (write and status.readonly):
            return True
        status = self.select(name, readonly=not write)
        if write and status.readonly:
            raise ReplyError(f"{name} can only be read", code="READ-ONLY", text="READ-ONLY")
        return False

    @operation("folders")
    def folders(self, *, pattern: str = "*") -> tuple[Folder, ...]:
        """The folders whose names match; `*` matches anything, `%` anything within a level."""
        extra: tuple[Argument, ...] = ()
        if "SPECIAL-USE" in self.capabilities and "LIST-EXTENDED" in self.capabilities:
            extra = (b"RETURN", b"(SPECIAL-USE)")
        answer = self._run(b"LIST", b'""', self._wire_name(pattern), *extra, what="LIST")
        found: dict[str, Folder] = {}
        for folder in answer.of("list"):
            lowered = {flag.lower() for flag in folder.flags}
            if "\\nonexistent" in lowered:
                continue
            name = "INBOX" if folder.name.upper() == "INBOX" else folder.name
            found[name] = Folder(name, folder.delimiter, folder.flags, folder.special_use)
        return tuple(sorted(found.values(), key=lambda each: (each.name != "INBOX", each.name)))

    @operation("create")
    def create_folder(self, name: str) -> None:
        """Make a folder."""
        self._run(b"CREATE", self._wire_name(name), what=f"CREATE {name}")


class _Channel:
    """How SASL speaks IMAP (RFC 3501 6.2.2, RFC 4959)."""

    def __init__(self, session: Mailbox, initial_response: bool) -> None:
        self.session = session
        self.initial_response = initial_response
        self.tag = ""
        self.spoken = False

    def _step(self) -> sasl.Step:
        client = self.session.client
        untagged = []
        while True:
            response = client.read_response()
            if response.kind == "continuation":
                return sasl.Step("challenge", (response.text or "").encode("ascii", "replace"))
            if response.tag != self.tag:
                if response.status == "BYE":
                    raise DisconnectedError(f"the server said goodbye: {response.text or 'BYE'}")
                untagged.append(response)
                continue
            answer = Answer(response, tuple(untagged))
            if response.status == "OK":
                self.session._learn(answer)
                return sasl.Step("ok")
            error = refusal(response, "login", kind=AuthError)
            if not isinstance(error, AuthError):
                raise error
            if error.temporary:
                raise ReplyError(error.message, code=error.code, text=error.text, temporary=True, reply=error.reply)
            coded = (
                "AUTHENTICATIONFAILED" in error.text or "AUTHORIZATIONFAILED" in error.text or "EXPIRED" in error.text
            )
            refused = coded or (response.status == "NO" and self.spoken)
            return sasl.Step("refused" if refused else "unusable", b"", error)

    def _say(self, line: bytes) -> sasl.Step:
        self.session.client.sock.sendall(line + b"\r\n")
        return self._step()

    def start(self, mechanism: str, initial: bytes | None) -> sasl.Step:
        client = self.session.client
        self.spoken = initial is not None
        more = () if initial is None else (base64.b64encode(initial) or b"=",)
        self.tag = client.start(b"AUTHENTICATE", mechanism.encode("ascii"), *more)
        return self._step()

    def respond(self, data: bytes) -> sasl.Step:
        self.spoken = True
        return self._say(base64.b64encode(data))

    def cancel(self) -> sasl.Step:
        self.spoken = False
        return self._say(b"*")

    def login(self, user: str, password: str) -> sasl.Step:
        client = self.session.client
        self.spoken = True
        answer = client.execute(b"LOGIN", astring(user), astring(password))
        if answer.tagged.status == "OK":
            self.session._learn(answer)
            return sasl.Step("ok")
        error = refusal(answer.tagged, "login", kind=AuthError)
        if not isinstance(error, AuthError) or error.temporary:
            raise error
        return sasl.Step("refused", b"", error)
