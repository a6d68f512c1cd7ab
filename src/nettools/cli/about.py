"""`nettools protocols | config | completion`: what there is, what is set, and help for the shell."""

from __future__ import annotations

from typing import Any

import click

from nettools.cli.arguments import Settings
from nettools.cli.calling import output
from nettools.cli.commands import LocalVerb
from nettools.errors import UsageError
from nettools.target import PROTOCOLS

__all__ = ["completion", "config", "protocols"]


@click.command(cls=LocalVerb)
def protocols(settings: Settings) -> None:
    """Print the table: protocol, common function, ports, Python module wrapped, schemes."""
    with output(settings) as out:
        rows: list[dict[str, Any]] = []
        for row in PROTOCOLS.values():
            ports = [port for port in (row.port, row.tls_port) if port is not None]
            rows.append(
                {
                    "protocol": row.title,
                    "function": row.function,
                    "ports": ports,
                    "module": row.module,
                    "schemes": list(row.schemes),
                    "note": row.note,
                }
            )
        if out.as_json:
            for each in rows:
                out.json(each)
            return
        table = [("PROTOCOL", "FUNCTION", "PORTS", "MODULE", "SCHEMES")]
        for each in rows:
            ports_text = "/".join(map(str, each["ports"])) + (f" ({each['note']})" if each["note"] else "")
            table.append(
                (
                    each["protocol"],
                    each["function"],
                    ports_text,
                    each["module"],
                    " ".join(f"{s}://" for s in each["schemes"]),
                )
            )
        widths = [max(len(line[column]) for line in table) for column in range(5)]
        for line in table:
            out.line("  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip())


@click.command(cls=LocalVerb)
@click.argument("name", required=False)
def config(settings: Settings, name: str | None) -> None:
    """Print where the configuration stands, and its profiles, or the one of that NAME. It holds no passwords."""
    from nettools.config import config_path, profiles

    found = profiles()
    if name is not None and name not in found:
        raise UsageError(f"there is no profile {name!r} in {config_path()}")
    shown = found if name is None else {name: found[name]}
    with output(settings) as out:
        if out.as_json:
            out.json({"path": str(config_path()), "profiles": shown})
            return
        out.line(f"# {config_path()}" + ("" if config_path().exists() else " (not there)"))
        for profile, values in shown.items():
            out.line(f"[profile.{profile}]")
            for key, value in values.items():
                out.line(f"{key} = {_toml(value)}")


def _toml(value: object) -> str:
    """A value as the file has it."""
    if isinstance(value, bool):
        return str(value).lower()
    return repr(value) if isinstance(value, (int, float)) else f'"{value}"'


@click.command(cls=LocalVerb)
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
def completion(settings: Settings, shell: str) -> None:
    """Print the completion script: source it, or put it where SHELL looks for completions."""
    from click.shell_completion import get_completion_class

    from nettools.cli.main import cli

    kind = get_completion_class(shell)
    assert kind is not None
    with output(settings) as out:
        source = kind(cli, {}, "nettools", "_NETTOOLS_COMPLETE")
        if shell == "bash":
            source._check_version = lambda: None  # type: ignore[attr-defined]  # it would run the bash of this machine
        out.line(source.source())
