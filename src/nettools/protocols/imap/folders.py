"""Folders: opening, listing and making them, their quotas and namespaces (RFC 3501 6.3, 2342, 5258, 6154, 9208).

Folders are opened read-only unless they are written to. Names are modified UTF-7 on the wire (UTF-8 where the server
takes nothing else), and text everywhere else.
"""

from __future__ import annotations

from nettools.errors import ReplyError, StaleError, UnsupportedError, UsageError
from nettools.frozen import replace
from nettools.parse.imap_data import encode_folder
from nettools.protocols.imap.client import Answer, Argument, Literal, astring
from nettools.protocols.imap.opening import PATIENCE, Conversation
from nettools.results import Folder, FolderStatus
from nettools.session import operation

__all__ = ["Mailbox"]

Spaces = tuple[tuple[str, str | None], ...]


class Mailbox(Conversation):
    """The folders of `IMAPSession`."""

    def _name(self, folder: str | None) -> str:
        name = folder if folder is not None else self.place.folder or "INBOX"
        if not isinstance(name, str) or not name:
            raise UsageError(f"{name!r} is no name of a folder")
        encode_folder(name)  # refuses what no name has
        return "INBOX" if name.upper() == "INBOX" else name

    def _wire_name(self, folder: str) -> Argument:
        if not self._utf8:
            return astring(encode_folder(folder))
        argument = astring(folder)
        return b'"' + folder.encode() + b'"' if isinstance(argument, Literal) and '"' not in folder else argument

    # -- opening

    def _arrive(self) -> None:
        """Log in, and open the folder of the URL in the same turn; whether it is there shows when it is used."""
        if self.place.folder is None or self._logged_in:
            self._log_in()
            return
        try:
            self._select(self._name(None))
        except ReplyError:
            if not self._logged_in:
                raise

    def select(
        self, folder: str | None = None, *, readonly: bool = True, uid_validity: int | None = None
    ) -> FolderStatus:
        """Open a folder, anew; what the server says of it. `unseen` is the number of the first unseen message.

        Raises:
            NotFoundError: there is no such folder. StaleError: another UIDVALIDITY than the one given.
        """
        return self._select_told(self.prepare(lambda: self._name(folder)), readonly, uid_validity)

    @operation("select")
    def _select_told(self, name: str, readonly: bool, uid_validity: int | None) -> FolderStatus:
        status = self._select(name, readonly, uid_validity)
        if status.highest_modseq is None and self._has("CONDSTORE"):  # dovecot keeps none until somebody wants it
            status = self._select(name, readonly, uid_validity, b"(CONDSTORE)")
        return status

    @operation("select")
    def _select(
        self, name: str, readonly: bool = True, uid_validity: int | None = None, *parameters: Argument
    ) -> FolderStatus:
        self._status, self._stale = None, False
        verb = b"EXAMINE" if readonly else b"SELECT"
        command: tuple[Argument, ...] = (verb, self._wire_name(name), *parameters)
        tag = self._log_in(*command)
        what = f"{verb.decode()} {name}"
        if tag is None:
            if self._utf8:
                command = (verb, self._wire_name(name), *parameters)
            self._exists = 0
            answer = self._run(*command, what=what)
        else:
            self._exists = 0
            answer = self._checked(self._sent_ahead(tag, command), what)
        status = self._opened(name, answer, readonly)
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

    def _sent_ahead(self, tag: str, command: tuple[Argument, ...]) -> Answer:
        """The answer to a command that went out with the login; sent again where the server has dropped it."""
        idle = self.options.times.idle
        if not self.client.sock.ready(PATIENCE if idle is None else min(PATIENCE, idle / 2)):
            self._trace.warn("the server dropped the command behind the login; it was sent again")
            tag = self.client.start(*command)
        return self.client.finish(tag)

    def _opened(self, name: str, answer: Answer, readonly: bool) -> FolderStatus:
        """What the responses to SELECT and EXAMINE say (RFC 3501 6.3.1)."""

        def number(code: str) -> int | None:
            return next((value for value in answer.codes(code) if isinstance(value, int)), None)

        flags = next(answer.of("flags"), ())
        permanent = next((value for value in answer.codes("PERMANENTFLAGS") if isinstance(value, tuple)), ())
        return FolderStatus(
            name=name,
            exists=self._exists,
            unseen=number("UNSEEN"),
            uid_next=number("UIDNEXT"),
            uid_validity=number("UIDVALIDITY"),
            flags=tuple(flags),
            permanent_flags=permanent,
            highest_modseq=number("HIGHESTMODSEQ"),
            readonly=readonly or answer.tagged.code == "READ-ONLY",
        )

    def _wanted_validity(self, name: str) -> int | None:
        return self.place.uid_validity if name == self._name(None) else None

    def _enter(self, folder: str | None, *, write: bool = False, refresh: bool = False) -> None:
        """Have a folder open, for reading at least; `refresh`: one that was open already is asked for its news.

        Raises:
            ReplyError: it is to be written to, and can only be read.
        """
        name, status = self._name(folder), self._status
        if status is not None and status.name == name and not (write and status.readonly):
            self._stale = True
            if refresh:
                self._news()
            return
        status = self._select(name, not write)
        if write and status.readonly:
            raise ReplyError(f"{name} can only be read", code="READ-ONLY", text="READ-ONLY")

    # -- what there is

    def folders(self, *, pattern: str = "*") -> tuple[Folder, ...]:
        """The folders whose names match; `*` matches anything, `%` anything within a level."""
        self.prepare(lambda: encode_folder(pattern))
        return self._folders(pattern)

    @operation("folders")
    def _folders(self, pattern: str) -> tuple[Folder, ...]:
        extra: tuple[Argument, ...] = ()
        if self._has("SPECIAL-USE") and self._has("LIST-EXTENDED"):
            extra = (b"RETURN", b"(SPECIAL-USE)")
        answer = self._run(b"LIST", b'""', self._wire_name(pattern), *extra, what="LIST", last=True)
        found: dict[str, Folder] = {}
        for folder in answer.of("list"):
            lowered = {flag.lower() for flag in folder.flags}
            if "\\nonexistent" in lowered:
                continue
            name = "INBOX" if folder.name.upper() == "INBOX" else folder.name
            found[name] = replace(folder, name=name)
        return tuple(sorted(found.values(), key=lambda each: (each.name != "INBOX", each.name)))

    def create_folder(self, name: str) -> None:
        """Make a folder."""
        self._create(self.prepare(lambda: self._name(name)))

    @operation("create")
    def _create(self, name: str) -> None:
        self._run(b"CREATE", self._wire_name(name), what=f"CREATE {name}", last=True)

    def delete_folder(self, name: str) -> None:
        """Remove a folder with all its messages; never twice."""

        def prepared() -> tuple[tuple[Argument, ...], str]:
            old = self._name(name or "")  # None would be the URL's, and may be INBOX
            return (b"DELETE", self._wire_name(old)), f"DELETE {old}"

        self._change(*self.prepare(prepared))

    def rename_folder(self, name: str, new_name: str) -> None:
        """Give a folder, and those within it, another name."""

        def prepared() -> tuple[tuple[Argument, ...], str]:
            old, new = self._name(name or ""), self._name(new_name or "")
            return (b"RENAME", self._wire_name(old), self._wire_name(new)), f"RENAME {old}"

        self._change(*self.prepare(prepared))

    @operation("change")
    def _change(self, command: tuple[Argument, ...], what: str) -> None:
        self._log_in()
        self._status = None  # it may be the one that is open
        with self.committed():
            self._run(*command, what=what, last=True)

    @operation("namespaces")
    def namespaces(self) -> tuple[Spaces | None, Spaces | None, Spaces | None]:
        """Where folders are (RFC 2342): personal, other users', shared; each pairs of prefix and delimiter, or None."""
        self._require("NAMESPACE")
        answer = self._run(b"NAMESPACE", last=True)
        return next(answer.of("namespace"), (None, None, None))

    @operation("quota")
    def quota(self, folder: str | None = None) -> dict[str, dict[str, tuple[int, int]]]:
        """How full a folder's quota roots are (RFC 9208): {root: {resource: (used, limit)}}, STORAGE in KiB."""
        self._require("QUOTA")
        answer = self._run(b"GETQUOTAROOT", self._wire_name(self._name(folder)), last=True)
        return dict(answer.of("quota"))

    @operation("identify")
    def identify(self, **fields: str) -> dict[str, str | None]:
        """Exchange names with the server (RFC 2971): what the client says of itself, and what the server does."""
        self._require("ID")
        words: list[Argument] = [astring(word) for pair in fields.items() for word in pair]
        simple = [word for word in words if isinstance(word, bytes)]
        answer = self._run(b"ID", b"(" + b" ".join(simple) + b")" if simple and len(simple) == len(words) else b"NIL")
        return next(answer.of("id"), {})

    def _require(self, capability: str) -> None:
        """Raise UnsupportedError where the server lacks an extension."""
        if not self._has(capability):
            raise UnsupportedError(f"the server has no {capability}", side="peer")
