"""NNTP's three digits in nettools' terms (RFC 3977 3.2.1, 4643 2)."""

from __future__ import annotations

from typing import Any, cast

from nettools.errors import AuthError, DeniedError, DisconnectedError, NettoolsError, NotFoundError, ReplyError
from nettools.protocols._deadlib import nntplib
from nettools.results import Reply

__all__ = ["classify", "reply_error"]

_KINDS: dict[int, type[ReplyError]] = {
    **dict.fromkeys((411, 420, 421, 422, 423, 430), NotFoundError),
    **dict.fromkeys((440, 480, 483, 502), DeniedError),
    **dict.fromkeys((481, 482), AuthError),
}
_HINTS = {
    440: "the server lets this user read only; a login may help: auth=(user, password), or -u USER",
    480: "the server wants a login: auth=(user, password), or -u USER",
    483: "the server wants TLS first: nntps://, or tls='starttls' (--tls starttls)",
}


def reply_error(reply: Reply, what: str, kind: type[ReplyError] | None = None, **more: Any) -> ReplyError:
    """The error for a refusal, by its code; only 400, 403 and 436 say that a later attempt may help."""
    code = cast("int", reply.code)
    if code in _HINTS:
        more.setdefault("hint", _HINTS[code])
    return (kind or _KINDS.get(code, ReplyError))(
        f"{what}: the server answered {reply}",
        code=code,
        text=reply.text,
        temporary=code in (400, 403, 436),
        reply=reply,
        **more,
    )


def classify(error: Exception) -> NettoolsError | None:
    """nntplib's exceptions in nettools' terms."""
    if isinstance(error, EOFError):
        return DisconnectedError("the server closed the connection")
    if isinstance(error, nntplib.NNTPError):
        code, _, text = str(error.response).partition(" ")
        if code.isdigit():
            return reply_error(Reply(int(code), text), "refused")
    return None
