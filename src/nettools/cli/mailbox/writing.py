"""Verbs that change a mailbox: append, flag, move, copy, delete."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from nettools.cli.arguments import MOMENT, Settings
from nettools.cli.calling import Call, call, confirm
from nettools.cli.mailbox.query import either, make_query, query_options
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
            this.out.would(f"append {file} to {folder or this.target.url}")
            return
        uid = nettools.append_mail(this.url, message, folder=folder, flags=flags, date=date, **this.keywords)
        if this.out.as_json:
            this.out.json({"uid": uid})
        elif uid is not None:
            this.out.line(uid)


def _wanted(this: Call, uids: tuple[str, ...], folder: str | None, query: Any) -> tuple[str, ...]:
    """The UIDs of the command line, or those of the messages that its query finds, which may be none."""
    import nettools

    if query is None:
        return needed(uids)
    either(uids)
    return nettools.search_mail(this.url, query, folder=folder, **this.keywords)


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
    query_options,
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
    **given: Any,
) -> None:
    """Set and clear flags of messages: the UIDs, or all for which the terms hold."""
    import nettools

    if not add and not remove:
        raise UsageError("flag needs --add or --remove")
    with call(settings, scheme, url) as this:
        wanted = _wanted(this, uids, folder, make_query(given))
        if settings.dry_run:
            this.out.would(f"flag {', '.join(wanted) or 'nothing'}")
            return
        if unchanged_since is not None and wanted:
            with nettools.connect(this.url, **this.keywords) as session:
                box: Any = session
                box.flag(wanted, add=add, remove=remove, folder=folder, unchanged_since=unchanged_since)
        elif wanted:
            nettools.flag_mail(this.url, wanted, add=add, remove=remove, folder=folder, **this.keywords)
        this.out.done()


def _to_folder(name: str, text: str) -> None:
    def run(
        scheme: str, settings: Settings, url: str, words: tuple[str, ...], folder: str | None, **given: Any
    ) -> None:
        import nettools

        query = make_query(given)
        if len(words) < (2 if query is None else 1):
            raise click.UsageError("Missing arguments: UID... FOLDER.")
        *uids, to_folder = words
        with call(settings, scheme, url) as this:
            wanted = _wanted(this, tuple(uids), folder, query)
            if settings.dry_run:
                this.out.would(f"{name} {', '.join(wanted) or 'nothing'} to {to_folder}")
                return
            function = nettools.move_mail if name == "mv" else nettools.copy_mail
            for uid in function(this.url, wanted, to_folder, folder=folder, **this.keywords) if wanted else ():
                this.out.word(uid)

    run.__doc__ = text
    words = click.argument("words", nargs=-1, metavar="[UID...] FOLDER")
    verb(name, URL, words, FOLDER, query_options, groups=IMAP)(run)


for _name, _does in (("mv", "Move"), ("cp", "Copy")):
    _to_folder(
        _name,
        f"{_does} messages (the UIDs, or all for which the terms hold) to another folder; "
        "prints their new UIDs where the server tells them.",
    )


@verb("rm", URL, UIDS, FOLDER, query_options)
def rm(scheme: str, settings: Settings, url: str, uids: tuple[str, ...], folder: str | None, **given: Any) -> None:
    """Delete messages: the UIDs, or all for which the terms hold."""
    import nettools

    with call(settings, scheme, url) as this:
        wanted = _wanted(this, uids, folder, make_query(given))
        if settings.dry_run:
            this.out.would(f"delete {', '.join(wanted) or 'nothing'}")
            return
        if wanted:
            confirm(settings, f"delete {len(wanted)} message(s) at {this.target.url}")
            nettools.delete_mail(this.url, wanted, folder=folder, **this.keywords)
        this.out.done()
