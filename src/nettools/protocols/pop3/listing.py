"""Which messages a POP3 mailbox has, and what their headers say (RFC 1939 5 and 7).

Numbers and UIDLs are those of this connection: a new one asks for them anew. LIST and UIDL are asked together, and the
TOPs are in flight together where the server takes PIPELINING (RFC 2449 6.6), and read one at a time.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from nettools.errors import NotFoundError, ProtocolError, ReplyError, UsageError
from nettools.parse import message
from nettools.protocols.pop3.errors import reply_error
from nettools.protocols.pop3.meant import Meant, headers_only
from nettools.protocols.pop3.opening import Conversation
from nettools.results import Reply
from nettools.session import operation
from nettools.wire.text import check_count, gather

if TYPE_CHECKING:
    from nettools.query import Query
    from nettools.results import MailInfo

__all__ = ["Listing", "Numbers"]

Listed = tuple[Reply, list[bytes]]

# inside the class `list` is a method
Numbers = list[int]


class Listing(Conversation):
    """The part of `POP3Session` that knows which messages there are."""

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
        self._uids, self._identified = found, reply.code == "+OK"
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
        return self._list(self.prepare(lambda: headers_only(query)), limit, bool(newest_first))

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


def _is_number(word: bytes) -> bool:
    return word.isdigit() and len(word) < 20
