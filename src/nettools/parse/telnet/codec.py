"""The Telnet stream: data, commands and subnegotiations told apart, and IAC escaped (RFC 854, 855).

    command        = IAC (NOP / DM / BRK / ... / GA)
    negotiation    = IAC (WILL / WONT / DO / DONT) option
    subnegotiation = IAC SB option *(octet / IAC IAC) IAC SE
    data           = *(octet / IAC IAC), where CR NUL is a bare CR and CR LF the end of a line

Octets may come in any pieces. The time is linear in them, the memory bounded: of a subnegotiation at most 4096 octets
are kept, and a longer one means nothing. It must not know a socket. Subnegotiations: terminal type (RFC 1091), window
size (RFC 1073), character set (RFC 2066); the environment (RFC 1572) is never told.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Collection

from nettools.parse.given import OCTETS, takes
from nettools.parse.telnet.options import DO, DONT, IAC, NAMES, WILL, WONT, Negotiation, Option

__all__ = ["Codec"]

SE, SB = 240, 250
SUBNEGOTIATION_LIMIT = 4096  # octets
MOST_QUESTIONS = 32  # how many questions about one option are answered
_TTYPE_IS, _TTYPE_SEND = 0, 1
_CHARSET_REQUEST, _CHARSET_ACCEPTED, _CHARSET_REJECTED = 1, 2, 3


class Codec:
    """One end of a Telnet connection; every option is refused unless it is enabled.

    Args:
        local: options that we do when the peer asks for them. remote: those that the peer may do when it offers them.
        terminal: the type to tell (TTYPE). size: columns and lines to tell (NAWS). charset: what to accept (CHARSET).

    >>> codec = Codec()
    >>> codec.receive(b"a" + bytes([255, 253, 1]) + b"b")  # the peer says DO ECHO, we say WONT ECHO
    (b'ab', b'\\xff\\xfc\\x01')
    >>> codec.send(b"two\\nlines" + bytes([255]))
    b'two\\r\\nlines\\xff\\xff'
    """

    def __init__(
        self,
        *,
        local: Collection[int] = (),
        remote: Collection[int] = (),
        terminal: str = "dumb",
        size: tuple[int, int] = (80, 24),
        charset: str = "UTF-8",
    ) -> None:
        self.negotiation = Negotiation(local, remote)
        self.terminal, self.size = terminal, size
        self._charsets = {_plain(charset), _plain(codecs.lookup(charset).name)}
        self._state = "data"
        self._verb = 0
        self._sub = bytearray()
        self._received_cr = self._sent_cr = False
        self._questions: dict[int, int] = {}

    # -- what is agreed

    @property
    def echo(self) -> bool:
        """Whether the peer echoes what it gets."""
        return self.negotiation.remote.is_on(Option.ECHO)

    @property
    def options(self) -> frozenset[str]:
        """The names of all options that are on, on either side."""
        return frozenset(NAMES[each] for each in self.negotiation.local.on | self.negotiation.remote.on)

    def enable(self, *, local: Collection[int] = (), remote: Collection[int] = ()) -> bytes:
        """Offer options of ours and ask for the peer's: what to send."""
        ours = b"".join(self.negotiation.local.ask(each, True) for each in local)
        return ours + b"".join(self.negotiation.remote.ask(each, True) for each in remote)

    def disable(self, *, local: Collection[int] = (), remote: Collection[int] = ()) -> bytes:
        """End options of ours, and ask the peer to end its: what to send."""
        ours = b"".join(self.negotiation.local.ask(each, False) for each in local)
        return ours + b"".join(self.negotiation.remote.ask(each, False) for each in remote)

    def resize(self, columns: int, lines: int) -> bytes:
        """The window has this size now: what to send, b"" where the peer did not ask."""
        self.size = columns, lines
        return self._window() if self.negotiation.local.is_on(Option.NAWS) else b""

    # -- sending

    @takes(*OCTETS)
    def send(self, data: bytes) -> bytes:
        """Data as it goes on the wire: IAC doubled, a bare LF made CR LF, a bare CR made CR NUL (RFC 854).

        A CR at the end waits for what comes next: its LF, or anything else. While we send BINARY only IAC is doubled.
        """
        if not self.negotiation.local.is_on(Option.BINARY):
            held = b"\r" if self._sent_cr else b""
            text = re.sub(rb"\r(?!\n|\Z)", b"\r\0", re.sub(rb"(?<!\r)\n", b"\r\n", held + data))
            self._sent_cr = text.endswith(b"\r")
            data = text[len(held) :]
        return data.replace(b"\xff", b"\xff\xff")

    # -- receiving

    @takes(*OCTETS)
    def receive(self, data: bytes) -> tuple[bytes, bytes]:
        """Octets from the peer: the data in them, and what has to be answered."""
        out, answer = bytearray(), bytearray()
        place, end = 0, len(data)
        while place < end:
            state = self._state
            if state in ("data", "sub"):
                found = data.find(b"\xff", place)
                stop = end if found < 0 else found
                if stop > place:
                    self._keep(data[place:stop], out)
                place = stop + 1
                if found >= 0:
                    self._state = "command" if state == "data" else "sub command"
                continue
            answer += self._command(data[place], out)
            place += 1
        return bytes(out), bytes(answer)

    def _keep(self, octets: bytes, out: bytearray) -> None:
        """Octets without a command: data, or part of a subnegotiation."""
        if self._state != "data":
            self._sub += octets[: SUBNEGOTIATION_LIMIT + 1 - len(self._sub)]
            return
        if self.negotiation.remote.is_on(Option.BINARY):
            out += octets
            return
        if self._received_cr and octets.startswith(b"\0"):
            octets = octets[1:]
            self._received_cr = False
        if octets:
            self._received_cr = octets.endswith(b"\r")
            out += octets.replace(b"\r\0", b"\r")

    def _command(self, octet: int, out: bytearray) -> bytes:
        """The octet behind an IAC, or behind the verb of a negotiation."""
        state, self._state = self._state, "data"
        if state == "option":
            answer = self.negotiation.receive(self._verb, octet)
            began = answer[1:2] == bytes((WILL,)) and octet == Option.NAWS
            return answer + self._window() if began else answer
        if state == "sub command":
            if octet == SE:
                return self._subnegotiated()
            self._state = "sub"
            self._keep(bytes((octet,)), out)  # IAC IAC is an octet 255; anything else is as good as itself
            return b""
        if octet == IAC:
            self._received_cr = False
            out.append(IAC)
        elif octet == SB:
            self._state = "sub"
            self._sub.clear()
        elif octet in (WILL, WONT, DO, DONT):
            self._state, self._verb = "option", octet
        return b""  # NOP, GA and all else say nothing that a client must act on

    def _subnegotiated(self) -> bytes:
        sub = bytes(self._sub)
        if not sub or len(sub) > SUBNEGOTIATION_LIMIT:
            return b""
        option, what = sub[0], sub[1:]
        local, remote = self.negotiation.local, self.negotiation.remote
        if option == Option.TTYPE and what[:1] == bytes((_TTYPE_SEND,)) and local.is_on(option):
            return self._answer(option, bytes((_TTYPE_IS,)) + self.terminal.encode("ascii", "replace"))
        agreed = local.is_on(option) or remote.is_on(option)
        if option == Option.CHARSET and what[:1] == bytes((_CHARSET_REQUEST,)) and agreed:
            return self._answer(option, self._choose(what[1:]))
        return b""

    def _choose(self, names: bytes) -> bytes:
        """The character set of ours among those offered, or none of them (RFC 2066)."""
        if names.startswith(b"[TTABLE]"):
            names = names[9:]  # and the version: we take no tables
        for name in names[1:].split(names[:1]) if names else ():
            if _plain(name.decode("latin-1")) in self._charsets:
                return bytes((_CHARSET_ACCEPTED,)) + name
        return bytes((_CHARSET_REJECTED,))

    def _window(self) -> bytes:
        columns, lines = (max(0, min(each, 65535)) for each in self.size)
        return self._answer(Option.NAWS, columns.to_bytes(2, "big") + lines.to_bytes(2, "big"), asked=False)

    def _answer(self, option: int, content: bytes, *, asked: bool = True) -> bytes:
        if asked:
            self._questions[option] = self._questions.get(option, 0) + 1
            if self._questions[option] > MOST_QUESTIONS:
                return b""
        return bytes((IAC, SB, option)) + content.replace(b"\xff", b"\xff\xff") + bytes((IAC, SE))


def _plain(name: str) -> str:
    """The name of a character set without what its spellings differ in."""
    return re.sub(r"[^a-z0-9]", "", name.lower())
