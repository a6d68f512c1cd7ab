"""Verbs that change a mailbox: append, flag, move, copy, delete."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import click

from nettools.cli.arguments import MOMENT, Settings
from nettools.cli.calling import Call, call, confirm
from nettools.cli.inputs import whole_message
from nettools.cli.mailbox.query import either, make_query, query_options
from nettools.cli.mailbox.verbs import FOLDER, IMAP, NUMBERS, UIDS, URL, needed, verb
from nettools.errors import UsageError
from nettools.frozen import Frozen

__all__: list[str] = []  # they are in their groups

_SYSTEM_FLAGS = {name.lower(): f"\\{name}" for name in ("Seen", "Answered", "Flagged", "Deleted", "Draft")}


def _flags(_ctx: click.Context, _param: click.Parameter, words: tuple[str, ...]) -> tuple[str, ...]:
    """Flags as IMAP has them: no shell likes a backslash, and a keyword named `Seen` would mark nothing as seen."""
    return tuple(_SYSTEM_FLAGS.get(word.lower(), word) for word in words)


@verb(
    "append",
    URL,
    click.argument("file"),
    FOLDER,
    click.option(
        *("--flag", "--flags", "flags"),
        multiple=True,
        metavar="FLAG",
        callback=_flags,
        help="Set this flag, such as Seen (\\Seen).",
    ),
    click.option("--date", type=MOMENT, help="The date of arrival."),
    groups=IMAP,
)
def append(
    scheme: str, settings: Settings, url: str, file: str, folder: str | None, flags: tuple[str, ...], date: Any
) -> None:
    """Put a message (FILE, or - for stdin) into the folder."""
    import nettools

    message: Any = whole_message(file)
    with call(settings, scheme, url) as this:
        if settings.dry_run:
            this.out.would(f"append {file} to {folder or this.target.url}")
            return
        uid = nettools.append_mail(this.url, message, folder=folder, flags=flags, date=date, **this.keywords)
        if this.out.as_json:
            this.out.json({"uid": uid})
        elif uid is not None:
            this.out.line(uid)


class _Meant(Frozen):
    """The messages that the command line names, by UID or by number, or looks for: these may be none."""

    uids: tuple[str, ...]
    numbers: tuple[int, ...]
    query: Any
    folder: str | None

    @property
    def named(self) -> tuple[Any, ...]:
        """Those that need no looking for."""
        if self.query is not None:
            either((*self.uids, *self.numbers))
        if self.numbers:
            either(self.uids)
        return self.numbers or (() if self.query is not None else needed(self.uids))


def _change(
    this: Call, meant: _Meant, does: str, act: Callable[..., Any], *, where: str = "", ask: bool = False
) -> Any:
    """Let `act` change the messages that are meant, over the connection that looked for them.

    `does` and `where` say what that is, to --dry-run and to who is asked; `act` gets the session and the keywords of
    its methods, and is not called for none.
    """
    import nettools
    from nettools.facade.connecting import protocol_for
    from nettools.session import run

    def agreed(messages: tuple[Any, ...]) -> bool:
        if this.settings.dry_run:
            this.out.would(f"{does} {', '.join(map(str, messages)) or 'nothing'}{where}")
            return False
        if messages and ask:
            confirm(this.settings, f"{does} {len(messages)} message(s) at {this.target.url}")
        return bool(messages)

    def change(box: Any, messages: tuple[Any, ...]) -> Any:
        return act(box, **{"numbers" if meant.numbers else "uids": messages}, folder=meant.folder)

    named = meant.named
    if meant.query is None:
        if not agreed(named):
            return None
        return run(protocol_for(this.url), this.url, lambda box: change(box, named), this.keywords)
    with nettools.connect(this.url, **this.keywords) as box:
        found = box.search(meant.query, folder=meant.folder)
        return change(box, found) if agreed(found) else None


@verb(
    "flag",
    URL,
    UIDS,
    FOLDER,
    click.option(
        "--add", multiple=True, metavar="FLAG", callback=_flags, help="Set, such as Seen (\\Seen) or a keyword."
    ),
    click.option("--remove", multiple=True, metavar="FLAG", callback=_flags, help="Clear."),
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
    if not add and not remove:
        raise UsageError("flag needs --add or --remove")
    meant = _Meant(uids, numbers, make_query(given), folder)
    changes: dict[str, Any] = {"add": add, "remove": remove}
    if unchanged_since is not None:
        changes["unchanged_since"] = unchanged_since
    with call(settings, scheme, url) as this:
        _change(this, meant, "flag", lambda box, **messages: box.flag(**messages, **changes))
        if not settings.dry_run:
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
        query = make_query(given)
        if len(words) < (2 if query is None and not numbers else 1):
            raise click.UsageError("Missing arguments: UID... FOLDER.")
        *uids, to_folder = words
        meant = _Meant(tuple(uids), numbers, query, folder)

        def act(box: Any, **messages: Any) -> Any:
            return (box.move if name == "mv" else box.copy)(to_folder=to_folder, **messages)

        with call(settings, scheme, url) as this:
            for uid in _change(this, meant, name, act, where=f" to {to_folder}") or ():
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
    meant = _Meant(uids, numbers, make_query(given), folder)
    with call(settings, scheme, url) as this:
        _change(this, meant, "delete", lambda box, **messages: box.delete(**messages), ask=True)
        if not settings.dry_run:
            this.out.done()
