"""A conversation with a mail server, as its user sees it: messages to send, one or many.

What goes into a message is `parse.compose`'s business, how messages travel `delivery`'s, all before that `opening`'s.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

from nettools.errors import NettoolsError, UsageError
from nettools.parse import compose
from nettools.protocols.smtp.delivery import Delivery
from nettools.protocols.smtp.envelope import Letter, parameters
from nettools.protocols.smtp.opening import Conversation
from nettools.results import SendReport
from nettools.session import operation
from nettools.wire.trace import CallbackRaised

if TYPE_CHECKING:
    from typing import Unpack

    from nettools.keywords import MessageKeywords
    from nettools.parse.compose import Prepared
    from nettools.target import Target

__all__ = ["SMTPSession", "draft_message", "own_address"]

_CONTENT = frozenset({"subject", "text", "html", "attachments", "headers", "date", "message_id"})


class SMTPSession(Conversation):
    """`connect("smtp://...")`: `send`, `send_many`, `check`, `command`, `ping`."""

    @operation("check")
    def check(self) -> frozenset[str]:
        """Greeting, TLS, login, NOOP: what the server offers, and no mail sent."""
        self.ping()
        return self.capabilities

    def send(self, **message: Unpack[MessageKeywords]) -> SendReport:
        """Send one message; its keywords are `send_mail`'s."""
        return self._deliver(map(self._letter, [message]), batch=False)[0]

    def send_many(self, messages: Iterable[Any], **keywords: Unpack[MessageKeywords]) -> tuple[SendReport, ...]:
        """Send many messages over this connection, in order; one that is refused does not stop the rest.

        Args:
            messages: EmailMessage, bytes, or a dict of `send_mail`'s keywords each; drawn a few ahead.
            keywords: `send_mail`'s, for all of them.

        Raises:
            What ends it (no refusal does); its `reports` are those of the messages before. With `outcome_unknown` the
            next message, and where CHUNKING is used up to seven behind it, may have been delivered.
        """
        return self._deliver(self._letters(messages, keywords), batch=True)

    def _letters(self, messages: Iterable[Any], keywords: Mapping[str, Any]) -> Iterator[Letter]:
        """The caller's messages, each made ready when it is drawn; one that comes again unchanged, once."""
        whole = isinstance(messages, (list, tuple))  # what stands in it is not changed between two draws
        last: Any = None
        for each in _caught(messages):
            if last is None or each is not last or not (whole or isinstance(each, bytes)):
                given = each if isinstance(each, Mapping) else {"message": each}
                letter = self._letter({**keywords, **given})
            last = each if not hasattr(each, "read") else None
            yield letter

    def _deliver(self, letters: Iterator[Letter], *, batch: bool) -> tuple[SendReport, ...]:
        """Messages on their way; the first is made before anything is connected."""
        delivery = Delivery(self, letters, batch=batch)
        if not self.prepare(delivery.ready):
            return ()

        def action() -> tuple[SendReport, ...]:
            with self._trace.span("send"):
                return delivery.run()

        try:
            return self.perform(action)
        except NettoolsError as error:
            error.reports = tuple(delivery.reports)
            raise

    def _letter(self, keywords: Mapping[str, Any]) -> Letter:
        """A message and how to deliver it, from `send_mail`'s keywords."""
        given = dict(keywords)
        partial = given.pop("partial", True)
        mail_options = parameters(given.pop("mail_options", ()), "mail_options")
        rcpt_options = parameters(given.pop("rcpt_options", ()), "rcpt_options")
        message = draft_message(own_address(self.auth.user if self.auth else None, self.target), **given)
        return Letter(message, partial, mail_options, rcpt_options)


def _caught(messages: Iterable[Any]) -> Iterator[Any]:
    """The caller's messages; an exception of the caller's own iterator goes back to the caller as it is."""
    try:
        source = iter(messages)
    except TypeError:
        raise UsageError(f"messages= is several of them, not {type(messages).__name__}") from None
    while True:
        try:
            each = next(source)
        except StopIteration:
            return
        except Exception as error:
            raise CallbackRaised(error) from error
        yield each


def own_address(user: str | None, target: Target) -> str | None:
    """The address of who logs in: the user name where it is one, else that user at the server's host."""
    if not user or "@" in user:
        return user
    host = target.host.partition("%")[0]
    literal = f"IPv6:{host}" if ":" in host else host  # RFC 5321 4.1.3
    address = f"{user}@[{literal}]" if not any(map(str.isalpha, host)) or ":" in host else f"{user}@{host}"
    try:
        return compose.check_address(address)
    except UsageError:  # a user name that is no local part
        return None


def draft_message(user: str | None = None, *, message: Any = None, **given: Any) -> Prepared:
    """A message ready to be sent: composed from `send_mail`'s keywords, or taken as it is.

    Raises:
        UsageError: an address or header makes no sense, there is no recipient or sender, or both kinds are mixed.
    """
    envelope = {name: given.pop(name, None) for name in ("sender", "to", "cc", "bcc")}
    if unknown := given.keys() - _CONTENT:
        raise UsageError(f"send_mail takes no {', '.join(sorted(map(str, unknown)))}")
    if message is not None:
        if content := [name for name, value in given.items() if value not in (None, "", (), [], {})]:
            raise UsageError(f"message= is whole: {', '.join(content)} do not go with it")
        return compose.prepare(message, default_sender=user, **envelope)
    draft = compose.compose(default_sender=user, **envelope, **given)
    return compose.prepare(draft, default_sender=user, **envelope)
