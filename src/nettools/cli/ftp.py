"""`nettools ftp`: get, put, list, info, rm, mv, mkdir, chmod, mirror, command."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import quote, unquote

import click

from nettools.cli.arguments import NEWER_OPTION, RANGE_OPTION, Settings
from nettools.cli.calling import Call, absolute, call, confirm
from nettools.cli.commands import Commands, Verb
from nettools.cli.ending import at_once
from nettools.cli.inputs import existing, newer_than
from nettools.cli.lines import send_command
from nettools.cli.streams import standard_input
from nettools.errors import UsageError
from nettools.results import FileEntry, MirrorReport, Transfer
from nettools.target import parse_url

__all__ = ["ftp"]

_GLOB = re.compile(r"([A-Za-z]+://[^/]+/(?:.*/)?)([^/;?]*[*\[][^/;?]*)")

F = TypeVar("F", bound=Callable[..., Any])

FTP_OPTIONS = (
    click.option("--active", metavar="yes|ADDR", help="Active mode: the server connects back."),
    click.option("--account", metavar="NAME", help="Account for ACCT."),
    click.option(
        "--data-host",
        type=click.Choice(["peer", "reply"]),
        help="Data goes to the peer, or where its answer to PASV says.",
    ),
)


def ftp_options(function: Any) -> Any:
    """The keywords that FTP calls take besides the shared ones."""
    for option in reversed(FTP_OPTIONS):
        function = option(function)
    return function


def _default(args: list[str]) -> str:
    """`list` for a folder's URL, `get` for a file's."""
    url = args[0].partition("?")[0]
    path = re.sub(r"^[A-Za-z]+://", "", url).partition("/")[2]
    return "list" if not path or path.partition(";")[0].endswith("/") else "get"


@click.group(
    cls=Commands,
    default=_default,
    epilog="""\b
Examples:
  nettools ftp get ftp://host/pub/x.iso -C -o .
  nettools ftp ftp://host/pub/
  nettools ftp put ftpes://me@host/in/ report.pdf
  nettools ftp mirror ftp://host/pub/ ./pub --dry-run
