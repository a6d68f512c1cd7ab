"""QUOTA and QUOTAROOT (RFC 2087, RFC 9208).

Resources are numbered in units of their own: STORAGE in 1024 octets, MESSAGE in messages. It must not know more of them
than their names.
"""

from __future__ import annotations

from nettools.parse.imap_data.folders import decode_folder
from nettools.parse.imap_data.tokens import Scanner, number_of, text_of

__all__ = ["quota_of", "quotaroot_of"]


def quota_of(scanner: Scanner) -> tuple[str, dict[str, tuple[int, int]]]:
    """What stands behind QUOTA: the root, and {resource in lower case: (used, limit)}."""
    root = text_of(scanner.astring())
    resources = scanner.value()
    if not isinstance(resources, tuple) or len(resources) % 3:
        raise scanner.error("no QUOTA")
    found = {}
    for name, *amounts in zip(resources[::3], resources[1::3], resources[2::3], strict=True):
        used, limit = (number_of(amount) for amount in amounts)
        if used is None or limit is None:
            raise scanner.error("no QUOTA")
        found[text_of(name).lower()] = (used, limit)
    return root, found


def quotaroot_of(scanner: Scanner) -> tuple[str, tuple[str, ...]]:
    """What stands behind QUOTAROOT: the mailbox and the names of its roots."""
    mailbox = decode_folder(scanner.astring())
    return mailbox, tuple(text_of(root) for root in scanner.values())
