"""Keeping a folder: every message into a store on the disk, those that it has left out, in flat memory.

Small messages come in batches, large ones one by one through a temporary file. It must not know how a store keeps them.
"""

from __future__ import annotations

import io
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, BinaryIO

from nettools.errors import NotFoundError
from nettools.parse.imap_data import FetchData
from nettools.protocols.imap.address import Meant
from nettools.protocols.imap.fetching import BATCH_OCTETS
from nettools.protocols.imap.watching import Watcher
from nettools.session import stream

if TYPE_CHECKING:
    from nettools.mailstore import Key, MailStore, Saved

__all__ = ["Keeper"]

Rows = list[FetchData]


class Keeper(Watcher):
    """The part of `IMAPSession` that makes backups."""

    def save(self, store: MailStore, uids: Any = None, *, folder: str | None = None) -> Iterator[Saved]:
        """Keep messages in a store, all of the folder when none are named, those that it has already passed over."""
        return self._save(store, *self.prepare(lambda: (Meant.of(uids, None), self._name(folder))))

    @stream("save")
    def _save(self, store: MailStore, meant: Meant, name: str) -> Iterator[Saved]:
        import tempfile  # only who keeps messages pays for these

        from nettools.mailstore import Key, Saved

        self._enter(name, refresh=meant.query is not None)
        meant = self._found(meant)
        assert self._status is not None
        validity = self._status.uid_validity or 0
        missing: dict[int, Key] = {}
        rows: Rows = []
        for row in self._sizes(meant, b"(UID FLAGS RFC822.SIZE INTERNALDATE)"):
            if row.uid is None:
                continue
            key = Key(str(row.uid), validity, row.size, row.internaldate, row.flags or ())
            here = store.find(key)
            if here is not None:
                yield Saved(key.uid, here, row.size or 0, True)
                continue
            missing[row.uid] = key
            rows.append(row)
        self._compress_for(sum(row.size or 0 for row in rows))
        for batch in self._batches(rows):
            if len(batch) == 1 and (batch[0].size or 0) > BATCH_OCTETS // 2:
                uid = batch[0].uid or 0
                with tempfile.TemporaryFile() as file:
                    self._pour(uid, file.write, last=False)
                    yield self._keep(store, missing[uid], file)
                continue
            mails = self._mails([row.uid for row in batch if row.uid is not None], name, False, last=False)
            for row in batch:
                mail = mails.pop(row.uid or 0, None)
                if mail is None:
                    raise NotFoundError(f"message {row.uid} is gone: somebody has deleted it meanwhile")
                yield self._keep(store, missing[row.uid or 0], io.BytesIO(mail.raw))

    def _keep(self, store: MailStore, key: Key, octets: BinaryIO) -> Saved:
        from nettools.mailstore import Saved

        size = octets.seek(0, io.SEEK_END)
        octets.seek(0)
        return Saved(key.uid, store.put(key, octets), size, False)
