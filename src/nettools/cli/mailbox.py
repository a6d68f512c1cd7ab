"""`nettools imap` and `nettools pop3`: the verbs that mailboxes have, declared once for both where both have them."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

import click

from nettools.cli.arguments import AMOUNT, LIMIT, MOMENT, Settings
from nettools.cli.calling import Call, absolute, call, confirm, standard_input
from nettools.cli.commands import Commands
from nettools.errors import FileError, UsageError
from nettools.results import Mail, MailInfo

__all__ = ["imap", "pop3", "send_command"]

F = TypeVar("F", bound=Callable[..., Any])

QUERY = (
    click.option("--subject", metavar="TEXT", help="Subject contains."),
    click.option("--from", "--sender", "sender", metavar="TEXT", help="Sender contains."),
    click.option("--to", metavar="TEXT", help="To contains."),
    click.option("--text", metavar="TEXT", help="Anything in the message contains."),
    click.option("--body", metavar="TEXT", help="The body contains."),
    click.option("--header", metavar="NAME:TEXT", help="A header contains."),
    click.option("--since", type=MOMENT, help="Arrived on or after this day."),
    click.option("--before", type=MOMENT, help="Arrived before this day."),
    click.option("--on", type=MOMENT, help="Arrived on this day."),
    click.option("--larger", type=AMOUNT, help="Has more octets."),
    click.option("--smaller", type=AMOUNT, help="Has fewer octets."),
    click.option("--unseen", is_flag=True, help="Not read yet."),
    click.option("--seen", is_flag=True, help="Read."),
    click.option("--flagged", is_flag=True, help="Flagged."),
    click.option("--answered", is_flag=True, help="Answered."),
    click.option("--uid", "uid", metavar="SET", help="UIDs, such as 7:12."),
    click.option("--query", "raw_query", metavar="SEARCH", help="In the syntax of IMAP SEARCH."),
)


def query_options(function: Any) -> Any:
    """One option for each term of a Query."""
    for option in reversed(QUERY):
        function = option(function)
    return function


def make_query(given: dict[str, Any]) -> Any:
    """Take the query's options out of `given`; None when there are none."""
    terms = {name: given.pop(name) for name in tuple(given) if name in _QUERY_NAMES}
    raw = terms.pop("raw_query")
    header = terms.pop("header")
    wanted = {name: value for name, value in terms.items() if value not in (None, False)}
    if header is not None:
        name, colon, value = header.partition(":")
        if not colon:
            raise UsageError("--header is NAME:TEXT")
        wanted["header"] = (name.strip(), value.strip())
    if raw is not None:
        if wanted:
            raise UsageError("--query stands for itself: no other term goes with it")
        return raw
    if not wanted:
        return None
    from nettools.query import Query

    return Query(**wanted)


_QUERY_NAMES = {
    option.name
    for option in query_options(lambda: None).__click_params__  # the names that click derives
}

INFO_COLUMNS = ("uid", "date", "from", "subject", "size", "flags")


def info_row(info: MailInfo) -> tuple[Any, ...]:
    """One line of a mailbox."""
    return info.uid, info.date, info.sender or "", info.subject, info.size, " ".join(info.flags)


def show_mail(this: Call, mail: Mail) -> None:
    """A message as a person reads it."""
    info = mail.info
    for name, value in (
        ("From", info.sender),
        ("To", ", ".join(map(str, info.to))),
        ("Cc", ", ".join(map(str, info.cc))),
        ("Date", info.date.isoformat(" ") if info.date else None),
        ("Subject", info.subject),
    ):
        if value:
            this.out.line(f"{name}: {value}".replace("\n", " "))
    for each in mail.attachments:
        this.out.line(f"Attachment: {each.name or '(no name)'} ({each.content_type}, {each.size} octets)")
    this.out.line("")
    this.out.data((mail.text if mail.text is not None else mail.html or "").encode("utf-8", "replace"))
    for defect in mail.defects:
        this.out.note(f"defect: {defect}")


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
UIDS = click.argument("uids", nargs=-1)


def _needed(uids: tuple[str, ...]) -> tuple[str, ...]:
    if not uids:
        raise click.UsageError("Missing argument 'UID...'.")
    return uids


@verb(
    "list",
    URL,
    FOLDER,
    click.option("--limit", type=LIMIT, default=50, show_default=True, help="How many at most."),
    click.option("--oldest-first", is_flag=True, help="In the order of arrival."),
    query_options,
)
def list_(
    scheme: str, settings: Settings, url: str, folder: str | None, limit: Any, oldest_first: bool, **given: Any
) -> None:
    """List messages, newest first, and how to tell which."""
    import nettools

    with call(settings, scheme, url) as this:
        found = nettools.list_mail(
            this.url,
            folder=folder,
            query=make_query(given),
            limit=None if limit == "all" else limit,
            newest_first=not oldest_first,
            **this.keywords,
        )
        this.out.rows(found, INFO_COLUMNS, info_row)
        if found:
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
            if this.out.as_json:
                this.out.json(uid)
            else:
                this.out.line(uid)


