"""SMTP: mail on its way to somebody (RFC 5321 and its extensions, over smtplib).

`client` are smtplib's classes on our sockets; `opening` how a conversation begins (and `login` in it), `session` what
is done in it; `envelope` is MAIL and RCPT, `delivery` how messages travel, `errors` three digits. The functions of the
facade are here.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from nettools.options import resolve_options
from nettools.protocols.smtp.client import LMTPClient, SMTPClient, SMTPTLSClient
from nettools.protocols.smtp.errors import classify
from nettools.protocols.smtp.session import SMTPSession, draft_message, own_address
from nettools.session import Protocol, make_session
from nettools.target import parse_url

if TYPE_CHECKING:
    from typing import Unpack

    from nettools.keywords import Attachments, Fields, People, SMTPKeywords
    from nettools.parse.compose import Prepared
    from nettools.results import SendReport

__all__ = [
    "PROTOCOL",
    "LMTPClient",
    "SMTPClient",
    "SMTPSession",
    "SMTPTLSClient",
    "draft",
    "send_mail",
    "send_mails",
]

PROTOCOL = Protocol(
    name="smtp", schemes=("smtp", "smtps"), session=SMTPSession, classify=classify, upgrade="STARTTLS", closing=421
)
SMTPSession.PROTOCOL = PROTOCOL


def send_mail(
    url: str,
    *,
    to: People = None,
    sender: str | None = None,
    subject: str = "",
    text: str | None = None,
    html: str | None = None,
    cc: People = (),
    bcc: People = (),
    attachments: Attachments = (),
    headers: Fields = None,
    message: Any = None,
    partial: bool = True,
    mail_options: str | Iterable[str] = (),
    rcpt_options: str | Iterable[str] = (),
    **opts: Unpack[SMTPKeywords],
) -> SendReport:
    """Send one message: built from text, html and attachments, or a ready one.

    Args:
        to, cc, bcc: addresses; they are the envelope too. Bcc never stands in the message.
        sender: None is the From header's or the login's (`me@host` where that is `me`); "" is the null reverse path.
        attachments: paths, or `(name, data)` or `(name, data, type)` each.
        message: an EmailMessage, bytes, a path or a binary file, sent as it is but for line ends, dots and Bcc.
        partial: send if at least one recipient was accepted; False sends to all or to none.
        mail_options, rcpt_options: parameters of MAIL and RCPT, such as "RET=HDRS", if the server announced them.

    >>> send_mail(smtp.url, sender="bob@example.org", to="alice@example.org", subject="Hi", text="Hello").accepted
    ('alice@example.org',)

    Raises:
        RecipientsError: nobody was accepted. DeniedError: the sender was refused. ReplyError (exit code 55): the
            message was. TooLargeError: the server's SIZE is less, before anything was sent. UnsupportedError: it needs
            what the server does not announce. DisconnectedError and DeadlineError with `outcome_unknown`: the answer
            to the final dot was lost; it is never sent again.
    """
    with make_session(PROTOCOL, url, opts) as session:  # not `run`: the message is made before anything is connected
        return session.send(
            to=to,
            sender=sender,
            subject=subject,
            text=text,
            html=html,
            cc=cc,
            bcc=bcc,
            attachments=attachments,
            headers=headers,
            message=message,
            partial=partial,
            mail_options=mail_options,
            rcpt_options=rcpt_options,
        )


def send_mails(url: str, messages: Iterable[Any], **opts: Unpack[SMTPKeywords]) -> tuple[SendReport, ...]:
    """Send many messages over one connection, in order; one that is refused does not stop the rest.

    Args:
        messages: EmailMessage, bytes, or a dict of `send_mail`'s keywords each.

    >>> notes = [{"sender": "b@x.org", "to": "alice@x.org", "text": str(n)} for n in range(2)]
    >>> [report.accepted for report in send_mails(smtp.url, notes)]
    [('alice@x.org',), ('alice@x.org',)]

    Raises:
        What ends it (no refusal does): its `reports` are those of the messages before. With `outcome_unknown` the next
        one may have been delivered, and where CHUNKING is used up to seven behind it.
    """
    with make_session(PROTOCOL, url, opts) as session:
        return session.send_many(messages)


def draft(url: str, *, partial: bool = True, mail_options: Any = (), rcpt_options: Any = (), **given: Any) -> Prepared:
    """What `send_mail` would send, envelope and octets, without connecting; the connection's options are checked."""
    names = ("to", "sender", "subject", "text", "html", "cc", "bcc", "attachments", "headers", "message")
    keywords = {name: given.pop(name) for name in names if name in given}
    options = resolve_options("smtp", given)
    target = parse_url(url, PROTOCOL.schemes)
    user = options.credentials.user if options.credentials and options.credentials.user else target.user
    return draft_message(own_address(user, target), **keywords)