""",
)
def ftp() -> None:
    """Move, list and mirror files over FTP, in clear or under TLS (ftpes://, ftps://)."""


def verb(name: str, **more: Any) -> Callable[[F], F]:
    """Register a verb with the options that all FTP verbs take."""

    def decorate(function: F) -> F:
        def with_keywords(
            settings: Settings, active: str | None, account: str | None, data_host: str | None, **more: Any
        ) -> Any:
            mode = True if active is not None and active.lower() in ("yes", "true", "1", "") else active
            return function(settings=settings.having(active=mode, account=account, data_host=data_host), **more)

        with_keywords.__doc__ = function.__doc__
        with_keywords.__click_params__ = getattr(function, "__click_params__", [])  # type: ignore[attr-defined]
        ftp.command(name, **more)(ftp_options(with_keywords))
        return function

    return decorate


def _glob(url: str) -> tuple[str, str] | None:
    """The folder and the pattern of an address whose last name has `*` or `[`; as %2A and %5B they mean themselves."""
    found = _GLOB.fullmatch(absolute(url, "ftp"))
    return None if found is None else (found[1], unquote(found[2]))


@contextlib.contextmanager
def _matching(settings: Settings, url: str, pattern: str) -> Iterator[tuple[Call, Any, tuple[FileEntry, ...]]]:
    """A session in a folder, and the files there whose names match."""
    import nettools

    with (
        call(settings, "ftp", url, to_file=False, progress=True) as this,
        nettools.connect(this.url, kind=nettools.FTPSession, **this.keywords) as session,
    ):
        found = tuple(each for each in session.list(pattern=pattern) if each.kind != "dir")
        if not found:
            raise nettools.NotFoundError(f"no file in {this.target.url} matches {pattern}")
        yield this, session, found


@verb("get", transfers=Verb.TRANSFERS)
@click.argument("url")
@click.argument("dest", required=False)
@RANGE_OPTION
@NEWER_OPTION
@click.option("--keep-time/--no-keep-time", default=True, help="Give the file the server's time, or not.")
def get(
    settings: Settings,
    url: str,
    dest: str | None,
    range_: tuple[int, int | None] | None,
    newer: str | None,
    keep_time: bool,
) -> None:
    """Fetch a file: to stdout, to -o FILE or DEST, or into a folder; -C continues.

    A URL that ends like '*.txt' means all such files of its folder.
    """
    import nettools

    target = settings.place(dest)
    keywords: dict[str, Any] = {}
    if range_ is not None:
        keywords["range"] = range_
    if newer is not None:
        keywords["newer_than"] = newer_than(newer)
    several = _glob(url)
    if several is not None:
        if target is None or settings.checksum is not None:
            raise UsageError("several files go into a folder: -o DIR, and have no one --checksum")
        with _matching(settings, *several) as (this, session, found):
            for each in found:
                done = session.get(
                    each.name,
                    f"{target.rstrip('/')}/",
                    resume=settings.resume,
                    keep_time=keep_time,
                    **keywords,
                )
                this.out.result(done, lambda done, this=this: _fetched(this, done))  # type: ignore[misc]
        return
    with call(settings, "ftp", url, to_file=False, progress=target is not None) as this:
        if target is None and not this.out.as_json and not this.out.is_terminal:
            keywords["keep_time"] = False
            nettools.ftp_get(this.url, this.out.binary, checksum=settings.checksum, **keywords, **this.keywords)
            return
        transfer = nettools.ftp_get(
            this.url,
            target,
            resume=settings.resume,
            checksum=settings.checksum,
            keep_time=keep_time,
            **keywords,
            **this.keywords,
        )
        this.out.result(transfer, lambda done: _fetched(this, done))


def _fetched(this: Call, done: Transfer) -> None:
    if done.data is not None:
        this.out.data(done.data)
    elif done.skipped:
        this.out.note(f"{done.path}: not newer")
    else:
        this.out.note(f"{done.path}: {done.size} octets")
    this.out.warnings(done.meta)


@verb("put", transfers=("resume",))
@click.argument("words", nargs=-1, metavar="URL FILE|-...")
@click.option("--append", is_flag=True, help="Add to the end of the remote file.")
@click.option("--parents", is_flag=True, help="Make missing folders.")
@click.option(
    "--atomic/--no-atomic", default=True, help="Give it its name when it is whole, or write under that at once."
)
def put(settings: Settings, words: tuple[str, ...], append: bool, parents: bool, atomic: bool) -> None:
    """Store a file (- is stdin) at URL, or files in the folder URL/; either order."""
    if len(words) < 2:
        raise click.UsageError("Missing arguments: URL FILE.")
    last = "://" in words[-1] and "://" not in words[0]
    url, files = (words[-1], words[:-1]) if last else (words[0], words[1:])
    url = absolute(url, "ftp")
    if len(files) > 1 and (not url.endswith("/") or "-" in files):
        raise UsageError("several files go into a folder: end the URL with /", hint="stdin has no name of its own")
    if files[0] == "-" and url.endswith("/"):
        raise UsageError("stdin has no name of its own: name the file in the URL")
    sources = [each if each == "-" else existing(each) for each in files]
    named = [
        (f"{url}{quote(each.name)}" if isinstance(each, Path) and url.endswith("/") else url, each) for each in sources
    ]
    with call(settings, "ftp", url, progress=True) as this:
        for place, source in named:
            if settings.dry_run:
                this.out.would(f"store {source} at {parse_url(place).url}")
            else:
                _put(this, place, source, atomic=atomic, append=append, parents=parents)


def _put(this: Call, url: str, source: Path | str, **keywords: Any) -> None:
    import nettools

    transfer = nettools.ftp_put(
        source if isinstance(source, Path) else standard_input(),
        url,
        resume=this.settings.resume,
        **keywords,
        **this.keywords,
    )
    this.out.result(transfer, lambda done: this.out.note(f"{parse_url(url).url}: {done.size} octets"))
    if not this.settings.verbose:
        this.out.warnings(transfer.meta)


def entry_row(entry: FileEntry, *, whole: bool = False) -> tuple[Any, ...]:
    """One line of a listing, with the name or the whole path."""
    name = entry.path if whole else entry.name
    mark = {"dir": "/", "link": f" -> {entry.target}" if entry.target else ""}.get(entry.kind, "")
    return entry.permissions, entry.size, entry.modified, name + mark


@verb("list")
@click.argument("url")
@click.option("-R", "--recursive", is_flag=True, help="Folders within, too.")
@click.option("--pattern", metavar="GLOB", help="Only names that match, such as '*.iso'.")
@click.option(
    "--method", type=click.Choice(["auto", "mlsd", "list", "nlst"]), default="auto", help="Which command to use."
)
def list_(settings: Settings, url: str, recursive: bool, pattern: str | None, method: str) -> None:
    """List a folder; of one whose URL ends like '*.txt', such files."""
    import nettools

    several = _glob(url) if pattern is None else None
    if several is not None:
        url, pattern = several
    with call(settings, "ftp", url) as this:
        entries = nettools.ftp_list(this.url, recursive=recursive, pattern=pattern, method=method, **this.keywords)
        this.out.rows(entries, ("mode", "size", "modified", "name"), partial(entry_row, whole=recursive))


@verb("info")
@click.argument("url")
def info(settings: Settings, url: str) -> None:
    """Show what a file or folder is."""
    import nettools

    with call(settings, "ftp", url) as this:
        entry = nettools.ftp_info(this.url, **this.keywords)
        this.out.rows([entry], ("mode", "size", "modified", "name"), partial(entry_row, whole=True))


@verb("rm")
@click.argument("url")
@click.option("-r", "--recursive", is_flag=True, help="A folder with everything in it.")
@click.option("--missing-ok", is_flag=True, help="No error when it is not there.")
def rm(settings: Settings, url: str, recursive: bool, missing_ok: bool) -> None:
    """Remove a file, or an empty folder (URL/); one whose URL ends like '*.txt': all such files of its folder."""
    import nettools

    several = _glob(url)
    if several is not None:
        with _matching(settings, *several) as (this, session, found):
            if settings.dry_run:
                this.out.would(f"remove {', '.join(each.name for each in found)}")
                return
            confirm(settings, f"remove {len(found)} file(s) in {this.target.url}")
            for each in found:
                session.remove(each.name)
            this.out.done()
        return
    with call(settings, "ftp", url) as this:
        if settings.dry_run:
            this.out.would(f"remove {this.target.url}")
            return
        confirm(settings, f"remove {this.target.url}")
        nettools.ftp_remove(this.url, recursive=recursive, missing_ok=missing_ok, **this.keywords)
        this.out.done()


@verb("mv")
@click.argument("url")
@click.argument("new_path")
def mv(settings: Settings, url: str, new_path: str) -> None:
    """Rename a file or folder; NEW_PATH is relative to the login folder, or absolute with a leading /."""
    import nettools

    with call(settings, "ftp", url) as this:
        if settings.dry_run:
            this.out.would(f"rename {this.target.url} to {new_path}")
            return
        entry = nettools.ftp_rename(this.url, new_path, **this.keywords)
        this.out.result(entry, lambda done: this.out.note(f"now {done.path}"))


@verb("mkdir")
@click.argument("url")
@click.option("--parents/--no-parents", default=True, help="Make missing folders above it, or not.")
def mkdir(settings: Settings, url: str, parents: bool) -> None:
    """Make a folder."""
    import nettools

    with call(settings, "ftp", url) as this:
        if settings.dry_run:
            this.out.would(f"make {this.target.url}")
            return
        nettools.ftp_mkdir(this.url, parents=parents, **this.keywords)
        this.out.done()


@verb("chmod")
@click.argument("url")
@click.argument("mode")
def chmod(settings: Settings, url: str, mode: str) -> None:
    """Change the permissions of a file or folder: MODE is octal, such as 644."""
    import nettools

    with call(settings, "ftp", url) as this:
        if settings.dry_run:
            this.out.would(f"change the permissions of {this.target.url} to {mode}")
            return
        nettools.ftp_chmod(this.url, mode, **this.keywords)
        this.out.done()


@verb("mirror")
@click.argument("source")
@click.argument("dest")
@click.option("--delete", is_flag=True, help="Remove at the destination what is not at the source.")
@click.option("--pattern", metavar="GLOB", help="Only files that match.")
@click.option("--exclude", multiple=True, metavar="GLOB", help="Neither these files nor what is in these folders.")
@click.option("--workers", type=click.IntRange(1, 32), default=4, show_default=True, metavar="N", help="Connections.")
def mirror(
    settings: Settings,
    source: str,
    dest: str,
    delete: bool,
    pattern: str | None,
    exclude: tuple[str, ...],
    workers: int,
) -> int:
    """Make DEST like SOURCE; one of them is a URL, the other a folder here."""
    import nettools

    url = next((each for each in (source, dest) if "://" in each), source)
    if url.startswith((".", "/", "~")):
        raise UsageError("one side of a mirror is a URL, the other a folder", hint="neither begins with ftp://")
    with call(settings, "ftp", url) as this:
        if delete:
            confirm(settings, f"remove from {dest} what is not at {source}")
        sides = (this.url, dest) if url == source else (source, this.url)
        with at_once():
            report = nettools.ftp_mirror(
                *sides,
                delete=delete,
                pattern=pattern,
                exclude=exclude,
                workers=workers,
                dry_run=settings.dry_run,
                **this.keywords,
            )
        this.out.result(report, lambda done: _mirrored(this, done))
        first = next(iter(report.failed.values()), None)
        return int(getattr(first, "exit_code", 1)) if first is not None else 0


def _mirrored(this: Call, report: MirrorReport) -> None:
    would = "would " if this.settings.dry_run else ""
    for path in report.transferred:
        this.out.line(f"{would}transfer {path}")
    for path in report.deleted:
        this.out.line(f"{would}delete {path}")
    for path, error in report.failed.items():
        this.out.note(f"failed {path}: {error}")
    counts = len(report.transferred), len(report.skipped), len(report.deleted), len(report.failed)
    this.out.note("{} transferred, {} up to date, {} deleted, {} failed".format(*counts))


@verb("command")
@click.argument("url")
@click.argument("line")
def command(settings: Settings, url: str, line: str) -> None:
    """Send one command, such as 'SITE HELP', and print the reply."""
    send_command(settings, "ftp", url, line)
