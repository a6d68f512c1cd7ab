"""What one session believes about its selected folder, and the untagged responses that bring it up to date.

Sequence numbers belong to a session, not to a folder: they move only when the session has been told (RFC 3501 section
7.4.1). So a `View` keeps the UIDs and flags as last reported, and `update` compares them with the folder as it is now:
EXPUNGE from the highest number down, then EXISTS and RECENT, then FETCH for flags that others have changed. Pure but
for reading the folder.
"""

from __future__ import annotations

from collections.abc import Callable

from nettools.testing.imap.fetch import render_flags
from nettools.testing.imap.grammar import Malformed, NumberSet
from nettools.testing.world import Folder, Message

SYSTEM_FLAGS = ("\\Answered", "\\Flagged", "\\Deleted", "\\Seen", "\\Draft")


class View:
    """The selected folder as this session knows it."""

    def __init__(self, folder: Folder, *, readonly: bool, recent: Callable[[], set[int]]) -> None:
        """`recent` gives the UIDs that this session is the first to be told of."""
        self.folder = folder
        self.readonly = readonly
        self._claim = recent
        self.recent = recent()
        self.known = {message.uid: message.flags for message in folder.messages}
        self.uids = list(self.known)

    def messages(self) -> dict[int, Message]:
        """Return the folder's messages by UID, as they are now."""
        return {message.uid: message for message in self.folder.messages}

    def flags(self, message: Message) -> frozenset[str]:
        """Return a message's flags with this session's \\Recent."""
        return message.flags | ({"\\Recent"} if message.uid in self.recent else set())

    def select(self, numbers: NumberSet, *, by_uid: bool) -> list[tuple[int, int]]:
        """Return (sequence number, UID) of the messages named.

        A UID that is not there is passed over; a sequence number that is not is an error, `*` in an empty folder too
        (RFC 9051 section 9, seq-number).
        """
        if by_uid:
            wanted = set(numbers.select(self.uids))
            return [(i, uid) for i, uid in enumerate(self.uids, 1) if uid in wanted]
        if not self.uids or numbers.highest() > len(self.uids):
            raise Malformed("no such message")
        return [(i, self.uids[i - 1]) for i in numbers.select(range(1, len(self.uids) + 1))]

    def told(self, message: Message) -> None:
        """Note that the session has been sent this message's flags."""
        self.known[message.uid] = message.flags

    def update(self, *, expunge: bool, with_uid: bool = False, with_modseq: bool = False) -> list[bytes]:
        """Return the untagged responses for all that changed since the last time.

        `expunge=False` keeps the numbers in place, as during FETCH, STORE and SEARCH (RFC 3501 section 7.4.1).
        """
        now = self.messages()
        lines: list[bytes] = []
        if expunge:
            for index in reversed(range(len(self.uids))):
                if self.uids[index] not in now:
                    uid = self.uids.pop(index)
                    self.known.pop(uid, None)
                    self.recent.discard(uid)
                    lines.append(b"* %d EXPUNGE\r\n" % (index + 1))
        highest = max(self.uids, default=0)
        arrived = [uid for uid in now if uid not in self.known and uid > highest]
        if arrived:
            self.uids += arrived
            self.known |= {uid: now[uid].flags for uid in arrived}
            self.recent |= self._claim()
            lines += [b"* %d EXISTS\r\n" % len(self.uids), b"* %d RECENT\r\n" % len(self.recent)]
        for number, uid in enumerate(self.uids, 1):
            message = now.get(uid)
            if message is not None and self.known[uid] != message.flags:
                self.told(message)
                prefix = b"UID %d " % uid if with_uid or with_modseq else b""
                suffix = b" MODSEQ (%d)" % message.modseq if with_modseq else b""
                flags = render_flags(self.flags(message))
                lines.append(b"* %d FETCH (%s%s%s)\r\n" % (number, prefix, flags, suffix))
        return lines

    def keywords(self) -> list[str]:
        """Return the system flags and the keywords in use, as the FLAGS response lists them."""
        used = {flag for message in self.folder.messages for flag in message.flags if not flag.startswith("\\")}
        return [*SYSTEM_FLAGS, *sorted(used)]
