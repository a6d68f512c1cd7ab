"""Verbs that change a mailbox: append, flag, move, copy, delete."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click

from nettools.cli.arguments import MOMENT, Settings
from nettools.cli.calling import Call, call, confirm
from nettools.cli.mailbox.query import either, make_query, query_options
from nettools.cli.mailbox.verbs import FOLDER, IMAP, NUMBERS, UIDS, URL, needed, verb
from nettools.cli.streams import standard_input
from nettools.errors import UsageError

__all__: list[str] = []  # they are in their groups


@verb(
    "append",
    URL,
    click.argument("file"),
    FOLDER,
    click.option("--flag", "--flags", "flags", multiple=True, metavar="FLAG", help="Set this flag, such as \\Seen."),
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


@dataclass(frozen=True, slots=True)
class _Messages:
    """Those that the command line names, by UID or by number, or looks for: these may be none."""

    names: tuple[Any, ...]
    numbered: bool = False

    def __bool__(self) -> bool:
        return bool(self.names)

    def __str__(self) -> str:
        return ", ".join(map(str, self.names)) or "nothing"

    @property
    def keywords(self) -> dict[str, Any]:
        """For the functions that change messages."""
        return {"numbers" if self.numbered else "uids": self.names}


def _wanted(this: Call, uids: tuple[str, ...], numbers: tuple[int, ...], folder: str | None, query: Any) -> _Messages:
    import nettools

    if query is not None:
        either((*uids, *numbers))
        return _Messages(nettools.search_mail(this.url, query, folder=folder, **this.keywords))
    if numbers:
        either(uids)
        return _Messages(numbers, numbered=True)
    return _Messages(needed(uids))


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
    NUMBERS,
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
    numbers: tuple[int, ...],
    **given: Any,
) -> None:
    """Set and clear flags of messages: the UIDs, or all for which the terms hold."""
    import nettools

    if not add and not remove:
        raise UsageError("flag needs --add or --remove")
    with call(settings, scheme, url) as this:
        wanted = _wanted(this, uids, numbers, folder, make_query(given))
        if settings.dry_run:
            this.out.would(f"flag {wanted}")
            return
        if unchanged_since is not None and wanted:
            with nettools.connect(this.url, **this.keywords) as session:
                box: Any = session
                box.flag(**wanted.keywords, add=add, remove=remove, folder=folder, unchanged_since=unchanged_since)
        elif wanted:
            nettools.flag_mail(this.url, **wanted.keywords, add=add, remove=remove, folder=folder, **this.keywords)
        this.out.done()


def _to_folder(name: str, text: str) -> None:
    def run(
        scheme: str,
        settings: Settings,
        url: str,
        words: tuple[str, ...],
        folder: str | None,
        numbers: tuple[int, ...],
        **given: Any,
    ) -> None:
        import nettools

        query = make_query(given)
        if len(words) < (2 if query is None and not numbers else 1):
            raise click.UsageError("Missing arguments: UID... FOLDER.")
        *uids, to_folder = words
        with call(settings, scheme, url) as this:
            wanted = _wanted(this, tuple(uids), numbers, folder, query)
            if settings.dry_run:
                this.out.would(f"{name} {wanted} to {to_folder}")
                return
            function = nettools.move_mail if name == "mv" else nettools.copy_mail
            named = {**wanted.keywords, "to_folder": to_folder, "folder": folder}
            for uid in function(this.url, **named, **this.keywords) if wanted else ():
                this.out.word(uid)

    run.__doc__ = text
    words = click.argument("words", nargs=-1, metavar="[UID...] FOLDER")
    verb(name, URL, words, FOLDER, NUMBERS, query_options, groups=IMAP)(run)


for _name, _does in (("mv", "Move"), ("cp", "Copy")):
    _to_folder(
        _name,
        f"{_does} messages (the UIDs, or all for which the terms hold) to another folder; "
        "prints their new UIDs where the server tells them.",
    )


@verb("rm", URL, UIDS, FOLDER, NUMBERS, query_options)
def rm(
    scheme: str,
    settings: Settings,
    url: str,
    uids: tuple[str, ...],
    folder: str | None,
    numbers: tuple[int, ...],
    **given: Any,
) -> None:
    """Delete messages: the UIDs, or all for which the terms hold."""
    import nettools

    with call(settings, scheme, url) as this:
        wanted = _wanted(this, uids, numbers, folder, make_query(given))
        if settings.dry_run:
            this.out.would(f"delete {wanted}")
            return
        if wanted:
            confirm(settings, f"delete {len(wanted.names)} message(s) at {this.target.url}")
            nettools.delete_mail(this.url, **wanted.keywords, folder=folder, **this.keywords)
        this.out.done()
