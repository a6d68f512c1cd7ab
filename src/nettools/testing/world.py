"""The World: everything the fake servers serve, in memory, shared by all of them.

Mail sent by SMTP appears in IMAP and POP3; a file put by FTP is served by HTTP. Servers run in one thread and tests in
another, so every change takes the World's lock, and wakes whoever waits (`wait_for_mail`, IDLE) at once, without
polling. Knows no protocol.
"""

from __future__ import annotations

import datetime as dt
import email.message
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from nettools.testing import mail
from nettools.testing.change import Change
from nettools.testing.files import EPOCH, File, Files, now

__all__ = ["File", "Files", "Folder", "Group", "Mailbox", "Message", "World"]

SPECIAL_USES = {
    "INBOX": "",
    "Archive": "\\Archive",
    "Drafts": "\\Drafts",
    "Junk": "\\Junk",
    "Sent": "\\Sent",
    "Trash": "\\Trash",
}


# --- mail


@dataclass(slots=True)
class Message:
    """A message in a folder: UID, exact octets, flags and keywords, date of arrival."""

    uid: int
    raw: bytes
    flags: frozenset[str]
    internaldate: dt.datetime
    modseq: int = 1  # of its last change (RFC 7162)

    @property
    def subject(self) -> str:
        """The decoded Subject."""
        return mail.header(self.raw, "Subject")

    @property
    def text(self) -> str:
        """The plain text; that of the HTML if there is no other."""
        return mail.text(self.raw)

    @property
    def html(self) -> str:
        """The HTML, "" if there is none."""
        return mail.html(self.raw)

    def links(self) -> list[str]:
        """The URLs in its text and its HTML, decoded, in order, each once."""
        return mail.links(self.raw)


class Folder:
    """A folder: messages in ascending order of UID; a UID is never used twice."""

    def __init__(self, change: Change, special_use: str = "", uidvalidity: int = 1) -> None:
        self._change = change
        self.special_use = special_use
        self.uidvalidity = uidvalidity
        self.uidnext = 1
        self.modseq = 1  # the highest so far
        self.messages: list[Message] = []

    def __repr__(self) -> str:
        return f"<Folder of {len(self.messages)} messages>"

    def __len__(self) -> int:
        return len(self.messages)

    def __iter__(self) -> Iterator[Message]:
        return iter(self.messages)

    def __getitem__(self, place: int) -> Message:
        return self.messages[place]

    def append(
        self, raw: bytes | email.message.Message, *, flags: Iterable[str] = (), internaldate: dt.datetime | None = None
    ) -> Message:
        """Add a message, bytes or one of the email package's; its UID is the next one."""
        data = mail.octets(raw)
        with self._change:
            self.modseq += 1
            message = Message(self.uidnext, data, frozenset(flags), internaldate or now(), self.modseq)
            self.uidnext += 1
            self.messages = [*self.messages, message]
            return message

    def wait_for(self, missing: Callable[[Message], object], timeout: float) -> Message | None:
        """The first message in which nothing is missing, waiting for it so many seconds; None if none came."""
        return self._change.wait_for(lambda: next((each for each in self if not missing(each)), None), timeout)

    def incoming(self) -> dict[str, Folder]:
        """The folder where mail is looked for, by what to call it."""
        return {"the folder": self}

    def set_flags(self, uid: int, flags: Iterable[str]) -> None:
        """Replace the flags of a message."""
        with self._change:
            for message in self.messages:
                if message.uid == uid and message.flags != frozenset(flags):
                    self.modseq += 1
                    message.flags, message.modseq = frozenset(flags), self.modseq

    def remove(self, uids: Collection[int]) -> None:
        """Take messages out."""
        gone = set(uids)
        with self._change:
            self.modseq += 1
            self.messages = [message for message in self.messages if message.uid not in gone]


