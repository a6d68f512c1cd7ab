"""What NO, BAD and BYE mean: response codes as errors (RFC 5530, RFC 3501 7.1)."""

from __future__ import annotations

import imaplib
import re
from typing import TYPE_CHECKING

from nettools.errors import (
    AuthError,
    DeniedError,
    DisconnectedError,
    NettoolsError,
    NotFoundError,
    RedirectError,
    ReplyError,
    UnsupportedError,
)
from nettools.results import Reply

if TYPE_CHECKING:
    from nettools.parse.imap_data import Response

__all__ = ["classify", "reply_error"]

_KINDS: dict[str, type[ReplyError]] = {
    "NONEXISTENT": NotFoundError,
    "TRYCREATE": NotFoundError,
    "NOPERM": DeniedError,
    "PRIVACYREQUIRED": DeniedError,
    "AUTHENTICATIONFAILED": AuthError,
    "AUTHORIZATIONFAILED": AuthError,
    "EXPIRED": AuthError,
}
_TEMPORARY = frozenset({"UNAVAILABLE", "INUSE", "SERVERBUG", "EXPUNGEISSUED"})
_ABSENT = r"(?i)doesn'?t exist|does not exist|not exist|no such|unknown|not found|nonexist"


def reply_error(response: Response, what: str, *, kind: type[ReplyError] | None = None) -> NettoolsError:
    """The error for a tagged NO or BAD."""
    code = response.code[0] if isinstance(response.code, tuple) else response.code
    text = response.text or ""
    shown = f"{response.status} {f'[{code}] ' if code else ''}{text}".rstrip()
    if code == "REFERRAL":  # RFC 2193, 2221: credentials never go to another server unasked
        elsewhere = " ".join(map(str, response.code[1])) if isinstance(response.code, tuple) else "another server"
        return RedirectError(
            f"{what}: the server refers to {elsewhere}",
            code=response.status,
            text=text,
            hint="nettools does not follow: name that server yourself",
            reply=Reply(response.status or "", text),
        )
    if code == "BADCHARSET":
        return UnsupportedError(f"{what}: the server cannot search for this text: {shown}")
    chosen = _KINDS.get(code or "", kind or ReplyError)
    if (
        chosen is ReplyError
        and what.startswith(("SELECT", "EXAMINE", "STATUS", "APPEND", "COPY", "MOVE", "DELETE", "RENAME"))
        and re.search(_ABSENT, text)
    ):
        chosen = NotFoundError
    return chosen(
        f"{what}: the server answered {shown}",
        code=response.status,
        text=f"[{code}] {text}".rstrip() if code else text,
        temporary=code in _TEMPORARY,
        hint="create_folder(), or `nettools imap mkdir`, makes it" if code == "TRYCREATE" else None,
        reply=Reply(response.status or "", f"[{code}] {text}" if code else text),
    )


def classify(error: Exception) -> NettoolsError | None:
    """imaplib's exceptions in nettools' terms; they come from `raw` only."""
    if isinstance(error, imaplib.IMAP4.abort):
        return DisconnectedError(f"the conversation broke off: {error}")
    if isinstance(error, imaplib.IMAP4.error):
        return ReplyError(f"refused: {error}", code="NO", text=str(error))
    return None
