"""`nettools get|put|list|send URL`: the scheme picks the protocol, and with it the command that does the work."""

from __future__ import annotations

import re
from typing import Any

import click

from nettools.errors import UsageError
from nettools.target import SCHEMES

__all__ = ["get", "list_", "put", "send"]

VERBS: dict[str, dict[str, str]] = {  # what the verb is called among a protocol's own
    "http": {"get": "get", "put": "put", "list": "get"},
    "ftp": {"get": "get", "put": "put", "list": "list"},
    "smtp": {"send": "send"},
    "pop3": {"get": "fetch", "list": "list"},
    "imap": {"get": "fetch", "put": "append", "list": "list"},
    "nntp": {"get": "fetch", "put": "post", "list": "list", "send": "post"},
    "gopher": {"get": "get", "list": "list"},
    "tcp": {"send": "send"},
    "udp": {"send": "send"},
    "unix": {"send": "send"},
}


def _command(name: str, text: str) -> click.Command:
    """A command that takes any options and hands everything on to the protocol's own."""

    @click.pass_context
    def run(ctx: click.Context, args: tuple[str, ...]) -> Any:
        if name == "get" and any(each.partition("=")[0] == "--from" for each in args):
            from nettools.cli.many import many

            with many.make_context("get", list(args), parent=ctx.parent) as inner:
                return many.invoke(inner)
        url = next((each for each in args if re.match(r"[A-Za-z][A-Za-z0-9+.-]*://|news:", each)), None)
        if url is None:
            raise UsageError(f"`nettools {name}` needs a whole URL: its scheme picks the protocol", exit_code=3)
        scheme = url.partition(":")[0].lower()
        if scheme not in SCHEMES:
            raise UsageError(f"unknown scheme {scheme!r}", hint="`nettools protocols` lists the schemes", exit_code=3)
        protocol = SCHEMES[scheme].protocol
        verb = VERBS.get(protocol, {}).get(name)
        if verb is None:
            raise UsageError(
                f"{protocol} has no `{name}`", hint=f"`nettools {protocol} --help` lists what it has", exit_code=3
            )
        assert ctx.parent is not None
        root: Any = ctx.parent.command
        group = root.get_command(ctx.parent, protocol)
        with group.make_context(protocol, [verb, *args], parent=ctx.parent) as inner:
            return group.invoke(inner)

    run.__doc__ = text
    command = click.command(
        name,
        options_metavar="",
        epilog="Its options are those of the protocol's own command: `nettools PROTOCOL --help`.",
        context_settings={"ignore_unknown_options": True, "allow_interspersed_args": False},
    )
    return command(click.argument("args", nargs=-1, type=click.UNPROCESSED, metavar="[OPTIONS] URL [ARGS]...")(run))


get = _command(
    "get",
    """Fetch what a URL names: a page, a file, a message; with --from FILE, many files side by side.

    --from takes FILE or - (addresses, one a line), and with it go -o DIR, --workers N, --overwrite and --dask ADDRESS.
    """,
)
put = _command("put", "Store a file at a URL.")
list_ = _command("list", "List what a URL names: a folder, a mailbox.")
send = _command("send", "Send a message through the server that a URL names.")