class Mailbox:
    """A user's folders by name, "/" between levels; INBOX is always there."""

    def __init__(self, change: Change, special_uses: Mapping[str, str] = SPECIAL_USES) -> None:
        self._change = change
        self.folders: dict[str, Folder] = {name: Folder(change, use) for name, use in special_uses.items()}
        self.subscribed: set[str] = set(self.folders)
        self.quota: int | None = None  # KiB of all folders together
        self._validity = 1

    @property
    def size(self) -> int:
        """Octets of all messages."""
        return sum(len(message.raw) for folder in self.folders.values() for message in folder.messages)

    def create(self, name: str) -> Folder:
        """Make a folder; one that was deleted and made again has another UIDVALIDITY."""
        with self._change:
            self._validity += 1
            self.folders[name] = Folder(self._change, uidvalidity=self._validity)
            return self.folders[name]

    def delete(self, name: str) -> None:
        """Remove a folder with its messages."""
        with self._change:
            del self.folders[name]

    def rename(self, source: str, target: str) -> None:
        """Rename a folder and those below it; INBOX is emptied into the new one and stays."""
        with self._change:
            if source == "INBOX":
                fresh, inbox = self.create(target), self.folders["INBOX"]
                fresh.messages, fresh.uidnext, fresh.modseq = inbox.messages, inbox.uidnext, inbox.modseq
                inbox.remove([message.uid for message in inbox.messages])
                return
            for name in [each for each in self.folders if each == source or each.startswith(f"{source}/")]:
                self.folders[target + name[len(source) :]] = self.folders.pop(name)

    def name_folders(self, special_uses: Mapping[str, str]) -> None:
        """Name the special folders so, with what is in them; empty ones that have no name here go."""
        with self._change:
            before = {folder.special_use: name for name, folder in self.folders.items() if folder.special_use}
            for name, use in special_uses.items():
                old = before.pop(use, None)
                self.folders[name] = self.folders.get(name) or (
                    self.folders.pop(old) if old is not None else Folder(self._change, use)
                )
            for name in before.values():
                if not self.folders[name].messages:
                    del self.folders[name]
            self.subscribed = self.subscribed & set(self.folders) | set(special_uses)


# --- news


@dataclass(slots=True)
class Group:
    """A newsgroup: articles by number, the times when they arrived, and when the group was made."""

    name: str
    description: str = ""
    posting: str = "y"
    articles: dict[int, bytes] = field(default_factory=dict)
    arrived: dict[int, dt.datetime] = field(default_factory=dict)
    created: dt.datetime = EPOCH
    last: int = 0  # the highest number that was ever given; none is used twice

    def add(self, raw: bytes) -> int:
        """Add an article; its number is the next one."""
        self.last = max(self.last, max(self.articles, default=0)) + 1
        self.arrived[self.last] = now()
        self.articles[self.last] = bytes(raw)
        return self.last


# --- all of it


