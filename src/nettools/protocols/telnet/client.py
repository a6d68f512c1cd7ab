"""telnetlib's class, made to take a dialed socket and to negotiate without loops.

Without a `dialer` it behaves as its base. With one, `open` takes the guarded socket, `fill_rawq` reads blocks, the
stream goes through `parse.telnet.Codec` (which answers by RFC 1143, where telnetlib refuses every time it is asked),
and waiting asks the socket itself: telnetlib's selector does not see what TLS has decrypted already. A callback set by
`set_option_negotiation_callback` gets telnetlib's own treatment of the stream. telnetlib comes from `_deadlib`.
"""

from __future__ import annotations

import contextlib
import re
import time
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from nettools.parse.telnet import Codec
from nettools.protocols._deadlib import telnetlib
from nettools.protocols._dialed import Dial
from nettools.wire.guard import BLOCK

if TYPE_CHECKING:
    from telnetlib import Telnet
else:
    Telnet = telnetlib.Telnet

__all__ = ["TelnetClient"]

PORT = 23


class TelnetClient(Telnet):
    """`telnetlib.Telnet` on a dialed socket; `codec` holds the state of the negotiation."""

    sock: Any
    rawq: bytes
    irawq: int
    cookedq: bytes
    option_callback: Any

    def __init__(
        self,
        host: str | None = None,
        port: int = 0,
        *args: Any,
        dialer: Dial | None = None,
        codec: Codec | None = None,
        **keywords: Any,
    ) -> None:
        self._dialer = dialer
        self.codec = codec or Codec()
        super().__init__(host, port, *args, **keywords)

    def open(self, host: str, port: int = 0, *args: Any, **keywords: Any) -> None:
        """As telnetlib's; a dialer is asked for the socket."""
        if self._dialer is None:
            super().open(host, port, *args, **keywords)
            return
        self.eof = 0
        self.host, self.port = host, port or PORT
        self.sock = self._dialer(host, self.port)

    # -- reading

    def fill_rawq(self) -> None:
        """One read from the socket, into telnetlib's raw queue."""
        if self._dialer is None:
            super().fill_rawq()
            return
        if self.irawq >= len(self.rawq):
            self.rawq, self.irawq = b"", 0
        octets = self.sock.recv(BLOCK)
        self.eof = int(not octets)
        self.rawq += octets

    def process_rawq(self) -> None:
        """The raw queue through the codec: data to the cooked queue, answers to the peer."""
        if self._dialer is None or self.option_callback is not None:
            super().process_rawq()
            return
        if self.irawq < len(self.rawq):
            data, answer = self.codec.receive(self.rawq[self.irawq :])
            self.rawq, self.irawq = b"", 0
            self.cookedq += data
            self.say(answer)

    def say(self, octets: bytes) -> None:
        """Send octets as they are. If nobody takes them any more, the next read says so, after what came before."""
        if octets:
            with contextlib.suppress(ConnectionError):
                self.sock.sendall(octets)

    def read_block(self) -> bytes:
        """The data of one read, b"" where there was none in it, or at the end (then `eof` is set)."""
        self.process_rawq()
        if not self.cookedq and not self.eof:
            self.fill_rawq()
            self.process_rawq()
        data, self.cookedq = self.cookedq, b""
        return data

    def sock_avail(self) -> bool:
        """Whether there is something to read."""
        if self._dialer is None:
            available: bool = super().sock_avail()
            return available
        return bool(self.sock.ready(0))

    def read_until(self, match: bytes, timeout: float | None = None) -> bytes:
        """As telnetlib's: up to and with `match`, or what there is when time or connection end."""
        if self._dialer is None:
            return super().read_until(match, timeout)
        self.expect([re.escape(match)], timeout, take=False)
        place = self.cookedq.find(match)
        end = len(self.cookedq) if place < 0 else place + len(match)
        data, self.cookedq = self.cookedq[:end], self.cookedq[end:]
        return data if data or not self.eof else self.read_very_lazy()

    def expect(
        self,
        list: Sequence[Any],  # noqa: A002  # telnetlib's name
        timeout: float | None = None,
        *,
        take: bool = True,
    ) -> tuple[int, Any, bytes]:
        """As telnetlib's: the first pattern of the list that is found, its match, and the data up to its end."""
        if self._dialer is None:
            return super().expect(list, timeout)
        patterns = [re.compile(each) if isinstance(each, bytes) else each for each in list]
        end = None if timeout is None else time.monotonic() + timeout
        self.process_rawq()
        while True:
            for number, pattern in enumerate(patterns):
                match = pattern.search(self.cookedq)
                if match is not None:
                    data = self.cookedq[: match.end()]
                    if take:
                        self.cookedq = self.cookedq[match.end() :]
                    return number, match, data
            left = None if end is None else end - time.monotonic()
            if self.eof or (left is not None and left < 0) or not self.sock.ready(left):
                break
            self.fill_rawq()
            self.process_rawq()
        if not take:
            return -1, None, b""
        data = self.read_very_lazy()
        if not data and self.eof:
            raise EOFError
        return -1, None, data
