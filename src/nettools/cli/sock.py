"""`nettools tcp|udp|unix`: send, listen. What is the same for the three is declared once."""

from __future__ import annotations

import os
import re
import shlex
import signal
import subprocess
import threading
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import quote

import click

from nettools.cli.arguments import SECONDS, Settings
from nettools.cli.calling import call
from nettools.cli.commands import Commands
from nettools.cli.ending import Ending
from nettools.cli.inputs import read_argument
from nettools.cli.render import Output
from nettools.cli.streams import standard_input
from nettools.errors import FileError, UsageError

__all__ = ["tcp", "udp", "unix"]

_ESCAPE = re.compile(rb"\\(x[0-9A-Fa-f]{2}|.|\Z)", re.DOTALL)
_PLAIN = {b"r": b"\r", b"n": b"\n", b"t": b"\t", b"0": b"\0", b"\\": b"\\", b"a": b"\a", b"e": b"\x1b"}


def unescape(text: str) -> bytes:
    r"""Octets of an argument: `\r \n \t \0 \\ \xHH` are what they stand for."""

    def octet(match: re.Match[bytes]) -> bytes:
        word = match[1]
        if word[:1] == b"x" and len(word) == 3:
            return bytes([int(word[1:], 16)])
        if word not in _PLAIN:
            raise UsageError(f"\\{word.decode('utf-8', 'replace')} is no escape", hint=r"\r \n \t \0 \\ and \xHH are")
        return _PLAIN[word]

    return _ESCAPE.sub(octet, text.encode("utf-8", "surrogateescape"))


def octets(value: str) -> bytes:
    """What --data and --reply stand for: text with escapes, `@FILE`, or `-` for stdin."""
    return read_argument(value) if value == "-" or value.startswith("@") else unescape(value)


def hexdump(data: bytes) -> Iterator[str]:
    """Lines of an offset, sixteen octets, and what of them is printable."""
    for place in range(0, len(data), 16):
        row = data[place : place + 16]
        halves = "  ".join(" ".join(f"{octet:02x}" for octet in row[half : half + 8]) for half in (0, 8))
        text = "".join(chr(octet) if 32 <= octet < 127 else "." for octet in row)
        yield f"{place:08x}  {halves:<48}  |{text}|"


def address(scheme: str, text: str) -> str:
    """A URL; without a scheme it is an endpoint or, of a Unix socket, a path."""
    if "://" in text:
        return text
    return f"unix://{quote(os.fsencode(os.path.abspath(text)))}" if scheme == "unix" else f"{scheme}://{text}"


def _show(out: Output, data: bytes, as_hex: bool) -> None:
    if as_hex:
        for line in hexdump(data):
            out.line(line)
    else:
        out.data(data)


def _until(given: dict[str, Any]) -> Any:
    wanted = {name: given[name] for name in ("until", "until_regex", "count", "until_idle") if given[name] is not None}
    if len(wanted) > 1:
        raise UsageError("--until, --until-regex, --count and --until-idle exclude each other")
    if given["until"] is not None:
        return unescape(given["until"])
    if given["until_regex"] is not None:
        try:
            return re.compile(given["until_regex"].encode())
        except re.error as error:
            raise UsageError(f"--until-regex: {error}") from error
    return next(iter(wanted.values()), None)


def _send(scheme: str, settings: Settings, url: str, data: str | None, **given: Any) -> None:
    import nettools

    if data is None and scheme == "udp":
        raise UsageError("udp send needs --data", hint="--data - reads it from stdin")
    until = _until(given)
    with call(settings.having(datagram=given.get("datagram") or None), scheme, address(scheme, url)) as this:
        sent = standard_input().read() if data is None else octets(data)
        if given["crlf"]:
            sent = re.sub(rb"\r?\n", b"\r\n", sent)
        if settings.dry_run:
            this.out.would(f"send {len(sent)} octets to {this.target.url}")
            if not this.out.as_json:
                _show(this.out, sent, given["as_hex"])
            return
        if given["no_answer"]:
            with nettools.connect(this.url, kind=nettools.SocketSession, **this.keywords) as session:
                session.send(sent)
            this.out.done()
            return
        answer = nettools.exchange(this.url, sent, until=until, **this.keywords)
        this.out.result(answer, lambda found: _show(this.out, found.data, given["as_hex"]))
        this.out.warnings(answer.meta)


class _Handler:
    """What a listening command does with each client; counts them, and says when the one of --once is done."""

    def __init__(self, out: Output, given: dict[str, Any], action: Callable[[Any, str], Any]) -> None:
        self.out = out
        self.once = given["once"]
        self.action = action
        self.taken = threading.Lock()  # by the one client of --once
        self.done = Ending()

    def __call__(self, client: Any, peer: str | None = None) -> Any:
        if self.once and not self.taken.acquire(blocking=False):
            return None
        try:
            name = client.peer if peer is None else peer
            self.out.note(f"{'connection' if peer is None else 'datagram'} from {name or 'a client without a name'}")
            return self.action(client, name)
        finally:
            if self.once:
                self.done.tell()


