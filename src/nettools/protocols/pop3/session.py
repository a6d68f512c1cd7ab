"""Messages by POP3 (RFC 1939): one folder, INBOX, and messages by number or UIDL.

RETRs and DELEs are in flight together where the server takes PIPELINING (RFC 2449 6.6), and read one at a time. How the
conversation begins and ends is `opening`'s business, which messages there are `listing`'s, backups `keeping`'s.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, NoReturn

from nettools import results
from nettools.errors import NotFoundError, ReplyError, UnsupportedError, UsageError
from nettools.parse import message
from nettools.parse.message import deferred_mail
from nettools.protocols.pop3.errors import reply_error
from nettools.protocols.pop3.keeping import Keeper
from nettools.protocols.pop3.listing import Numbers
from nettools.protocols.pop3.meant import Meant, headers_only
from nettools.session import operation, stream
from nettools.wire.text import check

if TYPE_CHECKING:
    from pathlib import Path

    from nettools.query import Query
    from nettools.results import Folder, Mail, MailInfo, Transfer

__all__ = ["POP3Session"]

POLL = 30.0  # seconds between two looks of `watch`: POP3 has no other way

Uid = str | int


class POP3Session(Keeper):
    """`connect("pop3://...")`: `list search fetch fetch_many fetch_part fetch_to save delete watch`, and more."""

    # -- reading

    def fetch(
        self, uid: Uid | None = None, *, number: int | None = None, folder: str | None = None, mark_seen: bool = False
    ) -> Mail:
        """One whole message; see `fetch_mail`. POP3 keeps no flags: `mark_seen` changes nothing."""
        del mark_seen
        return self._fetch(self._meant(folder, uid, number).one())

    @operation("fetch")
    def _fetch(self, meant: Meant) -> Mail:
        return next(self._mails(self._chosen(meant)))

    def fetch_many(
        self, uids: Any = None, *, numbers: Any = None, folder: str | None = None, mark_seen: bool = False
    ) -> Iterator[Mail]:
        """Many whole messages, one by one; all when none are named."""
        del mark_seen
        return self._fetch_many(self._meant(folder, uids, numbers))

    @stream("fetch")
    def _fetch_many(self, meant: Meant) -> Iterator[Mail]:
        yield from self._mails(self._chosen(meant, all_if_none=True))

    def _mails(self, numbers: Numbers) -> Iterator[Mail]:
        known = self._uidls()
        answers = self._ask_many([f"RETR {number}" for number in numbers], self._message)
        for number, raw in zip(numbers, answers, strict=True):
            if isinstance(raw, ReplyError):
                raise raw
            yield deferred_mail(raw, uid=known.get(number, str(number)), number=number, folder="INBOX")

    def fetch_part(
        self,
        uid: Uid | None = None,
        *,
        number: int | None = None,
        section: str = "",
        partial: tuple[int, int | None] | None = None,
        folder: str | None = None,
    ) -> bytes:
        """The octets of a whole message (`section` ""), of its HEADER or its TEXT, or a piece of them.

        Raises:
            UnsupportedError: another section; POP3 has no parts of messages.
        """
        name = check(section, "section=").upper()
        if name not in ("", "HEADER", "TEXT"):
            raise UnsupportedError(f"POP3 has no section {section!r}", side="peer", hint="IMAP has")
        start, count = self.prepare(lambda: _piece(partial))
        octets = self._fetch_part(self._meant(folder, uid, number).one(), name)
        return octets[start:] if count is None else octets[start : start + count]

    @operation("fetch")
    def _fetch_part(self, meant: Meant, name: str) -> bytes:
        numbers = self._chosen(meant)
        answers = self._heads(numbers) if name == "HEADER" else self._ask_many([f"RETR {numbers[0]}"], self._message)
        octets = next(answers)
        if isinstance(octets, ReplyError):
            raise octets
        body = message.split_message(octets)[1]
        return body if name == "TEXT" else octets[: len(octets) - len(body)] if name == "HEADER" else octets

    def fetch_to(
        self, dest: Any, uid: Uid | None = None, *, number: int | None = None, folder: str | None = None
    ) -> Transfer:
        """One whole message into a file, as it is, in flat memory; a folder gets it as UID.eml."""
        return self._fetch_to(dest, self._meant(folder, uid, number).one())

    @operation("fetch")
    def _fetch_to(self, dest: Any, meant: Meant) -> Transfer:
        from nettools.files import Destination  # only who writes files pays for it

        (number,) = self._chosen(meant)
        uid = self._uidls().get(number, str(number))
        with Destination(dest, name=f"{uid}.eml", url=self.url, max_size=self.options.file_limit) as destination:
            reply = self.client.ask(f"RETR {number}")
            if reply.code != "+OK":
                raise reply_error(reply, "RETR", NotFoundError)
            destination.open()
            for block in self.client.read_body():
                destination.write(block)
                self.progress(destination.written, None)
            self.progress(destination.written, destination.written, final=True)
            return destination.commit()

    def save_attachments(
        self, uid: Uid | None, dest_dir: Any, *, folder: str | None = None, pattern: str | None = None
    ) -> tuple[Path, ...]:
        """Write a message's attachments into a folder."""
        from nettools import files  # only who writes files pays for it

        wanted = self.prepare(lambda: files.matcher(pattern))
        return files.save_attachments(self.fetch(uid, folder=folder).attachments, dest_dir, wanted)

    # -- deleting

    def delete(self, uids: Any = None, *, numbers: Any = None, folder: str | None = None) -> None:
        """Delete messages; it takes effect when the session is closed, and is an error then if it does not."""
        meant = self._meant(folder, uids, numbers)
        if meant.uids is None and meant.numbers is None and meant.query is None:
            raise UsageError("name a message, by uid or number=")
        self._delete(meant)

    @operation("delete")
    def _delete(self, meant: Meant) -> None:
        new = self._uids is None
        chosen = self._chosen(meant)
        if new and meant.uids is not None and not self._identified:
            raise UnsupportedError(
                "the server has no UIDL: a number may be another message's by now",
                side="peer",
                hint="numbers= or --number, or list and delete over one connection",
            )
        answers = self._ask_many([f"DELE {number}" for number in chosen], self.client.read_reply)
        for number, reply in zip(chosen, answers, strict=True):
            if reply.code != "+OK":
                raise reply_error(reply, f"DELE {number}", NotFoundError)
            self._deleted = True
            self._uidls().pop(number, None)

    # -- waiting

    def watch(self, *, folder: str | None = None, query: Query | str | None = None) -> Iterator[MailInfo]:
        """New messages as they arrive: a POP3 session sees none, so it logs in anew every half minute."""
        self._meant(folder, None, None)
        return self._watch(self.prepare(lambda: headers_only(query)))

    @stream("watch")
    def _watch(self, query: Query | None) -> Iterator[MailInfo]:
        known = set(self._uidls().values())
        while True:
            self._deadline.pause(POLL)
            self._end()
            self._open()
            sizes, uids = self._both()
            fresh = sorted(number for number in sizes if uids.get(number) not in known)
            known.update(uids.values())
            yield from [*self._infos(fresh, sizes, query)]

    # -- what POP3 has not

    def folders(self, *, pattern: str = "*") -> tuple[Folder, ...]:
        """One folder: INBOX."""
        from fnmatch import fnmatchcase

        return (results.Folder("INBOX", None),) if fnmatchcase("INBOX", check(pattern, "pattern=").upper()) else ()

    def select(self, *_: Any, **__: Any) -> NoReturn:
        """POP3 has no folders to select."""
        raise UnsupportedError("POP3 has no folders", side="peer", hint="IMAP has")

    create_folder = delete_folder = rename_folder = append = move = copy = select

    def flag(self, *_: Any, **__: Any) -> NoReturn:
        """POP3 has no flags."""
        raise UnsupportedError("POP3 has no flags", side="peer", hint="IMAP has")


def _piece(partial: tuple[int, int | None] | None) -> tuple[int, int | None]:
    start, count = partial or (0, None)
    if start < 0 or (count is not None and count < 0):
        raise UsageError("partial= is an offset and a count of octets, or None for the rest")
    return start, count
