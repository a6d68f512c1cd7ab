"""Changing messages: append, copy, move, flag, delete; never more than those named, and nothing twice.

What the server may have done when its answer is lost is not tried again (`committed`). Deletion is UID EXPUNGE
(RFC 4315); where that is missing, other messages that are marked lose their mark while EXPUNGE runs.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from nettools.errors import StaleError, TooLargeError, UsageError
from nettools.protocols.imap.address import Meant, uid_sets
from nettools.protocols.imap.client import Answer, Argument, Literal
from nettools.protocols.imap.reading import Reader
from nettools.protocols.imap.values import expand, flag_list, moment
from nettools.session import operation
from nettools.wire.text import check_count

if TYPE_CHECKING:
    from nettools.protocols.imap.fetching import Numbers

__all__ = ["Writer"]

Texts = list[str]
Options = list[Argument]
Changes = list[tuple[bytes, bytes]]  # items of STORE, and flags


class Writer(Reader):
    """The part of `IMAPSession` that changes things."""

    def append(
        self,
        message: Any,
        *,
        folder: str | None = None,
        flags: str | Iterable[str] = (),
        date: dt.datetime | None = None,
    ) -> str | None:
        """Put a message into a folder, never twice; the new UID where the server tells it (RFC 4315)."""

        def prepared() -> tuple[str, list[Argument], bytes]:
            from nettools.parse.compose import wire_octets  # only who writes pays for it

            options: list[Argument] = [flag_list(flags)] if flags else []
            if date is not None:
                options.append(moment(date))
            return self._name(folder), options, wire_octets(message)

        return self._append(*self.prepare(prepared))

    @operation("append")
    def _append(self, name: str, options: Options, octets: bytes) -> str | None:
        self._log_in()
        limit = self._append_limit()
        if limit is not None and len(octets) > limit:
            raise TooLargeError(f"the message has {len(octets)} octets; the server takes {limit}")
        literal = Literal(octets, b")", b"UTF8 (~") if self._utf8 else Literal(octets)  # RFC 6855 4
        with self.committed():
            answer = self._run(b"APPEND", self._wire_name(name), *options, literal, what=f"APPEND {name}")
        for value in answer.codes("APPENDUID"):
            if isinstance(value, tuple) and len(value) == 2:
                return str(value[1])
        return None

    def _append_limit(self) -> int | None:
        """The greatest message that the server takes, where it says so (RFC 7889)."""
        limits = [name[12:] for name in self._names or () if name.startswith("APPENDLIMIT=")]
        return int(limits[0]) if limits and limits[0].isascii() and limits[0].isdigit() else None

    def _several(self, uids: Any, numbers: Any) -> Meant:
        """Messages that are named, or the URL's.

        Raises:
            UsageError: none.
        """
        meant = Meant.of(self.place.uid if uids is None and numbers is None else uids, numbers)
        if meant.named is None and meant.query is None:
            raise UsageError("name messages, by uids or numbers=", hint="a Query in place of uids names what it finds")
        return meant

    def _existing(self, meant: Meant, name: str, *, write: bool) -> Numbers:
        """The UIDs of messages, which are all there; the folder is open then."""
        self._enter(name, write=write, refresh=meant.query is not None)
        return [row.uid for row in self._sizes(self._found(meant)) if row.uid is not None]

    # -- elsewhere

    def copy(
        self, uids: Any = None, to_folder: str = "", *, numbers: Any = None, folder: str | None = None
    ) -> tuple[str, ...]:
        """Copy messages to another folder; the new UIDs where the server tells them."""
        return self._copy(*self.prepare(lambda: self._way(uids, numbers, folder, to_folder)))

    def move(
        self, uids: Any = None, to_folder: str = "", *, numbers: Any = None, folder: str | None = None
    ) -> tuple[str, ...]:
        """Move messages to another folder (RFC 6851; else copied, then deleted); the new UIDs where told."""
        return self._move(*self.prepare(lambda: self._way(uids, numbers, folder, to_folder)))

    def _way(self, uids: Any, numbers: Any, folder: str | None, to_folder: str) -> tuple[Meant, str, str]:
        """Which messages, from where, and to where."""
        if not to_folder:
            raise UsageError("name the folder that the messages go to")
        return self._several(uids, numbers), self._name(folder), self._name(to_folder)

    @operation("copy")
    def _copy(self, meant: Meant, name: str, to_folder: str) -> tuple[str, ...]:
        return self._transfer(b"COPY", self._existing(meant, name, write=False), to_folder)

    @operation("move")
    def _move(self, meant: Meant, name: str, to_folder: str) -> tuple[str, ...]:
        wanted = self._existing(meant, name, write=True)
        if self._has("MOVE"):
            return self._transfer(b"MOVE", wanted, to_folder)
        new = self._transfer(b"COPY", wanted, to_folder)
        self._delete(wanted)
        return new

    def _transfer(self, verb: bytes, wanted: Numbers, name: str) -> tuple[str, ...]:
        new: Texts = []
        target = self._wire_name(name)
        for each in uid_sets(wanted):
            with self.committed():  # done twice, COPY makes two copies
                answer = self._run(b"UID", verb, each, target, what=f"{verb.decode()} {name}")
            new += self._copied(answer, wanted)
        return tuple(new)

    def _copied(self, answer: Answer, wanted: Numbers) -> Texts:
        """The new UIDs in the order of the old ones, from COPYUID (RFC 4315)."""
        for value in answer.codes("COPYUID"):
            if isinstance(value, tuple) and len(value) == 3:
                old, new = (expand(each) for each in value[1:])
                pairs = dict(zip(old, new, strict=False))
                return [str(pairs[uid]) for uid in wanted if uid in pairs]
        return []

    # -- flags

    def flag(
        self,
        uids: Any = None,
        *,
        numbers: Any = None,
        add: str | Iterable[str] = (),
        remove: str | Iterable[str] = (),
        folder: str | None = None,
        unchanged_since: int | None = None,
    ) -> None:
        """Set and clear flags.

        Args:
            unchanged_since: a `highest_modseq`; messages that have changed since are left as they are (RFC 7162 3.1.3).

        Raises:
            StaleError: some have; the others are done. UnsupportedError: the server has no CONDSTORE.
        """

        def prepared() -> tuple[Meant, str, Changes]:
            check_count(unchanged_since, "unchanged_since=")
            changes = [(b"+FLAGS.SILENT", flag_list(add))] if add else []
            changes += [(b"-FLAGS.SILENT", flag_list(remove))] if remove else []
            if not changes:
                raise UsageError("flag needs add= or remove=")
            return self._several(uids, numbers), self._name(folder), changes

        self._flag(*self.prepare(prepared), unchanged_since)

    @operation("flag")
    def _flag(self, meant: Meant, name: str, changes: Changes, since: int | None) -> None:
        wanted = self._existing(meant, name, write=True)
        if since is not None:
            self._flag_unchanged(wanted, changes, since)
            return
        for item, flags in changes:
            self._store(wanted, item, flags)

    def _flag_unchanged(self, wanted: Numbers, changes: Changes, since: int) -> None:
        """The first change on condition that nothing has changed; the next ones where that was done."""
        self._require("CONDSTORE")
        condition = b"(UNCHANGEDSINCE %d)" % since
        (item, flags), *others = changes
        changed: set[int] = set()
        with self.committed():  # done twice, it would find its own change
            for each in uid_sets(wanted):
                answer = self._run(b"UID", b"STORE", each, condition, item, flags, what="UID STORE")
                for value in answer.codes("MODIFIED"):
                    changed.update(expand(",".join(value) if isinstance(value, tuple) else str(value)))
        for item, flags in others:
            self._store([uid for uid in wanted if uid not in changed], item, flags)
        left = [str(uid) for uid in wanted if uid in changed]
        if left:
            raise StaleError(
                f"{len(left)} of {len(wanted)} messages have changed since {since}: {', '.join(left[:20])}",
                code="MODIFIED",
                text=",".join(left),
                hint="look at them anew; the others are done",
            )

    def _store(self, wanted: Numbers, item: bytes, flags: bytes) -> None:
        for each in uid_sets(wanted):
            self._run(b"UID", b"STORE", each, item, flags, what="UID STORE")

    def delete(self, uids: Any = None, *, numbers: Any = None, folder: str | None = None) -> None:
        """Delete messages: these, and no others that happen to be marked."""
        self._delete_from(*self.prepare(lambda: (self._several(uids, numbers), self._name(folder))))

    @operation("delete")
    def _delete_from(self, meant: Meant, name: str) -> None:
        self._delete(self._existing(meant, name, write=True))

    def _delete(self, wanted: Numbers) -> None:
        if not wanted:
            return
        with self.committed():  # done twice, it would not find what it has deleted
            self._expunge(wanted)

    def _expunge(self, wanted: Numbers) -> None:
        self._store(wanted, b"+FLAGS.SILENT", b"(\\Deleted)")
        if self._has("UIDPLUS"):
            for each in uid_sets(wanted):
                self._run(b"UID", b"EXPUNGE", each, what="UID EXPUNGE")
            return
        # EXPUNGE takes all that are marked: the others lose their mark while it runs
        others = [uid for uid in self._search((b"DELETED",)) if uid not in set(wanted)]
        self._store(others, b"-FLAGS.SILENT", b"(\\Deleted)")
        answer = self.client.execute(b"EXPUNGE")
        self._store(others, b"+FLAGS.SILENT", b"(\\Deleted)")
        self._checked(answer, "EXPUNGE")
