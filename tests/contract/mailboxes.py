"""Mailboxes to test against, the fakes' and dovecot's, and mail that arrives in them at the right moment.

When a watch begins is its own affair: mail either comes `again_and_again`, so that some comes after that, or at a
moment of the conversation, `once_sent`. No test counts on a machine that is fast enough.
"""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from nettools import Event

Site = Any
KINDS = ["plain", "starttls", "implicit"]
DOVECOT = [pytest.param(f"dovecot-{kind}", marks=pytest.mark.daemon) for kind in KINDS]


def deliver(site: Site, raw: bytes) -> None:
    """Put a message into the INBOX, by neither IMAP nor POP3."""
    if site.service is None:
        site.server.world.deliver("alice@x.org", raw)
    else:
        site.service.facts["deliver"](site.options["auth"][0], raw)


def filled(site: Site, template: str, count: int) -> Site:
    """The same site, with so many messages in its INBOX."""
    for n in range(count):
        deliver(site, template.format(n=n).encode())
    return site


@contextlib.contextmanager
def again_and_again(action: Callable[[], object], every: float = 0.05) -> Iterator[None]:
    """Do it now and every so many seconds, in another thread, until the block is left."""
    over = threading.Event()

    def work() -> None:
        action()
        while not over.wait(every):
            action()

    thread = threading.Thread(target=work)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


def once_sent(word: bytes, action: Callable[[], object], times: int = 1) -> Callable[[Event], None]:
    """An `on_event` that acts, once, when the client has sent a word so many times."""
    left = times

    def told(event: Event) -> None:
        nonlocal left
        if event.kind == "send" and word in event.bytes:
            left -= 1
            if left == 0:
                action()

    return told
