"""The folders of a mailbox."""

from __future__ import annotations

from nettools.results.base import Result

__all__ = ["Folder", "FolderStatus"]


class Folder(Result):
    """A mailbox folder. `special_use` is an attribute of RFC 6154 such as `\\Sent`, None where it has none."""

    name: str
    delimiter: str | None
    flags: tuple[str, ...] = ()
    special_use: str | None = None


class FolderStatus(Result):
    """The state of a folder as SELECT tells it (RFC 3501 6.3.1).

    `unseen` is the number of the *first* unseen message, None where there is none, or the server does not say (RFC 9051
    has it no more); how many there are is `len(session.search(Query(unseen=True)))`.
    """

    name: str
    exists: int | None = None
    unseen: int | None = None
    uid_next: int | None = None
    uid_validity: int | None = None
    flags: tuple[str, ...] = ()
    permanent_flags: tuple[str, ...] = ()
    highest_modseq: int | None = None
    readonly: bool | None = None
