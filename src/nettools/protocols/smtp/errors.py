"""What the server's no means: replies and smtplib's exceptions as nettools' errors (RFC 5321 4.2, 3463, 4954 6).

Two refusals come before anything is sent: a message over the announced SIZE, and one that needs an extension which was
not announced. They are refusals of the server's all the same, so each is also a ReplyError (code None), and a batch of
messages reports it and goes on.
"""

from __future__ import annotations

import smtplib
from typing import Any, cast

from nettools.errors import (
    AuthError,
    DeniedError,
    DisconnectedError,
    NettoolsError,
    ProtocolError,
    RecipientsError,
    ReplyError,
    TooLargeError,
    UnsupportedError,
)
from nettools.results import Reply

__all__ = ["NotTakenError", "OversizeError", "classify", "envelope_error", "nobody_error", "reply_error", "reply_of"]


class OversizeError(TooLargeError, ReplyError):
    """The message is larger than the server takes: by its SIZE, or by its reply to ours (RFC 1870)."""


class NotTakenError(UnsupportedError, ReplyError):
    """The message needs an extension that the server does not announce."""

    exit_code = UnsupportedError.exit_code


def reply_error(reply: Reply, what: str, kind: type[ReplyError] | None = None, **more: Any) -> ReplyError:
    """The error for a reply that says no."""
    code = cast("int", reply.code)
    if kind is None:
        kind = AuthError if code in (530, 534, 535, 538) else ReplyError
    error = kind(
        f"{what}: the server answered {reply}",
        code=code,
        text=reply.text,
        temporary=400 <= code < 500,
        reply=reply,
        **more,
    )
    if code == 530 and "TLS" in reply.text.upper():
        error.hint = "the server wants TLS first: tls='starttls', --tls starttls"
    elif code == 530:
        error.hint = "the server wants a login: auth=, -u"
    return error


def envelope_error(reply: Reply, what: str) -> ReplyError:
    """The error for a refused MAIL or RCPT."""
    code = cast("int", reply.code)
    if code in (530, 535):
        return reply_error(reply, what, AuthError)
    if code == 552 and (reply.text.startswith("5.3.4") or "size" in reply.text.lower()):
        return reply_error(reply, what, OversizeError)
    return reply_error(reply, what, DeniedError if code >= 500 else ReplyError)


def nobody_error(refused: dict[str, ReplyError]) -> RecipientsError:
    """The error for a message that nobody is to get."""
    first = next(iter(refused.values()))
    who = "the recipient was" if len(refused) == 1 else f"{len(refused)} recipients were"
    return RecipientsError(
        f"{who} refused, nothing was sent: {first.message}",
        refused=refused,
        code=first.code,
        text=first.text,
        temporary=all(each.temporary for each in refused.values()),
        reply=first.reply,
        hint=first.hint,
    )


def reply_of(error: ReplyError) -> Reply | None:
    """The reply behind an error, None where there was none."""
    return error.reply if isinstance(error.reply, Reply) else None


def classify(error: Exception) -> NettoolsError | None:
    """smtplib's exceptions in nettools' terms."""
    if isinstance(error, smtplib.SMTPResponseException):
        text = error.smtp_error
        text = text.decode("utf-8", "replace") if isinstance(text, bytes) else str(text)
        return reply_error(Reply(error.smtp_code, text), "refused")
    if isinstance(error, smtplib.SMTPServerDisconnected):
        return DisconnectedError("the server closed the connection")
    if isinstance(error, smtplib.SMTPNotSupportedError):
        return UnsupportedError(str(error))
    if isinstance(error, smtplib.SMTPException):
        return ProtocolError(f"the server broke the protocol: {error}")
    return None
