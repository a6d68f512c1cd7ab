"""Verbs that leave a mailbox as it is: list, search, changed, fetch, save, watch."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Any

import click

from nettools.cli.arguments import LIMIT, Settings
from nettools.cli.calling import Call, call
from nettools.cli.mailbox.query import either, make_query, query_options
from nettools.cli.mailbox.verbs import FOLDER, IMAP, NUMBERS, UIDS, URL, needed, verb
from nettools.cli.messages import check_place, place_of, save_message, show_message
from nettools.cli.streams import writing
from nettools.errors import UsageError
from nettools.results import Mail, MailInfo

__all__: list[str] = []  # they are in their groups

INFO_COLUMNS = ("uid", "date", "from", "subject", "size", "flags")


def info_row(info: MailInfo) -> tuple[Any, ...]:
    """One line of a mailbox."""
    return info.uid, info.date, info.sender or "", info.subject, info.size, " ".join(info.flags)


def show_mail(this: Call, mail: Mail) -> None:
    """A message as a person reads it."""
    info = mail.info
    fields = (
        ("From", info.sender),
        ("To", ", ".join(map(str, info.to))),
        ("Cc", ", ".join(map(str, info.cc))),
        ("Date", info.date.isoformat(" ") if info.date else None),
        ("Subject", info.subject),
    )
    show_message(this, fields, mail)


@verb(
    "list",
    URL,
    FOLDER,
    click.option("--limit", type=LIMIT, default=50, show_default=True, help="How many at most."),
    click.option("--newest-first/--oldest-first", default=True, help="The newest first, or in the order of arrival."),
    query_options,
)
def list_(
    scheme: str, settings: Settings, url: str, folder: str | None, limit: Any, newest_first: bool, **given: Any
) -> None:
    """List messages, newest first, and how to tell which."""
    import nettools

    with call(settings, scheme, url) as this:
        found = nettools.list_mail(
            this.url,
            folder=folder,
            query=make_query(given),
            limit=None if limit == "all" else limit,
            newest_first=newest_first,
            **this.keywords,
        )
        this.out.rows(found, INFO_COLUMNS, info_row)
        if found and not settings.verbose:  # which tells them
            this.out.warnings(found[0].meta)


@verb("search", URL, FOLDER, query_options)
def search(scheme: str, settings: Settings, url: str, folder: str | None, **given: Any) -> None:
    """Print the UIDs of the messages for which all terms hold."""
    import nettools

    query = make_query(given)
    with call(settings, scheme, url) as this:
        for uid in nettools.search_mail(
            this.url, query if query is not None else "ALL", folder=folder, **this.keywords
        ):
            this.out.word(uid)


@verb("changed", URL, click.argument("since", type=click.IntRange(min=0)), FOLDER, groups=IMAP)
def changed(scheme: str, settings: Settings, url: str, since: int, folder: str | None) -> None:
    """List the messages that are new or flagged otherwise since a MODSEQ (HIGHESTMODSEQ of the folder then)."""
    import nettools

    with call(settings, scheme, url) as this, nettools.connect(this.url, **this.keywords) as box:
        this.out.rows(box.changed(since, folder=folder), INFO_COLUMNS, info_row)


@verb(
    "fetch",
    URL,
    UIDS,
    FOLDER,
    click.option("--raw", is_flag=True, help="The exact octets."),
    NUMBERS,
    click.option("--mark-seen", is_flag=True, help="Mark as read."),
    query_options,
)
def fetch(
    scheme: str,
    settings: Settings,
    url: str,
    uids: tuple[str, ...],
    folder: str | None,
    raw: bool,
    numbers: tuple[int, ...],
    mark_seen: bool,
    **given: Any,
) -> None:
    """Show messages (the UIDs, or all for which the terms hold); -o FILE or -o DIR/ writes them, --raw as they are."""
    import nettools

    query = make_query(given)
    if query is not None:
        either((*uids, *numbers))
    elif numbers:
        either(uids)
    named, into = place_of(settings)
    as_files = named is not None and (raw or into)
    with (
        call(settings, scheme, url, to_file=not as_files, progress=as_files) as this,
        nettools.connect(this.url, **this.keywords) as box,
    ):
        wanted: Any = ()
        if query is not None:
            wanted = box.search(query, folder=folder)
        elif not numbers:
            wanted = _fetch_uids(box, uids)
        if as_files:
            check_place(named, into, len(numbers or wanted))
        if as_files and not mark_seen:
            by_number: list[tuple[Any, Any]] = [(None, number) for number in numbers]
            for uid, number in by_number or [(uid, None) for uid in wanted]:
                done = box.fetch_to(settings.output, uid, number=number, folder=folder)
                this.out.result(done, lambda each: this.out.note(str(each.path)))
            return
        meant: Any = {"numbers": numbers} if numbers else {"uids": wanted}
        for mail in box.fetch_many(**meant, folder=folder, mark_seen=mark_seen):
            if named is not None and as_files:
                note = partial(this.out.note, str(save_message(mail.raw, named, into, str(mail.info.uid))))
                this.out.result(mail, lambda _, note=note: note())  # type: ignore[misc]
            elif raw and not this.out.as_json:
                this.out.data(mail.raw)
            else:
                this.out.result(mail, lambda each: show_mail(this, each))


def _fetch_uids(session: Any, uids: tuple[str, ...]) -> tuple[str, ...]:
    """The UIDs of the command line, or the one of the URL."""
    from_url = getattr(session, "url_uid", None)
    return uids or needed((from_url,) if from_url else ())


@verb(
    "save",
    URL,
    UIDS,
    FOLDER,
    click.option("--all", "everything", is_flag=True, help="Every message of the folder."),
    click.option(
        "--format",
        "kind",
        type=click.Choice(["eml", "maildir", "mbox"]),
        default="eml",
        show_default=True,
        help="One .eml each, a Maildir, or one mbox file.",
    ),
    click.option("--attachments", is_flag=True, help="The attachments instead of the messages."),
    click.option("--pattern", metavar="GLOB", help="With --attachments: only names that match."),
    click.option("--delete", is_flag=True, help="Delete each message once it is safely stored."),
    query_options,
)
def save(
    scheme: str,
    settings: Settings,
    url: str,
    uids: tuple[str, ...],
    folder: str | None,
    everything: bool,
    kind: str,
    attachments: bool,
    pattern: str | None,
    delete: bool,
    **given: Any,
) -> None:
    """Write messages into the folder that -o names, one .eml each, or a Maildir, or an mbox; what it has is left out.

    They are the UIDs, --all, or all for which the terms hold. --delete removes them once they are safely stored.
    """
    import nettools
    from nettools.cli.mailbox.saving import save_attachments, save_messages

    if settings.output in (None, "-"):
        raise UsageError("save needs -o DIR")
    query = make_query(given)
    if not uids and not everything and query is None:
        raise UsageError("save needs UIDs, --all, or what to look for")
    if query is not None:
        either((*uids, *(["--all"] if everything else [])))
    if pattern is not None and not attachments:
        raise UsageError("--pattern goes with --attachments")
    if kind != "mbox":
        with writing(settings.output):
            Path(settings.output).mkdir(parents=True, exist_ok=True)
    with call(settings, scheme, url, to_file=False) as this, nettools.connect(this.url, **this.keywords) as box:
        wanted = uids if query is None else box.search(query, folder=folder)
        wanted = None if everything else wanted
        if settings.dry_run:
            for uid in box.search("ALL", folder=folder) if wanted is None else wanted:
                this.out.would(f"save {uid}")
        elif attachments:
            save_attachments(this, box, wanted, folder, pattern, delete=delete)
        else:
            save_messages(this, box, wanted, folder, kind, delete=delete)


@verb(
    "folders", URL, click.option("--pattern", metavar="GLOB", default="*", help="Only names that match."), groups=IMAP
)
def folders(scheme: str, settings: Settings, url: str, pattern: str) -> None:
    """List the folders."""
    import nettools

    with call(settings, scheme, url) as this:
        found = nettools.list_folders(this.url, pattern=pattern, **this.keywords)
        this.out.rows(found, ("name", "use", "flags"), lambda each: (each.name, each.special_use, " ".join(each.flags)))


@verb(
    "watch",
    URL,
    FOLDER,
    query_options,
    click.option("--limit", type=LIMIT, default="all", help="End after so many."),
)
def watch(scheme: str, settings: Settings, url: str, folder: str | None, limit: Any, **given: Any) -> None:
    """Print new messages as they arrive, until interrupted or --max-time."""
    import nettools
    from nettools.errors import DeadlineError

    seen = 0
    query = make_query(given)
    with call(settings, scheme, url) as this:
        try:
            for info in nettools.watch_mail(this.url, folder=folder, query=query, **this.keywords):
                this.out.row(info, info_row)
                seen += 1
                if limit != "all" and seen >= limit:
                    return
        except DeadlineError as error:
            if error.kind != "total":
                raise
