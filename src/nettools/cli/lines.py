"""The verb `command`, which every protocol of lines has: one command, and the reply as it came."""

from __future__ import annotations

import json

import click

from nettools.cli.arguments import Settings
from nettools.cli.calling import call
from nettools.cli.commands import Commands

__all__ = ["add_command", "send_command"]

_OWN_LINES = ("ftp", "smtp")  # a reply's lines are its text; elsewhere they are what comes besides


def add_command(group: Commands, text: str) -> None:
    """Give a protocol's group the verb `command`; `text` is its help."""
    scheme = str(group.name)

    def command(settings: Settings, url: str, line: str) -> None:
        send_command(settings, scheme, url, line)

    command.__doc__ = text
    group.command("command")(click.argument("url")(click.argument("line")(command)))


def send_command(settings: Settings, scheme: str, url: str, line: str) -> None:
    """Send one command, and print the reply, its code before its last line."""
    import nettools

    with call(settings, scheme, url) as this, nettools.connect(this.url, **this.keywords) as session:
        reply = session.command(line)
        if this.out.as_json:
            this.out.line(json.dumps(reply.to_dict()))
            return
        if scheme in _OWN_LINES:
            *before, last = reply.text.split("\n")
        else:
            before, last = [each.decode("utf-8", "replace") for each in reply.lines], reply.text
        for each in before:
            this.out.line(each)
        if reply.code or last:
            this.out.line(f"{reply.code} {last}".rstrip())
