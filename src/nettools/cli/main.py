"""The entry point: finds the command, runs it, and turns what goes wrong into one line and an exit code.

Shared options may stand anywhere after `nettools`, and the verb may be left out: so the words are put in order first
(`Commands.parse_args`), then click parses each command as usual. Commands are loaded when they are named: `nettools
--version` imports nothing but click, `nettools ftp --help` no protocol.
"""

from __future__ import annotations

import importlib
import os
import sys
from collections.abc import Sequence
from typing import Any

import click

from nettools._version import __version__
from nettools.cli.arguments import SHARED

__all__ = ["Commands", "cli", "main"]


class Commands(click.Group):
    """A group whose commands are loaded by name, and found wherever they stand among the options.

    `lazy` is {name: "module:attribute"}; `default` the verb to take when none is named, or a function of the arguments.
    """

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
        return super().get_command(ctx, cmd_name)

    def _takes_value(self) -> dict[str, bool]:
        """Which option takes a value: the shared ones, and those of the commands that are here."""
        params: list[click.Parameter] = [make() for make in SHARED]
        for command in self.commands.values():
            params += command.params
        return {
            name: not (param.is_flag or param.count)
            for param in params
            if isinstance(param, click.Option)
            for name in (*param.opts, *param.secondary_opts)
        }

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        place = _first_word(args, self._takes_value())
        if place is not None and args[place] in self.list_commands(ctx):
            args = [args[place], *args[:place], *args[place + 1 :]]
        elif place is not None and self.default is not None:
            verb = self.default if isinstance(self.default, str) else self.default(args[place:])
            args = [verb, *args]
        return super().parse_args(ctx, args)


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


EPILOG = """\b
Examples:
  nettools http https://example.org/
  nettools ftp get ftp://host/pub/x.iso -C -o .
  nettools smtp send smtp://me@mail.example --to a@b.example -s Hi --body -
  nettools imap list imaps://me@mail.example/INBOX --unseen --json
"""


@click.command(
    cls=Commands,
    lazy={
        "http": "nettools.cli.http:http",
        "ftp": "nettools.cli.ftp:ftp",
        "smtp": "nettools.cli.smtp:smtp",
        "imap": "nettools.cli.mailbox:imap",
        "pop3": "nettools.cli.mailbox:pop3",
        "nntp": "nettools.cli.nntp:nntp",
        "telnet": "nettools.cli.telnet:telnet",
        "gopher": "nettools.cli.gopher:gopher",
        "tcp": "nettools.cli.sock:tcp",
        "udp": "nettools.cli.sock:udp",
        "unix": "nettools.cli.sock:unix",
        "get": "nettools.cli.anywhere:get",
        "put": "nettools.cli.anywhere:put",
        "list": "nettools.cli.anywhere:list_",
        "send": "nettools.cli.anywhere:send",
        "xmlrpc": "nettools.cli.xmlrpc:xmlrpc",
        "protocols": "nettools.cli.about:protocols",
        "demo": "nettools.cli.demo:demo",
        "serve": "nettools.cli.serve:serve",
        "config": "nettools.cli.about:config",
        "completion": "nettools.cli.about:completion",
    },
    epilog=EPILOG,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)
@click.version_option(__version__, prog_name="nettools")
def cli() -> None:
    """The Internet's classic protocols through one command.

    nettools PROTOCOL [VERB] [OPTIONS] URL [ARGS...] - the verb may be left out, shared options may stand anywhere.
    """


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line; the exit code is curl's where curl has one."""
    args = list(sys.argv[1:] if argv is None else argv)
    try:
        if any("\0" in arg for arg in args):  # no shell can say it
            raise click.UsageError("an argument has a NUL in it")
        if "_NETTOOLS_COMPLETE" in os.environ:
            cli.main(args=args, prog_name="nettools")  # the shell asks for completions
        with cli.make_context("nettools", args) as context:  # not `main`: it takes a broken pipe for a failure
            result = cli.invoke(context)
        sys.stdout.flush()
        return result if isinstance(result, int) else 0
    except click.exceptions.Exit as error:
        return error.exit_code
    except click.Abort:
        print("aborted", file=sys.stderr)
        return 130
    except click.ClickException as error:
        if "--json" in args:
            _report(_usage(error), args)
        else:
            error.show(sys.stderr)
        return error.exit_code
    except KeyboardInterrupt:
        return 130
    except BrokenPipeError:
        # whoever read our output has seen enough; keep the interpreter from complaining at its end
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.__stdout__.fileno())  # type: ignore[union-attr]
        return 0
    except Exception as error:
        from nettools.errors import NettoolsError

        if not isinstance(error, NettoolsError):
            raise
        _report(error, args)
        return error.exit_code


def _usage(error: click.ClickException) -> Any:
    from nettools.errors import UsageError

    return UsageError(error.format_message())


def _report(error: Any, args: Sequence[str]) -> None:
    from nettools.cli.render import report_error

    report_error(error, as_json="--json" in args)


if __name__ == "__main__":
    sys.exit(main())
