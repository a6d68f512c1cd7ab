"""Waiting for new messages: IDLE (RFC 2177), or asking again where the server has none.

One IDLE does not last: it is issued anew before servers and routers forget it. A connection that ends all the same -
the server's own timeout, its restart - is made again, and goes on behind the last UID that was seen, so that nothing
is told twice and nothing is missed. Only another UIDVALIDITY ends it: the UIDs mean other messages then.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from nettools.errors import ConnectError, DeadlineError, DisconnectedError, NettoolsError, StaleError
from nettools.protocols.imap.changing import Writer
from nettools.protocols.imap.client import Answer, Refused
from nettools.protocols.imap.values import search_arguments
from nettools.session import stream

if TYPE_CHECKING:
    from nettools.query import Query
    from nettools.results import FolderStatus, MailInfo

__all__ = ["Watcher"]

REISSUE = 10 * 60.0  # seconds of one IDLE: RFC 2177 says 29 minutes at most, many routers forget sooner
POLL = 15.0  # seconds between two looks where there is no IDLE
PAUSES = (0.0, 0.5, 1.0, 2.0, 5.0, 10.0, 20.0, 30.0, 60.0, 60.0, 60.0, 60.0)  # seconds before each new connection


class Watcher(Writer):
    """The part of `IMAPSession` that waits."""

    def watch(self, *, folder: str | None = None, query: Query | str | None = None) -> Iterator[MailInfo]:
        """New messages as they arrive, until the deadline; over new connections where one does not last."""

        def prepared() -> str:
            if query is not None:
                search_arguments(query)
            return self._name(folder)

        return self._watch(self.prepare(prepared), query)

    @stream("watch")
    def _watch(self, name: str, query: Query | str | None) -> Iterator[MailInfo]:
        status = self._select(name)
        terms = None if query is None else self._terms(query)
        next_uid = status.uid_next
        if next_uid is None:
            next_uid = max(self._search((b"ALL",)), default=0) + 1
        while True:
            grown = self._grown  # before anything is looked for: what arrives meanwhile is looked for next
            try:
                fresh, seen = self._arrived(next_uid, terms)
            except (ConnectionError, DeadlineError) as error:
                self._reopen(error, status)
                continue
            next_uid = max(seen, default=next_uid - 1) + 1
            yield from fresh
            try:
                self._wait(grown)
            except (ConnectionError, DeadlineError) as error:
                self._reopen(error, status)

    def _arrived(self, next_uid: int, terms: tuple[Any, ...] | None) -> tuple[list[MailInfo], list[int]]:
        """The messages from a UID on, in their order, those that the query means; and the UIDs of all."""
        if not self._exists:
            return [], []
        newer = b"UID %d:*" % next_uid
        every = [uid for uid in self._search((newer,)) if uid >= next_uid]
        meant = set(every)
        if every and terms is not None:
            charset, rest = (terms[:2], terms[2:]) if terms[0] == b"CHARSET" else ((), terms)
            meant &= set(self._search((*charset, newer, *rest)))
        assert self._status is not None
        infos = self._infos(meant, self._status.name)
        return sorted(infos, key=lambda info: info.number or 0), every

    def _reopen(self, error: Exception, status: FolderStatus) -> None:
        """Another connection in place of a dead one, with the same folder open.

        Raises:
            StaleError: the folder is not what it was. DeadlineError: the total deadline has passed.
        """
        self._deadline.check()
        for pause in PAUSES:
            self._discard()
            self._deadline.pause(pause)
            try:
                self._open()
                now = self._select(status.name)
            except (NettoolsError, OSError) as caught:  # a server that stops resets what it has just accepted
                another = self._translate(caught)
                self._deadline.check()
                if not isinstance(another, (ConnectError, DisconnectedError, DeadlineError)) and not another.retryable:
                    raise
                error = another
                continue
            if now.uid_validity != status.uid_validity:
                raise StaleError(
                    f"{status.name} has another UIDVALIDITY: {now.uid_validity}, not {status.uid_validity}",
                    code="UIDVALIDITY",
                    text=str(now.uid_validity),
                )
            self._trace.warn("the connection ended; the watch went on over another")
            return
        raise error

    def _wait(self, grown: int) -> None:
        """Return when the folder has, or may have, more messages than when it had grown so often."""
        if not self._idles or not self._has("IDLE"):
            if self._grown == grown:
                self._deadline.pause(POLL)
                self._run(b"NOOP")
            return
        client = self.client
        while self._grown == grown:
            tag = client.start(b"IDLE")
            try:
                told = client.await_continuation(tag)
            except Refused:  # announced, and not allowed: asking again has to do
                self._idles = False
                return
            self._learn(Answer(told[-1], told))
            self._idle(grown)
            client.sock.sendall(b"DONE\r\n")
            self._learn(client.finish(tag))

    def _idle(self, grown: int) -> None:
        """Listen until a message arrives, or it is time to say IDLE anew."""
        client = self.client
        end = self._deadline.clock() + REISSUE
        while self._grown == grown and (left := end - self._deadline.clock()) > 0:
            if not client.sock.ready(left):
                break
            response = client.read_alone()
            self._learn(Answer(response, (response,)))
            if response.status == "BYE":
                raise DisconnectedError(f"the server said goodbye: {response.text or 'BYE'}")
