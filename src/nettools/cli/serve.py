"""`nettools serve`: the fake servers of `nettools.testing`, running until SIGINT or SIGTERM.

Also a transcript as a server (`--replay`), and a proxy that spoils the wire to any server (`proxy --upstream`). Here is
only what the command line adds: options, what is printed when all listen, and the end.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
import shlex
import signal
from pathlib import Path
from typing import Any

import click

from nettools.cli.arguments import Settings
from nettools.cli.calling import output
from nettools.cli.commands import LocalVerb
from nettools.cli.ending import Ending
from nettools.cli.render import Output
from nettools.cli.streams import reading, writing
from nettools.endpoint import is_loopback
from nettools.errors import FileError, MissingExtraError, UsageError

__all__ = ["serve"]


@click.command(cls=LocalVerb)
@click.argument("protocols", nargs=-1, metavar="[PROTOCOL]...")
@click.option("--with-tls", "--tls", "with_tls", is_flag=True, help="Offer STARTTLS, and TLS on a port of its own.")
@click.option("--keep-ca", is_flag=True, help="TLS by an authority kept in your data folder: trust it once.")
@click.option("--user", "users", multiple=True, metavar="NAME:PASSWORD", help="One more user, besides alice:secret.")
@click.option("--load", metavar="DIR", help="Begin with this folder: files/, mail/, news/, users.toml.")
@click.option("--save", metavar="DIR", help="Write everything into this folder at the end, to be loaded again.")
@click.option(
    "--fault", "faults", multiple=True, metavar="RULE|@FILE", help="Such as \"smtp RCPT reply='451 later' times=2\"."
)
@click.option("--personality", metavar="NAME", help="Appear as dovecot, gmail, exchange or minimal.")
@click.option("--replay", metavar="FILE", help="Serve a transcript (of --trace, or of a test) instead.")
@click.option("--upstream", metavar="HOST:PORT", help="For `proxy`: pass on to this server, through --fault.")
@click.option(
    "--latency",
    type=click.FloatRange(0, 3600),
    default=0.0,
    metavar="SECONDS",
    help="For `proxy --upstream`: each way.",
)
@click.option("--host", default="127.0.0.1", show_default=True, help="Listen here.")
@click.option("--expose", is_flag=True, help="Allow a --host that is not loopback.")
@click.option("--port", "ports", multiple=True, metavar="PROTOCOL=N", help="A fixed port (default: any free one).")
@click.option("--ready-file", metavar="FILE", help="Write the JSON line there, when all listen.")
def serve(
    settings: Settings, protocols: tuple[str, ...], ready_file: str | None, save: str | None, **given: Any
) -> None:
    """Serve all protocols, or those named, from memory on loopback, for tests and trying out."""
    ending = Ending()
    with ending.at(signal.SIGINT, signal.SIGTERM), output(settings) as out:
        world = _world(given["users"], given["load"])
        if save is not None:
            _check_save(save)
        try:
            servers = _make(protocols, world, given)
            with contextlib.ExitStack() as stack:
                for server in servers.values():
                    stack.enter_context(server)
                _announce(out, servers, world, ready_file)
                ending.wait()
        except ImportError as error:
            raise MissingExtraError(str(error), hint="pip install nettools[testing]") from error
        except OSError as error:
            if isinstance(error, FileError):
                raise
            reason = (error.strerror or str(error)).lower()
            raise UsageError(f"cannot listen: {reason}", hint="take another --port, or --host") from error
        if save is not None:
            _save(world, save)


def _world(users: tuple[str, ...], load: str | None) -> Any:
    from nettools import testing

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
    return world


def _check_save(save: str) -> None:
    """What cannot be saved to is told before anything is served."""
    path = Path(save)
    if path.exists():
        from nettools import testing

        try:
            testing.load_world(testing.World(), path)
        except (ValueError, OSError) as error:
            raise UsageError(
                f"--save {save}: {error}", hint="name a new folder, or one that was saved before"
            ) from error
    elif not path.absolute().parent.is_dir():
        raise UsageError(f"--save {save}: there is no folder {path.absolute().parent}")


def _save(world: Any, save: str) -> None:
    from nettools import testing

    try:
        testing.save_world(world, save)
    except (ValueError, OSError) as error:
        raise FileError(f"cannot save to {save}: {error}", filename=save) from error


# --- which servers


def _make(protocols: tuple[str, ...], world: Any, given: dict[str, Any]) -> dict[str, Any]:
    """The servers by name, not started, with their faults."""
    from nettools import testing

    host, upstream, replay = given["host"], given["upstream"], given["replay"]
    if not given["expose"] and not is_loopback(host):
        raise UsageError(
            f"{host} is not loopback", hint="--expose if others shall reach these servers and their passwords"
        )
    if given["keep_ca"]:
        _keep_authority()
    options: dict[str, Any] = {"host": host, "tls": given["with_tls"] or given["keep_ca"]}
    numbers = {name: _port(each) for each in given["ports"] for name in [each.partition("=")[0]]}
    if replay is not None:
        if protocols or upstream is not None or given["personality"] is not None:
            raise UsageError("--replay serves one transcript, and nothing beside it")
        servers = _replay(replay, world.users, host, numbers)
    else:
        names = _names(protocols, testing.FAKES, upstream)
        if unknown := set(numbers) - set(names):
            raise UsageError(f"--port names {', '.join(sorted(unknown))}, which is not served")
        servers, spoken = {}, _spoken(given["personality"], names)
        for name in names:
            mine = {**options, "port": numbers.get(name, 0)}
            if name in spoken:
                mine["personality"] = given["personality"]
            if name == "proxy" and upstream is not None:
                name, mine = "fault_proxy", {**mine, "upstream": upstream, "latency": given["latency"]}
            try:
                server = testing.make_server(name, world, **mine)
            except ValueError as error:
                raise UsageError(f"--upstream: {error}") from error
            servers[server.protocol] = server
    for text in given["faults"]:
        _install(text, servers)
    return servers


def _names(wanted: tuple[str, ...], there: Any, upstream: str | None) -> list[str]:
    if unknown := [name for name in wanted if name not in there]:
        raise UsageError(f"there is no server for {', '.join(unknown)}", hint="there are " + ", ".join(there))
    if upstream is not None and "proxy" not in wanted:
        raise UsageError("--upstream is for `nettools serve proxy`")
    return list(dict.fromkeys(wanted)) or [name for name in there if name != "proxy"]


def _spoken(personality: str | None, names: list[str]) -> set[str]:
    """Which of these protocols a personality speaks; the other servers stay as they are."""
    from nettools.testing.personalities import PERSONALITIES

    if personality is None:
        return set()
    if personality not in PERSONALITIES:
        raise UsageError(f"--personality {personality!r} is none of {', '.join(PERSONALITIES)}")
    if not (spoken := PERSONALITIES[personality].keys() & set(names)):
        raise UsageError(f"--personality {personality} speaks {', '.join(PERSONALITIES[personality])}")
    return spoken


def _replay(path: str, users: dict[str, str], host: str, numbers: dict[str, int]) -> dict[str, Any]:
    from nettools import testing

    try:
        with reading(path):
            server = testing.replay(path, repeat=True, users=users, host=host)
    except ValueError as error:
        raise UsageError(f"--replay {error}") from error
    server.port = numbers.pop(server.protocol, 0)
    if numbers:
        raise UsageError(f"--port names {', '.join(sorted(numbers))}, which is not served")
    return {server.protocol: server}


def _install(text: str, servers: dict[str, Any]) -> None:
    """One --fault: a rule, or a file of rules."""
    from nettools.testing import FAKES
    from nettools.testing.faults import FaultError, load_faults, parse_fault

    names = {*FAKES, *servers}
    try:
        if text.startswith("@"):
            faults = list(load_faults(Path(text[1:]).read_text("utf-8"), names))
        else:
            faults = [parse_fault(text, names)]
        for fault in faults:
            if fault.protocol is not None and fault.protocol not in servers:
                raise FaultError(f"no {fault.protocol} server is served")
            for name, server in servers.items():
                if fault.protocol in (name, None):
                    fault.install(server)
    except (OSError, UnicodeDecodeError) as error:
        raise FileError(f"cannot read {text[1:]}", filename=text[1:], exit_code=26) from error
    except ValueError as error:
        raise UsageError(f"--fault: {error}") from error


def _keep_authority() -> None:
    import platformdirs

    from nettools.testing.tls import keep_authority

    folder = Path(platformdirs.user_data_dir("nettools")) / "ca"
    try:
        keep_authority(folder)
    except (OSError, ValueError) as error:
        raise FileError(f"cannot keep an authority in {folder}: {error}", filename=str(folder)) from error


def _port(text: str) -> int:
    name, equals, number = text.partition("=")
    if not (name and equals and re.fullmatch(r"\d{1,5}", number) and int(number) < 65536):
        raise UsageError(f"--port {text!r} is not PROTOCOL=NUMBER")
    return int(number)


# --- what is said


def _announce(out: Output, servers: dict[str, Any], world: Any, ready_file: str | None) -> None:
    """Say where everything is: one JSON line, or a table with commands to paste."""
    entries = {}
    for name, server in servers.items():
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
            entries[name] |= {"host": None, "port": None, "path": str(server.path)}
    users = dict(world.users)
    ca = next((str(server.ca) for server in servers.values() if server.ca is not None), None)
    line = json.dumps({"servers": entries, "ca": ca, "users": users})
    if ready_file is not None:
        with writing(ready_file):
            temporary = Path(f"{ready_file}.part")
            temporary.write_text(line + "\n", "utf-8")
            os.replace(temporary, ready_file)  # whoever waits for it must never see half of it
    if out.as_json:
        out.line(line)
        return
    user, password = next(iter(users.items()))
    for name, entry in entries.items():
        command = _paste(name, entry, user, password)
        if command and entry["starttls"]:  # which the command will take
            command += f" --cacert {shlex.quote(str(ca))}"
        out.line(f"{name:<8} {entry['url']:<34} {entry['tls_url'] or '':<34} {command}")
    if ca is not None:
        out.line(f"CA       {ca}   (--cacert)")
    out.line(f"users    {', '.join(f'{each}:{word}' for each, word in users.items())}")
    out.line("Control-C ends.")


def _paste(name: str, entry: dict[str, Any], user: str, password: str) -> str:
    """A command that works with this server."""
    url = entry["url"]
    return {
        "http": f"nettools http {url}/pub/hello.txt",
        "xmlrpc": f"nettools xmlrpc {url} add 2 3",
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
