"""The IMAP session: all that can be done over one connection, made of the parts that the other modules are."""

from __future__ import annotations

from nettools.protocols.imap.keeping import Keeper

__all__ = ["IMAPSession"]


class IMAPSession(Keeper):
    """`connect("imap://...")`: `list search fetch fetch_many fetch_part select folders create_folder append move copy
    flag delete save_attachments watch command ping`; and beyond other mailboxes `changed threads fetch_to save
    delete_folder rename_folder compress namespaces quota identify`.
    """
