"""How SASL speaks SMTP (RFC 4954): AUTH, 334 and base64, `*` to cancel, and what each reply means.

Knows mechanisms only by name; which one is tried, and what follows a refusal, is `nettools.sasl`'s business.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from nettools import sasl
from nettools.errors import AuthError, ReplyError
from nettools.protocols.smtp.errors import reply_error
from nettools.sasl.lines import LineChannel

if TYPE_CHECKING:
    from nettools.results import Reply

__all__ = ["Channel"]

UNUSABLE = (500, 501, 502, 503, 504, 534, 538, 555)  # nothing is wrong with the credentials: another mechanism may do


class Channel(LineChannel):
    """One login over `command`, which sends a line and gives the reply."""

    LONGEST = 510  # RFC 5321 4.5.3.1.4, RFC 4954 4

    def __init__(self, command: Callable[[str], Reply]) -> None:
        self._command = command

    def step(self, line: str) -> sasl.Step:
        reply = self._command(line)
        code = int(reply.code)
        if code == 334:
            return sasl.Step("challenge", reply.lines[-1] if reply.lines else b"")
        if code == 235:
            return sasl.Step("ok")
        if 400 <= code < 500:  # nothing is wrong with the credentials: another time
            raise reply_error(reply, "login", ReplyError)
        return sasl.Step("unusable" if code in UNUSABLE else "refused", b"", reply_error(reply, "login", AuthError))

    def cancel(self) -> sasl.Step:
        reply = self._command("*")
        if reply.code in (235, 334):
            return sasl.Step("ok" if reply.code == 235 else "challenge")
        return sasl.Step("unusable", b"", reply_error(reply, "login", AuthError))

    def login(self, user: str, password: str) -> sasl.Step:
        raise NotImplementedError  # SMTP has no login of its own
