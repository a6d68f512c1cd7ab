"""The reference of the command line, written from the commands themselves: `python -m nettools.cli.reference`.

docs/cli.md is its output; a test compares the two, so that no option can be missing there.
"""

from __future__ import annotations

import inspect
import sys
from collections.abc import Iterator
from typing import Any

import click

from nettools.cli.arguments import shared_options
from nettools.cli.commands import Commands
from nettools.cli.main import cli

__all__ = ["reference"]

HEAD = """# Command line

`nettools PROTOCOL [VERB] [OPTIONS] URL [ARGS...]`: the verb may be left out, shared options stand anywhere,
`--` ends them, and of a repeated option with one value the last wins. A bare host is of the protocol's own scheme.

Data goes to stdout, all else to stderr. Exit codes are curl's where curl has one: see [errors](errors.md).
"""


FEW = 3  # options that are sooner read again than looked up


def _text(line: str) -> str:
    return " ".join(line.split()).replace("|", "\\|")


def _option(option: click.Option) -> str:
    names = ", ".join(f"`{name}`" for name in (*option.opts, *option.secondary_opts) if name.startswith("-"))
    value = "" if option.is_flag or option.count else option.metavar or _value(option.type)
    return f"| {names}{f' `{_text(value)}`' if value else ''} | {_text(option.help or '')} |"


def _value(kind: Any) -> str:
    if isinstance(kind, click.Choice):
        return "|".join(map(str, kind.choices))
    return "N" if isinstance(kind, click.IntRange) else kind.name.upper()


def _table(options: list[click.Option]) -> Iterator[str]:
    yield "| option | meaning |"
    yield "| --- | --- |"
    yield from map(_option, options)
    yield ""


def _command(command: click.Command, path: str, level: int, seen: dict[tuple[str, ...], str]) -> Iterator[str]:
    """One command; `seen` has the tables of its group so far, by their rows: none is printed twice."""
    yield f"{'#' * level} `{path}`"
    yield ""
    arguments = " ".join(
        param.make_metavar(click.Context(command)) for param in command.params if isinstance(param, click.Argument)
    )
    if not isinstance(command, click.Group):
        options = "" if arguments.startswith("[OPTIONS]") else "[OPTIONS] "
        yield f"    {path} {options}{arguments}".rstrip()
        yield ""
    yield inspect.cleandoc((command.help or "").split("\b")[0])  # Python 3.13 takes the indentation out, 3.11 does not
    yield ""
    if command.epilog and "\b" in command.epilog:  # examples
        yield "```text"
        yield from (line.strip() for line in command.epilog.replace("\b", "").strip().splitlines()[1:])
        yield "```"
        yield ""
    elif command.epilog:
        yield command.epilog
        yield ""
    own = [each for each in command.params if isinstance(each, click.Option)]
    if not own or isinstance(command, click.Group):
        return
    rows = tuple(_table(own))
    if rows in seen and len(own) > FEW:
        yield f"Its options are those of `{seen[rows]}`."
        yield ""
        return
    seen.setdefault(rows, path)
    yield from rows


def reference() -> str:
    """The whole reference, in Markdown."""
    lines = [HEAD, "## Shared options", "", *_table(shared_options())]
    context = click.Context(cli)
    for name in cli.list_commands(context):
        command = cli.get_command(context, name)
        assert command is not None
        seen: dict[tuple[str, ...], str] = {}
        lines += _command(command, f"nettools {name}", 2, seen)
        if isinstance(command, Commands):
            for verb in command.list_commands(context):
                each = command.get_command(context, verb)
                assert each is not None
                lines += _command(each, f"nettools {name} {verb}", 3, seen)
    return "\n".join(lines).rstrip() + "\n"


if __name__ == "__main__":
    sys.stdout.write(reference())
