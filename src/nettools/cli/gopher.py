"""`nettools gopher`: get, list, search, command."""

from __future__ import annotations

from typing import Any

import click

from nettools.cli.arguments import Settings
from nettools.cli.calling import Call, call
from nettools.cli.commands import Commands, Verb
from nettools.cli.lines import add_command
from nettools.results import GopherItem, Transfer

__all__ = ["gopher"]


@click.group(
    cls=Commands,
    default="get",
    epilog="""\b
Examples:
  nettools gopher gopher://host/0/about.txt
  nettools gopher get gopher://host/9/pub/x.zip -O
  nettools gopher list gopher://host/ --json
  nettools gopher search gopher://host/7/find two words
""",
)
def gopher() -> None:
    """Read menus, texts and files over Gopher, in clear or under TLS (gophers://)."""


@gopher.command("get", transfers=Verb.TRANSFERS)
@click.argument("url")
@click.argument("dest", required=False)
@click.option("--raw", is_flag=True, help="Exactly the octets that come: dots and control characters too.")
def get(settings: Settings, url: str, dest: str | None, raw: bool) -> None:
    """Fetch a text or file: to stdout, to -o FILE or DEST, or into a folder."""
    import nettools

    target = settings.place(dest)
    with call(settings, "gopher", url, to_file=False, progress=target is not None) as this:
        keywords: dict[str, Any] = {"raw": raw, "checksum": settings.checksum, **this.keywords}
        if target is None and not this.out.as_json and (raw or not this.out.is_terminal):
            nettools.gopher_get(this.url, this.out.binary, **keywords)
            return
        this.out.result(nettools.gopher_get(this.url, target, **keywords), lambda done: _fetched(this, done))


def _fetched(this: Call, done: Transfer) -> None:
    if done.data is not None:
        this.out.data(done.data)
    else:
        this.out.note(f"{done.path}: {done.size} octets")


def item_row(item: GopherItem) -> tuple[Any, ...]:
    """One line of a menu."""
    return item.kind, item.title, item.url


@gopher.command("list")
@click.argument("url")
def list_(settings: Settings, url: str) -> None:
    """List the items of a menu: type, title, and where it leads."""
    import nettools

    with call(settings, "gopher", url) as this:
        this.out.rows(nettools.gopher_list(this.url, **this.keywords), ("type", "title", "url"), item_row)


@gopher.command("search")
@click.argument("url")
@click.argument("words", nargs=-1, required=True, metavar="WORDS...")
def search(settings: Settings, url: str, words: tuple[str, ...]) -> None:
    """Search with an item of type 7, and list what is found."""
    import nettools

    with call(settings, "gopher", url) as this:
        found = nettools.gopher_search(this.url, " ".join(words), **this.keywords)
        this.out.rows(found, ("type", "title", "url"), item_row)


add_command(gopher, "Send one line as it is (TABs too), and print the answer.")
