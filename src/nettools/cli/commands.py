"""What a command of nettools is to click: verbs with the shared options, and groups of them that find their words.

Shared options may stand anywhere after `nettools`, and the verb may be left out: so the words are put in order first
(`Commands.parse_args`), then click parses each command as usual. A group's commands are loaded when they are named.
Knows no protocol.
"""

from __future__ import annotations

import functools
import importlib
import re
import sys
from collections.abc import Collection, Sequence
from typing import Any, ClassVar

import click

from nettools.cli.arguments import Settings, defaults, shared_options

__all__ = ["Commands", "LocalVerb", "Verb"]


class Verb(click.Command):
    """A command with the shared options besides its own, which its help shows apart.

    They are made when the command is used: a group has many commands, of which one is. The function gets them as
    `settings`. `transfers` names those about files that it heeds; that the others make no difference is said.
    """

    TRANSFERS: ClassVar[dict[str, str]] = {"remote_name": "-O", "resume": "-C", "checksum": "--checksum"}

    SHOWN: ClassVar[frozenset[str] | None] = None  # those of the shared options that help shows, None for all

    def __init__(self, *args: Any, transfers: Collection[str] = (), **more: Any) -> None:
        super().__init__(*args, **more)
        self.transfers = transfers
        function = self.callback
        assert function is not None

        def callback(**values: Any) -> Any:
            given = {str(option.name): values.pop(str(option.name)) for option in self.shared}
            settings = Settings({**defaults(), **given})
            for name, letter in self.TRANSFERS.items():
                if given.get(name) and name not in self.transfers and not settings.quiet:
                    print(f"warning: {letter} makes no difference here", file=sys.stderr)
            return function(settings=settings, **values)

        self.callback = callback

    @functools.cached_property
    def shared(self) -> list[click.Option]:
        """The shared options that it has, all but those for which it has its own."""
        return shared_options(self.params)

    def get_params(self, ctx: click.Context) -> list[click.Parameter]:
        return [*super().get_params(ctx), *self.shared]

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        shared = {option.name for option in self.shared}
        records: dict[bool, list[tuple[str, str]]] = {False: [], True: []}
        for param in self.get_params(ctx):
            record = param.get_help_record(ctx) if isinstance(param, click.Option) else None
            if record is not None and (self.SHOWN is None or param.name in self.SHOWN or param.name not in shared):
                records[param.name in shared].append(record)
        for title, rows in (("Options", records[False]), ("Options that all commands have", records[True])):
            with formatter.section(title):
                formatter.write_dl(rows)


class LocalVerb(Verb):
    """A command that connects to nothing: it takes the shared options, and most of them make no difference."""

    SHOWN = frozenset({"json", "output", "quiet"})


class Commands(click.Group):
    """A group whose commands are loaded by name, and found wherever they stand among the options.

    `lazy` is {name: "module:attribute"}; `default` the verb to take when none is named, or a function of the arguments.
    """

    command_class = Verb

    def __init__(self, *args: Any, lazy: dict[str, str] | None = None, default: Any = None, **more: Any) -> None:
        super().__init__(*args, **more)
        self.lazy = lazy or {}
        self.default = default

    def list_commands(self, ctx: click.Context) -> list[str]:
        return [*self.lazy, *self.commands]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name in self.lazy:
            module, _, attribute = self.lazy[cmd_name].partition(":")
            command: click.Command = getattr(importlib.import_module(module), attribute)
            return command
        found = super().get_command(ctx, cmd_name)
        if found is not None and found.epilog is None:
            found.epilog = self._examples_of(cmd_name)
        return found

    def _examples_of(self, verb: str) -> str | None:
        """Those of the group's examples that show one verb."""
        start = f"  nettools {self.name} {verb} "
        lines = [line for line in (self.epilog or "").splitlines() if line.startswith(start)]
        return "\n".join(["\b", "Examples:", *lines]) if lines else None

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """The commands with the whole first sentence of their help, wrapped."""
        commands = [(name, self.get_command(ctx, name)) for name in self.list_commands(ctx)]
        rows = [(name, command.get_short_help_str(limit=200)) for name, command in commands if command is not None]
        with formatter.section("Commands"):
            formatter.write_dl(rows)

    # -- finding the verb

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        takes_value = self._takes_value()
        place = _first_word(args, takes_value)
        alone = place is None and args and args[0].partition("=")[0] in takes_value
        if alone and not ctx.resilient_parsing:
            raise click.UsageError("Missing command or URL." if self.default else "Missing command.", ctx)
        if place is not None and args[place] in self.list_commands(ctx):
            args = [args[place], *args[:place], *args[place + 1 :]]
        elif place is not None and self.default is not None:
            self._refuse_misspelt(ctx, args[place], args[place + 1 :])
            verb = self.default if isinstance(self.default, str) else self.default(args[place:])
            args = [verb, *args]
        return super().parse_args(ctx, args)

    def _takes_value(self) -> dict[str, bool]:
        """Which option takes a value: the shared ones, and those of the commands that are here."""
        params: list[click.Parameter] = [*shared_options()]
        for command in self.commands.values():
            params += command.params
        return {
            name: not (param.is_flag or param.count)
            for param in params
            if isinstance(param, click.Option)
            for name in (*param.opts, *param.secondary_opts)
        }

    def _refuse_misspelt(self, ctx: click.Context, word: str, rest: Sequence[str]) -> None:
        """A word that stands before a URL was meant to be a verb: no host and no file stands there."""
        place = _first_word(rest, self._takes_value())
        if place is not None and "://" in rest[place] and not re.search(r"[:/.]", word):
            ctx.fail(f"No such verb '{word}'.{self._nearest(ctx, word)}")

    def _nearest(self, ctx: click.Context, word: str) -> str:
        import difflib  # for what is misspelt

        near = difflib.get_close_matches(word, self.list_commands(ctx), n=1)
        return f" Did you mean '{near[0]}'?" if near else ""

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        if args and self.get_command(ctx, args[0]) is None and not ctx.resilient_parsing:
            if "://" in args[0]:  # as curl and HTTPie have it; it may have a password in it
                ctx.fail("a command stands before the URL: `nettools get URL` fetches what it names")
            ctx.fail(f"No such command '{args[0]}'.{self._nearest(ctx, args[0])}")
        return super().resolve_command(ctx, args)


def _first_word(args: Sequence[str], takes_value: dict[str, bool]) -> int | None:
    """Where the first argument stands that is neither an option nor an option's value."""
    place = 0
    while place < len(args):
        arg = args[place]
        if arg == "--":
            return place + 1 if place + 1 < len(args) else None
        if not arg.startswith("-") or arg == "-":
            return place
        if arg.startswith("--"):
            name, equals, _ = arg.partition("=")
            place += 1 if equals or not takes_value.get(name, False) else 2
        else:  # -x VALUE, -xVALUE, -qx VALUE
            for position, letter in enumerate(arg[1:], 1):
                if takes_value.get(f"-{letter}", False):
                    place += 1 if position == len(arg) - 1 else 0
                    break
            place += 1
    return None
