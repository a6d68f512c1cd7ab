"""Looking at messages: list, search, and fetch what is less than a whole in memory: parts, and files.

UIDs everywhere (RFC 3501 2.3.1.1); sequence numbers only where the caller gives them, or where the newest are wanted
and nothing has to be searched for. Every answer is held against what was asked: another message's data is an error.
Rows become results as they come in. Whole messages in memory are `fetching`'s.
"""

from __future__ import annotations

import functools
import os
import re
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

from nettools.errors import NotFoundError, ProtocolError, UnsupportedError, UsageError
from nettools.protocols.imap.address import Meant, uid_sets
from nettools.protocols.imap.attachments import ENCODINGS, Decoder, attached
from nettools.protocols.imap.fetching import BATCH_OCTETS, Fetcher
from nettools.protocols.imap.values import info_of, search_arguments
from nettools.session import operation
from nettools.wire.text import check_count

if TYPE_CHECKING:
    from pathlib import Path

    from nettools.parse.imap_data import FetchData, Part
    from nettools.protocols.imap.client import Sink
    from nettools.query import Query
    from nettools.results import MailInfo, Transfer

    Infos = list[MailInfo]

__all__ = ["INFO", "Reader"]

INFO = b"(UID FLAGS RFC822.SIZE INTERNALDATE ENVELOPE)"

_SECTION = r"(?i)(?:\d+(?:\.\d+)*)?\.?(?:HEADER|TEXT|MIME|HEADER\.FIELDS(?:\.NOT)? \([A-Z0-9 !-'*-.^-~]+\))?"


ALGORITHMS = ("REFERENCES", "REFS", "ORDEREDSUBJECT")  # of THREAD, the best first


def _as_text(thread: Any) -> Any:
    return tuple(map(_as_text, thread)) if isinstance(thread, tuple) else str(thread)


