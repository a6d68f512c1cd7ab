"""POP3's +OK and -ERR in nettools' terms, by response code where there is one (RFC 2449 8, 3206)."""

from __future__ import annotations

import poplib
import re

from nettools.errors import AuthError, DisconnectedError, NettoolsError, ProtocolError, ReplyError
from nettools.results import Reply

__all__ = ["classify", "reply_error"]


def reply_error(reply: Reply, what: str, kind: type[ReplyError] | None = None) -> ReplyError:
    """The error for -ERR, by its response code where it has one (RFC 2449 8, 3206)."""
    match = re.match(r"\[([A-Z0-9/-]+)\]", reply.text, re.IGNORECASE)
    code = match[1].upper() if match else ""
    temporary = code in ("SYS/TEMP", "IN-USE", "LOGIN-DELAY")
    if code == "AUTH":
        kind = AuthError
    elif temporary:
        kind = ReplyError
    return (kind or ReplyError)(
        f"{what}: the server answered {reply}", code=reply.code, text=reply.text, temporary=temporary, reply=reply
    )


def classify(error: Exception) -> NettoolsError | None:
    """poplib's exception in nettools' terms."""
    if isinstance(error, poplib.error_proto):
        text = error.args[0] if error.args else b""
        text = text.decode("utf-8", "replace") if isinstance(text, bytes) else str(text)
        if text == "-ERR EOF":
            return DisconnectedError("the server closed the connection")
        if text.startswith("-ERR"):
            return reply_error(Reply("-ERR", text[5:]), "refused")
        return ProtocolError(f"the server broke the protocol: {text}")
    return None
