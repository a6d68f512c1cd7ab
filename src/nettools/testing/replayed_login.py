"""A login with a challenge in a conversation that is replayed: carried out anew, for it is another one each time.

A client of SCRAM brings a nonce of its own and refuses a server that answers another's, so the recorded challenge is of
no use. Where the recorded client began such a login (`AUTH` or `AUTHENTICATE` with SCRAM or CRAM-MD5), the fakes' own
mechanism takes the server's part with the password that the test gives: its challenges stand in place of the recorded
ones, and the client's proof is verified. Everything around the exchange is compared as ever.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Mapping

from nettools.testing.log import MASK
from nettools.testing.sasl import MECHANISMS, Accounts, Exchange, SASLError

__all__ = ["ReplayedLogin"]

_BEGIN = re.compile(
    rb"(?i)((?:[^ \r\n]+ )?AUTH(?:ENTICATE)? (CRAM-MD5|SCRAM-SHA-1|SCRAM-SHA-256))(?: ([^ \r\n]+))?\r?\n"
)
_CHALLENGE = re.compile(rb"(?m)^(\+|334) [A-Za-z0-9+/=]*\r?$")


class ReplayedLogin:
    """The server's side of such logins, one after the other; `users` are passwords by name."""

    def __init__(self, users: Mapping[str, str]) -> None:
        self._accounts = Accounts(users)
        self._exchange: Exchange | None = None
        self._challenge: bytes | None = None

    @property
    def awaits(self) -> bool:
        """Whether the client's next line answers a challenge."""
        return self._exchange is not None and self._challenge is None

    def masked(self, line: bytes) -> bytes:
        """A recorded line without the initial response, which is another each time."""
        begin = _BEGIN.fullmatch(line) if self._accounts.passwords else None
        return line if begin is None or begin[3] is None else begin[1] + b" " + MASK + b"\r\n"

    def heard(self, line: bytes) -> None:
        """Take a line of the client's: how such a login begins, or a response.

        Raises:
            SASLError: it proves no password that was given.
        """
        if self.awaits:
            self._respond(base64.b64decode(line.strip()))
        elif self._accounts.passwords and (begin := _BEGIN.fullmatch(line)) is not None:
            self._exchange = MECHANISMS[begin[2].decode().upper()](self._accounts)
            self._challenge = next(self._exchange)
            if begin[3] is not None:
                self._respond(base64.b64decode(begin[3]))

    def _respond(self, response: bytes) -> None:
        assert self._exchange is not None
        try:
            self._challenge = self._exchange.send(response)
        except StopIteration:
            self._exchange = self._challenge = None
        except SASLError:
            self._exchange = self._challenge = None
            raise

    def said(self, data: bytes) -> bytes:
        """What the recorded server said, with the challenge of now in place of that of then."""
        if self._challenge is None or (found := _CHALLENGE.search(data)) is None:
            return data
        challenge, self._challenge = base64.b64encode(self._challenge), None
        return data[: found.start()] + found[1] + b" " + challenge + b"\r" + data[found.end() :]