def _action(out: Output, scheme: str, given: dict[str, Any]) -> Callable[[Any, str], Any]:
    """--reply, --exec, --echo, or else showing what comes; `client` is a connection, or the octets of a datagram."""
    chosen = [name for name in ("reply", "exec_", "echo") if given[name]]
    if len(chosen) > 1:
        raise UsageError("--reply, --exec and --echo exclude each other")
    reply = octets(given["reply"]) if given["reply"] is not None else None
    words = shlex.split(given["exec_"]) if given["exec_"] else []

    def act(client: Any, peer: str) -> Any:
        if isinstance(client, bytes):
            if words:
                return subprocess.run(words, input=client, stdout=subprocess.PIPE, check=False).stdout  # noqa: S603
            if reply is not None or given["echo"]:
                return client if reply is None else reply
            _show(out, client, given["as_hex"])
        elif words:
            _execute(client, words)
        elif reply is not None:
            client.send(reply)
        else:
            while data := client.recv():
                if given["echo"]:
                    client.send(data)
                else:
                    _show(out, data, given["as_hex"])
        return None

    return act


def _execute(client: Any, words: list[str]) -> None:
    """Run a program with the connection as its stdin and stdout, as inetd does; it ends when the program ends."""
    if client.tls is not None:
        raise UsageError("--exec hands the socket itself over, which TLS does not allow")
    client.raw.settimeout(None)  # the program expects a socket that waits
    try:
        with subprocess.Popen(words, stdin=client.raw, stdout=client.raw):  # noqa: S603  # the user's own command
            pass
    except OSError as error:
        raise FileError(f"cannot run {words[0]}: {error.strerror}", filename=words[0], exit_code=26) from error


def _listen(scheme: str, settings: Settings, url: str, max_connections: int, **given: Any) -> None:
    import nettools

    with call(settings.having(datagram=given.get("datagram") or None), scheme, address(scheme, url)) as this:
        handler = _Handler(this.out, given, _action(this.out, scheme, given))
        server = nettools.listen(this.url, handler, max_connections=max_connections, **this.keywords)
        with handler.done.at(signal.SIGTERM), server:
            if this.out.as_json:
                this.out.json({"address": server.address, "url": server.url})
            this.out.note(f"listening on {server.url}")
            handler.done.wait()
        for error in server.errors:
            this.out.note(f"error: {error}")


def _group(scheme: str, title: str, example: str) -> click.Group:
    ask = "" if scheme == "udp" else " --until '\\n'"
    place = "./echo.sock" if scheme == "unix" else ":12345"
    group = Commands(
        scheme,
        default="send",
        help=f"Talk to {title}, or listen on one.",
        epilog=f"""\b
Examples:
  nettools {scheme} send {example} --data 'PING\\r\\n'{ask}
  nettools {scheme} listen {place} --reply 'Thank you for connecting'
""",
    )
    datagram = click.option("--datagram", is_flag=True, help="A socket of datagrams, not of streams.")

    @group.command("send")
    @click.argument("url")
    @click.option("--data", metavar="TEXT|@FILE|-", help=r"What to send; \r \n \t \0 \xHH are escapes.")
    @click.option("--until", metavar="TEXT", help="The answer ends with this.")
    @click.option("--until-regex", metavar="REGEX", help="The answer ends where this matches.")
    @click.option("--count", type=click.IntRange(0), metavar="N", help="The answer has so many octets.")
    @click.option("--until-idle", type=SECONDS, metavar="SECONDS", help="The answer ends with so long a silence.")
    @click.option("--no-answer", is_flag=True, help="Send, and wait for nothing.")
    @click.option("--crlf", is_flag=True, help="Send CR LF for every end of a line.")
    @click.option("--hex", "as_hex", is_flag=True, help="Print octets in hexadecimal.")
    def send(settings: Settings, **given: Any) -> None:
        """Send, and print the answer: up to --until, else until the peer closes."""
        _send(scheme, settings, **given)

    @group.command("listen")
    @click.argument("url", metavar="PATH" if scheme == "unix" else "[HOST]:PORT")
    @click.option("--reply", metavar="TEXT|@FILE", help="Send this to whoever comes.")
    @click.option("--exec", "exec_", metavar="CMD", help="Run this for whoever comes, without a shell.")
    @click.option("--echo", is_flag=True, help="Send back what comes.")
    @click.option("--once", is_flag=True, help="End after the first client.")
    @click.option("--max-connections", type=click.IntRange(1), default=100, metavar="N", help="At once (100).")
    @click.option("--hex", "as_hex", is_flag=True, help="Print octets in hexadecimal.")
    def listen(settings: Settings, **given: Any) -> None:
        """Listen, and answer whoever comes; without --reply, --exec or --echo, print what they send."""
        _listen(scheme, settings, **given)

    for command in (send, listen):
        if scheme == "unix":
            datagram(command)
    return group


tcp = _group("tcp", "a TCP socket, in clear or under TLS (tls://)", "tcp://127.0.0.1:9000")
udp = _group("udp", "a UDP socket", "udp://127.0.0.1:9000")
unix = _group("unix", "a Unix socket", "/run/service.sock")
