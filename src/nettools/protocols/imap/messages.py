"""What is done with the messages of a folder: list, search, fetch, append, move, copy, flag, delete, watch.

UIDs everywhere (RFC 3501 2.3.1.1); sequence numbers only where the caller gives them, or where the newest are wanted
and nothing has to be searched for. Every answer is held against what was asked: another message's data is an error.
"""

from __future__ import annotations

import contextlib
import datetime as dt
import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from nettools.errors import NotFoundError, ProtocolError, TooLargeError, UnsupportedError, UsageError
from nettools.files import save_all
from nettools.parse.compose import wire_octets
from nettools.parse.imap_data import AddressGroup, FetchData, RawAddress, decode_addresses
from nettools.parse.message import decode_header, deferred_mail, parse_date
from nettools.protocols.imap.address import uid_list, uid_sets
from nettools.protocols.imap.client import Answer, Argument, Literal, astring
from nettools.protocols.imap.session import Mailbox
from nettools.query import Query
from nettools.results import Address, Mail, MailInfo
from nettools.session import operation, stream

__all__ = ["IMAPSession"]

INFO = b"(UID FLAGS RFC822.SIZE INTERNALDATE ENVELOPE)"
BATCH_MESSAGES = 100
BATCH_OCTETS = 8 * 1024 * 1024
REISSUE = 10 * 60.0  # seconds of one IDLE: RFC 2177 says 29 minutes at most, many routers forget sooner
POLL = 15.0  # seconds between two looks where there is no IDLE

_FLAG = re.compile(r"\\?[^\s(){%*\"\\\x00-\x1f\x7f\]]+")
_QUOTED = re.compile(r'"((?:[^"\\]|\\.)*)"')


def _flat(addresses: Iterable[RawAddress]) -> tuple[Address, ...]:
    result: list[Address] = []
    for each in decode_addresses(addresses):
        result += each.addresses if isinstance(each, AddressGroup) else (each,)
    return tuple(result)


def info_of(row: FetchData, folder: str) -> MailInfo:
    """One line of a mailbox."""
    envelope = row.envelope
    if envelope is None:
        return MailInfo(str(row.uid), row.seq, folder, date=row.internaldate, flags=row.flags or (), size=row.size)
    date = row.internaldate
    if envelope.date:
        with contextlib.suppress(ProtocolError):  # the date of arrival stands in for a Date that is none
            date = parse_date(envelope.date)
    senders = _flat(envelope.from_)
    return MailInfo(
        uid=str(row.uid),
        number=row.seq,
        folder=folder,
        subject=decode_header(envelope.subject or b""),
        sender=senders[0] if senders else None,
        to=_flat(envelope.to),
        cc=_flat(envelope.cc),
        date=date,
        message_id=decode_header(envelope.message_id) if envelope.message_id else None,
        flags=row.flags or (),
        size=row.size,
    )


def flag_list(flags: str | Iterable[str]) -> bytes:
    """Flags as an argument.

    Raises:
        UsageError: one has what no flag has.
    """
    names = (flags,) if isinstance(flags, str) else tuple(flags)
    for name in names:
        if not isinstance(name, str) or not name.isascii() or not _FLAG.fullmatch(name):
            raise UsageError(f"{name!r} is no flag", hint="such as \\Seen, or a keyword without spaces")
    return ("(" + " ".join(names) + ")").encode("ascii")


def search_arguments(query: Query | str) -> tuple[Argument, ...]:
    """A query as the arguments of SEARCH; text beyond ASCII as UTF-8 literals behind CHARSET."""
    if isinstance(query, Query):
        tokens = [token if isinstance(token, bytes) else astring(token) for token in query.to_imap()]
    elif isinstance(query, str):
        tokens = _raw_search(query)
    else:
        raise UsageError(f"a query is a Query or a str, not {type(query).__name__}")
    arguments: list[Argument] = []
    for token in tokens:  # a parenthesis stands without a space inside
        before = arguments[-1] if arguments else b""
        if isinstance(before, Literal) and token == b")":
            arguments[-1] = Literal(before.data, before.tail + token)
        elif (
            isinstance(token, bytes)
            and isinstance(before, bytes)
            and arguments
            and (before.endswith(b"(") or token == b")")
        ):
            arguments[-1] = before + token
        else:
            arguments.append(token)
    if any(isinstance(token, Literal) for token in tokens):
        return (b"CHARSET", b"UTF-8", *arguments)
    return tuple(arguments)


