"""`nettools serve`: the fake servers of `nettools.testing`, running until SIGINT or SIGTERM."""

from __future__ import annotations

import ipaddress
import json
import os
import signal
import threading
from pathlib import Path
from typing import Any

import click

from nettools.cli.arguments import Settings, shared_options
from nettools.cli.calling import output
from nettools.cli.render import Output
from nettools.errors import FileError, UsageError

__all__ = ["serve"]


@click.command()
@click.argument("protocols", nargs=-1, metavar="[PROTOCOL]...")
@click.option("--with-tls", "--tls", "with_tls", is_flag=True, help="Offer STARTTLS, and TLS on a port of its own.")
@click.option("--user", "users", multiple=True, metavar="NAME:PASSWORD", help="One more user, besides alice:secret.")
@click.option("--load", metavar="DIR", help="Begin with this folder: files/, mail/, news/, users.toml.")
@click.option("--host", default="127.0.0.1", show_default=True, help="Listen here.")
@click.option("--expose", is_flag=True, help="Allow a --host that is not loopback.")
@click.option("--port", "ports", multiple=True, metavar="PROTOCOL=N", help="A fixed port (default: any free one).")
@click.option("--ready-file", metavar="FILE", help="Write the JSON line there, when all listen.")
def serve(
    settings: Settings,
    protocols: tuple[str, ...],
    with_tls: bool,
    users: tuple[str, ...],
    load: str | None,
    host: str,
    expose: bool,
    ports: tuple[str, ...],
    ready_file: str | None,
) -> None:
    """Serve all protocols, or those named, from memory on loopback, for tests and trying out."""
    from nettools import testing

    names = _names(protocols, testing.FAKES)
    if not expose and not _is_loopback(host):
        raise UsageError(
            f"{host} is not loopback", hint="--expose if others shall reach these servers and their passwords"
        )
    world = testing.World()
    for each in users:
        name, colon, password = each.partition(":")
        if not colon or not name:
            raise UsageError(f"--user {each.partition(':')[0]!r} is not NAME:PASSWORD")
        world.add_user(name, password)
    if load is not None:
        try:
            testing.load_world(world, load)
        except (ValueError, OSError) as error:
            raise UsageError(f"--load {load}: {error}") from error
    numbers = {name: _port(each) for each in ports for name in [each.partition("=")[0]]}
    if unknown := set(numbers) - set(names):
        raise UsageError(f"--port names {', '.join(sorted(unknown))}, which is not served")
    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stop.set())
    own = {name: {"port": number} for name, number in numbers.items()}
    try:
        running = testing.servers(*names, tls=with_tls, world=world, host=host, **own)
        with running as sandbox, output(settings) as out:
            _announce(out, sandbox, names, world, ready_file)
            stop.wait()
    except OSError as error:
        raise UsageError(f"cannot listen: {error}") from error


def _names(wanted: tuple[str, ...], there: Any) -> list[str]:
    unknown = [name for name in wanted if name not in there]
    if unknown:
        raise UsageError(f"there is no server for {', '.join(unknown)}", hint="there are " + ", ".join(there))
    return list(wanted) or [name for name in there if name != "proxy"]


def _is_loopback(host: str) -> bool:
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _port(text: str) -> int:
    name, equals, number = text.partition("=")
    if not (name and equals and number.isdigit() and int(number) < 65536):
        raise UsageError(f"--port {text!r} is not PROTOCOL=NUMBER")
    return int(number)


def _announce(out: Output, sandbox: Any, names: list[str], world: Any, ready_file: str | None) -> None:
    """Say where everything is: one JSON line, or a table with commands to paste."""
    entries = {}
    for name in names:
        server = getattr(sandbox, name)
        entries[name] = {
            "protocol": name,
            "host": server.host,
            "port": server.port,
            "url": server.url,
            "tls_port": server.tls_port,
            "tls_url": server.tls_url,
            "starttls": bool(server.starttls),
        }
        if name == "unix":
            entries[name] |= {"host": None, "port": None, "path": server.path}
    users = dict(world.users)
    ca = None if sandbox.ca is None else str(sandbox.ca)
    line = json.dumps({"servers": entries, "ca": ca, "users": users})
    if ready_file is not None:
        try:
            temporary = Path(f"{ready_file}.part")
            temporary.write_text(line + "\n", "utf-8")
            os.replace(temporary, ready_file)  # whoever waits for it must never see half of it
        except OSError as error:
            raise FileError(f"cannot write {ready_file}: {error.strerror}", filename=ready_file) from error
    if out.as_json:
        out.line(line)
        return
    user, password = next(iter(users.items()))
    for name, entry in entries.items():
        out.line(f"{name:<8} {entry['url']:<34} {entry['tls_url'] or '':<34} {_paste(name, entry, user, password)}")
    if ca is not None:
        out.line(f"CA       {ca}   (--cacert)")
    out.line(f"users    {', '.join(f'{each}:{word}' for each, word in users.items())}")
    out.line("Control-C ends.")


def _paste(name: str, entry: dict[str, Any], user: str, password: str) -> str:
    """A command that works with this server."""
    url = entry["url"]
    return {
        "http": f"nettools http {url}/pub/hello.txt",
        "ftp": f"nettools ftp {url}/pub/",
        "smtp": f"nettools smtp send {url} --from me@example.org --to {user}@example.org -s Hi --body Hello",
        "pop3": f"nettools pop3 list {url} -u {user}:{password}",
        "imap": f"nettools imap list {url} -u {user}:{password}",
        "nntp": f"nettools nntp list {url}/local.test",
        "tcp": f"nettools tcp send {url} --data 'PING\\n' --until '\\n'",
        "udp": f"nettools udp send {url} --data PING",
        "unix": f"nettools unix send {url} --data PING",
        "telnet": f"nettools telnet {url}",
        "gopher": f"nettools gopher list {url}",
    }.get(name, "")


shared_options(serve)
