"""One IMAP connection's state, and what every command handler has to work with.

Handlers are plain functions `(session, cursor) -> text of the tagged OK`. They add untagged responses with `send`, and
refuse with `No`, or with `Malformed` for BAD. They live in `folders`, `listing` and `messages` by what they act on;
`commands` is the table of them. Everything a command answers leaves in one write: no handler touches the connection.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from weakref import WeakKeyDictionary

from nettools.testing.imap.grammar import Malformed
from nettools.testing.imap.view import View
from nettools.testing.sasl import Accounts
from nettools.testing.world import Folder, Mailbox, World


class No(Exception):  # noqa: N818  # a refusal on its way out
    """The command was understood and is refused; `code` is the response code without its brackets."""

    def __init__(self, text: str, code: str = "") -> None:
        super().__init__(text)
        self.text = f"[{code}] {text}" if code else text


@dataclass
class Session:
    """The state of RFC 3501 section 3, the responses of the command in progress, and what was enabled.

    `reported` is the server's: the highest UID of each folder that some session was told of, for \\Recent.
    """

    world: World
    capabilities: tuple[str, ...]
    accounts: Accounts
    reported: WeakKeyDictionary[Folder, int]
    user: str | None = None
    view: View | None = None
    utf8: bool = False
    condstore: bool = False
    compressing: bool = False
    tag: str = ""
    responses: list[bytes] = field(default_factory=list)

    @property
    def mailbox(self) -> Mailbox:
        """The user's folders."""
        assert self.user is not None  # the table lets nobody in who is not logged in
        return self.world.mail[self.user]

    @property
    def selected(self) -> View:
        """The selected folder."""
        assert self.view is not None  # the table lets nobody in who has nothing selected
        return self.view

    @property
    def writable(self) -> View:
        """The selected folder, if it may be changed."""
        if self.selected.readonly:
            raise No("The folder was opened by EXAMINE", "READ-ONLY")
        return self.selected

    def send(self, line: bytes) -> None:
        """Add an untagged response, without its "* " and line end."""
        self.responses.append(b"* " + line + b"\r\n")

    def room(self, octets: int) -> None:
        """Refuse what would go over the quota (RFC 9208 section 4.3.1)."""
        quota = self.mailbox.quota
        if quota is not None and self.mailbox.size + octets > quota * 1024:
            raise No("The mailbox is full", "OVERQUOTA")

    def logged_in(self, user: str) -> str:
        """Note who it is and return the reply's text, with the capabilities that hold from now on."""
        self.user = user
        self.capabilities = tuple(
            name for name in self.capabilities if name not in ("STARTTLS", "LOGINDISABLED") and name[:5] != "AUTH="
        )
        return f"[CAPABILITY {' '.join(self.capabilities)}] Logged in"

    def require(self, capability: str) -> None:
        """Refuse a command or an option whose capability is switched off."""
        if capability not in self.capabilities:
            raise Malformed("unknown command or option")

    def use_condstore(self) -> None:
        """Tell of MODSEQ from now on, beginning with the highest of the selected folder (RFC 7162 section 3.1)."""
        self.require("CONDSTORE")
        if not self.condstore and self.view is not None:
            self.send(b"OK [HIGHESTMODSEQ %d] Highest" % self.view.folder.modseq)
        self.condstore = True

    def folder(self, name: str, *, create_hint: bool = False) -> Folder:
        """Return a folder of the user's; TRYCREATE is for commands that put messages into it (RFC 3501 section 7.1)."""
        folder = self.mailbox.folders.get(name)
        if folder is None:
            raise No("No such folder", "TRYCREATE" if create_hint else "NONEXISTENT")
        return folder

    def recent(self, folder: Folder, *, peek: bool = False) -> set[int]:
        """Return the UIDs that no session was told of yet; unless `peek`, this one has been now."""
        reported = self.reported.get(folder, 0)
        uids = {message.uid for message in folder.messages if message.uid > reported}
        if uids and not peek:
            self.reported[folder] = max(uids)
        return uids
