"""Verbs for folders themselves, each for the one that the URL names: mkdir, rmdir, rename."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

import click

from nettools.cli.arguments import Settings
from nettools.cli.calling import Call, call, confirm
from nettools.cli.mailbox.verbs import IMAP, URL, verb
from nettools.errors import UsageError
from nettools.target import decode

__all__: list[str] = []  # they are in their group


@contextlib.contextmanager
def _named(scheme: str, settings: Settings, url: str) -> Iterator[tuple[Call, str]]:
    """A call, and the name of the folder."""
    with call(settings, scheme, url) as this:
        name = decode(this.target.path.partition(";")[0].strip("/"), what="folder")
        if not name:
            raise UsageError("the URL names no folder", hint=f"{this.target.origin}/FOLDER")
        yield this, name


@verb("mkdir", URL, groups=IMAP)
def mkdir(scheme: str, settings: Settings, url: str) -> None:
    """Make the folder that the URL names."""
    import nettools

    with _named(scheme, settings, url) as (this, name):
        if settings.dry_run:
            this.out.would(f"make {name}")
            return
        nettools.create_folder(this.url, name, **this.keywords)
        this.out.done()


@verb("rmdir", URL, groups=IMAP)
def rmdir(scheme: str, settings: Settings, url: str) -> None:
    """Remove the folder that the URL names, with all its messages."""
    import nettools

    with _named(scheme, settings, url) as (this, name):
        if settings.dry_run:
            this.out.would(f"remove {name}")
            return
        confirm(settings, f"remove the folder {name} with all its messages")
        nettools.delete_folder(this.url, name, **this.keywords)
        this.out.done()


@verb("rename", URL, click.argument("new_name"), groups=IMAP)
def rename(scheme: str, settings: Settings, url: str, new_name: str) -> None:
    """Give the folder that the URL names, and those within it, another name."""
    import nettools

    with _named(scheme, settings, url) as (this, name):
        if settings.dry_run:
            this.out.would(f"rename {name} to {new_name}")
            return
        nettools.rename_folder(this.url, name, new_name, **this.keywords)
        this.out.done()
