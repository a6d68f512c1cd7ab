"""`nettools telnet`: session, run, command."""

from __future__ import annotations

import os
import re
import sys
from typing import Any

import click

from nettools.cli.arguments import SECONDS, Settings
from nettools.cli.calling import Call, call
from nettools.cli.commands import Commands, Verb
from nettools.cli.inputs import read_text
from nettools.cli.lines import add_command
from nettools.cli.streams import is_terminal
from nettools.errors import UsageError
from nettools.frozen import replace
from nettools.results import Dialogue

__all__ = ["Steps", "telnet"]


@click.group(
    cls=Commands,
    default="session",
    epilog="""\b
Examples:
  nettools telnet telnet://host
  nettools telnet run telnet://host --expect 'login: ' --send me --expect 'Password: ' --secret PASSWORD --expect '$ '
  nettools telnet run telnets://host --script dialogue.txt --json
  printf 'help\\nexit\\n' | nettools telnet host:2323
""",
)
def telnet() -> None:
    """Talk over Telnet, in clear or under TLS (telnets://): by hand, through a pipe, or by a script."""


@telnet.command("session")
@click.argument("url")
@click.option("--raw", is_flag=True, help="Show exactly the octets that come, on a terminal too.")
def session(settings: Settings, url: str, raw: bool) -> None:
    """A session: a terminal (^] for the menu), or stdin and stdout where they are pipes."""
    import nettools
    from nettools.cli.console import Pipes, Terminal

    with call(settings, "telnet", url) as this:
        by_hand = is_terminal(sys.stdin) and this.out.is_terminal and not this.out.as_json
        if by_hand and settings.idle_timeout is None:  # a person may think
            times = this.keywords.get("timeout", nettools.Timeout())
            this.keywords["timeout"] = replace(times, idle=None)
        with nettools.connect(this.url, kind=nettools.TelnetSession, **this.keywords) as talk:
            if by_hand:
                this.out.note(f"connected to {this.target.netloc}; ^] for the menu")
                with Terminal(talk.signals, this.out.note) as terminal:
                    talk.interact(terminal)
                this.out.note("connection closed")
                return
            with Pipes(this.out, raw=raw, keep=this.out.as_json) as pipes:
                talk.interact(pipes)
            if pipes.kept is not None:
                data = bytes(pipes.kept)
                text = data.decode(this.keywords.get("encoding") or "utf-8", "replace")
                this.out.json(Dialogue(text, data, (text,), meta=talk.meta))


class Steps(Verb):
    """A command whose --expect, --match, --send and --secret are kept in the order in which they stand."""

    NAMES = ("--expect", "--match", "--send", "--secret")

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        steps: list[tuple[str, str]] = []
        rest: list[str] = []
        place = 0
        while place < len(args):
            name, equals, value = args[place].partition("=")
            place += 1
            if name == "--":
                rest += [name, *args[place:]]
                break
            if name not in self.NAMES:
                rest.append(args[place - 1])
                continue
            if not equals:
                if place >= len(args):
                    raise click.BadOptionUsage(name, f"Option {name!r} requires an argument.", ctx)
                value = args[place]
                place += 1
            steps.append((name[2:], value))
        ctx.meta["nettools.steps"] = steps
        return super().parse_args(ctx, rest)


def _steps(words: list[tuple[str, str]]) -> list[tuple[Any, Any]]:
    """The script that options, or the lines of a file, say."""
    from nettools.secret import Secret

    script: list[list[Any]] = []
    for word, value in words:
        if word in ("expect", "match"):
            script.append([_pattern(value) if word == "match" else value, None])
            continue
        if word == "secret":
            if value not in os.environ:
                raise UsageError(f"--secret {value}: there is no such environment variable", hint="it names one")
            value = Secret(os.environ[value])  # type: ignore[assignment]
        if not script or script[-1][1] is not None:
            script.append([None, None])
        script[-1][1] = value
    return [(expect, send) for expect, send in script]


def _pattern(value: str) -> re.Pattern[str]:
    try:
        return re.compile(value)
    except re.error as error:
        raise UsageError(f"{value!r} is no regular expression: {error}") from None


def _read_script(name: str) -> list[tuple[str, str]]:
    """A file's steps: a line each, `expect TEXT`, `match REGEX`, `send TEXT` or `secret VARIABLE`; `#` is a comment."""
    text = read_text(name if name == "-" else f"@{name}")
    words = []
    for number, line in enumerate(text.splitlines(), 1):
        word, _, value = line.partition(" ")
        if not line.strip() or line.startswith("#"):
            continue
        if f"--{word}" not in Steps.NAMES:
            raise UsageError(f"{name}, line {number}: a step begins with expect, match, send or secret")
        words.append((word, value))
    return words


@telnet.command("run", cls=Steps)
@click.argument("url")
@click.option("--expect", metavar="TEXT", expose_value=False, help="Wait for this. Repeated, in order with the others.")
@click.option("--match", metavar="REGEX", expose_value=False, help="Wait for what this matches.")
@click.option("--send", metavar="TEXT", expose_value=False, help="Send this line.")
@click.option("--secret", metavar="VARIABLE", expose_value=False, help="Send the value of this environment variable.")
@click.option("--script", metavar="FILE|-", help="Steps from a file: `expect TEXT`, `send TEXT`, ... a line each.")
@click.option("--step-time", type=SECONDS, metavar="SECONDS", help="How long each step may take.")
@click.pass_context
def run(ctx: click.Context, settings: Settings, url: str, script: str | None, step_time: float | None) -> None:
    """Walk through a dialogue, and print what came."""
    import nettools

    words: list[tuple[str, str]] = ctx.meta["nettools.steps"]
    if (script is None) == (not words):
        raise UsageError("give the steps either by --expect and --send, or by --script")
    steps: Any = _steps(words if script is None else _read_script(script))
    if step_time is not None:
        steps = [(*step, step_time) for step in steps]
    with call(settings, "telnet", url) as this:
        dialogue = nettools.telnet_run(this.url, steps, **this.keywords)
        this.out.result(dialogue, lambda done: _show(this, done))


def _show(this: Call, dialogue: Dialogue) -> None:
    this.out.data(dialogue.data)


add_command(telnet, "Send one line, and print what comes until the server is quiet for a second.")