class World:
    """Users, mail, files and news; begins with user alice (password secret), a few files, and the group local.test.

    `files`, `groups` and `users` are mappings; `inbox("alice")` a folder; `wait_for_mail` waits for what a test
    expects. `routes` is what the web server answers on a path: a function of the request, or the answer itself.
    """

    def __init__(self) -> None:
        self.change = Change()
        self.users: dict[str, str] = {}
        self.tokens: dict[str, str] = {}
        self._special_uses: Mapping[str, str] = SPECIAL_USES
        self.mail: dict[str, Mailbox] = {}
        self.files = Files(self.change)
        self.routes: dict[str, Any] = {}
        self.groups: dict[str, Group] = {"local.test": Group("local.test", "A group to test with")}
        self.add_user("alice", "secret")
        for name, data in _FIRST_FILES.items():
            self.files.put(name, data, EPOCH)

    def add_user(self, name: str, password: str, *, token: str | None = None) -> Mailbox:
        """Add a user with an empty mailbox; `token` is what OAuth mechanisms accept (default: `token-of-NAME`)."""
        with self.change:
            self.users[name] = password
            self.tokens[name] = token or f"token-of-{name}"
            return self.mail.setdefault(name, Mailbox(self.change, self._special_uses))

    def name_folders(self, special_uses: Mapping[str, str]) -> None:
        """Name the special folders of all users so, those to come too: `{"INBOX": "", "Sent Items": "\\\\Sent"}`."""
        with self.change:
            self._special_uses = {"INBOX": "", **special_uses}
            for mailbox in self.mail.values():
                mailbox.name_folders(self._special_uses)

    def check_password(self, name: str, password: str) -> bool:
        """Whether this is the user's password."""
        return name in self.users and self.users[name] == password

    def user_of(self, address: str) -> str | None:
        """Whose mail an address is: NAME at any domain, whatever the case; None for nobody's."""
        local = address.rpartition("@")[0] or address
        local = local.strip('"').lower()
        return next((name for name in self.users if name.lower() == local), None)

    def folder(self, user: str, name: str = "INBOX") -> Folder:
        """A folder of a user's.

        Raises:
            KeyError: there is no such user or folder; it says which there are.
        """
        if user not in self.mail:
            raise KeyError(f"there is no user {user!r}, but {', '.join(self.mail)}")
        folders = self.mail[user].folders
        if name not in folders:
            raise KeyError(f"{user} has no folder {name!r}, but {', '.join(folders)}")
        return folders[name]

    def inbox(self, user: str) -> Folder:
        """A user's INBOX."""
        return self.folder(user)

    def deliver(self, address: str, raw: bytes | email.message.Message) -> Message:
        """Put a message into the INBOX of the user whose address it is.

        Raises:
            KeyError: it is nobody's.
        """
        user = self.user_of(address)
        if user is None:
            raise KeyError(f"{address} is nobody's address: users are {', '.join(self.users)}")
        return self.inbox(user).append(raw)

    def listen(self, listener: Callable[[], None]) -> Callable[[], None]:
        """Have a function called after every change; returns the function that ends that."""
        with self.change.condition:  # no change itself: nobody is told
            self.change.listeners.append(listener)

        def stop() -> None:
            with self.change.condition:
                self.change.listeners.remove(listener)

        return stop

    def wait_for(self, missing: Callable[[Message], object], timeout: float) -> Message | None:
        """The first message of any INBOX in which nothing is missing, waiting so many seconds; None if none came."""

        def look() -> Message | None:
            messages = (message for folder in self.incoming().values() for message in folder)
            return next((each for each in messages if not missing(each)), None)

        return self.change.wait_for(look, timeout)

    def incoming(self) -> dict[str, Folder]:
        """The INBOX of every user, by what to call it."""
        return {f"{user}'s INBOX": mailbox.folders["INBOX"] for user, mailbox in self.mail.items()}

    def wait_for_mail(
        self,
        *,
        to: str | None = None,
        subject: str | None = None,
        user: str = "alice",
        folder: str = "INBOX",
        timeout: float = 5.0,
    ) -> Message:
        """The first message that fits, waiting for it at most `timeout` seconds.

        Args:
            to: contained in To, Cc or Bcc. subject: contained in the decoded Subject.

        Raises:
            TimeoutError: none came; the message lists those that are there.
        """
        wanted, where = mail.Wanted(to=to, subject=subject), self.folder(user, folder)
        found = where.wait_for(wanted.missing, timeout)
        if found is None:
            named = f"{user}'s {folder}"
            raise TimeoutError(f"within {timeout:g} s: {wanted.difference({named: where})}")
        return found


_FIRST_FILES = {
    "pub/hello.txt": b"Hello, world.\n",
    "pub/index.html": b'<!DOCTYPE html>\n<title>A page</title>\n<p><a href="hello.txt">Hello</a></p>\n',
    "pub/data.json": b'{"hello": "world"}\n',
    "pub/bytes.bin": bytes(range(256)) * 64,
    "pub/empty.txt": b"",
    "pub/pixel.png": bytes.fromhex(
        "89504e470d0a1a0a0000000d4948445200000001000000010806000000"
        "1f15c4890000000d49444154789c6360606060000000050001a5f645400000000049454e44ae426082"
    ),
    "pub/sub/deep.txt": b"Further down.\n",
    "pub/sub/with space.txt": b"A name with a space.\n",
    "pub/grüße.txt": "Grüße.\n".encode(),
}
