"""A person, or a pipe, at the other end of a Telnet session: keys to the server, its answers to the screen.

Two ways, as the server wants it: where it echoes, every key goes at once; where it does not, lines are edited and
echoed here and go when they are whole. The screen and the keyboard are a `Console`'s; this knows neither files nor
terminals. `pump` is the loop, `LineEditor` the editing.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from nettools.errors import DeadlineError
from nettools.parse.telnet import Option
from nettools.protocols.telnet.opening import Conversation

__all__ = ["ESCAPE", "SIGNALS", "Console", "LineEditor", "pump"]

ESCAPE = b"\x1d"  # ^]
INTERRUPT = b"\xff\xf4"  # IAC IP
SIGNALS = {"ip": INTERRUPT, "brk": b"\xff\xf3", "ayt": b"\xff\xf6", "ao": b"\xff\xf5", "escape": ESCAPE}


class Console(Protocol):
    """Where keys come from and text goes to."""

    interactive: bool
    terminal: str

    def sources(self) -> Sequence[int]:
        """The descriptors to wait for; none after the end of the input."""

    def read(self, source: int) -> bytes:
        """What there is from a source; b"" where it was no key (a change of the window, the end of the input)."""

    def show(self, data: bytes) -> None:
        """Show what the server, or the local echo, has to say."""

    def size(self) -> tuple[int, int] | None:
        """Columns and lines of the window, None where there is none."""

    def menu(self) -> bytes | None:
        """The escape character was typed: octets to send as they are (b"" for none), or None to end the session."""


class LineEditor:
    """Lines as they are typed, for a server that does not echo: `feed` gives what to send and what to show."""

    def __init__(self) -> None:
        self._line = bytearray()

    def feed(self, keys: bytes) -> tuple[bytes, bytes]:
        """Keys: (data to send, echo to show). An interrupt drops the line and goes out as IAC IP, not through here."""
        data, shown = bytearray(), bytearray()
        for key in keys:
            if key in b"\r\n":
                data += self._line + b"\n"
                shown += b"\r\n"
                self._line.clear()
            elif key in b"\x08\x7f":
                shown += self._erase(1)
            elif key == 0x15:  # ^U
                shown += self._erase(len(self._line))
            elif key == 0x04:  # ^D ends nothing here, but may there
                data += self._line + b"\x04"
                self._line.clear()
            elif key >= 0x20 or key == 0x09:
                self._line.append(key)
                shown.append(key)
        return bytes(data), bytes(shown)

    def drop(self) -> bytes:
        """Forget the line; what to show."""
        return self._erase(len(self._line))

    def _erase(self, count: int) -> bytes:
        erased = 0
        for _ in range(min(count, len(self._line))):
            while self._line and self._line[-1] & 0xC0 == 0x80:  # the octets of one character of UTF-8
                self._line.pop()
            if self._line:
                self._line.pop()
                erased += 1
        return b"\b \b" * erased


def pump(session: Conversation, console: Console) -> None:
    """Carry octets both ways until the server closes, or the person has enough.

    Raises:
        DeadlineError: a pipe's server says nothing for as long as `Timeout(idle=)` allows.
    """
    codec, client = session.codec, session.client
    sock = client.sock
    editor = LineEditor()
    codec.terminal = console.terminal
    codec.size = console.size() or codec.size
    idle = None if console.interactive else session.options.times.idle
    console.show(session.take())
    while True:
        ready = sock.ready_among(console.sources(), idle)
        if not ready:
            raise DeadlineError(f"nothing came from the server for {idle:g} s", kind="idle")
        for source in ready - {sock.fileno()}:
            keys = console.read(source)
            size = console.size()
            if size is not None and size != codec.size:
                client.say(codec.resize(*size))
            if console.interactive:
                if not _typed(session, console, editor, keys):
                    return
            elif keys:
                client.say(codec.send(keys))
        if sock.fileno() in ready:
            going = session.fill()
            console.show(session.take())
            if not going:
                return


def _typed(session: Conversation, console: Console, editor: LineEditor, keys: bytes) -> bool:
    """Keys of a person's; False when the session is to end."""
    codec, client = session.codec, session.client
    before, escape, after = keys.partition(ESCAPE)
    if codec.echo:
        binary = codec.negotiation.local.is_on(Option.BINARY)
        data = before if binary else before.replace(b"\r\n", b"\r").replace(b"\r", b"\r\n")
        client.say(codec.send(data))
    else:
        for number, part in enumerate(before.split(b"\x03")):
            if number:
                console.show(editor.drop() + b"^C\r\n")
                client.say(INTERRUPT)
            data, shown = editor.feed(part)
            console.show(shown)
            client.say(codec.send(data))
    if not escape:
        return True
    command = console.menu()
    if command is None:
        return False
    client.say(command)
    return _typed(session, console, editor, after) if after else True
