"""The entry point: finds the command, runs it, and turns what goes wrong into one line and an exit code.

Commands are loaded when they are named: `nettools --version` imports nothing but click, `nettools ftp --help` no
protocol.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING

import click

from nettools._version import __version__
from nettools.cli import streams
from nettools.cli.commands import Commands
from nettools.cli.hiding import hide_secrets

if TYPE_CHECKING:
    from nettools.errors import NettoolsError

__all__ = ["cli", "main"]


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
    if argv is None:
        hide_secrets(args)
    streams.prepare()
    try:
        if any("\0" in arg for arg in args):  # no shell can say it
            raise click.UsageError("an argument has a NUL in it")
        if "_NETTOOLS_COMPLETE" in os.environ:
            cli.main(args=args, prog_name="nettools")  # the shell asks for completions
        with streams.writing(None):  # --help writes
            context = cli.make_context("nettools", args)  # not `main`: it takes a broken pipe for a failure
        with context:
            result = cli.invoke(context)
        streams.flush_stdout()
        return result if isinstance(result, int) else 0
    except click.exceptions.Exit as error:
        return error.exit_code
    except click.Abort:
        print("aborted", file=sys.stderr)
        return 130
    except click.exceptions.NoArgsIsHelpError as error:
        error.show(sys.stderr)
        return error.exit_code
    except click.ClickException as error:
        _report(_usage(error), args)
        return error.exit_code
    except KeyboardInterrupt:
        return 130
    except BrokenPipeError:  # whoever read our output has seen enough
        streams.abandon_stdout()
        return 0
    except Exception as error:
        from nettools.errors import NettoolsError

        if not isinstance(error, NettoolsError):
            raise
        _report(error, args)
        try:
            streams.flush_stdout()
        except (NettoolsError, BrokenPipeError):
            streams.abandon_stdout()
        return error.exit_code


def _usage(error: click.ClickException) -> NettoolsError:
    """What click says, as one of ours."""
    from nettools.errors import UsageError

    context = error.ctx if isinstance(error, click.UsageError) else None
    hint = None if context is None else f"`{context.command_path} --help` says what there is"
    return UsageError(error.format_message().removesuffix("."), hint=hint)


def _report(error: NettoolsError, args: Sequence[str]) -> None:
    from nettools.cli.render import report_error

    report_error(error, as_json="--json" in args)


if __name__ == "__main__":
    sys.exit(main())