@verb(
    "fetch",
    URL,
    UIDS,
    FOLDER,
    click.option("--raw", is_flag=True, help="The exact octets."),
    click.option("--number", "numbers", type=int, multiple=True, help="By message number instead of UID."),
    click.option("--mark-seen", is_flag=True, help="Mark as read."),
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
) -> None:
    """Show messages; -o FILE or -o DIR/ writes them, --raw as they are."""
    import nettools

    named = None if settings.output in (None, "-") else Path(settings.output)
    into = named is not None and (named.is_dir() or settings.output.endswith("/"))
    as_files = named is not None and (raw or into)
    with (
        call(settings, scheme, url, to_file=not as_files, progress=as_files) as this,
        nettools.connect(this.url, **this.keywords) as session,
    ):
        box: Any = session
        if as_files and not mark_seen:
            by_number: list[tuple[Any, Any]] = [(None, number) for number in numbers]
            for uid, number in by_number or [(uid, None) for uid in _fetch_uids(session, uids)]:
                done = box.fetch_to(settings.output, uid, number=number, folder=folder)
                this.out.result(done, lambda each: this.out.note(str(each.path)))
            return
        wanted: Any = {"numbers": numbers} if numbers else {"uids": _fetch_uids(session, uids)}
        for mail in box.fetch_many(**wanted, folder=folder, mark_seen=mark_seen):
            if as_files:
                note = partial(this.out.note, str(_save(mail, named, into)))
                this.out.result(mail, lambda _, note=note: note())  # type: ignore[misc]
            elif raw and not this.out.as_json:
                this.out.data(mail.raw)
            else:
                this.out.result(mail, lambda each: show_mail(this, each))


def _fetch_uids(session: Any, uids: tuple[str, ...]) -> tuple[str, ...]:
    """The UIDs of the command line, or the one of the URL."""
    from_url = getattr(session, "url_uid", None)
    return uids or _needed((from_url,) if from_url else ())


def _save(mail: Mail, path: Path | None, into: bool) -> Path:
    """Write one message; into a folder under its UID."""
    from nettools.files import safe_name, write_new, write_whole

    assert path is not None
    if not into:
        return write_whole(path, mail.raw)
    return write_new(path, safe_name(f"{mail.info.uid}.eml"), mail.raw)


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
) -> None:
    """Write messages into the folder that -o names, one .eml each, or a Maildir, or an mbox; what it has is left out.

    --delete removes them from the server once they are safely stored.
    """
    import nettools
    from nettools.cli.saving import save_attachments, save_messages

    if settings.output in (None, "-"):
        raise UsageError("save needs -o DIR")
    if not uids and not everything:
        raise UsageError("save needs UIDs, or --all")
    if pattern is not None and not attachments:
        raise UsageError("--pattern goes with --attachments")
    if kind != "mbox":
        try:
            Path(settings.output).mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise FileError(f"cannot write {settings.output}: {error.strerror}", filename=settings.output) from error
    with call(settings, scheme, url, to_file=False) as this, nettools.connect(this.url, **this.keywords) as session:
        box: Any = session
        wanted = None if everything else uids
        if settings.dry_run:
            for uid in box.search("ALL", folder=folder) if wanted is None else wanted:
                this.out.note(f"would save {uid}")
        elif attachments:
            save_attachments(this, box, wanted, folder, pattern, delete=delete)
        else:
            save_messages(this, box, wanted, folder, kind, delete=delete)


@verb("rm", URL, UIDS, FOLDER)
def rm(scheme: str, settings: Settings, url: str, uids: tuple[str, ...], folder: str | None) -> None:
    """Delete messages."""
    import nettools

    _needed(uids)
    with call(settings, scheme, url) as this:
        if settings.dry_run:
            this.out.note(f"would delete {', '.join(uids)}")
            return
        confirm(settings, f"delete {len(uids)} message(s) at {this.target.url}")
        nettools.delete_mail(this.url, uids, folder=folder, **this.keywords)


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
) -> None:
    """Set and clear flags."""
    import nettools

    _needed(uids)
    if not add and not remove:
        raise UsageError("flag needs --add or --remove")
    with call(settings, scheme, url) as this:
        if settings.dry_run:
            this.out.note(f"would flag {', '.join(uids)}")
            return
        nettools.flag_mail(this.url, uids, add=add, remove=remove, folder=folder, **this.keywords)


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
                if this.out.as_json:
                    this.out.json(uid)
                else:
                    this.out.line(uid)

    run.__doc__ = text
    words = click.argument("words", nargs=-1, metavar="UID... FOLDER")
    verb(name, URL, words, FOLDER, groups=IMAP)(run)


_to_folder("mv", "Move messages to another folder; prints their new UIDs where the server tells them.")
_to_folder("cp", "Copy messages to another folder; prints their new UIDs where the server tells them.")


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
                if this.out.as_json:
                    this.out.json(info)
                else:
                    this.out.line("\t".join(str(each if each is not None else "") for each in info_row(info)))
                seen += 1
                if limit != "all" and seen >= limit:
                    return
        except DeadlineError as error:
            if error.kind != "total":
                raise


@verb("command", URL, click.argument("line"))
def command(scheme: str, settings: Settings, url: str, line: str) -> None:
    """Send one command, and print the reply."""
    send_command(settings, scheme, url, line)


def send_command(settings: Settings, scheme: str, url: str, line: str) -> None:
    """One command of a line protocol, and its reply."""
    import nettools

    with call(settings, scheme, absolute(url, scheme)) as this, nettools.connect(this.url, **this.keywords) as session:
        reply = session.command(line)  # type: ignore[attr-defined]
        if this.out.as_json:
            this.out.line(json.dumps(reply.to_dict()))
            return
        for each in reply.lines:
            this.out.line(each.decode("utf-8", "replace"))
        this.out.line(str(reply))