def _raw_search(text: str) -> list[Argument]:
    if any(char in text for char in "\r\n\0"):
        raise UsageError("the query has a CR, LF or NUL in it")
    if not text.strip():
        raise UsageError("the query is empty", hint="ALL finds every message")
    if text.isascii():
        return [text.strip().encode("ascii")]
    tokens: list[Argument] = []
    place = 0
    for match in _QUOTED.finditer(text):
        if before := text[place : match.start()].strip():
            tokens += [astring(word) for word in before.split()]
        tokens.append(astring(re.sub(r"\\(.)", r"\1", match[1])))
        place = match.end()
    tokens += [word.encode() if word.isascii() else astring(word) for word in text[place:].split()]
    return [token if not isinstance(token, bytes) or '"' in text[:1] else _unquoted(token) for token in tokens]


def _unquoted(token: bytes) -> bytes:
    """A keyword as it stood: only words of letters, digits and dots lose their quotes again."""
    inner = token.strip(b'"')
    return inner if re.fullmatch(rb"[A-Za-z0-9.:,*()-]+", inner) else token


# inside the class `list` is a method
Numbers = list[int]
Rows = list[FetchData]
Texts = list[str]


class IMAPSession(Mailbox):
    """`connect("imap://...")`: `list search fetch fetch_many fetch_part select folders create_folder append move copy
    flag delete save_attachments watch command ping`.
    """

    # -- looking

    @operation("list")
    def list(
        self,
        *,
        folder: str | None = None,
        query: Query | str | None = None,
        limit: int | None = 50,
        newest_first: bool = True,
    ) -> tuple[MailInfo, ...]:
        """The messages of a folder, newest first; see `list_mail`."""
        if limit is not None and limit < 0:
            raise UsageError("limit= is a number of messages, or None for all")
        if self._enter(folder) and query is None:
            self._run(b"NOOP")  # a folder that was open may have grown
        name = self._name(folder)
        rows: Iterable[FetchData] = ()
        if query is not None:
            uids = self._search(query)
            chosen = uids if limit is None else uids[-limit:] if limit else []
            rows = self._rows(chosen, INFO)
        elif self._exists and limit != 0:
            first = 1 if limit is None else max(1, self._exists - limit + 1)
            rows = self._run(b"FETCH", b"%d:%d" % (first, self._exists), INFO).of("fetch")
        infos = [info_of(row, name) for row in rows if row.uid is not None]
        infos.sort(key=lambda info: info.number or 0, reverse=newest_first)
        return tuple(infos)

    def _rows(self, uids: Iterable[int], items: bytes) -> Rows:
        """FETCH of these UIDs; what the server tells of others meanwhile is passed over."""
        wanted = set(uids)
        found: Rows = []
        for each in uid_sets(wanted):
            answer = self._run(b"UID", b"FETCH", each, items, what="UID FETCH")
            found += [row for row in answer.of("fetch") if row.uid in wanted]
        return found

    def _search(self, query: Query | str) -> Numbers:
        answer = self._run(b"UID", b"SEARCH", *search_arguments(query), what="UID SEARCH")
        found = {number for numbers, _ in answer.of("search") for number in numbers}
        return sorted(found)

    @operation("search")
    def search(self, query: Query | str, *, folder: str | None = None) -> tuple[str, ...]:
        """The UIDs of the messages for which a query holds, ascending."""
        self._enter(folder)
        return tuple(str(uid) for uid in self._search(query))

    # -- fetching

    def _sizes(self, uids: Any, numbers: Any) -> Rows:
        """UID and size of the messages that are meant, in the order asked for; all when none are named.

        Raises:
            NotFoundError: one is not there.
        """
        if uids is not None and numbers is not None:
            raise UsageError("either uids or numbers=, not both")
        items = b"(UID RFC822.SIZE)"
        if uids is None and numbers is None:
            if not self._exists:
                return []
            answer = self._run(b"FETCH", b"1:*", items)
            return [row for row in answer.of("fetch") if row.uid is not None]
        what = "uid" if numbers is None else "message number"
        wanted = uid_list(uids if numbers is None else numbers, what)
        found: dict[int, FetchData] = {}
        for each in uid_sets(wanted):
            if numbers is None:
                rows = self._run(b"UID", b"FETCH", each, items, what="UID FETCH").of("fetch")
                found |= {row.uid: row for row in rows if row.uid is not None}
            else:
                if max(wanted) > self._exists:
                    raise NotFoundError(f"there is no message number {max(wanted)}: there are {self._exists}")
                found |= {row.seq: row for row in self._run(b"FETCH", each, items).of("fetch") if row.uid}
        for each_wanted in wanted:
            if each_wanted not in found:
                raise NotFoundError(f"there is no message with the {what} {each_wanted}")
        return [found[each_wanted] for each_wanted in wanted]

    def _batches(self, rows: Iterable[FetchData]) -> Iterator[Rows]:
        """Messages whose octets fit into memory together."""
        batch: Rows = []
        octets = 0
        for row in rows:
            size = row.size or 0
            if batch and (len(batch) >= BATCH_MESSAGES or octets + size > BATCH_OCTETS):
                yield batch
                batch, octets = [], 0
            batch.append(row)
            octets += size
        if batch:
            yield batch

    def _mails(self, uids: Iterable[int], folder: str, mark_seen: bool) -> dict[int, Mail]:
        body = b"BODY[]" if mark_seen else b"BODY.PEEK[]"
        items = b"(UID FLAGS RFC822.SIZE INTERNALDATE " + body + b")"
        wanted = set(uids)
        found: dict[int, FetchData] = {}
        for each in uid_sets(wanted):
            for row in self._run(b"UID", b"FETCH", each, items, what="UID FETCH").of("fetch"):
                if "BODY[]" not in row.sections:
                    continue  # flags that another client has changed meanwhile
                if row.uid not in wanted:
                    raise ProtocolError(f"the server sent message {row.uid}, which was not asked for")
                found[row.uid] = row
        mails = {}
        for uid, row in found.items():
            raw = row.sections["BODY[]"]
            if not isinstance(raw, bytes):
                raise ProtocolError(f"the server sent no octets for message {uid}")
            mails[uid] = deferred_mail(
                raw, uid=str(uid), number=row.seq, folder=folder, flags=row.flags or (), received=row.internaldate
            )
        return mails

    @operation("fetch")
    def fetch(
        self,
        uid: str | int | None = None,
        *,
        number: int | None = None,
        folder: str | None = None,
        mark_seen: bool = False,
    ) -> Mail:
        """One whole message; see `fetch_mail`."""
        if uid is None and number is None:
            uid = self.place.uid
            if uid is None:
                raise UsageError("name a message, by uid or number=")
        self._enter(folder, write=mark_seen)
        if number is not None:
            rows = self._sizes(uid, number)
            wanted = rows[0].uid
        else:
            (wanted,) = uid_list(uid)
        assert wanted is not None
        mails = self._mails([wanted], self._name(folder), mark_seen)
        if wanted not in mails:
            raise NotFoundError(f"there is no message with the uid {wanted} in {self._name(folder)}")
        return mails[wanted]

    @stream("fetch")
    def fetch_many(
        self,
        uids: Any = None,
        *,
        numbers: Any = None,
        folder: str | None = None,
        mark_seen: bool = False,
    ) -> Iterator[Mail]:
        """Many whole messages, one by one, in the order asked for; all of the folder when none are named."""
        self._enter(folder, write=mark_seen)
        name = self._name(folder)
        for batch in self._batches(self._sizes(uids, numbers)):
            order = [row.uid for row in batch if row.uid is not None]
            mails = self._mails(order, name, mark_seen)
            for uid in order:
                if uid not in mails:
                    raise NotFoundError(f"message {uid} is gone: somebody has deleted it meanwhile")
                yield mails.pop(uid)

    @operation("fetch")
    def fetch_part(
        self,
        uid: str | int | None = None,
        *,
        number: int | None = None,
        section: str = "",
        partial: tuple[int, int | None] | None = None,
        folder: str | None = None,
    ) -> bytes:
        """The octets of a section (`""`, `"HEADER"`, `"1.2"`, `"1.MIME"`), or of a piece of it (offset, count or
        None).
        """
        if not re.fullmatch(
            r"(?i)(?:\d+(?:\.\d+)*)?\.?(?:HEADER|TEXT|MIME|HEADER\.FIELDS(?:\.NOT)? \([A-Z0-9 !-'*-.^-~]+\))?", section
        ):
            raise UsageError(f"{section!r} is no section (RFC 3501 6.4.5)")
        self._enter(folder)
        rows = self._sizes(uid if number is None else None, number)
        wanted = rows[0].uid
        assert wanted is not None
        item = b"BODY.PEEK[" + section.encode("ascii") + b"]"
        if partial is not None:
            offset, count = partial
            if offset < 0 or (count is not None and count < 1):
                raise UsageError("partial= is (offset, count), both in octets")
            item += b"<%d.%d>" % (offset, 2**32 - 1 if count is None else count)
        for row in self._run(b"UID", b"FETCH", b"%d" % wanted, b"(UID " + item + b")", what="UID FETCH").of("fetch"):
            for name, value in row.sections.items():
                if row.uid == wanted and name.startswith("BODY["):
                    return value if isinstance(value, bytes) else b""
        raise NotFoundError(f"message {wanted} has no section {section!r}")

    def save_attachments(
        self, uid: str | int | None, dest_dir: Any, *, folder: str | None = None, pattern: str | None = None
    ) -> tuple[Path, ...]:
        """Write a message's attachments into a folder."""
        mail = self.fetch(uid, folder=folder)
        named = [(each.name or f"part-{place}", each.data) for place, each in enumerate(mail.attachments, 1)]
        return save_all(named, dest_dir, pattern=pattern)

    # -- changing

    @operation("append")
    def append(
        self, message: Any, *, folder: str | None = None, flags: Iterable[str] = (), date: dt.datetime | None = None
    ) -> str | None:
        """Put a message into a folder, never twice; the new UID where the server tells it (RFC 4315)."""
        octets = wire_octets(message)
        limit = self.capability("APPENDLIMIT")
        if limit and limit.isdigit() and len(octets) > int(limit):
            raise TooLargeError(f"the message has {len(octets)} octets; the server takes {limit}")
        arguments: list[Argument] = [b"APPEND", self._wire_name(self._name(folder))]
        if flags:
            arguments.append(flag_list(flags))
        if date is not None:
            moment = date if date.tzinfo else date.astimezone()
            month = "Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec".split()[moment.month - 1]  # noqa: SIM905
            arguments.append(f'"{moment.day:2d}-{month}-{moment:%Y %H:%M:%S %z}"'.encode())
        with self.committed():
            answer = self._run(*arguments, Literal(octets), what=f"APPEND {self._name(folder)}")
        for value in answer.codes("APPENDUID"):
            if isinstance(value, tuple) and len(value) == 2:
                return str(value[1])
        return None

    def _existing(self, uids: Any, numbers: Any, folder: str | None, *, write: bool) -> Numbers:
        self._enter(folder, write=write)
        if uids is None and numbers is None:
            raise UsageError("name messages, by uids or numbers=")
        return [row.uid for row in self._sizes(uids, numbers) if row.uid is not None]

    def _copied(self, answer: Answer, wanted: Numbers) -> Texts:
        """The new UIDs in the order of the old ones, from COPYUID (RFC 4315)."""
        for value in answer.codes("COPYUID"):
            if isinstance(value, tuple) and len(value) == 3:
                old, new = (_expand(each) for each in value[1:])
                pairs = dict(zip(old, new, strict=False))
                return [str(pairs[uid]) for uid in wanted if uid in pairs]
        return []

    @operation("copy")
    def copy(
        self, uids: Any = None, to_folder: str = "", *, numbers: Any = None, folder: str | None = None
    ) -> tuple[str, ...]:
        """Copy messages to another folder; the new UIDs where the server tells them."""
        return self._transfer(b"COPY", uids, to_folder, numbers, folder)

    @operation("move")
    def move(
        self, uids: Any = None, to_folder: str = "", *, numbers: Any = None, folder: str | None = None
    ) -> tuple[str, ...]:
        """Move messages to another folder (RFC 6851; else copied, then deleted); the new UIDs where told."""
        if "MOVE" in self.capabilities:
            return self._transfer(b"MOVE", uids, to_folder, numbers, folder)
        wanted = self._existing(uids, numbers, folder, write=True)
        new = self._transfer(b"COPY", wanted, to_folder, None, folder)
        self._delete(wanted)
        return new

    def _transfer(self, verb: bytes, uids: Any, to_folder: str, numbers: Any, folder: str | None) -> tuple[str, ...]:
        if not to_folder:
            raise UsageError("name the folder that the messages go to")
        wanted = self._existing(uids, numbers, folder, write=verb == b"MOVE")
        new: Texts = []
        for each in uid_sets(wanted):
            with self.committed():  # done twice, COPY makes two copies
                answer = self._run(b"UID", verb, each, self._wire_name(to_folder), what=f"{verb.decode()} {to_folder}")
            new += self._copied(answer, wanted)
        return tuple(new)

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
        for each in uid_sets(wanted):
            for item, flags in changes:
                self._run(b"UID", b"STORE", each, item, flags, what="UID STORE")

    @operation("delete")
    def delete(self, uids: Any = None, *, numbers: Any = None, folder: str | None = None) -> None:
        """Delete messages: these, and no others that happen to be marked."""
        self._delete(self._existing(uids, numbers, folder, write=True))

    def _delete(self, wanted: Numbers) -> None:
        for each in uid_sets(wanted):
            self._run(b"UID", b"STORE", each, b"+FLAGS.SILENT", b"(\\Deleted)", what="UID STORE")
        if "UIDPLUS" in self.capabilities:
            for each in uid_sets(wanted):
                self._run(b"UID", b"EXPUNGE", each, what="UID EXPUNGE")
            return
        # EXPUNGE takes all that are marked: the others lose their mark while it runs
        others = [uid for uid in self._search("DELETED") if uid not in set(wanted)]
        for each in uid_sets(others):
            self._run(b"UID", b"STORE", each, b"-FLAGS.SILENT", b"(\\Deleted)", what="UID STORE")
        self._run(b"EXPUNGE")
        for each in uid_sets(others):
            self._run(b"UID", b"STORE", each, b"+FLAGS.SILENT", b"(\\Deleted)", what="UID STORE")

    # -- waiting

    @stream("watch")
    def watch(self, *, folder: str | None = None, query: Query | str | None = None) -> Iterator[MailInfo]:
        """New messages as they arrive, until the deadline; by IDLE (RFC 2177), or by asking again."""
        status = self.select(folder)
        name = status.name
        next_uid = status.uid_next
        if next_uid is None:
            next_uid = max(self._search("ALL"), default=0) + 1
        while True:
            if self._exists:
                fresh_ones = Query(uid=f"{next_uid}:*")
                terms: Query | str = fresh_ones
                if isinstance(query, Query):
                    terms = fresh_ones & query
                elif query is not None:
                    terms = f"UID {next_uid}:* {query}"
                fresh = [uid for uid in self._search(terms) if uid >= next_uid]
                every = fresh if query is None else [u for u in self._search(f"UID {next_uid}:*") if u >= next_uid]
                rows = sorted(self._rows(fresh, INFO), key=lambda row: row.seq)
                next_uid = max(every, default=next_uid - 1) + 1
                for row in rows:
                    yield info_of(row, name)
            self._wait()

    def _wait(self) -> None:
        """Return when the folder may have changed."""
        if "IDLE" not in self.capabilities:
            self._deadline.pause(POLL)
            self._run(b"NOOP")
            return
        client = self.client
        before = self._exists
        while self._exists <= before:
            tag = client.start(b"IDLE")
            client._await_continuation(tag)
            waiting = True
            end = self._deadline.clock() + REISSUE
            while waiting and self._deadline.clock() < end:
                if client.sock.ready(end - self._deadline.clock()):  # type: ignore[attr-defined]
                    response = client.read_response()
                    self._learn(Answer(response, ()))
                    if response.status == "BYE":
                        client.finish(tag)
                    if response.kind == "exists":
                        self._exists = response.data
                        waiting = response.data <= before
                    elif response.kind == "expunge":
                        before -= 1
            client.sock.sendall(b"DONE\r\n")
            self._learn(client.finish(tag))


def _expand(numbers: str) -> Iterator[int]:
    """The numbers of a set."""
    for piece in numbers.split(","):
        first, _, last = piece.partition(":")
        if not first.isdigit() or (last and not last.isdigit()):
            raise ProtocolError(f"COPYUID gave {numbers[:80]!r}")
        low, high = sorted((int(first), int(last or first)))
        if high - low > 1_000_000:
            raise UnsupportedError("COPYUID of more than a million messages", side="nettools")
        yield from range(low, high + 1)
