"""Articles to post: composed from text and headers, or a ready message made fit for the wire (RFC 5536, 5537).

Pure. An article needs From, Subject and Newsgroups; a Message-ID is given to one that has none, so that after a lost
answer it can be looked for. Lines end with CR LF; dots are the session's business.
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from nettools.errors import UsageError
from nettools.frozen import Frozen
from nettools.parse.compose import compose, wire_octets
from nettools.parse.message.headers import raw_fields, split_message, text_of
from nettools.protocols.nntp.address import group_names, message_id

__all__ = ["Groups", "Post", "draft"]

Groups = str | Iterable[str] | None
_NEEDED = {"from": "sender=", "newsgroups": "group=", "subject": "subject="}


class Post(Frozen):
    """An article as it will be sent, before dot-stuffing."""

    octets: bytes
    message_id: str

    def blocks(self) -> Iterator[bytes]:
        """Its octets, 64 KiB at a time."""
        for place in range(0, len(self.octets), 1 << 16):
            yield self.octets[place : place + (1 << 16)]


def draft(
    message: Any = None,
    *,
    group: Groups = None,
    sender: str | None = None,
    subject: str | None = None,
    text: str | None = None,
    headers: Mapping[str, str] | Iterable[tuple[str, str]] | None = None,
    references: str | Iterable[str] = (),
    default_sender: str | None = None,
) -> Post:
    """An article.

    Args:
        message: a ready one: an EmailMessage, bytes, a path or a binary file; nothing but `group` goes with it.
        group: where to post it; a message that names its Newsgroups itself is left as it is.

    Raises:
        UsageError: something that an article needs is missing, or makes no sense.
    """
    groups = group_names(group)
    if message is not None:
        if sender or subject or text is not None or headers or references:
            raise UsageError("message= is whole: sender, subject, text, headers and references do not go with it")
        return _ready(wire_octets(message), groups)
    own = list(headers.items() if isinstance(headers, Mapping) else headers or ())
    named = {name.lower() for name, _ in own}
    if groups and "newsgroups" not in named:
        own.insert(0, ("Newsgroups", ",".join(groups)))
    identities = [message_id(each) for each in (references.split() if isinstance(references, str) else references)]
    if identities:
        own.append(("References", " ".join(identities)))
    composed = compose(
        sender=sender, subject=subject or "", text=text or "", headers=own, default_sender=default_sender
    )
    return _ready(wire_octets(composed), ())


def _ready(octets: bytes, groups: tuple[str, ...]) -> Post:
    head, _ = split_message(octets)
    fields = {name.lower(): text_of(value).strip() for name, value in raw_fields(head)}
    top = ""
    if groups and "newsgroups" not in fields:
        fields["newsgroups"] = ",".join(groups)
        top += f"Newsgroups: {fields['newsgroups']}\r\n"
    if "message-id" not in fields:
        host = re.search(r"@([A-Za-z0-9.-]+)", fields.get("from", ""))
        fields["message-id"] = f"<{secrets.token_hex(12)}@{host[1] if host else 'localhost'}>"
        top += f"Message-ID: {fields['message-id']}\r\n"
    for name, where in _NEEDED.items():
        if not fields.get(name):
            raise UsageError(f"an article needs a {name.capitalize()} header", hint=f"give {where}")
    octets = top.encode("utf-8", "surrogateescape") + octets
    return Post(octets if octets.endswith(b"\n") else octets + b"\r\n", fields["message-id"])
