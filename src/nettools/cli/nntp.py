"""`nettools nntp`: groups, list, fetch, post, command."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable
from functools import partial
from typing import Any

import click

from nettools.cli.arguments import LIMIT, MOMENT, Settings
from nettools.cli.calling import Call, absolute, call
from nettools.cli.commands import Commands
from nettools.cli.inputs import header, read_text, whole_message
from nettools.cli.lines import add_command
from nettools.cli.messages import check_place, place_of, save_message, show_message
from nettools.errors import NotFoundError, UsageError
from nettools.results import Article, ArticleInfo, Group

__all__ = ["nntp"]


@click.group(
    cls=Commands,
    default="groups",
    epilog="""\b
Examples:
  nettools nntp news.example.org --pattern 'comp.*'
  nettools nntp list nntp://news.example.org/comp.risks --since 7d --json
  nettools nntp fetch nntps://news.example.org/comp.risks 4711 4712 --raw -o articles/
  nettools nntp fetch news:name@host --server news.example.org
  nettools nntp post nntp://me@news.example.org/local.test --from me@example.org -s Hi --body Hello
""",
)
def nntp() -> None:
    """Read and post news."""


SERVER = click.option("--server", metavar="HOST", help="Where a news: URL is looked for (default: NNTPSERVER).")
GROUP = click.option("--group", metavar="NAME", help="The group (default: the URL's).")


def _address(url: str, server: str | None) -> str:
    """The URL with its server in it, so that credentials are looked for where they will be used."""
    rootless = re.match(r"news:(?:///)?(?!/)", url, re.IGNORECASE)
    if rootless is None:
        if server is not None:
            raise UsageError("--server is for a news: URL that names no server; this one does", exit_code=3)
        return absolute(url, "nntp")
    host = server or os.environ.get("NNTPSERVER") or ""
    return (host.rstrip("/") if "://" in host else f"news://{host}") + "/" + url[rootless.end() :]


@nntp.command("groups")
@click.argument("url")
@click.option("--pattern", metavar="WILDMAT", default="*", help="Only names that match, such as 'comp.*,!comp.os.*'.")
@SERVER
def groups(settings: Settings, url: str, pattern: str, server: str | None) -> None:
    """List the groups: name, articles, status letter, description."""
    import nettools

    with call(settings, "nntp", _address(url, server)) as this:
        this.out.rows(
            nettools.list_groups(this.url, pattern=pattern, **this.keywords),
            ("group", "count", "posting", "description"),
            group_row,
        )


def group_row(group: Group) -> tuple[Any, ...]:
    """One line of the list of groups."""
    return group.name, group.count, group.posting, group.description


@nntp.command("list")
@click.argument("url")
@GROUP
@click.option("--first", type=click.IntRange(1), metavar="N", help="Only numbers from this one on.")
@click.option("--last", type=click.IntRange(1), metavar="N", help="Only numbers up to this one.")
@click.option("--since", type=MOMENT, help="Only articles dated at or after this moment.")
@click.option("--limit", type=LIMIT, default=50, show_default=True, help="How many at most.")
@click.option("--newest-first/--oldest-first", default=True, help="The newest first, or in the order of arrival.")
@SERVER
def list_(
    settings: Settings, url: str, group: str | None, limit: Any, newest_first: bool, server: str | None, **given: Any
) -> None:
    """List the articles of a group, newest first."""
    import nettools

    with call(settings, "nntp", _address(url, server)) as this:
        found = nettools.list_articles(
            this.url,
            group=group,
            limit=None if limit == "all" else limit,
            newest_first=newest_first,
            **given,
            **this.keywords,
        )
        this.out.rows(found, ("number", "date", "from", "subject", "lines"), info_row)


def info_row(info: ArticleInfo) -> tuple[Any, ...]:
    """One line of a group."""
    return info.number, info.date, info.sender or "", info.subject, info.lines


@nntp.command("fetch")
@click.argument("url")
@click.argument("articles", nargs=-1, metavar="[NUMBER|ID]...")
@GROUP
@click.option("--raw", is_flag=True, help="The exact octets.")
@click.option("--yenc", is_flag=True, help="Decode files in the body that are yEnc.")
@SERVER
def fetch(
    settings: Settings,
    url: str,
    articles: tuple[str, ...],
    group: str | None,
    raw: bool,
    yenc: bool,
    server: str | None,
) -> None:
    """Show articles by number or Message-ID; -o FILE or -o DIR/ writes them, --raw as they are."""
    import nettools

    path, into = place_of(settings)
    if raw:
        check_place(path, into, len(articles))
    keywords: dict[str, Any] = {"group": group, "yenc": yenc}
    with call(settings, "nntp", _address(url, server), to_file=not (raw or into)) as this:
        keywords |= this.keywords
        names = [int(each) if each.isascii() and each.isdigit() else each for each in articles]
        found: Iterable[Article]
        missing: list[str] = []
        if len(names) > 1:
            found = nettools.fetch_articles(this.url, names, **keywords)
            missing = [str(each).strip("<>") for each in names]
        else:
            found = [nettools.fetch_article(this.url, *names, **keywords)]
        for article in found:
            had = (str(article.info.number), (article.info.message_id or "").strip("<>"))
            missing = [each for each in missing if each not in had]
            if path is not None and (into or raw):
                note = partial(this.out.note, str(save_message(article.raw, path, into, _name(article))))
                this.out.result(article, lambda _, note=note: note())  # type: ignore[misc]
            elif raw and not this.out.as_json:
                this.out.data(article.raw)
            else:
                this.out.result(article, lambda each: show_article(this, each))
            this.out.warnings(article.meta)
        if missing:
            raise NotFoundError(f"not there: {', '.join(missing)}", url=this.target.url, protocol="nntp")


def _name(article: Article) -> str:
    """What its file is called: its number, or its Message-ID."""
    return str(article.info.number or (article.info.message_id or "article").strip("<>"))


def show_article(this: Call, article: Article) -> None:
    """An article as a person reads it."""
    info = article.info
    fields = (
        ("From", info.sender),
        ("Newsgroups", article.headers.get("Newsgroups")),
        ("Date", info.date.isoformat(" ") if info.date else None),
        ("Message-ID", info.message_id),
        ("Subject", info.subject),
    )
    show_message(this, fields, article)


@nntp.command("post")
@click.argument("url")
@click.argument("file", required=False)
@click.option("--group", "groups", multiple=True, metavar="NAME", help="Where to post (default: the URL's).")
@click.option("--from", "--sender", "sender", metavar="ADDRESS", help="Author.")
@click.option("-s", "--subject", help="Subject.")
@click.option("--body", "--text", "text", metavar="TEXT|@FILE|-", help="The text.")
@click.option("--references", multiple=True, metavar="ID", help="Message-IDs of what it answers, the oldest first.")
@click.option("-H", "--header", "headers", multiple=True, metavar="'NAME: VALUE'", help="A header of your own.")
@SERVER
def post(
    settings: Settings, url: str, file: str | None, groups: tuple[str, ...], server: str | None, **given: Any
) -> None:
    """Post an article: FILE (or - for stdin) as it is, or one made of --from, -s and --body."""
    import nettools
    from nettools.protocols.nntp import draft_article

    keywords = {name: value for name, value in given.items() if value not in (None, ())}
    if file is not None and keywords:
        raise UsageError("FILE is a whole article: --from, -s, --body, --references and -H do not go with it")
    if file is None and "text" not in keywords:
        raise UsageError("post needs FILE, or --body")
    message: Any = None if file is None else whole_message(file)
    if "text" in keywords:
        keywords["text"] = read_text(keywords["text"])
    if "headers" in keywords:
        keywords["headers"] = [(name, value or "") for name, value in map(header, keywords["headers"])]
    with call(settings, "nntp", _address(url, server)) as this:
        keywords |= {"group": groups or None, **this.keywords}
        if settings.dry_run:
            octets = draft_article(this.url, message, **keywords).octets
            if this.out.as_json:
                this.out.would(f"post to {this.target.url}", message=octets.decode("utf-8", "replace"))
            else:
                this.out.data(octets)
            return
        report = nettools.post_article(this.url, message, **keywords)
        this.out.result(report, lambda done: this.out.line(done.message_id))


add_command(nntp, "Send one command, such as 'LIST OVERVIEW.FMT', and print the reply.")
