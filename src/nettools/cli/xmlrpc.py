"""`nettools xmlrpc`: call, methods. Arguments are JSON, and so is what comes back."""

from __future__ import annotations

import json
from typing import Any

import click

from nettools.cli.arguments import Settings
from nettools.cli.calling import Call, call
from nettools.cli.commands import Commands
from nettools.cli.inputs import read_argument
from nettools.cli.render import visible
from nettools.errors import UsageError

__all__ = ["xmlrpc"]


@click.group(
    cls=Commands,
    default="call",
    epilog="""\b
Examples:
  nettools xmlrpc https://host/RPC2 system.methodHelp '"add"'
  nettools xmlrpc call https://host/RPC2 add 2 3 --json
  nettools xmlrpc methods https://host/RPC2
""",
)
def xmlrpc() -> None:
    """Call procedures of XML-RPC servers, over HTTP and HTTPS."""


def _argument(text: str) -> Any:
    """An argument: JSON, or `@FILE` or `-` with JSON in it."""
    source = read_argument(text)
    try:
        return json.loads(source)
    except (ValueError, RecursionError):
        raise UsageError(f"{text!r} is no JSON", hint="a string stands in quotes of its own: '\"text\"'") from None


@xmlrpc.command("call", context_settings={"ignore_unknown_options": True})
@click.argument("url")
@click.argument("method")
@click.argument("arguments", nargs=-1, metavar="[JSON]...")
def call_(settings: Settings, url: str, method: str, arguments: tuple[str, ...]) -> None:
    """Call METHOD with arguments in JSON, and print what comes back: text as it is, all else as JSON."""
    import nettools

    values = [_argument(each) for each in arguments]
    with call(settings, "http", url) as this:
        if settings.dry_run:
            this.out.would(f"call {method} at {this.target.url}")
            return
        answer = nettools.call_xmlrpc(this.url, method, *values, **this.keywords)
        this.out.result(answer, lambda value: _show(this, value))


def _show(this: Call, value: Any) -> None:
    from nettools.results import plain

    if isinstance(value, str):
        this.out.data(value.encode("utf-8", "surrogatepass") + b"\n")
    elif isinstance(value, bytes):
        this.out.data(value)
    else:
        text = json.dumps(plain(value, include_data=True), ensure_ascii=False, indent=2)
        this.out.data((visible(text) + "\n").encode("utf-8", "replace"))


@xmlrpc.command("methods")
@click.argument("url")
def methods(settings: Settings, url: str) -> None:
    """List the methods that a server has, by introspection; -v with the first line of their help."""
    from nettools.protocols.xmlrpc import PROTOCOL
    from nettools.session import run

    def ask(session: Any) -> list[tuple[str, str]]:
        names = session.methods()
        if not settings.verbose:
            return [(name, "") for name in names]
        texts = session.multicall([("system.methodHelp", name) for name in names])
        return [(name, text if isinstance(text, str) else "") for name, text in zip(names, texts, strict=True)]

    with call(settings, "http", url) as this:
        for name, text in run(PROTOCOL, this.url, ask, this.keywords):
            if this.out.as_json:
                this.out.json(name)
            else:
                help_line = text.strip().partition("\n")[0]
                this.out.line("\t".join(visible(each, one_line=True) for each in (name, help_line) if each))
