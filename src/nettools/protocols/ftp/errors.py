"""What FTP's reply codes mean (RFC 959 4.2.1, RFC 4217)."""

from __future__ import annotations

import ftplib
import re
from typing import cast

from nettools.errors import (
    AuthError,
    DeniedError,
    DisconnectedError,
    NettoolsError,
    NotFoundError,
    ProtocolError,
    ReplyError,
)
from nettools.results import Reply

__all__ = ["classify", "reply_error"]

_DENIED = re.compile(
    r"(?i)denied|permission|not permitted|not allowed|read[- ]only|prohibit|forbidden|privileges|access is"
)
_ABSENT = re.compile(
    r"(?i)no such|not found|doesn'?t exist|not exist|cannot find|can't find|failed to (?:open|change)|unavailable"
    r"|not a (?:plain|regular)|could not get|can't (?:open|change|check)|couldn't"
)
_IN_USE = re.compile(
    r"(?i)not empty|is a (?:directory|folder)|not a (?:plain|regular|directory|folder)|exists|in use|busy"
)
_REMOVING = ("DELE", "RMD", "RNFR")
_WRITING = ("STOR", "APPE", "STOU", "MKD", "RNTO")
_CHANGING = ("SITE", "MFMT")  # what has to be there
_NO = (550, 553, 450, 501, 504)  # not done, for a reason that the words tell, if anything does


def reply_error(reply: Reply, what: str) -> ReplyError:
    """The error for a reply that says no."""
    code = cast("int", reply.code)
    verb = what.split(" ", 1)[0]
    kind: type[ReplyError] = ReplyError
    in_the_way = (
        verb in _WRITING
        or (verb in _REMOVING and _IN_USE.search(reply.text) is not None)
        or (verb in _CHANGING and _ABSENT.search(reply.text) is None)
    )
    if code in (530, 532, 331, 332):
        kind = AuthError
    elif (code in _NO and _DENIED.search(reply.text)) or (code in (550, 553) and in_the_way):
        kind = DeniedError
    elif code == 550 or (code in _NO and _ABSENT.search(reply.text)):
        kind = NotFoundError
    return kind(
        f"{what}: the server answered {reply}".replace("\n", " "),
        code=code,
        text=reply.text,
        temporary=400 <= code < 500,
        reply=reply,
    )


def classify(error: Exception) -> NettoolsError | None:
    """ftplib's exceptions in nettools' terms; they come from `raw` only."""
    if isinstance(error, (ftplib.error_perm, ftplib.error_temp, ftplib.error_reply)):
        text = str(error)
        if text[:3].isdigit():
            return reply_error(Reply(int(text[:3]), text[4:]), "refused")
        return ProtocolError(f"the server broke the protocol: {text}")
    if isinstance(error, ftplib.Error):
        return ProtocolError(f"the server broke the protocol: {error}")
    if isinstance(error, EOFError):
        return DisconnectedError("the server closed the connection")
    return None
