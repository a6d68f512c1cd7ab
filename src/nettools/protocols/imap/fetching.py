"""Whole messages: which ones are meant, and their octets, one by one in the order asked for (RFC 3501 6.4.5).

A few are asked for at once, the beginning of each: most mail is small, and a turn is saved that would tell the sizes.
Many are asked for in batches that fit into memory by their sizes: memory does not grow with the folder. At every mail
that is given to the caller the connection is in step. It must not know how mail is parsed, nor files.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any

from nettools.errors import NotFoundError, ProtocolError, UsageError
from nettools.parse.imap_data import FetchData
from nettools.parse.message import deferred_mail
from nettools.protocols.imap.address import Meant, uid_sets
from nettools.protocols.imap.folders import Mailbox
from nettools.protocols.imap.values import expand, search_arguments
from nettools.session import operation, stream

if TYPE_CHECKING:
    from nettools.query import Query
    from nettools.results import Mail

__all__ = ["BATCH_OCTETS", "Fetcher", "Numbers"]

BATCH_MESSAGES = 500
BATCH_OCTETS = 8 * 1024 * 1024
FEW = 128  # messages: so many are asked for at once, without their sizes
BEGINNING = BATCH_OCTETS // FEW  # octets of each of those; what has more is asked for anew

# inside the class that comes next `list` is a method
Numbers = list[int]
Rows = list[FetchData]


class Fetcher(Mailbox):
    """The part of `IMAPSession` that brings whole messages."""

    # -- which messages

    def _sizes(self, meant: Meant, items: bytes = b"(UID RFC822.SIZE)") -> Rows:
        """UID and size of the messages that are meant, in the order asked for; all when none are named.

        Raises:
            NotFoundError: one is not there.
        """
        what, wanted = meant.what, meant.named
        if wanted is None:
            found = self._told(b"UID FETCH", [b"1:*"], items)
            return sorted(found.values(), key=lambda row: row.seq)
        while True:
            if what == "uid":
                found = self._told(b"UID FETCH", uid_sets(wanted), items)
            else:  # a number that is not there is an error of the server's
                there = [number for number in wanted if number <= self._exists]
                found = self._told(b"FETCH", uid_sets(there), items)
            lost = next((number for number in wanted if number not in found), None)
            if lost is None:
                return [found[number] for number in wanted]
            if not self._news():
                raise NotFoundError(f"there is no message with the {what} {lost}")

    def _told(self, verb: bytes, sets: Iterable[bytes], items: bytes) -> dict[int, FetchData]:
        """What the server tells of messages, by UID or number, as they were asked for."""
        found: dict[int, FetchData] = {}
        by_uid = verb == b"UID FETCH"

        def note(row: FetchData) -> None:
            if row.uid is not None:
                found[row.uid if by_uid else row.seq] = row

        for each in sets:
            self._run(verb, each, items, each=note)
        return found

    def _terms(self, query: Query | str) -> tuple[Any, ...]:
        return search_arguments(query, charset=not self._utf8)

    def _search(self, terms: tuple[Any, ...], *, last: bool = False) -> Numbers:
        answer = self._run(b"UID", b"SEARCH", *terms, what="UID SEARCH", last=last)
        found = {number for numbers, _ in answer.of("search") for number in numbers}
        for told in answer.of("esearch"):  # what IMAP4rev2 answers (RFC 9051 7.3.4)
            found.update(number for each in told.get("all", ()) for number in expand(each))
        return sorted(found)

    def _found(self, meant: Meant) -> Meant:
        """Those that a query finds in the folder that is open, as if they had been named."""
        if meant.query is None:
            return meant
        return Meant("uid", self._search(self._terms(meant.query)))

    def _meant(self, uid: Any, number: Any) -> Meant:
        """The one message that is meant: by UID, number, or the URL's.

        Raises:
            UsageError: none, or several.
        """
        if uid is None and number is None:
            uid = self.place.uid
        meant = Meant.of(uid, number)
        if meant.named is None or len(meant.named) != 1:
            raise UsageError("name one message, by uid or number=")
        return meant

    def _one(self, meant: Meant, name: str, *, write: bool = False) -> int:
        """The UID of a message; the folder is open then."""
        self._enter(name, write=write)
        assert meant.named is not None
        if meant.what == "uid":
            return meant.named[0]
        found = self._sizes(meant)[0].uid
        assert found is not None
        return found

    def _batches(self, rows: Iterable[FetchData]) -> Iterator[Rows]:
        """Messages whose octets fit into memory together."""
        most = min(BATCH_OCTETS, self.options.max_size or BATCH_OCTETS)
        batch: Rows = []
        octets = 0
        for row in rows:
            size = row.size or 0
            if batch and (len(batch) >= BATCH_MESSAGES or octets + size > most):
                yield batch
                batch, octets = [], 0
            batch.append(row)
            octets += size
        if batch:
            yield batch

    # -- whole messages

    def _mails(
        self,
        uids: Iterable[int] | None,
        folder: str,
        mark_seen: bool,
        *,
        last: bool,
        larger: dict[int, FetchData] | None = None,
    ) -> dict[int, Mail]:
        """Messages by UID, all of the folder where None are named; some may be gone.

        `larger`: no more is asked for than the beginning of each; those that have more go there, without their octets.
        """
        body = b"BODY[]" if mark_seen else b"BODY.PEEK[]"
        piece = b"" if larger is None else b"<0.%d>" % BEGINNING
        items = b"(UID FLAGS RFC822.SIZE INTERNALDATE " + body + piece + b")"
        wanted = None if uids is None else set(uids)
        mails: dict[int, Mail] = {}

        def note(row: FetchData) -> None:
            whole = "BODY[]" in row.sections  # also from a server that knows no pieces
            if not whole and (larger is None or "BODY[]<0>" not in row.sections):
                return  # flags that another client has changed meanwhile
            if row.uid is None or (wanted is not None and row.uid not in wanted):
                raise ProtocolError(f"the server sent message {row.uid}, which was not asked for")
            raw = row.sections["BODY[]" if whole else "BODY[]<0>"]
            if not isinstance(raw, bytes):
                raise ProtocolError(f"the server sent no octets for message {row.uid}")
            if larger is not None and not whole and len(raw) >= BEGINNING:
                larger[row.uid] = row._replace(sections={})
                return
            mails[row.uid] = deferred_mail(
                raw, uid=str(row.uid), number=row.seq, folder=folder, flags=row.flags or (), received=row.internaldate
            )

        sets = [b"1:*"] if wanted is None else [*uid_sets(wanted)]
        for place, each in enumerate(sets, 1):
            self._run(b"UID", b"FETCH", each, items, what="UID FETCH", each=note, last=last and place == len(sets))
        return mails

    def fetch(
        self,
        uid: str | int | None = None,
        *,
        number: int | None = None,
        folder: str | None = None,
        mark_seen: bool = False,
    ) -> Mail:
        """One whole message; see `fetch_mail`."""
        return self._fetch(*self.prepare(lambda: (self._meant(uid, number), self._name(folder))), mark_seen)

    @operation("fetch")
    def _fetch(self, meant: Meant, name: str, mark_seen: bool) -> Mail:
        wanted = self._one(meant, name, write=mark_seen)
        mails = self._mails([wanted], name, mark_seen, last=True)
        if wanted not in mails and self._news():
            mails = self._mails([wanted], name, mark_seen, last=True)
        if wanted not in mails:
            raise NotFoundError(f"there is no message with the uid {wanted} in {name}")
        return mails[wanted]

    def fetch_many(
        self,
        uids: Any = None,
        *,
        numbers: Any = None,
        folder: str | None = None,
        mark_seen: bool = False,
    ) -> Iterator[Mail]:
        """Many whole messages, one by one, in the order asked for; all of the folder when none are named."""
        return self._many(*self.prepare(lambda: (Meant.of(uids, numbers), self._name(folder))), mark_seen)

    @stream("fetch")
    def _many(self, meant: Meant, name: str, mark_seen: bool) -> Iterator[Any]:
        self._enter(name, write=mark_seen, refresh=meant.query is not None)
        meant = self._found(meant)
        larger: dict[int, FetchData] = {}
        mails: dict[int, Mail] = {}
        if self._are_few(meant):
            mails, order = self._beginnings(meant, name, mark_seen, larger)
            rows = [larger[uid] for uid in order if uid in larger]
        else:
            rows = self._sizes(meant)
            order = [row.uid for row in rows if row.uid is not None]
        self._compress_for(sum(row.size or 0 for row in rows))
        batches = [*self._batches(rows)]
        ready: list[Mail] = []
        for uid in order:
            if uid not in mails and ready:
                yield ready
                ready = []
            if uid not in mails and batches:
                batch = batches.pop(0)
                mails.update(self._mails([row.uid for row in batch if row.uid], name, mark_seen, last=not batches))
            if uid not in mails:
                raise NotFoundError(f"message {uid} is gone: somebody has deleted it meanwhile")
            ready.append(mails.pop(uid))
        yield ready

    def _are_few(self, meant: Meant) -> bool:
        """Whether the messages that are meant fit into memory together, each cut after a while."""
        count = self._exists if meant.named is None else len(meant.named)
        limit = self.options.max_size
        return meant.what == "uid" and 0 < count <= FEW and (limit is None or limit >= BATCH_OCTETS)

    def _beginnings(
        self, meant: Meant, name: str, mark_seen: bool, larger: dict[int, FetchData]
    ) -> tuple[dict[int, Mail], Numbers]:
        """A few messages in one turn, and the UIDs in the order asked for; large ones are left out.

        Raises:
            NotFoundError: one is not there.
        """
        while True:
            mails = self._mails(meant.named, name, mark_seen, last=False, larger=larger)
            lost = next((uid for uid in meant.named or () if uid not in mails and uid not in larger), None)
            if lost is None:
                return mails, meant.named or sorted([*mails, *larger])
            if not self._news():
                raise NotFoundError(f"there is no message with the uid {lost}")
