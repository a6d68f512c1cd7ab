"""Messages by POP3 (RFC 1939): one folder, INBOX, and messages by number or UIDL.

Lists, TOPs and RETRs are in flight together where the server takes PIPELINING (RFC 2449 6.6), and read one at a time.
Numbers and UIDLs are those of this connection: a new one asks for them anew. How the conversation begins and ends is
`opening`'s business.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any, NoReturn

from nettools import results
from nettools.errors import NotFoundError, ProtocolError, ReplyError, UnsupportedError, UsageError
from nettools.parse import message
from nettools.parse.message import deferred_mail
from nettools.protocols.pop3.errors import reply_error
from nettools.protocols.pop3.opening import Conversation
from nettools.results import Reply
from nettools.session import operation, stream
from nettools.wire.text import check, check_count, gather

if TYPE_CHECKING:
    from pathlib import Path

    from nettools.query import Query
    from nettools.results import Folder, Mail, MailInfo, Transfer

__all__ = ["POP3Session"]

POLL = 30.0  # seconds between two looks of `watch`: POP3 has no other way

Uid = str | int
Listed = tuple[Reply, list[bytes]]

# inside the class `list` is a method
Numbers = list[int]


class POP3Session(Conversation):
    """`connect("pop3://...")`: `list search fetch fetch_many fetch_part fetch_to delete save_attachments watch`."""

    # -- which messages there are

    def _listing(self) -> Listed:
        reply = self.client.read_reply()
        return reply, self._body() if reply.code == "+OK" else []

    def _scan(self, *commands: str) -> tuple[Listed, ...]:
        """The answers to LIST and UIDL."""
        return tuple(self._ask_many(commands, self._listing))

    def _sizes(self, listed: Listed) -> dict[int, int]:
        """{number: size} of all messages, as LIST has it."""
        reply, lines = listed
        if reply.code != "+OK":
            raise reply_error(reply, "LIST")
        found: dict[int, int] = {}
        for line in lines:
            words = line.split()
            if len(words) < 2 or not (_is_number(words[0]) and _is_number(words[1])):
                raise ProtocolError(f"LIST gave {line[:80]!r}")
            found[int(words[0])] = int(words[1])
        return found

    def _note_uids(self, listed: Listed, sizes: dict[int, int] | None = None) -> dict[int, str]:
        """{number: UIDL}, kept for this connection; str(number) where the server has no UIDL."""
        reply, lines = listed
        found: dict[int, str] = {}
        for line in lines:
            number, _, uid = line.strip().partition(b" ")
            if not _is_number(number) or not uid.strip():
                raise ProtocolError(f"UIDL gave {line[:80]!r}")
            found[int(number)] = uid.strip().decode("utf-8", "surrogateescape")
        if reply.code != "+OK":
            known = self._sizes(self._scan("LIST")[0]) if sizes is None else sizes
            found = {number: str(number) for number in known}
        self._uids = found
        return found

    def _uidls(self) -> dict[int, str]:
        if self._uids is not None:
            return self._uids
        if self._features and "UIDL" not in self._features:
            return self._note_uids((Reply("-ERR"), []))
        return self._note_uids(self._scan("UIDL")[0])

    def _both(self) -> tuple[dict[int, int], dict[int, str]]:
        """Sizes and UIDLs of all messages; the two questions are asked together."""
        sized, *identified = self._scan("LIST", *(("UIDL",) if self._uids is None else ()))
        sizes = self._sizes(sized)
        return sizes, self._note_uids(identified[0], sizes) if identified else self._uidls()

    def _chosen(self, meant: Meant, *, all_if_none: bool = False) -> Numbers:
        """The numbers of the messages that are meant."""
        known = self._uidls()
        if meant.numbers is not None:
            for number in meant.numbers:
                if number not in known:
                    raise NotFoundError(f"there is no message number {number}")
            return meant.numbers
        if meant.query is not None:
            sizes, _ = self._both()
            return [info.number for info in self._infos(sorted(sizes), sizes, meant.query) if info.number is not None]
        if meant.uids is None:
            if all_if_none:
                return list(known)
            raise UsageError("name a message, by uid or number=")
        by_uid: dict[str, Numbers] = {}
        for number, uid in known.items():
            by_uid.setdefault(uid, []).append(number)
        result = []
        for uid in meant.uids:
            numbers = by_uid.get(uid, [])
            if not numbers:
                raise NotFoundError(f"there is no message with the UIDL {uid}")
            if len(numbers) > 1:
                raise ProtocolError(f"{len(numbers)} messages have the UIDL {uid}", hint="numbers= tells them apart")
            result += numbers
        return result

    def _meant(self, folder: str | None, uids: Any, numbers: Any) -> Meant:
        """What a caller named, looked at before anything is connected."""
        return self.prepare(lambda: Meant(folder, uids, numbers))

    # -- listing

    def list(
        self,
        *,
        folder: str | None = None,
        query: Query | str | None = None,
        limit: int | None = 50,
        newest_first: bool = True,
    ) -> tuple[MailInfo, ...]:
        """The messages, newest first; see `list_mail`."""
        self._meant(folder, None, None)
        self.prepare(lambda: check_count(limit, "limit="))
        return self._list(self.prepare(lambda: _headers_only(query)), limit, bool(newest_first))

    @operation("list")
    def _list(self, query: Query | None, limit: int | None, newest_first: bool) -> tuple[MailInfo, ...]:
        sizes, _ = self._both()
        numbers = sorted(sizes, reverse=newest_first)
        if query is None and limit is not None:
            numbers = numbers[:limit]
        found: list[MailInfo] = []
        if limit != 0:
            for info in self._infos(numbers, sizes, query):
                found.append(info)
                if len(found) == limit:
                    break
        return tuple(found)

    def _infos(self, numbers: Numbers, sizes: dict[int, int], query: Query | None) -> Iterator[MailInfo]:
        """Those of the messages for which a query holds."""
        uids = self._uidls()
        for number, head in zip(numbers, self._heads(numbers), strict=True):
            fields = message.raw_fields(message.split_message(head)[0])
            uid, size = uids.get(number, str(number)), sizes.get(number)
            info = message.mail_info(fields, uid=uid, number=number, folder="INBOX", size=size)
            if query is None or query.matches(info, message.parse_headers(head)):
                yield info

    def _heads(self, numbers: Numbers) -> Iterator[bytes]:
        """The header of each message, by TOP, or by RETR where the server has no TOP."""
        top = "TOP" in self._features or not self._features
        lines = [f"TOP {number} 0" if top else f"RETR {number}" for number in numbers]
        answers = self._ask_many(lines, self._message)
        for number, answer in zip(numbers, answers, strict=True):
            if isinstance(answer, ReplyError) and not self._features:  # TOP is optional (RFC 1939 7)
                answer = self._retrieve(number)
            if isinstance(answer, ReplyError):
                raise answer
            yield answer

    def _retrieve(self, number: int) -> bytes | ReplyError:
        """One message, while others are under way."""
        self.catch_up()
        (answer,) = self._ask_many([f"RETR {number}"], self._message)
        return answer

    def _message(self) -> bytes | ReplyError:
        """The answer to RETR or TOP, in memory."""
        reply = self.client.read_reply()
        if reply.code != "+OK":
            return reply_error(reply, "the message", NotFoundError)
        return gather(self.client.read_body(), self.options.max_size, "the message")

    def search(self, query: Query | str, *, folder: str | None = None) -> tuple[str, ...]:
        """The UIDLs of the messages for which a query of headers holds."""
        if isinstance(query, str) and query.strip().upper() == "ALL":
            self._meant(folder, None, None)
            return self._everything()
        found = self.list(folder=folder, query=query, limit=None, newest_first=False)
        return tuple(info.uid for info in found)

    @operation("search")
    def _everything(self) -> tuple[str, ...]:
        return tuple(self._uidls().values())

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
        chosen = self._chosen(meant)
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
        return self._watch(self.prepare(lambda: _headers_only(query)))

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


class Meant:
    """The messages that a caller names: by UIDL, by number, by a query of headers, or none of them for all.

    Raises:
        NotFoundError: another folder than the only one. UsageError: both are given, or something else.
        UnsupportedError: the query needs more than headers.
    """

    def __init__(self, folder: str | None, uids: Any, numbers: Any) -> None:
        if folder is not None and folder.upper() != "INBOX":
            raise NotFoundError(f"POP3 has no folder {folder!r}", hint="it has one folder; IMAP has more")
        if uids is not None and numbers is not None:
            raise UsageError("either uids or numbers=, not both")
        self.query: Query | None = None
        if uids is not None and not isinstance(uids, (str, int)):
            from nettools.query import Query  # who gives one has imported it

            if isinstance(uids, Query):
                uids, self.query = None, _headers_only(uids)
        self.uids = None if uids is None else [str(each) for each in _several(uids, (str, int), "a UIDL")]
        self.numbers = None if numbers is None else [*map(int, _several(numbers, (int,), "a message number"))]

    def one(self) -> Meant:
        """Itself, if it is exactly one message."""
        if len(self.uids or self.numbers or ()) != 1:
            raise UsageError("name a message, by uid or number=")
        return self


def _several(value: Any, kinds: tuple[type, ...], what: str) -> Iterable[Any]:
    given = [value] if isinstance(value, (str, int)) else list(value)
    for each in given:
        if isinstance(each, bool) or not isinstance(each, kinds):
            raise UsageError(f"{each!r} is not {what}")
    return given


def _is_number(word: bytes) -> bool:
    return word.isdigit() and len(word) < 20


def _headers_only(query: Query | str | None) -> Query | None:
    """A query that can be evaluated here."""
    if isinstance(query, str):
        raise UnsupportedError("POP3 cannot SEARCH", side="peer", hint="a Query of headers works")
    if query is not None:
        query.require_headers_only()
    return query


def _piece(partial: tuple[int, int | None] | None) -> tuple[int, int | None]:
    start, count = partial or (0, None)
    if start < 0 or (count is not None and count < 0):
        raise UsageError("partial= is an offset and a count of octets, or None for the rest")
    return start, count
