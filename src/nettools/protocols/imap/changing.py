"""Changing messages: append, copy, move, flag, delete; never more than those named, and nothing twice.

What the server may have done when its answer is lost is not tried again (`committed`). Deletion is UID EXPUNGE
(RFC 4315); where that is missing, other messages that are marked lose their mark while EXPUNGE runs.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from typing import Any

from nettools.errors import TooLargeError, UsageError
from nettools.protocols.imap.address import uid_sets
from nettools.protocols.imap.client import Answer, Argument, Literal
from nettools.protocols.imap.reading import Numbers, Reader
from nettools.protocols.imap.values import expand, flag_list, moment
from nettools.session import operation

__all__ = ["Writer"]

Texts = list[str]


class Writer(Reader):
    """The part of `IMAPSession` that changes things."""

    @operation("append")
    def append(
        self,
        message: Any,
        *,
        folder: str | None = None,
        flags: str | Iterable[str] = (),
        date: dt.datetime | None = None,
    ) -> str | None:
        """Put a message into a folder, never twice; the new UID where the server tells it (RFC 4315)."""
        from nettools.parse.compose import wire_octets  # only who writes pays for it

        octets = wire_octets(message)
        name = self._name(folder)
        options: list[Argument] = [flag_list(flags)] if flags else []
        if date is not None:
            options.append(moment(date))
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

    def _existing(self, uids: Any, numbers: Any, folder: str | None, *, write: bool) -> Numbers:
        """The UIDs of messages that are named, and are all there."""
        if uids is None and numbers is None:
            uids = self.place.uid
            if uids is None:
                raise UsageError("name messages, by uids or numbers=")
        self._enter(folder, write=write)
        return [row.uid for row in self._sizes(uids, numbers) if row.uid is not None]

    # -- elsewhere

    @operation("copy")
    def copy(
        self, uids: Any = None, to_folder: str = "", *, numbers: Any = None, folder: str | None = None
    ) -> tuple[str, ...]:
        """Copy messages to another folder; the new UIDs where the server tells them."""
        target = self._target(to_folder)
        return self._transfer(b"COPY", self._existing(uids, numbers, folder, write=False), target, to_folder)

    @operation("move")
    def move(
        self, uids: Any = None, to_folder: str = "", *, numbers: Any = None, folder: str | None = None
    ) -> tuple[str, ...]:
        """Move messages to another folder (RFC 6851; else copied, then deleted); the new UIDs where told."""
        target = self._target(to_folder)
        wanted = self._existing(uids, numbers, folder, write=True)
        if self._has("MOVE"):
            return self._transfer(b"MOVE", wanted, target, to_folder)
        new = self._transfer(b"COPY", wanted, target, to_folder)
        self._delete(wanted)
        return new

    def _target(self, to_folder: str) -> Argument:
        if not to_folder or not isinstance(to_folder, str):
            raise UsageError("name the folder that the messages go to")
        return self._wire_name(self._name(to_folder))

    def _transfer(self, verb: bytes, wanted: Numbers, target: Argument, name: str) -> tuple[str, ...]:
        new: Texts = []
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

    @operation("flag")
    def flag(
        self,
        uids: Any = None,
        *,
        numbers: Any = None,
        add: str | Iterable[str] = (),
        remove: str | Iterable[str] = (),
        folder: str | None = None,
    ) -> None:
        """Set and clear flags."""
        changes = [(b"+FLAGS.SILENT", flag_list(add))] if add else []
        changes += [(b"-FLAGS.SILENT", flag_list(remove))] if remove else []
        if not changes:
            raise UsageError("flag needs add= or remove=")
        wanted = self._existing(uids, numbers, folder, write=True)
        for item, flags in changes:
            self._store(wanted, item, flags)

    def _store(self, wanted: Numbers, item: bytes, flags: bytes) -> None:
        for each in uid_sets(wanted):
            self._run(b"UID", b"STORE", each, item, flags, what="UID STORE")

    @operation("delete")
    def delete(self, uids: Any = None, *, numbers: Any = None, folder: str | None = None) -> None:
        """Delete messages: these, and no others that happen to be marked."""
        self._delete(self._existing(uids, numbers, folder, write=True))

    def _delete(self, wanted: Numbers) -> None:
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
