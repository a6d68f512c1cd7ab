"""The groups `nettools imap` and `nettools pop3`, and how a verb becomes one of either or of both."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, TypeVar

import click

from nettools.cli.arguments import Settings
from nettools.cli.commands import Commands

__all__ = ["FOLDER", "IMAP", "NUMBERS", "UIDS", "URL", "imap", "needed", "pop3", "verb"]

F = TypeVar("F", bound=Callable[..., Any])


def group(name: str, default: str, text: str, examples: str) -> Commands:
    """A protocol's group of verbs."""
    return Commands(name, default=default, help=text, epilog=f"\b\nExamples:\n{examples}")


imap = group(
    "imap",
    "list",
    "Read and manage mail on an IMAP server.",
    """  nettools imap list imaps://me@mail.example/INBOX --unseen --since 7d --json
  nettools imap fetch imaps://me@mail.example/INBOX 4711 --raw -o message.eml
  nettools imap mv imaps://me@mail.example/INBOX 4711 Archive""",
)
pop3 = group(
    "pop3",
    "list",
    "Read and delete mail on a POP3 server.",
    """  nettools pop3 list pop3s://me@mail.example --json
  nettools pop3 save pop3s://me@mail.example --all -o mail/""",
)

BOTH, IMAP = (imap, pop3), (imap,)


def verb(name: str, *params: Any, groups: Iterable[Commands] = BOTH) -> Callable[[F], F]:
    """Register a verb in one or both groups; the function gets the scheme's name first."""

    def decorate(function: F) -> F:
        for each in groups:
            scheme = each.name

            def run(settings: Settings, /, scheme: Any = scheme, **given: Any) -> Any:
                return function(scheme, settings, **given)

            def wrapped(settings: Settings, run: Any = run, **given: Any) -> Any:
                return run(settings, **given)

            wrapped.__doc__ = function.__doc__
            decorated: Any = wrapped
            for param in reversed(params):
                decorated = param(decorated)
            each.command(name)(decorated)
        return function

    return decorate


URL = click.argument("url")
FOLDER = click.option("--folder", metavar="NAME", help="The folder (default: the URL's, else INBOX).")
UIDS = click.argument("uids", nargs=-1, metavar="[UID]...")
NUMBERS = click.option(
    *("--number", "--numbers", "numbers"),
    type=click.IntRange(1),
    multiple=True,
    metavar="N",
    help="By message number instead of UID.",
)


def needed(uids: tuple[str, ...]) -> tuple[str, ...]:
    if not uids:
        raise click.UsageError("Missing argument 'UID...'.")
    return uids
