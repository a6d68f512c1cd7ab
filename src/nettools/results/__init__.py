"""What every call gives back: frozen, slotted, picklable values with `to_dict()`.

This module knows no protocol and no wire; it is where the words of all protocols meet, so that a script that can read
one result can read them all. Conventions: dates are aware datetimes; sizes are octets; text is decoded; tuples, never
lists. `meta` says how the result came about (peer, TLS, timings, bytes, round trips, attempts) and never takes part in
equality.

A name is imported from its file when it is first asked for (PEP 562): a call that moves a file need not pay for mail.
"""

from nettools._lazy import lazy

_HOMES = {
    "address": "Address",
    "base": "NO_META Deferred Event Meta Reply Result TLSInfo attach plain",
    "exchanges": "Dialogue Exchange GopherItem",
    "files": "Digest FileEntry MirrorReport Outcome Transfer digest_of",
    "folders": "Folder FolderStatus",
    "headers": "Headers",
    "mail": "Attachment Mail MailInfo",
    "news": "Article ArticleInfo Group PostReport",
    "sending": "SendReport",
    "web": "Page",
}

__getattr__, __dir__, __all__ = lazy(__name__, _HOMES)
