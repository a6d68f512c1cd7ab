"""Keeping a mailbox: every message into a store on the disk, those that it has left out, in flat memory.

A message is told by its UIDL; where that leaves a doubt (a folder of .eml files may have been another mailbox's), its
header has to be the same too. Where the server has no UIDL, or gives one to two messages, nothing tells a message but
its octets: it is fetched, and kept if it is new. How a store keeps messages is not known here.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, BinaryIO

from nettools.errors import NotFoundError, ReplyError, TooLargeError
from nettools.frozen import replace
from nettools.protocols.pop3.errors import reply_error
from nettools.protocols.pop3.listing import Listing
from nettools.protocols.pop3.meant import Meant
from nettools.session import stream

if TYPE_CHECKING:
    from pathlib import Path

    from nettools.mailstore import Key, MailStore, Saved

__all__ = ["Keeper"]

IN_MEMORY = 1 << 20  # octets of a message; a longer one waits on the disk
BLOCK = 64 * 1024


class Keeper(Listing):
    """The part of `POP3Session` that makes backups."""

    def save(self, store: MailStore, uids: Any = None, *, folder: str | None = None) -> Iterator[Saved]:
        """Keep messages in a store, all when none are named, those that it has already passed over."""
        return self._save(store, self._meant(folder, uids, None))

    @stream("save")
    def _save(self, store: MailStore, meant: Meant) -> Iterator[Saved]:
        from nettools.mailstore import Key, Saved  # only who keeps messages pays for it

        sizes, uids = self._both()
        chosen = self._chosen(meant, all_if_none=True)
        owners = Counter(uids.values())
        keys = {
            number: Key(uids[number], size=sizes.get(number))
            for number in chosen
            if self._identified and owners[uids[number]] == 1
        }
        here = self._here(store, keys)
        for number, path in here.items():
            yield Saved(uids[number], path, sizes.get(number, 0), True)
        missing = [number for number in chosen if number not in here]
        answers = self._ask_many([f"RETR {number}" for number in missing], self._spooled)
        for number, file in zip(missing, answers, strict=True):
            if isinstance(file, ReplyError):
                raise file
            with file:
                size = file.seek(0, os.SEEK_END)
                key = keys.get(number) or _by_octets(file, size)
                known = None if number in keys else store.find(key)
                file.seek(0)
                yield Saved(uids[number], known or store.put(key, file), size, known is not None)

    def _here(self, store: MailStore, keys: dict[int, Key]) -> dict[int, Path]:
        """Which messages a store has; headers are asked for only where there is a doubt."""
        here: dict[int, Path] = {}
        doubtful: list[int] = []
        for number, key in keys.items():
            if (path := store.find(key)) is not None:
                here[number] = path
            elif store.resembles(key) and "TOP" in self._features:
                doubtful.append(number)
        for number, head in zip(doubtful, self._heads(doubtful), strict=True):
            if (path := store.find(replace(keys[number], head=head))) is not None:
                here[number] = path
        return here

    def _spooled(self) -> BinaryIO | ReplyError:
        """The answer to RETR, in a file."""
        from tempfile import SpooledTemporaryFile

        reply = self.client.read_reply()
        if reply.code != "+OK":
            return reply_error(reply, "the message", NotFoundError)
        limit = self.options.file_limit
        file: Any = SpooledTemporaryFile(IN_MEMORY)  # noqa: SIM115  # whoever keeps it closes it
        try:
            for block in self.client.read_body():
                file.write(block)
                if limit is not None and file.tell() > limit:
                    raise TooLargeError.over(limit, "the message has")
        except BaseException:
            file.close()
            raise
        found: BinaryIO = file
        return found


def _by_octets(file: BinaryIO, size: int) -> Key:
    """The identity of a message that has no other."""
    import hashlib

    from nettools.mailstore import Key

    file.seek(0)
    digest, head = hashlib.sha256(), b""
    while block := file.read(BLOCK):
        digest.update(block)
        head = head or block
    return Key(digest.hexdigest(), size=size, head=head)