class Reader(Fetcher):
    """The part of `IMAPSession` that changes nothing."""

    # -- looking

    def list(
        self,
        *,
        folder: str | None = None,
        query: Query | str | None = None,
        limit: int | None = 50,
        newest_first: bool = True,
    ) -> tuple[MailInfo, ...]:
        """The messages of a folder, newest first; see `list_mail`."""
        wanted = query if query is not None else self.place.query

        def prepared() -> str:
            check_count(limit, "limit=")
            if wanted is not None:
                search_arguments(wanted)
            return self._name(folder)

        return self._list(self.prepare(prepared), wanted, limit, bool(newest_first))

    @operation("list")
    def _list(
        self, name: str, query: Query | str | None, limit: int | None, newest_first: bool
    ) -> tuple[MailInfo, ...]:
        self._enter(name, refresh=True)
        terms = None if query is None else self._terms(query)
        if terms is None:
            infos = self._window(name, limit, newest_first)
        else:
            uids = self._search(terms)
            uids = uids if limit is None else uids[max(0, len(uids) - limit) :] if newest_first else uids[:limit]
            infos = self._infos(uids, name, last=True)
        infos.sort(key=lambda info: info.number or 0, reverse=newest_first)
        return tuple(infos)

    def _window(self, name: str, limit: int | None, newest_first: bool) -> Infos:
        """The newest (or oldest) messages by number: nothing has to be searched for."""
        infos: Infos = []
        count = self._exists if limit is None else min(limit, self._exists)
        if count:
            first = self._exists - count + 1 if newest_first else 1
            note = functools.partial(self._note, infos, name)
            self._run(b"FETCH", b"%d:%d" % (first, first + count - 1), INFO, each=note, last=True)
        return infos

    def _note(self, infos: Infos, name: str, row: FetchData) -> None:
        if row.uid is not None and row.envelope is not None:  # not flags that another client has changed meanwhile
            infos.append(info_of(row, name))

    def _infos(self, uids: Iterable[int], name: str, *, last: bool = False) -> Infos:
        """FETCH of these UIDs; what the server tells of others meanwhile is passed over."""
        wanted = set(uids)
        infos: Infos = []

        def note(row: FetchData) -> None:
            if row.uid in wanted:
                self._note(infos, name, row)

        sets = [*uid_sets(wanted)]
        for place, each in enumerate(sets, 1):
            self._run(b"UID", b"FETCH", each, INFO, what="UID FETCH", each=note, last=last and place == len(sets))
        return infos

    def changed(self, since: int, *, folder: str | None = None) -> tuple[MailInfo, ...]:
        """The messages that are new or whose flags are others since a `highest_modseq` (RFC 7162 3.1.4), in order.

        Raises:
            UnsupportedError: the server has no CONDSTORE.
        """

        def prepared() -> str:
            if since is None:
                raise UsageError("since is the highest_modseq of an earlier look, not None")
            check_count(since, "since")
            return self._name(folder)

        return self._changed(self.prepare(prepared), since)

    @operation("changed")
    def _changed(self, name: str, since: int) -> tuple[MailInfo, ...]:
        self._enter(name, refresh=True)
        self._require("CONDSTORE")
        infos: Infos = []
        note = functools.partial(self._note, infos, name)
        condition = b"(CHANGEDSINCE %d)" % since
        self._run(b"UID", b"FETCH", b"1:*", INFO, condition, what="UID FETCH", each=note, last=True)
        return tuple(sorted(infos, key=lambda info: info.number or 0))

    def search(self, query: Query | str, *, folder: str | None = None) -> tuple[str, ...]:
        """The UIDs of the messages for which a query holds, ascending."""
        self.prepare(lambda: search_arguments(query))
        return self._search_in(self.prepare(lambda: self._name(folder)), query)

    @operation("search")
    def _search_in(self, name: str, query: Query | str) -> tuple[str, ...]:
        self._enter(name, refresh=True)
        return tuple(str(uid) for uid in self._search(self._terms(query), last=True))

    def threads(self, query: Query | str = "ALL", *, folder: str | None = None) -> tuple[Any, ...]:
        """Conversations among the messages for which a query holds: nested tuples of UIDs (RFC 5256 4).

        A message is followed by what answers it; where several do, each of them begins a tuple of its own.

        Raises:
            UnsupportedError: the server has no THREAD.
        """
        self.prepare(lambda: search_arguments(query))
        return self._threads(self.prepare(lambda: self._name(folder)), query)

    @operation("threads")
    def _threads(self, name: str, query: Query | str) -> tuple[Any, ...]:
        offered = [each for each in ALGORITHMS if self._has(f"THREAD={each}")]
        if not offered:
            raise UnsupportedError("the server has no THREAD", side="peer")
        self._enter(name, refresh=True)
        terms = search_arguments(query, charset=False)
        answer = self._run(b"UID", b"THREAD", offered[0].encode(), b"UTF-8", *terms, what="UID THREAD", last=True)
        return tuple(_as_text(each) for told in answer.of("thread") for each in told)

    # -- parts, files

    def fetch_part(
        self,
        uid: str | int | None = None,
        *,
        number: int | None = None,
        section: str = "",
        partial: tuple[int, int | None] | None = None,
        folder: str | None = None,
    ) -> bytes:
        """The octets of a section (`"HEADER"`, `"1.2"`, `"1.MIME"`; `""` is the whole), or a piece of them.

        Where no message is named, it is the URL's, and so are the section and the piece that it names.

        Args:
            partial: (offset, count), both in octets; a count of None goes to the end.

        Raises:
            NotFoundError: there is no such message or section.
        """
        if not section and uid is None and number is None:
            section, partial = self.place.section or "", self.place.partial if partial is None else partial
        item = self.prepare(lambda: _section_item(section, partial))
        return self._fetch_part(*self.prepare(lambda: (self._meant(uid, number), self._name(folder))), section, item)

    @operation("fetch")
    def _fetch_part(self, meant: Meant, name: str, section: str, item: bytes) -> bytes:
        wanted = self._one(meant, name)
        found: dict[str, Any] = {}

        def note(row: FetchData) -> None:
            if row.uid == wanted:
                found.update(row.sections)

        self._run(b"UID", b"FETCH", b"%d" % wanted, b"(UID " + item + b")", what="UID FETCH", each=note, last=True)
        asked = f"BODY[{section.upper()}]"
        for label, value in found.items():
            if label.partition("<")[0] == asked or ("FIELDS" in asked and label.startswith("BODY[")):
                if value is None and section[-1:].isdigit():
                    break
                return value if isinstance(value, bytes) else b""
        raise NotFoundError(f"message {wanted} is not there, or has no section {section!r}")

    def fetch_to(
        self, dest: Any, uid: str | int | None = None, *, number: int | None = None, folder: str | None = None
    ) -> Transfer:
        """One whole message into a file, as it is, in flat memory; a folder gets it as UID.eml."""
        return self._fetch_to(dest, *self.prepare(lambda: (self._meant(uid, number), self._name(folder))))

    @operation("fetch")
    def _fetch_to(self, dest: Any, meant: Meant, name: str) -> Transfer:
        from nettools.files import Destination  # only who writes files pays for it

        wanted = self._one(meant, name)
        with Destination(dest, name=f"{wanted}.eml", url=self.url, max_size=self.options.file_limit) as destination:
            destination.open()
            self._pour(wanted, destination.write, last=True)
            return destination.commit()

    def _pour(self, wanted: int, write: Sink, *, section: str = "", last: bool) -> None:
        """The octets of one message, or of a section of it, as they come.

        Raises:
            NotFoundError: it is not there. ProtocolError: the server sends another.
        """
        done = 0
        poured = False

        def pour(block: bytes) -> None:
            nonlocal done
            write(block)
            done += len(block)
            self.progress(done, None)

        def note(row: FetchData) -> None:
            nonlocal poured
            octets = row.sections.get(f"BODY[{section}]")
            if not isinstance(octets, bytes):
                return
            if row.uid != wanted or poured:
                raise ProtocolError(f"the server sent message {row.uid}, which was not asked for")
            if octets:  # a quoted string
                pour(octets)
            poured = True

        items = b"(UID BODY.PEEK[" + section.encode("ascii") + b"])"
        self._run(b"UID", b"FETCH", b"%d" % wanted, items, what="UID FETCH", each=note, sink=pour, last=last)
        if not poured:
            raise NotFoundError(f"there is no message with the uid {wanted} in {self._name(None)}")

    def save_attachments(
        self, uid: str | int | None, dest_dir: Any, *, folder: str | None = None, pattern: str | None = None
    ) -> tuple[Path, ...]:
        """Write a message's attachments into a folder; those of a large one part by part, in flat memory."""
        from nettools.files import matcher  # only who writes files pays for it

        prepared = self.prepare(lambda: (self._meant(uid, None), self._name(folder), matcher(pattern)))
        return self._save_attachments(dest_dir, *prepared)

    @operation("fetch")
    def _save_attachments(
        self, dest_dir: Any, meant: Meant, folder: str, match: Callable[[str], bool]
    ) -> tuple[Path, ...]:
        from nettools.files import attachment_name, save_attachments

        wanted = self._one(meant, folder)
        (row,) = self._sizes(meant, b"(UID RFC822.SIZE BODYSTRUCTURE)")
        parts = attached(row.parts or ())
        in_pieces = (row.size or 0) > BATCH_OCTETS and parts and all(each.encoding in ENCODINGS for each in parts)
        if not in_pieces:
            mail = self._mails([wanted], folder, False, last=True).get(wanted)
            if mail is None:
                raise NotFoundError(f"message {wanted} is gone: somebody has deleted it meanwhile")
            return save_attachments(mail.attachments, dest_dir, match)
        paths = []
        for place, part in enumerate(parts, 1):
            name = attachment_name(part.filename, place)
            if match(name):
                paths.append(self._save_part(wanted, part, f"{os.fspath(dest_dir)}{os.sep}", name))
        return tuple(paths)

    def _save_part(self, wanted: int, part: Part, dest: str, name: str) -> Path:
        from nettools.files import Destination

        with Destination(dest, name=name, url=self.url, max_size=self.options.file_limit) as destination:
            destination.open()
            decoder = Decoder(part.encoding, destination.write)
            self._pour(wanted, decoder.feed, section=part.section, last=False)
            decoder.close()
            path = destination.commit().path
        assert path is not None
        return path


def _section_item(section: str, partial: tuple[int, int | None] | None) -> bytes:
    """BODY.PEEK of a section, or of a piece of one (RFC 3501 6.4.5).

    Raises:
        UsageError: there are no such sections, or pieces.
    """
    if not isinstance(section, str) or not re.fullmatch(_SECTION, section):
        raise UsageError(f"{section!r} is no section (RFC 3501 6.4.5)")
    item = b"BODY.PEEK[" + section.encode("ascii") + b"]"
    if partial is None:
        return item
    try:
        offset, count = partial
        if offset < 0 or (count is not None and count < 1):
            raise ValueError
    except (TypeError, ValueError):
        raise UsageError("partial= is (offset, count), both in octets; a count of None goes to the end") from None
    return item + b"<%d.%d>" % (offset, 2**32 - 1 if count is None else count)
