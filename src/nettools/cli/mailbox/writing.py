"""Verbs that change a mailbox: append, flag, move, copy, delete."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from nettools.cli.arguments import MOMENT, Settings
from nettools.cli.calling import call, confirm
from nettools.cli.mailbox.verbs import FOLDER, IMAP, UIDS, URL, needed, verb
from nettools.cli.streams import standard_input
from nettools.errors import UsageError

__all__: list[str] = []  # they are in their groups


@verb(
    "append",
    URL,
    click.argument("file"),
    FOLDER,
    click.option("--flag", "flags", multiple=True, metavar="FLAG", help="Set this flag, such as \\Seen."),
    click.option("--date", type=MOMENT, help="The date of arrival."),
    groups=IMAP,
)
def append(
    scheme: str, settings: Settings, url: str, file: str, folder: str | None, flags: tuple[str, ...], date: Any
) -> None:
    """Put a message (FILE, or - for stdin) into the folder."""
    import nettools

    message: Any = standard_input().read() if file == "-" else Path(file)
    with call(settings, scheme, url) as this:
        if settings.dry_run:
            this.out.note(f"would append {file} to {folder or this.target.url}")
            return
        uid = nettools.append_mail(this.url, message, folder=folder, flags=flags, date=date, **this.keywords)
        if this.out.as_json:
            this.out.json({"uid": uid})
        elif uid is not None:
            this.out.line(uid)


@verb(
    "flag",
    URL,
    UIDS,
    FOLDER,
    click.option("--add", multiple=True, metavar="FLAG", help="Set, such as \\Seen or a keyword."),
    click.option("--remove", multiple=True, metavar="FLAG", help="Clear."),
    click.option(
        "--unchanged-since", type=click.IntRange(min=0), metavar="MODSEQ", help="Only messages unchanged since then."
    ),
    groups=IMAP,
)
def flag(
    scheme: str,
    settings: Settings,
    url: str,
    uids: tuple[str, ...],
    folder: str | None,
    add: tuple[str, ...],
    remove: tuple[str, ...],
    unchanged_since: int | None,
) -> None:
    """Set and clear flags."""
    import nettools

    needed(uids)
    if not add and not remove:
        raise UsageError("flag needs --add or --remove")
    with call(settings, scheme, url) as this:
        if settings.dry_run:
            this.out.note(f"would flag {', '.join(uids)}")
            return
        if unchanged_since is None:
            nettools.flag_mail(this.url, uids, add=add, remove=remove, folder=folder, **this.keywords)
        else:
            with nettools.connect(this.url, **this.keywords) as session:
                box: Any = session
                box.flag(uids, add=add, remove=remove, folder=folder, unchanged_since=unchanged_since)
        this.out.done()


def _to_folder(name: str, text: str) -> None:
    def run(scheme: str, settings: Settings, url: str, words: tuple[str, ...], folder: str | None) -> None:
        import nettools

        if len(words) < 2:
            raise click.UsageError("Missing arguments: UID... FOLDER.")
        *uids, to_folder = words
        with call(settings, scheme, url) as this:
            if settings.dry_run:
                this.out.note(f"would {name} {', '.join(uids)} to {to_folder}")
                return
            function = nettools.move_mail if name == "mv" else nettools.copy_mail
            for uid in function(this.url, uids, to_folder, folder=folder, **this.keywords):
                this.out.word(uid)

    run.__doc__ = text
    words = click.argument("words", nargs=-1, metavar="UID... FOLDER")
    verb(name, URL, words, FOLDER, groups=IMAP)(run)


_to_folder("mv", "Move messages to another folder; prints their new UIDs where the server tells them.")
_to_folder("cp", "Copy messages to another folder; prints their new UIDs where the server tells them.")


@verb("rm", URL, UIDS, FOLDER)
def rm(scheme: str, settings: Settings, url: str, uids: tuple[str, ...], folder: str | None) -> None:
    """Delete messages."""
    import nettools

    needed(uids)
    with call(settings, scheme, url) as this:
        if settings.dry_run:
            this.out.note(f"would delete {', '.join(uids)}")
            return
        confirm(settings, f"delete {len(uids)} message(s) at {this.target.url}")
        nettools.delete_mail(this.url, uids, folder=folder, **this.keywords)
        this.out.done()
